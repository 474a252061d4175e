//! Sources that are not heard for a while.
//!
//! The list is an immutable table, swapped whole: shards read it without a lock. Operators change
//! it at once; what shards report is taken a few times a second.

use arc_swap::ArcSwap;
use mgmt_api::switch_port::{Ban, BanReason};
use rating::Timestamp;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;

/// Bans at once. One more takes the place of the one that would end first.
const BANS_MAX: usize = 10_000;
/// Reports that wait to be taken. More are dropped: who floods is reported again.
const SUSPECTS_MAX: usize = 256;
/// Between two times that reports are taken.
const REPORTS_EVERY: Duration = Duration::from_millis(100);

/// What is banned for an address: the address, of IPv6 its /64.
pub(crate) fn ban_key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        v4 @ IpAddr::V4(_) => v4,
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// All bans by their source.
pub(crate) type BanTable = HashMap<IpAddr, Ban>;

/// The list.
#[derive(Debug, Default)]
pub(crate) struct Bans {
    table: Arc<ArcSwap<BanTable>>,
    /// Held by whoever makes the next table.
    writing: Mutex<()>,
}

impl Bans {
    /// What shards look into.
    pub(crate) fn table(&self) -> Arc<ArcSwap<BanTable>> {
        Arc::clone(&self.table)
    }

    /// Why messages of `source` are dropped now; `None` when they are not.
    pub(crate) fn reason_of(&self, source: IpAddr, now: Timestamp) -> Option<BanReason> {
        reason_of(&self.table.load(), source, now)
    }

    /// Ends the bans of these sources if they were for sending too much.
    fn forgive(&self, now: Timestamp, sources: &[IpAddr]) {
        if sources.is_empty() {
            return;
        }
        self.change(now, |table| {
            for source in sources {
                let key = ban_key(*source);
                if table
                    .get(&key)
                    .is_some_and(|ban| ban.reason == BanReason::Flood)
                {
                    table.remove(&key);
                }
            }
        });
    }

    /// Those that have not ended, newest first.
    pub(crate) fn list(&self, now: Timestamp) -> Vec<Ban> {
        let table = self.table.load();
        let mut bans: Vec<Ban> = table
            .values()
            .filter(|ban| ban.until > now)
            .cloned()
            .collect();
        bans.sort_by(|a, b| b.since.cmp(&a.since).then(a.source.cmp(&b.source)));
        bans
    }

    /// Bans sources; a source that is banned already gets the later end.
    pub(crate) fn add(&self, now: Timestamp, bans: impl IntoIterator<Item = Ban>) {
        self.change(now, |table| {
            for ban in bans {
                let source = ban_key(ban.source);
                let ban = Ban { source, ..ban };
                match table.get_mut(&source) {
                    Some(held) if held.until >= ban.until && held.reason == ban.reason => {}
                    Some(held) => *held = ban,
                    None => drop(table.insert(source, ban)),
                }
            }
        });
    }

    /// Ends a ban at once; false when there was none.
    pub(crate) fn lift(&self, now: Timestamp, source: IpAddr) -> bool {
        let mut was_banned = false;
        self.change(now, |table| {
            was_banned = table.remove(&ban_key(source)).is_some()
        });
        was_banned
    }

    fn change(&self, now: Timestamp, act: impl FnOnce(&mut BanTable)) {
        // A panic while it is held leaves the table of before, which is sound.
        let _writing = self
            .writing
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut table = BanTable::clone(&self.table.load());
        table.retain(|_, ban| ban.until > now);
        act(&mut table);
        while table.len() > BANS_MAX {
            let first = table
                .values()
                .min_by_key(|ban| ban.until)
                .map(|ban| ban.source);
            first.and_then(|source| table.remove(&source));
        }
        self.table.store(Arc::new(table));
    }
}

/// Why a table bans `source` now.
pub(crate) fn reason_of(table: &BanTable, source: IpAddr, now: Timestamp) -> Option<BanReason> {
    if table.is_empty() {
        return None;
    }
    let ban = table.get(&ban_key(source))?;
    (ban.until > now).then_some(ban.reason)
}

/// Where shards report sources that sent too much, and those of them that belong to somebody after all.
#[derive(Clone, Debug)]
pub(crate) struct Suspects(mpsc::Sender<Report>);

#[derive(Clone, Copy, Debug)]
enum Report {
    Flood(IpAddr),
    Known(IpAddr),
}

impl Suspects {
    /// Never waits; a report too many is dropped.
    pub(crate) fn report(&self, source: IpAddr) {
        let _ = self.0.try_send(Report::Flood(source));
    }

    /// A source that was reported is a customer's or a carrier's now. The same.
    pub(crate) fn clear(&self, source: IpAddr) {
        let _ = self.0.try_send(Report::Known(source));
    }
}

/// Takes the reports of shards. A task of its own.
pub(crate) struct BanKeeper {
    bans: Arc<Bans>,
    reports: mpsc::Receiver<Report>,
    length: Duration,
}

impl BanKeeper {
    /// `length`: how long a reported source is banned.
    pub(crate) fn new(bans: Arc<Bans>, length: Duration) -> (Self, Suspects) {
        let (sender, reports) = mpsc::channel(SUSPECTS_MAX);
        let keeper = Self {
            bans,
            reports,
            length,
        };
        (keeper, Suspects(sender))
    }

    /// Until all shards are gone.
    pub(crate) async fn run(mut self) {
        let mut reports = Vec::new();
        while self.reports.recv_many(&mut reports, SUSPECTS_MAX).await > 0 {
            self.take(crate::edge::wall(), &reports);
            reports.clear();
            tokio::time::sleep(REPORTS_EVERY).await;
        }
    }

    fn take(&self, since: Timestamp, reports: &[Report]) {
        let (mut floods, mut known) = (Vec::new(), Vec::new());
        for report in reports {
            match report {
                Report::Flood(source) => floods.push(*source),
                Report::Known(source) => known.push(*source),
            }
        }
        if !floods.is_empty() {
            tracing::info!(sources = floods.len(), "banned for sending too much");
        }
        let length = i64::try_from(self.length.as_micros()).unwrap_or(i64::MAX);
        let until = Timestamp(since.0.saturating_add(length));
        let bans = floods.into_iter().map(|source| Ban {
            source,
            since,
            until,
            reason: BanReason::Flood,
            note: None,
        });
        self.bans.add(since, bans);
        self.bans.forgive(since, &known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Bans {
        fn has(&self, source: IpAddr, now: Timestamp) -> bool {
            self.reason_of(source, now).is_some()
        }
    }

    fn ban(source: [u8; 4], until: i64) -> Ban {
        Ban {
            source: IpAddr::from(source),
            since: Timestamp(0),
            until: Timestamp(until),
            reason: BanReason::Operator,
            note: None,
        }
    }

    #[test]
    fn a_ban_ends_by_itself_or_at_once() {
        let bans = Bans::default();
        let (a, b) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        bans.add(
            Timestamp(0),
            [ban([192, 0, 2, 1], 100), ban([192, 0, 2, 2], 100)],
        );
        assert!(bans.has(a, Timestamp(99)) && bans.has(b, Timestamp(99)));
        assert!(bans.lift(Timestamp(50), a));
        assert!(!bans.lift(Timestamp(50), a), "it was lifted already");
        assert!(!bans.has(a, Timestamp(51)) && bans.has(b, Timestamp(51)));
        assert!(!bans.has(b, Timestamp(100)));
        assert!(bans.list(Timestamp(100)).is_empty());
    }

    #[test]
    fn who_belongs_to_somebody_now_is_forgiven_a_flood_but_not_what_an_operator_banned() {
        let bans = Arc::new(Bans::default());
        let (keeper, _) = BanKeeper::new(Arc::clone(&bans), Duration::from_secs(1));
        let source = |last| IpAddr::from([192, 0, 2, last]);
        bans.add(Timestamp(0), [ban([192, 0, 2, 2], 100)]);
        let floods = [Report::Flood(source(1)), Report::Flood(source(3))];
        keeper.take(Timestamp(0), &floods);
        let known = [Report::Known(source(1)), Report::Known(source(2))];
        keeper.take(Timestamp(0), &known);
        let reason = |last| bans.reason_of(source(last), Timestamp(1));
        assert_eq!(reason(1), None);
        assert_eq!(reason(2), Some(BanReason::Operator));
        assert_eq!(reason(3), Some(BanReason::Flood));
    }

    #[test]
    fn the_list_is_bounded_and_what_would_end_first_makes_room() {
        let bans = Bans::default();
        let many = (0..BANS_MAX as u32 + 10)
            .map(|number| ban(number.to_be_bytes(), i64::from(number) + 1));
        bans.add(Timestamp(0), many);
        assert_eq!(bans.list(Timestamp(0)).len(), BANS_MAX);
        assert!(!bans.has(IpAddr::from([0, 0, 0, 9]), Timestamp(0)));
        assert!(bans.has(IpAddr::from([0, 0, 0, 10]), Timestamp(0)));
    }

    #[test]
    fn one_host_of_ipv6_is_its_network_and_a_mapped_address_is_the_one_within() {
        let bans = Bans::default();
        let host = |text: &str| text.parse::<IpAddr>().expect("an address");
        bans.add(
            Timestamp(0),
            [Ban {
                source: host("2001:db8::1"),
                ..ban([0; 4], 9)
            }],
        );
        bans.add(
            Timestamp(0),
            [Ban {
                source: host("::ffff:192.0.2.1"),
                ..ban([0; 4], 9)
            }],
        );
        assert!(bans.has(host("2001:db8::ffff"), Timestamp(0)));
        assert!(!bans.has(host("2001:db8:0:1::1"), Timestamp(0)));
        assert!(bans.has(host("192.0.2.1"), Timestamp(0)));
    }
}
