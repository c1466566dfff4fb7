//! The vendors whose answers are understood. A preset decides the name of the idempotency header, the longest
//! time the vendor may work on a call, and what an answer means.

mod http;
mod netsuite;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::answer::Answer;
use crate::classify::Meaning;

/// A vendor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Preset {
    /// Any HTTP API that follows RFC 9110 and RFC 6585.
    #[default]
    Http,
    /// Oracle NetSuite: REST records, SuiteQL, RESTlets, SOAP.
    NetSuite,
}

impl Preset {
    /// Every preset.
    pub const ALL: [Preset; 2] = [Preset::Http, Preset::NetSuite];

    /// The name in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Preset::Http => "http",
            Preset::NetSuite => "netsuite",
        }
    }

    /// Name of the request header that carries the idempotency key, in lower case.
    #[must_use]
    pub fn idempotency_header(self) -> &'static str {
        match self {
            Preset::Http => http::IDEMPOTENCY_HEADER,
            Preset::NetSuite => netsuite::IDEMPOTENCY_HEADER,
        }
    }

    /// Longest time the vendor works on one call, where it says so: after a lost answer the call may go on there
    /// for so long.
    #[must_use]
    pub fn longest_run(self) -> Option<Duration> {
        match self {
            Preset::Http => None,
            Preset::NetSuite => Some(netsuite::LONGEST_RUN),
        }
    }

    pub(crate) fn vendor_code(self, answer: &Answer) -> Option<String> {
        match self {
            Preset::Http => http::vendor_code(answer),
            Preset::NetSuite => netsuite::vendor_code(answer),
        }
    }

    pub(crate) fn meaning(self, answer: &Answer, vendor_code: Option<&str>) -> Meaning {
        match self {
            Preset::Http => http::meaning(answer.status),
            Preset::NetSuite => netsuite::meaning(answer, vendor_code),
        }
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
