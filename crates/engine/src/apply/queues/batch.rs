//! Batches of operations on receipt handles: SQS's rules for the whole batch, and then each entry by itself. A refused
//! entry does not affect the others.

use rampmeter_store::TransactionError;
use rampmeter_store::model::id::QueueId;
use rampmeter_store::model::sqs::batch_rules::check_batch;
use rampmeter_store::model::sqs::{Batch, BatchAnswer, ChangeMessageVisibility, DeleteMessage};

use crate::apply::queues::Applied;
use crate::apply::queues::context::QueueContext;
use crate::apply::queues::receipt::Receipts;
use crate::apply::subject::Subject;

impl Receipts<'_, '_> {
    pub(crate) fn delete_message_batch(
        &mut self,
        batch: &Batch<DeleteMessage>,
    ) -> Applied<BatchAnswer<()>> {
        self.each("DeleteMessageBatch", batch, |context, queue, entry| {
            context.receipts().delete_from(queue, entry)
        })
    }

    pub(crate) fn change_message_visibility_batch(
        &mut self,
        batch: &Batch<ChangeMessageVisibility>,
    ) -> Applied<BatchAnswer<()>> {
        let operation = "ChangeMessageVisibilityBatch";
        self.each(operation, batch, |context, queue, entry| {
            context.receipts().change_visibility_in(queue, entry)
        })
    }

    fn each<T>(
        &mut self,
        operation: &'static str,
        batch: &Batch<T>,
        mut apply: impl FnMut(&mut QueueContext<'_>, QueueId, &T) -> Result<(), TransactionError>,
    ) -> Applied<BatchAnswer<()>> {
        let queue = self.queue.find_plain_queue(&batch.queue_url)?;
        check_batch(operation, batch)?;
        let mut answer = Vec::with_capacity(batch.entries.len());
        for (id, entry) in &batch.entries {
            let done = self
                .queue
                .answer_to(|context| apply(context, queue, entry))?;
            answer.push((id.clone(), done));
        }
        Ok(answer)
    }
}
