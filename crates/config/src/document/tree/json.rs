//! JSON (RFC 8259) into the tree. `serde_json` checks the text and reads its strings and numbers; this file only
//! finds where things are, which `serde_json` does not report.

use std::ops::Range;

use super::{Entry, Node, Table, Value};
use crate::problem::{Code, Problem};

/// Deeper nesting than any configuration has; it bounds the recursion.
const MAX_DEPTH_LEVELS: usize = 64;

/// Where the text stops being JSON, and why.
#[derive(Debug)]
pub(super) struct Fault {
    span: Range<usize>,
    label: &'static str,
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Problem {
        Problem::new(Code::Syntax, "the file is not valid JSON")
            .at(fault.span)
            .label(fault.label)
            .note("the rest of the file is checked once this is fixed")
    }
}

pub(super) fn parse(text: &str) -> Result<Node, Fault> {
    let mut scanner = Scanner {
        text,
        at: 0,
        depth: 0,
    };
    let node = scanner.value()?;
    scanner.blanks();
    if scanner.at < text.len() {
        return Err(scanner.wrong("nothing may follow the closing brace"));
    }
    if matches!(node.value, Value::Table(_)) {
        Ok(node)
    } else {
        Err(syntax(node.span, "the file must hold one object"))
    }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Scanner<'_> {
    fn value(&mut self) -> Result<Node, Fault> {
        self.blanks();
        let start = self.at;
        let value = match self.peek() {
            Some(b'{') => self.nested(Scanner::object)?,
            Some(b'[') => self.nested(Scanner::array)?,
            Some(b'"') => Value::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b'a'..=b'z') => self.word()?,
            _ => return Err(self.wrong("a value is expected here")),
        };
        Ok(Node {
            span: start..self.at,
            value,
        })
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value, Fault>) -> Result<Value, Fault> {
        if self.depth == MAX_DEPTH_LEVELS {
            return Err(self.wrong("the nesting is too deep"));
        }
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn object(&mut self) -> Result<Value, Fault> {
        let mut table = Table::default();
        self.at += 1;
        self.blanks();
        if self.skip(b'}') {
            return Ok(Value::Table(table));
        }
        loop {
            table.entries.push(self.entry()?);
            self.blanks();
            if self.skip(b'}') {
                return no_duplicates(table);
            }
            if !self.skip(b',') {
                return Err(self.wrong("a comma or a closing brace is expected here"));
            }
        }
    }

    fn entry(&mut self) -> Result<Entry, Fault> {
        self.blanks();
        let start = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.wrong("a key in double quotes is expected here"));
        }
        let key = self.string()?;
        let key_span = start..self.at;
        self.blanks();
        if !self.skip(b':') {
            return Err(self.wrong("a colon is expected here"));
        }
        Ok(Entry {
            key,
            key_span,
            node: self.value()?,
        })
    }

    fn array(&mut self) -> Result<Value, Fault> {
        let mut items = Vec::new();
        self.at += 1;
        self.blanks();
        if self.skip(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value()?);
            self.blanks();
            if self.skip(b']') {
                return Ok(Value::Array(items));
            }
            if !self.skip(b',') {
                return Err(self.wrong("a comma or a closing bracket is expected here"));
            }
        }
    }

    fn string(&mut self) -> Result<String, Fault> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut end = start + 1;
        while bytes.get(end).is_some_and(|byte| *byte != b'"') {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        // `get` is none if the end is missing or an escape ends in the middle of a character.
        let raw = self
            .text
            .get(start..=end)
            .ok_or_else(|| self.wrong("this text has no end"))?;
        let text = serde_json::from_str(raw).map_err(|_| {
            syntax(
                start..end + 1,
                "this text holds a malformed escape or a line break",
            )
        })?;
        self.at = end + 1;
        Ok(text)
    }

    fn number(&mut self) -> Result<Value, Fault> {
        let span = self.run(|byte| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9'));
        let raw = &self.text[span.clone()];
        if let Ok(number) = serde_json::from_str::<i64>(raw) {
            return Ok(Value::Integer(number));
        }
        match serde_json::from_str::<f64>(raw) {
            Ok(_) => Ok(Value::Float),
            Err(_) => Err(syntax(span, "this is not a number")),
        }
    }

    fn word(&mut self) -> Result<Value, Fault> {
        let span = self.run(|byte| byte.is_ascii_alphabetic());
        match &self.text[span.clone()] {
            "true" => Ok(Value::Boolean(true)),
            "false" => Ok(Value::Boolean(false)),
            "null" => Ok(Value::Null),
            _ => Err(syntax(
                span,
                "only true, false and null are written without quotes",
            )),
        }
    }

    fn run(&mut self, belongs: fn(u8) -> bool) -> Range<usize> {
        let start = self.at;
        while self.peek().is_some_and(belongs) {
            self.at += 1;
        }
        start..self.at
    }

    fn blanks(&mut self) {
        self.run(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    }

    fn skip(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn wrong(&self, label: &'static str) -> Fault {
        let width = self.text[self.at..]
            .chars()
            .next()
            .map_or(0, char::len_utf8);
        syntax(self.at..self.at + width, label)
    }
}

fn no_duplicates(table: Table) -> Result<Value, Fault> {
    let mut seen = std::collections::BTreeSet::new();
    match table
        .entries
        .iter()
        .find(|entry| !seen.insert(entry.key.as_str()))
    {
        Some(again) => Err(syntax(again.key_span.clone(), "this key is given twice")),
        None => Ok(Value::Table(table)),
    }
}

fn syntax(span: Range<usize>, label: &'static str) -> Fault {
    Fault { span, label }
}
