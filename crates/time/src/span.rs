//! Spans of time in texts for people. The durations of options and the configuration are in
//! `duration`.

/// A span of time as people read it: the two largest units.
#[must_use]
pub fn span(milliseconds: i64) -> String {
    let total = milliseconds.max(0);
    let seconds = total / 1000;
    match seconds {
        0 => format!("{total} ms"),
        1..60 => format!("{}.{} s", seconds, total % 1000 / 100),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_show_their_two_largest_units() {
        assert_eq!(span(-5), "0 ms");
        assert_eq!(span(999), "999 ms");
        assert_eq!(span(4_150), "4.1 s");
        assert_eq!(span(61_000), "1 min 1 s");
        assert_eq!(span(3_660_000), "1 h 1 min");
        assert_eq!(span(90_000_000), "1 d 1 h");
    }
}
