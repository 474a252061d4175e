//! A caller whose clock is finer than SIPp's.

use crate::resources::{CUSTOMER, NUMBER};
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// One call.
pub(crate) struct Placed {
    /// When its INVITE was sent.
    pub(crate) at: Instant,
    /// From INVITE to 200; none when it failed.
    pub(crate) setup: Option<Duration>,
}

/// The setup times of calls, the shortest first, and how many calls failed.
pub(crate) fn setups<'p>(calls: impl IntoIterator<Item = &'p Placed>) -> (Vec<Duration>, usize) {
    let (mut setups, mut failed) = (Vec::new(), 0);
    for call in calls {
        match call.setup {
            Some(setup) => setups.push(setup),
            None => failed += 1,
        }
    }
    setups.sort_unstable();
    (setups, failed)
}

/// So many of a hundred took no longer, milliseconds.
pub(crate) fn percentile_ms(setups: &[Duration], percent: usize) -> f64 {
    let index = (setups.len() * percent / 100).min(setups.len().saturating_sub(1));
    let setup = setups.get(index);
    setup.map_or(f64::NAN, |setup| setup.as_secs_f64() * 1e3)
}

/// A call that has no answer until then has failed.
const PATIENCE: Duration = Duration::from_secs(5);

/// A customer that places one call after the other.
pub(crate) struct Caller {
    socket: UdpSocket,
    switch: SocketAddr,
    placed: u32,
}

impl Caller {
    pub(crate) fn new(switch: SocketAddr) -> Self {
        let socket = UdpSocket::bind((CUSTOMER, 0)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(100)))
            .unwrap();
        Self {
            socket,
            switch,
            placed: 0,
        }
    }

    /// Places calls at an even rate a second.
    pub(crate) fn place(&mut self, count: u32, per_second: u32) -> Vec<Placed> {
        let began = Instant::now();
        let pause = Duration::from_secs(1) / per_second;
        let call = |number: u32| {
            let due = pause * number;
            std::thread::sleep(due.saturating_sub(began.elapsed()));
            let at = Instant::now();
            let setup = self.call();
            Placed { at, setup }
        };
        (0..count).map(call).collect()
    }

    fn call(&mut self) -> Option<Duration> {
        self.placed += 1;
        let id = self.placed;
        let began = Instant::now();
        let invite = self.request("INVITE", 1, id, "");
        let answer = self.exchange(&invite, id, "INVITE", began)?;
        let setup = began.elapsed();
        let tag = answer
            .split(";tag=")
            .nth(2)
            .or_else(|| answer.split(";tag=").last());
        let tag: String = tag?
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric())
            .collect();
        let tag = format!(";tag={tag}");
        self.send(&self.request("ACK", 1, id, &tag));
        let bye = self.request("BYE", 2, id, &tag);
        self.exchange(&bye, id, "BYE", Instant::now())?;
        Some(setup)
    }

    fn send(&self, text: &str) {
        self.socket.send_to(text.as_bytes(), self.switch).unwrap();
    }

    /// Sends until there is a 200 (timer A).
    fn exchange(&self, request: &str, id: u32, method: &str, began: Instant) -> Option<String> {
        let mut buffer = [0; 65_536];
        let (mut again_in, mut again_at) = (Duration::from_millis(500), began);
        let (call_id, cseq) = (format!("Call-ID: flood-{id}-"), format!(" {method}\r\n"));
        while began.elapsed() < PATIENCE {
            if Instant::now() >= again_at {
                self.send(request);
                again_at = Instant::now() + again_in;
                again_in *= 2;
            }
            let Ok(length) = self.socket.recv(&mut buffer) else {
                continue;
            };
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if text.contains(&call_id) && text.contains(&cseq) && text.starts_with("SIP/2.0 200") {
                return Some(text);
            }
        }
        None
    }

    fn request(&self, method: &str, cseq: u32, id: u32, to_tag: &str) -> String {
        let (own, switch) = (self.socket.local_addr().unwrap(), self.switch);
        let process = std::process::id();
        let body = match method {
            "INVITE" => format!(
                "v=0\r\no=- 1 1 IN IP4 {CUSTOMER}\r\ns=-\r\nc=IN IP4 {CUSTOMER}\r\nt=0 0\r\n\
                 m=audio 4000 RTP/AVP 8\r\n"
            ),
            _ => String::new(),
        };
        format!(
            "{method} sip:{NUMBER}@{switch} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {own};branch=z9hG4bK{process}x{id}x{cseq}{};rport\r\n\
             From: <sip:441132960000@{own}>;tag=f{id}\r\nTo: <sip:{NUMBER}@{switch}>{to_tag}\r\n\
             Call-ID: flood-{id}-{process}\r\nCSeq: {cseq} {method}\r\nMax-Forwards: 70\r\n\
             Contact: <sip:c@{own}>\r\n{}Content-Length: {}\r\n\r\n{body}",
            if method == "ACK" { "a" } else { "" },
            if body.is_empty() {
                ""
            } else {
                "Content-Type: application/sdp\r\n"
            },
            body.len(),
        )
    }
}
