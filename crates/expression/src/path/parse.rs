//! Reading the text of a path.

use serde_json::Value;

use super::filter::{self, Filter};
use super::function::{Function, Kind, Parameter};
use super::{Path, PathError, Root, Segment, Slice};

/// How deeply filters may nest in filters.
const FILTER_DEPTH_LIMIT: usize = 4;

/// A position in a text that is being read. Shared by paths, filters and intrinsic functions.
#[derive(Debug)]
pub(crate) struct Cursor<'t> {
    text: &'t str,
    at: usize,
    /// How many filters around this position are being read. It is bounded: each level multiplies the cost of a
    /// path, and reading itself would recurse as deep as the text is long.
    filters: usize,
}

impl<'t> Cursor<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self {
            text,
            at: 0,
            filters: 0,
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

    /// Advances by this many bytes, which were examined before.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.at += bytes;
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
    cursor.skip_spaces();
    let path = path_prefix(&mut cursor)?;
    cursor.skip_spaces();
    if cursor.is_done() {
        Ok(path)
    } else {
        Err(cursor.fault("the path ends here: write ['name'] for a name with blanks or signs"))
    }
}

/// Reads the path with which a longer text continues.
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
    let (steps, function) = walk(cursor)?;
    Ok(Path {
        text: cursor.since(start).to_owned(),
        root,
        steps,
        function,
    })
}

/// Reads steps until something else follows, and the function that they may end with.
pub(super) fn walk(cursor: &mut Cursor<'_>) -> Result<(Vec<Segment>, Option<Function>), PathError> {
    let mut steps = Vec::new();
    loop {
        if cursor.take("..") {
            steps.push(Segment::Descendants);
        } else if !cursor.take(".") {
            if !cursor.take("[") {
                return Ok((steps, None));
            }
            steps.push(bracket(cursor)?);
            continue;
        }
        // A bracket may follow the dot: `$.['a b']`, `$.[0]`, `$..[0]`.
        if cursor.take("[") {
            steps.push(bracket(cursor)?);
        } else if cursor.take("*") {
            steps.push(Segment::Wildcard);
        } else {
            let name = name(cursor);
            if name.is_empty() {
                return Err(
                    cursor.fault("a name is missing: write ['name'] for one with blanks or signs")
                );
            }
            if !cursor.take("(") {
                steps.push(Segment::Child(name));
                continue;
            }
            match called(cursor, &name)? {
                Called::Segment(step) => steps.push(step),
                Called::Function(function) => return Ok((steps, Some(function))),
            }
        }
    }
}

/// A name with parentheses.
enum Called {
    Segment(Segment),
    Function(Function),
}

/// Reads the call of a function after its opening parenthesis.
fn called(cursor: &mut Cursor<'_>, name: &str) -> Result<Called, PathError> {
    let parameters = parameters(cursor)?;
    let index = match (name, parameters.as_slice()) {
        ("first", []) => Some(0),
        ("last", []) => Some(-1),
        ("index", [Parameter::Literal(value)]) => value.as_i64(),
        _ => None,
    };
    if let Some(index) = index {
        return Ok(Called::Segment(Segment::Index(index)));
    }
    let kind = Kind::named(name).ok_or_else(|| {
        cursor.fault(
            "the functions of a path are length(), size(), keys(), min(), max(), avg(), stddev(), sum(), concat(), \
             append(), first(), last() and index(n)",
        )
    })?;
    Ok(Called::Function(Function { kind, parameters }))
}

fn parameters(cursor: &mut Cursor<'_>) -> Result<Vec<Parameter>, PathError> {
    let mut parameters = Vec::new();
    cursor.skip_spaces();
    while !cursor.take(")") {
        if !parameters.is_empty() && !cursor.take(",") {
            return Err(cursor.fault("',' or ')' is missing"));
        }
        cursor.skip_spaces();
        parameters.push(match cursor.peek() {
            Some('$') => {
                cursor.next();
                match walk(cursor)? {
                    (steps, None) => Parameter::Root(steps),
                    _ => return Err(cursor.fault("a parameter cannot call a function")),
                }
            }
            Some('\'' | '"') => Parameter::Literal(Value::String(quoted(cursor)?)),
            _ => {
                let word =
                    cursor.take_while(|char| char.is_ascii_alphanumeric() || "+-.".contains(char));
                let value = serde_json::from_str(word);
                Parameter::Literal(
                    value.map_err(|_| cursor.fault("a parameter is a path or a value"))?,
                )
            }
        });
        cursor.skip_spaces();
    }
    Ok(parameters)
}

/// Reads a name without quotes. A backslash removes the special meaning of the character after it, as in the examples
/// of the specification: `$.store\.book` is one name.
fn name(cursor: &mut Cursor<'_>) -> String {
    let mut name = String::new();
    while let Some(char) = cursor.peek() {
        // In a filter it means "and".
        let is_letter = char == '&' && cursor.filters == 0;
        if char == '\\' {
            cursor.next();
            name.push(cursor.next().unwrap_or('\\'));
        } else if is_letter || is_name_char(char) {
            cursor.next();
            name.push(char);
        } else {
            break;
        }
    }
    name
}

/// What a name may contain without quotes: everything except what has a meaning of its own in a
/// path, a filter or the arguments of an intrinsic function.
fn is_name_char(char: char) -> bool {
    !(char.is_whitespace() || char.is_control() || "!\"&'()*,.<=>?[]|".contains(char))
}

fn bracket(cursor: &mut Cursor<'_>) -> Result<Segment, PathError> {
    cursor.skip_spaces();
    let step = match cursor.peek() {
        Some('*') => {
            cursor.next();
            Segment::Wildcard
        }
        Some('?') => {
            cursor.next();
            Segment::Filter(filter_in_parentheses(cursor)?)
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
    if cursor.filters == FILTER_DEPTH_LIMIT {
        return Err(cursor.fault("filters stand in each other too deep"));
    }
    cursor.skip_spaces();
    if !cursor.take("(") {
        return Err(cursor.fault("'(' is missing: write [?(@.name == 'value')]"));
    }
    cursor.filters += 1;
    let filter = filter::parse(cursor)?;
    cursor.filters -= 1;
    cursor.skip_spaces();
    if cursor.take(")") {
        return Ok(filter);
    }
    let rest = cursor.rest();
    Err(cursor.fault(if rest.starts_with('=') {
        "write '==' for equal"
    } else if ["and", "or", "AND", "OR"]
        .iter()
        .any(|word| rest.starts_with(word))
    {
        "write '&&' for and, '||' for or"
    } else {
        "')' is missing: a text with blanks stands in quotes"
    }))
}

fn names(cursor: &mut Cursor<'_>) -> Result<Segment, PathError> {
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
        Segment::Child(names.remove(0))
    } else {
        Segment::Children(names)
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

fn numbers(cursor: &mut Cursor<'_>) -> Result<Segment, PathError> {
    let first = number(cursor)?;
    cursor.skip_spaces();
    if cursor.take(":") {
        return slice(cursor, first);
    }
    let Some(first) = first else {
        return Err(cursor.fault(match cursor.peek() {
            Some('(') => "there are no scripts: write [-1] for the last item",
            Some(char) if char == '@' || char.is_alphabetic() => {
                "write ['name'] for a name, [0] for the first item and [-1] for the last"
            }
            _ => "an index is missing: write [*] for all items",
        }));
    };
    let mut indices = vec![first];
    while cursor.take(",") {
        cursor.skip_spaces();
        indices.push(number(cursor)?.ok_or_else(|| cursor.fault("an index is missing"))?);
        cursor.skip_spaces();
    }
    Ok(if indices.len() == 1 {
        Segment::Index(indices[0])
    } else {
        Segment::Indices(indices)
    })
}

fn slice(cursor: &mut Cursor<'_>, start: Option<i64>) -> Result<Segment, PathError> {
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
    Ok(Segment::Slice(Slice { start, end, step }))
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
