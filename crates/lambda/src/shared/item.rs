//! The shared item as a drainer reads and writes it.

use rampmeter_orders::Orders;

use super::generation::Generation;

/// What the drainers of a target share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Item {
    /// The state of the gate, in its compact form.
    pub(crate) state: Vec<u8>,
    /// Rises with every write.
    pub(crate) version: u64,
    /// The configuration by which it is kept.
    pub(crate) generation: Generation,
    /// What a person ordered; written back as it was read.
    pub(crate) orders: Orders,
}
