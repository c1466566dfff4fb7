//! What the drainers of a target share: the item, and which configuration it is kept by.

mod generation;
mod item;

pub(crate) use generation::{Generation, digest};
pub(crate) use item::Item;
