//! The rows of a card that is built from others ([`BuiltFrom`]), as a deck's text.
//!
//! For each prefix of any parent: each parent's longest match of it, converted into the card's
//! currency; one rate of these; the margin on it. Every step that rounds rounds **up** to the
//! nano-unit, and what comes out is rounded up to the decimals that are asked for, so that rounding
//! never costs the seller. Own rows take the place of built ones.
//!
//! A prefix has a rate for each origin that any parent tells apart there or at a shorter prefix: a
//! surcharge on callers is not lost where another parent knows the destination better.

use super::groups::Group;
use super::{COLUMNS, DECK_ROWS_MAX, Deck, DestinationNames, Prefix};
use crate::Problem;
use crate::resources::{BuiltFrom, Combination, IntervalSource, MarginOverride, RateCard};
use arrayvec::ArrayVec;
use rating::exchange::ExchangeRate;
use rating::origin::{OriginTally, TooManyOrigins};
use rating::prefix::PREFIX_DIGITS_MAX;
use rating::rate::{PRICE_MAX, RateTerms};
use rating::rounding::{DECIMALS_MAX, RoundingMode, divide};
use rating::{Amount, Origin};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::iter::Peekable;

/// A card that another is built from.
#[derive(Clone, Copy, Debug)]
pub struct ParentCard<'d> {
    /// Its rows.
    pub deck: &'d Deck,
    /// What a unit of its currency is worth.
    pub exchange_rate: ExchangeRate,
}

/// A whole of a hundred percent, in the nano-units that percentages are written in.
const HUNDRED_PERCENT: i128 = 100 * Amount::ONE.0 as i128;

/// The text of the deck of a card that is built from `parents`, those of its `built_from` in their
/// order. `exchange_rate` is that of the card's own currency. The same cards at the same rates make
/// the same text.
///
/// # Errors
/// Faults of the card's own rows, and a price that comes out too high.
pub fn build(
    card: &RateCard,
    built_from: &BuiltFrom,
    parents: &[ParentCard<'_>],
    exchange_rate: ExchangeRate,
) -> Result<String, Vec<Problem>> {
    let own = own_rows(card)?;
    let prefixes = all_prefixes(parents, &own);
    if prefixes.len() > DECK_ROWS_MAX {
        let message = format_args!("the parents have more than {DECK_ROWS_MAX} rows together");
        return Err(vec![Problem::in_field("built_from.parents", message)]);
    }
    let mut builder = Builder::new(card, built_from, parents, exchange_rate);
    let asks_callers = parents.iter().map(|parent| parent.deck).chain([&own]);
    let mut text = Writer::new(asks_callers.clone().any(|deck| !deck.origins().is_empty()));
    let mut own_rows = own.rows().peekable();
    let mut tally = OriginTally::default();
    for prefix in prefixes {
        let own_of_prefix: BTreeMap<_, _> =
            std::iter::from_fn(|| own_rows.next_if(|(own, ..)| *own == prefix))
                .map(|(_, origin, offer)| (origin, offer))
                .collect();
        builder.go_to(prefix);
        for origin in builder.origins(own_of_prefix.keys()) {
            tally.add(prefix, origin).map_err(too_many_origins)?;
            if let Some(offer) = own_of_prefix.get(&origin) {
                text.row(prefix, origin, own.destination(offer), &offer.terms);
            } else if let Some((destination, terms)) = builder
                .row(prefix, origin)
                .map_err(|problem| vec![*problem])?
            {
                text.row(prefix, origin, destination, &terms);
            }
        }
        if text.rows > DECK_ROWS_MAX {
            let message = format_args!("the card would have more than {DECK_ROWS_MAX} rows");
            return Err(vec![Problem::in_field("built_from.parents", message)]);
        }
    }
    Ok(text.finish())
}

fn too_many_origins(error: TooManyOrigins) -> Vec<Problem> {
    let message = format_args!("together they make too many rates: {error}");
    vec![Problem::in_field("built_from.parents", message)]
}

fn own_rows(card: &RateCard) -> Result<Deck, Vec<Problem>> {
    let rows = card.rates.as_deref().unwrap_or_default();
    Deck::from_rows(rows, card, &mut DestinationNames::default())
}

/// Ascending, each once.
fn all_prefixes(parents: &[ParentCard<'_>], own: &Deck) -> Vec<Prefix> {
    let of_parents = parents.iter().flat_map(|parent| parent.deck.prefixes());
    let mut all: Vec<_> = of_parents.chain(own.prefixes()).copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Something with a prefix, ascending, looked up by ascending prefixes: the longest beginning of each.
struct Cursor<T: Copy, I: Iterator<Item = (Prefix, T)>> {
    rows: Peekable<I>,
    /// Those that begin with one another, up to the last that was passed.
    beginnings: ArrayVec<(Prefix, T), PREFIX_DIGITS_MAX>,
}

impl<T: Copy, I: Iterator<Item = (Prefix, T)>> Cursor<T, I> {
    fn new(rows: I) -> Self {
        Self {
            rows: rows.peekable(),
            beginnings: ArrayVec::new(),
        }
    }

    fn longest(&mut self, prefix: Prefix) -> Option<(Prefix, T)> {
        self.go_to(prefix);
        self.beginnings.last().copied()
    }

    fn go_to(&mut self, prefix: Prefix) {
        while let Some((next, value)) = self.rows.next_if(|(next, _)| *next <= prefix) {
            self.leave(next);
            self.beginnings.push((next, value));
        }
        self.leave(prefix);
    }

    fn leave(&mut self, prefix: Prefix) {
        while let Some((last, _)) = self.beginnings.last()
            && !prefix.begins_with(*last)
        {
            self.beginnings.pop();
        }
    }
}

type ParentRows<'d> = Box<dyn Iterator<Item = (Prefix, Group<'d>)> + 'd>;

type OverrideRows<'c> = std::collections::btree_map::IntoIter<Prefix, &'c MarginOverride>;

struct Builder<'c> {
    card: &'c RateCard,
    built_from: &'c BuiltFrom,
    exchange_rate: ExchangeRate,
    parents: Vec<(ParentCard<'c>, Cursor<Group<'c>, ParentRows<'c>>)>,
    by_prefix: Cursor<&'c MarginOverride, OverrideRows<'c>>,
    by_destination: HashMap<&'c str, &'c MarginOverride>,
}

/// A parent's rate for a prefix.
struct Found<'c> {
    terms: RateTerms,
    /// What its sample costs in the books.
    worth: Amount,
    destination: &'c str,
    is_of_prefix: bool,
}

impl<'c> Builder<'c> {
    fn new(
        card: &'c RateCard,
        built_from: &'c BuiltFrom,
        parents: &[ParentCard<'c>],
        exchange_rate: ExchangeRate,
    ) -> Self {
        let overrides = || built_from.overrides.iter();
        let by_prefix: BTreeMap<_, _> = overrides()
            .filter_map(|other| {
                Some((
                    Prefix::parse(other.prefix.as_ref()?.as_bytes()).ok()?,
                    other,
                ))
            })
            .collect();
        let by_destination = overrides()
            .filter_map(|other| Some((other.destination.as_deref()?.trim(), other)))
            .collect();
        let parents = parents.iter().map(|parent| {
            let rows: ParentRows<'c> = Box::new(parent.deck.groups());
            (*parent, Cursor::new(rows))
        });
        Self {
            card,
            built_from,
            exchange_rate,
            parents: parents.collect(),
            by_prefix: Cursor::new(by_prefix.into_iter()),
            by_destination,
        }
    }

    /// The next prefix, which [`Self::row`] is then about.
    fn go_to(&mut self, prefix: Prefix) {
        for (_, cursor) in &mut self.parents {
            cursor.go_to(prefix);
        }
    }

    /// The origins that parents tell apart at the prefix or before it, and more; ascending.
    fn origins<'o>(&self, more: impl Iterator<Item = &'o Origin>) -> BTreeSet<Origin> {
        let cursors = self
            .parents
            .iter()
            .flat_map(|(_, cursor)| &cursor.beginnings);
        let of_parents = cursors.flat_map(|(_, group)| group.origins());
        of_parents.chain(more.copied()).collect()
    }

    /// The rate of a prefix for callers, when any parent has one.
    fn row(
        &mut self,
        prefix: Prefix,
        origin: Origin,
    ) -> Result<Option<(&'c str, RateTerms)>, Box<Problem>> {
        let too_dear = |destination: &str| {
            let message = format_args!(
                "the price of {prefix} {destination} comes out above {PRICE_MAX} {}",
                self.card.currency
            );
            Box::new(Problem::in_field("built_from", message))
        };
        let mut found = Vec::with_capacity(self.parents.len());
        for (parent, cursor) in &self.parents {
            let mut longest_first = cursor.beginnings.iter().rev();
            let Some((matched, offer)) = longest_first
                .find_map(|(matched, group)| Some((*matched, group.offer_for(origin)?)))
            else {
                continue;
            };
            let destination = &**parent.deck.destination(offer);
            let terms = converted(&offer.terms, parent.exchange_rate, self.exchange_rate);
            found.push(Found {
                terms: terms.ok_or_else(|| too_dear(destination))?,
                worth: parent
                    .exchange_rate
                    .to_books(offer.sample_total)
                    .unwrap_or(Amount(i64::MAX)),
                destination,
                is_of_prefix: matched == prefix,
            });
        }
        let Some((mut destination, mut terms)) = combined(self.built_from.combine, &found) else {
            return Ok(None);
        };
        // The name of a longer prefix says more.
        if let Some(named) = found.iter().find(|found| found.is_of_prefix) {
            destination = named.destination;
        }
        if self.built_from.intervals == IntervalSource::Own {
            terms = RateTerms {
                initial_interval_s: self.card.initial_interval_s,
                next_interval_s: self.card.next_interval_s,
                grace_period_s: self.card.grace_period_s,
                ..terms
            };
        }
        let by_prefix = self.by_prefix.longest(prefix).map(|(_, other)| other);
        let other = self.by_destination.get(destination).copied().or(by_prefix);
        let sold = Margin::new(self.built_from, other).on(&terms);
        match sold.filter(|sold| sold.check().is_ok()) {
            Some(sold) => Ok(Some((destination, sold))),
            None => Err(too_dear(destination)),
        }
    }
}

/// Prices and fees in another currency.
fn converted(terms: &RateTerms, from: ExchangeRate, to: ExchangeRate) -> Option<RateTerms> {
    let amount = |amount| from.to_other(to, amount, RoundingMode::Up);
    Some(RateTerms {
        initial_rate_per_minute: amount(terms.initial_rate_per_minute)?,
        next_rate_per_minute: amount(terms.next_rate_per_minute)?,
        connection_fee: amount(terms.connection_fee)?,
        attempt_fee: amount(terms.attempt_fee)?,
        ..*terms
    })
}

/// One rate of several; `None` of none. Of equals the first parent counts.
fn combined<'c>(how: Combination, found: &[Found<'c>]) -> Option<(&'c str, RateTerms)> {
    let first = found.first();
    let chosen = match how {
        Combination::Max => found.iter().rev().max_by_key(|found| found.worth),
        Combination::Min => found.iter().min_by_key(|found| found.worth),
        Combination::Average => first,
    }?;
    let terms = match how {
        Combination::Average => mean(found, chosen.terms),
        _ => chosen.terms,
    };
    Some((chosen.destination, terms))
}

fn mean(found: &[Found<'_>], first: RateTerms) -> RateTerms {
    let mean = |field: fn(&RateTerms) -> Amount| {
        let sum: i128 = found
            .iter()
            .map(|found| i128::from(field(&found.terms).0))
            .sum();
        // A mean of 64 bits fits 64 bits.
        Amount(divide(sum, found.len() as u64, RoundingMode::Up) as i64)
    };
    let terms = || found.iter().map(|found| found.terms);
    RateTerms {
        initial_rate_per_minute: mean(|terms| terms.initial_rate_per_minute),
        next_rate_per_minute: mean(|terms| terms.next_rate_per_minute),
        connection_fee: mean(|terms| terms.connection_fee),
        attempt_fee: mean(|terms| terms.attempt_fee),
        initial_interval_s: terms()
            .map(|terms| terms.initial_interval_s)
            .max()
            .unwrap_or(1),
        next_interval_s: terms()
            .map(|terms| terms.next_interval_s)
            .max()
            .unwrap_or(1),
        grace_period_s: terms().map(|terms| terms.grace_period_s).min().unwrap_or(0),
        ..first
    }
}

/// What is added to a rate.
struct Margin {
    percent: Amount,
    fixed: Amount,
    floor: Amount,
    /// Nano-units between two prices.
    step: u64,
}

impl Margin {
    fn new(built_from: &BuiltFrom, other: Option<&MarginOverride>) -> Self {
        let percent = other.and_then(|other| other.margin_percent);
        let fixed = other.and_then(|other| other.margin_fixed);
        let floor = other.and_then(|other| other.floor);
        let decimals = built_from.decimals.min(DECIMALS_MAX);
        Self {
            percent: percent.unwrap_or(built_from.margin_percent),
            fixed: fixed.unwrap_or(built_from.margin_fixed),
            floor: floor.unwrap_or(built_from.floor),
            step: 10_u64.pow(u32::from(DECIMALS_MAX - decimals)),
        }
    }

    /// `None` when a price does not fit.
    fn on(&self, terms: &RateTerms) -> Option<RateTerms> {
        Some(RateTerms {
            initial_rate_per_minute: self.price(terms.initial_rate_per_minute)?,
            next_rate_per_minute: self.price(terms.next_rate_per_minute)?,
            connection_fee: self.rounded(self.with_percent(terms.connection_fee))?,
            attempt_fee: self.rounded(self.with_percent(terms.attempt_fee))?,
            ..*terms
        })
    }

    fn price(&self, price: Amount) -> Option<Amount> {
        let sold = self.with_percent(price) + i128::from(self.fixed.0);
        self.rounded(sold.max(self.floor.0.into()))
    }

    fn with_percent(&self, amount: Amount) -> i128 {
        let parts = i128::from(amount.0) * (HUNDRED_PERCENT + i128::from(self.percent.0));
        divide(parts, HUNDRED_PERCENT as u64, RoundingMode::Up)
    }

    fn rounded(&self, nanos: i128) -> Option<Amount> {
        let steps = divide(nanos, self.step, RoundingMode::Up);
        let nanos = steps.checked_mul(i128::from(self.step))?;
        i64::try_from(nanos).ok().map(Amount)
    }
}

/// Rows as CSV.
struct Writer {
    text: String,
    rows: usize,
    has_origins: bool,
}

impl Writer {
    /// The column of origins is the last: a card without any has the text that it always had.
    fn new(has_origins: bool) -> Self {
        let columns = &COLUMNS[..COLUMNS.len() - usize::from(!has_origins)];
        let mut text = columns.join(",");
        text.push('\n');
        Self {
            text,
            rows: 0,
            has_origins,
        }
    }

    fn row(&mut self, prefix: Prefix, origin: Origin, destination: &str, terms: &RateTerms) {
        use std::fmt::Write as _;
        // Names may hold whatever a deck's can: they are quoted, and quotes in them doubled.
        let destination = destination.replace('"', "\"\"");
        self.rows += 1;
        // Writing to a text cannot fail.
        let _ = write!(
            self.text,
            "{prefix},\"{destination}\",{},{},{},{},{},{},{}",
            terms.next_rate_per_minute,
            terms.initial_rate_per_minute,
            terms.initial_interval_s,
            terms.next_interval_s,
            terms.connection_fee,
            terms.attempt_fee,
            terms.grace_period_s,
        );
        if self.has_origins {
            let _ = write!(self.text, ",{origin}");
        }
        self.text.push('\n');
    }

    fn finish(self) -> String {
        self.text
    }
}
