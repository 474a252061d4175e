//! Checks that all kinds share: names, and the bounds that a schema declares.

use crate::problem::Problem;
use crate::walk::walk;
use rating::Amount;
use serde_json::Value;
use std::fmt::Display;

/// Longest name of a resource, characters.
pub const NAME_CHARS_MAX: usize = 64;

/// Highest limit of calls per second.
pub const CPS_LIMIT_MAX: u32 = 100_000;

/// Highest limit of channels.
pub const CHANNEL_LIMIT_MAX: u32 = 1_000_000;

/// The longest that a call beyond the calls per second is held, milliseconds. A caller that heard
/// 100 waits longer than that.
pub const CPS_SMOOTHING_MS_MAX: u16 = 2_000;

pub(crate) fn name(name: &str) -> Option<Problem> {
    let length = name.chars().count();
    let sound = (1..=NAME_CHARS_MAX).contains(&length)
        && name.trim() == name
        && !name.chars().any(char::is_control);
    (!sound).then(|| {
        Problem::in_field(
            "name",
            format_args!(
                "write 1 to {NAME_CHARS_MAX} characters, without spaces at the ends and without \
                 control characters"
            ),
        )
    })
}

/// A field that a spec needs in the light of another.
pub(crate) fn required(field: &str, is_there: bool, why: &str) -> Option<Problem> {
    (!is_there).then(|| Problem::in_field(field, why))
}

/// Values beyond the bounds that the schema declares for their fields.
pub(crate) fn bounds(schema: &'static Value, spec: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    walk(schema, spec, &mut |path, schema, value| {
        let message = match value {
            Value::Number(number) => number.as_i64().and_then(|n| number_bounds(schema, n)),
            Value::String(text) if schema["format"] == "decimal" => amount_bounds(schema, text),
            Value::String(text) => {
                let count = text.chars().count() as u64;
                count_bounds(schema, ["minLength", "maxLength"], count, "characters")
            }
            Value::Array(entries) => {
                let count = entries.len() as u64;
                count_bounds(schema, ["minItems", "maxItems"], count, "entries")
            }
            _ => None,
        };
        problems.extend(message.map(|message| Problem::in_field(path, message)));
    });
    problems
}

fn number_bounds(schema: &Value, number: i64) -> Option<String> {
    let unit = unit_of(schema);
    let min = schema["minimum"].as_i64();
    let max = schema["maximum"].as_i64();
    out_of(number, min, max).map(|range| format!("{number} is out of bounds: write {range}{unit}"))
}

fn amount_bounds(schema: &Value, text: &str) -> Option<String> {
    let amount = |text: &str| text.parse::<Amount>().ok();
    let bound = |key: &str| schema[key].as_str().and_then(amount);
    let range = out_of(amount(text)?, bound("x-minimum"), bound("x-maximum"))?;
    let unit = unit_of(schema);
    Some(format!("{text} is out of bounds: write {range}{unit}"))
}

fn count_bounds(schema: &Value, keys: [&str; 2], count: u64, what: &str) -> Option<String> {
    let [min, max] = keys.map(|key| schema[key].as_u64());
    out_of(count, min, max).map(|range| format!("{count} {what}: write {range} {what}"))
}

fn unit_of(schema: &Value) -> String {
    schema["x-unit"]
        .as_str()
        .map(|unit| format!(" {unit}"))
        .unwrap_or_default()
}

/// The bounds as words, when the value lies beyond them.
fn out_of<T: PartialOrd + Display>(value: T, min: Option<T>, max: Option<T>) -> Option<String> {
    let too_low = min.as_ref().is_some_and(|min| value < *min);
    let too_high = max.as_ref().is_some_and(|max| value > *max);
    (too_low || too_high).then(|| match (min, max) {
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("at least {min}"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => String::new(),
    })
}
