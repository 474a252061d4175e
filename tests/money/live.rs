//! Calls as the switch has them: money reserved by slices, hunting, the record at the end.

use crate::books::Books;
use crate::random::{Random, reference};
use proptest::prelude::*;
use rating::cdr::{
    AppliedRate, AttemptRecord, CallId, CallRecord, Charge, Outcome, Release, ReleaseReason,
    ReleasedBy, Transport,
};
use rating::charge::whole_seconds;
use rating::rate::RateTerms;
use rating::slice::TalkPrice;
use rating::{Amount, Timestamp};
use routing_engine::credit::{CreditAccount, CreditTerms, Reservation};
use std::collections::BTreeMap;
use std::sync::Arc;

const CUSTOMERS: usize = 12;
const CARRIERS: i64 = 6;

/// 2026-03-01T12:00:00Z.
const NOON: i64 = 1_772_366_400_000_000;

/// How long before the end of its last paid second a call pays on or ends, as in `call_control`.
const LEAD_MS: u64 = 100;

/// Whoever pays or is paid, and what their accounts in memory have.
pub(crate) struct Parties {
    customers: Vec<(CreditTerms, Arc<CreditAccount>)>,
    carriers: BTreeMap<i64, CreditAccount>,
    /// What the ledgers of all batches had.
    posted: BTreeMap<(&'static str, i64), i128>,
    pub(crate) met: Met,
}

/// Which kinds of calls came.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Met {
    refused: u32,
    unanswered: u32,
    one_slice: u32,
    many_slices: u32,
    cut: u32,
    late_answers: u32,
}

impl Met {
    pub(crate) fn is_each_kind(&self) -> bool {
        let Self {
            refused,
            unanswered,
            one_slice,
            many_slices,
            cut,
            late_answers,
        } = *self;
        [
            refused,
            unanswered,
            one_slice,
            many_slices,
            cut,
            late_answers,
        ]
        .into_iter()
        .all(|count| count > 0)
    }
}

impl Parties {
    pub(crate) fn new(random: &mut Random) -> Self {
        let customers = (0..CUSTOMERS).map(|_| {
            let limit = |random: &mut Random, many: u32, most: i64| {
                random
                    .one_in(many)
                    .then(|| Amount(random.draw(0..most) * 1_000_000_000))
            };
            let terms = CreditTerms {
                credit_limit: limit(random, 2, 500),
                daily_spend_limit: limit(random, 4, 5_000),
                call_spend_limit: limit(random, 4, 20),
            };
            (terms, Arc::<CreditAccount>::default())
        });
        let customers = customers.collect();
        let carriers = (1..=CARRIERS).map(|id| (id, CreditAccount::default()));
        Self {
            customers,
            carriers: carriers.collect(),
            posted: BTreeMap::new(),
            met: Met::default(),
        }
    }

    /// The accounts in memory have what the ledgers have, and nothing is held for calls that are over.
    pub(crate) fn owe(&mut self, books: &Books) {
        for (party, sum) in books.balances() {
            *self.posted.entry(party).or_default() += sum;
        }
        let posted = |kind, id: i64| self.posted.get(&(kind, id)).copied().unwrap_or_default();
        for (index, (_, account)) in self.customers.iter().enumerate() {
            let figures = account.figures();
            assert_eq!((figures.reserved, figures.calls), (Amount::ZERO, 0));
            let charged = i128::from(figures.charged.0);
            assert_eq!(-charged, posted("customer", 100 + index as i64));
        }
        for (id, account) in &self.carriers {
            assert_eq!(
                i128::from(account.figures().charged.0),
                posted("carrier", *id)
            );
        }
    }
}

/// A call while it is up.
pub(crate) struct Live<'a> {
    terms: CreditTerms,
    account: &'a Arc<CreditAccount>,
    price: TalkPrice,
    rate: &'a AppliedRate,
    at: Timestamp,
    met: &'a mut Met,
}

/// What became of it.
enum Ended {
    Refused(ReleaseReason),
    Unanswered(Charge),
    Talked { talk_ms: u64, charge: Charge },
}

impl Live<'_> {
    /// Places a call that is over when this returns; gives its record.
    pub(crate) fn call(number: usize, random: &mut Random, parties: &mut Parties) -> CallRecord {
        let customer = random.below(CUSTOMERS);
        let (terms, account) = &parties.customers[customer];
        if random.one_in(8) {
            let paid = random.draw(0..100_000_000_000_i64);
            account.set_base(Amount(account.figures().base.0 + paid));
        }
        let rate = random.rate();
        let at = Timestamp(NOON + number as i64 * 1_000_003);
        let wants_ms = random.draw(prop_oneof![1 => Just(false), 5 => Just(true)]);
        let wants_ms = wants_ms.then(|| random.talk_ms());
        let live = Live {
            terms: *terms,
            account,
            price: TalkPrice::from(&rate),
            rate: &rate,
            at,
            met: &mut parties.met,
        };
        let ended = live.run(wants_ms);
        let record = record(number, 100 + customer as i64, at, &rate, &ended, random);
        let late = |attempt: &AttemptRecord| attempt.outcome == Outcome::Cancelled;
        parties.met.late_answers += record.attempts.iter().any(late) as u32;
        for attempt in &record.attempts {
            let cost = attempt.cost_in_books().unwrap();
            parties.carriers[&attempt.carrier.id].charge(cost, record.ended_at);
        }
        record
    }

    fn run(self, wants_ms: Option<u64>) -> Ended {
        if !self.terms.are_set() {
            let (ended, books) = self.ended(wants_ms);
            self.account.charge(books, self.at);
            return ended;
        }
        let held = Reservation::begin(self.account, &self.terms, &self.price, self.at);
        let mut held = match held {
            Ok(held) => held,
            Err(reason) => {
                self.met.refused += 1;
                return Ended::Refused(reason);
            }
        };
        let mut slices = vec![held.until_s()];
        let talk_ms = wants_ms.map(|wants_ms| self.talk(&mut held, &mut slices, wants_ms));
        self.met.count(&slices, wants_ms, talk_ms);
        assert_eq!(Some(held.amount()), self.price.until(held.until_s()));
        let (ended, books) = self.ended(talk_ms);
        if let Some(talk_ms) = talk_ms {
            self.slices_add_up(&slices, talk_ms, books);
        }
        assert!(books <= held.amount(), "a call costs no more than it held");
        held.settle(books, self.at);
        ended
    }

    /// Talks on while it can pay; gives for how long it talked.
    fn talk(&self, held: &mut Reservation, slices: &mut Vec<u32>, wants_ms: u64) -> u64 {
        loop {
            let due_ms = u64::from(held.until_s()) * 1_000 - LEAD_MS;
            if wants_ms < due_ms {
                return wants_ms;
            }
            let least_s = held.until_s() + 1;
            if held
                .renew(&self.terms, &self.price, self.at, least_s)
                .is_err()
            {
                return due_ms;
            }
            slices.push(held.until_s());
        }
    }

    /// What it is charged, and that in the currency of the books.
    fn ended(&self, talk_ms: Option<u64>) -> (Ended, Amount) {
        let charge = self.rate.charge(talk_ms).unwrap();
        let books = self.rate.exchange_rate.to_books(charge.amount).unwrap();
        let ended = match talk_ms {
            Some(talk_ms) => Ended::Talked { talk_ms, charge },
            None => Ended::Unanswered(charge),
        };
        (ended, books)
    }

    /// The slices that were used, the last one to where the talk ended, are the charge.
    fn slices_add_up(&self, slices: &[u32], talk_ms: u64, books: Amount) {
        let end_s = whole_seconds(&RateTerms::from(self.rate), talk_ms);
        let end_s = u32::try_from(end_s).unwrap();
        let cuts = slices.iter().copied().filter(|until| *until < end_s);
        let (mut from, mut paid) = (None, Amount::ZERO);
        for until in cuts.chain([end_s]) {
            let slice = self.price.slice(from, until).unwrap();
            assert!(!slice.is_negative());
            paid = paid.checked_add(slice).unwrap();
            from = Some(until);
        }
        assert_eq!(
            paid, books,
            "slices {slices:?} of {talk_ms} ms: {:?}",
            self.rate
        );
    }
}

impl Met {
    fn count(&mut self, slices: &[u32], wants_ms: Option<u64>, talk_ms: Option<u64>) {
        self.unanswered += u32::from(talk_ms.is_none());
        self.one_slice += u32::from(talk_ms.is_some() && slices.len() == 1);
        self.many_slices += u32::from(slices.len() > 1);
        self.cut += u32::from(talk_ms < wants_ms);
    }
}

fn record(
    number: usize,
    customer: i64,
    at: Timestamp,
    rate: &AppliedRate,
    ended: &Ended,
    random: &mut Random,
) -> CallRecord {
    let (outcome, reason, charge) = match ended {
        Ended::Refused(reason) => (Outcome::Rejected, *reason, Charge::default()),
        Ended::Unanswered(charge) => (Outcome::Failed, ReleaseReason::NoAnswer, *charge),
        Ended::Talked { charge, .. } => (Outcome::Answered, ReleaseReason::NormalClearing, *charge),
    };
    let answered_at = Timestamp(at.0 + 7_000_123);
    let (answered_at, ended_at) = match ended {
        Ended::Talked { talk_ms, .. } => {
            // What is below a millisecond is not billed.
            let micros = *talk_ms as i64 * 1_000 + random.draw(0..1_000_i64);
            (Some(answered_at), Timestamp(answered_at.0 + micros))
        }
        _ => (None, answered_at),
    };
    let attempts = match ended {
        Ended::Refused(_) => Vec::new(),
        _ => attempts(at, answered_at, ended_at, random),
    };
    let mut record = CallRecord {
        id: CallId((at.0 as u128 / 1_000) << 80 | number as u128),
        node: "fra-1".into(),
        shard: 0,
        snapshot_number: 1,
        ingress_call_id: "ingress@test".into(),
        ingress_transport: Transport::Udp,
        ingress_source: "192.0.2.1:5060".parse().unwrap(),
        user_agent: None,
        calling_number_received: "442071838750".into(),
        called_number_received: "33142685300".into(),
        called_number: "33142685300".into(),
        customer: Some(reference(customer, "customer")),
        ingress_trunk: Some(reference(6, "in")),
        rate: Some(rate.clone()),
        charge,
        margin: Amount::ZERO,
        received_at: at,
        ringing_at: None,
        answered_at,
        ended_at,
        outcome,
        release: release(reason),
        attempts,
        media: None,
        decision: None,
        passed_over: Vec::new(),
    };
    record.margin = record.money().unwrap().margin().unwrap();
    record
}

/// Some that fail, some whose answer comes too late, and the one that the call ends with.
fn attempts(
    at: Timestamp,
    answered_at: Option<Timestamp>,
    ended_at: Timestamp,
    random: &mut Random,
) -> Vec<AttemptRecord> {
    let failed = random.below(3) as u16;
    let mut attempts: Vec<_> = (1..=failed)
        .map(|number| {
            let late = random.one_in(6).then_some(Timestamp(at.0 + 1_000_000));
            let ended_at = Timestamp(at.0 + 1_000_000 + random.draw(0..3_000_000_i64));
            attempt(number, at, late, ended_at, random)
        })
        .collect();
    for attempt in &mut attempts {
        attempt.outcome = match attempt.answered_at {
            Some(_) => Outcome::Cancelled,
            None => Outcome::Failed,
        };
    }
    attempts.push(attempt(failed + 1, at, answered_at, ended_at, random));
    attempts
}

fn attempt(
    number: u16,
    at: Timestamp,
    answered_at: Option<Timestamp>,
    ended_at: Timestamp,
    random: &mut Random,
) -> AttemptRecord {
    let rate = random.rate();
    let talk_ms = answered_at.map(|answered_at| ended_at.millis_since(answered_at));
    AttemptRecord {
        number,
        carrier: reference(1 + random.draw(0..CARRIERS), "carrier"),
        egress_trunk: reference(11, "out"),
        gateway: "192.0.2.20:5060".parse().unwrap(),
        transport: Transport::Udp,
        egress_call_id: "egress@test".into(),
        called_number_sent: "33142685300".into(),
        calling_number_sent: "442071838750".into(),
        cost: rate.charge(talk_ms).unwrap(),
        rate,
        started_at: at,
        first_reply_at: None,
        ringing_at: None,
        answered_at,
        ended_at,
        outcome: match answered_at {
            Some(_) => Outcome::Answered,
            None => Outcome::Failed,
        },
        release: release(ReleaseReason::NormalClearing),
    }
}

fn release(reason: ReleaseReason) -> Release {
    Release {
        by: ReleasedBy::Switch,
        reason,
        sip_status: 200,
        q850_cause: 16,
    }
}
