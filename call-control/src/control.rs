//! Orders of the shell: snapshots, draining, hanging up, listing.

use crate::attempt::Attempt;
use crate::call::{Call, Phase};
use crate::cdr;
use crate::config::Now;
use crate::drain::HANG_UP_BATCH;
use crate::engine::Engine;
use crate::events::{
    CALLS_PAGE_MAX, Command, Event, Evidence, LiveCall, LiveState, OneWayMedia, TransportFailure,
};
use media_relay::srtp::Suite;
use media_relay::{SessionId, Side};
use rating::cdr::{CallId, MediaStatistics, ReleaseReason};
use routing_engine::limits::HeldChannels;
use sip_core::slab::SlabKey;
use sip_core::transaction::{HostNumber, TransmitToken, Transport};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::SocketAddr;
use std::sync::Arc;

impl Engine {
    pub(crate) fn carry_out(&mut self, now: Now, command: Command) {
        match command {
            Command::SetSnapshot(snapshot) => self.core.set_snapshot(now.instant, snapshot),
            Command::SetAddresses(table) => self.core.set_addresses(now, table),
            Command::SetQuality(quality) => self.core.quality = quality,
            Command::Drain { hang_up_at } => {
                self.core.drain.begin(hang_up_at);
                self.core.leave_registrars(now.instant);
            }
            Command::HangUp(id) => self.hang_up(now, id),
            Command::TransportFailed(failure) => self.fail_transport(now, failure),
            Command::MediaSilent(session) => self.hang_up_silent(now, session),
            Command::MediaOneWay(session, side) => self.judge_one_way(now, session, side),
            Command::JournalState { available } => self.core.journal_available = available,
            Command::Overload { retry_after_s } => self.core.shed_for_s = retry_after_s,
            Command::TraceCalls { calls } => self.core.calls_to_trace = calls,
        }
    }

    fn hang_up(&mut self, now: Now, id: CallId) {
        let is_it = |(_, call): &(SlabKey, &Call)| call.facts.id == id;
        let found = self.calls.iter_from(0).find(is_it).map(|(key, _)| key);
        if let Some(key) = found {
            self.hang_up_call(now, key, ReleaseReason::OperatorHangup);
        }
    }

    fn hang_up_silent(&mut self, now: Now, session: SessionId) {
        let found = self.core.media_sessions.get(&session).copied();
        if let Some(key) = found {
            self.hang_up_call(now, key, ReleaseReason::NoMedia);
        }
    }

    /// One side of a call is not heard: the trunk of that side says what becomes of the call.
    fn judge_one_way(&mut self, now: Now, session: SessionId, side: Side) {
        let Some(key) = self.core.media_sessions.get(&session).copied() else {
            return;
        };
        self.core.counters.one_way_media += 1;
        let Some(call) = self.calls.get(key) else {
            return;
        };
        let (id, is_ended) = (call.facts.id, call.ends_one_way(side));
        let event = OneWayMedia {
            call: id,
            silent: side,
            is_ended,
        };
        self.core.events.push_back(Event::OneWayMedia(event));
        if is_ended {
            self.hang_up_call(now, key, ReleaseReason::OneWayMedia);
        }
    }

    fn hang_up_call(&mut self, now: Now, key: SlabKey, reason: ReleaseReason) {
        self.with_call(now.instant, key, |call, core| {
            call.hang_up(core, now.instant, reason);
            call.settle(core);
        });
    }

    /// Hangs up the next few calls, when draining has come to that.
    pub(crate) fn drain_some(&mut self, now: Now) {
        let Some(from) = self.core.drain.due(now.instant) else {
            return;
        };
        let batch: Vec<SlabKey> = self
            .calls
            .iter_from(from)
            .take(HANG_UP_BATCH)
            .map(|(key, _)| key)
            .collect();
        for key in &batch {
            self.hang_up_call(now, *key, ReleaseReason::ShuttingDown);
        }
        let is_last = batch.len() < HANG_UP_BATCH;
        let next = batch.last().filter(|_| !is_last).map(|key| key.slot + 1);
        self.core.drain.stepped(now.instant, next);
    }

    /// A request could not be sent: those who wait for its reply go on at once.
    fn fail_transport(&mut self, now: Now, failure: TransportFailure) {
        let TransportFailure {
            transport,
            remote,
            host,
            ..
        } = failure;
        match failure.evidence {
            Evidence::Message(token) => self.fail_request(now, token),
            Evidence::Certain => self.fail_destination(now, transport, remote, host),
            Evidence::Quoted(branch) => {
                let transactions = &self.core.transactions;
                if !transactions.is_unanswered_at(&branch, transport, remote) {
                    self.core.counters.reports_disbelieved += 1;
                    return;
                }
                let refused = Event::Refused { transport, remote };
                self.core.events.push_back(refused);
                self.fail_destination(now, transport, remote, None);
            }
        }
    }

    fn fail_destination(
        &mut self,
        now: Now,
        transport: Transport,
        remote: SocketAddr,
        host: Option<HostNumber>,
    ) {
        let transactions = &self.core.transactions;
        for token in transactions.unanswered_at(transport, remote, host) {
            self.fail_request(now, token);
        }
    }

    fn fail_request(&mut self, now: Now, token: TransmitToken) {
        let core = &mut self.core;
        let outbox = &mut core.outbox;
        let expired = core
            .transactions
            .transport_failed(now.instant, token, outbox);
        if let Some(expired) = expired {
            self.handle_expired(now, expired);
        }
    }

    /// The calls that are up, newest first: those with an identifier below `before` (all when
    /// `None`), at most `limit` and at most [`CALLS_PAGE_MAX`] of them. One pass over the table.
    pub fn newest_calls(&self, before: Option<CallId>, limit: usize) -> Vec<LiveCall> {
        let limit = limit.min(CALLS_PAGE_MAX);
        let mut oldest_first = BinaryHeap::with_capacity(limit + 1);
        for (key, call) in self.calls.iter_from(0) {
            let id = call.facts.id;
            if before.is_some_and(|before| id >= before) {
                continue;
            }
            oldest_first.push(Reverse((id, key.slot)));
            if oldest_first.len() > limit {
                oldest_first.pop();
            }
        }
        let mut newest = oldest_first.into_vec();
        newest.sort_unstable();
        let slots = newest.into_iter().map(|Reverse((_, slot))| slot);
        slots
            .filter_map(|slot| self.calls.iter_from(slot).next())
            .map(|(_, call)| call.live())
            .collect()
    }
}

impl Engine {
    /// A call that is up, and what has been relayed of its media; `None` when it is not up. One pass over
    /// the table.
    pub fn live_call(&self, id: CallId) -> Option<(LiveCall, Option<MediaStatistics>)> {
        let mut calls = self.calls.iter_from(0);
        let (_, call) = calls.find(|(_, call)| call.facts.id == id)?;
        let relayed = call.media.relayed(&self.core);
        Some((call.live(), relayed.map(cdr::statistics)))
    }

    /// The channels and the money that the calls of this shard hold, counted one by one: what the counters
    /// of limits and accounts must say, all shards together ([`Snapshot::drift`](routing_engine::Snapshot::drift)). One pass over
    /// the table; calls pay nothing for it.
    pub fn held_channels(&self) -> HeldChannels {
        let mut held = HeldChannels::default();
        for (_, call) in self.calls.iter_from(0) {
            held.note(&call.permits);
            held.note_numbers(&call.numbers);
            call.credit.iter().for_each(|money| held.note_credit(money));
            let of_attempts = call.attempts.iter().filter_map(Attempt::permits);
            of_attempts.for_each(|permits| held.note(permits));
        }
        held
    }

    /// The Call-IDs of a call that is up: the customer's, then those of its attempts. `None` when it is
    /// not. One pass over the table.
    pub fn call_ids(&self, id: CallId) -> Option<Vec<Arc<str>>> {
        let mut calls = self.calls.iter_from(0);
        let (_, call) = calls.find(|(_, call)| call.facts.id == id)?;
        let egress = call
            .attempts
            .iter()
            .map(|attempt| Arc::clone(attempt.leg.dialog.call_id()));
        Some(
            [Arc::clone(call.ingress.dialog.call_id())]
                .into_iter()
                .chain(egress)
                .collect(),
        )
    }
}

impl Call {
    fn live(&self) -> LiveCall {
        let current = self.current();
        let trunk = current.map(|attempt| attempt.route.egress_trunk(&self.snapshot));
        LiveCall {
            id: self.facts.id,
            state: self.live_state(),
            customer: self.facts.customer.clone(),
            carrier: trunk.map(|trunk| self.snapshot.carrier(trunk.carrier).resource.clone()),
            destination: self
                .facts
                .rate
                .map(|rate| Arc::clone(self.snapshot.destination(rate))),
            called_number: self.facts.called.clone(),
            calling_number: self.facts.calling_received.clone(),
            ingress_source: self.facts.source,
            gateway: current.map(|attempt| attempt.leg.path.remote),
            encryption: self.media.suites().map(|suite| suite.map(Suite::name)),
            attempts: self.attempts.len() as u16,
            received_at: self.facts.received_at(),
            answered_at: self.facts.answered.map(|at| self.facts.wall(at)),
            snapshot_number: self.facts.snapshot_number,
        }
    }

    fn live_state(&self) -> LiveState {
        match self.phase {
            Phase::Connecting => LiveState::Ringing,
            Phase::Hunting if self.facts.ringing.is_some() => LiveState::Ringing,
            Phase::Hunting => LiveState::Hunting,
            Phase::Answered => LiveState::Answered,
            Phase::Ending => LiveState::Ending,
        }
    }
}
