//! Reports that come by mail: every quarter of an hour, those that are due are made and queued.

mod due;
mod words;

use super::made::{Made, Wanted, still_filling};
use super::period::Period;
use super::{ReportGroupBy, ReportOf};
use crate::clock;
use crate::jobs::{Backoff, JobFailure, JobFuture, JobHandler, JobRun, Schedule, ScheduleError};
use crate::mail;
use crate::problem::Problem;
use crate::secrets::{SecretBox, SecretText};
use due::{Due, last_due};
use rating::Timestamp;
use resources::{ResourceKind, ResourceSpec, ScheduledReport, Status};
use std::time::Duration;
use store::{NewEvent, NewJob, NewMail, ResourceRow, Scope, Store, TenantId, TrafficQuery};

const KIND: &str = "report.mail";

/// What a mail is about, in lists.
const PURPOSE: &str = "scheduled_report";

const FILE: &str = "traffic.csv";

/// While a run waits to be tried again no other is queued: all tries are over before the next quarter of
/// an hour, which is the next try.
const ATTEMPTS_MAX: u32 = 3;
const BACKOFF: Backoff = Backoff {
    first: Duration::from_secs(5),
    most: Duration::from_secs(60),
};

/// Largest file that goes with a mail, bytes; the text says what was left out.
const FILE_BYTES_MAX: usize = 60_000;
const _: () = assert!(FILE_BYTES_MAX < crate::secrets::SECRET_BYTES_MAX);

/// Sends scheduled reports.
pub struct MailReports {
    store: Store,
    secrets: SecretBox,
}

/// Every quarter of an hour: zones begin their hours at any of them.
pub(crate) fn schedule() -> Result<Schedule, ScheduleError> {
    let summary = "Sends the scheduled reports that are due.";
    Schedule::new("mail_reports", summary, "*/15 * * * *", |now| NewJob {
        attempts_max: ATTEMPTS_MAX,
        ..NewJob::new(TenantId::PLATFORM, KIND, serde_json::json!({}), now).unique("mail_reports")
    })
}

impl MailReports {
    /// A handler for that database.
    pub fn new(store: Store, secrets: SecretBox) -> Self {
        Self { store, secrets }
    }

    /// Sends what is due at a moment.
    ///
    /// # Errors
    /// [`JobFailure::Retry`] with one report that was not made; all others were.
    pub async fn send(&self, run: &JobRun, now: Timestamp) -> Result<(), JobFailure> {
        let kind = ResourceKind::ScheduledReport.as_str();
        let rows = self.store.resources(Some(kind)).await?;
        let sent = self.store.scheduled_reports_sent().await?;
        let (mut done, total) = (0, rows.len() as u64);
        let mut failed = None;
        for row in rows {
            run.progress(done, Some(total), "reports are made").await?;
            done += 1;
            let Some(report) = active(&row) else { continue };
            let Some(due) = last_due(&report, now).filter(|due| due.at > row.created_at) else {
                continue;
            };
            let until = due.until.to_string();
            if sent.get(&row.id).is_some_and(|sent| *sent >= until) {
                continue;
            }
            // One that cannot be made keeps no other from its recipients.
            match self.queue(&row, &report, &due, now).await {
                Ok(true) => {
                    tracing::info!(report = row.name, until, "a scheduled report is on its way");
                }
                Ok(false) => {}
                Err(reason) => {
                    tracing::error!(report = row.name, reason, "a scheduled report was not made");
                    if run.attempt >= run.job.attempts_max {
                        let told = not_mailed(&row, &due, &reason);
                        self.store.append_events(&[told], now).await?;
                    }
                    failed = Some(format!("{}: {reason}", row.name));
                }
            }
        }
        failed.map_or(Ok(()), |reason| Err(JobFailure::Retry(reason)))
    }

    /// Queues the mails of a period; an error is why it could not.
    async fn queue(
        &self,
        row: &ResourceRow,
        report: &ScheduledReport,
        due: &Due,
        now: Timestamp,
    ) -> Result<bool, String> {
        let mails = self.mails(row, report, due).await?;
        let until = due.until.to_string();
        let queued = self
            .store
            .queue_scheduled_report(row.id, &until, &mails, now);
        queued.await.map_err(text_of)
    }

    /// One to each recipient; an error is why there are none.
    async fn mails(
        &self,
        row: &ResourceRow,
        report: &ScheduledReport,
        due: &Due,
    ) -> Result<Vec<NewMail>, String> {
        let made = self.made(row, report, due).await;
        let made = made.map_err(|problem| problem.detail)?;
        if let Some(filling) = &made.filling {
            return Err(still_filling(filling));
        }
        let (csv, kept) = made.csv_text(true, FILE_BYTES_MAX).map_err(text_of)?;
        let csv = String::from_utf8(csv).map_err(text_of)?;
        let text = words::text(&row.name, report, due, &made, kept);
        let (text, file) = (SecretText::new(&text), SecretText::new(csv));
        let subject = words::subject(&row.name, due);
        let compose = |recipient: &resources::EmailAddress| {
            let message = mail::Message {
                purpose: PURPOSE,
                recipient: &recipient.0,
                subject: &subject,
                text: &text,
                attachment: Some((FILE, &file)),
            };
            mail::compose(&self.secrets, row.owner, &message)
        };
        let mails = report.recipients.iter().map(compose);
        mails.collect::<Result<_, _>>().map_err(text_of)
    }

    async fn made(
        &self,
        row: &ResourceRow,
        report: &ScheduledReport,
        due: &Due,
    ) -> Result<Made, Problem> {
        let (first, last) = (due.first.to_string(), due.last.to_string());
        let period = Period::new(Some(&first), Some(&last), Some(&report.time_zone))?;
        let of = report.counted();
        let of = of.map_err(|why| Problem::invalid_field("counts", why))?;
        let group_by = ReportGroupBy::from(report.lines);
        let scope = Scope::of_tenant(row.owner);
        let customer = self.number(&scope, ResourceKind::Customer, report.customer.as_deref());
        let customer = customer.await?;
        let carrier = self.number(&scope, ResourceKind::Carrier, report.carrier.as_deref());
        let traffic = TrafficQuery {
            side: ReportOf::from(of).side(),
            by: group_by.by(),
            from: period.from,
            to: period.to,
            customer,
            ingress_trunk: None,
            carrier: carrier.await?,
            egress_trunk: None,
            destination: None,
            currency: None,
        };
        let wanted = Wanted {
            interval: group_by.interval(),
            compare: report.compare,
            page: None,
        };
        Made::new(&self.store, &scope, traffic, period, wanted).await
    }

    async fn number(
        &self,
        scope: &Scope,
        kind: ResourceKind,
        name: Option<&str>,
    ) -> Result<Option<i64>, Problem> {
        let Some(name) = name else { return Ok(None) };
        let row = self
            .store
            .resource_by_name(scope, kind.as_str(), name)
            .await?;
        let row = row.ok_or_else(|| Problem::not_found(format!("There is no {name}.")))?;
        Ok(Some(row.id))
    }
}

/// Who has the report learns that it did not come this time.
fn not_mailed(row: &ResourceRow, due: &Due, reason: &str) -> NewEvent {
    NewEvent {
        tenant: row.owner,
        kind: "report.not_mailed".to_owned(),
        subject: format!("scheduled_report/{}", row.name),
        actor: "switch".to_owned(),
        data: serde_json::json!({ "until": due.until.to_string(), "reason": reason }),
    }
}

fn active(row: &ResourceRow) -> Option<ScheduledReport> {
    match ResourceSpec::from_value(ResourceKind::ScheduledReport, row.spec.clone()) {
        Ok(ResourceSpec::ScheduledReport(report)) if report.status == Status::Active => {
            Some(report)
        }
        Ok(_) => None,
        Err(problem) => {
            tracing::error!(report = row.name, %problem, "a scheduled report cannot be read");
            None
        }
    }
}

fn text_of(error: impl std::error::Error) -> String {
    error.to_string()
}

impl JobHandler for MailReports {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(600)
    }

    fn backoff(&self) -> Backoff {
        BACKOFF
    }

    fn run<'a>(&'a self, run: &'a JobRun) -> JobFuture<'a> {
        Box::pin(self.send(run, clock::now()))
    }
}
