//! The port itself: from the head of a request to its operation and back, who is admitted, and what the server says of
//! itself. It leaves out what an operation does.

mod access;
mod browser;
mod health;
mod origin;
mod reference;
mod request;
mod router;
mod scope;
mod sdk;

pub use access::Access;
pub use reference::page as reference;
pub use router::router;
pub use sdk::WireSdk;
