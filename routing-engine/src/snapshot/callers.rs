//! Which of the rates of one prefix a call is charged by: who calls decides.
//!
//! The prefix of the called number counts before the caller's: it says what is called, and that is what a
//! price is about; who calls makes that dearer or cheaper. So of the rates at the longest prefix that
//! has one for this caller, it is that of the longest origin, else that of the jurisdiction, else that for all
//! calls.

use super::prefix_index::{CardNumber, Posting};
use crate::deck::{Deck, PREFIX_DIGITS_MAX, Prefix};
use rating::{Jurisdiction, Origin};
use std::sync::Arc;

/// Whom a posting is for: the only one of its prefix for all, one for all beside others, a jurisdiction, or a
/// place in its card's list of leading digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OriginNumber(u16);

/// For whom a rate is that was chosen: all, those of so many leading digits of the caller, or a jurisdiction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OriginMatch(u8);

/// The leading digits of callers that one card tells apart. Each card has its own, so that none can leave
/// another without room.
#[derive(Debug, Default)]
pub(crate) struct CardOrigins {
    /// Ascending.
    prefixes: Arc<[Prefix]>,
    /// Bit `n` is set when one of them has `n` digits: no other length is looked up.
    lengths: u16,
}

/// Who calls, as far as rates ask.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller<'s> {
    digits: Option<Prefix>,
    jurisdiction: Option<Jurisdiction>,
    /// By card.
    origins: &'s [CardOrigins],
}

impl OriginNumber {
    const ONLY: Self = Self(0);
    const ALL: Self = Self(1);
    const FIRST_JURISDICTION: u16 = 2;
    const FIRST_PREFIX: u16 = Self::FIRST_JURISDICTION + Jurisdiction::ALL.len() as u16;

    /// Of a rate for all calls, the only one of its prefix or not.
    pub(super) fn of_all(is_only: bool) -> Self {
        if is_only { Self::ONLY } else { Self::ALL }
    }

    /// Of a rate of a card for some.
    pub(super) fn of(origin: Origin, origins: &CardOrigins) -> Self {
        match (origin.jurisdiction(), origin.prefix()) {
            (Some(jurisdiction), _) => Self::of_jurisdiction(jurisdiction),
            (_, Some(prefix)) => {
                Self::of_place(origins.prefixes.partition_point(|it| *it < prefix))
            }
            _ => Self::ALL,
        }
    }

    fn of_place(place: usize) -> Self {
        Self(Self::FIRST_PREFIX + place as u16)
    }

    fn of_jurisdiction(jurisdiction: Jurisdiction) -> Self {
        Self(Self::FIRST_JURISDICTION + jurisdiction as u16)
    }

    pub(crate) fn is_only(self) -> bool {
        self == Self::ONLY
    }

    /// The jurisdiction that it stands for, if it does.
    fn jurisdiction(self) -> Option<Jurisdiction> {
        let place = self.0.checked_sub(Self::FIRST_JURISDICTION)?;
        Jurisdiction::ALL.get(usize::from(place)).copied()
    }
}

impl CardOrigins {
    pub(super) fn of(deck: &Deck) -> Self {
        let prefixes = Arc::clone(deck.callers());
        let lengths = prefixes.iter().map(|prefix| 1 << prefix.digits_count());
        Self {
            lengths: lengths.fold(0, |all, one: u16| all | one),
            prefixes,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.prefixes.is_empty()
    }

    /// What a number begins with of these, the longest first.
    fn of_number(&self, digits: Prefix) -> impl Iterator<Item = (OriginNumber, OriginMatch)> {
        let mut lengths = self.lengths & u16::MAX >> (PREFIX_DIGITS_MAX - digits.digits_count());
        std::iter::from_fn(move || {
            while lengths != 0 {
                let length = lengths.ilog2();
                lengths ^= 1 << length;
                let wanted = digits.shortened(length as usize);
                if let Ok(place) = self.prefixes.binary_search(&wanted) {
                    return Some((OriginNumber::of_place(place), OriginMatch(length as u8)));
                }
            }
            None
        })
    }
}

impl OriginMatch {
    pub(crate) const NONE: Self = Self(0);
    const FIRST_JURISDICTION: u8 = PREFIX_DIGITS_MAX as u8 + 1;

    fn of_jurisdiction(jurisdiction: Jurisdiction) -> Self {
        Self(Self::FIRST_JURISDICTION + jurisdiction as u8)
    }

    /// The origin that matched of a caller with these digits.
    pub(super) fn origin(self, digits: Option<Prefix>) -> Origin {
        let place = self.0.checked_sub(Self::FIRST_JURISDICTION);
        if let Some(jurisdiction) = place.and_then(|at| Jurisdiction::ALL.get(usize::from(at))) {
            return Origin::of_jurisdiction(*jurisdiction);
        }
        match digits {
            Some(digits) if self != Self::NONE => {
                Origin::of_prefix(digits.shortened(usize::from(self.0)))
            }
            _ => Origin::ANY,
        }
    }

    /// For digests: another number for another match, 0 for none.
    pub(crate) fn number(self) -> u64 {
        self.0.into()
    }
}

impl<'s> Caller<'s> {
    /// One of whom nothing is known and nothing asked.
    pub(crate) const UNKNOWN: Self = Self {
        digits: None,
        jurisdiction: None,
        origins: &[],
    };

    pub(super) fn new(
        digits: Option<Prefix>,
        jurisdiction: Option<Jurisdiction>,
        origins: &'s [CardOrigins],
    ) -> Self {
        Self {
            digits,
            jurisdiction,
            origins,
        }
    }

    /// The leading digits of the number.
    pub(crate) fn digits(&self) -> Option<Prefix> {
        self.digits
    }

    /// The one of a card's postings at a prefix that a call is charged by.
    pub(crate) fn choose(&self, postings: &[Posting]) -> Option<(Posting, OriginMatch)> {
        let first = postings.first()?;
        let of = |number: OriginNumber| {
            let found = postings.binary_search_by_key(&number, |posting| posting.origin);
            found.ok().map(|at| postings[at])
        };
        let mut of_digits = self.origins_of(first.card);
        if let Some(found) = of_digits.find_map(|(number, matched)| Some((of(number)?, matched))) {
            return Some(found);
        }
        let of_jurisdiction = self.jurisdiction.and_then(|jurisdiction| {
            let own = of(OriginNumber::of_jurisdiction(jurisdiction));
            let found = own.or_else(|| instead(jurisdiction, postings))?;
            let row = found.origin.jurisdiction();
            Some((
                found,
                row.map_or(OriginMatch::NONE, OriginMatch::of_jurisdiction),
            ))
        });
        let for_all = || {
            let is_for_all = first.origin <= OriginNumber::ALL;
            is_for_all.then_some((*first, OriginMatch::NONE))
        };
        of_jurisdiction.or_else(for_all)
    }

    /// What the number begins with of what a card tells apart, the longest first.
    fn origins_of(&self, card: CardNumber) -> impl Iterator<Item = (OriginNumber, OriginMatch)> {
        let of_card = self.digits.zip(self.origins.get(usize::from(card)));
        of_card
            .into_iter()
            .flat_map(|(digits, origins)| origins.of_number(digits))
    }
}

/// What counts for a jurisdiction that a card has no rate for. A call that may be either of the others is charged
/// by the dearest, so that it is never sold below its cost.
fn instead(jurisdiction: Jurisdiction, postings: &[Posting]) -> Option<Posting> {
    if jurisdiction != Jurisdiction::Indeterminate {
        return None;
    }
    let first_prefix = OriginNumber(OriginNumber::FIRST_PREFIX);
    let end = postings.partition_point(|posting| posting.origin < first_prefix);
    let without_digits = &postings[..end];
    let has_any = without_digits.last()?.origin > OriginNumber::ALL;
    let dearest = without_digits
        .iter()
        .max_by_key(|posting| posting.sample_total);
    dearest.copied().filter(|_| has_any)
}
