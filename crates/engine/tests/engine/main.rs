//! The engine as a whole: real stores on disk, real sockets, vendors that answer as each test says. One program, so that it is
//! linked once.

mod calls;
mod host;
mod queues;
mod services;
mod support;
mod workflows;
