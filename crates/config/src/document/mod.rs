//! A configuration file on the way to its values: the tree of TOML or JSON with its places, references resolved, the keys of
//! each table read by their types, and secrets blanked before anything is shown. It does not know the meaning of any key.

pub(crate) mod mask;
mod reading;
pub(crate) mod reference;
mod section;
pub(crate) mod tree;

pub(crate) use reading::Reading;
pub(crate) use reference::{Host, OnAws, ReferenceContext, Secrets};
pub(crate) use section::Section;
pub(crate) use tree::{Entry, Node, Notation, Table, Value};
