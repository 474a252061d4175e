//! Cards that are built from others, against a slow and obvious way to build them.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use proptest::prelude::*;
use rating::exchange::ExchangeRate;
use rating::expected::sample_total;
use rating::rate::RateTerms;
use rating::{Amount, Currency};
use routing_engine::deck::{Deck, DestinationNames, ParentCard, build};
use routing_engine::resources::{
    BuiltFrom, Combination, IntervalSource, MarginOverride, RateCard, RateRow,
};
use std::collections::{BTreeMap, BTreeSet};

/// Rows by prefix: destination and terms.
type Rows = BTreeMap<String, (String, RateTerms)>;

fn deck(card: &RateCard) -> Deck {
    let rows = card.rates.as_deref().unwrap_or_default();
    Deck::from_rows(rows, card, &mut DestinationNames::default()).unwrap()
}

fn card(rows: Vec<RateRow>) -> RateCard {
    RateCard {
        rates: Some(rows),
        ..RateCard::new(Currency::USD)
    }
}

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn row(prefix: &str, destination: &str, price: &str) -> RateRow {
    RateRow::new(prefix, destination, amount(price))
}

/// The rows of a card that is built from cards at their exchange rates.
fn built(child: &RateCard, parents: &[(&RateCard, ExchangeRate)], own: ExchangeRate) -> Rows {
    let decks: Vec<_> = parents.iter().map(|(card, _)| deck(card)).collect();
    let parents: Vec<_> = decks
        .iter()
        .zip(parents)
        .map(|(deck, (_, exchange_rate))| ParentCard {
            deck,
            exchange_rate: *exchange_rate,
        })
        .collect();
    let recipe = child.built_from.as_ref().unwrap();
    let text = build(child, recipe, &parents, own).unwrap();
    assert_eq!(
        build(child, recipe, &parents, own).unwrap(),
        text,
        "the same text again"
    );
    let read = Deck::read(text.as_bytes(), child, &mut DestinationNames::default()).unwrap();
    read.rows()
        .map(|(prefix, _, offer)| {
            let destination = read.destination(offer).to_string();
            (prefix.to_string(), (destination, offer.terms))
        })
        .collect()
}

/// The prices of a minute by prefix.
fn prices(rows: &Rows) -> Vec<(String, String)> {
    let price = |(prefix, (_, terms)): (&String, &(String, RateTerms))| {
        (prefix.clone(), terms.next_rate_per_minute.to_string())
    };
    rows.iter().map(price).collect()
}

fn told(prices: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = |(prefix, price): &(&str, &str)| ((*prefix).to_owned(), (*price).to_owned());
    prices.iter().map(own).collect()
}

fn child(built_from: BuiltFrom) -> RateCard {
    RateCard {
        built_from: Some(built_from),
        ..RateCard::new(Currency::USD)
    }
}

const ONE: ExchangeRate = ExchangeRate::ONE;

#[test]
fn a_margin_is_added_and_prices_are_rounded_up() {
    let parent = card(vec![
        row("20", "Egypt", "0.0333"),
        row("2010", "Egypt Mobile", "0.05"),
    ]);
    let recipe = BuiltFrom {
        margin_percent: amount("10"),
        margin_fixed: amount("0.001"),
        decimals: 3,
        ..BuiltFrom::of_one("parent")
    };
    // 0.0333 * 1.1 + 0.001 = 0.03763; 0.05 * 1.1 + 0.001 = 0.056.
    let rows = built(&child(recipe.clone()), &[(&parent, ONE)], ONE);
    assert_eq!(prices(&rows), told(&[("20", "0.038"), ("2010", "0.056")]));
    assert_eq!(rows["2010"].0, "Egypt Mobile");
    let with_floor = BuiltFrom {
        floor: amount("0.05"),
        ..recipe
    };
    let rows = built(&child(with_floor), &[(&parent, ONE)], ONE);
    assert_eq!(prices(&rows), told(&[("20", "0.05"), ("2010", "0.056")]));
}

#[test]
fn of_several_parents_one_rate_is_made() {
    let one = card(vec![
        row("44", "United Kingdom", "0.01"),
        row("447", "UK Mobile", "0.03"),
    ]);
    let other = card(vec![
        row("44", "UK", "0.02"),
        row("4420", "London", "0.005"),
    ]);
    let prices_by = |combine| {
        let recipe = BuiltFrom {
            parents: vec!["one".into(), "other".into()],
            combine,
            ..BuiltFrom::of_one("one")
        };
        prices(&built(&child(recipe), &[(&one, ONE), (&other, ONE)], ONE))
    };
    // For 4420 the first asks what it asks for 44; for 447 the other does.
    assert_eq!(
        prices_by(Combination::Max),
        told(&[("44", "0.02"), ("4420", "0.01"), ("447", "0.03")])
    );
    assert_eq!(
        prices_by(Combination::Min),
        told(&[("44", "0.01"), ("4420", "0.005"), ("447", "0.02")])
    );
    assert_eq!(
        prices_by(Combination::Average),
        told(&[("44", "0.015"), ("4420", "0.0075"), ("447", "0.025")])
    );
}

#[test]
fn the_dearest_is_the_one_whose_talk_costs_most() {
    let by_minute = RateCard {
        initial_interval_s: 60,
        next_interval_s: 60,
        ..card(vec![row("44", "UK", "0.010")])
    };
    let by_second = card(vec![row("44", "UK", "0.011")]);
    let recipe = BuiltFrom {
        parents: vec!["a".into(), "b".into()],
        ..BuiltFrom::of_one("a")
    };
    let parents = [(&by_second, ONE), (&by_minute, ONE)];
    let rows = built(&child(recipe.clone()), &parents, ONE);
    let terms = rows["44"].1;
    assert_eq!(
        terms.next_rate_per_minute,
        amount("0.010"),
        "whole minutes cost more"
    );
    assert_eq!((terms.initial_interval_s, terms.next_interval_s), (60, 60));
    let own = BuiltFrom {
        intervals: IntervalSource::Own,
        ..recipe
    };
    let own = RateCard {
        initial_interval_s: 30,
        next_interval_s: 6,
        ..child(own)
    };
    let terms = built(&own, &parents, ONE)["44"].1;
    assert_eq!((terms.initial_interval_s, terms.next_interval_s), (30, 6));
}

#[test]
fn currencies_are_converted_and_rounded_up() {
    let parent = card(vec![row("44", "UK", "0.01")]);
    let euro: ExchangeRate = "1.1".parse().unwrap();
    let recipe = BuiltFrom::of_one("parent");
    let rows = built(&child(recipe.clone()), &[(&parent, euro)], ONE);
    assert_eq!(prices(&rows), told(&[("44", "0.011")]));
    let rows = built(&child(recipe), &[(&parent, ONE)], euro);
    assert_eq!(
        prices(&rows),
        told(&[("44", "0.00909091")]),
        "0.0090909090 and more"
    );
}

#[test]
fn overrides_and_own_prices_go_first() {
    let parent = card(vec![
        row("20", "Egypt", "0.1"),
        row("2010", "Egypt Mobile", "0.1"),
        row("2012", "Egypt Mobile", "0.1"),
        row("33", "France", "0.1"),
    ]);
    let by_prefix = |prefix: &str, percent: &str| MarginOverride {
        prefix: Some(prefix.to_owned()),
        destination: None,
        margin_percent: Some(amount(percent)),
        margin_fixed: None,
        floor: None,
    };
    let recipe = BuiltFrom {
        margin_percent: amount("50"),
        overrides: vec![
            by_prefix("2", "20"),
            by_prefix("201", "30"),
            MarginOverride {
                prefix: None,
                destination: Some("Egypt".to_owned()),
                ..by_prefix("", "40")
            },
        ],
        ..BuiltFrom::of_one("parent")
    };
    let mut private = child(recipe);
    private.rates = Some(vec![
        row("2012", "Private", "0.01"),
        row("49", "Germany", "0.02"),
    ]);
    let rows = built(&private, &[(&parent, ONE)], ONE);
    assert_eq!(
        prices(&rows),
        told(&[
            ("20", "0.14"),
            ("2010", "0.13"),
            ("2012", "0.01"),
            ("33", "0.15"),
            ("49", "0.02")
        ])
    );
    assert_eq!(rows["2012"].0, "Private");
}

#[test]
fn a_price_that_comes_out_too_high_is_a_fault_of_the_recipe() {
    let parent = deck(&card(vec![row("88", "Satellite", "9000")]));
    let recipe = BuiltFrom {
        margin_percent: amount("100"),
        ..BuiltFrom::of_one("parent")
    };
    let card = child(recipe.clone());
    let parents = [ParentCard {
        deck: &parent,
        exchange_rate: ONE,
    }];
    let problems = build(&card, &recipe, &parents, ONE).unwrap_err();
    assert_eq!(problems[0].field.as_deref(), Some("built_from"));
    assert!(
        problems[0].to_string().contains("88 Satellite"),
        "{problems:?}"
    );
}

#[test]
fn parents_that_tell_too_many_callers_apart_together_make_no_card() {
    let of = |first: usize, count: usize| {
        let rows = (first..first + count).map(|origin| RateRow {
            origin: Some(origin.to_string()),
            ..row("44", "United Kingdom", "0.01")
        });
        deck(&card(rows.collect()))
    };
    let recipe = BuiltFrom {
        parents: vec!["one".into(), "other".into()],
        ..BuiltFrom::of_one("one")
    };
    let made = |other: &Deck| {
        let one = of(1_000, 600);
        let parents = [&one, other].map(|deck| ParentCard {
            deck,
            exchange_rate: ONE,
        });
        build(&child(recipe.clone()), &recipe, &parents, ONE)
    };
    assert!(made(&of(1_000, 900)).is_ok(), "each is among the other's");
    let problems = made(&of(2_000, 600)).unwrap_err();
    assert_eq!(problems[0].field.as_deref(), Some("built_from.parents"));
    assert!(
        problems[0].to_string().contains("1000 different origins"),
        "{problems:?}"
    );
}

#[test]
fn names_come_through_whatever_is_in_them() {
    let odd = "Korea, \"South\", \u{ff}";
    let parent = card(vec![row("82", odd, "0.01")]);
    let rows = built(&child(BuiltFrom::of_one("parent")), &[(&parent, ONE)], ONE);
    assert_eq!(rows["82"].0, odd);
}

/// As [`build`], by lists and whole numbers.
fn model(child: &RateCard, parents: &[(&RateCard, ExchangeRate)], own: ExchangeRate) -> Rows {
    let recipe = child.built_from.as_ref().unwrap();
    let all = parents
        .iter()
        .flat_map(|(card, _)| card.rates.iter().flatten());
    let prefixes: BTreeSet<_> = all.map(|row| row.prefix.clone()).collect();
    let mut rows = Rows::new();
    for prefix in prefixes {
        let mut offers = Vec::new();
        for (card, exchange_rate) in parents {
            let rates = card.rates.as_ref().unwrap().iter();
            let matching = rates.filter(|row| prefix.starts_with(&row.prefix));
            let Some(row) = matching.max_by_key(|row| row.prefix.len()) else {
                continue;
            };
            let terms = row.terms(card);
            let worth = exchange_rate
                .to_books(sample_total(&terms).unwrap())
                .unwrap();
            offers.push((worth, row, in_currency(&terms, *exchange_rate, own)));
        }
        let best = match recipe.combine {
            Combination::Max => offers.iter().map(|offer| offer.0).max(),
            Combination::Min => offers.iter().map(|offer| offer.0).min(),
            Combination::Average => Some(offers[0].0),
        };
        let chosen = offers.iter().find(|offer| Some(offer.0) == best).unwrap();
        let mut terms = chosen.2;
        if recipe.combine == Combination::Average {
            let mean = |field: fn(&RateTerms) -> i64| {
                let sum: i64 = offers.iter().map(|offer| field(&offer.2)).sum();
                Amount(sum / offers.len() as i64 + i64::from(sum % offers.len() as i64 > 0))
            };
            terms.initial_rate_per_minute = mean(|terms| terms.initial_rate_per_minute.0);
            terms.next_rate_per_minute = mean(|terms| terms.next_rate_per_minute.0);
            terms.connection_fee = mean(|terms| terms.connection_fee.0);
            terms.attempt_fee = mean(|terms| terms.attempt_fee.0);
            let longest =
                |field: fn(&RateTerms) -> u32| offers.iter().map(|offer| field(&offer.2)).max();
            terms.initial_interval_s = longest(|terms| terms.initial_interval_s).unwrap();
            terms.next_interval_s = longest(|terms| terms.next_interval_s).unwrap();
            terms.grace_period_s = offers
                .iter()
                .map(|offer| offer.2.grace_period_s)
                .min()
                .unwrap();
        }
        let named = offers
            .iter()
            .find(|offer| offer.1.prefix == prefix)
            .unwrap();
        let destination = named.1.destination.clone();
        if recipe.intervals == IntervalSource::Own {
            terms.initial_interval_s = child.initial_interval_s;
            terms.next_interval_s = child.next_interval_s;
            terms.grace_period_s = child.grace_period_s;
        }
        let overrides = recipe.overrides.iter();
        let of_destination =
            |other: &&&MarginOverride| other.destination.as_deref() == Some(&*destination);
        let of_prefix = |other: &&&MarginOverride| {
            other
                .prefix
                .as_ref()
                .is_some_and(|start| prefix.starts_with(start))
        };
        let all: Vec<_> = overrides.collect();
        let other = all.iter().find(of_destination).or_else(|| {
            let fitting = all.iter().filter(of_prefix);
            fitting.max_by_key(|other| other.prefix.as_ref().unwrap().len())
        });
        let percent = other
            .and_then(|other| other.margin_percent)
            .unwrap_or(recipe.margin_percent);
        let fixed = other
            .and_then(|other| other.margin_fixed)
            .unwrap_or(recipe.margin_fixed);
        let floor = other.and_then(|other| other.floor).unwrap_or(recipe.floor);
        let up = |value: i128, step: i128| (value + step - 1).div_euclid(step) * step;
        let step = 10_i128.pow(9 - u32::from(recipe.decimals));
        let hundred = 100_000_000_000_i128;
        let with_percent = |amount: Amount| {
            up(
                i128::from(amount.0) * (hundred + i128::from(percent.0)),
                hundred,
            ) / hundred
        };
        let price = |amount| {
            let sold = (with_percent(amount) + i128::from(fixed.0)).max(floor.0.into());
            Amount(up(sold, step) as i64)
        };
        let fee = |amount| Amount(up(with_percent(amount), step) as i64);
        terms.initial_rate_per_minute = price(terms.initial_rate_per_minute);
        terms.next_rate_per_minute = price(terms.next_rate_per_minute);
        terms.connection_fee = fee(terms.connection_fee);
        terms.attempt_fee = fee(terms.attempt_fee);
        terms.rounding = child.rounding();
        rows.insert(prefix, (destination, terms));
    }
    for row in child.rates.iter().flatten() {
        let own = (row.destination.clone(), row.terms(child));
        rows.insert(row.prefix.clone(), own);
    }
    rows
}

/// School arithmetic on the digits of the rates.
fn in_currency(terms: &RateTerms, from: ExchangeRate, to: ExchangeRate) -> RateTerms {
    let digits = |rate: ExchangeRate| -> i128 {
        let text = rate.to_string();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        format!("{whole}{fraction:0<12}").parse().unwrap()
    };
    let amount = |amount: Amount| {
        let parts = i128::from(amount.0) * digits(from);
        let other = digits(to);
        Amount(((parts + other - 1) / other) as i64)
    };
    RateTerms {
        initial_rate_per_minute: amount(terms.initial_rate_per_minute),
        next_rate_per_minute: amount(terms.next_rate_per_minute),
        connection_fee: amount(terms.connection_fee),
        attempt_fee: amount(terms.attempt_fee),
        ..*terms
    }
}

fn any_row() -> impl Strategy<Value = RateRow> {
    let intervals = prop::option::of(1_u32..=60);
    (
        "[0-2]{1,5}",
        0..4_u32,
        0..50_000_000_i64,
        intervals,
        prop::option::of(0..10_000_i64),
    )
        .prop_map(|(prefix, destination, price, interval, fee)| RateRow {
            initial_interval_s: interval,
            connection_fee: fee.map(Amount),
            attempt_fee: fee.map(|fee| Amount(fee / 3)),
            grace_period_s: interval,
            ..RateRow::new(prefix, format!("destination {destination}"), Amount(price))
        })
}

fn any_card() -> impl Strategy<Value = RateCard> {
    prop::collection::btree_map("[0-2]{1,5}", any_row(), 1..12).prop_map(|rows| {
        let rows = rows.into_iter();
        card(
            rows.map(|(prefix, row)| RateRow { prefix, ..row })
                .collect(),
        )
    })
}

fn any_rate() -> impl Strategy<Value = ExchangeRate> {
    prop_oneof![
        Just("1"),
        Just("1.0842"),
        Just("0.333333333333"),
        Just("0.0000394")
    ]
    .prop_map(|text| text.parse().unwrap())
}

prop_compose! {
    fn any_recipe()(
        combine in prop_oneof![Just(Combination::Max), Just(Combination::Min), Just(Combination::Average)],
        percent in 0..50_000_000_000_i64, fixed in 0..1_000_000_i64, floor in 0..10_000_000_i64,
        decimals in 2..=9_u8, own in any::<bool>(),
        by_prefix in prop::collection::btree_map("[0-2]{1,3}", 0..50_000_000_000_i64, 0..4),
        by_destination in prop::option::of(0..4_u32),
    ) -> BuiltFrom {
        let mut overrides: Vec<_> = by_prefix.into_iter().map(|(prefix, percent)| MarginOverride {
            prefix: Some(prefix), destination: None, margin_percent: Some(Amount(percent)),
            margin_fixed: None, floor: None,
        }).collect();
        overrides.extend(by_destination.map(|which| MarginOverride {
            prefix: None, destination: Some(format!("destination {which}")), margin_percent: None,
            margin_fixed: Some(Amount(7)), floor: Some(Amount(3_000_000)),
        }));
        BuiltFrom {
            combine, margin_percent: Amount(percent), margin_fixed: Amount(fixed),
            floor: Amount(floor), decimals, overrides,
            intervals: if own { IntervalSource::Own } else { IntervalSource::Parent },
            ..BuiltFrom::of_one("parent")
        }
    }
}

proptest! {
    #[test]
    fn a_card_is_built_as_the_model_builds_it(
        recipe in any_recipe(), own_rows in prop::option::of(any_card()),
        parents in prop::collection::vec((any_card(), any_rate()), 1..4), own in any_rate(),
    ) {
        let card = RateCard {
            built_from: Some(recipe),
            rates: own_rows.and_then(|card| card.rates),
            initial_interval_s: 30,
            next_interval_s: 6,
            ..RateCard::new(Currency::USD)
        };
        let parents: Vec<_> = parents.iter().map(|(card, rate)| (card, *rate)).collect();
        prop_assert_eq!(built(&card, &parents, own), model(&card, &parents, own));
    }

    #[test]
    fn what_is_built_from_the_dearest_is_never_sold_below_any_parent(
        parents in prop::collection::vec(any_card(), 1..4), number in "[0-2]{5}", percent in 0..30_000_000_000_i64,
    ) {
        let recipe = BuiltFrom {
            margin_percent: Amount(percent),
            ..BuiltFrom::of_one("parent")
        };
        let child = child(recipe);
        let at_par: Vec<_> = parents.iter().map(|card| (card, ONE)).collect();
        let rows = built(&child, &at_par, ONE);
        let sold = rows.iter().filter(|(prefix, _)| number.starts_with(*prefix));
        let sold = sold.max_by_key(|(prefix, _)| prefix.len()).map(|(_, row)| sample_total(&row.1).unwrap());
        for parent in &parents {
            let rates = parent.rates.as_ref().unwrap().iter();
            let bought = rates.filter(|row| number.starts_with(&row.prefix)).max_by_key(|row| row.prefix.len());
            if let Some(bought) = bought {
                let cost = sample_total(&bought.terms(parent)).unwrap();
                prop_assert!(sold.is_some_and(|sold| sold >= cost), "{sold:?} {cost:?}");
            }
        }
    }
}
