//! From entries in memory to the snapshot that calls are decided by.

use super::ConfigurationError;
use super::current::Entry;
use super::opening::Opened;
use resources::ResourceSpec;
use routing_engine::Snapshot;
use routing_engine::resources::{PricedCardRef, ResourcesRef, StoredRef};
use std::sync::Arc;

/// Compiles what a call reads. Entries were checked one by one when they were planned or loaded.
pub(super) fn snapshot<'e>(
    number: u64,
    entries: impl Iterator<Item = &'e Arc<Entry>>,
    secrets: &Opened,
    previous: Option<&Snapshot>,
) -> Result<Snapshot, ConfigurationError> {
    // Used once, when calls to numbers are counted for the first time. Without randomness numbers that are counted
    // together could be foretold.
    let number_secret = getrandom::u64().map_err(|error| ConfigurationError::NotPublished {
        reason: format!("the system gives no random numbers: {error}"),
    })?;
    let mut all = ResourcesRef {
        secrets: secrets.texts(),
        number_secret,
        ..ResourcesRef::default()
    };
    for entry in entries {
        match &entry.spec {
            ResourceSpec::RateCard(card) => {
                if let Some(deck) = &entry.deck {
                    let card = borrowed(entry, card);
                    all.rate_cards.push(PricedCardRef { card, deck });
                }
            }
            ResourceSpec::ExchangeRate(rate) => all.exchange_rates.push(borrowed(entry, rate)),
            ResourceSpec::Carrier(carrier) => all.carriers.push(borrowed(entry, carrier)),
            ResourceSpec::Customer(customer) => all.customers.push(borrowed(entry, customer)),
            ResourceSpec::Trunk(trunk) => all.trunks.push(borrowed(entry, trunk)),
            ResourceSpec::TranslationRules(rules) => {
                all.translation_rules.push(borrowed(entry, rules));
            }
            ResourceSpec::CliRules(rules) => all.cli_rules.push(borrowed(entry, rules)),
            ResourceSpec::NumberList(list) => all.number_lists.push(borrowed(entry, list)),
            ResourceSpec::CustomerGroup(group) => all.customer_groups.push(borrowed(entry, group)),
            ResourceSpec::Schedule(schedule) => all.schedules.push(borrowed(entry, schedule)),
            ResourceSpec::VoiceTier(tier) => all.voice_tiers.push(borrowed(entry, tier)),
            ResourceSpec::LcrProfile(profile) => all.lcr_profiles.push(borrowed(entry, profile)),
            ResourceSpec::Route(route) => all.routes.push(borrowed(entry, route)),
            ResourceSpec::RouteGroup(group) => all.route_groups.push(borrowed(entry, group)),
            ResourceSpec::Gateway(gateway) => all.gateways.push(borrowed(entry, gateway)),
            // Kinds that a call does not read.
            _ => {}
        }
    }
    Snapshot::compile_sound(number, &all, previous).map_err(ConfigurationError::Problems)
}

fn borrowed<'e, T>(entry: &'e Entry, spec: &'e T) -> StoredRef<'e, T> {
    StoredRef {
        id: entry.id,
        owner: entry.key.owner.get(),
        name: &entry.key.name,
        assign: &entry.assign,
        spec,
    }
}
