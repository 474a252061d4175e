//! The first division of customers.

use crate::kind::{Assignable, Kind};
use crate::kinds::ResourceKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The first division of customers, such as wholesale or call centre; what is assigned to it is got
/// by all its customers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerCategory {
    /// What customers read where they choose a category.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 500), extend("x-widget" = "multiline"))]
    pub description: String,
    /// Whether a new customer may choose it at registration.
    #[serde(default)]
    #[schemars(extend("x-filter" = true))]
    pub open_for_registration: bool,
    /// Its place among the categories that a new customer chooses from; the lowest is first.
    #[serde(default = "default_position")]
    #[schemars(range(max = 65_535), extend("x-section" = "advanced"))]
    pub position: u16,
}

fn default_position() -> u16 {
    100
}

impl Kind for CustomerCategory {
    const KIND: ResourceKind = ResourceKind::CustomerCategory;
    const TITLE: &'static str = "Customer category";
    const TITLE_PLURAL: &'static str = "Customer categories";
    const ASSIGNABLE: Assignable = Assignable::No;
}
