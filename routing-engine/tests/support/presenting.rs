//! CLI rules as one would apply them with a pencil.

use super::numbers::Random;
use super::passing::Passing;
use rating::cdr::ReleaseReason;
use regex::Regex;
use routing_engine::resources::{
    CallerNumber, CallerState, CliAction, CliDefault, CliPick, CliRule, CliRules, NumberPolicy,
    Prefix, Ref,
};

/// Whose turn it is, by rules and rule.
pub(crate) type Turns = std::collections::HashMap<(String, usize), u32>;

/// The rules that count of two policies: those of the trunk, when it has any.
pub(crate) fn rules_of<'p>(
    trunk: &'p NumberPolicy,
    other: &'p NumberPolicy,
) -> Option<&'p Ref<CliRules>> {
    trunk.cli_rules.as_ref().or(other.cli_rules.as_ref())
}

/// The number in place that some rules present.
pub(crate) fn present(
    numbers: &mut Passing,
    all: &[(String, CliRules)],
    name: Option<&Ref<CliRules>>,
    turns: &mut Turns,
    draw: u64,
) -> Result<(), ReleaseReason> {
    let Some(name) = name else {
        return Ok(());
    };
    let id = 1 + all.iter().position(|(other, _)| **other == **name).unwrap();
    let rules = &all[id - 1].1;
    let looked_at = match (rules.number, &numbers.asserted) {
        (CallerNumber::Asserted, Some(asserted)) => asserted.clone(),
        _ => numbers.calling.clone(),
    };
    let mut fitting = rules.rules.iter().enumerate();
    let found = fitting.find(|(_, rule)| fits(rule, &looked_at, numbers));
    match found.map(|(place, rule)| (place, rule, rule.action)) {
        None if rules.default == CliDefault::Deny => Err(ReleaseReason::NumberRefused),
        Some((_, _, CliAction::Deny)) => Err(ReleaseReason::NumberRefused),
        None | Some((_, _, CliAction::Allow)) => Ok(()),
        Some((place, rule, CliAction::Replace)) => {
            let pool: Vec<_> = rule.number.iter().chain(&rule.pool).collect();
            let at = match rule.pick.unwrap_or_default() {
                _ if pool.len() == 1 => 0,
                CliPick::Rotate => {
                    let turn = turns.entry((name.to_string(), place)).or_default();
                    *turn += 1;
                    (*turn - 1) as usize % pool.len()
                }
                CliPick::Random => {
                    let lot = mix(draw ^ ((id as u64) << 16 | place as u64));
                    (u128::from(lot) * pool.len() as u128 / (1 << 64)) as usize
                }
                CliPick::StickyCalled => nearest(&pool, &numbers.called),
                CliPick::StickyCalling => {
                    // What is no number is looked at as it is written.
                    let digits = looked_at
                        .strip_prefix('+')
                        .or_else(|| looked_at.strip_prefix("00"))
                        .unwrap_or(&looked_at);
                    let is_number =
                        !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
                    nearest(&pool, if is_number { digits } else { &looked_at })
                }
            };
            numbers.calling = pool[at].clone();
            numbers.asserted = Some(pool[at].clone());
            numbers.is_withheld = false;
            Ok(())
        }
    }
}

/// One number made of another, so that every bit counts.
fn mix(value: u64) -> u64 {
    Random(value).next()
}

fn fits(rule: &CliRule, number: &str, numbers: &Passing) -> bool {
    let begins = |prefixes: &[Prefix], number: &str| {
        prefixes.iter().any(|prefix| number.starts_with(&**prefix))
    };
    let digits = number
        .strip_prefix('+')
        .or_else(|| number.strip_prefix("00"));
    let digits = digits.unwrap_or(number);
    let is_digits = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
    let has_prefix = is_digits && begins(&rule.calling_prefixes, digits);
    let fits_called =
        rule.called_prefixes.is_empty() || begins(&rule.called_prefixes, &numbers.called);
    let fits_caller = match (&rule.pattern, rule.caller) {
        (Some(pattern), _) => Regex::new(&format!("^(?:{pattern})$"))
            .unwrap()
            .is_match(number),
        (None, Some(CallerState::Missing)) => number.is_empty(),
        (None, Some(CallerState::Withheld)) => numbers.is_withheld || number == "anonymous",
        (None, Some(CallerState::Invalid)) => {
            let is_callable = is_digits && (3..=15).contains(&digits.len());
            !is_callable && !["", "anonymous"].contains(&number)
        }
        (None, None) => rule.calling_prefixes.is_empty() || has_prefix,
    };
    fits_called && fits_caller
}

/// Each number stands at eight places of a circle; of 21 places of the key the one counts behind which a
/// number's place comes soonest.
fn nearest(pool: &[&String], key: &str) -> usize {
    let hash = |text: &str| {
        text.bytes()
            .fold(0, |hash, byte| mix(hash ^ u64::from(byte)))
    };
    let soonest = |number: &str| {
        let number = hash(number.trim_start_matches('+'));
        let places = (0..8).map(|place: u64| mix(number ^ mix(place)));
        let ways = places.flat_map(|place| {
            (0..21).map(move |probe: u64| place.wrapping_sub(mix(hash(key) ^ mix(!probe))))
        });
        ways.min().unwrap()
    };
    (0..pool.len()).min_by_key(|at| soonest(pool[*at])).unwrap()
}
