//! Whether a resource is in use.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether a resource is in use.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is in use.
    #[default]
    Active,
    /// It takes no new call; calls that are up go on.
    Inactive,
}
