//! One JSON object of a definition: notes what is wrong with it, and reads its fields. Reading notes nothing about a
//! value of the wrong form, which [`super::grammar`] has already noted; it continues, so that one pass finds all
//! faults.

use std::cell::RefCell;

use serde_json::{Map, Value};

use crate::model::diagnostic::{
    Diagnostic, INVALID_JSONATA, MISSING_END, SCHEMA, UNSUPPORTED_JSONATA,
};
use rampmeter_expression::Expression;
use rampmeter_expression::jsonata;
use rampmeter_expression::path::{Path, ReferencePath};
use rampmeter_expression::{Template, TemplateError};

/// The faults found so far.
#[derive(Default, Debug)]
pub(super) struct Faults(RefCell<Vec<Diagnostic>>);

impl Faults {
    /// Notes a fault. The root is written `/`, as AWS does.
    pub(super) fn add(&self, code: &'static str, message: String, location: String) {
        let location = if location.is_empty() {
            "/".to_owned()
        } else {
            location
        };
        self.push(Diagnostic::error(code, message, location));
    }

    fn push(&self, fault: Diagnostic) {
        self.0.borrow_mut().push(fault);
    }

    pub(super) fn into_list(self) -> Vec<Diagnostic> {
        self.0.into_inner()
    }
}

/// The JSON pointer of a field.
pub(super) fn child(location: &str, name: &str) -> String {
    format!("{location}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// An object of the definition and where it is.
#[derive(Clone, Debug)]
pub(super) struct Object<'v> {
    fields: &'v Map<String, Value>,
    location: String,
    faults: &'v Faults,
}

impl<'v> Object<'v> {
    pub(super) fn new(
        fields: &'v Map<String, Value>,
        location: String,
        faults: &'v Faults,
    ) -> Self {
        Self {
            fields,
            location,
            faults,
        }
    }

    pub(super) fn location(&self) -> String {
        self.location.clone()
    }

    pub(super) fn location_of(&self, name: &str) -> String {
        child(&self.location, name)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'v str> {
        self.fields.keys().map(String::as_str)
    }

    pub(super) fn value(&self, name: &str) -> Option<&'v Value> {
        self.fields.get(name)
    }

    /// Notes a fault of the object itself.
    pub(super) fn fault(&self, message: String) {
        self.faults.add(SCHEMA, message, self.location());
    }

    /// Notes a fault of a field.
    pub(super) fn fault_at(&self, name: &str, message: String) {
        self.fault_with(SCHEMA, name, message);
    }

    /// Notes a fault of a field under another code.
    pub(super) fn fault_with(&self, code: &'static str, name: &str, message: String) {
        self.faults.add(code, message, self.location_of(name));
    }

    /// Notes a fault of a field, and how to fix it.
    pub(super) fn fault_hinting(&self, name: &str, message: String, hint: String) {
        let fault = Diagnostic::error(SCHEMA, message, self.location_of(name));
        self.faults.push(Diagnostic {
            hint: Some(hint),
            ..fault
        });
    }

    /// Notes a fault at a place (a JSON pointer) below a field.
    pub(super) fn fault_below(&self, code: &'static str, name: &str, place: &str, message: String) {
        self.faults
            .add(code, message, self.location_of(name) + place);
    }

    /// Notes a field that the object cannot have.
    pub(super) fn unsupported(&self, name: &str) {
        self.fault(format!("Field '{name}' is not supported"));
    }

    /// Notes which of these are missing.
    pub(super) fn require(&self, names: &[&str]) {
        let missing: Vec<_> = names
            .iter()
            .filter(|name| !self.has(name))
            .copied()
            .collect();
        if !missing.is_empty() {
            self.fault(format!(
                "These fields are required: [{}]",
                missing.join(", ")
            ));
        }
    }

    /// Notes it if more than one of these is present, and returns the first.
    pub(super) fn one_of(&self, names: &[&'static str]) -> Option<&'static str> {
        let present: Vec<_> = names
            .iter()
            .filter(|name| self.has(name))
            .copied()
            .collect();
        if present.len() > 1 {
            self.fault(format!(
                "Only one of these fields is allowed: [{}]",
                present.join(", ")
            ));
        }
        present.first().copied()
    }

    /// Notes a value that is not one of those that a field may have.
    pub(super) fn one_of_values(&self, name: &str, value: &str, values: &[&str]) {
        if !values.contains(&value) {
            let message = format!("The value must be one of: [{}]", values.join(", "));
            self.fault_at(name, message);
        }
    }

    /// Notes that no state ends the graph. AWS points to no place.
    pub(super) fn no_end(&self) {
        let message = "Workflow has no terminal state".to_owned();
        let fault = Diagnostic::error(MISSING_END, message, String::new());
        self.faults.push(fault);
    }

    pub(super) fn text(&self, name: &str) -> Option<&'v str> {
        self.value(name)?.as_str()
    }

    pub(super) fn boolean(&self, name: &str) -> Option<bool> {
        self.value(name)?.as_bool()
    }

    pub(super) fn object(&self, name: &str) -> Option<Object<'v>> {
        let fields = self.value(name)?.as_object()?;
        Some(Self::new(fields, self.location_of(name), self.faults))
    }

    /// The objects of an array.
    pub(super) fn objects(&self, name: &str) -> Vec<Object<'v>> {
        let items = self.value(name).and_then(Value::as_array);
        let items = items.into_iter().flatten().enumerate();
        let location = self.location_of(name);
        items
            .filter_map(|(index, item)| {
                let location = format!("{location}[{index}]");
                Some(Self::new(item.as_object()?, location, self.faults))
            })
            .collect()
    }

    pub(super) fn whole(&self, name: &str) -> Option<u64> {
        let number = self.value(name)?.as_number()?;
        u64::try_from(rampmeter_expression::number::whole(number)?).ok()
    }

    pub(super) fn path(&self, name: &str) -> Option<Path> {
        Path::parse(self.text(name)?).ok()
    }

    pub(super) fn reference_path(&self, name: &str) -> Option<ReferencePath> {
        ReferencePath::parse(self.text(name)?).ok()
    }

    pub(super) fn expression(&self, name: &str) -> Option<Expression> {
        Expression::parse(self.text(name)?).ok()
    }

    /// A field in JSONata. `place` is where the object is in its state, such as `Catch[0]/`.
    pub(super) fn jsonata(&self, name: &str, place: &str) -> Option<jsonata::Template> {
        let template = jsonata::Template::parse(self.value(name)?, &format!("{place}{name}"));
        for (at, fault) in template.as_ref().err().into_iter().flatten() {
            self.faults.add(
                INVALID_JSONATA,
                fault.to_string(),
                self.location_in(place, at),
            );
        }
        if let Ok(template) = &template {
            template.each_query(&mut |query| self.check_references(name, place, query));
        }
        template.ok()
    }

    /// The JSON pointer of a place in the state, such as `Catch[0]/Output/a[1]`, where `prefix` is the path to this
    /// object.
    fn location_in(&self, prefix: &str, place: &str) -> String {
        let below = place.strip_prefix(prefix).unwrap_or(place);
        format!("{}/{below}", self.location)
    }

    /// Notes references of an expression that have no value there: there is no document at the top level, and
    /// `$states` has a result only once there is one and an error only where it is caught.
    fn check_references(&self, name: &str, place: &str, query: &jsonata::Query) {
        let note = |message: String| {
            let location = self.location_in(place, &query.place);
            self.faults.add(UNSUPPORTED_JSONATA, message, location);
        };
        for reference in query.program.top_level_references() {
            note(format!(
                "Reference to '{reference}' at the top level is not supported."
            ));
        }
        let leaves = ["Output", "Assign"].contains(&name);
        let has_result = ["Task", "Parallel", "Map"];
        let kind = self
            .value("Type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        for member in query.program.members_of_states() {
            let exists = match member {
                "input" | "context" => true,
                "result" => leaves && place.is_empty() && has_result.contains(&kind),
                "errorOutput" => leaves && place.starts_with("Catch["),
                _ => false,
            };
            if !exists {
                note(format!(
                    "Reference to '$states.{member}' is not supported in this field."
                ));
            }
        }
    }

    /// A field that holds an expression in JSONata; none if it holds something else, or a faulty one. `place` is where
    /// the object is in its state.
    pub(super) fn query(&self, name: &str, place: &str) -> Option<jsonata::Query> {
        match self.is_query(name).then(|| self.jsonata(name, place))? {
            Some(jsonata::Template::Query(query)) => Some(query),
            _ => None,
        }
    }

    /// Whether a field looks like an expression in JSONata.
    pub(super) fn is_query(&self, name: &str) -> bool {
        let text = self.value(name).and_then(Value::as_str);
        text.is_some_and(|text| text.starts_with("{%") || text.ends_with("%}"))
    }

    /// A payload template. AWS points to the whole template, not to the field inside it.
    pub(super) fn template(&self, name: &str) -> Option<Template> {
        let template = Template::parse(self.value(name)?);
        for fault in template.as_ref().err().into_iter().flatten() {
            match fault {
                TemplateError::NoExpression { field, reason } => {
                    let message = format!(
                        "The value for the field '{field}' must be a valid JSONPath or a valid \
                         intrinsic function call"
                    );
                    self.fault_hinting(name, message, reason.clone());
                }
                TemplateError::Twice { field } => {
                    let message =
                        format!("The field '{field}' is there twice, with and without '.$'");
                    self.fault_at(name, message);
                }
            }
        }
        template.ok()
    }
}
