//! Which fields of a resource differ.

use super::current::Entry;
use super::plan::MASKED;
use crate::routes::apply::Difference;
use routing_engine::deck::Deck;
use serde_json::{Map, Value};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What stands for a secret that is another one than before.
const MASKED_NEW: &str = "******** (new)";

/// How a resource differs from what it was; all fields of a new one or of one that goes. Secrets
/// are masked.
pub(crate) fn entry_differences(before: Option<&Entry>, after: Option<&Entry>) -> Vec<Difference> {
    let mut found = match (before, after) {
        (Some(before), Some(after)) => surroundings(before, after),
        _ => Vec::new(),
    };
    let (old, new) = masked_specs(before, after);
    compare(String::new(), old.as_ref(), new.as_ref(), &mut found);
    found.extend(deck_difference(before, after));
    found
}

/// What is not in the spec.
fn surroundings(before: &Entry, after: &Entry) -> Vec<Difference> {
    let text = |text: &str| Some(Value::from(text));
    let assign = |entry: &Entry| {
        let assign = Some(&entry.assign).filter(|assign| !assign.is_default());
        assign.and_then(|assign| serde_json::to_value(assign).ok())
    };
    let fields = [
        ("name", text(&before.key.name), text(&after.key.name)),
        (
            "external_id",
            before.external_id.clone().map(Value::from),
            after.external_id.clone().map(Value::from),
        ),
        ("assign", assign(before), assign(after)),
    ];
    let mut found = Vec::new();
    for (field, old, new) in fields {
        compare(field.to_owned(), old.as_ref(), new.as_ref(), &mut found);
    }
    found
}

/// The specs with each secret masked, so that a secret that changed still differs.
fn masked_specs(before: Option<&Entry>, after: Option<&Entry>) -> (Option<Value>, Option<Value>) {
    let mut secrets = BTreeMap::new();
    let mut old = before.map(|entry| entry.spec.to_value());
    if let (Some(entry), Some(spec)) = (before, &mut old) {
        entry.key.kind.replace_secrets(spec, |path, text| {
            secrets.insert(path.to_owned(), text.to_owned());
            MASKED.to_owned()
        });
    }
    let mut new = after.map(|entry| entry.spec.to_value());
    if let (Some(entry), Some(spec)) = (after, &mut new) {
        entry.key.kind.replace_secrets(spec, |path, text| {
            let same = secrets.get(path).is_some_and(|before| before == text);
            if same { MASKED } else { MASKED_NEW }.to_owned()
        });
    }
    (old, new)
}

/// How the rows of a card in a file change; rows in the card itself are fields of its spec.
fn deck_difference(before: Option<&Entry>, after: Option<&Entry>) -> Option<Difference> {
    let hash = |entry: Option<&Entry>| entry.and_then(|entry| entry.deck_hash.clone());
    if hash(before) == hash(after) {
        return None;
    }
    let deck = |entry: Option<&Entry>| {
        let of_file = entry.filter(|entry| entry.deck_hash.is_some());
        of_file.and_then(|entry| entry.deck.clone())
    };
    let count = |deck: &Arc<Deck>| format!("{} rates", deck.len());
    let (before, after) = (deck(before), deck(after));
    Some(Difference {
        field: "rates".into(),
        before: before.as_ref().map(|deck| count(deck).into()),
        after: after.as_ref().map(|after| match &before {
            Some(before) => format!("{}: {}", count(after), Counts::of(before, after)).into(),
            None => count(after).into(),
        }),
    })
}

/// The fields that differ, by path, in the order of their names. Lists are compared whole.
/// The fields of two values that differ.
pub(crate) fn value_differences(before: &Value, after: &Value) -> Vec<Difference> {
    differences(Some(before), after)
}

fn differences(before: Option<&Value>, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(String::new(), before, Some(after), &mut found);
    found
}

fn compare(
    field: String,
    before: Option<&Value>,
    after: Option<&Value>,
    found: &mut Vec<Difference>,
) {
    if before == after {
        return;
    }
    let empty = Map::new();
    let object = |value: Option<&Value>| match value {
        Some(Value::Object(object)) => Some(object.clone()),
        None => Some(empty.clone()),
        Some(_) => None,
    };
    let (Some(old), Some(new)) = (object(before), object(after)) else {
        found.push(Difference {
            field,
            before: before.cloned(),
            after: after.cloned(),
        });
        return;
    };
    if old.is_empty() && new.is_empty() {
        // An empty object came or went: it has no field of its own to tell of.
        if !field.is_empty() {
            found.push(Difference {
                field,
                before: before.cloned(),
                after: after.cloned(),
            });
        }
        return;
    }
    let mut names: Vec<_> = old.keys().chain(new.keys()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let path = if field.is_empty() {
            name.clone()
        } else {
            format!("{field}.{name}")
        };
        compare(path, old.get(name), new.get(name), found);
    }
}

/// How two decks differ.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    added: usize,
    removed: usize,
    changed: usize,
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            added,
            removed,
            changed,
        } = self;
        write!(f, "{added} added, {removed} removed, {changed} changed")
    }
}

impl Counts {
    /// Walks both, which are in the order of their prefixes and origins, side by side.
    fn of(before: &Deck, after: &Deck) -> Self {
        let mut counts = Self::default();
        let mut old = before.rows().peekable();
        let mut new = after.rows().peekable();
        loop {
            let order = match (old.peek(), new.peek()) {
                (None, None) => return counts,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some((a, from, _)), Some((b, other, _))) => (a, from).cmp(&(b, other)),
            };
            let was = if order.is_gt() { None } else { old.next() };
            let is = if order.is_lt() { None } else { new.next() };
            match (was, is) {
                (Some((.., was)), Some((.., is))) => {
                    let same =
                        was.terms == is.terms && before.destination(was) == after.destination(is);
                    counts.changed += usize::from(!same);
                }
                (Some(_), None) => counts.removed += 1,
                (None, _) => counts.added += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn paths(before: Option<Value>, after: Value) -> Vec<String> {
        let found = differences(before.as_ref(), &after);
        found
            .into_iter()
            .map(|difference| difference.field)
            .collect()
    }

    #[test]
    fn only_fields_that_differ_are_told() {
        let before = json!({"cps_limit": 10, "failover": {"codes": [503], "ring_timeout_s": 30}});
        let after =
            json!({"cps_limit": 10, "failover": {"codes": [503, "5xx"], "ring_timeout_s": 30}});
        let found = differences(Some(&before), &after);
        assert_eq!(
            found,
            [Difference {
                field: "failover.codes".into(),
                before: Some(json!([503])),
                after: Some(json!([503, "5xx"])),
            }]
        );
        assert_eq!(paths(Some(before.clone()), before), Vec::<String>::new());
    }

    #[test]
    fn fields_that_come_and_go_are_told() {
        assert_eq!(
            paths(Some(json!({"a": 1, "b": 2})), json!({"b": 2, "c": 3})),
            ["a", "c"]
        );
        assert_eq!(paths(None, json!({"a": 1, "b": {"c": 2}})), ["a", "b.c"]);
        assert_eq!(paths(Some(json!({"a": 1})), json!({"a": {"b": 1}})), ["a"]);
        assert_eq!(paths(Some(json!({"a": {}})), json!({})), ["a"]);
    }
}
