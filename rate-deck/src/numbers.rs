//! Prices and whole numbers as people write them: `$1,234.50`, `0,0125 EUR`, `1.5e-3`.

mod units;

use crate::mapping::DecimalMark;
use crate::rejections::Reason;
use rating::{Amount, Currency};
pub(crate) use units::names_other_currency;
use units::{Unit, counted, without_currency};

/// Decimals that nano-units hold.
const DECIMALS: usize = 9;

/// Digits that a number may have; far more than any price.
const DIGITS_MAX: usize = 60;

/// How prices are to be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Writing {
    /// What stands before decimals; [`DecimalMark::Found`] when nothing is known.
    pub(crate) mark: DecimalMark,
    /// A person or the cell itself says so; otherwise other prices of the file show it.
    pub(crate) is_told: bool,
    /// The one that may stand beside a number.
    pub(crate) currency: Currency,
}

impl Writing {
    /// How a cell is written that holds a number.
    pub(crate) fn of_number(self) -> Self {
        Self {
            mark: DecimalMark::Point,
            is_told: true,
            ..self
        }
    }
}

/// Reads a price. A tenth decimal and those behind it round half up, as spreadsheets have more of
/// them than any price means.
pub(crate) fn price(text: &str, writing: Writing) -> Result<Amount, Reason> {
    let (is_negative, text) = unwrapped(text, writing.currency);
    let has_digits = text.bytes().any(|byte| byte.is_ascii_digit());
    if has_digits && has_words(text) {
        return Err(Reason::OtherUnit);
    }
    let (text, exponent) = exponent(text)?;
    let (whole, fraction) = parts(text, writing)?;
    let amount = scaled(&whole, &fraction, exponent)?;
    if is_negative && amount != Amount::ZERO {
        return Err(Reason::NegativePrice);
    }
    Ok(amount)
}

/// Which mark a price shows beyond doubt.
pub(crate) fn shown_mark(text: &str, currency: Currency) -> Option<DecimalMark> {
    let (_, text) = unwrapped(text, currency);
    let (text, _) = exponent(text).ok()?;
    mark_in(text)
}

fn mark_in(text: &str) -> Option<DecimalMark> {
    let (comma, point) = (text.rfind(','), text.rfind('.'));
    match (comma, point) {
        (Some(comma), Some(point)) if comma > point => Some(DecimalMark::Comma),
        (Some(_), Some(_)) => Some(DecimalMark::Point),
        (Some(at), None) if is_surely_decimal(text, at) => Some(DecimalMark::Comma),
        (None, Some(at)) if is_surely_decimal(text, at) => Some(DecimalMark::Point),
        _ => None,
    }
}

/// A mark that stands once and cannot stand between thousands: no thousands begin with a zero.
fn is_surely_decimal(text: &str, at: usize) -> bool {
    let (before, after) = (&text[..at], &text[at + 1..]);
    let stands_once = !before.contains([',', '.']);
    let is_group = after.len() == 3 && (1..=3).contains(&before.len()) && !before.starts_with('0');
    stands_once && !is_group
}

/// Whole seconds; `60`, `60.0`, `60 s`, `60sec`, `1 min`.
pub(crate) fn seconds(text: &str) -> Result<u32, Reason> {
    let (number, unit) = counted(text)?;
    unit.in_seconds(number)
}

/// Both intervals of `30/6`, `30+6`, `30-6`, `60`, or of `0/60/60`, whose first number is what
/// comes before an answer. Minutes must be said of all of them or of none.
pub(crate) fn increments(text: &str) -> Result<(u32, u32), Reason> {
    let mut numbers = [0; 3];
    let (mut count, mut minutes) = (0, 0);
    for part in text.split(['/', '+', '-']) {
        let slot = numbers.get_mut(count).ok_or(Reason::NotIncrements)?;
        let (number, unit) = counted(part).map_err(|_| Reason::NotIncrements)?;
        *slot = unit.in_seconds(number).map_err(|_| Reason::NotIncrements)?;
        minutes += usize::from(unit == Unit::Minutes);
        count += 1;
    }
    if minutes > 0 && minutes < count {
        return Err(Reason::NotIncrements);
    }
    match (count, numbers) {
        (1, [both, ..]) => Ok((both, both)),
        (2, [initial, next, _]) => Ok((initial, next)),
        (3, [0 | 1, initial, next]) => Ok((initial, next)),
        _ => Err(Reason::NotIncrements),
    }
}

/// The number without the currency, spaces, and a sign or brackets that make it negative.
fn unwrapped(text: &str, currency: Currency) -> (bool, &str) {
    let text = without_currency(text, currency);
    let in_brackets = text.strip_prefix('(').and_then(|it| it.strip_suffix(')'));
    if let Some(inner) = in_brackets {
        return (true, without_currency(inner, currency));
    }
    match text.strip_prefix(['-', '−']) {
        Some(rest) => (true, without_currency(rest, currency)),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// Whether letters or signs of units stand in a number, but for an exponent's `e`.
fn has_words(text: &str) -> bool {
    let is_mark = |letter: char| matches!(letter, 'e' | 'E');
    let is_word = |letter: char| letter.is_alphabetic() || "$€£¥₹¢%‰".contains(letter);
    text.chars()
        .any(|letter| is_word(letter) && !is_mark(letter))
}

/// `1.5e-3` is `1.5` and -3.
fn exponent(text: &str) -> Result<(&str, i32), Reason> {
    let Some(at) = text.find(['e', 'E']) else {
        return Ok((text, 0));
    };
    let exponent: i32 = text[at + 1..].parse().map_err(|_| Reason::NotAPrice)?;
    if exponent.unsigned_abs() as usize > DIGITS_MAX {
        return Err(Reason::NotAPrice);
    }
    Ok((&text[..at], exponent))
}

/// The digits before and behind the mark of decimals.
fn parts(text: &str, writing: Writing) -> Result<(String, String), Reason> {
    let mark = settled_mark(text, writing)?;
    let (whole, fraction) = text.split_once(mark).unwrap_or((text, ""));
    let whole = without_thousands(whole, mark)?;
    let is_number = fraction.bytes().all(|byte| byte.is_ascii_digit())
        && whole.len() + fraction.len() > 0
        && whole.len() + fraction.len() <= DIGITS_MAX;
    if is_number {
        Ok((whole, fraction.to_owned()))
    } else {
        Err(Reason::NotAPrice)
    }
}

/// What stands before the decimals of one price. A price that shows another mark than the rest is
/// refused, and so is one that is read in thousands because of what other prices show.
fn settled_mark(text: &str, writing: Writing) -> Result<char, Reason> {
    let mark = match (writing.mark, mark_in(text)) {
        (DecimalMark::Found, Some(shown)) => shown,
        (DecimalMark::Found, None) if text.contains([',', '.']) => {
            return Err(Reason::AmbiguousPrice);
        }
        (DecimalMark::Found, None) => DecimalMark::Point,
        (known, Some(shown)) if shown != known => return Err(Reason::OtherMark),
        (known, None) if !writing.is_told && text.contains(thousands_mark(known)) => {
            return Err(Reason::AmbiguousPrice);
        }
        (known, _) => known,
    };
    Ok(match mark {
        DecimalMark::Comma => ',',
        _ => '.',
    })
}

fn thousands_mark(mark: DecimalMark) -> char {
    match mark {
        DecimalMark::Comma => '.',
        _ => ',',
    }
}

/// Digits without the marks between thousands, which must stand between thousands.
fn without_thousands(text: &str, decimal_mark: char) -> Result<String, Reason> {
    let is_mark = |letter: char| {
        matches!(letter, ',' | '.' | '\'' | '’' | ' ' | '\u{a0}' | '\u{202f}')
            && letter != decimal_mark
    };
    let mut groups = text.split(is_mark);
    let mut digits = groups.next().unwrap_or_default().to_owned();
    let is_grouped = text.contains(is_mark);
    let mut is_sound = !is_grouped || (digits.len() <= 3 && !digits.starts_with('0'));
    for group in groups {
        is_sound &= group.len() == 3 && !digits.is_empty();
        digits.push_str(group);
    }
    if is_sound && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(digits)
    } else {
        Err(Reason::NotAPrice)
    }
}

/// The digits as nano-units.
fn scaled(whole: &str, fraction: &str, exponent: i32) -> Result<Amount, Reason> {
    // Where the point stands in the digits, counted from their start.
    let point = whole.len() as i64 + i64::from(exponent);
    let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    let digit = |place: i64| {
        let known = usize::try_from(place).ok().and_then(|at| digits.get(at));
        i128::from(known.map_or(0, |digit| digit - b'0'))
    };
    let last = point + DECIMALS as i64;
    let mut nanos = 0_i128;
    for place in 0.min(last)..last {
        nanos = nanos * 10 + digit(place);
        if nanos > i128::from(i64::MAX) {
            return Err(Reason::PriceTooLarge);
        }
    }
    nanos += i128::from(digit(last) >= 5);
    i64::try_from(nanos)
        .map(Amount)
        .map_err(|_| Reason::PriceTooLarge)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use DecimalMark::{Comma, Found, Point};
    use proptest::prelude::*;

    const TOLD: Writing = Writing {
        mark: Found,
        is_told: true,
        currency: Currency::USD,
    };

    fn read(text: &str, mark: DecimalMark) -> Result<String, Reason> {
        price(text, Writing { mark, ..TOLD }).map(|amount| amount.to_string())
    }

    fn read_in(text: &str, currency: &str) -> Result<String, Reason> {
        let currency = Currency::try_from(currency.to_owned()).unwrap();
        price(text, Writing { currency, ..TOLD }).map(|amount| amount.to_string())
    }

    #[test]
    fn prices_are_read_as_people_write_them() {
        let cases = [
            ("0.0125", Found, "0.0125"),
            (".5", Found, "0.5"),
            ("$0.0125", Found, "0.0125"),
            ("0,0125 $", Found, "0.0125"),
            ("'0.5", Found, "0.5"),
            ("USD 1,234.50", Found, "1234.5"),
            ("1.234,50", Found, "1234.5"),
            ("1 234,5", Found, "1234.5"),
            ("1'234.5", Found, "1234.5"),
            ("1,234", Point, "1234"),
            ("1,234", Comma, "1.234"),
            ("0,125", Found, "0.125"),
            ("3", Found, "3"),
            ("1.25E-2", Found, "0.0125"),
            ("12e2", Point, "1200"),
            ("0.01250000000000000069", Found, "0.0125"),
            ("0.0000000005", Found, "0.000000001"),
            ("0.0000000004", Found, "0"),
            ("-0", Found, "0"),
        ];
        for (text, mark, amount) in cases {
            assert_eq!(read(text, mark), Ok(amount.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_price_is_refused_with_its_reason() {
        let cases = [
            ("", Found, Reason::NotAPrice),
            ("free", Found, Reason::NotAPrice),
            ("1.2.3", Point, Reason::NotAPrice),
            ("12,34.5", Found, Reason::NotAPrice),
            ("1,234", Found, Reason::AmbiguousPrice),
            ("-0.01", Found, Reason::NegativePrice),
            ("(0.01)", Found, Reason::NegativePrice),
            ("99999999999", Found, Reason::PriceTooLarge),
            ("1e99", Found, Reason::NotAPrice),
            ("1e40", Found, Reason::PriceTooLarge),
            ("0x10", Found, Reason::OtherUnit),
            ("1.5 ct", Found, Reason::OtherUnit),
            ("1.5p", Found, Reason::OtherUnit),
            ("12%", Found, Reason::OtherUnit),
            ("0,05 EUR", Found, Reason::OtherUnit),
            ("€ 0,05", Found, Reason::OtherUnit),
            ("1.5 E", Found, Reason::NotAPrice),
        ];
        for (text, mark, reason) in cases {
            assert_eq!(read(text, mark), Err(reason), "{text}");
        }
    }

    #[test]
    fn no_thousands_begin_with_a_zero() {
        for text in ["0,125", "00,125", "0,062", "0,125,000", ",125"] {
            assert!(read(text, Point).is_err(), "{text}");
        }
        for text in ["0.125", "0.062", "0'125", "0 125"] {
            assert!(read(text, Comma).is_err(), "{text}");
        }
    }

    #[test]
    fn a_price_that_shows_another_mark_than_the_rest_is_refused() {
        assert_eq!(read("0,125", Point), Err(Reason::OtherMark));
        assert_eq!(read("0.125", Comma), Err(Reason::OtherMark));
        assert_eq!(read("1.5", Comma), Err(Reason::OtherMark));
        assert_eq!(read("1,234.5", Comma), Err(Reason::OtherMark));
    }

    #[test]
    fn thousands_are_not_read_by_what_other_prices_show() {
        let shown = |text, mark| {
            let writing = Writing {
                mark,
                is_told: false,
                ..TOLD
            };
            price(text, writing).map(|amount| amount.to_string())
        };
        assert_eq!(shown("1,234", Point), Err(Reason::AmbiguousPrice));
        assert_eq!(shown("1.234", Comma), Err(Reason::AmbiguousPrice));
        assert_eq!(shown("1.234", Point), Ok("1.234".to_owned()));
        assert_eq!(shown("1,234.5", Point), Ok("1234.5".to_owned()));
    }

    #[test]
    fn the_currency_of_the_card_may_stand_beside_a_number_and_no_other() {
        assert_eq!(read_in("EUR 0,05", "EUR"), Ok("0.05".to_owned()));
        assert_eq!(read_in("0.05eur", "EUR"), Ok("0.05".to_owned()));
        assert_eq!(read_in("€0.05", "EUR"), Ok("0.05".to_owned()));
        assert_eq!(read_in("US$ 0.05", "USD"), Ok("0.05".to_owned()));
        assert_eq!(read_in("-$0.05", "USD"), Err(Reason::NegativePrice));
        assert_eq!(read_in("$0.05", "EUR"), Err(Reason::OtherUnit));
        assert_eq!(read_in("USD 0.05", "EUR"), Err(Reason::OtherUnit));
        assert_eq!(read_in("€0.05", "USD"), Err(Reason::OtherUnit));
    }

    #[test]
    fn increments_are_read() {
        let cases = [
            ("30/6", Ok((30, 6))),
            ("60", Ok((60, 60))),
            ("1+1", Ok((1, 1))),
            ("0/60/1", Ok((60, 1))),
            ("60 s / 1 sec", Ok((60, 1))),
            ("1 min", Ok((60, 60))),
            ("1 min/1m", Ok((60, 60))),
            ("1/1 min", Err(Reason::NotIncrements)),
            ("1:30", Err(Reason::NotIncrements)),
            ("60 pulses", Err(Reason::NotIncrements)),
            ("60/", Err(Reason::NotIncrements)),
            ("1/2/3/4", Err(Reason::NotIncrements)),
            ("per minute", Err(Reason::NotIncrements)),
        ];
        for (text, result) in cases {
            assert_eq!(increments(text), result, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_amount_is_read_as_it_is_written(nanos in 0..=i64::MAX, comma in any::<bool>()) {
            let text = Amount(nanos).to_string();
            let (text, mark) = if comma { (text.replace('.', ","), Comma) } else { (text, Point) };
            prop_assert_eq!(price(&text, Writing { mark, ..TOLD }), Ok(Amount(nanos)));
        }

        #[test]
        fn no_text_makes_it_panic_or_gives_less_than_nothing(
            text in "[-+0-9.,eE' ()$]{0,30}|\\PC{0,30}",
        ) {
            for mark in [Found, Point, Comma] {
                if let Ok(amount) = price(&text, Writing { mark, ..TOLD }) {
                    prop_assert!(!amount.is_negative());
                }
            }
            let _ = (shown_mark(&text, Currency::USD), seconds(&text), increments(&text));
        }
    }
}
