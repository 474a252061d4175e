//! Netting with companies that are a customer and a carrier at once: periods that open and end by
//! themselves, and what tells of them.
//!
//! Every few minutes: what is over becomes a statement, and the next period opens; who is to be netted and has
//! no period gets one; who has not paid is told of. Whatever is cut off is done at the next run, once: each step
//! is a transaction that asks for the state that it found.

use crate::clock;
use crate::jobs::{JobFailure, JobFuture, JobHandler, JobRun, Schedule, ScheduleError};
use crate::state::AppState;
use crate::values::{Money, Time};
use rating::Timestamp;
use resources::{Netting, NettingPeriod, ResourceKind, ResourceSpec};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use store::{
    LedgerParty, NettingBeginning, NettingCounted, NettingRow, NettingState, NewEvent, NewJob,
    NewNetting, StoreError, TenantId,
};

const JOB: &str = "netting.run";

/// Records of calls that ended within a period are waited for so long; what comes later is in the next one.
const GRACE_US: i64 = 600_000_000;

/// Periods of one pair that a run makes up for, at most: the others follow at the next.
const PERIODS_AT_ONCE: usize = 100;

/// Makes statements of periods that are over.
pub struct RunNettings {
    state: AppState,
}

/// A customer that is to be netted.
struct Agreement {
    owner: TenantId,
    customer: i64,
    carrier: i64,
    netting: Netting,
}

/// The job of every five minutes.
pub(crate) fn schedule() -> Result<Schedule, ScheduleError> {
    let summary =
        "Makes the netting statements of periods that are over, and tells of those that are due.";
    Schedule::new("run_nettings", summary, "*/5 * * * *", |now| {
        NewJob::new(TenantId::PLATFORM, JOB, json!({}), now).unique("run_nettings")
    })
}

impl RunNettings {
    /// For the customers of that state.
    pub fn new(state: AppState) -> Self {
        Self { state }
    }

    /// Does what is to be done at a moment.
    ///
    /// # Errors
    /// [`JobFailure`] when the database fails.
    pub async fn run_at(&self, run: &JobRun, now: Timestamp) -> Result<(), JobFailure> {
        let agreements = self.agreements();
        let mut done = 0;
        for row in self.state.store.open_nettings().await? {
            let agreement = agreements.get(&row.customer.0);
            let mut open = Some(row);
            for _ in 0..PERIODS_AT_ONCE {
                let Some(row) = open.take().filter(|it| it.to.0 + GRACE_US <= now.0) else {
                    break;
                };
                run.progress(done, None, "periods that are over").await?;
                done += 1;
                open = self.draft(&row, agreement, now).await?;
            }
        }
        for agreement in agreements.values() {
            self.open(agreement, now).await?;
        }
        self.tell(now).await?;
        Ok(())
    }

    /// Who is to be netted, by the number of the customer.
    fn agreements(&self) -> BTreeMap<i64, Agreement> {
        let set = self.state.configuration.in_force();
        let customers = set
            .iter()
            .filter(|entry| entry.key.kind == ResourceKind::Customer);
        let agreements = customers.filter_map(|entry| {
            let ResourceSpec::Customer(customer) = &entry.spec else {
                return None;
            };
            let netting = customer.netting.clone()?;
            let carrier = entry.key.beside(ResourceKind::Carrier, &netting.carrier);
            let agreement = Agreement {
                owner: entry.key.owner,
                customer: entry.id,
                carrier: set.get(&carrier)?.id,
                netting,
            };
            Some((entry.id, agreement))
        });
        agreements.collect()
    }

    /// Makes the statement of a period that is over; gives the next one, if this call opened it.
    async fn draft(
        &self,
        row: &NettingRow,
        agreement: Option<&Agreement>,
        now: Timestamp,
    ) -> Result<Option<NettingRow>, StoreError> {
        let store = &self.state.store;
        let (customer, carrier) = (row.customer.0, row.carrier.0);
        let counted = store.netting_counted(row.owner, customer, carrier, row.to);
        let counted = counted.await?;
        // The last moment: at the next a rate of the next day may count.
        let last = Timestamp(row.to.0 - 1);
        let rates = self.state.configuration.in_force();
        let rates = rates.rates_in_books(row.owner, last);
        let sums = match row.counted.settled(&counted, row.currency, &rates) {
            Ok(sums) => sums,
            Err(fault) => {
                let failure = fault.to_string();
                let told = event(row, "netting.failed", &json!({ "failure": &failure }));
                store
                    .note_netting_failure(row.id, &failure, told, now)
                    .await?;
                return Ok(None);
            }
        };
        let same = agreement.filter(|agreement| agreement.carrier == row.carrier.0);
        let next = same.and_then(|agreement| {
            let period = agreement.netting.period_after(row.to)?;
            Some(agreement.period(&period, counted.clone()))
        });
        let made = NettingRow {
            sums: Some(sums.clone()),
            ..row.clone()
        };
        let told = event(
            &made,
            "netting.drafted",
            &json!({
                "they_owe": Money(sums.they_owe),
                "we_owe": Money(sums.we_owe),
            }),
        );
        let made = (&counted, &sums);
        let drafted = store.draft_netting(row.id, made, next.as_ref(), Some(told), now);
        if !drafted.await? {
            return Ok(None);
        }
        if let Some(agreement) = agreement.filter(|_| same.is_none()) {
            self.open_behind(agreement, row.to).await?;
        }
        let last = store.last_netting(LedgerParty::Customer(customer)).await?;
        Ok(last.filter(|last| last.state == NettingState::Open && last.from >= row.to))
    }

    /// Opens the period of a customer that has another carrier now, behind that with the one before.
    async fn open_behind(&self, agreement: &Agreement, end: Timestamp) -> Result<(), StoreError> {
        let netting = &agreement.netting;
        let Some(period) = netting.period_after(end) else {
            return Ok(());
        };
        let since = netting.period_at(end).map_or(end, |period| period.from);
        self.begin(agreement, period, since).await
    }

    /// Opens the period that a moment is in, unless one is open.
    async fn open(&self, agreement: &Agreement, now: Timestamp) -> Result<(), StoreError> {
        let Some(period) = agreement.netting.period_at(now) else {
            return Ok(());
        };
        self.begin(agreement, period, period.from).await
    }

    /// Opens a period, unless one of either side is open or covers it. It begins where both sides' last ones
    /// have ended, and each side goes on from what was counted of it, whoever its partner was: else calls that
    /// are in a statement with that one would be in another.
    async fn begin(
        &self,
        agreement: &Agreement,
        mut period: NettingPeriod,
        since: Timestamp,
    ) -> Result<(), StoreError> {
        let store = &self.state.store;
        let (customer, carrier) = (agreement.customer, agreement.carrier);
        let last_of_customer = store.last_netting(LedgerParty::Customer(customer)).await?;
        let last_of_carrier = store.last_netting(LedgerParty::Carrier(carrier)).await?;
        for last in [&last_of_customer, &last_of_carrier].into_iter().flatten() {
            if last.state == NettingState::Open || last.to >= period.to {
                return Ok(());
            }
            period.from = period.from.max(last.to);
        }
        let beginning = NettingBeginning {
            owner: agreement.owner,
            customer: (customer, last_of_customer.as_ref()),
            carrier: (carrier, last_of_carrier.as_ref()),
            from: period.from,
            since,
        };
        // What comes late at this very moment is looked at with the next run.
        if let Some(counted) = store.netting_beginning(&beginning).await? {
            store
                .open_netting(&agreement.period(&period, counted))
                .await?;
        }
        Ok(())
    }

    /// Tells of what is due or overdue, once each.
    async fn tell(&self, now: Timestamp) -> Result<(), StoreError> {
        for (row, told) in self.state.store.nettings_to_tell(now).await? {
            let kind = match told {
                1 => "netting.due",
                _ => "netting.overdue",
            };
            let event = event(&row, kind, &json!({}));
            self.state
                .store
                .note_netting_told(row.id, told, event, now)
                .await?;
        }
        Ok(())
    }
}

impl Agreement {
    fn period(&self, period: &NettingPeriod, counted: NettingCounted) -> NewNetting {
        NewNetting {
            owner: self.owner,
            customer: self.customer,
            carrier: self.carrier,
            terms: self.netting.terms.as_str().to_owned(),
            time_zone: self.netting.time_zone.clone(),
            currency: self.netting.currency,
            from: period.from,
            to: period.to,
            due_from: period.due_from,
            overdue_from: period.overdue_from,
            counted,
        }
    }
}

/// What tells of a netting: whose, of when, how much, and what is added.
pub(crate) fn event(row: &NettingRow, kind: &str, more: &Value) -> NewEvent {
    let name = |(id, name): &(i64, Option<String>)| name.clone().unwrap_or_else(|| id.to_string());
    let mut data = json!({
        "netting": row.id,
        "customer": name(&row.customer),
        "carrier": name(&row.carrier),
        "from": Time(row.from),
        "to": Time(row.to),
        "due_from": Time(row.due_from),
        "currency": row.currency,
        "difference": Money(row.difference()),
    });
    if let (Some(data), Some(more)) = (data.as_object_mut(), more.as_object()) {
        data.extend(more.clone());
    }
    NewEvent {
        tenant: row.owner,
        kind: kind.to_owned(),
        subject: format!("customer/{}", name(&row.customer)),
        actor: "switch".to_owned(),
        data,
    }
}

impl JobHandler for RunNettings {
    fn kind(&self) -> &'static str {
        JOB
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(1_800)
    }

    fn run<'a>(&'a self, run: &'a JobRun) -> JobFuture<'a> {
        Box::pin(self.run_at(run, clock::now()))
    }
}
