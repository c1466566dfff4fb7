//! An SAP system, as far as an integration meets it, on plain HTTP: S/4HANA's OData services in V2 below
//! `/sap/opu/odata/sap/{service}/`, in V4 below `/sap/opu/odata4/sap/.../`, and SuccessFactors' below `/odata/v2/`, with
//! sets that are created, read, listed by one property and changed, and SuccessFactors' `upsert`. `POST /oauth/token`
//! gives access tokens. `$batch`, deep inserts and ETags are left out.
//!
//! SAP publishes no numbers for most of its limits: any number of windows can be stacked, and a throttle says when to come
//! back.

mod response;
mod call;
mod csrf;
mod options;
mod records;
mod repeatability;
mod sign_in;
#[cfg(test)]
mod tests;

pub use options::{Repeatability, SapOptions, SapSignIn};

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
use call::Version;
use csrf::Sessions;
use records::Records;
use repeatability::{Naming, Remembered};
use sign_in::SignIn;
use std::net::SocketAddr;
use std::time::Duration;

/// One system.
#[derive(Debug)]
struct System {
    options: SapOptions,
    sign_in: SignIn,
    sessions: Sessions,
    remembered: Remembered,
    records: Records,
    csrf_refused: u64,
    weather: Chance,
}

impl sealed::Options for SapOptions {
    #[allow(private_interfaces, reason = "sealed: nobody else calls it")]
    fn build(self, _address: SocketAddr) -> Result<Plan, OptionsError> {
        self.check()?;
        let seed = self.conduct.seed;
        Ok(Plan {
            limits: Limits {
                in_flight: self.max_in_flight,
                long_running: None,
                windows: self.windows.clone(),
            },
            conduct: self.conduct.clone(),
            vendor: Box::new(System {
                sign_in: SignIn::new(&self),
                sessions: Sessions::new(self.session_life, seed),
                remembered: Remembered::new(self.repeatability),
                records: Records::default(),
                csrf_refused: 0,
                weather: Chance::new(seed, 4),
                options: self,
            }),
        })
    }
}

impl Vendor for System {
    fn admit(&mut self, arrival: Arrival, now: EpochUs) -> Admission {
        if arrival.path == sign_in::TOKEN {
            return self.admit_sign_in(arrival, now);
        }
        let limited = call::is_limited(&arrival.path);
        if let Err(answer) = self.sign_in.check(&arrival, now) {
            return Admission::TurnedAway { answer, limited };
        }
        if !limited {
            return Admission::Outside(response::not_found(Version::V2));
        }
        let read = call::read(&arrival).ok();
        Admission::Call(Call {
            idempotency_key: Remembered::key(&arrival),
            writes: read.as_ref().is_some_and(|read| read.request.writes()),
            record: read.map_or_else(|| arrival.path.clone(), |read| read.record),
            weight: Weight::Whole,
            arrival,
        })
    }

    fn throttled(&mut self, _call: &Call, reading: &Reading) -> Rejection {
        let room_in = reading.broken_window.map(|broken| broken.room_in);
        let seconds = self.options.retry_after.map_or_else(
            || Duration::from_nanos(room_in.unwrap_or(1)).as_secs_f64(),
            |pause| pause.as_secs_f64(),
        );
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole, positive number of seconds"
        )]
        let seconds = seconds.ceil().max(1.0) as u64;
        Rejection::at_once(if room_in.is_some() {
            response::too_many_in_window(seconds)
        } else {
            response::too_many_at_once(seconds)
        })
    }

    fn busy(&mut self, _call: &Call) -> Rejection {
        let pause = self
            .options
            .retry_after
            .map_or(1, |pause| pause.as_secs().max(1));
        Rejection::at_once(if self.weather.happens(0.5) {
            response::too_many_in_window(pause)
        } else {
            response::too_many_at_once(pause)
        })
    }

    fn broken(&mut self, call: &Call, number: u64) -> VendorResponse {
        let version = call::read(&call.arrival).map_or(Version::V2, |read| read.version);
        let message = format!("An exception was raised. Transaction standin-{number}");
        response::error(version, 500, "/IWBEP/CM_MGW_RT/053", &message)
    }

    fn begin(&mut self, call: &Call, now: EpochUs) -> Beginning {
        if call.arrival.path == sign_in::TOKEN {
            return Beginning::Work;
        }
        if self.options.csrf && !self.sessions.admits(&call.arrival, now) {
            self.csrf_refused += 1;
            return Beginning::Answered(response::csrf_required());
        }
        match self.remembered.begin(&call.arrival, now) {
            Naming::Answered(answer) => Beginning::Answered(answer),
            Naming::Unnamed | Naming::First => Beginning::Work,
        }
    }

    fn perform(&mut self, call: Call, now: EpochUs) -> VendorResponse {
        let arrival = &call.arrival;
        if arrival.path == sign_in::TOKEN {
            return self
                .sign_in
                .token(arrival, now)
                .unwrap_or_else(|refusal| refusal);
        }
        let mut answer = match call::read(arrival) {
            Ok(read) => self.records.perform(read, &arrival.path),
            Err(refusal) => refusal,
        };
        self.remembered.end(arrival, &mut answer);
        self.sessions.give(arrival, now, &mut answer);
        answer
    }

    fn tell(&self, report: &mut Report) {
        report.vendor = "sap".to_owned();
        report.records = self.records.count();
        report.duplicates_created = self.records.duplicates_created();
        report.absorbed = self.records.absorbed() + self.remembered.absorbed();
        report.tokens_issued = self.sign_in.issued();
        report.sessions_issued = self.sessions.issued();
        report.add_refused(self.sign_in.refused());
        if self.csrf_refused > 0 {
            let what = "the CSRF token or its cookies are missing, old or of another session";
            report
                .sign_ins_refused
                .insert(what.to_owned(), self.csrf_refused);
        }
    }
}

impl System {
    fn admit_sign_in(&mut self, arrival: Arrival, now: EpochUs) -> Admission {
        if self.options.sign_in_counts {
            return Admission::Call(Call::of_sign_in(arrival));
        }
        Admission::of_sign_in(self.sign_in.token(&arrival, now))
    }
}
