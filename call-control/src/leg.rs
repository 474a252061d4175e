//! One side of a call: its dialog, the way to the peer, and the ACKs between.

use crate::addressing::Listeners;
use crate::challenged::Challenged;
use crate::core::{CallTimer, Core, Role, User, branch_of};
use crate::encryption::is_private;
use crate::session_timer::LegSession;
use media_relay::Side;
use routing_engine::resources::Signalling;
use sip_core::dialog::Dialog;
use sip_core::slab::SlabKey;
use sip_core::transaction::{ClientId, NotSent, Path, ServerId};
use sip_core::{Duration, HeaderName, Instant, Message, MessageWriter, Method};

/// Where our requests start (RFC 3261 §8.1.1.6).
pub(crate) const MAX_FORWARDS: u32 = 70;
/// The media type of session descriptions.
pub(crate) const SDP: &str = "application/sdp";

/// Ends a message that has nothing more to say.
pub(crate) fn bare(writer: &mut MessageWriter<'_>) {
    writer.finish();
}

/// A leg.
#[derive(Debug)]
pub(crate) struct Leg {
    pub(crate) dialog: Dialog,
    /// How the peer was first reached, or reached us.
    pub(crate) path: Path,
    /// A 2xx of ours without its ACK.
    awaiting_ack: Option<AwaitedAck>,
    /// The CSeq number of an INVITE of ours whose 2xx we have not acknowledged yet: its ACK must
    /// carry the answer that the other side still owes.
    ack_owed: Option<u32>,
    /// The ACK that we sent last, for retransmissions of its 2xx.
    last_ack: Option<SentAck>,
    /// How the trunk wants its dialogs.
    pub(crate) policy: Signalling,
    /// What keeps the session alive.
    pub(crate) session: LegSession,
    /// How the peer's challenge is answered.
    pub(crate) challenged: Option<Box<Challenged>>,
    /// The peer hung up or was hung up on while the call goes on without it, or it is not there yet:
    /// nothing is sent to it.
    pub(crate) is_gone: bool,
    /// Its descriptions have keys that nobody on the way may read: no request of it leaves TLS, whatever
    /// the peer names as its Contact.
    pub(crate) stays_private: bool,
}

#[derive(Debug)]
struct AwaitedAck {
    server: ServerId,
    cseq: u32,
    interval: Duration,
    give_up_at: Instant,
}

/// What an ACK is written from once more.
#[derive(Debug)]
struct SentAck {
    cseq: u32,
    path: Path,
    /// Of its branch.
    number: u64,
    body: Option<Box<[u8]>>,
}

/// What to do when the timer for an ACK fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AckPatience {
    /// The 2xx went out again.
    Resent,
    /// 64·T1 are over: the call ends (RFC 3261 §13.3.1.4).
    Over,
}

impl Leg {
    pub(crate) fn new(dialog: Dialog, path: Path, policy: Signalling) -> Self {
        Self {
            dialog,
            path,
            awaiting_ack: None,
            ack_owed: None,
            last_ack: None,
            policy,
            session: LegSession::default(),
            challenged: None,
            is_gone: false,
            stays_private: false,
        }
    }

    /// A leg without a peer: the place of one that is still to come.
    pub(crate) fn vacant(path: Path, policy: Signalling) -> Self {
        let dialog = Dialog::uac("".into(), Vec::new(), Vec::new(), String::new());
        Self {
            is_gone: true,
            ..Self::new(dialog, path, policy)
        }
    }

    /// What stays of a leg that moves into another call: the record needs to know where it went.
    pub(crate) fn left_behind(&self) -> Self {
        let policy = Signalling {
            keepalive_interval_s: None,
            ..self.policy
        };
        Self {
            is_gone: true,
            ..Self::new(self.dialog.clone(), self.path, policy)
        }
    }

    /// Sends a request of this dialog without a body: `finish` adds what is special to it and ends the
    /// message.
    pub(crate) fn send(
        &mut self,
        core: &mut Core,
        now: Instant,
        method: Method<'_>,
        user: User,
        finish: impl FnOnce(MessageWriter<'_>, &str),
    ) -> Result<ClientId, NotSent> {
        self.send_with(core, now, method, user, b"", finish)
    }

    /// The same with the body that `finish` writes, which credentials may vouch for.
    pub(crate) fn send_with(
        &mut self,
        core: &mut Core,
        now: Instant,
        method: Method<'_>,
        user: User,
        body: &[u8],
        finish: impl FnOnce(MessageWriter<'_>, &str),
    ) -> Result<ClientId, NotSent> {
        let cseq = self.dialog.next_cseq();
        let path = self.path_onwards(core);
        let authorization = self.authorize(core, method, body);
        let (hops, most) = (MAX_FORWARDS, usize::MAX);
        self.send_by(
            core,
            now,
            method,
            cseq,
            path,
            hops,
            most,
            user,
            |mut writer, contact| {
                if let Some((name, value)) = &authorization {
                    writer.header(*name, value);
                }
                finish(writer, contact);
            },
        )
    }

    /// Where a request within the dialog goes.
    fn path_onwards(&self, core: &Core) -> Path {
        let next_hop = self.dialog.next_hop();
        let path = core
            .listeners
            .path_towards(next_hop, self.path, self.policy.nat);
        match self.stays_private && !is_private(path.transport) {
            true => self.path,
            false => path,
        }
    }

    /// The same to a place, with a Max-Forwards and a longest size of the caller's choice: the first
    /// INVITE.
    #[expect(clippy::too_many_arguments, reason = "a request is that much")]
    pub(crate) fn send_by(
        &mut self,
        core: &mut Core,
        now: Instant,
        method: Method<'_>,
        cseq: u32,
        path: Path,
        max_forwards: u32,
        most: usize,
        user: User,
        finish: impl FnOnce(MessageWriter<'_>, &str),
    ) -> Result<ClientId, NotSent> {
        let Core {
            transactions,
            outbox,
            listeners,
            config,
            ..
        } = core;
        let dialog = &self.dialog;
        transactions.open_client_within(now, method, path, user, most, outbox, |out, branch| {
            let mut writer = begin(
                dialog,
                listeners,
                out,
                method,
                cseq,
                path,
                max_forwards,
                branch,
            );
            writer.header(HeaderName::UserAgent, &config.user_agent);
            finish(writer, listeners.contact(path.listener));
        })
    }

    /// Sends a BYE. One that cannot be sent, for want of room in the table, ends the leg without:
    /// nothing else can be done, and the peer's own BYE will be answered 481.
    pub(crate) fn send_bye(
        &mut self,
        core: &mut Core,
        now: Instant,
        call: SlabKey,
        reason: &str,
    ) -> bool {
        let user = User {
            call,
            role: Role::Bye,
        };
        self.send(core, now, Method::Bye, user, |mut writer, _| {
            writer.header(HeaderName::Reason, reason);
            writer.finish();
        })
        .is_ok()
    }

    // --- the ACK that the peer owes us

    /// Our 2xx went out: it is sent again until the ACK comes (RFC 3261 §13.3.1.4).
    pub(crate) fn await_ack(
        &mut self,
        core: &mut Core,
        now: Instant,
        call: SlabKey,
        side: Side,
        server: ServerId,
        cseq: u32,
    ) {
        let timings = core.config.timings;
        self.awaiting_ack = Some(AwaitedAck {
            server,
            cseq,
            interval: timings.t1,
            give_up_at: now + timings.patience(),
        });
        core.arm(call, CallTimer::ack_of(side), now, timings.t1);
    }

    /// Whether a 2xx of ours waits for its ACK.
    pub(crate) fn is_awaiting_ack(&self) -> bool {
        self.awaiting_ack.is_some()
    }

    /// An ACK came. True when it is the one that was awaited.
    pub(crate) fn take_ack(
        &mut self,
        core: &mut Core,
        call: SlabKey,
        side: Side,
        ack: &Message<'_>,
    ) -> bool {
        let number = ack.cseq().map(|cseq| cseq.number).ok();
        let Some(awaited) = self
            .awaiting_ack
            .take_if(|awaited| Some(awaited.cseq) == number)
        else {
            return false;
        };
        core.disarm(call, CallTimer::ack_of(side));
        core.transactions.acknowledged(awaited.server);
        true
    }

    /// The timer for the ACK fired.
    pub(crate) fn on_ack_timer(
        &mut self,
        core: &mut Core,
        now: Instant,
        call: SlabKey,
        side: Side,
    ) -> AckPatience {
        let Some(awaited) = &mut self.awaiting_ack else {
            return AckPatience::Resent;
        };
        if now >= awaited.give_up_at {
            self.awaiting_ack = None;
            return AckPatience::Over;
        }
        core.transactions
            .resend(now, awaited.server, &mut core.outbox);
        awaited.interval = core.config.timings.backed_off(awaited.interval);
        let left = awaited.give_up_at.since(now);
        let next = awaited.interval.min(left);
        core.arm(call, CallTimer::ack_of(side), now, next);
        AckPatience::Resent
    }

    /// The leg ends: an ACK is no longer waited for.
    pub(crate) fn forget_ack(&mut self, core: &mut Core, call: SlabKey, side: Side) {
        self.awaiting_ack = None;
        core.disarm(call, CallTimer::ack_of(side));
    }

    // --- the ACK that we owe the peer

    /// A 2xx to our INVITE waits for the answer of the other side.
    pub(crate) fn owe_ack(&mut self, cseq: u32) {
        self.ack_owed = Some(cseq);
    }

    /// The number of the INVITE whose ACK we owe.
    pub(crate) fn take_owed_ack(&mut self) -> Option<u32> {
        self.ack_owed.take()
    }

    /// Whether we owe an ACK.
    pub(crate) fn owes_ack(&self) -> bool {
        self.ack_owed.is_some()
    }

    /// Sends the ACK of a 2xx, and keeps it (RFC 3261 §13.2.2.4).
    pub(crate) fn send_ack(&mut self, core: &mut Core, cseq: u32, body: Option<&[u8]>) {
        let path = self.path_onwards(core);
        let ack = SentAck {
            cseq,
            path,
            number: core.new_branch_number(),
            body: body.map(Box::from),
        };
        self.write_ack(core, &ack);
        self.last_ack = Some(ack);
    }

    /// A 2xx came again: so does its ACK, if it was sent at all.
    pub(crate) fn repeat_ack(&self, core: &mut Core, cseq: u32) {
        if let Some(ack) = self.last_ack.as_ref().filter(|ack| ack.cseq == cseq) {
            self.write_ack(core, ack);
        }
    }

    fn write_ack(&self, core: &mut Core, ack: &SentAck) {
        let Core {
            listeners,
            outbox,
            scratch,
            ..
        } = core;
        let mut writer = begin(
            &self.dialog,
            listeners,
            scratch,
            Method::Ack,
            ack.cseq,
            ack.path,
            MAX_FORWARDS,
            &branch_of(ack.number),
        );
        // RFC 3261 §22.1: the ACK shows what its INVITE showed.
        let challenged = self.challenged.as_ref();
        if let Some((name, value)) = challenged.and_then(|challenged| challenged.shown()) {
            writer.header(name, value);
        }
        match &ack.body {
            Some(body) => writer.body(SDP, body),
            None => writer.finish(),
        }
        outbox.push(ack.path, None, scratch);
    }
}

/// Acknowledges and ends a dialog that nobody wants: a fork's late 2xx, or one that crossed our
/// CANCEL (RFC 3261 §13.2.2.4, §9.1). An answer without a usable Contact or route is left alone:
/// there is nobody to write to.
pub(crate) fn refuse_answer(
    core: &mut Core,
    now: Instant,
    user: User,
    policy: Signalling,
    answer: &Message<'_>,
    path: Path,
    reason: &str,
) {
    let Ok(dialog) = Dialog::of_answer(answer) else {
        return;
    };
    core.counters.answers_refused += 1;
    let mut leg = Leg::new(dialog, path, policy);
    leg.send_ack(core, leg.dialog.local_cseq(), None);
    // Without room for its transaction the BYE is not sent: the carrier will give up on its own.
    let _ = leg.send(core, now, Method::Bye, user, |mut writer, _| {
        writer.header(HeaderName::Reason, reason);
        writer.finish();
    });
}

#[expect(clippy::too_many_arguments, reason = "a request is that much")]
fn begin<'b>(
    dialog: &Dialog,
    listeners: &Listeners,
    out: &'b mut Vec<u8>,
    method: Method<'_>,
    cseq: u32,
    path: Path,
    max_forwards: u32,
    branch: &str,
) -> MessageWriter<'b> {
    dialog.write_request(out, method, cseq, |writer| {
        let wants_rport = !path.transport.is_reliable();
        let sent_by = listeners.sent_by(path.listener);
        writer.via(path.transport.as_str(), sent_by, branch, wants_rport);
        writer.number(HeaderName::MaxForwards, max_forwards);
    })
}
