#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::testing::{databases, execute};
use crate::{AuditActor, AuditCredential};

const SCOPE: Scope = Scope::of_tenant(TenantId::PLATFORM);
const NEW: NewCdrExport<'_> = NewCdrExport {
    tenant: TenantId::PLATFORM,
    party: CdrParty::Customer(7),
    author: "ann",
    format: "csv",
    asked: "answered=true",
};
const SMALL: CdrExportLimits = CdrExportLimits {
    files: 2,
    bytes_of_tenant: 1_000,
    bytes_of_account: 1_000,
    bytes_of_all: 1_000,
    kept_us: 100,
};

fn told(at: i64) -> NewAuditEntry {
    let actor = AuditActor::new("ann", AuditCredential::LocalKey);
    NewAuditEntry::new(TenantId::PLATFORM, Timestamp(at), actor, "cdr_export")
}

async fn create(store: &Store, at: i64) -> Option<i64> {
    let created = store.create_cdr_export(&SCOPE, NEW, &SMALL, told(at));
    created.await.unwrap()
}

async fn add(store: &Store, run: (i64, i64), content: &[u8], records: u64) -> CdrExportPart {
    let added = store.add_cdr_export_part(run, content, records, &SMALL, Timestamp(3));
    added.await.unwrap()
}

async fn one(store: &Store, id: i64) -> Option<CdrExportRow> {
    let found = store.cdr_export(TenantId::PLATFORM, id, Timestamp(5));
    found.await.unwrap()
}

#[tokio::test]
async fn a_file_is_read_as_it_was_written() {
    databases(async |database| {
        let store = database.open().await;
        let id = create(&store, 1).await.unwrap();
        let made = one(&store, id).await.unwrap();
        assert_eq!(
            (made.state, made.party),
            (CdrExportState::Making, NEW.party)
        );
        assert!(made.job_id.is_some());
        let (begun, run) = store
            .begin_cdr_export(id, Timestamp(2))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(begun.asked, "answered=true");
        assert_eq!(
            add(&store, (id, run), b"first;", 1).await,
            CdrExportPart::Kept
        );
        let long = "second;".repeat(10_000);
        let added = add(&store, (id, run), long.as_bytes(), 3).await;
        assert_eq!(added, CdrExportPart::Kept);
        store
            .cdr_export_ready((id, run), Timestamp(4))
            .await
            .unwrap();
        let ready = one(&store, id).await.unwrap();
        assert_eq!(ready.state, CdrExportState::Ready);
        assert_eq!((ready.records, ready.parts, ready.bytes), (3, 2, 70_006));
        let mut read = Vec::new();
        for number in 1..=ready.parts {
            read.extend(store.cdr_export_part(id, number).await.unwrap().unwrap());
        }
        assert_eq!(read, format!("first;{long}").as_bytes());
        assert_eq!(store.cdr_export_part(id, 3).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_run_that_was_overtaken_or_whose_file_is_gone_writes_nothing() {
    databases(async |database| {
        let store = database.open().await;
        let id = create(&store, 1).await.unwrap();
        let begin = async || {
            let begun = store.begin_cdr_export(id, Timestamp(2)).await.unwrap();
            begun.map(|(_, run)| run)
        };
        let first = begin().await.unwrap();
        assert_eq!(
            add(&store, (id, first), b"old", 1).await,
            CdrExportPart::Kept
        );
        let second = begin().await.unwrap();
        assert_eq!(one(&store, id).await.unwrap().parts, 0);
        assert_eq!(
            add(&store, (id, first), b"old", 2).await,
            CdrExportPart::NotWanted
        );
        store
            .cdr_export_ready((id, first), Timestamp(4))
            .await
            .unwrap();
        assert_eq!(one(&store, id).await.unwrap().state, CdrExportState::Making);
        assert_eq!(
            add(&store, (id, second), b"new", 1).await,
            CdrExportPart::Kept
        );
        let part = store.cdr_export_part(id, 1).await.unwrap();
        assert_eq!(part.as_deref(), Some(&b"new"[..]));
        let other = TenantId::new(99);
        assert!(!store.delete_cdr_export(other, id, &told(4)).await.unwrap());
        let told = told(4);
        let deleted = store.delete_cdr_export(TenantId::PLATFORM, id, &told);
        assert!(deleted.await.unwrap());
        assert_eq!(
            add(&store, (id, second), b"more", 2).await,
            CdrExportPart::NotWanted
        );
        assert_eq!(store.cdr_export_part(id, 1).await.unwrap(), None);
        assert_eq!(begin().await, None);
    })
    .await;
}

#[tokio::test]
async fn files_have_limits_and_an_end() {
    databases(async |database| {
        let store = database.open().await;
        let first = create(&store, 1).await.unwrap();
        let second = create(&store, 50).await.unwrap();
        assert_eq!(create(&store, 60).await, None);
        let begun = store.begin_cdr_export(second, Timestamp(60)).await.unwrap();
        let run = (second, begun.unwrap().1);
        // What does not pack is as long as it was.
        let mut state = 1_u64;
        let noise: Vec<u8> = (0..1_100)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                (state >> 56) as u8
            })
            .collect();
        assert_eq!(add(&store, run, &noise, 9).await, CdrExportPart::Full);
        let full = one(&store, second).await.unwrap();
        assert_eq!((full.parts, full.records), (0, 0), "nothing half-written");
        // A run of before says nothing of a file that another writes.
        let overtaken = (second, run.1 - 1);
        let failed = store.cdr_export_failed(overtaken, "too late", Timestamp(61));
        failed.await.unwrap();
        let made = one(&store, second).await.unwrap();
        assert_eq!((made.state, made.failure), (CdrExportState::Making, None));
        let failed = store.cdr_export_failed(run, "no room", Timestamp(61));
        failed.await.unwrap();
        let failed = one(&store, second).await.unwrap();
        assert_eq!(failed.state, CdrExportState::Failed);
        assert_eq!(failed.failure.as_deref(), Some("no room"));
        // The first has had its time: it is not shown, not begun, and makes room.
        let late = Timestamp(101);
        let shown = store.cdr_exports(TenantId::PLATFORM, late).await.unwrap();
        assert_eq!(shown.iter().map(|row| row.id).collect::<Vec<_>>(), [second]);
        assert_eq!(store.begin_cdr_export(first, late).await.unwrap(), None);
        assert!(create(&store, 101).await.is_some());
        assert_eq!(store.prune_cdr_exports(Timestamp(150)).await.unwrap(), 1);
        let other = store.cdr_exports(TenantId::new(99), Timestamp(5)).await;
        assert_eq!(other.unwrap(), []);
    })
    .await;
}

#[test]
fn accounts_have_less_room_than_operators_and_the_platform_keeps_its_own() {
    let limits = CdrExportLimits {
        bytes_of_account: 400,
        bytes_of_all: 5_000,
        ..SMALL
    };
    let (platform, other) = (TenantId::PLATFORM, TenantId::new(2));
    assert_eq!(limits.of(platform, CdrParty::Staff), (1_000, 5_000));
    assert_eq!(limits.of(other, CdrParty::Staff), (1_000, 4_000));
    assert_eq!(limits.of(other, CdrParty::Customer(7)), (400, 4_000));
    assert_eq!(limits.of(other, CdrParty::Carrier(7)), (400, 4_000));
}

#[tokio::test]
async fn who_has_no_room_left_is_refused_before_any_work() {
    databases(async |database| {
        let store = database.open().await;
        let limits = CdrExportLimits {
            bytes_of_account: 30,
            ..SMALL
        };
        let create = async || {
            let created = store.create_cdr_export(&SCOPE, NEW, &limits, told(1));
            created.await.unwrap()
        };
        let id = create().await.unwrap();
        let begun = store.begin_cdr_export(id, Timestamp(2)).await.unwrap();
        let run = (id, begun.unwrap().1);
        let part = store.add_cdr_export_part(run, b"first;", 1, &limits, Timestamp(3));
        assert_eq!(part.await.unwrap(), CdrExportPart::Kept);
        let part = store.add_cdr_export_part(run, b"second", 2, &limits, Timestamp(3));
        assert_eq!(part.await.unwrap(), CdrExportPart::Full);
        assert!(create().await.is_some(), "there is room for some bytes");
        execute(&store, "UPDATE cdr_export SET kept_bytes = 15").await;
        assert_eq!(create().await, None);
    })
    .await;
}

/// The first two requests of a tenant, at once.
#[tokio::test]
async fn files_asked_for_at_once_are_counted_one_after_the_other() {
    databases(async |database| {
        let store = database.open().await;
        let limits = CdrExportLimits { files: 1, ..SMALL };
        let create = || store.create_cdr_export(&SCOPE, NEW, &limits, told(1));
        let made = tokio::join!(create(), create(), create(), create());
        let made = [made.0, made.1, made.2, made.3].map(Result::unwrap);
        assert_eq!(made.iter().flatten().count(), 1, "{made:?}");
    })
    .await;
}
