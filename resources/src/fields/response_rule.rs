//! What a final response becomes on its way to the customer.

use crate::fields::failover::FailoverCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One line of the map of final responses: what comes as `from` goes on as `to`. The record keeps
/// what came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResponseRule {
    /// A code from 300 to 699, or a class such as `5xx`. A code goes before its class.
    pub from: FailoverCode,
    /// What the customer gets instead.
    #[schemars(range(min = 400, max = 699))]
    pub to: u16,
}

/// A map of final responses, compiled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseMap(Box<[ResponseRule]>);

impl ResponseMap {
    /// From rules in any order. Of several for the same code the first counts.
    pub fn new(rules: &[ResponseRule]) -> Self {
        let mut rules = rules.to_vec();
        rules.sort_by_key(|rule| matches!(rule.from, FailoverCode::Class(_)));
        Self(rules.into())
    }

    /// What goes on of a final response.
    pub fn map(&self, status: u16) -> u16 {
        let fits = |rule: &&ResponseRule| match rule.from {
            FailoverCode::Code(code) => code == status,
            FailoverCode::Class(class) => u16::from(class) == status / 100,
        };
        self.0.iter().find(fits).map_or(status, |rule| rule.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_goes_before_its_class_and_all_else_passes() {
        let rule = |from, to| ResponseRule { from, to };
        let map = ResponseMap::new(&[
            rule(FailoverCode::Class(5), 480),
            rule(FailoverCode::Code(503), 486),
            rule(FailoverCode::Code(503), 404),
        ]);
        let mapped = [503, 500, 404, 603].map(|status| map.map(status));
        assert_eq!(mapped, [486, 480, 404, 603]);
    }
}
