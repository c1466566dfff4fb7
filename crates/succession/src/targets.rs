//! Which former target each target of the configuration continues: by its name, otherwise by its account. Pure.

use std::collections::BTreeMap;

use crate::former::FormerTarget;

/// How a target of this start is related to those of earlier starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lineage {
    /// Not at all, except that it may have been there itself.
    Same,
    /// It was there under another name.
    RenamedFrom(String),
    /// It calls an address that these targets called.
    ChargedWith(Vec<String>),
}

type Targets = BTreeMap<String, FormerTarget>;

/// The lineage of each target of this start.
pub(crate) fn lineages(former: &Targets, served: &Targets) -> Vec<(String, Lineage)> {
    let of = |name: &String, target: &FormerTarget| {
        let known = former.get(name);
        if known.is_some_and(|was| was.address == target.address) {
            return Lineage::Same;
        }
        // Those that called its address and no longer do.
        let left = former.iter().filter(|(other, was)| {
            let stays = served
                .get(*other)
                .is_some_and(|now| now.address == was.address);
            *other != name && was.address == target.address && !stays
        });
        let left: Vec<(&String, &FormerTarget)> = left.collect();
        let is_one_account = |was: &FormerTarget| was.account == target.account;
        // What is new and what is gone must match without doubt.
        let heirs = served
            .iter()
            .filter(|(name, heir)| !former.contains_key(*name) && is_one_account(heir));
        let mut gone = left
            .iter()
            .filter(|(other, was)| !served.contains_key(*other) && is_one_account(was));
        if known.is_none()
            && heirs.count() == 1
            && let (Some((other, _)), None) = (gone.next(), gone.next())
        {
            return Lineage::RenamedFrom((*other).clone());
        }
        match left.is_empty() {
            true => Lineage::Same,
            false => {
                Lineage::ChargedWith(left.into_iter().map(|(other, _)| other.clone()).collect())
            }
        }
    };
    let lineages = served
        .iter()
        .map(|(name, target)| (name.clone(), of(name, target)));
    lineages.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// Targets by name, each with its address and who signs in there.
    fn targets<const N: usize>(all: [(&str, &str, &str); N]) -> Targets {
        all.into_iter()
            .map(|(name, url, who)| {
                let target = FormerTarget {
                    configured: true,
                    address: url.to_owned(),
                    account: format!("{who} at {url}"),
                    external: false,
                    holds_for: Duration::from_secs(1),
                    limits: Vec::new(),
                };
                (name.to_owned(), target)
            })
            .collect()
    }

    fn lineage(former: &Targets, served: &Targets, name: &str) -> Lineage {
        let all = lineages(former, served);
        all.into_iter().find(|(of, _)| of == name).unwrap().1
    }

    fn charged(with: &str) -> Lineage {
        Lineage::ChargedWith(vec![with.to_owned()])
    }

    #[test]
    fn an_account_under_another_name_is_the_same_target() {
        let before = targets([("erp", "a", "me"), ("crm", "b", "me")]);
        let after = targets([("netsuite", "a", "me"), ("crm", "b", "me")]);
        let renamed = Lineage::RenamedFrom("erp".to_owned());
        assert_eq!(lineage(&before, &after, "netsuite"), renamed);
        assert_eq!(lineage(&before, &after, "crm"), Lineage::Same);
    }

    #[test]
    fn another_account_at_the_same_address_gets_no_calls_and_is_charged() {
        let before = targets([("erp", "a", "me")]);
        let after = targets([("netsuite", "a", "you")]);
        assert_eq!(lineage(&before, &after, "netsuite"), charged("erp"));
    }

    #[test]
    fn where_it_is_not_plain_which_one_is_meant_no_call_moves() {
        let before = targets([("erp", "a", "me")]);
        let after = targets([("one", "a", "me"), ("two", "a", "me")]);
        assert_eq!(lineage(&before, &after, "one"), charged("erp"));
        assert_eq!(lineage(&before, &after, "two"), charged("erp"));
    }

    #[test]
    fn a_second_target_at_an_address_is_not_charged_with_the_first() {
        let before = targets([("erp", "a", "me")]);
        let after = targets([("erp", "a", "me"), ("reports", "a", "you")]);
        assert_eq!(lineage(&before, &after, "reports"), Lineage::Same);
    }

    #[test]
    fn a_target_that_was_given_the_address_of_another_is_charged_with_that() {
        let before = targets([("erp", "a", "me"), ("crm", "b", "me")]);
        let after = targets([("erp", "b", "me"), ("crm", "a", "me")]);
        assert_eq!(lineage(&before, &after, "erp"), charged("crm"));
        assert_eq!(lineage(&before, &after, "crm"), charged("erp"));
    }
}
