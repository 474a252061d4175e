//! Serving one connection: requests one after the other, until it is quiet, closed or told to stop.

use super::body::{AnswerBody, RequestBody};
use super::limits::HttpLimits;
use super::places::Place;
use super::stream::Watched;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tower::ServiceExt as _;

/// The longest header of a request, bytes.
const HEADER_BYTES_MAX: usize = 64 * 1024;

/// Serves `stream` from `peer` with `router`.
pub(super) async fn serve<S>(
    stream: S,
    peer: SocketAddr,
    place: Place,
    router: Router,
    limits: HttpLimits,
    mut stop: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let activity = Arc::clone(&place.activity);
    let answering = Arc::clone(&activity);
    let service = service_fn(move |request: Request<Incoming>| {
        answering.begin();
        let (router, activity) = (router.clone(), Arc::clone(&answering));
        async move { Ok::<_, Infallible>(answer(request, peer, router, activity, limits).await) }
    });
    let stream = Watched::new(stream, Arc::clone(&activity), limits.write_timeout);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // The activity has the time of headers, and of pauses, which have another.
        .header_read_timeout(None)
        .max_buf_size(HEADER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    tokio::select! {
        outcome = &mut connection => return report(outcome),
        () = activity.over(&limits) => return,
        // An error means that the server is gone, which is a stop as well.
        _ = stop.wait_for(|stop| *stop) => connection.as_mut().graceful_shutdown(),
    }
    report(connection.await);
}

async fn answer(
    request: Request<Incoming>,
    peer: SocketAddr,
    router: Router,
    activity: Arc<super::activity::Activity>,
    limits: HttpLimits,
) -> Response<AnswerBody> {
    let body = |body| Body::new(RequestBody::new(body, limits.body_timeout));
    let mut request = request.map(body);
    request.extensions_mut().insert(ConnectInfo(peer));
    let response = match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    response.map(|body| AnswerBody::new(body, activity))
}

/// What ends a connection is the client's doing; it is worth a look only when one is searched for.
fn report(outcome: hyper::Result<()>) {
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection ended");
    }
}
