//! The real binary, spoken to over its ports and its command line as users do.
//! One test program, so that it is linked once.

mod process;
mod vendor;
mod aws;
mod calls;
mod workspace;

mod hostile;
mod local_socket;
mod secrets;
mod backup;
mod damaged_rows;
mod dashboard;
mod dead_letters;
mod access;
mod accounts;
mod admin;
mod full_disk;
mod tls;
mod lifecycle;
mod commands;
mod gate_in_words;
mod wire;
