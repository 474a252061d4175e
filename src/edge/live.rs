//! The edge as the API sees it.

use super::Edge;
use super::mailbox::ShardInput;
use call_control::{LiveCall, LiveState};
use mgmt_api::switch_port::{
    BalanceChange, Ban, DefenceCounters, ListenerStatus, LiveCallPage, LiveCallState, NameFigures,
    PortError, PortFuture, PublishError, ShardStatus, SipCounters, SwitchPort, SwitchSample,
    SwitchStatus, TraceFigures, TraceMessage, WatchedCall,
};
use rating::Amount;
use rating::cdr::CallId;
use routing_engine::names::AddressTable;
use routing_engine::{QualityTable, Snapshot};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;

/// Longest wait for a shard's answer to a question.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

impl SwitchPort for Edge {
    fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    fn addresses(&self) -> Arc<AddressTable> {
        Arc::new(self.names.known())
    }

    fn prepare(&self, snapshot: Arc<Snapshot>) -> PortFuture<'_, ()> {
        Box::pin(async move {
            self.names.prepare(&snapshot).await;
            self.credit.prepare(&snapshot).await;
        })
    }

    fn publish(&self, snapshot: Arc<Snapshot>) -> Result<(), PublishError> {
        if self.orders.stop.load(Ordering::Relaxed) {
            return Err(PublishError::Stopping);
        }
        let (in_use, offered) = (self.snapshot.load().number(), snapshot.number());
        if offered <= in_use {
            return Err(PublishError::NotLater { in_use, offered });
        }
        self.retired.keep(self.snapshot.swap(snapshot));
        self.names.follow();
        // A shard that sleeps would take it over at its next message anyway; this shows it sooner.
        self.mailboxes.iter().for_each(super::Mailbox::wake);
        Ok(())
    }

    fn quality(&self) -> Arc<QualityTable> {
        self.quality.load_full()
    }

    fn now_us(&self) -> u64 {
        self.clock.instant().as_micros()
    }

    fn live_calls(
        &self,
        before: Option<CallId>,
        limit: usize,
    ) -> PortFuture<'_, Result<LiveCallPage, PortError>> {
        Box::pin(async move {
            let mut items = Vec::new();
            for (shard, answer) in (0u16..).zip(self.ask_for_calls(before, limit)) {
                let answer = tokio::time::timeout(ANSWER_TIMEOUT, answer).await;
                let Ok(Ok(calls)) = answer else {
                    return Err(PortError::ShardSilent { shard });
                };
                items.extend(calls);
            }
            items.sort_unstable_by_key(|call| std::cmp::Reverse(call.id));
            items.truncate(limit);
            let items = items.into_iter().map(shown).collect();
            Ok(LiveCallPage {
                items,
                total: self.calls_now(),
            })
        })
    }

    fn live_call(&self, id: CallId) -> PortFuture<'_, Result<Option<WatchedCall>, PortError>> {
        Box::pin(async move {
            for (shard, answer) in (0u16..).zip(self.ask_for_call(id)) {
                let answer = tokio::time::timeout(ANSWER_TIMEOUT, answer).await;
                let Ok(Ok(found)) = answer else {
                    return Err(PortError::ShardSilent { shard });
                };
                if found.is_some() {
                    return Ok(found);
                }
            }
            Ok(None)
        })
    }

    fn sample(&self) -> SwitchSample {
        let mut sample = SwitchSample::default();
        for gauges in &self.gauges {
            let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
            sample.calls_now += get(&gauges.calls_now);
            sample.calls_received += get(&gauges.calls_received);
            sample.attempts += get(&gauges.attempts);
            sample.answered += get(&gauges.answered);
            sample.failed += get(&gauges.failed);
            sample.rejected += get(&gauges.rejected);
            sample.revenue = Amount(sample.revenue.0 + gauges.revenue.load(Ordering::Relaxed));
            sample.cost = Amount(sample.cost.0 + gauges.cost.load(Ordering::Relaxed));
            gauges.media.add_to(&mut sample.media);
            sample.media.one_way += get(&gauges.one_way_media);
            add(
                &mut sample.sip,
                &SipCounters {
                    messages_received: get(&gauges.messages_received),
                    messages_sent: get(&gauges.messages_sent),
                    malformed: get(&gauges.malformed),
                    unknown_source: get(&gauges.unknown_source),
                    dropped: get(&gauges.dropped),
                },
            );
        }
        sample.media.sockets = self.relay_figures.sockets_open() as u64;
        sample.media.sockets_max = self.relay_figures.sockets_max() as u64;
        sample.media.loops_refused = self.relay_figures.loops_refused();
        sample.ng = self.ng.as_ref().map(|ng| ng.figures());
        sample.defence = self.defence();
        let sum = |of: fn(&super::Gauges) -> &AtomicU64| {
            let gauges = self.gauges.iter();
            gauges
                .map(|gauges| of(gauges).load(Ordering::Relaxed))
                .sum()
        };
        sample.trace = TraceFigures {
            calls_kept: sum(|gauges| &gauges.calls_kept),
            homer_sent: sum(|gauges| &gauges.homer_sent),
            homer_dropped: sum(|gauges| &gauges.homer_dropped),
        };
        sample.names = NameFigures {
            resolved: self.names.resolved.load(Ordering::Relaxed),
            failed: self.names.failed.load(Ordering::Relaxed),
            passed_over: sum(|gauges| &gauges.gateways_unresolved),
        };
        sample.calls_held = sum(|gauges| &gauges.calls_held);
        sample.calls_without_credit = sum(|gauges| &gauges.calls_without_credit);
        sample.calls_cut = sum(|gauges| &gauges.calls_cut);
        sample.channels_drifted = self.drifted.load(Ordering::Relaxed);
        sample.accounts_drifted = self.accounts_drifted.load(Ordering::Relaxed);
        sample.sip.malformed += self.malformed_streams.malformed.load(Ordering::Relaxed);
        sample.sip.dropped += self
            .mailboxes
            .iter()
            .map(super::Mailbox::refused)
            .sum::<u64>();
        sample
    }

    fn trace(
        &self,
        call: CallId,
        call_ids: Vec<Arc<str>>,
        keep: bool,
    ) -> PortFuture<'_, Result<Vec<TraceMessage>, PortError>> {
        Box::pin(async move {
            let mut messages = Vec::new();
            for (shard, answer) in (0u16..).zip(self.ask_for_trace(call, &call_ids, keep)) {
                let answer = tokio::time::timeout(ANSWER_TIMEOUT, answer).await;
                let Ok(Ok(found)) = answer else {
                    return Err(PortError::ShardSilent { shard });
                };
                messages.extend(found);
            }
            Ok(messages)
        })
    }

    fn balance_changed(&self, change: BalanceChange) {
        self.credit.ring(change.party);
    }

    fn bans(&self) -> Vec<Ban> {
        self.bans.list(super::wall())
    }

    fn ban(&self, ban: Ban) {
        self.bans.add(ban.since, [ban]);
    }

    fn lift_ban(&self, source: IpAddr) -> bool {
        self.bans.lift(super::wall(), source)
    }

    fn status(&self) -> SwitchStatus {
        let listener = |listener: &crate::config::Listener| ListenerStatus {
            transport: listener.transport,
            address: listener.bind,
            advertised: listener.advertised,
        };
        let shard = |(number, gauges): (u16, &Arc<super::Gauges>)| ShardStatus {
            shard: number,
            calls: gauges.calls_now.load(Ordering::Relaxed),
        };
        SwitchStatus {
            node: Arc::clone(&self.node),
            started_at: self.started_at,
            draining: self.orders.drain.get().is_some(),
            journal_trouble: self
                .journal
                .health()
                .trouble
                .map(|trouble| trouble.to_string()),
            listeners: self.listeners.iter().map(listener).collect(),
            shards: (0u16..).zip(&self.gauges).map(shard).collect(),
        }
    }
}

impl Edge {
    /// Asks every shard for the messages of a call; one at most has any.
    fn ask_for_trace(
        &self,
        call: CallId,
        call_ids: &[Arc<str>],
        keep: bool,
    ) -> Vec<oneshot::Receiver<Vec<TraceMessage>>> {
        let ask = |mailbox: &super::Mailbox| {
            let (sender, receiver) = oneshot::channel();
            let recorded = call_ids.to_vec();
            let question = ShardInput::TraceQuestion(Box::new(move |engine, tracer| {
                let live = engine.call_ids(call);
                let is_up = live.is_some();
                let call_ids = live.unwrap_or(recorded);
                if keep {
                    tracer.keep(call, &call_ids, is_up);
                }
                // The asker may have gone; nobody misses the answer then.
                let _ = sender.send(tracer.find(call, &call_ids));
            }));
            let _ = mailbox.send(question);
            receiver
        };
        self.mailboxes.iter().map(ask).collect()
    }

    fn defence(&self) -> DefenceCounters {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let sum = |of: fn(&super::Gauges) -> &AtomicU64| {
            self.gauges
                .iter()
                .map(|gauges| get(of(gauges)))
                .sum::<u64>()
        };
        let tcp = &self.tcp_counters;
        DefenceCounters {
            limited: sum(|gauges| &gauges.limited),
            banned: sum(|gauges| &gauges.banned) + get(&self.malformed_streams.banned),
            scanners: sum(|gauges| &gauges.scanners),
            shed: sum(|gauges| &gauges.shed),
            unrecorded: sum(|gauges| &gauges.unrecorded),
            lag_us: self
                .gauges
                .iter()
                .map(|gauges| get(&gauges.lag_us))
                .max()
                .unwrap_or(0),
            shards_shedding: sum(|gauges| &gauges.shedding),
            bans: self.bans.list(super::wall()).len() as u64,
            connections_refused: get(&tcp.refused),
            connections_stalled: get(&tcp.stalled),
            connections_malformed: get(&tcp.malformed),
        }
    }

    /// Asks every shard for a call; one at most has it.
    fn ask_for_call(&self, id: CallId) -> Vec<oneshot::Receiver<Option<WatchedCall>>> {
        let ask = |mailbox: &super::Mailbox| {
            let (sender, receiver) = oneshot::channel();
            let question = ShardInput::Question(Box::new(move |engine| {
                let found = engine.live_call(id).map(|(call, media)| WatchedCall {
                    call: shown(call),
                    media,
                });
                // The asker may have gone; nobody misses the answer then.
                let _ = sender.send(found);
            }));
            let _ = mailbox.send(question);
            receiver
        };
        self.mailboxes.iter().map(ask).collect()
    }

    /// Asks every shard for its newest calls; the answers come in the order of the shards. A shard
    /// whose mailbox is full answers with an error at once.
    fn ask_for_calls(
        &self,
        before: Option<CallId>,
        limit: usize,
    ) -> Vec<oneshot::Receiver<Vec<LiveCall>>> {
        let ask = |mailbox: &super::Mailbox| {
            let (sender, receiver) = oneshot::channel();
            let question = ShardInput::Question(Box::new(move |engine| {
                // The asker may have gone; nobody misses the answer then.
                let _ = sender.send(engine.newest_calls(before, limit));
            }));
            let _ = mailbox.send(question);
            receiver
        };
        self.mailboxes.iter().map(ask).collect()
    }
}

fn add(total: &mut SipCounters, shard: &SipCounters) {
    total.messages_received += shard.messages_received;
    total.messages_sent += shard.messages_sent;
    total.malformed += shard.malformed;
    total.unknown_source += shard.unknown_source;
    total.dropped += shard.dropped;
}

fn shown(call: LiveCall) -> mgmt_api::switch_port::LiveCall {
    mgmt_api::switch_port::LiveCall {
        id: call.id,
        state: match call.state {
            LiveState::Hunting => LiveCallState::Trying,
            LiveState::Ringing => LiveCallState::Ringing,
            LiveState::Answered => LiveCallState::Answered,
            LiveState::Ending => LiveCallState::Releasing,
        },
        customer: call.customer,
        carrier: call.carrier,
        calling_number: call.calling_number,
        called_number: call.called_number,
        destination: call.destination,
        received_at: call.received_at,
        answered_at: call.answered_at,
        attempts: call.attempts,
        ingress_source: call.ingress_source,
        egress_gateway: call.gateway,
        encryption: call.encryption,
    }
}
