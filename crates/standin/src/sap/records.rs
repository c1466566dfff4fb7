//! The system's entities: created under numbers of its own, or upserted under keys that the caller names.

use super::call::{Read, Request, Version};
use super::response;
use crate::response::VendorResponse;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// All entities of the system.
#[derive(Debug, Default)]
pub(super) struct Records {
    /// In the order of their creation.
    stored: Vec<Entity>,
    /// Where the entity with this key of this set lies.
    by_key: HashMap<(String, String), usize>,
    /// The entities that hold this value in this property of this set.
    by_value: HashMap<(String, String, String), Vec<usize>>,
    /// How often an entity of these fields was created.
    created: HashMap<String, u64>,
    duplicates_created: u64,
    absorbed: u64,
}

#[derive(Debug)]
struct Entity {
    set: String,
    key: String,
    fields: Map<String, Value>,
}

impl Records {
    /// How many entities there are.
    pub(super) fn count(&self) -> u64 {
        self.stored.len() as u64
    }

    /// Entities created although one with the same fields was there.
    pub(super) fn duplicates_created(&self) -> u64 {
        self.duplicates_created
    }

    /// Upserts that found their entity.
    pub(super) fn absorbed(&self) -> u64 {
        self.absorbed
    }

    /// Does what a request asks for.
    pub(super) fn perform(&mut self, read: Read, path: &str) -> VendorResponse {
        let version = read.version;
        match read.request {
            Request::Service { metadata: true } => {
                let mut answer = response::text(200, "<edmx:Edmx Version=\"1.0\"/>");
                answer
                    .headers
                    .push(("dataserviceversion", "2.0".to_owned()));
                answer
            }
            Request::Service { metadata: false } => {
                response::entity(version, 200, json!({ "EntitySets": [] }))
            }
            Request::Create { set, fields } => {
                let times = self.created.entry(read.record).or_default();
                *times += 1;
                self.duplicates_created += u64::from(*times > 1);
                let key = (self.count() + 1).to_string();
                let location = format!("{path}('{key}')");
                let place = self.insert(set, key, fields);
                let entity = self.shown(place);
                response::entity(version, 201, entity).with("location", location)
            }
            Request::Read { set, key } => match self.by_key.get(&(set, key)) {
                Some(place) => response::entity(version, 200, self.shown(*place)),
                None => response::not_found(version),
            },
            Request::List { set, filter } => {
                let found = self.found(&set, filter);
                let shown: Vec<Value> = found.iter().map(|place| self.shown(*place)).collect();
                response::entities(version, &shown)
            }
            Request::Change { set, key, fields } => match self.by_key.get(&(set, key)).copied() {
                Some(place) => {
                    self.change(place, fields);
                    VendorResponse::empty(204)
                }
                None => response::not_found(version),
            },
            Request::Upsert { set, key, fields } => self.upsert(set, key, fields),
        }
    }

    fn upsert(&mut self, set: String, key: String, fields: Map<String, Value>) -> VendorResponse {
        let named = format!("{set}/{key}");
        let known = self.by_key.get(&(set.clone(), key.clone())).copied();
        let done = match known {
            Some(place) => {
                self.absorbed += 1;
                self.change(place, fields);
                "UPDATED"
            }
            None => {
                self.insert(set, key, fields);
                "UPSERTED"
            }
        };
        let result = json!([{
            "key": named, "status": "OK", "editStatus": done, "httpCode": 200,
        }]);
        response::entity(Version::V2, 200, result)
    }

    fn insert(&mut self, set: String, key: String, fields: Map<String, Value>) -> usize {
        let place = self.stored.len();
        self.by_key.insert((set.clone(), key.clone()), place);
        self.note_values(place, &set, &fields);
        self.stored.push(Entity { set, key, fields });
        place
    }

    fn note_values(&mut self, place: usize, set: &str, fields: &Map<String, Value>) {
        for (property, value) in fields {
            if let Value::String(text) = value {
                let index = (set.to_owned(), property.clone(), text.clone());
                self.by_value.entry(index).or_default().push(place);
            }
        }
    }

    /// The index keeps old values, so a list checks each entity again.
    fn change(&mut self, place: usize, fields: Map<String, Value>) {
        let set = self.stored[place].set.clone();
        self.note_values(place, &set, &fields);
        self.stored[place].fields.extend(fields);
    }

    fn found(&self, set: &str, filter: Option<(String, String)>) -> Vec<usize> {
        let Some((property, value)) = filter else {
            let places = 0..self.stored.len();
            return places
                .filter(|place| self.stored[*place].set == set)
                .collect();
        };
        let index = (set.to_owned(), property.clone(), value.clone());
        let mut places = self.by_value.get(&index).cloned().unwrap_or_default();
        places.retain(|place| {
            self.stored[*place]
                .fields
                .get(&property)
                .and_then(Value::as_str)
                == Some(&value)
        });
        places.dedup();
        places
    }

    /// An entity with its key under the name that its set suggests: `A_SalesOrder` has `SalesOrder`.
    fn shown(&self, place: usize) -> Value {
        let entity = &self.stored[place];
        let name = entity.set.strip_prefix("A_").unwrap_or(&entity.set);
        let mut shown = entity.fields.clone();
        shown.insert(name.to_owned(), Value::from(entity.key.as_str()));
        Value::Object(shown)
    }
}

#[cfg(test)]
mod tests {
    use super::super::call;
    use super::*;
    use crate::request::tests::arrival;
    use axum::http::Method;

    const ORDERS: &str = "/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder";

    fn perform(records: &mut Records, method: &Method, path: &str, body: &str) -> VendorResponse {
        let read = call::read(&arrival(method, path, &[], body)).unwrap();
        records.perform(read, path)
    }

    #[test]
    fn a_create_makes_an_entity_each_time_and_the_same_again_is_a_duplicate() {
        let mut records = Records::default();
        let order = r#"{"PurchaseOrderByCustomer": "SO-1"}"#;
        let first = perform(&mut records, &Method::POST, ORDERS, order);
        assert_eq!(
            (first.status, &first.body()["d"]["SalesOrder"]),
            (201, &json!("1"))
        );
        let place = first.header("location").unwrap().to_owned();
        assert_eq!(perform(&mut records, &Method::GET, &place, "").status, 200);
        perform(&mut records, &Method::POST, ORDERS, order);
        assert_eq!((records.count(), records.duplicates_created()), (2, 1));
    }

    #[test]
    fn an_entity_is_found_by_a_property_as_it_is_now() {
        let mut records = Records::default();
        let order = r#"{"PurchaseOrderByCustomer": "SO-1"}"#;
        perform(&mut records, &Method::POST, ORDERS, order);
        let mut found = |value: &str| {
            let path = format!("{ORDERS}?$filter=PurchaseOrderByCustomer%20eq%20'{value}'");
            let answer = perform(&mut records, &Method::GET, &path, "");
            answer.body()["d"]["results"].as_array().map(Vec::len)
        };
        assert_eq!((found("SO-1"), found("SO-2")), (Some(1), Some(0)));
        let changed = r#"{"PurchaseOrderByCustomer": "SO-2"}"#;
        let one = format!("{ORDERS}('1')");
        perform(&mut records, &Method::PATCH, &one, changed);
        let path = format!("{ORDERS}?$filter=PurchaseOrderByCustomer%20eq%20'SO-1'");
        let answer = perform(&mut records, &Method::GET, &path, "");
        assert_eq!(answer.body()["d"]["results"], json!([]));
    }

    #[test]
    fn an_upsert_writes_under_the_key_it_names() {
        let mut records = Records::default();
        let user = r#"{"__metadata": {"uri": "User('x')"}, "title": "a"}"#;
        for expected in ["UPSERTED", "UPDATED"] {
            let answer = perform(&mut records, &Method::POST, "/odata/v2/upsert", user);
            assert_eq!(answer.body()["d"][0]["editStatus"], expected);
        }
        assert_eq!((records.count(), records.absorbed()), (1, 1));
        let read = perform(&mut records, &Method::GET, "/odata/v2/User('x')", "");
        assert_eq!(read.body()["d"]["title"], "a");
    }
}
