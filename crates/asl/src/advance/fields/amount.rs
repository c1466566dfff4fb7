//! Fields that hold a number, or a path or an expression for it: seconds, counts and percentages.

use serde_json::Value;

use super::Fields;
use super::json_path::shown;
use crate::advance::failure::Failure;
use crate::model::machine::{Amount, Duration};
use rampmeter_expression::path::Path;
use rampmeter_expression::{Payload, number};

impl Fields<'_, '_> {
    /// `TimeoutSeconds` or `HeartbeatSeconds`: never 0.
    pub(in crate::advance) fn duration(
        &mut self,
        duration: &Duration,
        input: &Payload,
    ) -> Result<Option<u64>, Failure> {
        match duration {
            Duration::None => Ok(None),
            Duration::Seconds(seconds) => Ok(Some(*seconds)),
            Duration::Query(query) => self.jsonata().seconds(query, input, 1).map(Some),
            Duration::Path(field, path) => match self.json_path().seconds(field, path, input)? {
                0 => Err(self.runtime(&format!(
                    "The {field} parameter references a value that is not positive: {} == 0",
                    path.text()
                ))),
                seconds => Ok(Some(seconds)),
            },
        }
    }

    /// A whole number that is not negative. AWS takes a text that is one.
    pub(super) fn count(
        &mut self,
        amount: &Amount,
        input: &Payload,
    ) -> Result<Option<u64>, Failure> {
        let (field, path) = match amount {
            Amount::None => return Ok(None),
            Amount::Number(number) => {
                return Ok(number::whole(number).and_then(|whole| u64::try_from(whole).ok()));
            }
            Amount::Query(query) => return self.jsonata().count(query, input).map(Some),
            Amount::Path(field, path) => (*field, path),
        };
        let value = self.json_path().find(path, input)?;
        let whole = match &value {
            Value::Number(number) => number::whole(number),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        let Some(whole) = whole else {
            return Err(self.no_amount(field, path, &value, "integer"));
        };
        u64::try_from(whole)
            .map(Some)
            .map_err(|_| self.runtime(&format!("{field} cannot be negative.")))
    }

    pub(super) fn percentage(
        &mut self,
        amount: &Amount,
        input: &Payload,
    ) -> Result<Option<f64>, Failure> {
        let (field, path) = match amount {
            Amount::None => return Ok(None),
            Amount::Number(number) => return Ok(number.as_f64()),
            Amount::Query(query) => return self.jsonata().percentage(query, input).map(Some),
            Amount::Path(field, path) => (*field, path),
        };
        let value = self.json_path().find(path, input)?;
        let share = match &value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.parse().ok().filter(|share: &f64| share.is_finite()),
            _ => None,
        };
        let Some(share) = share else {
            return Err(self.no_amount(field, path, &value, "float"));
        };
        if (0.0..=100.0).contains(&share) {
            return Ok(Some(share));
        }
        Err(self.runtime(&format!("{field} must be between 0 and 100.")))
    }

    fn no_amount(&self, field: &str, path: &Path, value: &Value, kind: &str) -> Failure {
        self.runtime(&format!(
            "The {field}Path field refers to value \"{}\" which is not a valid {kind}: {}",
            shown(value),
            path.text()
        ))
    }
}
