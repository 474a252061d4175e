//! Prices and whole numbers as people write them: `$1,234.50`, `0,0125 EUR`, `1.5e-3`.

use crate::mapping::DecimalMark;
use crate::rejections::Reason;
use rating::Amount;

/// Decimals that nano-units hold.
const DECIMALS: usize = 9;

/// Digits that a number may have; far more than any price.
const DIGITS_MAX: usize = 60;

/// Reads a price. A tenth decimal and those behind it round half up, as spreadsheets have more of
/// them than any price means.
pub(crate) fn price(text: &str, mark: DecimalMark) -> Result<Amount, Reason> {
    let (is_negative, text) = unwrapped(text);
    let (text, exponent) = exponent(text)?;
    let (whole, fraction) = parts(text, mark)?;
    let amount = scaled(&whole, &fraction, exponent)?;
    if is_negative && amount != Amount::ZERO {
        return Err(Reason::NegativePrice);
    }
    Ok(amount)
}

/// Which mark a price shows beyond doubt.
pub(crate) fn shown_mark(text: &str) -> Option<DecimalMark> {
    let (_, text) = unwrapped(text);
    let (comma, point) = (text.rfind(','), text.rfind('.'));
    match (comma, point) {
        (Some(comma), Some(point)) if comma > point => Some(DecimalMark::Comma),
        (Some(_), Some(_)) => Some(DecimalMark::Point),
        (Some(at), None) if is_surely_decimal(text, at) => Some(DecimalMark::Comma),
        (None, Some(at)) if is_surely_decimal(text, at) => Some(DecimalMark::Point),
        _ => None,
    }
}

/// A mark that stands once and cannot stand between thousands.
fn is_surely_decimal(text: &str, at: usize) -> bool {
    let (before, after) = (&text[..at], &text[at + 1..]);
    let stands_once = !before.contains([',', '.']);
    stands_once && (after.len() != 3 || matches!(before, "" | "0") || before.len() > 3)
}

/// Whole seconds; `60`, `60.0`, `60 s`, `60sec`.
pub(crate) fn seconds(text: &str) -> Result<u32, Reason> {
    let text = text.trim();
    let text = text
        .trim_end_matches(|letter: char| letter.is_alphabetic() || letter == '.')
        .trim_end();
    let text = text.strip_suffix(".0").unwrap_or(text);
    text.parse().map_err(|_| Reason::NotSeconds)
}

/// Both intervals of `30/6`, `30+6`, `30-6`, `60`, or of `0/60/60`, whose first number is what
/// comes before an answer.
pub(crate) fn increments(text: &str) -> Result<(u32, u32), Reason> {
    let mut numbers = [0; 3];
    let mut count = 0;
    for part in text.split(['/', '+', '-', ':']) {
        let slot = numbers.get_mut(count).ok_or(Reason::NotIncrements)?;
        *slot = seconds(part).map_err(|_| Reason::NotIncrements)?;
        count += 1;
    }
    match (count, numbers) {
        (1, [both, ..]) => Ok((both, both)),
        (2, [initial, next, _]) => Ok((initial, next)),
        (3, [0 | 1, initial, next]) => Ok((initial, next)),
        _ => Err(Reason::NotIncrements),
    }
}

/// The number without a currency, spaces, and a sign or brackets that make it negative.
fn unwrapped(text: &str) -> (bool, &str) {
    let is_around = |letter: char| {
        letter.is_whitespace() || letter.is_alphabetic() || "$€£¥₹'\"%".contains(letter)
    };
    let text = text.trim_matches(is_around);
    let in_brackets = text.strip_prefix('(').and_then(|it| it.strip_suffix(')'));
    if let Some(inner) = in_brackets {
        return (true, inner.trim_matches(is_around));
    }
    match text.strip_prefix(['-', '−']) {
        Some(rest) => (true, rest.trim_matches(is_around)),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
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
fn parts(text: &str, mark: DecimalMark) -> Result<(String, String), Reason> {
    let mark = match mark {
        DecimalMark::Point => '.',
        DecimalMark::Comma => ',',
        DecimalMark::Found => match shown_mark(text) {
            Some(DecimalMark::Comma) => ',',
            Some(_) => '.',
            None if text.contains([',', '.']) => return Err(Reason::AmbiguousPrice),
            None => '.',
        },
    };
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

/// Digits without the marks between thousands, which must stand between thousands.
fn without_thousands(text: &str, decimal_mark: char) -> Result<String, Reason> {
    let is_mark = |letter: char| {
        matches!(letter, ',' | '.' | '\'' | '’' | ' ' | '\u{a0}' | '\u{202f}')
            && letter != decimal_mark
    };
    let mut groups = text.split(is_mark);
    let mut digits = groups.next().unwrap_or_default().to_owned();
    let mut is_sound = digits.len() <= 3 || !text.contains(is_mark);
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
    use super::*;
    use DecimalMark::{Comma, Found, Point};
    use proptest::prelude::*;

    fn read(text: &str, mark: DecimalMark) -> Result<String, Reason> {
        price(text, mark).map(|amount| amount.to_string())
    }

    #[test]
    fn prices_are_read_as_people_write_them() {
        let cases = [
            ("0.0125", Found, "0.0125"),
            (".5", Found, "0.5"),
            ("$0.0125", Found, "0.0125"),
            ("0,0125 €", Found, "0.0125"),
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
            ("0x10", Found, Reason::NotAPrice),
        ];
        for (text, mark, reason) in cases {
            assert_eq!(read(text, mark), Err(reason), "{text}");
        }
    }

    #[test]
    fn increments_are_read() {
        let cases = [
            ("30/6", Ok((30, 6))),
            ("60", Ok((60, 60))),
            ("1+1", Ok((1, 1))),
            ("0/60/1", Ok((60, 1))),
            ("60 s / 1 sec", Ok((60, 1))),
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
            prop_assert_eq!(price(&text, mark), Ok(Amount(nanos)));
        }

        #[test]
        fn no_text_makes_it_panic_or_gives_less_than_nothing(
            text in "[-+0-9.,eE' ()$]{0,30}|\\PC{0,30}",
        ) {
            for mark in [Found, Point, Comma] {
                if let Ok(amount) = price(&text, mark) {
                    prop_assert!(!amount.is_negative());
                }
            }
            let _ = (shown_mark(&text), seconds(&text), increments(&text));
        }
    }
}
