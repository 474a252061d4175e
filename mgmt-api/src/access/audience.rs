//! The kinds of tenant that an operation is for.

use std::fmt;

/// A kind of tenant, and so the portal that its people use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Audience {
    /// The owner of the installation.
    Platform,
    /// An operator: own customers, carriers and rate cards.
    Operator,
    /// A customer of the platform or of an operator.
    Customer,
    /// A carrier of the platform or of an operator.
    Carrier,
}

/// A set of [`Audience`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Audiences(u8);

impl Audience {
    /// All, from the top of the tree down.
    pub const ALL: [Self; 4] = [
        Self::Platform,
        Self::Operator,
        Self::Customer,
        Self::Carrier,
    ];

    /// As it is written in the description of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Operator => "operator",
            Self::Customer => "customer",
            Self::Carrier => "carrier",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Platform => 1,
            Self::Operator => 2,
            Self::Customer => 4,
            Self::Carrier => 8,
        }
    }
}

impl Audiences {
    /// The platform only: what concerns the whole installation.
    pub const PLATFORM: Self = Self(Audience::Platform.bit());
    /// Those who run a switch: the platform and operators.
    pub const STAFF: Self = Self::PLATFORM.and(Audience::Operator);
    /// Staff and customers.
    pub const STAFF_AND_CUSTOMERS: Self = Self::STAFF.and(Audience::Customer);
    /// Customers only.
    pub const CUSTOMERS: Self = Self(Audience::Customer.bit());
    /// Carriers only.
    pub const CARRIERS: Self = Self(Audience::Carrier.bit());
    /// Everybody.
    pub const ALL: Self = Self::STAFF_AND_CUSTOMERS.and(Audience::Carrier);

    /// These and one more.
    pub const fn and(self, audience: Audience) -> Self {
        Self(self.0 | audience.bit())
    }

    /// Whether `audience` is among them.
    pub const fn contains(self, audience: Audience) -> bool {
        self.0 & audience.bit() != 0
    }

    /// The members, from the top of the tree down.
    pub fn iter(self) -> impl Iterator<Item = Audience> {
        let all = Audience::ALL.into_iter();
        all.filter(move |audience| self.contains(*audience))
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Audiences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
