//! The rate that a limit can reach, as `limit list`, `target show` and `check` show it. A window whose slots are free
//! one length after the answer reaches less than its own rate where calls take long, and people should be told before
//! they wonder.

use serde_json::Value;

/// A window that reaches less than this part of its own rate is worth a warning.
pub(super) const LOW: f64 = 0.9;

/// Calls a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rate {
    /// What the limit lets through, given the time that a call takes; `None` while that is not known.
    pub(super) reaches: Option<f64>,
    /// A window's own rate: its calls divided by its length. `None` for calls in flight.
    pub(super) nominal: Option<f64>,
    /// The most calls that the vendor may count in one window, where that is more than the limit.
    pub(super) vendor_may_count: Option<u64>,
}

impl Rate {
    /// The rate of a limit as the admin port shows it.
    pub(super) fn of_json(limit: &Value) -> Rate {
        Rate {
            reaches: limit["reaches_per_second"].as_f64(),
            nominal: limit["nominal_per_second"].as_f64(),
            vendor_may_count: limit["vendor_may_count"].as_u64(),
        }
    }

    /// The part of its own rate that a window reaches.
    pub(super) fn part(self) -> Option<f64> {
        Some(self.reaches? / self.nominal?)
    }

    /// Whether that is low.
    pub(super) fn is_low(self) -> bool {
        self.part().is_some_and(|part| part < LOW)
    }

    /// For people; empty while nothing is known.
    pub(super) fn words(self) -> String {
        let Some(reaches) = self.reaches else {
            return String::new();
        };
        let mut words = format!("{}/s", calls(reaches));
        if let Some(part) = self.part().filter(|_| self.is_low()) {
            words.push_str(&format!(", {:.0} % of its rate", part * 100.0));
        }
        if let Some(most) = self.vendor_may_count {
            words.push_str(&format!(", the vendor may count {most}"));
        }
        words
    }
}

/// A rate with as many digits as are meaningful.
pub(super) fn calls(rate: f64) -> String {
    match rate {
        0.1.. => format!("{rate:.1}"),
        _ => format!("{rate:.5}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_window_that_latency_keeps_from_its_rate_is_marked() {
        let words = |limit: Value| Rate::of_json(&limit).words();
        assert_eq!(
            words(json!({ "reaches_per_second": 76.9, "nominal_per_second": 100.0 })),
            "76.9/s, 77 % of its rate"
        );
        assert_eq!(
            words(json!({ "reaches_per_second": 9.9, "nominal_per_second": 10.0 })),
            "9.9/s"
        );
        assert_eq!(
            words(json!({ "reaches_per_second": null, "nominal_per_second": 10.0 })),
            ""
        );
        assert_eq!(
            words(
                json!({ "reaches_per_second": 100.0, "nominal_per_second": 100.0, "vendor_may_count": 110 })
            ),
            "100.0/s, the vendor may count 110"
        );
        assert_eq!(calls(1.0 / 86_400.0), "0.00001");
    }
}
