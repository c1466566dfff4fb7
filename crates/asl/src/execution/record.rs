//! One step of an execution as one compact JSON text: its new events, the frame after it and the
//! data of both. Each distinct payload is stored once, as plain JSON that SQLite's JSON functions
//! can read, and referred to by its index. Where the text is kept is up to the host.

use std::collections::BTreeMap;
use std::convert::Infallible;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::execution::event::Event;
use crate::execution::frame::Frame;
use rampmeter_expression::Payload;

/// A step in its stored form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The JSON text.
    pub text: String,
    /// The index of each extra payload, in the order they were given.
    pub extra: Vec<u32>,
}

/// A step read back.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its events, oldest first.
    pub events: Vec<Event>,
    /// The frame as it was after the step, if it was stored.
    pub frame: Option<Frame>,
}

/// A text that is not a record of a step.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The text is not JSON of the right form.
    #[error("the record cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// The record refers to a payload that it does not hold.
    #[error("the record refers to payload {index} and holds {held}")]
    NoPayload {
        /// The index that was asked for.
        index: u32,
        /// How many payloads there are.
        held: usize,
    },
}

/// Writes a step. `extra` are further payloads to keep with it, for example a message body.
#[must_use]
pub fn encode(events: &[Event], frame: Option<&Frame>, extra: &[&Payload]) -> Encoded {
    let mut shelf = Shelf::default();
    let events: Vec<Event<u32>> = events
        .iter()
        .map(|event| infallible(event.clone().try_map(&mut |p| shelf.put(p))))
        .collect();
    let frame: Option<Frame<u32>> =
        frame.map(|frame| infallible(frame.clone().try_map(&mut |p| shelf.put(p))));
    let extra = extra
        .iter()
        .map(|&payload| infallible(shelf.put(payload.clone())))
        .collect();
    Encoded {
        text: shelf.write(&events, frame.as_ref()),
        extra,
    }
}

/// Reads a step.
///
/// # Errors
/// When the text was not written by [`encode`].
pub fn decode(text: &str) -> Result<Step, RecordError> {
    let stored: StoredStep<'_> = serde_json::from_str(text)?;
    let mut drawer = Drawer::new(stored.payloads);
    let events = stored
        .events
        .into_iter()
        .map(|event| event.try_map(&mut |index| drawer.take(index)))
        .collect::<Result<_, _>>()?;
    let frame = stored
        .frame
        .map(|frame| frame.try_map(&mut |index| drawer.take(index)));
    Ok(Step {
        events,
        frame: frame.transpose()?,
    })
}

/// Reads only the frame of a step; events and the data of others are skipped, not built.
///
/// # Errors
/// When the text was not written by [`encode`].
pub fn decode_frame(text: &str) -> Result<Option<Frame>, RecordError> {
    let stored: StoredFrame<'_> = serde_json::from_str(text)?;
    let mut drawer = Drawer::new(stored.payloads);
    stored
        .frame
        .map(|frame| frame.try_map(&mut |index| drawer.take(index)))
        .transpose()
}

/// Reads only one payload of a step.
///
/// # Errors
/// When the text was not written by [`encode`], or holds no payload with this index.
pub fn decode_payload(text: &str, index: u32) -> Result<Payload, RecordError> {
    let stored: StoredPayloads<'_> = serde_json::from_str(text)?;
    Drawer::new(stored.payloads).take(index)
}

#[derive(Deserialize)]
struct StoredStep<'a> {
    #[serde(borrow)]
    payloads: Vec<&'a RawValue>,
    #[serde(default)]
    frame: Option<Frame<u32>>,
    events: Vec<Event<u32>>,
}

#[derive(Deserialize)]
struct StoredFrame<'a> {
    #[serde(borrow)]
    payloads: Vec<&'a RawValue>,
    #[serde(default)]
    frame: Option<Frame<u32>>,
}

#[derive(Deserialize)]
struct StoredPayloads<'a> {
    #[serde(borrow)]
    payloads: Vec<&'a RawValue>,
}

/// The payloads of a step while it is written, each once.
#[derive(Default)]
struct Shelf {
    held: Vec<Payload>,
    by_address: BTreeMap<usize, u32>,
    by_text: BTreeMap<ByText, u32>,
}

/// A payload ordered by its text.
struct ByText(Payload);

impl PartialEq for ByText {
    fn eq(&self, other: &Self) -> bool {
        self.0.text() == other.0.text()
    }
}

impl Eq for ByText {}

impl PartialOrd for ByText {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ByText {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.text().cmp(other.0.text())
    }
}

impl Shelf {
    fn put(&mut self, payload: Payload) -> Result<u32, Infallible> {
        let address = payload.address();
        if let Some(&index) = self.by_address.get(&address) {
            return Ok(index);
        }
        let next = u32::try_from(self.held.len()).unwrap_or(u32::MAX);
        assert!(
            next < u32::MAX,
            "a step holds fewer payloads than an index can count"
        );
        let index = *self.by_text.entry(ByText(payload.clone())).or_insert(next);
        if index == next {
            self.held.push(payload);
            self.by_address.insert(address, index);
        }
        Ok(index)
    }

    fn write(&self, events: &[Event<u32>], frame: Option<&Frame<u32>>) -> String {
        let mut text = String::from("{\"payloads\":[");
        for (index, payload) in self.held.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            text.push_str(payload.text());
        }
        text.push(']');
        if let Some(frame) = frame {
            text.push_str(",\"frame\":");
            text.push_str(&json_of(frame));
        }
        text.push_str(",\"events\":");
        text.push_str(&json_of(events));
        text.push('}');
        text
    }
}

/// The payloads of a step while it is read; each becomes one allocation however often it is used.
struct Drawer<'a> {
    stored: Vec<&'a RawValue>,
    built: BTreeMap<u32, Payload>,
}

impl<'a> Drawer<'a> {
    fn new(stored: Vec<&'a RawValue>) -> Self {
        Self {
            stored,
            built: BTreeMap::new(),
        }
    }

    fn take(&mut self, index: u32) -> Result<Payload, RecordError> {
        if let Some(payload) = self.built.get(&index) {
            return Ok(payload.clone());
        }
        let held = self.stored.len();
        let position = usize::try_from(index).unwrap_or(usize::MAX);
        let raw = self
            .stored
            .get(position)
            .ok_or(RecordError::NoPayload { index, held })?;
        let payload = Payload::parse(raw.get())?;
        self.built.insert(index, payload.clone());
        Ok(payload)
    }
}

fn json_of<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("events and frames have only text keys and finite numbers")
}

fn infallible<T>(result: Result<T, Infallible>) -> T {
    match result {
        Ok(value) => value,
        Err(never) => match never {},
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::execution::event::{Detail, StateKind};

    fn entered(id: u64, input: &Payload) -> Event {
        let (kind, name) = (StateKind::Pass, "A".to_owned());
        let detail = Detail::StateEntered {
            kind,
            name,
            input: input.clone(),
        };
        Event {
            id,
            previous: id - 1,
            at: 5,
            detail,
        }
    }

    fn frame(input: &Payload) -> Frame {
        let mut frame = Frame::root();
        frame.state = "A".to_owned();
        frame.input = Some(input.clone());
        frame
    }

    #[test]
    fn each_payload_is_stored_once() {
        let shared = Payload::from_value(json!({"a": 1}));
        let equal = Payload::from_value(json!({"a": 1}));
        let other = Payload::parse("[ 1 ]").unwrap();
        let events = [entered(1, &shared), entered(2, &shared), entered(3, &equal)];
        let encoded = encode(&events, Some(&frame(&shared)), &[&other, &equal]);
        assert_eq!(encoded.extra, [1, 0]);
        let stored: Value = serde_json::from_str(&encoded.text).unwrap();
        assert_eq!(stored["payloads"], json!([{"a": 1}, [1]]));
        assert_eq!(decode_payload(&encoded.text, 1).unwrap().text(), "[ 1 ]");
    }

    #[test]
    fn payloads_that_were_shared_are_shared_again() {
        let payload = Payload::from_value(json!([1, 2]));
        let text = encode(&[entered(1, &payload)], Some(&frame(&payload)), &[]).text;
        let step = decode(&text).unwrap();
        let Detail::StateEntered { input, .. } = &step.events[0].detail else {
            panic!("another event came back: {:?}", step.events[0]);
        };
        assert!(step.frame.unwrap().input.unwrap().ptr_eq(input));
    }

    #[test]
    fn a_step_without_a_frame_has_none() {
        let text = encode(&[], None, &[]).text;
        assert_eq!(text, r#"{"payloads":[],"events":[]}"#);
        assert_eq!(
            decode(&text).unwrap(),
            Step {
                events: Vec::new(),
                frame: None
            }
        );
        assert_eq!(decode_frame(&text).unwrap(), None);
    }

    #[test]
    fn what_was_not_written_here_is_an_error() {
        for text in [
            "",
            "{}",
            "[]",
            r#"{"payloads":[1],"events":[{"id":1}]}"#,
            r#"{"payloads":[],"events":[{"id":1,"previous":0,"at":0,"detail":{"ExecutionSucceeded":{"output":0}}}]}"#,
        ] {
            assert!(decode(text).is_err(), "{text}");
        }
        let error = decode_payload(r#"{"payloads":[1],"events":[]}"#, 1).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the record refers to payload 1 and holds 1"
        );
    }

    fn payload() -> impl Strategy<Value = Payload> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
        .prop_map(Payload::from_value)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_written_is_read_back(payloads in prop::collection::vec(payload(), 1..8), picks in prop::collection::vec(any::<prop::sample::Index>(), 0..12)) {
            let events: Vec<_> = (1..).zip(&picks).map(|(id, pick)| entered(id, pick.get(&payloads))).collect();
            let frame = frame(&payloads[0]);
            let extra: Vec<_> = payloads.iter().collect();
            let encoded = encode(&events, Some(&frame), &extra);
            let step = decode(&encoded.text).unwrap();
            prop_assert_eq!(step.events, events);
            prop_assert_eq!(step.frame.as_ref(), Some(&frame));
            prop_assert_eq!(decode_frame(&encoded.text).unwrap(), Some(frame));
            for (payload, index) in payloads.iter().zip(encoded.extra) {
                let read = decode_payload(&encoded.text, index).unwrap();
                prop_assert_eq!(read.text(), payload.text());
            }
        }
    }
}
