//! What a publisher answered, as rates in the currency of the books.

use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use rating::exchange::{EXCHANGE_DECIMALS, ExchangeRate};
use rating::{Currency, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Most rates of one answer; the publishers have about two hundred.
const QUOTES_MAX: usize = 1_000;

/// Significant digits of a published rate that count.
const DIGITS_MAX: usize = 13;

/// The largest power of ten of a published rate, up or down; none that counts has more.
const EXPONENT_MAX: usize = 40;

/// The rates of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Quotes {
    /// When they were published.
    pub(super) published_at: Timestamp,
    /// What a unit is worth in the books, or why that cannot be told.
    pub(super) rates: BTreeMap<Currency, Result<ExchangeRate, String>>,
}

/// An answer that is not what the publisher's contract says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer is not what the publisher describes: {0}")]
pub(super) struct Malformed(pub(super) String);

/// Units of a currency for one of the base: `mantissa` over a power of ten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Quote {
    mantissa: u128,
    scale: u32,
}

#[derive(Deserialize)]
struct Latest {
    timestamp: i64,
    base: Currency,
    rates: BTreeMap<String, Box<RawValue>>,
}

impl Quotes {
    /// The answer of Open Exchange Rates to `latest.json`.
    pub(super) fn of_open_exchange_rates(body: &[u8]) -> Result<Self, Malformed> {
        let latest: Latest =
            serde_json::from_slice(body).map_err(|error| Malformed(error.to_string()))?;
        let published_at = latest.timestamp.checked_mul(1_000_000);
        let published_at = published_at.filter(|at| *at > 0);
        let published_at = published_at.ok_or_else(|| malformed("`timestamp` is no time"))?;
        let rates = latest.rates.iter();
        let rates = rates.map(|(code, rate)| (code.as_str(), rate.get().to_owned()));
        Self::of(latest.base, Timestamp(published_at), rates)
    }

    /// The daily file of the European Central Bank, which is of noon of its day.
    pub(super) fn of_ecb(body: &[u8]) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(body).map_err(|_| malformed("it is not UTF-8"))?;
        let mut reader = Reader::from_str(text);
        let (mut day, mut rates) = (None, Vec::new());
        loop {
            let event = reader.read_event();
            let event = event.map_err(|error| Malformed(error.to_string()))?;
            let cube = match event {
                Event::Eof => break,
                Event::Start(cube) | Event::Empty(cube) => cube,
                _ => continue,
            };
            if cube.local_name().as_ref() != "Cube" {
                continue;
            }
            if let Some(time) = attribute(&cube, "time")?
                && day.replace(time).is_some()
            {
                return Err(malformed("it has more than one day"));
            }
            if let (Some(code), Some(rate)) =
                (attribute(&cube, "currency")?, attribute(&cube, "rate")?)
            {
                rates.push((code, rate));
            }
        }
        let day = day.ok_or_else(|| malformed("it has no `Cube` with a `time`"))?;
        let noon = format!("{day}T12:00:00Z").parse::<jiff::Timestamp>();
        let noon = noon.map_err(|_| malformed("its `time` is no day"))?;
        let euro =
            Currency::try_from("EUR".to_owned()).map_err(|error| Malformed(error.to_string()))?;
        let rates = rates
            .iter()
            .map(|(code, rate)| (code.as_str(), rate.clone()));
        Self::of(euro, Timestamp(noon.as_microsecond()), rates)
    }

    fn of<'a>(
        base: Currency,
        published_at: Timestamp,
        quoted: impl Iterator<Item = (&'a str, String)>,
    ) -> Result<Self, Malformed> {
        let mut quotes = BTreeMap::new();
        for (code, text) in quoted {
            // Publishers have other things too, such as `BTC` and codes of their own.
            let Ok(currency) = Currency::try_from(code.to_owned()) else {
                continue;
            };
            if quotes.insert(currency, Quote::read(&text)).is_some() {
                return Err(Malformed(format!("{currency} stands there twice")));
            }
            if quotes.len() > QUOTES_MAX {
                return Err(malformed("it has more than a thousand rates"));
            }
        }
        quotes.insert(base, Some(Quote::ONE));
        let books = quotes.get(&Currency::USD).copied().flatten();
        let books = books.ok_or_else(|| malformed("it has no rate of USD above 0"))?;
        let rates = quotes.into_iter().map(|(currency, quote)| {
            let rate = match quote {
                None => Err("the rate in the answer is no number above 0".to_owned()),
                Some(quote) => books.over(quote),
            };
            (currency, rate)
        });
        Ok(Self {
            published_at,
            rates: rates.collect(),
        })
    }
}

impl Quote {
    const ONE: Self = Self {
        mantissa: 1,
        scale: 0,
    };

    /// A decimal number above 0, also with an exponent, cut off behind [`DIGITS_MAX`] digits.
    fn read(text: &str) -> Option<Self> {
        let plain = match text.split_once(['e', 'E']) {
            Some((digits, exponent)) => written_out(digits, exponent)?,
            None => text.to_owned(),
        };
        let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
        let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
            return None;
        }
        let whole = whole.trim_start_matches('0');
        let leading = fraction.len() - fraction.trim_start_matches('0').len();
        let kept = match whole.is_empty() {
            true => leading + DIGITS_MAX,
            false => DIGITS_MAX.checked_sub(whole.len())?,
        };
        let fraction = &fraction[..fraction.len().min(kept).min(EXCHANGE_DECIMALS)];
        let mantissa: u128 = format!("0{whole}{fraction}").parse().ok()?;
        let scale = u32::try_from(fraction.len()).ok()?;
        (mantissa > 0).then_some(Self { mantissa, scale })
    }

    /// What a unit of `other` is worth, when `self` is the quote of the books; rounded half up.
    fn over(self, other: Self) -> Result<ExchangeRate, String> {
        // At most 13 digits, times 10^12, times 10^12: below 2^128.
        let parts = 10_u128.pow(EXCHANGE_DECIMALS as u32);
        let (above, below) = match other.scale.checked_sub(self.scale) {
            Some(more) => (self.mantissa * parts * 10_u128.pow(more), other.mantissa),
            None => (
                self.mantissa * parts,
                other.mantissa * 10_u128.pow(self.scale - other.scale),
            ),
        };
        let rate = (above + below / 2) / below;
        let text = format!("{}.{:012}", rate / parts, rate % parts);
        text.parse()
            .map_err(|error| format!("the rate in the answer makes {text}: {error}"))
    }
}

/// The same number without its exponent: the point moves, and no digit changes.
fn written_out(digits: &str, exponent: &str) -> Option<String> {
    let exponent = exponent.parse::<isize>().ok();
    let exponent = exponent.filter(|it| it.unsigned_abs() <= EXPONENT_MAX)?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    let point = isize::try_from(whole.len()).ok()? + exponent;
    let zeros = |count: isize| "0".repeat(count.max(0).unsigned_abs());
    let before = zeros(1 - point);
    let behind = zeros(point - isize::try_from(all.len()).ok()?);
    let mut text = format!("{before}{all}{behind}");
    // A text of other than ASCII has no place for it there, and is no number anyway.
    let at = point.max(1).unsigned_abs();
    text.is_char_boundary(at).then(|| text.insert(at, '.'))?;
    Some(text)
}

/// An attribute of an element; none of ours has anything to unescape.
fn attribute(cube: &BytesStart<'_>, name: &str) -> Result<Option<String>, Malformed> {
    let found = cube.try_get_attribute(name);
    let found = found.map_err(|error| Malformed(error.to_string()))?;
    found
        .map(|found| match found.value.contains('&') {
            false => Ok(found.value.into_owned()),
            true => Err(Malformed(format!("`{name}` is no plain text"))),
        })
        .transpose()
}

fn malformed(what: &str) -> Malformed {
    Malformed(what.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::try_from(code.to_owned()).unwrap()
    }

    fn of(quotes: &Quotes, code: &str) -> String {
        quotes.rates[&currency(code)].clone().unwrap().to_string()
    }

    fn latest(rates: &str) -> Result<Quotes, Malformed> {
        let body = format!(
            r#"{{"disclaimer":"d","license":"l","timestamp":1795230000,"base":"USD","rates":{rates}}}"#
        );
        Quotes::of_open_exchange_rates(body.as_bytes())
    }

    #[test]
    fn a_unit_is_worth_one_over_what_the_dollar_buys() {
        let quotes = latest(r#"{"EUR":0.92,"GBP":0.79,"JPY":150.1,"KWD":0.307,"VND":2.6345e4}"#);
        let quotes = quotes.unwrap();
        assert_eq!(quotes.published_at, Timestamp(1_795_230_000_000_000));
        // By bc with 20 digits: 1/0.92, 1/0.79, 1/150.1, 1/0.307, 1/26345.
        assert_eq!(of(&quotes, "EUR"), "1.086956521739");
        assert_eq!(of(&quotes, "GBP"), "1.26582278481");
        assert_eq!(of(&quotes, "JPY"), "0.006662225183");
        assert_eq!(of(&quotes, "KWD"), "3.257328990228");
        assert_eq!(of(&quotes, "VND"), "0.000037957867");
        assert_eq!(of(&quotes, "USD"), "1");
    }

    #[test]
    fn what_is_no_rate_spoils_its_own_currency_only() {
        let quotes = latest(r#"{"EUR":0.92,"GBP":0,"JPY":-1,"CHF":null,"XAU":0.0002,"CAD":"x"}"#);
        let quotes = quotes.unwrap();
        for code in ["GBP", "JPY", "CHF", "XAU", "CAD"] {
            assert!(quotes.rates[&currency(code)].is_err(), "{code}");
        }
        assert_eq!(of(&quotes, "EUR"), "1.086956521739");
        assert!(!quotes.rates.contains_key(&currency("SEK")));
    }

    #[test]
    fn another_answer_than_the_contract_s_is_refused_whole() {
        let bodies: [&[u8]; 7] = [
            b"",
            b"<html>",
            b"[]",
            br#"{"timestamp":1,"rates":{}}"#,
            br#"{"timestamp":"x","base":"USD","rates":{}}"#,
            br#"{"timestamp":-5,"base":"USD","rates":{"EUR":1}}"#,
            br#"{"timestamp":5,"base":"EUR","rates":{"GBP":1}}"#,
        ];
        for body in bodies {
            let read = Quotes::of_open_exchange_rates(body);
            assert!(read.is_err(), "{}", String::from_utf8_lossy(body));
        }
    }

    const ECB: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
  <gesmes:subject>Reference rates</gesmes:subject>
  <gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender>
  <Cube><Cube time='2026-11-20'>
    <Cube currency='USD' rate='1.0842'/>
    <Cube currency='JPY' rate='162.74'/>
    <Cube currency='GBP' rate='0.83355'/>
  </Cube></Cube>
</gesmes:Envelope>"#;

    #[test]
    fn the_ecb_s_euros_become_dollars() {
        let quotes = Quotes::of_ecb(ECB.as_bytes()).unwrap();
        let noon = "2026-11-20T12:00:00Z".parse::<jiff::Timestamp>().unwrap();
        assert_eq!(quotes.published_at, Timestamp(noon.as_microsecond()));
        assert_eq!(of(&quotes, "EUR"), "1.0842");
        // 1.0842/162.74 and 1.0842/0.83355.
        assert_eq!(of(&quotes, "JPY"), "0.006662160501");
        assert_eq!(of(&quotes, "GBP"), "1.300701817527");
    }

    #[test]
    fn a_file_that_is_not_the_ecb_s_is_refused() {
        let without_usd = ECB.replace("USD", "USX");
        let two_days = ECB.replace("</Cube></Cube>", "</Cube><Cube time='2026-11-19'/></Cube>");
        let bodies = [
            "",
            "{}",
            "<Cube>",
            "<a></b>",
            without_usd.as_str(),
            two_days.as_str(),
            &ECB.replace("2026-11-20", "yesterday"),
            &ECB.replace("'GBP'", "'USD'"),
        ];
        for body in bodies {
            assert!(Quotes::of_ecb(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn digits_beyond_what_counts_are_cut() {
        let read = |text| Quote::read(text).map(|quote| (quote.mantissa, quote.scale));
        assert_eq!(read("0.92"), Some((92, 2)));
        assert_eq!(read("26345.123456789"), Some((2_634_512_345_678, 8)));
        assert_eq!(read("0.00001591234567890123"), Some((15_912_345, 12)));
        assert_eq!(read("1e-7"), Some((1, 7)));
        assert_eq!(read("1.5E+2"), Some((150, 0)));
        assert_eq!(read("12.34e-3"), Some((1_234, 5)));
        assert_eq!(read("12.345e1"), Some((12_345, 2)));
        // Not as the nearest binary fraction has it.
        assert_eq!(read("1.234567890123e0"), Some((1_234_567_890_123, 12)));
        for text in [
            "0",
            "0.0000000000001",
            "-1",
            "1.2.3",
            "",
            ".",
            "NaN",
            "1e400",
            "1e",
            "e5",
            "1e-99999999999999999999",
            "-1e2",
            "é1e1",
            "99999999999999",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        let (dear, cheap) = (
            Quote::read("1").unwrap(),
            Quote::read("9999999999999").unwrap(),
        );
        assert!(dear.over(cheap).unwrap_err().contains("more than 0"));
        let most = Quote::read("9.999999999999").unwrap();
        let least = Quote::read("0.000000000001").unwrap();
        assert!(most.over(least).is_err());
    }
}
