//! Which calls a limit counts, how many slots each of them takes, and for whom.
//!
//! Most limits count every call of their target once. Any other way of counting is a *tariff*: it may leave out calls (by endpoint,
//! method and path), charge a call more than one slot, and keep a limit for each key of the message (a tenant, a record) instead
//! of one for all. A call that is not sent yet is *charged* by it: see [`Charges`].

use std::fmt;
use std::num::{NonZeroU32, NonZeroU64};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The most tariffs that the limits of one target may have between them. Limits that count alike have one.
pub const MAX_TARIFFS: usize = 8;

/// How a limit counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tariff {
    /// Which calls it counts.
    pub applies_to: AppliesTo,
    /// How many slots a call takes.
    pub cost: Cost,
    /// Whose limit it is: where it is set, each key has one of its own.
    pub by: Option<By>,
}

/// Which calls a limit counts: those that all parts name, of which a missing one names every call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppliesTo {
    /// An endpoint of the target, or [`BASE_URL`].
    pub endpoint: Option<String>,
    /// A method, in capitals.
    pub method: Option<String>,
    /// A path below the base URL, without its query. `*` stands for any characters, slashes included.
    pub path: Option<String>,
}

/// What [`AppliesTo::endpoint`] calls the target's own base URL.
pub const BASE_URL: &str = "base_url";

/// How many slots a call takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cost {
    /// As many for each.
    Fixed(NonZeroU32),
    /// As many as this member of the message says, by JSON pointer: a number (rounded up), or the length of a list. One where
    /// there is neither, and never fewer.
    Of(String),
}

/// What names the key of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// Its MessageGroupId.
    MessageGroup,
    /// A text, a number or a truth value in the message, by JSON pointer.
    Member(String),
}

/// What is known of a call that a tariff may ask for.
#[derive(Clone, Copy, Debug)]
pub struct CallTraits<'a> {
    /// The endpoint that it goes to; none for the target's own base URL.
    pub endpoint: Option<&'a str>,
    /// Its method.
    pub method: &'a str,
    /// Its path, with or without a query.
    pub path: &'a str,
    /// Its MessageGroupId, as a number that is the same for the same group.
    pub group: Option<u64>,
    /// Its message.
    pub message: &'a Value,
}

/// Whose slots a call takes: the same for calls with the same key. Two keys in 2^64 may meet, and then share a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(NonZeroU64);

/// What one tariff charges one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// Whose slots it takes.
    pub key: Key,
    /// How many.
    pub cost: NonZeroU32,
}

/// What the tariffs of a target charge one call, in the order of [`crate::Rules::tariffs`]; nothing where one leaves it out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charges([Option<Charge>; MAX_TARIFFS]);

/// The calls that one tariff charges under one key: they wait for the same slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line {
    /// The tariff, by its place in [`crate::Rules::tariffs`].
    pub tariff: usize,
    /// The key.
    pub key: Key,
}

/// A charge as a host keeps it, which outlives a change of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptCharge {
    /// [`Tariff::fingerprint`].
    pub tariff: u64,
    /// What it charges.
    pub charge: Charge,
}

impl Default for Cost {
    fn default() -> Cost {
        Cost::Fixed(NonZeroU32::MIN)
    }
}

impl Tariff {
    /// Whether it counts every call once, for all together.
    pub fn is_plain(&self) -> bool {
        *self == Tariff::default()
    }

    /// What it charges a call; none if it leaves the call out.
    pub fn charge(&self, call: &CallTraits<'_>) -> Option<Charge> {
        self.applies_to.names(call).then(|| Charge {
            key: self.by.as_ref().map_or(Key::ALL, |by| by.key(call)),
            cost: self.cost.of(call.message),
        })
    }

    /// A number by which it is known again, whatever it is called and however many slots there are.
    pub fn fingerprint(&self) -> u64 {
        let AppliesTo {
            endpoint,
            method,
            path,
        } = &self.applies_to;
        let cost = match &self.cost {
            Cost::Fixed(places) => json!(places.get()),
            Cost::Of(pointer) => json!(pointer),
        };
        let by = match &self.by {
            None => json!(0),
            Some(By::MessageGroup) => json!(1),
            Some(By::Member(pointer)) => json!(pointer),
        };
        hash(&json!([endpoint, method, path, cost, by]).to_string())
    }
}

impl AppliesTo {
    fn names(&self, call: &CallTraits<'_>) -> bool {
        let path = call.path.split(['?', '#']).next().unwrap_or_default();
        self.endpoint
            .as_deref()
            .is_none_or(|endpoint| endpoint == call.endpoint.unwrap_or(BASE_URL))
            && self
                .method
                .as_deref()
                .is_none_or(|method| method.eq_ignore_ascii_case(call.method))
            && self
                .path
                .as_deref()
                .is_none_or(|pattern| matches(pattern.as_bytes(), path.as_bytes()))
    }
}

/// Whether a text is of a pattern in which `*` stands for any characters.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut read) = (0, 0);
    // Where to go on if what follows the last star does not fit.
    let mut again = None;
    while read < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                again = Some((at, read));
                at += 1;
            }
            Some(byte) if *byte == text[read] => {
                at += 1;
                read += 1;
            }
            _ => match again {
                Some((star, from)) => {
                    again = Some((star, from + 1));
                    at = star + 1;
                    read = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

impl Cost {
    fn of(&self, message: &Value) -> NonZeroU32 {
        let places = match self {
            Cost::Fixed(places) => return *places,
            Cost::Of(pointer) => match message.pointer(pointer) {
                Some(Value::Array(items)) => u32::try_from(items.len()).unwrap_or(u32::MAX),
                Some(Value::Number(number)) => rounded_up(number.as_f64().unwrap_or(1.0)),
                _ => 1,
            },
        };
        NonZeroU32::new(places).unwrap_or(NonZeroU32::MIN)
    }

    /// What a call takes of which nothing is known, out of `max`: never too little.
    pub(crate) fn at_most(&self, max: u64) -> u64 {
        match self {
            Cost::Fixed(places) => u64::from(places.get()).min(max),
            Cost::Of(_) => max,
        }
    }
}

/// The least whole number that is not below; a cast from a float saturates.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is out of range is the nearest that is in it"
)]
fn rounded_up(number: f64) -> u32 {
    number.ceil() as u32
}

impl By {
    fn key(&self, call: &CallTraits<'_>) -> Key {
        match self {
            By::MessageGroup => call.group.map_or(Key::NONE, Key::of_number),
            By::Member(pointer) => match call.message.pointer(pointer) {
                Some(Value::String(text)) => Key::of(text),
                Some(member @ (Value::Number(_) | Value::Bool(_))) => Key::of(&member.to_string()),
                _ => Key::NONE,
            },
        }
    }
}

impl Key {
    /// Of every call, where a limit is not kept by a key.
    pub const ALL: Key = Key(NonZeroU64::MIN);
    /// Of the calls that have no key: they share one limit.
    pub const NONE: Key = Key(NonZeroU64::MAX);

    /// The key of this text.
    pub fn of(text: &str) -> Key {
        Key::of_number(hash(text))
    }

    /// The key that has this number.
    pub fn of_number(number: u64) -> Key {
        // The numbers of the two constants are theirs alone.
        match number {
            0 | 1 => Key(NonZeroU64::MIN.saturating_add(number + 1)),
            u64::MAX => Key(NonZeroU64::MIN.saturating_add(3)),
            _ => Key(NonZeroU64::new(number).unwrap_or(NonZeroU64::MIN)),
        }
    }

    /// Its number.
    pub const fn number(self) -> u64 {
        self.0.get()
    }

    /// The key whose number was written down; none if no key has it.
    pub fn from_number(number: u64) -> Option<Key> {
        NonZeroU64::new(number).map(Key)
    }
}

/// FNV-1a with a last mix, so that every bit of the result depends on every byte. Written down: it must not change.
fn hash(text: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}

impl Charges {
    /// Nothing: a call that every tariff leaves out.
    pub const NOTHING: Charges = Charges([None; MAX_TARIFFS]);

    /// What these tariffs charge a call.
    pub fn of(tariffs: &[Tariff], call: &CallTraits<'_>) -> Charges {
        let mut charges = Charges::NOTHING;
        for (charge, tariff) in charges.0.iter_mut().zip(tariffs) {
            *charge = tariff.charge(call);
        }
        charges
    }

    /// The same, and this tariff charges so.
    #[must_use]
    pub fn with(mut self, tariff: usize, charge: Charge) -> Charges {
        self.0[tariff] = Some(charge);
        self
    }

    /// What one tariff charges.
    pub fn by(&self, tariff: usize) -> Option<Charge> {
        self.0.get(tariff).copied().flatten()
    }

    /// Whether every tariff leaves the call out.
    pub fn is_nothing(&self) -> bool {
        *self == Charges::NOTHING
    }

    /// The lines in which the call stands.
    pub fn lines(self) -> impl Iterator<Item = Line> {
        let charges = self.0.into_iter().enumerate();
        charges.filter_map(|(tariff, charge)| {
            let key = charge?.key;
            Some(Line { tariff, key })
        })
    }

    /// As a host keeps them.
    pub fn kept(&self, tariffs: &[Tariff]) -> Vec<KeptCharge> {
        let charges = tariffs.iter().zip(self.0);
        let kept = charges.filter_map(|(tariff, charge)| {
            Some(KeptCharge {
                tariff: tariff.fingerprint(),
                charge: charge?,
            })
        });
        kept.collect()
    }

    /// Those of the kept charges that are by one of these tariffs.
    pub fn recalled(kept: &[KeptCharge], tariffs: &[Tariff]) -> Charges {
        let mut charges = Charges::NOTHING;
        for (charge, tariff) in charges.0.iter_mut().zip(tariffs) {
            let fingerprint = tariff.fingerprint();
            let kept = kept.iter().find(|kept| kept.tariff == fingerprint);
            *charge = kept.map(|kept| kept.charge);
        }
        charges
    }
}

impl fmt::Display for Tariff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        let AppliesTo {
            endpoint,
            method,
            path,
        } = &self.applies_to;
        let route = [method, path].into_iter().flatten();
        let route: Vec<&str> = route.map(String::as_str).collect();
        if !route.is_empty() {
            parts.push(route.join(" "));
        }
        if let Some(endpoint) = endpoint {
            parts.push(format!("endpoint {endpoint}"));
        }
        match &self.cost {
            Cost::Fixed(places) if places.get() == 1 => {}
            Cost::Fixed(places) => parts.push(format!("{places} places a call")),
            Cost::Of(pointer) => parts.push(format!("places by {pointer}")),
        }
        match &self.by {
            None => {}
            Some(By::MessageGroup) => parts.push("each MessageGroupId".to_owned()),
            Some(By::Member(pointer)) => parts.push(format!("each {pointer}")),
        }
        f.write_str(&parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call<'a>(method: &'a str, path: &'a str, message: &'a Value) -> CallTraits<'a> {
        CallTraits {
            endpoint: None,
            method,
            path,
            group: None,
            message,
        }
    }

    fn on(path: &str) -> AppliesTo {
        AppliesTo {
            path: Some(path.to_owned()),
            ..AppliesTo::default()
        }
    }

    #[test]
    fn a_pattern_names_paths_and_a_query_is_no_part_of_one() {
        let names = |pattern: &str, path: &str| on(pattern).names(&call("GET", path, &Value::Null));
        assert!(names("/record/v1/*", "/record/v1/salesOrder/7?expand=true"));
        assert!(names("/record/*/7", "/record/v1/salesOrder/7"));
        assert!(names("*", "") && names("/a", "/a") && names("/a*", "/a"));
        assert!(names("*a*b*", "xxaxxbxx"));
        assert!(!names("/record/v1/*", "/record/v2/salesOrder"));
        assert!(!names("/a", "/ab") && !names("/a*c", "/ab") && !names("", "/"));
    }

    #[test]
    fn all_parts_must_name_the_call() {
        let merges = AppliesTo {
            endpoint: Some(BASE_URL.to_owned()),
            method: Some("POST".to_owned()),
            ..on("/merge")
        };
        let message = Value::Null;
        let post = call("post", "/merge", &message);
        assert!(merges.names(&post));
        assert!(!merges.names(&call("GET", "/merge", &message)));
        let elsewhere = CallTraits {
            endpoint: Some("restlets"),
            ..post
        };
        assert!(!merges.names(&elsewhere));
    }

    #[test]
    fn a_cost_is_a_number_of_the_message_or_the_length_of_a_list_and_never_less_than_one() {
        let cost = |message: Value| Cost::Of("/Cost".to_owned()).of(&message).get();
        assert_eq!(cost(json!({ "Cost": 7 })), 7);
        assert_eq!(cost(json!({ "Cost": 2.1 })), 3);
        assert_eq!(cost(json!({ "Cost": [1, 2, 3, 4] })), 4);
        assert_eq!(cost(json!({})), 1);
        for least in [json!(0), json!(-3), json!([]), json!("9"), Value::Null] {
            assert_eq!(cost(json!({ "Cost": least })), 1);
        }
        assert_eq!(cost(json!({ "Cost": 1e300 })), u32::MAX);
    }

    #[test]
    fn calls_with_the_same_key_have_the_same_limit_and_those_without_one_share_theirs() {
        let by = By::Member("/RequestBody/customer".to_owned());
        let key = |customer: Value| {
            let message = json!({ "RequestBody": { "customer": customer } });
            by.key(&call("GET", "/", &message))
        };
        assert_eq!(key(json!("77")), key(json!(77)));
        assert_ne!(key(json!("77")), key(json!("78")));
        assert_eq!(key(Value::Null), Key::NONE);
        assert_eq!(key(json!({ "id": 7 })), Key::NONE);
        let special = [0, 1, 2, u64::MAX, u64::MAX - 1].map(Key::of_number);
        assert!(!special.contains(&Key::ALL) && !special.contains(&Key::NONE));
    }

    #[test]
    fn kept_charges_are_known_again_by_their_tariff() {
        let tenant = Tariff {
            by: Some(By::MessageGroup),
            ..Tariff::default()
        };
        let route = Tariff {
            applies_to: on("/a"),
            ..Tariff::default()
        };
        let charge = Charge {
            key: Key::of("acme"),
            cost: NonZeroU32::MIN,
        };
        let before = [route.clone(), tenant.clone()];
        let kept = Charges::NOTHING.with(1, charge).kept(&before);
        let now = Charges::recalled(&kept, &[tenant]);
        assert_eq!(now, Charges::NOTHING.with(0, charge));
        assert!(Charges::recalled(&kept, &[route]).is_nothing());
    }
}
