//! Who pays us.

use crate::checks::{CHANNEL_LIMIT_MAX, CPS_LIMIT_MAX, CPS_SMOOTHING_MS_MAX};
use crate::fields::billing::CustomerBilling;
use crate::fields::netting::Netting;
use crate::fields::number_policy::NumberPolicy;
use crate::fields::reference::Ref;
use crate::fields::status::Status;
use crate::kind::{Assignable, Kind};
use crate::kinds::{CustomerCategory, CustomerGroup, RateCard, ResourceKind};
use crate::problem::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who pays us for calls. Where its calls come from is said by its ingress trunks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Customer {
    /// Whether it may place calls.
    #[serde(default)]
    #[schemars(extend("x-filter" = true))]
    pub status: Status,
    /// The category it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-filter" = true, "x-default" = "the group's"))]
    pub category: Option<Ref<CustomerCategory>>,
    /// The group within its category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-filter" = true))]
    pub group: Option<Ref<CustomerGroup>>,
    /// The rate card it is charged by.
    #[schemars(extend("x-filter" = true))]
    pub rate_card: Ref<RateCard>,
    /// On what terms it pays: calls are refused or ended for want of money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "CustomerBilling", extend("x-default" = "its calls have no limit of money"))]
    pub billing: Option<CustomerBilling>,
    /// The carrier that is the same company: what both owe is taken off both balances, and the difference is
    /// paid. A change counts from the next period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "Netting",
        extend("x-default" = "it pays for all its calls", "x-section" = "advanced")
    )]
    pub netting: Option<Netting>,
    /// New calls per second over all its trunks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = CPS_LIMIT_MAX), extend("x-default" = "no limit"))]
    pub cps_limit: Option<u32>,
    /// Calls at the same time over all its trunks, from the INVITE to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = CHANNEL_LIMIT_MAX), extend("x-default" = "no limit"))]
    pub channel_limit: Option<u32>,
    /// How long a call beyond the calls per second is held until it is due. One that would wait
    /// longer is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        range(min = 0, max = CPS_SMOOTHING_MS_MAX),
        extend(
            "x-unit" = "milliseconds",
            "x-default" = "it is refused at once",
            "x-section" = "advanced"
        )
    )]
    pub cps_smoothing_ms: Option<u16>,
    /// New calls per second to one called number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        range(min = 1, max = CPS_LIMIT_MAX),
        extend("x-default" = "no limit", "x-section" = "advanced")
    )]
    pub called_number_cps_limit: Option<u32>,
    /// Calls to one called number at the same time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        range(min = 1, max = CHANNEL_LIMIT_MAX),
        extend("x-default" = "no limit", "x-section" = "advanced")
    )]
    pub called_number_channel_limit: Option<u32>,
    /// Shared rules and lists that its numbers go through.
    #[serde(default, skip_serializing_if = "NumberPolicy::is_empty")]
    #[schemars(extend("x-section" = "advanced"))]
    pub numbers: NumberPolicy,
}

impl Customer {
    /// A customer with a rate card and every other field at its default.
    pub fn new(rate_card: impl Into<Ref<RateCard>>) -> Self {
        Self {
            status: Status::Active,
            category: None,
            group: None,
            rate_card: rate_card.into(),
            billing: None,
            netting: None,
            cps_limit: None,
            channel_limit: None,
            cps_smoothing_ms: None,
            called_number_cps_limit: None,
            called_number_channel_limit: None,
            numbers: NumberPolicy::default(),
        }
    }
}

impl Kind for Customer {
    const KIND: ResourceKind = ResourceKind::Customer;
    const TITLE: &'static str = "Customer";
    const TITLE_PLURAL: &'static str = "Customers";
    const ASSIGNABLE: Assignable = Assignable::No;

    fn check(&self) -> Vec<Problem> {
        let billing = self.billing.iter().flat_map(|it| it.check("billing"));
        let netting = self.netting.iter().flat_map(|it| it.check("netting"));
        let numbers = self.numbers.check("numbers");
        billing.chain(netting).chain(numbers).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::ResourceKind;
    use crate::testing::{assert_sound, faults};
    use serde_json::json;

    #[test]
    fn limits_have_bounds() {
        let kind = ResourceKind::Customer;
        let sound = json!({ "rate_card": "retail", "cps_smoothing_ms": 2_000,
            "called_number_cps_limit": 1, "called_number_channel_limit": 1_000_000 });
        assert_sound(kind, sound);
        let broken = json!({ "rate_card": "retail", "cps_smoothing_ms": 2_001,
            "called_number_cps_limit": 0, "called_number_channel_limit": 1_000_001 });
        assert_eq!(
            faults(kind, broken),
            [
                "called_number_channel_limit",
                "called_number_cps_limit",
                "cps_smoothing_ms"
            ]
        );
    }

    #[test]
    fn terms_of_payment_hold_together() {
        let kind = ResourceKind::Customer;
        let with = |billing| json!({ "rate_card": "retail", "billing": billing });
        let terms = json!({ "period_days": 7, "due_days": 3 });
        assert_sound(
            kind,
            with(json!({ "mode": "postpaid", "credit_limit": "500",
                "low_balance": ["100", "50", "0"], "daily_spend_limit": "1000",
                "call_spend_limit": "25.5", "payment_terms": terms })),
        );
        assert_sound(kind, with(json!({ "mode": "postpaid" })));
        assert_sound(kind, with(json!({ "mode": "prepaid", "low_balance": ["5"] })));
        for (billing, field) in [
            (json!({ "mode": "prepaid", "credit_limit": "1" }), "credit_limit"),
            (json!({ "mode": "postpaid", "low_balance": ["1"] }), "low_balance"),
            (json!({ "mode": "prepaid", "low_balance": ["1", "1"] }), "low_balance[1]"),
            (json!({ "mode": "prepaid", "low_balance": ["4", "3", "2", "1"] }), "low_balance"),
            (json!({ "mode": "prepaid", "low_balance": ["-1"] }), "low_balance[0]"),
            (json!({ "mode": "postpaid", "credit_limit": "-1" }), "credit_limit"),
            (json!({ "mode": "prepaid", "daily_spend_limit": "0" }), "daily_spend_limit"),
            (
                json!({ "mode": "prepaid", "payment_terms": { "period_days": 0, "due_days": 3 } }),
                "payment_terms.period_days",
            ),
        ] {
            assert_eq!(faults(kind, with(billing)), [format!("billing.{field}")]);
        }
    }

    #[test]
    fn a_number_list_may_stand_once() {
        let kind = ResourceKind::Customer;
        let with = |lists| json!({ "rate_card": "retail", "numbers": { "lists": lists } });
        assert_sound(kind, with(json!(["premium", "fraud"])));
        let twice = with(json!(["premium", "fraud", "premium"]));
        assert_eq!(faults(kind, twice), ["numbers.lists[2]"]);
        let seventeen: Vec<_> = (0..17).map(|index| index.to_string()).collect();
        assert_eq!(faults(kind, with(json!(seventeen))), ["numbers.lists"]);
    }

    #[test]
    fn a_class_may_be_blocked_once() {
        let kind = ResourceKind::Customer;
        let with = |numbers| json!({ "rate_card": "retail", "numbers": numbers });
        let sound = json!({ "blocked_classes": ["mobile", "satellite"], "validation": "possible" });
        assert_sound(kind, with(sound));
        let twice = json!({ "blocked_classes": ["mobile", "satellite", "mobile"] });
        assert_eq!(faults(kind, with(twice)), ["numbers.blocked_classes[2]"]);
        let unknown = json!({ "blocked_classes": ["cheap"] });
        assert_eq!(faults(kind, with(unknown)), ["numbers.blocked_classes[0]"]);
        let unknown = json!({ "validation": "strict" });
        assert_eq!(faults(kind, with(unknown)), ["numbers.validation"]);
    }
}
