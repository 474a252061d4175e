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
use scanner::Scanners;
use sip_core::{Limits, Message};
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
        let Arrival { bytes, source } = arrival;
        if bans::is_banned(self.bans.load(), source, now.wall) {
            self.gate.counters.banned += 1;
            return false;
        }
        let is_known = || engine.knows(now.instant, source);
        match self
            .gate
            .judge(now.instant, source, engine.snapshot_number(), is_known)
        {
            Verdict::Pass => true,
            Verdict::PassUnknown if self.scanners.sent(bytes) => {
                self.gate.counters.scanners += 1;
                self.count_against(now, source)
            }
            Verdict::PassUnknown => true,
            Verdict::OnlyOurs => {
                let message = Message::parse(bytes, limits);
                let is_ours = message.is_ok_and(|message| ownership.has_ticket(&message));
                self.gate.counters.limited += u64::from(!is_ours);
                is_ours
            }
            Verdict::Drop => false,
            Verdict::DropAndReport => {
                self.suspects.report(source);
                false
            }
        }
    }

    /// A message too many, whatever its rate.
    fn count_against(&mut self, now: Now, source: IpAddr) -> bool {
        if self.gate.too_many(now.instant, source) == Verdict::DropAndReport {
            self.suspects.report(source);
        }
        false
    }

    /// What was kept out.
    pub(crate) fn counters(&self) -> GateCounters {
        self.gate.counters
    }
}
