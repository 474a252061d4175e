//! The reading of a source, and the job that reads those that are due.

use super::ask::{Failure, ask};
use super::judge::{Verdict, judge, move_bps};
use super::known::{LastRates, SourceKnown};
use super::quotes::Quotes;
use super::write::{InForce, text, write};
use crate::clock;
use crate::jobs::{JobFailure, JobFuture, JobHandler, JobRun, Schedule, ScheduleError};
use crate::problem::Problem;
use crate::resource_engine::PushOrigin;
use crate::secrets::SecretText;
use crate::state::AppState;
use crate::values::Time;
use rating::{Currency, Timestamp};
use resources::{Day, ExchangeSource, ResourceKind, ResourceSpec, Status};
use serde_json::json;
use std::time::Duration;
use store::{AuditActor, NewEvent, NewJob, ResourceRow, Scope, StoreError, TenantId};

const JOB: &str = "exchange_rate.refresh";

/// A source that gave nothing is asked again after so long, and twice as long after each further time.
const FAILED_WAIT_US: i64 = 300_000_000;

const MINUTE_US: i64 = 60_000_000;
const HOUR_US: i64 = 60 * MINUTE_US;

/// Reads sources of exchange rates when they are due.
pub struct RefreshExchangeRates {
    state: AppState,
}

/// The job of every five minutes; how often a source is read stands in the source.
pub(crate) fn schedule() -> Result<Schedule, ScheduleError> {
    let summary = "Reads the sources of exchange rates that are due.";
    Schedule::new("refresh_exchange_rates", summary, "*/5 * * * *", |now| {
        NewJob::new(TenantId::PLATFORM, JOB, json!({}), now).unique("refresh_exchange_rates")
    })
}

/// The source of a row, if this program can read it.
pub(crate) fn source_of(row: &ResourceRow) -> Option<ExchangeSource> {
    match ResourceSpec::from_value(ResourceKind::ExchangeSource, row.spec.clone()) {
        Ok(ResourceSpec::ExchangeSource(source)) => Some(source),
        _ => None,
    }
}

impl RefreshExchangeRates {
    /// For the sources of that state.
    pub fn new(state: AppState) -> Self {
        Self { state }
    }

    /// Reads what is due at a moment, and tells of what has become stale.
    ///
    /// # Errors
    /// [`JobFailure`] when the database fails.
    pub async fn refresh_due(&self, run: &JobRun, now: Timestamp) -> Result<(), JobFailure> {
        let kind = ResourceKind::ExchangeSource.as_str();
        let rows = self.state.store.resources(Some(kind)).await?;
        let mut due = Vec::new();
        // First what needs nobody outside, so that no silent publisher keeps others from being told of.
        for row in rows {
            let source = source_of(&row).filter(|source| source.status == Status::Active);
            let Some(source) = source else { continue };
            let kept = self.state.store.exchange_source(row.id).await?;
            let (revision, mut known) = kept.map_or_else(Default::default, |kept| {
                (kept.revision, SourceKnown::read(&kept.state))
            });
            if let Some(told) = staleness(&row, &source, &mut known, now) {
                self.note(&row, revision, &known, &[told], now).await?;
            }
            if known.next_at.is_none_or(|at| at <= now) {
                due.push((known.asked_at, row, source));
            }
        }
        // The longest waiting first: who is not reached in this run is in the next.
        due.sort_by_key(|(asked_at, ..)| *asked_at);
        let total = due.len() as u64;
        for (done, (_, row, source)) in (0..).zip(due) {
            run.progress(done, Some(total), "sources are read").await?;
            refresh(&self.state, &row, &source, now).await?;
        }
        Ok(())
    }

    async fn note(
        &self,
        row: &ResourceRow,
        revision: u64,
        known: &SourceKnown,
        told: &[NewEvent],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let text = serde_json::to_string(known).map_err(StoreError::Encode)?;
        let (store, id) = (&self.state.store, row.id);
        // Who was faster looks at it too.
        store
            .put_exchange_source(id, revision, &text, told, now)
            .await?;
        Ok(())
    }
}

impl JobHandler for RefreshExchangeRates {
    fn kind(&self) -> &'static str {
        JOB
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(900)
    }

    fn run<'a>(&'a self, run: &'a JobRun) -> JobFuture<'a> {
        Box::pin(self.refresh_due(run, clock::now()))
    }
}

/// Reads a source, puts in force what is new, and notes what came of it, also when nothing did.
///
/// # Errors
/// When the database fails.
pub(crate) async fn refresh(
    state: &AppState,
    row: &ResourceRow,
    source: &ExchangeSource,
    now: Timestamp,
) -> Result<(), StoreError> {
    let kept = state.store.exchange_source(row.id).await?;
    let (revision, mut known) = kept.map_or_else(Default::default, |kept| {
        (kept.revision, SourceKnown::read(&kept.state))
    });
    let mut told = Vec::new();
    known.asked_at = Some(now);
    match read(state, row, source, now).await {
        Ok(quotes) => answered(state, row, source, (&quotes, now), &mut known, &mut told).await,
        Err(failure) => failed(source, &mut known, failure, now),
    }
    told.extend(staleness(row, source, &mut known, now));
    let text = serde_json::to_string(&known).map_err(StoreError::Encode)?;
    let (store, id) = (&state.store, row.id);
    if !store
        .put_exchange_source(id, revision, &text, &told, now)
        .await?
    {
        tracing::info!(
            source = row.name,
            "the source was read by somebody else meanwhile"
        );
    }
    Ok(())
}

async fn read(
    state: &AppState,
    row: &ResourceRow,
    source: &ExchangeSource,
    now: Timestamp,
) -> Result<Quotes, Failure> {
    let app_id = match &source.app_id {
        None => None,
        Some(secret) => Some(opened(state, row, secret.stored_id()).await?),
    };
    ask(&state.webhooks, source, app_id.as_ref(), now).await
}

async fn opened(
    state: &AppState,
    row: &ResourceRow,
    id: Option<&str>,
) -> Result<SecretText, Failure> {
    let lost = || Failure::of("The App ID does not open: write it again.".into(), None);
    let scope = Scope::of_tenant(row.owner);
    let sealed = state.store.secret(&scope, id.ok_or_else(lost)?).await;
    let sealed = sealed.ok().flatten().ok_or_else(lost)?;
    state.secrets.unseal(&sealed).map_err(|_| lost())
}

async fn answered(
    state: &AppState,
    row: &ResourceRow,
    source: &ExchangeSource,
    (quotes, now): (&Quotes, Timestamp),
    known: &mut SourceKnown,
    told: &mut Vec<NewEvent>,
) {
    let Some(day) = Day::next_after(now) else {
        return;
    };
    let published_at = quotes.published_at;
    let last = known.published_at;
    let is_older = last.is_some_and(|last| published_at < last);
    let is_new = last != Some(published_at);
    if !is_older {
        known.published_at = Some(published_at);
    }
    if is_older || is_new && is_stale(source, known, row, now) {
        // A cache on the way, or a publisher that has stopped: what is in force is no worse.
        let time = Time(published_at);
        let text = match is_older {
            true => format!("The rates are of {time}: later ones were read before."),
            false => format!("The rates are of {time}: too old to be put in force."),
        };
        return failed(source, known, Failure::of(text, None), now);
    }
    let (verdicts, last) = {
        let in_force = InForce::of(state, row.owner);
        (
            judge(source, quotes, &in_force.rates(), day),
            in_force.last(),
        )
    };
    let new = verdicts.iter();
    let new = new.filter_map(|(currency, verdict)| match verdict {
        // What was put in force once, and is not now, somebody has written over: that stays until the
        // publisher says something else.
        Verdict::New(rate) if !known.has_put(*currency, *rate) => Some((*currency, *rate)),
        _ => None,
    });
    let author = format!("exchange source {}", row.name);
    let origin = PushOrigin {
        scope: Scope::of_tenant(row.owner),
        actor: AuditActor::system(&author),
        author,
        // Who wrote the source may write exchange rates (`resource_engine::authority`).
        permissions: None,
    };
    if let Err(error) = write(state, origin, &new.collect(), day, &row.name).await {
        let problem = Problem::from(error);
        let why = problem
            .errors
            .first()
            .map_or(problem.detail.as_str(), |first| &first.message);
        let text = format!("The rates were read and are not in force: {why}");
        return failed(source, known, Failure::of(text, None), now);
    }
    let begun = known.take(&verdicts, &last);
    told.extend(
        begun
            .into_iter()
            .map(|currency| moved(row, currency, known, &last)),
    );
    known.read_at = Some(now);
    known.failure = None;
    known.failures = 0;
    known.next_at = Some(Timestamp(
        now.0 + i64::from(source.refresh_minutes) * MINUTE_US,
    ));
}

fn failed(source: &ExchangeSource, known: &mut SourceKnown, failure: Failure, now: Timestamp) {
    tracing::warn!(
        reason = failure.text,
        "a source of exchange rates gave none"
    );
    let usual = i64::from(source.refresh_minutes) * MINUTE_US;
    let wait = FAILED_WAIT_US << known.failures.min(10);
    let next_at = Timestamp(now.0 + wait.min(usual));
    known.failures = known.failures.saturating_add(1);
    known.failure = Some(failure.text);
    known.next_at = Some(failure.not_before.unwrap_or(next_at).max(next_at));
}

fn moved(row: &ResourceRow, currency: Currency, known: &SourceKnown, last: &LastRates) -> NewEvent {
    let rate = known.quotes.get(&currency).and_then(|quote| quote.rate);
    let before = last.get(&currency);
    let bps = before
        .zip(rate)
        .map(|(before, rate)| move_bps(*before, rate));
    let data = json!({
        "currency": currency,
        "before": text(before),
        "rate": text(rate.as_ref()),
        "move_bps": bps,
    });
    event(row, "exchange_rate.moved", data)
}

/// Whether what a source has published is older than it may be; before the first answer its own age counts.
pub(crate) fn is_stale(
    source: &ExchangeSource,
    known: &SourceKnown,
    row: &ResourceRow,
    now: Timestamp,
) -> bool {
    let published_at = known.published_at.unwrap_or(row.created_at);
    let age = now.0.saturating_sub(published_at.0);
    age > i64::from(source.stale_after_hours) * HOUR_US
}

/// The event of rates that have become stale, or fresh again.
fn staleness(
    row: &ResourceRow,
    source: &ExchangeSource,
    known: &mut SourceKnown,
    now: Timestamp,
) -> Option<NewEvent> {
    let is_stale = is_stale(source, known, row, now);
    if is_stale == known.is_stale {
        return None;
    }
    known.is_stale = is_stale;
    let kind = match is_stale {
        true => "exchange_rate.stale",
        false => "exchange_rate.fresh",
    };
    let data = json!({
        "published_at": known.published_at.map(Time),
        "failure": known.failure,
    });
    Some(event(row, kind, data))
}

fn event(row: &ResourceRow, kind: &str, data: serde_json::Value) -> NewEvent {
    NewEvent {
        tenant: row.owner,
        kind: kind.to_owned(),
        subject: format!("exchange_source/{}", row.name),
        actor: "switch".to_owned(),
        data,
    }
}
