//! What a list can be filtered by and searched for.

use crate::kinds::ResourceKind;
use crate::walk::walk;
use serde_json::Value;
use std::collections::BTreeSet;

/// Most words of one resource that can be searched for.
pub const SEARCH_TERMS_MAX: usize = 64;

/// Longest word, bytes; the rest is cut.
const TERM_BYTES_MAX: usize = 64;

impl ResourceKind {
    /// Fields that lists can be filtered and sorted by, in their order.
    pub fn filter_fields(self) -> Vec<&'static str> {
        let Some(properties) = self.schema()["properties"].as_object() else {
            return Vec::new();
        };
        let mut fields: Vec<_> = properties
            .iter()
            .filter(|(_, schema)| schema["x-filter"] == true)
            .collect();
        fields.sort_by_key(|(_, schema)| schema["x-order"].as_u64());
        fields.into_iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The values of those fields in a spec, in lower case. A list has one pair for each entry.
    pub fn filter_values(self, spec: &Value) -> Vec<(String, String)> {
        let mut values = Vec::new();
        for field in self.filter_fields() {
            let value = match spec.get(field) {
                Some(value) => value,
                None => &self.schema()["properties"][field]["default"],
            };
            let entries = match value {
                Value::Array(entries) => entries.as_slice(),
                value => std::slice::from_ref(value),
            };
            for entry in entries {
                let text = match entry {
                    Value::String(text) => text.to_lowercase(),
                    Value::Bool(_) | Value::Number(_) => entry.to_string(),
                    _ => continue,
                };
                values.push((field.to_owned(), text));
            }
        }
        values
    }

    /// The words that a resource is found by, in lower case: of its name first, then of its external
    /// identifier, then of all texts of its spec but secrets. At most [`SEARCH_TERMS_MAX`].
    pub fn search_terms(self, name: &str, external_id: Option<&str>, spec: &Value) -> Vec<String> {
        let mut terms = Terms::default();
        terms.add(name);
        terms.add(external_id.unwrap_or(""));
        walk(self.schema(), spec, &mut |_, schema, value| {
            if schema["x-secret"] != true
                && let Some(text) = value.as_str()
            {
                terms.add(text);
            }
        });
        terms.words
    }
}

#[derive(Default)]
struct Terms {
    words: Vec<String>,
    seen: BTreeSet<String>,
}

impl Terms {
    /// Adds the words between spaces, and the parts of each that punctuation divides.
    fn add(&mut self, text: &str) {
        for word in text.to_lowercase().split_whitespace() {
            self.add_word(word.trim_matches(|c: char| !c.is_alphanumeric()));
            let is_address = word.bytes().all(|byte| !byte.is_ascii_alphabetic());
            if !is_address {
                for part in word.split(|c: char| !c.is_alphanumeric()) {
                    self.add_word(part);
                }
            }
        }
    }

    fn add_word(&mut self, word: &str) {
        let mut end = word.len().min(TERM_BYTES_MAX);
        while !word.is_char_boundary(end) {
            end -= 1;
        }
        let word = &word[..end];
        if !word.is_empty()
            && self.words.len() < SEARCH_TERMS_MAX
            && self.seen.insert(word.to_owned())
        {
            self.words.push(word.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_resource_is_found_by_its_words() {
        let spec =
            json!({ "direction": "egress", "carrier": "Aurora Tel", "gateway": "192.0.2.7:5060" });
        let terms = ResourceKind::Trunk.search_terms("aurora-OUT Wien", Some("ERP/7"), &spec);
        assert_eq!(
            terms,
            [
                "aurora-out",
                "aurora",
                "out",
                "wien",
                "erp/7",
                "erp",
                "7",
                "tel",
                "egress",
                "192.0.2.7:5060"
            ]
        );
        let long = "x".repeat(70);
        assert_eq!(
            ResourceKind::Carrier.search_terms(&long, None, &json!({})),
            [&long[..64]]
        );
    }

    #[test]
    fn filters_have_the_defaults_of_what_is_left_out() {
        let values = ResourceKind::Trunk
            .filter_values(&json!({ "direction": "egress", "carrier": "Aurora" }));
        let of = |field: &str| {
            let found = values.iter().find(|(name, _)| name == field);
            found.map(|(_, value)| value.as_str())
        };
        assert_eq!(of("direction"), Some("egress"));
        assert_eq!(of("carrier"), Some("aurora"));
        assert_eq!(of("status"), Some("active"));
        assert_eq!(of("customer"), None);
    }
}
