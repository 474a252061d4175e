//! Money of a call while it is up, for customers with a limit of what they may spend.
//!
//! The decision reserved the first slice ([`routing_engine::credit`]). From the answer on, the timer of the
//! longest duration fires as well shortly before what is paid runs out: the call reserves the next slice, by the
//! customer's terms and balance of that moment, or is hung up. So a payment that comes while the call is up
//! lets it go on, and one push of a credit limit is enough to end it. At its end the call pays what its record
//! says, and what is left of the reservation goes back.

use crate::call::{Call, Phase};
use crate::cdr::End;
use crate::core::{CallTimer, Core};
use rating::Amount;
use rating::cdr::{CallRecord, ReleaseReason};
use rating::slice::TalkPrice;
use routing_engine::credit::Reservation;
use sip_core::{Duration, Instant};

/// A call is hung up on so long before its last paid second is over, and asks for its next slice then: timers
/// fire late rather than early, and what is begun is billed. A shard that is later than this bills what was
/// talked meanwhile, beyond what was reserved.
const LEAD: Duration = Duration::from_millis(100);

impl Call {
    /// Sets the timer for the moment at which an answered call must end or pay on, if there is one.
    pub(crate) fn arm_duration(&self, core: &mut Core, now: Instant) {
        let Some(answered) = self.facts.answered else {
            return;
        };
        let longest = core.config.max_call_duration.map(|limit| answered + limit);
        let paid = self.credit.as_ref().map(|held| due_at(answered, held));
        if let Some(next) = longest.into_iter().chain(paid).min() {
            core.arm(self.key, CallTimer::Duration, now, next.since(now));
        }
    }

    /// The call has its longest duration, or must pay on.
    pub(crate) fn on_duration_timer(&mut self, core: &mut Core, now: Instant) {
        let Some(answered) = self
            .facts
            .answered
            .filter(|_| self.phase == Phase::Answered)
        else {
            return;
        };
        let longest = core.config.max_call_duration.map(|limit| answered + limit);
        if longest.is_some_and(|end| now >= end) {
            return self.hang_up(core, now, ReleaseReason::MaxDuration);
        }
        match self.pay_on(core, now, answered) {
            Ok(()) => self.arm_duration(core, now),
            Err(reason) => {
                core.counters.calls_cut += 1;
                self.hang_up(core, now, reason);
            }
        }
    }

    /// Reserves the next slice when what is paid is nearly used up.
    fn pay_on(
        &mut self,
        core: &Core,
        now: Instant,
        answered: Instant,
    ) -> Result<(), ReleaseReason> {
        let at = self.facts.wall(now);
        let customer = self.facts.customer.as_ref().map(|customer| customer.id);
        let Some(held) = &mut self.credit else {
            return Ok(());
        };
        if now < due_at(answered, held) {
            return Ok(());
        }
        let Some(rate) = self.facts.applied_rate(&self.snapshot) else {
            return Ok(());
        };
        let terms = customer.map_or_else(Default::default, |id| core.snapshot.credit_terms_of(id));
        // The second under way, when the shard was late.
        let talked_s = (now + LEAD).since(answered).as_millis() / 1_000;
        let least_s = u32::try_from(talked_s)
            .unwrap_or(u32::MAX)
            .saturating_add(1);
        held.renew(&terms, &TalkPrice::from(&rate), at, least_s)
    }

    /// The call has its end: its customer pays what its record will say.
    pub(crate) fn settle_credit(&mut self, end: &End) {
        let rate = self.facts.applied_rate(&self.snapshot);
        let was_tried = !self.attempts.is_empty();
        let charge = self.facts.charge(rate.as_ref(), end, was_tried);
        let books = rate.and_then(|rate| rate.exchange_rate.to_books(charge.amount));
        let (charge, at) = (books.unwrap_or(Amount::ZERO), self.facts.wall(end.at));
        match self.credit.take() {
            Some(held) => held.settle(charge, at),
            None => {
                let trunk = self.snapshot.ingress_trunk(self.ingress_trunk);
                self.snapshot.customer(trunk.customer).charge(charge, at);
            }
        }
    }

    /// The record is final: its carriers are owed what it says.
    pub(crate) fn charge_carriers(&self, record: &CallRecord) {
        for (attempt, recorded) in self.attempts.iter().zip(&record.attempts) {
            let cost = recorded.cost_in_books().unwrap_or(Amount::ZERO);
            let carrier = self.snapshot.carrier(attempt.route.carrier);
            carrier.charge(cost, record.ended_at);
        }
    }
}

/// When a call must pay on.
fn due_at(answered: Instant, held: &Reservation) -> Instant {
    let paid = Duration::from_secs(held.until_s().into());
    answered + (paid - LEAD)
}
