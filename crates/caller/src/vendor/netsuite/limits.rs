//! `governanceLimits`: what an account allows. NetSuite shows it to administrators only.

use serde_json::Value;

use crate::vendor::{AllowedCalls, Counted, LimitInquiry};

pub(super) const INQUIRY: LimitInquiry = LimitInquiry {
    path: "/services/rest/system/v1/governanceLimits",
    then: None,
    read,
};

/// The account's whole limit, the part of it that no integration has reserved, and this integration's own. The narrowest
/// of those present is binding.
fn read(body: &Value) -> Vec<AllowedCalls> {
    let limit = |name, member: &str| {
        let allowed = body.get(member)?.as_u64()?;
        Some(AllowedCalls {
            name,
            counted: Counted::Concurrency,
            allowed,
            used: None,
            binding: false,
        })
    };
    let own = limit(
        "this integration's own concurrency",
        "integrationConcurrencyLimit",
    );
    let shared = limit(
        "concurrency shared by integrations without their own",
        "accountUnallocatedConcurrencyLimit",
    );
    let account = limit("the account's concurrency", "accountConcurrencyLimit");
    let binding = own.or(shared).or_else(|| account.clone());
    let beside = account.filter(|account| Some(account) != binding.as_ref());
    let binding = binding.map(|limit| AllowedCalls {
        binding: true,
        ..limit
    });
    binding.into_iter().chain(beside).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(body: &Value) -> Vec<(u64, bool)> {
        let limits = read(body).into_iter();
        limits.map(|limit| (limit.allowed, limit.binding)).collect()
    }

    #[test]
    fn the_binding_limit_is_the_narrowest_that_concerns_us() {
        let own = json!({"accountConcurrencyLimit": 15, "accountUnallocatedConcurrencyLimit": 10,
            "integrationLimitType": "integrationSpecific", "integrationConcurrencyLimit": 5});
        assert_eq!(told(&own), [(5, true), (15, false)]);
        let shared = json!({"accountConcurrencyLimit": 15, "accountUnallocatedConcurrencyLimit": 15,
            "integrationLimitType": "accountLimit"});
        assert_eq!(told(&shared), [(15, true), (15, false)]);
        assert_eq!(told(&json!({"accountConcurrencyLimit": 15})), [(15, true)]);
        assert_eq!(told(&json!({})), []);
    }
}
