//! Everything that is configured, typed, in memory: what a change is judged against.
//!
//! Lists and pages are served by the database and never touch this. A change builds the set as it
//! would be ([`Proposed`]) over the one in force, which stays as it is until the change is kept.

use rating::exchange::ExchangeRate;
use rating::{Currency, Timestamp};
use resources::{Assignment, ResourceKind, ResourceSpec};
use routing_engine::deck::Deck;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::TenantId;

/// What names a resource: names are unique within an owner and a kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The operator that it belongs to.
    pub(crate) owner: TenantId,
    pub(crate) kind: ResourceKind,
    pub(crate) name: Arc<str>,
}

/// A resource as it is, or as it would be.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The database's number; below zero for one that is not kept yet.
    pub(crate) id: i64,
    pub(crate) key: Key,
    pub(crate) version: u64,
    pub(crate) external_id: Option<String>,
    pub(crate) assign: Assignment,
    pub(crate) spec: ResourceSpec,
    /// The rates of a card that has them in a deck, or in place.
    pub(crate) deck: Option<Arc<Deck>>,
    /// SHA-256 of the deck's text.
    pub(crate) deck_hash: Option<String>,
    /// What its spec and its assignment name.
    pub(crate) references: Box<[Key]>,
}

/// The configuration in force.
#[derive(Clone, Debug, Default)]
pub(crate) struct CurrentSet {
    /// Number of the configuration.
    number: u64,
    entries: BTreeMap<Key, Arc<Entry>>,
    /// Who names a resource.
    referrers: BTreeMap<Key, BTreeSet<Key>>,
    /// How many an owner has of a kind.
    counts: BTreeMap<(TenantId, ResourceKind), u64>,
}

/// The configuration as it would be with some changes.
#[derive(Clone, Debug)]
pub(crate) struct Proposed {
    base: Arc<CurrentSet>,
    /// `None`: it would be gone.
    changes: BTreeMap<Key, Option<Arc<Entry>>>,
    /// Who of the changed would name a resource: asked for each that goes, and many may go.
    named_by: BTreeMap<Key, BTreeSet<Key>>,
}

impl Key {
    pub(crate) fn new(owner: TenantId, kind: ResourceKind, name: &str) -> Self {
        Self {
            owner,
            kind,
            name: name.into(),
        }
    }

    /// Another resource of the same owner.
    pub(crate) fn beside(&self, kind: ResourceKind, name: &str) -> Self {
        Self::new(self.owner, kind, name)
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} \"{}\"", self.kind, self.name)
    }
}

/// What a spec and an assignment name, each with its field.
pub(crate) fn references(
    key: &Key,
    spec: &serde_json::Value,
    assign: &Assignment,
) -> Vec<(String, Key)> {
    let of_spec = key.kind.references(spec).into_iter();
    of_spec
        .chain(assign.references())
        .map(|reference| {
            let named = key.beside(reference.kind, &reference.name);
            (reference.field, named)
        })
        .collect()
}

// === impl CurrentSet ===

impl CurrentSet {
    /// Nothing yet, of a configuration of that number.
    pub(crate) fn numbered(number: u64) -> Self {
        Self {
            number,
            ..Self::default()
        }
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Arc<Entry>> {
        self.entries.get(key)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.entries.values()
    }

    /// How many an owner has of a kind.
    pub(crate) fn count(&self, owner: TenantId, kind: ResourceKind) -> u64 {
        self.counts.get(&(owner, kind)).copied().unwrap_or(0)
    }

    /// Those of an owner and a kind, by name.
    pub(crate) fn of_kind(
        &self,
        owner: TenantId,
        kind: ResourceKind,
    ) -> impl Iterator<Item = &Arc<Entry>> {
        let first = Key::new(owner, kind, "");
        self.entries
            .range(first..)
            .take_while(move |(key, _)| key.owner == owner && key.kind == kind)
            .map(|(_, entry)| entry)
    }

    pub(crate) fn referrers<'s>(&'s self, key: &Key) -> impl Iterator<Item = &'s Key> + use<'s> {
        self.referrers.get(key).into_iter().flatten()
    }

    pub(crate) fn put(&mut self, entry: Arc<Entry>) {
        self.remove(&entry.key.clone());
        for named in &entry.references {
            let referrers = self.referrers.entry(named.clone()).or_default();
            referrers.insert(entry.key.clone());
        }
        let of_kind = (entry.key.owner, entry.key.kind);
        *self.counts.entry(of_kind).or_default() += 1;
        self.entries.insert(entry.key.clone(), entry);
    }

    pub(crate) fn remove(&mut self, key: &Key) {
        let Some(entry) = self.entries.remove(key) else {
            return;
        };
        if let Some(count) = self.counts.get_mut(&(key.owner, key.kind)) {
            *count -= 1;
        }
        for named in &entry.references {
            if let Some(referrers) = self.referrers.get_mut(named) {
                referrers.remove(key);
                if referrers.is_empty() {
                    self.referrers.remove(named);
                }
            }
        }
    }

    /// Makes changes last. Those that go are taken away first: a new one may have their name.
    pub(crate) fn keep(&mut self, number: u64, changes: BTreeMap<Key, Option<Arc<Entry>>>) {
        self.number = number;
        for key in changes.keys() {
            self.remove(key);
        }
        for entry in changes.into_values().flatten() {
            self.put(entry);
        }
    }
}

// === impl Proposed ===

impl Proposed {
    /// Nothing changed yet.
    pub(crate) fn new(base: Arc<CurrentSet>) -> Self {
        Self {
            base,
            changes: BTreeMap::new(),
            named_by: BTreeMap::new(),
        }
    }

    /// Each resource is put in once.
    pub(crate) fn put(&mut self, entry: Arc<Entry>) {
        for named in &entry.references {
            let by = self.named_by.entry(named.clone()).or_default();
            by.insert(entry.key.clone());
        }
        self.changes.insert(entry.key.clone(), Some(entry));
    }

    /// Takes one away, unless it was put in under this name before.
    pub(crate) fn remove(&mut self, key: &Key) {
        self.changes.entry(key.clone()).or_insert(None);
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Arc<Entry>> {
        match self.changes.get(key) {
            Some(change) => change.as_ref(),
            None => self.base.get(key),
        }
    }

    /// Everything, by key.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Entry>> {
        let unchanged = self.base.entries.iter();
        let unchanged = unchanged
            .filter(|(key, _)| !self.changes.contains_key(key))
            .map(|(_, entry)| entry);
        unchanged.chain(self.changes.values().flatten())
    }

    /// Those of an owner and a kind.
    pub(crate) fn of_kind(
        &self,
        owner: TenantId,
        kind: ResourceKind,
    ) -> impl Iterator<Item = &Arc<Entry>> {
        let unchanged = self.base.of_kind(owner, kind);
        let changed = self.changes.values().flatten();
        unchanged
            .filter(|entry| !self.changes.contains_key(&entry.key))
            .chain(changed.filter(move |entry| entry.key.owner == owner && entry.key.kind == kind))
    }

    /// What units of an owner's currencies are worth in the books at a moment, without that of the books.
    pub(crate) fn rates_in_books(
        &self,
        owner: TenantId,
        at: Timestamp,
    ) -> BTreeMap<Currency, ExchangeRate> {
        let entries = self.of_kind(owner, ResourceKind::ExchangeRate);
        let dated = entries.filter_map(|entry| match &entry.spec {
            ResourceSpec::ExchangeRate(rate) => Some((rate.currency, rate.dated()?.at(at))),
            _ => None,
        });
        dated.collect()
    }

    /// Who would name a resource.
    pub(crate) fn referrers(&self, key: &Key) -> BTreeSet<Key> {
        let unchanged = self.base.referrers(key);
        let unchanged = unchanged.filter(|referrer| !self.changes.contains_key(referrer));
        let changed = self.named_by.get(key).into_iter().flatten();
        unchanged.chain(changed).cloned().collect()
    }

    /// What is in force.
    pub(crate) fn base(&self) -> &Arc<CurrentSet> {
        &self.base
    }

    pub(crate) fn changes(&self) -> &BTreeMap<Key, Option<Arc<Entry>>> {
        &self.changes
    }

    pub(crate) fn changes_mut(&mut self) -> &mut BTreeMap<Key, Option<Arc<Entry>>> {
        &mut self.changes
    }

    /// What is to be kept, and the set to keep it in.
    pub(crate) fn into_parts(self) -> (Arc<CurrentSet>, BTreeMap<Key, Option<Arc<Entry>>>) {
        (self.base, self.changes)
    }
}
