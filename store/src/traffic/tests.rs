#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod random;
mod rebuild;

use super::sums::{Grain, TrafficKey};
use super::*;
use crate::cdrs::id_text;
use crate::database::sql;
use crate::testing::{
    NOON, TestDatabase, TestSegment, databases, ended, execute, id_at, make_first_release,
};
use crate::{DatabaseLocation, Loader, LoaderConfig, Scope, Store, TenantId};
use random::{Draw, random_call};
use rating::cdr::{AttemptRecord, CallRecord, JournalEntry, Outcome, ReleaseReason};
use rating::journal::BootId;
use rating::{Amount, Timestamp};
use std::collections::BTreeMap;

async fn load(store: &Store, database: &TestDatabase, boot: u128, calls: &[CallRecord]) {
    let mut sequence = 1;
    let mut segment = TestSegment::create(database.folder(), boot, sequence);
    for call in calls {
        if segment.position > (1 << 20) - 16_384 {
            segment.seal(false);
            sequence += 1;
            segment = TestSegment::create(database.folder(), boot, sequence);
        }
        segment.append(&JournalEntry::Ended(call.clone()));
    }
    segment.seal(true);
    let config = LoaderConfig::new(database.folder().into(), BootId(u128::MAX));
    Loader::new(store.clone(), config).recover().await.unwrap();
}

/// Everything that is kept, as text and numbers.
async fn kept(store: &Store) -> BTreeMap<String, TrafficSums> {
    let mut select = sql(
        "SELECT side, grain, bucket, customer_id, ingress_trunk_id, carrier_id, \
         egress_trunk_id, destination, currency, ",
    );
    select.push(write::SUM_COLUMNS).push(" FROM traffic");
    let rows = select.fetch_all(store.reader()).await.unwrap();
    let read = |row: &crate::database::Row| {
        let number = |column: usize| row.get::<i64>(column).unwrap();
        let key = format!(
            "{} {} {} {} {} {} {} {} {}",
            row.get::<&str>(0).unwrap(),
            number(1),
            number(2),
            number(3),
            number(4),
            number(5),
            number(6),
            row.get::<&str>(7).unwrap(),
            row.get::<&str>(8).unwrap(),
        );
        (key, write::sums_of(row, 9).unwrap())
    };
    rows.iter().map(read).collect()
}

/// One line of what was there: a call, or an attempt with its call.
#[derive(Clone, Copy)]
enum Seized<'a> {
    Call(&'a CallRecord),
    Attempt(&'a CallRecord, &'a AttemptRecord),
}

impl Seized<'_> {
    fn key(self, minutes: i64) -> String {
        let bucket = |at: Timestamp| at.0 - at.0.rem_euclid(minutes * 60_000_000);
        match self {
            Self::Call(call) => format!(
                "call {minutes} {} {} {} 0 0 {} {}",
                bucket(call.received_at),
                call.customer.as_ref().map_or(0, |it| it.id),
                call.ingress_trunk.as_ref().map_or(0, |it| it.id),
                call.rate.as_ref().map_or("", |it| &it.destination),
                call.rate
                    .as_ref()
                    .map_or_else(|| "USD".into(), |it| it.currency.to_string()),
            ),
            Self::Attempt(call, attempt) => format!(
                "attempt {minutes} {} {} 0 {} {} {} {}",
                bucket(attempt.started_at),
                call.customer.as_ref().map_or(0, |it| it.id),
                attempt.carrier.id,
                attempt.egress_trunk.id,
                attempt.rate.destination,
                attempt.rate.currency,
            ),
        }
    }

    fn times(self) -> (Timestamp, Option<Timestamp>, Option<Timestamp>, Timestamp) {
        match self {
            Self::Call(it) => (it.received_at, it.ringing_at, it.answered_at, it.ended_at),
            Self::Attempt(_, it) => (it.started_at, it.ringing_at, it.answered_at, it.ended_at),
        }
    }

    fn end(self) -> (Outcome, ReleaseReason) {
        match self {
            Self::Call(it) => (it.outcome, it.release.reason),
            Self::Attempt(_, it) => (it.outcome, it.release.reason),
        }
    }

    fn reached_somebody(self) -> bool {
        let (_, ringing, answered, _) = self.times();
        let rang = ringing.is_some() || answered.is_some();
        let (outcome, reason) = self.end();
        answered.is_some()
            || reason == ReleaseReason::UserBusy
            || reason == ReleaseReason::Declined
            || (rang && reason == ReleaseReason::NoAnswer)
            || (rang && outcome == Outcome::Cancelled)
    }

    fn charge(self) -> i128 {
        let of = |call: &CallRecord| call.money().unwrap().charge.0.into();
        match self {
            Self::Call(call) => of(call),
            Self::Attempt(call, attempt) if call.attempts.last() == Some(attempt) => of(call),
            Self::Attempt(..) => 0,
        }
    }

    fn cost(self) -> i128 {
        match self {
            Self::Call(call) => call.money().unwrap().cost.0.into(),
            Self::Attempt(_, attempt) => attempt.cost_in_books().unwrap().0.into(),
        }
    }

    fn own(self) -> (i64, i128) {
        let charge = match self {
            Self::Call(call) => call.charge,
            Self::Attempt(_, attempt) => attempt.cost,
        };
        (charge.billed_seconds.into(), charge.amount.0.into())
    }
}

/// The slow and obvious way: for each place, all that is there is looked through again for each figure.
fn counted(calls: &[CallRecord]) -> BTreeMap<String, TrafficSums> {
    let mut all = Vec::new();
    for call in calls {
        all.push(Seized::Call(call));
        for attempt in &call.attempts {
            all.push(Seized::Attempt(call, attempt));
        }
    }
    let mut sums = BTreeMap::new();
    for minutes in [15, 1_440] {
        for key in all.iter().map(|it| it.key(minutes)) {
            if sums.contains_key(&key) {
                continue;
            }
            let here: Vec<Seized<'_>> = all
                .iter()
                .copied()
                .filter(|it| it.key(minutes) == key)
                .collect();
            let count = |which: &dyn Fn(Seized<'_>) -> bool| {
                here.iter().filter(|it| which(**it)).count() as i64
            };
            let millis = |from: Timestamp, to: Timestamp| (to.0 - from.0) / 1_000;
            let counted = TrafficSums {
                seizures: here.len() as i64,
                answered: count(&|it| it.times().2.is_some()),
                effective: count(&|it| it.reached_somebody()),
                rejected: count(&|it| {
                    matches!(it, Seized::Call(_)) && it.end().0 == Outcome::Rejected
                }),
                rang: count(&|it| it.times().1.is_some() || it.times().2.is_some()),
                pdd_ms: here
                    .iter()
                    .map(|it| it.times())
                    .filter_map(|(start, ringing, answered, _)| {
                        Some(millis(start, ringing.or(answered)?))
                    })
                    .sum(),
                talk_ms: here
                    .iter()
                    .map(|it| it.times())
                    .filter_map(|(_, _, answered, end)| Some(millis(answered?, end)))
                    .sum(),
                billed_seconds: here.iter().map(|it| it.own().0).sum(),
                charge: here.iter().map(|it| it.charge()).sum(),
                cost: here.iter().map(|it| it.cost()).sum(),
                amount: here.iter().map(|it| it.own().1).sum(),
            };
            sums.insert(key, counted);
        }
    }
    sums
}

#[tokio::test]
async fn every_sum_is_what_the_slow_way_over_the_records_gives() {
    databases(async |database| {
        let store = database.open().await;
        for seed in 1..=3_u32 {
            let mut draw = Draw::new(seed);
            let base = seed * 10_000;
            let calls: Vec<_> = (0..400)
                .map(|id| random_call(&mut draw, base + id))
                .collect();
            // Some come a second time, in the same journal and in another.
            let (first, second) = calls.split_at(250);
            let again = [first, &calls[100..150]].concat();
            load(&store, database, u128::from(seed) * 10, &again).await;
            let rest = [&calls[200..260], second].concat();
            load(&store, database, u128::from(seed) * 10 + 1, &rest).await;
        }
        let mut calls = Vec::new();
        for seed in 1..=3_u32 {
            let mut draw = Draw::new(seed);
            calls.extend((0..400).map(|id| random_call(&mut draw, seed * 10_000 + id)));
        }
        let (kept, counted) = (kept(&store).await, counted(&calls));
        assert_eq!(kept.len(), counted.len());
        for (place, sums) in &counted {
            assert_eq!(kept.get(place), Some(sums), "{place}");
        }
        let found = store.verify_traffic(None, |_| ()).await.unwrap();
        assert!(found.is_sound(), "{:?}", found.differences);
        assert_eq!(
            (found.calls, found.sums),
            (1_200, counted.len() as u64),
            "all were compared"
        );
    })
    .await;
}

#[tokio::test]
async fn a_sum_beyond_what_a_number_holds_is_exact_and_keeps_no_record_from_being_loaded() {
    databases(async |database| {
        let store = database.open().await;
        let rich = |id| {
            let mut call = ended(id);
            let rate = call.rate.as_mut().unwrap();
            rate.currency = "IRR".to_owned().try_into().unwrap();
            rate.exchange_rate = "0.00002".parse().unwrap();
            call.charge.amount = Amount(9_000_000_000_000_000_001);
            call
        };
        load(&store, database, 1, &[rich(1), rich(2), rich(3)]).await;
        let kept = kept(&store).await;
        let call = kept
            .iter()
            .find(|(place, _)| place.starts_with("call 1440"));
        let sums = call.unwrap().1;
        assert_eq!(sums.amount, 27_000_000_000_000_000_003);
        assert_eq!(sums.seizures, 3);
        assert!(store.verify_traffic(None, |_| ()).await.unwrap().is_sound());
    })
    .await;
}

#[tokio::test]
async fn the_records_of_a_release_without_sums_are_filled_in_once() {
    databases(async |database| {
        if matches!(database.location(), DatabaseLocation::Postgres(_)) {
            // It is made of this version.
            let store = database.open().await;
            execute(&store, "DROP SCHEMA public CASCADE").await;
            execute(&store, "CREATE SCHEMA public").await;
            store.close().await;
        }
        make_first_release(database.location()).await;
        let store = database.open().await;
        let waiting = store.traffic_fill().await.unwrap();
        assert_eq!(waiting, Some(TrafficFill { done: 0, total: 1 }));
        let unknown = store.verify_traffic(None, |_| ()).await.unwrap();
        assert_eq!((unknown.calls, unknown.filling), (0, waiting));
        assert!(store.fill_traffic().await.unwrap());
        let done = store.traffic_fill().await.unwrap().map(|fill| fill.done);
        assert_eq!(done, Some(1));
        assert!(!store.fill_traffic().await.unwrap());
        assert!(!store.fill_traffic().await.unwrap());
        assert_eq!(kept(&store).await, counted(&[ended(1)]));
        let found = store.verify_traffic(None, |_| ()).await.unwrap();
        assert!(found.is_sound() && found.calls == 1, "{found:?}");
    })
    .await;
}

#[tokio::test]
async fn what_the_journal_brings_while_records_are_filled_in_counts_once() {
    databases(async |database| {
        let store = database.open().await;
        let before: Vec<_> = [2, 4, 6].map(ended).into();
        load(&store, database, 1, &before).await;
        // As it is in the middle: 2 and 4 are in, 6 is not, and the last to fill in is 8.
        execute(&store, "DELETE FROM traffic").await;
        sql("INSERT INTO cdr_fill (name, call_id, until, done, total) VALUES ('traffic', $1, $2, 2, 4)")
            .bind(id_text(ended(4).id))
            .bind(id_text(ended(8).id))
            .execute(store.writer())
            .await
            .unwrap();
        let mut transaction = store.write().await.unwrap();
        let mut traffic = sums::Traffic::new();
        for call in &before[..2] {
            sums::add_call(&mut traffic, call, TenantId::PLATFORM);
        }
        write::add(&mut transaction, &traffic).await.unwrap();
        transaction.commit().await.unwrap();
        // One behind the place, one that is waited for, one beyond.
        load(&store, database, 3, &[3, 7, 9].map(ended)).await;
        while store.fill_traffic().await.unwrap() {}
        let all: Vec<_> = [2, 3, 4, 6, 7, 9].map(ended).into();
        assert_eq!(kept(&store).await, counted(&all));
    })
    .await;
}

#[tokio::test]
async fn a_sum_that_differs_is_named() {
    databases(async |database| {
        let store = database.open().await;
        load(&store, database, 1, &[ended(1), ended(2)]).await;
        execute(
            &store,
            "UPDATE traffic SET answered = answered - 1 WHERE side = 'call' AND grain = 15",
        )
        .await;
        let found = store.verify_traffic(None, |_| ()).await.unwrap();
        assert_eq!(found.differences_total, 1);
        let told = found.differences[0].to_string();
        assert!(told.contains("calls of tenant 1 in 15 minutes"), "{told}");
        assert!(
            told.contains("answered: 1") && told.contains("answered: 2"),
            "{told}"
        );
        // Days before the asked one are left alone, sums without a record are not.
        let later = Some(Timestamp(NOON + TRAFFIC_DAY_US));
        assert!(
            store
                .verify_traffic(later, |_| ())
                .await
                .unwrap()
                .is_sound()
        );
        execute(
            &store,
            "UPDATE traffic SET bucket = bucket + 5 * 86400000000",
        )
        .await;
        let found = store.verify_traffic(later, |_| ()).await.unwrap();
        assert_eq!(found.differences_total, 8, "{:?}", found.differences);
    })
    .await;
}

#[test]
fn sums_are_written_in_the_order_of_the_key() {
    let key = |side, grain, bucket| TrafficKey {
        owner: TenantId::PLATFORM,
        side,
        grain,
        bucket,
        customer: 0,
        ingress_trunk: 0,
        carrier: 0,
        egress_trunk: 0,
        destination: "".into(),
        currency: rating::Currency::USD,
    };
    let mut keys = [
        key(TrafficSide::Call, Grain::Quarter, 1),
        key(TrafficSide::Attempt, Grain::Day, 0),
        key(TrafficSide::Attempt, Grain::Quarter, 5),
    ];
    let place = |key: &TrafficKey| (key.side.as_str(), key.grain.minutes(), key.bucket);
    let mut by_text = keys.clone();
    by_text.sort_by_key(|key| place(key));
    keys.sort();
    assert_eq!(keys, by_text);
}

#[tokio::test]
async fn a_record_of_before_that_cannot_be_read_is_passed_over_and_keeps_no_node_from_starting() {
    databases(async |database| {
        let store = database.open().await;
        load(&store, database, 1, &[ended(1), ended(2), ended(3)]).await;
        execute(&store, "DELETE FROM traffic").await;
        sql("UPDATE cdr SET record = '{}' WHERE id = $1")
            .bind(id_text(ended(2).id))
            .execute(store.writer())
            .await
            .unwrap();
        sql("INSERT INTO cdr_fill (name, call_id, until, done, total) VALUES ('traffic', '', $1, 0, 3)")
            .bind(id_text(ended(3).id))
            .execute(store.writer())
            .await
            .unwrap();
        load(&store, database, 2, &[ended(9)]).await;
        while store.fill_traffic().await.unwrap() {}
        assert_eq!(kept(&store).await, counted(&[ended(1), ended(3), ended(9)]));
        let found = store.verify_traffic(None, |_| ()).await.unwrap();
        assert_eq!(found.differences, []);
        assert_eq!((found.calls, found.unreadable), (3, 1));
        assert!(!found.is_sound(), "a call is in no report");
    })
    .await;
}

#[tokio::test]
async fn a_report_of_one_customer_or_carrier_reads_no_other() {
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    let of = |side, customer, carrier| TrafficQuery {
        side,
        by: TrafficBy::Destination,
        from: Timestamp(NOON),
        to: Timestamp(NOON),
        customer,
        ingress_trunk: None,
        carrier,
        egress_trunk: None,
        destination: None,
        currency: None,
    };
    let key =
        "sqlite_autoindex_traffic_1 (owner=? AND side=? AND grain=? AND bucket>? AND bucket<?)";
    for (query, index) in [
        (
            of(TrafficSide::Call, Some(5), None),
            "traffic_by_customer (owner=? AND customer_id=? AND side=? AND grain=? AND bucket>? AND bucket<?)",
        ),
        (
            of(TrafficSide::Attempt, None, Some(5)),
            "traffic_by_carrier (owner=? AND carrier_id=? AND side=? AND grain=? AND bucket>? AND bucket<?)",
        ),
        (of(TrafficSide::Call, None, None), key),
        (of(TrafficSide::Attempt, Some(5), None), key),
    ] {
        let mut explain = sql("EXPLAIN QUERY PLAN ");
        let scope = Scope::of_tenant(TenantId::PLATFORM);
        explain.append(report::select(&scope, &query, (Grain::Day, 0, 1)));
        let steps = explain.fetch_all(store.reader()).await.unwrap();
        let first: String = steps[0].get(3).unwrap();
        assert_eq!(first, format!("SEARCH traffic USING INDEX {index}"));
    }
}

/// A rule that is wrong in the loader and in the comparison alike: the record says the same as the sums.
#[tokio::test]
async fn sums_of_money_that_the_columns_do_not_add_up_to_are_named() {
    databases(async |database| {
        let store = database.open().await;
        load(&store, database, 1, &[ended(1), ended(2)]).await;
        for (change, back, named) in [
            (
                "UPDATE cdr SET charge = charge + 1",
                "UPDATE cdr SET charge = charge - 1",
                "calls, charge and cost of tenant 1",
            ),
            (
                "UPDATE attempt SET cost = cost - 3000000000 WHERE number = 2",
                "UPDATE attempt SET cost = cost + 3000000000 WHERE number = 2",
                "attempts and their cost in USD of tenant 1",
            ),
            (
                "UPDATE attempt SET started_at = started_at - 86400000000 WHERE number = 1",
                "UPDATE attempt SET started_at = started_at + 86400000000 WHERE number = 1",
                "attempts and their cost in USD of tenant 1",
            ),
        ] {
            execute(&store, change).await;
            let found = store.verify_traffic(None, |_| ()).await.unwrap();
            assert_eq!(found.differences_total, 1, "{:?}", found.differences);
            let told = found.differences[0].to_string();
            assert!(told.starts_with(named), "{told}");
            execute(&store, back).await;
            assert!(store.verify_traffic(None, |_| ()).await.unwrap().is_sound());
        }
    })
    .await;
}

/// The clock went back by some seconds over midnight: the call is of a later day than its attempts; and it
/// went on by a day while an attempt rang.
#[tokio::test]
async fn a_step_of_the_clock_is_no_difference_and_no_time_until_ringing() {
    databases(async |database| {
        let store = database.open().await;
        let midnight = NOON + TRAFFIC_DAY_US / 2;
        let mut back = ended(1);
        back.received_at = Timestamp(midnight + 2_000_000);
        back.id = id_at(back.received_at, 1);
        for attempt in &mut back.attempts {
            attempt.started_at = Timestamp(midnight - 3_000_000);
        }
        let mut on = ended(2);
        let later = Timestamp(on.received_at.0 + TRAFFIC_DAY_US);
        on.ringing_at = Some(later);
        on.attempts[1].ringing_at = Some(later);
        let mut slow = ended(3);
        slow.ringing_at = Some(Timestamp(slow.received_at.0 + 1_500_000));
        load(&store, database, 1, &[back, on, slow]).await;
        let found = store.verify_traffic(None, |_| ()).await.unwrap();
        assert_eq!((found.calls, found.differences), (3, vec![]));
        let of = |side: &'static str| {
            let sums = sql(
                "SELECT CAST(SUM(rang) AS BIGINT), CAST(SUM(pdd_ms) AS BIGINT) FROM traffic \
                 WHERE grain = 1440 AND bucket = $1 AND side = $2",
            );
            sums.bind(midnight - TRAFFIC_DAY_US).bind(side)
        };
        let calls = of("call").fetch_one(store.reader()).await.unwrap();
        let calls: (i64, i64) = (calls.get(0).unwrap(), calls.get(1).unwrap());
        assert_eq!(calls, (1, 1_500));
        let attempts = of("attempt").fetch_one(store.reader()).await.unwrap();
        assert!(attempts.get::<i64>(1).unwrap() < 600_000);
    })
    .await;
}
