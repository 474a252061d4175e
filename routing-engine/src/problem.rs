//! What is wrong with a resource, said so that the operator can mend it.

use crate::resources::ResourceKind;
use serde::Serialize;
use std::fmt;

/// One fault in a resource file, a rate deck or the whole set of resources.
///
/// The parts that are not known are `None`: a syntax error has a place and no field, a missing
/// carrier has a field and may have no place.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// The file, as the caller named it.
    pub file: Option<String>,
    /// Line in the file, from 1.
    pub line: Option<u64>,
    /// Column in the line, from 1.
    pub column: Option<u64>,
    /// The kind of resource.
    pub kind: Option<ResourceKind>,
    /// The resource's name.
    pub name: Option<String>,
    /// The field: a path such as `failover.codes[2]`, or a column of a deck.
    pub field: Option<String>,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl Problem {
    /// A problem of which only the message is known yet.
    pub fn new(message: impl fmt::Display) -> Self {
        Self {
            message: message.to_string(),
            ..Self::default()
        }
    }

    /// A problem of a field whose resource is still to be named.
    pub fn in_field(field: impl Into<String>, message: impl fmt::Display) -> Self {
        Self {
            field: Some(field.into()),
            ..Self::new(message)
        }
    }

    /// Names the resource.
    pub fn of(mut self, kind: ResourceKind, name: &str) -> Self {
        self.kind = Some(kind);
        self.name = Some(name.to_owned());
        self
    }

    /// Names the file.
    pub fn in_file(mut self, file: &str) -> Self {
        self.file = Some(file.to_owned());
        self
    }

    /// Names the place in the file; both count from 1.
    pub fn at(mut self, line: u64, column: Option<u64>) -> Self {
        self.line = Some(line);
        self.column = column;
        self
    }
}

impl fmt::Display for Problem {
    /// `file:line:column: kind "name": field: message`, without the parts that are not known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.line) {
            (Some(file), Some(line)) => write!(f, "{file}:{line}")?,
            (Some(file), None) => f.write_str(file)?,
            (None, Some(line)) => write!(f, "line {line}")?,
            (None, None) => {}
        }
        if let (Some(_), Some(column)) = (self.line, self.column) {
            write!(f, ":{column}")?;
        }
        if self.file.is_some() || self.line.is_some() {
            f.write_str(": ")?;
        }
        match (self.kind, &self.name) {
            (Some(kind), Some(name)) => write!(f, "{kind} \"{name}\": ")?,
            (Some(kind), None) => write!(f, "{kind}: ")?,
            (None, _) => {}
        }
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_printed_with_what_is_known() {
        let bare = Problem::new("empty");
        assert_eq!(bare.to_string(), "empty");
        let full = Problem::in_field("cps_limit", "too small")
            .of(ResourceKind::Customer, "Meridian")
            .in_file("customers.yaml")
            .at(7, Some(3));
        assert_eq!(
            full.to_string(),
            "customers.yaml:7:3: customer \"Meridian\": cps_limit: too small"
        );
        let row = Problem::in_field("prefix", "not digits").at(12, None);
        assert_eq!(row.to_string(), "line 12: prefix: not digits");
    }
}
