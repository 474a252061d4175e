//! Calls against any configuration: that in force, one of the past, or a draft.

use super::opening::Opened;
use super::past::PastError;
use super::replay::{
    AskedCall, AskedSource, CallFacts, Counts, Moment, MoneyLine, Replay, Verdict,
};
use super::{Configuration, ConfigurationError, blocking, compile};
use crate::switch_port::SwitchPort;
use rating::Timestamp;
use rating::cdr::CallRecord;
use routing_engine::Snapshot;
use std::net::IpAddr;
use std::sync::Arc;
use store::{ChangeSetRow, Scope};

/// What calls are decided by.
pub(crate) enum Against {
    /// What is in force.
    Live,
    /// The configuration of a number.
    Snapshot(u64),
    /// A draft, pushed over what is in force.
    ChangeSet(Box<ChangeSetRow>),
}

/// The calls.
pub(crate) enum Calls {
    Listed(Vec<ListedCall>),
    Recorded(Vec<CallRecord>),
}

/// A call that somebody thought up.
pub(crate) struct ListedCall {
    pub(crate) from: String,
    pub(crate) to: String,
    /// A customer by name, or an address.
    pub(crate) source: Result<String, IpAddr>,
    pub(crate) at: Timestamp,
    pub(crate) draw: u64,
    pub(crate) talk_ms: Option<u64>,
}

/// What became of them.
pub(crate) struct Simulated {
    /// The number of the snapshot in force, which is what is compared with.
    pub(crate) baseline: u64,
    /// Calls of the records that were decided by their own snapshot, to the byte as they were.
    pub(crate) made_again: u32,
    pub(crate) report: Replay,
    /// Of calls that were listed, each.
    pub(crate) calls: Vec<SimulatedCall>,
}

/// What became of one call.
pub(crate) struct SimulatedCall {
    pub(crate) customer: Option<String>,
    pub(crate) destination: Option<String>,
    /// The carriers in hunting order, or why there are none.
    pub(crate) result: Result<Vec<String>, String>,
    pub(crate) money: MoneyLine,
    /// The configuration in force would do otherwise.
    pub(crate) differs: bool,
}

/// Why nothing was simulated.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SimulationError {
    /// There is no such snapshot.
    #[error(transparent)]
    Past(#[from] PastError),
    /// The draft cannot be compiled, or the database fails.
    #[error(transparent)]
    Failed(#[from] ConfigurationError),
}

impl Configuration {
    /// Decides calls by a configuration and by the one in force, and adds up what differs. One at a
    /// time, with previews.
    ///
    /// # Errors
    /// [`SimulationError`].
    pub(crate) async fn simulate(
        &self,
        scope: &Scope,
        against: Against,
        calls: Calls,
        switch: &dyn SwitchPort,
    ) -> Result<Simulated, SimulationError> {
        let _previewing = self.previewing.lock().await;
        let live = switch.snapshot();
        let asked = self.compiled(scope, against, &live).await?;
        let (now_us, quality) = (switch.now_us(), switch.quality());
        let simulated = blocking(move || {
            let moment = Moment {
                now_us,
                quality: &quality,
            };
            Ok(simulate(&calls, &live, &asked, &moment))
        });
        Ok(simulated.await?)
    }

    /// What calls would be decided by. One at a time, with previews.
    ///
    /// # Errors
    /// [`SimulationError`].
    pub(crate) async fn snapshot_against(
        &self,
        scope: &Scope,
        against: Against,
        switch: &dyn SwitchPort,
    ) -> Result<Arc<Snapshot>, SimulationError> {
        let _previewing = self.previewing.lock().await;
        self.compiled(scope, against, &switch.snapshot()).await
    }

    async fn compiled(
        &self,
        scope: &Scope,
        against: Against,
        live: &Arc<Snapshot>,
    ) -> Result<Arc<Snapshot>, SimulationError> {
        Ok(match against {
            Against::Live => Arc::clone(live),
            Against::Snapshot(number) => self.snapshot_of(number, live).await?,
            Against::ChangeSet(row) => self.draft_of(scope, &row, live).await?,
        })
    }

    async fn draft_of(
        &self,
        scope: &Scope,
        row: &ChangeSetRow,
        live: &Arc<Snapshot>,
    ) -> Result<Arc<Snapshot>, ConfigurationError> {
        let push = self.push_of(scope, row).await?;
        let (planned, _) = self.planned(&self.current(), *scope, &push).await?;
        let live = Arc::clone(live);
        blocking(move || {
            let (number, proposed) = (live.number() + 1, planned.proposed.iter());
            let draft = compile::snapshot(number, proposed, &Opened::default(), Some(&live))?;
            Ok(Arc::new(draft))
        })
        .await
    }
}

fn simulate(calls: &Calls, live: &Snapshot, asked: &Snapshot, moment: &Moment<'_>) -> Simulated {
    let mut counts = Counts::default();
    let (mut made_again, mut told) = (0, Vec::new());
    let mut decide = |call: AskedCall<'_>| {
        let before = Verdict::of(&call, live, moment);
        let after = Verdict::of_own(&call, asked, moment);
        counts.add(&call, &before, &after);
        (before, after)
    };
    match calls {
        Calls::Recorded(records) => {
            for record in records {
                let (_, after) = decide(AskedCall::of_record(record));
                made_again += u32::from(after.is_own);
            }
        }
        Calls::Listed(listed) => {
            for call in listed {
                let (before, after) = decide(call.asked());
                told.push(SimulatedCall::new(&before, after));
            }
        }
    }
    Simulated {
        baseline: live.number(),
        made_again,
        report: counts.finish(),
        calls: told,
    }
}

impl ListedCall {
    fn asked(&self) -> AskedCall<'_> {
        let source = match &self.source {
            Ok(customer) => AskedSource::Customer(customer),
            Err(address) => AskedSource::Address(*address),
        };
        AskedCall {
            source,
            called: &self.to,
            calling: &self.from,
            at: self.at,
            draw: self.draw,
            customer: self.source.as_deref().ok(),
            facts: CallFacts::Talk(self.talk_ms),
        }
    }
}

impl SimulatedCall {
    fn new(before: &Verdict, after: Verdict) -> Self {
        Self {
            differs: !after.is_like(before),
            money: after.money_line(),
            customer: after.customer,
            destination: after.destination,
            result: after.result.map(|routed| routed.carriers),
        }
    }
}
