//! "Did you mean": the known word that is nearest to what was written.

/// A word longer than this is not a misspelling of a key, and comparing it would take long.
const MAX_CHARACTERS: usize = 40;

/// The nearest of `served`, if it is near enough to be what was meant: a third of its letters may differ. Letters to
/// add, drop, change or swap with their neighbour count one each.
pub fn nearest<'a>(written: &str, served: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if written.chars().count() > MAX_CHARACTERS {
        return None;
    }
    let plain = |word: &str| word.to_lowercase().replace('-', "_");
    let written = plain(written);
    served
        .into_iter()
        .map(|word| (strsim::osa_distance(&written, &plain(word)), word))
        .filter(|(distance, word)| *distance <= (word.chars().count() / 3).max(1))
        .min()
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_word_is_suggested_and_a_far_one_is_not() {
        let served = ["name", "concurrency", "calls", "per", "reserve"];
        let cases = [
            ("concurency", Some("concurrency")),
            ("Concurrency", Some("concurrency")),
            ("call", Some("calls")),
            ("preserve", Some("reserve")),
            ("nmae", Some("name")),
            ("colour", None),
            ("", None),
        ];
        for (written, expected) in cases {
            assert_eq!(nearest(written, served), expected, "{written}");
        }
        assert_eq!(nearest(&"x".repeat(100_000), served), None);
    }
}
