//! The table on DynamoDB: the item that the drainers of a target share, and what is remembered of single calls.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use rampmeter_dispatch::Time;
use rampmeter_orders::Orders;
use thiserror::Error;

use crate::conclusion::TaskResult;
use crate::job::Job;
use crate::service::clients::of_trace;
use crate::shared::{Generation, Item};
use crate::trace::TraceHeader;

/// How long what is remembered of a call is kept: as long as its message can exist.
const REMEMBERED: Duration = Duration::from_secs(14 * 24 * 3_600);
/// The bytes of one write unit.
const WRITE_UNIT: usize = 1_024;

/// A request to DynamoDB failed, after its retries, or an item is not one of ours.
#[derive(Debug, Error)]
#[error("DynamoDB {operation}: {why}")]
pub(crate) struct TableError {
    operation: &'static str,
    why: String,
}

fn failed<E: std::error::Error>(operation: &'static str) -> impl Fn(E) -> TableError {
    move |error| TableError {
        operation,
        why: DisplayErrorContext(&error).to_string(),
    }
}

/// What is remembered of a call after an attempt that failed or may have failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallRecord {
    pub(crate) attempts: u32,
    /// How often in a row the vendor refused it, as far as could be told for a reason of its own.
    pub(crate) refusals: u32,
    /// When its first attempt left.
    pub(crate) first_sent: Option<Time>,
    /// An attempt left, and its outcome is unknown.
    pub(crate) unknown: bool,
    /// Until when the vendor may be at work on an attempt whose answer was lost, or never noted.
    pub(crate) lost_until: Option<Time>,
    /// The vendor accepted it as a job: it is not sent again.
    pub(crate) job: Option<Job>,
    /// It is over, but its result could not be reported yet.
    pub(crate) told: Option<TaskResult>,
}

/// Whether a conditional write was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    Done,
    /// Another drainer wrote first.
    Lost,
}

/// The table.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    client: Client,
    name: String,
    /// The id of the shared item.
    shared: String,
    /// The prefix of the ids of its calls: a worker may write only those of its own target.
    calls: String,
}

impl Table {
    pub(crate) fn new(config: &SdkConfig, name: &str, target: &str) -> Table {
        Table {
            client: Client::new(config),
            name: name.to_owned(),
            shared: format!("target/{target}"),
            calls: format!("call/{target}/"),
        }
    }

    /// The shared item as it is now.
    pub(crate) async fn read(&self) -> Result<Option<Item>, TableError> {
        const GET: &str = "GetItem";
        let reply = self
            .client
            .get_item()
            .table_name(&self.name)
            .key("id", AttributeValue::S(self.shared.clone()))
            .consistent_read(true)
            .send()
            .await
            .map_err(failed(GET))?;
        let Some(item) = reply.item else {
            return Ok(None);
        };
        let number = |name: &str| {
            let value = item.get(name).and_then(|value| value.as_n().ok());
            value.and_then(|text| text.parse::<u64>().ok())
        };
        let state = item.get("state").and_then(|value| value.as_b().ok());
        let (Some(state), Some(version)) = (state, number("version")) else {
            return Err(TableError {
                operation: GET,
                why: format!("the item {} has no state or no version", self.shared),
            });
        };
        // An item written by a version without generations belongs to the first one.
        let since = number("begun").and_then(|millis| i64::try_from(millis).ok());
        // Orders that cannot be read may be a pause, so nothing starts.
        let orders = item.get("orders").and_then(|value| value.as_s().ok());
        let orders = orders.map_or(Ok(Orders::default()), |text| Orders::read(text));
        Ok(Some(Item {
            state: state.clone().into_inner(),
            version,
            orders: orders.map_err(|error| TableError {
                operation: GET,
                why: format!("the item {}: {error}", self.shared),
            })?,
            generation: Generation {
                digest: number("configuration").unwrap_or_default(),
                since: Time::from_millis(since.unwrap_or_default()),
            },
        }))
    }

    /// Writes the shared item if its version is still `before`; `None`: if there is no item.
    pub(crate) async fn write(&self, item: Item, before: Option<u64>) -> Result<Put, TableError> {
        let number = |number: u64| AttributeValue::N(number.to_string());
        let since = u64::try_from(item.generation.since.as_millis()).unwrap_or(0);
        let mut request = self
            .client
            .put_item()
            .table_name(&self.name)
            .item("id", AttributeValue::S(self.shared.clone()))
            .item("version", number(item.version))
            .item("configuration", number(item.generation.digest))
            .item("begun", number(since))
            .item("state", AttributeValue::B(Blob::new(item.state)))
            .expression_attribute_names("#v", "version");
        if let Some(orders) = item.orders.to_text() {
            request = request.item("orders", AttributeValue::S(orders));
        }
        request = match before {
            Some(version) => request
                .condition_expression("#v = :v")
                .expression_attribute_values(":v", number(version)),
            None => request.condition_expression("attribute_not_exists(#v)"),
        };
        match request.send().await {
            Ok(_) => Ok(Put::Done),
            Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(Put::Lost),
            Err(error) => Err(failed("PutItem")(error)),
        }
    }

    /// The write units that an item costs: it has names, numbers and a version besides its state.
    pub(crate) fn units(&self, item: &Item) -> u64 {
        let orders = item.orders.to_text().map_or(0, |text| text.len());
        let size = item.state.len() + orders + self.shared.len() + 80;
        size.div_ceil(WRITE_UNIT) as u64
    }

    /// What is remembered of a call.
    pub(crate) async fn recall(
        &self,
        message: &str,
        trace: Option<&TraceHeader>,
    ) -> Result<Option<CallRecord>, TableError> {
        let reply = self
            .client
            .get_item()
            .table_name(&self.name)
            .key("id", AttributeValue::S(self.call_id(message)))
            .consistent_read(true)
            .customize()
            .mutate_request(of_trace(trace))
            .send()
            .await
            .map_err(failed("GetItem"))?;
        let Some(item) = reply.item else {
            return Ok(None);
        };
        let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
        let number = |name: &str| {
            let value = item.get(name).and_then(|value| value.as_n().ok());
            value.and_then(|text| text.parse::<i64>().ok())
        };
        let count = |name: &str| {
            let count = number(name).and_then(|count| u32::try_from(count).ok());
            count.unwrap_or(0)
        };
        // A call whose job cannot be read must not be sent again.
        let job = text("job").map(|job| serde_json::from_str(job)).transpose();
        let job = job.map_err(|error| TableError {
            operation: "GetItem",
            why: format!("the job of {message} cannot be read: {error}"),
        })?;
        Ok(Some(CallRecord {
            attempts: count("attempts"),
            refusals: count("refusals"),
            first_sent: number("first_sent").map(Time::from_millis),
            unknown: item.contains_key("unknown"),
            lost_until: number("lost_until").map(Time::from_millis),
            job,
            told: text("told").and_then(|told| serde_json::from_str(told).ok()),
        }))
    }

    /// Remembers a call. Returns the write units that it costs.
    pub(crate) async fn remember(
        &self,
        message: &str,
        record: &CallRecord,
        now: Time,
        trace: Option<&TraceHeader>,
    ) -> Result<u64, TableError> {
        let expires = now.saturating_add(REMEMBERED).as_millis() / 1_000;
        let number = |number: i64| AttributeValue::N(number.to_string());
        let told = record.told.as_ref();
        let told = told.map(|told| serde_json::to_string(told).expect("it is plain data"));
        let job = record.job.as_ref();
        let job = job.map(|job| serde_json::to_string(job).expect("it is plain data"));
        let size = [&told, &job]
            .into_iter()
            .flatten()
            .map(String::len)
            .sum::<usize>()
            + 200;
        let mut request = self
            .client
            .put_item()
            .table_name(&self.name)
            .item("id", AttributeValue::S(self.call_id(message)))
            .item("attempts", number(i64::from(record.attempts)))
            .item("expires_at", number(expires));
        if let Some(first_sent) = record.first_sent {
            request = request.item("first_sent", number(first_sent.as_millis()));
        }
        if record.refusals > 0 {
            request = request.item("refusals", number(i64::from(record.refusals)));
        }
        if record.unknown {
            request = request.item("unknown", AttributeValue::Bool(true));
        }
        if let Some(until) = record.lost_until {
            request = request.item("lost_until", number(until.as_millis()));
        }
        if let Some(job) = job {
            request = request.item("job", AttributeValue::S(job));
        }
        if let Some(told) = told {
            request = request.item("told", AttributeValue::S(told));
        }
        let request = request.customize().mutate_request(of_trace(trace));
        request.send().await.map_err(failed("PutItem"))?;
        Ok(size.div_ceil(WRITE_UNIT) as u64)
    }

    fn call_id(&self, message: &str) -> String {
        format!("{}{message}", self.calls)
    }
}
