//! Records of all sorts.

use crate::testing::{ended, id_at};
use rating::cdr::{AttemptRecord, CallRecord, Outcome, ReleaseReason, ResourceRef};
use rating::{Amount, Timestamp};

const MINUTE: i64 = 60_000_000;

/// Numbers that look drawn, and are the same each time.
pub(super) struct Draw(u64);

impl Draw {
    pub(super) fn new(seed: u32) -> Self {
        Self(u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// Below a number.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}

fn reference(id: u64, name: &str) -> ResourceRef {
    ResourceRef {
        id: id as i64,
        name: format!("{name} {id}").into(),
    }
}

/// How something may end: outcome, reason, whether it is answered.
const ENDS: &[(Outcome, ReleaseReason, bool)] = &[
    (Outcome::Answered, ReleaseReason::NormalClearing, true),
    (Outcome::Answered, ReleaseReason::NoMedia, true),
    (Outcome::Interrupted, ReleaseReason::Interrupted, true),
    (Outcome::Cancelled, ReleaseReason::CustomerCancelled, false),
    (Outcome::Failed, ReleaseReason::UserBusy, false),
    (Outcome::Failed, ReleaseReason::NoAnswer, false),
    (Outcome::Failed, ReleaseReason::Declined, false),
    (Outcome::Failed, ReleaseReason::CarrierRejected, false),
];

pub(super) fn random_call(draw: &mut Draw, id: u32) -> CallRecord {
    let mut call = ended(id);
    call.received_at.0 += draw.below(3 * 24 * 60) as i64 * MINUTE;
    call.id = id_at(call.received_at, id);
    let start = call.received_at;
    call.customer = (draw.below(9) > 0).then(|| reference(5 + draw.below(3), "customer"));
    call.ingress_trunk = (draw.below(9) > 0).then(|| reference(20 + draw.below(2), "in"));
    let (outcome, reason, answered) = draw.of(ENDS);
    (call.outcome, call.release.reason) = (outcome, reason);
    let rings = draw.below(2) == 0;
    call.ringing_at = rings.then(|| Timestamp(start.0 + draw.below(4_000_000) as i64));
    call.answered_at = answered.then_some(Timestamp(start.0 + 4_000_000));
    call.ended_at = Timestamp(start.0 + 5_000_000 + draw.below(200_000_000) as i64);
    let attempts = match draw.below(8) {
        0 => {
            (call.outcome, call.answered_at, call.ringing_at) = (Outcome::Rejected, None, None);
            0
        }
        more => more.min(3) as usize,
    };
    let model = call.attempts[1].clone();
    call.attempts = (1..=attempts)
        .map(|number| random_attempt(draw, &model, start, number as u16))
        .collect();
    random_charge(draw, &mut call);
    call
}

fn random_charge(draw: &mut Draw, call: &mut CallRecord) {
    call.charge.amount = Amount(draw.below(3_000_000_000) as i64);
    call.charge.billed_seconds = draw.below(200) as u32;
    match (&mut call.rate, draw.below(6)) {
        (rate, 0) => *rate = None,
        (Some(rate), 1) => {
            rate.currency = "EUR".to_owned().try_into().unwrap();
            rate.exchange_rate = "1.0842".parse().unwrap();
        }
        (Some(rate), 2) => rate.destination = "Germany Mobile".into(),
        _ => {}
    }
    if call.rate.is_none() {
        call.charge = Default::default();
    }
    call.margin = call.money().unwrap().margin().unwrap();
}

fn random_attempt(
    draw: &mut Draw,
    model: &AttemptRecord,
    start: Timestamp,
    number: u16,
) -> AttemptRecord {
    let mut attempt = model.clone();
    let (outcome, reason, answered) = draw.of(ENDS);
    attempt.number = number;
    attempt.carrier = reference(1 + draw.below(3), "carrier");
    attempt.egress_trunk = reference(30 + draw.below(3), "out");
    (attempt.outcome, attempt.release.reason) = (outcome, reason);
    attempt.started_at = Timestamp(start.0 + i64::from(number) * 20_000_000);
    let rings = draw.below(2) == 0;
    let after = |micros: u64| Timestamp(attempt.started_at.0 + micros as i64);
    attempt.ringing_at = rings.then(|| after(draw.below(3_000_000)));
    attempt.answered_at = answered.then(|| after(3_000_000));
    attempt.ended_at = after(4_000_000 + draw.below(100_000_000));
    attempt.cost.amount = Amount(draw.below(2_000_000_000) as i64);
    attempt.cost.billed_seconds = draw.below(200) as u32;
    if draw.below(4) == 0 {
        attempt.rate.currency = "GBP".to_owned().try_into().unwrap();
        attempt.rate.exchange_rate = "1.3".parse().unwrap();
    }
    if draw.below(4) == 0 {
        attempt.rate.destination = "FRANCE-PROPER".into();
    }
    attempt
}
