//! The constraints that AWS checks before an operation begins, with its texts. They are collected, because AWS reports
//! all failures in one ValidationException. What needs the engine to decide (does this exist, are these characters
//! allowed) is not here.

use std::fmt::Display;
use std::ops::RangeInclusive;

use crate::protocol::error::WireError;

/// How much of a value an error repeats, in characters: more than the longest that AWS's models allow and show.
const MAX_SHOWN_CHARS: usize = 4_096;

/// The failed constraints of one request.
#[derive(Debug, Default)]
pub(crate) struct Constraints {
    failed: Vec<String>,
}

impl Constraints {
    /// Nothing checked yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// `value` must be present and have a length, in characters, within `lengths`. Its text is shown when it fails.
    pub(crate) fn required(
        &mut self,
        member: &str,
        value: Option<&str>,
        lengths: RangeInclusive<usize>,
    ) {
        match value {
            None => self.fail(member, None, "Member must not be null"),
            Some(value) => self.length(member, value, &lengths, Shown::Yes),
        }
    }

    /// As `required`, for a value that AWS never shows: task tokens and payloads.
    pub(crate) fn required_secret(
        &mut self,
        member: &str,
        value: Option<&str>,
        lengths: RangeInclusive<usize>,
    ) {
        match value {
            None => self.fail(member, None, "Member must not be null"),
            Some(value) => self.length(member, value, &lengths, Shown::No),
        }
    }

    /// `value`, if present, must have a length, in characters, within `lengths`.
    pub(crate) fn optional(
        &mut self,
        member: &str,
        value: Option<&str>,
        lengths: RangeInclusive<usize>,
    ) {
        if let Some(value) = value {
            self.length(member, value, &lengths, Shown::Yes);
        }
    }

    /// As `optional`, for a value that AWS never shows.
    pub(crate) fn optional_secret(
        &mut self,
        member: &str,
        value: Option<&str>,
        lengths: RangeInclusive<usize>,
    ) {
        if let Some(value) = value {
            self.length(member, value, &lengths, Shown::No);
        }
    }

    /// `value` must be present; the caller checks everything else about it.
    pub(crate) fn present<T>(&mut self, member: &str, value: Option<&T>) {
        if value.is_none() {
            self.fail(member, None, "Member must not be null");
        }
    }

    /// `value`, if present, must be one of those that AWS's model names, in the order in which AWS writes them.
    pub(crate) fn one_of(&mut self, member: &str, value: Option<&str>, allowed: &[&str]) {
        if let Some(value) = value.filter(|value| !allowed.contains(value)) {
            let rule = format!(
                "Member must satisfy enum value set: [{}]",
                allowed.join(", ")
            );
            self.fail(member, Some(value), &rule);
        }
    }

    /// `value`, if present, must match AWS's `pattern`, which `matches` decides.
    pub(crate) fn pattern(
        &mut self,
        member: &str,
        value: Option<&str>,
        pattern: &str,
        matches: impl Fn(&str) -> bool,
    ) {
        if let Some(value) = value.filter(|value| !matches(value)) {
            let rule = format!("Member must satisfy regular expression pattern: {pattern}");
            self.fail(member, Some(value), &rule);
        }
    }

    /// `value`, if present, must be at least `least`.
    pub(crate) fn at_least<N: Copy + PartialOrd + Display>(
        &mut self,
        member: &str,
        value: Option<N>,
        least: N,
    ) {
        if let Some(value) = value.filter(|value| *value < least) {
            let rule = format!("Member must have value greater than or equal to {least}");
            self.fail(member, Some(&value.to_string()), &rule);
        }
    }

    /// `value`, if present, must be at most `most`.
    pub(crate) fn at_most<N: Copy + PartialOrd + Display>(
        &mut self,
        member: &str,
        value: Option<N>,
        most: N,
    ) {
        if let Some(value) = value.filter(|value| *value > most) {
            let rule = format!("Member must have value less than or equal to {most}");
            self.fail(member, Some(&value.to_string()), &rule);
        }
    }

    /// `maxResults`: 0 to 1,000, where 0 means the default of 100.
    pub(crate) fn max_results(&mut self, value: Option<i64>) -> Option<u32> {
        self.at_least("maxResults", value, 0);
        self.at_most("maxResults", value, 1_000);
        value.and_then(|value| u32::try_from(value).ok())
    }

    /// Reports a failed constraint.
    pub(crate) fn fail(&mut self, member: &str, value: Option<&str>, constraint: &str) {
        let value = value.map(|value| format!(" '{value}'")).unwrap_or_default();
        self.failed.push(format!(
            "Value{value} at '{member}' failed to satisfy constraint: {constraint}"
        ));
    }

    /// Returns AWS's ValidationException if any constraint failed.
    pub(crate) fn check(self) -> Result<(), WireError> {
        let count = self.failed.len();
        if count == 0 {
            return Ok(());
        }
        let errors = if count == 1 { "error" } else { "errors" };
        Err(WireError::new(
            "ValidationException",
            format!(
                "{count} validation {errors} detected: {}",
                self.failed.join("; ")
            ),
        ))
    }

    fn length(&mut self, member: &str, value: &str, lengths: &RangeInclusive<usize>, shown: Shown) {
        let length = value.chars().count();
        let rule = if length < *lengths.start() {
            format!(
                "Member must have length greater than or equal to {}",
                lengths.start()
            )
        } else if length > *lengths.end() {
            format!(
                "Member must have length less than or equal to {}",
                lengths.end()
            )
        } else {
            return;
        };
        let text = matches!(shown, Shown::Yes)
            .then(|| value.chars().take(MAX_SHOWN_CHARS).collect::<String>());
        self.fail(member, text.as_deref(), &rule);
    }
}

#[derive(Clone, Copy)]
enum Shown {
    Yes,
    No,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(constraints: Constraints) -> String {
        constraints
            .check()
            .expect_err("a constraint failed")
            .message
    }

    #[test]
    fn what_satisfies_its_constraints_passes() {
        let mut constraints = Constraints::new();
        constraints.required("stateMachineArn", Some("arn"), 1..=256);
        constraints.optional("name", Some(&"ä".repeat(80)), 1..=80);
        constraints.optional("name", None, 1..=80);
        assert_eq!(constraints.max_results(Some(1000)), Some(1000));
        assert_eq!(constraints.max_results(None), None);
        assert_eq!(constraints.check(), Ok(()));
    }

    #[test]
    fn one_failed_constraint_is_told_in_the_words_of_aws() {
        let mut constraints = Constraints::new();
        constraints.required("stateMachineArn", None, 1..=256);
        assert_eq!(
            message(constraints),
            "1 validation error detected: Value at 'stateMachineArn' failed to satisfy constraint: \
             Member must not be null"
        );
    }

    #[test]
    fn all_failed_constraints_are_told_at_once() {
        let mut constraints = Constraints::new();
        constraints.optional("name", Some(""), 1..=80);
        constraints.max_results(Some(1001));
        assert_eq!(
            message(constraints),
            "2 validation errors detected: Value '' at 'name' failed to satisfy constraint: Member must \
             have length greater than or equal to 1; Value '1001' at 'maxResults' failed to satisfy \
             constraint: Member must have value less than or equal to 1000"
        );
    }

    #[test]
    fn a_secret_value_is_never_shown() {
        let mut constraints = Constraints::new();
        constraints.required_secret("taskToken", Some(&"canary".repeat(400)), 1..=2048);
        assert!(!message(constraints).contains("canary"));
    }

    #[test]
    fn each_kind_of_constraint_has_its_words() {
        let failed = |check: fn(&mut Constraints)| {
            let mut constraints = Constraints::new();
            check(&mut constraints);
            message(constraints)
        };
        for (check, words) in [
            (
                (|it| it.one_of("level", Some("x"), &["ALL", "OFF"])) as fn(&mut Constraints),
                "Value 'x' at 'level' failed to satisfy constraint: Member must satisfy enum value set: [ALL, OFF]",
            ),
            (
                |it| it.pattern("token", Some(" "), "[!-~]+", |_| false),
                "Value ' ' at 'token' failed to satisfy constraint: Member must satisfy regular expression pattern: [!-~]+",
            ),
            (
                |it| it.at_least("share", Some(-0.5), 0.0),
                "Value '-0.5' at 'share' failed to satisfy constraint: Member must have value greater than or equal to 0",
            ),
            (
                |it| it.at_most("weight", Some(101), 100),
                "Value '101' at 'weight' failed to satisfy constraint: Member must have value less than or equal to 100",
            ),
            (
                |it| it.present::<i64>("tags", None),
                "Value at 'tags' failed to satisfy constraint: Member must not be null",
            ),
        ] {
            let told = failed(check);
            assert_eq!(told, format!("1 validation error detected: {words}"));
        }
    }
}
