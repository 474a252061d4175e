//! What happened: a list with filters, and a stream.

mod stream;

pub(crate) use stream::{__path_event_stream, event_stream};
pub use stream::{EventGap, EventStreamQuery};

use crate::auth::Principal;
use crate::events::{as_seen, visible_areas};
use crate::extract::ApiQuery;
use crate::problem::Problem;
use crate::state::AppState;
use crate::values::Time;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use store::{EventQuery, EventRow};
use utoipa::{IntoParams, ToSchema};

const LIMIT_MAX: u32 = 200;

/// Longest pattern and other texts of the query, bytes.
const TEXT_BYTES_MAX: usize = 200;

/// Which events to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventListQuery {
    /// Only of this kind, such as `carrier.updated`; `carrier.*` means all of an area.
    #[param(max_length = 200)]
    pub kind: Option<String>,
    /// Only what happened to this, such as `carrier/acme`.
    #[param(max_length = 200)]
    pub subject: Option<String>,
    /// Only what this user, key or node did.
    #[param(max_length = 200)]
    pub actor: Option<String>,
    /// Not before this time.
    #[param(value_type = Option<Time>)]
    pub from: Option<String>,
    /// Only before this time.
    #[param(value_type = Option<Time>)]
    pub to: Option<String>,
    /// At most so many.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9]{1,19}$")]
    pub cursor: Option<String>,
}

/// A page of events, newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EventList {
    /// The events.
    pub items: Vec<SwitchEvent>,
    /// Where the next page begins; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// Something that happened.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SwitchEvent {
    /// Its number; later events have higher ones.
    pub id: i64,
    /// Area and what happened.
    #[schema(example = "carrier.updated")]
    pub kind: String,
    /// What it happened to.
    #[schema(example = "carrier/acme")]
    pub subject: String,
    /// Who did it.
    pub actor: String,
    /// What else there is to know.
    #[schema(value_type = Object)]
    pub data: serde_json::Value,
    /// When.
    pub at: Time,
}

/// Lists what happened to what the caller may read, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/events",
    operation_id = "event_list",
    tag = "events",
    params(EventListQuery),
    responses(
        (status = 200, description = "A page", body = EventList),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = []), ("api_key" = [])),
)]
pub(crate) async fn event_list(
    State(state): State<AppState>,
    principal: Principal,
    ApiQuery(query): ApiQuery<EventListQuery>,
) -> Result<Json<EventList>, Problem> {
    let limit = query.limit.unwrap_or(50);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let message = format!("{limit} is out of range: write 1 to {LIMIT_MAX}");
        return Err(Problem::bad_parameter("limit", message));
    }
    let wanted = EventQuery {
        limit: limit + 1,
        areas: visible_areas(principal.permissions()),
        ..query.wanted()?
    };
    let mut rows = state.store.events(&principal.scope(), &wanted).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next_cursor = rows.last().filter(|_| more).map(|row| row.id.to_string());
    Ok(Json(EventList {
        items: rows
            .into_iter()
            .map(|row| as_seen(row, principal.permissions()).into())
            .collect(),
        next_cursor,
    }))
}

impl EventListQuery {
    fn wanted(self) -> Result<EventQuery, Problem> {
        let cursor = self.cursor.as_deref().map(number).transpose();
        Ok(EventQuery {
            kind: kind(self.kind)?,
            subject: text("subject", self.subject)?,
            actor: text("actor", self.actor)?,
            from: time("from", self.from.as_deref())?,
            to: time("to", self.to.as_deref())?,
            before: cursor
                .map_err(|()| Problem::bad_parameter("cursor", "give a `next_cursor`"))?,
            ..EventQuery::default()
        })
    }
}

/// A kind, or an area with `.` at its end; `None` for all.
fn kind(pattern: Option<String>) -> Result<Option<String>, Problem> {
    let pattern = text("kind", pattern)?;
    let Some(pattern) = pattern.filter(|pattern| pattern != "*") else {
        return Ok(None);
    };
    let area = pattern.strip_suffix('*').unwrap_or(&pattern);
    if area.contains('*') || (area.len() < pattern.len() && !area.ends_with('.')) {
        let message = "write a kind as `carrier.updated`, an area as `carrier.*`, or `*`";
        return Err(Problem::bad_parameter("kind", message));
    }
    if area.len() == pattern.len() && area.ends_with('.') {
        return Err(Problem::bad_parameter("kind", "an area ends in `.*`"));
    }
    Ok(Some(area.to_owned()))
}

fn text(field: &str, text: Option<String>) -> Result<Option<String>, Problem> {
    match text {
        Some(text) if text.is_empty() || text.len() > TEXT_BYTES_MAX || text.contains('\0') => {
            let message = format!("write 1 to {TEXT_BYTES_MAX} bytes");
            Err(Problem::bad_parameter(field, message))
        }
        other => Ok(other),
    }
}

fn time(field: &str, text: Option<&str>) -> Result<Option<rating::Timestamp>, Problem> {
    let parsed = text.map(str::parse::<Time>).transpose();
    let parsed = parsed.map_err(|error| Problem::bad_parameter(field, error.to_string()))?;
    Ok(parsed.map(|time| time.0))
}

/// An event's number: digits only.
fn number(text: &str) -> Result<i64, ()> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(());
    }
    text.parse().map_err(|_| ())
}

impl From<EventRow> for SwitchEvent {
    fn from(row: EventRow) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            subject: row.subject,
            actor: row.actor,
            data: row.data,
            at: Time(row.at),
        }
    }
}
