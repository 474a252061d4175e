//! Whether a call of the North American Numbering Plan stays within a state.
//!
//! Carriers of the United States price a call by where both its ends are: *intrastate* when they
//! are in one state, *interstate* when they are not, *indeterminate* when nobody can tell. The state
//! of a number is that of its area code, the NPA ([`areas`]). Every call to +1 has a jurisdiction: one
//! whose called number is no sound number of the plan is indeterminate, never without.

mod areas;

use serde::{Deserialize, Serialize};
use std::fmt;

/// Digits of a number of the plan, with the country code 1.
const NUMBER_DIGITS: usize = 11;

/// How a call within the plan is priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Jurisdiction {
    /// Between two states, provinces or countries of the plan.
    Interstate,
    /// Within one.
    Intrastate,
    /// One end has no place: toll free, foreign, withheld, no number at all.
    Indeterminate,
}

impl Jurisdiction {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Interstate, Self::Intrastate, Self::Indeterminate];

    /// Of a call to a number, both as digits of E.164; `None` when the called number does not begin with 1.
    pub fn of_call(called: &str, calling: Option<&str>) -> Option<Self> {
        if !called.starts_with('1') {
            return None;
        }
        // What is dialled behind a whole number goes nowhere else.
        let called = called.get(..NUMBER_DIGITS).and_then(area_of_number);
        Some(match (called, calling.and_then(area_of_number)) {
            (Some(one), Some(other)) if one == other => Self::Intrastate,
            (Some(_), Some(_)) => Self::Interstate,
            _ => Self::Indeterminate,
        })
    }

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Interstate => "interstate",
            Self::Intrastate => "intrastate",
            Self::Indeterminate => "indeterminate",
        }
    }
}

impl fmt::Display for Jurisdiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a number of the plan is: `US-NY`, `CA-ON`, `JM`.
pub fn area_of_number(digits: &str) -> Option<&'static str> {
    area_of(area_code(digits)?)
}

fn area_of(code: u16) -> Option<&'static str> {
    let found = areas::AREAS.binary_search_by_key(&code, |(known, _)| *known);
    found.ok().map(|at| areas::AREAS[at].1)
}

/// The NPA of NPA-NXX-XXXX behind the country code: neither of the first two groups begins with 0 or 1.
fn area_code(digits: &str) -> Option<u16> {
    let digits: &[u8; NUMBER_DIGITS] = digits.as_bytes().try_into().ok()?;
    let [b'1', national @ ..] = digits else {
        return None;
    };
    let is_sound =
        national.iter().all(u8::is_ascii_digit) && national[0] > b'1' && national[3] > b'1';
    let digit = |at: usize| u16::from(national[at] - b'0');
    is_sound.then(|| 100 * digit(0) + 10 * digit(1) + digit(2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Jurisdiction::{Indeterminate, Interstate, Intrastate};

    #[test]
    fn the_table_is_ascending_so_that_it_can_be_searched() {
        assert!(areas::AREAS.is_sorted_by(|(one, _), (other, _)| one < other));
    }

    #[test]
    fn the_states_of_both_ends_make_the_jurisdiction() {
        let cases = [
            ("12125550100", Some("17185550100"), Some(Intrastate)),
            ("12125550100", Some("12015550100"), Some(Interstate)),
            ("12125550100", Some("14165550100"), Some(Interstate)),
            ("14165550100", Some("19055550100"), Some(Intrastate)),
            ("18765550100", Some("16585550100"), Some(Intrastate)),
            ("12125550100", None, Some(Indeterminate)),
            ("12125550100", Some("442071234567"), Some(Indeterminate)),
            ("12125550100", Some("18005550100"), Some(Indeterminate)),
            ("18885550100", Some("12125550100"), Some(Indeterminate)),
            // A province of its own has no code of its own here: two share it.
            ("19025550100", Some("19025550101"), Some(Indeterminate)),
            // Neither is a number: an exchange begins with 2 to 9.
            ("12125550100", Some("12120550100"), Some(Indeterminate)),
            ("12121550100", Some("12125550100"), Some(Indeterminate)),
            ("1212555010", Some("12125550100"), Some(Indeterminate)),
            ("121255501009", Some("12125550100"), Some(Intrastate)),
            ("1", None, Some(Indeterminate)),
            ("442071234567", Some("12125550100"), None),
            ("", None, None),
        ];
        for (called, calling, expected) in cases {
            assert_eq!(
                Jurisdiction::of_call(called, calling),
                expected,
                "{calling:?} to {called}"
            );
        }
    }

    #[test]
    fn a_number_is_where_its_area_code_is() {
        assert_eq!(area_of_number("12035550100"), Some("US-CT"));
        assert_eq!(area_of_number("13455550100"), Some("KY"));
        assert_eq!(area_of_number("15025550100"), Some("US-KY"));
        assert_eq!(area_of_number("18335550100"), None);
    }
}
