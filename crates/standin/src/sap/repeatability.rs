//! How a repeat is known as one: by the headers of OASIS Repeatable Requests 1.0, or by SAP Gateway's older ones. Pure:
//! the present arrives as an argument.

use super::call::Version;
use super::options::Repeatability;
use super::response;
use crate::clock::{EpochUs, microseconds, seconds};
use crate::request::Arrival;
use crate::response::VendorResponse;
use axum::http::Method;
use std::collections::HashMap;
use std::time::{Duration, SystemTime};

/// What is remembered of named requests.
#[derive(Debug)]
pub(super) struct Remembered {
    way: Repeatability,
    by_name: HashMap<Name, Known>,
    absorbed: u64,
}

/// A request's name and when it was first sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Name {
    id: String,
    first_sent: i64,
}

#[derive(Debug)]
struct Known {
    /// `None` while the first is being worked on.
    answer: Option<VendorResponse>,
    until: EpochUs,
}

/// What a request's name says.
#[derive(Debug, PartialEq)]
pub(super) enum Naming {
    /// It has none, or the system does not care.
    Unnamed,
    /// It is the first of this name.
    First,
    /// It is answered without being done.
    Answered(VendorResponse),
}

impl Remembered {
    pub(super) fn new(way: Repeatability) -> Remembered {
        Remembered {
            way,
            by_name: HashMap::new(),
            absorbed: 0,
        }
    }

    /// The key that a request carries, for the report.
    pub(super) fn key(arrival: &Arrival) -> Option<String> {
        ["repeatability-request-id", "requestid", "idempotency-key"]
            .into_iter()
            .find_map(|name| arrival.header(name))
            .map(str::to_owned)
    }

    /// A request begins.
    pub(super) fn begin(&mut self, arrival: &Arrival, now: EpochUs) -> Naming {
        if matches!(arrival.method, Method::GET | Method::HEAD) {
            return Naming::Unnamed;
        }
        let (name, kept) = match self.name(arrival) {
            Ok(Some(named)) => named,
            Ok(None) => return Naming::Unnamed,
            Err(answer) => return Naming::Answered(answer),
        };
        let kept = microseconds(kept);
        let age = now - name.first_sent.saturating_mul(1_000_000);
        if !(-microseconds(Duration::from_secs(300))..kept).contains(&age) {
            return Naming::Answered(
                self.rejected(412, "the first sending lies outside what is tracked"),
            );
        }
        self.by_name.retain(|_, known| known.until > now);
        if self
            .by_name
            .keys()
            .any(|known| known.id == name.id && *known != name)
        {
            return Naming::Answered(
                self.rejected(412, "the request was first sent at another time"),
            );
        }
        match self.by_name.get(&name) {
            None => {
                let known = Known {
                    answer: None,
                    until: now + kept,
                };
                self.by_name.insert(name, known);
                Naming::First
            }
            Some(known) => {
                let answer = known.answer.clone();
                self.absorbed += 1;
                // The code's name is not confirmed; the status is.
                let in_progress = "RepeatabilityRequestInProgress";
                Naming::Answered(answer.unwrap_or_else(|| {
                    response::error(
                        Version::V2,
                        409,
                        in_progress,
                        "The first request is still running",
                    )
                }))
            }
        }
    }

    /// Notes the answer of a request that began as the first of its name.
    pub(super) fn end(&mut self, arrival: &Arrival, answer: &mut VendorResponse) {
        let Ok(Some((name, _))) = self.name(arrival) else {
            return;
        };
        if let Some(known) = self.by_name.get_mut(&name) {
            let header = match self.way {
                Repeatability::Gateway(_) => "repeatabilityresult",
                _ => "repeatability-result",
            };
            answer.headers.push((header, "accepted".to_owned()));
            known.answer = Some(answer.clone());
        }
    }

    pub(super) fn absorbed(&self) -> u64 {
        self.absorbed
    }

    /// A request's name, and for how long names are remembered.
    fn name(&self, arrival: &Arrival) -> Result<Option<(Name, Duration)>, VendorResponse> {
        let (id, first_sent, kept) = match self.way {
            Repeatability::Off => return Ok(None),
            Repeatability::Oasis(kept) => (
                arrival.header("repeatability-request-id"),
                arrival.header("repeatability-first-sent"),
                kept,
            ),
            Repeatability::Gateway(kept) => (
                arrival.header("requestid"),
                arrival.header("repeatabilitycreation"),
                kept,
            ),
        };
        let (id, first_sent) = match (id, first_sent) {
            (None, None) => return Ok(None),
            (Some(id), Some(first_sent)) => (id, first_sent),
            _ => return Err(self.rejected(400, "one of the two headers is missing")),
        };
        let first_sent = match self.way {
            Repeatability::Gateway(_) => guid(id).and(iso(first_sent)),
            _ => imf_fixdate(first_sent),
        };
        let first_sent =
            first_sent.ok_or_else(|| self.rejected(400, "a header is not in its form"))?;
        let id = id.to_owned();
        Ok(Some((Name { id, first_sent }, kept)))
    }

    fn rejected(&self, status: u16, why: &str) -> VendorResponse {
        let header = match self.way {
            Repeatability::Gateway(_) => "repeatabilityresult",
            _ => "repeatability-result",
        };
        response::error(Version::V2, status, "RepeatabilityRejected", why).with(header, "rejected")
    }
}

/// Seconds since the epoch of a date as RFC 9110 prefers it, and of no other form.
fn imf_fixdate(text: &str) -> Option<i64> {
    let at = httpdate::parse_http_date(text).ok()?;
    // Written again it must be the same: the two obsolete forms are none.
    if httpdate::fmt_http_date(at) != text {
        return None;
    }
    let since = at.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}

/// Seconds since the epoch of `yyyy-MM-ddTHH:mm:ss` in UTC.
fn iso(text: &str) -> Option<i64> {
    let at: jiff::civil::DateTime = text.parse().ok().filter(|_| text.len() == 19)?;
    let at = at.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(seconds(at.timestamp().as_microsecond()))
}

/// 32 hexadecimal digits.
fn guid(text: &str) -> Option<()> {
    (text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::tests::arrival;

    const DAY: Duration = Duration::from_secs(86_400);
    /// 6 November 1994, 08:49:37.
    const SENT: EpochUs = 784_111_777 * 1_000_000;
    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    fn post(headers: &[(&str, &str)]) -> Arrival {
        arrival(&Method::POST, "/s/A", headers, "{}")
    }

    fn oasis(id: &str, date: &str) -> Arrival {
        post(&[
            ("Repeatability-Request-ID", id),
            ("Repeatability-First-Sent", date),
        ])
    }

    fn status(naming: &Naming) -> u16 {
        match naming {
            Naming::Answered(answer) => answer.status,
            _ => 0,
        }
    }

    #[test]
    fn a_repeat_is_answered_with_the_first_answer_and_while_that_is_at_work_with_409() {
        let mut remembered = Remembered::new(Repeatability::Oasis(DAY));
        let request = oasis("r-1", DATE);
        assert_eq!(remembered.begin(&request, SENT), Naming::First);
        assert_eq!(status(&remembered.begin(&request, SENT)), 409);
        let mut answer = VendorResponse::empty(201);
        remembered.end(&request, &mut answer);
        assert_eq!(answer.header("repeatability-result"), Some("accepted"));
        assert_eq!(remembered.begin(&request, SENT), Naming::Answered(answer));
        assert_eq!(remembered.absorbed(), 2);
        assert_eq!(remembered.begin(&oasis("r-2", DATE), SENT), Naming::First);
    }

    #[test]
    fn a_name_in_a_wrong_form_or_out_of_its_time_is_rejected() {
        let mut remembered = Remembered::new(Repeatability::Oasis(DAY));
        let mut begin = |request: &Arrival, now| {
            let naming = remembered.begin(request, now);
            if let Naming::Answered(answer) = &naming {
                assert_eq!(answer.header("repeatability-result"), Some("rejected"));
            }
            status(&naming)
        };
        let day_later = SENT + microseconds(DAY);
        assert_eq!(
            begin(&oasis("a", "Sunday, 06-Nov-94 08:49:37 GMT"), SENT),
            400
        );
        assert_eq!(begin(&oasis("a", "1994-11-06T08:49:37Z"), SENT), 400);
        assert_eq!(
            begin(&post(&[("Repeatability-Request-ID", "a")]), SENT),
            400
        );
        assert_eq!(begin(&oasis("a", DATE), day_later), 412);
        assert_eq!(begin(&oasis("a", DATE), SENT - 301 * 1_000_000), 412);
        assert_eq!(begin(&oasis("b", DATE), day_later - 1), 0);
        let other = "Sun, 06 Nov 1994 08:49:38 GMT";
        assert_eq!(begin(&oasis("b", other), day_later - 1), 412);
    }

    #[test]
    fn gateways_own_headers_have_their_own_forms() {
        let mut remembered = Remembered::new(Repeatability::Gateway(DAY));
        let id = "0123456789ABCDEF0123456789ABCDEF";
        let named = |id: &str, at: &str| post(&[("RequestID", id), ("RepeatabilityCreation", at)]);
        let good = named(id, "1994-11-06T08:49:37");
        assert_eq!(remembered.begin(&good, SENT), Naming::First);
        assert_eq!(status(&remembered.begin(&good, SENT)), 409);
        for wrong in [
            named("x", "1994-11-06T08:49:37"),
            named(id, "1994-11-06"),
            named(id, DATE),
        ] {
            assert_eq!(status(&remembered.begin(&wrong, SENT)), 400);
        }
        let mut off = Remembered::new(Repeatability::Off);
        assert_eq!(off.begin(&oasis("r-1", "x"), SENT), Naming::Unnamed);
    }
}
