//! Whether the counters of limits and the money that is reserved still say what the calls hold.
//!
//! They cannot differ: only a permit takes, and only its drop gives back. This watches that it stays so,
//! off the path of calls. In each round every shard counts the permits and reservations of its calls one by one, and
//! the sum is held against the counters. Shards are asked one after the other while calls come and go, so
//! single rounds differ, now to this side and now to that; what was lost is missing in every round.

use super::mailbox::{Mailbox, ShardInput};
use arc_swap::ArcSwap;
use routing_engine::Snapshot;
use routing_engine::limits::{Counted, Drift, HeldChannels};
use routing_engine::resources::ResourceKind;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;

/// Between two rounds.
const PACE: Duration = Duration::from_secs(15);
/// Rounds in a row in which a counter must count too much, or too little, to be told of.
const ROUNDS: u32 = 20;
/// Longest wait for a shard's count.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// Counters that have drifted from their calls, as everybody may read it.
pub(super) type Drifted = Arc<AtomicU64>;

/// The rounds.
pub(super) struct DriftKeeper {
    pub(super) snapshot: Arc<ArcSwap<Snapshot>>,
    pub(super) mailboxes: Vec<Mailbox>,
    pub(super) drifted: Drifted,
}

/// What differed in the last rounds: to which side, and how often in a row.
#[derive(Debug, Default)]
struct Watch(BTreeMap<Whose, (std::cmp::Ordering, u32)>);

/// A counter.
type Whose = (Counted, Option<(ResourceKind, i64)>);

impl DriftKeeper {
    /// Runs until it is dropped.
    pub(super) async fn run(self) {
        let mut watch = Watch::default();
        let mut told = Vec::new();
        loop {
            tokio::time::sleep(PACE).await;
            // A shard that does not answer has other troubles, which are told of elsewhere.
            let Some(held) = self.count().await else {
                continue;
            };
            let drifts = self.snapshot.load().drift(&held);
            let staying = watch.note(&drifts);
            self.drifted.store(staying.len() as u64, Ordering::Relaxed);
            let which: Vec<Whose> = staying.iter().map(|drift| whose(drift)).collect();
            if which.iter().any(|counter| !told.contains(counter)) {
                tracing::warn!(counters = ?staying, "counters say something else than calls hold");
            }
            told = which;
        }
    }

    async fn count(&self) -> Option<HeldChannels> {
        let mut all = HeldChannels::default();
        for mailbox in &self.mailboxes {
            let (sender, receiver) = oneshot::channel();
            let question = ShardInput::Question(Box::new(move |engine| {
                // The asker may have gone; nobody misses the answer then.
                let _ = sender.send(engine.held_channels());
            }));
            let _ = mailbox.send(question);
            let answer = tokio::time::timeout(ANSWER_TIMEOUT, receiver).await;
            all.add(&answer.ok()?.ok()?);
        }
        Some(all)
    }
}

impl Watch {
    /// One more round: the counters that have differed to the same side for long enough.
    fn note<'d>(&mut self, drifts: &'d [Drift]) -> Vec<&'d Drift> {
        let before = std::mem::take(&mut self.0);
        let mut staying = Vec::new();
        for drift in drifts {
            let side = drift.counted.cmp(&drift.held);
            let rounds = match before.get(&whose(drift)) {
                Some((known, rounds)) if *known == side => rounds + 1,
                _ => 1,
            };
            self.0.insert(whose(drift), (side, rounds));
            if rounds >= ROUNDS {
                staying.push(drift);
            }
        }
        staying
    }
}

fn whose(drift: &Drift) -> Whose {
    (drift.what, drift.resource)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drift(id: i64, counted: u64, held: u64) -> Drift {
        Drift {
            what: Counted::Channels,
            resource: Some((ResourceKind::Customer, id)),
            counted,
            held,
        }
    }

    #[test]
    fn what_is_missing_in_every_round_is_told_of_and_what_comes_and_goes_is_not() {
        let mut watch = Watch::default();
        for round in 1..ROUNDS {
            // A lost channel beside others that are counted a little early or late.
            let wandering = 9 + u64::from(round % 2) * 2 - 1;
            let drifts = [drift(1, 7 + u64::from(round), 5), drift(2, wandering, 9)];
            assert_eq!(watch.note(&drifts), Vec::<&Drift>::new(), "round {round}");
        }
        let drifts = [drift(1, 2, 0), drift(2, 4, 9), drift(3, 1, 0)];
        assert_eq!(watch.note(&drifts), [&drifts[0]]);
        assert!(watch.note(&[]).is_empty());
        assert!(watch.note(&drifts).is_empty(), "it began anew");
    }
}
