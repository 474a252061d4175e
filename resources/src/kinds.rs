//! The list of kinds. A new one is a file in `kinds/` and a line here.

use crate::kind::{Assignable, Kind, KindInfo, KindVisitor};
use crate::permission::Permission;
use crate::problem::Problem;
use crate::schema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::LazyLock;

/// Makes the enums and the tables from `module::Struct` of each kind.
macro_rules! kinds {
    ($($module:ident :: $Kind:ident),+ $(,)?) => {
        $(
            mod $module;
            pub use $module::*;
        )+

        /// The kinds, in the order in which one may refer to another.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum ResourceKind {
            $(
                #[doc = concat!("See [`", stringify!($Kind), "`](crate::", stringify!($Kind), ").")]
                $Kind,
            )+
        }

        /// The typed content of a resource. In JSON: `{"kind": "trunk", "spec": {…}}`.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind", content = "spec", rename_all = "snake_case")]
        #[non_exhaustive]
        #[allow(
            clippy::large_enum_variant,
            reason = "read from a file and compiled once: a box would only be in the way"
        )]
        pub enum ResourceSpec {
            $(
                #[doc = concat!("See [`", stringify!($Kind), "`].")]
                $Kind($Kind),
            )+
        }

        $(
            impl From<$Kind> for ResourceSpec {
                fn from(spec: $Kind) -> Self {
                    Self::$Kind(spec)
                }
            }
        )+

        static SCHEMAS: LazyLock<[Value; ResourceKind::ALL.len()]> =
            LazyLock::new(|| [$(schema::of::<$Kind>()),+]);

        static INFOS: LazyLock<[KindInfo; ResourceKind::ALL.len()]> = LazyLock::new(|| {
            [$(KindInfo::of::<$Kind>(&SCHEMAS[ResourceKind::$Kind as usize])),+]
        });

        pub(crate) const KIND_PERMISSIONS: [(Permission, Permission); ResourceKind::ALL.len()] = [
            $(Permission::pair(
                concat!(stringify!($module), ".read"),
                concat!(stringify!($module), ".write"),
            )),+
        ];

        impl ResourceKind {
            /// All kinds, in the order in which they can be applied.
            pub const ALL: [Self; [$(stringify!($module)),+].len()] = [$(Self::$Kind),+];

            /// The name in files and in the API.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$Kind => stringify!($module),)+
                }
            }

            /// What is known of the kind.
            pub fn info(self) -> &'static KindInfo {
                &INFOS[self as usize]
            }

            pub(crate) fn visit<V: KindVisitor>(self, visitor: V) -> V::Output {
                match self {
                    $(Self::$Kind => visitor.visit::<$Kind>(),)+
                }
            }
        }

        impl ResourceSpec {
            /// The kind.
            pub fn kind(&self) -> ResourceKind {
                match self {
                    $(Self::$Kind(_) => ResourceKind::$Kind,)+
                }
            }

            /// What is wrong between the fields, beyond the bounds of each.
            pub fn check_fields_together(&self) -> Vec<Problem> {
                match self {
                    $(Self::$Kind(spec) => spec.check(),)+
                }
            }

            /// Whether customers get it by assignment.
            pub fn is_given_by_assignment(&self) -> bool {
                match self {
                    $(Self::$Kind(spec) => {
                        $Kind::ASSIGNABLE != Assignable::No && spec.is_given_by_assignment()
                    })+
                }
            }

            /// The bare spec as JSON, without its kind.
            ///
            /// # Panics
            /// Never: specs have no maps with keys that are not text.
            pub fn to_value(&self) -> Value {
                let value = match self {
                    $(Self::$Kind(spec) => serde_json::to_value(spec),)+
                };
                value.expect("a spec has no keys but text")
            }
        }
    };
}

// In the order in which one may refer to another.
kinds! {
    customer_category::CustomerCategory,
    customer_group::CustomerGroup,
    schedule::Schedule,
    pop::Pop,
    codec_set::CodecSet,
    authentication_method::AuthenticationMethod,
    channel_plan::ChannelPlan,
    number_list::NumberList,
    translation_rules::TranslationRules,
    cli_rules::CliRules,
    exchange_rate::ExchangeRate,
    exchange_source::ExchangeSource,
    rate_card::RateCard,
    voice_tier::VoiceTier,
    carrier::Carrier,
    gateway::Gateway,
    lcr_profile::LcrProfile,
    customer::Customer,
    trunk::Trunk,
    route::Route,
    route_group::RouteGroup,
    role::Role,
    notification_target::NotificationTarget,
    scheduled_report::ScheduledReport,
}
