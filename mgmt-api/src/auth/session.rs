//! Sessions of browsers.

use super::{equal_in_constant_time, random_hex, sha256_hex};
use crate::clock;
use crate::openapi::SESSION_COOKIE;
use axum::http::{HeaderMap, HeaderValue, header};
use rating::Timestamp;
use store::{SessionRow, Store, StoreError, UserId};

/// A session ends this long after the sign-in, seconds.
const ABSOLUTE_TIMEOUT_S: i64 = 12 * 3_600;

/// A session ends this long after its last use, seconds.
const IDLE_TIMEOUT_S: i64 = 3_600;

/// The last use is written at most this often, seconds: most requests write nothing.
const TOUCH_INTERVAL_S: i64 = 60;

const TOKEN_DIGITS: usize = 64;

/// The secret in a browser's cookie.
#[derive(Clone)]
pub(crate) struct SessionToken(String);

/// The sessions in the database.
#[derive(Clone)]
pub(crate) struct Sessions {
    store: Store,
}

impl SessionToken {
    /// The token in a request's cookies.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .find(|(name, value)| *name == SESSION_COOKIE && value.len() == TOKEN_DIGITS)
            .map(|(_, value)| Self(value.to_owned()))
    }

    /// What a change by this session must send along. Derived, so that it needs no storage; it
    /// tells nothing of the token.
    pub(crate) fn csrf(&self) -> String {
        sha256_hex(&["csrf:", &self.0])
    }

    pub(crate) fn has_csrf(&self, sent: &str) -> bool {
        equal_in_constant_time(&self.csrf(), sent)
    }

    /// The cookie that carries the token.
    pub(crate) fn cookie(&self, secure: bool) -> Option<HeaderValue> {
        cookie(&self.0, ABSOLUTE_TIMEOUT_S, secure)
    }

    fn hash(&self) -> String {
        sha256_hex(&["session:", &self.0])
    }
}

/// The cookie that makes a browser forget the token.
pub(crate) fn clear_cookie(secure: bool) -> Option<HeaderValue> {
    cookie("", 0, secure)
}

fn cookie(value: &str, max_age_s: i64, secure: bool) -> Option<HeaderValue> {
    let secure = if secure { "; Secure" } else { "" };
    let text = format!(
        "{SESSION_COOKIE}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Strict{secure}"
    );
    HeaderValue::from_str(&text).ok()
}

impl Sessions {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    /// Begins a session.
    pub(crate) async fn begin(&self, user: UserId) -> Result<SessionToken, SessionError> {
        let token = SessionToken(random_hex::<32>().map_err(SessionError::Random)?);
        let now = clock::now();
        let oldest = before(now, ABSOLUTE_TIMEOUT_S);
        self.store
            .add_session(&token.hash(), user.0, now, oldest)
            .await?;
        Ok(token)
    }

    /// The session of a token, when it has not ended.
    pub(crate) async fn find(
        &self,
        token: &SessionToken,
    ) -> Result<Option<SessionRow>, StoreError> {
        let now = clock::now();
        let hash = token.hash();
        let oldest = before(now, ABSOLUTE_TIMEOUT_S);
        let idle = before(now, IDLE_TIMEOUT_S);
        let found = self.store.session(&hash, oldest, idle).await?;
        if let Some(session) = &found
            && session.last_used_at < before(now, TOUCH_INTERVAL_S)
        {
            self.store.touch_session(&hash, now).await?;
        }
        Ok(found)
    }

    /// Ends a session.
    pub(crate) async fn end(&self, token: &SessionToken) -> Result<(), StoreError> {
        self.store.end_session(&token.hash()).await
    }
}

/// Why no session can be begun.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the operating system gives no random bytes")]
    Random(#[source] getrandom::Error),
}

impl From<SessionError> for crate::problem::Problem {
    fn from(error: SessionError) -> Self {
        Self::internal(&error)
    }
}

fn before(now: Timestamp, seconds: i64) -> Timestamp {
    Timestamp(now.0 - seconds * 1_000_000)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    fn headers(cookies: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static(cookies))])
    }

    #[test]
    fn the_token_is_found_among_other_cookies() {
        let token = "ab".repeat(32);
        let cookies = format!("theme=dark; didtron_session={token}; x=y");
        let found = SessionToken::of(&headers(cookies.leak())).unwrap();
        assert_eq!(found.0, token);
        assert!(SessionToken::of(&headers("didtron_session=short")).is_none());
        assert!(SessionToken::of(&HeaderMap::new()).is_none());
    }

    #[test]
    fn the_csrf_token_is_the_sessions_and_not_its_hash() {
        let token = SessionToken("ab".repeat(32));
        assert!(token.has_csrf(&token.csrf()));
        assert!(!token.has_csrf(&token.hash()));
        assert!(!token.has_csrf(""));
    }

    #[test]
    fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let cookie = SessionToken("ab".into()).cookie(true).unwrap();
        let text = cookie.to_str().unwrap();
        for part in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/"] {
            assert!(text.contains(part), "{text}");
        }
    }
}
