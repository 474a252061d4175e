//! The customer's part: how a call begins, and what becomes of an INVITE of ours.

use super::{Dialog, PATIENCE, RINGING, Task, Wild};
use crate::support::{CALLED, SWITCH, offer};
use sip_core::digest::{Account, Challenge, Protected};
use sip_core::{HeaderName, Instant, Message, Method};

/// Of the customer's trunk, when it wants one.
pub(crate) const USERNAME: &str = "meridian";
pub(crate) const PASSWORD: &str = "correct horse battery";

impl Wild {
    /// Begins a call.
    pub(crate) fn place_call(&mut self, now: Instant) {
        self.now = now;
        let call_id = format!("wild-{}", self.token());
        let dialog = Dialog {
            local: format!("sip:44113296{:04}@192.0.2.10", self.random.below(10_000)),
            local_tag: self.token(),
            remote: format!("sip:{CALLED}@{SWITCH}"),
            target: format!("sip:{CALLED}@{SWITCH}"),
            ..Dialog::default()
        };
        self.dialogs.insert(call_id.clone(), dialog);
        self.invite(&call_id, "");
        if self.happens(30) {
            self.within(6_000, Task::Cancel(call_id));
        }
    }

    /// The INVITE that begins a call, with what this caller speaks.
    fn invite(&mut self, call_id: &str, authorization: &str) {
        let reliable = ["", "", "Supported: 100rel\r\n", "Require: 100rel\r\n"];
        let timers = [
            "",
            "Supported: timer\r\n",
            "Supported: timer\r\nSession-Expires: 90\r\n",
            "Supported: timer\r\nSession-Expires: 120;refresher=uac\r\n",
            "Supported: timer\r\nSession-Expires: 120;refresher=uas\r\n",
            "Supported: timer\r\nSession-Expires: 30\r\n",
        ];
        let allow = [
            "",
            "Allow: INVITE, ACK, CANCEL, BYE, UPDATE, INFO, REFER\r\n",
        ];
        let (reliable, timers) = (self.pick(&reliable), self.pick(&timers));
        let wants_place = self.happens(15);
        let place = self.another_call(call_id).filter(|_| wants_place);
        if let (Some(_), Some(dialog)) = (&place, self.dialogs.get_mut(call_id)) {
            dialog.is_newcomer = true;
        }
        let place = place.map_or_else(String::new, |place| format!("Replaces: {place}\r\n"));
        let extra = format!(
            "{authorization}{reliable}{timers}{place}{}",
            self.pick(&allow)
        );
        self.invite_with(call_id, &extra);
    }

    /// An INVITE of ours, mostly with an offer.
    pub(super) fn invite_with(&mut self, call_id: &str, extra: &str) {
        let sdp = self.happens(80).then(|| self.description());
        let branch = self.ask(call_id, "INVITE", extra, sdp.as_deref());
        if let Some(dialog) = self.dialogs.get_mut(call_id) {
            dialog.invite = Some((branch, dialog.cseq, sdp.is_some()));
        }
    }

    /// A description, on hold or not.
    pub(super) fn description(&mut self) -> String {
        let direction = self.pick(&["sendrecv", "sendrecv", "sendonly", "inactive"]);
        let port = 4_000 + 2 * self.random.below(1_000) as u16;
        let host = self.me.ip().to_string();
        let codecs = self.pick(&["8 0", "8 0", "8 0", "8 0", "0 8", "8", "0"]);
        let sdp = offer(&host, port).replace("AVP 8 0", &format!("AVP {codecs}"));
        format!("{sdp}a={direction}\r\n")
    }

    pub(super) fn cancel(&mut self, call_id: &str) {
        let Some(dialog) = self.dialogs.get_mut(call_id) else {
            return;
        };
        let Some((branch, cseq, _)) = dialog.invite.clone() else {
            return;
        };
        let key = (branch, "INVITE".to_owned());
        if !self.pending.get(&key).is_some_and(|sent| sent.is_ringing) {
            // RFC 3261 §9.1: not before a provisional response.
            dialog.wants_cancel = true;
            return;
        }
        // It has the To of the INVITE: no tag before there is a call.
        let tag = if dialog.is_up {
            &*dialog.remote_tag
        } else {
            ""
        };
        let text = dialog.request(self.me, call_id, ("CANCEL", cseq, tag), &key.0, "", None);
        self.begin(call_id, "CANCEL", &key.0, text.into_bytes());
        if let Some(invite) = self.pending.get_mut(&key) {
            invite.give_up_at = self.now + PATIENCE;
        }
    }

    pub(super) fn on_response(&mut self, message: &Message<'_>) {
        let (cseq, status) = (message.cseq().unwrap(), message.status().unwrap());
        let branch = message.top_via().unwrap().branch.unwrap().to_owned();
        let call_id = message.call_id().unwrap().to_owned();
        let key = (branch, cseq.method.to_string());
        let is_pending = self.pending.contains_key(&key);
        match (cseq.method, status) {
            (Method::Invite, ..200) if is_pending => self.on_provisional(&call_id, &key, message),
            (_, ..200) => {}
            (Method::Invite, 200..300) if !is_pending => self.ack_again(&call_id, cseq.number),
            (Method::Invite, 200..300) => self.on_answer(&call_id, &key, message),
            (Method::Invite, _) => self.on_refusal(&call_id, &key, message),
            (method, _) => {
                self.pending.remove(&key);
                if method == Method::Bye {
                    self.forget(&call_id);
                }
            }
        }
    }

    fn on_provisional(&mut self, call_id: &str, key: &(String, String), message: &Message<'_>) {
        if let Some(pending) = self.pending.get_mut(key).filter(|sent| !sent.is_ringing) {
            pending.is_ringing = true;
            pending.give_up_at = self.now + RINGING;
        }
        let Some(dialog) = self.dialogs.get_mut(call_id) else {
            return;
        };
        if !dialog.is_up {
            dialog.learn(message);
        }
        let is_reliable = message.has_option(HeaderName::Require, "100rel");
        let number = message.number(HeaderName::RSeq).ok().flatten();
        let number = number.filter(|number| is_reliable && *number > dialog.confirmed);
        if std::mem::take(&mut dialog.wants_cancel) {
            self.cancel(call_id);
        }
        // Some PRACKs never go out.
        if let Some(number) = number.filter(|_| self.happens(95)) {
            self.confirm(call_id, number, message.cseq().unwrap().number);
        }
    }

    fn confirm(&mut self, call_id: &str, number: u32, invite: u32) {
        if let Some(dialog) = self.dialogs.get_mut(call_id) {
            dialog.confirmed = number;
        }
        let rack = format!("RAck: {number} {invite} INVITE\r\n");
        self.ask(call_id, "PRACK", &rack, None);
        if self.happens(10) {
            let sdp = self.happens(50).then(|| self.description());
            self.ask(call_id, "UPDATE", "", sdp.as_deref());
        }
    }

    fn on_answer(&mut self, call_id: &str, key: &(String, String), message: &Message<'_>) {
        self.pending.remove(key);
        let (sdp, branch) = (self.description(), self.new_branch());
        // A few never confirm an answer.
        let is_confirmed = self.happens(97);
        let Some(dialog) = self.dialogs.get_mut(call_id) else {
            return;
        };
        let cseq = message.cseq().unwrap().number;
        let is_first = !dialog.is_up;
        let has_offer = dialog.invite.take().is_none_or(|(.., has_offer)| has_offer);
        dialog.learn(message);
        let sdp = (!has_offer).then_some(sdp.as_str());
        let tag = dialog.remote_tag.as_str();
        let ack = dialog.request(self.me, call_id, ("ACK", cseq, tag), &branch, "", sdp);
        dialog.ack = is_confirmed.then(|| (cseq, ack.into_bytes()));
        let is_newcomer = dialog.is_newcomer;
        self.ack_again(call_id, cseq);
        if is_first {
            // Who took another's place is in that one's record.
            if !is_newcomer {
                self.answered.insert(call_id.to_owned());
            }
            self.begin_talk(call_id);
        }
    }

    fn ack_again(&mut self, call_id: &str, number: u32) {
        let ack = self
            .dialogs
            .get(call_id)
            .and_then(|dialog| dialog.ack.as_ref());
        if let Some((_, bytes)) = ack.filter(|(cseq, _)| *cseq == number) {
            self.outbox.push_back(bytes.clone());
        }
    }

    fn on_refusal(&mut self, call_id: &str, key: &(String, String), message: &Message<'_>) {
        let was_pending = self.pending.remove(key).is_some();
        let Some(dialog) = self.dialogs.get_mut(call_id) else {
            return;
        };
        let cseq = message.cseq().unwrap().number;
        let tag = message.to().unwrap().tag().unwrap_or("");
        let ack = dialog.request(self.me, call_id, ("ACK", cseq, tag), &key.0, "", None);
        self.outbox.push_back(ack.into_bytes());
        if !was_pending {
            return;
        }
        dialog.invite = None;
        if dialog.is_up {
            return;
        }
        if message.status() == Some(401) && !dialog.has_shown_password {
            dialog.has_shown_password = true;
            dialog.remote_tag.clear();
            return self.invite(call_id, &authorization(message));
        }
        self.forget(call_id);
    }
}

/// The line with which a caller answers the strongest of the challenges.
fn authorization(refusal: &Message<'_>) -> String {
    let asked = refusal
        .headers()
        .filter(|field| field.name == HeaderName::WwwAuthenticate);
    let challenges = asked.filter_map(|field| Challenge::parse(field.raw_value));
    let challenge = Challenge::best(challenges).expect("a 401 asks for something");
    let account = Account {
        username: USERNAME,
        password: PASSWORD,
    };
    let request = Protected {
        method: Method::Invite,
        uri: &format!("sip:{CALLED}@{SWITCH}"),
        body: b"",
    };
    let value = challenge.answer(account, request, 1, "0a4f113b");
    format!("Authorization: {value}\r\n")
}
