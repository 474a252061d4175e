//! The numbers of which a rule presents one, and which it is.

use crate::lot::mix;
use crate::numbers::caller_digits;
use crate::resources::{CliPick, CliRule, CliRules};
use std::sync::atomic::{AtomicU32, Ordering};

/// Whose turn it is, by rule. It belongs to the resource, not to a snapshot.
#[derive(Debug)]
pub struct Rotations(Box<[AtomicU32]>);

/// Places of each number on the ring of a sticky pool: the more, the more even are the shares of small pools.
const PLACES: u64 = 8;
/// Places that are looked up for a key; the nearest counts. With 21 no number gets more than about a
/// twentieth beyond its share (Appleton, O'Reilly: Multi-Probe Consistent Hashing, 2015).
const PROBES: u64 = 21;

/// Numbers that may be presented; one of them at least.
#[derive(Debug)]
pub(super) struct Pool {
    pick: CliPick,
    numbers: Box<[Box<str>]>,
    /// Empty where the pick is not sticky.
    ring: Ring,
}

/// Numbers of a pool on a circle. A number's places hang upon its digits alone.
#[derive(Debug, Default)]
struct Ring {
    /// In order.
    places: Box<[u64]>,
    /// Which number each of them is.
    numbers: Box<[u16]>,
}

const _: () = assert!(CliRules::POOL_MAX <= u16::MAX as usize);

impl Default for Rotations {
    fn default() -> Self {
        Self(
            (0..CliRules::RULES_MAX)
                .map(|_| AtomicU32::new(0))
                .collect(),
        )
    }
}

impl Rotations {
    /// The turn of a rule; the next call has the next.
    pub(crate) fn take(&self, rule: u16) -> u32 {
        let turn = self.0.get(usize::from(rule));
        turn.map_or(0, |turn| turn.fetch_add(1, Ordering::Relaxed))
    }

    /// The turn of a rule, without taking it.
    pub(crate) fn peek(&self, rule: u16) -> u32 {
        let turn = self.0.get(usize::from(rule));
        turn.map_or(0, |turn| turn.load(Ordering::Relaxed))
    }
}

impl Pool {
    pub(super) fn compile(rule: &CliRule) -> Self {
        let numbers: Box<[Box<str>]> = rule
            .number
            .iter()
            .chain(&rule.pool)
            .map(|number| number.as_str().into())
            .collect();
        let pick = rule.pick.unwrap_or_default();
        let ring = match pick {
            CliPick::StickyCalled | CliPick::StickyCalling => Ring::of(&numbers),
            CliPick::Rotate | CliPick::Random => Ring::default(),
        };
        Self {
            pick,
            numbers,
            ring,
        }
    }

    /// How one of several is picked, and how many there are; `None` when there is one.
    pub(super) fn pick_of_several(&self) -> Option<(CliPick, usize)> {
        let count = self.numbers.len();
        (count > 1).then_some((self.pick, count))
    }

    /// The number that is presented. `draw` tells calls and rules apart; `turn` is taken when numbers
    /// rotate, and only then. Where the pick is sticky time is logarithmic in the pool, constant otherwise.
    pub(super) fn pick(
        &self,
        turn: &mut impl FnMut() -> u32,
        draw: u64,
        called: &str,
        caller: &str,
    ) -> &str {
        let picked = match (&*self.numbers, self.pick) {
            ([only], _) => Some(only),
            (numbers, CliPick::Rotate) => numbers.get(turn() as usize % numbers.len().max(1)),
            (numbers, CliPick::Random) => {
                // The high half of a product is a fair choice, unlike a remainder.
                let place = (u128::from(mix(draw)) * numbers.len() as u128) >> 64;
                numbers.get(place as usize)
            }
            (numbers, CliPick::StickyCalled) => numbers.get(self.ring.nearest(hash(called), || {})),
            (numbers, CliPick::StickyCalling) => {
                // However a number is written, it is the same caller.
                let digits = caller_digits(caller);
                let key = hash(digits.as_deref().unwrap_or(caller));
                numbers.get(self.ring.nearest(key, || {}))
            }
        };
        picked.map_or("", |number| number)
    }
}

impl Ring {
    fn of(numbers: &[Box<str>]) -> Self {
        let mut all: Vec<(u64, u16)> = (0..)
            .zip(numbers)
            .flat_map(|(at, number)| {
                let hash = hash(number.strip_prefix('+').unwrap_or(number));
                (0..PLACES).map(move |place| (mix(hash ^ mix(place)), at))
            })
            .collect();
        all.sort_unstable();
        let (places, numbers): (Vec<_>, Vec<_>) = all.into_iter().unzip();
        Self {
            places: places.into(),
            numbers: numbers.into(),
        }
    }

    /// The number with the place that lies nearest behind one of those of the key. Where a number is taken
    /// out only its own keys go to others, and one that is put in takes its part of each. `look` counts
    /// the places that are looked at.
    fn nearest(&self, key: u64, mut look: impl FnMut()) -> usize {
        let mut best = (u64::MAX, 0);
        for probe in 0..PROBES {
            let from = mix(key ^ mix(!probe));
            let behind = self.places.partition_point(|place| {
                look();
                *place < from
            });
            let at = if behind == self.places.len() {
                0
            } else {
                behind
            };
            if let (Some(place), Some(number)) = (self.places.get(at), self.numbers.get(at)) {
                best = best.min((place.wrapping_sub(from), *number));
            }
        }
        usize::from(best.1)
    }
}

/// The same on every machine and after every restart.
fn hash(text: &str) -> u64 {
    let bytes = text.bytes();
    bytes.fold(0, |hash, byte| mix(hash ^ u64::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn pool(pick: CliPick, numbers: impl Iterator<Item = usize>) -> Pool {
        Pool::compile(&CliRule {
            pool: numbers
                .map(|number| (442_079_460_000 + number).to_string())
                .collect(),
            pick: Some(pick),
            ..CliRule::default()
        })
    }

    fn picked(pool: &Pool, draw: u64, called: &str) -> String {
        pool.pick(&mut || draw as u32, draw, called, "caller")
            .to_owned()
    }

    #[test]
    fn turns_go_round_and_lots_are_even() {
        let rotating = pool(CliPick::Rotate, 0..3);
        let turns = (0..7).map(|turn| picked(&rotating, turn, "1"));
        let last: Vec<_> = turns.map(|number| number[11..].to_owned()).collect();
        assert_eq!(last, ["0", "1", "2", "0", "1", "2", "0"]);
        let random = pool(CliPick::Random, 0..10);
        let mut counts = HashMap::new();
        for draw in 0..10_000 {
            *counts.entry(picked(&random, draw, "1")).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 10);
        assert!(
            counts.values().all(|count| (850..1_150).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn a_sticky_number_is_found_in_a_few_looks_however_large_the_pool_is() {
        for (count, most) in [(10, 200), (100, 300), (10_000, 400)] {
            let pool = pool(CliPick::StickyCalled, 0..count);
            for key in 0..1_000 {
                let mut looks = 0;
                let at = pool.ring.nearest(mix(key), || looks += 1);
                assert!(at < count && looks <= most, "{looks} of {count}");
            }
        }
    }

    #[test]
    fn a_caller_is_the_same_however_its_number_is_written() {
        let pool = pool(CliPick::StickyCalling, 0..100);
        let of = |caller: &str| pool.pick(&mut || 0, 0, "1", caller).to_owned();
        let first = of("442071838750");
        for written in [
            "+442071838750",
            "00442071838750",
            "+44-20-7183-8750",
            "%2B442071838750",
        ] {
            assert_eq!(of(written), first, "{written}");
        }
        let others: HashMap<_, _> = (0..50).map(|one| (of(&one.to_string()), one)).collect();
        assert!(others.len() > 20, "{others:?}");
    }

    #[test]
    fn small_pools_have_even_shares_too() {
        for count in [2, 3, 7] {
            let pool = pool(CliPick::StickyCalled, 0..count);
            let mut shares = vec![0; count];
            for key in 0..21_000 {
                shares[pool.ring.nearest(mix(key), || {})] += 1;
            }
            let fair = 21_000 / count;
            let is_fair = |share: &usize| (fair * 3 / 5..=fair * 7 / 5).contains(share);
            assert!(shares.iter().all(is_fair), "{shares:?}");
        }
    }

    #[test]
    fn a_number_that_leaves_the_pool_moves_its_own_called_numbers_only() {
        let before = pool(CliPick::StickyCalled, 0..100);
        let after = pool(
            CliPick::StickyCalled,
            (0..100).filter(|number| *number != 40),
        );
        let mut moved = 0;
        let mut counts = HashMap::new();
        for called in 0..20_000_u64 {
            let called = (441_210_000_000 + called * 7).to_string();
            // Nothing else of the call matters.
            let first = picked(&before, 1, &called);
            assert_eq!(first, picked(&before, 2, &called));
            let second = picked(&after, 3, &called);
            moved += usize::from(first != second);
            assert!(first == second || first.ends_with("040"), "{called}");
            *counts.entry(first).or_insert(0) += 1;
        }
        assert!((120..280).contains(&moved), "{moved}");
        assert_eq!(counts.len(), 100);
        assert!(
            counts.values().all(|count| (120..280).contains(count)),
            "{counts:?}"
        );
    }
}
