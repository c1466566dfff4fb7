//! A Salesforce org, as far as an integration meets it, on plain HTTP:
//! - `PATCH /services/data/vNN.0/sobjects/{object}/{field}/{value}` creates or changes a record by an external id,
//!   `POST .../sobjects/{object}` inserts one, `GET` reads one, `GET .../query?q=` finds one by a field;
//! - `GET /services/data/` and `.../limits`;
//! - `POST /services/oauth2/token` gives access tokens.
//!
//! A throttle is a 403 whose message tells the two limits apart: requests that run for long, and requests in a day.

mod response;
mod call;
mod options;
mod records;
mod sign_in;
#[cfg(test)]
mod tests;

pub use options::{ConnectedApp, SalesforceOptions};

use crate::clock::EpochUs;
use crate::judge::Limits;
use crate::meter::Reading;
use crate::options::OptionsError;
use crate::report::Report;
use crate::request::{Arrival, is_at_or_below};
use crate::response::{Content, VendorResponse};
use crate::server::{Plan, sealed};
use crate::vendor::{Admission, Call, Rejection, Used, Vendor, Weight};
use call::Asked;
use records::Records;
use serde_json::{Value, json};
use sign_in::SignIn;
use std::net::SocketAddr;

/// One org.
#[derive(Debug)]
struct Org {
    options: SalesforceOptions,
    sign_in: SignIn,
    records: Records,
}

impl sealed::Options for SalesforceOptions {
    #[allow(private_interfaces, reason = "sealed: nobody else calls it")]
    fn build(self, address: SocketAddr) -> Result<Plan, OptionsError> {
        self.check()?;
        let limits = Limits {
            // Requests that do not run for long are not limited.
            in_flight: u32::MAX,
            long_running: Some(self.long_running),
            windows: self.windows(),
        };
        Ok(Plan {
            limits,
            conduct: self.conduct.clone(),
            vendor: Box::new(Org {
                sign_in: SignIn::new(&self, format!("http://{address}")),
                records: Records::default(),
                options: self,
            }),
        })
    }
}

impl Vendor for Org {
    fn admit(&mut self, arrival: Arrival, now: EpochUs) -> Admission {
        if arrival.path == sign_in::TOKEN {
            return self.admit_sign_in(arrival, now);
        }
        let limited = is_at_or_below(&arrival.path, "/services/data");
        if let Err(answer) = self.sign_in.check(&arrival, now) {
            return Admission::TurnedAway { answer, limited };
        }
        if !limited {
            return Admission::Outside(response::not_found());
        }
        let (record, writes, weight) = match call::read(&arrival) {
            Ok(Asked::Records { record, request }) => (record, request.writes(), Weight::Whole),
            Ok(Asked::Versions | Asked::Limits) => (arrival.path.clone(), false, Weight::Instant),
            Err(_) => (arrival.path.clone(), false, Weight::Whole),
        };
        Admission::Call(Call {
            record,
            // Salesforce has no such key; one that is sent all the same is shown in the spans.
            idempotency_key: arrival.header("idempotency-key").map(str::to_owned),
            writes,
            weight,
            arrival,
        })
    }

    fn throttled(&mut self, _call: &Call, reading: &Reading) -> Rejection {
        Rejection::at_once(if reading.breaks_long_running {
            response::too_many_at_once()
        } else {
            response::too_many_in_a_day()
        })
    }

    fn busy(&mut self, _call: &Call) -> Rejection {
        Rejection::at_once(response::too_many_at_once())
    }

    fn broken(&mut self, _call: &Call, number: u64) -> VendorResponse {
        response::broken(number)
    }

    fn perform(&mut self, call: Call, now: EpochUs) -> VendorResponse {
        if call.arrival.path == sign_in::TOKEN {
            return self
                .sign_in
                .token(&call.arrival, now)
                .unwrap_or_else(|refusal| refusal);
        }
        match call::read(&call.arrival) {
            Ok(Asked::Versions) => VendorResponse::json(200, response::versions()),
            // What is left is written by `dress`, which knows the meter.
            Ok(Asked::Limits) => VendorResponse::json(200, json!({ "DailyApiRequests": null })),
            Ok(Asked::Records { request, .. }) => self.records.perform(request),
            Err(refusal) => refusal,
        }
    }

    fn dress(&self, answer: &mut VendorResponse, used: &[Used]) {
        let daily = used.first().copied();
        let calls = daily.map_or(0, |window| window.calls);
        let limit = self.options.daily.calls;
        if answer.code != "INVALID_SESSION_ID" && answer.code != "INVALID_AUTH_HEADER" {
            let used = format!("api-usage={calls}/{limit}");
            answer.headers.push(("sforce-limit-info", used));
        }
        if let Content::Json(_, body) = &mut answer.content
            && body.get("DailyApiRequests").is_some_and(Value::is_null)
        {
            body["DailyApiRequests"] =
                json!({ "Max": limit, "Remaining": limit.saturating_sub(calls) });
        }
    }

    fn tell(&self, report: &mut Report) {
        report.vendor = "salesforce".to_owned();
        report.records = self.records.count();
        report.duplicates_created = self.records.duplicates_created();
        report.absorbed = self.records.absorbed();
        report.tokens_issued = self.sign_in.issued();
        report.add_refused(self.sign_in.refused());
    }
}

impl Org {
    fn admit_sign_in(&mut self, arrival: Arrival, now: EpochUs) -> Admission {
        if self.options.sign_in_counts {
            return Admission::Call(Call::of_sign_in(arrival));
        }
        Admission::of_sign_in(self.sign_in.token(&arrival, now))
    }
}
