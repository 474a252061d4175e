//! Which of the rates of one prefix a call is charged by: who calls decides.
//!
//! The prefix of the called number counts before the caller's: it says what is called, and that is what a
//! price is about; who calls makes that dearer or cheaper. So of the rates at the longest prefix that
//! has one for this caller, it is that of the longest origin, else that of the jurisdiction, else that for all
//! calls.

use super::prefix_index::Posting;
use crate::deck::{PREFIX_DIGITS_MAX, Prefix};
use arrayvec::ArrayVec;
use rating::{Jurisdiction, Origin};

/// Most origins of all cards together that are leading digits.
pub(crate) const ORIGINS_MAX: usize = u16::MAX as usize - OriginNumber::FIRST_PREFIX as usize;

/// Whom a posting is for: the only one of its prefix for all, one for all beside others, a jurisdiction, or a
/// place in the list of leading digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OriginNumber(u16);

/// What of the caller a rate matched: nothing, so many digits, or the jurisdiction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OriginMatch(u8);

/// Who calls, as far as rates ask.
#[derive(Clone, Debug, Default)]
pub(crate) struct Caller {
    digits: Option<Prefix>,
    jurisdiction: Option<Jurisdiction>,
    /// What the digits begin with of what rates are for, the longest first.
    origins: ArrayVec<(OriginNumber, OriginMatch), PREFIX_DIGITS_MAX>,
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

    /// Of a rate for some; `origins` are all that are leading digits.
    pub(super) fn of(origin: Origin, origins: &[Prefix]) -> Self {
        match (origin.jurisdiction(), origin.prefix()) {
            (Some(jurisdiction), _) => Self::of_jurisdiction(jurisdiction),
            (_, Some(prefix)) => {
                let place = origins.partition_point(|other| *other < prefix);
                Self(Self::FIRST_PREFIX + place as u16)
            }
            _ => Self::ALL,
        }
    }

    fn of_jurisdiction(jurisdiction: Jurisdiction) -> Self {
        Self(Self::FIRST_JURISDICTION + jurisdiction as u16)
    }

    pub(crate) fn is_only(self) -> bool {
        self == Self::ONLY
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

impl Caller {
    /// One of whom nothing is known and nothing asked.
    pub(crate) const UNKNOWN: Self = Self {
        digits: None,
        jurisdiction: None,
        origins: ArrayVec::new_const(),
    };

    pub(super) fn new(
        digits: Option<Prefix>,
        jurisdiction: Option<Jurisdiction>,
        known: &[Prefix],
    ) -> Self {
        let mut origins = ArrayVec::new();
        if let Some(digits) = digits.filter(|_| !known.is_empty()) {
            for length in (1..=digits.digits_count()).rev() {
                if let Ok(place) = known.binary_search(&digits.shortened(length)) {
                    let number = OriginNumber(OriginNumber::FIRST_PREFIX + place as u16);
                    origins.push((number, OriginMatch(length as u8)));
                }
            }
        }
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
        let of = |number: OriginNumber| {
            let found = postings.binary_search_by_key(&number, |posting| posting.origin);
            found.ok().map(|at| postings[at])
        };
        for (number, matched) in &self.origins {
            if let Some(posting) = of(*number) {
                return Some((posting, *matched));
            }
        }
        let of_jurisdiction = self.jurisdiction.and_then(|jurisdiction| {
            let own = of(OriginNumber::of_jurisdiction(jurisdiction));
            let found = own.or_else(|| instead(jurisdiction, postings));
            Some((found?, OriginMatch::of_jurisdiction(jurisdiction)))
        });
        let for_all = || {
            let first = postings.first()?;
            let is_for_all = first.origin <= OriginNumber::ALL;
            is_for_all.then_some((*first, OriginMatch::NONE))
        };
        of_jurisdiction.or_else(for_all)
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
