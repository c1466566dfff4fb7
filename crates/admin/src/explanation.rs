//! An explanation of why a call waits, as responses show it. Its content and its wording are `dispatch`'s.

use rampmeter_dispatch::{Explanation, Holder, Time};
use rampmeter_time::rfc3339;
use serde_json::{Map, Value, json};

/// The fields of an explanation given at `at`. Unknown fields are null, and so is what holds a call in flight, since
/// nothing does.
pub(crate) fn explanation_json(why: &Explanation, at: Time) -> Map<String, Value> {
    let waits = why.held_by != Holder::InFlight;
    let starts_at = why.starts.moment(at).filter(|moment| *moment < Time::MAX);
    let starts_in = starts_at.map(|moment| moment.saturating_since(at).as_millis());
    let fields = [
        ("held_by", waits.then(|| why.words(at)).into()),
        ("holder", why.held_by.name().into()),
        ("limit", why.held_by.limit().into()),
        ("held_since", moment_json(why.since)),
        ("held_until", moment_json(why.until)),
        ("starts", waits.then(|| why.starts.words(at)).into()),
        ("starts_in_ms", json!(starts_in)),
    ];
    fields
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect()
}

/// A moment; null where there is none, or where it is out of range.
pub(crate) fn moment_json(moment: Option<Time>) -> Value {
    let moment = moment.filter(|moment| *moment < Time::MAX);
    moment.map(|moment| rfc3339(moment.into())).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rampmeter_dispatch::Start;

    #[test]
    fn nothing_holds_a_call_in_flight_and_a_start_that_cannot_be_known_is_null() {
        let at = Time::from_millis(1_000);
        let flying = explanation_json(&Explanation::by_host(Holder::InFlight, None, None), at);
        assert_eq!(
            (&flying["held_by"], &flying["starts"]),
            (&Value::Null, &Value::Null)
        );
        assert_eq!(flying["holder"], "in_flight");

        let closed = Explanation {
            starts: Start::NotBefore(Time::from_millis(61_000)),
            ..Explanation::by_host(Holder::VendorPause, None, Some(Time::from_millis(61_000)))
        };
        let closed = explanation_json(&closed, at);
        assert_eq!(
            closed["held_by"],
            "the vendor, which closed the target for another 60.0 s"
        );
        assert_eq!(closed["held_until"], "1970-01-01T00:01:01.000Z");
        assert_eq!(closed["starts_in_ms"], Value::Null);
        assert_eq!(closed["starts"], "in 60.0 s at the earliest");
    }
}
