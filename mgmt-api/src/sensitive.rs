//! Answers that show a secret once.

use axum::response::{IntoResponse, Response};

/// An answer that holds a secret: nobody keeps it, not even to give it again.
pub(crate) struct Sensitive<T>(pub(crate) T);

/// Marks such an answer for the layers around the handlers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HoldsSecret;

impl<T: IntoResponse> IntoResponse for Sensitive<T> {
    fn into_response(self) -> Response {
        let mut response = self.0.into_response();
        response.extensions_mut().insert(HoldsSecret);
        response
    }
}
