//! What is wrong within each resource, and names that stand twice.

use crate::Problem;
use crate::resources::{Assigned, ResourceDocument, ResourceKind, ResourceSpec, Resources, Stored};
use std::collections::BTreeSet;

/// All problems of resources of one owner, each by itself.
pub(super) fn check_each(resources: &Resources) -> Vec<Problem> {
    let mut problems = Vec::new();
    let cards = || resources.rate_cards.iter().map(|priced| &priced.card);
    check(&mut problems, cards(), ResourceSpec::RateCard);
    check_both(
        &mut problems,
        &resources.exchange_rates,
        ResourceKind::ExchangeRate,
        ResourceSpec::ExchangeRate,
    );
    check(&mut problems, &resources.carriers, ResourceSpec::Carrier);
    check(&mut problems, &resources.customers, ResourceSpec::Customer);
    check(&mut problems, &resources.trunks, ResourceSpec::Trunk);
    let (rules, lists) = (&resources.translation_rules, &resources.number_lists);
    check(&mut problems, rules, ResourceSpec::TranslationRules);
    check(&mut problems, lists, ResourceSpec::NumberList);
    check_unique(&mut problems, ResourceKind::TranslationRules, rules);
    check_unique(&mut problems, ResourceKind::NumberList, lists);
    check_both(
        &mut problems,
        &resources.cli_rules,
        ResourceKind::CliRules,
        ResourceSpec::CliRules,
    );
    check_unique(&mut problems, ResourceKind::RateCard, cards());
    check_unique(&mut problems, ResourceKind::Carrier, &resources.carriers);
    check_unique(&mut problems, ResourceKind::Customer, &resources.customers);
    check_unique(&mut problems, ResourceKind::Trunk, &resources.trunks);
    check_both(
        &mut problems,
        &resources.customer_groups,
        ResourceKind::CustomerGroup,
        ResourceSpec::CustomerGroup,
    );
    check_both(
        &mut problems,
        &resources.schedules,
        ResourceKind::Schedule,
        ResourceSpec::Schedule,
    );
    check_both(
        &mut problems,
        &resources.gateways,
        ResourceKind::Gateway,
        ResourceSpec::Gateway,
    );
    let tiers = stored(&resources.voice_tiers);
    check_both(
        &mut problems,
        tiers,
        ResourceKind::VoiceTier,
        ResourceSpec::VoiceTier,
    );
    let profiles = stored(&resources.lcr_profiles);
    check_both(
        &mut problems,
        profiles,
        ResourceKind::LcrProfile,
        ResourceSpec::LcrProfile,
    );
    let routes = stored(&resources.routes);
    check_both(
        &mut problems,
        routes,
        ResourceKind::Route,
        ResourceSpec::Route,
    );
    let groups = stored(&resources.route_groups);
    check_both(
        &mut problems,
        groups,
        ResourceKind::RouteGroup,
        ResourceSpec::RouteGroup,
    );
    problems
}

fn stored<T>(assigned: &[Assigned<T>]) -> impl Iterator<Item = &Stored<T>> + Clone {
    assigned.iter().map(|assigned| &assigned.stored)
}

fn check_both<'s, T: Clone + 's>(
    problems: &mut Vec<Problem>,
    stored: impl IntoIterator<Item = &'s Stored<T>> + Clone,
    kind: ResourceKind,
    wrap: fn(T) -> ResourceSpec,
) {
    check(problems, stored.clone(), wrap);
    check_unique(problems, kind, stored);
}

fn check<'s, T: Clone + 's>(
    problems: &mut Vec<Problem>,
    stored: impl IntoIterator<Item = &'s Stored<T>>,
    wrap: fn(T) -> ResourceSpec,
) {
    for resource in stored {
        let document = ResourceDocument::new(&resource.name, wrap(resource.spec.clone()));
        problems.extend(document.check());
    }
}

fn check_unique<'s, T: 's>(
    problems: &mut Vec<Problem>,
    kind: ResourceKind,
    stored: impl IntoIterator<Item = &'s Stored<T>>,
) {
    let mut seen = BTreeSet::new();
    for resource in stored {
        if !seen.insert(&resource.name) {
            let message = "another resource of this kind has the same name";
            problems.push(Problem::in_field("name", message).of(kind, &resource.name));
        }
    }
}
