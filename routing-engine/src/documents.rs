//! Resource files: YAML text to typed resources, with every fault at its line and field.
//!
//! A file holds documents separated by `---`, each with `kind`, `name` and `spec`; see
//! `docs/resources.md`. Each document is read by itself, so one fault does not hide those of the
//! others. Reading files from disk is the caller's business.

mod outline;

use crate::problem::Problem;
use crate::resources::{
    Carrier, Customer, RateCard, ResourceDocument, ResourceKind, ResourceSpec, Trunk,
};
use outline::Outline;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_saphyr::{Error, MessageFormatter, UserMessageFormatter};
use std::collections::BTreeMap;

/// Longest resource file, bytes. Tables longer than this belong in a rates file.
pub const FILE_BYTES_MAX: usize = 16 << 20;

/// Most problems that are reported of one file.
pub const PROBLEMS_MAX: usize = 100;

/// A value and where in which file its document stands.
#[derive(Clone, Debug)]
pub struct Located<T> {
    /// What was read.
    pub value: T,
    /// The file, as the caller named it.
    pub file: String,
    /// The line of `kind`, from 1.
    pub line: u64,
    outline: Outline,
}

/// Reads all documents of a file. `file` is its name in problems and is not opened.
///
/// # Errors
/// Everything that is wrong within the documents, each with line, column and field; at most
/// [`PROBLEMS_MAX`]. What is wrong between resources is found by [`crate::Snapshot::compile`]; use
/// [`locate`] to give those problems their lines.
pub fn parse_documents(
    file: &str,
    text: &str,
) -> Result<Vec<Located<ResourceDocument>>, Vec<Problem>> {
    if text.len() > FILE_BYTES_MAX {
        let message = format_args!("the file is longer than {FILE_BYTES_MAX} bytes");
        return Err(vec![Problem::new(message).in_file(file)]);
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut documents = Vec::new();
    let mut problems = Vec::new();
    for (lines_before, chunk) in chunks(text) {
        match parse_document(file, lines_before, chunk) {
            Ok(document) => {
                problems.extend(check(&document));
                documents.push(document);
            }
            Err(problem) => problems.push(shifted(*problem, lines_before).in_file(file)),
        }
    }
    problems.extend(repeated(&documents));
    problems.sort();
    problems.truncate(PROBLEMS_MAX);
    if problems.is_empty() {
        Ok(documents)
    } else {
        Err(problems)
    }
}

/// Gives problems that name a resource the file and line of its document, where one is known.
pub fn locate(problems: &mut [Problem], documents: &[Located<ResourceDocument>]) {
    for problem in problems.iter_mut().filter(|problem| problem.file.is_none()) {
        let document = documents.iter().find(|document| {
            problem.kind == Some(document.value.spec.kind())
                && problem.name.as_deref() == Some(&document.value.name)
        });
        if let Some(document) = document {
            *problem = document.place(std::mem::take(problem));
        }
    }
}

impl<T> Located<T> {
    /// Gives a problem this document's file, and the line of its field or of the document.
    pub fn place(&self, problem: Problem) -> Problem {
        let field = problem.field.as_deref().unwrap_or("");
        let (line, column) = self.outline.place_of(field);
        problem.in_file(&self.file).at(line, column)
    }
}

/// What a document must have, read before its kind is known.
#[derive(Deserialize)]
struct Head {
    kind: String,
    name: Option<String>,
}

/// A whole document of a known kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document<S> {
    #[serde(rename = "kind")]
    _kind: IgnoredAny,
    name: String,
    spec: S,
}

/// The text of each document that is not empty, with the count of lines before it. A line that
/// begins with `---` always starts a document: YAML allows it nowhere else.
fn chunks(text: &str) -> impl Iterator<Item = (u64, &str)> {
    let mut starts = vec![(0_u64, 0_usize)];
    let mut at = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if is_separator(line) && at > 0 {
            starts.push((number as u64, at));
        }
        at += line.len();
    }
    let ends: Vec<_> = starts.iter().skip(1).map(|(_, at)| *at).collect();
    starts
        .into_iter()
        .zip(ends.into_iter().chain([text.len()]))
        .map(|((number, start), end)| (number, &text[start..end]))
        .filter(|(_, chunk)| !is_blank(chunk))
}

fn is_separator(line: &str) -> bool {
    line.strip_prefix("---")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
}

fn is_blank(chunk: &str) -> bool {
    chunk.lines().all(|line| {
        let content = line.trim_start_matches("---").trim();
        content.is_empty() || content.starts_with('#')
    })
}

fn parse_document(
    file: &str,
    lines_before: u64,
    text: &str,
) -> Result<Located<ResourceDocument>, Box<Problem>> {
    let head: Head = from_yaml(text)?;
    let kind: ResourceKind = head
        .kind
        .parse()
        .map_err(|error| Box::new(in_outline(text, Problem::in_field("kind", error))))?;
    let value = typed(kind, text).map_err(|mut problem| {
        problem.kind = Some(kind);
        problem.name = head.name;
        problem
    })?;
    let outline = outline_of(text)?.moved_down(lines_before);
    let (line, _) = outline.place_of("kind");
    Ok(Located {
        value,
        file: file.to_owned(),
        line,
        outline,
    })
}

fn typed(kind: ResourceKind, text: &str) -> Result<ResourceDocument, Box<Problem>> {
    match kind {
        ResourceKind::RateCard => document::<RateCard>(text, ResourceSpec::RateCard),
        ResourceKind::Carrier => document::<Carrier>(text, ResourceSpec::Carrier),
        ResourceKind::Customer => document::<Customer>(text, ResourceSpec::Customer),
        ResourceKind::Trunk => document::<Trunk>(text, ResourceSpec::Trunk),
    }
}

fn document<S: DeserializeOwned>(
    text: &str,
    wrap: fn(S) -> ResourceSpec,
) -> Result<ResourceDocument, Box<Problem>> {
    let document: Document<S> = from_yaml(text)?;
    Ok(ResourceDocument {
        name: document.name,
        spec: wrap(document.spec),
    })
}

fn from_yaml<T: DeserializeOwned>(text: &str) -> Result<T, Box<Problem>> {
    let mut path = None;
    let options = serde_saphyr::options! {
        with_snippet: false,
        strict_booleans: true,
    };
    let read = serde_saphyr::with_deserializer_from_str_with_options(text, options, |yaml| {
        serde_path_to_error::deserialize(yaml).map_err(|error| {
            path = Some(error.path().to_string());
            error.into_inner()
        })
    });
    read.map_err(|error| Box::new(problem(&error, path.as_deref().unwrap_or(""))))
}

fn outline_of(text: &str) -> Result<Outline, Box<Problem>> {
    from_yaml(text)
}

fn in_outline(text: &str, problem: Problem) -> Problem {
    let field = problem.field.as_deref().unwrap_or("");
    let Ok(outline) = outline_of(text) else {
        return problem;
    };
    let (line, column) = outline.place_of(field);
    problem.at(line, column)
}

fn problem(error: &Error, path: &str) -> Problem {
    let field = match error.without_snippet() {
        Error::SerdeMissingField { field, .. } => joined(path, field),
        Error::DuplicateMappingKey { key, .. } => joined(path, key.as_deref().unwrap_or("")),
        _ => joined(path, ""),
    };
    let message = match error.without_snippet() {
        Error::InvalidScalar { ty, .. } if ty.starts_with('u') => {
            "write a whole number, not negative".to_owned()
        }
        Error::SerdeMissingField { .. } => "the field is missing".to_owned(),
        Error::Unexpected { expected, .. } if expected.starts_with("mapping") => {
            "expected fields, each on a line as `field: value`".to_owned()
        }
        Error::DuplicateMappingKey { .. } => "the field stands twice".to_owned(),
        _ => UserMessageFormatter.format_message(error).into_owned(),
    };
    let problem = Problem {
        field,
        ..Problem::new(message)
    };
    match error.location() {
        Some(location) => problem.at(location.line(), Some(location.column())),
        None => problem,
    }
}

/// The path of a field as operators know it: within the spec, without the word `spec`.
fn joined(path: &str, field: &str) -> Option<String> {
    let path = path.trim_matches(|c| c == '.' || c == '?');
    let path = path.strip_prefix("spec.").unwrap_or(path);
    match (path.is_empty(), field.is_empty()) {
        (true, true) => None,
        (true, false) => Some(field.to_owned()),
        (false, true) => Some(path.to_owned()),
        (false, false) if path == "spec" => Some(field.to_owned()),
        (false, false) => Some(format!("{path}.{field}")),
    }
}

fn shifted(problem: Problem, lines_before: u64) -> Problem {
    Problem {
        line: Some(problem.line.unwrap_or(1) + lines_before),
        ..problem
    }
}

fn check(document: &Located<ResourceDocument>) -> Vec<Problem> {
    let problems = document.value.check().into_iter();
    problems.map(|problem| document.place(problem)).collect()
}

fn repeated(documents: &[Located<ResourceDocument>]) -> Vec<Problem> {
    let mut first_lines = BTreeMap::new();
    let mut problems = Vec::new();
    for document in documents {
        let (kind, name) = (document.value.spec.kind(), &document.value.name);
        if let Some(line) = first_lines.get(&(kind, name)) {
            let message = format_args!("the same resource stands in line {line} already");
            problems.push(document.place(Problem::in_field("name", message).of(kind, name)));
        } else {
            first_lines.insert((kind, name), document.line);
        }
    }
    problems
}

#[cfg(test)]
mod tests;
