//! What tells transactions apart.

use sip_core::header::{HeaderName, MAGIC_COOKIE};
use sip_core::message::{Message, Method};

/// RFC 3261 §17.1.3 and §17.2.3. The method is there because a CANCEL has its INVITE's branch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Client {
        branch: String,
        is_cancel: bool,
    },
    Server {
        branch: String,
        sent_by: String,
        is_cancel: bool,
    },
}

pub(super) fn client_key(response: &Message<'_>) -> Option<Key> {
    let is_cancel = response.cseq().ok()?.method == Method::Cancel;
    let branch = response.top_via().ok()?.branch?.to_owned();
    Some(Key::Client { branch, is_cancel })
}

/// Key by branch, or for a peer of RFC 2543 by Call-ID and sequence number, which is enough for a
/// tester's peers.
pub(super) fn server_key(request: &Message<'_>) -> Option<Key> {
    let via = request.top_via().ok()?;
    let cseq = request.cseq().ok()?;
    let branch = match via.branch {
        Some(branch) if branch.starts_with(MAGIC_COOKIE) => branch.to_owned(),
        _ => {
            let from_tag = request.from().ok()?.tag().unwrap_or_default().to_owned();
            format!(
                "{} {} {from_tag}",
                request.header(HeaderName::CallId)?,
                cseq.number
            )
        }
    };
    let sent_by = format!("{}:{}", via.host, via.port.unwrap_or(5060));
    let is_cancel = request.method() == Some(Method::Cancel);
    Some(Key::Server {
        branch,
        sent_by,
        is_cancel,
    })
}

/// The key of the INVITE that a CANCEL is for.
pub(super) fn cancelled_key(key: &Key) -> Option<Key> {
    match key {
        Key::Server {
            branch,
            sent_by,
            is_cancel: true,
        } => Some(Key::Server {
            branch: branch.clone(),
            sent_by: sent_by.clone(),
            is_cancel: false,
        }),
        _ => None,
    }
}
