//! The job that posts the corrections.

use super::preview::Payload;
use crate::clock;
use crate::jobs::{JobFailure, JobFuture, JobHandler, JobRun};
use crate::state::AppState;
use crate::switch_port::BalanceChange;
use rating::Amount;
use serde_json::json;
use std::time::Duration;
use store::{
    LedgerError, LedgerParty, NewEvent, RERATING_APPLY_JOB, ReratingPosted, ReratingRow,
    ReratingState, Scope,
};

/// A million corrections take some minutes.
const APPLY_TIMEOUT: Duration = Duration::from_secs(3_600);

/// Posts what a preview shows.
pub struct ApplyRerating {
    state: AppState,
}

impl ApplyRerating {
    /// Posts into the books of that state.
    pub fn new(state: AppState) -> Self {
        Self { state }
    }

    async fn apply(&self, run: &JobRun) -> Result<(), JobFailure> {
        let Payload { rerating } = run.payload()?;
        let scope = Scope::of_tenant(run.job.tenant);
        let store = &self.state.store;
        let row = store.rerating(&scope, rerating).await?;
        let Some(row) = row.filter(|row| row.state == ReratingState::Applying) else {
            return Ok(());
        };
        let changed = row.outcome.as_ref().and_then(|it| it["changed"].as_u64());
        let mut posted = 0;
        loop {
            run.progress(posted, changed, "corrections posted").await?;
            let told = || event(&scope, &row);
            match store
                .post_rerating_lines(rerating, told, clock::now())
                .await?
            {
                Some(ReratingPosted::Some(lines)) => posted += lines,
                Some(ReratingPosted::All) | None => break,
            }
        }
        self.tell_switch(rerating).await
    }

    /// Calls that are up are bounded by the balances as they are now.
    async fn tell_switch(&self, rerating: i64) -> Result<(), JobFailure> {
        let store = &self.state.store;
        for (is_carrier, party, difference) in store.rerating_parties(rerating).await? {
            let (party, change) = match is_carrier {
                true => (LedgerParty::Carrier(party), difference.0),
                false => (LedgerParty::Customer(party), difference.0.saturating_neg()),
            };
            let balance = match store.ledger_balance(party).await {
                Ok(balance) => balance,
                Err(LedgerError::Store(error)) => return Err(error.into()),
                // It is too large for a balance: the switch reads it by itself.
                Err(_) => Amount::ZERO,
            };
            self.state.switch.balance_changed(BalanceChange {
                party,
                change: Amount(change),
                balance,
            });
        }
        Ok(())
    }
}

fn event(scope: &Scope, row: &ReratingRow) -> NewEvent {
    let outcome = row.outcome.clone().unwrap_or_default();
    NewEvent {
        tenant: scope.tenant(),
        kind: "rerating.applied".to_owned(),
        subject: format!("rerating/{}", row.id),
        actor: row.applied_by.clone().unwrap_or_default(),
        data: json!({
            "rerating": row.id,
            "changed": outcome["changed"],
            "difference_in_books": outcome["difference_in_books"],
        }),
    }
}

impl JobHandler for ApplyRerating {
    fn kind(&self) -> &'static str {
        RERATING_APPLY_JOB
    }

    fn timeout(&self) -> Duration {
        APPLY_TIMEOUT
    }

    fn run<'a>(&'a self, run: &'a JobRun) -> JobFuture<'a> {
        Box::pin(self.apply(run))
    }
}
