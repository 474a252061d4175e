//! What a push would do: fields, whom it touches, and what recent calls would have become.
//!
//! Nothing here is on the way of a call: it runs on a thread for long work, one preview at a time,
//! over the snapshot in use and one that is compiled for it and thrown away.

use super::impact::{Impact, Reached, TouchedParties};
use super::opening::Opened;
use super::plan::{Fault, Plan, Step, check_each};
use super::prices::{PriceCheck, prices};
use super::push::Push;
use super::replay::{Replay, replay};
use super::{Configuration, ConfigurationError, blocking, compile, listeners};
use crate::problem::FieldError;
use crate::routes::apply::Change;
use crate::switch_port::SwitchPort;
use resources::Problem;
use routing_engine::Snapshot;
use serde::Serialize;
use std::sync::Arc;
use store::{ChangeSetRow, Scope};
use utoipa::ToSchema;

/// Live calls that are looked at in one question to the switch.
const LIVE_CALLS_PAGE: usize = 1_000;

/// Most live calls that are looked at; a node holds fewer.
const LIVE_CALLS_MAX: usize = 200_000;

/// What a push of a change set would do.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Preview {
    /// Number of the change set.
    pub change_set: i64,
    /// Its revision that was looked at; send it with the push, so that nothing else is pushed.
    pub revision: u64,
    /// The configuration that it was compared with.
    pub snapshot_number: u64,
    /// One entry for each resource: how it would differ from what is in force. Also those that
    /// follow the rename of what they name.
    pub changes: Vec<Change>,
    /// What speaks against a push; without any it would succeed now.
    pub problems: Vec<FieldError>,
    /// Whom it would touch; null when there are problems.
    #[schema(required)]
    pub impact: Option<Impact>,
    /// What recent calls would have become; null when there are problems.
    #[schema(required)]
    pub replay: Option<Replay>,
    /// What would newly be sold below cost, or not be sold, with or without recent calls; null when
    /// there are problems.
    #[schema(required)]
    pub prices: Option<PriceCheck>,
}

/// What a plan would bring.
#[derive(Clone, Debug)]
pub(crate) struct Foresight {
    pub(crate) impact: Impact,
    pub(crate) replay: Replay,
    pub(crate) prices: PriceCheck,
}

impl Configuration {
    /// What a push of a change set would do, with the replay of at most `calls` recent calls.
    ///
    /// # Errors
    /// [`ConfigurationError`] of the database; what speaks against the push is in the preview.
    pub(crate) async fn preview(
        &self,
        scope: &Scope,
        change_set: &ChangeSetRow,
        calls: u32,
        switch: &dyn SwitchPort,
    ) -> Result<Preview, ConfigurationError> {
        let _previewing = self.previewing.lock().await;
        let push = self.push_of(scope, change_set).await?;
        let mut preview = Preview {
            change_set: change_set.id,
            revision: change_set.revision,
            snapshot_number: switch.snapshot().number(),
            changes: Vec::new(),
            problems: Vec::new(),
            impact: None,
            replay: None,
            prices: None,
        };
        let foreseen = match self.planned(&self.current(), *scope, &push).await {
            Ok((planned, _)) => {
                preview.changes = planned.changes();
                self.foresee(scope, planned, calls, switch).await
            }
            Err(error) => {
                preview.changes = self.changes_without_faults(scope, &push).await;
                Err(error)
            }
        };
        match foreseen {
            Ok(foresight) => {
                preview.impact = Some(foresight.impact);
                preview.replay = Some(foresight.replay);
                preview.prices = Some(foresight.prices);
            }
            Err(error) => preview.problems = problems(error)?,
        }
        Ok(preview)
    }

    /// The changes of those drafts that have no fault of their own.
    async fn changes_without_faults(&self, scope: &Scope, push: &Push) -> Vec<Change> {
        let base = self.current();
        let Ok(texts) = self.texts(&base, *scope, &push.drafts, &[]).await else {
            return Vec::new();
        };
        let drafts = push.drafts.clone();
        let owner = scope.tenant();
        let work = blocking(move || {
            let each = drafts.into_iter().filter_map(|draft| {
                let steps = check_each(Arc::clone(&base), owner, vec![draft], &texts).ok()?;
                steps.first().and_then(Step::change)
            });
            Ok(each.collect())
        });
        work.await.unwrap_or_default()
    }

    /// Whom a plan would touch, and what recent calls would have become.
    ///
    /// # Errors
    /// [`ConfigurationError::Problems`] when it cannot be compiled, and those of the database.
    pub(super) async fn foresee(
        &self,
        scope: &Scope,
        planned: Plan,
        calls: u32,
        switch: &dyn SwitchPort,
    ) -> Result<Foresight, ConfigurationError> {
        listeners::check(&planned, &switch.status().listeners)?;
        let records = self.store.recent_calls(scope, calls).await?;
        let (in_use, now_us) = (switch.snapshot(), switch.now_us());
        let quality = switch.quality();
        let (planned, reached, replay, prices) = blocking(move || {
            let (number, proposed) = (in_use.number() + 1, planned.proposed.iter());
            // Whom a call is of was known when it was recorded.
            let no_secrets = Opened::default();
            let draft = compile::snapshot(number, proposed, &no_secrets, Some(&in_use))?;
            let live: &Snapshot = &in_use;
            let replay = replay(&records, live, &draft, now_us, &quality);
            let reached = Reached::by(&planned);
            let prices = prices(&planned, &reached, live, &draft);
            Ok((planned, reached, replay, prices))
        })
        .await?;
        let live_calls = live_calls(&reached.parties(&planned), switch).await;
        let impact = blocking(move || Ok(reached.impact(&planned, live_calls))).await?;
        Ok(Foresight {
            impact,
            replay,
            prices,
        })
    }
}

/// What speaks against a push; all else is our own failure.
fn problems(error: ConfigurationError) -> Result<Vec<FieldError>, ConfigurationError> {
    let problems: Vec<Problem> = match error {
        ConfigurationError::Faults(faults) => faults.iter().map(Fault::to_problem).collect(),
        ConfigurationError::Problems(problems) => problems,
        other => return Err(other),
    };
    Ok(problems.into_iter().map(FieldError::from).collect())
}

/// How many of the calls that are up belong to those; `None` when the switch does not answer.
async fn live_calls(parties: &TouchedParties, switch: &dyn SwitchPort) -> Option<u64> {
    let mut before = None;
    let (mut seen, mut count) = (0, 0);
    while seen < LIVE_CALLS_MAX {
        let page = switch.live_calls(before, LIVE_CALLS_PAGE).await.ok()?;
        seen += page.items.len();
        count += page.items.iter().filter(|call| parties.has(call)).count() as u64;
        let is_last = page.items.len() < LIVE_CALLS_PAGE;
        before = page.items.last().map(|call| call.id);
        if is_last {
            break;
        }
    }
    Some(count)
}
