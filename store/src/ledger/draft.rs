//! An entry before it is posted.

use super::accounts::AccountKey;
use crate::TenantId;
use rating::exchange::ExchangeRate;
use rating::{Amount, Currency, Timestamp};

/// Why an entry is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LedgerEntryKind {
    /// What a customer pays for a call.
    CallCharge,
    /// What a carrier takes for an attempt.
    AttemptCost,
    /// Money from a customer, or to a carrier.
    Payment,
    /// Money back to a customer, or back from a carrier.
    Refund,
    /// A credit or debit note.
    Adjustment,
    /// What a re-rating changes of the charge of a call.
    ChargeCorrection,
    /// What a re-rating changes of the cost of an attempt.
    CostCorrection,
    /// What a customer and a carrier that are one company owe each other, taken off both balances.
    Netting,
}

/// An amount in the books, and the same in the party's currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DatedMoney {
    pub(super) books: Amount,
    pub(super) currency: Currency,
    pub(super) amount: Amount,
    pub(super) rate: ExchangeRate,
}

/// An entry between two accounts: what one gains the other loses.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) owner: TenantId,
    pub(super) kind: LedgerEntryKind,
    pub(super) key: String,
    pub(super) at: Timestamp,
    pub(super) corrects: Option<i64>,
    pub(super) details: Option<String>,
    /// The account that gains the amount; loses it when that is below zero.
    pub(super) to: AccountKey,
    pub(super) from: AccountKey,
    pub(super) money: DatedMoney,
}

/// One side of an entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Posting {
    pub(super) account: AccountKey,
    pub(super) books: i64,
    pub(super) amount: i64,
}

impl LedgerEntryKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::CallCharge,
        Self::AttemptCost,
        Self::Payment,
        Self::Refund,
        Self::Adjustment,
        Self::ChargeCorrection,
        Self::CostCorrection,
        Self::Netting,
    ];

    /// As it is written in the table and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CallCharge => "call_charge",
            Self::AttemptCost => "attempt_cost",
            Self::Payment => "payment",
            Self::Refund => "refund",
            Self::Adjustment => "adjustment",
            Self::ChargeCorrection => "charge_correction",
            Self::CostCorrection => "cost_correction",
            Self::Netting => "netting",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether it is posted for a call: there may be very many.
    pub fn is_of_calls(self) -> bool {
        matches!(
            self,
            Self::CallCharge | Self::AttemptCost | Self::ChargeCorrection | Self::CostCorrection
        )
    }
}

impl Draft {
    /// Both sides; they sum to zero.
    pub(super) fn postings(&self) -> [Posting; 2] {
        let DatedMoney { books, amount, .. } = self.money;
        let posting = |account, sign: i64| Posting {
            account,
            // Neither is the least of all numbers: amounts of terms and payments are bounded.
            books: books.0.saturating_mul(sign),
            amount: amount.0.saturating_mul(sign),
        };
        [posting(self.to, 1), posting(self.from, -1)]
    }
}
