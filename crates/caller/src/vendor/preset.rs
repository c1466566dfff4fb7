//! The table of the vendors that a configuration can name. To add one: its file beside this one, and its line here.

use std::fmt;
use std::str::FromStr;

use super::{TokenDefaults, Vendor, http, netsuite, salesforce, sap};
use crate::sign_in::GrantKind;

/// Declares the vendors once: variant and table.
macro_rules! presets {
    ($($(#[$attribute:meta])* $variant:ident => $vendor:path,)*) => {
        /// A vendor, as a configuration names it.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub enum Preset {
            $($(#[$attribute])* $variant,)*
        }

        impl Preset {
            /// Every preset.
            pub const ALL: &[Preset] = &[$(Preset::$variant,)*];

            /// All that is known about it.
            #[must_use]
            pub fn vendor(self) -> &'static Vendor {
                match self { $(Preset::$variant => &$vendor,)* }
            }
        }
    };
}

presets! {
    /// Any HTTP API that follows RFC 9110 and RFC 6585.
    #[default]
    Http => http::HTTP,
    /// Oracle NetSuite: REST records, SuiteQL, RESTlets, SOAP.
    NetSuite => netsuite::NETSUITE,
    /// Salesforce: REST.
    Salesforce => salesforce::SALESFORCE,
    /// SAP S/4HANA and SAP Gateway: OData V2 and V4.
    SapOData => sap::ODATA,
    /// SAP SuccessFactors: OData.
    SapSuccessFactors => sap::SUCCESSFACTORS,
}

impl Preset {
    /// The name in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.vendor().name
    }

    /// The defaults for what a sign-in of this kind leaves out: the vendor's own, or else those of the vendor
    /// that the kind belongs to.
    #[must_use]
    pub fn token_defaults(self, grant: GrantKind) -> Option<&'static TokenDefaults> {
        std::iter::once(&self)
            .chain(Preset::ALL)
            .flat_map(|preset| preset.vendor().tokens)
            .find(|defaults| defaults.grant == grant)
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No preset has this name.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("no such preset")]
pub struct UnknownPreset;

impl FromStr for Preset {
    type Err = UnknownPreset;

    fn from_str(name: &str) -> Result<Preset, UnknownPreset> {
        let mut all = Preset::ALL.iter().copied();
        all.find(|preset| preset.as_str() == name)
            .ok_or(UnknownPreset)
    }
}
