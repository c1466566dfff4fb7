//! The product measured, in runs that anybody can repeat: `demo` and `trial` against strict stand-in vendors, `bench`, the
//! example to look at that `dev` serves, the stand-ins alone (`mock`), and the deliberate faults that tests need.
//!
//! An engine that must be killed is a process of this very program, told to `serve`; this crate knows no other way to it.

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
