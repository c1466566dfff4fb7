//! Random numbers for the shell, which passes them to the code that decides.

/// Any random number.
pub(crate) fn random() -> u64 {
    getrandom::u64().expect("the operating system gives random bytes")
}
