//! The later rates of a deck, one moment after the other: a job of the durable queue.

use super::ApplyDeck;
use super::outcome::DeckImportResult;
use crate::clock;
use crate::jobs::{JobFailure, JobFuture, JobHandler, JobRun, Schedule, ScheduleError};
use crate::problem::Problem;
use crate::resource_engine::{PushOrigin, to_the_end};
use crate::state::AppState;
use rating::Timestamp;
use std::time::Duration;
use store::{AuditActor, ChangeSetState, FollowedDeckImport, NewJob, Scope, TenantId};

const KIND: &str = "deck_import.follow";

/// Each of a few imports writes the text of a deck and a draft.
const TIMEOUT: Duration = Duration::from_secs(900);

/// Longest text that says what holds an import up, characters.
const REASON_CHARS_MAX: usize = 1_000;

/// Applies the next rates of imports whose last rates are in force.
pub struct FollowDecks {
    state: AppState,
}

/// What becomes of an import at this time.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// What comes before is not in force yet.
    Wait,
    /// The next rates can be applied.
    Apply,
    /// Somebody has to look, and it may go on then.
    HeldUp(String),
    /// It does not go on.
    Over(String),
}

impl FollowDecks {
    /// For the imports of that state.
    pub fn new(state: AppState) -> Self {
        Self { state }
    }

    async fn follow(&self, run: &JobRun) -> Result<(), JobFailure> {
        let imports = self.state.store.followed_deck_imports().await?;
        let count = imports.len() as u64;
        for (done, import) in (0..).zip(imports) {
            run.progress(done, Some(count), "imports looked at").await?;
            self.go_on(import).await?;
        }
        Ok(())
    }

    async fn go_on(&self, import: FollowedDeckImport) -> Result<(), JobFailure> {
        let (reason, is_over) = match self.step(&import).await? {
            Step::Wait => return Ok(()),
            Step::Apply => match self.apply(&import).await {
                Ok(()) => return Ok(()),
                Err(problem) => (told(&problem), false),
            },
            Step::HeldUp(reason) => (reason, false),
            Step::Over(reason) => (reason, true),
        };
        let scope = Scope::of_tenant(import.tenant);
        let card = self
            .state
            .store
            .resource(&scope, import.row.card_id)
            .await?;
        let card = card.map(|card| card.name).unwrap_or_default();
        let store = &self.state.store;
        let noted = store.deck_import_held_up(&import, &card, &reason, is_over, clock::now());
        Ok(noted.await?)
    }

    async fn step(&self, import: &FollowedDeckImport) -> Result<Step, JobFailure> {
        let outcome = import.row.outcome.clone().unwrap_or_default();
        let result: DeckImportResult =
            serde_json::from_value(outcome).map_err(|error| JobFailure::give_up(&error))?;
        let moments = result.moments.iter();
        let Some(last) = moments.filter_map(|moment| moment.change_set).next_back() else {
            return Ok(Step::Wait);
        };
        let scope = Scope::of_tenant(import.tenant);
        let change_set = self.state.store.change_set(&scope, last).await?;
        let state = change_set.map(|row| row.state);
        Ok(step(state, last, next_at(&result), clock::now()))
    }

    async fn apply(&self, import: &FollowedDeckImport) -> Result<(), Problem> {
        let author = import.row.followed_by.clone().unwrap_or_default();
        let origin = PushOrigin {
            scope: Scope::of_tenant(import.tenant),
            actor: AuditActor::system(&author),
            author,
            // Judged when the first rates were applied; the import has not changed since.
            permissions: None,
        };
        let apply = ApplyDeck {
            state: self.state.clone(),
            origin,
            row: import.row.clone(),
            change_set: None,
            is_confirmed: true,
            follow: Some(true),
        };
        // A job may be cut off, by its time or by a lost lease.
        to_the_end(&self.state, apply.run()).await.map(drop)
    }
}

impl JobHandler for FollowDecks {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn timeout(&self) -> Duration {
        TIMEOUT
    }

    fn run<'a>(&'a self, run: &'a JobRun) -> JobFuture<'a> {
        Box::pin(self.follow(run))
    }
}

/// Each minute, for pushes happen at any time.
pub(crate) fn schedule() -> Result<Schedule, ScheduleError> {
    let summary = "Schedules the next rates of imported decks when those before are in force.";
    Schedule::new("follow_decks", summary, "* * * * *", |now| {
        NewJob::new(TenantId::PLATFORM, KIND, serde_json::json!({}), now).unique("follow_decks")
    })
}

/// When the next rates begin that are in no change set.
fn next_at(result: &DeckImportResult) -> Option<Timestamp> {
    let mut moments = result.moments.iter();
    let next = moments.find(|moment| moment.change_set.is_none());
    next.map(|moment| moment.at.0)
}

/// What becomes of an import whose last applied rates are in the change set `last`; `None`: it is
/// gone.
fn step(
    state: Option<ChangeSetState>,
    last: i64,
    next_at: Option<Timestamp>,
    now: Timestamp,
) -> Step {
    let is_late = next_at.is_some_and(|at| at <= now);
    match state {
        Some(ChangeSetState::Pushed) => Step::Apply,
        Some(ChangeSetState::Draft | ChangeSetState::Scheduled) if is_late => {
            Step::HeldUp(format!(
                "Later rates should be in force by now, and change set {last}, which comes before \
             them, is not pushed: push it."
            ))
        }
        Some(ChangeSetState::Draft | ChangeSetState::Scheduled | ChangeSetState::Pushing) => {
            Step::Wait
        }
        Some(ChangeSetState::Failed) => Step::HeldUp(format!(
            "The push of change set {last}, which comes before the next rates, has failed: see \
             there why, and push it again."
        )),
        Some(ChangeSetState::RolledBack) => Step::Over(format!(
            "Change set {last} was rolled back: the rates that come after it do not follow. Send \
             the deck again, or apply the import by hand."
        )),
        None => Step::Over(format!(
            "Change set {last} was discarded: the rates that come after it do not follow. Send \
             the deck again."
        )),
    }
}

/// A problem on one line.
fn told(problem: &Problem) -> String {
    let errors = problem.errors.iter().map(|error| error.message.as_str());
    let parts: Vec<_> = std::iter::once(problem.detail.as_str())
        .chain(errors)
        .collect();
    parts.join(" ").chars().take(REASON_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_before_decides_whether_the_next_rates_follow() {
        let (soon, late) = (Some(Timestamp(9)), Some(Timestamp(1)));
        let now = Timestamp(5);
        use ChangeSetState::{Draft, Failed, Pushed, Pushing, RolledBack, Scheduled};
        for state in [Draft, Scheduled, Pushing] {
            assert_eq!(step(Some(state), 7, soon, now), Step::Wait);
        }
        for at in [soon, late] {
            assert_eq!(step(Some(Pushed), 7, at, now), Step::Apply);
        }
        for (state, at) in [(Draft, late), (Scheduled, late), (Failed, soon)] {
            let held_up = step(Some(state), 7, at, now);
            assert!(
                matches!(&held_up, Step::HeldUp(why) if why.contains('7')),
                "{held_up:?}"
            );
        }
        for state in [Some(RolledBack), None] {
            let over = step(state, 7, soon, now);
            assert!(
                matches!(&over, Step::Over(why) if why.contains('7')),
                "{over:?}"
            );
        }
    }
}
