//! The job that makes a preview.

use super::rating::rated;
use super::sums::Sums;
use super::{Asked, RERATED_CALLS_MAX};
use crate::clock;
use crate::containment::{self, Part};
use crate::jobs::{JobFailure, JobFuture, JobHandler, JobRun};
use crate::resource_engine::Against;
use crate::state::AppState;
use crate::values::CallIdText;
use rating::cdr::CallRecord;
use routing_engine::Snapshot;
use routing_engine::card_rates::CardRates;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::time::Duration;
use store::{
    CdrCursor, RERATING_PREVIEW_JOB, ReratedCalls, ReratingLine, ReratingRow, ReratingRun,
    ReratingState, Scope,
};

/// A million calls take some minutes.
const PREVIEW_TIMEOUT: Duration = Duration::from_secs(3_600);

/// Calls that are read at a time.
const BATCH_CALLS: u32 = 1_000;

/// Rates calls once more and keeps what differs.
pub struct PreviewRerating {
    state: AppState,
}

#[derive(Deserialize)]
pub(super) struct Payload {
    pub(super) rerating: i64,
}

/// Why there is no preview.
enum NoPreview {
    /// What was asked for: the re-rating has failed, the job is done.
    Refused(String),
    /// The job.
    Failed(JobFailure),
}

impl PreviewRerating {
    /// Rates the calls of that state.
    pub fn new(state: AppState) -> Self {
        Self { state }
    }

    async fn preview(&self, run: &JobRun) -> Result<(), JobFailure> {
        let Payload { rerating } = run.payload()?;
        let scope = Scope::of_tenant(run.job.tenant);
        let store = &self.state.store;
        let row = store.rerating(&scope, rerating).await?;
        let Some(row) = row.filter(|row| row.state == ReratingState::Previewing) else {
            return Ok(());
        };
        let Some(making) = store.begin_rerating_preview(row.id, clock::now()).await? else {
            return Ok(());
        };
        let (reason, failure) = match self.preview_row(run, &scope, &row, making).await {
            Ok(()) => return Ok(()),
            Err(NoPreview::Refused(reason)) => (reason, None),
            Err(NoPreview::Failed(failure)) => {
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
        store.rerating_failed(making, &reason, clock::now()).await?;
        failure.map_or(Ok(()), Err)
    }

    async fn preview_row(
        &self,
        run: &JobRun,
        scope: &Scope,
        row: &ReratingRow,
        making: ReratingRun,
    ) -> Result<(), NoPreview> {
        let store = &self.state.store;
        run.progress(0, None, "calls rated").await?;
        let asked: Asked = serde_json::from_value(row.asked.clone())
            .map_err(|error| NoPreview::Failed(JobFailure::give_up(&error)))?;
        let snapshot = self.snapshot(scope, &asked).await?;
        let cards = CardRates::new(&snapshot);
        let mut sums = Sums::default();
        let mut after = None;
        loop {
            let calls = self.calls(scope, &asked, after).await?;
            let Some(last) = calls.last() else { break };
            after = Some(CdrCursor {
                received_at: last.received_at,
                id: last.id,
            });
            sums.add_calls(calls.len());
            if sums.calls() > RERATED_CALLS_MAX {
                let reason = format!(
                    "These are more than {RERATED_CALLS_MAX} calls: choose a shorter time."
                );
                return Err(NoPreview::Refused(reason));
            }
            let ids: Vec<_> = calls.iter().map(|call| call.id).collect();
            let before = store.rerated_before(&ids).await?;
            let mut lines: Vec<ReratingLine> = Vec::new();
            for call in &calls {
                for rated in rated(&asked, call, &cards, &before) {
                    sums.add(CallIdText(call.id), &rated);
                    lines.extend(rated.line.ok().filter(|line| line.was != line.now));
                }
            }
            if !store.add_rerating_lines(making, &lines).await? {
                // Another node makes it now.
                return Ok(());
            }
            run.progress(sums.calls(), None, "calls rated").await?;
        }
        let used: Vec<i64> = sums.cards().collect();
        let rates = rates_of(Arc::clone(&snapshot), used).await;
        let rates = rates.ok_or_else(|| {
            NoPreview::Failed(JobFailure::Retry("the rates could not be read".into()))
        })?;
        let outcome = serde_json::to_value(sums.finish())
            .map_err(|error| NoPreview::Failed(JobFailure::give_up(&error)))?;
        store
            .rerating_ready(making, &rates, &outcome, clock::now())
            .await?;
        Ok(())
    }

    async fn calls(
        &self,
        scope: &Scope,
        asked: &Asked,
        after: Option<CdrCursor>,
    ) -> Result<Vec<CallRecord>, NoPreview> {
        let (from, to) = asked.times();
        let query = ReratedCalls {
            party: asked.party(),
            from,
            to,
            after,
            limit: BATCH_CALLS,
        };
        Ok(self.state.store.rerated_calls(scope, &query).await?)
    }

    /// What the calls are rated by.
    async fn snapshot(&self, scope: &Scope, asked: &Asked) -> Result<Arc<Snapshot>, NoPreview> {
        let against = match (asked.snapshot, asked.change_set) {
            (Some(number), _) => Against::Snapshot(number),
            (None, None) => Against::Live,
            (None, Some((id, revision))) => {
                let row = self.state.store.change_set(scope, id).await?;
                let row = row.filter(|row| row.revision == revision);
                let changed = || {
                    NoPreview::Refused(format!(
                        "Change set {id} was changed at the same time: ask once more."
                    ))
                };
                Against::ChangeSet(Box::new(row.ok_or_else(changed)?))
            }
        };
        let (configuration, switch) = (&self.state.configuration, &*self.state.switch);
        let snapshot = configuration.snapshot_against(scope, against, switch).await;
        snapshot.map_err(|error| NoPreview::Refused(error.to_string()))
    }
}

/// What the rates of some cards are known by: another text of any of them gives another. `None` when that could
/// not be found out, which is like nothing else.
pub(crate) async fn rates_of(snapshot: Arc<Snapshot>, cards: Vec<i64>) -> Option<String> {
    let hash = containment::on_blocking_thread(Part::Task, move || {
        let rates = CardRates::new(&snapshot);
        let mut hash = Sha256::new();
        for card in cards {
            rates.texts_of(card, |text| {
                hash.update(text);
                hash.update("\n");
            });
        }
        crate::hex::encode(&hash.finalize())
    });
    hash.await.ok()
}

impl JobHandler for PreviewRerating {
    fn kind(&self) -> &'static str {
        RERATING_PREVIEW_JOB
    }

    fn timeout(&self) -> Duration {
        PREVIEW_TIMEOUT
    }

    fn run<'a>(&'a self, run: &'a JobRun) -> JobFuture<'a> {
        Box::pin(self.preview(run))
    }
}

impl From<JobFailure> for NoPreview {
    fn from(failure: JobFailure) -> Self {
        Self::Failed(failure)
    }
}

impl From<store::StoreError> for NoPreview {
    fn from(error: store::StoreError) -> Self {
        Self::Failed(error.into())
    }
}
