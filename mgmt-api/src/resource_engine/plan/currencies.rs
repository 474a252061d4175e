//! Whether each card's currency has a rate that counts.

use super::Fault;
use crate::resource_engine::current::{Entry, Proposed};
use rating::{Currency, Timestamp};
use resources::{ExchangeRate, Problem, RateCard, ResourceKind, ResourceSpec, SOURCES_MAX};
use std::collections::BTreeMap;
use store::TenantId;

/// What is wrong with the currencies of an owner's cards, when cards or exchange rates change.
pub(super) fn faults(proposed: &Proposed, owner: TenantId, now: Timestamp) -> Vec<Fault> {
    let kinds = [
        ResourceKind::RateCard,
        ResourceKind::ExchangeRate,
        ResourceKind::ExchangeSource,
    ];
    let mut changed = proposed.changes().keys();
    if !changed.any(|key| kinds.contains(&key.kind)) {
        return Vec::new();
    }
    let (mut rates, mut faults) = (BTreeMap::new(), unlisted(proposed));
    faults.extend(sources_of_one(proposed, owner));
    faults.extend(too_many_sources(proposed, owner));
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

/// Currencies of what changes that ISO 4217 does not have. One that is there already stays: nothing that
/// is in force may keep a switch from its start.
fn unlisted(proposed: &Proposed) -> Vec<Fault> {
    let changed = proposed.changes().values().flatten();
    let faults = changed.flat_map(|entry| {
        let (field, currencies) = match &entry.spec {
            ResourceSpec::RateCard(card) => ("currency", std::slice::from_ref(&card.currency)),
            ResourceSpec::ExchangeRate(rate) => ("currency", std::slice::from_ref(&rate.currency)),
            ResourceSpec::ExchangeSource(source) => ("currencies", &*source.currencies),
            _ => ("currency", &[][..]),
        };
        let unlisted = currencies.iter().filter(|currency| !currency.is_listed());
        unlisted.map(move |currency| {
            let message = format_args!("ISO 4217 has no currency {currency}").to_string();
            in_field(entry, field, &message)
        })
    });
    faults.collect()
}

/// Each is a question to somebody outside, again and again.
fn too_many_sources(proposed: &Proposed, owner: TenantId) -> Option<Fault> {
    let kind = ResourceKind::ExchangeSource;
    let mut changed = proposed.changes().values().flatten();
    let changed = changed.find(|entry| entry.key.kind == kind)?;
    let message = format_args!("a tenant has {SOURCES_MAX} sources at most: take one away first");
    let count = proposed.of_kind(owner, kind).count();
    (count > SOURCES_MAX).then(|| in_field(changed, "currencies", &message))
}

/// Two sources of one currency would write it by turns.
fn sources_of_one(proposed: &Proposed, owner: TenantId) -> Vec<Fault> {
    let (mut source_of, mut faults) = (BTreeMap::new(), Vec::new());
    for entry in proposed.of_kind(owner, ResourceKind::ExchangeSource) {
        let ResourceSpec::ExchangeSource(source) = &entry.spec else {
            continue;
        };
        for currency in &source.currencies {
            if let Some(other) = source_of.insert(*currency, &entry.key.name) {
                let message = format_args!("{currency} comes from {other} already");
                let problem = Problem::in_field("currencies", message);
                faults.push(Fault::Invalid(problem.of(entry.key.kind, &entry.key.name)));
            }
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
    in_field(entry, "currency", message)
}

fn in_field(entry: &Entry, field: &str, message: &dyn std::fmt::Display) -> Fault {
    let problem = Problem::in_field(field, message);
    Fault::Invalid(problem.of(entry.key.kind, &entry.key.name))
}
