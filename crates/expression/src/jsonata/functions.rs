//! The functions that AWS adds to JSONata for the Amazon States Language: `$partition`, `$range`,
//! `$hash`, `$random`, `$uuid` and `$parse`. `$eval` is refused, as AWS does. Randomness comes from one
//! seed, so that an evaluation can be repeated.
//!
//! Source: "Transforming data with JSONata in Step Functions" of AWS's developer guide.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use base64::alphabet;
use base64::engine::{DecodePaddingMode, Engine as _, GeneralPurpose, GeneralPurposeConfig};
use jlens_core::{Bindings, Error, HostFunction};
use serde_json::{Number, Value};

use super::limits::Limits;
use crate::intrinsic;
use crate::java_random::JavaRandom;

/// The code of an error about which AWS says nothing but a reference number.
pub(super) const INTERNAL: &str = "INTERNAL";

type Arguments<'a> = &'a [Option<Value>];
type FunctionResult = Result<Option<Value>, Error>;

/// The functions that need no randomness.
static STEADY: LazyLock<Bindings> = LazyLock::new(|| {
    Bindings::new()
        .function("partition", signed("<an:a>", partition))
        .function("range", signed("<nnn:a>", range))
        .function("hash", signed("<ss:s>", hash))
        .function("base64decode", signed("<s-:s>", base64_decode))
        .function("parse", signed("<s:x>", parse))
        .function("eval", HostFunction::new(1, |_, _| refused()))
});

/// AWS's functions; those with randomness start from the seed and exist only if there is one.
pub(super) fn bindings(seed: Option<u64>) -> Bindings {
    let Some(seed) = seed else {
        return STEADY.clone();
    };
    let dice = Arc::new(Dice(AtomicU64::new(seed)));
    let for_uuid = Arc::clone(&dice);
    STEADY
        .clone()
        .function(
            "random",
            HostFunction::new(0, move |arguments, _| random(arguments, &dice)).without_input(),
        )
        .function(
            "uuid",
            HostFunction::new(0, move |_, _| {
                let (high, low) = (for_uuid.roll(), for_uuid.roll());
                Ok(Some(Value::String(intrinsic::uuid(high, low))))
            })
            .without_input(),
        )
}

/// Whether this is the name of one of AWS's functions.
pub(super) fn is_one(name: &str) -> bool {
    STEADY.get_function(name).is_some() || ["random", "uuid"].contains(&name)
}

/// `$base64decode`, because the engine's own accepts what is not base64. Characters are bytes, as in the
/// reference implementation.
fn base64_decode(arguments: Arguments<'_>) -> FunctionResult {
    let Some(Some(Value::String(text))) = arguments.first() else {
        return Ok(None);
    };
    let padded = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let bytes = padded.decode(text).map_err(|_| Error::new(INTERNAL))?;
    Ok(Some(Value::String(
        bytes.into_iter().map(char::from).collect(),
    )))
}

/// Whether an expression may ask for randomness. A name inside a text counts too: that costs a few
/// random bits and nothing else.
pub(super) fn may_roll(source: &str) -> bool {
    ["random", "uuid", "shuffle"]
        .iter()
        .any(|name| source.contains(name))
}

fn signed(signature: &str, function: fn(Arguments<'_>) -> FunctionResult) -> HostFunction {
    HostFunction::with_signature(signature, move |arguments, _| function(arguments))
        .expect("the signatures here are sound")
        .without_input()
}

/// An argument of the right type with a value that makes no sense.
fn unfit(function: &str, index: u32) -> Error {
    Error::new("T0410")
        .with("index", index)
        .with("token", function)
}

fn refused() -> FunctionResult {
    Err(Error::new("U1001").with(
        "message",
        "The function $eval is not supported in a state machine: parse JSON with $parse",
    ))
}

fn partition(arguments: Arguments<'_>) -> FunctionResult {
    let [Some(Value::Array(items)), Some(size), ..] = arguments else {
        return Ok(None);
    };
    let size = size
        .as_f64()
        .map(|size| (size + 0.5).floor())
        .filter(|size| *size >= 1.0)
        .ok_or_else(|| unfit("partition", 2))?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast of a double from 1 upwards ends at the largest integer"
    )]
    let size = size as usize;
    let chunks = items.chunks(size).map(|chunk| Value::Array(chunk.to_vec()));
    Ok(Some(Value::Array(chunks.collect())))
}

/// The numbers from the first to the last argument in steps of the third, the end included.
fn range(arguments: Arguments<'_>) -> FunctionResult {
    let numbers: Vec<f64> = arguments
        .iter()
        .map_while(|argument| argument.as_ref().and_then(Value::as_f64))
        .collect();
    let &[first, last, step] = numbers.as_slice() else {
        return Ok(None);
    };
    if step == 0.0 {
        return Err(unfit("range", 3));
    }
    let steps = ((last - first) / step).floor();
    #[expect(
        clippy::cast_precision_loss,
        reason = "the limit is far below the exact integers"
    )]
    let most = Limits::STATE.array_items as f64;
    if steps >= most {
        let message = format!("A range may have {most} items");
        return Err(Error::new("U1001").with("message", message));
    }
    let mut items = Vec::new();
    let mut index = 0.0;
    while index <= steps {
        items.extend(number(first + index * step));
        index += 1.0;
    }
    Ok(Some(Value::Array(items)))
}

/// A number as JSON, written as an integer if it is one.
fn number(value: f64) -> Option<Value> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked in the same line"
    )]
    if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
        Some(Value::from(value as i64))
    } else {
        Number::from_f64(value).map(Value::Number)
    }
}

fn hash(arguments: Arguments<'_>) -> FunctionResult {
    let [
        Some(Value::String(content)),
        Some(Value::String(algorithm)),
        ..,
    ] = arguments
    else {
        return Ok(None);
    };
    intrinsic::digest(content, algorithm)
        .map(|digest| Some(Value::String(digest)))
        .ok_or_else(|| unfit("hash", 2))
}

fn parse(arguments: Arguments<'_>) -> FunctionResult {
    let Some(Some(Value::String(text))) = arguments.first() else {
        return Ok(None);
    };
    serde_json::from_str(text).map(Some).map_err(|error| {
        let message = format!("The argument of $parse is not JSON: {error}");
        Error::new("U1001").with("message", message)
    })
}

/// `$random()` or `$random(seed)`: from 0 up to but not including 1. The same seed gives the same
/// number.
fn random(arguments: Arguments<'_>, dice: &Dice) -> FunctionResult {
    let bits = match arguments.first() {
        Some(Some(Value::Number(seed))) => {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "as Java casts: to the nearest integer that there is"
            )]
            let seed = seed.as_f64().unwrap_or_default() as i64;
            return Ok(number(JavaRandom::of(seed).next_double()));
        }
        Some(Some(_)) => return Err(unfit("random", 1)),
        _ => dice.roll(),
    };
    // The upper 53 bits, as many as a double holds.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact in a double")]
    let share = (bits >> 11) as f64 / 9_007_199_254_740_992.0;
    Ok(number(share))
}

/// SplitMix64 (Steele, Lea and Flood, 2014). An atomic only because the engine requires functions that
/// can be shared between threads; each evaluation has its own.
struct Dice(AtomicU64);

impl Dice {
    fn roll(&self) -> u64 {
        let gamma = 0x9E37_79B9_7F4A_7C15_u64;
        let mut bits = self
            .0
            .fetch_add(gamma, Ordering::Relaxed)
            .wrapping_add(gamma);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }
}
