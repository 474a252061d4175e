//! The operations of each kind for the description of the API, made from the registry of kinds.
//!
//! Every kind has the same operations; what differs are names, the schema of the spec and the
//! fields that lists are filtered by. So they are written here once, as JSON of OpenAPI 3.1.

use super::schemas::{self, Names};
use resources::{Assignable, ResourceKind};
use serde_json::{Map, Value, json};
use utoipa::openapi::path::{Operation, PathItem, Paths};
use utoipa::openapi::{RefOr, Schema};

/// What can be done with the resources of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    List,
    Create,
    View,
    Update,
    Delete,
    BulkEdit,
    Import,
    Export,
    VersionList,
    VersionView,
    Compare,
    RollBack,
    Customers,
    Rates,
    Build,
    Rebuild,
    Stale,
}

/// The description of one operation, with the schemas that it names.
pub(super) fn described(kind: ResourceKind, verb: Verb) -> (Vec<(String, RefOr<Schema>)>, Paths) {
    let names = Names::of(kind);
    let text = Text::of(kind, verb);
    let operation = json!({
        "tags": [kind.plural()],
        "operationId": format!("{}_{}", kind.as_str(), verb.word()),
        "summary": text.summary,
        "description": text.description,
        "parameters": parameters(kind, verb),
        "requestBody": request_body(verb, &names),
        "responses": responses(verb, &names),
    });
    let operation: Operation = serde_json::from_value(without_nulls(operation))
        .expect("the template is an operation of OpenAPI 3.1, which a test tries for every kind");
    let mut item = PathItem::default();
    let slot = match verb.method() {
        "GET" => &mut item.get,
        "POST" => &mut item.post,
        "PUT" => &mut item.put,
        _ => &mut item.delete,
    };
    *slot = Some(operation);
    let mut paths = Paths::new();
    paths.paths.insert(verb.path(kind), item);
    let mut all = schemas::of(kind);
    all.extend(schemas::shared());
    (all, paths)
}

fn without_nulls(mut operation: Value) -> Value {
    if let Value::Object(operation) = &mut operation {
        operation.retain(|_, value| !value.is_null());
    }
    operation
}

impl Verb {
    /// What a kind has.
    pub(super) fn of(kind: ResourceKind) -> Vec<Self> {
        let mut verbs = vec![
            Self::List,
            Self::Create,
            Self::View,
            Self::Update,
            Self::Delete,
            Self::BulkEdit,
            Self::Import,
            Self::Export,
            Self::VersionList,
            Self::VersionView,
            Self::Compare,
            Self::RollBack,
        ];
        if kind.info().assignable != Assignable::No {
            verbs.push(Self::Customers);
        }
        if kind == ResourceKind::RateCard {
            verbs.extend([Self::Rates, Self::Build, Self::Rebuild, Self::Stale]);
        }
        verbs
    }

    /// The end of the operation's name.
    fn word(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Create => "create",
            Self::View => "view",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::BulkEdit => "bulk_edit",
            Self::Import => "import",
            Self::Export => "export",
            Self::VersionList => "version_list",
            Self::VersionView => "version_view",
            Self::Compare => "compare",
            Self::RollBack => "roll_back",
            Self::Customers => "customer_list",
            Self::Rates => "rates",
            Self::Build => "build",
            Self::Rebuild => "rebuild",
            Self::Stale => "stale_list",
        }
    }

    pub(super) fn method(self) -> &'static str {
        match self {
            Self::Create | Self::BulkEdit | Self::Import | Self::RollBack | Self::Rebuild => "POST",
            Self::Update => "PUT",
            Self::Delete => "DELETE",
            _ => "GET",
        }
    }

    /// Whether it changes resources.
    pub(super) fn writes(self) -> bool {
        self.method() != "GET"
    }

    /// Whether it reads or changes very many at once.
    pub(super) fn takes_long(self) -> bool {
        let long = [
            Self::BulkEdit,
            Self::Import,
            Self::Export,
            Self::Rates,
            Self::Stale,
        ];
        long.contains(&self)
    }

    pub(super) fn path(self, kind: ResourceKind) -> String {
        let plural = kind.plural();
        let rest = match self {
            Self::List | Self::Create => "",
            Self::View | Self::Update | Self::Delete => "/{id}",
            Self::BulkEdit => "/bulk",
            Self::Import => "/import",
            Self::Export => "/export",
            Self::VersionList => "/{id}/versions",
            Self::VersionView => "/{id}/versions/{version}",
            Self::Compare => "/{id}/compare",
            Self::RollBack => "/{id}/rollback",
            Self::Customers => "/{id}/assignment/customers",
            Self::Rates => "/{id}/rates",
            Self::Build => "/{id}/build",
            Self::Rebuild => "/{id}/rebuild",
            Self::Stale => "/stale",
        };
        format!("/api/v1/{plural}{rest}")
    }

    fn names_one(self) -> bool {
        let bulk = [
            Self::List,
            Self::Create,
            Self::BulkEdit,
            Self::Import,
            Self::Export,
            Self::Stale,
        ];
        !bulk.contains(&self)
    }
}

struct Text {
    summary: String,
    description: String,
}

impl Text {
    fn of(kind: ResourceKind, verb: Verb) -> Self {
        let info = kind.info();
        let (one, many) = (info.title.to_lowercase(), info.title_plural.to_lowercase());
        let (summary, description) = match verb {
            Verb::List => (
                format!("Lists {many}."),
                format!(
                    "{} A page at a time, filtered, searched and sorted.",
                    info.summary
                ),
            ),
            Verb::Create => (
                format!("Makes a {one}."),
                format!("{} {PUSHED}", info.description),
            ),
            Verb::View => (
                format!("One {one} as it is now."),
                "The header `ETag` has its version, to be sent back in `If-Match`.".to_owned(),
            ),
            Verb::Update => (
                format!("Changes a {one}."),
                format!(
                    "The body is the whole resource. Another name than before is a rename: \
                     whatever names it follows. {PUSHED}"
                ),
            ),
            Verb::Delete => (
                format!("Takes a {one} away."),
                format!("Refused while other resources name it. {PUSHED}"),
            ),
            Verb::BulkEdit => (
                format!("Changes many {many} at once."),
                format!(
                    "A merge patch (RFC 7396) of the spec and of the assignment, for all that are \
                     named or all that a filter finds: all or nothing. {PUSHED}"
                ),
            ),
            Verb::Import => (
                format!("Makes and changes {many} from a table or from YAML."),
                format!(
                    "Send `text/csv` as the export gives it, or `application/yaml`. In a table, a \
                     column that is missing leaves its field alone and an empty cell takes the \
                     field away. All or nothing. {PUSHED}"
                ),
            ),
            Verb::Export => (
                format!("All {many} as a table or as YAML."),
                "What a list finds with the same filters, in one file. Secrets are masked."
                    .to_owned(),
            ),
            Verb::VersionList => (
                format!("Every version of a {one}."),
                "The newest first, also of one that is gone when it is asked for by number."
                    .to_owned(),
            ),
            Verb::VersionView => (format!("A {one} as it was."), String::new()),
            Verb::Compare => (
                format!("How two versions of a {one} differ."),
                String::new(),
            ),
            Verb::RollBack => (
                format!("Makes an earlier version of a {one} the newest."),
                format!("It becomes a new version; nothing is lost. {PUSHED}"),
            ),
            Verb::Customers => (
                format!("Who gets this {one}?"),
                "The customers, by name, each with the most specific reason.".to_owned(),
            ),
            Verb::Rates => (
                "The rates of a card as a rate deck.".to_owned(),
                "CSV with a header line, as it can be sent in `rates_csv`.".to_owned(),
            ),
            Verb::Build => (
                "How a card that is built from others stands.".to_owned(),
                "Whether it would have other rates if it were built now.".to_owned(),
            ),
            Verb::Rebuild => (
                "Builds a card anew from the cards that it is made from.".to_owned(),
                format!(
                    "One that follows its parents needs it only when what a currency is worth \
                     has changed by its date. {PUSHED}"
                ),
            ),
            Verb::Stale => (
                "The cards that would have other rates if they were built now.".to_owned(),
                "Those that are built from others and do not follow them.".to_owned(),
            ),
        };
        Self {
            summary,
            description,
        }
    }
}

const PUSHED: &str =
    "It is in force when the answer comes; with `change_set` it is a draft instead.";

fn parameters(kind: ResourceKind, verb: Verb) -> Value {
    let mut list = Vec::new();
    if verb.names_one() {
        list.push(json!({
            "name": "id", "in": "path", "required": true,
            "description": "Its number, its name, or `external_id:` with what another system \
                calls it. A name of digits, or of a path of this API, is written with `name:` \
                before it.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 400},
        }));
    }
    match verb {
        Verb::List => {
            list.extend(selection(kind));
            list.extend(page());
        }
        Verb::Export => {
            list.extend(selection(kind));
            list.push(format_parameter());
        }
        Verb::VersionList => list.extend(page()),
        Verb::Customers => list.extend(page()),
        Verb::VersionView => list.push(version("version", "path", true, "Which.")),
        Verb::Compare => {
            list.push(version("from", "query", true, "The earlier one."));
            list.push(version(
                "to",
                "query",
                false,
                "The later one; the newest when left out.",
            ));
        }
        Verb::Update | Verb::Delete | Verb::RollBack => list.push(if_match()),
        _ => {}
    }
    if verb.writes() {
        list.push(change_set());
    }
    Value::Array(list)
}

/// What lists and exports are narrowed by.
fn selection(kind: ResourceKind) -> Vec<Value> {
    let text = |name: &str, description: String| {
        json!({
            "name": name, "in": "query", "required": false, "description": description,
            "schema": {"type": "string", "maxLength": 400},
        })
    };
    let mut list: Vec<_> = kind
        .filter_fields()
        .into_iter()
        .map(|field| {
            let description = kind.schema()["properties"][field]["description"].as_str();
            let description = description.unwrap_or_default();
            text(field, format!("Only those with this value. {description}"))
        })
        .collect();
    list.push(text(
        "q",
        "Only those in which each of these words begins a word.".to_owned(),
    ));
    let fields = ["name", "created_at", "updated_at"];
    let fields: Vec<_> = fields.into_iter().chain(kind.filter_fields()).collect();
    let sorts: Vec<String> = fields
        .iter()
        .flat_map(|field| [(*field).to_owned(), format!("-{field}")])
        .collect();
    list.push(json!({
        "name": "sort", "in": "query", "required": false,
        "description": "By which field; with `-` before it, the greatest first. Default: name.",
        "schema": {"type": "string", "enum": sorts},
    }));
    list
}

fn page() -> [Value; 2] {
    [
        json!({
            "name": "limit", "in": "query", "required": false,
            "description": "How many, at most.",
            "schema": {"type": "integer", "minimum": 1, "maximum": super::LIMIT_MAX, "default": super::LIMIT_DEFAULT},
        }),
        json!({
            "name": "cursor", "in": "query", "required": false,
            "description": "`next_cursor` of the page before.",
            "schema": {"type": "string", "pattern": "^([0-9a-f]{2})+$", "maxLength": 2_000},
        }),
    ]
}

fn format_parameter() -> Value {
    json!({
        "name": "format", "in": "query", "required": false,
        "description": "A table for spreadsheets, or documents that `apply` reads.",
        "schema": {"type": "string", "enum": ["csv", "yaml"], "default": "csv"},
    })
}

fn version(name: &str, place: &str, required: bool, description: &str) -> Value {
    json!({
        "name": name, "in": place, "required": required, "description": description,
        "schema": {"type": "integer", "minimum": 1, "maximum": i64::MAX},
    })
}

fn change_set() -> Value {
    json!({
        "name": "change_set", "in": "query", "required": false,
        "description": "Number of an open change set: the change becomes a draft of it, the \
            answer is 202, and nothing is in force before its push. Needs the permission \
            `change_set.write` too.",
        "schema": {"type": "integer", "minimum": 1, "maximum": i64::MAX},
    })
}

fn if_match() -> Value {
    json!({
        "name": "If-Match", "in": "header", "required": true,
        "description": "The `ETag` of the version that is meant, or `*` for any.",
        "schema": {"type": "string", "maxLength": 100},
    })
}

fn request_body(verb: Verb, names: &Names) -> Value {
    let json_of = |name: &str| json!({"required": true, "content": {"application/json": {"schema": reference(name)}}});
    match verb {
        Verb::Create | Verb::Update => json_of(&names.write),
        Verb::BulkEdit => json_of("BulkEdit"),
        Verb::RollBack => json_of("RollBack"),
        Verb::Import => json!({"required": true, "content": {
            "text/csv": {"schema": {"type": "string"}},
            // A stream of documents is not one value, so nothing is said of what it holds.
            "application/yaml": {},
        }}),
        _ => Value::Null,
    }
}

fn responses(verb: Verb, names: &Names) -> Value {
    let mut all = Map::new();
    let mut add = |status: &str, response: Value| {
        all.insert(status.to_owned(), response);
    };
    let json_of = |text: &str, name: &str| {
        let content = json!({"application/json": {"schema": reference(name)}});
        json!({"description": text, "content": content})
    };
    let with_tag = |text: &str| {
        let mut response = json_of(text, &names.resource);
        response["headers"] = json!({"ETag": {
            "description": "The version", "schema": {"type": "string"},
        }});
        response
    };
    match verb {
        Verb::List => add("200", json_of("A page of them", &names.page)),
        Verb::View | Verb::Update | Verb::RollBack | Verb::Rebuild => {
            add("200", with_tag("The resource"));
        }
        Verb::Create => add("201", with_tag("The new resource")),
        Verb::Delete => add("204", json!({"description": "It is gone"})),
        Verb::BulkEdit | Verb::Import => add("200", json_of("What was done", "PushResult")),
        Verb::VersionList => add("200", json_of("The versions", "VersionPage")),
        Verb::VersionView => add("200", json_of("The version", &names.version)),
        Verb::Compare => add("200", json_of("The fields that differ", "Comparison")),
        Verb::Customers => add("200", json_of("The customers", "BeneficiaryPage")),
        Verb::Rates => add("200", file("The deck", &["text/csv"])),
        Verb::Build => add("200", json_of("How it stands", "CardBuild")),
        Verb::Stale => add("200", json_of("The cards", "StaleCards")),
        Verb::Export => add("200", file("The file", &["text/csv", "application/yaml"])),
    }
    if verb.writes() {
        add(
            "202",
            json_of("What the change set has now", "DraftedResult"),
        );
    }
    for (status, text) in faults(verb) {
        let content = json!({"application/problem+json": {"schema": reference("Problem")}});
        add(status, json!({"description": text, "content": content}));
    }
    Value::Object(all)
}

fn file(text: &str, types: &[&str]) -> Value {
    let content: Map<String, Value> = types
        .iter()
        .map(|media_type| {
            let content = match *media_type {
                "application/yaml" => json!({}),
                _ => json!({"schema": {"type": "string"}}),
            };
            ((*media_type).to_owned(), content)
        })
        .collect();
    json!({"description": text, "content": content})
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn faults(verb: Verb) -> Vec<(&'static str, &'static str)> {
    let mut all = vec![("400", "The request cannot be read, or a parameter is wrong")];
    if verb.names_one() || verb.writes() {
        all.push(("404", "There is no such resource, version or change set"));
    }
    if verb.writes() {
        all.extend([
            (
                "409",
                "It does not fit to what there is: a name that is taken, a resource that \
                     others name, a change set that is not open",
            ),
            ("422", "Something is wrong with it; nothing was changed"),
        ]);
    }
    if matches!(verb, Verb::Update | Verb::Delete | Verb::RollBack) {
        all.extend([
            ("412", "The resource has another version"),
            ("428", "The header If-Match is missing"),
        ]);
    }
    if matches!(
        verb,
        Verb::Create | Verb::Update | Verb::Import | Verb::BulkEdit
    ) {
        all.push(("413", "The body is too large"));
    }
    all
}
