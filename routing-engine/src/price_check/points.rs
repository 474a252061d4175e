//! The numbers that are asked about: where any price or cost may change.

use super::PriceQuestion;
use super::callers::Callers;
use crate::deck::{Deck, Offer, Prefix};
use crate::snapshot::{CardNumber, CustomerIndex, Snapshot};
use rating::{Currency, Jurisdiction, Origin};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

/// The prefixes of carriers' cards, and those whose rates change.
pub(super) struct Points {
    /// Callers that carriers' cards tell apart, by the owner of the cards and the prefix.
    callers_of_carriers: BTreeMap<i64, Callers>,
    /// Of both snapshots, by the owner of the cards, ascending.
    of_carriers: BTreeMap<i64, Vec<Prefix>>,
    /// Prefixes whose rates change; `None` when anything else changes too.
    changed: Option<HashSet<Prefix>>,
}

impl Points {
    pub(super) fn new(question: &PriceQuestion<'_>) -> Self {
        let changed = question.is_of_cards.then(|| changed(question));
        let mut of_carriers: BTreeMap<i64, Vec<Prefix>> = BTreeMap::new();
        let mut callers_of_carriers: BTreeMap<i64, Callers> = BTreeMap::new();
        let mut seen: HashSet<*const Deck> = HashSet::new();
        for snapshot in [question.after, question.before] {
            for card in 0..snapshot.egress_cards() {
                let deck = snapshot.deck(card);
                if seen.insert(Arc::as_ptr(deck)) {
                    let owner = snapshot.owner_of_card(card);
                    let all = of_carriers.entry(owner).or_default();
                    all.extend_from_slice(deck.prefixes());
                    callers_of_carriers.entry(owner).or_default().add(deck);
                }
            }
        }
        for all in of_carriers.values_mut() {
            all.sort_unstable();
            all.dedup();
            all.retain(|prefix| is_asked(*prefix, changed.as_ref()));
        }
        Self {
            callers_of_carriers,
            of_carriers,
            changed,
        }
    }

    /// How many prefixes are looked at to find those of a customer's card.
    pub(super) fn looks(
        &self,
        after: &Snapshot,
        before: &Snapshot,
        card: CardNumber,
        was: Option<CustomerIndex>,
    ) -> u64 {
        let own = decks(after, before, card, was).map(Deck::len);
        let of_carriers = self.of_carriers.get(&after.owner_of_card(card));
        (own.sum::<usize>() + of_carriers.map_or(0, Vec::len)) as u64
    }

    /// What is asked of a customer's card: its prefixes, each for all callers and for those that any card
    /// tells apart there or at a shorter prefix.
    pub(super) fn of(
        &self,
        after: &Snapshot,
        before: &Snapshot,
        card: CardNumber,
        was: Option<CustomerIndex>,
    ) -> impl Iterator<Item = (Prefix, Origin)> {
        let mut own = Callers::default();
        for deck in decks(after, before, card, was) {
            own.add(deck);
        }
        let of_carriers = self.callers_of_carriers.get(&after.owner_of_card(card));
        let prefixes = self.prefixes_of(after, before, card, was);
        prefixes.into_iter().flat_map(move |prefix| {
            let at_or_before = (1..=prefix.digits_count()).map(|digits| prefix.shortened(digits));
            let told = at_or_before.flat_map(|shorter| {
                let all = of_carriers.into_iter().chain([&own]);
                all.flat_map(move |callers| callers.at(shorter))
            });
            // Without a calling number a call to the plan of +1 is indeterminate anyhow.
            let told =
                told.filter(|origin| origin.jurisdiction() != Some(Jurisdiction::Indeterminate));
            let origins: BTreeSet<_> = told.copied().chain([Origin::ANY]).collect();
            origins.into_iter().map(move |origin| (prefix, origin))
        })
    }

    /// The prefixes of a customer's card, of now and of the draft, and those of carriers below them;
    /// where only rates change, those at or below a changed one. Ascending.
    fn prefixes_of(
        &self,
        after: &Snapshot,
        before: &Snapshot,
        card: CardNumber,
        was: Option<CustomerIndex>,
    ) -> Vec<Prefix> {
        let has = |prefix: Prefix| {
            let mut own = decks(after, before, card, was);
            own.any(|deck| deck.prefixes().binary_search(&prefix).is_ok())
        };
        let own = decks(after, before, card, was).flat_map(Deck::prefixes);
        let own = own.filter(|prefix| is_asked(**prefix, self.changed.as_ref()));
        let of_carriers = self.of_carriers.get(&after.owner_of_card(card));
        let below = of_carriers.into_iter().flatten();
        let below = below.filter(|prefix| stands_below(**prefix, has));
        let mut all: Vec<Prefix> = own.chain(below).copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// The rates of a customer's card by the draft, and those of before where they are others.
fn decks<'s>(
    after: &'s Snapshot,
    before: &'s Snapshot,
    card: CardNumber,
    was: Option<CustomerIndex>,
) -> impl Iterator<Item = &'s Deck> {
    let deck = after.deck(card);
    let other = was.map(|was| before.deck(before.customer(was).card));
    let other = other.filter(|other| !Arc::ptr_eq(other, deck));
    std::iter::once(deck).chain(other).map(|deck| &**deck)
}

fn is_asked(prefix: Prefix, changed: Option<&HashSet<Prefix>>) -> bool {
    changed.is_none_or(|changed| stands_below(prefix, |shorter| changed.contains(&shorter)))
}

/// Whether a prefix is one of some, or begins with one.
fn stands_below(prefix: Prefix, is_one: impl Fn(Prefix) -> bool) -> bool {
    let mut shorter = (1..=prefix.digits_count()).rev();
    shorter.any(|digits| is_one(prefix.shortened(digits)))
}

/// The prefixes that have another price in a card than before, are new there, or are gone.
fn changed(question: &PriceQuestion<'_>) -> HashSet<Prefix> {
    let cards = |snapshot: &Snapshot| -> BTreeMap<i64, (Currency, Arc<Deck>)> {
        let cards = snapshot.cards_with_decks();
        cards
            .map(|(id, currency, deck)| (id, (currency, Arc::clone(deck))))
            .collect()
    };
    let (before, after) = (cards(question.before), cards(question.after));
    let mut changed = HashSet::new();
    let ids: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for id in ids {
        match (before.get(id), after.get(id)) {
            (Some((one, was)), Some((other, is))) if one == other => {
                if !Arc::ptr_eq(was, is) {
                    differing(was, is, &mut changed);
                }
            }
            // Of another currency each price is another.
            (was, is) => {
                for (_, deck) in was.into_iter().chain(is) {
                    changed.extend(deck.prefixes());
                }
            }
        }
    }
    changed
}

/// Both are ascending, so one walk over both finds what differs.
fn differing(was: &Deck, is: &Deck, changed: &mut HashSet<Prefix>) {
    let (mut was, mut is) = (was.rows().peekable(), is.rows().peekable());
    loop {
        let (old, new) = (was.peek(), is.peek());
        let order = match (old, new) {
            (Some(old), Some(new)) => (old.0, old.1).cmp(&(new.0, new.1)),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return,
        };
        let gone = was.next_if(|_| order.is_le());
        let come = is.next_if(|_| order.is_ge());
        let price =
            |row: Option<(Prefix, Origin, &Offer)>| row.map(|(.., offer)| offer.sample_total);
        if price(gone) != price(come) {
            changed.extend(gone.or(come).map(|(prefix, ..)| prefix));
        }
    }
}
