//! What stands beside numbers: currencies and units of time.

use crate::rejections::Reason;
use rating::Currency;

/// Signs of currencies, and the currencies that each may mean. A dollar is that of the card.
const SIGNS: [(&str, &[&str]); 9] = [
    ("US$", &["USD"]),
    (
        "$",
        &["USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN"],
    ),
    ("€", &["EUR"]),
    ("£", &["GBP"]),
    ("¥", &["JPY", "CNY"]),
    ("₹", &["INR"]),
    ("₽", &["RUB"]),
    ("₺", &["TRY"]),
    ("zł", &["PLN"]),
];

/// What a count of time counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Nothing is said.
    Unsaid,
    Seconds,
    Minutes,
}

impl Unit {
    pub(super) fn in_seconds(self, number: u32) -> Result<u32, Reason> {
        match self {
            Self::Unsaid | Self::Seconds => Ok(number),
            Self::Minutes => number.checked_mul(60).ok_or(Reason::NotSeconds),
        }
    }
}

/// A whole number and its unit.
pub(super) fn counted(text: &str) -> Result<(u32, Unit), Reason> {
    let text = text.trim();
    let end = text
        .find(|letter: char| !letter.is_ascii_digit() && letter != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.trim().trim_end_matches('.').to_ascii_lowercase();
    let unit = match unit.as_str() {
        "" => Unit::Unsaid,
        "s" | "sec" | "secs" | "second" | "seconds" => Unit::Seconds,
        "m" | "min" | "mins" | "minute" | "minutes" => Unit::Minutes,
        _ => return Err(Reason::NotSeconds),
    };
    let number = number.strip_suffix(".0").unwrap_or(number);
    let number = number.parse().map_err(|_| Reason::NotSeconds)?;
    Ok((number, unit))
}

/// A price without spaces, quotes and the card's currency around it. Any other currency stays, so
/// that the price is no number.
pub(super) fn without_currency(text: &str, currency: Currency) -> &str {
    let is_around = |letter: char| letter.is_whitespace() || matches!(letter, '\'' | '"');
    let mut text = text.trim_matches(is_around);
    // One before the number and one behind it.
    for _ in 0..2 {
        let Some(rest) = without_one(text, currency) else {
            break;
        };
        text = rest.trim_matches(is_around);
    }
    text
}

fn without_one(text: &str, currency: Currency) -> Option<&str> {
    let signs = SIGNS
        .iter()
        .filter(|(_, of)| of.contains(&currency.as_str()));
    let names = signs.map(|(sign, _)| *sign).chain([currency.as_str()]);
    for name in names {
        let head = text.get(..name.len());
        if head.is_some_and(|head| head.eq_ignore_ascii_case(name)) {
            return text.get(name.len()..);
        }
        let start = text.len().checked_sub(name.len());
        let tail = start.and_then(|start| text.get(start..));
        if tail.is_some_and(|tail| tail.eq_ignore_ascii_case(name)) {
            return start.and_then(|start| text.get(..start));
        }
    }
    None
}

/// Whether a title such as `Rate (EUR)` names a currency that is not the card's.
pub(crate) fn names_other_currency(title: &str, currency: Currency) -> bool {
    let is_break = |letter: char| !letter.is_alphanumeric();
    let words = title.split(is_break).map(str::to_ascii_uppercase);
    let named: Vec<_> = words
        .filter(|word| CURRENCIES.contains(&word.as_str()))
        .collect();
    let mut signs = SIGNS.iter().filter(|(sign, _)| title.contains(sign));
    let is_card = |(_, of): &(&str, &[&str])| of.contains(&currency.as_str());
    if named.is_empty() {
        signs.clone().next().is_some() && !signs.any(is_card)
    } else {
        !named.iter().any(|name| name == currency.as_str())
    }
}

/// Currencies that carriers price in, or might.
const CURRENCIES: [&str; 40] = [
    "USD", "EUR", "GBP", "CHF", "AUD", "CAD", "NZD", "SGD", "HKD", "JPY", "CNY", "INR", "RUB",
    "TRY", "PLN", "CZK", "HUF", "RON", "BGN", "SEK", "NOK", "DKK", "ISK", "UAH", "ILS", "AED",
    "SAR", "QAR", "KWD", "EGP", "ZAR", "NGN", "KES", "BRL", "MXN", "ARS", "CLP", "COP", "IDR",
    "XDR",
];
