//! What is measured: servers that do the same job.

use crate::kamailio::{Hiding, Kamailio};
use crate::ours::Ours;
use crate::processes::Processes;
use crate::world::{CARRIER, Cores};
use std::any::Any;
use std::net::SocketAddrV4;

/// A server at work. Dropping it ends it.
pub(crate) struct Running {
    pub(crate) address: SocketAddrV4,
    pub(crate) processes: Processes,
    /// Ends with it.
    pub(crate) kept: Box<dyn Any>,
}

/// How a server is started.
#[derive(Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) cores: Cores,
    /// Whether memory that is reserved at the start is also touched then: not where its growth is measured.
    pub(crate) touches_memory: bool,
}

impl Setting {
    pub(crate) const ONE_CORE: Self = Self {
        cores: Cores::One,
        touches_memory: true,
    };
}

pub(crate) trait Contender {
    fn name(&self) -> &'static str;
    /// What it is, for the report.
    fn version(&self) -> String;
    fn start(&self, setting: Setting) -> Running;
    /// Calls a second that the search for the most begins with.
    fn first_rate(&self) -> f64;
    /// Whether each window wants a server that has just been started.
    fn wants_fresh_starts(&self) -> bool {
        false
    }
    /// Calls a second at which work and delays are compared.
    fn fixed_rates(&self) -> &'static [f64] {
        &[1_000.0, 2_000.0, 4_000.0]
    }
    /// Whether it has a further route, so that a refusal is got over.
    fn has_failover(&self) -> bool {
        true
    }
    /// Whether memory and two cores are measured too; of variants of the same server they are not.
    fn is_measured_whole(&self) -> bool {
        false
    }
}

pub(crate) const OURS: &str = "DIDTron";
pub(crate) const OURS_HELD_OFF: &str = "DIDTron, loading held off";
pub(crate) const CLASS4: &str = "Kamailio class4";
pub(crate) const TOPOH: &str = "Kamailio class4 + topoh";
pub(crate) const TOPOS: &str = "Kamailio class4 + topos on Redis";
pub(crate) const MINIMAL: &str = "Kamailio minimal";
/// Callers that call the carriers, with nothing between them: what the generator can do.
const ALONE: &str = "the generator alone";

struct Alone;

impl Contender for Alone {
    fn name(&self) -> &'static str {
        ALONE
    }

    fn version(&self) -> String {
        String::new()
    }

    fn start(&self, _: Setting) -> Running {
        Running {
            address: CARRIER,
            processes: Processes::of(&[]),
            kept: Box::new(()),
        }
    }

    fn first_rate(&self) -> f64 {
        20_000.0
    }

    fn fixed_rates(&self) -> &'static [f64] {
        &[]
    }

    fn has_failover(&self) -> bool {
        false
    }
}

/// Those of them that are installed, ours first; `wanted` says which. The last is the generator alone.
pub(crate) fn all(wanted: impl Fn(&str) -> bool) -> Vec<Box<dyn Contender>> {
    let mut all: Vec<Box<dyn Contender>> = Vec::new();
    if wanted(OURS) || wanted(OURS_HELD_OFF) {
        let prepared = crate::ours::prepare();
        let ours = |is_held_off| -> Box<dyn Contender> {
            Box::new(Ours {
                prepared: prepared.clone(),
                is_held_off,
            })
        };
        let two = [(OURS, false), (OURS_HELD_OFF, true)];
        all.extend(
            two.into_iter()
                .filter(|(name, _)| wanted(name))
                .map(|(_, held_off)| ours(held_off)),
        );
    }
    for hiding in [
        Hiding::Nothing,
        Hiding::Topoh,
        Hiding::Topos,
        Hiding::Minimal,
    ] {
        let kamailio = Kamailio(hiding);
        if !wanted(kamailio.name()) {
            continue;
        }
        match kamailio.missing() {
            None => all.push(Box::new(kamailio)),
            Some(program) => println!(
                "{} is left out: {program} is not installed",
                kamailio.name()
            ),
        }
    }
    if wanted(ALONE) {
        all.push(Box::new(Alone));
    }
    all
}
