//! Both parts while a call is up.

use super::{Task, Wild};
use crate::support::{BOREALIS, Sent};
use sip_core::{Duration, Message};

impl Wild {
    /// The call is up: some things will happen in it, and one day it ends.
    pub(super) fn begin_talk(&mut self, call_id: &str) {
        let Some(dialog) = self.dialogs.get_mut(call_id) else {
            return;
        };
        dialog.is_up = true;
        for _ in 0..self.random.below(4) {
            // Often both sides act in the same moment.
            let at = self.now + Duration::from_millis(500 * self.random.below(8));
            self.at(at, Task::Act(call_id.to_owned()));
        }
        let longest = self.pick(&[4_000, 8_000, 8_000, 20_000, 200_000]);
        let hang_up = Task::HangUp(call_id.to_owned());
        match self.happens(60) {
            true => self.within(longest, hang_up),
            false => self.at(self.now + Duration::from_secs(250), hang_up),
        }
    }

    /// Something in the middle of a call.
    pub(super) fn act(&mut self, call_id: &str) {
        let Some(dialog) = self.dialogs.get(call_id).filter(|dialog| dialog.is_up) else {
            return;
        };
        let is_free = dialog.invite.is_none();
        let sdp = self.description();
        let (method, extra, body) = match self.random.below(18) {
            0..5 if is_free => {
                self.invite_with(call_id, "");
                if self.happens(10) {
                    self.within(500, Task::Cancel(call_id.to_owned()));
                }
                return;
            }
            0..6 => ("UPDATE", String::new(), Some(&*sdp)),
            6 => ("UPDATE", String::new(), None),
            7 => ("INFO", String::new(), None),
            8 => ("MESSAGE", String::new(), None),
            9 => ("OPTIONS", String::new(), None),
            10..=16 => ("REFER", self.referral(call_id), None),
            _ => {
                let event = "Event: refer\r\nSubscription-State: active;expires=60\r\n";
                ("NOTIFY", event.to_owned(), None)
            }
        };
        self.ask(call_id, method, &extra, body);
    }

    /// Somebody to be called, or another call of ours that is up.
    fn referral(&mut self, call_id: &str) -> String {
        let is_attended = self.happens(50);
        let named = self.another_call(call_id).filter(|_| is_attended);
        let replaces = named.map(|named| named.replace(';', "%3B").replace('=', "%3D"));
        let replaces = replaces.map_or_else(String::new, |named| format!("?Replaces={named}"));
        format!("Refer-To: <sip:442079460000@{BOREALIS}{replaces}>\r\n")
    }

    /// What names another call of ours that is up.
    pub(super) fn another_call(&mut self, call_id: &str) -> Option<String> {
        let others = self.dialogs.iter();
        let mut others: Vec<_> = others
            .filter(|(other, dialog)| dialog.is_up && *other != call_id)
            .map(|(other, dialog)| {
                let (ours, theirs) = (&dialog.local_tag, &dialog.remote_tag);
                format!("{other};to-tag={theirs};from-tag={ours}")
            })
            .collect();
        match others.len() as u64 {
            0 => None,
            count => Some(others.swap_remove(self.random.below(count) as usize)),
        }
    }

    /// A request of the switch within a call.
    pub(super) fn on_talk(
        &mut self,
        call_id: &str,
        method: &str,
        request: &Sent,
        message: &Message<'_>,
    ) {
        let sdp = self.description();
        let brings_offer = !message.body().is_empty();
        match method {
            "BYE" => {
                self.say(request, 200, "", None);
                if self.is_of_dialog(call_id, message) {
                    self.forget(call_id);
                }
            }
            "INVITE" => match self.pick(&[200, 200, 200, 200, 200, 200, 488, 491, 500, 0]) {
                0 => self.ignore(request),
                200 => {
                    let answer = self.say(request, 200, "", Some(&sdp));
                    self.await_ack(call_id, answer);
                }
                status => drop(self.say(request, status, "", None)),
            },
            "UPDATE" => match self.pick(&[200, 200, 200, 200, 491, 500, 0]) {
                0 => self.ignore(request),
                200 => drop(self.say(request, 200, "", brings_offer.then_some(&*sdp))),
                status => drop(self.say(request, status, "", None)),
            },
            "PRACK" => drop(self.say(request, 200, "", None)),
            _ => match self.pick(&[200, 200, 202, 405, 0]) {
                0 => self.ignore(request),
                status => drop(self.say(request, status, "", None)),
            },
        }
    }
}
