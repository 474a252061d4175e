//! A whole table: one row for each resource of a kind.
//!
//! The first columns are those that every kind has: `name`, `external_id`, and four of the
//! assignment. When a table is read, a column that it lacks leaves the field as it is, and an
//! empty cell takes the field away.

use super::cells::{cell, value};
use super::columns::{Column, Shape, columns};
use crate::resource_engine::merge_patch::patch_of_field;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// Most rows of a table that is read.
const ROWS_MAX: usize = 100_000;

/// Most faults that are told.
const FAULTS_MAX: usize = 100;

/// The columns of the assignment, which are not fields of the spec.
const ASSIGNMENT: [(&str, Shape); 4] = [
    ("assign.all", Shape::Boolean),
    ("assign.categories", Shape::Texts),
    ("assign.groups", Shape::Texts),
    ("assign.customers", Shape::Texts),
];

const NAME: &str = "name";
const EXTERNAL_ID: &str = "external_id";

/// A resource as a row of a table: what is written, and what is read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TableRow {
    /// Line of the table, from 1; the header is line 1. 0 for a row that is to be written.
    pub(crate) line: u64,
    pub(crate) name: String,
    /// Read: `None` when the table has no such column.
    pub(crate) external_id: Option<Value>,
    /// Written: the assignment. Read: a merge patch of it.
    pub(crate) assign: Value,
    /// Written: the spec. Read: a merge patch of it; null takes a field away.
    pub(crate) spec: Value,
}

/// A fault in a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CsvFault {
    /// Line, from 1; `None` when it is of the table as a whole.
    pub(crate) line: Option<u64>,
    pub(crate) field: Option<String>,
    pub(crate) message: String,
}

/// Writes a table with all columns of the kind.
pub(crate) fn write_csv(schema: &Value, rows: &[TableRow]) -> Result<String, csv::Error> {
    let columns = columns(schema);
    let mut writer = csv::Writer::from_writer(Vec::new());
    let fixed = [NAME, EXTERNAL_ID].into_iter();
    let assignment = ASSIGNMENT.iter().map(|(path, _)| *path);
    let paths = columns.iter().map(|column| column.path.as_str());
    writer.write_record(fixed.chain(assignment).chain(paths))?;
    for row in rows {
        let name = Value::from(row.name.as_str());
        let whole = whole(row);
        let cells = [
            cell(Some(&name), Shape::Text),
            cell(row.external_id.as_ref(), Shape::Text),
        ];
        let assignment = ASSIGNMENT
            .iter()
            .map(|(path, shape)| cell(find(&whole, path), *shape));
        let fields = columns
            .iter()
            .map(|column| cell(find(&row.spec, &column.path), column.shape));
        writer.write_record(cells.into_iter().chain(assignment).chain(fields))?;
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The assignment under the name that its columns have.
fn whole(row: &TableRow) -> Value {
    let mut object = Map::new();
    object.insert("assign".to_owned(), row.assign.clone());
    Value::Object(object)
}

fn find<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.')
        .try_fold(value, |value, name| value.get(name))
}

/// What a column of a file is.
enum Meaning {
    Name,
    ExternalId,
    Assignment(&'static str, Shape),
    Field(Column),
}

/// Reads a table.
///
/// # Errors
/// All that is wrong with it, by line and column.
pub(crate) fn read_csv(schema: &Value, text: &str) -> Result<Vec<TableRow>, Vec<CsvFault>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new()
        .flexible(false)
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| vec![unreadable(&error)])?;
    let meanings = meanings(schema, header)?;
    let mut rows = Vec::new();
    let mut faults = Vec::new();
    let mut lines = HashMap::new();
    for record in reader.records() {
        match record {
            Ok(record) => match row(&meanings, &record) {
                Ok(row) => {
                    faults.extend(repeated(&mut lines, &row));
                    rows.push(row);
                }
                Err(found) => faults.extend(found),
            },
            Err(error) => faults.push(unreadable(&error)),
        }
        if rows.len() > ROWS_MAX {
            let message = format!("the table has more than {ROWS_MAX} rows");
            return Err(vec![fault(None, None, message)]);
        }
        if faults.len() >= FAULTS_MAX {
            break;
        }
    }
    if faults.is_empty() {
        Ok(rows)
    } else {
        Err(faults)
    }
}

fn meanings(schema: &Value, header: &csv::StringRecord) -> Result<Vec<Meaning>, Vec<CsvFault>> {
    let columns = columns(schema);
    let mut faults = Vec::new();
    let mut found = Vec::new();
    for (at, title) in header.iter().enumerate() {
        let title = title.trim();
        if header.iter().take(at).any(|other| other.trim() == title) {
            let message = "the column stands twice".to_owned();
            faults.push(fault(Some(1), Some(title), message));
        }
        match meaning(&columns, title) {
            Some(meaning) => found.push(meaning),
            None => {
                let message = "there is no field of this name".to_owned();
                faults.push(fault(Some(1), Some(title), message));
            }
        }
    }
    if !found.iter().any(|meaning| matches!(meaning, Meaning::Name)) {
        let message = "the table has no column `name`".to_owned();
        faults.push(fault(Some(1), Some(NAME), message));
    }
    if faults.is_empty() {
        Ok(found)
    } else {
        Err(faults)
    }
}

fn meaning(columns: &[Column], title: &str) -> Option<Meaning> {
    match title {
        NAME => return Some(Meaning::Name),
        EXTERNAL_ID => return Some(Meaning::ExternalId),
        _ => {}
    }
    let of_assignment = ASSIGNMENT.iter().find(|(path, _)| *path == title);
    if let Some((path, shape)) = of_assignment {
        return Some(Meaning::Assignment(path, *shape));
    }
    let column = columns.iter().find(|column| column.path == title);
    column.cloned().map(Meaning::Field)
}

fn row(meanings: &[Meaning], record: &csv::StringRecord) -> Result<TableRow, Vec<CsvFault>> {
    let line = record.position().map_or(0, csv::Position::line);
    let mut row = TableRow {
        line,
        name: String::new(),
        external_id: None,
        assign: Value::Object(Map::new()),
        spec: Value::Object(Map::new()),
    };
    let mut faults = Vec::new();
    for (meaning, text) in meanings.iter().zip(record) {
        if let Err((field, message)) = read_cell(meaning, text, &mut row) {
            faults.push(fault(Some(line), Some(field), message.to_owned()));
        }
    }
    if faults.is_empty() {
        Ok(row)
    } else {
        Err(faults)
    }
}

fn read_cell<'m>(
    meaning: &'m Meaning,
    text: &str,
    row: &mut TableRow,
) -> Result<(), (&'m str, &'static str)> {
    match meaning {
        Meaning::Name => match value(text, Shape::Text) {
            Ok(Some(Value::String(name))) => row.name = name,
            _ => return Err((NAME, "the name is missing")),
        },
        Meaning::ExternalId => {
            let found = value(text, Shape::Text).map_err(|message| (EXTERNAL_ID, message))?;
            row.external_id = Some(found.unwrap_or(Value::Null));
        }
        Meaning::Assignment(path, shape) => {
            let found = value(text, *shape).map_err(|message| (*path, message))?;
            let field = path.trim_start_matches("assign.");
            put(&mut row.assign, field, found);
        }
        Meaning::Field(column) => {
            let found = value(text, column.shape).map_err(|message| (&*column.path, message))?;
            put(&mut row.spec, &column.path, found);
        }
    }
    Ok(())
}

/// Puts a field into a merge patch; null takes it away.
fn put(patch: &mut Value, path: &str, value: Option<Value>) {
    join(patch, patch_of_field(path, value.unwrap_or(Value::Null)));
}

/// Joins two patches of different fields.
fn join(into: &mut Value, from: Value) {
    let (Value::Object(into), Value::Object(from)) = (into, from) else {
        return;
    };
    for (name, value) in from {
        match into.get_mut(&name) {
            Some(known) if known.is_object() && value.is_object() => join(known, value),
            _ => {
                into.insert(name, value);
            }
        }
    }
}

/// A row whose name stands in a line before.
fn repeated(lines: &mut HashMap<String, u64>, row: &TableRow) -> Option<CsvFault> {
    let first = lines.insert(row.name.clone(), row.line)?;
    let message = format!("\"{}\" stands in line {first} already", row.name);
    Some(fault(Some(row.line), Some(NAME), message))
}

fn unreadable(error: &csv::Error) -> CsvFault {
    let line = error.position().map(csv::Position::line);
    let message = match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            format!("the row has {len} cells, the header {expected_len}")
        }
        _ => "the row cannot be read as CSV in UTF-8".to_owned(),
    };
    fault(line, None, message)
}

fn fault(line: Option<u64>, field: Option<&str>, message: String) -> CsvFault {
    CsvFault {
        line,
        field: field.map(str::to_owned),
        message,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use crate::resource_engine::merge_patch::merged;
    use serde_json::json;

    fn schema() -> Value {
        json!({"properties": {
            "status": {"type": "string", "enum": ["active", "inactive"]},
            "cps": {"type": ["integer", "null"]},
            "limits": {"properties": {"a": {"type": "integer"}, "b": {"type": "string"}}},
            "addresses": {"type": "array", "items": {"type": "string"}},
        }})
    }

    #[test]
    fn what_is_written_is_read_back() {
        let row = TableRow {
            line: 0,
            name: "Meridian, Ltd".into(),
            external_id: Some(json!("crm-7")),
            assign: json!({"all": false, "groups": ["gold"]}),
            spec: json!({"status": "active", "cps": 3, "limits": {"a": 1}, "addresses": ["x", "y"]}),
        };
        let text = write_csv(&schema(), std::slice::from_ref(&row)).unwrap();
        let read = read_csv(&schema(), &text).unwrap();
        assert_eq!(read.len(), 1);
        assert_eq!(
            (&read[0].name, &read[0].external_id),
            (&row.name, &row.external_id)
        );
        assert_eq!(merged(&json!({}), &read[0].spec), row.spec);
        assert_eq!(merged(&json!({}), &read[0].assign), row.assign);
        assert_eq!(read[0].line, 2);
    }

    #[test]
    fn a_column_that_is_missing_changes_nothing_and_an_empty_cell_takes_away() {
        let read = read_csv(&schema(), "name,cps\na,\n").unwrap();
        let before = json!({"status": "inactive", "cps": 3});
        assert_eq!(
            merged(&before, &read[0].spec),
            json!({"status": "inactive"})
        );
        assert_eq!(read[0].external_id, None);
    }

    #[test]
    fn a_name_that_stands_twice_is_told_with_both_lines() {
        let faults = read_csv(&schema(), "name,cps\na,1\nb,1\na,2\n").unwrap_err();
        assert_eq!(
            faults,
            [fault(
                Some(4),
                Some(NAME),
                "\"a\" stands in line 2 already".to_owned()
            )]
        );
    }

    #[test]
    fn faults_name_line_and_column() {
        let faults = read_csv(&schema(), "name,cps\na,many\n,1\nb,1,2\n").unwrap_err();
        let told: Vec<_> = faults
            .iter()
            .map(|fault| (fault.line, fault.field.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                (Some(2), Some("cps")),
                (Some(3), Some("name")),
                (Some(4), None)
            ]
        );
        let faults = read_csv(&schema(), "nmae,cps,cps\n").unwrap_err();
        assert_eq!(faults.len(), 3, "{faults:?}");
    }
}
