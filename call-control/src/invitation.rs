//! The INVITE of an attempt: what is in it, and over which transport it goes.

use crate::attempt::{Attempt, NewAttempt};
use crate::core::{Core, Role, User};
use crate::identity::Fields;
use crate::leg::{Leg, SDP};
use crate::methods::allow;
use crate::release::{Failure, Origin};
use crate::reliable::RELIABLE;
use crate::session_timer::TIMER;
use rating::cdr::ReleaseReason;
use routing_engine::names::GatewayPlace;
use routing_engine::resources::{ReliableProvisional, SessionTimers, Signalling};
use routing_engine::{Candidate, Permits};
use sip_core::dialog::Dialog;
use sip_core::slab::SlabKey;
use sip_core::transaction::{ClientId, NotSent, Path, Transport};
use sip_core::{HeaderName, Instant, MessageWriter, Method};
use std::sync::Arc;

/// What an INVITE of ours says.
#[derive(Clone, Copy)]
pub(crate) struct Invitation<'o> {
    pub(crate) policy: Signalling,
    pub(crate) max_forwards: u32,
    pub(crate) offer: Option<&'o [u8]>,
    /// The shortest session interval that the carrier takes, when it said so (422); seconds.
    pub(crate) session_minimum_s: u32,
    /// However long it is, it does not change to a stream.
    pub(crate) datagrams_only: bool,
    /// What it has beside what every INVITE has.
    pub(crate) fields: &'o [(String, String)],
}

/// Who calls, as a carrier is to see it.
pub(crate) struct Caller<'n> {
    /// The number as its trunk wants it.
    pub(crate) number: &'n str,
    /// From must not name it.
    pub(crate) is_hidden: bool,
    /// What is said of the caller elsewhere, and all else that goes on.
    pub(crate) fields: Fields,
}

/// An INVITE that was sent.
#[derive(Clone, Copy)]
pub(crate) struct SentInvitation {
    pub(crate) client: ClientId,
    pub(crate) path: Path,
    /// It went over a stream only because it is long (RFC 3261 §18.1.1).
    pub(crate) is_grown: bool,
}

impl Invitation<'_> {
    /// Sends it. Everything in it is ours, but for the numbers and the description.
    pub(crate) fn send(
        &self,
        core: &mut Core,
        now: Instant,
        leg: &mut Leg,
        path: Path,
        user: User,
    ) -> Result<SentInvitation, NotSent> {
        let cseq = leg.dialog.next_cseq();
        let stream = self.stream_instead(core, path);
        let most = match (self.policy.tcp_above_bytes, stream) {
            (Some(most), Some(_)) => usize::from(most),
            _ => usize::MAX,
        };
        match (self.write(core, now, leg, path, cseq, most, user), stream) {
            (Err(NotSent::TooLong), Some(stream)) => {
                let client = self.write(core, now, leg, stream, cseq, usize::MAX, user)?;
                leg.path = stream;
                Ok(SentInvitation {
                    client,
                    path: stream,
                    is_grown: true,
                })
            }
            (sent, _) => Ok(SentInvitation {
                client: sent?,
                path,
                is_grown: false,
            }),
        }
    }

    /// Where a long INVITE goes.
    fn stream_instead(&self, core: &Core, path: Path) -> Option<Path> {
        let may_change = path.transport == Transport::Udp && !self.datagrams_only;
        self.policy.tcp_above_bytes.filter(|_| may_change)?;
        Some(Path {
            transport: Transport::Tcp,
            listener: core
                .listeners
                .beside(path.listener, Transport::Tcp, path.remote)?,
            remote: path.remote,
            connection: None,
            host: None,
        })
    }

    #[expect(clippy::too_many_arguments, reason = "a request is that much")]
    fn write(
        &self,
        core: &mut Core,
        now: Instant,
        leg: &mut Leg,
        path: Path,
        cseq: u32,
        most: usize,
        user: User,
    ) -> Result<ClientId, NotSent> {
        let (method, hops) = (Method::Invite, self.max_forwards);
        let body = self.offer.unwrap_or(b"");
        let authorization = leg.authorize(core, method, body);
        leg.send_by(
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
                writer.header(HeaderName::Contact, contact);
                writer.header(HeaderName::Allow, allow(&self.policy));
                for (name, value) in self.fields {
                    writer.raw_header(name, value.as_bytes());
                }
                write_extensions(
                    &mut writer,
                    &self.policy,
                    self.offer.is_some(),
                    self.session_minimum_s,
                );
                match self.offer {
                    Some(offer) => writer.body(SDP, offer),
                    None => writer.finish(),
                }
            },
        )
    }
}

/// Where an attempt belongs and where it goes.
pub(crate) struct AttemptPlace {
    pub(crate) call: SlabKey,
    pub(crate) index: u16,
    pub(crate) candidate: Candidate,
    pub(crate) permits: Permits,
    /// Names the carrier in the Request-URI and in To (RFC 3263 §4: the name stays there).
    pub(crate) gateway: GatewayPlace,
    pub(crate) path: Path,
    /// Both numbers as records keep them.
    pub(crate) called_sent: Arc<str>,
    pub(crate) calling_sent: Arc<str>,
}

impl AttemptPlace {
    /// Begins the attempt: a fresh Call-ID, our tag, our Via and Contact.
    pub(crate) fn send(
        self,
        core: &mut Core,
        now: Instant,
        invitation: Invitation<'_>,
        called: &str,
        caller: &Caller<'_>,
    ) -> Result<Attempt, NotSent> {
        let dialog = self.new_dialog(core, called, caller);
        let user = User {
            call: self.call,
            role: Role::Attempt(self.index),
        };
        let mut leg = Leg::new(dialog, self.path, invitation.policy);
        let sent = invitation.send(core, now, &mut leg, self.path, user)?;
        let new = NewAttempt {
            index: self.index,
            candidate: self.candidate,
            leg,
            sent,
            permits: self.permits,
            gateway: self.gateway,
            has_offer: invitation.offer.is_some(),
            called_sent: self.called_sent,
            calling_sent: self.calling_sent,
        };
        Ok(Attempt::new(new, now))
    }

    fn new_dialog(&self, core: &mut Core, called: &str, caller: &Caller<'_>) -> Dialog {
        let tag = core.tag(self.call, self.index + 1);
        let call_id = core.new_sip_call_id();
        let sent_by = core.listeners.sent_by(self.path.listener);
        let (user, host) = match caller.number {
            // RFC 3323 §4.1.1.3.
            _ if caller.is_hidden => ("anonymous", "anonymous.invalid"),
            "" => ("anonymous", sent_by),
            number => (number, sent_by),
        };
        let from = ["<sip:", user, "@", host, ">;tag=", &tag].concat();
        let mut target = format!("sip:{called}@{}", self.gateway);
        let to = ["<", &target, ">"].concat();
        if self.path.transport != Transport::Udp {
            target.push_str(";transport=");
            target.push_str(self.path.transport.parameter());
        }
        Dialog::uac(call_id, from.into_bytes(), to.into_bytes(), target)
    }
}

/// What it means for the call that an INVITE could not be sent.
pub(crate) fn failure_of(error: NotSent) -> Failure {
    match error {
        NotSent::TableFull(_) => Failure::new(Origin::Switch, ReleaseReason::Overload),
        // Only the customer's description can make it so long.
        NotSent::TooLong | NotSent::BeyondLimits => {
            Failure::new(Origin::Ingress, ReleaseReason::UnusableSdp)
        }
    }
}

/// What our INVITE says of reliable provisional responses and session timers. Without an offer of
/// ours no response shall be reliable: the answer would have to come in its PRACK.
fn write_extensions(
    writer: &mut MessageWriter<'_>,
    policy: &Signalling,
    has_offer: bool,
    session_minimum_s: u32,
) {
    let reliable = match has_offer {
        true => policy.reliable_provisional,
        false => ReliableProvisional::Off,
    };
    let has_timers = policy.session_timers != SessionTimers::Off;
    let supported = match (reliable, has_timers) {
        (ReliableProvisional::Supported, true) => Some("100rel, timer"),
        (ReliableProvisional::Supported, false) => Some(RELIABLE),
        (_, true) => Some(TIMER),
        (_, false) => None,
    };
    if let Some(supported) = supported {
        writer.header(HeaderName::Supported, supported);
    }
    if reliable == ReliableProvisional::Required {
        writer.header(HeaderName::Require, RELIABLE);
    }
    if has_timers {
        let minimum_s = policy.session_minimum_s.max(session_minimum_s);
        let interval_s = policy.session_interval_s.max(minimum_s);
        writer.number(HeaderName::SessionExpires, interval_s);
        if minimum_s > Signalling::SESSION_MINIMUM_S {
            writer.number(HeaderName::MinSe, minimum_s);
        }
    }
}
