//! Tells people when call records cannot be written or loaded, and when they can again.
//!
//! | event | when |
//! |---|---|
//! | `journal.unavailable` | records cannot be written: new calls are refused |
//! | `journal.available` | they can be written again, for half a minute already |
//! | `journal.not_loaded` | records are written and have not reached the database for a while |
//! | `journal.loaded` | they reach it again, for half a minute already |
//!
//! An event is a row of the database, which is often what is missing. So what happened waits in memory
//! and is written as soon as that is possible, with its own time. The log and the metrics have it at
//! once.

use crate::clock;
use crate::state::AppState;
use crate::values::Time;
use rating::Timestamp;
use serde_json::json;
use std::collections::VecDeque;
use std::time::Duration;
use store::{NewEvent, TenantId};

/// How often the switch is asked.
const INTERVAL: Duration = Duration::from_secs(1);

/// Loading may be late for so long before anybody is told: a database that is started anew is no alarm.
const LOADING_GRACE_US: i64 = 30_000_000;

/// It is over when nothing was wrong for so long: free space that swings round its limit is one trouble.
const END_GRACE_US: i64 = 30_000_000;

/// Events that wait for the database. When there are more the oldest are dropped, and the log has them.
const WAITING_MAX: usize = 64;

/// What is wrong now, and since when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Trouble {
    since: Option<Timestamp>,
    told: bool,
    /// Since when nothing has been wrong, while its end is not told yet.
    well_since: Option<Timestamp>,
}

/// Something to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Alarm {
    kind: &'static str,
    at: Timestamp,
    /// When the trouble began.
    since: Timestamp,
    /// What is wrong; `None` when it is over.
    detail: Option<String>,
}

/// Follows what is wrong with the journal and the loader.
#[derive(Debug, Default)]
pub(crate) struct Alarms {
    journal: Trouble,
    loader: Trouble,
    waiting: VecDeque<Alarm>,
}

impl Trouble {
    /// What there is to tell of it: its begin after `grace_us`, or its end after [`END_GRACE_US`].
    fn look(
        &mut self,
        now: Timestamp,
        detail: Option<&str>,
        grace_us: i64,
        [began, ended]: [&'static str; 2],
    ) -> Option<Alarm> {
        let Some(detail) = detail else {
            let Some(since) = self.since.filter(|_| self.told) else {
                *self = Self::default();
                return None;
            };
            let well_since = *self.well_since.get_or_insert(now);
            if (0..END_GRACE_US).contains(&(now.0 - well_since.0)) {
                return None;
            }
            *self = Self::default();
            return Some(Alarm {
                kind: ended,
                at: well_since,
                since,
                detail: None,
            });
        };
        self.well_since = None;
        let since = *self.since.get_or_insert(now);
        // A clock that was set back must not keep an alarm from being told.
        if self.told || (0..grace_us).contains(&(now.0 - since.0)) {
            return None;
        }
        self.told = true;
        Some(Alarm {
            kind: began,
            at: now,
            since,
            detail: Some(detail.to_owned()),
        })
    }
}

impl Alarms {
    /// Notes how it is now.
    fn look(&mut self, now: Timestamp, journal: Option<&str>, loader: Option<&str>) {
        let names = ["journal.unavailable", "journal.available"];
        let of_journal = self.journal.look(now, journal, 0, names);
        let names = ["journal.not_loaded", "journal.loaded"];
        let of_loader = self.loader.look(now, loader, LOADING_GRACE_US, names);
        for alarm in of_journal.into_iter().chain(of_loader) {
            log(&alarm);
            if self.waiting.len() == WAITING_MAX {
                self.waiting.pop_front();
            }
            self.waiting.push_back(alarm);
        }
    }

    fn events(&self, node: &str) -> Vec<NewEvent> {
        let event = |alarm: &Alarm| NewEvent {
            tenant: TenantId::PLATFORM,
            kind: alarm.kind.into(),
            subject: format!("node/{node}"),
            actor: "system".into(),
            data: json!({
                "node": node,
                "at": Time(alarm.at),
                "since": Time(alarm.since),
                "detail": alarm.detail,
            }),
        };
        self.waiting.iter().map(event).collect()
    }
}

fn log(alarm: &Alarm) {
    match &alarm.detail {
        Some(detail) => tracing::error!(alarm = alarm.kind, %detail, "call records are in danger"),
        None => tracing::info!(alarm = alarm.kind, "call records are safe again"),
    }
}

impl AppState {
    /// Looks every second; never ends.
    pub(crate) async fn watch_records_for_ever(&self) {
        let mut alarms = Alarms::default();
        loop {
            tokio::time::sleep(INTERVAL).await;
            self.look_at_records(&mut alarms).await;
        }
    }

    async fn look_at_records(&self, alarms: &mut Alarms) {
        let status = self.switch.status();
        let loader = (self.loader)().trouble;
        let now = clock::now();
        alarms.look(now, status.journal_trouble.as_deref(), loader.as_deref());
        if alarms.waiting.is_empty() {
            return;
        }
        let events = alarms.events(&status.node);
        match self.store.append_events(&events, now).await {
            Ok(()) => alarms.waiting.clear(),
            // The next look tries again.
            Err(error) => tracing::debug!(%error, "an alarm waits for the database"),
        }
    }
}

#[cfg(test)]
mod tests;
