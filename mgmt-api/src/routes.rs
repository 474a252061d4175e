//! The operations of the API, one module for each group.

pub mod apply;
pub mod calls;
pub mod cdrs;
pub mod explain;
pub mod health;
pub mod live;
pub mod people;
pub mod resources;
pub mod session;
pub mod status;
