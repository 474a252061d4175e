//! What stands between the network and the engine: bans, rates of sources, scanners, overload.
//!
//! Each shard has a [`Gate`] of its own; nothing in it is shared but the list of bans, which is
//! an immutable table that is swapped whole. A message is judged by its source before it is parsed.

mod bans;
mod gate;
mod overload;
mod scanner;

pub(crate) use bans::{BanKeeper, Bans, Suspects, ban_key};
pub(crate) use gate::GateCounters;
pub(crate) use overload::Overload;

use super::ownership::Ownership;
use crate::config::DefenceConfig;
use arc_swap::ArcSwap;
use arc_swap::cache::Cache;
use bans::BanTable;
use call_control::{Engine, Now};
use gate::{Gate, GateLimits, Verdict};
use mgmt_api::switch_port::BanReason;
use scanner::Scanners;
use sip_core::{Instant, Limits, Message};
use std::net::IpAddr;
use std::sync::Arc;

/// What one shard asks before it reads a message.
pub(crate) struct Guard {
    gate: Gate,
    bans: Cache<Arc<ArcSwap<BanTable>>, Arc<BanTable>>,
    suspects: Suspects,
    scanners: Scanners,
}

/// A message and who sent it.
#[derive(Clone, Copy)]
pub(crate) struct Arrival<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) source: IpAddr,
}

impl Guard {
    pub(crate) fn new(config: &DefenceConfig, bans: &Bans, suspects: Suspects) -> Self {
        let limits = GateLimits {
            known_per_s: config.known_source_messages_per_second,
            unknown_per_s: config.unknown_source_messages_per_second,
            unknown_total_per_s: config.unknown_messages_per_second,
            ban_after: config.ban_after_messages,
        };
        Self {
            gate: Gate::new(limits),
            bans: Cache::new(bans.table()),
            suspects,
            scanners: Scanners::new(&config.scanner_agents),
        }
    }

    /// Whether a message may cost more than a look at its source.
    pub(crate) fn admits(
        &mut self,
        now: Now,
        arrival: Arrival<'_>,
        engine: &Engine,
        ownership: &Ownership,
        limits: &Limits,
    ) -> bool {
        let is_known = || engine.knows(now.instant, arrival.source);
        let is_ours = || {
            let message = Message::parse(arrival.bytes, limits);
            message.is_ok_and(|message| ownership.has_ticket(&message))
        };
        self.judge(now, arrival, engine.snapshot_number(), is_known, is_ours)
    }

    /// `is_known`: whether the source is a customer's or a carrier's by this snapshot. `is_ours`: whether the
    /// message has a ticket of ours.
    fn judge(
        &mut self,
        now: Now,
        arrival: Arrival<'_>,
        snapshot: u64,
        is_known: impl Fn() -> bool,
        is_ours: impl Fn() -> bool,
    ) -> bool {
        let (at, source) = (now.instant, arrival.source);
        match bans::reason_of(self.bans.load(), source, now.wall) {
            Some(BanReason::Operator) => {
                self.gate.counters.banned += 1;
                return false;
            }
            Some(BanReason::Flood) if !self.gate.knows(at, source, snapshot, &is_known) => {
                let passes = self.lets_through(at, source, &is_ours);
                self.gate.counters.banned += u64::from(!passes);
                return passes;
            }
            // It has become a customer's or a carrier's since.
            Some(BanReason::Flood) => self.suspects.clear(source),
            None => {}
        }
        match self.gate.judge(at, source, snapshot, &is_known) {
            Verdict::Pass => true,
            Verdict::PassUnknown if self.scanners.sent(arrival.bytes) => {
                self.gate.counters.scanners += 1;
                self.count_against(at, source);
                false
            }
            Verdict::PassUnknown => true,
            Verdict::OnlyOurs => {
                let passes = is_ours();
                self.gate.counters.limited += u64::from(!passes);
                passes
            }
            Verdict::TooMany => {
                let passes = self.lets_through(at, source, &is_ours);
                if !passes {
                    self.gate.counters.limited += 1;
                    self.count_against(at, source);
                }
                passes
            }
        }
    }

    /// Whether a message passes although its source sends too much: it belongs to a call that is up, and
    /// the source may not be the one that floods. Anybody can write a stranger's address on a datagram;
    /// nobody but its peers has a call's ticket.
    fn lets_through(&mut self, now: Instant, source: IpAddr, is_ours: impl Fn() -> bool) -> bool {
        self.gate.may_look(now) && is_ours() && self.gate.may_pass_ticket(now, source)
    }

    /// A message too many, whatever its rate.
    fn count_against(&mut self, now: Instant, source: IpAddr) {
        if self.gate.count_against(now, source) {
            self.suspects.report(source);
        }
    }

    /// What was kept out.
    pub(crate) fn counters(&self) -> GateCounters {
        self.gate.counters
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mgmt_api::switch_port::Ban;
    use rating::Timestamp;

    const FLOOD: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    struct Scene {
        guard: Guard,
        bans: Arc<Bans>,
        _keeper: BanKeeper,
    }

    fn scene() -> Scene {
        let bans = Arc::new(Bans::default());
        let (keeper, suspects) = BanKeeper::new(Arc::clone(&bans), std::time::Duration::ZERO);
        let limits = GateLimits {
            known_per_s: 0,
            unknown_per_s: 10,
            unknown_total_per_s: 0,
            ban_after: 100,
        };
        let guard = Guard {
            gate: Gate::new(limits),
            bans: Cache::new(bans.table()),
            suspects,
            scanners: Scanners::new(&[]),
        };
        Scene {
            guard,
            bans,
            _keeper: keeper,
        }
    }

    impl Scene {
        fn ban(&self, reason: BanReason) {
            let ban = Ban {
                source: FLOOD,
                since: Timestamp(0),
                until: Timestamp(100),
                reason,
                note: None,
            };
            self.bans.add(Timestamp(0), [ban]);
        }

        /// Whether a message passes; of a call that is up or not.
        fn passes(&mut self, is_ours: bool) -> bool {
            self.passes_from(false, is_ours)
        }

        fn passes_from(&mut self, is_known: bool, is_ours: bool) -> bool {
            let now = Now {
                instant: Instant::from_micros(1_000_000),
                wall: Timestamp(1),
            };
            let arrival = Arrival {
                bytes: b"",
                source: FLOOD,
            };
            // Each is judged anew, as by a snapshot of its own.
            let snapshot = u64::from(is_known);
            self.guard
                .judge(now, arrival, snapshot, || is_known, || is_ours)
        }
    }

    #[test]
    fn calls_that_are_up_go_on_while_their_address_is_flooded_from_and_banned_for_it() {
        let mut scene = scene();
        let passed = (0..500).filter(|_| scene.passes(false)).count();
        assert_eq!(passed, 10);
        assert!(scene.passes(true), "beyond the rate of its source");
        scene.ban(BanReason::Flood);
        assert!(!scene.passes(false));
        assert!(scene.passes(true), "and while that is banned");
        scene.ban(BanReason::Operator);
        assert!(!scene.passes(true), "an operator's word is the last");
        assert!(!scene.passes_from(true, true));
    }

    #[test]
    fn a_flood_is_no_flood_once_it_is_a_customers() {
        let mut scene = scene();
        scene.ban(BanReason::Flood);
        assert!(!scene.passes(false));
        assert!(scene.passes_from(true, false));
    }
}
