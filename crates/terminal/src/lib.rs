//! What a command says to the person or script that runs it: data on standard output in the requested form, everything
//! else on standard error, and at the end why it did not succeed, with an exit code. It leaves out what each command has
//! to say, and the command line itself.

mod failure;
pub mod json_place;
mod located;
mod log;
pub mod output;
mod table;

pub use failure::{Exit, Failure};
pub use located::located;
pub use log::LogWriter;
pub use rampmeter_visible::{visible, visible_coloured, visible_line};
pub use table::Table;
