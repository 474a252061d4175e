//! The database goes away while calls come, and comes back.

use super::wire::Wire;
use super::{Load, NO_LOOPS, all_records, assert_books, assert_none_is_lost, seen, setting, world};
use crate::sipp::{Carrier, Over};
use crate::switch::{Switch, until};
use std::time::Duration;

#[test]
fn calls_go_on_without_the_database_and_their_records_reach_it_once_when_it_is_back() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    // The switch is another process: nothing else waits for this runtime.
    runtime.block_on(async {
        let database = store::testing::TestDatabase::postgres().await;
        without_a_database(&database.url());
        database.remove().await;
    });
}

fn without_a_database(url: &str) {
    let (user, rest) = url
        .strip_prefix("postgres://")
        .unwrap()
        .split_once('@')
        .unwrap();
    let (server, name) = rest.split_once('/').unwrap();
    let wire = Wire::to(server.parse().unwrap());
    let through = format!("postgres://{user}@{}/{name}", wire.address);
    let settings = [NO_LOOPS, ("DIDTRON_DATABASE_URL", through.as_str())];
    let switch = Switch::start(&settings);
    let carrier = Carrier::start("carrier_answers", "127.0.0.31", Over::Udp, &[]);
    world(&switch, &carrier);
    let seconds = u32::try_from(setting("FAULT_OUTAGE_S", 8)).unwrap();
    let per_second = u32::try_from(setting("FAULT_CPS", 100)).unwrap();
    let mut told = Vec::new();
    let load = Load {
        switch: &switch,
        scratch: switch.scratch(),
        told: &mut told,
    };
    let load = load.start(1_000_000, per_second, 600);
    until("calls come and end", || load.successful_so_far() > 0);
    wire.cut();
    until("the loader says that it cannot load", || {
        switch.metric("didtron_loader_ok", "") == 0.0
    });
    let loaded = switch.metric("didtron_loader_records_total", "");
    std::thread::sleep(Duration::from_secs(seconds.into()));
    assert_eq!(switch.metric("didtron_loader_records_total", ""), loaded);
    assert!(switch.metric("didtron_loader_lag_bytes", "") > 0.0);
    assert_eq!(switch.metric("didtron_journal_available", ""), 1.0);
    wire.mend();
    until("records come to it again", || {
        switch.metric("didtron_loader_records_total", "") > loaded
    });
    load.place_no_more();
    let tally = load.finish();
    assert_eq!(tally.failed, 0, "calls need no database");
    let count = usize::try_from(tally.successful).unwrap();
    let records = all_records(&switch);
    let seen = seen(&told);
    assert_eq!((seen.answered.len(), seen.ended.len()), (count, count));
    assert_eq!(records.len(), count, "one record for each call");
    assert_none_is_lost(&records, &seen);
    assert_books(&switch, &records, &settings);
    if seconds > 40 {
        let events = switch.get("/api/v1/events?kind=journal.*");
        let kinds = events["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["kind"].clone());
        assert_eq!(
            kinds.collect::<Vec<_>>(),
            ["journal.loaded", "journal.not_loaded"]
        );
    }
}
