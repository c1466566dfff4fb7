//! What a call may need before it is sent: an access token, a session against cross-site request forgery, the answer to
//! "did it happen?". Any such request that the vendor counts uses the permit of the call, which then continues with its
//! next permit.

use std::time::{Duration, Instant, SystemTime};

use rampmeter_call::{Answer, Outcome, Repeatable, Request};

use super::Caller;
use super::classify::classify;
use super::csrf_fetch::Fetch;
use super::csrf_sessions::Session;
use crate::profile::Attempt;
use crate::reconcile::{Question, Reconciliation};
use crate::sign_in::{Access, Auth, SignInError};
use crate::vendor::Csrf;

/// What a call is sent with.
#[derive(Debug, Default)]
pub(crate) struct Prepared {
    pub(crate) access: Option<Access>,
    /// The service and its session.
    pub(crate) session: Option<(String, Session)>,
}

impl Caller {
    /// Gets a call ready. `Err` is the outcome of a call that ends here, with nothing of it sent.
    pub(crate) async fn prepare(
        &self,
        request: &Request,
        attempt: &Attempt,
        deadline: Instant,
    ) -> Result<Prepared, Outcome> {
        let mut prepared = Prepared {
            access: self.sign_in(deadline).await?,
            session: None,
        };
        if attempt.ask_first
            && !self
                .known_not_to_have_happened
                .remove(&request.idempotency_key)
        {
            self.ask(request, attempt, &prepared, deadline).await?;
        }
        if let Some(csrf) = self.profile.csrf_protection()
            && !request.is_safe()
        {
            prepared.session = Some(self.session(csrf, request, &prepared, deadline).await?);
        }
        Ok(prepared)
    }

    /// The access token for a call, where it needs one.
    async fn sign_in(&self, deadline: Instant) -> Result<Option<Access>, Outcome> {
        let (Some(tokens), Auth::OAuth2(oauth2)) = (&self.tokens, &self.profile.auth) else {
            return Ok(None);
        };
        let left = until(deadline);
        let got = tokio::time::timeout(left, tokens.get(&self.client, left)).await;
        match got {
            Ok(Ok(access)) if access.asked && oauth2.counted => Err(Outcome::got_ready()),
            Ok(Ok(access)) => Ok(Some(access)),
            Ok(Err(error)) => Err(sign_in_failed(&error)),
            Err(_) => {
                let waited = "no access token within the timeout".to_owned();
                Err(sign_in_failed(&SignInError::Unreachable(waited)))
            }
        }
    }

    /// Asks the vendor whether an earlier attempt did it. Continues only if sending again does no harm.
    async fn ask(
        &self,
        request: &Request,
        attempt: &Attempt,
        prepared: &Prepared,
        deadline: Instant,
    ) -> Result<(), Outcome> {
        let vendor = self.profile.preset.vendor();
        let configured = self.profile.reconcile.as_ref();
        let question = match configured.and_then(|template| template.fill(request)) {
            Some(question) => question,
            None if (vendor.repeats_safely)(request) => return Ok(()),
            None => vendor
                .question
                .and_then(|ask| ask(request))
                .ok_or_else(|| {
                    Outcome::Unresolved {
                reason:
                    "an earlier attempt may have done it, and there is no question that would tell"
                        .to_owned(),
            }
                })?,
        };
        let (answer, took) = self.put(&question, prepared, deadline).await?;
        match question.verdict(&answer, vendor.is_absent) {
            Reconciliation::Happened => Err(Outcome::Success(answer)),
            Reconciliation::DidNotHappen if !attempt.at_work_for.is_zero() => {
                Err(Outcome::Repeatable {
                    reason: Repeatable::PerhapsAtWork(attempt.at_work_for),
                    answer: None,
                    vendor_code: None,
                })
            }
            Reconciliation::DidNotHappen if request.idempotency_key.is_empty() => Ok(()),
            Reconciliation::DidNotHappen => {
                self.known_not_to_have_happened
                    .insert(&request.idempotency_key);
                Err(Outcome::got_ready())
            }
            Reconciliation::Unclear => {
                let status = answer.status;
                let outcome = classify(&self.profile, answer, took, SystemTime::now());
                let outcome = self.heed_refusals(request, prepared, outcome);
                Err(match outcome {
                    Outcome::Success(_) | Outcome::Final { .. } => Outcome::Unresolved {
                        reason: format!(
                            "an earlier attempt may have done it, and the vendor answered the question with {status}"
                        ),
                    },
                    other => other,
                })
            }
        }
    }

    async fn put(
        &self,
        question: &Question,
        prepared: &Prepared,
        deadline: Instant,
    ) -> Result<(Answer, Duration), Outcome> {
        let built = self
            .build(&self.asking(question), &Attempt::default(), prepared)
            .map_err(|reason| Outcome::Unresolved {
                reason: format!("the question \"did it happen?\" cannot be sent: {reason}"),
            })?;
        self.exchange(built, deadline).await
    }

    /// The call that asks. SAP gateways answer in XML unless they are asked for JSON.
    fn asking(&self, question: &Question) -> Request {
        let mut request = question.request();
        let target = self.profile.headers.iter();
        if !target
            .map(|(name, _)| name)
            .any(|name| name.eq_ignore_ascii_case("accept"))
        {
            let json = ("accept".to_owned(), "application/json".to_owned());
            request.headers.push(json);
        }
        request
    }

    /// The session of the service that a call goes to. Fetching one uses the permit: SAP counts it like any call.
    async fn session(
        &self,
        csrf: &Csrf,
        request: &Request,
        prepared: &Prepared,
        deadline: Instant,
    ) -> Result<(String, Session), Outcome> {
        let fetch = Fetch::of(csrf, self.profile.base_url.path(), request);
        let service = fetch.scope;
        if let Some(session) = self.sessions.get(&service) {
            return Ok((service, session));
        }
        let fetching = tokio::time::timeout(until(deadline), self.sessions.fetching.lock());
        let _fetching = fetching.await.map_err(|_| {
            sign_in_failed(&SignInError::Unreachable(
                "no CSRF token within the timeout".to_owned(),
            ))
        })?;
        if let Some(session) = self.sessions.get(&service) {
            return Ok((service, session));
        }
        let mut built = self
            .build(&fetch.request, &Attempt::default(), prepared)
            .map_err(|reason| Outcome::Invalid { reason })?;
        built.headers_mut().insert(
            csrf.header,
            reqwest::header::HeaderValue::from_static(csrf.fetch),
        );
        let fetched = self.exchange(built, deadline).await.map_err(of_fetch);
        let (answer, took) = fetched?;
        // Some services give the token with a 404 or 405 of their root.
        let given = answer.header(csrf.header).is_some() && !(csrf.is_refused)(&answer);
        if (200..300).contains(&answer.status) || given {
            self.sessions.put(csrf, &service, &answer, Instant::now());
            return Err(Outcome::got_ready());
        }
        let outcome = classify(&self.profile, answer, took, SystemTime::now());
        Err(of_fetch(self.heed_refusals(request, prepared, outcome)))
    }

    /// A call refused for its access token or its session is sent once more with a new one. A second refusal in a row,
    /// of a fresh one with which nothing was ever accepted, is final.
    pub(crate) fn heed_refusals(
        &self,
        request: &Request,
        prepared: &Prepared,
        outcome: Outcome,
    ) -> Outcome {
        let was_good = match (&outcome, &self.tokens, prepared) {
            (
                Outcome::Final { answer, .. },
                Some(tokens),
                Prepared {
                    access: Some(access),
                    ..
                },
            ) if answer.status == 401 => tokens.reject(access.number, Instant::now()),
            (
                Outcome::Final { answer, .. },
                _,
                Prepared {
                    session: Some((service, session)),
                    ..
                },
            ) if self.refuses_session(answer) => {
                self.sessions.reject(service, session, Instant::now())
            }
            // Perhaps refused before the credentials were checked: that says nothing about them.
            (Outcome::Throttled { .. } | Outcome::Unknown { .. }, ..) => return outcome,
            _ => {
                if let (Some(tokens), Some(access)) = (&self.tokens, &prepared.access) {
                    tokens.accepted(access.number);
                }
                if let Some((service, session)) = &prepared.session {
                    self.sessions.accepted(service, session);
                }
                self.had_second_chance.remove(&request.idempotency_key);
                return outcome;
            }
        };
        let first = self.had_second_chance.insert(&request.idempotency_key);
        match outcome {
            Outcome::Final {
                answer,
                vendor_code,
            } if first || was_good => Outcome::Repeatable {
                reason: Repeatable::SignInExpired,
                answer: Some(answer),
                vendor_code,
            },
            other => other,
        }
    }

    fn refuses_session(&self, answer: &Answer) -> bool {
        let csrf = self.profile.csrf_protection();
        csrf.is_some_and(|csrf| (csrf.is_refused)(answer))
    }
}

/// A lost answer to the fetch of a session says nothing of the call, of which nothing was sent. The vendor may still be at work
/// on the fetch, so the call keeps its slots.
fn of_fetch(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Unknown { reason, gateway } => Outcome::Repeatable {
            reason: Repeatable::FetchLost {
                reason: format!(
                    "fetching the CSRF token, before anything of the call was sent: {reason}"
                ),
                gateway,
            },
            answer: None,
            vendor_code: None,
        },
        other => other,
    }
}

/// Time left until a deadline.
pub(crate) fn until(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

fn sign_in_failed(error: &SignInError) -> Outcome {
    let reason = match error {
        // The server that signs us in is away, and no credential was checked.
        SignInError::Unreachable(_) => Repeatable::ConnectFailed(error.to_string()),
        _ => Repeatable::SignInFailed(error.to_string()),
    };
    Outcome::Repeatable {
        reason,
        answer: None,
        vendor_code: None,
    }
}
