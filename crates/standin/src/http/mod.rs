//! Any HTTP API as the standards would have it: `POST /{collection}` creates an entity, `PUT /{collection}/{id}` creates or
//! replaces one, `GET` reads it; idempotency keys, `Retry-After` (RFC 9110), 429 (RFC 6585) and `RateLimit` headers
//! (draft-ietf-httpapi-ratelimit-headers-10).

mod keys;
mod options;
#[cfg(test)]
mod tests;

pub use options::HttpOptions;

use crate::clock::EpochUs;
use crate::judge::Limits;
use crate::meter::Reading;
use crate::options::OptionsError;
use crate::report::Report;
use crate::request::Arrival;
use crate::response::VendorResponse;
use crate::server::{Plan, sealed};
use crate::sign_in::basic::bearer;
use crate::vendor::{Admission, Beginning, Call, Rejection, Used, Vendor, Weight};
use axum::http::Method;
use keys::Keys;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::time::Duration;

/// One account.
#[derive(Debug)]
struct Service {
    options: HttpOptions,
    keys: Keys,
    /// Every entity at its path.
    entities: HashMap<String, Value>,
    /// How often each body was posted to each path.
    posted: HashMap<String, u64>,
    created: u64,
    duplicates_created: u64,
    replaced: u64,
    refused: BTreeMap<&'static str, u64>,
}

impl sealed::Options for HttpOptions {
    #[allow(private_interfaces, reason = "sealed: nobody else calls it")]
    fn build(self, _address: SocketAddr) -> Result<Plan, OptionsError> {
        self.check()?;
        Ok(Plan {
            limits: Limits {
                in_flight: self.max_in_flight,
                long_running: None,
                windows: self.windows.clone(),
            },
            conduct: self.conduct.clone(),
            vendor: Box::new(Service {
                keys: Keys::new(self.keys_kept, self.keys_demanded),
                entities: HashMap::new(),
                posted: HashMap::new(),
                created: 0,
                duplicates_created: 0,
                replaced: 0,
                refused: BTreeMap::new(),
                options: self,
            }),
        })
    }
}

impl Vendor for Service {
    fn admit(&mut self, arrival: Arrival, _now: EpochUs) -> Admission {
        let demanded = self.options.bearer.as_deref();
        if demanded.is_some() && bearer(&arrival) != demanded {
            *self
                .refused
                .entry("the bearer value is missing or wrong")
                .or_default() += 1;
            let answer = VendorResponse::empty(401).with("www-authenticate", "Bearer");
            return Admission::TurnedAway {
                answer,
                limited: true,
            };
        }
        Admission::Call(Call {
            record: record(&arrival),
            idempotency_key: Keys::of(&arrival),
            writes: !matches!(arrival.method, Method::GET | Method::HEAD),
            weight: Weight::Whole,
            arrival,
        })
    }

    fn throttled(&mut self, _call: &Call, reading: &Reading) -> Rejection {
        let room_in = reading.broken_window.map_or(1, |broken| broken.room_in);
        let seconds = Duration::from_nanos(room_in).as_secs() + 1;
        Rejection::at_once(throttle(seconds))
    }

    fn busy(&mut self, _call: &Call) -> Rejection {
        Rejection::at_once(throttle(1))
    }

    fn broken(&mut self, _call: &Call, number: u64) -> VendorResponse {
        VendorResponse::json(
            500,
            json!({ "title": format!("failure {number}"), "status": 500 }),
        )
    }

    fn begin(&mut self, call: &Call, now: EpochUs) -> Beginning {
        match self.keys.begin(&call.arrival, now) {
            Some(answer) => Beginning::Answered(answer),
            None => Beginning::Work,
        }
    }

    fn perform(&mut self, call: Call, _now: EpochUs) -> VendorResponse {
        let answer = self.answer(&call.arrival);
        self.keys.end(&call.arrival, &answer);
        answer
    }

    fn dress(&self, answer: &mut VendorResponse, used: &[Used]) {
        let windows = || self.options.windows.iter().zip(used).enumerate();
        let policy: Vec<String> = windows()
            .map(|(n, (window, _))| {
                format!("\"w{n}\";q={};w={}", window.calls, window.per.as_secs())
            })
            .collect();
        let left: Vec<String> = windows()
            .map(|(n, (window, used))| {
                let left = window.calls.saturating_sub(used.calls);
                format!("\"w{n}\";r={left};t={}", window.per.as_secs())
            })
            .collect();
        if !policy.is_empty() {
            answer.headers.push(("ratelimit-policy", policy.join(", ")));
            answer.headers.push(("ratelimit", left.join(", ")));
        }
    }

    fn tell(&self, report: &mut Report) {
        report.vendor = "http".to_owned();
        report.records = self.entities.len() as u64;
        report.duplicates_created = self.duplicates_created;
        report.absorbed = self.keys.absorbed() + self.replaced;
        report.add_refused(&self.refused);
    }
}

impl Service {
    fn answer(&mut self, arrival: &Arrival) -> VendorResponse {
        let path = arrival.path.trim_end_matches('/').to_owned();
        match arrival.method {
            Method::GET | Method::HEAD => match self.entities.get(&path) {
                Some(entity) => VendorResponse::json(200, entity.clone()),
                None if path.is_empty() => VendorResponse::json(200, json!({})),
                None => missing(),
            },
            Method::DELETE => match self.entities.remove(&path) {
                Some(_) => VendorResponse::empty(204),
                None => missing(),
            },
            _ => match arrival.json() {
                Ok(body) => self.write(arrival, path, body),
                Err(_) => VendorResponse::json(400, json!({ "title": "no JSON", "status": 400 }))
                    .coded("no JSON"),
            },
        }
    }

    fn write(&mut self, arrival: &Arrival, path: String, body: Value) -> VendorResponse {
        if arrival.method != Method::POST {
            let known = self.entities.insert(path, body).is_some();
            self.replaced += u64::from(known);
            return VendorResponse::empty(if known { 204 } else { 201 });
        }
        let times = self.posted.entry(record(arrival)).or_default();
        *times += 1;
        self.duplicates_created += u64::from(*times > 1);
        self.created += 1;
        let id = self.created;
        let place = format!("{path}/{id}");
        self.entities.insert(place.clone(), body);
        VendorResponse::json(201, json!({ "id": id.to_string() })).with("location", place)
    }
}

/// A created entity is known by what it holds, any other by its path.
fn record(arrival: &Arrival) -> String {
    match (&arrival.method, arrival.json()) {
        (&Method::POST, Ok(body)) => format!("{} {body}", arrival.path),
        _ => arrival.path.clone(),
    }
}

fn throttle(retry_after: u64) -> VendorResponse {
    let body = json!({
        "type": "https://iana.org/assignments/http-problem-types#quota-exceeded",
        "title": "Too Many Requests",
        "status": 429,
    });
    VendorResponse::json(429, body)
        .coded("429")
        .with("retry-after", retry_after.to_string())
}

fn missing() -> VendorResponse {
    VendorResponse::json(404, json!({ "title": "Not Found", "status": 404 })).coded("404")
}
