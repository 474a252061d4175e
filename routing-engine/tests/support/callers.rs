//! Who calls, as one would tell it at a table.

use super::world::origins_of;
use routing_engine::resources::RateRow;

/// The digits of a calling number that rates can go by; none of what is no number of E.164.
pub(crate) fn digits(calling: &str) -> Option<String> {
    let written: String = calling.chars().filter(|c| !"-.()".contains(*c)).collect();
    let digits = match (written.strip_prefix('+'), written.strip_prefix("00")) {
        (Some(rest), _) | (None, Some(rest)) => rest,
        (None, None) => &written,
    };
    let is_number = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
    (is_number && (7..=15).contains(&digits.len())).then(|| digits.to_owned())
}

/// Of a call to +1, whatever comes with the number.
pub(crate) fn jurisdiction(called: &str, calling: &str) -> Option<&'static str> {
    if !called.starts_with('1') {
        return None;
    }
    let whole: String = called.chars().take(11).collect();
    let calling = digits(calling).and_then(|calling| area(&calling));
    Some(match (area(&whole), calling) {
        (Some(one), Some(other)) if one == other => "intrastate",
        (Some(_), Some(_)) => "interstate",
        _ => "indeterminate",
    })
}

/// Where a number is. Worlds make numbers of nearly every area code, so the table is the one of the program, which
/// has tests of its own; what a sound number is, is said here.
fn area(number: &str) -> Option<&'static str> {
    if number.len() != 11 || !number.starts_with('1') {
        return None;
    }
    let digit = |at: usize| number[at..=at].parse::<u8>().unwrap();
    if digit(1) < 2 || digit(4) < 2 {
        return None;
    }
    rating::jurisdiction::area_of_number(number)
}

/// The row of one prefix that a call is charged by, and the origin that it is charged for.
pub(crate) fn row_for<'r>(
    rows: &[&'r RateRow],
    calling: &str,
    jurisdiction: Option<&str>,
    cost: impl Fn(&RateRow) -> i64,
) -> Option<(&'r RateRow, String)> {
    let all = || {
        rows.iter()
            .flat_map(|row| origins_of_row(row).into_iter().map(|origin| (*row, origin)))
    };
    let is_digits = |origin: &str| origin.starts_with(|c: char| c.is_ascii_digit());
    let mut of_digits: Vec<_> = all()
        .filter(|(_, origin)| is_digits(origin) && calling.starts_with(origin))
        .collect();
    of_digits.sort_by_key(|(_, origin)| origin.len());
    if let Some((row, origin)) = of_digits.pop() {
        return Some((row, origin.to_owned()));
    }
    let of = |wanted: &str| {
        all()
            .find(|(_, origin)| *origin == wanted)
            .map(|(row, _)| row)
    };
    let plain = of("").map(|row| (row, String::new()));
    let Some(jurisdiction) = jurisdiction else {
        return plain;
    };
    if let Some(row) = of(jurisdiction) {
        return Some((row, jurisdiction.to_owned()));
    }
    let others = ["interstate", "intrastate"];
    if jurisdiction == "indeterminate" && others.into_iter().any(|other| of(other).is_some()) {
        let either = ["", "interstate", "intrastate"].into_iter();
        let either = either.filter_map(|origin| Some((of(origin)?, origin.to_owned())));
        return either.max_by_key(|(row, _)| cost(row));
    }
    plain
}

fn origins_of_row(row: &RateRow) -> Vec<&str> {
    row.origin.as_deref().map_or_else(|| vec![""], origins_of)
}
