//! The vendors whose ways are known, one file each: data that a configuration can override, and little code.

mod http;
mod netsuite;
mod rules;
mod salesforce;
mod sap_odata;
mod sap_successfactors;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

pub use rules::{Bound, Idempotency, RetryTable, Rules, Seen, Signal, SuggestedLimit};

pub(crate) use http::meaning as standard_meaning;

/// A vendor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Preset {
    /// Any HTTP API that follows RFC 9110 and RFC 6585.
    #[default]
    Http,
    /// Oracle NetSuite: REST records, SuiteQL, RESTlets, SOAP.
    NetSuite,
    /// Salesforce: REST.
    Salesforce,
    /// SAP S/4HANA and SAP Gateway: OData V2 and V4.
    SapOData,
    /// SAP SuccessFactors: OData.
    SapSuccessFactors,
}

impl Preset {
    /// Every preset.
    pub const ALL: [Preset; 5] = [
        Preset::Http,
        Preset::NetSuite,
        Preset::Salesforce,
        Preset::SapOData,
        Preset::SapSuccessFactors,
    ];

    /// Its rules.
    #[must_use]
    pub fn rules(self) -> &'static Rules {
        match self {
            Preset::Http => &http::RULES,
            Preset::NetSuite => &netsuite::RULES,
            Preset::Salesforce => &salesforce::RULES,
            Preset::SapOData => &sap_odata::RULES,
            Preset::SapSuccessFactors => &sap_successfactors::RULES,
        }
    }

    /// The name in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.rules().name
    }

    /// About how long a call takes, for the time before anything was measured: an assumption, from what people report of
    /// these vendors, and no promise of theirs.
    #[must_use]
    pub fn assumed_call(self) -> Duration {
        Duration::from_millis(match self {
            Preset::Http | Preset::Salesforce => 300,
            Preset::NetSuite => 1_500,
            Preset::SapOData | Preset::SapSuccessFactors => 800,
        })
    }

    /// Longest time the vendor works on one call, where it says so: after a lost answer the call may go on there
    /// for so long.
    #[must_use]
    pub fn longest_run(self) -> Option<Duration> {
        self.rules().longest_run
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name is no preset's.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("no such preset")]
pub struct UnknownPreset;

impl FromStr for Preset {
    type Err = UnknownPreset;

    fn from_str(name: &str) -> Result<Preset, UnknownPreset> {
        Preset::ALL
            .into_iter()
            .find(|preset| preset.as_str() == name)
            .ok_or(UnknownPreset)
    }
}
