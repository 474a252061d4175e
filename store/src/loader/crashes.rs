//! Processes that die at random moments of loading, and what is in the books afterwards.
//!
//! A life writes answers and ends of calls in several shards, loads some of them, and dies: between two
//! steps, or in the middle of a pass or of its recovery. The next life goes on with what is on disk. At the
//! end each call has one record and waits once in the queue of another database, and the balances are what an obvious sum says, to the nano-unit.
//! `DIDTRON_CRASH_SEEDS` says how many stories are told.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(clippy::print_stderr, reason = "a failing test names its seed")]

use super::{Loader, LoaderConfig};
use crate::testing::{NOON, TestDatabase, TestSegment, answered};
use crate::{CdrQuery, LedgerParty, Scope, Store, TenantId};
use rating::cdr::{CallRecord, JournalEntry, Outcome};
use rating::journal::BootId;
use rating::{Amount, Timestamp};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

const SECOND: i64 = 1_000_000;
const SEEDS: u64 = 25;
/// A pass that is not cut short needs fewer.
const POLLS: u64 = 60;

/// Numbers of a seed, one after the other.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn is_one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

/// What is to be in the database for a call.
#[derive(Debug, PartialEq, Eq)]
struct Expected {
    outcome: Outcome,
    charge: i64,
    cost: i64,
}

/// A call that is up.
struct Up {
    record: CallRecord,
    /// Nano-units a second.
    price: i64,
    cost: i64,
}

impl Up {
    /// What it is when it lasted so many microseconds: each begun second counts, of whole
    /// milliseconds.
    fn over(&self, talked: i64, outcome: Outcome) -> Expected {
        let seconds = ((talked / 1_000 + 999) / 1_000).max(1);
        Expected {
            outcome,
            charge: self.price * seconds,
            cost: self.cost * seconds,
        }
    }
}

/// One shard of a living process.
struct Shard {
    number: u16,
    segment: TestSegment,
    up: Vec<Up>,
    now: i64,
}

/// All that happened so far, whatever the switch knows of it.
struct Story<'d> {
    database: &'d TestDatabase,
    chance: Chance,
    calls: u32,
    expected: BTreeMap<u128, Expected>,
}

impl Story<'_> {
    fn new_call(&mut self, shard: &mut Shard) {
        self.calls += 1;
        let mut record = answered(self.calls);
        record.shard = shard.number;
        record.answered_at = Some(Timestamp(shard.now));
        record.ended_at = Timestamp(shard.now);
        let (price, cost) = (
            self.chance.below(90_000) as i64,
            self.chance.below(80_000) as i64,
        );
        let rate = record.rate.as_mut().unwrap();
        rate.initial_rate_per_minute = Amount(price * 60);
        rate.next_rate_per_minute = Amount(price * 60);
        let attempt = record.attempts.last_mut().unwrap();
        attempt.answered_at = record.answered_at;
        attempt.ended_at = record.ended_at;
        attempt.rate.initial_rate_per_minute = Amount(cost * 60);
        attempt.rate.next_rate_per_minute = Amount(cost * 60);
        shard
            .segment
            .append(&JournalEntry::Answered(record.clone()));
        shard.up.push(Up {
            record,
            price,
            cost,
        });
    }

    fn hang_up(&mut self, shard: &mut Shard) {
        if shard.up.is_empty() {
            return;
        }
        let which = self.chance.below(shard.up.len() as u64) as usize;
        let up = shard.up.swap_remove(which);
        let (record, expected) = ended(&up, shard.now);
        shard.segment.append(&JournalEntry::Ended(record));
        self.expected.insert(up.record.id.0, expected);
    }

    /// The process is gone: what its shards were about to write is torn, and who was up is cut.
    fn die(&mut self, shards: Vec<Shard>) {
        for mut shard in shards {
            if self.chance.is_one_in(2) {
                let alive = shard.now - self.chance.below(2_000_000) as i64;
                shard.segment.alive(alive);
                for up in &shard.up {
                    let talked = alive - up.record.answered_at.unwrap().0;
                    let expected = up.over(talked.max(0), Outcome::Interrupted);
                    self.expected.insert(up.record.id.0, expected);
                }
            } else {
                // Nothing says how long it lived beyond the answers.
                for up in &shard.up {
                    self.expected
                        .insert(up.record.id.0, up.over(0, Outcome::Interrupted));
                }
            }
            if let Some(up) = shard.up.first()
                && self.chance.is_one_in(2)
            {
                let (record, _) = ended(up, shard.now);
                shard.segment.begin(&JournalEntry::Ended(record));
            }
        }
    }

    /// A process starts, works and dies.
    async fn live(&mut self, life: u32) {
        let boot = u128::from(life);
        let mut loader = loader(self.database, boot).await;
        let polls = self.chance.below(POLLS * 3);
        if !finishes(loader.recover(), polls).await {
            return;
        }
        let begin = NOON + i64::from(life) * 1_000 * SECOND;
        let shards = 1 + self.chance.below(3) as u16;
        let shard = |number| Shard {
            number,
            segment: TestSegment::create_in_shard(self.database.folder(), boot, number, 1),
            up: Vec::new(),
            now: begin,
        };
        let mut shards: Vec<Shard> = (0..shards).map(shard).collect();
        for _ in 0..self.chance.below(120) {
            let which = self.chance.below(shards.len() as u64) as usize;
            let shard = &mut shards[which];
            shard.now += self.chance.below(3_000_000) as i64;
            match self.chance.below(20) {
                0..8 => self.new_call(shard),
                8..15 => self.hang_up(shard),
                15 => self.next_segment(shard, boot),
                _ => {
                    let polls = self.chance.below(POLLS);
                    if self.chance.is_one_in(4) && !finishes(loader.pass(), polls).await {
                        break;
                    }
                    loader.pass().await.unwrap();
                }
            }
        }
        self.die(shards);
    }

    fn next_segment(&mut self, shard: &mut Shard, boot: u128) {
        shard.segment.seal(false);
        let sequence = shard.segment.name.sequence + 1;
        let folder = self.database.folder();
        shard.segment = TestSegment::create_in_shard(folder, boot, shard.number, sequence);
    }

    /// Each call has its one record, and the books are the sum of them.
    async fn check(&self, store: &Store) {
        let platform = Scope::of_tenant(TenantId::PLATFORM);
        let query = CdrQuery {
            limit: 10_000,
            ..CdrQuery::default()
        };
        let rows = store.cdrs(&platform, &query).await.unwrap().rows;
        let mut found = BTreeMap::new();
        for row in rows {
            let of = |amount: Option<Amount>| amount.unwrap_or_default().0;
            let expected = Expected {
                outcome: row.outcome,
                charge: of(row.charge),
                cost: of(row.cost),
            };
            assert!(
                found.insert(row.id.0, expected).is_none(),
                "two records of {:x}",
                row.id.0
            );
        }
        assert_eq!(found, self.expected);
        let queue = store.next_cdr_batch().await.unwrap().unwrap_or_default();
        let mut waiting = queue.ids;
        waiting.sort_unstable();
        let ids = self.expected.keys().map(|id| format!("{id:032x}"));
        assert_eq!(waiting, ids.collect::<Vec<_>>(), "each waits once");
        let (charge, cost) = self.expected.values().fold((0, 0), |(charge, cost), call| {
            (charge + call.charge, cost + call.cost)
        });
        let balance = async |party| store.ledger_balance(party).await.unwrap().0;
        assert_eq!(balance(LedgerParty::Customer(5)).await, -charge);
        assert_eq!(balance(LedgerParty::Carrier(2)).await, cost);
        let verified = store.verify_ledger(|_| ()).await.unwrap();
        assert!(verified.is_sound(), "{verified:?}");
        assert_eq!(verified.calls, self.expected.len() as u64);
        let verified = store.verify_traffic(None, |_| ()).await.unwrap();
        assert!(verified.is_sound(), "{verified:?}");
        let folder = self.database.folder();
        let verified = store.verify_journal(folder, |_| ()).await.unwrap();
        assert!(verified.is_sound() && verified.waiting == 0, "{verified:?}");
    }
}

/// The record of a call that is hung up now.
fn ended(up: &Up, now: i64) -> (CallRecord, Expected) {
    let mut record = up.record.clone();
    let talked = now - record.answered_at.unwrap().0;
    let expected = up.over(talked, Outcome::Answered);
    record.ended_at = Timestamp(now);
    record.charge.amount = Amount(expected.charge);
    let attempt = record.attempts.last_mut().unwrap();
    attempt.ended_at = record.ended_at;
    attempt.cost.amount = Amount(expected.cost);
    record.margin = Amount(expected.charge - expected.cost);
    (record, expected)
}

async fn loader(database: &TestDatabase, boot: u128) -> Loader {
    let config = LoaderConfig::new(database.folder().into(), BootId(boot));
    Loader::new(database.open().await, config)
}

/// Works on `task` for so many turns; gives whether it came to its end. What is left of it dies.
async fn finishes<T, E: std::fmt::Debug>(
    task: impl Future<Output = Result<T, E>>,
    mut polls: u64,
) -> bool {
    let mut task = pin!(task);
    poll_fn(|context| {
        if polls == 0 {
            return Poll::Ready(false);
        }
        polls -= 1;
        task.as_mut().poll(context).map(|outcome| {
            outcome.unwrap();
            true
        })
    })
    .await
}

async fn tell(database: &TestDatabase, seed: u64) {
    let mut story = Story {
        database,
        chance: Chance(seed),
        calls: 0,
        expected: BTreeMap::new(),
    };
    let store = database.open().await;
    store.want_cdr_batches(true).await.unwrap();
    let lives = 2 + story.chance.below(5) as u32;
    for life in 1..=lives {
        story.live(life).await;
    }
    // The last life has time to put all in order, and doing it twice changes nothing.
    for life in [lives + 1, lives + 2] {
        let mut last = loader(database, u128::from(life)).await;
        last.recover().await.unwrap();
        story.check(&last.store).await;
    }
}

fn seeds() -> u64 {
    let told = std::env::var("DIDTRON_CRASH_SEEDS");
    told.map_or(SEEDS, |text| text.parse().unwrap())
}

#[tokio::test]
async fn whenever_a_process_dies_each_call_has_one_record_and_the_books_are_their_sum() {
    for seed in 0..seeds() {
        eprintln!("seed {seed}, SQLite");
        tell(&TestDatabase::sqlite(), seed).await;
        if seed % 5 == 0 {
            eprintln!("seed {seed}, PostgreSQL");
            let database = TestDatabase::postgres().await;
            tell(&database, seed).await;
            database.remove().await;
        }
    }
}
