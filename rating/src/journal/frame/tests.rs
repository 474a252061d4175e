#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::cdr::{
    AppliedRate, AttemptRecord, CallId, CallRecord, Charge, DecisionRecord, MediaStatistics,
    Outcome, PassedOver, Release, ReleaseReason, ReleasedBy, ResourceRef, Transport,
};
use crate::exchange::ExchangeRate;
use crate::rounding::{Rounding, RoundingMode};
use crate::{Amount, Currency, Jurisdiction, Origin, Timestamp};
use proptest::prelude::*;

fn text() -> impl Strategy<Value = std::sync::Arc<str>> {
    "\\PC{0,24}".prop_map(Into::into)
}

fn reference() -> impl Strategy<Value = ResourceRef> {
    (any::<i64>(), text()).prop_map(|(id, name)| ResourceRef { id, name })
}

fn rate() -> impl Strategy<Value = AppliedRate> {
    (reference(), text(), any::<[i64; 3]>(), any::<[u32; 2]>()).prop_map(
        |(rate_card, prefix, prices, intervals)| AppliedRate {
            rate_card,
            destination: prefix.clone(),
            prefix,
            currency: Currency::USD,
            initial_rate_per_minute: Amount(prices[0]),
            next_rate_per_minute: Amount(prices[1]),
            initial_interval_s: intervals[0],
            next_interval_s: intervals[1],
            connection_fee: Amount(prices[2]),
            attempt_fee: Amount(prices[0]),
            grace_period_s: intervals[0],
            rounding: Rounding {
                amount: RoundingMode::HalfEven,
                ..Rounding::FINEST
            },
            exchange_rate: "1.0842".parse().unwrap(),
            origin: match intervals[1] % 3 {
                0 => Origin::ANY,
                1 => Origin::of_jurisdiction(Jurisdiction::Intrastate),
                _ => intervals[0].to_string().parse().unwrap(),
            },
        },
    )
}

fn release() -> impl Strategy<Value = Release> {
    (any::<u16>(), any::<u8>()).prop_map(|(sip_status, q850_cause)| Release {
        by: ReleasedBy::Carrier,
        reason: ReleaseReason::NormalClearing,
        sip_status,
        q850_cause,
    })
}

fn attempt() -> impl Strategy<Value = AttemptRecord> {
    (reference(), rate(), release(), any::<[i64; 2]>(), text()).prop_map(
        |(carrier, rate, release, times, number)| AttemptRecord {
            number: 1,
            egress_trunk: carrier.clone(),
            carrier,
            gateway: "[2001:db8::1]:5060".parse().unwrap(),
            transport: Transport::Tcp,
            egress_call_id: number.clone(),
            called_number_sent: number.clone(),
            calling_number_sent: number,
            rate,
            cost: Charge::default(),
            started_at: Timestamp(times[0]),
            first_reply_at: None,
            ringing_at: None,
            answered_at: Some(Timestamp(times[1])),
            ended_at: Timestamp(times[1]),
            outcome: Outcome::Answered,
            release,
        },
    )
}

fn record() -> impl Strategy<Value = CallRecord> {
    (
        any::<u128>(),
        prop::option::of(rate()),
        prop::collection::vec(attempt(), 0..6),
        (text(), any::<[i64; 4]>(), any::<u64>(), release()),
    )
        .prop_map(
            |(id, rate, attempts, (number, times, count, release))| CallRecord {
                id: CallId(id),
                node: "fra-1".into(),
                shard: 3,
                snapshot_number: count,
                ingress_call_id: number.clone(),
                ingress_transport: Transport::Udp,
                ingress_source: "192.0.2.1:5060".parse().unwrap(),
                user_agent: Some(number.clone()),
                calling_number_received: number.clone(),
                called_number_received: number.clone(),
                called_number: number,
                customer: rate.as_ref().map(|rate| rate.rate_card.clone()),
                ingress_trunk: None,
                rate,
                charge: Charge {
                    billed_seconds: 60,
                    amount: Amount(times[0]),
                },
                margin: Amount(times[1]),
                received_at: Timestamp(times[2]),
                ringing_at: None,
                answered_at: Some(Timestamp(times[3])),
                ended_at: Timestamp(times[3]),
                outcome: Outcome::Answered,
                release,
                attempts,
                media: Some(MediaStatistics {
                    packets_from_customer: count,
                    ..Default::default()
                }),
                decision: Some(DecisionRecord(count.to_le_bytes().into())),
                passed_over: vec![PassedOver {
                    place: 2,
                    reason: ReleaseReason::CarrierChannelLimit,
                }],
            },
        )
}

fn entry() -> impl Strategy<Value = JournalEntry> {
    (any::<bool>(), record()).prop_map(|(open, record)| {
        if open {
            JournalEntry::Answered(record)
        } else {
            JournalEntry::Ended(record)
        }
    })
}

/// A segment of these entries, as the writer leaves it, with zeros behind.
fn segment(entries: &[JournalEntry]) -> Vec<u8> {
    let mut bytes = vec![0; 1 << 20];
    let mut at = 0;
    for entry in entries {
        let length = encode_into(entry, &mut bytes[at..]).unwrap();
        bytes[at..at + 4].copy_from_slice(&length.to_le_bytes());
        at += frame_bytes(length as usize);
    }
    bytes.truncate(at + 4 * FRAME_HEADER_BYTES);
    bytes
}

fn read(bytes: &[u8]) -> (Vec<JournalEntry>, Step<'_>) {
    let (mut entries, mut at) = (Vec::new(), 0);
    loop {
        match scan(bytes, at) {
            Step::Record { frame, next } => {
                entries.push(decode(frame).unwrap());
                at = next;
            }
            other => return (entries, other),
        }
    }
}

proptest! {
    #[test]
    fn entries_are_read_as_they_were_written(entries in prop::collection::vec(entry(), 0..6)) {
        let bytes = segment(&entries);
        prop_assert_eq!(read(&bytes), (entries, Step::End));
    }

    #[test]
    fn a_flipped_bit_never_gives_a_wrong_entry(entry in entry(), at in any::<prop::sample::Index>(), bit in 0..8) {
        let mut bytes = segment(std::slice::from_ref(&entry));
        let Step::Record { frame, .. } = scan(&bytes, 0) else { panic!("sound") };
        let at = at.index(frame.len());
        bytes[at] ^= 1_u8 << bit;
        let believed = matches!(scan(&bytes, 0), Step::Record { .. });
        prop_assert!(!believed);
    }

    #[test]
    fn a_torn_tail_ends_the_reading(entry in entry(), cut in any::<prop::sample::Index>()) {
        let mut bytes = segment(&[entry.clone(), entry]);
        let Step::Record { next, .. } = scan(&bytes, 0) else { panic!("sound") };
        let Step::Record { frame, .. } = scan(&bytes, next) else { panic!("sound") };
        let cut = next + cut.index(frame.len());
        let lost = bytes[cut..].iter().any(|byte| *byte != 0);
        bytes[cut..].fill(0);
        let (entries, end) = read(&bytes);
        prop_assert_eq!(entries.len(), if lost { 1 } else { 2 });
        prop_assert!(!lost || matches!(end, Step::End | Step::Damaged));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..256), at in 0..300_usize) {
        if let Step::Record { frame, .. } = scan(&bytes, at) {
            let _ = decode(frame);
        }
        let _ = resynchronise(&bytes, at);
        let _ = decode(&bytes);
    }
}

fn one() -> JournalEntry {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let tree = entry().new_tree(&mut runner).unwrap();
    proptest::strategy::ValueTree::current(&tree)
}

#[test]
fn reading_goes_on_behind_damage() {
    let mut bytes = segment(&[one(), one(), one()]);
    let Step::Record { next, .. } = scan(&bytes, 0) else {
        panic!("sound")
    };
    bytes[next + 20] ^= 1;
    assert_eq!(scan(&bytes, next), Step::Damaged);
    let third = resynchronise(&bytes, next + FRAME_ALIGNMENT).unwrap();
    let Step::Record { frame, .. } = scan(&bytes, third) else {
        panic!("sound")
    };
    assert_eq!(decode(frame), Ok(one()));
    assert_eq!(resynchronise(&bytes, third + 1), None);
}

#[test]
fn a_frame_that_is_cut_off_asks_for_the_bytes_it_lacks() {
    let bytes = segment(&[one()]);
    let Step::Record { frame, .. } = scan(&bytes, 0) else {
        panic!("sound")
    };
    let needed = frame.len();
    assert_eq!(scan(&bytes[..needed - 1], 0), Step::Short { needed });
    assert_eq!(
        scan(&bytes[..5], 0),
        Step::Short {
            needed: FRAME_HEADER_BYTES
        }
    );
}

#[test]
fn a_record_of_a_later_program_is_refused_by_name() {
    let mut bytes = segment(&[one()]);
    bytes[9] = VERSION_ENTRY + 1;
    let length = u32::from_le_bytes(*bytes.first_chunk().unwrap());
    let end = FRAME_HEADER_BYTES + length as usize;
    let sum = checksum(length, &bytes[8..end]);
    bytes[4..8].copy_from_slice(&sum.to_le_bytes());
    let Step::Record { frame, .. } = scan(&bytes, 0) else {
        panic!("sound")
    };
    assert_eq!(
        decode(frame),
        Err(FrameError::Unknown {
            kind: 1,
            version: VERSION_ENTRY + 1
        })
    );
}

#[test]
fn a_record_that_does_not_fit_says_whether_it_ever_will() {
    let mut small = [0; 64];
    assert_eq!(encode_into(&one(), &mut small), Err(FrameError::NoSpace));
    assert_eq!(
        encode_into(&one(), &mut small[..4]),
        Err(FrameError::NoSpace)
    );
    let (JournalEntry::Answered(mut record) | JournalEntry::Ended(mut record)) = one();
    record.called_number_received = "9".repeat(MAX_RECORD_BYTES).into();
    let mut large = vec![0; 2 * MAX_RECORD_BYTES];
    let entry = JournalEntry::Ended(record);
    assert_eq!(encode_into(&entry, &mut large), Err(FrameError::TooLarge));
}

#[test]
fn a_decision_is_digits_in_text_and_what_is_none_is_refused() {
    let record = DecisionRecord([0x01, 0xfe].into());
    let text = serde_json::to_string(&record).unwrap();
    assert_eq!(text, "\"01fe\"");
    assert_eq!(
        serde_json::from_str::<DecisionRecord>(&text).unwrap(),
        record
    );
    for wrong in ["\"01f\"", "\"0g\"", "\"+1\"", "1"] {
        assert!(
            serde_json::from_str::<DecisionRecord>(wrong).is_err(),
            "{wrong}"
        );
    }
}

/// The record of a frame that an earlier program wrote.
fn earlier_record(digits: &str) -> CallRecord {
    let digits: String = digits.split_whitespace().collect();
    let frame: Vec<_> = (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect();
    let Step::Record { frame, .. } = scan(&frame, 0) else {
        panic!("sound")
    };
    let JournalEntry::Ended(record) = decode(frame).unwrap() else {
        panic!("the call ended")
    };
    record
}

#[test]
fn a_record_of_the_third_version_is_read_with_rates_for_all_callers() {
    let record = earlier_record(include_str!("version-3.hex"));
    let rate = record.rate.unwrap();
    assert_eq!((&*rate.prefix, rate.origin), ("44", Origin::ANY));
    assert_eq!(rate.exchange_rate.to_string(), "1.0842");
    assert_eq!((rate.attempt_fee, rate.grace_period_s), (Amount(7), 3));
    assert_eq!(record.margin, Amount(-3));
    let attempt = &record.attempts[0];
    assert_eq!(&*attempt.rate.rate_card.name, "acme-buy");
    assert_eq!(attempt.rate.origin, Origin::ANY);
    assert_eq!(attempt.ended_at, Timestamp(1_700_000_000_000_008));
    assert_eq!(record.decision, Some(DecisionRecord([1, 2, 3].into())));
    let passed = record.passed_over[0];
    assert_eq!(
        (passed.place, passed.reason),
        (1, ReleaseReason::CarrierCpsLimit)
    );
}

#[test]
fn a_record_of_the_second_version_is_read_with_rates_of_the_books() {
    let record = earlier_record(include_str!("version-2.hex"));
    let rate = record.rate.unwrap();
    assert_eq!((rate.attempt_fee, rate.grace_period_s), (Amount(7), 3));
    assert_eq!(
        (rate.rounding.amount, rate.rounding.decimals),
        (RoundingMode::HalfEven, 4)
    );
    assert_eq!(rate.exchange_rate, ExchangeRate::ONE);
    assert_eq!(record.margin, Amount(-3));
    let attempt = &record.attempts[0];
    assert_eq!(&*attempt.rate.rate_card.name, "acme-buy");
    assert_eq!(attempt.cost_in_books(), Some(Amount(18_000_012)));
    assert_eq!(attempt.ended_at, Timestamp(1_700_000_000_000_008));
}

#[test]
fn a_record_of_the_first_version_is_read_with_rates_that_round_as_they_did() {
    let record = earlier_record(include_str!("version-1.hex"));
    let rate = record.rate.unwrap();
    assert_eq!(rate.connection_fee, Amount(5));
    assert_eq!((rate.attempt_fee, rate.grace_period_s), (Amount::ZERO, 0));
    assert_eq!(rate.rounding, Rounding::FINEST);
    assert_eq!(record.margin, Amount(-3));
    let attempt = &record.attempts[0];
    assert_eq!(&*attempt.rate.rate_card.name, "aurora-buy");
    assert_eq!(attempt.ended_at, Timestamp(1_700_000_000_000_008));
    assert_eq!(record.media.unwrap().bytes_from_carrier, 4);
    // What is written from now on is of the new version.
    let mut space = [0; 4_096];
    encode_into(&one(), &mut space).unwrap();
    assert_eq!(space[9], VERSION_ENTRY);
}
