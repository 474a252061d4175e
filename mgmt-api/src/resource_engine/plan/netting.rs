//! Whether the carriers and currencies that customers are netted with go together.

use super::Fault;
use crate::resource_engine::current::{Entry, Proposed};
use rating::Currency;
use resources::{Netting, Problem, ResourceKind, ResourceSpec};
use std::collections::{BTreeMap, BTreeSet};
use store::TenantId;

/// What is wrong between an owner's customers that are netted, when customers or exchange rates change.
pub(super) fn faults(proposed: &Proposed, owner: TenantId) -> Vec<Fault> {
    let kinds = [ResourceKind::Customer, ResourceKind::ExchangeRate];
    let mut changed = proposed.changes().keys();
    if !changed.any(|key| kinds.contains(&key.kind)) {
        return Vec::new();
    }
    let rates: BTreeSet<Currency> = proposed
        .of_kind(owner, ResourceKind::ExchangeRate)
        .filter_map(|entry| match &entry.spec {
            ResourceSpec::ExchangeRate(rate) => Some(rate.currency),
            _ => None,
        })
        .collect();
    let (mut customer_of, mut faults) = (BTreeMap::new(), Vec::new());
    for entry in proposed.of_kind(owner, ResourceKind::Customer) {
        let Some(netting) = netting_of(entry) else {
            continue;
        };
        if let Some(other) = customer_of.insert(netting.carrier.as_str(), &entry.key.name) {
            let message = format_args!(
                "{} is netted with {other} already: a carrier is netted with one customer",
                netting.carrier
            );
            faults.push(in_field(entry, "carrier", &message));
        }
        let currency = netting.currency;
        if currency != Currency::USD && !rates.contains(&currency) {
            let message = format_args!(
                "there is no exchange rate for {currency}: add one, or write {}",
                Currency::USD
            );
            faults.push(in_field(entry, "currency", &message));
        }
    }
    faults
}

fn netting_of(entry: &Entry) -> Option<&Netting> {
    match &entry.spec {
        ResourceSpec::Customer(customer) => customer.netting.as_ref(),
        _ => None,
    }
}

fn in_field(entry: &Entry, field: &str, message: &dyn std::fmt::Display) -> Fault {
    let problem = Problem::in_field(format!("netting.{field}"), message);
    Fault::Invalid(problem.of(entry.key.kind, &entry.key.name))
}
