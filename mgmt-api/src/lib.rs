//! HTTP API: authentication, resources, live data, and the console it serves.

pub mod openapi;
pub mod problem;
pub mod routes;
pub mod switch_port;
pub mod values;
