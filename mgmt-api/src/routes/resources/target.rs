//! Which resource a path means.

use crate::problem::Problem;

const EXTERNAL_ID: &str = "external_id:";
const NAME: &str = "name:";

/// A resource, by what a path says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Its number.
    Id(i64),
    /// Its name.
    Name(String),
    /// What another system calls it.
    ExternalId(String),
}

impl Target {
    /// Digits are a number; `name:` and `external_id:` say what follows; all else is a name.
    pub(crate) fn parse(text: &str) -> Self {
        if let Some(id) = text.strip_prefix(EXTERNAL_ID) {
            return Self::ExternalId(id.to_owned());
        }
        if let Some(name) = text.strip_prefix(NAME) {
            return Self::Name(name.to_owned());
        }
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(id) if is_number => Self::Id(id),
            _ => Self::Name(text.to_owned()),
        }
    }

    /// That there is none.
    pub(crate) fn not_found(&self, title: &str) -> Problem {
        let title = title.to_lowercase();
        Problem::not_found(match self {
            Self::Id(id) => format!("There is no {title} with the number {id}."),
            Self::Name(name) => format!("There is no {title} \"{name}\"."),
            Self::ExternalId(id) => {
                format!("There is no {title} with the external identifier \"{id}\".")
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_means_a_number_a_name_or_an_external_identifier() {
        assert_eq!(Target::parse("17"), Target::Id(17));
        assert_eq!(Target::parse("name:17"), Target::Name("17".into()));
        assert_eq!(Target::parse("Aurora"), Target::Name("Aurora".into()));
        assert_eq!(Target::parse("external_id:crm-7"), Target::ExternalId("crm-7".into()));
        assert_eq!(Target::parse("+17"), Target::Name("+17".into()));
        // Too large for a number: it can only be a name.
        let long = "9".repeat(30);
        assert_eq!(Target::parse(&long), Target::Name(long.clone()));
    }
}
