//! Queues themselves: CreateQueue, ListQueues, their attributes, tags and permissions.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rampmeter_store::model::id::QueueId;
use rampmeter_store::model::page::Page;
use rampmeter_store::model::queue_error::QueueError;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::model::sqs::attributes::{QueueAttributes, parameter};
use rampmeter_store::model::sqs::queue::QueueRecord;
use rampmeter_store::model::sqs::queue_rules::{check_name, check_tags};
use rampmeter_store::model::sqs::{
    CreateQueue, ListQueues, Names, PermissionChange, TagChange, policy,
};

use crate::apply::queues::Applied;
use crate::apply::queues::context::{QueueContext, QueueStore};
use crate::apply::subject::Subject;
use crate::command::queue::QueueDescription;

/// Names on one page of a list.
const PAGE: usize = 1_000;

/// Which queues there are, and the attributes of each.
#[derive(Debug)]
pub(crate) struct QueueSettings<'a, 't> {
    pub(crate) queue: &'a mut QueueContext<'t>,
    pub(crate) store: QueueStore<'t>,
}

impl<'t> QueueContext<'t> {
    pub(crate) fn settings(&mut self) -> QueueSettings<'_, 't> {
        QueueSettings {
            store: self.store,
            queue: self,
        }
    }
}

impl QueueSettings<'_, '_> {
    pub(crate) fn create_queue(&mut self, create: &CreateQueue) -> Applied<String> {
        if let Some(existing) = self.queue.memory.queues.named(&create.name) {
            return match existing.attributes.differs_from(&create.attributes)? {
                None => Ok(existing.name.clone()),
                Some(attribute) => Err(QueueError::QueueNameExists(attribute).into()),
            };
        }
        let mut record = self.new_queue(create)?;
        if !self.store.queues.insert_queue(&mut record)? {
            return Err(QueueError::UnsupportedOperation(format!(
                "{} holds the messages of a target that is not configured at present.",
                create.name
            ))
            .into());
        }
        self.queue.memory.queues.add(record);
        Ok(create.name.clone())
    }

    fn new_queue(&mut self, create: &CreateQueue) -> Result<QueueRecord, Rejected> {
        let fifo = create
            .attributes
            .get("FifoQueue")
            .is_some_and(|value| value.eq_ignore_ascii_case("true"));
        check_name(&create.name, fifo)?;
        if self
            .queue
            .memory
            .queues
            .was_deleted_recently(&create.name, self.queue.now())
        {
            return Err(QueueError::QueueDeletedRecently.into());
        }
        check_tags(&create.tags)?;
        let mut attributes = QueueAttributes::default();
        if fifo {
            attributes.make_fifo();
        }
        attributes.set(&create.attributes)?;
        self.check_redrive(&create.name, &attributes, &create.attributes)?;
        Ok(QueueRecord {
            id: QueueId(0),
            name: create.name.clone(),
            group_scope: attributes.deduplicates_within_groups(),
            attributes,
            tags: create.tags.clone(),
            created_at: self.queue.now(),
            modified_at: self.queue.now(),
            purged_at: None,
            purged_below: 0,
            in_flight: 0,
            last_group: None,
        })
    }

    /// The dead-letter queue must exist, be of the same type, and allow this queue as a source.
    fn check_redrive(
        &mut self,
        name: &str,
        attributes: &QueueAttributes,
        given: &Names,
    ) -> Result<(), Rejected> {
        let (Some(redrive), Some(text)) = (attributes.redrive(), given.get("RedrivePolicy")) else {
            return Ok(());
        };
        let refused = |reason: &str| Err(parameter("RedrivePolicy", text, reason));
        let Some(dead) = self.queue.memory.queues.named(&redrive.dead_letter_queue) else {
            return refused("Dead letter target does not exist.");
        };
        if self.queue.arns.queue_arn(&dead.name) != redrive.dead_letter_arn {
            return refused("Dead letter target does not exist.");
        }
        if dead.attributes.is_fifo() != attributes.is_fifo() {
            return refused("Dead-letter queue must be same type of queue as the source.");
        }
        if !dead.attributes.allows_redrive_from(name) {
            return refused(
                "The dead-letter queue's redrive allow policy does not name this queue.",
            );
        }
        let dead = dead.id;
        self.queue.refuse_lane(dead)
    }

    pub(crate) fn list_queues(&self, list: &ListQueues) -> Result<Page<String>, Rejected> {
        let most = match list.max_results {
            None => PAGE,
            Some(most) => usize::try_from(most)
                .ok()
                .filter(|most| (1..=PAGE).contains(most))
                .ok_or_else(|| {
                    parameter(
                        "MaxResults",
                        &most.to_string(),
                        "MaxResults must be an integer between 1 and 1000.",
                    )
                })?,
        };
        let dead = match &list.dead_letter_queue_url {
            Some(url) => Some(self.queue.find_queue(url)?.name.clone()),
            None => None,
        };
        let prefix = list.prefix.as_deref().unwrap_or_default();
        let first = match &list.next_token {
            Some(token) => name_of_page(token)?,
            None => prefix.to_owned(),
        };
        let mut names = self
            .queue
            .memory
            .queues
            .starting_at(&first)
            .take_while(|queue| queue.name.starts_with(prefix))
            .filter(|queue| match (&dead, queue.attributes.redrive()) {
                (None, _) => true,
                (Some(dead), Some(redrive)) => redrive.dead_letter_queue == *dead,
                (Some(_), None) => false,
            })
            .map(|queue| queue.name.clone());
        let items: Vec<String> = names.by_ref().take(most).collect();
        let next = names.next().filter(|_| list.max_results.is_some());
        Ok(Page {
            items,
            next_token: next.map(|name| URL_SAFE_NO_PAD.encode(name)),
        })
    }

    pub(crate) fn describe_queue(&mut self, url: &str) -> Result<QueueDescription, Rejected> {
        let record = self.queue.find_queue(url)?.clone();
        let mut attributes = record.attributes.shown();
        let arn = self.queue.arns.queue_arn(&record.name);
        attributes.insert("QueueArn".to_owned(), arn);
        for (name, time) in [
            ("CreatedTimestamp", record.created_at),
            ("LastModifiedTimestamp", record.modified_at),
        ] {
            let seconds = time.as_millis().div_euclid(1_000);
            attributes.insert(name.to_owned(), seconds.to_string());
        }
        Ok(QueueDescription {
            id: record.id,
            fifo: record.attributes.is_fifo(),
            attributes,
            calls_in_flight: None,
        })
    }

    pub(crate) fn set_queue_attributes(&mut self, url: &str, given: &Names) -> Applied<()> {
        let changed = self.queue.find_plain_queue(url).and_then(|id| {
            let mut record = self.queue.queue_record(id).clone();
            record.attributes.set(given)?;
            self.check_redrive(&record.name, &record.attributes, given)?;
            record.modified_at = self.queue.now();
            Ok(record)
        });
        self.put_queue(changed)
    }

    pub(crate) fn queue_tags(&self, url: &str) -> Result<Names, Rejected> {
        Ok(self.queue.find_queue(url)?.tags.clone())
    }

    pub(crate) fn change_queue_tags(&mut self, url: &str, change: TagChange) -> Applied<()> {
        let changed = self.queue.find_queue(url).and_then(|record| {
            let mut record = record.clone();
            match change {
                TagChange::Set(tags) => record.tags.extend(tags),
                TagChange::Remove(keys) => record.tags.retain(|key, _| !keys.contains(key)),
            }
            check_tags(&record.tags)?;
            Ok(record)
        });
        self.put_queue(changed)
    }

    pub(crate) fn change_queue_permission(
        &mut self,
        url: &str,
        change: &PermissionChange,
    ) -> Applied<()> {
        let changed = self.queue.find_queue(url).and_then(|record| {
            let mut record = record.clone();
            let arn = self.queue.arns.queue_arn(&record.name);
            let before = record.attributes.names().get("Policy").map(String::as_str);
            let after = policy::changed(before, &arn, change)?;
            record
                .attributes
                .set(&Names::from([("Policy".to_owned(), after)]))?;
            record.modified_at = self.queue.now();
            Ok(record)
        });
        self.put_queue(changed)
    }

    /// Writes a changed queue, in the store and in memory.
    pub(crate) fn put_queue(&mut self, changed: Result<QueueRecord, Rejected>) -> Applied<()> {
        let changed = changed?;
        self.store.queues.update_queue(&changed)?;
        self.queue.memory.queues.add(changed);
        Ok(())
    }
}

fn name_of_page(token: &str) -> Result<String, Rejected> {
    URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| Rejected::InvalidParameter("Invalid or expired next token.".to_owned()))
}
