//! One value of a spec as the text of a table's cell, and back.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula. Such texts are
//! written with an apostrophe before them, which is what spreadsheets themselves do, and it is
//! taken away again when the table is read.

use super::columns::Shape;
use serde_json::Value;

/// Between the texts of a list.
const SEPARATOR: char = ';';

/// First characters that a spreadsheet acts upon.
const FORMULA_STARTS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The text of a value; empty for a field that is not set.
pub(super) fn cell(value: Option<&Value>, shape: Shape) -> String {
    let text = match (value, shape) {
        (None | Some(Value::Null), _) => return String::new(),
        // An empty text is not an absent one.
        (Some(Value::String(text)), _) if text.is_empty() => "\"\"".to_owned(),
        (Some(Value::String(text)), Shape::Text) if is_plain(text) => text.clone(),
        (Some(Value::String(text)), Shape::Json) if is_no_json(text) => text.clone(),
        (Some(Value::Array(items)), Shape::Texts) => {
            joined(items).unwrap_or_else(|| Value::Array(items.clone()).to_string())
        }
        (Some(value), _) => value.to_string(),
    };
    let is_number = matches!(value, Some(Value::Number(_)));
    if !is_number && text.starts_with(|first| FORMULA_STARTS.contains(&first) || first == '\'') {
        format!("'{text}")
    } else {
        text
    }
}

/// The value of a cell; `None` when the field is not set.
///
/// # Errors
/// What to write instead.
pub(super) fn value(text: &str, shape: Shape) -> Result<Option<Value>, &'static str> {
    let text = match text.strip_prefix('\'') {
        Some(rest) => rest,
        None => text.trim(),
    };
    if text.is_empty() {
        return Ok(None);
    }
    let json = || serde_json::from_str::<Value>(text).ok();
    let found = match shape {
        Shape::Text => match json() {
            Some(Value::String(quoted)) => Value::String(quoted),
            _ => Value::from(text),
        },
        Shape::Number => match json() {
            Some(number @ Value::Number(_)) => number,
            _ => return Err("write a number"),
        },
        Shape::Boolean => match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Value::Bool(true),
            "false" | "no" | "0" => Value::Bool(false),
            _ => return Err("write true or false"),
        },
        Shape::Texts => match json() {
            Some(list @ Value::Array(_)) => list,
            _ => text.split(SEPARATOR).map(str::trim).collect(),
        },
        Shape::Json => json().unwrap_or_else(|| Value::from(text)),
    };
    Ok(Some(found))
}

/// Whether a text comes back as it is when it stands for itself.
fn is_plain(text: &str) -> bool {
    text.trim() == text && !text.starts_with('"')
}

fn is_no_json(text: &str) -> bool {
    is_plain(text) && serde_json::from_str::<Value>(text).is_err()
}

/// Texts joined, when each of them comes back from it.
fn joined(items: &[Value]) -> Option<String> {
    let simple = |text: &&str| {
        !text.is_empty()
            && text.trim() == *text
            && !text.contains(SEPARATOR)
            && !text.starts_with(['[', '\''])
    };
    let texts: Option<Vec<&str>> = items
        .iter()
        .map(|item| item.as_str().filter(simple))
        .collect();
    texts
        .filter(|texts| !texts.is_empty())
        .map(|texts| texts.join("; "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use serde_json::json;

    #[test]
    fn every_value_comes_back_from_its_cell() {
        let texts = [
            "plain", "", " spaced ", "=1+1", "+442071838750", "'quoted", "\"in quotes\"", "503",
            "true", "null", "a;b", "[1]", "-", "@home",
        ];
        for text in texts {
            for shape in [Shape::Text, Shape::Json] {
                let written = cell(Some(&json!(text)), shape);
                let read = value(&written, shape).unwrap();
                assert_eq!(read, Some(json!(text)), "{text:?} as {written:?} {shape:?}");
            }
        }
        let lists = [
            json!([]),
            json!(["a"]),
            json!(["a", "b"]),
            json!(["a;b", "c"]),
            json!([""]),
            json!(["[x"]),
            json!(["=x", "y"]),
            json!([" a"]),
        ];
        for list in lists {
            let written = cell(Some(&list), Shape::Texts);
            assert_eq!(value(&written, Shape::Texts).unwrap(), Some(list), "{written:?}");
        }
        for (json, shape) in [
            (json!(-7), Shape::Number),
            (json!(true), Shape::Boolean),
            (json!({"a": [1, "b"]}), Shape::Json),
            (json!([486, "5xx"]), Shape::Json),
        ] {
            let written = cell(Some(&json), shape);
            assert_eq!(value(&written, shape).unwrap(), Some(json), "{written:?}");
        }
    }

    #[test]
    fn no_cell_begins_as_a_formula() {
        for text in ["=cmd()", "+1", "-1", "@x", "\tx"] {
            let written = cell(Some(&json!(text)), Shape::Text);
            assert!(!written.starts_with(FORMULA_STARTS), "{written:?}");
        }
    }

    #[test]
    fn an_absent_value_is_an_empty_cell() {
        assert_eq!(cell(None, Shape::Text), "");
        assert_eq!(value("  ", Shape::Number), Ok(None));
        assert!(value("many", Shape::Number).is_err());
        assert!(value("maybe", Shape::Boolean).is_err());
    }
}
