//! Classes of numbers, and how far a number is held against its numbering plan.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What kind of number it is by the numbering plan of its country.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum NumberClass {
    /// A fixed line.
    FixedLine,
    /// A mobile phone.
    Mobile,
    /// A plan that does not tell fixed lines from mobiles, as that of North America.
    FixedLineOrMobile,
    /// The called party pays.
    TollFree,
    /// The caller pays for more than the call.
    PremiumRate,
    /// Caller and called party share the costs.
    SharedCost,
    /// A number of voice over IP.
    Voip,
    /// A number that follows a person.
    PersonalNumber,
    /// A pager.
    Pager,
    /// A number of a company in a whole country (UAN).
    Uan,
    /// Access to voicemail.
    Voicemail,
    /// Behind 870, 881 and 882 16: satellites.
    Satellite,
    /// Behind 882 and 883: networks of no country.
    InternationalNetwork,
}

/// How far a called number is held against the numbering plan of its country.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum NumberValidation {
    /// Not at all.
    #[default]
    Off,
    /// Its country code exists, and numbers there may have that length. Short codes do not pass.
    Possible,
    /// A range of the plan holds it. Plans change: a range that is newer than the switch does not pass.
    Valid,
}

/// What becomes of called numbers whose class nobody knows, where classes are blocked.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum UnknownNumbers {
    /// They are let through: ranges that are newer than the switch, short codes, and whatever a carrier may
    /// make of digits that are no number.
    #[default]
    Allow,
    /// They are not let through, as if they were of a blocked class.
    Block,
}

impl UnknownNumbers {
    /// Whether they are let through.
    pub fn are_allowed(&self) -> bool {
        *self == Self::Allow
    }
}

impl NumberClass {
    /// As files and the API write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FixedLine => "fixed_line",
            Self::Mobile => "mobile",
            Self::FixedLineOrMobile => "fixed_line_or_mobile",
            Self::TollFree => "toll_free",
            Self::PremiumRate => "premium_rate",
            Self::SharedCost => "shared_cost",
            Self::Voip => "voip",
            Self::PersonalNumber => "personal_number",
            Self::Pager => "pager",
            Self::Uan => "uan",
            Self::Voicemail => "voicemail",
            Self::Satellite => "satellite",
            Self::InternationalNetwork => "international_network",
        }
    }

    /// As a sentence names it.
    pub fn title(self) -> &'static str {
        match self {
            Self::FixedLine => "a fixed line",
            Self::Mobile => "a mobile",
            Self::FixedLineOrMobile => "a fixed line or a mobile",
            Self::TollFree => "a toll-free number",
            Self::PremiumRate => "a premium-rate number",
            Self::SharedCost => "a shared-cost number",
            Self::Voip => "a number of voice over IP",
            Self::PersonalNumber => "a personal number",
            Self::Pager => "a pager",
            Self::Uan => "a company number (UAN)",
            Self::Voicemail => "access to voicemail",
            Self::Satellite => "a satellite phone",
            Self::InternationalNetwork => "a number of an international network",
        }
    }
}

impl NumberValidation {
    /// Whether numbers are taken as they are.
    pub fn is_off(&self) -> bool {
        *self == Self::Off
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[test]
    fn a_class_is_written_as_it_is_named() {
        for class in [
            NumberClass::FixedLineOrMobile,
            NumberClass::Uan,
            NumberClass::InternationalNetwork,
        ] {
            let written = serde_json::to_value(class).unwrap();
            assert_eq!(written, class.as_str());
        }
        assert!(NumberValidation::Valid > NumberValidation::Possible);
    }
}
