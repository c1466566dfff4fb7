//! Keys and assertions, without a network.

use super::*;

const RSA: &str = include_str!("../../tests/keys/rfc7515-rsa.pem");
const P256: &str = include_str!("../../tests/keys/rfc7515-p256.pem");

#[test]
fn a_key_serves_the_algorithms_of_its_kind() {
    let fits = |pem: &str, algorithm| SigningKey::from_pem(&Secret::new(pem), &[algorithm]).is_ok();
    for algorithm in Algorithm::ALL {
        let rsa = algorithm.as_str().starts_with(['R', 'P']);
        assert_eq!(fits(RSA, algorithm), rsa, "{algorithm:?}");
        assert_eq!(
            fits(P256, algorithm),
            algorithm == Algorithm::Es256,
            "{algorithm:?}"
        );
    }
    let preferred = [Algorithm::Ps256, Algorithm::Es256, Algorithm::Es384];
    let chosen = |pem: &str| {
        SigningKey::from_pem(&Secret::new(pem), &preferred)
            .unwrap()
            .algorithm()
    };
    assert_eq!(
        (chosen(RSA), chosen(P256)),
        (Algorithm::Ps256, Algorithm::Es256)
    );
}

#[test]
fn what_is_no_key_is_refused_with_the_reason_and_nothing_of_it() {
    let refused = |pem: &str| {
        SigningKey::from_pem(&Secret::new(pem), &[Algorithm::Ps256, Algorithm::Es256]).unwrap_err()
    };
    for pem in [
        "",
        "canary",
        "-----BEGIN CERTIFICATE-----\nY2FuYXJ5\n-----END CERTIFICATE-----",
    ] {
        assert_eq!(refused(pem), KeyError::NotPem, "{pem}");
    }
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nY2FuYXJ5\n-----END ENCRYPTED PRIVATE KEY-----";
    assert_eq!(refused(encrypted), KeyError::Encrypted);
    let damaged = "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5\n-----END PRIVATE KEY-----";
    assert!(matches!(refused(damaged), KeyError::Unfit { .. }));
    let long = format!(
        "-----BEGIN EC PRIVATE KEY-----\n{}\n-----END EC PRIVATE KEY-----",
        "AAAA".repeat(30_000)
    );
    assert!(matches!(refused(&long), KeyError::Unfit { .. }));
}

#[test]
fn no_credential_shows_in_debug() {
    let key = SigningKey::from_pem(&Secret::new(RSA), &[Algorithm::Rs256]).unwrap();
    assert_eq!(format!("{key:?}"), "SigningKey(RS256, hidden)");
    let auth = Auth::ApiKey {
        header: "APIKey".to_owned(),
        key: Secret::new("canary"),
    };
    assert!(!format!("{auth:?} {auth}").contains("canary"));
}
