//! Cards that are built from others: in which order, from what, and which follow a change.

use super::renames::draft_of;
use super::{DeckText, Fault, Planner};
use crate::clock;
use crate::resource_engine::current::{CurrentSet, Entry, Key, Proposed};
use crate::resource_engine::draft::Draft;
use rating::exchange::ExchangeRate;
use rating::{Currency, Timestamp};
use resources::{
    BuiltFrom, Problem, RateCard, Rebuild, ResourceDocument, ResourceKind, ResourceSpec,
};
use routing_engine::deck::{Deck, ParentCard, build};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::TenantId;

/// Most cards between one and the last that it is built through.
const GENERATIONS_MAX: usize = 16;

/// Why there is a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// Somebody asks for it.
    Asked,
    /// It names a resource that gets another name.
    Renamed,
    /// It is built from what changes.
    Rebuilt,
}

/// The rates of a built card, and the hash of their text.
pub(super) type BuiltDeck = (Option<Arc<Deck>>, Option<String>);

/// What a card is built from.
pub(crate) fn built_from(entry: &Entry) -> Option<(&RateCard, &BuiltFrom)> {
    match &entry.spec {
        ResourceSpec::RateCard(card) => Some((card, card.built_from.as_ref()?)),
        _ => None,
    }
}

fn is_automatic(entry: &Entry) -> bool {
    built_from(entry).is_some_and(|(_, built)| built.rebuild == Rebuild::Automatic)
}

/// Adds a draft for each card that follows those that change.
pub(super) fn follow(
    base: &CurrentSet,
    owner: TenantId,
    mut drafts: Vec<(Draft, Why)>,
) -> Vec<(Draft, Why)> {
    let kinds = [ResourceKind::RateCard, ResourceKind::ExchangeRate];
    let mut seen = BTreeSet::new();
    for (draft, _) in drafts
        .iter()
        .filter(|(draft, _)| kinds.contains(&draft.kind))
    {
        seen.insert(Key::new(owner, draft.kind, &draft.name));
    }
    let rates_change = seen
        .iter()
        .any(|key| key.kind == ResourceKind::ExchangeRate);
    let mut queue: Vec<Key> = seen.iter().cloned().collect();
    let mut add = |entry: &Entry, queue: &mut Vec<Key>| {
        if is_automatic(entry) && seen.insert(entry.key.clone()) {
            drafts.push((draft_of(entry), Why::Rebuilt));
            queue.push(entry.key.clone());
        }
    };
    if rates_change {
        for entry in base.of_kind(owner, ResourceKind::RateCard) {
            add(entry, &mut queue);
        }
    }
    while let Some(changed) = queue.pop() {
        for referrer in base.referrers(&changed).filter_map(|key| base.get(key)) {
            add(referrer, &mut queue);
        }
    }
    drafts
}

/// Puts exchange rates before cards, and cards behind those that they are built from. Of those that
/// are built from one another the order means nothing: they are refused later.
pub(super) fn in_order(drafts: Vec<(Draft, Why)>) -> Vec<(Draft, Why)> {
    let parents: Vec<Vec<String>> = drafts.iter().map(|(draft, _)| parents_of(draft)).collect();
    if parents.iter().all(Vec::is_empty) {
        return drafts;
    }
    let cards: BTreeMap<&str, usize> = drafts
        .iter()
        .enumerate()
        .filter(|(_, (draft, _))| draft.kind == ResourceKind::RateCard)
        .filter_map(|(at, (draft, _))| Some((draft.content.as_ref()?.name.as_str(), at)))
        .collect();
    let above: Vec<Vec<usize>> = parents
        .iter()
        .map(|names| {
            names
                .iter()
                .filter_map(|name| cards.get(name.as_str()).copied())
                .collect()
        })
        .collect();
    let is_rate = |at: &usize| drafts[*at].0.kind == ResourceKind::ExchangeRate;
    let (rates, others): (Vec<usize>, Vec<usize>) = (0..drafts.len()).partition(is_rate);
    let mut placing = Placing {
        above: &above,
        seen: rates.iter().copied().collect(),
        order: rates,
    };
    for at in others {
        placing.place(at, 0);
    }
    let order = placing.order;
    let mut drafts: Vec<Option<_>> = drafts.into_iter().map(Some).collect();
    order
        .into_iter()
        .filter_map(|at| drafts[at].take())
        .collect()
}

/// Drafts on the way into their order.
struct Placing<'a> {
    /// By draft: those that must stand before it.
    above: &'a [Vec<usize>],
    seen: BTreeSet<usize>,
    order: Vec<usize>,
}

impl Placing<'_> {
    fn place(&mut self, at: usize, depth: usize) {
        // Longer chains are refused later, whatever their order.
        if depth > GENERATIONS_MAX || !self.seen.insert(at) {
            return;
        }
        for above in &self.above[at] {
            self.place(*above, depth + 1);
        }
        self.order.push(at);
    }
}

fn parents_of(draft: &Draft) -> Vec<String> {
    let content = draft
        .content
        .as_ref()
        .filter(|_| draft.kind == ResourceKind::RateCard);
    let parents = content.map(|content| &content.spec["built_from"]["parents"]);
    let names = parents
        .and_then(|parents| parents.as_array())
        .into_iter()
        .flatten();
    names
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect()
}

/// Cards that are built from themselves, and those that are built through too many.
pub(super) fn faults(proposed: &Proposed) -> Vec<Fault> {
    let changed = proposed.changes().values().flatten();
    let built = changed.filter(|entry| built_from(entry).is_some());
    let depths = &mut BTreeMap::new();
    built
        .filter_map(|entry| {
            let (_, built) = built_from(entry)?;
            let parents = built.parents.iter().enumerate();
            let mut wrong = parents.filter_map(|(index, parent)| {
                let parent = entry.key.beside(ResourceKind::RateCard, parent);
                let message = match generations(proposed, &parent, &mut vec![&entry.key], depths) {
                    Some(count) if count < GENERATIONS_MAX => return None,
                    Some(_) => {
                        format!("it would be built through more than {GENERATIONS_MAX} cards")
                    }
                    None => format!("{parent} is itself built from this card"),
                };
                let field = format!("built_from.parents[{index}]");
                Some(Problem::in_field(field, message))
            });
            let problem = wrong.next()?;
            Some(Fault::Invalid(problem.of(entry.key.kind, &entry.key.name)))
        })
        .collect()
}

/// Through how many cards one is built, itself counted; `None` when it comes back to one of the path.
fn generations<'k>(
    proposed: &'k Proposed,
    key: &Key,
    path: &mut Vec<&'k Key>,
    known: &mut BTreeMap<&'k Key, usize>,
) -> Option<usize> {
    let Some(entry) = proposed.get(key) else {
        return Some(0);
    };
    if path.contains(&&entry.key) {
        return None;
    }
    if let Some(count) = known.get(&entry.key) {
        return Some(*count);
    }
    let Some((_, built)) = built_from(entry) else {
        return Some(1);
    };
    if path.len() > GENERATIONS_MAX {
        return Some(GENERATIONS_MAX);
    }
    path.push(&entry.key);
    let mut most = 0;
    for parent in &built.parents {
        let parent = entry.key.beside(ResourceKind::RateCard, parent);
        most = most.max(generations(proposed, &parent, path, known)?);
    }
    path.pop();
    known.insert(&entry.key, most + 1);
    Some(most + 1)
}

impl Planner<'_> {
    /// The rates of a card that is built from others: those that it has, when it does not follow its
    /// parents and nothing of it changes; else new ones.
    pub(super) fn built_deck(
        &mut self,
        document: &ResourceDocument,
        built: &BuiltFrom,
        hash: Option<&str>,
        before: Option<&Arc<Entry>>,
        why: Why,
    ) -> Result<BuiltDeck, Vec<Problem>> {
        let ResourceSpec::RateCard(card) = &document.spec else {
            return Ok((None, None));
        };
        let before = before.filter(|before| before.deck.is_some());
        let is_known =
            before.is_some_and(|before| hash.is_none() || before.deck_hash.as_deref() == hash);
        if built.rebuild == Rebuild::Manual {
            let keeps = before
                .filter(|before| is_known && (why == Why::Renamed || before.spec == document.spec));
            if let Some(before) = keeps {
                return Ok((before.deck.clone(), before.deck_hash.clone()));
            }
            // An earlier version comes back with the prices that it had.
            if let (false, Some(hash)) = (is_known, hash)
                && self.decks.has(hash)
            {
                let deck = self.decks.deck(document, Some(hash), None)?;
                return Ok((deck, Some(hash.to_owned())));
            }
        }
        let found = self.sources(card, built);
        let Some(text) = found.map(|sources| sources.text(card, built)).transpose()? else {
            // A parent or an exchange rate is missing, which is told where references are checked.
            return Ok((None, None));
        };
        let text = DeckText::new(text.into());
        let same = before.filter(|before| {
            before.deck_hash.as_deref() == Some(&text.hash) && before.spec == document.spec
        });
        if let Some(before) = same {
            return Ok((before.deck.clone(), Some(text.hash)));
        }
        let deck = self.decks.read_text(card, &text.content)?;
        let hash = text.hash.clone();
        self.built.push(text);
        Ok((Some(Arc::new(deck)), Some(hash)))
    }

    fn sources(&self, card: &RateCard, built: &BuiltFrom) -> Option<Sources> {
        let now = clock::now();
        let find = |kind, name: &str| self.planned(kind, name);
        let rates = |currency| {
            let mut steps = self
                .steps
                .iter()
                .rev()
                .filter_map(|step| step.after.as_ref());
            let is_it = |entry: &&Arc<Entry>| rates_of(entry, currency).is_some();
            let planned = steps.find(is_it);
            let in_force = || {
                let mut all = self.base.of_kind(self.owner, ResourceKind::ExchangeRate);
                all.find(is_it)
            };
            let found = planned.or_else(in_force)?;
            rates_of(found, currency)?
                .dated()
                .map(|rates| rates.at(now))
        };
        Sources::find(card, built, find, rates)
    }

    /// A resource as it would be, of those that were planned so far, or as it is.
    fn planned(&self, kind: ResourceKind, name: &str) -> Option<&Arc<Entry>> {
        let key = Key::new(self.owner, kind, name);
        let mut steps = self
            .steps
            .iter()
            .rev()
            .filter_map(|step| step.after.as_ref());
        steps
            .find(|entry| entry.key == key)
            .or_else(|| self.base.get(&key))
    }
}

fn rates_of(entry: &Entry, currency: Currency) -> Option<&resources::ExchangeRate> {
    match &entry.spec {
        ResourceSpec::ExchangeRate(rate) if rate.currency == currency => Some(rate),
        _ => None,
    }
}

/// What a card is built from, found.
struct Sources {
    parents: Vec<(Arc<Deck>, ExchangeRate)>,
    own: ExchangeRate,
}

impl Sources {
    fn find<'e>(
        card: &RateCard,
        built: &BuiltFrom,
        find: impl Fn(ResourceKind, &str) -> Option<&'e Arc<Entry>>,
        rates: impl Fn(Currency) -> Option<ExchangeRate>,
    ) -> Option<Self> {
        let rate = |currency| match currency {
            Currency::USD => Some(ExchangeRate::ONE),
            other => rates(other),
        };
        let parents = built.parents.iter().map(|name| {
            let parent = find(ResourceKind::RateCard, name)?;
            let ResourceSpec::RateCard(spec) = &parent.spec else {
                return None;
            };
            Some((Arc::clone(parent.deck.as_ref()?), rate(spec.currency)?))
        });
        Some(Self {
            parents: parents.collect::<Option<_>>()?,
            own: rate(card.currency)?,
        })
    }

    fn text(&self, card: &RateCard, built: &BuiltFrom) -> Result<String, Vec<Problem>> {
        let parents = self.parents.iter().map(|(deck, exchange_rate)| ParentCard {
            deck,
            exchange_rate: *exchange_rate,
        });
        build(card, built, &parents.collect::<Vec<_>>(), self.own)
    }
}

/// Whether a card that is built from others would have other rates if it were built now.
pub(crate) fn would_differ(set: &Proposed, entry: &Entry, now: Timestamp) -> bool {
    let Some((card, built)) = built_from(entry) else {
        return false;
    };
    let owner = entry.key.owner;
    let rates = |currency| {
        let mut all = set.of_kind(owner, ResourceKind::ExchangeRate);
        let rate = all.find_map(|entry| rates_of(entry, currency))?;
        rate.dated().map(|rates| rates.at(now))
    };
    let find = |kind, name: &str| set.get(&Key::new(owner, kind, name));
    let is_of_its_currency = |name: &resources::Ref<RateCard>| {
        let parent = find(ResourceKind::RateCard, name.as_str());
        parent.is_some_and(|parent| match &parent.spec {
            ResourceSpec::RateCard(parent) => parent.currency == card.currency,
            _ => false,
        })
    };
    // Only the worth of currencies changes without a push, and a push builds those that follow.
    if built.rebuild == Rebuild::Automatic && built.parents.iter().all(is_of_its_currency) {
        return false;
    }
    let sources = Sources::find(card, built, find, rates);
    match sources.map(|sources| sources.text(card, built)) {
        Some(Ok(text)) => Some(DeckText::new(text.into()).hash) != entry.deck_hash,
        // What could not be built now is not what it was built from.
        _ => true,
    }
}
