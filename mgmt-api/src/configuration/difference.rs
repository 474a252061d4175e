//! Which fields of a resource differ.

use crate::routes::apply::Difference;
use serde_json::{Map, Value};

/// The fields that differ, by path, in the order of their names. Lists are compared whole.
pub(crate) fn differences(before: Option<&Value>, after: &Value) -> Vec<Difference> {
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
