//! Requests of rtpengine's ng protocol.

use media_control::bencode::Value;
use media_control::{Desk, Limits, Plan, Relay};
use media_relay::{MediaStatistics, ReadyPair, SessionId};
use std::net::IpAddr;
use std::time::Duration;

const CALLS: usize = 3;

/// Pairs that are taken and not yet given back.
#[derive(Default)]
struct Pairs {
    next: u64,
    out: Vec<SessionId>,
}

impl Relay for Pairs {
    fn take(&mut self) -> Option<ReadyPair> {
        self.next += 1;
        let session = SessionId::from_u64(self.next);
        self.out.push(session);
        Some(ReadyPair {
            session,
            ingress_rtp: ([192, 0, 2, 9], 20_000).into(),
            egress_rtp: ([192, 0, 2, 9], 20_002).into(),
        })
    }

    fn may_send_to(&self, address: IpAddr) -> bool {
        !address.is_multicast()
    }

    fn start(&mut self, session: SessionId, _: Plan) {
        assert!(self.out.contains(&session));
    }

    fn update(&mut self, session: SessionId, _: Plan) {
        assert!(self.out.contains(&session));
    }

    fn stop(&mut self, session: SessionId) {
        let before = self.out.len();
        self.out.retain(|out| *out != session);
        assert_eq!(self.out.len() + 1, before, "stopped once");
    }

    fn statistics(&self, _: SessionId) -> Option<MediaStatistics> {
        None
    }
}

/// What is read is written and read alike. Requests, one a line, are answered by their cookie and a
/// dictionary, the same again for the same cookie; no pair is lost and no limit passed.
pub fn requests(bytes: &[u8]) {
    if let Ok(value) = Value::read(bytes) {
        let mut written = Vec::new();
        value.write(&mut written);
        assert_eq!(Value::read(&written).as_ref(), Ok(&value));
    }
    let limits = Limits {
        calls: CALLS,
        duration: Duration::from_secs(1),
    };
    let mut desk = Desk::new(limits, 1_700_000_000);
    let mut pairs = Pairs::default();
    let client = ([198, 51, 100, 1], 9_000).into();
    for request in bytes.split(|byte| *byte == 0) {
        let reply = desk.take(client, request, Duration::ZERO, &mut pairs);
        assert_eq!(
            desk.take(client, request, Duration::ZERO, &mut pairs),
            reply
        );
        assert_eq!(pairs.out.len(), desk.calls());
        assert!(desk.calls() <= CALLS);
        let Some(reply) = reply else { continue };
        let cookie = request
            .split(|byte| *byte == b' ')
            .next()
            .unwrap_or_default();
        let body = reply
            .strip_prefix(cookie)
            .and_then(|rest| rest.strip_prefix(b" "));
        let body = Value::read(body.expect("the cookie comes back"));
        assert!(body.is_ok_and(|body| body.get("result").is_some()));
    }
    pairs
        .out
        .clone()
        .into_iter()
        .for_each(|session| desk.fell_silent(session, &mut pairs));
    assert_eq!((pairs.out.len(), desk.calls()), (0, 0));
}
