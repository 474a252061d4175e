//! Defaults, file and environment laid over each other, with every value's origin remembered.

use super::ConfigProblem;
use std::collections::BTreeMap;
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

/// Variables that belong to the command line's own options, not to the configuration.
const NOT_CONFIGURATION: [&str; 3] = ["DIDTRON_CONFIG", "DIDTRON_SERVER", "DIDTRON_API_KEY"];

/// Where each value that is not a default was written: dotted key → "FILE, line N" or a variable.
pub(super) type Origins = BTreeMap<String, String>;

/// The merged values.
pub(super) struct Merged {
    pub(super) table: Table,
    pub(super) origins: Origins,
}

/// Lays `text` over `defaults` and `environment` over both.
pub(super) fn merge(
    defaults: &str,
    file: &str,
    text: &str,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Merged, Vec<ConfigProblem>> {
    let mut table = defaults
        .parse::<Table>()
        .map_err(|error| vec![unreadable("defaults", defaults, &error)])?;
    let given = DeTable::parse(text).map_err(|error| vec![unreadable(file, text, &error)])?;
    let mut merge = Merge {
        file,
        text,
        origins: Origins::new(),
        problems: Vec::new(),
    };
    merge.lay_table(&mut table, given.get_ref(), "");
    merge.lay_environment(&mut table, environment);
    if merge.problems.is_empty() {
        Ok(Merged {
            table,
            origins: merge.origins,
        })
    } else {
        Err(merge.problems)
    }
}

struct Merge<'a> {
    file: &'a str,
    text: &'a str,
    origins: Origins,
    problems: Vec<ConfigProblem>,
}

impl Merge<'_> {
    fn lay_table(&mut self, onto: &mut Table, given: &DeTable<'_>, path: &str) {
        for (key, value) in given {
            let name = join(path, key.get_ref());
            let origin = format!(
                "{}, line {}",
                self.file,
                line_of(self.text, key.span().start)
            );
            match (onto.get_mut(key.get_ref().as_ref()), value.get_ref()) {
                (None, _) => {
                    let known = onto.keys().cloned().collect::<Vec<_>>().join(", ");
                    self.problem(
                        origin,
                        name,
                        format!("is not a setting; known here: {known}"),
                    );
                }
                (Some(Value::Table(inner)), DeValue::Table(given)) => {
                    self.lay_table(inner, given, &name);
                }
                (Some(slot), given) => match plain(given) {
                    Some(given) if given.same_type(slot) => {
                        *slot = given;
                        self.origins.insert(name, origin);
                    }
                    _ => {
                        let message = format!("must be {}", article(slot.type_str()));
                        self.problem(origin, name, message);
                    }
                },
            }
        }
    }

    fn lay_environment(
        &mut self,
        table: &mut Table,
        environment: impl IntoIterator<Item = (String, String)>,
    ) {
        let mut keys = BTreeMap::new();
        collect_keys(table, "", &mut keys);
        for (variable, text) in environment {
            if !variable.starts_with("DIDTRON_") || NOT_CONFIGURATION.contains(&variable.as_str()) {
                continue;
            }
            let Some(key) = keys.get(&variable) else {
                self.problem(variable, String::new(), "names no setting".to_owned());
                continue;
            };
            let Some(slot) = slot(table, key) else {
                continue;
            };
            match from_text(&text, slot) {
                Some(value) => {
                    *slot = value;
                    self.origins.insert(key.clone(), variable);
                }
                None => {
                    let message = format!("must be {}", article(slot.type_str()));
                    self.problem(variable, key.clone(), message);
                }
            }
        }
    }

    fn problem(&mut self, origin: String, key: String, message: String) {
        self.problems.push(ConfigProblem {
            origin,
            key,
            message,
        });
    }
}

fn unreadable(file: &str, text: &str, error: &toml::de::Error) -> ConfigProblem {
    let line = error.span().map_or(1, |span| line_of(text, span.start));
    ConfigProblem {
        origin: format!("{file}, line {line}"),
        key: String::new(),
        message: format!("is not TOML: {}", error.message()),
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes()
        .take(offset)
        .filter(|byte| *byte == b'\n')
        .count()
        + 1
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

fn article(type_name: &str) -> String {
    let vowel = type_name.starts_with(['a', 'i']);
    format!("{} {type_name}", if vowel { "an" } else { "a" })
}

/// The value without spans; `None` for kinds that no setting has.
fn plain(value: &DeValue<'_>) -> Option<Value> {
    Some(match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => {
            Value::Integer(i64::from_str_radix(number.as_str(), number.radix()).ok()?)
        }
        DeValue::Boolean(truth) => Value::Boolean(*truth),
        DeValue::Array(items) => Value::Array(
            items
                .iter()
                .map(|item| plain(item.get_ref()))
                .collect::<Option<_>>()?,
        ),
        _ => return None,
    })
}

fn from_text(text: &str, like: &Value) -> Option<Value> {
    Some(match like {
        Value::String(_) => Value::String(text.to_owned()),
        Value::Integer(_) => Value::Integer(text.trim().parse().ok()?),
        Value::Boolean(_) => Value::Boolean(text.trim().parse().ok()?),
        Value::Array(_) => Value::Array(
            text.split(',')
                .map(|item| Value::String(item.trim().to_owned()))
                .collect(),
        ),
        _ => return None,
    })
}

fn collect_keys(table: &Table, path: &str, keys: &mut BTreeMap<String, String>) {
    for (key, value) in table {
        let name = join(path, key);
        if let Value::Table(inner) = value {
            collect_keys(inner, &name, keys);
        } else {
            keys.insert(
                format!("DIDTRON_{}", name.replace('.', "_").to_uppercase()),
                name,
            );
        }
    }
}

fn slot<'t>(table: &'t mut Table, key: &str) -> Option<&'t mut Value> {
    match key.split_once('.') {
        None => table.get_mut(key),
        Some((head, rest)) => slot(table.get_mut(head)?.as_table_mut()?, rest),
    }
}
