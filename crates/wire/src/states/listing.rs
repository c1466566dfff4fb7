//! Pages of lists that are short enough to be cut here and not in the store: state machines, activities, versions
//! and aliases.

use rampmeter_engine::Rejected;

/// Items of a page when the client does not say.
const DEFAULT_PAGE: usize = 100;

/// The prefix of page tokens; the key of the page's last item follows.
const PAGE_TOKEN_PREFIX: &str = "after:";

/// The page after the one that `token` ended, and the token for the page after that. `items` come in order, and `key`
/// names each of them.
pub(super) fn cut<T>(
    items: Vec<T>,
    key: impl Fn(&T) -> &str,
    token: Option<&str>,
    most: Option<u32>,
) -> Result<(Vec<T>, Option<String>), Rejected> {
    let size = match most {
        None | Some(0) => DEFAULT_PAGE,
        Some(size) => size as usize,
    };
    let start = match token {
        None => 0,
        Some(token) => {
            let last = token
                .strip_prefix(PAGE_TOKEN_PREFIX)
                .ok_or(Rejected::InvalidPageToken)?;
            let found = items.iter().position(|item| key(item) == last);
            // The last item of the page may have been deleted since; then its position is unknown.
            found.ok_or(Rejected::InvalidPageToken)? + 1
        }
    };
    let more = items.len() > start + size;
    let page: Vec<T> = items.into_iter().skip(start).take(size).collect();
    let last = if more { page.last() } else { None };
    let next_token = last.map(|item| format!("{PAGE_TOKEN_PREFIX}{}", key(item)));
    Ok((page, next_token))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(
        token: Option<&str>,
        most: u32,
    ) -> Result<(Vec<&'static str>, Option<String>), Rejected> {
        cut(
            vec!["d", "a", "c", "b", "e"],
            |item| item,
            token,
            Some(most),
        )
    }

    #[test]
    fn pages_hold_every_item_once_in_order_and_the_last_has_no_token() {
        let mut seen = Vec::new();
        let mut token = None;
        loop {
            let (items, next) = page(token.as_deref(), 2).expect("a good token");
            assert!(items.len() <= 2);
            seen.extend(items);
            token = next;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(seen, ["d", "a", "c", "b", "e"]);
    }

    #[test]
    fn a_page_that_ends_exactly_at_the_end_has_no_token() {
        let (items, next) = page(None, 5).expect("no token");
        assert_eq!((items.len(), next), (5, None));
    }

    #[test]
    fn a_token_of_another_listing_is_refused() {
        for token in ["AQIDBA==", "after:x", "after:"] {
            assert_eq!(page(Some(token), 2), Err(Rejected::InvalidPageToken));
        }
    }
}
