//! Two changes of one thing put together, field by field.

use serde_json::{Map, Value};

/// Which of two changes of the same field counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prefer {
    /// That of the draft.
    Draft,
    /// That in force.
    InForce,
}

/// A field that both have changed, each in its own way.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clash {
    /// Path of the field, such as `spec.cps_limit`.
    pub(super) field: String,
    /// As it was when the draft was made.
    pub(super) base: Option<Value>,
    /// As the draft wants it.
    pub(super) draft: Option<Value>,
    /// As it is in force.
    pub(super) in_force: Option<Value>,
}

/// What comes of `base` by the changes of both. Objects are merged field by field, lists as a
/// whole. Where both have changed a field, `prefer` decides; without it the field is a clash.
pub(super) fn three_way(
    base: &Value,
    draft: &Value,
    in_force: &Value,
    prefer: Option<Prefer>,
) -> Result<Value, Vec<Clash>> {
    let mut clashes = Vec::new();
    let sides = [Some(base), Some(draft), Some(in_force)];
    let merged = merge(String::new(), sides, prefer, &mut clashes);
    if clashes.is_empty() {
        Ok(merged.unwrap_or_default())
    } else {
        Err(clashes)
    }
}

fn merge(
    field: String,
    sides: [Option<&Value>; 3],
    prefer: Option<Prefer>,
    clashes: &mut Vec<Clash>,
) -> Option<Value> {
    let [base, draft, in_force] = sides;
    if draft == in_force || in_force == base {
        return draft.cloned();
    }
    if draft == base {
        return in_force.cloned();
    }
    if let (Some(Value::Object(draft)), Some(Value::Object(in_force))) = (draft, in_force) {
        let none = Map::new();
        let base = base.and_then(Value::as_object).unwrap_or(&none);
        return Some(objects(&field, [base, draft, in_force], prefer, clashes));
    }
    match prefer {
        Some(Prefer::Draft) => draft.cloned(),
        Some(Prefer::InForce) => in_force.cloned(),
        None => {
            clashes.push(Clash {
                field,
                base: base.cloned(),
                draft: draft.cloned(),
                in_force: in_force.cloned(),
            });
            None
        }
    }
}

fn objects(
    field: &str,
    sides: [&Map<String, Value>; 3],
    prefer: Option<Prefer>,
    clashes: &mut Vec<Clash>,
) -> Value {
    let [_, draft, in_force] = sides;
    let mut merged = Map::new();
    let only_in_force = in_force.keys().filter(|name| !draft.contains_key(*name));
    for name in draft.keys().chain(only_in_force) {
        let path = if field.is_empty() {
            name.clone()
        } else {
            format!("{field}.{name}")
        };
        let values = sides.map(|side| side.get(name));
        if let Some(value) = merge(path, values, prefer, clashes) {
            merged.insert(name.clone(), value);
        }
    }
    Value::Object(merged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn changes_of_different_fields_are_both_kept() {
        let base = json!({"a": 1, "b": {"c": 1, "d": 1}, "gone": 1});
        let draft = json!({"a": 2, "b": {"c": 1, "d": 1}, "gone": 1});
        let in_force = json!({"a": 1, "b": {"c": 1, "d": 5, "new": 1}});
        assert_eq!(
            three_way(&base, &draft, &in_force, None),
            Ok(json!({"a": 2, "b": {"c": 1, "d": 5, "new": 1}}))
        );
    }

    #[test]
    fn the_same_change_of_both_is_no_clash() {
        let (base, same) = (json!({"a": 1}), json!({"a": 2}));
        assert_eq!(three_way(&base, &same, &same, None), Ok(same));
    }

    #[test]
    fn two_changes_of_one_field_clash_unless_one_is_preferred() {
        let base = json!({"a": {"b": [1]}, "c": 1});
        let draft = json!({"a": {"b": [1, 2]}, "c": 1});
        let in_force = json!({"a": {"b": [1, 3]}, "c": 9});
        let clash = Clash {
            field: "a.b".into(),
            base: Some(json!([1])),
            draft: Some(json!([1, 2])),
            in_force: Some(json!([1, 3])),
        };
        assert_eq!(three_way(&base, &draft, &in_force, None), Err(vec![clash]));
        let by = |prefer| three_way(&base, &draft, &in_force, Some(prefer));
        assert_eq!(by(Prefer::Draft), Ok(json!({"a": {"b": [1, 2]}, "c": 9})));
        assert_eq!(by(Prefer::InForce), Ok(in_force.clone()));
    }

    #[test]
    fn a_field_that_one_takes_away_and_the_other_changes_clashes() {
        let (base, draft, in_force) = (json!({"a": 1}), json!({}), json!({"a": 2}));
        let clashes = three_way(&base, &draft, &in_force, None);
        assert_eq!(clashes.map_err(|clashes| clashes.len()), Err(1));
        let kept = three_way(&base, &draft, &in_force, Some(Prefer::Draft));
        assert_eq!(kept, Ok(json!({})));
    }
}
