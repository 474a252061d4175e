//! Digits of a calling number.

use super::{CALLING_BYTES_MAX, NUMBER_CAPACITY};
use arrayvec::ArrayString;

/// A calling number without what it may be written with.
pub(crate) type CallerDigits = ArrayString<NUMBER_CAPACITY>;

/// The digits of a calling number: without the visual separators and escapes that it may be
/// written with (RFC 3966 §5.1.1, RFC 3261 §19.1.1), and without a leading `+` or `00`. `None`
/// for what is no number even so.
pub(crate) fn caller_digits(calling: &str) -> Option<CallerDigits> {
    let number = cleaned(calling)?;
    let digits = &number[lead(&number).len()..];
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| CallerDigits::from(digits).ok())?
}

/// What says that a calling number is an international one: `+`, `00` or nothing.
pub(crate) fn lead_of_caller(calling: &str) -> &'static str {
    cleaned(calling).map_or("", |number| lead(&number))
}

fn lead(number: &str) -> &'static str {
    ["+", "00"]
        .into_iter()
        .find(|lead| number.starts_with(lead))
        .unwrap_or("")
}

/// Without separators and escapes.
fn cleaned(calling: &str) -> Option<ArrayString<CALLING_BYTES_MAX>> {
    let mut number = ArrayString::<CALLING_BYTES_MAX>::new();
    let mut bytes = calling.bytes();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'%' => escaped(bytes.next()?, bytes.next()?)?,
            byte => byte,
        };
        if !b"-.()".contains(&byte) {
            number.try_push(char::from(byte)).ok()?;
        }
    }
    Some(number)
}

fn escaped(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = digit(high)? << 4 | digit(low)?;
    u8::try_from(byte).ok().filter(u8::is_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calling_number_is_its_digits_however_it_is_written() {
        for (written, digits) in [
            ("+33123456789", Some("33123456789")),
            ("0033 1".trim_end_matches(" 1"), Some("33")),
            ("(1)212-555.0100", Some("12125550100")),
            ("%2B33123", Some("33123")),
            ("anonymous", None),
            ("", None),
            ("+", None),
            ("1234;phone-context=x", None),
        ] {
            assert_eq!(caller_digits(written).as_deref(), digits, "{written}");
        }
    }
}
