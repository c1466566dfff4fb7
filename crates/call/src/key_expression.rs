//! Whether an idempotency key, as a definition computes it, can be the same for two different calls, or differ between
//! attempts of one. The expression is read as text, in either query language: which parts of the context object it is made
//! of, and whether any data. Data is assumed to tell calls apart. Pure.

use std::fmt;

/// Where the state that computes a key is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyScope {
    /// How many nested inline Map states it is in, within the same execution.
    pub maps: usize,
    /// One execution can enter it again.
    pub in_loop: bool,
}

/// Why a key does not name one entry into its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFault {
    /// It contains nothing that changes.
    Constant,
    /// It contains nothing of the execution.
    SameForExecutions,
    /// It contains nothing of the item.
    SameForItems,
    /// It contains only the index of the inner item.
    SameForOuterItems,
    /// It contains no time.
    SameForPasses,
    /// It changes from one attempt to the next.
    OtherForAttempts,
}

impl KeyFault {
    /// Whether two different calls can carry the same key: the vendor would take the second for a retry, and it would be
    /// lost.
    #[must_use]
    pub fn collides(self) -> bool {
        self != KeyFault::OtherForAttempts
    }
}

impl fmt::Display for KeyFault {
    /// What follows "the IdempotencyKey".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeyFault::Constant => "is the same for every call",
            KeyFault::SameForExecutions => "can be the same for two executions",
            KeyFault::SameForItems => "is the same for every item of the Map",
            KeyFault::SameForOuterItems => {
                "is the same for items of the outer Map: Map.Item.Index is that of the inner one"
            }
            KeyFault::SameForPasses => "is the same for every pass through the loop",
            KeyFault::OtherForAttempts => "differs between the attempts of one call",
        })
    }
}

/// What a key is made of.
#[derive(Debug, Default)]
struct Parts {
    execution: bool,
    time: bool,
    index: bool,
    attempt: bool,
    /// Data, or a number that never comes again.
    data: bool,
}

/// The fault of a key that is computed by this expression in this scope, if it has one.
#[must_use]
pub fn key_fault(expression: &str, scope: KeyScope) -> Option<KeyFault> {
    let parts = Parts::of(expression);
    if parts.attempt {
        return Some(KeyFault::OtherForAttempts);
    }
    if parts.data {
        return None;
    }
    if !parts.execution {
        let nothing = !parts.time && !parts.index;
        return Some(if nothing {
            KeyFault::Constant
        } else {
            KeyFault::SameForExecutions
        });
    }
    if scope.maps > 0 && !parts.index {
        return Some(KeyFault::SameForItems);
    }
    if scope.maps > 1 {
        return Some(KeyFault::SameForOuterItems);
    }
    (scope.in_loop && !parts.time).then_some(KeyFault::SameForPasses)
}

impl Parts {
    fn of(expression: &str) -> Parts {
        let expression = expression.replace("$states.context.", "$$.");
        let mut parts = Parts {
            data: expression.contains("States.UUID("),
            ..Parts::default()
        };
        let mut rest = expression.as_str();
        while let Some(at) = rest.find('$') {
            let reference = &rest[at..];
            let (path, is_context) = match reference.strip_prefix("$$.") {
                Some(path) => (path, true),
                None => (&reference[1..], false),
            };
            let end = path
                .find(|c: char| !c.is_alphanumeric() && !matches!(c, '.' | '_'))
                .unwrap_or(path.len());
            let (path, after) = path.split_at(end);
            if is_context {
                parts.add_context(path);
            } else {
                parts.add(path, after.starts_with('('));
            }
            rest = after;
        }
        parts
    }

    /// A part of the context object.
    fn add_context(&mut self, path: &str) {
        match path {
            "Execution.Id" | "Execution.Name" => self.execution = true,
            "State.EnteredTime" => self.time = true,
            "Map.Item.Index" | "Map.Item.Key" => self.index = true,
            "Task.Token" | "State.RetryCount" => self.attempt = true,
            path if path.starts_with("Execution.Input") || path.starts_with("Map.Item.Value") => {
                self.data = true;
            }
            _ => {}
        }
    }

    /// A path, a variable or a function of JSONata.
    fn add(&mut self, name: &str, is_function: bool) {
        match name {
            "now" | "millis" if is_function => self.time = true,
            "uuid" | "random" if is_function => self.data = true,
            _ if is_function => {}
            _ => self.data = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONCE: KeyScope = KeyScope {
        maps: 0,
        in_loop: false,
    };
    const MAP: KeyScope = KeyScope { maps: 1, ..ONCE };
    const NESTED: KeyScope = KeyScope { maps: 2, ..ONCE };
    const LOOP: KeyScope = KeyScope {
        in_loop: true,
        ..ONCE
    };

    #[test]
    fn an_entry_is_named_by_its_execution_its_time_and_its_item() {
        let json_path = "States.Format('{}/{}', $$.Execution.Id, $$.State.EnteredTime)";
        let jsonata =
            "{% $states.context.Execution.Id & $string($states.context.State.EnteredTime) %}";
        for entry in [json_path, jsonata] {
            assert_eq!(key_fault(entry, ONCE), None);
            assert_eq!(key_fault(entry, LOOP), None);
            assert_eq!(key_fault(entry, MAP), Some(KeyFault::SameForItems));
        }
        let item = "States.Format('{}/{}', $$.Execution.Id, $$.Map.Item.Index)";
        assert_eq!(key_fault(item, MAP), None);
        assert_eq!(key_fault(item, NESTED), Some(KeyFault::SameForOuterItems));
        let looped = KeyScope {
            in_loop: true,
            ..MAP
        };
        assert_eq!(key_fault(item, looped), Some(KeyFault::SameForPasses));
    }

    #[test]
    fn data_and_random_numbers_tell_calls_apart() {
        for expression in [
            "States.Format('{}/{}', $$.Execution.Id, $.order)",
            "States.UUID()",
            "{% $states.context.Execution.Id & $states.input.order %}",
            "{% $uuid() %}",
            "$$.Map.Item.Value.id",
            "$$.Execution.Input.orderNumber",
            "$order",
            "$",
        ] {
            for scope in [ONCE, MAP, NESTED, LOOP] {
                assert_eq!(key_fault(expression, scope), None, "{expression}");
            }
        }
    }

    #[test]
    fn a_key_without_its_execution_or_its_pass_collides() {
        for (expression, scope, fault) in [
            ("$$.Execution.Id", ONCE, None),
            ("$$.Execution.Id", LOOP, Some(KeyFault::SameForPasses)),
            ("$$.Execution.Name", MAP, Some(KeyFault::SameForItems)),
            (
                "$$.State.EnteredTime",
                ONCE,
                Some(KeyFault::SameForExecutions),
            ),
            ("$$.Map.Item.Index", MAP, Some(KeyFault::SameForExecutions)),
            (
                "{% $string($now()) %}",
                ONCE,
                Some(KeyFault::SameForExecutions),
            ),
            ("$$.StateMachine.Id", ONCE, Some(KeyFault::Constant)),
            (
                "States.Format('{}', $$.State.Name)",
                ONCE,
                Some(KeyFault::Constant),
            ),
            ("{% 'order' %}", ONCE, Some(KeyFault::Constant)),
            ("$$.Task.Token", ONCE, Some(KeyFault::OtherForAttempts)),
        ] {
            assert_eq!(key_fault(expression, scope), fault, "{expression}");
        }
        assert!(KeyFault::Constant.collides() && !KeyFault::OtherForAttempts.collides());
    }
}
