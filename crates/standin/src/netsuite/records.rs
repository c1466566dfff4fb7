//! The account's records, what a repeat does to them, and the detector of duplicates.

use super::call::Request;
use super::response;
use super::restlet;
use crate::response::VendorResponse;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// One stored record.
#[derive(Debug)]
struct Record {
    kind: String,
    external_id: Option<String>,
    fields: Map<String, Value>,
}

/// All records of the account.
#[derive(Debug)]
pub(super) struct Records {
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
    /// Writes that found their record or their key.
    absorbed: u64,
}

impl Records {
    /// No records yet.
    pub(super) fn new(base_url: String) -> Records {
        Records {
            base_url,
            stored: Vec::new(),
            by_business_record: HashMap::new(),
            created_by_key: HashMap::new(),
            duplicates_created: 0,
            absorbed: 0,
        }
    }

    /// How many records there are.
    pub(super) fn count(&self) -> u64 {
        self.stored.len() as u64
    }

    /// Records created by a POST although their business record existed.
    pub(super) fn duplicates_created(&self) -> u64 {
        self.duplicates_created
    }

    /// Writes that found their record or their key, and so did nothing twice.
    pub(super) fn absorbed(&self) -> u64 {
        self.absorbed
    }

    /// Does what a request for `record` asks for. A `key` is honoured by a create.
    pub(super) fn perform(
        &mut self,
        record: String,
        key: Option<String>,
        request: Request,
    ) -> VendorResponse {
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
                key,
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
            Request::Update {
                kind,
                external_id,
                fields,
            } => self.update(&record, &kind, &external_id, fields),
            Request::Restlet(task) => self.restlet(record, task),
            // The jobs are not kept here.
            Request::Job { id, .. } => response::nonexistent(&format!("job/{id}")),
        }
    }

    fn upsert(
        &mut self,
        record: String,
        kind: String,
        external_id: String,
        fields: Map<String, Value>,
    ) -> VendorResponse {
        let existing = self.by_business_record.get(&record).copied();
        let id = match existing.and_then(|id| Some((id, self.stored.get_mut(place(id)?)?))) {
            Some((id, stored)) => {
                stored.fields = fields;
                self.absorbed += 1;
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
    fn create(&mut self, record: String, key: Option<String>, new: Record) -> VendorResponse {
        if let Some(id) = key.as_ref().and_then(|key| self.created_by_key.get(key)) {
            let id = *id;
            self.absorbed += 1;
            return self.written(id);
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

    fn update(
        &mut self,
        record: &str,
        kind: &str,
        external_id: &str,
        fields: Map<String, Value>,
    ) -> VendorResponse {
        let id = self.by_business_record.get(record).copied();
        match id.and_then(|id| Some((id, self.stored.get_mut(place(id)?)?))) {
            Some((id, stored)) => {
                stored.fields.extend(fields);
                self.written(id)
            }
            None => response::nonexistent(&format!("{kind}/eid:{external_id}")),
        }
    }

    /// The RESTlet of this account writes the record it is given, under its external id if it has one, and reads by it.
    fn restlet(&mut self, record: String, task: restlet::Task) -> VendorResponse {
        let (kind, written) = match task {
            restlet::Task::Read { kind, external_id } => {
                let found = self.by_business_record.get(&record).copied();
                return self.read(&kind, found, &format!("eid:{external_id}"));
            }
            restlet::Task::Write {
                kind,
                external_id: Some(external_id),
                fields,
            } => (kind.clone(), self.upsert(record, kind, external_id, fields)),
            restlet::Task::Write {
                kind,
                external_id: None,
                fields,
            } => {
                let new = Record {
                    kind: kind.clone(),
                    external_id: None,
                    fields,
                };
                (kind, self.create(record, None, new))
            }
        };
        let id = written
            .header("location")
            .and_then(|location| location.rsplit('/').next())
            .unwrap_or_default()
            .to_owned();
        VendorResponse::json(200, json!({ "recordType": kind, "id": id }))
    }

    fn insert(&mut self, record: String, new: Record) -> u64 {
        self.stored.push(new);
        let id = self.count();
        self.by_business_record.entry(record).or_insert(id);
        id
    }

    fn written(&self, id: u64) -> VendorResponse {
        let kind = place(id)
            .and_then(|place| self.stored.get(place))
            .map_or("", |r| &r.kind);
        response::written(format!(
            "{}/services/rest/record/v1/{kind}/{id}",
            self.base_url
        ))
    }

    fn read(&self, kind: &str, id: Option<u64>, asked: &str) -> VendorResponse {
        let found = id
            .and_then(|id| Some((id, self.stored.get(place(id)?)?)))
            .filter(|(_, record)| record.kind == kind);
        let Some((id, record)) = found else {
            return response::nonexistent(&format!("{kind}/{asked}"));
        };
        let href = format!("{}/services/rest/record/v1/{kind}/{id}", self.base_url);
        let mut body = json!({ "links": [{ "rel": "self", "href": href }], "id": id.to_string() });
        for (name, value) in &record.fields {
            body[name] = value.clone();
        }
        if let Some(external_id) = &record.external_id {
            body["externalId"] = Value::from(external_id.as_str());
        }
        response::found(body)
    }
}

fn place(id: u64) -> Option<usize> {
    usize::try_from(id.checked_sub(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netsuite::call;
    use crate::request::tests::arrival;
    use axum::http::Method;

    /// What a request does to the records.
    fn perform(
        records: &mut Records,
        method: &Method,
        path: &str,
        key: Option<&str>,
        body: &str,
    ) -> VendorResponse {
        let path = format!("/services/rest/record/v1/{path}");
        let (record, request) = call::read(&arrival(method, &path, &[], body));
        records.perform(record, key.map(str::to_owned), request.unwrap())
    }

    fn account() -> Records {
        Records::new("http://vendor".to_owned())
    }

    #[test]
    fn an_upsert_done_twice_leaves_one_record_with_the_latest_fields() {
        let mut records = account();
        let first = perform(
            &mut records,
            &Method::PUT,
            "salesOrder/eid:A",
            None,
            r#"{"memo":"1"}"#,
        );
        let second = perform(
            &mut records,
            &Method::PUT,
            "salesOrder/eid:A",
            None,
            r#"{"memo":"2"}"#,
        );
        assert_eq!(
            (first.status, first.header("location")),
            (204, second.header("location"))
        );
        assert_eq!(records.count(), 1);
        let read = perform(&mut records, &Method::GET, "salesOrder/eid:A", None, "");
        let body = read.body();
        assert_eq!(
            (&body["memo"], &body["externalId"]),
            (&json!("2"), &json!("A"))
        );
    }

    #[test]
    fn a_create_makes_a_record_each_time_and_a_duplicate_is_counted() {
        let mut records = account();
        let mut order = || {
            perform(
                &mut records,
                &Method::POST,
                "salesOrder",
                None,
                r#"{"externalId":"A"}"#,
            )
        };
        let first = order();
        let second = order();
        assert_ne!(first.header("location"), second.header("location"));
        assert_eq!((records.count(), records.duplicates_created), (2, 1));
        perform(
            &mut records,
            &Method::POST,
            "salesOrder",
            None,
            r#"{"externalId":"B"}"#,
        );
        assert_eq!((records.count(), records.duplicates_created), (3, 1));
    }

    #[test]
    fn a_create_with_a_key_that_came_before_creates_nothing_and_names_the_first_record() {
        let mut records = account();
        let first = perform(
            &mut records,
            &Method::POST,
            "salesOrder",
            Some("k"),
            r#"{"memo":"a"}"#,
        );
        let second = perform(
            &mut records,
            &Method::POST,
            "salesOrder",
            Some("k"),
            r#"{"memo":"a"}"#,
        );
        assert_eq!(first, second);
        assert_eq!((records.count(), records.duplicates_created), (1, 0));
    }

    #[test]
    fn a_record_is_read_by_either_id_and_only_under_its_own_type() {
        let mut records = account();
        perform(
            &mut records,
            &Method::PUT,
            "salesOrder/eid:A",
            None,
            r#"{"memo":"a"}"#,
        );
        let by_external = perform(&mut records, &Method::GET, "salesOrder/eid:A", None, "");
        let by_internal = perform(&mut records, &Method::GET, "salesOrder/1", None, "");
        assert_eq!(by_external, by_internal);
        for absent in [
            "customer/1",
            "salesOrder/0",
            "salesOrder/2",
            "salesOrder/eid:B",
        ] {
            let answer = perform(&mut records, &Method::GET, absent, None, "");
            assert_eq!(answer.status, 404, "{absent}");
        }
    }
}
