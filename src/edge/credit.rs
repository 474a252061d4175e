//! Keeps the money that calls may spend in step with the ledger.
//!
//! An account gets its balance before anybody can call: at the start, or before the snapshot is in force that
//! brings it ([`CreditBooks::prepare`]). Then a payment or a correction rings ([`CreditBooks::ring`]): the
//! party's position is read again, as often as it takes. Calls charge accounts at once and are posted later,
//! so what the ledger says of calls of this process is left out of the base: it is `payments + calls until
//! the start`, which no posting of a call moves. Positions are read one after the other, so an older one never
//! takes the place of a newer.
//!
//! What is posted beyond all that this process has charged is of another node on the same database, and is taken
//! off the base with each reading. Between two readings each node spends as if it were alone.
//!
//! From time to time all positions are read: what was charged and is not posted much later is lost
//! ([`Watch`]).

use super::clock::wall;
use super::drift::Drifted;
use arc_swap::ArcSwap;
use rating::{Amount, Timestamp};
use routing_engine::Snapshot;
use routing_engine::credit::CreditAccount;
use routing_engine::resources::ResourceKind;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;
use store::{LedgerError, LedgerParty, LedgerPosition, Store};
use tokio::sync::Notify;

/// Between two readings of all positions.
const PACE: Duration = Duration::from_secs(300);
/// After a reading that failed.
const RETRY_PACE: Duration = Duration::from_secs(1);
/// Rounds in a row in which something that was charged must be missing to be told of.
const ROUNDS: u32 = 3;
/// Newcomers that are read one by one; of more, all positions are read at once.
const SINGLE_MAX: usize = 64;

/// The accounts beside the ledger.
pub(crate) struct CreditBooks {
    store: Store,
    /// Held while positions are read and set.
    known: tokio::sync::Mutex<Known>,
    /// Whose position is to be read again. At most as many as there are customers and carriers.
    changed: std::sync::Mutex<BTreeSet<LedgerParty>>,
    bell: Notify,
    drifted: Drifted,
}

/// What was read.
#[derive(Debug, Default)]
struct Known {
    /// What calls had been posted with when the process began; zero for whoever is not there.
    calls_at_start: HashMap<LedgerParty, Amount>,
    /// Whose accounts have a base.
    parties: HashSet<LedgerParty>,
    /// Whose balance changed while no snapshot had them.
    missed: HashSet<LedgerParty>,
    watch: Watch,
}

/// Accounts with charges that the ledger never gets.
#[derive(Debug, Default)]
struct Watch {
    /// What was charged in the round before, and in how many rounds not all of it was posted.
    before: HashMap<LedgerParty, (Amount, u32)>,
}

impl CreditBooks {
    /// Gives all accounts of a snapshot their balances. Everything that earlier processes left must be
    /// posted by then, and nobody may call before.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn open(
        store: Store,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Result<Arc<Self>, LedgerError> {
        let positions = store.ledger_positions(None, now).await?;
        let calls = positions.iter().map(|known| (known.party, known.calls));
        let mut known = Known {
            calls_at_start: calls.collect(),
            ..Known::default()
        };
        for position in &positions {
            known.set(snapshot, position, now);
        }
        known.parties.extend(parties_of(snapshot));
        Ok(Arc::new(Self {
            store,
            known: known.into(),
            changed: std::sync::Mutex::default(),
            bell: Notify::new(),
            drifted: Drifted::default(),
        }))
    }

    /// A balance has changed other than by a call. Returns at once.
    pub(super) fn ring(&self, party: LedgerParty) {
        self.changed().insert(party);
        self.bell.notify_one();
    }

    /// Gives the accounts their balances that a snapshot brings, before it is in force: of new customers, and
    /// of those that a rollback brings back. What cannot be read now has no money until it can.
    pub(super) async fn prepare(&self, snapshot: &Snapshot) {
        let mut known = self.known.lock().await;
        let newcomers: Vec<_> = parties_of(snapshot)
            .filter(|party| !known.parties.contains(party) || known.missed.contains(party))
            .collect();
        let asked: Vec<_> = match newcomers.len() {
            0 => return,
            1..=SINGLE_MAX => newcomers.iter().copied().map(Some).collect(),
            _ => vec![None],
        };
        let now = wall();
        for party in asked {
            match self.store.ledger_positions(party, now).await {
                Ok(positions) => {
                    let new = positions.iter().filter(|it| newcomers.contains(&it.party));
                    new.for_each(|position| known.set(snapshot, position, now));
                }
                Err(error) => {
                    tracing::error!(%error, "the balances of new accounts cannot be read; tried again");
                    self.changed().extend(newcomers);
                    return self.bell.notify_one();
                }
            }
        }
        known.missed.retain(|party| !newcomers.contains(party));
        known.parties.extend(newcomers);
    }

    /// How many accounts miss postings, as everybody may read it.
    pub(super) fn drifted(&self) -> Drifted {
        Arc::clone(&self.drifted)
    }

    /// Runs until it is dropped.
    pub(super) async fn run(self: Arc<Self>, snapshot: Arc<ArcSwap<Snapshot>>) {
        let mut rounds = tokio::time::interval_at(tokio::time::Instant::now() + PACE, PACE);
        loop {
            tokio::select! {
                () = self.bell.notified() => self.read_changed(&snapshot.load_full()).await,
                _ = rounds.tick() => self.read_all(&snapshot.load_full()).await,
            }
        }
    }

    /// Reads the positions that changed. Those that could not be read stay.
    async fn read_changed(&self, snapshot: &Snapshot) {
        let changed = std::mem::take(&mut *self.changed());
        let mut left = BTreeSet::new();
        let mut known = self.known.lock().await;
        for party in changed {
            if account_of(snapshot, party).is_none() {
                // It was deleted: a rollback that brings it back reads it.
                known.missed.insert(party);
                continue;
            }
            let now = wall();
            match self.store.ledger_positions(Some(party), now).await {
                Ok(positions) => {
                    for position in &positions {
                        known.set(snapshot, position, now);
                    }
                }
                Err(error) => {
                    tracing::error!(%error, ?party, "a balance cannot be read; tried again, and calls go on with the one before");
                    left.insert(party);
                }
            }
        }
        drop(known);
        if !left.is_empty() {
            self.changed().extend(left);
            tokio::time::sleep(RETRY_PACE).await;
            self.bell.notify_one();
        }
    }

    async fn read_all(&self, snapshot: &Snapshot) {
        let mut known = self.known.lock().await;
        let now = wall();
        let positions = match self.store.ledger_positions(None, now).await {
            Ok(positions) => positions,
            Err(error) => {
                tracing::error!(%error, "the ledger cannot be read; calls go on with the balances before");
                return;
            }
        };
        for position in &positions {
            known.set(snapshot, position, now);
        }
        let drifted = known.watch_all(snapshot, &positions);
        if !drifted.is_empty() {
            tracing::error!(accounts = ?drifted, "calls were charged that the ledger has not got");
        }
        self.drifted.store(drifted.len() as u64, Ordering::Relaxed);
    }

    fn changed(&self) -> MutexGuard<'_, BTreeSet<LedgerParty>> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn set(&mut self, snapshot: &Snapshot, position: &LedgerPosition, now: Timestamp) {
        let party = position.party;
        let Some(account) = account_of(snapshot, party) else {
            return;
        };
        let of_others = (self.posted(position).0 - account.figures().charged.0).max(0);
        let start = self.calls_at_start.get(&party).copied();
        let start = start.unwrap_or_default().0;
        let own = position.payments.0.saturating_add(start);
        let own = match party {
            LedgerParty::Customer(_) => own,
            LedgerParty::Carrier(_) => own.saturating_neg(),
        };
        account.set_base(Amount(own.saturating_sub(of_others)));
        if self.parties.insert(party) {
            account.begin_day(as_spent(party, position.calls_today), now);
        }
    }

    /// What calls were posted with since the process began, of this node and others.
    fn posted(&self, position: &LedgerPosition) -> Amount {
        let start = self.calls_at_start.get(&position.party).copied();
        let since = position.calls.0.saturating_sub(start.unwrap_or_default().0);
        as_spent(position.party, Amount(since))
    }

    fn watch_all(&mut self, snapshot: &Snapshot, positions: &[LedgerPosition]) -> Vec<LedgerParty> {
        let posted: HashMap<_, _> = positions
            .iter()
            .map(|position| (position.party, self.posted(position)))
            .collect();
        let now = parties_of(snapshot).filter_map(|party| {
            let charged = account_of(snapshot, party)?.figures().charged;
            let posted = posted.get(&party).copied().unwrap_or_default();
            Some((party, charged, posted))
        });
        self.watch.note(now)
    }
}

impl Watch {
    /// One more round, of charged and posted amounts: whose charges are missing for long enough. A call
    /// is posted after it is charged, so what counts is what was charged in the round before.
    fn note(
        &mut self,
        round: impl Iterator<Item = (LedgerParty, Amount, Amount)>,
    ) -> Vec<LedgerParty> {
        let mut drifted = Vec::new();
        let mut now = HashMap::new();
        for (party, charged, posted) in round {
            let (before, rounds) = self.before.get(&party).copied().unwrap_or_default();
            let rounds = if posted >= before { 0 } else { rounds + 1 };
            if rounds >= ROUNDS {
                drifted.push(party);
            }
            now.insert(party, (charged, rounds));
        }
        self.before = now;
        drifted.sort_unstable();
        drifted
    }
}

/// What calls cost, of what they were posted with.
fn as_spent(party: LedgerParty, posted: Amount) -> Amount {
    match party {
        LedgerParty::Customer(_) => Amount(posted.0.saturating_neg()),
        LedgerParty::Carrier(_) => posted,
    }
}

fn parties_of(snapshot: &Snapshot) -> impl Iterator<Item = LedgerParty> {
    snapshot
        .accounts()
        .filter_map(|((kind, id), _)| match kind {
            ResourceKind::Customer => Some(LedgerParty::Customer(id)),
            ResourceKind::Carrier => Some(LedgerParty::Carrier(id)),
            _ => None,
        })
}

fn account_of(snapshot: &Snapshot, party: LedgerParty) -> Option<&Arc<CreditAccount>> {
    match party {
        LedgerParty::Customer(id) => snapshot.account(ResourceKind::Customer, id),
        LedgerParty::Carrier(id) => snapshot.account(ResourceKind::Carrier, id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARTY: LedgerParty = LedgerParty::Customer(1);

    #[test]
    fn what_is_posted_a_little_later_is_sound_and_what_never_is_is_told_of() {
        let mut watch = Watch::default();
        let mut round =
            |charged, posted| watch.note([(PARTY, Amount(charged), Amount(posted))].into_iter());
        // Each posting is a round late at most; another node posts as well.
        for (charged, posted) in [
            (5, 0),
            (9, 5),
            (9, 9),
            (30, 20),
            (30, 30),
            (30, 90),
            (30, 30),
        ] {
            assert!(round(charged, posted).is_empty());
        }
        // One of 7 is lost.
        for charged in [37, 40] {
            assert!(round(charged, 30).is_empty());
        }
        assert!(round(40, 33).is_empty());
        assert_eq!(round(40, 33), [PARTY]);
        assert!(round(40, 40).is_empty(), "it was found");
    }
}
