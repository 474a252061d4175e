//! The bodies of requests and answers: the first must come in time, the second tells its end.

use super::activity::Activity;
use axum::body::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// The body of a request took too long.
#[derive(Debug, thiserror::Error)]
#[error("the body did not come in time")]
pub(crate) struct BodyTimedOut;

type BoxedError = Box<dyn std::error::Error + Send + Sync>;

/// A request's body with a deadline.
pub(super) struct RequestBody {
    body: Incoming,
    // `None` for a body that is complete: most requests have none.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl RequestBody {
    pub(super) fn new(body: Incoming, timeout: Duration) -> Self {
        let waits = !body.is_end_stream();
        let deadline = waits.then(|| Box::pin(tokio::time::sleep(timeout)));
        Self { body, deadline }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BoxedError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxedError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(BoxedError::from)));
        }
        match &mut self.deadline {
            Some(deadline) => deadline
                .as_mut()
                .poll(context)
                .map(|()| Some(Err(BodyTimedOut.into()))),
            None => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer's body; when it is gone, the connection is idle again.
pub(super) struct AnswerBody {
    body: axum::body::Body,
    activity: Arc<Activity>,
}

impl AnswerBody {
    pub(super) fn new(body: axum::body::Body, activity: Arc<Activity>) -> Self {
        Self { body, activity }
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        self.activity.end(Instant::now());
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
