//! The vendor's records, and the detector of repeated writes and duplicates.

use crate::answer::Answer;
use crate::call::{Call, Request};
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};

/// One stored record.
#[derive(Debug)]
struct Record {
    kind: String,
    external_id: Option<String>,
    fields: Map<String, Value>,
}

/// All records of the account.
#[derive(Debug)]
pub(crate) struct Records {
    /// `http://host:port`, for Location headers.
    base_url: String,
    /// The record with internal id n lies at n - 1.
    stored: Vec<Record>,
    /// The first record written for a business record.
    by_business_record: HashMap<String, u64>,
    /// What a POST with an idempotency key created.
    created_by_key: HashMap<String, u64>,
    /// Records created by a POST although their business record existed.
    duplicates_created: u64,
}

impl Records {
    /// No records yet.
    pub(crate) fn new(base_url: String) -> Records {
        Records {
            base_url,
            stored: Vec::new(),
            by_business_record: HashMap::new(),
            created_by_key: HashMap::new(),
            duplicates_created: 0,
        }
    }

    /// How many records there are.
    pub(crate) fn count(&self) -> u64 {
        self.stored.len() as u64
    }

    /// Records created by a POST although their business record existed.
    pub(crate) fn duplicates_created(&self) -> u64 {
        self.duplicates_created
    }

    /// Does what a call asks for.
    pub(crate) fn perform(&mut self, call: Call) -> Answer {
        let Call {
            record,
            idempotency_key,
            request,
            ..
        } = call;
        match request {
            Request::Upsert {
                kind,
                external_id,
                fields,
            } => self.upsert(record, kind, external_id, fields),
            Request::Create {
                kind,
                external_id,
                fields,
            } => self.create(
                record,
                idempotency_key,
                Record {
                    kind,
                    external_id,
                    fields,
                },
            ),
            Request::ReadExternal { kind, external_id } => {
                let found = self.by_business_record.get(&record).copied();
                self.read(&kind, found, &format!("eid:{external_id}"))
            }
            Request::ReadInternal { kind, id } => self.read(&kind, Some(id), &id.to_string()),
            Request::Refused(answer) => answer,
        }
    }

    fn upsert(
        &mut self,
        record: String,
        kind: String,
        external_id: String,
        fields: Map<String, Value>,
    ) -> Answer {
        let existing = self.by_business_record.get(&record).copied();
        let id = match existing.and_then(|id| Some((id, self.stored.get_mut(place(id)?)?))) {
            Some((id, stored)) => {
                stored.fields = fields;
                id
            }
            None => self.insert(
                record,
                Record {
                    kind,
                    external_id: Some(external_id),
                    fields,
                },
            ),
        };
        self.written(id)
    }

    /// A POST creates a record each time, unless its key came before. NetSuite documents the key for
    /// asynchronous requests only; honouring it here as well is what makes a lost key show as a duplicate.
    fn create(&mut self, record: String, key: Option<String>, new: Record) -> Answer {
        if let Some(id) = key.as_ref().and_then(|key| self.created_by_key.get(key)) {
            return self.written(*id);
        }
        if self.by_business_record.contains_key(&record) {
            self.duplicates_created += 1;
        }
        let id = self.insert(record, new);
        if let Some(key) = key {
            self.created_by_key.insert(key, id);
        }
        self.written(id)
    }

    fn insert(&mut self, record: String, new: Record) -> u64 {
        self.stored.push(new);
        let id = self.count();
        self.by_business_record.entry(record).or_insert(id);
        id
    }

    fn written(&self, id: u64) -> Answer {
        let kind = place(id)
            .and_then(|place| self.stored.get(place))
            .map_or("", |r| &r.kind);
        Answer::written(format!(
            "{}/services/rest/record/v1/{kind}/{id}",
            self.base_url
        ))
    }

    fn read(&self, kind: &str, id: Option<u64>, asked: &str) -> Answer {
        let found = id
            .and_then(|id| Some((id, self.stored.get(place(id)?)?)))
            .filter(|(_, record)| record.kind == kind);
        let Some((id, record)) = found else {
            return Answer::nonexistent(&format!("{kind}/{asked}"));
        };
        let href = format!("{}/services/rest/record/v1/{kind}/{id}", self.base_url);
        let mut body = json!({ "links": [{ "rel": "self", "href": href }], "id": id.to_string() });
        for (name, value) in &record.fields {
            body[name] = value.clone();
        }
        if let Some(external_id) = &record.external_id {
            body["externalId"] = Value::from(external_id.as_str());
        }
        Answer::found(body)
    }
}

fn place(id: u64) -> Option<usize> {
    usize::try_from(id.checked_sub(1)?).ok()
}

/// Which writes were accepted before, by method, business record and idempotency key.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    keys: HashMap<(String, String), HashSet<Option<String>>>,
}

/// What an accepted write is, compared with those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Novelty {
    First,
    /// This record with this key, or this absence of one, was written before.
    Repeated,
    /// This record was written before, but never with this key.
    OtherKey,
}

impl Writes {
    /// Notes an accepted write.
    pub(crate) fn note(&mut self, call: &Call) -> Novelty {
        let keys = self
            .keys
            .entry((call.method.clone(), call.record.clone()))
            .or_default();
        match (keys.is_empty(), keys.insert(call.idempotency_key.clone())) {
            (true, _) => Novelty::First,
            (false, true) => Novelty::OtherKey,
            (false, false) => Novelty::Repeated,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::RequestBody;
    use axum::body::Bytes;
    use axum::http::{HeaderMap, Method};

    fn call(method: &Method, path: &str, key: Option<&str>, body: &str) -> Call {
        let mut headers = HeaderMap::new();
        if let Some(key) = key {
            headers.insert("idempotency-key", key.parse().unwrap());
        }
        let path = format!("/services/rest/record/v1/{path}");
        Call::read(
            method,
            &path,
            &headers,
            &RequestBody::Whole(Bytes::copy_from_slice(body.as_bytes())),
        )
    }

    fn account() -> Records {
        Records::new("http://vendor".to_owned())
    }

    #[test]
    fn an_upsert_done_twice_leaves_one_record_with_the_latest_fields() {
        let mut records = account();
        let first = records.perform(call(
            &Method::PUT,
            "salesOrder/eid:A",
            None,
            r#"{"memo":"1"}"#,
        ));
        let second = records.perform(call(
            &Method::PUT,
            "salesOrder/eid:A",
            None,
            r#"{"memo":"2"}"#,
        ));
        assert_eq!((first.status, &first.location), (204, &second.location));
        assert_eq!(records.count(), 1);
        let read = records.perform(call(&Method::GET, "salesOrder/eid:A", None, ""));
        let body = read.body.unwrap();
        assert_eq!(
            (&body["memo"], &body["externalId"]),
            (&json!("2"), &json!("A"))
        );
    }

    #[test]
    fn a_create_makes_a_record_each_time_and_a_duplicate_is_counted() {
        let mut records = account();
        let order = || call(&Method::POST, "salesOrder", None, r#"{"externalId":"A"}"#);
        let first = records.perform(order());
        let second = records.perform(order());
        assert_ne!(first.location, second.location);
        assert_eq!((records.count(), records.duplicates_created), (2, 1));
        records.perform(call(
            &Method::POST,
            "salesOrder",
            None,
            r#"{"externalId":"B"}"#,
        ));
        assert_eq!((records.count(), records.duplicates_created), (3, 1));
    }

    #[test]
    fn a_create_with_a_key_that_came_before_creates_nothing_and_names_the_first_record() {
        let mut records = account();
        let first = records.perform(call(
            &Method::POST,
            "salesOrder",
            Some("k"),
            r#"{"memo":"a"}"#,
        ));
        let second = records.perform(call(
            &Method::POST,
            "salesOrder",
            Some("k"),
            r#"{"memo":"a"}"#,
        ));
        assert_eq!(first, second);
        assert_eq!((records.count(), records.duplicates_created), (1, 0));
    }

    #[test]
    fn a_record_is_read_by_either_id_and_only_under_its_own_type() {
        let mut records = account();
        records.perform(call(
            &Method::PUT,
            "salesOrder/eid:A",
            None,
            r#"{"memo":"a"}"#,
        ));
        let by_external = records.perform(call(&Method::GET, "salesOrder/eid:A", None, ""));
        let by_internal = records.perform(call(&Method::GET, "salesOrder/1", None, ""));
        assert_eq!(by_external, by_internal);
        for absent in [
            "customer/1",
            "salesOrder/0",
            "salesOrder/2",
            "salesOrder/eid:B",
        ] {
            let answer = records.perform(call(&Method::GET, absent, None, ""));
            assert_eq!(answer.status, 404, "{absent}");
        }
    }

    #[test]
    fn writes_are_told_apart_by_record_and_key() {
        let mut writes = Writes::default();
        let mut note = |path: &str, key| writes.note(&call(&Method::PUT, path, key, "{}"));
        assert_eq!(note("salesOrder/eid:A", Some("1")), Novelty::First);
        assert_eq!(note("salesOrder/eid:A", Some("1")), Novelty::Repeated);
        assert_eq!(note("salesOrder/eid:A", Some("2")), Novelty::OtherKey);
        assert_eq!(note("salesOrder/eid:A", None), Novelty::OtherKey);
        assert_eq!(note("salesOrder/eid:A", None), Novelty::Repeated);
        assert_eq!(note("salesOrder/eid:B", Some("1")), Novelty::First);
    }
}
