//! Persistence: what is configured, who may sign in, and the record of every call.
//!
//! [`Store`] is the database: open it once ([`Store::open`]), clone it freely. It knows rows and
//! JSON, not what a trunk or a rate card means; `mgmt-api` does. [`Loader`] follows the journal
//! that the call threads write and brings each record into the database exactly once.
//!
//! No call waits for anything in here. There is one writing connection, so writers queue rather
//! than collide; readers never wait for it.

mod cdrs;
mod configuration;
mod database;
mod loader;
mod sessions;
mod settings;
#[cfg(test)]
mod testing;
mod users;

pub use cdrs::{CdrCursor, CdrQuery, CdrRow, CdrRows};
pub use configuration::{ConfigurationWrite, NewVersion, ResourceRow};
pub use database::{Store, StoreError};
pub use loader::{Loader, LoaderConfig, LoaderError, LoaderHandle, LoaderProgress, Recovery};
pub use sessions::SessionRow;
pub use users::UserRow;
