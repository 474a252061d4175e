//! Host names of gateways, looked up off the call path.
//!
//! One task of the node asks for all names of the published snapshot, again before each answer runs
//! out, and publishes where they lead as an immutable [`AddressTable`] when that changes. Shards take
//! it over at their next turn, as they do a snapshot. The names of a snapshot that is about to be
//! published are asked for beforehand, so that its first calls find them.

mod hosts;
mod lookup;
mod schedule;
#[cfg(test)]
mod tests;

pub(crate) use lookup::{Dns, Reach};

use super::mailbox::Mailbox;
use super::wall;
use crate::config::DnsSettings;
use arc_swap::ArcSwap;
use hosts::Hosts;
use lookup::Found;
use routing_engine::Snapshot;
use routing_engine::names::{AddressTable, LookupFailure, NameQuery, NameState};
use schedule::Schedule;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// Between two tables, so that many answers at once make few of them.
const PUBLISH_EVERY: Duration = Duration::from_millis(20);
/// A snapshot waits so long at most for the names that are new in it. Then it goes live without them:
/// a name server that is silent must not keep an operator from changing routes.
const PREPARE_MAX: Duration = Duration::from_secs(2);

/// What is known of each name.
type States = HashMap<Arc<NameQuery>, Arc<NameState>>;

/// What shards and the API read, and what the task is told by.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// For calls.
    table: ArcSwap<AddressTable>,
    /// After each lookup, for people.
    states: Mutex<States>,
    pub(crate) hosts: Hosts,
    /// A snapshot that is about to be published.
    coming: Mutex<Weak<Snapshot>>,
    /// There is another snapshot, or one is coming.
    changed: Notify,
    /// There is another table.
    published: Notify,
    pub(crate) resolved: AtomicU64,
    pub(crate) failed: AtomicU64,
}

impl Names {
    /// The newest table for calls.
    pub(crate) fn table(&self) -> Arc<AddressTable> {
        self.table.load_full()
    }

    /// Its number.
    pub(crate) fn number(&self) -> u64 {
        self.table.load().number()
    }

    /// What is known now, with the times of the last lookups.
    pub(crate) fn known(&self) -> AddressTable {
        AddressTable::new(self.number(), self.states().clone())
    }

    /// Another snapshot was published.
    pub(crate) fn follow(&self) {
        self.changed.notify_one();
    }

    /// Has the names of a snapshot looked up that is about to be published, and waits for them, but
    /// not for long. Gives how many are not known yet.
    pub(crate) async fn prepare(&self, snapshot: &Arc<Snapshot>) -> usize {
        if self.unknown_of(snapshot) == 0 {
            return 0;
        }
        *lock(&self.coming) = Arc::downgrade(snapshot);
        self.changed.notify_one();
        let all = async {
            loop {
                let mut published = pin!(self.published.notified());
                // From here on no table is missed.
                published.as_mut().enable();
                if self.unknown_of(snapshot) == 0 {
                    return;
                }
                published.await;
            }
        };
        let in_time = tokio::time::timeout(PREPARE_MAX, all).await;
        let unknown = in_time.map_or_else(|_| self.unknown_of(snapshot), |()| 0);
        if unknown > 0 {
            let snapshot_number = snapshot.number();
            tracing::warn!(
                snapshot_number,
                unknown,
                "a configuration goes live before all host names of its gateways are looked up: calls \
                 pass those over until they are"
            );
        }
        unknown
    }

    fn unknown_of(&self, snapshot: &Snapshot) -> usize {
        let table = self.table.load();
        let unknown = snapshot.names().filter(|name| table.get(name).is_none());
        unknown.count()
    }

    fn states(&self) -> MutexGuard<'_, States> {
        lock(&self.states)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The task.
pub(crate) struct NameKeeper {
    dns: Arc<Dns>,
    names: Arc<Names>,
    snapshot: Arc<ArcSwap<Snapshot>>,
    mailboxes: Vec<Mailbox>,
    schedule: Schedule,
    names_max: usize,
    lookups_max: usize,
    kept: HashMap<Arc<NameQuery>, Kept>,
    /// Whose turn is when.
    turns: BTreeMap<(Instant, u64), Arc<NameQuery>>,
    /// Turns given so far; tells those of one moment apart.
    given: u64,
    number: u64,
    is_unpublished: bool,
}

/// A name that is looked up.
#[derive(Default)]
struct Kept {
    /// As it is in [`Names::states`]; `None` before the first lookup.
    state: Option<Arc<NameState>>,
    /// Its turn; `None` while it is looked up, and for one too many.
    turn: Option<(Instant, u64)>,
}

type Done = (Arc<NameQuery>, Result<Found, lookup::NotFound>);

impl NameKeeper {
    pub(crate) fn new(
        settings: &DnsSettings,
        dns: Dns,
        names: Arc<Names>,
        snapshot: Arc<ArcSwap<Snapshot>>,
        mailboxes: Vec<Mailbox>,
    ) -> Self {
        Self {
            dns: Arc::new(dns),
            names,
            snapshot,
            mailboxes,
            schedule: Schedule::new(settings),
            names_max: settings.names_max,
            lookups_max: settings.lookups_max,
            kept: HashMap::new(),
            turns: BTreeMap::new(),
            given: 0,
            number: 0,
            is_unpublished: false,
        }
    }

    pub(crate) async fn run(mut self) {
        let mut running = JoinSet::new();
        self.follow();
        loop {
            self.start_due(&mut running);
            let next = self.turns.keys().next().map(|(at, _)| *at);
            let is_full = running.len() >= self.lookups_max;
            tokio::select! {
                () = self.names.changed.notified() => self.follow(),
                Some(done) = running.join_next() => self.take(done.ok()),
                () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() && !is_full => {}
            }
            if self.is_unpublished {
                tokio::time::sleep(PUBLISH_EVERY).await;
                while let Some(done) = running.try_join_next() {
                    self.take(done.ok());
                }
                self.publish();
            }
        }
    }

    /// Takes the names of the newest snapshot over, and of the one that is coming.
    fn follow(&mut self) {
        let coming = lock(&self.names.coming).upgrade();
        let snapshots = [Some(self.snapshot.load_full()), coming];
        let snapshots = || snapshots.iter().flatten();
        let wanted: HashSet<&Arc<NameQuery>> = snapshots().flat_map(|one| one.names()).collect();
        let before = self.kept.len();
        // Those that were too many may have room now.
        let is_kept = |kept: &Kept| {
            let failure = kept.state.as_ref().and_then(|state| state.failure);
            failure != Some(LookupFailure::TooManyNames)
        };
        self.kept
            .retain(|name, kept| wanted.contains(name) && is_kept(kept));
        let kept = &self.kept;
        self.turns.retain(|_, name| kept.contains_key(name));
        self.names
            .states()
            .retain(|name, _| kept.contains_key(name));
        self.is_unpublished |= self.kept.len() != before;
        for name in wanted {
            if !self.kept.contains_key(name) {
                self.begin(name);
            }
        }
    }

    fn begin(&mut self, name: &Arc<NameQuery>) {
        let is_one_too_many = self.kept.len() >= self.names_max;
        self.kept.insert(Arc::clone(name), Kept::default());
        match is_one_too_many {
            true => {
                tracing::warn!(%name, "not looked up: there are more names than `dns.names_max`");
                let failure = LookupFailure::TooManyNames;
                self.learn(name, Err(lookup::NotFound::now(failure)));
            }
            false => self.arrange(name, Instant::now()),
        }
    }

    fn arrange(&mut self, name: &Arc<NameQuery>, at: Instant) {
        self.given += 1;
        let turn = (at, self.given);
        if let Some(kept) = self.kept.get_mut(name) {
            kept.turn = Some(turn);
            self.turns.insert(turn, Arc::clone(name));
        }
    }

    fn start_due(&mut self, running: &mut JoinSet<Done>) {
        let now = Instant::now();
        while running.len() < self.lookups_max
            && let Some(first) = self.turns.first_entry()
            && first.key().0 <= now
        {
            let name = first.remove();
            if let Some(kept) = self.kept.get_mut(&name) {
                kept.turn = None;
            }
            let dns = Arc::clone(&self.dns);
            running.spawn(async move {
                let found = dns.resolve(&name).await;
                (name, found)
            });
        }
    }

    /// A lookup is over.
    fn take(&mut self, done: Option<Done>) {
        let Some((name, found)) = done else {
            return;
        };
        let counter = match &found {
            Ok(_) => &self.names.resolved,
            Err(_) => &self.names.failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        // It may have left the configuration meanwhile, and may have come back since.
        if self.kept.get(&name).is_some_and(|kept| kept.turn.is_none()) {
            let wait = self.learn(&name, found);
            self.arrange(&name, Instant::now() + wait);
        }
    }

    /// Notes what a lookup brought; gives the time until the next one.
    fn learn(&mut self, name: &Arc<NameQuery>, found: Result<Found, lookup::NotFound>) -> Duration {
        let Some(kept) = self.kept.get_mut(name) else {
            return Duration::ZERO;
        };
        let is_new = kept.state.is_none();
        let before = kept.state.take().unwrap_or_default();
        let (mut state, wait) = self.schedule.learn(&before, found, wall());
        state.host = before
            .host
            .or_else(|| self.names.hosts.number_of(&name.host));
        tell(name, &before, &state);
        // Calls need not be told of what they know.
        self.is_unpublished |= is_new || before.resolution != state.resolution;
        let state = Arc::new(state);
        kept.state = Some(Arc::clone(&state));
        self.names.states().insert(Arc::clone(name), state);
        wait
    }

    fn publish(&mut self) {
        self.is_unpublished = false;
        self.number += 1;
        let table = AddressTable::new(self.number, self.names.states().clone());
        self.names.table.store(Arc::new(table));
        self.names.published.notify_waiters();
        self.mailboxes.iter().for_each(Mailbox::wake);
    }
}

/// Operators read of what changes, not of each lookup.
fn tell(name: &NameQuery, before: &NameState, after: &NameState) {
    if after.failure.is_some() && after.failure != before.failure {
        let failure = after.failure;
        let is_used = after.resolution.is_some();
        tracing::warn!(%name, ?failure, last_answer_is_used = is_used, "a name was not resolved");
    }
    if let Some(resolution) = &after.resolution
        && before.resolution.as_ref() != Some(resolution)
    {
        let addresses: Vec<_> = resolution.targets().map(|target| target.address).collect();
        let transport = resolution.transport();
        tracing::info!(%name, ?addresses, ?transport, is_cut = resolution.is_cut(), "a name was resolved");
    }
}
