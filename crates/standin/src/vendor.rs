//! What a vendor's folder supplies to the judge: which requests its limits cover, and how it answers. One judge, one
//! server and one meter serve all vendors; a vendor never sees a connection nor counts a call in flight.

use crate::clock::EpochUs;
use crate::meter::Reading;
use crate::report::Report;
use crate::request::Arrival;
use crate::response::VendorResponse;
use std::fmt;
use std::time::Duration;

/// The behaviour of one vendor. It is called under the judge's lock, one request at a time.
pub(crate) trait Vendor: fmt::Debug + Send {
    /// A request has arrived: who sent it, and do the limits cover it?
    fn admit(&mut self, arrival: Arrival, now: EpochUs) -> Admission;

    /// The answer to a call that broke a limit.
    fn throttled(&mut self, call: &Call, reading: &Reading) -> Rejection;

    /// The answer to a call that broke none and is turned away on purpose, as when someone else uses the account.
    fn busy(&mut self, call: &Call) -> Rejection;

    /// The answer to a call whose work is left undone on purpose.
    fn broken(&mut self, call: &Call, number: u64) -> VendorResponse;

    /// A call has been let in. What it wants from the vendor before its work begins.
    fn begin(&mut self, _call: &Call, _now: EpochUs) -> Beginning {
        Beginning::Work
    }

    /// Does what a call asks for, at the end of its work.
    fn perform(&mut self, call: Call, now: EpochUs) -> VendorResponse;

    /// The work of a call that was answered before has ended in the background.
    fn finish(&mut self, _job: u64, call: Call, now: EpochUs) {
        self.perform(call, now);
    }

    /// Adds what every answer of this vendor carries.
    fn dress(&self, _answer: &mut VendorResponse, _used: &[Used]) {}

    /// Adds what only the vendor counts.
    fn tell(&self, report: &mut Report);
}

/// What becomes of a request before its limits are checked.
#[derive(Debug)]
pub(crate) enum Admission {
    /// Answered at once: no limit covers it.
    Outside(VendorResponse),
    /// It did not say who it is, or lied. It touches no limit: the vendor does not know whose limit it would be.
    TurnedAway {
        answer: VendorResponse,
        /// The limits cover its path.
        limited: bool,
    },
    /// The limits cover it.
    Call(Call),
}

impl Admission {
    /// A request for an access token that was answered, or refused, without a slot in the limits.
    pub(crate) fn of_sign_in(answered: Result<VendorResponse, VendorResponse>) -> Admission {
        match answered {
            Ok(answer) => Admission::Outside(answer),
            Err(answer) => Admission::TurnedAway {
                answer,
                limited: false,
            },
        }
    }
}

/// A request that the limits cover.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The business record, for example `salesOrder/eid:SO-1042`; the path, where no record is meant.
    pub(crate) record: String,
    /// The key that names the call for the vendor, so that a repeat is known as one.
    pub(crate) idempotency_key: Option<String>,
    /// It writes a record.
    pub(crate) writes: bool,
    pub(crate) weight: Weight,
    pub(crate) arrival: Arrival,
}

impl Call {
    /// A request for an access token, where the vendor counts it.
    pub(crate) fn of_sign_in(arrival: Arrival) -> Call {
        Call {
            record: arrival.path.clone(),
            idempotency_key: None,
            writes: false,
            weight: Weight::Instant,
            arrival,
        }
    }
}

/// What a call takes of the limits, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// A slot in every limit, for the time its work takes.
    Whole,
    /// A slot in every limit, and no time.
    Instant,
}

/// How a call that was let in goes on.
#[derive(Debug)]
pub(crate) enum Beginning {
    /// Its work begins, and its answer is made at the end.
    Work,
    /// It is answered at once, without work.
    Answered(VendorResponse),
    /// It is answered at once, and its work goes on in the background. With `holds_slot`, until that has ended.
    Background {
        answer: VendorResponse,
        /// What the vendor calls it.
        job: u64,
        holds_slot: bool,
    },
}

/// How a call is turned away.
#[derive(Debug)]
pub(crate) struct Rejection {
    pub(crate) answer: VendorResponse,
    /// How long the vendor takes over it.
    pub(crate) after: Duration,
}

impl Rejection {
    /// At once.
    pub(crate) fn at_once(answer: VendorResponse) -> Rejection {
        Rejection {
            answer,
            after: Duration::ZERO,
        }
    }
}

/// How full a window is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Used {
    pub(crate) calls: u64,
    pub(crate) limit: u64,
}
