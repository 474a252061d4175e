//! Whom a change touches: along references and assignments, to customers, trunks and routes.

use super::assignment::{customers_of, effective_of_kind, entitlements_of, place};
use super::current::{Entry, Key, Proposed};
use super::plan::{Plan, Step};
use crate::routes::assignment::Level;
use crate::switch_port::LiveCall;
use resources::{Assignable, ResourceKind, ResourceSpec};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::TenantId;
use utoipa::ToSchema;

/// Most names of one list that are written out.
const NAMES_MAX: usize = 100;

/// Most customers whose entitlements are compared: each is a look at all that can be assigned.
const COMPARED_MAX: usize = 1_000;

/// Resources that are looked at from one change; a switch holds fewer.
const VISITED_MAX: usize = 1_000_000;

/// Whom a change touches.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Impact {
    /// Customers whose calls may be decided in another way.
    pub customers: Touched,
    /// Carriers whose traffic may change.
    pub carriers: Touched,
    /// Trunks that are changed, or that use what is.
    pub trunks: Touched,
    /// Routes, route groups and LCR profiles that are changed, or that use what is.
    pub routes: Touched,
    /// Calls that are up now and belong to these customers or carriers. They go on as they were
    /// decided; the next ones are decided anew. Null when the switch did not answer in time.
    #[schema(required)]
    pub live_calls: Option<u64>,
    /// Customers who would get other resources by assignment, such as those that move to another
    /// category; at most 100 of them.
    pub entitlements: Vec<ImpactOnCustomer>,
}

/// What a customer would newly get, and no longer get, by assignment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImpactOnCustomer {
    /// The customer.
    pub customer: String,
    /// Its category now; null when it has none.
    #[schema(required)]
    pub category_before: Option<String>,
    /// Its category by the draft; null when it would have none.
    #[schema(required)]
    pub category_after: Option<String>,
    /// What it would no longer get.
    pub lost: Vec<EntitlementChange>,
    /// What it would newly get.
    pub gained: Vec<EntitlementChange>,
}

/// A resource that a customer gets, or no longer gets.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct EntitlementChange {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Why the customer gets it, or got it.
    pub level: Level,
}

/// How many there are, and the first of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Touched {
    /// All.
    pub count: u64,
    /// At most 100 of them, in their order.
    pub names: Vec<String>,
}

/// All that is reached from the changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reached(BTreeSet<Key>);

impl Reached {
    /// Walks from each changed resource, as it is and as it would be, to all who name it, and from
    /// each resource that is given by assignment to the customers who get it or got it.
    pub(crate) fn by(plan: &Plan) -> Self {
        let now = Proposed::new(Arc::clone(plan.proposed.base()));
        let mut walk = Walk {
            plan,
            sides: [now, plan.proposed.clone()],
            walked: BTreeSet::new(),
            reached: BTreeSet::new(),
            waiting: plan.changed().flat_map(keys).collect(),
            holders: BTreeMap::new(),
            given_to_all: BTreeSet::new(),
        };
        walk.run();
        Self(walk.reached)
    }

    pub(crate) fn impact(&self, plan: &Plan, live_calls: Option<u64>) -> Impact {
        let of = |kinds: &[ResourceKind]| self.touched(kinds);
        Impact {
            customers: of(&[ResourceKind::Customer]),
            carriers: of(&[ResourceKind::Carrier]),
            trunks: of(&[ResourceKind::Trunk]),
            routes: of(&[
                ResourceKind::Route,
                ResourceKind::RouteGroup,
                ResourceKind::LcrProfile,
            ]),
            live_calls,
            entitlements: self.entitlements(plan),
        }
    }

    /// The customers who would get other things than now.
    fn entitlements(&self, plan: &Plan) -> Vec<ImpactOnCustomer> {
        let now = Proposed::new(Arc::clone(plan.proposed.base()));
        let customers = self.0.iter();
        let customers = customers.filter(|key| key.kind == ResourceKind::Customer);
        let found = customers
            .take(COMPARED_MAX)
            .filter_map(|key| ImpactOnCustomer::between(&now, &plan.proposed, key));
        found.take(NAMES_MAX).collect()
    }

    fn touched(&self, kinds: &[ResourceKind]) -> Touched {
        let found = self.0.iter().filter(|key| kinds.contains(&key.kind));
        let mut touched = Touched::default();
        for key in found {
            touched.count += 1;
            if touched.names.len() < NAMES_MAX {
                touched.names.push(key.name.to_string());
            }
        }
        touched
    }

    /// The numbers of the customers and carriers that are reached, by which live calls are known:
    /// other tenants have some of the same names.
    pub(crate) fn parties(&self, plan: &Plan) -> TouchedParties {
        let base = plan.proposed.base();
        let is_party =
            |key: &&Key| matches!(key.kind, ResourceKind::Customer | ResourceKind::Carrier);
        let parties = self.0.iter().filter(is_party);
        TouchedParties(parties.filter_map(|key| Some(base.get(key)?.id)).collect())
    }
}

/// Numbers of customers and carriers that are reached.
pub(crate) struct TouchedParties(BTreeSet<i64>);

impl TouchedParties {
    /// Whether a customer or carrier is one of them.
    pub(crate) fn has_party(&self, id: i64) -> bool {
        self.0.contains(&id)
    }

    /// Whether a call that is up belongs to one of them.
    pub(crate) fn has(&self, call: &LiveCall) -> bool {
        let mut parties = [&call.customer, &call.carrier].into_iter().flatten();
        parties.any(|party| self.0.contains(&party.id))
    }
}

impl ImpactOnCustomer {
    /// `None` when nothing differs, or when there is no such customer before or after.
    fn between(now: &Proposed, then: &Proposed, key: &Key) -> Option<Self> {
        let (before, after) = (now.get(key)?, then.get(key)?);
        let (had, has) = (effective(now, before)?, effective(then, after)?);
        let only_in = |one: &Gets, other: &Gets| {
            let differs = |((kind, name), level): (&(ResourceKind, String), &Level)| {
                let change = EntitlementChange {
                    kind: kind.to_string(),
                    name: name.clone(),
                    level: *level,
                };
                (!other.contains_key(&(*kind, name.clone()))).then_some(change)
            };
            one.iter().filter_map(differs).collect::<Vec<_>>()
        };
        let category = |set: &Proposed, entry: &Entry| {
            let category = place(set, entry)?.category;
            category.map(str::to_owned)
        };
        let found = Self {
            customer: key.name.to_string(),
            category_before: category(now, before),
            category_after: category(then, after),
            lost: only_in(&had, &has),
            gained: only_in(&has, &had),
        };
        let differs = !found.lost.is_empty() || !found.gained.is_empty();
        differs.then_some(found)
    }
}

/// What a customer gets that counts.
type Gets = BTreeMap<(ResourceKind, String), Level>;

fn effective(set: &Proposed, customer: &Entry) -> Option<Gets> {
    let kinds = entitlements_of(set, customer)?;
    let items = kinds.into_iter().flat_map(|of_kind| {
        let counting = of_kind.items.into_iter().filter(|item| item.is_effective);
        counting.map(move |item| ((of_kind.kind, item.name), Level::from(item.level)))
    });
    Some(items.collect())
}

fn keys(step: &Step) -> impl Iterator<Item = Key> {
    let entries = step.before.iter().chain(&step.after);
    entries.map(|entry| entry.key.clone())
}

/// A walk over the graph.
struct Walk<'p> {
    plan: &'p Plan,
    /// As it is, and as it would be.
    sides: [Proposed; 2],
    /// From here the walk went on.
    walked: BTreeSet<Key>,
    /// Touched, whether or not the walk went on from there.
    reached: BTreeSet<Key>,
    waiting: Vec<Key>,
    /// Of kinds of which a customer has one: who has which, on each side.
    holders: BTreeMap<(usize, TenantId, ResourceKind), Holders>,
    /// Whose customers are reached on a side already, by something that is given to all of them.
    given_to_all: BTreeSet<(usize, TenantId)>,
}

/// Customers by what they have of a kind.
type Holders = BTreeMap<Key, BTreeSet<Key>>;

impl Walk<'_> {
    fn run(&mut self) {
        while let Some(key) = self.waiting.pop() {
            if self.walked.len() >= VISITED_MAX || !self.walked.insert(key.clone()) {
                continue;
            }
            self.go_on_from(&key);
            self.reached.insert(key);
        }
    }

    fn go_on_from(&mut self, key: &Key) {
        let proposed = &self.plan.proposed;
        let base = proposed.base();
        let mut referrers: BTreeSet<Key> = base.referrers(key).cloned().collect();
        referrers.extend(proposed.referrers(key));
        // What is given to a customer does not change because the customer does.
        let is_receiver = matches!(
            key.kind,
            ResourceKind::Customer | ResourceKind::CustomerGroup | ResourceKind::CustomerCategory
        );
        let follows = |referrer: &Key| {
            let assigned = referrer.kind.info().assignable != Assignable::No;
            !(is_receiver && assigned)
        };
        self.waiting.extend(referrers.into_iter().filter(follows));
        for side in 0..self.sides.len() {
            let Some(entry) = self.sides[side].get(key).cloned() else {
                continue;
            };
            self.reach_customers_of(side, &entry);
            self.go_on_to_cards_of(side, &entry);
            if key.kind == ResourceKind::Trunk {
                self.reach_owners_of(side, &entry);
            }
        }
    }

    /// Those who get a resource are touched; what they have is not, so the walk ends there.
    fn reach_customers_of(&mut self, side: usize, entry: &Entry) {
        if !entry.spec.is_given_by_assignment() {
            return;
        }
        let kind = entry.key.kind;
        if kind.info().assignable == Assignable::One {
            let set = &self.sides[side];
            let of_kind = (side, entry.key.owner, kind);
            let holders = self.holders.entry(of_kind);
            let holders = holders.or_insert_with(|| holders_of(set, entry.key.owner, kind));
            let found = holders.get(&entry.key).into_iter().flatten();
            self.reached.extend(found.cloned());
            return;
        }
        let of_owner = (side, entry.key.owner);
        if entry.assign.is_default() && !self.given_to_all.insert(of_owner) {
            return;
        }
        let customers = customers_of(&self.sides[side], entry);
        let customers = customers.into_iter().map(|(customer, _)| &customer.key);
        self.reached.extend(customers.cloned());
    }

    /// Cards name no exchange rate: it is that of their currency.
    fn go_on_to_cards_of(&mut self, side: usize, entry: &Entry) {
        let ResourceSpec::ExchangeRate(rate) = &entry.spec else {
            return;
        };
        let cards = self.sides[side].of_kind(entry.key.owner, ResourceKind::RateCard);
        let of_currency = cards.filter(|card| {
            matches!(&card.spec, ResourceSpec::RateCard(spec) if spec.currency == rate.currency)
        });
        self.waiting
            .extend(of_currency.map(|card| card.key.clone()));
    }

    /// The other trunks of a trunk's owner are not touched. Who may use a carrier is.
    fn reach_owners_of(&mut self, side: usize, trunk: &Entry) {
        let is_owner =
            |key: &&Key| matches!(key.kind, ResourceKind::Customer | ResourceKind::Carrier);
        for owner in trunk.references.iter().filter(is_owner) {
            self.reached.insert(owner.clone());
            if let Some(entry) = self.sides[side].get(owner).cloned() {
                self.reach_customers_of(side, &entry);
            }
        }
    }
}

/// Which customers have which resource of a kind of which each has one.
fn holders_of(set: &Proposed, owner: TenantId, kind: ResourceKind) -> Holders {
    let mut holders = Holders::new();
    for customer in set.of_kind(owner, ResourceKind::Customer) {
        if let Some(entry) = effective_of_kind(set, customer, kind) {
            let customers = holders.entry(entry.key.clone()).or_default();
            customers.insert(customer.key.clone());
        }
    }
    holders
}

#[cfg(test)]
mod tests;
