//! Where the next page of a list begins, as text. Clients send it back as it is.

use crate::problem::Problem;
use std::fmt::Write as _;
use store::{ResourceCursor, SortBy};

/// Writes a place, with the order that it is of.
pub(super) fn write(cursor: &ResourceCursor, sort: &SortBy, descending: bool) -> String {
    let text = format!("{}\n{}\n{}", order(sort, descending), cursor.id, cursor.key);
    text.bytes().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Reads a place of a list in the same order.
///
/// # Errors
/// 400 when it is no cursor, or one of a list in another order.
pub(super) fn read(text: &str, sort: &SortBy, descending: bool) -> Result<ResourceCursor, Problem> {
    let decoded = decode(text);
    let mut parts = decoded.as_deref().unwrap_or_default().splitn(3, '\n');
    let (of_order, id, key) = (parts.next(), parts.next(), parts.next());
    let place = id.and_then(|id| id.parse().ok()).zip(key);
    match place {
        Some((id, key)) if of_order == Some(&*order(sort, descending)) => Ok(ResourceCursor {
            key: key.to_owned(),
            id,
        }),
        Some(_) => {
            let message = "the cursor is of a list in another order";
            Err(Problem::bad_parameter("cursor", message))
        }
        None => Err(Problem::bad_parameter("cursor", "send `next_cursor` as it came")),
    }
}

fn order(sort: &SortBy, descending: bool) -> String {
    let sign = if descending { "-" } else { "" };
    match sort {
        SortBy::Name => format!("{sign}name"),
        SortBy::CreatedAt => format!("{sign}created_at"),
        SortBy::UpdatedAt => format!("{sign}updated_at"),
        SortBy::Field(field) => format!("{sign}field.{field}"),
    }
}

fn decode(text: &str) -> Option<String> {
    let digits = text.as_bytes();
    let pairs = digits.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    let bytes = pairs.map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    });
    String::from_utf8(bytes.collect::<Option<_>>()?).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    #[test]
    fn a_cursor_is_of_the_list_that_gave_it() {
        let place = ResourceCursor {
            key: "é\nx".into(),
            id: 7,
        };
        let text = write(&place, &SortBy::Name, false);
        assert_eq!(read(&text, &SortBy::Name, false).unwrap(), place);
        assert!(read(&text, &SortBy::Name, true).is_err());
        for wrong in ["", "0", "zz", "ff", "+1", "é0"] {
            assert!(read(wrong, &SortBy::Name, false).is_err(), "{wrong}");
        }
    }
}
