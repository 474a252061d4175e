//! The schemas of each kind for the description of the API.

use super::building::{CardBuild, StaleCards};
use super::bulk::BulkEdit;
use super::submit::{DraftedResult, PushResult};
use super::versions::{Comparison, RollBack, VersionPage};
use crate::routes::assignment::BeneficiaryPage;
use crate::values::Time;
use resources::ResourceKind;
use serde_json::{Value, json};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema as _, ToSchema as _};

/// Names of a kind's schemas in the description.
pub(super) struct Names {
    pub(super) spec: String,
    pub(super) resource: String,
    pub(super) write: String,
    pub(super) page: String,
    pub(super) version: String,
}

impl Names {
    pub(super) fn of(kind: ResourceKind) -> Self {
        let words = kind.as_str().split('_');
        let name: String = words.map(capitalized).collect();
        Self {
            spec: format!("{name}Spec"),
            resource: format!("{name}Resource"),
            write: format!("{name}Write"),
            page: format!("{name}Page"),
            version: format!("{name}Version"),
        }
    }
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// All schemas of a kind, by name.
pub(super) fn of(kind: ResourceKind) -> Vec<(String, RefOr<Schema>)> {
    let names = Names::of(kind);
    [
        (&names.spec, spec(kind)),
        (&names.resource, resource(kind, &names)),
        (&names.write, write(kind, &names)),
        (&names.page, page(&names)),
        (&names.version, version(kind, &names)),
    ]
    .into_iter()
    .map(|(name, schema)| (name.clone(), schema_of(schema)))
    .collect()
}

/// The schemas that those of all kinds refer to.
pub(super) fn shared() -> Vec<(String, RefOr<Schema>)> {
    let mut all = vec![
        ("Assignment".to_owned(), assignment()),
        ("Time".to_owned(), Time::schema()),
        ("PushResult".to_owned(), PushResult::schema()),
        ("DraftedResult".to_owned(), DraftedResult::schema()),
        ("BulkEdit".to_owned(), BulkEdit::schema()),
        ("RollBack".to_owned(), RollBack::schema()),
        ("CardBuild".to_owned(), CardBuild::schema()),
        ("StaleCards".to_owned(), StaleCards::schema()),
        ("Comparison".to_owned(), Comparison::schema()),
        ("VersionPage".to_owned(), VersionPage::schema()),
        ("BeneficiaryPage".to_owned(), BeneficiaryPage::schema()),
    ];
    PushResult::schemas(&mut all);
    CardBuild::schemas(&mut all);
    StaleCards::schemas(&mut all);
    DraftedResult::schemas(&mut all);
    Comparison::schemas(&mut all);
    VersionPage::schemas(&mut all);
    BeneficiaryPage::schemas(&mut all);
    all
}

fn assignment() -> RefOr<Schema> {
    let names = |what: &str| {
        json!({
            "type": "array", "items": {"type": "string"}, "maxItems": 10_000,
            "description": format!("Names of {what} who get it"),
        })
    };
    schema_of(json!({
        "type": "object",
        "description": "Which customers get a resource. Nothing written means all; written and \
            empty means nobody.",
        "additionalProperties": false,
        "properties": {
            "all": {"type": "boolean", "description": "Every customer gets it", "default": false},
            "categories": names("customer categories whose customers are those"),
            "groups": names("customer groups whose customers are those"),
            "customers": names("the customers"),
        },
    }))
}

fn schema_of(schema: Value) -> RefOr<Schema> {
    serde_json::from_value(schema)
        .expect("a kind's schema is one of OpenAPI 3.1, which a test tries for every kind")
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// The schema of the spec. Which dialect it is of, the whole document says.
fn spec(kind: ResourceKind) -> Value {
    let mut schema = kind.schema().clone();
    if let Value::Object(schema) = &mut schema {
        schema.remove("$schema");
    }
    schema
}

/// What every resource has beside its spec.
fn common(kind: ResourceKind) -> Value {
    json!({
        "kind": {"type": "string", "enum": [kind.as_str()], "description": "Its kind"},
        "id": {"type": "integer", "description": "Its number, which survives a rename"},
        "name": {"type": "string", "description": "Unique within the kind"},
        "external_id": {
            "type": ["string", "null"],
            "description": "What another system calls it; unique within the kind",
        },
        "version": {
            "type": "integer", "minimum": 1,
            "description": "1 for the first, one more with each change",
        },
        "assign": reference("Assignment"),
        "spec": reference(&Names::of(kind).spec),
    })
}

fn resource(kind: ResourceKind, _: &Names) -> Value {
    let mut properties = common(kind);
    properties["created_at"] = reference("Time");
    properties["updated_at"] = reference("Time");
    properties["updated_by"] = json!({
        "type": "string", "description": "Who made this version",
    });
    object(
        format!("{} as it is now.", kind.title()),
        &[
            "kind",
            "id",
            "name",
            "external_id",
            "version",
            "assign",
            "spec",
            "created_at",
            "updated_at",
            "updated_by",
        ],
        properties,
    )
}

fn version(kind: ResourceKind, _: &Names) -> Value {
    let mut properties = common(kind);
    properties["created_at"] = reference("Time");
    properties["author"] = json!({"type": "string", "description": "Who made it"});
    properties["note"] = json!({"type": ["string", "null"], "description": "Why"});
    object(
        format!("A version of a {}.", kind.title().to_lowercase()),
        &[
            "kind",
            "id",
            "name",
            "external_id",
            "version",
            "assign",
            "spec",
            "created_at",
            "author",
            "note",
        ],
        properties,
    )
}

fn write(kind: ResourceKind, names: &Names) -> Value {
    let mut properties = json!({
        "name": {
            "type": "string", "minLength": 1, "maxLength": resources::NAME_CHARS_MAX,
            "description": "Unique within the kind",
        },
        "external_id": {
            "type": ["string", "null"], "minLength": 1,
            "maxLength": resources::EXTERNAL_ID_CHARS_MAX,
            "description": "What another system calls it; unique within the kind",
        },
        "assign": {"oneOf": [reference("Assignment"), {"type": "null"}]},
        "note": {
            "type": ["string", "null"], "maxLength": super::NOTE_CHARS_MAX,
            "description": "Why; kept with the version",
        },
        "spec": reference(&names.spec),
    });
    if kind == ResourceKind::RateCard {
        properties["rates_csv"] = json!({
            "type": ["string", "null"],
            "description": "The rate deck that `rates_file` names, as CSV text. Left out: the \
                rates stay.",
        });
    }
    let title = format!("A {} as it shall be.", kind.title().to_lowercase());
    let mut schema = object(title, &["name", "spec"], properties);
    schema["additionalProperties"] = json!(false);
    schema
}

fn page(names: &Names) -> Value {
    object(
        "A page of a list.".to_owned(),
        &["items", "next_cursor", "total"],
        json!({
            "items": {
                "type": "array", "items": reference(&names.resource), "description": "The page",
            },
            "next_cursor": {
                "type": ["string", "null"],
                "description": "Where the next page begins; null on the last",
            },
            "total": {
                "type": ["integer", "null"],
                "description": "How many there are in all; null when counting would take long",
            },
        }),
    )
}

fn object(description: String, required: &[&str], properties: Value) -> Value {
    json!({
        "type": "object",
        "description": description,
        "required": required,
        "properties": properties,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    #[test]
    fn the_schema_of_every_kind_comes_through_unharmed() {
        for kind in ResourceKind::ALL {
            let written = serde_json::to_value(schema_of(spec(kind))).unwrap();
            assert_eq!(written, spec(kind), "{kind}");
        }
    }

    #[test]
    fn names_are_words_joined() {
        assert_eq!(Names::of(ResourceKind::RateCard).spec, "RateCardSpec");
    }
}
