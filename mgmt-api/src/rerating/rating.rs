//! One side of a call by another rate.

use super::{Asked, ReratedSide};
use rating::cdr::{AppliedRate, CallId, CallRecord, Charge};
use rating::charge::ChargeError;
use routing_engine::card_rates::{CardRates, NoCardRate};
use std::collections::HashMap;
use store::{Booked, ReratingLine};

/// A charge or a cost that is rated once more.
pub(super) struct Rated<'r> {
    /// Name of the customer or carrier, as the record has it.
    pub(super) party: &'r str,
    /// What it becomes, or why nobody knows.
    pub(super) line: Result<ReratingLine, NotRated>,
    pub(super) party_id: i64,
    pub(super) was: &'r AppliedRate,
    /// The card that it is rated by.
    pub(super) card: i64,
}

/// Why something could not be rated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NotRated {
    NoCard,
    NoRate,
    OtherCurrency,
    CallerUnknown,
    DoesNotFit,
}

/// What something costs by a rate.
type ByRate<'r> = Box<dyn Fn(&AppliedRate) -> Result<Charge, ChargeError> + 'r>;

/// A charge or a cost of a record.
struct Billed<'r> {
    attempt: u16,
    party: (i64, &'r str),
    rate: &'r AppliedRate,
    charge: Charge,
    by: ByRate<'r>,
}

/// What was billed of a call and is asked for, each rated once more.
pub(super) fn rated<'r>(
    asked: &'r Asked,
    call: &'r CallRecord,
    cards: &'r CardRates<'_>,
    before: &'r HashMap<(CallId, u16), Booked>,
) -> impl Iterator<Item = Rated<'r>> {
    billed(asked, call).into_iter().map(|billed| {
        let own = billed.rate.rate_card.id;
        let card = asked.rate_card.as_ref().map_or(own, |(id, _)| *id);
        Rated {
            party: billed.party.1,
            party_id: billed.party.0,
            was: billed.rate,
            card,
            line: line(call, &billed, card, cards, before),
        }
    })
}

fn billed<'r>(asked: &Asked, call: &'r CallRecord) -> Vec<Billed<'r>> {
    let mut billed = Vec::new();
    match asked.side {
        ReratedSide::Customers => {
            if let (Some(customer), Some(rate)) = (&call.customer, &call.rate) {
                billed.push(Billed {
                    attempt: 0,
                    party: (customer.id, &*customer.name),
                    rate,
                    charge: call.charge,
                    by: Box::new(|rate| call.charge_by(rate)),
                });
            }
        }
        ReratedSide::Carriers => billed.extend(call.attempts.iter().map(|attempt| Billed {
            attempt: attempt.number,
            party: (attempt.carrier.id, &*attempt.carrier.name),
            rate: &attempt.rate,
            charge: attempt.cost,
            by: Box::new(|rate| attempt.cost_by(rate)),
        })),
    }
    billed.retain(|billed| is_asked(asked, call, billed));
    billed
}

fn is_asked(asked: &Asked, call: &CallRecord, billed: &Billed<'_>) -> bool {
    let is = |wanted: &Option<(i64, String)>, id: i64| {
        wanted.as_ref().is_none_or(|(wanted, _)| *wanted == id)
    };
    let destination = asked.destination.as_deref();
    let prefix = asked.called_prefix.as_deref();
    is(&asked.party, billed.party.0)
        && is(&asked.rated_by, billed.rate.rate_card.id)
        && destination.is_none_or(|name| *billed.rate.destination == *name)
        && prefix.is_none_or(|prefix| call.called_number.starts_with(prefix))
}

fn line(
    call: &CallRecord,
    billed: &Billed<'_>,
    card: i64,
    cards: &CardRates<'_>,
    before: &HashMap<(CallId, u16), Booked>,
) -> Result<ReratingLine, NotRated> {
    let (was, calling) = (billed.rate, &*call.calling_number_received);
    if !cards.is_of_origin(was.origin, &call.called_number, calling) {
        return Err(NotRated::CallerUnknown);
    }
    let numbers = (&*call.called_number, calling);
    let rate = cards.rate(card, numbers, call.received_at)?;
    if rate.currency != was.currency {
        return Err(NotRated::OtherCurrency);
    }
    let exchange_rate = was.exchange_rate;
    let booked = |charge: Charge| {
        let books = exchange_rate.to_books(charge.amount);
        let booked = |books| Booked {
            amount: charge.amount,
            books,
        };
        books.map(booked).ok_or(NotRated::DoesNotFit)
    };
    let charge = (billed.by)(&rate).map_err(|_| NotRated::DoesNotFit)?;
    let known = before.get(&(call.id, billed.attempt)).copied();
    Ok(ReratingLine {
        call: call.id,
        attempt: billed.attempt,
        party: billed.party.0,
        currency: was.currency,
        exchange_rate,
        was: known.map_or_else(|| booked(billed.charge), Ok)?,
        now: booked(charge)?,
    })
}

impl From<NoCardRate> for NotRated {
    fn from(none: NoCardRate) -> Self {
        match none {
            NoCardRate::NoCard => Self::NoCard,
            NoCardRate::NoRate => Self::NoRate,
        }
    }
}
