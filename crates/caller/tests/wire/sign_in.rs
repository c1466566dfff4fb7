//! Access tokens: how they are asked for, shared, replaced and refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rampmeter_call::{Outcome, Repeatable, Request};
use rampmeter_caller::{Auth, Caller, ClientAuthentication, Grant, OAuth2, Profile, Secret};
use serde_json::{Value, json};
use url::Url;

use crate::vendor::{Act, Vendor, get, json_answer, post};

const CANARY: &str = "canary-51d0";

/// A vendor with an authorization server at `/token`. Each call is answered by `api`, which sees the request.
struct Account {
    vendor: Vendor,
    asked: Arc<AtomicUsize>,
}

impl Account {
    /// `token` answers the n-th request for a token, counted from 1.
    fn new(
        token: impl Fn(usize) -> Vec<u8> + Send + Sync + 'static,
        api: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static,
    ) -> Account {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let vendor = Vendor::new(Act::Decide(Arc::new(move |request| {
            if request.starts_with("POST /token") {
                token(count.fetch_add(1, Ordering::SeqCst) + 1)
            } else {
                api(request)
            }
        })));
        Account { vendor, asked }
    }

    fn oauth2(&self) -> OAuth2 {
        OAuth2 {
            token_url: Url::parse(&format!("http://{}/token?tenant=1", self.vendor.address))
                .unwrap(),
            grant: Grant::ClientCredentials {
                client_id: "client".to_owned(),
                client_secret: Secret::new(CANARY),
                authentication: ClientAuthentication::Basic,
                scope: None,
            },
            assumed_lifetime: OAuth2::ASSUMED_LIFETIME,
            counted: false,
            kept_in: None,
        }
    }

    fn profile(&self, oauth2: OAuth2) -> Profile {
        let mut profile = self.vendor.profile();
        profile.auth = Auth::OAuth2(Box::new(oauth2));
        profile
    }

    fn caller(&self) -> Caller {
        Caller::new(self.profile(self.oauth2())).unwrap()
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn granted(number: usize) -> Vec<u8> {
    json_answer(
        "200 OK",
        &json!({"access_token": format!("access-{number}"), "token_type": "Bearer", "expires_in": "3600"}),
    )
}

fn ok(_: &str) -> Vec<u8> {
    json_answer("200 OK", &json!({}))
}

fn unauthorized() -> Vec<u8> {
    json_answer(
        "401 Unauthorized",
        &json!([{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]),
    )
}

fn keyed(key: &str) -> Request {
    Request {
        idempotency_key: key.to_owned(),
        ..post("/x", json!({}))
    }
}

fn is_expired(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Repeatable {
            reason: Repeatable::SignInExpired,
            ..
        }
    )
}

#[tokio::test]
async fn client_credentials_are_shown_in_either_way() {
    let account = Account::new(granted, ok);
    let outcome = account.caller().call(&get("/x")).await;
    assert!(matches!(outcome, Outcome::Success(_)), "{outcome:?}");
    let (head, form) = account.vendor.request();
    assert!(head.starts_with("post /token?tenant=1 http/1.1"), "{head}");
    assert!(
        head.contains("content-type: application/x-www-form-urlencoded"),
        "{head}"
    );
    // `client:canary-51d0` in base64, in lower case as the head is.
    assert!(
        head.contains("authorization: basic y2xpzw50omnhbmfyes01mwqw"),
        "{head}"
    );
    assert_eq!(form, "grant_type=client_credentials");
    let (head, _) = account.vendor.request();
    assert!(head.contains("authorization: bearer access-1"), "{head}");

    let mut oauth2 = account.oauth2();
    oauth2.grant = Grant::ClientCredentials {
        client_id: "client".to_owned(),
        client_secret: Secret::new("a&b c"),
        authentication: ClientAuthentication::Form,
        scope: Some("read write".to_owned()),
    };
    let caller = Caller::new(account.profile(oauth2)).unwrap();
    caller.call(&get("/x")).await;
    let (head, form) = account.vendor.request();
    assert!(!head.contains("authorization"), "{head}");
    assert_eq!(
        form,
        "grant_type=client_credentials&scope=read+write&client_id=client&client_secret=a%26b+c"
    );
}

#[tokio::test]
async fn one_token_is_asked_for_however_many_calls_wait() {
    let account = Account::new(granted, ok);
    let caller = Arc::new(account.caller());
    let calls: Vec<_> = (0..40)
        .map(|number| {
            let caller = Arc::clone(&caller);
            tokio::spawn(async move { caller.call(&keyed(&number.to_string())).await })
        })
        .collect();
    for call in calls {
        let outcome = call.await.unwrap();
        assert!(matches!(outcome, Outcome::Success(_)), "{outcome:?}");
    }
    assert_eq!(account.asked(), 1);
}

#[tokio::test]
async fn a_token_is_not_used_after_its_time() {
    let short = |number: usize| {
        json_answer(
            "200 OK",
            &json!({"access_token": format!("access-{number}"), "expires_in": 1e-9}),
        )
    };
    let account = Account::new(short, ok);
    let caller = account.caller();
    for _ in 0..3 {
        let outcome = caller.call(&get("/x")).await;
        assert!(matches!(outcome, Outcome::Success(_)), "{outcome:?}");
    }
    assert_eq!(account.asked(), 3);
}

#[tokio::test]
async fn a_call_refused_for_its_token_is_sent_once_more_with_a_new_one() {
    let account = Account::new(granted, |request| {
        if request.contains("access-1") {
            unauthorized()
        } else {
            ok("")
        }
    });
    let caller = account.caller();
    assert!(is_expired(&caller.call(&keyed("a")).await));
    let outcome = caller.call(&keyed("a")).await;
    assert!(matches!(outcome, Outcome::Success(_)), "{outcome:?}");
    assert_eq!(account.asked(), 2);
}

#[tokio::test]
async fn many_calls_refused_at_once_lead_to_one_new_token() {
    let account = Account::new(granted, |request| {
        if request.contains("access-1\r\n") {
            unauthorized()
        } else {
            ok("")
        }
    });
    let caller = Arc::new(account.caller());
    for round in 0..2 {
        let calls: Vec<_> = (0..20)
            .map(|number| {
                let caller = Arc::clone(&caller);
                tokio::spawn(async move { caller.call(&keyed(&number.to_string())).await })
            })
            .collect();
        for call in calls {
            let outcome = call.await.unwrap();
            assert!(
                is_expired(&outcome) || (round == 1 && matches!(outcome, Outcome::Success(_))),
                "{outcome:?}"
            );
        }
    }
    assert_eq!(account.asked(), 2);
}

#[tokio::test]
async fn a_second_refusal_of_the_sign_in_is_final() {
    let account = Account::new(granted, |_| unauthorized());
    let caller = account.caller();
    assert!(is_expired(&caller.call(&keyed("a")).await));
    let outcome = caller.call(&keyed("a")).await;
    let Outcome::Final {
        answer,
        vendor_code,
    } = outcome
    else {
        panic!("{outcome:?}")
    };
    assert_eq!(answer.status, 401);
    assert_eq!(vendor_code.as_deref(), Some("INVALID_SESSION_ID"));
}

#[tokio::test]
async fn a_token_that_had_been_good_may_expire_twice_in_a_row() {
    let account = Account::new(granted, |request| {
        if request.contains("key: unlucky") {
            unauthorized()
        } else {
            ok("")
        }
    });
    let caller = account.caller();
    for _ in 0..3 {
        let other = caller.call(&keyed("other")).await;
        assert!(matches!(other, Outcome::Success(_)), "{other:?}");
        assert!(is_expired(&caller.call(&keyed("unlucky")).await));
    }
}

#[tokio::test]
async fn a_refused_sign_in_is_shared_by_all_who_wait_and_shows_no_secret() {
    let refused = |_: usize| {
        json_answer(
            "401 Unauthorized",
            &json!({"error": "invalid_client", "error_description": format!("{CANARY} is wrong")}),
        )
    };
    let account = Account::new(refused, ok);
    let caller = Arc::new(account.caller());
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let caller = Arc::clone(&caller);
            tokio::spawn(async move { caller.call(&get("/x")).await })
        })
        .collect();
    for call in calls {
        let outcome = call.await.unwrap();
        let Outcome::Repeatable {
            reason: Repeatable::SignInFailed(why),
            ..
        } = &outcome
        else {
            panic!("{outcome:?}")
        };
        assert_eq!(
            why,
            "the sign-in was refused with 401: invalid_client, *** is wrong"
        );
        assert!(!format!("{caller:?} {outcome:?}").contains(CANARY));
    }
    assert_eq!(account.asked(), 1);
}

#[tokio::test]
async fn an_authorization_server_that_is_asked_too_often_is_left_alone() {
    let busy = |_: usize| {
        b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n".to_vec()
    };
    let account = Account::new(busy, ok);
    let caller = account.caller();
    for _ in 0..2 {
        let outcome = caller.call(&get("/x")).await;
        let Outcome::Repeatable {
            reason: Repeatable::SignInFailed(why),
            ..
        } = outcome
        else {
            panic!("{outcome:?}")
        };
        assert_eq!(why, "the sign-in was put off by the authorization server");
    }
    assert_eq!(account.asked(), 1);
}

#[tokio::test]
async fn a_counted_sign_in_takes_the_permit_of_the_call() {
    let account = Account::new(granted, ok);
    let mut oauth2 = account.oauth2();
    oauth2.counted = true;
    let caller = Caller::new(account.profile(oauth2)).unwrap();
    let outcome = caller.call(&keyed("a")).await;
    assert!(
        matches!(
            outcome,
            Outcome::Repeatable {
                reason: Repeatable::GotReady,
                ..
            }
        ),
        "{outcome:?}"
    );
    assert_eq!(account.vendor.waiting(), 1, "only the token was asked for");
    let outcome = caller.call(&keyed("a")).await;
    assert!(matches!(outcome, Outcome::Success(_)), "{outcome:?}");
}

#[tokio::test]
async fn an_answer_that_holds_no_token_is_a_failed_sign_in() {
    for body in [
        json!({}),
        json!({"access_token": "a\r\nb"}),
        Value::Null,
        json!("x"),
    ] {
        let account = Account::new(move |_| json_answer("200 OK", &body), ok);
        let outcome = account.caller().call(&get("/x")).await;
        assert!(
            matches!(
                outcome,
                Outcome::Repeatable {
                    reason: Repeatable::SignInFailed(_),
                    ..
                }
            ),
            "{outcome:?}"
        );
        assert_eq!(account.vendor.waiting(), 1);
    }
}

#[tokio::test]
async fn a_redirect_of_the_authorization_server_is_not_followed() {
    let away = |_: usize| {
        b"HTTP/1.1 307 Moved\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n".to_vec()
    };
    let account = Account::new(away, ok);
    let outcome = account.caller().call(&get("/x")).await;
    assert!(
        matches!(
            outcome,
            Outcome::Repeatable {
                reason: Repeatable::SignInFailed(_),
                ..
            }
        ),
        "{outcome:?}"
    );
    assert_eq!(account.vendor.waiting(), 1);
}

/// A server that takes each refresh token once and gives the next with the access token.
fn rotating() -> Account {
    Account::new(
        |number| {
            json_answer(
                "200 OK",
                &json!({"access_token": format!("access-{number}"), "expires_in": 3600,
                    "refresh_token": format!("refresh-{number}")}),
            )
        },
        ok,
    )
}

fn refreshing(account: &Account, place: Option<&std::path::Path>) -> Caller {
    let mut oauth2 = account.oauth2();
    oauth2.grant = Grant::RefreshToken {
        client_id: "client".to_owned(),
        client_secret: Secret::new(CANARY),
        authentication: ClientAuthentication::Basic,
        refresh_token: Secret::new("refresh-0"),
        scope: None,
    };
    oauth2.kept_in = place.map(std::path::Path::to_owned);
    Caller::new(account.profile(oauth2)).unwrap()
}

/// The refresh tokens that were presented in this many requests, in order.
fn shown(account: &Account, requests: usize) -> Vec<String> {
    let mut shown = Vec::new();
    for _ in 0..requests {
        let (_, body) = account.vendor.request();
        let form = url::form_urlencoded::parse(body.as_bytes());
        shown.extend(
            form.filter(|(name, _)| name == "refresh_token")
                .map(|(_, value)| value.into_owned()),
        );
    }
    shown
}

#[tokio::test]
async fn a_refresh_token_that_is_replaced_is_the_one_that_is_used_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("tokens/erp");
    let account = rotating();
    for _ in 0..3 {
        let caller = refreshing(&account, Some(&place));
        assert!(matches!(caller.call(&get("/a")).await, Outcome::Success(_)));
    }
    assert_eq!(shown(&account, 6), ["refresh-0", "refresh-1", "refresh-2"]);
}

#[tokio::test]
async fn a_refresh_token_is_not_used_where_its_successor_could_not_be_kept() {
    let directory = tempfile::tempdir().unwrap();
    let blocked = directory.path().join("file");
    std::fs::write(&blocked, "").unwrap();
    let account = rotating();
    let caller = refreshing(&account, Some(&blocked.join("erp")));
    let outcome = caller.call(&get("/a")).await;
    assert!(
        matches!(&outcome, Outcome::Repeatable { reason: Repeatable::SignInFailed(why), .. } if why.contains("could not be kept")),
        "{outcome:?}"
    );
    assert_eq!(account.asked(), 0);
}
