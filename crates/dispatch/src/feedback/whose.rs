//! Whose trouble it is that a call went wrong.

/// Whose trouble it is that a call went wrong, as far as the gate can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The account's: every call would meet it, so that none of them pays for it.
    Account,
    /// The call's own: the vendor answers others.
    Call,
}
