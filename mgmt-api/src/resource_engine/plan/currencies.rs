//! Whether each card's currency has a rate that counts.

use super::Fault;
use crate::resource_engine::current::{Entry, Proposed};
use rating::{Currency, Timestamp};
use resources::{ExchangeRate, Problem, RateCard, ResourceKind, ResourceSpec};
use std::collections::BTreeMap;
use store::TenantId;

/// What is wrong with the currencies of an owner's cards, when cards or exchange rates change.
pub(super) fn faults(proposed: &Proposed, owner: TenantId, now: Timestamp) -> Vec<Fault> {
    let kinds = [ResourceKind::RateCard, ResourceKind::ExchangeRate];
    let mut changed = proposed.changes().keys();
    if !changed.any(|key| kinds.contains(&key.kind)) {
        return Vec::new();
    }
    let (mut rates, mut faults) = (BTreeMap::new(), Vec::new());
    for entry in proposed.of_kind(owner, ResourceKind::ExchangeRate) {
        let ResourceSpec::ExchangeRate(rate) = &entry.spec else {
            continue;
        };
        if rates.insert(rate.currency, rate).is_some() {
            let message = format_args!("{} has another exchange rate already", rate.currency);
            faults.push(in_currency(entry, &message));
        }
    }
    for entry in proposed.of_kind(owner, ResourceKind::RateCard) {
        if let ResourceSpec::RateCard(card) = &entry.spec {
            let message = without_rate(card, &rates, now);
            faults.extend(message.map(|message| in_currency(entry, &message)));
        }
    }
    faults
}

fn without_rate(
    card: &RateCard,
    rates: &BTreeMap<Currency, &ExchangeRate>,
    now: Timestamp,
) -> Option<String> {
    let currency = card.currency;
    if currency == Currency::USD {
        return None;
    }
    let Some(first) = rates.get(&currency).and_then(|rate| rate.rates.first()) else {
        return Some(format!(
            "there is no exchange rate for {currency}: add one, or write {}",
            Currency::USD
        ));
    };
    (first.from.begins() > now).then(|| {
        format!(
            "the exchange rate of {currency} counts from {}: none is in force yet",
            first.from
        )
    })
}

fn in_currency(entry: &Entry, message: &dyn std::fmt::Display) -> Fault {
    let problem = Problem::in_field("currency", message);
    Fault::Invalid(problem.of(entry.key.kind, &entry.key.name))
}
