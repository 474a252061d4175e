//! A peer that speaks every dialect of SIP, each time another, drawn from a seed: what peers may do, and
//! some of what they must not.
//!
//! It keeps to what makes a peer one at all: it sends again what got no answer, answers again what it
//! answered, and ends what it began.

mod called;
mod caller;
mod talk;

pub(super) use caller::{PASSWORD, USERNAME};

use crate::support::{SWITCH, Sent, reply_with};
use sip_core::{Duration, Instant, Limits, Message};
use sip_tester::random::{Chance, Random};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use testkit::Node;

const T1: Duration = Duration::from_millis(500);
const T2: Duration = Duration::from_secs(4);
/// 64·T1: when a request counts as lost.
const PATIENCE: Duration = Duration::from_secs(32);
/// How long an INVITE may stay at a provisional response.
const RINGING: Duration = Duration::from_secs(200);

/// The peer.
pub(super) struct Wild {
    me: SocketAddr,
    random: Random,
    now: Instant,
    outbox: VecDeque<Vec<u8>>,
    dialogs: BTreeMap<String, Dialog>,
    /// Requests of ours without a final response, by branch and method.
    pending: BTreeMap<(String, String), Pending>,
    /// What was said last to a request of theirs, by branch and method; empty: nothing, for good.
    said: BTreeMap<(String, String), Vec<u8>>,
    agenda: BTreeMap<(Instant, u64), Task>,
    sequence: u64,
    /// As a carrier: asks INVITEs for credentials.
    pub(super) challenges: bool,
    /// As a customer: Call-IDs whose answer came.
    pub(super) answered: BTreeSet<String>,
}

/// A request of ours that waits for its final response.
struct Pending {
    call_id: String,
    bytes: Vec<u8>,
    interval: Duration,
    give_up_at: Instant,
    /// A provisional response came.
    is_ringing: bool,
}

/// One call as the peer sees it.
#[derive(Default)]
struct Dialog {
    local: String,
    local_tag: String,
    remote: String,
    remote_tag: String,
    /// Their Contact.
    target: String,
    cseq: u32,
    is_up: bool,
    /// Ours that is under way: its branch and number, and whether it has an offer.
    invite: Option<(String, u32, bool)>,
    /// The INVITE that began it, when it is theirs and has no final response.
    served: Option<Sent>,
    /// A 2xx of ours without its ACK, and until when it is sent again.
    unconfirmed: Option<(Vec<u8>, Instant)>,
    /// The last ACK of ours, for a 2xx that comes again; `None`: it never goes out.
    ack: Option<(u32, Vec<u8>)>,
    /// The number of the last reliable provisional response that was confirmed.
    confirmed: u32,
    wants_cancel: bool,
    has_shown_password: bool,
    /// It asked for the place of another.
    is_newcomer: bool,
}

enum Task {
    /// A request of ours again, unless its final response came.
    Resend((String, String)),
    /// A 2xx of ours again, unless its ACK came.
    AnswerAgain(String, Duration),
    /// The next response of a script.
    Respond(String, called::Reply),
    /// Something in the middle of a call.
    Act(String),
    Cancel(String),
    HangUp(String),
}

impl Wild {
    pub(super) fn new(me: SocketAddr, seed: u64) -> Self {
        Self {
            me,
            random: Random::new(seed),
            now: Instant::ZERO,
            outbox: VecDeque::new(),
            dialogs: BTreeMap::new(),
            pending: BTreeMap::new(),
            said: BTreeMap::new(),
            agenda: BTreeMap::new(),
            sequence: 0,
            challenges: false,
            answered: BTreeSet::new(),
        }
    }

    /// Calls that are not over.
    pub(super) fn calls(&self) -> usize {
        self.dialogs.len()
    }

    fn happens(&mut self, percent: u32) -> bool {
        self.random.happens(Chance::percent(percent))
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.random.below(of.len() as u64) as usize]
    }

    fn token(&mut self) -> String {
        format!("{:08x}", self.random.next_u32())
    }

    fn new_branch(&mut self) -> String {
        format!("z9hG4bK-{}", self.token())
    }

    fn within(&mut self, millis: u64, task: Task) {
        let length = Duration::from_millis(self.random.below(millis + 1));
        self.at(self.now + length, task);
    }

    fn at(&mut self, at: Instant, task: Task) {
        self.sequence += 1;
        self.agenda.insert((at, self.sequence), task);
    }

    // --- requests of ours

    /// Sends a request within a call and waits for its response. Its branch.
    fn ask(&mut self, call_id: &str, method: &str, extra: &str, body: Option<&str>) -> String {
        let branch = self.new_branch();
        let Some(dialog) = self.dialogs.get_mut(call_id) else {
            return branch;
        };
        dialog.cseq += 1;
        let what = (method, dialog.cseq, dialog.remote_tag.as_str());
        let text = dialog.request(self.me, call_id, what, &branch, extra, body);
        self.begin(call_id, method, &branch, text.into_bytes());
        branch
    }

    fn begin(&mut self, call_id: &str, method: &str, branch: &str, bytes: Vec<u8>) {
        let key = (branch.to_owned(), method.to_owned());
        self.outbox.push_back(bytes.clone());
        let pending = Pending {
            call_id: call_id.to_owned(),
            bytes,
            interval: T1,
            give_up_at: self.now + PATIENCE,
            is_ringing: false,
        };
        self.pending.insert(key.clone(), pending);
        self.at(self.now + T1, Task::Resend(key));
    }

    fn resend(&mut self, key: (String, String)) {
        let Some(pending) = self.pending.get_mut(&key) else {
            return;
        };
        if self.now >= pending.give_up_at {
            let call_id = pending.call_id.clone();
            self.pending.remove(&key);
            return self.on_silence(&call_id, &key.1);
        }
        if !pending.is_ringing {
            self.outbox.push_back(pending.bytes.clone());
        }
        pending.interval = (pending.interval + pending.interval).min(T2);
        let next = (self.now + pending.interval).min(pending.give_up_at);
        self.at(next, Task::Resend(key));
    }

    /// Nobody answered a request.
    fn on_silence(&mut self, call_id: &str, method: &str) {
        let is_up = self.dialogs.get(call_id).is_some_and(|dialog| dialog.is_up);
        match method {
            "BYE" => self.forget(call_id),
            "INVITE" if !is_up => self.forget(call_id),
            "INVITE" => self.clear_invite(call_id),
            _ => {}
        }
    }

    fn clear_invite(&mut self, call_id: &str) {
        if let Some(dialog) = self.dialogs.get_mut(call_id) {
            dialog.invite = None;
        }
    }

    fn forget(&mut self, call_id: &str) {
        self.dialogs.remove(call_id);
        self.pending.retain(|_, pending| pending.call_id != call_id);
    }

    fn hang_up(&mut self, call_id: &str) {
        let Some(dialog) = self.dialogs.get_mut(call_id) else {
            return;
        };
        if dialog.is_up {
            dialog.is_up = false;
            dialog.unconfirmed = None;
            self.ask(call_id, "BYE", "", None);
        }
    }

    // --- requests of theirs

    fn on_request(&mut self, text: &str, message: &Message<'_>) {
        let method = message.method().unwrap().to_string();
        let call_id = message.call_id().unwrap().to_owned();
        if method == "ACK" {
            return self.on_ack(&call_id, message);
        }
        let branch = message.top_via().unwrap().branch.unwrap().to_owned();
        if let Some(said) = self.said.get(&(branch, method.clone())) {
            if !said.is_empty() {
                self.outbox.push_back(said.clone());
            }
            return;
        }
        let request = Sent {
            to: self.me,
            host: None,
            text: text.to_owned(),
        };
        let is_in_dialog = message.to().unwrap().tag().is_some();
        match (method.as_str(), is_in_dialog) {
            ("CANCEL", _) => self.on_cancel(&call_id, &request),
            ("INVITE", false) => self.on_new_call(&call_id, request, message),
            ("REGISTER", _) => self.on_register(&request, message),
            (_, false) => self.on_probe(&request),
            _ if !self.dialogs.contains_key(&call_id) => drop(self.say(&request, 481, "", None)),
            _ => self.on_talk(&call_id, &method, &request, message),
        }
    }

    /// Answers a request, and again the same when it comes again.
    fn say(&mut self, request: &Sent, status: u16, extra: &str, sdp: Option<&str>) -> Vec<u8> {
        let bytes = reply_with(request, status, "wild", extra, sdp).into_bytes();
        self.said.insert(key_of(request), bytes.clone());
        self.outbox.push_back(bytes.clone());
        bytes
    }

    /// Leaves a request unanswered for good.
    fn ignore(&mut self, request: &Sent) {
        self.said.insert(key_of(request), Vec::new());
    }

    fn on_ack(&mut self, call_id: &str, message: &Message<'_>) {
        let Some(dialog) = self.dialogs.get_mut(call_id) else {
            return;
        };
        let tag = message.to().unwrap().tag();
        if tag != Some(&dialog.local_tag) {
            // Of another fork.
            return;
        }
        let number = message.cseq().unwrap().number;
        dialog.unconfirmed.take_if(|(bytes, _)| {
            let answer = Message::parse(bytes, &Limits::DEFAULT).unwrap();
            answer.cseq().unwrap().number == number
        });
    }

    /// Whether a request is of the call that is up, and not of another fork's answer.
    fn is_of_dialog(&self, call_id: &str, request: &Message<'_>) -> bool {
        let dialog = self.dialogs.get(call_id);
        let tag = request.to().unwrap().tag();
        dialog.is_some_and(|dialog| tag == Some(&dialog.local_tag))
    }

    /// A 2xx of ours goes out again until its ACK comes.
    fn await_ack(&mut self, call_id: &str, answer: Vec<u8>) {
        if let Some(dialog) = self.dialogs.get_mut(call_id) {
            dialog.unconfirmed = Some((answer, self.now + PATIENCE));
            let again = Task::AnswerAgain(call_id.to_owned(), T1);
            self.at(self.now + T1, again);
        }
    }

    fn answer_again(&mut self, call_id: String, interval: Duration) {
        let Some(dialog) = self.dialogs.get(&call_id) else {
            return;
        };
        let Some((bytes, give_up_at)) = &dialog.unconfirmed else {
            return;
        };
        if self.now >= *give_up_at {
            return self.hang_up(&call_id);
        }
        self.outbox.push_back(bytes.clone());
        let next = (interval + interval).min(T2);
        self.at(self.now + next, Task::AnswerAgain(call_id, next));
    }

    fn carry_out(&mut self, task: Task) {
        match task {
            Task::Resend(key) => self.resend(key),
            Task::AnswerAgain(call_id, interval) => self.answer_again(call_id, interval),
            Task::Respond(call_id, reply) => self.respond(&call_id, reply),
            Task::Act(call_id) => self.act(&call_id),
            Task::Cancel(call_id) => self.cancel(&call_id),
            Task::HangUp(call_id) => self.hang_up(&call_id),
        }
    }
}

impl Dialog {
    /// A request with a method, a number and a To tag.
    fn request(
        &self,
        me: SocketAddr,
        call_id: &str,
        (method, cseq, to_tag): (&str, u32, &str),
        branch: &str,
        extra: &str,
        body: Option<&str>,
    ) -> String {
        let Self {
            local,
            local_tag,
            remote,
            target,
            ..
        } = self;
        let to_tag = match to_tag {
            "" => String::new(),
            tag => format!(";tag={tag}"),
        };
        let kind = if body.is_some() {
            "Content-Type: application/sdp\r\n"
        } else {
            ""
        };
        let body = body.unwrap_or("");
        format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch={branch}\r\n\
             Max-Forwards: 70\r\nFrom: <{local}>;tag={local_tag}\r\nTo: <{remote}>{to_tag}\r\n\
             Call-ID: {call_id}\r\nCSeq: {cseq} {method}\r\nContact: <sip:wild@{me}>\r\n\
             {extra}{kind}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    /// Learns who the other side is from a message of its.
    fn learn(&mut self, message: &Message<'_>) {
        let side = match message.is_request() {
            true => message.from(),
            false => message.to(),
        };
        if let Some(tag) = side.unwrap().tag() {
            tag.clone_into(&mut self.remote_tag);
        }
        if let Some(contact) = message.contact().unwrap() {
            contact.uri.clone_into(&mut self.target);
        }
    }
}

fn key_of(request: &Sent) -> (String, String) {
    let method = request.parsed().method().unwrap().to_string();
    (request.branch(), method)
}

impl Node for Wild {
    fn handle_datagram(&mut self, now: Instant, _: SocketAddr, _: SocketAddr, bytes: &[u8]) {
        self.now = now;
        let message = Message::parse(bytes, &Limits::DEFAULT).expect("the switch writes SIP");
        match message.is_request() {
            true => self.on_request(std::str::from_utf8(bytes).unwrap(), &message),
            false => self.on_response(&message),
        }
    }

    fn poll_transmit(&mut self, bytes: &mut Vec<u8>) -> Option<(SocketAddr, SocketAddr)> {
        *bytes = self.outbox.pop_front()?;
        Some((self.me, SWITCH.parse().unwrap()))
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        self.agenda.keys().next().map(|(at, _)| *at)
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.now = now;
        while let Some(entry) = self.agenda.first_entry()
            && entry.key().0 <= now
        {
            let task = entry.remove();
            self.carry_out(task);
        }
    }
}
