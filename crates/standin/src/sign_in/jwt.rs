//! A signed token (RFC 7515, 7519): taken apart, its signature checked, its claims read. The vendor says which
//! algorithms and claims it wants.

use super::{PublicKey, Why};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

/// A token whose signature has not been checked.
#[derive(Debug)]
pub(crate) struct Unverified<'t> {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    signed: &'t str,
    signature: Vec<u8>,
}

impl<'t> Unverified<'t> {
    /// Takes a token apart.
    pub(crate) fn read(token: &'t str) -> Result<Unverified<'t>, Why> {
        let malformed = "the assertion is no JWT of three parts";
        let (signed, signature) = token.rsplit_once('.').ok_or(malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(malformed)?;
        Ok(Unverified {
            header: object(header)
                .ok_or("the assertion's header is no JSON object in base64url")?,
            claims: object(claims)
                .ok_or("the assertion's claims are no JSON object in base64url")?,
            signed,
            signature: URL_SAFE_NO_PAD
                .decode(signature)
                .map_err(|_| "the assertion's signature is no base64url")?,
        })
    }

    /// A text of the header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.header.get(name).and_then(Value::as_str)
    }

    /// The issuer it names, unproven.
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.claims.get("iss").and_then(Value::as_str)
    }

    /// The claims, if the signature is this key's under the algorithm that the header names and the vendor allows.
    pub(crate) fn verify(self, key: &PublicKey, allowed: &[&str]) -> Result<Claims, Why> {
        let algorithm = self
            .header("alg")
            .ok_or("the assertion names no algorithm")?;
        if !allowed.contains(&algorithm) {
            return Err("the assertion's algorithm is not allowed");
        }
        if !key.signed(algorithm, self.signed.as_bytes(), &self.signature) {
            return Err("the assertion's signature is not of the registered key");
        }
        Ok(Claims(self.claims))
    }
}

/// The claims of a token whose signature is right.
#[derive(Debug)]
pub(crate) struct Claims(Map<String, Value>);

impl Claims {
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A claim that is text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    /// A claim in seconds since the epoch.
    pub(crate) fn seconds(&self, name: &str) -> Option<i64> {
        let value = self.get(name)?;
        value.as_i64().or_else(|| {
            // NumericDate may have a fraction (RFC 7519).
            let number = value.as_f64().filter(|number| number.abs() < 1e12)?;
            #[allow(clippy::cast_possible_truncation, reason = "bounded above")]
            Some(number.floor() as i64)
        })
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    match serde_json::from_slice(&bytes).ok()? {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::key::tests::{RSA_PEM, p256};
    use super::*;

    /// Tokens that PyJWT and cryptography made with throw-away keys: RS256, PS256 and ES256.
    const RS256: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIzTVZHOS5FWEFNUExFX0NPTlNVTUVSX0tFWSIsInN1YiI6ImludGVncmF0aW9uQGV4YW1wbGUuY29tIiwiYXVkIjoiaHR0cHM6Ly9sb2dpbi5zYWxlc2ZvcmNlLmNvbSIsImV4cCI6MTUwODI0MjQ4Nn0.Vq8bK6wb0o91SRlBKs2Gj9OQbprz-OKJc2NdOT9EJZBjsjczYMQZFt8ImE80tFt9VLeii6aPt9kljZq6hSNDSV-Dh6E9y_AtqS1HJwsOxj5oFusiXQJvV-lxETsIS8zA1K9Hgme56kbQkBzDXAHGUUpH9WHVihV_Aa6TQSucnKeoMNN8GlRrOJ2tepXDIC8YSoWVS2Lve8rMZCeSDL_WUUwonMk47yEbVHwqNlPDIwPQr9ALeX0zDTy6tx52lQOZWxVCNgsMCCq-rBrgDsVtGu6kbxF8LDWK1BAbUHY9lc2Q0mA6S_n9VewnrmKXSTc0M67B1kUydNXetEkbdbN9LA";
    const PS256: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJQUzI1NiIsImtpZCI6IkVYQU1QTEVfQ0VSVElGSUNBVEVfSUQifQ.eyJpc3MiOiJFWEFNUExFX0NMSUVOVF9JRCIsInNjb3BlIjpbInJlc3RsZXRzIiwicmVzdF93ZWJzZXJ2aWNlcyJdLCJhdWQiOiJodHRwczovLzEyMzQ1Ni1zYjEuc3VpdGV0YWxrLmFwaS5uZXRzdWl0ZS5jb20vc2VydmljZXMvcmVzdC9hdXRoL29hdXRoMi92MS90b2tlbiIsImlhdCI6MTUwODI0MjMwNiwiZXhwIjoxNTA4MjQ1MzA2fQ.bTadLEz4HBAfTSfQX4Y2fI27VC77dLNor6SHAdana3t2rtvVBHwcke73LGan-N_fHr6bl1fDyJelMQ_Ov-snizKxlPk3yNLh1itslzKEYMhOK_zIgsYUqZ7iYDEnSypwHKeloxZ9jx5HHFg64EnKnKce3BLnlZ63yC_hMB_lDW9n4juO-DZQyTMkEURWpnA9k4-R8fgBtIlS_jJq6rHvbIvfAoqLzxF6pGgrc5dRFHVgku2jeyIJrmNIl2wSHx_a9E4Q4oKeP2xVFJmcb8ERw81PGKI0qaWurS9D2UcDZy0xyV2GNS2HijtoSZ29dC2LNmciaXMR_X4itWDKzQj5Bg";
    const ES256: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiIsImtpZCI6IkVYQU1QTEVfQ0VSVElGSUNBVEVfSUQifQ.eyJpc3MiOiJFWEFNUExFX0NMSUVOVF9JRCIsInNjb3BlIjpbInJlc3RsZXRzIiwicmVzdF93ZWJzZXJ2aWNlcyJdLCJhdWQiOiJodHRwczovLzEyMzQ1Ni1zYjEuc3VpdGV0YWxrLmFwaS5uZXRzdWl0ZS5jb20vc2VydmljZXMvcmVzdC9hdXRoL29hdXRoMi92MS90b2tlbiIsImlhdCI6MTUwODI0MjMwNiwiZXhwIjoxNTA4MjQ1MzA2fQ.lDmSfxdPTBbnIo0BhvGDaDFPGzv1O-JGDhLB8w6TCmFqC5ES7JbgiwP_x_MJRlevvf_cnOhhQY6hROSIFbXMTg";

    fn verify(token: &str, key: &PublicKey, allowed: &[&str]) -> Result<Claims, Why> {
        Unverified::read(token)?.verify(key, allowed)
    }

    #[test]
    fn tokens_of_other_implementations_are_verified() {
        let rsa = PublicKey::from_pem(RSA_PEM).unwrap();
        for (token, key, algorithm) in [
            (RS256, &rsa, "RS256"),
            (PS256, &rsa, "PS256"),
            (ES256, &p256(), "ES256"),
        ] {
            let claims = verify(token, key, &[algorithm]).unwrap();
            assert!(claims.text("iss").unwrap().contains("EXAMPLE"));
            assert!(claims.seconds("exp").unwrap() > 1_508_242_306);
        }
    }

    #[test]
    fn a_changed_part_another_key_or_another_algorithm_is_refused() {
        let rsa = PublicKey::from_pem(RSA_PEM).unwrap();
        let refused =
            |token: &str, key: &PublicKey, allowed: &[&str]| verify(token, key, allowed).err();
        let wrong = Some("the assertion's signature is not of the registered key");
        assert_eq!(refused(PS256, &p256(), &["PS256"]), wrong);
        let claims = PS256.replace(".eyJpc3MiOiJF", ".eyJpc3MiOiJG");
        assert_eq!(refused(&claims, &rsa, &["PS256"]), wrong);
        let signature = PS256.replace("Bg", "Bw");
        assert_eq!(refused(&signature, &rsa, &["PS256"]), wrong);
        assert_eq!(
            refused(RS256, &rsa, &["PS256", "ES256"]),
            Some("the assertion's algorithm is not allowed")
        );
        for broken in ["", "a.b", "a.b.c", "e30.e30.!", "e30.W10.e30"] {
            assert!(refused(broken, &rsa, &["RS256"]).is_some(), "{broken}");
        }
        // An unsigned token, as the standard's "none" has it.
        assert!(refused("eyJhbGciOiJub25lIn0.e30.", &rsa, &["RS256"]).is_some());
    }
}
