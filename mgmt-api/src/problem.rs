//! RFC 9457 problem documents: the one shape of every error the API gives.

use crate::access::Permission;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::borrow::Cow;
use utoipa::ToSchema;

/// An error as RFC 9457 writes it, `application/problem+json`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// A relative reference that names the kind of the problem; stable, fit for programs.
    #[serde(rename = "type")]
    #[schema(example = "/problems/not-found")]
    pub kind: Cow<'static, str>,
    /// The kind of the problem in words.
    pub title: Cow<'static, str>,
    /// The HTTP status, again.
    pub status: u16,
    /// What is wrong this time and what to do about it.
    pub detail: String,
    /// One entry for each field that is wrong; empty when no field is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Seconds to wait before a further try, also in the `Retry-After` header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The file of an apply that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Line in the file, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Column in the line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
    /// Kind of the resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Name of the resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The field: a path in the body or resource, or the name of a query parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What is wrong with it and what to write instead.
    pub message: String,
}

/// Nobody knows whether it was done.
const INTERRUPTED: &str = "/problems/interrupted";

/// Marks the answer to what was cut off in the middle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CutOff;

impl Problem {
    fn new(status: StatusCode, kind: &'static str, title: &'static str, detail: String) -> Self {
        Self {
            kind: Cow::Borrowed(kind),
            title: Cow::Borrowed(title),
            status: status.as_u16(),
            detail,
            errors: Vec::new(),
            retry_after_seconds: None,
        }
    }

    /// 400: the request cannot be read.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        let title = "The request cannot be read";
        Self::new(
            StatusCode::BAD_REQUEST,
            "/problems/bad-request",
            title,
            detail.into(),
        )
    }

    /// 400: a query or path parameter is wrong.
    pub fn bad_parameter(field: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let error = FieldError {
            field: Some(field.to_owned()),
            message: message.clone(),
            ..FieldError::default()
        };
        Self {
            errors: vec![error],
            ..Self::bad_request(format!("`{field}`: {message}"))
        }
    }

    /// 401: no credentials, or none that hold.
    pub fn unauthenticated() -> Self {
        let detail = "Sign in, or send `Authorization: Bearer` with an API key.";
        let title = "Not signed in";
        Self::new(
            StatusCode::UNAUTHORIZED,
            "/problems/unauthenticated",
            title,
            detail.into(),
        )
    }

    /// 401: the user name or the password is wrong; which of them is not said.
    pub fn wrong_password() -> Self {
        let detail = "The user name or the password is wrong.";
        let title = "Sign-in refused";
        Self::new(
            StatusCode::UNAUTHORIZED,
            "/problems/sign-in-refused",
            title,
            detail.into(),
        )
    }

    /// 403: a change by cookie without the session's token.
    pub fn csrf() -> Self {
        let detail = "Send the session's token in the header `X-CSRF-Token`.";
        let title = "The CSRF token is missing or wrong";
        Self::new(
            StatusCode::FORBIDDEN,
            "/problems/csrf",
            title,
            detail.into(),
        )
    }

    /// 403: signed in, and not allowed.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "/problems/forbidden",
            "Not allowed",
            detail.into(),
        )
    }

    /// 403: too long since the user proved who they are.
    pub fn reauthenticate() -> Self {
        let detail = "Confirm that it is you first: `POST /api/v1/session/confirmation`.";
        let (kind, title) = ("/problems/confirm-identity", "Confirm that it is you");
        Self::new(StatusCode::FORBIDDEN, kind, title, detail.into())
    }

    /// 403: the role asks for a second factor, and the user has none.
    pub fn second_factor_required() -> Self {
        let detail = "Your role needs a second factor. Set one up first.";
        let (kind, title) = ("/problems/second-factor-required", "Second factor needed");
        Self::new(StatusCode::FORBIDDEN, kind, title, detail.into())
    }

    /// 401: the code is wrong, or was used before.
    pub fn wrong_second_factor() -> Self {
        let detail = "The code is wrong, was used before, or is too old.";
        let (kind, title) = ("/problems/second-factor-refused", "Second factor refused");
        Self::new(StatusCode::UNAUTHORIZED, kind, title, detail.into())
    }

    /// 401: the passkey is not known, or does not prove enough.
    pub fn wrong_passkey() -> Self {
        let detail = "This passkey does not sign in here.";
        let (kind, title) = ("/problems/passkey-refused", "Passkey refused");
        Self::new(StatusCode::UNAUTHORIZED, kind, title, detail.into())
    }

    /// 401: a link or a code that is unknown, used or too old.
    pub fn stale_token() -> Self {
        let detail = "It is unknown, was used before, or is too old. Ask for a new one.";
        let (kind, title) = ("/problems/stale-token", "No longer good");
        Self::new(StatusCode::UNAUTHORIZED, kind, title, detail.into())
    }

    /// 403: a permission is missing.
    pub fn missing_permission(permission: Permission) -> Self {
        Self::forbidden(format!("This needs the permission `{permission}`."))
    }

    /// 404: no such thing.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "/problems/not-found",
            "Not found",
            what.into(),
        )
    }

    /// 410: it was there and was dropped.
    pub fn gone(detail: impl Into<String>) -> Self {
        let (kind, title) = ("/problems/gone", "Not kept any more");
        Self::new(StatusCode::GONE, kind, title, detail.into())
    }

    /// 405: the path exists, the method does not.
    pub fn method_not_allowed() -> Self {
        let detail =
            "This path does not take this method; the `Allow` header lists those it takes.";
        let (kind, title) = ("/problems/method-not-allowed", "Method not allowed");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, kind, title, detail.into())
    }

    /// 408: the body did not come in time.
    pub fn body_timed_out() -> Self {
        let detail = "The body took too long. Try again, over a faster connection.";
        let title = "The body did not come in time";
        let kind = "/problems/request-timeout";
        Self::new(StatusCode::REQUEST_TIMEOUT, kind, title, detail.into())
    }

    /// 409: it does not fit to what there is.
    pub fn conflict(detail: impl Into<String>, errors: Vec<FieldError>) -> Self {
        let (kind, title) = ("/problems/conflict", "It does not fit to what there is");
        let problem = Self::new(StatusCode::CONFLICT, kind, title, detail.into());
        Self { errors, ..problem }
    }

    /// 412: the resource has another version than the one that is meant.
    pub fn precondition_failed(detail: impl Into<String>) -> Self {
        let (kind, title) = ("/problems/version-changed", "Another version");
        Self::new(StatusCode::PRECONDITION_FAILED, kind, title, detail.into())
    }

    /// 428: a change that does not say which version it is of.
    pub fn precondition_required() -> Self {
        let detail = "Send the `ETag` of the version that you saw in `If-Match`, or `*`.";
        let (kind, title) = ("/problems/if-match-missing", "If-Match is missing");
        Self::new(
            StatusCode::PRECONDITION_REQUIRED,
            kind,
            title,
            detail.into(),
        )
    }

    /// 413: the body is over the limit.
    pub fn too_large(limit: usize) -> Self {
        let detail = format!("The body may have at most {limit} bytes.");
        let title = "The body is too large";
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "/problems/too-large",
            title,
            detail,
        )
    }

    /// 415: the body is of another type than the operation takes.
    pub fn unsupported_media_type(taken: &str) -> Self {
        let detail = format!("Send the body as `Content-Type: {taken}`.");
        let (kind, title) = (
            "/problems/unsupported-media-type",
            "Not a body of this type",
        );
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, kind, title, detail)
    }

    /// 422: well formed, but fields are wrong.
    pub fn invalid(detail: impl Into<String>, errors: Vec<FieldError>) -> Self {
        let title = "Some fields are wrong";
        let problem = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "/problems/invalid",
            title,
            detail.into(),
        );
        Self { errors, ..problem }
    }

    /// 422: one field is wrong.
    pub fn invalid_field(field: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let detail = format!("`{field}`: {message}");
        let error = FieldError {
            field: Some(field.to_owned()),
            message,
            ..FieldError::default()
        };
        Self::invalid(detail, vec![error])
    }

    /// 429: too many failed sign-ins; try again after some seconds.
    pub fn slow_down(seconds: u64) -> Self {
        let detail = format!("Too many failed sign-ins. Try again in {seconds} s.");
        let title = "Wait before the next try";
        let kind = "/problems/slow-down";
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, kind, title, detail);
        Self {
            retry_after_seconds: Some(seconds),
            ..problem
        }
    }

    /// 429: a quota is used up.
    pub fn quota_used_up(quota: &str, seconds: u64) -> Self {
        let detail = format!("The quota \"{quota}\" is used up. Try again in {seconds} s.");
        let title = "Wait before the next request";
        let kind = "/problems/slow-down";
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, kind, title, detail);
        Self {
            retry_after_seconds: Some(seconds),
            ..problem
        }
    }

    /// 500: our failure. The cause goes to the log, never to the client.
    pub fn internal(cause: &dyn std::error::Error) -> Self {
        tracing::error!(cause = %Chain(cause), "request failed");
        let detail = "The switch could not do this. Its log has the cause.";
        let title = "Internal error";
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "/problems/internal",
            title,
            detail.into(),
        )
    }

    /// 500: our failure, in the middle of it.
    pub fn interrupted() -> Self {
        let detail = "The switch failed in the middle of this; its log has the cause. Look whether \
            it was done before you try again.";
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            INTERRUPTED,
            "Cut off",
            detail.into(),
        )
    }

    /// 503: not able to do this at the moment.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        let title = "Not available at the moment";
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "/problems/unavailable",
            title,
            detail.into(),
        )
    }
}

/// An error with all its sources on one line.
struct Chain<'a>(&'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after_seconds;
        let is_cut_off = self.kind == INTERRUPTED;
        let mut response = (status, Json(self)).into_response();
        if is_cut_off {
            response.extensions_mut().insert(CutOff);
        }
        let headers = response.headers_mut();
        let media_type = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, media_type);
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<store::StoreError> for Problem {
    fn from(error: store::StoreError) -> Self {
        if matches!(error, store::StoreError::ChangeSetChanged { .. }) {
            return crate::resource_engine::ConfigurationError::from(error).into();
        }
        Self::internal(&error)
    }
}
