//! Where the database is. A location may hold a password, so it never prints whole.

use sqlx::postgres::PgConnectOptions;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Where the database is: a file for SQLite, an address for PostgreSQL.
///
/// As text: a path, `sqlite:PATH`, or `postgres://USER:PASSWORD@HOST:PORT/NAME?sslmode=…`.
/// [`Display`](fmt::Display) and [`Debug`] leave out who signs in and with what.
#[derive(Clone)]
#[non_exhaustive]
pub enum DatabaseLocation {
    /// An SQLite file; made when it is missing.
    Sqlite(PathBuf),
    /// A PostgreSQL database; it has to exist.
    Postgres(Box<PgConnectOptions>),
}

/// A text that is no location. Does not repeat the text, which may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is no location of a database: write a path, `sqlite:PATH` or `postgres://USER:PASSWORD@HOST:PORT/NAME`"
)]
pub struct LocationError;

impl DatabaseLocation {
    /// The SQLite file of that path.
    pub fn sqlite(path: impl AsRef<Path>) -> Self {
        Self::Sqlite(path.as_ref().to_owned())
    }

    /// Whether several nodes can share it.
    pub fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }
}

impl FromStr for DatabaseLocation {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let options = text.parse().map_err(|_| LocationError)?;
            return Ok(Self::Postgres(Box::new(options)));
        }
        let path = text.strip_prefix("sqlite:").unwrap_or(text);
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() || path.contains("://") {
            return Err(LocationError);
        }
        Ok(Self::sqlite(path))
    }
}

impl From<&Self> for DatabaseLocation {
    fn from(location: &Self) -> Self {
        location.clone()
    }
}

impl From<&Path> for DatabaseLocation {
    fn from(path: &Path) -> Self {
        Self::sqlite(path)
    }
}

impl From<&PathBuf> for DatabaseLocation {
    fn from(path: &PathBuf) -> Self {
        Self::sqlite(path)
    }
}

impl fmt::Display for DatabaseLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "{}", path.display()),
            Self::Postgres(options) => {
                let name = options.get_database().unwrap_or_default();
                match options.get_socket() {
                    Some(folder) => write!(f, "postgres:{}/{name}", folder.display()),
                    None => write!(
                        f,
                        "postgres://{}:{}/{name}",
                        options.get_host(),
                        options.get_port()
                    ),
                }
            }
        }
    }
}

impl fmt::Debug for DatabaseLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseLocation({self})")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    #[test]
    fn paths_and_addresses_are_told_apart() {
        let shown = |text: &str| text.parse::<DatabaseLocation>().unwrap().to_string();
        assert_eq!(shown("data/didtron.db"), "data/didtron.db");
        assert_eq!(shown("sqlite:/var/lib/x.db"), "/var/lib/x.db");
        assert_eq!(shown("sqlite:///var/lib/x.db"), "/var/lib/x.db");
        assert_eq!(
            shown("postgres://switch@db.example:5433/didtron"),
            "postgres://db.example:5433/didtron"
        );
        assert_eq!(
            shown("postgresql:///didtron?host=/run/postgresql"),
            "postgres:/run/postgresql/didtron"
        );
    }

    #[test]
    fn a_password_is_never_shown() {
        let text = "postgres://switch:s3cret@localhost/didtron?password=s3cret";
        let location: DatabaseLocation = text.parse().unwrap();
        assert!(!format!("{location} {location:?} {location:#?}").contains("s3cret"));
        let wrong = "mysql://switch:s3cret@localhost/didtron"
            .parse::<DatabaseLocation>()
            .unwrap_err();
        assert!(!format!("{wrong} {wrong:?}").contains("s3cret"));
        for text in ["", "sqlite:", "postgres://switch:s3cret@localhost:port/x"] {
            text.parse::<DatabaseLocation>().unwrap_err();
        }
    }
}
