//! The prices of AWS, with their date and region. The built-in ones are those of `prices.toml`; a file of the same
//! form overrides them.

use std::path::Path;

use rampmeter_terminal::located;
use serde::Deserialize;

/// The built-in prices.
const BUILT_IN: &str = include_str!("prices.toml");

/// Prices in US dollars.
#[derive(Debug, Clone, PartialEq)]
pub struct Prices {
    /// Date of the price list.
    pub as_of: String,
    /// AWS region.
    pub region: String,
    /// Step Functions Standard, per million state transitions.
    pub transitions: f64,
    /// SQS standard, per million requests.
    pub sqs_requests: f64,
    /// Lambda, per million requests.
    pub lambda_requests: f64,
    /// Lambda, per GB-second.
    pub lambda_gb_second: f64,
    /// DynamoDB on demand, per million write units.
    pub write_units: f64,
    /// DynamoDB on demand, per million read units.
    pub read_units: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    as_of: String,
    region: Option<String>,
    step_functions_million_transitions: Option<f64>,
    sqs_million_requests: Option<f64>,
    lambda_million_requests: Option<f64>,
    lambda_gb_second: Option<f64>,
    dynamodb_million_write_units: Option<f64>,
    dynamodb_million_read_units: Option<f64>,
}

impl Prices {
    /// The prices this program was built with.
    pub fn built_in() -> Prices {
        let nothing = Prices {
            as_of: String::new(),
            region: String::new(),
            transitions: 0.0,
            sqs_requests: 0.0,
            lambda_requests: 0.0,
            lambda_gb_second: 0.0,
            write_units: 0.0,
            read_units: 0.0,
        };
        nothing
            .overridden("prices.toml", BUILT_IN)
            .expect("the built-in prices are ours")
    }

    /// The built-in prices, overridden by those of a file.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn read(file: Option<&Path>) -> Result<Prices, String> {
        let built_in = Prices::built_in();
        let Some(file) = file else {
            return Ok(built_in);
        };
        let text = std::fs::read_to_string(file)
            .map_err(|why| format!("{} cannot be read: {why}", file.display()))?;
        built_in.overridden(&file.display().to_string(), &text)
    }

    /// These prices, overridden by those of a file. The file must state its date.
    ///
    /// # Errors
    /// What is wrong, after `FILE:LINE:COLUMN`.
    pub fn overridden(self, name: &str, text: &str) -> Result<Prices, String> {
        let file: File = toml::from_str(text)
            .map_err(|error| located(name, text, error.span().unwrap_or(0..0), error.message()))?;
        let prices = Prices {
            as_of: file.as_of,
            region: file.region.unwrap_or(self.region),
            transitions: file
                .step_functions_million_transitions
                .unwrap_or(self.transitions),
            sqs_requests: file.sqs_million_requests.unwrap_or(self.sqs_requests),
            lambda_requests: file.lambda_million_requests.unwrap_or(self.lambda_requests),
            lambda_gb_second: file.lambda_gb_second.unwrap_or(self.lambda_gb_second),
            write_units: file
                .dynamodb_million_write_units
                .unwrap_or(self.write_units),
            read_units: file.dynamodb_million_read_units.unwrap_or(self.read_units),
        };
        let all = [
            prices.transitions,
            prices.sqs_requests,
            prices.lambda_requests,
            prices.lambda_gb_second,
            prices.write_units,
            prices.read_units,
        ];
        if all.iter().all(|price| (0.0..=1e6).contains(price)) {
            Ok(prices)
        } else {
            Err(format!(
                "{name}: a price is between 0 and a million dollars"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_overrides_what_it_names_and_must_have_a_date() {
        let prices = Prices::built_in()
            .overridden("p.toml", "as_of = \"2027-01\"\nsqs_million_requests = 0.5")
            .unwrap();
        assert_eq!(
            (prices.as_of.as_str(), prices.sqs_requests),
            ("2027-01", 0.5)
        );
        assert_eq!(prices.transitions, Prices::built_in().transitions);
        for (text, what) in [
            ("", "p.toml:1:1: missing field `as_of`"),
            ("as_of = \"x\"\nsqs = 1", "p.toml:2:1: unknown field `sqs`"),
            ("as_of = \"x\"\nlambda_gb_second = -1", "p.toml: a price"),
            ("as_of = \"x\"\nlambda_gb_second = nan", "p.toml: a price"),
        ] {
            let refusal = Prices::built_in()
                .overridden("p.toml", text)
                .expect_err(text);
            assert!(refusal.starts_with(what), "{refusal}");
        }
    }
}
