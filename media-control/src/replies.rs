//! Replies that were sent, for clients that ask again because they did not get them.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

/// How long a reply is kept: longer than a client asks again.
const LIFETIME: Duration = Duration::from_secs(30);
/// Replies that are kept. The oldest goes first; who asks for it again is answered anew.
const REPLIES_MAX: usize = 4_096;
/// Bytes that they may take together.
const BYTES_MAX: usize = 8 << 20;

/// A client's name for a request: two clients may use the same cookie.
type Key = (SocketAddr, Vec<u8>);

#[derive(Debug, Default)]
pub(crate) struct Replies {
    kept: BTreeMap<Key, Vec<u8>>,
    /// From the oldest.
    order: VecDeque<(Duration, Key)>,
    bytes: usize,
}

impl Replies {
    /// The reply to a request that came before.
    pub(crate) fn find(
        &mut self,
        client: SocketAddr,
        cookie: &[u8],
        now: Duration,
    ) -> Option<&[u8]> {
        self.forget(|oldest| oldest + LIFETIME <= now);
        self.kept.get(&(client, cookie.to_vec())).map(Vec::as_slice)
    }

    /// Keeps a reply of which there is none.
    pub(crate) fn keep(&mut self, client: SocketAddr, cookie: &[u8], reply: &[u8], now: Duration) {
        let key = (client, cookie.to_vec());
        self.bytes += size(cookie, reply);
        self.kept.insert(key.clone(), reply.to_vec());
        self.order.push_back((now, key));
        while self.order.len() > REPLIES_MAX || self.bytes > BYTES_MAX {
            self.forget_oldest();
        }
    }

    fn forget(&mut self, is_over: impl Fn(Duration) -> bool) {
        while self.order.front().is_some_and(|(at, _)| is_over(*at)) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((_, key)) = self.order.pop_front() else {
            return;
        };
        if let Some(reply) = self.kept.remove(&key) {
            self.bytes -= size(&key.1, &reply);
        }
    }
}

/// What a reply takes with its key, which is kept twice.
fn size(cookie: &[u8], reply: &[u8]) -> usize {
    reply.len() + 2 * cookie.len()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const CLIENT: &str = "192.0.2.1:7000";
    const AT: Duration = Duration::from_secs(100);

    fn client() -> SocketAddr {
        CLIENT.parse().unwrap()
    }

    #[test]
    fn a_reply_is_kept_for_its_client_and_its_time() {
        let mut replies = Replies::default();
        replies.keep(client(), b"c1", b"pong", AT);
        assert_eq!(replies.find(client(), b"c1", AT), Some(&b"pong"[..]));
        assert_eq!(replies.find(client(), b"c2", AT), None);
        let other = "192.0.2.2:7000".parse().unwrap();
        assert_eq!(replies.find(other, b"c1", AT), None);
        assert_eq!(replies.find(client(), b"c1", AT + LIFETIME), None);
        assert_eq!((replies.kept.len(), replies.bytes), (0, 0));
    }

    #[test]
    fn the_oldest_goes_when_there_are_too_many_or_too_large_ones() {
        let mut replies = Replies::default();
        for number in 0..=REPLIES_MAX {
            replies.keep(client(), number.to_string().as_bytes(), b"pong", AT);
        }
        assert_eq!(replies.kept.len(), REPLIES_MAX);
        assert_eq!(replies.find(client(), b"0", AT), None);
        assert!(replies.find(client(), b"1", AT).is_some());
        replies.keep(client(), b"large", &vec![0; BYTES_MAX - 22], AT);
        assert_eq!(replies.kept.len(), 2);
        assert!(replies.bytes <= BYTES_MAX);
    }
}
