//! What can go wrong between the program and its database.

use sqlx::migrate::MigrateError;

/// Why the database did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database cannot be opened or made.
    #[error("the database {location} cannot be opened")]
    Open {
        /// Where it is, without who signs in.
        location: String,
        /// Why.
        source: sqlx::Error,
    },
    /// The database was written by a later version of the program.
    #[error(
        "the database has migration {version}, which this program does not know: run the version that wrote it, or a later one"
    )]
    TooNew {
        /// The first migration that is not known.
        version: i64,
    },
    /// A migration failed; the database is as it was before it.
    #[error("the database cannot be brought to this version")]
    Migrate(#[source] Box<MigrateError>),
    /// A statement failed.
    #[error("the database refused a statement")]
    Query(#[from] sqlx::Error),
    /// A row holds what this program cannot read.
    #[error("a row of `{table}` cannot be read")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// Why.
        source: serde_json::Error,
    },
    /// There is no resource of that number and kind in the scope.
    #[error("there is no resource {id}")]
    NoSuchResource {
        /// The number.
        id: i64,
    },
    /// Somebody else has written a version since.
    #[error("resource {id} is at version {version} now")]
    VersionChanged {
        /// Number of the resource.
        id: i64,
        /// The version it has.
        version: u64,
    },
    /// Another resource of the kind has the name.
    #[error("the name `{name}` is taken")]
    NameTaken {
        /// The kind.
        kind: String,
        /// The name.
        name: String,
    },
    /// Another resource of the kind has the external identifier.
    #[error("the external identifier `{external_id}` is taken")]
    ExternalIdTaken {
        /// The kind.
        kind: String,
        /// The identifier.
        external_id: String,
    },
    /// The change set is not as it was looked at: it was edited, scheduled, pushed or discarded.
    #[error("change set {id} is not as it was")]
    ChangeSetChanged {
        /// Its number.
        id: i64,
    },
    /// Something cannot be written as JSON.
    #[error("a record cannot be written as JSON")]
    Encode(#[source] serde_json::Error),
    /// A secret was sealed with a master key that was retired meanwhile: seal it anew.
    #[error("the master key of a secret was retired meanwhile")]
    SecretKeyRetired,
    /// Something is over its limit.
    #[error("{what} may have at most {limit} bytes")]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
}

impl StoreError {
    /// Whether a statement was refused because what has to be unique is there already.
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Query(sqlx::Error::Database(error)) if error.is_unique_violation())
    }

    /// Whether a row was refused because it is not what its table is for.
    pub(crate) fn is_check_violation(&self) -> bool {
        matches!(self, Self::Query(sqlx::Error::Database(error)) if error.is_check_violation())
    }

    /// A column holds what its type or meaning does not allow.
    pub(crate) fn column(
        column: &str,
        what: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Query(sqlx::Error::ColumnDecode {
            index: column.to_owned(),
            source: what.into(),
        })
    }
}
