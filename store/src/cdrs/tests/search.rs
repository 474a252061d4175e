//! Every filter, for each party, in both orders, and searches that stop.

use super::*;
use rating::cdr::CallRecord;

/// Calls 1 to 9, of which no two are alike.
async fn different(database: &TestDatabase) -> Store {
    let store = database.open().await;
    let mut segment = TestSegment::create(database.folder(), 1, 1);
    for id in 1..=9 {
        segment.append(&JournalEntry::Ended(different_call(id)));
    }
    let config = LoaderConfig::new(database.folder().into(), BootId(2));
    Loader::new(store.clone(), config).recover().await.unwrap();
    store
}

pub(super) fn different_call(id: u32) -> CallRecord {
    let mut call = ended(id);
    let name = |what: &str| -> std::sync::Arc<str> { format!("{what}-{id}").into() };
    call.snapshot_number = u64::from(id);
    call.ingress_call_id = name("in");
    call.calling_number_received = format!("4420700000{id:02}").into();
    call.called_number_received = format!("0033142600{id:03}").into();
    call.ingress_trunk.as_mut().unwrap().name = name("trunk-in");
    call.rate.as_mut().unwrap().rate_card.name = name("card");
    call.rate.as_mut().unwrap().destination = name("destination");
    call.charge.amount = Amount(i64::from(id) * 1_000_000_000);
    call.margin = Amount(i64::from(id) * 1_000);
    call.release.sip_status = 200 + id as u16;
    let last = call.attempts.last_mut().unwrap();
    last.egress_trunk.name = name("trunk-out");
    last.gateway = format!("192.0.2.{}:{}", id / 2, 5_060 + id)
        .parse()
        .unwrap();
    last.egress_call_id = name("out");
    last.called_number_sent = format!("99#3314260{id:04}").into();
    last.calling_number_sent = format!("+4420711111{id:02}").into();
    last.cost.amount = Amount(i64::from(id) * 10_000_000);
    last.rate.destination = name("there");
    call.attempts[0].egress_call_id = name("first");
    let at = |second: i64| Some(Timestamp(NOON + second * 60_000_000));
    if id == 5 {
        call.answered_at = at(100);
        call.ended_at = at(101).unwrap();
        call.release.by = ReleasedBy::Carrier;
    }
    if id == 6 {
        call.answered_at = None;
        call.outcome = Outcome::Cancelled;
        call.release.reason = ReleaseReason::CustomerCancelled;
    }
    call
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn whole(number: &str) -> NumberMatch {
    NumberMatch {
        whole: some(number),
        ..NumberMatch::default()
    }
}

fn prefix(number: &str) -> NumberMatch {
    NumberMatch {
        prefix: some(number),
        ..NumberMatch::default()
    }
}

fn suffix(number: &str) -> NumberMatch {
    NumberMatch {
        suffix: some(number),
        ..NumberMatch::default()
    }
}

fn from_to<T>(from: T, to: T) -> Between<T> {
    Between {
        from: Some(from),
        to: Some(to),
    }
}

fn within<T>(min: T, max: T) -> Within<T> {
    Within {
        min: Some(min),
        max: Some(max),
    }
}

macro_rules! by {
    ($($field:ident: $value:expr),*) => {
        CdrQuery { $($field: $value,)* ..CdrQuery::default() }
    };
}

#[tokio::test]
async fn the_staff_finds_a_call_by_everything_that_its_record_tells() {
    databases(async |database| {
        let store = different(database).await;
        let minute = |minute: i64| Timestamp(NOON + minute * 60_000_000);
        let unit = |units: i64| Amount(units * 1_000_000_000);
        for (query, expected) in [
            (by!(ingress_trunk: some("trunk-in-7")), &[7][..]),
            (by!(egress_trunk: some("trunk-out-7")), &[7]),
            (by!(gateway: "192.0.2.1:5063".parse().ok()), &[3]),
            (by!(gateway: "192.0.2.1".parse().ok()), &[3, 2]),
            (by!(rate_card: some("card-2")), &[2]),
            (by!(destination: some("destination-8")), &[8]),
            (by!(called: whole("33142600004")), &[4]),
            (
                by!(called: prefix("3314260000")),
                &[9, 8, 7, 6, 5, 4, 3, 2, 1],
            ),
            (by!(called: suffix("2600004")), &[4]),
            (by!(called: suffix("4")), &[4]),
            (by!(called_received: whole("0033142600003")), &[3]),
            (
                by!(called_received: prefix("00331426000")),
                &[9, 8, 7, 6, 5, 4, 3, 2, 1],
            ),
            (by!(called_received: suffix("03")), &[3]),
            (by!(calling: whole("442070000003")), &[3]),
            (
                by!(calling: prefix("44207000000")),
                &[9, 8, 7, 6, 5, 4, 3, 2, 1],
            ),
            (by!(calling: suffix("03")), &[3]),
            (by!(called_sent: whole("99#33142600002")), &[2]),
            (
                by!(called_sent: prefix("99#")),
                &[9, 8, 7, 6, 5, 4, 3, 2, 1],
            ),
            (by!(called_sent: suffix("%02")), &[]),
            (by!(called_sent: suffix("0002")), &[2]),
            (by!(calling_sent: suffix("1102")), &[2]),
            (
                by!(calling_sent: prefix("+4420711111")),
                &[9, 8, 7, 6, 5, 4, 3, 2, 1],
            ),
            (by!(call_id: some("in-6")), &[6]),
            (by!(call_id: some("out-6")), &[6]),
            (by!(call_id: some("first-6")), &[6]),
            (by!(answered: Some(false)), &[6]),
            (
                by!(answered: Some(true), customer: some("even")),
                &[8, 4, 2],
            ),
            (by!(released_by: Some(ReleasedBy::Carrier)), &[5]),
            (by!(release_reason: some("customer_cancelled")), &[6]),
            (by!(sip_status: Some(203)), &[3]),
            (by!(snapshot_number: Some(9)), &[9]),
            (by!(answered_at: from_to(minute(100), minute(101))), &[5]),
            (by!(ended: from_to(minute(101), minute(102))), &[5]),
            (by!(duration_ms: within(60_000, 60_000)), &[5]),
            (by!(charge: within(unit(3), unit(4))), &[4, 3]),
            (
                by!(cost: within(Amount(20_000_000), Amount(30_000_000))),
                &[3, 2],
            ),
            (by!(margin: within(Amount(9_000), Amount(10_000))), &[9]),
            (
                by!(amount: within(unit(3), unit(4))),
                &[9, 8, 7, 6, 5, 4, 3, 2, 1],
            ),
            (
                by!(customer: some("odd"), carrier: some("second"), called: suffix("600007")),
                &[7],
            ),
            (by!(customer: some("even"), called: suffix("600007")), &[]),
        ] {
            assert_eq!(ids(&store, query.clone()).await, expected, "{query:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_customer_finds_by_its_side_and_a_carrier_by_its_own() {
    databases(async |database| {
        let store = different(database).await;
        let unit = |units: i64| Amount(units * 1_000_000_000);
        let everything = &[9, 8, 7, 6, 5, 4, 3, 2, 1][..];
        for (query, expected) in [
            (by!(ingress_trunk: some("trunk-in-7")), &[7][..]),
            (by!(called_received: suffix("03")), &[3]),
            (by!(called: suffix("600003")), &[3]),
            (by!(call_id: some("in-3")), &[3]),
            (by!(call_id: some("out-3")), &[]),
            (by!(destination: some("destination-3")), &[3]),
            (by!(amount: within(unit(3), unit(4))), &[4, 3]),
            (by!(egress_trunk: some("nobody's")), everything),
            (by!(gateway: "192.0.2.99".parse().ok()), everything),
            (by!(rate_card: some("nobody's")), everything),
            (by!(called_sent: whole("1")), everything),
            (by!(calling_sent: whole("1")), everything),
            (by!(snapshot_number: Some(1)), everything),
            (by!(charge: within(unit(0), unit(0))), everything),
            (by!(cost: within(unit(9), unit(9))), everything),
            (by!(margin: within(unit(9), unit(9))), everything),
        ] {
            let party = CdrParty::Customer(5);
            let query = CdrQuery { party, ..query };
            assert_eq!(ids(&store, query.clone()).await, expected, "{query:?}");
            let party = CdrParty::Customer(6);
            let none = CdrQuery { party, ..query };
            assert_eq!(ids(&store, none).await, [], "another's");
        }
        for (query, expected) in [
            (by!(egress_trunk: some("trunk-out-7")), &[7][..]),
            (by!(gateway: "192.0.2.1".parse().ok()), &[3, 2]),
            (by!(called: whole("99#33142600003")), &[3]),
            (by!(called: suffix("0003")), &[3]),
            (by!(calling: prefix("+442071111103")), &[3]),
            (by!(call_id: some("out-3")), &[3]),
            (by!(call_id: some("in-3")), &[]),
            (by!(destination: some("there-3")), &[3]),
            (by!(released_by: Some(ReleasedBy::Customer)), &[]),
            (
                by!(amount: within(Amount(30_000_000), Amount(40_000_000))),
                &[4, 3],
            ),
            (by!(ingress_trunk: some("nobody's")), everything),
            (by!(called_received: whole("1")), everything),
            (by!(charge: within(unit(0), unit(0))), everything),
        ] {
            let party = CdrParty::Carrier(2);
            let query = CdrQuery { party, ..query };
            assert_eq!(ids(&store, query.clone()).await, expected, "{query:?}");
            let party = CdrParty::Carrier(3);
            let none = CdrQuery { party, ..query };
            assert_eq!(ids(&store, none).await, [], "another's");
        }
    })
    .await;
}

#[tokio::test]
async fn pages_go_from_the_oldest_to_the_newest_too() {
    databases(async |database| {
        let store = different(database).await;
        for party in [CdrParty::Staff, CdrParty::Customer(5), CdrParty::Carrier(2)] {
            let mut query = by!(party: party, order: CdrOrder::OldestFirst, limit: 4);
            let mut seen = Vec::new();
            loop {
                let page = store.cdrs(&platform(), &query).await.unwrap();
                seen.extend(page.rows.iter().map(|row| row.id.0 >> 8 & 0xffff_ffff));
                query.after = page.next;
                if query.after.is_none() {
                    break;
                }
            }
            assert_eq!(seen, [1, 2, 3, 4, 5, 6, 7, 8, 9], "{party:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_search_for_a_rare_thing_stops_tells_where_and_goes_on_behind() {
    databases(async |database| {
        let store = different(database).await;
        for (order, stops) in [
            (CdrOrder::NewestFirst, [(6, 0), (2, 1), (0, 0)]),
            (CdrOrder::OldestFirst, [(4, 0), (8, 1), (0, 0)]),
        ] {
            let rare = if order == CdrOrder::NewestFirst { 3 } else { 7 };
            let mut query = by!(sip_status: Some(200 + rare), order: order, limit: 4);
            for (stop, found) in stops {
                let page = store.cdrs_among(&platform(), &query, 4).await.unwrap();
                assert_eq!(page.rows.len(), found, "{order:?} {stop}");
                let until = page.searched_until.map(|at| (at.0 - NOON) / 1_000_000);
                assert_eq!(until, (stop > 0).then_some(stop));
                query.after = page.next;
            }
            assert_eq!(query.after, None);
        }
    })
    .await;
}

#[tokio::test]
async fn what_an_index_finds_is_searched_to_the_end() {
    databases(async |database| {
        let store = different(database).await;
        for query in [
            by!(called: whole("33142600001")),
            by!(called: suffix("600001"), customer: some("odd")),
            by!(call_id: some("out-1"), outcome: Some(Outcome::Answered)),
            by!(ingress_trunk: some("trunk-in-1")),
        ] {
            let query = CdrQuery { limit: 5, ..query };
            let page = store.cdrs_among(&platform(), &query, 2).await.unwrap();
            assert_eq!((page.rows.len(), page.next), (1, None), "{query:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_call_id_of_any_length_is_kept_and_found() {
    databases(async |database| {
        let store = database.open().await;
        let mut call = ended(1);
        // Longer than an index entry of PostgreSQL may be, and what compresses well says nothing.
        let noise = |seed: u32| {
            let digit =
                |n: u32| char::from(b'!' + (n.wrapping_mul(2_654_435_761) >> 24) as u8 % 90);
            (seed..seed + 3_000).map(digit).collect::<String>()
        };
        let (ingress, egress) = (noise(0), noise(7_000));
        call.ingress_call_id = ingress.as_str().into();
        call.attempts[1].egress_call_id = egress.as_str().into();
        let mut segment = TestSegment::create(database.folder(), 1, 1);
        segment.append(&JournalEntry::Ended(call));
        let config = LoaderConfig::new(database.folder().into(), BootId(2));
        Loader::new(store.clone(), config).recover().await.unwrap();
        for call_id in [ingress, egress] {
            assert_eq!(ids(&store, by!(call_id: Some(call_id))).await, [1]);
        }
    })
    .await;
}
