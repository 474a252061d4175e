//! The reading of a source, and the job that reads those that are due.

use super::ask::{Failure, ask};
use super::judge::{Verdict, judge, move_bps};
use super::known::{LastRates, SourceKnown};
use super::quotes::Quotes;
use super::write::{InForce, day_of_new, text, write};
use crate::clock;
use crate::containment::{Part, contain};
use crate::jobs::{JobFailure, JobFuture, JobHandler, JobRun, Schedule, ScheduleError};
use crate::problem::Problem;
use crate::resource_engine::PushOrigin;
use crate::secrets::SecretText;
use crate::state::AppState;
use crate::values::Time;
use rating::{Currency, Timestamp};
use resources::{ExchangeSource, ResourceKind, ResourceSpec, Status};
use serde_json::json;
use std::time::{Duration, Instant};
use store::{AuditActor, NewEvent, NewJob, ResourceRow, Scope, StoreError, TenantId};
use tokio::task::JoinSet;

const JOB: &str = "exchange_rate.refresh";

/// A source that gave nothing is asked again after so long, and twice as long after each further time.
const FAILED_WAIT_US: i64 = 300_000_000;

/// Publishers that are asked at a time.
const ASKED_AT_ONCE: usize = 4;

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
            let told = staleness(&row, &source, &mut known, now);
            if !told.is_empty() {
                self.note(&row, revision, &known, &told, now).await?;
            }
            if known.next_at.is_none_or(|at| at <= now) {
                due.push((known.asked_at, row, source));
            }
        }
        // The longest waiting first: who is not reached in this run is in the next.
        due.sort_by_key(|(asked_at, ..)| *asked_at);
        let total = due.len() as u64;
        let (begun, mut due) = (Instant::now(), due.into_iter());
        let (mut asked, mut done) = (JoinSet::new(), 0);
        loop {
            // Some at a time: a silent publisher keeps its own place and no other.
            while asked.len() < ASKED_AT_ONCE
                && let Some((_, row, source)) = due.next()
            {
                let (state, now) = (self.state.clone(), later(now, begun));
                asked.spawn(contain(Part::Task, async move {
                    let answer = read(&state, &row, &source, now).await;
                    (row, source, answer)
                }));
            }
            let Some(answer) = asked.join_next().await else {
                return Ok(());
            };
            run.progress(done, Some(total), "sources are read").await?;
            done += 1;
            // One that failed inside is asked again by the next run.
            if let Ok(Ok((row, source, answer))) = answer {
                let times = (now, later(now, begun));
                take_in(&self.state, &row, &source, answer, times).await?;
            }
        }
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

/// What time it is, so long after something began.
fn later(now: Timestamp, begun: Instant) -> Timestamp {
    let passed = i64::try_from(begun.elapsed().as_micros()).unwrap_or(i64::MAX);
    Timestamp(now.0.saturating_add(passed))
}

/// Reads a source, puts in force what is new, and notes what came of it, also when nothing did.
///
/// # Errors
/// When the database fails.
pub(crate) async fn refresh(
    state: &AppState,
    row: &ResourceRow,
    source: &ExchangeSource,
) -> Result<(), StoreError> {
    let asked = clock::now();
    let answer = read(state, row, source, asked).await;
    take_in(state, row, source, answer, (asked, clock::now())).await
}

/// Takes an answer in. `asked` is when it became due, from which on the next time counts; `now` is after the answer.
async fn take_in(
    state: &AppState,
    row: &ResourceRow,
    source: &ExchangeSource,
    answer: Result<Quotes, Failure>,
    (asked, now): (Timestamp, Timestamp),
) -> Result<(), StoreError> {
    let kept = state.store.exchange_source(row.id).await?;
    let (revision, mut known) = kept.map_or_else(Default::default, |kept| {
        (kept.revision, SourceKnown::read(&kept.state))
    });
    let mut told = Vec::new();
    known.asked_at = Some(asked);
    known.turn_to(source);
    match answer {
        Ok(quotes) => {
            let answer = (&quotes, asked, now);
            answered(state, row, source, answer, &mut known, &mut told).await;
        }
        Err(failure) => failed(source, &mut known, failure, asked),
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
    (quotes, asked, now): (&Quotes, Timestamp, Timestamp),
    known: &mut SourceKnown,
    told: &mut Vec<NewEvent>,
) {
    let Some(day) = day_of_new(now) else {
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
        return failed(source, known, Failure::of(text, None), asked);
    }
    let (verdicts, last) = {
        let in_force = InForce::of(state, row.owner);
        (
            judge(source, quotes, &in_force.rates(), day),
            in_force.last(day),
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
        return failed(source, known, Failure::of(text, None), asked);
    }
    let begun = known.take(&verdicts, &last, now);
    told.extend(
        begun
            .into_iter()
            .map(|currency| moved(row, currency, known, &last)),
    );
    known.read_at = Some(now);
    known.failure = None;
    known.failures = 0;
    known.next_at = Some(Timestamp(
        asked.0 + i64::from(source.refresh_minutes) * MINUTE_US,
    ));
}

fn failed(source: &ExchangeSource, known: &mut SourceKnown, failure: Failure, asked: Timestamp) {
    tracing::warn!(
        reason = failure.text,
        "a source of exchange rates gave none"
    );
    let usual = i64::from(source.refresh_minutes) * MINUTE_US;
    let wait = FAILED_WAIT_US << known.failures.min(10);
    let next_at = Timestamp(asked.0 + wait.min(usual));
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
    is_old(source, known.published_at.unwrap_or(row.created_at), now)
}

/// The events of rates that have become stale, or fresh again: of the source, or of a currency that is missing or
/// waits while the others come.
fn staleness(
    row: &ResourceRow,
    source: &ExchangeSource,
    known: &mut SourceKnown,
    now: Timestamp,
) -> Vec<NewEvent> {
    let kind = |is_stale| match is_stale {
        true => "exchange_rate.stale",
        false => "exchange_rate.fresh",
    };
    let mut told = Vec::new();
    let is_all_stale = is_stale(source, known, row, now);
    if is_all_stale != known.is_stale {
        known.is_stale = is_all_stale;
        let data = json!({
            "published_at": known.published_at.map(Time),
            "failure": known.failure,
        });
        told.push(event(row, kind(is_all_stale), data));
    }
    if is_all_stale {
        return told;
    }
    for (currency, quote) in &mut known.quotes {
        let is_stale = quote.good_at.is_some_and(|at| is_old(source, at, now));
        if is_stale != quote.is_stale {
            quote.is_stale = is_stale;
            let data = json!({
                "currency": currency,
                "published_at": quote.good_at.map(Time),
                "failure": quote.reason,
            });
            told.push(event(row, kind(is_stale), data));
        }
    }
    told
}

fn is_old(source: &ExchangeSource, published_at: Timestamp, now: Timestamp) -> bool {
    let age = now.0.saturating_sub(published_at.0);
    age > i64::from(source.stale_after_hours) * HOUR_US
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
