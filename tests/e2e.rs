//! The assembled switch, judged from outside: real processes, real sockets, SIPp on both sides.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]
#![allow(
    clippy::print_stderr,
    reason = "a failing test shows what the peers said"
)]
#![allow(
    dead_code,
    reason = "the benchmark shares these modules and uses the rest"
)]

#[path = "e2e/baresip.rs"]
mod baresip;
#[path = "e2e/built_cards.rs"]
mod built_cards;
#[path = "e2e/calls.rs"]
mod calls;
#[path = "e2e/certificates.rs"]
mod certificates;
#[path = "e2e/change_sets.rs"]
mod change_sets;
#[path = "e2e/command_line.rs"]
mod command_line;
#[path = "e2e/credit.rs"]
mod credit;
#[path = "e2e/currencies.rs"]
mod currencies;
#[path = "e2e/defence.rs"]
mod defence;
#[path = "e2e/digest.rs"]
mod digest;
#[path = "e2e/failover.rs"]
mod failover;
#[path = "e2e/faults.rs"]
mod faults;
#[path = "e2e/kamailio.rs"]
mod kamailio;
#[path = "e2e/limits.rs"]
mod limits;
#[path = "e2e/load.rs"]
mod load;
#[path = "e2e/media_proxies.rs"]
mod media_proxies;
#[path = "e2e/name_server.rs"]
mod name_server;
#[path = "e2e/names.rs"]
mod names;
#[path = "e2e/number_classes.rs"]
mod number_classes;
#[path = "e2e/number_rules.rs"]
mod number_rules;
#[path = "e2e/numbers.rs"]
mod numbers;
#[path = "e2e/origins.rs"]
mod origins;
#[path = "e2e/pairs.rs"]
mod pairs;
#[path = "e2e/ports.rs"]
mod ports;
#[path = "e2e/programs.rs"]
mod programs;
#[path = "e2e/races.rs"]
mod races;
#[path = "e2e/resources.rs"]
mod resources;
#[path = "e2e/routing.rs"]
mod routing;
#[path = "e2e/secure.rs"]
mod secure;
#[path = "e2e/sipp.rs"]
mod sipp;
#[path = "e2e/switch.rs"]
mod switch;
#[path = "e2e/torture.rs"]
mod torture;
#[path = "e2e/tracing.rs"]
mod tracing;
