//! Reading the text of a path.

use super::filter::{self, Filter};
use super::{Path, PathError, Root, Slice, Step};

/// A place in a text that is being read. Shared by paths, filters and intrinsic functions.
#[derive(Debug)]
pub(crate) struct Cursor<'t> {
    text: &'t str,
    at: usize,
    /// A filter is being read. One inside it is refused before it is read: it would make the cost of
    /// a path grow with every level, and the reading itself go as deep as the text is long.
    in_filter: bool,
}

impl<'t> Cursor<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self {
            text,
            at: 0,
            in_filter: false,
        }
    }

    pub(crate) fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    pub(crate) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(crate) fn next(&mut self) -> Option<char> {
        let char = self.peek()?;
        self.at += char.len_utf8();
        Some(char)
    }

    pub(crate) fn take(&mut self, prefix: &str) -> bool {
        let found = self.rest().starts_with(prefix);
        if found {
            self.at += prefix.len();
        }
        found
    }

    pub(crate) fn take_while(&mut self, keep: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|char| !keep(char)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    pub(crate) fn skip_spaces(&mut self) {
        self.take_while(char::is_whitespace);
    }

    pub(crate) fn is_done(&self) -> bool {
        self.at == self.text.len()
    }

    /// The text from `start` up to here.
    pub(crate) fn since(&self, start: usize) -> &'t str {
        &self.text[start..self.at]
    }

    pub(crate) fn position(&self) -> usize {
        self.at
    }

    pub(crate) fn fault(&self, reason: &'static str) -> PathError {
        PathError {
            reason,
            position: self.text[..self.at].chars().count() + 1,
        }
    }
}

/// Reads a whole text as one path.
pub(super) fn path(text: &str) -> Result<Path, PathError> {
    let mut cursor = Cursor::new(text);
    let path = path_prefix(&mut cursor)?;
    if cursor.is_done() {
        Ok(path)
    } else {
        Err(cursor.fault("unexpected text"))
    }
}

/// Reads the path that a longer text goes on with.
pub(crate) fn path_prefix(cursor: &mut Cursor<'_>) -> Result<Path, PathError> {
    let start = cursor.position();
    if !cursor.take("$") {
        return Err(cursor.fault("a path starts with '$'"));
    }
    let root = if cursor.take("$") {
        Root::Context
    } else {
        match cursor.take_while(|char| char == '_' || char.is_alphanumeric()) {
            "" => Root::Input,
            name => Root::Variable(name.to_owned()),
        }
    };
    let steps = steps(cursor)?;
    Ok(Path {
        text: cursor.since(start).to_owned(),
        root,
        steps,
    })
}

/// Reads steps until something follows that is none.
pub(super) fn steps(cursor: &mut Cursor<'_>) -> Result<Vec<Step>, PathError> {
    let mut steps = Vec::new();
    loop {
        if cursor.take("..") {
            steps.push(Step::Descendants);
            if cursor.peek() == Some('[') {
                cursor.next();
                steps.push(bracket(cursor)?);
            } else {
                steps.push(dotted(cursor)?);
            }
        } else if cursor.take(".") {
            steps.push(dotted(cursor)?);
        } else if cursor.take("[") {
            steps.push(bracket(cursor)?);
        } else {
            return Ok(steps);
        }
    }
}

fn dotted(cursor: &mut Cursor<'_>) -> Result<Step, PathError> {
    if cursor.take("*") {
        return Ok(Step::Wildcard);
    }
    let name = cursor.take_while(is_name_char);
    if name.is_empty() {
        return Err(cursor.fault("a name is missing"));
    }
    if cursor.peek() == Some('(') {
        return Err(cursor.fault("functions of JSONPath are not supported"));
    }
    Ok(Step::Child(name.to_owned()))
}

/// What a name may hold without quotes: all but what has a meaning of its own in a path, a filter
/// or the arguments of an intrinsic function.
fn is_name_char(char: char) -> bool {
    !(char.is_whitespace() || char.is_control() || "!\"&'()*,.<=>?[]|".contains(char))
}

fn bracket(cursor: &mut Cursor<'_>) -> Result<Step, PathError> {
    cursor.skip_spaces();
    let step = match cursor.peek() {
        Some('*') => {
            cursor.next();
            Step::Wildcard
        }
        Some('?') => {
            cursor.next();
            Step::Filter(filter_in_parentheses(cursor)?)
        }
        Some('\'' | '"') => names(cursor)?,
        _ => numbers(cursor)?,
    };
    cursor.skip_spaces();
    if cursor.take("]") {
        Ok(step)
    } else {
        Err(cursor.fault("']' is missing"))
    }
}

fn filter_in_parentheses(cursor: &mut Cursor<'_>) -> Result<Filter, PathError> {
    if cursor.in_filter {
        return Err(cursor.fault("a filter cannot hold another filter"));
    }
    cursor.skip_spaces();
    if !cursor.take("(") {
        return Err(cursor.fault("'(' is missing"));
    }
    cursor.in_filter = true;
    let filter = filter::parse(cursor)?;
    cursor.in_filter = false;
    cursor.skip_spaces();
    if cursor.take(")") {
        Ok(filter)
    } else {
        Err(cursor.fault("')' is missing"))
    }
}

fn names(cursor: &mut Cursor<'_>) -> Result<Step, PathError> {
    let mut names = vec![quoted(cursor)?];
    loop {
        cursor.skip_spaces();
        if !cursor.take(",") {
            break;
        }
        cursor.skip_spaces();
        names.push(quoted(cursor)?);
    }
    Ok(if names.len() == 1 {
        Step::Child(names.remove(0))
    } else {
        Step::Children(names)
    })
}

/// Reads a quoted name. A backslash stands for itself, as AWS's recordings of escaped names show,
/// unless the quote that encloses the name follows it.
pub(super) fn quoted(cursor: &mut Cursor<'_>) -> Result<String, PathError> {
    let Some(quote @ ('\'' | '"')) = cursor.next() else {
        return Err(cursor.fault("a quoted name is missing"));
    };
    let mut name = String::new();
    loop {
        match cursor.next() {
            None => return Err(cursor.fault("the quote is not closed")),
            Some('\\') if cursor.peek() == Some(quote) => {
                cursor.next();
                name.push(quote);
            }
            Some(char) if char == quote => return Ok(name),
            Some(char) => name.push(char),
        }
    }
}

fn numbers(cursor: &mut Cursor<'_>) -> Result<Step, PathError> {
    let first = number(cursor)?;
    cursor.skip_spaces();
    if cursor.take(":") {
        return slice(cursor, first);
    }
    let mut indices = vec![first.ok_or_else(|| cursor.fault("an index is missing"))?];
    while cursor.take(",") {
        cursor.skip_spaces();
        indices.push(number(cursor)?.ok_or_else(|| cursor.fault("an index is missing"))?);
        cursor.skip_spaces();
    }
    Ok(if indices.len() == 1 {
        Step::Index(indices[0])
    } else {
        Step::Indices(indices)
    })
}

fn slice(cursor: &mut Cursor<'_>, start: Option<i64>) -> Result<Step, PathError> {
    cursor.skip_spaces();
    let end = number(cursor)?;
    cursor.skip_spaces();
    let step = if cursor.take(":") {
        number(cursor)?.unwrap_or(1)
    } else {
        1
    };
    if step < 1 {
        return Err(cursor.fault("the step of a slice is at least 1"));
    }
    Ok(Step::Slice(Slice { start, end, step }))
}

fn number(cursor: &mut Cursor<'_>) -> Result<Option<i64>, PathError> {
    let start = cursor.position();
    cursor.take("-");
    cursor.take_while(|char| char.is_ascii_digit());
    let digits = cursor.since(start);
    if digits.is_empty() {
        return Ok(None);
    }
    digits
        .parse()
        .map(Some)
        .map_err(|_| cursor.fault("the index is no number"))
}
