//! Checks that several kinds share.

use crate::problem::Problem;

/// Longest name of a resource, characters.
pub const NAME_CHARS_MAX: usize = 64;

/// Highest limit of calls per second.
pub const CPS_LIMIT_MAX: u32 = 100_000;

/// Highest limit of channels.
pub const CHANNEL_LIMIT_MAX: u32 = 1_000_000;

pub(super) fn name(name: &str) -> Option<Problem> {
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

pub(super) fn reference(field: &str, name: &str) -> Option<Problem> {
    name.is_empty()
        .then(|| Problem::in_field(field, "write the name of the resource that is meant"))
}

pub(super) fn limits(
    cps_limit: Option<u32>,
    channel_limit: Option<u32>,
) -> impl Iterator<Item = Problem> {
    let cps = limit("cps_limit", cps_limit, CPS_LIMIT_MAX);
    let channels = limit("channel_limit", channel_limit, CHANNEL_LIMIT_MAX);
    cps.into_iter().chain(channels)
}

/// Zero is refused because it reads as "unlimited" to some and as "none" to others.
fn limit(field: &str, value: Option<u32>, max: u32) -> Option<Problem> {
    let refused = value.is_some_and(|value| !(1..=max).contains(&value));
    refused.then(|| {
        Problem::in_field(
            field,
            format_args!(
                "write a number from 1 to {max}; leave it out for no limit, set `status: inactive` \
                 to take no calls"
            ),
        )
    })
}

pub(super) fn in_range<T: PartialOrd + std::fmt::Display + Copy>(
    field: &str,
    value: T,
    min: T,
    max: T,
    unit: &str,
) -> Option<Problem> {
    (!(min..=max).contains(&value)).then(|| {
        Problem::in_field(
            field,
            format_args!("{value} is out of bounds: write {min} to {max}{unit}"),
        )
    })
}
