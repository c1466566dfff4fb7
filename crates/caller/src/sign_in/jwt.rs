//! JSON Web Tokens in compact form (RFC 7515, RFC 7519), signed only: what an authorization server accepts as
//! an assertion. Pure except for the randomness of the signature; tokens are not read, because nobody sends us
//! any.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::key::{NoRandomBytes, SigningKey};

/// The token with this header and these claims, members in the order given.
///
/// # Errors
/// The operating system gives no random bytes.
pub(super) fn sign(
    header: &Value,
    claims: &Value,
    key: &SigningKey,
) -> Result<String, NoRandomBytes> {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = key.sign(message.as_bytes())?;
    Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::key::Algorithm;
    use super::*;
    use crate::secret::Secret;

    /// The RSA key of RFC 7515, appendix A.2, as PKCS#8.
    const RSA: &str = include_str!("../../tests/keys/rfc7515-rsa.pem");

    #[test]
    fn the_signature_of_the_standards_own_example_is_reproduced() {
        // RFC 7515, appendix A.2: the payload there holds line breaks, so the parts are given as they stand.
        let message = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let key = SigningKey::from_pem(&Secret::new(RSA), &[Algorithm::Rs256]).unwrap();
        assert_eq!(
            URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes()).unwrap()),
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
        );
    }

    #[test]
    fn a_token_has_three_parts_without_padding() {
        let key = SigningKey::from_pem(&Secret::new(RSA), &[Algorithm::Rs256]).unwrap();
        let token = sign(&json!({"alg": "RS256"}), &json!({"iss": "joe"}), &key).unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        assert_eq!(parts.len(), 3);
        assert_eq!(parts[0], "eyJhbGciOiJSUzI1NiJ9");
        assert!(!token.contains(['=', '+', '/']));
    }
}
