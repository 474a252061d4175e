//! Reading and comparing a deck: a job of the durable queue.

use super::outcome::{self, DeckChange, DeckDoubt, DeckImportResult, DeckRejection, MOMENTS_MAX};
use super::{CHANGES, DOUBTS, DeckSettings, PAGE_ITEMS, REJECTIONS, alone, card_of, table_of};
use crate::clock;
use crate::containment::Panicked;
use crate::jobs::{JobFailure, JobFuture, JobHandler, JobRun};
use crate::resource_engine::{Entry, Key};
use crate::state::AppState;
use rate_deck::difference::{Difference, compare};
use rate_deck::{Doubts, Rejections, Table, export, read};
use rating::Timestamp;
use resources::{ResourceKind, ResourceSpec};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use store::{DeckImportRead, DeckImportRow, DeckImportState, READ_DECK_JOB, Scope};

/// Reading, comparing and writing down; millions of rows take less than a minute.
const READ_TIMEOUT: Duration = Duration::from_secs(900);

/// How often the job tells how far it is.
const TELL_INTERVAL: Duration = Duration::from_millis(500);

/// Pages that are made into text at a time.
const PAGES_AT_ONCE: usize = 50;

/// Reads decks, one at a time on a node: each may take a few hundred megabytes.
pub struct ReadDeck {
    state: AppState,
}

#[derive(Deserialize)]
struct Payload {
    import: i64,
    revision: u64,
}

/// Why a deck is not ready to be looked at.
#[derive(Debug)]
enum Unread {
    /// The file, or the card: the import has failed, the job is done.
    Refused(String),
    /// The job.
    Failed(JobFailure),
}

/// What was found, before it is written down.
struct Found {
    result: DeckImportResult,
    rates: String,
    rejections: Rejections,
    difference: Difference,
    before: Table,
}

impl ReadDeck {
    /// Reads for the cards of that state.
    pub fn new(state: AppState) -> Self {
        Self { state }
    }

    async fn read(&self, run: &JobRun) -> Result<(), JobFailure> {
        let Payload { import, revision } = run.payload()?;
        let scope = Scope::of_tenant(run.job.tenant);
        let row = self.state.store.deck_import(&scope, import).await?;
        let is_due =
            |row: &DeckImportRow| row.state == DeckImportState::Reading && row.revision == revision;
        let Some(row) = row.filter(is_due) else {
            return Ok(());
        };
        let (reason, failure) = match self.read_row(run, &scope, &row).await {
            Ok(()) => return Ok(()),
            Err(Unread::Refused(reason)) => (reason, None),
            Err(Unread::Failed(failure)) => {
                let is_last = run.attempt >= run.job.attempts_max;
                let reason = match &failure {
                    JobFailure::Cancelled { by } => format!("{by} has cancelled it."),
                    JobFailure::GiveUp(reason) => reason.clone(),
                    JobFailure::Retry(reason) if is_last => reason.clone(),
                    _ => return Err(failure),
                };
                (reason, Some(failure))
            }
        };
        let noted = self
            .state
            .store
            .deck_import_failed(import, revision, &reason, clock::now());
        noted.await?;
        failure.map_or(Ok(()), Err)
    }

    async fn read_row(
        &self,
        run: &JobRun,
        scope: &Scope,
        row: &DeckImportRow,
    ) -> Result<(), Unread> {
        let guard = Arc::clone(&self.state.deck_work).lock_owned().await;
        let store = &self.state.store;
        let Some(file) = store.deck_import_file(row.id, row.revision).await? else {
            return Ok(());
        };
        run.progress(0, None, "rows read").await?;
        let entry = self.card(scope, row.card_id).await?;
        let settings = serde_json::from_value(row.settings.clone());
        let settings = settings.map_err(|error| Unread::Failed(JobFailure::give_up(&error)))?;
        let (card, count) = (Arc::clone(&entry), Arc::new(AtomicU64::new(0)));
        let work = {
            let count = Arc::clone(&count);
            move || found(&file, &settings, &card, clock::now(), &count)
        };
        // Not before the lists are written: what was found is as large as what was read.
        let (found, _guard) = told(run, &count, alone(guard, work)).await?;
        let found = found.map_err(Unread::Refused)?;
        let (list, id) = (
            Lists {
                run,
                id: row.id,
                state: &self.state,
            },
            row.id,
        );
        store.clear_deck_import_pages(id).await?;
        list.put(REJECTIONS, &found.rejections.listed, |it| {
            Some(DeckRejection::new(it))
        })
        .await?;
        let Doubts { listed, .. } = &found.difference.doubts;
        list.put(DOUBTS, listed, |it| Some(DeckDoubt::new(it)))
            .await?;
        let (before, after) = (&found.before, &found.difference.table);
        let change = |it: &_| DeckChange::new(it, before, after);
        list.put(CHANGES, &found.difference.changes, change).await?;
        let outcome = serde_json::to_value(&found.result);
        let read = DeckImportRead {
            card_version: entry.version,
            card_deck: entry.deck_hash.clone(),
            outcome: outcome.map_err(|error| Unread::Failed(JobFailure::give_up(&error)))?,
            rates: found.rates,
        };
        let ready = store.deck_import_read(id, row.revision, &read, clock::now());
        Ok(ready.await?)
    }

    async fn card(&self, scope: &Scope, id: i64) -> Result<Arc<Entry>, Unread> {
        let row = self.state.store.resource(scope, id).await?;
        let row = row.filter(|row| row.deleted_at.is_none());
        let gone = || Unread::Refused("The rate card is gone.".to_owned());
        let key = Key::new(
            scope.tenant(),
            ResourceKind::RateCard,
            &row.ok_or_else(gone)?.name,
        );
        let in_force = self.state.configuration.in_force();
        in_force.get(&key).cloned().ok_or_else(gone)
    }
}

impl JobHandler for ReadDeck {
    fn kind(&self) -> &'static str {
        READ_DECK_JOB
    }

    fn timeout(&self) -> Duration {
        READ_TIMEOUT
    }

    fn run<'a>(&'a self, run: &'a JobRun) -> JobFuture<'a> {
        Box::pin(self.read(run))
    }
}

/// Waits for work on a thread of its own, and tells meanwhile how far it is.
async fn told<T>(
    run: &JobRun,
    count: &AtomicU64,
    work: impl Future<Output = Result<T, Panicked>>,
) -> Result<T, Unread> {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => {
                let panicked = |_| Unread::Failed(JobFailure::GiveUp("Reading has failed.".to_owned()));
                return done.map_err(panicked);
            }
            () = tokio::time::sleep(TELL_INTERVAL) => {
                run.progress(count.load(Ordering::Relaxed), None, "rows read").await?;
            }
        }
    }
}

/// Reads a file and compares it with a card; the error is for who sent the file.
fn found(
    file: &[u8],
    settings: &DeckSettings,
    entry: &Entry,
    now: Timestamp,
    count: &AtomicU64,
) -> Result<Found, String> {
    let ResourceSpec::RateCard(card) = &entry.spec else {
        return Err("The resource is no rate card.".to_owned());
    };
    let mut progress = |rows| count.store(rows, Ordering::Relaxed);
    let reading = read(file, &settings.mapping, &card_of(card), &mut progress);
    let reading = reading.map_err(|error| format!("Nothing can be taken: {error}."))?;
    let before = entry.deck.as_deref().map(table_of).unwrap_or_default();
    let mut difference = compare(&before, &reading, &settings.policy, now);
    if let Some((_, error)) = difference.table.too_many_origins() {
        return Err(format!(
            "With the rates that stay, the card would have too many: {error}."
        ));
    }
    let (records, rejected) = (reading.records, reading.rejections.count);
    let result = DeckImportResult::new(records, rejected, &difference, now);
    let result = result.ok_or_else(|| {
        format!("The deck changes rates at more than {MOMENTS_MAX} moments: look at its dates.")
    })?;
    outcome::list(&mut difference.changes);
    let mut rates = Vec::new();
    export::csv(&difference.table, &mut rates).map_err(|error| error.to_string())?;
    Ok(Found {
        result,
        rates: String::from_utf8(rates).map_err(|error| error.to_string())?,
        rejections: reading.rejections,
        difference,
        before,
    })
}

/// Writes lists down.
struct Lists<'r> {
    run: &'r JobRun,
    id: i64,
    state: &'r AppState,
}

impl Lists<'_> {
    async fn put<T, S: Serialize>(
        &self,
        list: &str,
        items: &[T],
        shown: impl Fn(&T) -> Option<S>,
    ) -> Result<(), Unread> {
        let text = |page: &[T]| {
            let shown: Vec<_> = page.iter().filter_map(&shown).collect();
            serde_json::to_string(&shown)
        };
        let stretch = PAGE_ITEMS as usize * PAGES_AT_ONCE;
        for (stretch, number) in items.chunks(stretch).zip((0..).step_by(PAGES_AT_ONCE)) {
            let pages = stretch.chunks(PAGE_ITEMS as usize).map(text);
            let pages: Result<Vec<_>, _> = pages.collect();
            let pages = pages.map_err(|error| Unread::Failed(JobFailure::give_up(&error)))?;
            let put = self
                .state
                .store
                .put_deck_import_pages(self.id, list, number, &pages);
            put.await?;
            let done = u64::from(number) * u64::from(PAGE_ITEMS);
            let total = Some(items.len() as u64);
            self.run.progress(done, total, "findings written").await?;
        }
        Ok(())
    }
}

impl From<JobFailure> for Unread {
    fn from(failure: JobFailure) -> Self {
        Self::Failed(failure)
    }
}

impl From<store::StoreError> for Unread {
    fn from(error: store::StoreError) -> Self {
        Self::Failed(error.into())
    }
}
