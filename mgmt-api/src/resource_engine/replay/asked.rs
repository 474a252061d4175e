//! A call to decide once more: one of the records, or one that somebody thought up.

use super::Moment;
use super::money::{money, money_of_talk};
use super::sums::Side;
use rating::Timestamp;
use rating::cdr::CallRecord;
use routing_engine::record::NotedIdentity;
use routing_engine::{CallRequest, RecordedAdmission, RoutePlan, Snapshot, Source};
use std::net::IpAddr;

/// A call to decide once more.
#[derive(Clone, Copy)]
pub(crate) struct AskedCall<'r> {
    pub(crate) source: AskedSource<'r>,
    pub(crate) called: &'r str,
    pub(crate) calling: &'r str,
    pub(crate) at: Timestamp,
    pub(crate) draw: u64,
    /// Whose it is said to be.
    pub(crate) customer: Option<&'r str>,
    pub(crate) facts: CallFacts<'r>,
}

/// How its ingress trunk is found.
#[derive(Clone, Copy)]
pub(crate) enum AskedSource<'r> {
    Address(IpAddr),
    /// By a name.
    Customer(&'r str),
}

/// What became of it.
#[derive(Clone, Copy)]
pub(crate) enum CallFacts<'r> {
    Recorded(&'r CallRecord),
    /// So long a talk, milliseconds, or no answer.
    Talk(Option<u64>),
}

impl<'r> AskedCall<'r> {
    pub(crate) fn of_record(record: &'r CallRecord) -> Self {
        Self {
            source: AskedSource::Address(record.ingress_source.ip()),
            called: &record.called_number_received,
            calling: &record.calling_number_received,
            at: record.received_at,
            draw: record.id.draw(),
            customer: record.customer.as_ref().map(|customer| &*customer.name),
            facts: CallFacts::Recorded(record),
        }
    }

    /// As a snapshot is asked.
    pub(super) fn request<'a>(&self, snapshot: &Snapshot, moment: &Moment<'a>) -> CallRequest<'a>
    where
        'r: 'a,
    {
        CallRequest {
            source: self.source_in(snapshot),
            called: self.called,
            calling: self.calling,
            identity: Default::default(),
            now_us: moment.now_us,
            at: self.at,
            draw: self.draw,
            quality: moment.quality,
        }
    }

    /// The trunk that a call of the records came by, however it was known.
    fn source_in(&self, snapshot: &Snapshot) -> Source<'r> {
        let trunk = match self.facts {
            CallFacts::Recorded(record) => record.ingress_trunk.as_ref(),
            CallFacts::Talk(_) => None,
        };
        match (
            trunk.and_then(|trunk| snapshot.ingress_trunk_of(trunk.id)),
            self.source,
        ) {
            (Some(trunk), _) => Source::Trunk(trunk),
            (None, AskedSource::Address(address)) => Source::Address(address),
            (None, AskedSource::Customer(name)) => Source::Customer(name),
        }
    }

    /// Who called beside From, as far as its record keeps that: it is the caller's, whatever decides.
    pub(super) fn identity(&self) -> NotedIdentity {
        let decision = match self.facts {
            CallFacts::Recorded(record) => record.decision.as_ref(),
            CallFacts::Talk(_) => None,
        };
        let recorded = decision.and_then(|decision| RecordedAdmission::new(&decision.0, &[]).ok());
        recorded
            .map(|recorded| recorded.identity())
            .unwrap_or_default()
    }

    /// Whether the record of its decision cannot be read: who called beside From is not known then.
    pub(super) fn is_decision_lost(&self) -> bool {
        let CallFacts::Recorded(record) = self.facts else {
            return false;
        };
        let decision = record.decision.as_ref();
        decision.is_some_and(|decision| RecordedAdmission::new(&decision.0, &[]).is_err())
    }

    /// What its record keeps, when the snapshot is the one that decided it.
    pub(super) fn recorded(&self, snapshot: &Snapshot) -> Option<RecordedAdmission> {
        let CallFacts::Recorded(record) = self.facts else {
            return None;
        };
        let own = record.snapshot_number == snapshot.number();
        let decision = record.decision.as_ref().filter(|_| own)?;
        RecordedAdmission::new(&decision.0, &record.passed_over).ok()
    }

    pub(super) fn money(&self, snapshot: &Snapshot, plan: &RoutePlan) -> Side {
        match self.facts {
            CallFacts::Recorded(record) => money(record, snapshot, plan),
            CallFacts::Talk(talk_ms) => money_of_talk(self.at, talk_ms, snapshot, plan),
        }
    }
}
