//! Reading the text of a call. Text arguments are in single quotes; the escapes are `\'`, `\{`,
//! `\}` and `\\`, as the language defines them, and nothing else.

use serde_json::Value;

use super::{Argument, Call, Function};
use crate::path::{Cursor, PathError, path_prefix};

/// How deeply calls may nest; AWS's limit.
const DEPTH_LIMIT: usize = 10;

/// Reads a whole text as one call.
pub(super) fn call(text: &str) -> Result<Call, PathError> {
    let mut cursor = Cursor::new(text);
    let call = call_prefix(&mut cursor, 1)?;
    cursor.skip_spaces();
    if cursor.is_done() {
        Ok(call)
    } else {
        Err(cursor.fault("unexpected text after the call"))
    }
}

fn call_prefix(cursor: &mut Cursor<'_>, depth: usize) -> Result<Call, PathError> {
    if depth > DEPTH_LIMIT {
        return Err(cursor.fault("calls nest deeper than ten levels"));
    }
    let start = cursor.position();
    let is_call = cursor.rest().starts_with("States.");
    let name = cursor.take_while(|char| char == '.' || char.is_ascii_alphanumeric());
    let Some(function) = Function::named(name) else {
        return Err(if is_call {
            cursor.fault("there is no intrinsic function of this name")
        } else {
            cursor.fault("a path begins with '$', the call of a function with 'States.'")
        });
    };
    cursor.skip_spaces();
    if !cursor.take("(") {
        return Err(cursor.fault("'(' is missing"));
    }
    let arguments = arguments(cursor, function, depth)?;
    if !function.takes(arguments.len()) {
        return Err(cursor.fault("the function takes another number of arguments"));
    }
    Ok(Call {
        text: cursor.since(start).to_owned(),
        function,
        arguments,
    })
}

fn arguments(
    cursor: &mut Cursor<'_>,
    function: Function,
    depth: usize,
) -> Result<Vec<Argument>, PathError> {
    let mut arguments = Vec::new();
    cursor.skip_spaces();
    if cursor.take(")") {
        return Ok(arguments);
    }
    loop {
        cursor.skip_spaces();
        // The braces of a format are read by the function, which has to know the escaped ones.
        let is_format = function == Function::Format && arguments.is_empty();
        arguments.push(argument(cursor, is_format, depth)?);
        cursor.skip_spaces();
        if cursor.take(")") {
            return Ok(arguments);
        }
        if !cursor.take(",") {
            return Err(cursor.fault("',' or ')' is missing"));
        }
    }
}

fn argument(cursor: &mut Cursor<'_>, is_format: bool, depth: usize) -> Result<Argument, PathError> {
    match cursor.peek() {
        Some('$') => path_prefix(cursor).map(Argument::Path),
        Some('\'') => text(cursor, is_format).map(|text| Argument::Literal(Value::String(text))),
        Some('S') => call_prefix(cursor, depth + 1).map(Argument::Call),
        _ => {
            let word =
                cursor.take_while(|char| char.is_ascii_alphanumeric() || "+-.".contains(char));
            // A whole number, which has no negative zero.
            let word = if word == "-0" { "0" } else { word };
            serde_json::from_str(word)
                .map(Argument::Literal)
                .map_err(|_| {
                    cursor
                        .fault("an argument is a path, a text in single quotes, a number or a call")
                })
        }
    }
}

fn text(cursor: &mut Cursor<'_>, is_format: bool) -> Result<String, PathError> {
    cursor.next();
    let mut text = String::new();
    loop {
        match cursor.next() {
            None => return Err(cursor.fault("the quote is not closed")),
            Some('\'') => return Ok(text),
            Some('\\') => match cursor.next() {
                Some(escaped @ ('{' | '}' | '\\')) if is_format => text.extend(['\\', escaped]),
                Some(escaped @ ('\'' | '{' | '}' | '\\')) => text.push(escaped),
                _ => return Err(cursor.fault("only \\', \\{, \\} and \\\\ can be escaped")),
            },
            Some(char) => text.push(char),
        }
    }
}
