//! Days of records that are not kept any more.

use crate::jobs::date;
use crate::problem::Problem;
use crate::state::AppState;
use crate::values::{CallIdText, Time};
use serde::Serialize;
use store::{CdrQuery, DroppedCdrDays, StoreError};
use utoipa::ToSchema;

/// Days (UTC) whose records are not kept any more.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct DroppedDays {
    /// How many.
    pub days: u64,
    /// The first moment of the first of them.
    pub from: Time,
    /// The first moment behind the last of them. Days between may be kept.
    pub to: Time,
}

/// Those of the span that is asked for, whether they are in the archive or not.
pub(super) async fn dropped(
    state: &AppState,
    query: &CdrQuery,
) -> Result<Option<DroppedDays>, StoreError> {
    let dropped = state.store.dropped_cdr_days(query.received, false).await?;
    Ok(dropped.map(DroppedDays::from))
}

/// Those of the span that is asked for which can be read nowhere.
pub(super) async fn unread(
    state: &AppState,
    query: &CdrQuery,
) -> Result<Option<DroppedDays>, StoreError> {
    let unarchived = state.call_records.archive_name().is_some();
    let days = state.store.dropped_cdr_days(query.received, unarchived);
    Ok(days.await?.map(DroppedDays::from))
}

impl From<DroppedCdrDays> for DroppedDays {
    fn from(dropped: DroppedCdrDays) -> Self {
        Self {
            days: dropped.days,
            from: Time(dropped.from),
            to: Time(dropped.to),
        }
    }
}

/// Why there is no record of that identifier.
pub(crate) async fn no_call(state: &AppState, id: &CallIdText) -> Result<Problem, StoreError> {
    let gone = gone(state, id).await?;
    Ok(gone.unwrap_or_else(|| Problem::not_found(format!("No call is {id}."))))
}

/// Says so when the records of the call's day were dropped and cannot be read.
pub(crate) async fn gone(state: &AppState, id: &CallIdText) -> Result<Option<Problem>, StoreError> {
    let dropped = state.call_records.gone(id.0).await?;
    Ok(dropped.map(|day| {
        let date = date(day.day);
        Problem::gone(match day.archive_key {
            None => format!("The call records of {date} (UTC) are not kept any more."),
            Some(_) => format!(
                "The call records of {date} (UTC) are in the archive, which this node has not got."
            ),
        })
    }))
}
