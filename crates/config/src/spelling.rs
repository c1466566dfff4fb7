//! "Did you mean": the served word that is nearest to what was written.

/// A word longer than this is no misspelling of a key, and comparing it would take long.
const LONGEST: usize = 40;

/// The nearest of `served`, if it is near enough to be meant: a third of its letters may differ.
pub(crate) fn nearest<'a>(
    written: &str,
    served: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    if written.chars().count() > LONGEST {
        return None;
    }
    let plain = |word: &str| word.to_lowercase().replace('-', "_");
    let written = plain(written);
    served
        .into_iter()
        .map(|word| (distance(&written, &plain(word)), word))
        .filter(|(distance, word)| *distance <= (word.chars().count() / 3).max(1))
        .min()
        .map(|(_, word)| word)
}

/// Letters to add, drop, change or swap with their neighbour (restricted Damerau-Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = changed.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
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
