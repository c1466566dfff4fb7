//! Guards before the built-in functions whose cost the engine does not bound: `$replace` builds its result without a limit,
//! and `$replace`, `$match` and `$split` count through the whole text for each match of a regular expression that needs
//! backtracking; `$distinct` compares each item with each. A guard is a function with the same name and signature, put
//! around the expression, that calls [`bind`]'s `$afford` before the built-in one.

use jlens_core::{Bindings, Error, HostFunction};
use serde_json::Value;

use super::limits::Limits;

/// The name of the function that refuses. No variable of a state machine begins like this.
const AFFORD: &str = "_rampmeter_afford";

/// `function($name){...}($name)` makes the built-in function visible to the guard under its own name,
/// which error messages repeat. The result of a replacing function passes through `&` so that the
/// weigher sees it. A regular expression goes to the function of [`super::search`].
const REPLACE: &str = "$replace := (function($replace){function($s, $p, $r, $l)<s-(sf)(sf)n?:s>{\
    $type($p) = 'function' and $_rampmeter_is_pattern($p) ? $_rampmeter_replace($s, $p, $r, $l) : (\
    $AFFORD($s, $p, $r); \
    $replace($s, $p, $type($r) = 'function' \
    ? function($m){($v := $r($m); $type($v) = 'string' ? $v & '' : $v)} : $r, $l))}})($replace); ";
const MATCH: &str = "$match := (function($match){function($s, $p, $l)<s-f<s:o>n?:a<o>>{\
    $_rampmeter_is_pattern($p) ? $_rampmeter_match($s, $p, $l) : (\
    $AFFORD($s, $p, ''); $match($s, $p, $l))}})($match); ";
const SPLIT: &str = "$split := (function($split){function($s, $p, $l)<s-(sf)n?:a<s>>{\
    $type($p) = 'function' and $_rampmeter_is_pattern($p) ? $_rampmeter_split($s, $p, $l) : (\
    $AFFORD($s, $p, ''); $split($s, $p, $l))}})($split); ";

/// Many items may reduce to one, which only the built-in function can tell from an array of one.
const DISTINCT: &str = "$distinct := (function($distinct){function($a)<x:x>{\
    $count($a) > 500 ? (($d := $_rampmeter_distinct($a); $count($d) > 1 ? $d : $distinct($a))) \
    : $distinct($a)}})($distinct); ";

/// The expression with the guards that it needs; none if it needs none.
pub(super) fn around(source: &str, mentions: impl Fn(&str) -> bool) -> Option<String> {
    let all = [
        ("replace", REPLACE),
        ("match", MATCH),
        ("split", SPLIT),
        ("distinct", DISTINCT),
    ];
    let guards: String = all
        .iter()
        .filter(|(name, _)| mentions(name))
        .map(|(_, guard)| guard.replace("AFFORD", AFFORD))
        .collect();
    // The line break ends nothing in JSONata, but keeps the two apart for whoever reads them.
    (!guards.is_empty()).then(|| format!("({guards}\n({source}))"))
}

/// `bindings` with the function that refuses what costs too much.
pub(super) fn bind(bindings: Bindings, limits: Limits) -> Bindings {
    let afford = move |arguments: &[Option<Value>], _: &jlens_core::HostCall<'_>| {
        let text = |index: usize| {
            let argument = arguments.get(index).and_then(Option::as_ref);
            argument.and_then(Value::as_str)
        };
        check(text(0).unwrap_or_default(), text(1), text(2), limits)?;
        Ok(Some(Value::Bool(true)))
    };
    bindings.function(AFFORD, HostFunction::new(3, afford).without_input())
}

/// Whether a search is affordable. A missing pattern means a regular expression, a missing
/// replacement a function.
fn check(
    text: &str,
    pattern: Option<&str>,
    replacement: Option<&str>,
    limits: Limits,
) -> Result<(), Error> {
    let matches = match pattern {
        Some("") => 0,
        Some(pattern) => text.matches(pattern).count(),
        None if text.len() > Limits::BACKTRACKED_BYTES => {
            let most = Limits::BACKTRACKED_BYTES;
            return refuse(format!(
                "A text that is searched with a regular expression with lookaround or a back reference may have \
                 {most} bytes"
            ));
        }
        None => text.len(),
    };
    let inserted = replacement.map_or(0, str::len).saturating_mul(matches);
    let most = if pattern.is_some() {
        limits.string_bytes
    } else {
        // Each byte is counted as a match here, which few texts have.
        limits.string_bytes.saturating_mul(8)
    };
    if inserted > most {
        return refuse(format!("The result of $replace may have {most} bytes"));
    }
    Ok(())
}

fn refuse(message: String) -> Result<(), Error> {
    Err(Error::new("U1001").with("message", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guards_are_sound_jsonata() {
        for name in ["replace", "match", "split", "distinct"] {
            let text = around("1", |other| other == name).unwrap();
            jlens_core::Expression::compile(&text).unwrap();
        }
        assert_eq!(around("1", |_| false), None);
    }

    #[test]
    fn what_a_replacement_would_build_is_known_before_it_is_built() {
        let long = "x".repeat(60_000);
        let limits = Limits::STATE;
        assert!(check(&long, Some("x"), Some("yyyy"), limits).is_ok());
        assert!(check(&long, Some("x"), Some(&long), limits).is_err());
        assert!(check(&long, Some("xx"), Some(&long), limits).is_err());
        assert!(check(&long, Some("y"), Some(&long), limits).is_ok());
        assert!(check("short", None, Some("yyyy"), limits).is_ok());
        assert!(check(&long[..16_000], None, Some(&long), limits).is_err());
        assert!(check(&"x".repeat(70_000), None, None, limits).is_err());
    }
}
