#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::cdr::{
    AppliedRate, AttemptRecord, CallId, CallRecord, Charge, DecisionRecord, MediaQuality,
    MediaStatistics, Outcome, PassedOver, Release, ReleaseReason, ReleasedBy, ResourceRef,
    Transport,
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
                    quality_from_carrier: Some(MediaQuality {
                        codec: Some("opus".into()),
                        packets_lost: count,
                        mos_hundredths: Some(438),
                        ..MediaQuality::default()
                    }),
                    ..MediaStatistics::default()
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

/// Says so if a change of the layout would make frames that another build of this version misreads.
/// A layout that no release has written may still change: `UPDATE_VECTOR=1` writes the new frame. One
/// that a release has written is of the past: raise the version, and read this one in [`earlier`].
#[test]
fn the_present_version_is_written_byte_for_byte_as_its_fixed_vector() {
    let bytes = segment(&[JournalEntry::Ended(known_record())]);
    let Step::Record { frame, .. } = scan(&bytes, 0) else {
        panic!("sound")
    };
    let digits: String = frame.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        text.extend((at > 0 && at % 120 == 0).then_some('\n'));
        text.push(digit);
    }
    text.push('\n');
    let path = format!("src/journal/frame/version-{VERSION_ENTRY}.hex");
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE_VECTOR").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), text);
    assert_eq!(earlier_record(&text), known_record());
}

#[test]
fn a_record_of_the_fourth_version_is_read_with_media_that_was_not_rated() {
    let media = MediaStatistics {
        quality_from_customer: None,
        quality_from_carrier: None,
        ..known_media()
    };
    let known = CallRecord {
        media: Some(media),
        ..known_record()
    };
    assert_eq!(earlier_record(include_str!("version-4.hex")), known);
}

/// A record with something in every field, of which the fixed vectors are made.
fn known_record() -> CallRecord {
    let reference = |id, name: &str| ResourceRef {
        id,
        name: name.into(),
    };
    let rate = |card, origin: &str| AppliedRate {
        rate_card: card,
        prefix: "44".into(),
        destination: "United Kingdom".into(),
        currency: Currency::USD,
        initial_rate_per_minute: Amount(9_000_000),
        next_rate_per_minute: Amount(8_000_000),
        initial_interval_s: 30,
        next_interval_s: 6,
        connection_fee: Amount(5),
        attempt_fee: Amount(7),
        grace_period_s: 3,
        rounding: Rounding {
            amount: RoundingMode::HalfEven,
            ..Rounding::FINEST
        },
        exchange_rate: "1.0842".parse().unwrap(),
        origin: origin.parse().unwrap(),
    };
    let release = |by, sip_status, q850_cause| Release {
        by,
        reason: ReleaseReason::NormalClearing,
        sip_status,
        q850_cause,
    };
    let at = |after: i64| Timestamp(1_700_000_000_000_000 + after);
    let attempt = AttemptRecord {
        number: 1,
        carrier: reference(4, "acme"),
        egress_trunk: reference(6, "acme-1"),
        gateway: "192.0.2.9:5060".parse().unwrap(),
        transport: Transport::Tls,
        egress_call_id: "e1".into(),
        called_number_sent: "442012345678".into(),
        calling_number_sent: "33140000000".into(),
        rate: rate(reference(8, "acme-buy"), "33"),
        cost: Charge {
            billed_seconds: 60,
            amount: Amount(18_000_012),
        },
        started_at: at(1),
        first_reply_at: Some(at(2)),
        ringing_at: Some(at(3)),
        answered_at: Some(at(4)),
        ended_at: at(8),
        outcome: Outcome::Answered,
        release: release(ReleasedBy::Carrier, 200, 16),
    };
    CallRecord {
        id: CallId(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef),
        node: "fra-1".into(),
        shard: 3,
        snapshot_number: 77,
        ingress_call_id: "i1".into(),
        ingress_transport: Transport::Udp,
        ingress_source: "[2001:db8::1]:5060".parse().unwrap(),
        user_agent: Some("sipp".into()),
        calling_number_received: "+33140000000".into(),
        called_number_received: "0044201234567".into(),
        called_number: "44201234567".into(),
        customer: Some(reference(1, "northwind")),
        ingress_trunk: Some(reference(2, "northwind-in")),
        rate: Some(rate(reference(3, "sell"), "intrastate")),
        charge: Charge {
            billed_seconds: 66,
            amount: Amount(21_000_000),
        },
        margin: Amount(-3),
        received_at: at(0),
        ringing_at: Some(at(5)),
        answered_at: Some(at(6)),
        ended_at: at(9),
        outcome: Outcome::Answered,
        release: release(ReleasedBy::Customer, 200, 16),
        attempts: vec![attempt],
        media: Some(known_media()),
        decision: Some(DecisionRecord([1, 2, 3].into())),
        passed_over: vec![PassedOver {
            place: 1,
            reason: ReleaseReason::CarrierCpsLimit,
        }],
    }
}

fn known_media() -> MediaStatistics {
    MediaStatistics {
        packets_from_customer: 1_501,
        bytes_from_customer: 258_172,
        packets_from_carrier: 1_499,
        bytes_from_carrier: 257_828,
        quality_from_customer: Some(MediaQuality {
            codec: Some("PCMA".into()),
            packets_expected: 1_510,
            packets_lost: 9,
            worst_loss_permyriad: 125,
            packets_reordered: 2,
            packets_doubled: 1,
            jitter_mean_us: 2_400,
            jitter_highest_us: 11_000,
            longest_gap_ms: 45,
            mos_hundredths: Some(421),
            round_trip_us: Some(41_500),
            far_end_packets_lost: Some(3),
        }),
        quality_from_carrier: Some(MediaQuality::default()),
    }
}

/// A frame has the number of a variant, not its name: a new one goes to the end, and none is taken away.
#[test]
fn variants_keep_their_numbers() {
    fn numbers(variants: &[impl serde::Serialize]) -> Vec<u8> {
        let number = |variant| postcard::to_stdvec(variant).unwrap()[0];
        variants.iter().map(number).collect()
    }
    fn in_order(count: usize) -> Vec<u8> {
        (0..count as u8).collect()
    }
    let transports = [
        Transport::Udp,
        Transport::Tcp,
        Transport::Tls,
        Transport::Ws,
        Transport::Wss,
    ];
    assert_eq!(numbers(&transports), in_order(transports.len()));
    let outcomes = [
        Outcome::Answered,
        Outcome::Cancelled,
        Outcome::Failed,
        Outcome::Rejected,
        Outcome::Interrupted,
    ];
    assert_eq!(numbers(&outcomes), in_order(outcomes.len()));
    let released_by = [
        ReleasedBy::Customer,
        ReleasedBy::Carrier,
        ReleasedBy::Switch,
    ];
    assert_eq!(numbers(&released_by), in_order(released_by.len()));
    let release_reasons = [
        ReleaseReason::NormalClearing,
        ReleaseReason::CustomerCancelled,
        ReleaseReason::UserBusy,
        ReleaseReason::NoAnswer,
        ReleaseReason::Declined,
        ReleaseReason::CarrierRejected,
        ReleaseReason::CarrierSilent,
        ReleaseReason::CarrierUnreachable,
        ReleaseReason::UnknownSource,
        ReleaseReason::NoRoute,
        ReleaseReason::NoCustomerRate,
        ReleaseReason::InvalidNumber,
        ReleaseReason::CustomerInactive,
        ReleaseReason::CustomerCpsLimit,
        ReleaseReason::CustomerChannelLimit,
        ReleaseReason::TrunkCpsLimit,
        ReleaseReason::TrunkChannelLimit,
        ReleaseReason::CarrierCpsLimit,
        ReleaseReason::CarrierChannelLimit,
        ReleaseReason::Unprofitable,
        ReleaseReason::MaxDuration,
        ReleaseReason::SessionExpired,
        ReleaseReason::AckMissing,
        ReleaseReason::NoMedia,
        ReleaseReason::TooManyHops,
        ReleaseReason::UnusableSdp,
        ReleaseReason::NoMediaPorts,
        ReleaseReason::Overload,
        ReleaseReason::JournalUnavailable,
        ReleaseReason::ShuttingDown,
        ReleaseReason::OperatorHangup,
        ReleaseReason::Interrupted,
        ReleaseReason::ProtocolError,
        ReleaseReason::InternalError,
        ReleaseReason::LoopDetected,
        ReleaseReason::NotAuthenticated,
        ReleaseReason::NumberRefused,
        ReleaseReason::CarrierUnresolved,
        ReleaseReason::GatewayCpsLimit,
        ReleaseReason::GatewayChannelLimit,
        ReleaseReason::RouteCpsLimit,
        ReleaseReason::RouteChannelLimit,
        ReleaseReason::CalledNumberCpsLimit,
        ReleaseReason::CalledNumberChannelLimit,
        ReleaseReason::NumberClassBlocked,
        ReleaseReason::InsufficientCredit,
        ReleaseReason::CreditExhausted,
        ReleaseReason::DailySpendLimit,
        ReleaseReason::CallSpendLimit,
        ReleaseReason::CarrierBalance,
        ReleaseReason::OneWayMedia,
    ];
    assert_eq!(numbers(&release_reasons), in_order(release_reasons.len()));
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
    let media = record.media.unwrap();
    assert_eq!(media.packets_from_customer, 7_056_911_156_714_716_233);
    assert_eq!(media.quality_from_carrier, None);
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
