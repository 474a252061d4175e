//! What a snapshot is compiled from: the specs of the crate `resources`, with their identifiers.

use crate::deck::Deck;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub use ::resources::*;

/// A resource as the database keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored<T> {
    /// The database identifier: it survives a rename, and live limit counters hang on it.
    pub id: i64,
    /// The name.
    pub name: String,
    /// What it is.
    pub spec: T,
}

/// A resource with who gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned<T> {
    /// The resource.
    pub stored: Stored<T>,
    /// Who gets it.
    pub assign: Assignment,
}

/// A rate card with its rows.
#[derive(Clone, Debug)]
pub struct PricedCard {
    /// The resource.
    pub card: Stored<RateCard>,
    /// Its rows, read once ([`Deck::read`] or [`Deck::from_rows`]) and shared by snapshots.
    pub deck: Arc<Deck>,
}

/// A resource that is known to be sound, borrowed from whoever keeps it.
#[derive(Debug, PartialEq, Eq)]
pub struct StoredRef<'r, T> {
    /// The database identifier, as in [`Stored`].
    pub id: i64,
    /// The operator that it belongs to. Names are unique within an owner, and mean nothing to
    /// others: a call of one owner never takes a route of another.
    pub owner: i64,
    /// The name.
    pub name: &'r str,
    /// Who gets it; of no meaning for kinds that are not given to customers.
    pub assign: &'r Assignment,
    /// What it is.
    pub spec: &'r T,
}

/// A rate card with its rows, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct PricedCardRef<'r> {
    /// The resource.
    pub card: StoredRef<'r, RateCard>,
    /// Its rows.
    pub deck: &'r Arc<Deck>,
}

/// Everything that a snapshot is compiled from, borrowed.
#[derive(Clone, Debug, Default)]
pub struct ResourcesRef<'r> {
    /// Cards with their rows.
    pub rate_cards: Vec<PricedCardRef<'r>>,
    /// What currencies are worth.
    pub exchange_rates: Vec<StoredRef<'r, ExchangeRate>>,
    /// Whom we pay.
    pub carriers: Vec<StoredRef<'r, Carrier>>,
    /// Who pays us.
    pub customers: Vec<StoredRef<'r, Customer>>,
    /// Connections, ingress and egress.
    pub trunks: Vec<StoredRef<'r, Trunk>>,
    /// How numbers are rewritten.
    pub translation_rules: Vec<StoredRef<'r, TranslationRules>>,
    /// Which numbers are let through.
    pub number_lists: Vec<StoredRef<'r, NumberList>>,
    /// Which calling numbers are presented.
    pub cli_rules: Vec<StoredRef<'r, CliRules>>,
    /// Divisions of customers.
    pub customer_groups: Vec<StoredRef<'r, CustomerGroup>>,
    /// When routes are open.
    pub schedules: Vec<StoredRef<'r, Schedule>>,
    /// Grades of quality that routes belong to.
    pub voice_tiers: Vec<StoredRef<'r, VoiceTier>>,
    /// In which order carriers are tried.
    pub lcr_profiles: Vec<StoredRef<'r, LcrProfile>>,
    /// Which carrier serves which numbers.
    pub routes: Vec<StoredRef<'r, Route>>,
    /// Routes that belong together.
    pub route_groups: Vec<StoredRef<'r, RouteGroup>>,
    /// Gateways that trunks name.
    pub gateways: Vec<StoredRef<'r, Gateway>>,
    /// Tells nobody which called numbers are counted together
    /// ([`CalledNumbers`](crate::limits::CalledNumbers)): drawn once by the process.
    pub number_secret: u64,
    /// The texts of those secrets that are sealed.
    pub secrets: OpenedSecrets<'r>,
}

/// Secrets that calls use, in the clear, by the identifiers of their sealed texts
/// ([`Secret::stored_id`]). Not printed.
#[derive(Clone, Default)]
pub struct OpenedSecrets<'r>(BTreeMap<&'r str, &'r str>);

/// Everything that a snapshot is compiled from, of one owner.
#[derive(Clone, Debug, Default)]
pub struct Resources {
    /// Cards with their rows.
    pub rate_cards: Vec<PricedCard>,
    /// What currencies are worth.
    pub exchange_rates: Vec<Stored<ExchangeRate>>,
    /// Whom we pay.
    pub carriers: Vec<Stored<Carrier>>,
    /// Who pays us.
    pub customers: Vec<Stored<Customer>>,
    /// Connections, ingress and egress.
    pub trunks: Vec<Stored<Trunk>>,
    /// How numbers are rewritten.
    pub translation_rules: Vec<Stored<TranslationRules>>,
    /// Which numbers are let through.
    pub number_lists: Vec<Stored<NumberList>>,
    /// Which calling numbers are presented.
    pub cli_rules: Vec<Stored<CliRules>>,
    /// Divisions of customers.
    pub customer_groups: Vec<Stored<CustomerGroup>>,
    /// When routes are open.
    pub schedules: Vec<Stored<Schedule>>,
    /// Grades of quality that routes belong to.
    pub voice_tiers: Vec<Assigned<VoiceTier>>,
    /// In which order carriers are tried.
    pub lcr_profiles: Vec<Assigned<LcrProfile>>,
    /// Which carrier serves which numbers.
    pub routes: Vec<Assigned<Route>>,
    /// Routes that belong together.
    pub route_groups: Vec<Assigned<RouteGroup>>,
    /// Gateways that trunks name.
    pub gateways: Vec<Stored<Gateway>>,
}

/// The owner of [`Resources`], which have one only.
const ONE_OWNER: i64 = 1;

static TO_ALL: Assignment = Assignment {
    all: true,
    categories: Vec::new(),
    groups: Vec::new(),
    customers: Vec::new(),
};

impl<'r> OpenedSecrets<'r> {
    /// What a secret is: the text that somebody wrote, or that of the sealed one. `None` when it
    /// was not opened.
    pub(crate) fn text<'s>(&'s self, secret: &'s Secret) -> Option<&'s str> {
        match secret.stored_id() {
            Some(id) => self.0.get(id).copied(),
            None => Some(secret.expose()),
        }
    }
}

/// From identifiers and their texts.
impl<'r> FromIterator<(&'r str, &'r str)> for OpenedSecrets<'r> {
    fn from_iter<I: IntoIterator<Item = (&'r str, &'r str)>>(texts: I) -> Self {
        Self(texts.into_iter().collect())
    }
}

impl fmt::Debug for OpenedSecrets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenedSecrets({})", self.0.len())
    }
}

impl<T> Clone for StoredRef<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for StoredRef<'_, T> {}

impl<T> Stored<T> {
    /// As one that all customers get.
    fn borrowed(&self) -> StoredRef<'_, T> {
        self.assigned(&TO_ALL)
    }

    fn assigned<'s>(&'s self, assign: &'s Assignment) -> StoredRef<'s, T> {
        StoredRef {
            id: self.id,
            owner: ONE_OWNER,
            name: &self.name,
            assign,
            spec: &self.spec,
        }
    }
}

impl<T> Assigned<T> {
    fn borrowed(&self) -> StoredRef<'_, T> {
        self.stored.assigned(&self.assign)
    }
}

impl Resources {
    pub(crate) fn borrowed(&self) -> ResourcesRef<'_> {
        let cards = self.rate_cards.iter().map(|priced| PricedCardRef {
            card: priced.card.borrowed(),
            deck: &priced.deck,
        });
        ResourcesRef {
            rate_cards: cards.collect(),
            exchange_rates: self.exchange_rates.iter().map(Stored::borrowed).collect(),
            carriers: self.carriers.iter().map(Stored::borrowed).collect(),
            customers: self.customers.iter().map(Stored::borrowed).collect(),
            trunks: self.trunks.iter().map(Stored::borrowed).collect(),
            translation_rules: self
                .translation_rules
                .iter()
                .map(Stored::borrowed)
                .collect(),
            number_lists: self.number_lists.iter().map(Stored::borrowed).collect(),
            cli_rules: self.cli_rules.iter().map(Stored::borrowed).collect(),
            customer_groups: self.customer_groups.iter().map(Stored::borrowed).collect(),
            schedules: self.schedules.iter().map(Stored::borrowed).collect(),
            voice_tiers: self.voice_tiers.iter().map(Assigned::borrowed).collect(),
            lcr_profiles: self.lcr_profiles.iter().map(Assigned::borrowed).collect(),
            routes: self.routes.iter().map(Assigned::borrowed).collect(),
            route_groups: self.route_groups.iter().map(Assigned::borrowed).collect(),
            gateways: self.gateways.iter().map(Stored::borrowed).collect(),
            number_secret: 0,
            secrets: OpenedSecrets::default(),
        }
    }
}
