//! Pages of listings: their size, and the token that leads to the next.

use crate::model::rejected::Rejected;

/// AWS's default page.
const PAGE: u32 = 100;
/// AWS's largest page.
const MAX_PAGE_ITEMS: u32 = 1_000;

pub(super) fn page_size(asked: Option<u32>) -> u32 {
    match asked {
        None | Some(0) => PAGE,
        Some(size) => size.min(MAX_PAGE_ITEMS),
    }
}

/// Page tokens are the number at which the next page starts, in hexadecimal after a mark.
pub(super) fn page_token(start: i64) -> String {
    format!("p1-{start:x}")
}

/// Where the page of a page token begins; `first` without one.
pub(super) fn page_start(token: Option<&str>, first: i64) -> Result<i64, Rejected> {
    let Some(token) = token else { return Ok(first) };
    token
        .strip_prefix("p1-")
        .and_then(|digits| i64::from_str_radix(digits, 16).ok())
        .filter(|start| *start > 0)
        .ok_or(Rejected::InvalidPageToken)
}

/// The same for a list ordered by two numbers.
pub(super) fn page_token_of_two((first, second): (i64, i64)) -> String {
    format!("p2-{first:x}-{second:x}")
}

/// Where the page of such a token begins; after everything without one.
pub(super) fn page_start_of_two(token: Option<&str>) -> Result<(i64, i64), Rejected> {
    let Some(token) = token else {
        return Ok((i64::MAX, i64::MAX));
    };
    let numbers = token
        .strip_prefix("p2-")
        .and_then(|numbers| numbers.split_once('-'));
    let read = |digits: &str| i64::from_str_radix(digits, 16).ok();
    numbers
        .and_then(|(first, second)| Some((read(first)?, read(second)?)))
        .filter(|(first, second)| *first >= 0 && *second > 0)
        .ok_or(Rejected::InvalidPageToken)
}
