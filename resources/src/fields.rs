//! Types of fields that several kinds share, each with its form in files and its schema.

pub(crate) mod failover;
pub(crate) mod foreign;

pub(crate) mod billing;
pub(crate) mod built_from;
pub(crate) mod digest_account;
pub(crate) mod further_gateway;
pub(crate) mod gateway_address;
pub(crate) mod header_policy;
pub(crate) mod identity_policy;
pub(crate) mod media_encryption;
pub(crate) mod netting;
pub(crate) mod network;
pub(crate) mod number_class;
pub(crate) mod number_policy;
pub(crate) mod origin_set;
pub(crate) mod prefix;
pub(crate) mod reference;
pub(crate) mod registration;
pub(crate) mod report;
pub(crate) mod response_rule;
pub(crate) mod secret;
pub(crate) mod shared_gateway;
pub(crate) mod signalling;
pub(crate) mod silence;
pub(crate) mod status;
pub(crate) mod tag;
pub(crate) mod throttle;
pub(crate) mod translation;
