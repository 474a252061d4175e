//! The calling side: places calls, answers what comes, repeats what is not answered (RFC 3261 §17.1).

use crate::message::{Identity, Reply, write_decimal};
use crate::sockets::Port;
use crate::wheel::Wheel;
use crate::world::{CALLER_PORT, Dialled};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};

/// Calls at once. One that finds no place counts as failed.
const PLACES: u32 = 60_000;
/// RFC 3261's T1 and T2.
const T1_NS: u64 = 500_000_000;
const T2_NS: u64 = 4_000_000_000;
/// An INVITE or BYE without a final answer for so long has failed.
const PATIENCE_NS: u64 = 8_000_000_000;
/// From the INVITE on, where something provisional came.
const RINGING_NS: u64 = 10_000_000_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Free,
    Invited,
    Proceeding,
    Held,
    Leaving,
}

struct Call {
    state: State,
    identity: Identity,
    dialled: u32,
    /// Whether it was begun in the window.
    is_counted: bool,
    timer: u32,
    began_ns: u64,
    gives_up_ns: u64,
    interval_ns: u64,
    /// What the next requests need: the other side's URI, the line of To, the lines of Route.
    uri: Vec<u8>,
    to: Vec<u8>,
    routes: Vec<u8>,
}

/// The parts of a customer's messages that are the same in each of its calls to a number.
struct Text {
    from: Ipv4Addr,
    /// The INVITE, with the call's identity between its parts.
    invite: [Vec<u8>; 4],
    /// First lines of what refers to the INVITE.
    uri: Vec<u8>,
    via: Vec<u8>,
    from_line: Vec<u8>,
    host: Vec<u8>,
}

/// Counted since the start, and of calls begun in the window.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) begun: u64,
    pub(crate) ended: u64,
    pub(crate) offered: u64,
    pub(crate) answered: u64,
    pub(crate) failed: u64,
    pub(crate) retransmitted: u64,
    pub(crate) held: u64,
    pub(crate) held_at_once: u64,
    pub(crate) refused: BTreeMap<u16, u64>,
    /// INVITE to 200.
    pub(crate) setups_ns: Vec<u64>,
}

pub(crate) struct Callers {
    server: SocketAddrV4,
    texts: Vec<Text>,
    calls: Vec<Call>,
    free: Vec<u32>,
    wheel: Wheel,
    fired: Vec<(u32, u32)>,
    hold_ns: u64,
    pub(crate) counts: Counts,
}

impl Callers {
    pub(crate) fn new(
        server: SocketAddrV4,
        dialled: &[Dialled],
        run: u32,
        hold_ns: u64,
        now_ns: u64,
    ) -> Self {
        let call = |place| Call {
            state: State::Free,
            identity: Identity {
                place,
                use_of_it: 0,
                run,
            },
            dialled: 0,
            is_counted: false,
            timer: 0,
            began_ns: 0,
            gives_up_ns: 0,
            interval_ns: 0,
            uri: Vec::new(),
            to: Vec::new(),
            routes: Vec::new(),
        };
        Self {
            server,
            texts: dialled.iter().map(|call| Text::of(call, server)).collect(),
            calls: (0..PLACES).map(call).collect(),
            free: (0..PLACES).rev().collect(),
            wheel: Wheel::new(now_ns),
            fired: Vec::new(),
            hold_ns,
            counts: Counts::default(),
        }
    }

    /// Calls that are not over.
    pub(crate) fn active(&self) -> usize {
        self.calls.len() - self.free.len()
    }

    /// Begins a call.
    pub(crate) fn place(&mut self, port: &mut Port, is_counted: bool, now_ns: u64) {
        let dialled = (self.counts.begun % self.texts.len() as u64) as u32;
        self.counts.begun += 1;
        self.counts.offered += u64::from(is_counted);
        let Some(place) = self.free.pop() else {
            self.counts.failed += u64::from(is_counted);
            return;
        };
        let call = &mut self.calls[place as usize];
        call.state = State::Invited;
        call.dialled = dialled;
        call.is_counted = is_counted;
        call.began_ns = now_ns;
        call.gives_up_ns = now_ns + PATIENCE_NS;
        call.interval_ns = T1_NS;
        self.send_invite(place, port);
        self.set_timer(place, now_ns + T1_NS);
    }

    /// A datagram has come.
    pub(crate) fn received(&mut self, port: &mut Port, message: &[u8], now_ns: u64) {
        // Nobody sends requests to the callers here.
        let Some(reply) = Reply::read(message) else {
            return;
        };
        let place = reply.identity.place;
        let call = self.calls.get(place as usize);
        let is_ours = |call: &&Call| call.identity == reply.identity && call.state != State::Free;
        let Some(call) = call.filter(is_ours) else {
            return;
        };
        match (reply.method, reply.code) {
            (b'I', ..200) if call.state == State::Invited => {
                let due_ns = call.began_ns + RINGING_NS;
                self.calls[place as usize].state = State::Proceeding;
                self.set_timer(place, due_ns);
            }
            (b'I', 200..300) => self.answered(place, &reply, port, now_ns),
            (b'I', 300..) if matches!(call.state, State::Invited | State::Proceeding) => {
                *self.counts.refused.entry(reply.code).or_default() += 1;
                self.acknowledge_refusal(place, &reply, port);
                self.end(place, false);
            }
            (b'B', 200..) if call.state == State::Leaving => self.end(place, reply.code < 300),
            _ => {}
        }
    }

    fn answered(&mut self, place: u32, reply: &Reply<'_>, port: &mut Port, now_ns: u64) {
        let call = &mut self.calls[place as usize];
        if !matches!(call.state, State::Invited | State::Proceeding) {
            // The 200 again: the ACK was lost.
            self.send_within(place, b"ACK ", b"-a\r\n", b"1 ACK", port);
            return;
        }
        let Some(contact) = reply.contact else {
            self.end(place, false);
            return;
        };
        call.uri.clear();
        call.uri.extend_from_slice(contact);
        call.to.clear();
        call.to.extend_from_slice(reply.to);
        call.routes.clear();
        for route in reply.route_set() {
            for part in [b"Route: ", route, b"\r\n"] {
                call.routes.extend_from_slice(part);
            }
        }
        if call.is_counted {
            self.counts.setups_ns.push(now_ns - call.began_ns);
        }
        call.state = State::Held;
        self.counts.held += 1;
        self.counts.held_at_once = self.counts.held_at_once.max(self.counts.held);
        self.send_within(place, b"ACK ", b"-a\r\n", b"1 ACK", port);
        if self.hold_ns == 0 {
            self.leave(place, port, now_ns);
        } else {
            self.set_timer(place, now_ns + self.hold_ns);
        }
    }

    fn leave(&mut self, place: u32, port: &mut Port, now_ns: u64) {
        let call = &mut self.calls[place as usize];
        call.state = State::Leaving;
        call.interval_ns = T1_NS;
        call.gives_up_ns = now_ns + PATIENCE_NS;
        self.send_within(place, b"BYE ", b"-b\r\n", b"2 BYE", port);
        self.set_timer(place, now_ns + T1_NS);
    }

    fn end(&mut self, place: u32, is_good: bool) {
        let call = &mut self.calls[place as usize];
        if matches!(call.state, State::Held | State::Leaving) {
            self.counts.held -= 1;
        }
        if call.is_counted {
            match is_good {
                true => self.counts.answered += 1,
                false => self.counts.failed += 1,
            }
        }
        self.counts.ended += 1;
        call.state = State::Free;
        call.identity.use_of_it = call.identity.use_of_it.wrapping_add(1);
        call.timer = call.timer.wrapping_add(1);
        self.free.push(place);
    }
}

// === Timers ===

impl Callers {
    fn set_timer(&mut self, place: u32, due_ns: u64) {
        let call = &mut self.calls[place as usize];
        call.timer = call.timer.wrapping_add(1);
        self.wheel.set(place, call.timer, due_ns);
    }

    /// Does what is due by now.
    pub(crate) fn advance(&mut self, port: &mut Port, now_ns: u64) {
        let mut fired = std::mem::take(&mut self.fired);
        self.wheel.advance(now_ns, &mut fired);
        for (place, timer) in fired.drain(..) {
            if self.calls[place as usize].timer == timer {
                self.timed_out(place, port, now_ns);
            }
        }
        self.fired = fired;
    }

    fn timed_out(&mut self, place: u32, port: &mut Port, now_ns: u64) {
        let call = &mut self.calls[place as usize];
        match call.state {
            State::Free => {}
            State::Held => self.leave(place, port, now_ns),
            State::Proceeding => self.end(place, false),
            State::Invited | State::Leaving if now_ns >= call.gives_up_ns => self.end(place, false),
            State::Invited => {
                call.interval_ns *= 2;
                let due_ns = (now_ns + call.interval_ns).min(call.gives_up_ns);
                self.repeated(place);
                self.send_invite(place, port);
                self.set_timer(place, due_ns);
            }
            State::Leaving => {
                call.interval_ns = (call.interval_ns * 2).min(T2_NS);
                let due_ns = (now_ns + call.interval_ns).min(call.gives_up_ns);
                self.repeated(place);
                self.send_within(place, b"BYE ", b"-b\r\n", b"2 BYE", port);
                self.set_timer(place, due_ns);
            }
        }
    }

    fn repeated(&mut self, place: u32) {
        self.counts.retransmitted += u64::from(self.calls[place as usize].is_counted);
    }
}

// === Messages ===

const MEDIA: &str = "t=0 0\r\nm=audio 20000 RTP/AVP 8 0 18 101\r\na=rtpmap:8 PCMA/8000\r\n\
    a=rtpmap:0 PCMU/8000\r\na=rtpmap:18 G729/8000\r\na=fmtp:18 annexb=no\r\na=rtpmap:101 telephone-event/8000\r\n\
    a=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n";

impl Text {
    fn of(dialled: &Dialled, server: SocketAddrV4) -> Self {
        let Dialled {
            from,
            calling,
            called,
        } = dialled;
        let uri = format!("sip:{called}@{}", server.ip());
        let via = format!(" SIP/2.0\r\nVia: SIP/2.0/UDP {from}:{CALLER_PORT};branch=z9hG4bK-");
        let from_line = format!("From: <sip:{calling}@{from}>;tag=");
        let sdp = format!(
            "v=0\r\no=uac 53655765 2353687637 IN IP4 {from}\r\ns=-\r\nc=IN IP4 {from}\r\n{MEDIA}"
        );
        let invite = [
            format!("INVITE {uri}{via}"),
            format!("-i\r\n{from_line}"),
            format!("\r\nTo: <{uri}>\r\nCall-ID: "),
            format!(
                "@{from}\r\nCSeq: 1 INVITE\r\nContact: <sip:{calling}@{from}:{CALLER_PORT}>\r\n\
                 P-Asserted-Identity: <sip:{calling}@{from}>\r\nMax-Forwards: 70\r\n\
                 Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK\r\nContent-Type: application/sdp\r\n\
                 Content-Length: {}\r\n\r\n{sdp}",
                sdp.len()
            ),
        ];
        Self {
            from: *from,
            invite: invite.map(String::into_bytes),
            uri: uri.into_bytes(),
            via: via.into_bytes(),
            from_line: from_line.into_bytes(),
            host: format!("@{from}\r\nCSeq: ").into_bytes(),
        }
    }
}

impl Callers {
    fn send_invite(&self, place: u32, port: &mut Port) {
        let call = &self.calls[place as usize];
        let text = &self.texts[call.dialled as usize];
        let out = port.next(self.server, Some(text.from));
        let [first, rest @ ..] = &text.invite;
        out.extend_from_slice(first);
        for part in rest {
            call.identity.write(out);
            out.extend_from_slice(part);
        }
    }

    /// A request within the call that stands.
    fn send_within(&self, place: u32, method: &[u8], branch: &[u8], cseq: &[u8], port: &mut Port) {
        let call = &self.calls[place as usize];
        self.send_request(call, (method, &call.uri), branch, (&call.to, cseq), port);
    }

    fn acknowledge_refusal(&self, place: u32, reply: &Reply<'_>, port: &mut Port) {
        let call = &self.calls[place as usize];
        let uri = &self.texts[call.dialled as usize].uri;
        // It belongs to the INVITE's transaction, and goes where that went.
        self.send_request(call, (b"ACK ", uri), b"-i\r\n", (reply.to, b"1 ACK"), port);
    }

    fn send_request(
        &self,
        call: &Call,
        (method, uri): (&[u8], &[u8]),
        branch: &[u8],
        (to, cseq): (&[u8], &[u8]),
        port: &mut Port,
    ) {
        let text = &self.texts[call.dialled as usize];
        let routes: &[u8] = if branch.starts_with(b"-i") {
            b""
        } else {
            &call.routes
        };
        let out = port.next(self.server, Some(text.from));
        for part in [method, uri, &text.via] {
            out.extend_from_slice(part);
        }
        call.identity.write(out);
        for part in [branch, routes, &text.from_line] {
            out.extend_from_slice(part);
        }
        call.identity.write(out);
        for part in [b"\r\n", to, b"\r\nCall-ID: "] {
            out.extend_from_slice(part);
        }
        call.identity.write(out);
        for part in [
            &text.host[..],
            cseq,
            b"\r\nMax-Forwards: 70\r\nContent-Length: ",
        ] {
            out.extend_from_slice(part);
        }
        write_decimal(out, 0);
        out.extend_from_slice(b"\r\n\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sockets::Inbox;
    use std::net::UdpSocket;

    /// Callers whose server is the test.
    struct Scene {
        callers: Callers,
        port: Port,
        server: UdpSocket,
    }

    impl Scene {
        fn new() -> Self {
            let server = UdpSocket::bind("127.0.0.1:0").unwrap();
            let std::net::SocketAddr::V4(address) = server.local_addr().unwrap() else {
                unreachable!()
            };
            let call = Dialled {
                from: Ipv4Addr::LOCALHOST,
                calling: "+12125550100".into(),
                called: "700144123456".into(),
            };
            Self {
                callers: Callers::new(address, &[call], 5, 0, 0),
                port: Port::bind("127.0.0.1:0".parse().unwrap()).unwrap(),
                server,
            }
        }

        fn sent(&mut self) -> String {
            self.port.flush();
            let mut bytes = [0; 2_000];
            let length = self.server.recv(&mut bytes).unwrap();
            String::from_utf8(bytes[..length].to_vec()).unwrap()
        }

        fn reply(&mut self, code: u16, cseq: &str, now_ns: u64) {
            let use_of_it = self.callers.calls[0].identity.use_of_it;
            let text = format!(
                "SIP/2.0 {code} X\r\nTo: <sip:2@x>;tag=t\r\nCall-ID: 0.{use_of_it:x}.5@127.0.0.1\r\n\
                 CSeq: {cseq}\r\nRecord-Route: <sip:p;lr>\r\nContact: <sip:gw@h>\r\n\r\n"
            );
            self.callers
                .received(&mut self.port, text.as_bytes(), now_ns);
        }
    }

    #[test]
    fn an_invite_is_of_the_size_of_real_ones_and_its_length_is_true() {
        let mut scene = Scene::new();
        scene.callers.place(&mut scene.port, true, 0);
        let invite = scene.sent();
        assert!((700..900).contains(&invite.len()), "{}", invite.len());
        let (head, body) = invite.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("INVITE sip:700144123456@127.0.0.1 SIP/2.0\r\n"));
        assert!(
            head.ends_with(&format!("Content-Length: {}", body.len())),
            "{head}"
        );
        assert!(head.contains(
            "branch=z9hG4bK-0.0.5-i\r\nFrom: <sip:+12125550100@127.0.0.1>;tag=0.0.5\r\n"
        ));
    }

    #[test]
    fn a_call_is_acknowledged_and_ended_through_the_route() {
        let mut scene = Scene::new();
        scene.callers.place(&mut scene.port, true, 1_000);
        scene.sent();
        scene.reply(180, "1 INVITE", 2_000);
        scene.reply(200, "1 INVITE", 41_000);
        let (ack, bye) = (scene.sent(), scene.sent());
        assert!(ack.starts_with("ACK sip:gw@h SIP/2.0\r\n"), "{ack}");
        assert!(bye.starts_with("BYE sip:gw@h SIP/2.0\r\n"), "{bye}");
        assert!(bye.contains("-b\r\nRoute: <sip:p;lr>\r\nFrom: "), "{bye}");
        assert!(
            bye.contains("\r\nTo: <sip:2@x>;tag=t\r\nCall-ID: 0.0.5@127.0.0.1\r\nCSeq: 2 BYE\r\n")
        );
        scene.reply(200, "2 BYE", 50_000);
        let counts = &scene.callers.counts;
        assert_eq!((counts.offered, counts.answered, counts.failed), (1, 1, 0));
        assert_eq!(counts.setups_ns, [40_000]);
        assert_eq!((scene.callers.active(), scene.callers.counts.held), (0, 0));
    }

    #[test]
    fn a_refusal_is_acknowledged_and_counted() {
        let mut scene = Scene::new();
        scene.callers.place(&mut scene.port, true, 0);
        scene.sent();
        scene.reply(503, "1 INVITE", 1);
        let ack = scene.sent();
        assert!(
            ack.starts_with("ACK sip:700144123456@127.0.0.1 SIP/2.0\r\n"),
            "{ack}"
        );
        assert!(ack.contains("branch=z9hG4bK-0.0.5-i\r\nFrom:"), "{ack}");
        assert_eq!(scene.callers.counts.failed, 1);
        assert_eq!(scene.callers.counts.refused[&503], 1);
    }

    #[test]
    fn an_unanswered_invite_is_repeated_ever_more_seldom_and_given_up() {
        let mut scene = Scene::new();
        scene.callers.place(&mut scene.port, true, 0);
        let first = scene.sent();
        for ms in (0..9_000_u64).step_by(4) {
            scene.callers.advance(&mut scene.port, ms * 1_000_000);
        }
        assert_eq!(scene.callers.counts.retransmitted, 4);
        for _ in 0..4 {
            assert_eq!(scene.sent(), first);
        }
        assert_eq!(scene.callers.counts.failed, 1);
        assert_eq!(scene.callers.active(), 0);
        // Whatever comes afterwards is of no call.
        scene.callers.place(&mut scene.port, true, 9_000_000_000);
        let late = "SIP/2.0 200 OK\r\nTo: x\r\nCall-ID: 0.0.5@h\r\nCSeq: 1 INVITE\r\nContact: <sip:a>\r\n\r\n";
        scene
            .callers
            .received(&mut scene.port, late.as_bytes(), 9_000_000_001);
        assert_eq!(scene.callers.counts.answered, 0);
        assert_eq!(scene.callers.active(), 1);
    }

    #[test]
    fn a_datagram_comes_from_the_address_it_is_given() {
        let mut port = Port::bind("0.0.0.0:0".parse().unwrap()).unwrap();
        let here = Port::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let to = here.address();
        for last in 1..=3 {
            let from = Ipv4Addr::new(127, 0, 1, last);
            port.next(to, Some(from)).extend_from_slice(&[last]);
        }
        port.flush();
        let mut inbox = Inbox::new();
        let mut seen = Vec::new();
        while seen.len() < 3 {
            for index in 0..inbox.receive(&here) {
                let (bytes, source) = inbox.datagram(index);
                seen.push((bytes[0], source.ip().octets()[3]));
            }
        }
        assert_eq!(seen, [(1, 1), (2, 2), (3, 3)]);
    }
}
