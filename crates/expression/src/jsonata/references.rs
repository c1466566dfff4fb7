//! What an expression refers to at its top level, where a state machine has no document: bare names, `$`, `$$`, `*`.

use std::collections::BTreeSet;

use jlens_core::ast::Stage;
use jlens_core::{Node, NodeKind};

/// The references of an expression that need a document at the top level, as written.
pub(super) fn of(root: &Node) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    visit(root, true, &mut found);
    found
}

/// `at_top`: the context of the node is that of the whole expression.
fn visit(node: &Node, at_top: bool, found: &mut BTreeSet<String>) {
    match &node.kind {
        NodeKind::Path { steps, .. } => {
            for (index, step) in steps.iter().enumerate() {
                visit(step, at_top && index == 0, found);
            }
        }
        NodeKind::Name { name } if at_top => drop(found.insert(name.clone())),
        NodeKind::Variable { name } if name == "$" => drop(found.insert("$$".to_owned())),
        NodeKind::Variable { name } if name.is_empty() && at_top => {
            found.insert("$".to_owned());
        }
        NodeKind::Wildcard if at_top => drop(found.insert("*".to_owned())),
        NodeKind::Descendant if at_top => drop(found.insert("**".to_owned())),
        NodeKind::Lambda(function) => visit(&function.body, at_top, found),
        NodeKind::Transform(transform) => {
            visit(&transform.pattern, false, found);
            visit(&transform.update, false, found);
        }
        NodeKind::Sort { terms } => {
            for term in terms {
                visit(&term.expr, false, found);
            }
        }
        _ => {}
    }
    if let NodeKind::Path { .. }
    | NodeKind::Lambda(_)
    | NodeKind::Transform(_)
    | NodeKind::Sort { .. } = &node.kind
    {
    } else {
        // Filters and groups see the items; they are visited below, so each is met once.
        let inner = inner(node);
        node.for_each_child(|child| {
            if !inner.iter().any(|one| std::ptr::eq(*one, child)) {
                visit(child, at_top, found);
            }
        });
    }
    for child in inner(node) {
        visit(child, false, found);
    }
}

/// The filters of a node and the pairs that it groups by, whose context is its items.
fn inner(node: &Node) -> Vec<&Node> {
    let stages = node.attrs.stages.iter().chain(&node.attrs.predicate);
    let filters = stages.filter_map(|stage| match stage {
        Stage::Filter { expr, .. } => Some(expr),
        _ => None,
    });
    let groups = node.attrs.group.iter().flat_map(|group| &group.pairs);
    filters
        .map(|filter| &**filter)
        .chain(groups.flat_map(|(name, value)| [name, value]))
        .collect()
}
