//! The codes of configuration problems. A code is stable: it is never given another meaning, and a retired one is
//! not used again. `rampmeter explain CODE` prints the meaning.

use std::fmt;

/// Declares the codes once: variant, printed form, one-line meaning.
macro_rules! codes {
    ($($variant:ident $text:literal $meaning:literal,)*) => {
        /// A stable code of a configuration problem: 0xxx configuration, 3xxx AWS, 4xxx limits.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $meaning] $variant,)*
        }

        impl Code {
            /// Every code, in the order of its number.
            pub const ALL: &[Code] = &[$(Code::$variant,)*];

            /// The printed form, such as `RM0102`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $text,)* }
            }

            /// What the code means, in one sentence.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Code::$variant => $meaning,)* }
            }
        }
    };
}

codes! {
    Syntax "RM0101" "The file is not valid TOML or JSON.",
    UnknownKey "RM0102" "A key is not one of those supported at this place.",
    MissingKey "RM0103" "A required key is missing.",
    WrongType "RM0104" "A value has the wrong type.",
    BadValue "RM0105" "A value is outside those supported at this place.",
    BadDuration "RM0106" "A duration cannot be read, has no unit or is out of range.",
    UnreadableFile "RM0107" "The configuration file cannot be read.",
    UnsupportedVersion "RM0108" "The file's version is not one that this program reads.",
    BadName "RM0109" "A name is malformed.",
    NameClash "RM0110" "Two names lead to the same substitution.",
    NotServed "RM0111" "A key or value is recognised but not served yet.",
    MissingVariable "RM0201" "An environment variable that is referred to is not set.",
    UnreadableReference "RM0202" "A file that is referred to cannot be read.",
    LiteralSecret "RM0203" "A secret is written in the file instead of referred to.",
    BadReference "RM0204" "A reference is malformed or of an unknown kind.",
    ReferenceNotServed "RM0205" "A reference can be resolved only on AWS.",
    BadBaseUrl "RM0301" "A base URL is malformed or holds more than scheme, host, port and path.",
    BadHeader "RM0302" "A header cannot be sent or is not free to choose.",
    BadCredential "RM0303" "A credential cannot be sent.",
    BadKey "RM0304" "A private key cannot be read or does not fit its algorithm.",
    DeniedAddress "RM0305" "A URL names an address that calls may not connect to.",
    OddCredential "RM0306" "A credential is probably not what it should be.",
    SharedAccount "RM0307" "Two targets call one account, and nobody counts their calls together.",
    UnreadableDefinition "RM0401" "A workflow's definition file cannot be read.",
    UnresolvedSubstitution "RM0402" "A definition holds a substitution that nothing defines.",
    BadSubstitution "RM0403" "A substitution is misnamed or hides a predefined one.",
    ReferenceOffAws "RM3001" "A target refers to a variable or a file, which its functions on AWS do not have.",
    MissingSecret "RM3002" "A secret that is referred to was not given to the function.",
    BadSecretName "RM3003" "The name of a secret is one that neither Secrets Manager nor the Parameter Store accepts.",
    PublicSecret "RM3004" "A secret would be written into a definition, which everybody may read.",
    LimitKind "RM4001" "A limit is neither or both of concurrency and calls per time.",
    BadLimit "RM4002" "A limit's number is zero or too large.",
    ReserveOverLimit "RM4003" "The reserves of a limit exceed it.",
    DuplicateLimit "RM4004" "Two limits of a target have the same name.",
    BadWindow "RM4005" "A limit's window is shorter or longer than is served.",
    BadDeferrals "RM4006" "max_deferrals is not a number of at least 1, a table of them or \"unlimited\".",
    // RM4007 was "a limit uses a feature that is not served yet". It is not used again.
    BadReset "RM4008" "A limit's reset is not a time of day in a time zone, or is given together with per.",
    BadShare "RM4009" "A share of a limit is nothing, more than the limit, or less than the reserve.",
    NoLimit "RM4010" "A target has no limit: every call that waits is sent at once.",
    FixedZone "RM4011" "A reset or a pause is in a time zone that has no summer time, and was probably meant to have one.",
    BadPause "RM4012" "A planned pause lacks lanes, days, two times of day or a time zone.",
    BadTariff "RM4013" "A limit's applies_to, cost or by names no calls, no number of slots or no key.",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_ascending_and_explained() {
        let texts: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert!(texts.windows(2).all(|pair| pair[0] < pair[1]), "{texts:?}");
        for code in Code::ALL {
            assert!(code.meaning().ends_with('.'), "{code}");
            assert!(
                code.as_str().len() == 6 && code.as_str().starts_with("RM"),
                "{code}"
            );
        }
    }
}
