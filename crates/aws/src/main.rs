//! The bootstrap.
fn main() {}
