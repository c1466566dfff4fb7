//! The ways in which a call is identified to its vendor. The headers are written in `call`.

use std::borrow::Cow;

use super::sap_gateway;

/// The header of draft-ietf-httpapi-idempotency-key-header.
const STANDARD: &str = "idempotency-key";

/// How a call is identified to the vendor, so that a retry is recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Idempotency {
    /// Not at all.
    None,
    /// By a header with the key.
    Header {
        /// Its name, in lower case.
        name: Cow<'static, str>,
        /// In double quotes, as draft-ietf-httpapi-idempotency-key-header has it; most vendors expect it
        /// bare.
        quoted: bool,
    },
    /// `Repeatability-Request-ID` and `Repeatability-First-Sent` (OASIS Repeatable Requests 1.0).
    Repeatability,
    /// `RequestID` and `RepeatabilityCreation` of SAP Gateway; a system must have them switched on.
    SapGateway,
}

impl Idempotency {
    /// The ways that have a name in the configuration.
    pub const NAMED: [(&str, Idempotency); 5] = [
        ("none", Idempotency::None),
        ("idempotency-key", Idempotency::standard(false)),
        ("idempotency-key-quoted", Idempotency::standard(true)),
        ("repeatability", Idempotency::Repeatability),
        ("sap-gateway", Idempotency::SapGateway),
    ];

    /// Names of the headers that it uses: a message cannot set them itself.
    #[must_use]
    pub fn headers(&self) -> Vec<&str> {
        match self {
            Idempotency::None => Vec::new(),
            Idempotency::Header { name, .. } => vec![name],
            Idempotency::Repeatability => {
                vec!["repeatability-request-id", "repeatability-first-sent"]
            }
            Idempotency::SapGateway => vec![sap_gateway::KEY, sap_gateway::CREATION],
        }
    }

    /// The header of the draft, with its value bare, as most vendors want it, or quoted.
    pub(super) const fn standard(quoted: bool) -> Idempotency {
        Idempotency::Header {
            name: Cow::Borrowed(STANDARD),
            quoted,
        }
    }
}
