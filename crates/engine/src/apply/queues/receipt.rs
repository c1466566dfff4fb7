//! What the holder of a receipt handle may do: DeleteMessage and ChangeMessageVisibility. Only the newest receive of
//! a message counts.

use std::time::Duration;

use rampmeter_store::model::id::QueueId;
use rampmeter_store::model::queue_error::QueueError;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::model::sqs::attributes::parameter;
use rampmeter_store::model::sqs::receipt::Receipt;
use rampmeter_store::model::sqs::{ChangeMessageVisibility, DeleteMessage};
use rampmeter_store::{Hidden, MessageRow};

use crate::apply::queues::Applied;
use crate::apply::queues::context::{QueueContext, QueueStore};
use crate::apply::queues::receive::{MAX_INVISIBLE_SECONDS, seconds};
use crate::apply::subject::Subject;

/// What a receipt handle leads to.
#[derive(Debug)]
enum Found {
    /// The message, whose latest receive gave this handle, and how it is hidden if it is in flight.
    Newest(Box<MessageRow>, Option<Hidden>),
    /// The message has been received again since.
    Superseded,
    /// The message is no longer in this queue.
    Gone,
}

/// What the holders of receipt handles may do.
#[derive(Debug)]
pub(crate) struct Receipts<'a, 't> {
    pub(crate) queue: &'a mut QueueContext<'t>,
    pub(crate) store: QueueStore<'t>,
}

impl<'t> QueueContext<'t> {
    pub(crate) fn receipts(&mut self) -> Receipts<'_, 't> {
        Receipts {
            store: self.store,
            queue: self,
        }
    }
}

impl Receipts<'_, '_> {
    pub(crate) fn delete_message(&mut self, url: &str, delete: &DeleteMessage) -> Applied<()> {
        let queue = self.queue.find_plain_queue(url)?;
        self.delete_from(queue, delete)
    }

    /// A standard queue accepts a superseded handle and deletes nothing. A FIFO queue refuses a handle whose message is
    /// visible again, for another consumer may have it next.
    pub(crate) fn delete_from(&mut self, queue: QueueId, delete: &DeleteMessage) -> Applied<()> {
        let fifo = self.queue.is_fifo(queue);
        let found = self.find_receipt(queue, &delete.receipt_handle)?;
        match found {
            Found::Newest(_, None) | Found::Superseded if fifo => {
                Err(expired(&delete.receipt_handle).into())
            }
            Found::Newest(message, _) => {
                self.queue.erase(queue, message.id)?;
                Ok(())
            }
            Found::Superseded | Found::Gone => Ok(()),
        }
    }

    pub(crate) fn change_message_visibility(
        &mut self,
        url: &str,
        change: &ChangeMessageVisibility,
    ) -> Applied<()> {
        let queue = self.queue.find_plain_queue(url)?;
        self.change_visibility_in(queue, change)
    }

    pub(crate) fn change_visibility_in(
        &mut self,
        queue: QueueId,
        change: &ChangeMessageVisibility,
    ) -> Applied<()> {
        let handle = &change.receipt_handle;
        let invisible = seconds(
            "VisibilityTimeout",
            change.visibility_timeout,
            MAX_INVISIBLE_SECONDS,
        )?;
        let (message, received_at) = match self.find_receipt(queue, handle)? {
            Found::Newest(message, Some(hidden)) => {
                (message, hidden.received_at.unwrap_or(self.queue.now()))
            }
            Found::Newest(..) | Found::Superseded if self.queue.is_fifo(queue) => {
                return Err(expired(handle).into());
            }
            Found::Newest(..) => return Err(QueueError::MessageNotInflight.into()),
            Found::Superseded | Found::Gone => {
                let reason =
                    "Message does not exist or is not available for visibility timeout change.";
                return Err(parameter("ReceiptHandle", handle, reason).into());
            }
        };
        if invisible.is_zero() {
            self.queue.show(queue, message.id)?;
            return Ok(());
        }
        let until = self.queue.now().saturating_add(invisible);
        let longest = Duration::from_secs(MAX_INVISIBLE_SECONDS.unsigned_abs());
        if until > received_at.saturating_add(longest) {
            let reason =
                "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]";
            let given = change.visibility_timeout.to_string();
            return Err(parameter("VisibilityTimeout", &given, reason).into());
        }
        self.queue.unhide(queue, message.id)?;
        let hidden = Hidden {
            until,
            received_at: Some(received_at),
        };
        self.queue.hide_received(queue, message.id, hidden)?;
        Ok(())
    }

    fn find_receipt(&self, queue: QueueId, handle: &str) -> Applied<Found> {
        let Some(receipt) = Receipt::open(self.queue.seal, handle) else {
            return Err(QueueError::ReceiptHandleIsInvalid(handle.to_owned()).into());
        };
        let message = self.store.messages.message(receipt.message)?;
        let Some(message) = message.filter(|message| message.queue == queue) else {
            return Ok(Found::Gone);
        };
        if message.receive_count != receipt.receive {
            return Ok(Found::Superseded);
        }
        let hidden = self.store.queues.hidden(queue, message.id)?;
        let in_flight = hidden.filter(|hidden| hidden.received_at.is_some());
        Ok(Found::Newest(Box::new(message), in_flight))
    }
}

fn expired(handle: &str) -> Rejected {
    parameter("ReceiptHandle", handle, "The receipt handle has expired.")
}
