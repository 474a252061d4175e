//! Who did something, and from where.

use crate::UserId;
use crate::database::storable;
use std::net::IpAddr;

/// Longest user agent that is kept, characters. The rest is cut off.
const USER_AGENT_CHARS: usize = 300;

/// Longest name that is kept, characters: of a refused sign-in anybody may have written it.
const NAME_CHARS: usize = 200;

/// Who did something, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditActor {
    /// Name of the user or key, as it is shown.
    pub name: String,
    /// The user; `None` for keys and for the switch itself.
    pub user: Option<UserId>,
    /// What proved who it is.
    pub credential: AuditCredential,
    /// The user who acts as somebody else.
    pub impersonator: Option<AuditImpersonator>,
    /// Where the request came from.
    pub address: Option<IpAddr>,
    /// What program it came from, in its own words.
    pub user_agent: Option<String>,
}

/// What proved who somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuditCredential {
    /// Nothing was needed: the switch itself did it, by the clock or at its start.
    System,
    /// Nothing did: an attempt that was refused, or what anybody may do.
    None,
    /// A password, a passkey or a code: somebody signs in.
    Password,
    /// A session.
    Session,
    /// An API key, by its number.
    ApiKey(i64),
    /// The key of whoever may read the data folder.
    LocalKey,
}

/// The user behind another's session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditImpersonator {
    /// The user.
    pub user: UserId,
    /// The name at that time.
    pub name: String,
}

impl AuditActor {
    /// The switch itself; `name` is the part that acts, such as `retention`.
    pub fn system(name: impl Into<String>) -> Self {
        Self::new(name, AuditCredential::System)
    }

    /// Somebody with a credential and nothing else that is known.
    pub fn new(name: impl Into<String>, credential: AuditCredential) -> Self {
        Self {
            name: cut(name.into(), NAME_CHARS),
            user: None,
            credential,
            impersonator: None,
            address: None,
            user_agent: None,
        }
    }

    /// The same, as this user.
    #[must_use]
    pub fn with_user(self, user: UserId) -> Self {
        Self {
            user: Some(user),
            ..self
        }
    }

    /// The same, from there.
    #[must_use]
    pub fn from_source(self, address: Option<IpAddr>, user_agent: Option<&str>) -> Self {
        Self {
            address,
            user_agent: user_agent.map(|agent| cut(agent.to_owned(), USER_AGENT_CHARS)),
            ..self
        }
    }
}

impl AuditCredential {
    /// The word in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::None => "none",
            Self::Password => "password",
            Self::Session => "session",
            Self::ApiKey(_) => "api_key",
            Self::LocalKey => "local_key",
        }
    }

    /// The key's number.
    pub const fn api_key(self) -> Option<i64> {
        match self {
            Self::ApiKey(id) => Some(id),
            _ => None,
        }
    }
}

/// As it is kept: the hash of the entry is of this.
fn cut(text: String, chars: usize) -> String {
    let mut text = storable(text);
    if let Some((end, _)) = text.char_indices().nth(chars) {
        text.truncate(end);
    }
    text
}
