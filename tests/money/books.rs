//! The records written by the journal, loaded, and read from the tables.

use call_control::journal::{Journal, JournalConfig};
use rating::cdr::{AppliedRate, CallId, CallRecord, Charge, JournalEntry};
use rating::journal::BootId;
use rating::{Amount, Timestamp};
use std::collections::BTreeMap;
use store::testing::TestDatabase;
use store::{
    CdrParty, LedgerEntry, LedgerParty, LedgerQuery, Loader, LoaderConfig, Scope, Store, TenantId,
};

/// A database that has loaded calls.
pub(crate) struct Books {
    store: Store,
    entries: BTreeMap<(CallId, Option<u16>), LedgerEntry>,
    _database: TestDatabase,
}

const SCOPE: Scope = Scope::of_tenant(TenantId::PLATFORM);

impl Books {
    pub(crate) async fn of(records: &[CallRecord]) -> Self {
        let database = TestDatabase::sqlite();
        let store = database.open().await;
        let folder = database.folder().join("journal");
        write(&folder, records);
        let mut loader = Loader::new(store.clone(), LoaderConfig::new(folder, BootId(2)));
        let recovery = loader.recover().await.unwrap();
        assert_eq!(recovery.loaded, records.len() as u64);
        let query = LedgerQuery {
            limit: u32::MAX,
            ..LedgerQuery::default()
        };
        let page = store.ledger_entries(&SCOPE, &query).await.unwrap();
        let entries = page.entries.into_iter();
        let entries = entries.map(|entry| ((entry.call.unwrap(), entry.attempt), entry));
        Self {
            entries: entries.collect(),
            store,
            _database: database,
        }
    }

    /// Both sides of each call: as it was charged, as it is charged again, as it is posted.
    pub(crate) async fn are_the_records(&self, records: &[CallRecord]) {
        let mut posted = 0;
        for live in records {
            let found = self.store.cdr(&SCOPE, CdrParty::Staff, live.id).await;
            let (_, kept) = found.unwrap().expect("a record is never lost");
            assert_eq!(&kept, live, "a record is never changed");
            if let (Some(rate), Some(customer)) = (&kept.rate, &kept.customer) {
                let again = kept.charge_by(rate).unwrap();
                assert_eq!(again, live.charge, "rated again: {rate:?}");
                let party = LedgerParty::Customer(customer.id);
                posted += self.is_posted((kept.id, None), party, rate, live.charge, -1);
            }
            for (attempt, live) in kept.attempts.iter().zip(&live.attempts) {
                let again = attempt.cost_by(&attempt.rate).unwrap();
                assert_eq!(again, live.cost, "rated again: {:?}", attempt.rate);
                let party = LedgerParty::Carrier(attempt.carrier.id);
                let key = (kept.id, Some(attempt.number));
                posted += self.is_posted(key, party, &attempt.rate, live.cost, 1);
            }
        }
        assert_eq!(posted, self.entries.len(), "nothing else is posted");
        let verified = self.store.verify_ledger(|_| ()).await.unwrap();
        assert!(verified.is_sound(), "{verified:?}");
    }

    /// An amount is posted as it is, or not at all when it is nothing; gives how many entries it has.
    fn is_posted(
        &self,
        key: (CallId, Option<u16>),
        party: LedgerParty,
        rate: &AppliedRate,
        charge: Charge,
        sign: i64,
    ) -> usize {
        let Some(entry) = self.entries.get(&key) else {
            assert_eq!(charge.amount, Amount::ZERO, "{key:?} is not posted");
            return 0;
        };
        let books = rate.exchange_rate.to_books(charge.amount).unwrap();
        assert_eq!(entry.party, party);
        assert_eq!(entry.amount, Amount(sign * charge.amount.0));
        assert_eq!(entry.books, Amount(sign * books.0));
        assert_eq!(entry.currency, rate.currency);
        assert_eq!(entry.exchange_rate, rate.exchange_rate);
        1
    }

    /// What the postings of each customer and carrier sum up to.
    pub(crate) fn balances(&self) -> BTreeMap<(&'static str, i64), i128> {
        let mut balances = BTreeMap::new();
        for entry in self.entries.values() {
            let party = match entry.party {
                LedgerParty::Customer(id) => ("customer", id),
                LedgerParty::Carrier(id) => ("carrier", id),
            };
            *balances.entry(party).or_default() += i128::from(entry.books.0);
        }
        balances
    }
}

/// Writes records as a shard does, and ends cleanly.
fn write(folder: &std::path::Path, records: &[CallRecord]) {
    let mut config = JournalConfig::new(folder.to_owned(), "fra-1".into(), BootId(1), 1);
    config.min_free_bytes = 0;
    let (_journal, mut writers) = Journal::open(config).unwrap();
    let mut writer = writers.remove(0);
    for record in records {
        writer.append(&JournalEntry::Ended(record.clone())).unwrap();
    }
    let now = Timestamp(records.last().unwrap().ended_at.0);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(120);
    while !writer.available() && std::time::Instant::now() < deadline {
        writer.touch(now);
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    assert_eq!(writer.close(now), 0, "all of them are in the segments");
}
