//! JSON in which texts of the form `{% ... %}` are expressions: the fields of a state in JSONata.
//! Parsed once; parts without expressions are kept as plain values. Each expression knows its place,
//! such as `Output/items[0]/name`, which AWS names in error messages.

use serde_json::{Map, Value};

use super::program::{Fault, Program};

/// A field or a part of one.
#[derive(Clone, Debug, PartialEq)]
pub enum Template {
    /// JSON without expressions.
    Literal(Value),
    /// Fields, at least one of which has an expression.
    Object(Vec<(String, Template)>),
    /// Items, at least one of which has an expression.
    Array(Vec<Template>),
    /// A text that is an expression.
    Query(Query),
}

/// An expression and where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// What it says.
    pub program: Program,
    /// The field of the state and the way down to the expression.
    pub place: String,
}

/// A text that begins or ends like an expression but is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateFault {
    #[error("A JSONata expression must begin with '{{%' and end with '%}}'")]
    HalfOpen,
    #[error("The JSONata expression '{source_text}' is not valid. {fault}")]
    Invalid { source_text: String, fault: Fault },
}

impl Template {
    /// Reads the value at a place; returns all faults with their places, not only the first.
    pub fn parse(value: &Value, place: &str) -> Result<Self, Vec<(String, TemplateFault)>> {
        let mut faults = Vec::new();
        let template = Self::read(value, place, &mut faults);
        if faults.is_empty() {
            Ok(template)
        } else {
            Err(faults)
        }
    }

    fn read(value: &Value, place: &str, faults: &mut Vec<(String, TemplateFault)>) -> Self {
        match value {
            Value::Object(fields) => {
                let parts: Vec<_> = fields
                    .iter()
                    .map(|(name, field)| {
                        let place = format!("{place}/{name}");
                        (name.clone(), Self::read(field, &place, faults))
                    })
                    .collect();
                if parts.iter().all(|(_, part)| part.is_literal()) {
                    Self::Literal(value.clone())
                } else {
                    Self::Object(parts)
                }
            }
            Value::Array(items) => {
                let parts: Vec<_> = items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| Self::read(item, &format!("{place}[{index}]"), faults))
                    .collect();
                if parts.iter().all(Self::is_literal) {
                    Self::Literal(value.clone())
                } else {
                    Self::Array(parts)
                }
            }
            Value::String(text) => match Query::parse(text, place) {
                Some(Ok(query)) => Self::Query(query),
                Some(Err(fault)) => {
                    faults.push((place.to_owned(), fault));
                    Self::Literal(Value::Null)
                }
                None => Self::Literal(value.clone()),
            },
            other => Self::Literal(other.clone()),
        }
    }

    fn is_literal(&self) -> bool {
        matches!(self, Self::Literal(_))
    }

    /// Each expression in it.
    pub fn each_query(&self, visit: &mut impl FnMut(&Query)) {
        match self {
            Self::Literal(_) => {}
            Self::Query(query) => visit(query),
            Self::Array(parts) => parts.iter().for_each(|part| part.each_query(visit)),
            Self::Object(parts) => parts.iter().for_each(|(_, part)| part.each_query(visit)),
        }
    }

    /// Its value, with what `evaluate` returns for each expression.
    pub fn fill<E>(
        &self,
        evaluate: &mut impl FnMut(&Query) -> Result<Value, E>,
    ) -> Result<Value, E> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Query(query) => evaluate(query),
            Self::Array(parts) => {
                let items: Result<Vec<_>, E> =
                    parts.iter().map(|part| part.fill(evaluate)).collect();
                items.map(Value::Array)
            }
            Self::Object(parts) => {
                let mut object = Map::with_capacity(parts.len());
                for (name, part) in parts {
                    object.insert(name.clone(), part.fill(evaluate)?);
                }
                Ok(Value::Object(object))
            }
        }
    }
}

impl Query {
    /// Reads a text; none if it is an ordinary one.
    pub fn parse(text: &str, place: &str) -> Option<Result<Self, TemplateFault>> {
        let source = match (text.strip_prefix("{%"), text.ends_with("%}")) {
            (None, false) => return None,
            (Some(rest), true) if rest.len() >= 2 => rest[..rest.len() - 2].trim(),
            _ => return Some(Err(TemplateFault::HalfOpen)),
        };
        let compiled = Program::compile(source).map_err(|fault| TemplateFault::Invalid {
            source_text: source.to_owned(),
            fault,
        });
        Some(compiled.map(|program| Self {
            program,
            place: place.to_owned(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn places(value: &Value) -> Vec<String> {
        let mut places = Vec::new();
        Template::parse(value, "Output")
            .unwrap()
            .each_query(&mut |query| places.push(query.place.clone()));
        places
    }

    #[test]
    fn an_expression_knows_its_place() {
        let value = json!({ "a": ["{% 1 %}", { "b": "{%2%}" }], "c": "plain", "d": "{%%}" });
        assert!(Template::parse(&value, "Output").is_err(), "an empty one");
        let value = json!({ "a": ["{% 1 %}", { "b": "{%2%}" }], "c": "plain {% 1 %} text" });
        assert_eq!(places(&value), ["Output/a[0]", "Output/a[1]/b"]);
        assert_eq!(places(&json!("{% $x %}")), ["Output"]);
    }

    #[test]
    fn what_only_begins_or_only_ends_like_an_expression_is_a_fault() {
        for text in ["{% 1", "1 %}", "{%}", "{% 1 %} "] {
            let faults = Template::parse(&json!({ "a": text }), "Output").unwrap_err();
            assert_eq!(
                faults,
                [("Output/a".to_owned(), TemplateFault::HalfOpen)],
                "{text}"
            );
        }
    }

    #[test]
    fn all_faults_are_found() {
        let faults = Template::parse(&json!(["{% 1 + %}", "ok", "{% ( %}"]), "Output").unwrap_err();
        assert_eq!(faults.len(), 2);
        let text = faults[0].1.to_string();
        assert!(
            text.starts_with("The JSONata expression '1 +' is not valid. S0207: "),
            "{text}"
        );
    }
}
