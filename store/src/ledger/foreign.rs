//! What customers and carriers had and have in currencies other than that of the books.

use super::LedgerParty;
use super::balances::{currency, sum};
use crate::database::{Row, Statement, sql};
use crate::{Scope, Store, StoreError};
use rating::{Amount, Currency, Timestamp};

/// Most balances that are told at once.
pub const FOREIGN_BALANCES_MAX: u32 = 10_000;

/// An amount in a currency, and the same in the books, each posting by the rate of its time. `None`:
/// beyond 64 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DatedSum {
    /// In the currency.
    pub amount: Option<Amount>,
    /// In the books.
    pub books: Option<Amount>,
}

/// The balance of a customer or carrier in a currency, over some days. Above zero: what we owe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignBalance {
    /// Whose.
    pub party: LedgerParty,
    /// Its name now; the last one when it is deleted.
    pub name: Option<String>,
    /// The currency.
    pub currency: Currency,
    /// Before the first day.
    pub opening: DatedSum,
    /// What was posted within the days.
    pub moved: DatedSum,
    /// Behind the last day.
    pub closing: DatedSum,
}

impl Store {
    /// The balances of the scope's customers and carriers in other currencies than that of the books,
    /// over the days from `from` up to, and without, `to`, by kind and number: one more than
    /// [`FOREIGN_BALANCES_MAX`] at most.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn ledger_foreign_balances(
        &self,
        scope: &Scope,
        only: Option<Currency>,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<ForeignBalance>, StoreError> {
        let mut list = sql("SELECT a.kind, a.party, MAX(r.name), d.currency");
        for (is_before, column) in [
            (true, "currency_amount"),
            (true, "amount"),
            (false, "currency_amount"),
            (false, "amount"),
        ] {
            sums(&mut list, is_before, column, from);
        }
        sums_of_all(&mut list, "currency_amount");
        sums_of_all(&mut list, "amount");
        list.push(
            " FROM ledger_day d JOIN ledger_account a ON a.id = d.account_id \
             LEFT JOIN resource r ON r.id = a.party AND r.kind = a.kind \
             WHERE a.kind IN ('customer', 'carrier') AND d.currency <> 'USD' AND a.owner = ",
        );
        list.push_bind(scope.tenant().get());
        list.push(" AND d.day < ").push_bind(to);
        if let Some(only) = only {
            list.push(" AND d.currency = ").push_bind(only.as_str());
        }
        list.push(
            " GROUP BY a.kind, a.party, d.currency ORDER BY a.kind, a.party, d.currency LIMIT ",
        );
        list.push_bind(FOREIGN_BALANCES_MAX + 1);
        let rows = list.fetch_all(self.reader()).await?;
        rows.iter().map(balance).collect()
    }
}

/// Whole units and nano-units of the sums before a day, or from it on.
fn sums(list: &mut Statement, is_before: bool, column: &'static str, day: Timestamp) {
    for part in [" / 1000000000", " % 1000000000"] {
        list.push(", CAST(COALESCE(SUM(CASE WHEN d.day ");
        list.push(if is_before { "< " } else { ">= " })
            .push_bind(day);
        list.push(" THEN d.").push(column).push(part);
        list.push(" ELSE 0 END), 0) AS BIGINT)");
    }
}

fn sums_of_all(list: &mut Statement, column: &'static str) {
    for part in [" / 1000000000", " % 1000000000"] {
        list.push(", CAST(COALESCE(SUM(d.").push(column).push(part);
        list.push("), 0) AS BIGINT)");
    }
}

fn balance(row: &Row) -> Result<ForeignBalance, StoreError> {
    let party: i64 = row.get(1)?;
    let dated = |column| {
        Ok::<_, StoreError>(DatedSum {
            amount: sum(row, column)?,
            books: sum(row, column + 2)?,
        })
    };
    Ok(ForeignBalance {
        party: match row.get::<&str>(0)? {
            "customer" => LedgerParty::Customer(party),
            _ => LedgerParty::Carrier(party),
        },
        name: row.get(2)?,
        currency: currency(row.get(3)?)?,
        opening: dated(4)?,
        moved: dated(8)?,
        closing: dated(12)?,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::super::tests::{new_payment, put};
    use super::*;
    use crate::testing::NOON;
    use crate::testing::databases;
    use crate::{LedgerEntryKind, LedgerQuery, TenantId};
    use std::collections::BTreeMap;

    const DAY: i64 = 86_400_000_000;

    /// Payments of three parties in four currencies on twelve days, and what each sum must be, added up
    /// from the postings one by one.
    #[tokio::test]
    async fn sums_are_those_of_the_postings_one_by_one() {
        databases(async |database| {
            let store = database.open().await;
            let parties = [
                LedgerParty::Customer(5),
                LedgerParty::Customer(6),
                LedgerParty::Carrier(5),
            ];
            let rates = [
                ("EUR", "1.1"),
                ("EUR", "1.0842"),
                ("GBP", "1.3"),
                ("JPY", "0.0067"),
                ("USD", "1"),
            ];
            for number in 0..60_i64 {
                let (currency, rate) = rates[number as usize % rates.len()];
                let mut new = new_payment(&format!("p{number}"), (number - 20) * 1_234_567_891 + 7);
                new.party = parties[number as usize % parties.len()];
                new.at = Timestamp(NOON + (number % 12) * DAY);
                new.currency = currency.to_owned().try_into().unwrap();
                new.exchange_rate = rate.parse().unwrap();
                put(&store, &new).await.unwrap();
            }
            let (from, to) = (
                Timestamp(NOON - DAY / 2 + 4 * DAY),
                Timestamp(NOON - DAY / 2 + 9 * DAY),
            );
            let scope = Scope::of_tenant(TenantId::PLATFORM);
            let told = store
                .ledger_foreign_balances(&scope, None, from, to)
                .await
                .unwrap();
            let mut slow: BTreeMap<_, [i64; 4]> = BTreeMap::new();
            let query = LedgerQuery {
                kind: Some(LedgerEntryKind::Payment),
                limit: 500,
                ..LedgerQuery::default()
            };
            let page = store.ledger_entries(&scope, &query).await.unwrap();
            assert_eq!(page.entries.len(), 60);
            let foreign = page
                .entries
                .iter()
                .filter(|it| it.currency != Currency::USD && it.at < to);
            for entry in foreign {
                let sums = slow.entry((entry.party, entry.currency)).or_default();
                let at = if entry.at < from { 0 } else { 2 };
                sums[at] += entry.amount.0;
                sums[at + 1] += entry.books.0;
            }
            let dated = |amount: i64, books: i64| DatedSum {
                amount: Some(Amount(amount)),
                books: Some(Amount(books)),
            };
            assert_eq!(told.len(), slow.len());
            for line in &told {
                let sums = slow[&(line.party, line.currency)];
                assert_eq!(line.opening, dated(sums[0], sums[1]), "{line:?}");
                assert_eq!(line.moved, dated(sums[2], sums[3]), "{line:?}");
                assert_eq!(
                    line.closing,
                    dated(sums[0] + sums[2], sums[1] + sums[3]),
                    "{line:?}"
                );
            }
            let euro = "EUR".to_owned().try_into().unwrap();
            let only = store
                .ledger_foreign_balances(&scope, Some(euro), from, to)
                .await
                .unwrap();
            assert!(!only.is_empty() && only.iter().all(|line| line.currency == euro));
            let other = Scope::of_tenant(TenantId::new(9));
            let none = store
                .ledger_foreign_balances(&other, None, from, to)
                .await
                .unwrap();
            assert_eq!(none, []);
        })
        .await;
    }
}
