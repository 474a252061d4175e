//! What a decision read that no snapshot has, so that it can be made again.
//!
//! A decision is a function of the request, the snapshot, and of figures that move while the
//! snapshot stands still: counters of limits, turns of round robin, throttles, the quality of
//! carriers ([`Admission`]). The request stands in the call's record and the snapshot has a number.
//! The rest is noted here, in some bytes of the call's record ([`decide_noted`]), and given back by
//! [`RecordedAdmission`]: the same pipeline then gives the same decision, with every loser and its
//! reason, none of which has to be stored.
//!
//! # What is noted
//!
//! The wall clock, how many gates were asked and which refused or that money did, the turns, a digest of the decision, and
//! where trunks believe it who calls beside From, which the call's record has not. Of routes something is noted only where figures decided: the ten candidates, and
//! [`NOTED_MAX`] of those that had no place among them. A route that is not noted is taken to do
//! worse than any other when the decision is made again. It had no place with the figures it had, so
//! it has none with worse ones, and the order of the others does not depend on it: the decision is
//! the same all the same, only the figures of that loser are lost.
//!
//! The digest tells whether that came true: a later program may decide otherwise.

mod digest;
mod replayed;

pub use digest::decision_bytes;
pub use replayed::{NotedIdentity, RecordedAdmission};

use crate::credit::{CreditAsk, Reservation};
use crate::decide::{CANDIDATES_MAX, CallRequest, Candidate, Decision, decide};
use crate::limits::{Admission, Gate, Passed};
use crate::numbers::{CALLING_BYTES_MAX, Rotations};
use crate::quality::Quality;
use crate::snapshot::{EgressTrunk, RateRef, Snapshot, TrunkIndex, Turns};
use crate::trace::{LossReason, RouteVerdict, Step, Trace};
use arrayvec::{ArrayString, ArrayVec};
use rating::cdr::ReleaseReason;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Routes without a place in the plan whose figures are noted; those of more are not kept.
pub const NOTED_MAX: usize = 32;

/// The longest record of a decision.
pub const RECORD_BYTES_MAX: usize = 1_700;

/// The first byte of a record. What is added later stands behind what is known now, so that an
/// older program still reads its part.
const VERSION: u8 = 1;

const ROUTES_MAX: usize = CANDIDATES_MAX + NOTED_MAX;

/// A varint of 64 bits takes ten bytes, one of 32 bits five.
const ROUTE_BYTES_MAX: usize = 10 + 1 + 1 + 5 * 5;
const HEAD_BYTES_MAX: usize = 1 + 10 + 1 + 3 + 6 + 10 + 2;
const FURTHER_BYTES_MAX: usize = 1 + 1 + CALLING_BYTES_MAX + 1 + 6;
const _: () =
    assert!(HEAD_BYTES_MAX + ROUTES_MAX * ROUTE_BYTES_MAX + FURTHER_BYTES_MAX <= RECORD_BYTES_MAX);

/// A record that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// Of a later program that broke with this form.
    #[error("the record of the decision has version {0}, which this program does not know")]
    Unknown(u8),
    /// Not a record.
    #[error("the record of the decision cannot be decoded")]
    Undecodable,
}

/// The record, as postcard writes it behind its version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Notes {
    at_us: i64,
    /// How many times gates were asked, and money.
    passes: u8,
    /// Why the last of them were closed, or why there was too little.
    refused: Option<ReleaseReason>,
    turn: Option<u32>,
    /// Of the decision ([`digest`]).
    digest: u64,
    /// `None` when no figure of a route had a say.
    routes: Option<ArrayVec<RouteNote, ROUTES_MAX>>,
}

/// What stands behind the notes, in records of programs that know of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct FurtherNotes {
    /// The number that was believed to stand for the caller, as received.
    asserted: Option<ArrayString<CALLING_BYTES_MAX>>,
    is_private: bool,
    /// Whose turn it was among the numbers of a CLI rule.
    rotation: Option<u32>,
}

/// What was read of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct RouteNote {
    /// The resource's identifier.
    trunk: i64,
    is_throttled: bool,
    quality: Option<Quality>,
}

/// Decides a call as [`decide`] does and notes what was read for it: at most [`RECORD_BYTES_MAX`]
/// bytes, a few where no figures of routes decide. One allocation.
pub fn decide_noted(
    request: &CallRequest<'_>,
    snapshot: &Snapshot,
    admission: &mut impl Admission,
) -> (Decision, Arc<[u8]>) {
    let mut noting = Noting {
        inner: admission,
        passes: 0,
        refused: None,
        turn: None,
        rotation: None,
    };
    let mut beyond = Beyond::default();
    let decision = decide(request, snapshot, &mut noting, &mut beyond);
    let notes = Notes {
        at_us: request.at.0,
        passes: noting.passes,
        refused: noting.refused,
        turn: noting.turn,
        digest: digest::digest(&decision, snapshot),
        routes: beyond.noted(&decision, snapshot),
    };
    let further = FurtherNotes {
        rotation: noting.rotation,
        ..FurtherNotes::of(request, &decision, snapshot)
    };
    (decision, notes.to_bytes(&further))
}

impl FurtherNotes {
    /// Who calls beside From, where any trunk believes it.
    fn of(request: &CallRequest<'_>, decision: &Decision, snapshot: &Snapshot) -> Self {
        let trunk = match decision {
            Decision::Route(plan) => Some(plan.ingress_trunk),
            Decision::Reject(rejection) => rejection.ingress_trunk,
        };
        // Also where no rule of today looks at it: one of a draft may, that is tried on this call.
        let Some(trunk) = trunk.filter(|_| snapshot.reads_identity()) else {
            return Self::default();
        };
        let trunk = snapshot.ingress_trunk(trunk);
        let believed = request.identity.believed(trunk.identity.asserted);
        Self {
            // What is longer is used by nobody.
            asserted: believed.and_then(|number| ArrayString::from(number).ok()),
            is_private: request.identity.is_private,
            rotation: None,
        }
    }
}

impl Notes {
    fn to_bytes(&self, further: &FurtherNotes) -> Arc<[u8]> {
        let mut room = [0; RECORD_BYTES_MAX];
        room[0] = VERSION;
        // It fits: see the assertion above.
        let all = (self, further);
        let length = postcard::to_slice(&all, &mut room[1..]).map_or(0, |written| written.len());
        Arc::from(&room[..1 + length])
    }

    fn from_bytes(bytes: &[u8]) -> Result<(Self, FurtherNotes), RecordError> {
        match bytes.split_first() {
            Some((&VERSION, notes)) => {
                let read = postcard::take_from_bytes(notes);
                let (notes, rest) = read.map_err(|_| RecordError::Undecodable)?;
                if rest.is_empty() {
                    return Ok((notes, FurtherNotes::default()));
                }
                let read = postcard::take_from_bytes(rest);
                let (further, _) = read.map_err(|_| RecordError::Undecodable)?;
                Ok((notes, further))
            }
            Some((version, _)) => Err(RecordError::Unknown(*version)),
            None => Err(RecordError::Undecodable),
        }
    }

    fn route(&self, trunk: &EgressTrunk) -> Option<&RouteNote> {
        let mut routes = self.routes.iter().flatten();
        routes.find(|route| route.trunk == trunk.resource.id)
    }
}

/// Asks another, and notes what it says.
struct Noting<'a, A> {
    inner: &'a mut A,
    passes: u8,
    refused: Option<ReleaseReason>,
    turn: Option<u32>,
    rotation: Option<u32>,
}

impl<A: Admission> Admission for Noting<'_, A> {
    fn pass(&mut self, gates: &[Gate<'_>], now_us: u64) -> Result<Passed, ReleaseReason> {
        self.passes = self.passes.saturating_add(1);
        let passed = self.inner.pass(gates, now_us);
        self.refused = passed.as_ref().err().copied();
        passed
    }

    fn reserve(&mut self, ask: &CreditAsk<'_>) -> Result<Option<Reservation>, ReleaseReason> {
        self.passes = self.passes.saturating_add(1);
        let reserved = self.inner.reserve(ask);
        self.refused = reserved.as_ref().err().copied();
        reserved
    }

    fn turn(&mut self, turns: &Turns, destination: &str, draw: u64) -> u32 {
        let turn = self.inner.turn(turns, destination, draw);
        self.turn = Some(turn);
        turn
    }

    fn rotation(&mut self, rotations: &Rotations, rule: u16, draw: u64) -> u32 {
        let turn = self.inner.rotation(rotations, rule, draw);
        self.rotation = Some(turn);
        turn
    }

    fn holds_back(&self, trunk: &EgressTrunk, request: &CallRequest<'_>) -> bool {
        self.inner.holds_back(trunk, request)
    }

    fn quality(
        &self,
        request: &CallRequest<'_>,
        trunk: &EgressTrunk,
        carrier: i64,
        rate: RateRef,
        called: &str,
    ) -> Quality {
        self.inner.quality(request, trunk, carrier, rate, called)
    }

    fn in_the_way(&self, place: usize, gates: &[Gate<'_>], now_us: u64) -> Option<ReleaseReason> {
        self.inner.in_the_way(place, gates, now_us)
    }
}

/// Routes that had no place in the plan.
#[derive(Default)]
struct Beyond {
    routes: ArrayVec<(TrunkIndex, bool, Option<Quality>), NOTED_MAX>,
    /// A figure of one of them had a say, whether or not there was room to note it.
    has_say: bool,
}

impl Trace for Beyond {
    const ENABLED: bool = false;

    fn step(&mut self, _: Step<'_>) {}

    fn route(&mut self, verdict: RouteVerdict) {
        if verdict.lost == Some(LossReason::BeyondLongestList) {
            let is_throttled = verdict.key.is_some_and(|key| key.is_throttled);
            self.has_say |= is_throttled || verdict.quality.is_some();
            // What does not fit is taken to do worst.
            let _ = self
                .routes
                .try_push((verdict.trunk, is_throttled, verdict.quality));
        }
    }
}

impl Beyond {
    /// What was read of routes; `None` when it had no say.
    fn noted(
        &self,
        decision: &Decision,
        snapshot: &Snapshot,
    ) -> Option<ArrayVec<RouteNote, ROUTES_MAX>> {
        let Decision::Route(plan) = decision else {
            return None;
        };
        let of = |candidate: &Candidate| {
            let key = candidate.key;
            (candidate.trunk, key.is_throttled, candidate.quality)
        };
        let candidates = plan.candidates.iter().map(of);
        let all = || candidates.clone().chain(self.routes.iter().copied());
        let has_say = all().any(|(_, is_throttled, quality)| is_throttled || quality.is_some());
        (has_say || self.has_say).then(|| {
            let note = |(trunk, is_throttled, quality)| RouteNote {
                trunk: snapshot.egress_trunk(trunk).resource.id,
                is_throttled,
                quality,
            };
            all().map(note).collect()
        })
    }
}
