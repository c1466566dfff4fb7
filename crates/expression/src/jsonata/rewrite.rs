//! Replaces parts of an expression before it runs, so that nothing it does goes uncounted and regular expressions
//! take linear time. A regular expression becomes a function that knows its number, see [`super::search`]; a
//! built-in function that is passed around as a value becomes a function that calls it, whose results the weigher
//! sees.

use jlens_core::{Expression, Node, NodeKind, Span};

use super::program::is_built_in;
use super::search::EXECUTE;
use crate::pattern::Pattern;

/// The functions of one parameter. Others are seldom passed around, and are then bounded by
/// `Limits::unseen`.
const OF_ONE_PARAMETER: [&str; 27] = [
    "abs",
    "average",
    "base64decode",
    "base64encode",
    "boolean",
    "ceil",
    "count",
    "decodeUrl",
    "decodeUrlComponent",
    "distinct",
    "encodeUrl",
    "encodeUrlComponent",
    "exists",
    "floor",
    "keys",
    "length",
    "lowercase",
    "max",
    "merge",
    "min",
    "not",
    "number",
    "reverse",
    "sqrt",
    "sum",
    "trim",
    "uppercase",
];

/// An expression with replaced parts, and the patterns that they refer to by number.
#[derive(Debug)]
pub(super) struct Rewritten {
    pub(super) source: String,
    pub(super) patterns: Vec<Pattern>,
    /// Built-in functions are still used as values.
    pub(super) hands_about_functions: bool,
    /// There is a regular expression that is not a [`Pattern`].
    pub(super) backtracks: bool,
}

/// Replaces the parts. A regular expression that is not a [`Pattern`] stays as it is.
pub(super) fn rewrite(expression: &Expression) -> Rewritten {
    let source = expression.source();
    let mut edits: Vec<(Span, String)> = Vec::new();
    let mut patterns = Vec::new();
    let mut called = Vec::new();
    let (mut hands_about_functions, mut backtracks) = (false, false);
    expression
        .ast()
        .root
        .walk(&mut |node: &Node| match &node.kind {
            NodeKind::Function { procedure, .. } => called.push(procedure.id),
            NodeKind::Partial { .. } => hands_about_functions = true,
            NodeKind::Regex { pattern, flags } => {
                let pattern = Pattern::find(pattern, flags);
                backtracks |= pattern.is_err();
                if let Ok(pattern) = pattern {
                    let number = patterns.len();
                    patterns.push(pattern);
                    let function = format!("function($s){{${EXECUTE}({number}, $s)}}");
                    edits.push((node.span, function));
                }
            }
            NodeKind::Variable { name }
                if OF_ONE_PARAMETER.contains(&name.as_str())
                    && !called.contains(&node.id)
                    && source.get(node.span.start..node.span.end) == Some(&format!("${name}")) =>
            {
                // A variable of the workflow may have the name, and then holds data.
                let function = format!(
                    "($type(${name}) = 'function' ? function($x){{${name}($x)}} : ${name})"
                );
                edits.push((node.span, function));
            }
            NodeKind::Variable { name } if is_built_in(name) && !called.contains(&node.id) => {
                hands_about_functions = true;
            }
            NodeKind::Bind { lhs, .. } => called.push(lhs.id),
            _ => {}
        });
    edits.sort_by_key(|(span, _)| span.start);
    let mut rewritten = String::with_capacity(source.len());
    let mut at = 0;
    for (span, text) in edits {
        // A part that the parser included twice is written once.
        if let Some(before) = source.get(at..span.start) {
            rewritten.push_str(before);
            rewritten.push_str(&text);
            at = span.end;
        }
    }
    rewritten.push_str(source.get(at..).unwrap_or_default());
    Rewritten {
        source: rewritten,
        patterns,
        hands_about_functions,
        backtracks,
    }
}
