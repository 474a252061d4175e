//! The kinds of resources that routing and rating are made of, one file a kind.
//!
//! A resource is a name and a typed `spec`. Every field, unit, default and bound is described at
//! the field and, for operators, in `docs/resources.md`. `check` finds what is wrong within one
//! resource; what is wrong between resources is found by [`crate::Snapshot::compile`].

mod carrier;
mod checks;
mod customer;
mod failover;
mod network;
mod rate_card;
mod translation;
mod trunk;

pub use carrier::Carrier;
pub use checks::{CHANNEL_LIMIT_MAX, CPS_LIMIT_MAX, NAME_CHARS_MAX};
pub use customer::Customer;
pub use failover::{Failover, FailoverCode, FailoverCodes};
pub use network::{Network, NetworkError};
pub use rate_card::{INLINE_ROWS_MAX, RateCard, RateRow};
pub use translation::{NumberTranslation, TRANSLATION_CHARS_MAX};
pub use trunk::{Direction, MediaMode, Trunk};

use crate::deck::Deck;
use crate::problem::Problem;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The kinds, in the order in which one may refer to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ResourceKind {
    /// [`RateCard`].
    RateCard,
    /// [`Carrier`].
    Carrier,
    /// [`Customer`].
    Customer,
    /// [`Trunk`].
    Trunk,
}

/// Whether a customer, carrier or trunk takes calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It takes calls.
    #[default]
    Active,
    /// It takes no new call; calls that are up go on.
    Inactive,
}

/// The typed content of a resource. In JSON: `{"kind": "trunk", "spec": {…}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "spec", rename_all = "snake_case")]
#[non_exhaustive]
#[allow(
    clippy::large_enum_variant,
    reason = "read from a file and compiled once: a box would only be in the way"
)]
pub enum ResourceSpec {
    /// A priced table.
    RateCard(RateCard),
    /// Whom we pay.
    Carrier(Carrier),
    /// Who pays us.
    Customer(Customer),
    /// A connection of either.
    Trunk(Trunk),
}

/// A resource as an operator writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceDocument {
    /// Unique within the kind; what other resources refer to. 1 to [`NAME_CHARS_MAX`] characters.
    pub name: String,
    /// What it is.
    #[serde(flatten)]
    pub spec: ResourceSpec,
}

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

/// A rate card with its rows.
#[derive(Clone, Debug)]
pub struct PricedCard {
    /// The resource.
    pub card: Stored<RateCard>,
    /// Its rows, read once ([`Deck::read`] or [`Deck::from_rows`]) and shared by snapshots.
    pub deck: Arc<Deck>,
}

/// Everything that a snapshot is compiled from.
#[derive(Clone, Debug, Default)]
pub struct Resources {
    /// Cards with their rows.
    pub rate_cards: Vec<PricedCard>,
    /// Whom we pay.
    pub carriers: Vec<Stored<Carrier>>,
    /// Who pays us.
    pub customers: Vec<Stored<Customer>>,
    /// Connections, ingress and egress.
    pub trunks: Vec<Stored<Trunk>>,
}

// === impl ResourceKind ===

impl ResourceKind {
    /// All kinds, in the order in which they can be applied.
    pub const ALL: [Self; 4] = [Self::RateCard, Self::Carrier, Self::Customer, Self::Trunk];

    /// The name in files and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RateCard => "rate_card",
            Self::Carrier => "carrier",
            Self::Customer => "customer",
            Self::Trunk => "trunk",
        }
    }
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A kind that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a kind of resource: write rate_card, carrier, customer or trunk")]
pub struct UnknownKind(pub String);

impl FromStr for ResourceKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| UnknownKind(text.to_owned()))
    }
}

// === impl ResourceSpec ===

impl ResourceSpec {
    /// The kind.
    pub fn kind(&self) -> ResourceKind {
        match self {
            Self::RateCard(_) => ResourceKind::RateCard,
            Self::Carrier(_) => ResourceKind::Carrier,
            Self::Customer(_) => ResourceKind::Customer,
            Self::Trunk(_) => ResourceKind::Trunk,
        }
    }

    /// Reads the bare spec of a known kind, from any format. Unknown fields are errors.
    ///
    /// # Errors
    /// Those of the format; the text names the field.
    pub fn deserialize_as<'de, D: Deserializer<'de>>(
        kind: ResourceKind,
        deserializer: D,
    ) -> Result<Self, D::Error> {
        Ok(match kind {
            ResourceKind::RateCard => Self::RateCard(RateCard::deserialize(deserializer)?),
            ResourceKind::Carrier => Self::Carrier(Carrier::deserialize(deserializer)?),
            ResourceKind::Customer => Self::Customer(Customer::deserialize(deserializer)?),
            ResourceKind::Trunk => Self::Trunk(Trunk::deserialize(deserializer)?),
        })
    }

    fn check(&self) -> Vec<Problem> {
        match self {
            Self::RateCard(card) => card.check(),
            Self::Carrier(carrier) => carrier.check(),
            Self::Customer(customer) => customer.check(),
            Self::Trunk(trunk) => trunk.check(),
        }
    }
}

// === impl ResourceDocument ===

impl ResourceDocument {
    /// All that is wrong within this resource; empty when it is sound.
    pub fn check(&self) -> Vec<Problem> {
        checks::name(&self.name)
            .into_iter()
            .chain(self.spec.check())
            .map(|problem| problem.of(self.spec.kind(), &self.name))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[test]
    fn a_kind_has_one_name() {
        for kind in ResourceKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
            let json = serde_json::to_string(&kind).unwrap();
            assert_eq!(json, format!("\"{kind}\""));
        }
        let error = "vendor".parse::<ResourceKind>().unwrap_err();
        assert!(error.to_string().contains("`vendor`"));
    }

    #[test]
    fn a_resource_survives_json() {
        let json = r#"{"name":"Meridian","kind":"customer","spec":{"rate_card":"retail"}}"#;
        let document: ResourceDocument = serde_json::from_str(json).unwrap();
        assert_eq!(document.spec.kind(), ResourceKind::Customer);
        let again = serde_json::to_string(&document).unwrap();
        assert_eq!(
            serde_json::from_str::<ResourceDocument>(&again).unwrap(),
            document
        );
    }
}
