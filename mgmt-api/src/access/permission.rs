//! The names of what can be allowed.

use std::fmt;
use std::str::FromStr;

/// One thing that a role may allow, such as `carrier.read`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Permission(&'static str);

/// The text names no permission.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no permission")]
pub struct UnknownPermission(pub String);

macro_rules! permissions {
    ($($name:ident = $text:literal),* $(,)?) => {
        impl Permission {
            $(
                #[doc = concat!("`", $text, "`")]
                pub const $name: Self = Self($text);
            )*

            /// All of them: those of the resource kinds first, each kind's `read` before its `write`.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

permissions! {
    CUSTOMER_CATEGORY_READ = "customer_category.read",
    CUSTOMER_CATEGORY_WRITE = "customer_category.write",
    CUSTOMER_GROUP_READ = "customer_group.read",
    CUSTOMER_GROUP_WRITE = "customer_group.write",
    CUSTOMER_READ = "customer.read",
    CUSTOMER_WRITE = "customer.write",
    CARRIER_READ = "carrier.read",
    CARRIER_WRITE = "carrier.write",
    POP_READ = "pop.read",
    POP_WRITE = "pop.write",
    VOICE_TIER_READ = "voice_tier.read",
    VOICE_TIER_WRITE = "voice_tier.write",
    CODEC_SET_READ = "codec_set.read",
    CODEC_SET_WRITE = "codec_set.write",
    AUTHENTICATION_METHOD_READ = "authentication_method.read",
    AUTHENTICATION_METHOD_WRITE = "authentication_method.write",
    CHANNEL_PLAN_READ = "channel_plan.read",
    CHANNEL_PLAN_WRITE = "channel_plan.write",
    TRUNK_READ = "trunk.read",
    TRUNK_WRITE = "trunk.write",
    GATEWAY_READ = "gateway.read",
    GATEWAY_WRITE = "gateway.write",
    ROUTE_READ = "route.read",
    ROUTE_WRITE = "route.write",
    ROUTE_GROUP_READ = "route_group.read",
    ROUTE_GROUP_WRITE = "route_group.write",
    LCR_PROFILE_READ = "lcr_profile.read",
    LCR_PROFILE_WRITE = "lcr_profile.write",
    EXCHANGE_RATE_READ = "exchange_rate.read",
    EXCHANGE_RATE_WRITE = "exchange_rate.write",
    EXCHANGE_SOURCE_READ = "exchange_source.read",
    EXCHANGE_SOURCE_WRITE = "exchange_source.write",
    RATE_CARD_READ = "rate_card.read",
    RATE_CARD_WRITE = "rate_card.write",
    NUMBER_LIST_READ = "number_list.read",
    NUMBER_LIST_WRITE = "number_list.write",
    CLI_RULES_READ = "cli_rules.read",
    CLI_RULES_WRITE = "cli_rules.write",
    TRANSLATION_RULES_READ = "translation_rules.read",
    TRANSLATION_RULES_WRITE = "translation_rules.write",
    SCHEDULE_READ = "schedule.read",
    SCHEDULE_WRITE = "schedule.write",
    ROLE_READ = "role.read",
    ROLE_WRITE = "role.write",
    NOTIFICATION_TARGET_READ = "notification_target.read",
    NOTIFICATION_TARGET_WRITE = "notification_target.write",
    SCHEDULED_REPORT_READ = "scheduled_report.read",
    SCHEDULED_REPORT_WRITE = "scheduled_report.write",
    CHANGE_SET_READ = "change_set.read",
    CHANGE_SET_WRITE = "change_set.write",
    CHANGE_SET_PUSH = "change_set.push",
    AUDIT_READ = "audit.read",
    AUDIT_EXPORT = "audit.export",
    CDR_READ = "cdr.read",
    REPORT_READ = "report.read",
    LEDGER_READ = "ledger.read",
    LEDGER_WRITE = "ledger.write",
    CALL_READ = "call.read",
    LIVE_READ = "live.read",
    EXPLAIN_USE = "explain.use",
    STATUS_READ = "status.read",
    METRICS_READ = "metrics.read",
    USER_READ = "user.read",
    USER_WRITE = "user.write",
    SESSION_MANAGE = "session.manage",
    API_KEY_READ = "api_key.read",
    API_KEY_WRITE = "api_key.write",
    JOB_READ = "job.read",
    JOB_WRITE = "job.write",
    TENANT_READ = "tenant.read",
    TENANT_WRITE = "tenant.write",
    IMPERSONATE_USE = "impersonate.use",
    APPLY_USE = "apply.use",
    EXPORT_USE = "export.use",
    BACKUP_USE = "backup.use",
    BAN_READ = "ban.read",
    BAN_WRITE = "ban.write",
    TRACE_READ = "trace.read",
    TRACE_WRITE = "trace.write",
    EVENT_READ = "event.read",
}

impl Permission {
    /// As it is written in roles, keys and the description of the API.
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// Reading resources of a kind, when there is such a kind.
    pub fn read_of(kind: &str) -> Option<Self> {
        Self::of(kind, "read")
    }

    /// Writing resources of a kind, when there is such a kind.
    pub fn write_of(kind: &str) -> Option<Self> {
        Self::of(kind, "write")
    }

    fn of(subject: &str, action: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|permission| permission.0.split_once('.') == Some((subject, action)))
    }
}

impl FromStr for Permission {
    type Err = UnknownPermission;

    fn from_str(text: &str) -> Result<Self, UnknownPermission> {
        let mut all = Self::ALL.iter().copied();
        all.find(|permission| permission.0 == text)
            .ok_or_else(|| UnknownPermission(text.to_owned()))
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
