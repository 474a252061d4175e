//! The numbers of which a rule presents one, and which it is.

use crate::lot::mix;
use crate::resources::{CliPick, CliRule, CliRules};
use std::sync::atomic::{AtomicU32, Ordering};

/// Whose turn it is, by rule. It belongs to the resource, not to a snapshot.
#[derive(Debug)]
pub struct Rotations(Box<[AtomicU32]>);

/// Numbers that may be presented; one of them at least.
#[derive(Debug)]
pub(super) struct Pool {
    pick: CliPick,
    numbers: Box<[PoolNumber]>,
}

#[derive(Debug)]
struct PoolNumber {
    /// Of its digits.
    hash: u64,
    text: Box<str>,
}

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
        let numbers = rule.number.iter().chain(&rule.pool);
        let numbers = numbers.map(|number| PoolNumber {
            hash: hash(number.strip_prefix('+').unwrap_or(number)),
            text: number.as_str().into(),
        });
        Self {
            pick: rule.pick.unwrap_or_default(),
            numbers: numbers.collect(),
        }
    }

    /// How one of several is picked, and how many there are; `None` when there is one.
    pub(super) fn pick_of_several(&self) -> Option<(CliPick, usize)> {
        let count = self.numbers.len();
        (count > 1).then_some((self.pick, count))
    }

    /// The number that is presented. `draw` tells calls and rules apart; `turn` is taken when numbers
    /// rotate, and only then. Time is linear in the pool where the pick is sticky, constant otherwise.
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
            (_, CliPick::StickyCalled) => self.highest(hash(called)),
            (_, CliPick::StickyCalling) => {
                let international = caller.strip_prefix('+');
                let digits = international.or_else(|| caller.strip_prefix("00"));
                self.highest(hash(digits.unwrap_or(caller)))
            }
        };
        picked.map_or("", |number| &number.text)
    }

    /// Rendezvous: each number bids for the key, and the highest bid wins. Where a number is taken out only
    /// its own keys go to others, and one that is put in takes its part of each.
    fn highest(&self, key: u64) -> Option<&PoolNumber> {
        self.numbers
            .iter()
            .max_by_key(|number| mix(key ^ number.hash))
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
