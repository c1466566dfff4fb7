//! Measures the product, in runs that anybody can repeat: `demo` and `trial` against strict stand-in vendors, `bench`, the
//! example to look at that `dev` serves, the stand-ins alone (`mock`), and the deliberate faults that tests need.
//!
//! An engine that must be killed is another process of this program, run as `serve`; this crate does not depend on the
//! binary in any other way.

mod arguments;
pub mod bench;
pub mod demo;
pub mod dev;
mod directory;
mod faults;
mod interruption;
pub mod mock;
pub mod trial;

pub use faults::Faults;
