//! The rule for the names of state machines, executions and activities.

use crate::model::rejected::Rejected;

/// AWS's limit for names, in characters.
const MAX_NAME_CHARS: usize = 80;

/// AWS's rule for names: 1 to 80 characters, no white space, control characters, brackets or special characters.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>
pub fn check_name(name: &str) -> Result<&str, Rejected> {
    let allowed = |character: char| {
        !character.is_whitespace()
            && !character.is_control()
            && !"<>{}[]?*\"#%\\^|~`$&,;:/".contains(character)
    };
    let length = name.chars().count();
    if (1..=MAX_NAME_CHARS).contains(&length) && name.chars().all(allowed) {
        Ok(name)
    } else {
        Err(Rejected::InvalidName(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_follows_the_rules_of_aws() {
        for good in [
            "SO-1042",
            "a",
            "order_7.retry+1@x=y!",
            "Überweisung",
            &"n".repeat(80),
        ] {
            assert_eq!(check_name(good), Ok(good));
        }
        for bad in [
            "",
            "a b",
            "a/b",
            "a:b",
            "a\u{7}",
            "<a>",
            "a*",
            &"n".repeat(81),
        ] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }
}
