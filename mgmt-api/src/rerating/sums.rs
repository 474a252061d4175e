//! What a re-rating adds up to, by customer or carrier.

use super::rating::{NotRated, Rated};
use crate::values::{CallIdText, Money};
use rating::{Amount, Currency};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use store::Booked;
use utoipa::ToSchema;

/// Calls that are named for each reason.
const NAMED: usize = 5;

/// What a re-rating would change.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct ReratingOutcome {
    /// Calls that were read.
    pub calls: u64,
    /// Charges of calls, or costs of attempts, that were rated.
    pub rated: u64,
    /// Of these, how many would be another amount.
    pub changed: u64,
    /// How many could not be rated; they stay as they are.
    pub unrated: u64,
    /// What the books have for what was rated, with corrections of before, USD.
    #[schema(example = "0.01")]
    pub was_in_books: String,
    /// What they would have.
    #[schema(example = "0.012")]
    pub now_in_books: String,
    /// The difference: above zero, calls become dearer.
    #[schema(example = "0.002")]
    pub difference_in_books: String,
    /// By customer or carrier and currency, the largest difference first.
    pub parties: Vec<ReratedParty>,
    /// Why what could not be rated could not.
    pub reasons: Vec<Unrated>,
    /// Numbers of the cards that were used.
    pub rate_cards: Vec<i64>,
}

/// What it would change for a customer or carrier.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ReratedParty {
    /// Its number.
    pub id: i64,
    /// Its name at the time of its last call.
    pub name: String,
    /// Of its amounts.
    #[schema(example = "EUR")]
    pub currency: String,
    /// Charges or costs that were rated.
    pub rated: u64,
    /// How many would be another amount.
    pub changed: u64,
    /// How many could not be rated.
    pub unrated: u64,
    /// What the books have, in its currency.
    #[schema(example = "0.01")]
    pub was: String,
    /// What they would have.
    #[schema(example = "0.012")]
    pub now: String,
    /// The difference.
    #[schema(example = "0.002")]
    pub difference: String,
    /// The difference in USD.
    #[schema(example = "0.0021684")]
    pub difference_in_books: String,
}

/// Why something could not be rated.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Unrated {
    /// The reason.
    pub reason: UnratedReason,
    /// How many charges or costs.
    pub count: u64,
    /// Some of the calls.
    #[schema(value_type = Vec<CallIdText>)]
    pub calls: Vec<String>,
}

/// Why a charge or a cost could not be rated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnratedReason {
    /// The configuration has no such rate card, or nobody uses it.
    NoRateCard,
    /// The card has no rate for the called number.
    NoRate,
    /// The card is in another currency than the one that was charged in.
    OtherCurrency,
    /// The rate of before was for some callers, and the calling number that the record keeps is another.
    CallerUnknown,
    /// The amount is beyond 64 bits.
    DoesNotFit,
}

/// Adds up while calls are read.
#[derive(Default)]
pub(super) struct Sums {
    calls: u64,
    parties: BTreeMap<(i64, Currency), Sum>,
    reasons: BTreeMap<NotRated, (u64, Vec<String>)>,
    cards: BTreeSet<i64>,
}

#[derive(Default)]
struct Sum {
    name: String,
    rated: u64,
    changed: u64,
    unrated: u64,
    was: Wide,
    now: Wide,
}

/// Sums that no number of calls makes too large.
#[derive(Clone, Copy, Default)]
struct Wide {
    amount: i128,
    books: i128,
}

impl Sums {
    pub(super) fn add_calls(&mut self, count: usize) {
        self.calls += count as u64;
    }

    pub(super) fn calls(&self) -> u64 {
        self.calls
    }

    pub(super) fn add(&mut self, call: CallIdText, rated: &Rated<'_>) {
        let key = (rated.party_id, rated.was.currency);
        let sum = self.parties.entry(key).or_default();
        if sum.name != rated.party {
            rated.party.clone_into(&mut sum.name);
        }
        match &rated.line {
            Ok(line) => {
                sum.rated += 1;
                sum.changed += u64::from(line.was != line.now);
                sum.was.add(line.was);
                sum.now.add(line.now);
                self.cards.insert(rated.card);
            }
            Err(reason) => {
                sum.unrated += 1;
                let (count, calls) = self.reasons.entry(*reason).or_default();
                *count += 1;
                if calls.len() < NAMED {
                    calls.push(call.to_string());
                }
            }
        }
    }

    pub(super) fn cards(&self) -> impl Iterator<Item = i64> + '_ {
        self.cards.iter().copied()
    }

    pub(super) fn finish(self) -> ReratingOutcome {
        let total = |of: fn(&Sum) -> u64| self.parties.values().map(of).sum();
        let books = |of: fn(&Sum) -> i128| self.parties.values().map(of).sum::<i128>();
        let (was, now) = (books(|sum| sum.was.books), books(|sum| sum.now.books));
        let mut parties: Vec<_> = self.parties.iter().collect();
        parties.sort_by_key(|(key, sum)| {
            (
                std::cmp::Reverse((sum.now.books - sum.was.books).unsigned_abs()),
                **key,
            )
        });
        ReratingOutcome {
            calls: self.calls,
            rated: total(|sum| sum.rated),
            changed: total(|sum| sum.changed),
            unrated: total(|sum| sum.unrated),
            was_in_books: text(was),
            now_in_books: text(now),
            difference_in_books: text(now - was),
            parties: parties.into_iter().map(party).collect(),
            reasons: self.reasons.iter().map(unrated).collect(),
            rate_cards: self.cards.iter().copied().collect(),
        }
    }
}

impl Wide {
    fn add(&mut self, booked: Booked) {
        self.amount += i128::from(booked.amount.0);
        self.books += i128::from(booked.books.0);
    }
}

fn party(((id, currency), sum): (&(i64, Currency), &Sum)) -> ReratedParty {
    ReratedParty {
        id: *id,
        name: sum.name.clone(),
        currency: currency.to_string(),
        rated: sum.rated,
        changed: sum.changed,
        unrated: sum.unrated,
        was: text(sum.was.amount),
        now: text(sum.now.amount),
        difference: text(sum.now.amount - sum.was.amount),
        difference_in_books: text(sum.now.books - sum.was.books),
    }
}

fn unrated((reason, (count, calls)): (&NotRated, &(u64, Vec<String>))) -> Unrated {
    Unrated {
        reason: match reason {
            NotRated::NoCard => UnratedReason::NoRateCard,
            NotRated::NoRate => UnratedReason::NoRate,
            NotRated::OtherCurrency => UnratedReason::OtherCurrency,
            NotRated::CallerUnknown => UnratedReason::CallerUnknown,
            NotRated::DoesNotFit => UnratedReason::DoesNotFit,
        },
        count: *count,
        calls: calls.clone(),
    }
}

/// A sum as decimal text; what is beyond an amount is cut to whole units.
fn text(nanos: i128) -> String {
    match i64::try_from(nanos) {
        Ok(nanos) => Money(Amount(nanos)).to_string(),
        Err(_) => (nanos / i128::from(Amount::ONE.0)).to_string(),
    }
}
