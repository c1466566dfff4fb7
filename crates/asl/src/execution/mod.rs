//! One execution as data: its frames, what happened, the stimuli it receives and the effects it asks for. How one leads
//! to the next is in `advance`.

pub(crate) mod event;
pub(crate) mod frame;
mod history;
pub(crate) mod items;
pub(crate) mod join;
pub(crate) mod probe;
pub mod record;
pub(crate) mod scope;
pub(crate) mod stimulus;
