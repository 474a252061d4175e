//! The figures that a decision of the past read, for making it again.

use super::{FurtherNotes, Notes, RecordError, digest};
use crate::credit::{CreditAsk, Reservation};
use crate::decide::{CallRequest, Decision};
use crate::limits::{Admission, Gate, Passed};
use crate::numbers::{Rotations, ShownIdentity};
use crate::quality::Quality;
use crate::snapshot::{EgressTrunk, RateRef, Snapshot, Turns};
use rating::Timestamp;
use rating::cdr::{PassedOver, ReleaseReason};

/// Who called beside From, as far as the decision looked at it.
#[derive(Clone, Debug, Default)]
pub struct NotedIdentity(FurtherNotes);

impl NotedIdentity {
    /// As a request for the same decision needs it.
    pub fn shown(&self) -> ShownIdentity<'_> {
        ShownIdentity::of_believed(self.0.asserted.as_deref(), self.0.is_private)
    }
}

/// Says at each gate what was said then. Counters of now are not looked at.
#[derive(Clone, Debug)]
pub struct RecordedAdmission {
    notes: Notes,
    further: FurtherNotes,
    /// Candidates that the call could not take when it came to them.
    passed_over: Vec<PassedOver>,
    passes: u8,
}

impl RecordedAdmission {
    /// Of the record that [`decide_noted`](super::decide_noted) made, and of what became of the
    /// plan's candidates.
    ///
    /// # Errors
    /// [`RecordError`] for what is none, or is of a later program.
    pub fn new(record: &[u8], passed_over: &[PassedOver]) -> Result<Self, RecordError> {
        let (notes, further) = Notes::from_bytes(record)?;
        Ok(Self {
            notes,
            further,
            passed_over: passed_over.to_vec(),
            passes: 0,
        })
    }

    /// The wall clock of the decision.
    pub fn at(&self) -> Timestamp {
        Timestamp(self.notes.at_us)
    }

    /// Who called beside From, where anything looked at it.
    pub fn identity(&self) -> NotedIdentity {
        NotedIdentity(self.further.clone())
    }

    /// Whether a decision is the one that was made then.
    pub fn is_same(&self, decision: &Decision, snapshot: &Snapshot) -> bool {
        digest::digest(decision, snapshot) == self.notes.digest
    }

    /// What the next of all that were asked said then.
    fn ask(&mut self) -> Result<(), ReleaseReason> {
        self.passes = self.passes.saturating_add(1);
        match self.notes.refused {
            Some(reason) if self.passes == self.notes.passes => Err(reason),
            _ => Ok(()),
        }
    }

    /// Whether the figures of a route are known; where no figures had a say, none are needed.
    pub(crate) fn knows(&self, trunk: &EgressTrunk) -> bool {
        self.notes.routes.is_none() || self.notes.route(trunk).is_some()
    }
}

impl Admission for RecordedAdmission {
    fn pass(&mut self, _: &[Gate<'_>], _: u64) -> Result<Passed, ReleaseReason> {
        self.ask().map(|()| Passed::default())
    }

    fn reserve(&mut self, _: &CreditAsk<'_>) -> Result<Option<Reservation>, ReleaseReason> {
        self.ask().map(|()| None)
    }

    fn turn(&mut self, _: &Turns, _: &str, _: u64) -> u32 {
        self.notes.turn.unwrap_or(0)
    }

    fn rotation(&mut self, _: &Rotations, _: u16, _: u64) -> u32 {
        self.further.rotation.unwrap_or(0)
    }

    fn holds_back(&self, trunk: &EgressTrunk, _: &CallRequest<'_>) -> bool {
        let note = self.notes.route(trunk);
        let is_any_noted = self.notes.routes.is_some();
        note.map_or(is_any_noted, |note| note.is_throttled)
    }

    fn quality(
        &self,
        _: &CallRequest<'_>,
        trunk: &EgressTrunk,
        _: i64,
        _: RateRef,
        _: &str,
    ) -> Quality {
        let note = self.notes.route(trunk);
        note.and_then(|note| note.quality).unwrap_or(Quality::WORST)
    }

    fn in_the_way(&self, place: usize, _: &[Gate<'_>], _: u64) -> Option<ReleaseReason> {
        let found = self
            .passed_over
            .iter()
            .find(|passed| usize::from(passed.place) == place);
        found.map(|passed| passed.reason)
    }
}
