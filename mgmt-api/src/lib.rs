//! HTTP API: authentication, resources, live data, and the console it serves.
//!
//! [`router`] gives the whole of it as an axum router over an [`AppState`]; [`Server`] binds and
//! serves it. The running switch is known only through [`switch_port::SwitchPort`], so this
//! crate knows no SIP. The description of the API is generated from the handlers
//! ([`openapi::document`]) and committed as `openapi.json`.
//!
//! How a process wires it:
//!
//! ```text
//! Store::open ─► Loader::recover ─► Configuration::open ─► (configuration, first snapshot)
//!   the switch starts with the snapshot and becomes a SwitchPort
//! LocalKey::create, ensure_admin (prints the password once), AppState::new(ApiParts { … })
//! Server::bind(address, "http.address", limits) ─► Server::run(state, until_stop)
//! ```

pub mod access;
mod alarms;
mod audit;
mod auth;
mod cdr_archive;
mod cdr_export;
mod clickhouse;
mod clock;
mod console;
mod containment;
mod deck_import;
mod events;
mod exchange;
mod extract;
mod headers;
mod hex;
pub mod jobs;
mod live;
mod low_balance;
pub mod mail;
mod metrics;
mod netting;
pub mod notifications;
pub mod openapi;
mod outage;
mod pcap;
pub mod problem;
mod proxy;
mod rerating;
mod resource_engine;
mod router;
pub mod routes;
pub mod secrets;
mod sensitive;
mod server;
mod state;
pub mod switch_port;
pub mod values;

pub use access::RateLimits;
pub use audit::{ExportFault, VerifiedExport, verify_export};
pub use auth::{LocalKey, LocalKeyError, PasswordError, ensure_admin};
pub use cdr_archive::ArchiveCdrs;
pub use cdr_export::ExportCdrs;
pub use clickhouse::{
    ClickHouseSettings, SendToClickHouse, clickhouse_schedule, clickhouse_schema,
};
pub use containment::{abort_on_other_panics, survive};
pub use deck_import::{FollowDecks, ReadDeck};
pub use exchange::RefreshExchangeRates;
pub use netting::RunNettings;
pub use rerating::{ApplyRerating, PreviewRerating};
pub use resource_engine::{
    Configuration, ConfigurationChanged, ConfigurationError, PushScheduled, ResourceChanged,
};
pub use router::router;
pub use server::{AcmeError, AcmeSettings, BindError, HttpLimits, Server, TlsError, TlsFiles};
pub use state::{ApiParts, AppState};
