//! Oracle NetSuite, as far as an integration meets it, on plain HTTP:
//! - `PUT /services/rest/record/v1/{type}/eid:{external id}` creates or replaces a record, `PATCH` changes one,
//!   `POST /services/rest/record/v1/{type}` creates one, `GET` reads one by internal or external id; with
//!   `Prefer: respond-async` in the background, as a job below `/services/rest/async/v1/job/`;
//! - `/app/site/hosting/restlet.nl`, a RESTlet that writes and reads records;
//! - `POST /services/rest/auth/oauth2/v1/token` gives access tokens for signed assertions;
//! - `GET /services/rest/system/v1/serverTime` and `.../governanceLimits`, which no limit covers.
//!
//! Everything else is 404. One limit on calls at once is shared by all of them, and answered in each surface's own words.

mod response;
mod call;
mod jobs;
mod options;
mod records;
mod restlet;
mod sign_in;
#[cfg(test)]
mod tests;

pub use options::{Certificate, NetSuiteOptions, NetSuiteSignIn, TokenBased};

use crate::chance::Chance;
use crate::clock::EpochUs;
use crate::judge::Limits;
use crate::meter::Reading;
use crate::options::OptionsError;
use crate::report::Report;
use crate::request::Arrival;
use crate::response::VendorResponse;
use crate::server::{Plan, sealed};
use crate::vendor::{Admission, Beginning, Call, Rejection, Vendor, Weight};
use axum::http::Method;
use call::Request;
use jobs::Jobs;
use records::Records;
use serde_json::json;
use sign_in::SignIn;
use std::net::SocketAddr;

/// One account.
#[derive(Debug)]
struct Account {
    options: NetSuiteOptions,
    sign_in: SignIn,
    records: Records,
    jobs: Jobs,
    overload: Chance,
}

impl sealed::Options for NetSuiteOptions {
    #[allow(private_interfaces, reason = "sealed: nobody else calls it")]
    fn build(self, address: SocketAddr) -> Result<Plan, OptionsError> {
        self.check()?;
        let base_url = format!("http://{address}");
        let limits = Limits {
            in_flight: self.max_in_flight,
            long_running: None,
            windows: self.windows(),
        };
        Ok(Plan {
            limits,
            conduct: self.conduct(),
            vendor: Box::new(Account {
                sign_in: SignIn::new(&self),
                records: Records::new(base_url.clone()),
                jobs: Jobs::new(base_url),
                overload: Chance::new(self.seed, 4),
                options: self,
            }),
        })
    }
}

impl Vendor for Account {
    fn admit(&mut self, arrival: Arrival, now: EpochUs) -> Admission {
        if arrival.path == sign_in::TOKEN {
            return self.admit_sign_in(arrival, now);
        }
        let limited = call::is_limited(&arrival.path);
        let scope = if arrival.path == restlet::PATH {
            "restlets"
        } else {
            "rest_webservices"
        };
        if let Err(answer) = self.sign_in.check(&arrival, scope, now) {
            return Admission::TurnedAway { answer, limited };
        }
        if !limited {
            return Admission::Outside(self.system(&arrival));
        }
        let (record, request) = call::read(&arrival);
        let looks_at_a_job = matches!(request, Ok(Request::Job { .. }));
        Admission::Call(Call {
            record,
            idempotency_key: call::idempotency_key(&arrival),
            writes: request.is_ok_and(|request| request.writes()),
            weight: if looks_at_a_job {
                Weight::Instant
            } else {
                Weight::Whole
            },
            arrival,
        })
    }

    fn throttled(&mut self, call: &Call, reading: &Reading) -> Rejection {
        if reading.breaks_in_flight {
            return self.busy(call);
        }
        if call.arrival.path == restlet::PATH {
            return Rejection::at_once(response::restlet_throttled());
        }
        Rejection::at_once(response::too_many_in_window())
    }

    fn busy(&mut self, call: &Call) -> Rejection {
        if self.overload.happens(self.options.login_hides_throttle) {
            return Rejection {
                answer: response::invalid_login(),
                after: self.options.hidden_throttle_takes,
            };
        }
        Rejection::at_once(if call.arrival.path == restlet::PATH {
            response::restlet_throttled()
        } else {
            response::too_many_in_flight()
        })
    }

    fn broken(&mut self, _call: &Call, number: u64) -> VendorResponse {
        response::unexpected_error(number)
    }

    fn begin(&mut self, call: &Call, _now: EpochUs) -> Beginning {
        if !call::is_asynchronous(&call.arrival) {
            return Beginning::Work;
        }
        if let (_, Err(refusal)) = call::read(&call.arrival)
            && refusal.code != "INVALID_KEY_OR_REF"
        {
            return Beginning::Answered(refusal);
        }
        let key = call.idempotency_key.clone();
        if let Some(location) = self.jobs.known(key.as_deref()) {
            return Beginning::Answered(response::known_key(&location));
        }
        let (id, location) = self.jobs.begin(key);
        Beginning::Background {
            answer: response::job_begun(&location),
            job: id,
            holds_slot: self.options.jobs_hold_slots,
        }
    }

    fn perform(&mut self, call: Call, now: EpochUs) -> VendorResponse {
        if call.arrival.path == sign_in::TOKEN {
            return self
                .sign_in
                .token(&call.arrival, now)
                .unwrap_or_else(|refusal| refusal);
        }
        match call::read(&call.arrival) {
            (_, Err(refusal)) => refusal,
            (_, Ok(Request::Job { id, part })) => self.jobs.look(id, part),
            (record, Ok(request)) => {
                let key = call.idempotency_key.filter(|_| self.options.keys_on_sync);
                self.records.perform(record, key, request)
            }
        }
    }

    fn finish(&mut self, job: u64, mut call: Call, now: EpochUs) {
        // The key named the job; a second time it would be taken for a repeat.
        call.idempotency_key = None;
        let result = self.perform(call, now);
        self.jobs.end(job, result);
    }

    fn tell(&self, report: &mut Report) {
        report.vendor = "netsuite".to_owned();
        report.records = self.records.count();
        report.duplicates_created = self.records.duplicates_created();
        report.absorbed = self.records.absorbed() + self.jobs.absorbed();
        report.jobs = self.jobs.count();
        report.jobs_looked_at = self.jobs.looked_at();
        report.tokens_issued = self.sign_in.issued();
        report.add_refused(self.sign_in.refused());
    }
}

impl Account {
    fn admit_sign_in(&mut self, arrival: Arrival, now: EpochUs) -> Admission {
        if self.options.sign_in_counts {
            return Admission::Call(Call::of_sign_in(arrival));
        }
        Admission::of_sign_in(self.sign_in.token(&arrival, now))
    }

    /// The system resources. Their paths are documented; the member `serverTime` is not confirmed.
    fn system(&self, arrival: &Arrival) -> VendorResponse {
        match (&arrival.method, arrival.path.as_str()) {
            (&Method::GET, "/services/rest/system/v1/serverTime") => {
                response::found(json!({ "serverTime": jiff::Timestamp::now().to_string() }))
            }
            (&Method::GET, "/services/rest/system/v1/governanceLimits") => response::found(json!({
                "accountConcurrencyLimit": self.options.max_in_flight,
                "accountUnallocatedConcurrencyLimit": self.options.max_in_flight,
                "integrationLimitType": "accountLimit",
            })),
            (method, path) => response::unknown_path(method.as_str(), path),
        }
    }
}
