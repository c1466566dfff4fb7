//! What each object of a definition may hold. The [`table`] says it, with one row for each field; here an object is
//! checked against it. Code that reads the fields afterwards can rely on their form if nothing was noted.

mod form;
mod table;

#[cfg(test)]
mod tests;

use super::object::Object;
use crate::model::machine::QueryLanguage;
use crate::model::state_kind::StateKind;

use self::table::{ALTERNATIVES, FIELDS, Language, Missing, REQUIRED};

/// An object that has fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Machine,
    /// A branch of a Parallel state.
    Branch,
    /// The item processor of a Map state.
    Processor,
    ProcessorConfig,
    State(StateKind),
    Retrier,
    Catcher,
    /// A rule of a Choice state.
    Rule,
    /// A condition inside another one.
    InnerRule,
    /// `ItemReader`.
    Reader,
    ReaderConfig,
    /// `ItemBatcher`.
    Batcher,
    /// `ResultWriter`.
    Writer,
    WriterConfig,
}

/// Notes what is wrong with the fields of an object, each by itself and together: fields that it does not have or has
/// in the other language only, values of another type or out of range, fields that are missing or exclude each other.
pub(super) fn check(object: &Object<'_>, owner: Owner, language: QueryLanguage) {
    for name in object.names() {
        let rows = FIELDS
            .iter()
            .filter(|row| row.name == name && row.owners.contains(&owner));
        let mut is_known = false;
        let mut row_in_language = None;
        for row in rows {
            is_known = true;
            if row.language.includes(language) {
                row_in_language = Some(row);
            }
        }
        match row_in_language {
            Some(row) => form::check(object, name, row.form, language),
            None if is_known => object.fault_at(name, of_other_language(name, language)),
            None => object.unsupported(name),
        }
    }
    for (_, names) in REQUIRED
        .iter()
        .filter(|(owners, _)| owners.contains(&owner))
    {
        object.require(names);
    }
    for rule in ALTERNATIVES.iter().filter(|rule| rule.owner == owner) {
        if object.one_of(rule.names).is_some() {
            continue;
        }
        match rule.missing {
            Missing::Allowed => {}
            Missing::First => object.require(&rule.names[..1]),
            Missing::AnyOf => object.fault(format!(
                "One of these fields is required: [{}]",
                rule.names.join(", ")
            )),
        }
    }
}

/// Whether a field of a choice rule is its variable, a comparison or made of other conditions.
pub(super) fn compares(name: &str) -> bool {
    let mut rows = FIELDS.iter().filter(|row| row.name == name);
    rows.any(|row| row.owners.contains(&Owner::InnerRule) && row.language == Language::JsonPath)
}

/// Whether choice rules have a field of this name.
pub(super) fn is_in_rule(name: &str) -> bool {
    let mut rows = FIELDS.iter().filter(|row| row.name == name);
    rows.any(|row| row.owners.contains(&Owner::Rule))
}

fn of_other_language(name: &str, language: QueryLanguage) -> String {
    let (own, other) = match language {
        QueryLanguage::JsonPath => ("JSONPath", "JSONata"),
        QueryLanguage::Jsonata => ("JSONata", "JSONPath"),
    };
    format!(
        "The QueryLanguage is set to '{own}', but field '{name}' is only supported for the '{other}' \
         QueryLanguage"
    )
}
