//! The gate against an oracle that is slow and obviously right, and against a vendor that counts
//! for itself.
//!
//! `world` drives a gate as a host would, with random commands from `command`. After each step it
//! compares everything the gate says with `oracle`, which keeps the whole history and derives each
//! answer anew. `vendor` knows neither: it sees calls and counts them at a moment of its own
//! between permit and answer. `planted` shows that these checks can fail.

mod agreement;
mod command;
mod differential;
mod explanations;
mod fairness;
mod foretold;
mod jobs;
mod large_windows;
mod oracle;
mod pace;
mod planted;
mod replay;
mod restart;
mod scenarios;
mod shared;
mod trouble;
mod urgency;
mod vendor;
mod world;
