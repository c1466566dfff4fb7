//! Two targets that look like one account: their limits do not know of each other, but the vendor counts the calls of both.

use std::collections::{BTreeMap, BTreeSet};

use rampmeter_caller::Profile;
use url::Url;

use super::Target;
use crate::document::{Entry, Reading};
use crate::problem::{Code, Problem};

/// Warns about a target that calls an account that another target calls too.
pub(super) fn warn(
    reading: &Reading<'_>,
    entry: &Entry,
    target: &Target,
    others: &BTreeMap<String, Target>,
) {
    let own = accounts(&target.profile);
    for other in others.values() {
        let Some(account) = accounts(&other.profile).intersection(&own).next().cloned() else {
            continue;
        };
        let endpoint = format!(
            "[targets.{}.endpoints.{}] base_url = \"{}\"",
            other.name, target.name, target.profile.base_url
        );
        reading.note(
            Problem::warning(
                Code::SharedAccount,
                format!(
                    "targets {} and {} call one account, {account}: the vendor counts their calls together, and no limit here does",
                    other.name, target.name
                ),
            )
            .at(&entry.key_span)
            .help(format!(
                "make one target of them, with {endpoint}; or divide what the vendor allows between their limits"
            )),
        );
        return;
    }
}

/// The accounts that the hosts of a target belong to, in the vendor's words. A host that all accounts share says nothing.
fn accounts(profile: &Profile) -> BTreeSet<String> {
    let endpoints = profile.endpoints.values().map(|endpoint| &endpoint.profile);
    std::iter::once(profile)
        .chain(endpoints)
        .filter(|place| !is_shared(profile, place))
        .map(|place| account(place, &place.base_url))
        .collect()
}

fn is_shared(of_target: &Profile, place: &Profile) -> bool {
    let vendor = of_target.preset.vendor();
    let shared = vendor.endpoints.iter().filter(|known| known.is_shared);
    let mut urls = shared.filter_map(|known| (known.base_url)(&of_target.base_url));
    urls.any(|url| url == place.base_url)
}

fn account(place: &Profile, url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let account = (place.preset.vendor().account_of)(host);
    match url.port() {
        Some(port) => format!("{account}:{port}"),
        None => account.to_owned(),
    }
}
