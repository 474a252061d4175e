//! Codes of a row: `+44 20`, `0044`, `2010-2015,2019`, `2010-15`.

use crate::rejections::Reason;
use rating::prefix::{PREFIX_DIGITS_MAX, Prefix, PrefixError};

/// Most codes that one row may stand for.
pub(crate) const CODES_PER_ROW_MAX: usize = 10_000;

/// The fewest digits that both ends of a range have when it is sure to be one: `44-78` may be a
/// country and an area, and is 35 countries as a range.
const RANGE_DIGITS_MIN: usize = 4;

/// How codes may be meant in another way than they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OtherMeaning {
    /// `1,684` is a list of 1 and 684, and may be 1684 with a mark between thousands.
    Thousands,
    /// `44-78` is the range from 44 to 78, and may be 4478 with a dash.
    Dash,
    /// Behind the country's code 44 stands 4420: the codes may be whole already.
    WholeCode,
}

/// Appends the codes that `text` stands for behind `country_code`, both as they stand in the file.
/// Without any text the country's code stands alone. Tells when they may be meant otherwise.
pub(crate) fn expand(
    country_code: &str,
    text: &str,
    codes: &mut Vec<Prefix>,
) -> Result<Option<OtherMeaning>, Reason> {
    let country = digits(country_code, true)?;
    let mut other = may_be_thousands(text).then_some(OtherMeaning::Thousands);
    let first = codes.len();
    let is_separator = |letter: char| matches!(letter, ',' | ';' | '|' | '\n' | '\r');
    for item in text.split(is_separator).map(str::trim) {
        if !item.is_empty() {
            let meaning = expand_item(&country, item, codes)?;
            other = other.or(meaning);
        }
        if codes.len() - first > CODES_PER_ROW_MAX {
            return Err(Reason::TooManyCodes);
        }
    }
    if codes.len() == first {
        codes.push(prefix(&country)?);
    }
    Ok(other)
}

/// Whether a list is also a number with marks between its thousands: one to three digits that do
/// not begin with a zero, then three digits each, with nothing but commas between.
fn may_be_thousands(text: &str) -> bool {
    let mut items = text.trim().split(',');
    let first = items.next().unwrap_or_default();
    let is_digits = |item: &str| item.bytes().all(|byte| byte.is_ascii_digit());
    let mut rest = items.peekable();
    rest.peek().is_some()
        && (1..=3).contains(&first.len())
        && is_digits(first)
        && !first.starts_with('0')
        && rest.all(|item| item.len() == 3 && is_digits(item))
}

/// One code or one range.
fn expand_item(
    country: &str,
    item: &str,
    codes: &mut Vec<Prefix>,
) -> Result<Option<OtherMeaning>, Reason> {
    let is_international = country.is_empty();
    let mut ends = item.splitn(2, ['-', '–', '—']);
    let first = digits(ends.next().unwrap_or_default(), is_international)?;
    let is_whole = !is_international && first.starts_with(country);
    let meaning = is_whole.then_some(OtherMeaning::WholeCode);
    let Some(last) = ends.next() else {
        codes.push(prefix(&format!("{country}{first}"))?);
        return Ok(meaning);
    };
    let last = range_end(&first, &digits(last, is_international)?)?;
    let number = |digits: &str| digits.parse::<u64>().map_err(|_| Reason::CodeTooLong);
    let (from, to) = (number(&first)?, number(&last)?);
    if to < from {
        return Err(Reason::RangeBackwards);
    }
    if to - from >= CODES_PER_ROW_MAX as u64 {
        return Err(Reason::TooManyCodes);
    }
    let width = first.len();
    for code in from..=to {
        codes.push(prefix(&format!("{country}{code:0width$}"))?);
    }
    let is_short = country.len() + width < RANGE_DIGITS_MIN;
    let is_wide = is_international && first.as_bytes().first() != last.as_bytes().first();
    let is_doubtful = is_short || is_wide;
    Ok(meaning.or_else(|| is_doubtful.then_some(OtherMeaning::Dash)))
}

/// The last code of a range, as long as the first: of `2010-15` it is `2015`.
fn range_end(first: &str, last: &str) -> Result<String, Reason> {
    if first.is_empty() || last.is_empty() {
        return Err(Reason::NotACode);
    }
    match first.len().checked_sub(last.len()) {
        Some(kept) => Ok(format!("{}{last}", &first[..kept])),
        None => Err(Reason::RangeOfLengths),
    }
}

/// The digits of a code without `+` or `00` before it, spaces, dots and brackets. What a
/// spreadsheet made of a code, such as `4.42E+11`, has lost digits and is none.
fn digits(text: &str, is_international: bool) -> Result<String, Reason> {
    let text = text.trim().trim_matches(['\'', '"']);
    let text = text.strip_prefix('+').unwrap_or(text);
    // What a spreadsheet writes for a whole number.
    let text = text.strip_suffix(".0").unwrap_or(text);
    let mut digits = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '0'..='9' => digits.push(letter),
            ' ' | '\u{a0}' | '.' | '(' | ')' | '_' => {}
            'e' | 'E' if !digits.is_empty() => return Err(Reason::CodeInExponents),
            _ => return Err(Reason::NotACode),
        }
    }
    if is_international && let Some(rest) = digits.strip_prefix("00") {
        return Ok(rest.to_owned());
    }
    Ok(digits)
}

fn prefix(digits: &str) -> Result<Prefix, Reason> {
    Prefix::parse(digits.as_bytes()).map_err(|error| match error {
        PrefixError::Empty => Reason::CodeMissing,
        PrefixError::TooLong => Reason::CodeTooLong,
        _ => Reason::NotACode,
    })
}

/// Whether a text could be a code at all: what tells data from the lines above it.
pub(crate) fn looks_like_code(text: &str) -> bool {
    let mut codes = Vec::new();
    text.len() <= 16 * PREFIX_DIGITS_MAX
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && expand("", text, &mut codes).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn expanded(country: &str, text: &str) -> Result<Vec<String>, Reason> {
        let mut codes = Vec::new();
        let _ = expand(country, text, &mut codes)?;
        Ok(codes.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn one_code_is_read_with_what_people_write_around_it() {
        for text in [
            "4420", "+4420", "004420", " 44 20 ", "44(20)", "'4420", "4420.0", "44.20",
        ] {
            assert_eq!(expanded("", text), Ok(vec!["4420".to_owned()]), "{text}");
        }
    }

    #[test]
    fn lists_and_ranges_become_one_code_each() {
        let cases = [
            ("", "2010-2012,2019", &["2010", "2011", "2012", "2019"][..]),
            ("", "2010-12; 2019", &["2010", "2011", "2012", "2019"]),
            ("44", "7400 - 7402", &["447400", "447401", "447402"]),
            ("+44", "007-009", &["44007", "44008", "44009"]),
            ("44", "", &["44"]),
            ("0044", " , ", &["44"]),
            ("", "1,", &["1"]),
        ];
        for (country, text, codes) in cases {
            assert_eq!(
                expanded(country, text),
                Ok(codes.iter().map(ToString::to_string).collect()),
                "{country} {text}"
            );
        }
    }

    #[test]
    fn what_is_no_code_is_refused_with_its_reason() {
        let cases = [
            ("", "", Reason::CodeMissing),
            ("", "abc", Reason::NotACode),
            ("", "44x", Reason::NotACode),
            ("", "4.42E+11", Reason::CodeInExponents),
            ("", "12-", Reason::NotACode),
            ("", "15-12", Reason::RangeBackwards),
            ("", "15-1200", Reason::RangeOfLengths),
            ("", "1000000-9999999", Reason::TooManyCodes),
            ("", "1234567890123456", Reason::CodeTooLong),
            ("123456789", "1234567", Reason::CodeTooLong),
        ];
        for (country, text, reason) in cases {
            assert_eq!(expanded(country, text), Err(reason), "{text}");
        }
    }

    #[test]
    fn codes_that_may_be_meant_otherwise_are_told() {
        use OtherMeaning::{Dash, Thousands, WholeCode};
        let cases = [
            ("", "44,207", Some(Thousands)),
            ("", "1,684", Some(Thousands)),
            ("44", "20,161", Some(Thousands)),
            ("", "1,684,123", Some(Thousands)),
            ("", "44, 207", None),
            ("", "2010,2019", None),
            ("", "1,7", None),
            ("", "44-78", Some(Dash)),
            ("", "20-27", Some(Dash)),
            ("", "1999-2001", Some(Dash)),
            ("", "2010-2015", None),
            ("44", "20-29", None),
            ("44", "4420", Some(WholeCode)),
            ("44", "4420-4429", Some(WholeCode)),
            ("44", "20", None),
            ("", "4420", None),
        ];
        for (country, text, meaning) in cases {
            let mut codes = Vec::new();
            let told = expand(country, text, &mut codes);
            assert_eq!(told, Ok(meaning), "{country} {text}");
        }
    }

    #[test]
    fn many_ranges_in_one_row_are_bounded() {
        let text = ["10000-19999"; 3].join(",");
        assert_eq!(expanded("", &text), Err(Reason::TooManyCodes));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(country in "\\PC{0,12}", text in "[-0-9,;. +E]{0,40}|\\PC{0,40}") {
            let mut codes = Vec::new();
            let _ = expand(&country, &text, &mut codes);
            prop_assert!(codes.len() <= 2 * CODES_PER_ROW_MAX);
            let _ = looks_like_code(&text);
        }
    }
}
