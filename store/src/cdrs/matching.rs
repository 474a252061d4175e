//! The filters of a list as conditions on a record in memory: what [`conditions`](super::conditions) are for rows of the
//! database. A test holds the two against each other.

use super::columns::{call_id_key, text_of};
use super::query::{Between, CdrCursor, CdrGateway, CdrOrder, CdrQuery, NumberMatch, Within};
use super::{CdrParty, CdrRow};
use rating::cdr::{AttemptRecord, CallRecord, Outcome, Release};
use rating::{Currency, Timestamp};
use std::cmp::Ordering;

impl CdrQuery {
    /// The rows that this record has in the list, wherever its place in it is: for a carrier one for each attempt, else one or
    /// none. The record is of the scope that is looked at.
    pub fn rows_of(&self, call: &CallRecord) -> Vec<CdrRow> {
        match self.party {
            CdrParty::Staff => {
                let row = self.finds_for_staff(call).then(|| CdrRow::of_call(call));
                row.into_iter().collect()
            }
            CdrParty::Customer(customer) => {
                let is_own = call.customer.as_ref().is_some_and(|it| it.id == customer);
                let found = is_own && self.finds_for_customer(call);
                let row = found.then(|| CdrRow::of_call(call).for_customer(call));
                row.into_iter().collect()
            }
            CdrParty::Carrier(carrier) => {
                let own = |attempt: &&AttemptRecord| attempt.carrier.id == carrier;
                let attempts = call.attempts.iter().filter(own);
                let found = attempts.filter(|attempt| self.finds_attempt(attempt));
                found
                    .map(|attempt| CdrRow::of_attempt(call, attempt))
                    .collect()
            }
        }
    }

    fn finds_for_staff(&self, call: &CallRecord) -> bool {
        let last = call.attempts.last();
        let rate = call.rate.as_ref();
        let money = call.money().unwrap_or_default();
        let trunk = call.ingress_trunk.as_ref();
        let legs = std::iter::once(&call.ingress_call_id);
        let mut legs = legs.chain(call.attempts.iter().map(|attempt| &attempt.egress_call_id));
        self.finds_call(call)
            && is(&self.customer, call.customer.as_ref().map(|it| &*it.name))
            && is(&self.carrier, last.map(|last| &*last.carrier.name))
            && is(&self.ingress_trunk, trunk.map(|trunk| &*trunk.name))
            && is(
                &self.egress_trunk,
                last.map(|last| &*last.egress_trunk.name),
            )
            && gateway_is(self.gateway, last)
            && is(&self.rate_card, rate.map(|rate| &*rate.rate_card.name))
            && is_number(&self.called_received, Some(&call.called_number_received))
            && is_number(
                &self.called_sent,
                last.map(|last| &*last.called_number_sent),
            )
            && is_number(
                &self.calling_sent,
                last.map(|last| &*last.calling_number_sent),
            )
            && self
                .call_id
                .as_deref()
                .is_none_or(|id| legs.any(|leg| call_id_key(leg) == call_id_key(id)))
            && self
                .snapshot_number
                .is_none_or(|number| u64::try_from(number) == Ok(call.snapshot_number))
            && within(self.charge, Some(money.charge))
            && within(self.cost, Some(money.cost))
            && within(self.margin, Some(call.margin))
    }

    fn finds_for_customer(&self, call: &CallRecord) -> bool {
        let trunk = call.ingress_trunk.as_ref();
        let amount = call.rate.as_ref().map(|_| call.charge.amount);
        let leg = call_id_key(&call.ingress_call_id);
        self.finds_call(call)
            && is(&self.ingress_trunk, trunk.map(|trunk| &*trunk.name))
            && is_number(&self.called_received, Some(&call.called_number_received))
            && self
                .call_id
                .as_deref()
                .is_none_or(|id| call_id_key(id) == leg)
            && within(self.amount, amount)
    }

    /// What staff and customers find a call by.
    fn finds_call(&self, call: &CallRecord) -> bool {
        let destination = call.rate.as_ref().map(|rate| &*rate.destination);
        let talk = i64::try_from(call.duration_ms()).unwrap_or(i64::MAX);
        between(self.received, Some(call.received_at))
            && self.finds_end(call.outcome, &call.release, destination)
            && self.finds_times(call.answered_at, call.ended_at, talk)
            && is_number(&self.called, Some(&call.called_number))
            && is_number(&self.calling, Some(&call.calling_number_received))
    }

    fn finds_attempt(&self, attempt: &AttemptRecord) -> bool {
        let talk = |at: Timestamp| (attempt.ended_at.0 - at.0) / 1_000;
        let talk = attempt.answered_at.map_or(0, talk);
        let leg = call_id_key(&attempt.egress_call_id);
        between(self.received, Some(attempt.started_at))
            && self.finds_end(
                attempt.outcome,
                &attempt.release,
                Some(&attempt.rate.destination),
            )
            && self.finds_times(attempt.answered_at, attempt.ended_at, talk)
            && is_number(&self.called, Some(&attempt.called_number_sent))
            && is_number(&self.calling, Some(&attempt.calling_number_sent))
            && is(&self.egress_trunk, Some(&attempt.egress_trunk.name))
            && gateway_is(self.gateway, Some(attempt))
            && self
                .call_id
                .as_deref()
                .is_none_or(|id| call_id_key(id) == leg)
            && within(self.amount, Some(attempt.cost.amount))
    }

    fn finds_end(&self, outcome: Outcome, release: &Release, destination: Option<&str>) -> bool {
        let reason = |wanted: &String| text_of(&release.reason) == *wanted;
        self.outcome.is_none_or(|wanted| wanted == outcome)
            && self.released_by.is_none_or(|wanted| wanted == release.by)
            && self.release_reason.as_ref().is_none_or(reason)
            && self
                .sip_status
                .is_none_or(|wanted| wanted == release.sip_status)
            && is(&self.destination, destination)
    }

    fn finds_times(&self, answered: Option<Timestamp>, ended: Timestamp, talk_ms: i64) -> bool {
        self.answered
            .is_none_or(|wanted| wanted == answered.is_some())
            && between(self.answered_at, answered)
            && between(self.ended, Some(ended))
            && within(self.duration_ms, Some(talk_ms))
    }
}

impl CdrOrder {
    /// Which of two places comes first in a list.
    pub fn compare(self, one: CdrCursor, other: CdrCursor) -> Ordering {
        let rising = (one.received_at, one.id).cmp(&(other.received_at, other.id));
        match self {
            Self::NewestFirst => rising.reverse(),
            Self::OldestFirst => rising,
        }
    }
}

impl CdrRow {
    /// Its place in a list.
    pub fn place(&self) -> CdrCursor {
        CdrCursor {
            received_at: self.received_at,
            id: self.id,
        }
    }

    /// The row of a call as the staff see it.
    fn of_call(call: &CallRecord) -> Self {
        let money = call.money().unwrap_or_default();
        let carrier = call.attempts.last().map(|last| &last.carrier.name);
        Self {
            id: call.id,
            snapshot_number: Some(call.snapshot_number),
            received_at: call.received_at,
            answered_at: call.answered_at,
            ended_at: call.ended_at,
            customer: call.customer.as_ref().map(|it| it.name.to_string()),
            carrier: carrier.map(|name| name.to_string()),
            destination: call.rate.as_ref().map(|rate| rate.destination.to_string()),
            calling_number: call.calling_number_received.to_string(),
            called_number: call.called_number.to_string(),
            outcome: call.outcome,
            sip_status: call.release.sip_status,
            release_reason: text_of(&call.release.reason),
            released_by: call.release.by,
            duration_ms: call.duration_ms(),
            billed_seconds: call.charge.billed_seconds,
            pdd_ms: call.pdd_ms(),
            attempts: Some(u32::try_from(call.attempts.len()).unwrap_or(u32::MAX)),
            charge: Some(money.charge),
            cost: Some(money.cost),
            margin: Some(call.margin),
            currency: Currency::USD.to_string(),
            archived: false,
        }
    }
}

/// What is not there is not what is wanted.
fn is(wanted: &Option<String>, there: Option<&str>) -> bool {
    wanted.as_deref().is_none_or(|wanted| there == Some(wanted))
}

fn is_number(wanted: &NumberMatch, there: Option<&str>) -> bool {
    if wanted.is_any() {
        return true;
    }
    let some = |part: &Option<String>, fits: fn(&str, &str) -> bool| {
        part.as_deref()
            .is_none_or(|part| there.is_some_and(|there| fits(there, part)))
    };
    some(&wanted.whole, |there, part| there == part)
        && some(&wanted.prefix, |there, part| there.starts_with(part))
        && some(&wanted.suffix, |there, part| there.ends_with(part))
}

fn gateway_is(wanted: Option<CdrGateway>, last: Option<&AttemptRecord>) -> bool {
    wanted.is_none_or(|wanted| {
        last.is_some_and(|last| match wanted {
            CdrGateway::Socket(socket) => last.gateway == socket,
            CdrGateway::Address(address) => last.gateway.ip() == address,
        })
    })
}

fn between(span: Between<Timestamp>, at: Option<Timestamp>) -> bool {
    if span.is_any() {
        return true;
    }
    at.is_some_and(|at| span.from.is_none_or(|from| at >= from) && span.to.is_none_or(|to| at < to))
}

fn within<T: PartialOrd + Copy>(range: Within<T>, value: Option<T>) -> bool {
    if range.is_any() {
        return true;
    }
    value.is_some_and(|value| {
        range.min.is_none_or(|min| value >= min) && range.max.is_none_or(|max| value <= max)
    })
}
