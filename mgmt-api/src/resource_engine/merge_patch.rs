//! RFC 7396: a JSON merge patch.

use serde_json::{Map, Value};

/// The target with the patch applied: null removes a field, objects are merged, anything else
/// replaces what was there.
pub(crate) fn merged(target: &Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else {
        return patch.clone();
    };
    let mut result = target.as_object().cloned().unwrap_or_default();
    for (name, change) in patch {
        if change.is_null() {
            result.remove(name);
        } else {
            let before = result.get(name).unwrap_or(&Value::Null);
            let after = merged(before, change);
            result.insert(name.clone(), after);
        }
    }
    Value::Object(result)
}

/// A merge patch of one field, given by its path such as `limits.channels`.
pub(crate) fn patch_of_field(path: &str, value: Value) -> Value {
    path.rsplit('.').fold(value, |inner, name| {
        let mut object = Map::new();
        object.insert(name.to_owned(), inner);
        Value::Object(object)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The examples of RFC 7396, appendix A.
    #[test]
    fn the_examples_of_the_rfc_hold() {
        let cases = [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a": "b"}), json!(["c"]), json!(["c"])),
            (json!({"a": "foo"}), json!(null), json!(null)),
            (json!({"a": "foo"}), json!("bar"), json!("bar")),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ];
        for (target, patch, result) in cases {
            assert_eq!(merged(&target, &patch), result, "{target} {patch}");
        }
    }

    #[test]
    fn a_path_becomes_nested_objects() {
        assert_eq!(patch_of_field("a.b", json!(1)), json!({"a": {"b": 1}}));
        assert_eq!(patch_of_field("a", json!(null)), json!({"a": null}));
    }
}
