//! Comparing the books with the records of calls, and with themselves.

mod corrections;
mod witness;

use super::DAY_US;
use super::calls::drafts;
use super::draft::Draft;
use crate::cdrs::{behind_id, day_of, dropped_days, first_id, id_text, json, records_behind};
use crate::database::{Row, Transaction, sql};
use crate::{Store, StoreError, TenantId};
use rating::cdr::{CallId, CallRecord};
use std::collections::{BTreeMap, BTreeSet};

/// Records that are compared at a time.
const BATCH_RECORDS: i64 = 1_000;

/// Differences that are told; more are counted.
const DIFFERENCES_MAX: usize = 100;

/// Sorts behind every key of a call, and before that of a later one.
const BEHIND: char = '~';

/// What was compared, and what differs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerVerification {
    /// Records of calls.
    pub calls: u64,
    /// Entries for them.
    pub call_entries: u64,
    /// Corrections of them by re-ratings.
    pub corrections: u64,
    /// Sums of days.
    pub days: u64,
    /// What differs, the first hundred.
    pub differences: Vec<LedgerDifference>,
    /// How many there are.
    pub differences_total: u64,
    /// Postings for calls of days whose records were dropped: nothing is left to compare them with but the sums of all.
    pub dropped: u64,
}

/// Something in the books that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerDifference {
    /// What a record says is not posted, or otherwise.
    #[error("{key}: the record says {expected}, which is not posted")]
    NotPosted {
        /// The key of the entry.
        key: String,
        /// What should be there.
        expected: String,
    },
    /// What is posted is not what any record says.
    #[error("{key}: posted is {posted}, which no record says")]
    NotRecorded {
        /// The key of the entry.
        key: String,
        /// What is there.
        posted: String,
    },
    /// An entry whose postings do not sum to zero.
    #[error("entry {entry}: its postings sum to {sum} nano-units and not to zero")]
    NotBalanced {
        /// Its number.
        entry: i64,
        /// The sum; zero when it has none.
        sum: String,
    },
    /// The identifier of a record says another time than the record: it is looked for in other days.
    #[error(
        "call {call}: its identifier is of another time than its record, which was received at {received_at}"
    )]
    Identifier {
        /// The identifier.
        call: String,
        /// By the record, microseconds.
        received_at: i64,
    },
    /// What the columns of the records sum up to is not what is posted for calls.
    #[error(
        "{kind} {party}: the columns of the records sum up to {recorded} nano-USD, the postings to {posted}"
    )]
    Witness {
        /// What the account is for.
        kind: String,
        /// Its number.
        party: i64,
        /// By the records.
        recorded: String,
        /// By the postings.
        posted: String,
    },
    /// The sum that is kept for a day is another.
    #[error("account {account}, day {day}, {kind}, {currency}: kept is {kept}, posted is {posted}")]
    Day {
        /// Number of the account.
        account: i64,
        /// The day's first microsecond.
        day: i64,
        /// Kind of the entries.
        kind: String,
        /// Currency of the party.
        currency: String,
        /// What is kept: amount in the books, in the currency, and how many entries.
        kept: String,
        /// The same of the postings.
        posted: String,
    },
}

const POSTED: &str = "SELECT e.key, e.kind, a.kind, a.party, p.amount, p.currency, \
     p.currency_amount, p.exchange_rate, p.at FROM ledger_entry e \
     JOIN ledger_posting p ON p.entry_id = e.id JOIN ledger_account a ON a.id = p.account_id WHERE ";

/// A posting as it is compared: the key of the entry, and the rest.
type Line = (String, String);

/// A sum of a day: its place, and amounts.
type Days = BTreeMap<(i64, String, String), (i128, i128, i64)>;

impl LedgerVerification {
    /// Whether nothing differs.
    pub fn is_sound(&self) -> bool {
        self.differences_total == 0
    }

    fn add(&mut self, difference: LedgerDifference) {
        self.differences_total += 1;
        if self.differences.len() < DIFFERENCES_MAX {
            self.differences.push(difference);
        }
    }

    /// The same of calls; of days that were dropped there may be more postings than records.
    fn compare_calls(
        &mut self,
        expected: &BTreeSet<Line>,
        mut posted: BTreeSet<Line>,
        dropped: &BTreeSet<i64>,
    ) {
        if !dropped.is_empty() {
            let before = posted.len();
            posted.retain(|line| expected.contains(line) || !is_of(&line.0, dropped));
            self.dropped += (before - posted.len()) as u64;
        }
        self.compare(expected, &posted);
    }

    /// Adds what one side has and the other has not.
    fn compare(&mut self, expected: &BTreeSet<Line>, posted: &BTreeSet<Line>) {
        for (key, expected) in expected.difference(posted).cloned() {
            self.add(LedgerDifference::NotPosted { key, expected });
        }
        for (key, posted) in posted.difference(expected).cloned() {
            self.add(LedgerDifference::NotRecorded { key, posted });
        }
    }

    fn compare_days(&mut self, account: i64, kept: &Days, posted: &Days) {
        let places: BTreeSet<_> = kept.keys().chain(posted.keys()).collect();
        self.days += places.len() as u64;
        for place in places {
            let (kept, posted) = (kept.get(place), posted.get(place));
            if kept == posted {
                continue;
            }
            let told = |sum: Option<&(i128, i128, i64)>| match sum {
                Some((books, amount, entries)) => format!("{books}, {amount}, {entries} entries"),
                None => "nothing".to_owned(),
            };
            self.add(LedgerDifference::Day {
                account,
                day: place.0,
                kind: place.1.clone(),
                currency: place.2.clone(),
                kept: told(kept),
                posted: told(posted),
            });
        }
    }
}

impl Store {
    /// Compares every record of a call with its entries, corrections with the lines of their re-ratings,
    /// the columns of all records with the accounts, the postings of each entry with zero, and the sums
    /// of the days with the postings. The switch may run meanwhile. It reads all of it, a
    /// part at a time: `progress` is told how many records were compared.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn verify_ledger(
        &self,
        progress: impl FnMut(u64),
    ) -> Result<LedgerVerification, StoreError> {
        let mut found = LedgerVerification::default();
        self.verify_calls((String::new(), BEHIND.to_string()), &mut found, progress)
            .await?;
        self.verify_corrections(&mut found).await?;
        if found.is_sound() {
            // What differs by now differs for this one too.
            self.verify_witness(&mut found).await?;
        }
        self.verify_entries(&mut found).await?;
        self.verify_days(&mut found).await?;
        Ok(found)
    }

    /// Compares the records from one identifier on, before another, with what is posted for them.
    pub(crate) async fn verify_ledger_between(
        &self,
        from: String,
        to: String,
    ) -> Result<LedgerVerification, StoreError> {
        let mut found = LedgerVerification::default();
        self.verify_calls((from, to), &mut found, |_| ()).await?;
        Ok(found)
    }

    async fn verify_calls(
        &self,
        (mut behind, to): (String, String),
        found: &mut LedgerVerification,
        mut progress: impl FnMut(u64),
    ) -> Result<(), StoreError> {
        loop {
            let mut moment = self.reader().begin_moment().await?;
            let dropped = dropped_days(&mut moment).await?;
            let calls = calls_behind(&mut moment, &behind, &to).await?;
            let last = calls.last().map(|(id, ..)| id.clone());
            let posted = posted(&mut moment, &behind, last.as_deref(), &to).await?;
            let expected = calls
                .iter()
                .flat_map(|(_, call, owner)| lines(call, *owner));
            for (id, call, _) in &calls {
                let at = call.received_at;
                if *id < first_id(at) || *id >= behind_id(at) {
                    let (call, received_at) = (id.clone(), at.0);
                    found.add(LedgerDifference::Identifier { call, received_at });
                }
            }
            found.calls += calls.len() as u64;
            found.call_entries += posted.len() as u64 / 2;
            found.compare_calls(&expected.collect(), posted, &dropped);
            progress(found.calls);
            let Some(last) = last else { return Ok(()) };
            behind = last;
        }
    }

    async fn verify_entries(&self, found: &mut LedgerVerification) -> Result<(), StoreError> {
        let unbalanced = sql(
            "SELECT entry_id, CAST(SUM(amount) AS TEXT) FROM ledger_posting GROUP BY entry_id \
             HAVING SUM(amount) <> 0 ORDER BY entry_id",
        );
        let empty = sql("SELECT e.id, '0' FROM ledger_entry e WHERE NOT EXISTS \
             (SELECT 1 FROM ledger_posting p WHERE p.entry_id = e.id) ORDER BY e.id");
        for query in [unbalanced, empty] {
            for row in query.fetch_all(self.reader()).await? {
                let (entry, sum) = (row.get(0)?, row.get(1)?);
                found.add(LedgerDifference::NotBalanced { entry, sum });
            }
        }
        Ok(())
    }

    async fn verify_days(&self, found: &mut LedgerVerification) -> Result<(), StoreError> {
        let accounts = sql(
            "SELECT DISTINCT account_id FROM ledger_day UNION SELECT id FROM ledger_account ORDER BY 1",
        );
        for row in accounts.fetch_all(self.reader()).await? {
            let account: i64 = row.get(0)?;
            let mut moment = self.reader().begin_moment().await?;
            let kept = sql(
                "SELECT day, kind, currency, amount / 1000000000, amount % 1000000000, \
                 currency_amount / 1000000000, currency_amount % 1000000000, entries \
                 FROM ledger_day WHERE account_id = $1",
            );
            let posted = sql("SELECT p.at - p.at % $1, e.kind, p.currency, \
                 CAST(SUM(p.amount / 1000000000) AS BIGINT), \
                 CAST(SUM(p.amount % 1000000000) AS BIGINT), \
                 CAST(SUM(p.currency_amount / 1000000000) AS BIGINT), \
                 CAST(SUM(p.currency_amount % 1000000000) AS BIGINT), COUNT(*) FROM ledger_posting p \
                 JOIN ledger_entry e ON e.id = p.entry_id WHERE p.account_id = $2 GROUP BY 1, 2, 3");
            let kept = days(&kept.bind(account).fetch_all(&mut moment).await?)?;
            let posted = posted.bind(DAY_US).bind(account);
            let posted = days(&posted.fetch_all(&mut moment).await?)?;
            found.compare_days(account, &kept, &posted);
        }
        Ok(())
    }
}

/// Some records behind an identifier, in the order of the identifiers.
async fn calls_behind(
    moment: &mut Transaction,
    behind: &str,
    to: &str,
) -> Result<Vec<(String, CallRecord, TenantId)>, StoreError> {
    let rows = records_behind(moment, "id, owner, record", behind, to, BATCH_RECORDS).await?;
    let read = |row: &Row| {
        let call = json("cdr", row.get(2)?)?;
        Ok((row.get(0)?, call, TenantId::new(row.get(1)?)))
    };
    rows.iter().map(read).collect()
}

/// Whether an entry is for a call of one of some days.
fn is_of(key: &str, days: &BTreeSet<i64>) -> bool {
    let id = key.split(':').nth(1).unwrap_or_default();
    u128::from_str_radix(id, 16).is_ok_and(|id| days.contains(&day_of(CallId(id))))
}

/// What is posted for calls behind an identifier, up to another; without that, all before the end.
async fn posted(
    moment: &mut Transaction,
    behind: &str,
    last: Option<&str>,
    end: &str,
) -> Result<BTreeSet<Line>, StoreError> {
    // A whole identifier has entries whose keys go on; what identifiers begin with has none.
    let whole = behind.len() == id_text(CallId(0)).len();
    let from = format!("call:{behind}{}", if whole { "~" } else { "" });
    let to = last.map_or_else(
        || format!("call:{end}"),
        |last| format!("call:{last}{BEHIND}"),
    );
    let mut list = sql(POSTED);
    list.push("e.key > ").push_bind(from);
    list.push(" AND e.key < ").push_bind(to);
    let rows = list.fetch_all(moment).await?;
    rows.iter().map(posted_line).collect()
}

/// What is posted under some keys.
async fn posted_of(
    moment: &mut Transaction,
    keys: &[String],
) -> Result<BTreeSet<Line>, StoreError> {
    let mut list = sql(POSTED);
    list.push("e.key IN (").push_list(keys.iter()).push(")");
    let rows = list.fetch_all(moment).await?;
    rows.iter().map(posted_line).collect()
}

fn posted_line(row: &Row) -> Result<Line, StoreError> {
    let line = Compared {
        entry: row.get(1)?,
        account: row.get(2)?,
        party: row.get(3)?,
        books: row.get(4)?,
        currency: row.get(5)?,
        amount: row.get(6)?,
        rate: row.get(7)?,
        at: row.get(8)?,
    };
    Ok((row.get(0)?, line.to_string()))
}

/// What should be posted for a call.
fn lines(call: &CallRecord, owner: TenantId) -> Vec<Line> {
    drafts(call, owner).iter().flat_map(lines_of).collect()
}

/// Both postings of an entry.
fn lines_of(draft: &Draft) -> [Line; 2] {
    draft.postings().map(|posting| {
        let line = Compared {
            entry: draft.kind.as_str(),
            account: posting.account.kind.as_str(),
            party: posting.account.party,
            books: posting.books,
            currency: draft.money.currency.as_str(),
            amount: posting.amount,
            rate: &draft.money.rate.to_string(),
            at: draft.at.0,
        };
        (draft.key.clone(), line.to_string())
    })
}

/// All of a posting that a record determines.
struct Compared<'a> {
    entry: &'a str,
    account: &'a str,
    party: i64,
    books: i64,
    currency: &'a str,
    amount: i64,
    rate: &'a str,
    at: i64,
}

impl std::fmt::Display for Compared<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            entry,
            account,
            party,
            books,
            currency,
            amount,
            rate,
            at,
        } = self;
        write!(
            f,
            "{entry} of {books} nano-USD ({amount} of {currency} at {rate}) on {account} {party} at {at}"
        )
    }
}

/// Sums by their places; a day may have several rows.
fn days(rows: &[Row]) -> Result<Days, StoreError> {
    let mut days = Days::new();
    for row in rows {
        let place = (row.get(0)?, row.get(1)?, row.get(2)?);
        let sum = days.entry(place).or_default();
        sum.0 += whole(row, 3)?;
        sum.1 += whole(row, 5)?;
        sum.2 += row.get::<i64>(7)?;
    }
    Ok(days)
}

/// A sum from its units and nano-units, which are in two columns.
fn whole(row: &Row, column: usize) -> Result<i128, StoreError> {
    let units: i64 = row.get(column)?;
    let nanos: i64 = row.get(column + 1)?;
    Ok(i128::from(units) * 1_000_000_000 + i128::from(nanos))
}
