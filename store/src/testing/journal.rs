//! Records and journal files for tests.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use rating::cdr::{
    AppliedRate, AttemptRecord, CallId, CallRecord, Charge, JournalEntry, Outcome, Release,
    ReleaseReason, ReleasedBy, ResourceRef, Transport,
};
use rating::journal::{
    BootId, SEALED_AT_OFFSET, SEGMENT_HEADER_BYTES, STOPPED_OFFSET, SegmentHeader, SegmentName,
    encode_into, frame_bytes,
};
use rating::rounding::Rounding;
use rating::{Amount, Currency, Timestamp};
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

/// 2026-03-01T12:00:00Z.
pub(crate) const NOON: i64 = 1_772_366_400_000_000;

const SECOND: i64 = 1_000_000;

fn reference(id: i64, name: &str) -> ResourceRef {
    ResourceRef {
        id,
        name: name.into(),
    }
}

/// 0.06 a minute for the customer, 0.03 for us, by the second.
fn rate(card: &str, nanos: i64) -> AppliedRate {
    AppliedRate {
        rate_card: reference(1, card),
        prefix: "33142".into(),
        destination: "France Paris".into(),
        currency: Currency::USD,
        initial_rate_per_minute: Amount(nanos),
        next_rate_per_minute: Amount(nanos),
        initial_interval_s: 1,
        next_interval_s: 1,
        connection_fee: Amount(0),
        attempt_fee: Amount(0),
        grace_period_s: 0,
        rounding: Rounding::FINEST,
        exchange_rate: Default::default(),
        origin: Default::default(),
    }
}

fn release(by: ReleasedBy, reason: ReleaseReason, sip_status: u16) -> Release {
    Release {
        by,
        reason,
        sip_status,
        q850_cause: 16,
    }
}

fn attempt(number: u16, carrier: &str, start: i64, outcome: Outcome) -> AttemptRecord {
    let answered = outcome == Outcome::Answered;
    AttemptRecord {
        number,
        carrier: reference(i64::from(number), carrier),
        egress_trunk: reference(10 + i64::from(number), "trunk"),
        gateway: "192.0.2.20:5060".parse().unwrap(),
        transport: Transport::Udp,
        egress_call_id: "egress@test".into(),
        called_number_sent: "33142685300".into(),
        calling_number_sent: "442071838750".into(),
        rate: rate("buy", 30_000_000),
        cost: Charge::default(),
        started_at: Timestamp(start),
        first_reply_at: None,
        ringing_at: None,
        answered_at: answered.then_some(Timestamp(start + 2 * SECOND)),
        ended_at: Timestamp(start + 2 * SECOND),
        outcome,
        release: release(ReleasedBy::Carrier, ReleaseReason::CarrierRejected, 503),
    }
}

/// An identifier of a call that was received then, as a shard makes it.
pub(crate) fn id_at(received_at: Timestamp, number: u32) -> CallId {
    let millis = u128::from((received_at.0 / 1_000).unsigned_abs());
    CallId(millis << 80 | u128::from(number) << 8 | 7)
}

/// A call received `id` seconds after noon, answered 2 s later by its second carrier.
pub(crate) fn answered(id: u32) -> CallRecord {
    let start = NOON + i64::from(id) * SECOND;
    let answered_at = Timestamp(start + 2 * SECOND);
    CallRecord {
        id: id_at(Timestamp(start), id),
        node: "fra-1".into(),
        shard: 0,
        snapshot_number: 17,
        ingress_call_id: "ingress@test".into(),
        ingress_transport: Transport::Udp,
        ingress_source: "192.0.2.1:5060".parse().unwrap(),
        user_agent: None,
        calling_number_received: "442071838750".into(),
        called_number_received: "0033142685300".into(),
        called_number: format!("331426{id:05}").into(),
        customer: Some(reference(
            5,
            if id.is_multiple_of(2) { "even" } else { "odd" },
        )),
        ingress_trunk: Some(reference(6, "in")),
        rate: Some(rate("sell", 60_000_000)),
        charge: Charge::default(),
        margin: Amount(0),
        received_at: Timestamp(start),
        ringing_at: None,
        answered_at: Some(answered_at),
        ended_at: answered_at,
        outcome: Outcome::Answered,
        release: release(ReleasedBy::Switch, ReleaseReason::NormalClearing, 200),
        attempts: vec![
            attempt(1, "first", start, Outcome::Failed),
            attempt(2, "second", start, Outcome::Answered),
        ],
        media: None,
        decision: None,
        passed_over: Vec::new(),
    }
}

/// The same call after ten seconds of talk.
pub(crate) fn ended(id: u32) -> CallRecord {
    let mut call = answered(id);
    call.ended_at = Timestamp(call.ended_at.0 + 10 * SECOND);
    call.charge = Charge {
        billed_seconds: 10,
        amount: Amount(10_000_000),
    };
    call.attempts[1].cost = Charge {
        billed_seconds: 10,
        amount: Amount(5_000_000),
    };
    call.attempts[1].ended_at = call.ended_at;
    call.margin = Amount(5_000_000);
    call
}

/// A call that was received then, answered 2 s later by its second carrier and ended after ten seconds of talk.
pub fn received(at: Timestamp, number: u32) -> CallRecord {
    let mut call = ended(number);
    let later = at.0 - call.received_at.0;
    let move_on = |at: &mut Timestamp| at.0 += later;
    call.id = id_at(at, number);
    move_on(&mut call.received_at);
    call.answered_at.iter_mut().for_each(move_on);
    move_on(&mut call.ended_at);
    for attempt in &mut call.attempts {
        move_on(&mut attempt.started_at);
        attempt.answered_at.iter_mut().for_each(move_on);
        move_on(&mut attempt.ended_at);
    }
    call
}

/// Writes the journal of a dead process: so many calls, answered and ended, of two attempts each.
/// Gives how many segments it has.
///
/// # Panics
/// When the folder cannot be written.
pub fn write_journal(folder: &Path, calls: u32) -> u64 {
    write_calls(folder, (0..calls).map(|id| (answered(id), ended(id))))
}

/// The same of wholesale traffic, 5,000 calls in a second: each call is of one of 300 customers, to one
/// of 1,500 destinations, by two of 20 carriers.
///
/// # Panics
/// When the folder cannot be written.
pub fn write_wholesale_journal(folder: &Path, calls: u32) -> u64 {
    let mut state = 1_u64;
    let mut any = move |below: u64| {
        // Knuth's MMIX generator: the same traffic in each run.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((state >> 33) % below).unwrap()
    };
    let calls = (0..calls).map(|id| {
        let place = (any(300), any(1_500), any(20), any(20));
        let back = i64::from(id) * (SECOND - SECOND / 5_000);
        (
            wholesale(answered(id), place, back),
            wholesale(ended(id), place, back),
        )
    });
    write_calls(folder, calls)
}

/// The call of that customer to that destination by those carriers, so much earlier.
fn wholesale(
    mut call: CallRecord,
    (customer, destination, first, second): (i64, i64, i64, i64),
    back: i64,
) -> CallRecord {
    let earlier = |at: &mut Timestamp| at.0 -= back;
    let destination: Arc<str> = format!("Destination {destination:04} mobile").into();
    call.customer = Some(reference(1_000 + customer, &format!("customer {customer}")));
    call.ingress_trunk = Some(reference(2_000 + customer, "in"));
    call.rate.as_mut().unwrap().destination = Arc::clone(&destination);
    earlier(&mut call.received_at);
    call.id = id_at(call.received_at, (call.id.0 >> 8) as u32);
    call.answered_at.iter_mut().for_each(earlier);
    earlier(&mut call.ended_at);
    for (attempt, carrier) in call.attempts.iter_mut().zip([first, second]) {
        attempt.carrier = reference(3_000 + carrier, &format!("carrier {carrier}"));
        attempt.egress_trunk = reference(4_000 + carrier, "out");
        attempt.rate.destination = Arc::clone(&destination);
        earlier(&mut attempt.started_at);
        attempt.answered_at.iter_mut().for_each(earlier);
        earlier(&mut attempt.ended_at);
    }
    call
}

/// Writes the journal of a dead process of calls that have ended; gives how many segments it has.
///
/// # Panics
/// When the folder cannot be written.
pub fn write_ended_calls(folder: &Path, calls: impl Iterator<Item = CallRecord>) -> u64 {
    write_entries(folder, calls.map(JournalEntry::Ended))
}

fn write_calls(folder: &Path, calls: impl Iterator<Item = (CallRecord, CallRecord)>) -> u64 {
    let entries = calls.flat_map(|(answered, ended)| {
        [JournalEntry::Answered(answered), JournalEntry::Ended(ended)]
    });
    write_entries(folder, entries)
}

fn write_entries(folder: &Path, entries: impl Iterator<Item = JournalEntry>) -> u64 {
    let mut segments = 1;
    let mut segment = TestSegment::create(folder, 1, segments);
    for entry in entries {
        if segment.position > (1 << 20) - 16_384 {
            segment.seal(false);
            segments += 1;
            segment = TestSegment::create(folder, 1, segments);
        }
        segment.append(&entry);
    }
    segment.seal(true);
    segments
}

/// A segment file that is written like a shard writes it.
pub(crate) struct TestSegment {
    pub(crate) file: File,
    pub(crate) position: usize,
    pub(crate) name: SegmentName,
}

impl TestSegment {
    pub(crate) fn create(folder: &Path, boot: u128, sequence: u64) -> Self {
        Self::create_in_shard(folder, boot, 0, sequence)
    }

    pub(crate) fn create_in_shard(folder: &Path, boot: u128, shard: u16, sequence: u64) -> Self {
        let name = SegmentName {
            boot: BootId(boot),
            shard,
            sequence,
        };
        let file = File::create_new(folder.join(name.to_string())).unwrap();
        file.set_len(1 << 20).unwrap();
        let header = SegmentHeader::new(name, "fra-1".into(), Timestamp(NOON)).unwrap();
        file.write_all_at(&header.to_bytes(), 0).unwrap();
        Self {
            file,
            position: SEGMENT_HEADER_BYTES,
            name,
        }
    }

    /// All of the frame but its length; gives the length.
    pub(crate) fn begin(&mut self, entry: &JournalEntry) -> u32 {
        let mut bytes = vec![0; 8_192];
        let length = encode_into(entry, &mut bytes).unwrap();
        bytes.truncate(frame_bytes(length as usize));
        self.file
            .write_all_at(&bytes, self.position as u64)
            .unwrap();
        length
    }

    pub(crate) fn publish(&mut self, length: u32) {
        self.file
            .write_all_at(&length.to_le_bytes(), self.position as u64)
            .unwrap();
        self.position += frame_bytes(length as usize);
    }

    pub(crate) fn append(&mut self, entry: &JournalEntry) {
        let length = self.begin(entry);
        self.publish(length);
    }

    pub(crate) fn answered(&mut self, id: u32) {
        self.append(&JournalEntry::Answered(answered(id)));
    }

    pub(crate) fn ended(&mut self, id: u32) {
        self.append(&JournalEntry::Ended(ended(id)));
    }

    pub(crate) fn alive(&self, at: i64) {
        let offset = rating::journal::LAST_ALIVE_OFFSET as u64;
        self.file.write_all_at(&at.to_le_bytes(), offset).unwrap();
    }

    pub(crate) fn seal(&self, stopped: bool) {
        let position = (self.position as u64).to_le_bytes();
        self.file
            .write_all_at(&position, SEALED_AT_OFFSET as u64)
            .unwrap();
        let mark = u32::from(stopped).to_le_bytes();
        self.file
            .write_all_at(&mark, STOPPED_OFFSET as u64)
            .unwrap();
    }
}
