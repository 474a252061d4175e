//! Sessions of browsers: the token, its cookie, and how one begins and goes on.

use super::policy::Lifetimes;
use super::{equal_in_constant_time, random_hex, sha256_hex};
use crate::clock;
use crate::openapi::SESSION_COOKIE;
use crate::problem::Problem;
use axum::http::{HeaderMap, HeaderValue, header};
use rating::Timestamp;
use store::{NewSession, PeopleWrite, SessionRow, Store, StoreError, TenantId, UserId};

/// Sessions that a user may have at once; of more the oldest end.
const SESSIONS_MAX: u32 = 20;

/// The last use is written at most this often, seconds: most requests write nothing.
const TOUCH_INTERVAL_S: i64 = 60;

const TOKEN_DIGITS: usize = 64;

/// Over TLS browsers take a cookie of this name from its own host only, never from a sibling's page
/// or a connection without TLS (RFC 6265bis §4.1.3.2).
const HOST_PREFIX: &str = "__Host-";

/// The secret in a browser's cookie.
#[derive(Clone)]
pub(crate) struct SessionToken(String);

/// A session that is about to begin.
#[derive(Clone, Debug)]
pub(crate) struct SessionStart<'a> {
    pub(crate) user: UserId,
    pub(crate) tenant: TenantId,
    /// The session that it is entered from and the role that is acted in, when it acts in another
    /// tenant than the user's.
    pub(crate) entered: Option<(&'a str, &'a str)>,
    /// How the user proved who they are.
    pub(crate) method: &'a str,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) authenticated_at: Timestamp,
    pub(crate) address: Option<&'a str>,
    pub(crate) user_agent: &'a str,
}

impl SessionToken {
    /// A new one.
    pub(crate) fn draw() -> Result<Self, SessionError> {
        random_hex::<32>().map(Self).map_err(SessionError::Random)
    }

    /// The token in a request's cookies; `secure`: of browsers that come by TLS only.
    pub(crate) fn of(headers: &HeaderMap, secure: bool) -> Option<Self> {
        let is_ours = |name: &str| match name.strip_prefix(HOST_PREFIX) {
            Some(rest) => secure && rest == SESSION_COOKIE,
            None => !secure && name == SESSION_COOKIE,
        };
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .find(|(name, value)| is_ours(name) && value.len() == TOKEN_DIGITS)
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

    /// The cookie that carries the token. Without `max_age_s` the browser forgets it when it is
    /// closed.
    pub(crate) fn cookie(&self, max_age_s: Option<i64>, secure: bool) -> Option<HeaderValue> {
        cookie(&self.0, max_age_s, secure)
    }

    /// What is stored of it.
    pub(crate) fn hash(&self) -> String {
        sha256_hex(&["session:", &self.0])
    }
}

/// The cookie that makes a browser forget the token.
pub(crate) fn clear_cookie(secure: bool) -> Option<HeaderValue> {
    cookie("", Some(0), secure)
}

fn cookie(value: &str, max_age_s: Option<i64>, secure: bool) -> Option<HeaderValue> {
    let (prefix, secure) = if secure {
        (HOST_PREFIX, "; Secure")
    } else {
        ("", "")
    };
    let max_age = max_age_s.map(|seconds| format!("; Max-Age={seconds}"));
    let max_age = max_age.unwrap_or_default();
    let text = format!(
        "{prefix}{SESSION_COOKIE}={value}; Path=/{max_age}; HttpOnly; SameSite=Strict{secure}"
    );
    HeaderValue::from_str(&text).ok()
}

/// Begins a session as part of a change.
///
/// # Errors
/// [`SessionError`].
pub(crate) async fn begin(
    write: &mut PeopleWrite,
    start: &SessionStart<'_>,
) -> Result<SessionToken, SessionError> {
    let token = SessionToken::draw()?;
    let id = random_hex::<16>().map_err(SessionError::Random)?;
    let lifetimes = start.lifetimes;
    let new = NewSession {
        id: &id,
        token_hash: &token.hash(),
        user: start.user,
        tenant: start.tenant,
        parent: start.entered.map(|(parent, _)| parent),
        acting_role: start.entered.map(|(_, role)| role),
        method: start.method,
        remembered: lifetimes.remembered,
        idle_timeout_s: lifetimes.idle_s,
        expires_at: later(write.now(), lifetimes.absolute_s),
        authenticated_at: start.authenticated_at,
        address: start.address,
        user_agent: start.user_agent,
    };
    write.forget_expired().await?;
    write.add_session(&new, SESSIONS_MAX).await?;
    Ok(token)
}

/// The session of a token, when it has not ended; its use is noted.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn find(
    store: &Store,
    token: &SessionToken,
    address: Option<&str>,
) -> Result<Option<SessionRow>, StoreError> {
    let now = clock::now();
    let found = store.session(&token.hash(), now).await?;
    if let Some(session) = &found
        && now.0 - session.last_used_at.0 > TOUCH_INTERVAL_S * 1_000_000
    {
        store.touch_session(&session.id, address, now).await?;
    }
    Ok(found)
}

/// Why no session can be begun.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the operating system gives no random bytes")]
    Random(#[source] getrandom::Error),
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        Self::internal(&error)
    }
}

/// A moment some seconds after another.
pub(crate) fn later(now: Timestamp, seconds: u32) -> Timestamp {
    Timestamp(now.0 + i64::from(seconds) * 1_000_000)
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
        let cookies: &'static str = cookies.leak();
        let found = SessionToken::of(&headers(cookies), false).unwrap();
        assert_eq!(found.0, token);
        assert!(SessionToken::of(&headers("didtron_session=short"), false).is_none());
        assert!(SessionToken::of(&HeaderMap::new(), false).is_none());
    }

    #[test]
    fn over_tls_only_a_cookie_of_this_host_counts() {
        let token = "ab".repeat(32);
        let plain: &'static str = format!("didtron_session={token}").leak();
        let of_host: &'static str = format!("__Host-didtron_session={token}").leak();
        assert!(SessionToken::of(&headers(of_host), true).is_some());
        assert!(SessionToken::of(&headers(plain), true).is_none());
        assert!(SessionToken::of(&headers(of_host), false).is_none());
        let set = SessionToken(token).cookie(None, true).unwrap();
        assert!(set.to_str().unwrap().starts_with("__Host-didtron_session="));
        let cleared = clear_cookie(true).unwrap();
        assert!(
            cleared
                .to_str()
                .unwrap()
                .starts_with("__Host-didtron_session=;")
        );
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
        let token = SessionToken("ab".repeat(32));
        let cookie = token.cookie(None, true).unwrap();
        let text = cookie.to_str().unwrap();
        for part in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(!text.contains("Max-Age"), "the browser's session: {text}");
        let kept = token.cookie(Some(60), false).unwrap();
        let text = kept.to_str().unwrap();
        assert!(text.contains("Max-Age=60") && !text.contains("Secure"));
    }
}
