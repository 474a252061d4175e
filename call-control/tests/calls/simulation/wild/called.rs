//! The carrier's part: what becomes of an INVITE of the switch.

use super::{Dialog, RINGING, Task, Wild, key_of};
use crate::support::{AURORA, BOREALIS, Sent, reply_with};
use sip_core::{Duration, HeaderName, Message};

/// The tags of the forks behind a carrier.
const FORKS: [&str; 2] = ["wild", "fork"];

/// One response of a script.
#[derive(Clone, Copy)]
pub(crate) struct Reply {
    /// 0: the call is forgotten without a word.
    status: u16,
    /// Which of [`FORKS`] gives it.
    fork: usize,
    /// RSeq of a reliable provisional response.
    number: Option<u32>,
}

impl Wild {
    /// OPTIONS outside of any call: the switch asks whether we are there.
    pub(super) fn on_probe(&mut self, request: &Sent) {
        match self.pick(&[200, 200, 200, 404, 503, 0]) {
            0 => self.ignore(request),
            status => drop(self.say(request, status, "", None)),
        }
    }

    /// The switch registers, or takes that back.
    pub(super) fn on_register(&mut self, request: &Sent, message: &Message<'_>) {
        let is_shown = message.header(HeaderName::Authorization).is_some();
        let nonce = self.token();
        let challenge =
            format!("WWW-Authenticate: Digest realm=\"wild\", nonce=\"{nonce}\", qop=\"auth\"\r\n");
        match self.pick(&[200, 200, 200, 401, 423, 503, 0]) {
            0 => self.ignore(request),
            200 if !is_shown && self.challenges => drop(self.say(request, 401, &challenge, None)),
            401 => drop(self.say(request, 401, &challenge, None)),
            423 => drop(self.say(request, 423, "Min-Expires: 3600\r\n", None)),
            status => drop(self.say(request, status, "Expires: 20\r\n", None)),
        }
    }

    pub(super) fn on_new_call(&mut self, call_id: &str, request: Sent, message: &Message<'_>) {
        let is_shown = message.header(HeaderName::ProxyAuthorization).is_some();
        if self.challenges && !is_shown {
            let nonce = self.token();
            let challenge = format!(
                "Proxy-Authenticate: Digest realm=\"wild\", nonce=\"{nonce}\", \
                 algorithm=MD5, qop=\"auth\"\r\n"
            );
            return drop(self.say(&request, 407, &challenge, None));
        }
        self.ignore(&request);
        let mut dialog = Dialog {
            local: message.to().unwrap().uri.to_owned(),
            local_tag: FORKS[0].to_owned(),
            remote: message.from().unwrap().uri.to_owned(),
            served: Some(request),
            ..Dialog::default()
        };
        dialog.learn(message);
        self.dialogs.insert(call_id.to_owned(), dialog);
        let speaks = |name| message.has_option(name, "100rel");
        let is_reliable = speaks(HeaderName::Supported) || speaks(HeaderName::Require);
        self.draw_script(call_id, is_reliable);
    }

    /// Some provisional responses, perhaps reliable, perhaps of two forks; then an end of some kind,
    /// or none.
    fn draw_script(&mut self, call_id: &str, is_reliable: bool) {
        let mut at = self.now;
        let mut number = 1 + self.random.below(1_000) as u32;
        for _ in 0..self.random.below(4) {
            let status = self.pick(&[100, 180, 180, 183, 183, 181]);
            let reliably = is_reliable && status > 100 && self.happens(60);
            let reply = Reply {
                status,
                fork: usize::from(self.happens(20)),
                number: reliably.then_some(number),
            };
            number += u32::from(reliably);
            at += Duration::from_millis(self.random.below(1_200));
            self.at(at, Task::Respond(call_id.to_owned(), reply));
            if reliably {
                let again = at + Duration::from_millis(500);
                self.at(again, Task::Respond(call_id.to_owned(), reply));
            }
        }
        let refusals = [302, 404, 422, 480, 486, 500, 503, 603, 0];
        let end = Reply {
            status: if self.happens(50) {
                200
            } else {
                self.pick(&refusals)
            },
            fork: usize::from(self.happens(20)),
            number: None,
        };
        let wait = match end.status {
            0 => RINGING,
            _ => Duration::from_millis(self.random.below(4_000)),
        };
        self.at(at + wait, Task::Respond(call_id.to_owned(), end));
    }

    pub(super) fn respond(&mut self, call_id: &str, reply: Reply) {
        let sdp = self.description();
        let extra = self.fields_of(reply);
        let answers_twice = self.happens(10);
        let Some(dialog) = self.dialogs.get_mut(call_id) else {
            return;
        };
        // Otherwise its final response was sent.
        let Some(invite) = dialog.served.clone() else {
            return;
        };
        if reply.status == 0 {
            return self.forget(call_id);
        }
        let sdp = matches!(reply.status, 183 | 200).then_some(sdp.as_str());
        let say = |fork: usize| reply_with(&invite, reply.status, FORKS[fork], &extra, sdp);
        let bytes = say(reply.fork).into_bytes();
        self.outbox.push_back(bytes.clone());
        self.said.insert(key_of(&invite), bytes.clone());
        match reply.status {
            ..200 => {}
            200..300 => {
                dialog.served = None;
                FORKS[reply.fork].clone_into(&mut dialog.local_tag);
                if answers_twice {
                    self.outbox.push_back(say(1 - reply.fork).into_bytes());
                }
                self.begin_talk(call_id);
                self.await_ack(call_id, bytes);
            }
            _ => self.forget(call_id),
        }
    }

    fn fields_of(&mut self, reply: Reply) -> String {
        match (reply.status, reply.number) {
            (_, Some(number)) => format!("Require: 100rel\r\nRSeq: {number}\r\n"),
            (302, _) => {
                let to = self.pick(&[AURORA, BOREALIS, super::super::dialects::NOBODY]);
                format!("Contact: <sip:elsewhere@{to}>;q=0.5\r\n")
            }
            (422, _) => "Min-SE: 1800\r\n".to_owned(),
            (200, _) => {
                let timers = [
                    "",
                    "Require: timer\r\nSession-Expires: 90;refresher=uac\r\n",
                    "Require: timer\r\nSession-Expires: 120;refresher=uas\r\n",
                ];
                let allow = ["", "Allow: INVITE, ACK, BYE, CANCEL, UPDATE\r\n"];
                format!("{}{}", self.pick(&timers), self.pick(&allow))
            }
            _ => String::new(),
        }
    }

    pub(super) fn on_cancel(&mut self, call_id: &str, request: &Sent) {
        self.say(request, 200, "", None);
        let status = match self.pick(&[487, 487, 487, 200, 0]) {
            // It never ends what was cancelled.
            0 => return,
            // 200: its answer crosses the CANCEL.
            status => status,
        };
        let fork = 0;
        let number = None;
        self.respond(
            call_id,
            Reply {
                status,
                fork,
                number,
            },
        );
    }
}
