//! What a field may hold: the type of the value, its range, its words.

use serde_json::Value;

use super::super::object::Object;
use crate::model::machine::QueryLanguage;
use rampmeter_expression::path::{self, PathError};
use rampmeter_expression::{Expression, number, timestamp};

/// What a field may hold. A form that ends in `OrQuery` may also be an expression if the language is JSONata;
/// whether the expression is valid is checked where it is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form {
    /// Any value, which may be a template.
    Any,
    Text,
    /// One of these texts.
    Words(&'static [&'static str]),
    WordsOrQuery(&'static [&'static str]),
    /// A text that is a part of ARNs, with at most this many characters.
    Label(usize),
    /// Texts, at least one.
    Texts,
    Boolean,
    BooleanOrQuery,
    /// A whole number between these two.
    Whole(u64, u64),
    WholeOrQuery(u64, u64),
    /// Any number.
    Number,
    /// A number that is at least 1.
    Rate,
    /// A number from 0 to 100.
    PercentageOrQuery,
    /// A moment, as RFC 3339 writes it.
    Timestamp,
    TimestampOrQuery,
    Object,
    ObjectOrQuery,
    ArrayOrQuery,
    /// What a Map works on: an array, or an object where the Map is distributed.
    ItemsOrQuery,
    /// Objects, at least this many.
    Objects(usize),
    /// A path of any kind.
    Path,
    PathOrNull,
    /// A path to one place of the input, of a variable or of the context object.
    DefinitePath,
    /// A path to one place of the input to which something can be written, or null.
    ResultPath,
    /// A path or the call of an intrinsic function.
    Expression,
}

/// Whether a Map state runs its iterations as executions of their own.
fn is_distributed(map: &Object<'_>) -> bool {
    let processor = map.value("ItemProcessor");
    let mode = processor.and_then(|processor| processor.pointer("/ProcessorConfig/Mode"));
    mode.is_some_and(|mode| mode == "DISTRIBUTED")
}

/// Notes what is wrong with the value of a field.
pub(super) fn check(object: &Object<'_>, name: &str, form: Form, language: QueryLanguage) {
    let Some(value) = object.value(name) else {
        return;
    };
    let is_query = || language == QueryLanguage::Jsonata && object.is_query(name);
    match form {
        Form::Any => {}
        Form::Text => is(object, name, "String", value.is_string()),
        Form::Words(words) => one_of(object, name, words),
        Form::WordsOrQuery(words) => {
            if !is_query() {
                one_of(object, name, words);
            }
        }
        Form::Label(most) => label(object, name, most),
        Form::Texts => {
            let texts = value.as_array().filter(|texts| !texts.is_empty());
            if !texts.is_some_and(|texts| texts.iter().all(Value::is_string)) {
                let message = "Expected a list of error names".to_owned();
                object.fault_at(name, message);
            }
        }
        Form::Boolean => is(object, name, "Boolean", value.is_boolean()),
        Form::BooleanOrQuery => or_query(object, name, "Boolean", value.is_boolean() || is_query()),
        Form::Whole(least, most) => whole(object, name, "Integer", least, most),
        Form::WholeOrQuery(..) if is_query() => {}
        Form::WholeOrQuery(least, most) => {
            whole(
                object,
                name,
                or_query_type("Integer", language),
                least,
                most,
            );
        }
        Form::Number => is(object, name, "Number", value.is_number()),
        Form::Rate => in_range(object, name, "Number", |rate| rate >= 1.0, "at least 1.0"),
        Form::PercentageOrQuery if is_query() => {}
        Form::PercentageOrQuery => {
            let kind = or_query_type("Number", language);
            let is_share = |share: f64| (0.0..=100.0).contains(&share);
            in_range(object, name, kind, is_share, "from 0 to 100");
        }
        Form::TimestampOrQuery if is_query() => {}
        Form::Timestamp | Form::TimestampOrQuery => moment(object, name),
        Form::Object => is(object, name, "Object", value.is_object()),
        Form::ObjectOrQuery => or_query_in(object, name, "Object", value.is_object(), language),
        Form::ArrayOrQuery => or_query_in(object, name, "Array", value.is_array(), language),
        Form::ItemsOrQuery => {
            let is_right = value.is_array() || (value.is_object() && is_distributed(object));
            or_query_in(object, name, "Array", is_right, language);
        }
        Form::Objects(least) => objects(object, name, least),
        Form::PathOrNull | Form::ResultPath if value.is_null() => {}
        Form::Path | Form::PathOrNull => {
            let _ = any_path(object, name);
        }
        Form::DefinitePath => {
            if any_path(object, name).is_some_and(|path| !path.is_definite()) {
                object.fault_at(name, "Value is not a Reference Path".to_owned());
            }
        }
        Form::ResultPath => result_path(object, name),
        Form::Expression => expression(object, name),
    }
}

/// Notes a value of the wrong type.
fn is(object: &Object<'_>, name: &str, kind: &str, is_so: bool) {
    if !is_so {
        object.fault_at(name, format!("Expected value of type {kind}"));
    }
}

fn or_query(object: &Object<'_>, name: &str, kind: &str, is_so: bool) {
    is(
        object,
        name,
        &format!("{kind} or a JSONata expression"),
        is_so,
    );
}

fn or_query_in(
    object: &Object<'_>,
    name: &str,
    kind: &'static str,
    is_so: bool,
    language: QueryLanguage,
) {
    let is_query = language == QueryLanguage::Jsonata && object.is_query(name);
    is(
        object,
        name,
        or_query_type(kind, language),
        is_so || is_query,
    );
}

/// The type, with a mention that an expression is allowed instead, if it is.
fn or_query_type(kind: &'static str, language: QueryLanguage) -> &'static str {
    match (kind, language) {
        ("Integer", QueryLanguage::Jsonata) => "Integer or a JSONata expression",
        ("Number", QueryLanguage::Jsonata) => "Number or a JSONata expression",
        ("Object", QueryLanguage::Jsonata) => "Object or a JSONata expression",
        ("Array", QueryLanguage::Jsonata) => "Array or a JSONata expression",
        _ => kind,
    }
}

fn one_of(object: &Object<'_>, name: &str, words: &[&str]) {
    match object.text(name) {
        None => is(object, name, "String", false),
        Some(word) => object.one_of_values(name, word, words),
    }
}

fn label(object: &Object<'_>, name: &str, most: usize) {
    let Some(label) = object.text(name) else {
        return is(object, name, "String", false);
    };
    let is_sound = (1..=most).contains(&label.chars().count())
        && !label.contains(|char: char| {
            char.is_whitespace() || char.is_control() || "?*<>{}[]:;,\\|^~$#%&`\"/".contains(char)
        });
    if !is_sound {
        let message =
            format!("A label has 1 to {most} characters, without blanks and special characters");
        object.fault_at(name, message);
    }
}

fn whole(object: &Object<'_>, name: &str, kind: &str, least: u64, most: u64) {
    let number = object.value(name).and_then(Value::as_number);
    let Some(number) = number.and_then(number::whole) else {
        return is(object, name, kind, false);
    };
    if !u64::try_from(number).is_ok_and(|number| (least..=most).contains(&number)) {
        object.fault_at(name, format!("The value must be from {least} to {most}"));
    }
}

fn in_range(object: &Object<'_>, name: &str, kind: &str, is_in: impl Fn(f64) -> bool, range: &str) {
    match object.value(name).and_then(Value::as_f64) {
        None => is(object, name, kind, false),
        Some(number) if !is_in(number) => {
            object.fault_at(name, format!("The value must be {range}"));
        }
        Some(_) => {}
    }
}

fn moment(object: &Object<'_>, name: &str) {
    match object.text(name) {
        None => is(object, name, "String", false),
        Some(text) if timestamp::parse(text).is_none() => {
            object.fault_at(name, "String does not match RFC3339 timestamp".to_owned());
        }
        Some(_) => {}
    }
}

fn objects(object: &Object<'_>, name: &str, least: usize) {
    let Some(items) = object.value(name).and_then(Value::as_array) else {
        return is(object, name, "Array", false);
    };
    if items.len() < least {
        object.fault_at(name, "The array must not be empty".to_owned());
    }
    for (index, item) in items.iter().enumerate() {
        is(
            object,
            &format!("{name}[{index}]"),
            "Object",
            item.is_object(),
        );
    }
}

/// Notes a text that is not a path. AWS says no more than that; how to write it is a hint.
fn any_path(object: &Object<'_>, name: &str) -> Option<path::Path> {
    let Some(text) = object.text(name) else {
        is(object, name, "String", false);
        return None;
    };
    let fault = |error: PathError| {
        let message = "Value is not a valid JSONPath".to_owned();
        object.fault_hinting(name, message, error.to_string());
    };
    path::Path::parse(text).map_err(fault).ok()
}

fn result_path(object: &Object<'_>, name: &str) {
    let Some(text) = object.text(name) else {
        return is(object, name, "String", false);
    };
    if let Err(error) = path::ReferencePath::parse(text) {
        object.fault_at(name, error.to_string());
    }
}

fn expression(object: &Object<'_>, name: &str) {
    let Some(text) = object.text(name) else {
        return is(object, name, "String", false);
    };
    if let Err(error) = Expression::parse(text) {
        let message = format!(
            "The value for the field '{name}' must be a valid JSONPath or a valid intrinsic \
             function call"
        );
        object.fault_hinting(name, message, error.to_string());
    }
}
