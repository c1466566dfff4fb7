//! A CloudFormation template as a value: ordered, with comments, and how it is written as YAML or JSON.
//!
//! Values are JSON with CloudFormation's functions in their long form (`{ "Ref": .. }`, `{ "Fn::GetAtt": .. }`). An entry
//! `#KEY` beside an entry `KEY` is its comment: YAML shows it, JSON cannot.

use serde_json::{Map, Value};

mod intrinsic;
mod pretty_json;
mod yaml;

pub(crate) use intrinsic::{arn, attribute, either, reference, sub};
pub(crate) use pretty_json::pretty_json;

/// A template under construction.
#[derive(Debug, Clone, Default)]
pub struct Template {
    /// SAM's transform, if it needs one.
    transform: Option<&'static str>,
    description: String,
    metadata: Map<String, Value>,
    parameters: Map<String, Value>,
    conditions: Map<String, Value>,
    resources: Map<String, Value>,
    outputs: Map<String, Value>,
}

/// How a template is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Notation {
    /// With comments.
    Yaml,
    /// Without comments.
    Json,
}

impl Notation {
    /// The name of the template's file.
    pub fn file(self) -> &'static str {
        match self {
            Notation::Yaml => "template.yaml",
            Notation::Json => "template.json",
        }
    }
}

impl Template {
    /// An empty template.
    pub(crate) fn new(description: String, transform: Option<&'static str>) -> Template {
        Template {
            transform,
            description,
            ..Template::default()
        }
    }

    /// Adds what the console shows of the parameters.
    pub(crate) fn metadata(&mut self, name: &str, value: Value) {
        add(&mut self.metadata, name, "", value);
    }

    /// Adds a parameter.
    pub(crate) fn parameter(&mut self, name: &str, value: Value) {
        add(&mut self.parameters, name, "", value);
    }

    /// Adds a condition.
    pub(crate) fn condition(&mut self, name: &str, value: Value) {
        add(&mut self.conditions, name, "", value);
    }

    /// Adds a resource with a comment.
    pub(crate) fn resource(&mut self, id: &str, comment: &str, value: Value) {
        add(&mut self.resources, id, comment, value);
    }

    /// Adds an output.
    pub(crate) fn output(&mut self, id: &str, description: &str, value: Value) {
        let output = Value::from_iter([("Description", description.into()), ("Value", value)]);
        add(&mut self.outputs, id, "", output);
    }

    /// The parameters with their names.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = (&str, &Value)> {
        named(&self.parameters)
    }

    /// The outputs with their names.
    pub(crate) fn outputs(&self) -> impl Iterator<Item = (&str, &Value)> {
        named(&self.outputs)
    }

    /// Number of resources.
    pub fn resource_count(&self) -> usize {
        named(&self.resources).count()
    }

    /// The text of the template. The same template has the same text.
    pub fn text(&self, notation: Notation) -> String {
        match notation {
            Notation::Yaml => yaml::text(&self.value()),
            Notation::Json => {
                let value = without_comments(&self.value());
                serde_json::to_string_pretty(&value).expect("a value is JSON") + "\n"
            }
        }
    }

    fn value(&self) -> Value {
        let mut all = Map::new();
        all.insert(
            "AWSTemplateFormatVersion".to_owned(),
            Value::from("2010-09-09"),
        );
        if let Some(transform) = self.transform {
            all.insert("Transform".to_owned(), Value::from(transform));
        }
        all.insert(
            "Description".to_owned(),
            Value::from(self.description.clone()),
        );
        let sections = [
            ("Metadata", &self.metadata),
            ("Parameters", &self.parameters),
            ("Conditions", &self.conditions),
            ("Resources", &self.resources),
            ("Outputs", &self.outputs),
        ];
        for (name, section) in sections {
            if !section.is_empty() {
                all.insert(name.to_owned(), Value::Object(section.clone()));
            }
        }
        Value::Object(all)
    }
}

/// What a section has, without the comments.
fn named(section: &Map<String, Value>) -> impl Iterator<Item = (&str, &Value)> {
    let all = section.iter().map(|(name, value)| (name.as_str(), value));
    all.filter(|(name, _)| !name.starts_with('#'))
}

/// Of two resources with one name only one would be left. That would be a bug of ours, since names are checked before.
fn add(section: &mut Map<String, Value>, id: &str, comment: &str, value: Value) {
    if !comment.is_empty() {
        section.insert(format!("#{id}"), Value::from(comment));
    }
    let before = section.insert(id.to_owned(), value);
    assert!(before.is_none(), "{id} is in the template twice");
}

fn without_comments(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(key, _)| !key.starts_with('#'));
            Value::Object(
                kept.map(|(key, value)| (key.clone(), without_comments(value)))
                    .collect(),
            )
        }
        Value::Array(items) => items.iter().map(without_comments).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_has_no_comments_and_keeps_the_order() {
        let mut template = Template::new("d".to_owned(), None);
        template.resource("B", "why", json!({ "Type": "T", "#Type": "the type" }));
        template.resource("A", "", json!({ "Type": "T" }));
        let text = template.text(Notation::Json);
        assert!(!text.contains('#'), "{text}");
        assert!(text.find("\"B\"") < text.find("\"A\""), "{text}");
        assert_eq!(template.resource_count(), 2);
    }

    #[test]
    #[should_panic(expected = "A is in the template twice")]
    fn a_name_is_given_once() {
        let mut template = Template::default();
        template.resource("A", "", json!({}));
        template.resource("A", "", json!({}));
    }
}
