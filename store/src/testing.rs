//! Databases for tests: every repository is tested on both.
//!
//! ```text
//! #[tokio::test]
//! async fn a_setting_keeps_its_last_value() {
//!     testing::databases(async |database| {
//!         let store = database.open().await;
//!         …
//!     })
//!     .await;
//! }
//! ```
//!
//! Other crates use it by the feature `testing` in their development dependencies.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at the first surprise"
)]

#[cfg(test)]
mod first_release;
#[cfg(test)]
mod fixtures;
#[cfg_attr(
    not(test),
    allow(dead_code, reason = "only the whole journal leaves the crate")
)]
mod journal;
mod server;

#[cfg(test)]
pub(crate) use first_release::{check_first_release, make_first_release};
#[cfg(test)]
pub(crate) use fixtures::{change, resource, spec_index};
#[cfg(test)]
pub(crate) use journal::{NOON, TestSegment, answered, ended, id_at};
pub use journal::{received, write_ended_calls, write_journal, write_wholesale_journal};

use crate::{DatabaseLocation, Store};
use std::path::Path;
use tempfile::TempDir;

/// An empty database of this version, and a folder, for one test.
pub struct TestDatabase {
    location: DatabaseLocation,
    folder: TempDir,
    /// Its name on the server; `None` for SQLite.
    name: Option<String>,
}

/// Runs a test on SQLite, then on PostgreSQL.
///
/// # Panics
/// When the test does, and when there is no PostgreSQL on this machine (it says what to install).
pub async fn databases(test: impl AsyncFn(&TestDatabase)) {
    let database = TestDatabase::sqlite();
    on("SQLite", &database, &test).await;
    let database = TestDatabase::postgres().await;
    on("PostgreSQL", &database, &test).await;
    database.remove().await;
}

/// Runs a statement that no repository has: what a test needs to have happened.
///
/// # Panics
/// When it fails.
pub async fn execute(store: &Store, text: &'static str) {
    let done = crate::database::sql(text).execute(store.writer()).await;
    done.unwrap_or_else(|error| panic!("{error}: {text}"));
}

/// One number that no repository gives.
///
/// # Panics
/// When the statement fails.
pub async fn number(store: &Store, text: &'static str) -> i64 {
    let found = crate::database::sql(text).fetch_value(store.reader()).await;
    found.unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[allow(
    clippy::print_stderr,
    reason = "shown with a failure: it tells which database it was on"
)]
async fn on(name: &str, database: &TestDatabase, test: &impl AsyncFn(&TestDatabase)) {
    eprintln!("on {name}:");
    test(database).await;
}

impl TestDatabase {
    /// An SQLite file that does not exist yet.
    ///
    /// # Panics
    /// When there is no temporary folder.
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self {
            location: DatabaseLocation::sqlite(folder.path().join("test.db")),
            folder,
            name: None,
        }
    }

    /// A database on the server that this test process runs.
    ///
    /// # Panics
    /// When PostgreSQL is not installed or does not start.
    pub async fn postgres() -> Self {
        let (name, location) = server::create_database().await;
        Self {
            location,
            folder: tempfile::tempdir().expect("a temporary folder"),
            name: Some(name),
        }
    }

    /// Where it is.
    pub fn location(&self) -> &DatabaseLocation {
        &self.location
    }

    /// Where it is, as a setting says it.
    pub fn url(&self) -> String {
        match (&self.location, &self.name) {
            (DatabaseLocation::Sqlite(path), _) => format!("sqlite:{}", path.display()),
            (DatabaseLocation::Postgres(options), name) => format!(
                "postgres://{}@{}:{}/{}",
                options.get_username(),
                options.get_host(),
                options.get_port(),
                name.as_deref().unwrap_or_default(),
            ),
        }
    }

    /// An empty folder that goes with the database.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Opens it, also a second time.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn open(&self) -> Store {
        let store = Store::open(&self.location).await;
        store.unwrap_or_else(|error| panic!("{error}: {:?}", std::error::Error::source(&error)))
    }

    /// Removes it from the server, with whoever is connected. Without it the database stays until
    /// the test process ends.
    pub async fn remove(self) {
        if let Some(name) = &self.name {
            server::drop_database(name).await;
        }
    }
}
