//! The API over a real database and a switch that is none.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod account;
mod acme;
mod api_keys;
mod apply;
mod audit;
mod authorisation;
mod bans;
mod built_cards;
mod cdr_totals;
mod cdrs;
mod change_sets;
mod console;
mod containment;
mod contract;
mod currencies;
mod deck_imports;
mod events;
mod explain;
mod fixture;
mod headers;
mod idempotency;
mod jobs;
mod ledger;
mod live;
mod numbers;
mod origins;
mod other_tenants;
mod past;
mod people;
mod permissions;
mod prices;
mod problems;
mod rate_limits;
mod reports;
mod reratings;
mod resources;
mod scheduled_reports;
mod secrets;
mod server;
mod sign_in;
mod simulation;
mod status;
mod traces;
mod webhooks;
