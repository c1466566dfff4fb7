//! What others say and name, in every command and every answer of the admin port.

mod command_tree;
mod text;
