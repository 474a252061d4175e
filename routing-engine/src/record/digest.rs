//! A decision as bytes that do not depend on where it stands in memory.

use crate::decide::{Candidate, Decision, RankKey};
use crate::lot::mix;
use crate::snapshot::{RateRef, Snapshot};
use rating::Amount;

/// A number that is another for another decision.
pub(super) fn digest(decision: &Decision, snapshot: &Snapshot) -> u64 {
    let mut digest = 0;
    words(decision, snapshot, &mut |word| digest = mix(digest ^ word));
    digest
}

/// All that was decided: who pays by which rate, the numbers, each candidate in its order with what
/// it is ranked by; or why not. Two decisions are the same if and only if these are.
pub fn decision_bytes(decision: &Decision, snapshot: &Snapshot) -> Vec<u8> {
    let mut bytes = Vec::new();
    words(decision, snapshot, &mut |word| {
        bytes.extend_from_slice(&word.to_le_bytes());
    });
    bytes
}

fn words(decision: &Decision, snapshot: &Snapshot, take: &mut impl FnMut(u64)) {
    match decision {
        Decision::Reject(rejection) => {
            take(0);
            take(rejection.reason as u64);
            let customer = rejection.customer;
            take(customer.map_or(0, |index| id(snapshot.customer(index).resource.id)));
            let trunk = rejection.ingress_trunk;
            take(trunk.map_or(0, |index| id(snapshot.ingress_trunk(index).resource.id)));
            let called = rejection.called_number.as_ref();
            text(called.map_or("", |number| number.as_str()), take);
            if let Some(found) = rejection.customer_rate {
                rate(found, snapshot, take);
            }
        }
        Decision::Route(plan) => {
            take(1 + plan.candidates.len() as u64);
            take(id(snapshot.customer(plan.customer).resource.id));
            take(id(snapshot.ingress_trunk(plan.ingress_trunk).resource.id));
            text(plan.numbers.called.as_str(), take);
            text(plan.numbers.calling.as_str(), take);
            rate(plan.customer_rate, snapshot, take);
            for route in &plan.candidates {
                candidate(route, snapshot, take);
            }
            if snapshot.rules_read_identity() {
                let asserted = plan.numbers.asserted.as_ref();
                text(asserted.map_or("", |number| number.as_str()), take);
            }
            for tag in plan.tags.iter() {
                text(snapshot.tag(tag), take);
            }
        }
    }
}

fn candidate(candidate: &Candidate, snapshot: &Snapshot, take: &mut impl FnMut(u64)) {
    take(id(snapshot.egress_trunk(candidate.trunk).resource.id));
    take(id(snapshot.carrier(candidate.carrier).resource.id));
    let card_total = match snapshot.is_in_books(candidate.rate) {
        // The same number without a look at the rate, which is seldom in the processor's cache.
        true => candidate.sample_total,
        false => snapshot.offer(candidate.rate).sample_total,
    };
    rate_of(candidate.rate, card_total, snapshot, take);
    key(&candidate.key, take);
    let figures = candidate.quality.map_or([0; 5], |quality| {
        [
            quality.attempts,
            quality.asr_ppm,
            quality.ner_ppm,
            quality.pdd_ms,
            quality.acd_ms,
        ]
    });
    take(u64::from(candidate.quality.is_some()) << 32 | u64::from(figures[0]));
    take(u64::from(figures[1]) << 32 | u64::from(figures[2]));
    take(u64::from(figures[3]) << 32 | u64::from(figures[4]));
}

fn key(key: &RankKey, take: &mut impl FnMut(u64)) {
    let flags = [key.is_throttled, key.is_below_floor, key.is_not_put_first];
    let flags = flags
        .into_iter()
        .fold(0, |word, flag| word << 1 | u64::from(flag));
    take(flags << 8 | key.tier as u64);
    take(key.order);
    take(key.cost.cast_unsigned());
}

fn rate(rate: RateRef, snapshot: &Snapshot, take: &mut impl FnMut(u64)) {
    rate_of(rate, snapshot.offer(rate).sample_total, snapshot, take);
}

/// `card_total`: what the sample costs in the currency of the card.
fn rate_of(rate: RateRef, card_total: Amount, snapshot: &Snapshot, take: &mut impl FnMut(u64)) {
    take(id(snapshot.rate_card(rate).id));
    // Where no caller counts, what it always was: decisions of earlier releases stay the same.
    take(u64::from(rate.prefix_digits) | rate.origin.number() << 8);
    take(id(card_total.0));
}

/// The length, then eight bytes at a time.
fn text(text: &str, take: &mut impl FnMut(u64)) {
    take(text.len() as u64);
    for chunk in text.as_bytes().chunks(8) {
        let word = chunk
            .iter()
            .fold(0, |word, byte| word << 8 | u64::from(*byte));
        take(word);
    }
}

fn id(id: i64) -> u64 {
    id.cast_unsigned()
}
