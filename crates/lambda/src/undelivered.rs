//! Messages that were received a thousand times in their lane: their tasks fail, so that no workflow waits for ever,
//! and they move to the queue of dead letters. The task is told first, then the dead letter is sent, then the message
//! is deleted: whatever fails in between is done again, and nothing is lost.

use rampmeter_call::UNDELIVERABLE;

use crate::conclusion::TaskResult;
use crate::event::{Delivered, Reply};
use crate::keeper::token_of;
use crate::metrics::Metrics;
use crate::service::queues::Queues;
use crate::service::tasks::Tasks;

/// What the consumer works with.
pub(crate) struct Undelivered {
    pub(crate) queues: Queues,
    pub(crate) tasks: Tasks,
}

impl Undelivered {
    /// Gives these messages up. The reply keeps those for which that failed.
    pub(crate) async fn give_up(&self, messages: Vec<Delivered>, metrics: &Metrics) -> Reply {
        let mut kept = Vec::new();
        for message in messages {
            if self.give_up_one(&message).await {
                metrics.add("DeadLetter", 1);
            } else {
                kept.push(message.message_id);
            }
        }
        metrics.flush();
        Reply::keeping(kept)
    }

    async fn give_up_one(&self, message: &Delivered) -> bool {
        let reason =
            "the call could not be delivered: its message came back to its queue again and again";
        let told = TaskResult::failure(UNDELIVERABLE, reason, 0);
        let TaskResult::Failure { error, cause } = &told else {
            unreachable!("a failure was made");
        };
        let trace = message.trace();
        if let Some(token) = token_of(&message.body)
            && let Err(error) = self.tasks.tell(&token, &told, trace.as_ref()).await
        {
            tracing::warn!(%error, message_id = message.message_id, "the task cannot be told");
            return false;
        }
        let buried = self
            .queues
            .move_to_dead_letter(&message.body, error, cause, trace.as_ref());
        match buried.await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, message_id = message.message_id, "no dead letter could be sent");
                false
            }
        }
    }
}
