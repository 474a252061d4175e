//! The longest matching prefix of every card by one walk over the called number.
//!
//! A trie over the union of all cards' prefixes, each node 12 bytes: its children lie side by side
//! and a mask says which digits they stand for. Each node that some card has a rate for owns a run
//! of *postings* (card, offer), ascending by card. A walk collects the runs on its way down; the
//! deepest run that names a card has that card's longest match.
//!
//! Nodes are numbered breadth first and runs follow that order, so a node's run ends where the next
//! node's begins.
//!
//! A card that asks who calls has several postings in a run, side by side: which counts is for the
//! [`Caller`] to say. Those of other cards are marked as the only ones, so that they cost no look more.

use super::callers::{Caller, CardOrigins, OriginMatch, OriginNumber};
use super::parts::RateRef;
use crate::deck::{Deck, PREFIX_DIGITS_MAX, Prefix};
use arrayvec::ArrayVec;
use rating::{Amount, Jurisdiction};
use std::collections::VecDeque;
use std::ops::Range;

/// The card's number in the snapshot.
pub(crate) type CardNumber = u16;

/// A card's rate at a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Posting {
    /// The offer's key of LCR in the currency of its card, here so that ranking touches no deck: routes of ten carriers come
    /// from a few cache lines side by side instead of ten far apart.
    pub(crate) sample_total: Amount,
    /// The offer's index in the card's deck.
    pub(crate) offer: u32,
    pub(crate) card: CardNumber,
    /// Whom it is for.
    pub(crate) origin: OriginNumber,
}

/// The runs that a called number passes, shortest prefix first.
pub(crate) type Path<'s> = ArrayVec<Run<'s>, PREFIX_DIGITS_MAX>;

/// All rates for one prefix.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run<'s> {
    /// Length of the prefix, digits.
    pub(crate) digits: u8,
    /// Ascending by card, and of a card by origin.
    pub(crate) postings: &'s [Posting],
}

#[derive(Debug, Default)]
pub(crate) struct PrefixIndex {
    /// The root first; one more at the end closes the last run.
    nodes: Box<[Node]>,
    postings: Box<[Posting]>,
    /// Leading digits of callers that each card tells apart; empty when none does.
    origins: Box<[CardOrigins]>,
    /// Whether any card tells jurisdictions apart.
    asks_jurisdiction: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Node {
    first_child: u32,
    first_posting: u32,
    /// Bit `d` is set when there is a child for digit `d`; children are in that order.
    digits: u16,
}

impl PrefixIndex {
    /// Indexes decks; a deck's position is its card's number.
    pub(crate) fn build(decks: &[&Deck]) -> Self {
        let origins: Box<[_]> = decks.iter().map(|deck| CardOrigins::of(deck)).collect();
        let mut all = decks.iter().flat_map(|deck| deck.origins());
        let asks_jurisdiction = all.any(|origin| origin.jurisdiction().is_some());
        let prefixes = union(decks);
        let (mut nodes, node_of) = build_nodes(&prefixes);
        let mut next_posting = count_postings(&mut nodes, &prefixes, &node_of, decks);
        let total = nodes.last().map_or(0, |end| end.first_posting as usize);
        let mut postings = vec![Posting::default(); total];
        for ((card, deck), origins) in (0..).zip(decks).zip(&origins) {
            let mut finder = Finder::new(&prefixes);
            let rows = deck.prefixes().iter().zip(deck.offer_indexes());
            for (at, (prefix, offer)) in rows.enumerate() {
                let slot = &mut next_posting[node_of[finder.find(*prefix)] as usize];
                postings[*slot as usize] = Posting {
                    sample_total: deck.offer(*offer).sample_total,
                    offer: *offer,
                    card,
                    origin: origin_number(deck, at, origins),
                };
                *slot += 1;
            }
        }
        let tells_digits = origins.iter().any(|origins| !origins.is_empty());
        Self {
            nodes,
            postings: postings.into_boxed_slice(),
            origins: if tells_digits {
                origins
            } else {
                Box::default()
            },
            asks_jurisdiction,
        }
    }

    /// Whether any rate is for some callers alone.
    pub(crate) fn asks_callers(&self) -> bool {
        self.asks_jurisdiction || !self.origins.is_empty()
    }

    /// Whether any rate is for a jurisdiction.
    pub(crate) fn asks_jurisdiction(&self) -> bool {
        self.asks_jurisdiction
    }

    /// Who calls, as far as rates ask.
    pub(crate) fn caller(
        &self,
        digits: Option<Prefix>,
        jurisdiction: Option<Jurisdiction>,
    ) -> Caller<'_> {
        Caller::new(digits, jurisdiction, &self.origins)
    }

    /// Walks the digits of a number as far as any prefix goes. Stops at what is no digit.
    pub(crate) fn walk(&self, number: &[u8]) -> Path<'_> {
        let mut path = Path::new();
        let mut at = 0_usize;
        for (digits, byte) in (1..).zip(number.iter().take(PREFIX_DIGITS_MAX)) {
            let Some(child) = self.child(at, byte.wrapping_sub(b'0')) else {
                break;
            };
            at = child;
            let run = self.run(at);
            if !run.is_empty() {
                path.push(Run {
                    digits,
                    postings: &self.postings[run],
                });
            }
        }
        path
    }

    fn child(&self, node: usize, digit: u8) -> Option<usize> {
        let node = self.nodes.get(node)?;
        let bit = 1_u16.checked_shl(u32::from(digit))?;
        if node.digits & bit == 0 {
            return None;
        }
        let before = (node.digits & (bit - 1)).count_ones();
        Some((node.first_child + before) as usize)
    }

    fn run(&self, node: usize) -> Range<usize> {
        self.nodes[node].first_posting as usize..self.nodes[node + 1].first_posting as usize
    }

    /// How many rates it holds.
    pub(crate) fn len(&self) -> usize {
        self.postings.len()
    }
}

impl Run<'_> {
    /// The rate of a card in this run for a caller.
    fn of_card(&self, card: CardNumber, caller: &Caller<'_>) -> Option<(Posting, OriginMatch)> {
        let found = self
            .postings
            .binary_search_by_key(&card, |posting| posting.card);
        let at = found.ok()?;
        let posting = self.postings[at];
        if posting.origin.is_only() {
            return Some((posting, OriginMatch::NONE));
        }
        let start = self.postings[..at].partition_point(|other| other.card < card);
        caller.choose(of_first_card(&self.postings[start..]))
    }

    /// A posting of this run as a rate.
    pub(crate) fn rate(&self, posting: Posting, origin: OriginMatch) -> RateRef {
        RateRef {
            offer: posting.offer,
            card: posting.card,
            prefix_digits: self.digits,
            origin,
        }
    }
}

/// The longest match of one card on a path for a caller, and its key of LCR.
pub(crate) fn longest_match(
    path: &Path<'_>,
    card: CardNumber,
    caller: &Caller<'_>,
) -> Option<(RateRef, Amount)> {
    path.iter().rev().find_map(|run| {
        run.of_card(card, caller)
            .map(|(posting, origin)| (run.rate(posting, origin), posting.sample_total))
    })
}

/// The postings at the head that are of one card. Steps double: most cards have few, one may have a thousand.
pub(crate) fn of_first_card(postings: &[Posting]) -> &[Posting] {
    let Some(first) = postings.first().map(|posting| posting.card) else {
        return postings;
    };
    let is_first = |posting: &Posting| posting.card == first;
    let mut end = 1;
    while postings.get(end).is_some_and(is_first) {
        end *= 2;
    }
    let window = &postings[end / 2..end.min(postings.len())];
    &postings[..end / 2 + window.partition_point(is_first)]
}

/// Whom the row at a place of a deck is for.
fn origin_number(deck: &Deck, at: usize, origins: &CardOrigins) -> OriginNumber {
    let origin = deck.origin(at);
    if origin.is_any() {
        // The rate for all comes first of its prefix.
        let next = deck.prefixes().get(at + 1);
        return OriginNumber::of_all(next != Some(&deck.prefixes()[at]));
    }
    OriginNumber::of(origin, origins)
}

/// All prefixes of all decks, ascending, each once.
fn union(decks: &[&Deck]) -> Vec<Prefix> {
    match decks {
        [] => Vec::new(),
        [deck] => {
            let mut prefixes = deck.prefixes().to_vec();
            prefixes.dedup();
            prefixes
        }
        _ => {
            let (left, right) = decks.split_at(decks.len() / 2);
            merge(&union(left), &union(right))
        }
    }
}

fn merge(left: &[Prefix], right: &[Prefix]) -> Vec<Prefix> {
    let mut merged = Vec::with_capacity(left.len().max(right.len()));
    let (mut l, mut r) = (0, 0);
    while l < left.len() && r < right.len() {
        let (one, other) = (left[l], right[r]);
        merged.push(one.min(other));
        l += usize::from(one <= other);
        r += usize::from(other <= one);
    }
    merged.extend_from_slice(&left[l..]);
    merged.extend_from_slice(&right[r..]);
    merged
}

/// Some of the prefixes that share their first `depth` digits: the subtree of one node.
struct Subtree {
    prefixes: Range<usize>,
    depth: usize,
}

/// The nodes, and for each prefix the node that stands for it.
fn build_nodes(prefixes: &[Prefix]) -> (Box<[Node]>, Vec<u32>) {
    let mut nodes = Vec::new();
    let mut node_of = vec![0; prefixes.len()];
    let mut queue = VecDeque::from([Subtree {
        prefixes: 0..prefixes.len(),
        depth: 0,
    }]);
    while let Some(subtree) = queue.pop_front() {
        let node = nodes.len() as u32;
        let mut below = subtree.prefixes;
        // The shortest sorts first: it is the one that ends at this node, if any does.
        if !below.is_empty() && prefixes[below.start].digits_count() == subtree.depth {
            node_of[below.start] = node;
            below.start += 1;
        }
        // Every subtree that is queued becomes a node after those that are there already.
        let first_child = node + 1 + queue.len() as u32;
        let digits = queue_children(prefixes, below, subtree.depth, &mut queue);
        nodes.push(Node {
            first_child,
            first_posting: 0,
            digits,
        });
    }
    nodes.push(Node::default());
    (nodes.into_boxed_slice(), node_of)
}

/// Queues a subtree for each next digit and returns the mask of those digits.
fn queue_children(
    prefixes: &[Prefix],
    mut rest: Range<usize>,
    depth: usize,
    queue: &mut VecDeque<Subtree>,
) -> u16 {
    let mut digits = 0;
    while !rest.is_empty() {
        let digit = prefixes[rest.start].digit(depth);
        let count = prefixes[rest.clone()].partition_point(|prefix| prefix.digit(depth) <= digit);
        let end = rest.start + count;
        queue.push_back(Subtree {
            prefixes: rest.start..end,
            depth: depth + 1,
        });
        digits |= 1 << digit;
        rest.start = end;
    }
    digits
}

/// Sets where each run begins, and returns the same as the place of each run's first posting.
fn count_postings(
    nodes: &mut [Node],
    prefixes: &[Prefix],
    node_of: &[u32],
    decks: &[&Deck],
) -> Vec<u32> {
    let mut counts = vec![0_u32; nodes.len()];
    for deck in decks {
        let mut finder = Finder::new(prefixes);
        for prefix in deck.prefixes() {
            counts[node_of[finder.find(*prefix)] as usize] += 1;
        }
    }
    let mut next = 0;
    for (node, count) in nodes.iter_mut().zip(&mut counts) {
        node.first_posting = next;
        next += std::mem::replace(count, node.first_posting);
    }
    counts
}

/// Finds prefixes of one deck, which ascend, in the union. Steps double, so that a short deck does
/// not pay for the length of the union.
struct Finder<'p> {
    union: &'p [Prefix],
    from: usize,
}

impl<'p> Finder<'p> {
    fn new(union: &'p [Prefix]) -> Self {
        Self { union, from: 0 }
    }

    fn find(&mut self, prefix: Prefix) -> usize {
        let mut step = 1;
        while self.from + step < self.union.len() && self.union[self.from + step] <= prefix {
            step *= 2;
        }
        let window = self.from + step / 2..(self.from + step).min(self.union.len());
        let start = window.start;
        self.from = start + self.union[window].partition_point(|known| *known < prefix);
        debug_assert_eq!(
            self.union[self.from], prefix,
            "the union holds every prefix"
        );
        self.from
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use crate::deck::DestinationNames;
    use crate::resources::RateCard;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use std::fmt::Write;

    fn deck(prefixes: &BTreeSet<String>) -> Deck {
        let mut csv = "prefix,destination,rate_per_minute\n".to_owned();
        for prefix in prefixes {
            writeln!(csv, "{prefix},Destination {prefix},0.1").unwrap();
        }
        let card: RateCard = serde_json::from_str(r#"{"currency": "USD", "rates": []}"#).unwrap();
        Deck::read(csv.as_bytes(), &card, &mut DestinationNames::default()).unwrap()
    }

    fn longest(prefixes: &BTreeSet<String>, number: &str) -> Option<String> {
        let matching = prefixes.iter().filter(|prefix| number.starts_with(*prefix));
        matching.max_by_key(|prefix| prefix.len()).cloned()
    }

    fn found(index: &PrefixIndex, decks: &[Deck], card: usize, number: &str) -> Option<String> {
        let path = index.walk(number.as_bytes());
        let (rate, _) = longest_match(&path, card as CardNumber, &Caller::UNKNOWN)?;
        let prefix = rate.prefix(number);
        let offer = decks[card].offer(rate.offer);
        assert_eq!(
            &**decks[card].destination(offer),
            format!("Destination {prefix}")
        );
        Some(prefix.to_owned())
    }

    #[test]
    fn an_index_of_nothing_finds_nothing() {
        assert!(PrefixIndex::build(&[]).walk(b"4420").is_empty());
        assert!(PrefixIndex::default().walk(b"4420").is_empty());
        let empty = deck(&BTreeSet::new());
        assert!(PrefixIndex::build(&[&empty]).walk(b"4420").is_empty());
    }

    #[test]
    fn a_number_that_is_not_digits_ends_the_walk() {
        let deck = deck(&BTreeSet::from(["44".to_owned(), "4420".to_owned()]));
        let index = PrefixIndex::build(&[&deck]);
        for (number, runs) in [("4420", 2), ("44x0", 1), ("x", 0), ("\u{ff}", 0), ("", 0)] {
            assert_eq!(index.walk(number.as_bytes()).len(), runs, "{number}");
        }
    }

    proptest! {
        #[test]
        fn every_card_gets_its_longest_match(
            // Few digits make prefixes of prefixes likely.
            cards in proptest::collection::vec(
                proptest::collection::btree_set("[0-2]{1,6}|[0-9]{1,15}", 0..40), 1..6),
            numbers in proptest::collection::vec("[0-2]{0,8}|[0-9]{0,18}", 1..40),
        ) {
            let decks: Vec<_> = cards.iter().map(deck).collect();
            let index = PrefixIndex::build(&decks.iter().collect::<Vec<_>>());
            prop_assert_eq!(index.len(), cards.iter().map(BTreeSet::len).sum::<usize>());
            let known = cards.iter().flatten().cloned();
            for number in numbers.into_iter().chain(known) {
                for (card, prefixes) in cards.iter().enumerate() {
                    prop_assert_eq!(
                        found(&index, &decks, card, &number), longest(prefixes, &number)
                    );
                }
            }
        }
    }
}
