//! Lists of entries, newest first.

use super::accounts::LedgerAccountKind;
use super::balances::currency;
use super::{LedgerEntryKind, LedgerParty};
use crate::cdrs::json;
use crate::database::{Row, Statement, sql};
use crate::{Scope, Store, StoreError};
use rating::cdr::CallId;
use rating::exchange::ExchangeRate;
use rating::{Amount, Currency, Timestamp};
use serde_json::Value;

/// Which entries to list; all of what is given must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LedgerQuery {
    /// Only those of this customer or carrier.
    pub party: Option<LedgerParty>,
    /// Only of this kind.
    pub kind: Option<LedgerEntryKind>,
    /// At this time or later.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
    /// Only those behind this one, in the order of the list.
    pub after: Option<LedgerCursor>,
    /// How many, at most.
    pub limit: u32,
}

/// A place in the list, which is ordered by time and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LedgerCursor {
    /// Time of the last entry seen.
    pub at: Timestamp,
    /// Its number.
    pub id: i64,
}

/// Some entries, newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LedgerPage {
    /// The entries.
    pub entries: Vec<LedgerEntry>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<LedgerCursor>,
}

/// An entry as it stands on the account of its customer or carrier.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerEntry {
    /// Its number.
    pub id: i64,
    /// Why it is there.
    pub kind: LedgerEntryKind,
    /// When it counts.
    pub at: Timestamp,
    /// Whose.
    pub party: LedgerParty,
    /// The name of the customer or carrier now.
    pub name: Option<String>,
    /// What its balance gained in the books; lost, below zero.
    pub books: Amount,
    /// The same in its currency.
    pub amount: Amount,
    /// The currency.
    pub currency: Currency,
    /// What a unit of it was worth in the books.
    pub exchange_rate: ExchangeRate,
    /// The call that it is for.
    pub call: Option<CallId>,
    /// The attempt of the call that it is for, from 1.
    pub attempt: Option<u16>,
    /// The entry that it corrects.
    pub corrects: Option<i64>,
    /// What else there is to know; null for calls.
    pub details: Value,
}

const COLUMNS: &str = "SELECT e.id, e.kind, e.at, a.kind, a.party, r.name, p.amount, \
     p.currency_amount, p.currency, p.exchange_rate, e.key, e.corrects, e.details ";

const FROM_ENTRIES: &str = "FROM ledger_entry e JOIN ledger_posting p ON p.entry_id = e.id \
     JOIN ledger_account a ON a.id = p.account_id AND a.kind IN ('customer', 'carrier') \
     LEFT JOIN resource r ON r.id = a.party AND r.kind = a.kind ";

/// The same by way of an account, whose index has the order of the list.
const FROM_ACCOUNT: &str = "FROM ledger_posting b JOIN ledger_entry e ON e.id = b.entry_id \
     JOIN ledger_posting p ON p.entry_id = e.id \
     JOIN ledger_account a ON a.id = p.account_id AND a.kind IN ('customer', 'carrier') \
     LEFT JOIN resource r ON r.id = a.party AND r.kind = a.kind ";

impl Store {
    /// One page of the entries of the scope's books, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn ledger_entries(
        &self,
        scope: &Scope,
        query: &LedgerQuery,
    ) -> Result<LedgerPage, StoreError> {
        let mut entries = match query.kind {
            Some(kind) if !kind.is_of_calls() => {
                let rows = beside_calls(scope, query).fetch_all(self.reader()).await?;
                rows.iter().map(entry).collect::<Result<Vec<_>, _>>()?
            }
            _ => self.entries_by_account(scope, query).await?,
        };
        let more = entries.len() > query.limit as usize;
        entries.truncate(query.limit as usize);
        let next = entries.last().filter(|_| more).map(|last| LedgerCursor {
            at: last.at,
            id: last.id,
        });
        Ok(LedgerPage { entries, next })
    }

    /// Reads the newest of each account that can have them, and merges.
    async fn entries_by_account(
        &self,
        scope: &Scope,
        query: &LedgerQuery,
    ) -> Result<Vec<LedgerEntry>, StoreError> {
        let mut accounts = sql("SELECT id FROM ledger_account WHERE owner = ");
        accounts.push_bind(scope.tenant().get());
        match query.party {
            Some(party) => {
                let key = party.account();
                accounts.push(" AND kind = ").push_bind(key.kind.as_str());
                accounts.push(" AND party = ").push_bind(key.party);
            }
            // Every entry is on one house account. One that has none of the kind would be read
            // whole.
            None => {
                accounts.push(" AND kind IN (");
                let house = LedgerAccountKind::ALL.into_iter();
                let house = house.filter(|kind| match query.kind {
                    Some(LedgerEntryKind::CallCharge | LedgerEntryKind::ChargeCorrection) => {
                        *kind == LedgerAccountKind::Revenue
                    }
                    Some(LedgerEntryKind::AttemptCost | LedgerEntryKind::CostCorrection) => {
                        *kind == LedgerAccountKind::CostOfSales
                    }
                    _ => kind.is_of_house(),
                });
                accounts.push_list(house.map(LedgerAccountKind::as_str));
                accounts.push(")");
            }
        }
        let mut entries = Vec::new();
        for account in accounts.fetch_all(self.reader()).await? {
            let rows = of_account(account.get(0)?, query);
            for row in &rows.fetch_all(self.reader()).await? {
                entries.push(entry(row)?);
            }
        }
        entries.sort_by_key(|entry| std::cmp::Reverse((entry.at, entry.id)));
        Ok(entries)
    }
}

fn of_account(account: i64, query: &LedgerQuery) -> Statement {
    let mut list = sql(COLUMNS);
    list.push(FROM_ACCOUNT);
    list.push("WHERE b.account_id = ").push_bind(account);
    if let Some(kind) = query.kind {
        list.push(" AND e.kind = ").push_bind(kind.as_str());
    }
    within(&mut list, query, ["b.at", "b.entry_id"]);
    list.push(" ORDER BY b.at DESC, b.entry_id DESC LIMIT ");
    list.push_bind(i64::from(query.limit) + 1);
    list
}

/// Entries that are not of calls.
fn beside_calls(scope: &Scope, query: &LedgerQuery) -> Statement {
    let mut list = sql(COLUMNS);
    list.push(FROM_ENTRIES);
    // In these words the index is asked for.
    list.push("WHERE e.kind IN ('payment', 'refund', 'adjustment', 'netting') AND e.owner = ");
    list.push_bind(scope.tenant().get());
    if let Some(kind) = query.kind {
        list.push(" AND e.kind = ").push_bind(kind.as_str());
    }
    if let Some(party) = query.party {
        let key = party.account();
        list.push(" AND a.kind = ").push_bind(key.kind.as_str());
        list.push(" AND a.party = ").push_bind(key.party);
    }
    within(&mut list, query, ["e.at", "e.id"]);
    list.push(" ORDER BY e.at DESC, e.id DESC LIMIT ");
    list.push_bind(i64::from(query.limit) + 1);
    list
}

fn within(list: &mut Statement, query: &LedgerQuery, [at, id]: [&'static str; 2]) {
    if let Some(from) = query.from {
        list.push(" AND ").push(at).push(" >= ").push_bind(from);
    }
    if let Some(to) = query.to {
        list.push(" AND ").push(at).push(" < ").push_bind(to);
    }
    if let Some(after) = query.after {
        list.push(" AND (")
            .push(at)
            .push(", ")
            .push(id)
            .push(") < (");
        list.push_bind(after.at)
            .push(", ")
            .push_bind(after.id)
            .push(")");
    }
}

/// Entries of a party that are not of calls, oldest first, within some days.
pub(super) fn movements(
    scope: &Scope,
    party: LedgerParty,
    from: i64,
    to: i64,
    limit: u32,
) -> Statement {
    let query = LedgerQuery {
        party: Some(party),
        from: Some(Timestamp(from)),
        to: Some(Timestamp(to)),
        limit,
        ..LedgerQuery::default()
    };
    beside_calls(scope, &query)
}

pub(super) fn entry(row: &Row) -> Result<LedgerEntry, StoreError> {
    let kind = LedgerEntryKind::from_name(row.get(1)?);
    let party: i64 = row.get(4)?;
    let (call, attempt) = of_call(row.get(10)?);
    let rate: &str = row.get(9)?;
    let rate = rate.parse();
    let details: Option<&str> = row.get(12)?;
    Ok(LedgerEntry {
        id: row.get(0)?,
        kind: kind.ok_or_else(|| StoreError::column("kind", "no kind of entry"))?,
        at: Timestamp(row.get(2)?),
        party: match row.get::<&str>(3)? {
            "customer" => LedgerParty::Customer(party),
            _ => LedgerParty::Carrier(party),
        },
        name: row.get(5)?,
        books: Amount(row.get(6)?),
        amount: Amount(row.get(7)?),
        currency: currency(row.get(8)?)?,
        exchange_rate: rate.map_err(|error| StoreError::column("exchange_rate", error))?,
        call,
        attempt,
        corrects: row.get(11)?,
        details: details.map_or(Ok(Value::Null), |text| json("ledger_entry", text))?,
    })
}

/// The call and the attempt that a key names.
fn of_call(key: &str) -> (Option<CallId>, Option<u16>) {
    let rest = key.strip_prefix("call:");
    let Some(rest) = rest.or_else(|| key.strip_prefix("rerate:")) else {
        return (None, None);
    };
    let mut parts = rest.split(':');
    let call = parts.next().unwrap_or_default();
    let call = u128::from_str_radix(call, 16).ok().map(CallId);
    let attempt = parts.next().and_then(|attempt| attempt.parse().ok());
    // The charge of a call is no attempt.
    (call, attempt.filter(|attempt| *attempt > 0))
}
