//! The org's records: made by insert or by upsert under an external id, found by either, and by a query for one field.

use super::call::Request;
use super::response;
use crate::response::VendorResponse;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// One stored record.
#[derive(Debug)]
struct Record {
    object: String,
    fields: Map<String, Value>,
}

/// All records of the org. The record with number n lies at n - 1.
#[derive(Debug, Default)]
pub(super) struct Records {
    stored: Vec<Record>,
    /// The records that hold this value in this field of this object; values are compared without regard to case.
    by_value: HashMap<(String, String, String), Vec<usize>>,
    duplicates_created: u64,
    absorbed: u64,
}

impl Records {
    /// How many records there are.
    pub(super) fn count(&self) -> u64 {
        self.stored.len() as u64
    }

    /// Records inserted although one with the same fields was there.
    pub(super) fn duplicates_created(&self) -> u64 {
        self.duplicates_created
    }

    /// Upserts that found their record.
    pub(super) fn absorbed(&self) -> u64 {
        self.absorbed
    }

    /// Does what a request asks for.
    pub(super) fn perform(&mut self, request: Request) -> VendorResponse {
        match request {
            Request::Upsert {
                version,
                object,
                field,
                value,
                fields,
                update_only,
            } => {
                let found = self.find(&object, &field, &value);
                match found.as_slice() {
                    [] if update_only => response::not_found(),
                    [] => {
                        let mut fields = fields;
                        fields.insert(field, Value::from(value));
                        let id = self.insert(object, fields);
                        response::written(&id, true, true)
                    }
                    [one] => {
                        let place = *one;
                        self.absorbed += 1;
                        self.update(place, fields);
                        // The body came with version 46.
                        response::written(&id_of(place), false, version >= 46)
                    }
                    several => choices(version, &object, several),
                }
            }
            Request::Insert { object, fields } => self.insert_new(object, fields),
            Request::Update { object, id, fields } => match self.place(&object, &id) {
                Some(place) => {
                    self.update(place, fields);
                    VendorResponse::empty(204)
                }
                None => response::not_found(),
            },
            Request::Read { object, id } => match self.place(&object, &id) {
                Some(place) => self.read(place),
                None => response::not_found(),
            },
            Request::ReadExternal {
                version,
                object,
                field,
                value,
            } => match self.find(&object, &field, &value).as_slice() {
                [] => response::not_found(),
                [one] => self.read(*one),
                several => choices(version, &object, several),
            },
            Request::Query {
                object,
                field,
                value,
            } => {
                let found = self.find(&object, &field, &value);
                let records: Vec<Value> = found
                    .iter()
                    .map(|place| json!({ "attributes": { "type": object }, "Id": id_of(*place) }))
                    .collect();
                VendorResponse::json(
                    200,
                    json!({ "totalSize": records.len(), "done": true, "records": records }),
                )
            }
        }
    }

    /// An insert makes a record each time.
    fn insert_new(&mut self, object: String, fields: Map<String, Value>) -> VendorResponse {
        let same = |record: &Record| record.object == object && record.fields == fields;
        // Only a record with the same first field can be the same.
        let candidates = fields
            .iter()
            .next()
            .map(|(field, value)| self.find(&object, field, &text(value)));
        let candidates = candidates.unwrap_or_default();
        if candidates.iter().any(|place| same(&self.stored[*place])) {
            self.duplicates_created += 1;
        }
        let id = self.insert(object, fields);
        response::written(&id, true, true)
    }

    fn insert(&mut self, object: String, fields: Map<String, Value>) -> String {
        let place = self.stored.len();
        for (field, value) in &fields {
            let key = key(&object, field, &text(value));
            self.by_value.entry(key).or_default().push(place);
        }
        self.stored.push(Record { object, fields });
        id_of(place)
    }

    fn update(&mut self, place: usize, fields: Map<String, Value>) {
        let record = &mut self.stored[place];
        for (field, value) in fields {
            let old = record.fields.get(&field).map(text);
            if old.as_deref() == Some(text(&value).as_str()) {
                continue;
            }
            if let Some(old) = old
                && let Some(places) = self.by_value.get_mut(&key(&record.object, &field, &old))
            {
                places.retain(|other| *other != place);
            }
            let new = key(&record.object, &field, &text(&value));
            self.by_value.entry(new).or_default().push(place);
            record.fields.insert(field, value);
        }
    }

    fn find(&self, object: &str, field: &str, value: &str) -> Vec<usize> {
        let found = self.by_value.get(&key(object, field, value));
        found.cloned().unwrap_or_default()
    }

    /// Where the record with this id lies, if it is of this object.
    fn place(&self, object: &str, id: &str) -> Option<usize> {
        let number: usize = id.strip_prefix("801")?.parse().ok()?;
        let place = number.checked_sub(1)?;
        let record = self.stored.get(place)?;
        record.object.eq_ignore_ascii_case(object).then_some(place)
    }

    fn read(&self, place: usize) -> VendorResponse {
        let record = &self.stored[place];
        let mut body = json!({ "attributes": { "type": record.object }, "Id": id_of(place) });
        for (field, value) in &record.fields {
            body[field] = value.clone();
        }
        VendorResponse::json(200, body)
    }
}

/// The external id fits several records: they are named.
fn choices(version: u32, object: &str, places: &[usize]) -> VendorResponse {
    let url = |place: &usize| {
        format!(
            "/services/data/v{version}.0/sobjects/{object}/{}",
            id_of(*place)
        )
    };
    VendorResponse::json(300, places.iter().map(url).collect())
}

/// Eighteen characters, as Salesforce's ids have.
fn id_of(place: usize) -> String {
    format!("801{:015}", place + 1)
}

fn key(object: &str, field: &str, value: &str) -> (String, String, String) {
    (
        object.to_ascii_lowercase(),
        field.to_ascii_lowercase(),
        value.to_lowercase(),
    )
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upsert(value: &str, version: u32, status: &str) -> Request {
        Request::Upsert {
            version,
            object: "Order".to_owned(),
            field: "Number__c".to_owned(),
            value: value.to_owned(),
            fields: Map::from_iter([("Status".to_owned(), Value::from(status))]),
            update_only: false,
        }
    }

    #[test]
    fn an_upsert_creates_once_and_then_updates() {
        let mut records = Records::default();
        let created = records.perform(upsert("SO-1", 60, "Draft"));
        assert_eq!(
            (created.status, &created.body()["created"]),
            (201, &json!(true))
        );
        let updated = records.perform(upsert("so-1", 60, "Done"));
        assert_eq!(
            (updated.status, &updated.body()["created"]),
            (200, &json!(false))
        );
        assert_eq!(created.body()["id"], updated.body()["id"]);
        assert_eq!(records.perform(upsert("SO-1", 45, "Done")).status, 204);
        assert_eq!((records.count(), records.absorbed()), (1, 2));
        let read = records.perform(Request::ReadExternal {
            version: 60,
            object: "Order".to_owned(),
            field: "Number__c".to_owned(),
            value: "SO-1".to_owned(),
        });
        assert_eq!(read.body()["Status"], "Done");
    }

    #[test]
    fn an_insert_makes_a_duplicate_and_an_external_id_that_fits_two_is_300() {
        let mut records = Records::default();
        let insert = || Request::Insert {
            object: "Order".to_owned(),
            fields: Map::from_iter([("Number__c".to_owned(), Value::from("SO-1"))]),
        };
        assert_eq!(records.perform(insert()).status, 201);
        assert_eq!(records.duplicates_created(), 0);
        assert_eq!(records.perform(insert()).status, 201);
        assert_eq!(records.duplicates_created(), 1);
        let several = records.perform(upsert("SO-1", 60, "Draft"));
        assert_eq!(
            (several.status, several.body().as_array().map(Vec::len)),
            (300, Some(2))
        );
    }

    #[test]
    fn update_only_creates_nothing() {
        let mut records = Records::default();
        let mut request = upsert("SO-1", 60, "Draft");
        if let Request::Upsert { update_only, .. } = &mut request {
            *update_only = true;
        }
        assert_eq!(records.perform(request).status, 404);
        assert_eq!(records.count(), 0);
    }
}
