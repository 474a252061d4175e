//! Resources back to files.

use crate::assignment::Assignment;
use crate::spec::ResourceDocument;
use serde::Serialize;
use serde_json::Value;

/// Why a resource cannot be written. It does not happen with specs that were read.
#[derive(Debug, thiserror::Error)]
#[error("the {kind} \"{name}\" cannot be written: {reason}")]
pub struct WriteError {
    kind: &'static str,
    name: String,
    reason: String,
}

/// The fields of a document in the order in which people read them.
#[derive(Serialize)]
struct Written<'d> {
    kind: &'static str,
    name: &'d str,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assign: Option<&'d Assignment>,
    spec: Value,
}

/// Writes documents as the text of one resource file: [`super::parse_documents`] reads the same
/// documents back. Fields that have their default are left out.
///
/// # Errors
/// [`WriteError`] when a value has no form in YAML.
pub fn write_documents<'d>(
    documents: impl IntoIterator<Item = &'d ResourceDocument>,
) -> Result<String, WriteError> {
    let mut text = String::new();
    for document in documents {
        if !text.is_empty() {
            text.push_str("---\n");
        }
        text.push_str(&write(document)?);
    }
    Ok(text)
}

fn write(document: &ResourceDocument) -> Result<String, WriteError> {
    let written = Written {
        kind: document.spec.kind().as_str(),
        name: &document.name,
        external_id: document.external_id.as_deref(),
        assign: (!document.assign.is_default()).then_some(&document.assign),
        spec: without_defaults(document),
    };
    let text = serde_saphyr::to_string(&written).map_err(|error| WriteError {
        kind: written.kind,
        name: written.name.to_owned(),
        reason: error.to_string(),
    })?;
    Ok(if text.ends_with('\n') {
        text
    } else {
        text + "\n"
    })
}

/// The spec without the fields of the top that have the default of the schema.
fn without_defaults(document: &ResourceDocument) -> Value {
    let properties = &document.spec.kind().schema()["properties"];
    let mut spec = document.spec.to_value();
    if let Value::Object(fields) = &mut spec {
        fields.retain(|name, value| properties[name.as_str()].get("default") != Some(value));
    }
    spec
}
