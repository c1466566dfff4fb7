//! Other hosts of one account: each call goes to the endpoint that it names, and all of them sign in once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rampmeter_call::{Outcome, Request};
use rampmeter_caller::{
    Auth, Caller, ClientAuthentication, Endpoint, Grant, OAuth2, Profile, Secret,
};
use serde_json::json;
use url::Url;

use crate::vendor::{Act, Vendor, get, json_answer};

fn to(endpoint: &str, path: &str) -> Request {
    Request {
        endpoint: Some(endpoint.to_owned()),
        ..get(path)
    }
}

/// A profile with the other vendor as its endpoint `other`.
fn with_endpoint(of: &Vendor, other: &Vendor, own_sign_in: Option<Auth>) -> Profile {
    let mut profile = of.profile();
    let mut endpoint = other.profile();
    endpoint.endpoint = Some("other".to_owned());
    let own = own_sign_in.is_some();
    if let Some(auth) = own_sign_in {
        endpoint.auth = auth;
    }
    let endpoint = Endpoint {
        profile: endpoint,
        own_sign_in: own,
    };
    profile.endpoints.insert("other".to_owned(), endpoint);
    profile
}

fn answering(words: &'static str) -> Vendor {
    Vendor::new(Act::Decide(Arc::new(move |_| {
        json_answer("200 OK", &json!(words))
    })))
}

#[tokio::test]
async fn a_call_goes_to_the_endpoint_that_it_names() {
    let (rest, restlets) = (answering("rest"), answering("restlets"));
    let caller = Caller::new(with_endpoint(&rest, &restlets, None)).unwrap();
    for (request, words) in [(get("/x"), "rest"), (to("other", "/x"), "restlets")] {
        let outcome = caller.call(&request).await;
        let answer = outcome.answer().expect("it was answered");
        assert_eq!(answer.body, json!(words));
    }
    let outcome = caller.call(&to("nowhere", "/x")).await;
    assert!(matches!(outcome, Outcome::Invalid { .. }), "{outcome:?}");
}

#[tokio::test]
async fn endpoints_share_one_access_token_and_one_that_signs_in_otherwise_does_not() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let rest = Vendor::new(Act::Decide(Arc::new(move |request| {
        if request.starts_with("POST /token") {
            count.fetch_add(1, Ordering::SeqCst);
            json_answer(
                "200 OK",
                &json!({"access_token": "access-1", "expires_in": 3600}),
            )
        } else {
            json_answer("200 OK", &json!({}))
        }
    })));
    let auth = Auth::OAuth2(Box::new(OAuth2 {
        token_url: Url::parse(&format!("http://{}/token", rest.address)).unwrap(),
        grant: Grant::ClientCredentials {
            client_id: "client".to_owned(),
            client_secret: Secret::new("secret"),
            authentication: ClientAuthentication::Basic,
            scope: None,
        },
        assumed_lifetime: OAuth2::ASSUMED_LIFETIME,
        counted: false,
        kept_in: None,
    }));
    for (own, authorization) in [
        (None, "authorization: bearer access-1"),
        (
            Some(Auth::Bearer(Secret::new("own"))),
            "authorization: bearer own",
        ),
    ] {
        asked.store(0, Ordering::SeqCst);
        let restlets = answering("restlets");
        let mut profile = with_endpoint(&rest, &restlets, own.clone());
        profile.auth = auth.clone();
        if own.is_none() {
            let endpoint = profile.endpoints.get_mut("other").unwrap();
            endpoint.profile.auth = auth.clone();
        }
        let caller = Caller::new(profile).unwrap();
        for request in [get("/x"), to("other", "/x"), to("other", "/y")] {
            let outcome = caller.call(&request).await;
            assert!(matches!(outcome, Outcome::Success(_)), "{outcome:?}");
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        let (head, _) = restlets.request();
        assert!(head.contains(authorization), "{head}");
    }
}
