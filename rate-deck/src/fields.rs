//! What a column of a deck can hold, and what carriers call it.

use rating::Jurisdiction;
use serde::{Deserialize, Serialize};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The digits that a called number begins with: one code, a list, ranges. With a
    /// [`CountryCode`](Self::CountryCode) column, what follows that.
    Code,
    /// Digits before each code.
    CountryCode,
    /// The name of what lies behind the codes.
    Destination,
    /// A name before that of the destination.
    Country,
    /// Price of a minute.
    Rate,
    /// Price of a minute in the first interval.
    InitialRate,
    /// Both intervals as `30/6`.
    Increments,
    /// Length of the first interval, seconds.
    InitialInterval,
    /// Length of each further interval, seconds.
    NextInterval,
    /// Charged once per answered call.
    ConnectionFee,
    /// Charged once per call or attempt that was sent.
    AttemptFee,
    /// An answered call of at most so many seconds costs no more than an unanswered one.
    GracePeriod,
    /// The first day, or moment, of the rate.
    EffectiveFrom,
    /// The first moment at which the rate is over; in decks of others a day alone is its last.
    EffectiveUntil,
    /// Whose calls the rate is for: leading digits of the calling number, one, a list or ranges; a group that
    /// the card names; a jurisdiction.
    Origin,
    /// Price of a minute between two states.
    InterstateRate,
    /// Price of a minute within a state.
    IntrastateRate,
    /// Price of a minute where nobody can tell.
    IndeterminateRate,
}

impl Field {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::Code,
        Self::CountryCode,
        Self::Destination,
        Self::Country,
        Self::Rate,
        Self::InitialRate,
        Self::Increments,
        Self::InitialInterval,
        Self::NextInterval,
        Self::ConnectionFee,
        Self::AttemptFee,
        Self::GracePeriod,
        Self::EffectiveFrom,
        Self::EffectiveUntil,
        Self::Origin,
        Self::InterstateRate,
        Self::IntrastateRate,
        Self::IndeterminateRate,
    ];

    /// The prices of jurisdictions.
    pub(crate) const OF_JURISDICTIONS: [(Self, Jurisdiction); 3] = [
        (Self::InterstateRate, Jurisdiction::Interstate),
        (Self::IntrastateRate, Jurisdiction::Intrastate),
        (Self::IndeterminateRate, Jurisdiction::Indeterminate),
    ];

    /// Whether it holds an amount of money.
    pub(crate) fn is_price(self) -> bool {
        matches!(
            self,
            Self::Rate
                | Self::InitialRate
                | Self::ConnectionFee
                | Self::AttemptFee
                | Self::InterstateRate
                | Self::IntrastateRate
                | Self::IndeterminateRate
        )
    }

    /// The name in decks of our own form, and in lists of rejected rows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Code => "prefix",
            Self::CountryCode => "country_code",
            Self::Destination => "destination",
            Self::Country => "country",
            Self::Rate => "rate_per_minute",
            Self::InitialRate => "initial_rate_per_minute",
            Self::Increments => "increments",
            Self::InitialInterval => "initial_interval_s",
            Self::NextInterval => "next_interval_s",
            Self::ConnectionFee => "connection_fee",
            Self::AttemptFee => "attempt_fee",
            Self::GracePeriod => "grace_period_s",
            Self::EffectiveFrom => "effective_from",
            Self::EffectiveUntil => "effective_until",
            Self::Origin => "origin",
            Self::InterstateRate => "interstate_rate_per_minute",
            Self::IntrastateRate => "intrastate_rate_per_minute",
            Self::IndeterminateRate => "indeterminate_rate_per_minute",
        }
    }

    /// The field that a column's title most likely means.
    pub fn of_title(title: &str) -> Option<Self> {
        let title = plain(title);
        let is_known =
            |field: &Self| plain(field.name()) == title || field.titles().contains(&title.as_str());
        Self::ALL.into_iter().find(is_known)
    }

    /// Titles that are seen in the decks of carriers, in the form of [`plain`].
    fn titles(self) -> &'static [&'static str] {
        match self {
            Self::Code => &[
                "code",
                "codes",
                "prefixes",
                "dialcode",
                "dialcodes",
                "dialingcode",
                "dialprefix",
                "areacode",
                "areacodes",
                "citycode",
                "destinationcode",
                "dialedprefix",
                "numbering",
                "breakoutcode",
                "ndc",
                "npanxx",
                "npanxxx",
            ],
            Self::CountryCode => &["cc", "countrydialcode", "countryprefix", "intlcode"],
            Self::Destination => &[
                "destinationname",
                "dest",
                "description",
                "name",
                "zone",
                "breakout",
                "area",
                "areaname",
                "destinations",
                "operator",
                "codename",
                "route",
            ],
            Self::Country => &["countryname", "nation"],
            Self::Rate => &[
                "rate",
                "price",
                "cost",
                "newrate",
                "newprice",
                "rates",
                "permin",
                "permindrate",
                "ratemin",
                "ratepermin",
                "rateminute",
                "pricepermin",
                "priceperminute",
                "pricemin",
                "perminuterate",
                "currentrate",
                "nextrate",
                "ratemn",
            ],
            Self::InitialRate => &["initialrate", "firstrate", "firstminuterate"],
            Self::Increments => &[
                "increment",
                "billingincrement",
                "billingincrements",
                "billing",
                "interval",
                "intervals",
                "rounding",
                "mcdpulse",
                "billingterms",
                "billinginterval",
                "chargeincrement",
            ],
            Self::InitialInterval => &[
                "initialinterval",
                "initialincrement",
                "firstincrement",
                "firstinterval",
                "mcd",
                "minimumduration",
                "minduration",
                "initialincrementsec",
                "minimum",
            ],
            Self::NextInterval => &[
                "nextinterval",
                "nextincrement",
                "subsequentincrement",
                "pulse",
                "step",
                "subsequentinterval",
                "secondincrement",
                "additionalincrement",
            ],
            Self::ConnectionFee => &[
                "connectfee",
                "connectionfee",
                "setupfee",
                "connectioncharge",
                "setupcharge",
                "rateconnect",
            ],
            Self::AttemptFee => &["attemptfee", "attemptcharge"],
            Self::GracePeriod => &["graceperiod", "grace"],
            Self::EffectiveFrom => &[
                "effective",
                "effectivedate",
                "effectivefrom",
                "startdate",
                "validfrom",
                "from",
                "datelive",
                "activationdate",
                "begindate",
                "date",
                "effectivestart",
            ],
            Self::EffectiveUntil => &[
                "effectiveuntil",
                "effectiveto",
                "enddate",
                "validto",
                "validuntil",
                "until",
                "expirydate",
                "expires",
                "expirationdate",
                "validtill",
            ],
            Self::Origin
            | Self::InterstateRate
            | Self::IntrastateRate
            | Self::IndeterminateRate => self.titles_of_callers(),
        }
    }

    fn titles_of_callers(self) -> &'static [&'static str] {
        match self {
            Self::Origin => &[
                "origins",
                "origincode",
                "origincodes",
                "originprefix",
                "originprefixes",
                "origingroup",
                "originset",
                "originzone",
                "origination",
                "originationcode",
                "originationprefix",
                "anumber",
                "acode",
                "aprefix",
                "callingprefix",
                "callercode",
                "cliprefix",
                "sourcecode",
                "sourceprefix",
            ],
            Self::InterstateRate => &[
                "interstate",
                "inter",
                "interrate",
                "interstaterate",
                "interprice",
            ],
            Self::IntrastateRate => &[
                "intrastate",
                "intra",
                "intrarate",
                "intrastaterate",
                "intraprice",
            ],
            Self::IndeterminateRate => &[
                "indeterminate",
                "indet",
                "indetrate",
                "indeterminaterate",
                "ij",
                "ijrate",
                "indrate",
                "undetermined",
            ],
            _ => &[],
        }
    }
}

/// A title without case, marks, spaces and a currency at its end: `Rate / Min (USD)` and
/// `rate_min` are one.
pub(crate) fn plain(title: &str) -> String {
    let mut words = bare(title);
    for currency in ["usd", "eur", "gbp"] {
        if words.len() > currency.len() && words.ends_with(currency) {
            words.truncate(words.len() - currency.len());
        }
    }
    words
}

/// A title without case, marks and spaces.
pub(crate) fn bare(title: &str) -> String {
    let letters = title.chars().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_is_known_by_its_own_name() {
        for field in Field::ALL {
            assert_eq!(Field::of_title(field.name()), Some(field));
        }
    }

    #[test]
    fn titles_of_carriers_are_known() {
        let cases = [
            ("Dial Code", Some(Field::Code)),
            ("Rate / Min (USD)", Some(Field::Rate)),
            ("PRICE EUR", Some(Field::Rate)),
            ("Effective Date", Some(Field::EffectiveFrom)),
            ("Country Code", Some(Field::CountryCode)),
            ("Billing Increment", Some(Field::Increments)),
            ("Comments", None),
            ("Setup Rate", None),
            ("Origin Code", Some(Field::Origin)),
            ("Inter Rate (USD)", Some(Field::InterstateRate)),
            ("Intrastate", Some(Field::IntrastateRate)),
            ("IJ Rate", Some(Field::IndeterminateRate)),
            ("NPA-NXX", Some(Field::Code)),
            ("USD", None),
            ("", None),
        ];
        for (title, field) in cases {
            assert_eq!(Field::of_title(title), field, "{title}");
        }
    }
}
