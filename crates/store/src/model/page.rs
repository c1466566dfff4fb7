//! A page of a listing.

/// A page of a listing, newest first unless stated otherwise.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// Hand it back to get the next page; absent on the last.
    pub next_token: Option<String>,
}
