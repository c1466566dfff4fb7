//! Random numbers, for the shell: what decides is given them.

/// Any random number.
pub(crate) fn random() -> u64 {
    getrandom::u64().expect("the operating system gives random bytes")
}
