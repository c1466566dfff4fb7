//! Payload templates (`Parameters`, `ResultSelector`): JSON in which each field whose name ends in
//! `.$` holds an expression. Parsed once; parts without expressions are kept as plain values.

use serde_json::{Map, Value};

use crate::budget::text_size;
use crate::expression::{Expression, ExpressionError};
use crate::path::Path;
use crate::scope::Scope;

/// A template.
#[derive(Clone, Debug, PartialEq)]
pub enum Template {
    /// JSON without expressions.
    Literal(Value),
    /// The names of the fields, without their `.$`, and what they hold.
    Object(Vec<(String, Template)>),
    /// Items, at least one of which has an expression.
    Array(Vec<Template>),
    /// A field whose name ends in `.$`.
    Expression {
        /// The name as written, with its `.$`.
        field: String,
        /// What it holds.
        expression: Expression,
    },
}

/// A field ending in `.$` that holds no expression, or that occurs twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateError {
    /// What the field holds is not an expression.
    NoExpression {
        /// Its name as written.
        field: String,
        /// Where the text is wrong, and how to write it.
        reason: String,
    },
    /// The field occurs with and without `.$`.
    Twice {
        /// Its name without `.$`.
        field: String,
    },
}

impl Template {
    /// Reads a template; all faults, not only the first.
    pub fn parse(value: &Value) -> Result<Self, Vec<TemplateError>> {
        let mut faults = Vec::new();
        let template = Self::read(value, &mut faults);
        if faults.is_empty() {
            Ok(template)
        } else {
            Err(faults)
        }
    }

    fn read(value: &Value, faults: &mut Vec<TemplateError>) -> Self {
        match value {
            Value::Object(fields) => Self::read_object(fields, faults),
            Value::Array(items) => {
                let items: Vec<_> = items.iter().map(|item| Self::read(item, faults)).collect();
                if items.iter().all(|item| matches!(item, Self::Literal(_))) {
                    Self::Literal(value.clone())
                } else {
                    Self::Array(items)
                }
            }
            other => Self::Literal(other.clone()),
        }
    }

    fn read_object(fields: &Map<String, Value>, faults: &mut Vec<TemplateError>) -> Self {
        let mut parts = Vec::with_capacity(fields.len());
        let mut is_literal = true;
        for (name, value) in fields {
            let Some(target) = name.strip_suffix(".$") else {
                let part = Self::read(value, faults);
                is_literal &= matches!(part, Self::Literal(_));
                parts.push((name.clone(), part));
                continue;
            };
            is_literal = false;
            if fields.contains_key(target) {
                faults.push(TemplateError::Twice {
                    field: target.to_owned(),
                });
            }
            let expression = match value.as_str().map(Expression::parse) {
                Some(parsed) => parsed.map_err(|error| error.to_string()),
                None => Err("a field whose name ends with '.$' holds a text".to_owned()),
            };
            match expression {
                Ok(expression) => {
                    let part = Self::Expression {
                        field: name.clone(),
                        expression,
                    };
                    parts.push((target.to_owned(), part));
                }
                Err(reason) => faults.push(TemplateError::NoExpression {
                    field: name.clone(),
                    reason,
                }),
            }
        }
        if is_literal {
            Self::Literal(Value::Object(fields.clone()))
        } else {
            Self::Object(parts)
        }
    }

    /// Whether any path in it meets a condition.
    pub fn has_path(&self, meets: &impl Fn(&Path) -> bool) -> bool {
        match self {
            Self::Literal(_) => false,
            Self::Expression { expression, .. } => expression.has_path(meets),
            Self::Array(items) => items.iter().any(|item| item.has_path(meets)),
            Self::Object(parts) => parts.iter().any(|(_, part)| part.has_path(meets)),
        }
    }

    /// The value of the template in a scope.
    pub fn evaluate(&self, scope: &mut dyn Scope) -> Result<Value, ExpressionError> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Expression { field, expression } => {
                let value = expression.evaluate(field, scope)?;
                scope.budget().spend(text_size(&value))?;
                Ok(value)
            }
            Self::Array(items) => {
                let items: Result<Vec<_>, _> =
                    items.iter().map(|item| item.evaluate(scope)).collect();
                items.map(Value::Array)
            }
            Self::Object(parts) => {
                let mut object = Map::with_capacity(parts.len());
                for (name, part) in parts {
                    object.insert(name.clone(), part.evaluate(scope)?);
                }
                Ok(Value::Object(object))
            }
        }
    }
}
