//! An INVITE that takes the place of one side of a call (Replaces, RFC 3891 §3): what it offers goes to the
//! other side as a re-INVITE. When that is taken, the newcomer has the place, and whoever had it is hung up
//! on; else all is as it was.

use super::{Arriving, EXCHANGES_MAX, Exchange, Kind, Refusal, refuse, respond};
use crate::call::Call;
use crate::core::Core;
use crate::leg::{Leg, bare};
use crate::release::reason_value;
use media_relay::Side;
use sip_core::transaction::ServerId;
use sip_core::{Instant, Message};

impl Call {
    /// Begins the exchange. `leg` is the newcomer's, in the place of `side`.
    pub(crate) fn receive_newcomer(
        &mut self,
        core: &mut Core,
        now: Instant,
        side: Side,
        server: ServerId,
        invite: &Message<'_>,
        leg: Box<Leg>,
    ) {
        let exchange = self.new_exchange(side, Kind::Invite, server, invite);
        if let Err(refusal) = self.start_arrival(core, now, exchange, invite, leg) {
            refuse(core, now, server, refusal);
        }
    }

    fn start_arrival(
        &mut self,
        core: &mut Core,
        now: Instant,
        exchange: Exchange,
        invite: &Message<'_>,
        leg: Box<Leg>,
    ) -> Result<(), Refusal> {
        self.check_glare(&exchange)?;
        if self.exchanges.pending.len() >= EXCHANGES_MAX {
            return Err(Refusal::LATER);
        }
        exchange.session.check(&leg.policy)?;
        self.take_offer(core, &exchange, invite)?;
        let number = exchange.number;
        self.launch(core, now, exchange, invite)?;
        self.exchanges.arriving = Some(Arriving { number, leg });
        Ok(())
    }

    /// Gives the newcomer of an exchange its place, if it has one. Who had the place until now.
    pub(super) fn let_in(
        &mut self,
        core: &mut Core,
        now: Instant,
        exchange: &Exchange,
    ) -> Option<Box<Leg>> {
        let arriving = &mut self.exchanges.arriving;
        let mut leg = arriving.take_if(|it| it.number == exchange.number)?.leg;
        self.abort_refresh(core, now, exchange.from);
        self.end_requests_to(core, now, exchange.from);
        std::mem::swap(self.leg_mut(exchange.from)?, &mut *leg);
        Some(leg)
    }

    /// Hangs up on who has lost its place.
    pub(super) fn part_from(&mut self, core: &mut Core, now: Instant, mut left: Box<Leg>) {
        let sent = left.send_bye(core, now, self.key, &reason_value(16));
        self.byes += u8::from(sent);
    }

    /// What still waits for somebody who has lost its place is answered 487: that it says nothing any more
    /// must not end the call.
    fn end_requests_to(&mut self, core: &mut Core, now: Instant, side: Side) {
        let pending = &mut self.exchanges.pending;
        for lost in pending.extract_if(.., |exchange| exchange.from.other() == side) {
            respond(core, now, lost.server, 487, bare);
        }
    }
}
