//! The operations of the API, one module for each group.

pub mod api_keys;
pub mod apply;
pub mod assignment;
pub mod audit;
pub mod bans;
pub mod calls;
pub mod cdrs;
pub mod change_sets;
pub mod deck_imports;
pub mod events;
pub mod explain;
pub mod export;
pub mod health;
pub mod jobs;
pub mod kinds;
pub mod ledger;
pub mod live;
pub mod numbers;
pub mod people;
pub mod reports;
pub mod resources;
pub mod session;
pub mod simulation;
pub mod status;
pub mod traces;
pub mod webhooks;
