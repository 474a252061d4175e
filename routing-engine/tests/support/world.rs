//! Random small worlds: few digits and few prices, so that matches and ties are common.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::numbers::Random;
use super::routing::{self, Routing};
use rating::rounding::RoundingMode;
use rating::{Amount, Currency};
use routing_engine::deck::{Deck, DestinationNames};
use routing_engine::resources::{
    AssertedIdentity, CallNumber, CallerNumber, CallerState, Carrier, CliAction, CliDefault,
    CliPick, CliRule, CliRules, Customer, Direction, ExchangeRate, FailoverCode, Gateway,
    IdentityPolicy, NumberClass, NumberList, NumberListAction, NumberMatching, NumberPolicy,
    NumberTranslation, NumberValidation, OriginSet, Prefix, PricedCard, PrivacyPolicy, RateCard,
    RateRow, Resources, RewrittenPart, SharedGateway, Status, Stored, Throttle, TranslationRule,
    TranslationRules, Trunk,
};
use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

pub(crate) struct World {
    pub(crate) cards: Vec<(String, RateCard)>,
    pub(crate) carriers: Vec<(String, Carrier)>,
    pub(crate) customers: Vec<(String, Customer)>,
    pub(crate) trunks: Vec<(String, Trunk)>,
    pub(crate) translation_rules: Vec<(String, TranslationRules)>,
    pub(crate) number_lists: Vec<(String, NumberList)>,
    pub(crate) cli_rules: Vec<(String, CliRules)>,
    /// By currency: from when, and what.
    pub(crate) exchange_rates: Vec<(String, Vec<(i64, String)>)>,
    pub(crate) gateways: Vec<(String, Gateway)>,
    pub(crate) routing: Routing,
}

const RULES: usize = 4;
const LISTS: usize = 6;
const CLI_RULES: usize = 3;
/// Those after this one tag calls: only customers name them.
const LISTS_OF_ALL: usize = 4;

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) source: IpAddr,
    pub(crate) called: String,
    pub(crate) calling: String,
    /// P-Asserted-Identity and Remote-Party-ID.
    pub(crate) asserted: [Option<String>; 2],
    pub(crate) is_private: bool,
    pub(crate) now_us: u64,
    pub(crate) at_us: i64,
    pub(crate) draw: u64,
}

pub(crate) fn random(random: &mut Random) -> World {
    let carriers_count = 1 + random.below(8);
    let customers_count = 1 + random.below(4);
    let cards_count = 1 + random.below(6);
    let mut trunks = Vec::new();
    for index in 0..random.below(16) {
        let carrier = random.below(carriers_count);
        let card = random.below(cards_count);
        trunks.push((
            format!("egress {index}"),
            egress(random, carrier, card, index),
        ));
    }
    // Each ingress trunk has a tech prefix of its own: no two can claim the same call.
    for (index, tech_prefix) in ["", "9", "99#", "7", "70"].into_iter().enumerate() {
        if tech_prefix.is_empty() || one_in(random, 2) {
            let customer = random.below(customers_count);
            trunks.push((
                format!("ingress {index}"),
                ingress(random, customer, tech_prefix),
            ));
        }
    }
    let egress_names = trunks.iter().map(|(name, _)| name.clone());
    let egress_names: Vec<_> = egress_names
        .filter(|name| name.starts_with("egress"))
        .collect();
    World {
        exchange_rates: exchange_rates(random),
        routing: routing::random(random, carriers_count, customers_count, &egress_names),
        cards: (0..cards_count)
            .map(|index| (format!("card {index}"), card(random)))
            .collect(),
        carriers: (0..carriers_count)
            .map(|index| (format!("carrier {index}"), carrier(random)))
            .collect(),
        customers: (0..customers_count)
            .map(|index| (format!("customer {index}"), customer(random, cards_count)))
            .collect(),
        trunks,
        translation_rules: (0..RULES)
            .map(|index| (format!("rules {index}"), translation_rules(random)))
            .collect(),
        number_lists: (0..LISTS)
            .map(|index| (format!("list {index}"), number_list(random, index)))
            .collect(),
        cli_rules: (0..CLI_RULES)
            .map(|index| (format!("cli {index}"), cli_rules(random)))
            .collect(),
        gateways: (0..carriers_count)
            .flat_map(|carrier| [0, 1].map(|index| (carrier, index)))
            .map(|(carrier, index)| gateway(random, carrier, index))
            .collect(),
    }
}

fn gateway(random: &mut Random, carrier: usize, index: usize) -> (String, Gateway) {
    let spec = Gateway {
        carrier: format!("carrier {carrier}").into(),
        status: status(random),
        address: std::net::SocketAddr::from(([127, 0, 1, 1], 5_000 + index as u16)).into(),
        transport: None,
        cps_limit: one_in(random, 3).then_some(4),
        channel_limit: one_in(random, 2).then_some(1),
    };
    (format!("gateway {carrier} {index}"), spec)
}

fn translation_rules(random: &mut Random) -> TranslationRules {
    let rules = (0..1 + random.below(3)).map(|_| {
        let (prefix, pattern, replacement) = *random.pick(&[
            (Some("0"), None, "1"),
            (Some("12"), None, ""),
            (Some(""), None, "0"),
            (None, Some("1(.*)2"), "2$1"),
            (None, Some("(0+)(1.*)"), "$2$1"),
            (None, Some("[12]{5}.*"), "1120"),
        ]);
        TranslationRule {
            prefix: prefix.map(str::to_owned),
            pattern: pattern.map(str::to_owned),
            replacement: replacement.to_owned(),
            note: String::new(),
        }
    });
    TranslationRules {
        rules: rules.collect(),
        description: String::new(),
    }
}

fn number_list(random: &mut Random, index: usize) -> NumberList {
    let mut action = match random.below(6) {
        0..2 => NumberListAction::Allow,
        2..4 => NumberListAction::Deny,
        _ => NumberListAction::Rewrite,
    };
    if index >= LISTS_OF_ALL {
        action = NumberListAction::Tag;
    }
    let is_rewrite = action == NumberListAction::Rewrite;
    let replaces_number = one_in(random, 4);
    let replacement = random.pick(&["2", "10", "120", "11", "0012"]).to_string();
    let tag = random.pick(&routing::TAGS).to_string();
    let is_prefix = !one_in(random, 4);
    // What only a few may call lets most of the numbers through, so that calls go on.
    let mut entries: Vec<_> = if action != NumberListAction::Allow {
        (0..random.below(6)).map(|_| digits(random, 5)).collect()
    } else {
        ["0", "1", "44", "21"].map(str::to_owned).into()
    };
    entries.sort();
    entries.dedup();
    NumberList {
        action,
        number: *random.pick(&[
            CallNumber::Called,
            CallNumber::Called,
            CallNumber::Calling,
            CallNumber::Asserted,
        ]),
        matching: if is_prefix {
            NumberMatching::Prefix
        } else {
            NumberMatching::Exact
        },
        entries: entries
            .into_iter()
            .map(|entry| entry.try_into().unwrap())
            .collect(),
        replaces: match is_rewrite && replaces_number {
            true => RewrittenPart::Number,
            false => RewrittenPart::Entry,
        },
        replacement: is_rewrite.then_some(replacement),
        tag: (action == NumberListAction::Tag).then(|| tag.try_into().unwrap()),
        description: String::new(),
    }
}

fn cli_rules(random: &mut Random) -> CliRules {
    let count = 1 + random.below(4);
    let rules = (0..count).map(|_| {
        let prefixes = |random: &mut Random| -> Vec<Prefix> {
            let all = ["0", "1", "44", "21", "20"];
            let prefix = *random.pick(&all);
            vec![prefix.try_into().unwrap()]
        };
        let pool = ["2101", "+2102", "1200", "442000"].map(str::to_owned);
        let mut rule = CliRule {
            action: *random.pick(&[
                CliAction::Allow,
                CliAction::Allow,
                CliAction::Deny,
                CliAction::Replace,
                CliAction::Replace,
            ]),
            ..CliRule::default()
        };
        match random.below(6) {
            0..2 => rule.calling_prefixes = prefixes(random),
            2 => rule.pattern = Some(random.pick(&["0.*", "[a-z]+", "1|44"]).to_string()),
            3 => {
                let states = [
                    CallerState::Invalid,
                    CallerState::Missing,
                    CallerState::Withheld,
                ];
                rule.caller = Some(*random.pick(&states));
            }
            _ => {}
        }
        if one_in(random, 3) {
            rule.called_prefixes = prefixes(random);
        }
        if rule.action == CliAction::Replace {
            match random.below(5) {
                0 => rule.number = Some(pool[0].clone()),
                count => {
                    rule.pool = pool[..count].to_vec();
                    let picks = [
                        CliPick::Rotate,
                        CliPick::Random,
                        CliPick::StickyCalled,
                        CliPick::StickyCalling,
                    ];
                    rule.pick = Some(*random.pick(&picks));
                }
            }
        }
        rule
    });
    let rules = rules.collect();
    CliRules {
        rules,
        number: match one_in(random, 3) {
            true => CallerNumber::Asserted,
            false => CallerNumber::Calling,
        },
        default: match one_in(random, 5) {
            true => CliDefault::Deny,
            false => CliDefault::Allow,
        },
        description: String::new(),
    }
}

/// Most have none.
fn numbers(random: &mut Random, lists_count: usize) -> NumberPolicy {
    let mut rules = || {
        let index = random.below(RULES);
        one_in(random, 12).then(|| format!("rules {index}").into())
    };
    let (called_rules, calling_rules) = (rules(), rules());
    let first = random.below(lists_count);
    let count = match one_in(random, 6) {
        true => 1 + random.below(3),
        false => 0,
    };
    let lists = (first..lists_count)
        .take(count)
        .map(|list| format!("list {list}").into());
    NumberPolicy {
        called_rules,
        calling_rules,
        lists: lists.collect(),
        cli_rules: one_in(random, 6).then(|| format!("cli {}", random.below(CLI_RULES)).into()),
        blocked_classes: blocked_classes(random),
        unknown_numbers: Default::default(),
        validation: match random.below(60) {
            0 => NumberValidation::Valid,
            1 => NumberValidation::Possible,
            _ => NumberValidation::Off,
        },
    }
}

fn blocked_classes(random: &mut Random) -> Vec<NumberClass> {
    let classes = [
        NumberClass::FixedLine,
        NumberClass::Mobile,
        NumberClass::FixedLineOrMobile,
    ];
    let first = random.below(3);
    let last = first + random.below(4 - first);
    match one_in(random, 12) {
        true => classes[first..last].to_vec(),
        false => Vec::new(),
    }
}

fn card(random: &mut Random) -> RateCard {
    let asks_callers = one_in(random, 4);
    let rows = (0..random.below(40)).map(|_| RateRow {
        prefix: digits(random, 5),
        origin: asks_callers.then(|| origin(random)).flatten(),
        destination: format!("destination {}", random.below(5)),
        rate_per_minute: Amount(random.below(4) as i64 * 10_000_000),
        initial_rate_per_minute: one_in(random, 5).then_some(Amount(20_000_000)),
        initial_interval_s: one_in(random, 4).then_some(30),
        next_interval_s: one_in(random, 4).then_some(6),
        connection_fee: one_in(random, 6).then_some(Amount(1_000_000)),
        attempt_fee: one_in(random, 6).then_some(Amount(200_000)),
        grace_period_s: one_in(random, 6).then_some(20),
    });
    let mut rows: Vec<_> = rows.collect();
    // Jurisdictions are those of calls to +1.
    let is_of_plan = |row: &RateRow| {
        row.prefix.starts_with('1')
            || row
                .origin
                .as_ref()
                .is_none_or(|origin| !origin.starts_with('i'))
    };
    rows.retain(is_of_plan);
    let mut taken = HashSet::new();
    rows.retain(|row| {
        let origins = row.origin.as_deref().map_or_else(|| vec![""], origins_of);
        let keys: Vec<_> = origins
            .iter()
            .map(|origin| (row.prefix.clone(), (*origin).to_owned()))
            .collect();
        let is_new = keys.iter().all(|key| !taken.contains(key));
        taken.extend(keys.into_iter().filter(|_| is_new));
        is_new
    });
    let zone = OriginSet {
        name: "zone".to_owned(),
        prefixes: ZONE.map(|prefix| prefix.try_into().unwrap()).into(),
    };
    RateCard {
        rates: Some(rows),
        origin_sets: vec![zone],
        initial_interval_s: *random.pick(&[1, 60]),
        next_interval_s: *random.pick(&[1, 60]),
        attempt_fee: *random.pick(&[Amount::ZERO, Amount(100_000)]),
        amount_rounding: *random.pick(&[RoundingMode::HalfUp, RoundingMode::Up]),
        amount_decimals: *random.pick(&[9, 4]),
        ..RateCard::new(currency(random))
    }
}

const ZONE: [&str; 3] = ["100", "12", "44"];

/// The origins that a text of a card here means.
pub(crate) fn origins_of(text: &str) -> Vec<&str> {
    match text {
        "zone" => ZONE.into(),
        text => vec![text],
    }
}

/// Whom a rate is for.
fn origin(random: &mut Random) -> Option<String> {
    let known = [
        "",
        "",
        "",
        "10",
        "1001",
        "1",
        "12",
        "1212",
        "4",
        "zone",
        "interstate",
        "intrastate",
        "indeterminate",
    ];
    let origin = *random.pick(&known);
    (!origin.is_empty()).then(|| origin.to_owned())
}

/// Most are of the books.
fn currency(random: &mut Random) -> Currency {
    let name = *random.pick(&["USD", "USD", "USD", "EUR", "JPY"]);
    name.to_owned().try_into().unwrap()
}

/// In the two weeks of the calls the rates of the euro change, those of the yen do or do not.
fn exchange_rates(random: &mut Random) -> Vec<(String, Vec<(i64, String)>)> {
    let day_us = 86_400_000_000;
    let monday_us = 1_795_392_000_000_000;
    let mut dated = |days: &[i64]| {
        let days = days.iter().map(|day| {
            let rate = *random.pick(&[
                "1.1",
                "0.9",
                "1",
                "0.5",
                "2",
                "1.000000000001",
                "0.333333333333",
            ]);
            (monday_us + day * day_us, rate.to_owned())
        });
        days.collect::<Vec<_>>()
    };
    let euro = dated(&[-30, 3, 4, 9, 20]);
    let yen = dated(&[5]);
    vec![("EUR".to_owned(), euro), ("JPY".to_owned(), yen)]
}

fn carrier(random: &mut Random) -> Carrier {
    Carrier {
        status: status(random),
        cps_limit: one_in(random, 5).then_some(8),
        channel_limit: one_in(random, 5).then_some(2),
        billing: None,
        numbers: numbers(random, LISTS_OF_ALL),
    }
}

fn customer(random: &mut Random, cards_count: usize) -> Customer {
    Customer {
        status: status(random),
        cps_limit: one_in(random, 3).then_some(20),
        channel_limit: one_in(random, 3).then_some(3),
        cps_smoothing_ms: one_in(random, 4).then_some(100),
        called_number_cps_limit: one_in(random, 5).then_some(1),
        called_number_channel_limit: one_in(random, 5).then_some(1),
        numbers: numbers(random, LISTS),
        group: one_in(random, 2).then(|| routing::GROUP.into()),
        category: one_in(random, 3).then(|| routing::OWN_CATEGORY.into()),
        ..Customer::new(format!("card {}", random.below(cards_count)))
    }
}

fn ingress(random: &mut Random, customer: usize, tech_prefix: &str) -> Trunk {
    let ranges = [
        "192.0.2.0/24",
        "192.0.2.0/30",
        "192.0.2.1",
        "0.0.0.0/0",
        "192.0.2.3",
    ];
    let addresses_count = 1 + random.below(2);
    let addresses = (0..addresses_count).map(|_| random.pick(&ranges).parse().unwrap());
    let mut addresses: Vec<_> = addresses.collect();
    // Most calls find this one, so that the steps after the first are reached.
    let is_main = tech_prefix.is_empty();
    if is_main {
        addresses.push("192.0.2.0/24".parse().unwrap());
    }
    Trunk {
        status: if is_main {
            Status::Active
        } else {
            status(random)
        },
        customer: Some(format!("customer {customer}").into()),
        source_addresses: addresses,
        tech_prefix: tech_prefix.to_owned(),
        cps_limit: one_in(random, 4).then_some(15),
        channel_limit: one_in(random, 4).then_some(2),
        cps_smoothing_ms: one_in(random, 4).then_some(200),
        called_number_cps_limit: one_in(random, 6).then_some(2),
        called_number_channel_limit: one_in(random, 6).then_some(2),
        called_number: translation(random),
        calling_number: translation(random),
        numbers: numbers(random, LISTS),
        identity: IdentityPolicy {
            asserted: *random.pick(&[
                AssertedIdentity::Off,
                AssertedIdentity::PAssertedIdentity,
                AssertedIdentity::RemotePartyId,
                AssertedIdentity::Both,
            ]),
            privacy: *random.pick(&[PrivacyPolicy::Ignore, PrivacyPolicy::Respect]),
            ..IdentityPolicy::default()
        },
        ..Trunk::new(Direction::Ingress)
    }
}

fn egress(random: &mut Random, carrier: usize, card: usize, index: usize) -> Trunk {
    // Each of a priority of its own, so that their order is no lot.
    let shared_gateways = [(0, 50), (1, 150)].map(|(place, priority)| SharedGateway {
        gateway: format!("gateway {carrier} {place}").into(),
        priority,
        weight: 100,
    });
    let shared_gateways: Vec<_> = shared_gateways
        .into_iter()
        .filter(|_| one_in(random, 3))
        .collect();
    let has_own = shared_gateways.is_empty() || one_in(random, 2);
    let own = std::net::SocketAddr::from(([127, 0, 0, 1], 5_000 + index as u16));
    Trunk {
        status: status(random),
        carrier: Some(format!("carrier {carrier}").into()),
        rate_card: Some(format!("card {card}").into()),
        gateway: has_own.then(|| own.into()),
        shared_gateways,
        cps_limit: one_in(random, 6).then_some(6),
        channel_limit: one_in(random, 6).then_some(1),
        priority: one_in(random, 2).then(|| random.below(3) as u16),
        weight: one_in(random, 2).then(|| random.below(3) as u16 * 100),
        called_number: translation(random),
        numbers: numbers(random, LISTS_OF_ALL),
        throttle: one_in(random, 4).then(|| Throttle {
            attempts_min: 3,
            failed_percent: 50,
            window_s: 5,
            share_percent: 25,
            codes: vec![FailoverCode::Class(5)],
        }),
        ..Trunk::new(Direction::Egress)
    }
}

fn translation(random: &mut Random) -> NumberTranslation {
    let pick = |random: &mut Random, from: &[&str]| random.pick(from).to_string();
    NumberTranslation {
        strip_prefix: pick(random, &["", "", "", "0", "1", "00"]),
        add_prefix: pick(random, &["", "", "", "1", "00", "+"]),
    }
}

pub(crate) fn status(random: &mut Random) -> Status {
    if one_in(random, 8) {
        Status::Inactive
    } else {
        Status::Active
    }
}

pub(crate) fn one_in(random: &mut Random, of: usize) -> bool {
    random.below(of) == 0
}

/// One to `longest` digits from 0 to 2.
pub(crate) fn digits(random: &mut Random, longest: usize) -> String {
    let length = 1 + random.below(longest);
    let digit = |_| char::from(b'0' + random.below(3) as u8);
    (0..length).map(digit).collect()
}

impl World {
    pub(crate) fn random_call(&self, random: &mut Random, step: u64) -> Call {
        let start = *random.pick(&["", "", "", "", "", "+", "00", "9", "99#", "7", "70", "70+"]);
        let tail = match one_in(random, 6) {
            true => random
                .pick(&["12125550100", "12015550100", "12225550100"])
                .to_string(),
            false => digits(random, 12),
        };
        let parameters = *random.pick(&[
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            ";npdi",
            ";npdi;rn=+1-201-555-0000",
            ";rn=2125550000",
        ]);
        let host = 1 + random.below(5) as u8;
        let source = *random.pick(&[
            Ipv4Addr::new(192, 0, 2, host),
            Ipv4Addr::new(192, 0, 2, host),
            Ipv4Addr::new(192, 0, 2, host),
            Ipv4Addr::new(203, 0, 113, host),
        ]);
        Call {
            source: source.into(),
            called: format!("{start}{tail}{parameters}"),
            calling: random
                .pick(&[
                    "0123",
                    "anonymous",
                    "",
                    "1",
                    "+44",
                    "1001",
                    "1001222",
                    "+10012220",
                    "12345678901234567",
                    "44",
                    "+4420123456",
                    "1@2",
                    "+12125550111",
                    "0012015550111",
                    "12125550111",
                    "12015550111",
                    "18005550111",
                ])
                .to_string(),
            asserted: [(); 2].map(|()| {
                let number = *random.pick(&["", "44", "+4420", "0044", "2100", "x1"]);
                (!number.is_empty()).then(|| number.to_owned())
            }),
            is_private: one_in(random, 6),
            // On average 30 calls a second.
            now_us: step * 33_000 + random.below(30_000) as u64,
            // Some minute of two weeks that begin on a Monday.
            at_us: (1_795_392_000 + 60 * random.below(14 * 24 * 60) as i64) * 1_000_000,
            draw: random.next(),
        }
    }

    fn stored_exchange_rates(&self) -> Vec<Stored<ExchangeRate>> {
        let specs = self.exchange_rates.iter().map(|(currency, rates)| {
            let rates = rates.iter().map(|(begins_us, rate)| {
                let from = jiff::Timestamp::from_microsecond(*begins_us).unwrap();
                let from = from.strftime("%F").to_string();
                serde_json::json!({ "from": from, "rate": rate })
            });
            let spec =
                serde_json::json!({ "currency": currency, "rates": rates.collect::<Vec<_>>() });
            (currency.clone(), serde_json::from_value(spec).unwrap())
        });
        stored(&specs.collect::<Vec<_>>()).collect()
    }

    pub(crate) fn resources(&self) -> Resources {
        let names = &mut DestinationNames::default();
        Resources {
            rate_cards: stored(&self.cards)
                .map(|card| PricedCard {
                    deck: Arc::new(
                        Deck::from_rows(card.spec.rates.as_ref().unwrap(), &card.spec, names)
                            .unwrap(),
                    ),
                    card,
                })
                .collect(),
            exchange_rates: self.stored_exchange_rates(),
            carriers: stored(&self.carriers).collect(),
            customers: stored(&self.customers).collect(),
            trunks: stored(&self.trunks).collect(),
            translation_rules: stored(&self.translation_rules).collect(),
            number_lists: stored(&self.number_lists).collect(),
            cli_rules: stored(&self.cli_rules).collect(),
            gateways: stored(&self.gateways).collect(),
            ..self.routing.resources()
        }
    }
}

pub(crate) fn stored<T: Clone>(named: &[(String, T)]) -> impl Iterator<Item = Stored<T>> {
    (1..).zip(named).map(|(id, (name, spec))| Stored {
        id,
        name: name.clone(),
        spec: spec.clone(),
    })
}
