//! What the reading of one file shares: its context and the problems found so far.

use std::cell::RefCell;
use std::ops::RangeInclusive;

use super::reference::ReferenceContext;
use super::tree::{Node, Value};
use crate::problem::{Code, Problem, SourceLocation};

/// What the reading of a whole file shares.
pub(crate) struct Reading<'a> {
    pub(crate) file: String,
    pub(crate) context: ReferenceContext<'a>,
    pub(crate) problems: RefCell<Vec<Problem>>,
}

impl Reading<'_> {
    /// Notes a problem of the configuration file.
    pub(crate) fn note(&self, problem: Problem) {
        let file = if problem.file.is_empty() {
            self.file.clone()
        } else {
            problem.file.clone()
        };
        self.problems.borrow_mut().push(problem.file(file));
    }

    pub(crate) fn wrong_type(
        &self,
        key: &str,
        expected: &str,
        value: &Value,
        location: &SourceLocation,
    ) {
        self.note(
            Problem::new(Code::WrongType, format!("`{key}` must be {expected}"))
                .at(location)
                .label(format!("this is {}", value.kind())),
        );
    }

    /// A whole number within a range; a number outside it is a problem with the given code.
    pub(crate) fn count(
        &self,
        key: &str,
        node: &Node,
        served: RangeInclusive<u64>,
        code: Code,
    ) -> Option<u64> {
        let location = SourceLocation::from(&node.span);
        let Value::Integer(number) = node.value else {
            self.wrong_type(key, "a whole number", &node.value, &location);
            return None;
        };
        if let Some(number) = u64::try_from(number)
            .ok()
            .filter(|number| served.contains(number))
        {
            return Some(number);
        }
        let (least, most) = (served.start(), served.end());
        self.note(
            Problem::new(code, format!("`{key}` must be from {least} to {most}")).at(&location),
        );
        None
    }
}
