//! Calls over real sockets: what is sent, what comes back, and what each way of failing means.

#![allow(
    clippy::unwrap_used,
    reason = "a failure of a helper is the test's report"
)]

mod answers;
mod broken_bodies;
mod deletions;
mod endpoints;
mod egress;
mod failures;
mod lost_answers;
mod sending;
mod sessions;
mod sign_in;
mod vendor;
