//! One request: a signed one of a notification, or a question to who publishes something.

use crate::containment::{self, Part};
use crate::notifications::Signature;
use crate::notifications::guard::is_public;
use crate::secrets::SecretText;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::DeliveryResult;
use tokio::sync::Semaphore;
use ureq::Agent;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

/// Requests at the same time on a node; each has a thread while it lasts.
const REQUESTS_MAX: usize = 32;

/// Most bytes of an answer's head. Its body is not read.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Longest error that is kept, characters.
const ERROR_CHARS_MAX: usize = 300;

/// Where requests may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WebhookSettings {
    /// Also to loopback, private and link-local addresses, and by plain `http`.
    pub allow_private_addresses: bool,
}

/// Sends requests. Cheap to clone.
#[derive(Clone, Debug)]
pub struct WebhookClient {
    settings: WebhookSettings,
    places: Arc<Semaphore>,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) succeeded: bool,
    /// Whether the same request would fail again whenever it is sent.
    pub(crate) is_final: bool,
    pub(crate) result: DeliveryResult,
}

/// A request to be sent.
pub(crate) struct WebhookRequest {
    pub(crate) url: String,
    pub(crate) body: String,
    pub(crate) signature: Signature,
    pub(crate) timeout: Duration,
}

/// What was answered to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GotAnswer {
    pub(crate) status: u16,
    /// As it was written.
    pub(crate) retry_after: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// The receiver's name leads to no address that may be asked.
#[derive(Debug, thiserror::Error)]
#[error("the receiver's address is not a public one")]
struct NotPublic;

/// Resolves names to public addresses. What it gives is what is connected to, so a name cannot
/// lead elsewhere between the look and the connection.
#[derive(Debug, Default)]
struct PublicResolver(DefaultResolver);

impl Resolver for PublicResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.0.resolve(uri, config, timeout)?;
        let mut public = self.empty();
        for address in found.iter().filter(|address| is_public(address.ip())) {
            public.push(*address);
        }
        if public.is_empty() {
            return Err(ureq::Error::Other(Box::new(NotPublic)));
        }
        Ok(public)
    }
}

impl WebhookClient {
    /// A client that follows no redirect, uses no proxy and keeps no connection.
    pub fn new(settings: WebhookSettings) -> Self {
        Self {
            settings,
            places: Arc::new(Semaphore::new(REQUESTS_MAX)),
        }
    }

    /// Asks for what is at an address, `authorization` with it; of an answer that is larger than
    /// `body_max` nothing is given.
    ///
    /// # Errors
    /// A sentence that says why there is no answer.
    pub(crate) async fn get(
        &self,
        url: String,
        authorization: Option<SecretText>,
        timeout: Duration,
        body_max: u64,
    ) -> Result<GotAnswer, String> {
        let place = Arc::clone(&self.places).acquire_owned();
        let place = match tokio::time::timeout(timeout, place).await {
            Ok(Ok(place)) => place,
            Ok(Err(_)) => return Err("The node stops.".into()),
            Err(_) => return Err("Too many other requests were on their way.".into()),
        };
        let settings = self.settings;
        let work = containment::on_blocking_thread(Part::Task, move || {
            let _held = place;
            let authorization = authorization.as_ref().map(SecretText::expose);
            let got = settings.get(&url, authorization, timeout, body_max);
            got.map_err(|error| failure(&error))
        });
        work.await
            .unwrap_or_else(|_| Err("The request was interrupted.".into()))
    }

    /// Sends a request and waits for the head of its answer.
    pub(crate) async fn send(&self, request: WebhookRequest) -> Outcome {
        let Ok(place) = Arc::clone(&self.places).acquire_owned().await else {
            return Outcome::failed("The node stops.");
        };
        let settings = self.settings;
        let work = containment::on_blocking_thread(Part::Task, move || {
            let _held = place;
            settings.send(&request)
        });
        work.await
            .unwrap_or_else(|_| Outcome::failed("The request was interrupted."))
    }
}

impl WebhookSettings {
    fn send(self, request: &WebhookRequest) -> Outcome {
        let began = Instant::now();
        let answer = self.post(request);
        let took = u32::try_from(began.elapsed().as_millis()).ok();
        let mut outcome = match answer {
            Ok(status) => Outcome::of_status(status),
            Err(error) => Outcome::of_error(&error),
        };
        outcome.result.duration_ms = took;
        outcome
    }

    fn post(self, request: &WebhookRequest) -> Result<u16, ureq::Error> {
        let signature = &request.signature;
        let mut post = self
            .agent(request.timeout)
            .post(&request.url)
            .header("content-type", "application/json")
            .header("webhook-id", &signature.id)
            .header("webhook-timestamp", &signature.timestamp);
        if let Some(proof) = &signature.signature {
            post = post.header("webhook-signature", proof);
        }
        let answer = post.send(&request.body)?;
        Ok(answer.status().as_u16())
    }

    fn get(
        self,
        url: &str,
        authorization: Option<&str>,
        timeout: Duration,
        body_max: u64,
    ) -> Result<GotAnswer, ureq::Error> {
        let mut get = self.agent(timeout).get(url);
        if let Some(authorization) = authorization {
            get = get.header("authorization", authorization);
        }
        let (parts, mut body) = get.call()?.into_parts();
        let retry_after = parts.headers.get("retry-after");
        Ok(GotAnswer {
            status: parts.status.as_u16(),
            retry_after: retry_after.and_then(|text| text.to_str().ok().map(str::to_owned)),
            body: body.with_config().limit(body_max).read_to_vec()?,
        })
    }

    fn agent(self, timeout: Duration) -> Agent {
        let config = Agent::config_builder()
            .proxy(None)
            .https_only(!self.allow_private_addresses)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_global(Some(timeout))
            .max_response_header_size(HEAD_BYTES_MAX)
            .max_idle_connections(0)
            .user_agent(concat!("DIDTron/", env!("CARGO_PKG_VERSION")))
            .build();
        let connector = DefaultConnector::default();
        if self.allow_private_addresses {
            Agent::with_parts(config, connector, DefaultResolver::default())
        } else {
            Agent::with_parts(config, connector, PublicResolver::default())
        }
    }
}

impl Outcome {
    fn of_status(status: u16) -> Self {
        let error = match status {
            200..300 => None,
            300..400 => Some("The receiver redirects: set the new address.".to_owned()),
            _ => Some(format!("The receiver answered {status}.")),
        };
        Self {
            succeeded: error.is_none(),
            // 410: the receiver wants no more of this (Standard Webhooks).
            is_final: status == 410,
            result: DeliveryResult {
                status: Some(status),
                duration_ms: None,
                error,
            },
        }
    }

    fn of_error(error: &ureq::Error) -> Self {
        let is_final = matches!(
            error,
            ureq::Error::BadUri(_) | ureq::Error::RequireHttpsOnly(_)
        );
        Self {
            is_final,
            ..Self::failed(failure(error))
        }
    }

    pub(crate) fn failed(error: impl Into<String>) -> Self {
        Self {
            succeeded: false,
            is_final: false,
            result: DeliveryResult {
                error: Some(error.into()),
                ..DeliveryResult::default()
            },
        }
    }
}

/// Why a request has failed: a sentence.
fn failure(error: &ureq::Error) -> String {
    let text = match error {
        ureq::Error::Other(cause) => cause.to_string(),
        ureq::Error::RequireHttpsOnly(_) => "only https:// is allowed".into(),
        ureq::Error::Timeout(_) => "no answer came in time".into(),
        ureq::Error::BodyExceedsLimit(most) => format!("the answer is larger than {most} bytes"),
        other => other.to_string(),
    };
    let text: String = text.chars().take(ERROR_CHARS_MAX).collect();
    format!("The request failed: {text}.")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use rating::Timestamp;

    async fn asked(url: String, settings: WebhookSettings) -> Outcome {
        let client = WebhookClient::new(settings);
        let request = WebhookRequest {
            url,
            body: "{}".into(),
            signature: Signature::new("m", Timestamp(0), "{}", None),
            timeout: Duration::from_secs(20),
        };
        client.send(request).await
    }

    #[tokio::test]
    async fn what_is_beside_the_switch_is_not_asked() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let hosts = [
            "127.0.0.1",
            "localhost",
            "[::ffff:127.0.0.1]",
            "2130706433",
            "0",
        ];
        for host in hosts {
            let url = format!("https://{host}:{port}/");
            let outcome = asked(url, WebhookSettings::default()).await;
            assert!(!outcome.succeeded && !outcome.is_final);
            let error = outcome.result.error.unwrap();
            assert!(error.contains("not a public one"), "{host}: {error}");
        }
        let plain = format!("http://127.0.0.1:{port}/");
        let outcome = asked(plain, WebhookSettings::default()).await;
        assert!(outcome.is_final);
        let error = outcome.result.error.unwrap();
        assert!(error.contains("only https"), "{error}");
        let connected = listener.accept().map(|(_, peer)| peer);
        assert!(connected.is_err(), "{connected:?}");
    }

    #[test]
    fn what_a_status_means() {
        let of = |status| {
            let outcome = Outcome::of_status(status);
            (outcome.succeeded, outcome.is_final)
        };
        assert_eq!([of(200), of(299)], [(true, false); 2]);
        assert_eq!([of(302), of(404), of(429), of(503)], [(false, false); 4]);
        assert_eq!(of(410), (false, true));
    }
}
