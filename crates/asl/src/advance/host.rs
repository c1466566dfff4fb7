//! What an advance gets from its host: the world as a [`Context`] shows it and, in a test, the probe that
//! watches.

use crate::execution::probe::StateProbe;
use crate::execution::stimulus::Context;

/// What an advance gets from its host.
pub(super) struct Host<'h, 'c> {
    pub(super) context: &'h mut Context<'c>,
    /// The test that the state is run for, if it is.
    pub(super) probe: Option<&'h mut StateProbe>,
}
