//! What the books say of customers and carriers, for a switch that charges calls before they are posted.

use super::LedgerError;
use super::accounts::LedgerParty;
use super::day_of;
use crate::Store;
use crate::database::{Row, sql};
use rating::{Amount, Timestamp};

/// The balance of a customer or carrier, calls and all else apart. Above zero: what we owe it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerPosition {
    /// Whose.
    pub party: LedgerParty,
    /// What calls and attempts were posted with.
    pub calls: Amount,
    /// What payments, refunds and adjustments were posted with.
    pub payments: Amount,
    /// Of the calls, those that ended on the day that was asked for.
    pub calls_today: Amount,
}

impl LedgerPosition {
    /// Of a party for which nothing was posted.
    pub fn none(party: LedgerParty) -> Self {
        Self {
            party,
            calls: Amount::ZERO,
            payments: Amount::ZERO,
            calls_today: Amount::ZERO,
        }
    }
}

/// Sums of the days that a condition is true of: whole units and nano-units apart, as neither database
/// sums beyond 64 bits.
macro_rules! sums_of_days {
    ($condition:literal) => {
        concat!(
            "CAST(COALESCE(SUM(CASE WHEN ",
            $condition,
            " THEN d.amount / 1000000000 ELSE 0 END), 0) AS BIGINT), ",
            "CAST(COALESCE(SUM(CASE WHEN ",
            $condition,
            " THEN d.amount % 1000000000 ELSE 0 END), 0) AS BIGINT)"
        )
    };
}

impl Store {
    /// The positions of all customers and carriers of all tenants that have an account; of one party,
    /// whether or not it has any. All figures of a position are of one moment. The day (UTC) is that of
    /// `today`.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn ledger_positions(
        &self,
        of: Option<LedgerParty>,
        today: Timestamp,
    ) -> Result<Vec<LedgerPosition>, LedgerError> {
        let mut list = sql("SELECT a.kind, a.party, ");
        list.push(sums_of_days!("d.kind IN ('call_charge', 'attempt_cost')"))
            .push(", ")
            .push(sums_of_days!(
                "d.kind NOT IN ('call_charge', 'attempt_cost')"
            ))
            .push(", ");
        for part in [" THEN d.amount / 1000000000", " THEN d.amount % 1000000000"] {
            list.push("CAST(COALESCE(SUM(CASE WHEN d.kind IN ('call_charge', 'attempt_cost') AND d.day = ")
                .push_bind(day_of(today))
                .push(part)
                .push(" ELSE 0 END), 0) AS BIGINT), ");
        }
        list.push("0 FROM ledger_account a LEFT JOIN ledger_day d ON d.account_id = a.id WHERE ");
        match of.map(LedgerParty::account) {
            None => list.push("a.kind IN ('customer', 'carrier')"),
            Some(key) => {
                list.push("a.kind = ").push_bind(key.kind.as_str());
                list.push(" AND a.party = ").push_bind(key.party)
            }
        };
        list.push(" GROUP BY a.kind, a.party ORDER BY a.kind, a.party");
        let rows = list.fetch_all(self.reader()).await?;
        let found: Result<Vec<_>, _> = rows.iter().map(position).collect();
        let mut found = found?;
        if let (Some(party), true) = (of, found.is_empty()) {
            found.push(LedgerPosition::none(party));
        }
        Ok(found)
    }
}

fn position(row: &Row) -> Result<LedgerPosition, LedgerError> {
    let party: i64 = row.get(1)?;
    let party = match row.get::<&str>(0)? {
        "customer" => LedgerParty::Customer(party),
        _ => LedgerParty::Carrier(party),
    };
    Ok(LedgerPosition {
        party,
        calls: total(row, 2)?,
        payments: total(row, 4)?,
        calls_today: total(row, 6)?,
    })
}

/// A sum from its units and nano-units. What is beyond 64 bits is the most that they hold: one party must
/// not keep the others' calls from their money.
fn total(row: &Row, column: usize) -> Result<Amount, LedgerError> {
    let (units, nanos): (i64, i64) = (row.get(column)?, row.get(column + 1)?);
    let sum = i128::from(units) * 1_000_000_000 + i128::from(nanos);
    let most = if sum < 0 { i64::MIN } else { i64::MAX };
    Ok(Amount(i64::try_from(sum).unwrap_or(most)))
}
