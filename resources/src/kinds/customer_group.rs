//! A division within a category.

use crate::fields::reference::Ref;
use crate::kind::{Assignable, Kind};
use crate::kinds::{CustomerCategory, ResourceKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A division of the customers of one category; what is assigned to it comes before what is assigned
/// to the category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerGroup {
    /// The category it divides.
    #[schemars(extend("x-filter" = true))]
    pub category: Ref<CustomerCategory>,
    /// A note for operators.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 500), extend("x-widget" = "multiline"))]
    pub description: String,
}

impl Kind for CustomerGroup {
    const KIND: ResourceKind = ResourceKind::CustomerGroup;
    const TITLE: &'static str = "Customer group";
    const TITLE_PLURAL: &'static str = "Customer groups";
    const ASSIGNABLE: Assignable = Assignable::No;
}
