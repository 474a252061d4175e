#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::cdr_archive::ArchiveCdrs;
use crate::cdr_archive::tests::a_run;
use rating::Amount;
use rating::cdr::Outcome;
use rating::journal::BootId;
use store::testing::{self, TestDatabase};
use store::{Between, Loader, LoaderConfig, NumberMatch, TRAFFIC_DAY_US, TenantId, Within};
use tempfile::TempDir;

/// Noon of 1 March 2026, when the calls of the journal were received.
const NOON: i64 = 1_772_366_400_000_000;

const SCOPE: Scope = Scope::of_tenant(TenantId::PLATFORM);

const CALLS: u32 = 200;

/// An archive of small files and groups, and what has both halves.
async fn archived(database: &TestDatabase) -> (Store, CallRecords, TempDir) {
    testing::write_wholesale_journal(database.folder(), CALLS);
    in_groups_of(30, 90, database).await
}

/// The journal of a folder, loaded and archived.
async fn in_groups_of(
    group: u32,
    file: u64,
    database: &TestDatabase,
) -> (Store, CallRecords, TempDir) {
    let store = database.open().await;
    let config = LoaderConfig::new(database.folder().into(), BootId(2));
    Loader::new(store.clone(), config).recover().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let place = Place::folder(folder.path()).unwrap();
    let handler = ArchiveCdrs::new(store.clone(), Some(place.clone())).in_groups_of(group, file);
    let later = Timestamp(NOON + 3 * TRAFFIC_DAY_US);
    handler.archive(&a_run(&store).await, later).await.unwrap();
    let records = CallRecords::new(store.clone(), Some(place));
    (store, records, folder)
}

fn number(prefix: &str, suffix: &str) -> NumberMatch {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    NumberMatch {
        whole: None,
        prefix: some(prefix),
        suffix: some(suffix),
    }
}

/// Searches of all parties, with every kind of filter, in both orders.
fn searches() -> Vec<CdrQuery> {
    let at = |millis: i64| Some(Timestamp(NOON + millis * 1_000));
    let staff = CdrQuery::default;
    let of = |party| CdrQuery {
        party,
        ..CdrQuery::default()
    };
    let carrier = of(CdrParty::Carrier(3_003));
    let customer = of(CdrParty::Customer(1_007));
    #[rustfmt::skip]
    let searches = vec![
        staff(),
        CdrQuery { received: Between { from: at(20), to: at(50) }, ..staff() },
        CdrQuery { customer: Some("customer 7".into()), ..staff() },
        CdrQuery { customer: Some("customer".into()), ..staff() },
        CdrQuery { carrier: Some("carrier 3".into()), egress_trunk: Some("out".into()), ..staff() },
        CdrQuery { gateway: Some("198.51.100.1".parse().unwrap()), ..staff() },
        CdrQuery { called: number("3314260012", ""), ..staff() },
        CdrQuery { called: number("", "7"), calling: number("4420", "50"), ..staff() },
        CdrQuery { called_received: number("0033", ""), called_sent: number("", "1"), ..staff() },
        CdrQuery { call_id: Some("ingress@test".into()), answered: Some(true), ..staff() },
        CdrQuery { call_id: Some("no such".into()), ..staff() },
        CdrQuery { outcome: Some(Outcome::Answered), sip_status: Some(200), ..staff() },
        CdrQuery { outcome: Some(Outcome::Failed), ..staff() },
        CdrQuery { release_reason: Some("normal_clearing".into()), snapshot_number: Some(17), ..staff() },
        CdrQuery { duration_ms: Within { min: Some(10_000), max: Some(10_000) }, ..staff() },
        CdrQuery { charge: Within { min: Some(Amount(1)), max: None }, ..staff() },
        CdrQuery { cost: Within { min: None, max: Some(Amount(0)) }, ..staff() },
        CdrQuery { ended: Between { from: at(12_030), to: None }, ..staff() },
        CdrQuery { rate_card: Some("sell".into()), answered_at: Between { from: at(2_010), to: at(2_040) }, ..staff() },
        customer.clone(),
        CdrQuery { ingress_trunk: Some("in".into()), amount: Within { min: Some(Amount(1)), max: None }, ..customer },
        carrier.clone(),
        CdrQuery { answered: Some(true), ..carrier.clone() },
        CdrQuery { egress_trunk: Some("out".into()), received: Between { from: at(10), to: at(60) }, ..carrier },
        of(CdrParty::Carrier(1)),
    ];
    let oldest_first = searches.clone().into_iter().map(|query| CdrQuery {
        order: CdrOrder::OldestFirst,
        ..query
    });
    let both: Vec<_> = oldest_first.collect();
    searches.into_iter().chain(both).collect()
}

/// All pages of a search, as if they were from one half.
async fn all(records: &CallRecords, query: &CdrQuery, limit: u32, searched: u64) -> Vec<CdrRow> {
    let mut query = CdrQuery {
        limit,
        ..query.clone()
    };
    let mut rows = Vec::new();
    loop {
        let page = records.page_among(&SCOPE, &query, searched).await.unwrap();
        assert!(page.rows.len() <= limit as usize);
        let in_one = |row| CdrRow {
            archived: false,
            ..row
        };
        rows.extend(page.rows.into_iter().map(in_one));
        let Some(next) = page.next else { return rows };
        let moved = query
            .after
            .is_none_or(|after| query.order.compare(next, after) == Ordering::Greater);
        assert!(moved, "a search goes on: {query:?}");
        query.after = Some(next);
    }
}

#[tokio::test]
async fn what_a_search_finds_is_the_same_whether_its_days_are_dropped_being_dropped_or_there() {
    testing::databases(async |database| {
        let (store, records, _folder) = archived(database).await;
        let alone = CallRecords::new(store.clone(), None);
        let mut expected = Vec::new();
        for query in searches() {
            expected.push(all(&alone, &query, 500, u64::MAX).await);
        }
        let found: usize = expected.iter().filter(|rows| !rows.is_empty()).count();
        assert!(found > 30, "{found} searches find something");
        testing::execute(&store, "UPDATE cdr_day SET state = 'dropping'").await;
        for (step, text) in [
            ("being dropped", "DELETE FROM attempt WHERE call_id < (SELECT id FROM cdr ORDER BY id LIMIT 1 OFFSET 100)"),
            ("", "DELETE FROM cdr WHERE id < (SELECT id FROM cdr ORDER BY id LIMIT 1 OFFSET 100)"),
            ("", "DELETE FROM attempt"),
            ("dropped", "DELETE FROM cdr"),
        ] {
            testing::execute(&store, text).await;
            if step.is_empty() {
                continue;
            }
            for (query, expected) in searches().iter().zip(&expected) {
                for (limit, searched) in [(500, u64::MAX), (7, u64::MAX), (40, 1)] {
                    // Pages of 7 of all are many: of the narrower ones only.
                    if limit == 7 && expected.len() > 30 {
                        continue;
                    }
                    let there = all(&records, query, limit, searched).await;
                    assert_eq!(&there, expected, "{step}, by {limit}: {query:?}");
                }
            }
        }
        let other = Scope::of_tenant(TenantId::new(99));
        let query = CdrQuery {
            limit: 500,
            ..CdrQuery::default()
        };
        let theirs = records.page(&other, &query).await.unwrap();
        assert!(theirs.rows.is_empty() && theirs.next.is_none());
    })
    .await;
}

/// Each group has a call that came to its second carrier 85 s late, as by failover; so all groups, and all files, have the
/// same moments between their first attempt and their last.
#[tokio::test]
async fn a_carriers_list_comes_further_where_more_groups_overlap_than_a_page_looks_at() {
    testing::databases(async |database| {
        let calls = (0..60_u32).map(|number| {
            let at = Timestamp(NOON + i64::from(number) * 100_000);
            let mut call = testing::received(at, number);
            if number % 5 == 0 {
                call.attempts[1].started_at.0 += 85_000_000;
            }
            call
        });
        testing::write_ended_calls(database.folder(), calls);
        let (store, records, _folder) = in_groups_of(5, 15, database).await;
        let alone = CallRecords::new(store.clone(), None);
        let queries = [CdrOrder::NewestFirst, CdrOrder::OldestFirst].map(|order| CdrQuery {
            party: CdrParty::Carrier(2),
            order,
            ..CdrQuery::default()
        });
        let mut expected = Vec::new();
        for query in &queries {
            expected.push(all(&alone, query, 500, u64::MAX).await);
        }
        testing::execute(&store, "UPDATE cdr_day SET state = 'dropped'").await;
        testing::execute(&store, "DELETE FROM attempt").await;
        testing::execute(&store, "DELETE FROM cdr").await;
        for (query, expected) in queries.iter().zip(&expected) {
            assert_eq!(expected.len(), 60);
            for (limit, searched) in [(7, 1), (500, 5), (500, 10), (3, u64::MAX)] {
                let there = all(&records, query, limit, searched).await;
                assert_eq!(&there, expected, "{searched}, by {limit}: {query:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn one_record_is_found_in_the_archive_by_those_whose_it_is() {
    testing::databases(async |database| {
        let (store, records, folder) = archived(database).await;
        let query = CdrQuery {
            limit: 500,
            ..CdrQuery::default()
        };
        let rows = store.cdrs(&SCOPE, &query).await.unwrap().rows;
        let id = rows[77].id;
        let (row, record) = store
            .cdr(&SCOPE, CdrParty::Staff, id)
            .await
            .unwrap()
            .unwrap();
        testing::execute(&store, "UPDATE cdr_day SET state = 'dropped'").await;
        testing::execute(&store, "DELETE FROM attempt").await;
        testing::execute(&store, "DELETE FROM cdr").await;
        let found = records
            .one(&SCOPE, CdrParty::Staff, id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(found.record, record);
        assert!(found.row.archived);
        assert_eq!(
            CdrRow {
                archived: false,
                ..found.row
            },
            row
        );
        let customer = record.customer.as_ref().unwrap().id;
        let carrier = record.attempts[1].carrier.id;
        for (party, is_theirs) in [
            (CdrParty::Customer(customer), true),
            (CdrParty::Customer(customer + 1), false),
            (CdrParty::Carrier(carrier), true),
            (CdrParty::Carrier(1), false),
        ] {
            let found = records.one(&SCOPE, party, id).await.unwrap();
            assert_eq!(found.is_some(), is_theirs, "{party:?}");
            if let (CdrParty::Carrier(carrier), Some(found)) = (party, found) {
                assert!(
                    found
                        .record
                        .attempts
                        .iter()
                        .all(|it| it.carrier.id == carrier)
                );
                assert!(found.row.customer.is_none() && found.row.charge.is_none());
            }
        }
        let other = Scope::of_tenant(TenantId::new(99));
        assert!(
            records
                .one(&other, CdrParty::Staff, id)
                .await
                .unwrap()
                .is_none()
        );
        assert!(
            records.gone(id).await.unwrap().is_none(),
            "it can be looked for"
        );
        let without = CallRecords::new(store.clone(), None);
        assert!(
            without
                .one(&SCOPE, CdrParty::Staff, id)
                .await
                .unwrap()
                .is_none()
        );
        assert!(without.gone(id).await.unwrap().is_some());
        std::fs::remove_dir_all(folder.path()).unwrap();
        assert!(records.one(&SCOPE, CdrParty::Staff, id).await.is_err());
        assert!(
            records.page(&SCOPE, &query).await.is_err(),
            "and no page without them"
        );
    })
    .await;
}
