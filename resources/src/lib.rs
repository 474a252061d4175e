//! Everything that an operator configures: typed resources, one file a kind.
//!
//! A *resource* is a name and a typed spec. Its *kind* ([`ResourceKind`]) is one struct in
//! `src/kinds/` and one line in that module's list; all else follows from the struct: its JSON
//! Schema ([`ResourceKind::schema`], made from the field's types and doc comments), the bounds that
//! [`ResourceSpec::check`] enforces (they are read from the same schema), its references, what can
//! be searched, its permissions, and its form in files ([`documents`]). See
//! `docs/adding-a-resource-kind.md`.
//!
//! What is wrong within one resource is found here, each fault with its field; what is wrong
//! between resources is found by `routing_engine::Snapshot::compile`. Everything is pure.

mod assignment;
mod checks;
pub mod documents;
mod field_order;
mod fields;
mod kind;
mod kinds;
mod number_rule;
mod permission;
mod problem;
mod references;
mod schema;
mod search;
mod spec;
#[cfg(test)]
mod testing;
mod walk;
mod zone;

pub use assignment::{
    AssignedItem, Assignment, AssignmentLevel, Beneficiary, CustomerPlace, Entitlement,
    KindEntitlements, entitlements, who_gets,
};
pub use checks::{CHANNEL_LIMIT_MAX, CPS_LIMIT_MAX, CPS_SMOOTHING_MS_MAX, NAME_CHARS_MAX};
pub use fields::billing::{BillingMode, CarrierBilling, CustomerBilling, PaymentTerms};
pub use fields::built_from::{BuiltFrom, Combination, IntervalSource, MarginOverride, Rebuild};
pub use fields::digest_account::DigestAccount;
pub use fields::failover::{Failover, FailoverCode, FailoverCodeError, FailoverCodes};
pub use fields::further_gateway::{FurtherGateway, Probing};
pub use fields::gateway_address::{GatewayAddress, GatewayAddressError};
pub use fields::header_policy::{AddedHeader, HeaderPolicy, HeaderRewrite};
pub use fields::identity_policy::{
    AssertedIdentity, DiversionPolicy, IdentityPolicy, PrivacyPolicy,
};
pub use fields::media_encryption::{CryptoSuite, MediaEncryption, MediaEncryptionMode};
pub use fields::netting::{Netting, NettingPeriod, NettingTerms};
pub use fields::network::{Network, NetworkError};
pub use fields::number_class::{NumberClass, NumberValidation, UnknownNumbers};
pub use fields::number_policy::NumberPolicy;
pub use fields::origin_set::{
    ORIGIN_NAME_BYTES_MAX, ORIGIN_PREFIXES_MAX, ORIGIN_SETS_MAX, OriginSet, origin_names,
};
pub use fields::prefix::{PREFIX_DIGITS_MAX, Prefix, PrefixError};
pub use fields::reference::Ref;
pub use fields::registration::Registration;
pub use fields::report::{ReportCount, ReportLines};
pub use fields::response_rule::{ResponseMap, ResponseRule};
pub use fields::secret::Secret;
pub use fields::shared_gateway::SharedGateway;
pub use fields::signalling::{
    InDialogPolicy, KeepaliveMethod, NatMode, RedirectPolicy, ReferPolicy, ReinvitePolicy,
    ReliableProvisional, ReplacesPolicy, SessionTimers, Signalling,
};
pub use fields::silence::{OneWayPolicy, Silence};
pub use fields::status::Status;
pub use fields::tag::{TAG_CHARS_MAX, TAGS_MAX, Tag, TagError};
pub use fields::throttle::Throttle;
pub use fields::translation::{NumberTranslation, TRANSLATION_CHARS_MAX};
pub use kind::{Assignable, Kind, KindInfo, UnknownKind};
pub use kinds::*;
pub use number_rule::{NumberPattern, NumberPatternError, PATTERN_CHARS_MAX};
pub use permission::{Permission, UnknownPermission};
pub use problem::Problem;
pub use references::Reference;
pub use search::SEARCH_TERMS_MAX;
pub use spec::{EXTERNAL_ID_CHARS_MAX, ResourceDocument};
pub use zone::time_zone;
