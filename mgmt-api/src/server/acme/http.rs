//! How the authority is asked.

use super::AcmeError;
use crate::containment::{Part, on_blocking_thread};
use axum::body::Bytes;
use axum::http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

/// From a question to the end of its answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Largest answer, bytes; the longest is a chain of certificates.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// Asks over HTTPS only.
pub(super) struct AcmeHttp(Agent);

impl AcmeHttp {
    /// # Errors
    /// [`AcmeError`] when the file of roots cannot be read or holds none.
    pub(super) fn new(roots_file: Option<&Path>) -> Result<Self, AcmeError> {
        let roots = match roots_file {
            Some(path) => RootCerts::Specific(Arc::new(roots(path)?)),
            None => RootCerts::WebPki,
        };
        let config = Agent::config_builder()
            .https_only(true)
            .http_status_as_error(false)
            .timeout_global(Some(TIMEOUT))
            .user_agent(concat!("DIDTron/", env!("CARGO_PKG_VERSION")))
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .build();
        Ok(Self(config.new_agent()))
    }
}

impl HttpClient for AcmeHttp {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let agent = self.0.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await;
            let body = match body {
                Ok(body) => body.to_bytes(),
                Err(never) => match never {},
            };
            let request = Request::from_parts(parts, body);
            let asked = on_blocking_thread(Part::Task, move || ask(&agent, request)).await;
            let answer = asked.map_err(|panicked| Error::Other(Box::new(panicked)))?;
            let answer = answer.map_err(|error| Error::Other(Box::new(error)))?;
            Ok(BytesResponse::from(answer.map(Full::new)))
        })
    }
}

fn ask(agent: &Agent, request: Request<Bytes>) -> Result<Response<Bytes>, ureq::Error> {
    let answer = if request.body().is_empty() {
        agent.run(request.map(|_| ()))?
    } else {
        agent.run(request.map(|body| body.to_vec()))?
    };
    let (parts, mut body) = answer.into_parts();
    let body = body.with_config().limit(ANSWER_BYTES_MAX).read_to_vec()?;
    Ok(Response::from_parts(parts, body.into()))
}

fn roots(path: &Path) -> Result<Vec<Certificate<'static>>, AcmeError> {
    let text = std::fs::read(path).map_err(|source| AcmeError::File {
        path: path.to_owned(),
        source,
    })?;
    let items = parse_pem(&text);
    let roots: Vec<_> = items
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(root)) => Some(root),
            _ => None,
        })
        .collect();
    if roots.is_empty() {
        let path = path.to_owned();
        return Err(AcmeError::Roots { path });
    }
    Ok(roots)
}
