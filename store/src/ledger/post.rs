//! Writing entries, their postings and the sums of the days.

use super::accounts::{AccountKey, Accounts};
use super::day_of;
use super::draft::{Draft, LedgerEntryKind, Posting};
use crate::database::{Transaction, Value, insert_rows, sql};
use crate::{StoreError, TenantId};
use rating::Currency;
use std::collections::{BTreeMap, HashMap, HashSet};

const ENTRY_BINDS: usize = 6;
const POSTING_BINDS: usize = 7;
const DAY_BINDS: usize = 8;

/// A sum that is kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct DayKey {
    account: i64,
    day: i64,
    kind: LedgerEntryKind,
    currency: Currency,
}

/// The same as the table has it: account, day, kind and currency.
type Place = (i64, i64, String, String);

impl DayKey {
    fn place(&self) -> Place {
        let (kind, currency) = (self.kind.as_str(), self.currency.as_str());
        (self.account, self.day, kind.to_owned(), currency.to_owned())
    }
}

#[derive(Clone, Copy, Default)]
struct DaySum {
    books: i64,
    amount: i64,
    entries: i64,
}

/// Posts entries whose keys are new; gives how many. `owners` has those of customers and carriers
/// that are known; the account of another is the entry's owner's.
pub(super) async fn post(
    transaction: &mut Transaction,
    drafts: &[Draft],
    owners: &HashMap<i64, TenantId>,
) -> Result<u64, StoreError> {
    if drafts.is_empty() {
        return Ok(0);
    }
    let accounts = Accounts::of(transaction, &wanted(drafts, owners)).await?;
    let new = insert_entries(transaction, drafts).await?;
    let mut postings = Vec::with_capacity(new.len() * 2);
    for (id, draft) in &new {
        for posting in draft.postings() {
            postings.push((*id, *draft, accounts.id(posting.account)?, posting));
        }
    }
    insert_postings(transaction, &postings).await?;
    add_to_days(transaction, days(&postings)).await?;
    Ok(new.len() as u64)
}

/// The accounts of entries, with their owners.
fn wanted(drafts: &[Draft], owners: &HashMap<i64, TenantId>) -> BTreeMap<AccountKey, TenantId> {
    let mut wanted = BTreeMap::new();
    for draft in drafts {
        for key in [draft.to, draft.from] {
            let owner = match key.kind.is_of_house() {
                true => None,
                false => owners.get(&key.party).copied(),
            };
            wanted
                .entry(key)
                .or_insert_with(|| owner.unwrap_or(draft.owner));
        }
    }
    wanted
}

/// Inserts entries; gives the new ones with their numbers.
async fn insert_entries<'a>(
    transaction: &mut Transaction,
    drafts: &'a [Draft],
) -> Result<Vec<(i64, &'a Draft)>, StoreError> {
    let row = |draft: &Draft| -> [Value; ENTRY_BINDS] {
        [
            draft.owner.get().into(),
            draft.kind.as_str().into(),
            (&draft.key).into(),
            draft.at.into(),
            draft.corrects.into(),
            draft.details.clone().into(),
        ]
    };
    let insert = sql("INSERT INTO ledger_entry (owner, kind, key, at, corrects, details) ");
    let unless_there = " ON CONFLICT (key) DO NOTHING RETURNING key, id";
    let rows = drafts.iter().map(row).collect();
    let rows = insert_rows(transaction, &insert, rows, unless_there).await?;
    let mut ids: HashMap<String, i64> = HashMap::with_capacity(rows.len());
    for row in &rows {
        ids.insert(row.get(0)?, row.get(1)?);
    }
    // A key that stands twice among them is posted for the first.
    let new = drafts
        .iter()
        .filter_map(|draft| Some((ids.remove(&draft.key)?, draft)));
    Ok(new.collect())
}

async fn insert_postings(
    transaction: &mut Transaction,
    postings: &[(i64, &Draft, i64, Posting)],
) -> Result<(), StoreError> {
    let row = |(entry, draft, account, posting): &(i64, &Draft, i64, Posting)| {
        [
            (*entry).into(),
            (*account).into(),
            draft.at.into(),
            posting.books.into(),
            draft.money.currency.as_str().into(),
            posting.amount.into(),
            draft.money.rate.to_string().into(),
        ]
    };
    let rows: Vec<[Value; POSTING_BINDS]> = postings.iter().map(row).collect();
    let insert = sql(
        "INSERT INTO ledger_posting (entry_id, account_id, at, amount, currency, \
         currency_amount, exchange_rate) ",
    );
    insert_rows(transaction, &insert, rows, "").await?;
    Ok(())
}

/// What the postings add to the sums of the days, in an order that all writers have: two of them
/// never wait for each other. Each part fits 64 bits; nearly always there is one.
fn days(postings: &[(i64, &Draft, i64, Posting)]) -> BTreeMap<DayKey, Vec<DaySum>> {
    let mut days: BTreeMap<DayKey, Vec<DaySum>> = BTreeMap::new();
    for (_, draft, account, posting) in postings {
        let key = DayKey {
            account: *account,
            day: day_of(draft.at),
            kind: draft.kind,
            currency: draft.money.currency,
        };
        let sums = days.entry(key).or_default();
        let last = sums.last().copied().unwrap_or_default();
        match last.and(posting) {
            Some(sum) => {
                sums.pop();
                sums.push(sum);
            }
            None => sums.extend(DaySum::default().and(posting)),
        }
    }
    days
}

impl DaySum {
    /// With a posting more; `None` when that does not fit.
    fn and(self, posting: &Posting) -> Option<Self> {
        Some(Self {
            books: self.books.checked_add(posting.books)?,
            amount: self.amount.checked_add(posting.amount)?,
            entries: self.entries + 1,
        })
    }
}

async fn add_to_days(
    transaction: &mut Transaction,
    mut days: BTreeMap<DayKey, Vec<DaySum>>,
) -> Result<(), StoreError> {
    while !days.is_empty() {
        // One of each: a statement changes a row once.
        let mut round: Vec<(DayKey, DaySum)> = Vec::with_capacity(days.len());
        days.retain(|key, sums| {
            round.extend(sums.pop().map(|sum| (*key, sum)));
            !sums.is_empty()
        });
        let mut part = 0;
        while !round.is_empty() {
            let added = add_to_part(transaction, &round, part).await?;
            round.retain(|(key, _)| !added.contains(&key.place()));
            part += 1;
        }
    }
    Ok(())
}

/// Adds sums to a part of their days; gives where there was room for them.
async fn add_to_part(
    transaction: &mut Transaction,
    sums: &[(DayKey, DaySum)],
    part: i64,
) -> Result<HashSet<Place>, StoreError> {
    let insert = sql(
        "INSERT INTO ledger_day (account_id, day, kind, currency, part, amount, \
         currency_amount, entries) ",
    );
    let row = |(key, sum): &(DayKey, DaySum)| -> [Value; DAY_BINDS] {
        [
            key.account.into(),
            key.day.into(),
            key.kind.as_str().into(),
            key.currency.as_str().into(),
            part.into(),
            sum.books.into(),
            sum.amount.into(),
            sum.entries.into(),
        ]
    };
    let rows = sums.iter().map(row).collect();
    let rows = insert_rows(transaction, &insert, rows, ADD_TO_DAY).await?;
    rows.iter()
        .map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .collect()
}

/// Halves are added to ask: the whole might not fit.
const ADD_TO_DAY: &str = " ON CONFLICT (account_id, day, kind, currency, part) DO UPDATE SET \
         amount = ledger_day.amount + excluded.amount, \
         currency_amount = ledger_day.currency_amount + excluded.currency_amount, \
         entries = ledger_day.entries + excluded.entries \
         WHERE ledger_day.amount / 2 + excluded.amount / 2 \
           BETWEEN -4500000000000000000 AND 4500000000000000000 \
         AND ledger_day.currency_amount / 2 + excluded.currency_amount / 2 \
           BETWEEN -4500000000000000000 AND 4500000000000000000 \
         RETURNING account_id, day, kind, currency";
