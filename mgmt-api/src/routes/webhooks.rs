//! What notification targets were told, and trying one out.

use super::resources::find;
use crate::auth::Principal;
use crate::clock;
use crate::extract::ApiQuery;
use crate::jobs::JobFailure;
use crate::notifications::{Message, TEST_KIND, Target, compose_mails, message_id, send};
use crate::problem::Problem;
use crate::state::AppState;
use crate::values::Time;
use axum::Json;
use axum::extract::{Path, State};
use resources::ResourceKind;
use serde::{Deserialize, Serialize};
use store::{DeliveryQuery, DeliveryResult, DeliveryRow, DeliveryState, NewDelivery, NewMail};
use utoipa::{IntoParams, ToSchema};

const LIMIT_MAX: u32 = 200;
const TEXT_BYTES_MAX: usize = 200;

/// Which deliveries to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveryListQuery {
    /// Only to the target of this name.
    #[param(max_length = 200)]
    pub target: Option<String>,
    /// Only in this state.
    pub state: Option<NotificationState>,
    /// Only of events of this kind, such as `change_set.pushed`.
    #[param(max_length = 200)]
    pub event: Option<String>,
    /// At most so many.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9]{1,19}$")]
    pub cursor: Option<String>,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotificationState {
    /// It waits for its first try.
    Pending,
    /// It is delivered; a mail is in the outbox.
    Delivered,
    /// The last try failed, another will come.
    Failed,
    /// No more tries, unless its job is retried.
    Dead,
    /// It was not sent: the target is gone, is not active, or was told too often.
    Suppressed,
}

/// A page of deliveries, newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NotificationDeliveryList {
    /// The deliveries.
    pub items: Vec<NotificationDelivery>,
    /// Where the next page begins; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// What a target was, or is to be, told of.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NotificationDelivery {
    /// Its number.
    pub id: i64,
    /// Name of the target.
    pub target: String,
    /// `webhook` or `email`.
    #[schema(example = "webhook")]
    pub channel: String,
    /// The `webhook-id` of each try.
    pub message_id: String,
    /// Kind of the event.
    #[schema(example = "change_set.pushed")]
    pub event: String,
    /// Its number; null for a test.
    #[schema(required)]
    pub event_id: Option<i64>,
    /// Where it stands.
    pub state: NotificationState,
    /// Tries that were made.
    pub attempts: u32,
    /// The job that delivers it, which can be retried; null for mails and tests.
    #[schema(required)]
    pub job_id: Option<i64>,
    /// The status that the receiver answered the last try with.
    #[schema(required)]
    pub status: Option<u16>,
    /// How long the last try took, in milliseconds.
    #[schema(required)]
    pub duration_ms: Option<u32>,
    /// Why the last try did not succeed.
    #[schema(required)]
    pub error: Option<String>,
    /// When it was noted.
    pub created_at: Time,
    /// When its state last changed.
    pub updated_at: Time,
}

/// Lists what notification targets were told, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/notification-deliveries",
    operation_id = "notification_delivery_list",
    tag = "events",
    params(DeliveryListQuery),
    responses(
        (status = 200, description = "A page", body = NotificationDeliveryList),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = []), ("api_key" = [])),
)]
pub(crate) async fn notification_delivery_list(
    State(state): State<AppState>,
    principal: Principal,
    ApiQuery(query): ApiQuery<DeliveryListQuery>,
) -> Result<Json<NotificationDeliveryList>, Problem> {
    let limit = query.limit.unwrap_or(50);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let message = format!("{limit} is out of range: write 1 to {LIMIT_MAX}");
        return Err(Problem::bad_parameter("limit", message));
    }
    let before = query.cursor.as_deref().map(number).transpose();
    let wanted = DeliveryQuery {
        target: text("target", query.target)?,
        state: query.state.map(DeliveryState::from),
        event_kind: text("event", query.event)?,
        before: before.map_err(|()| Problem::bad_parameter("cursor", "give a `next_cursor`"))?,
        limit: limit + 1,
    };
    let mut rows = state.store.deliveries(&principal.scope(), &wanted).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next_cursor = rows.last().filter(|_| more).map(|row| row.id.to_string());
    Ok(Json(NotificationDeliveryList {
        items: rows.into_iter().map(NotificationDelivery::from).collect(),
        next_cursor,
    }))
}

/// Sends a test to a notification target, once, and says what became of it: the event
/// `notification.test` by a request, or a mail to each recipient.
#[utoipa::path(
    post,
    path = "/api/v1/notification-targets/{id}/test",
    operation_id = "notification_target_test",
    tag = "events",
    params(("id" = String, Path, description = "Number or name of the target")),
    responses(
        (status = 200, description = "What became of it, also when the receiver did not take it", body = NotificationDelivery),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such target", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The test cannot be sent now", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = [], "csrf_token" = []), ("api_key" = [])),
)]
pub(crate) async fn notification_target_test(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Json<NotificationDelivery>, Problem> {
    let row = find(&state, &principal, ResourceKind::NotificationTarget, &id).await?;
    let unreadable = || Problem::not_found("The target is of another version of the program.");
    let target = Target::of_row(row).ok_or_else(unreadable)?;
    let new_id = message_id().map_err(|error| Problem::internal(&error))?;
    let (delivered, result, mails) = if target.is_mail() {
        let mails = test_mails(&state, &principal, &target)?;
        (true, DeliveryResult::default(), mails)
    } else {
        let (delivered, result) = test_request(&state, &principal, &target, &new_id).await?;
        (delivered, result, Vec::new())
    };
    let delivery = NewDelivery {
        tenant: target.owner,
        channel: target.channel(),
        target: target.name,
        message_id: new_id,
        event_id: None,
        event_kind: TEST_KIND.into(),
        state: if delivered {
            DeliveryState::Delivered
        } else {
            DeliveryState::Dead
        },
        attempts_max: None,
        result,
    };
    let id = state
        .store
        .add_delivery(&delivery, &mails, clock::now())
        .await?;
    state.job_bell.ring();
    let row = state.store.delivery(&principal.scope(), id).await?;
    let row = row.ok_or_else(|| Problem::not_found("The target is gone."))?;
    Ok(Json(row.into()))
}

fn test_mails(
    state: &AppState,
    principal: &Principal,
    target: &Target,
) -> Result<Vec<NewMail>, Problem> {
    let text = format!(
        "This is a test of the notification target {}, asked for by {}.\n",
        target.name, principal.name
    );
    compose_mails(&state.secrets, target, "[DIDTron] A test", &text)
        .map_err(|error| Problem::internal(&error))
}

async fn test_request(
    state: &AppState,
    principal: &Principal,
    target: &Target,
    message_id: &str,
) -> Result<(bool, DeliveryResult), Problem> {
    let message = Message::of_test(TEST_KIND, &target.name, &principal.name, clock::now());
    let tools = (&state.store, &state.secrets, &state.webhooks);
    let sent = send(tools, &principal.scope(), target, message_id, &message).await;
    match sent {
        Ok(outcome) => Ok((outcome.succeeded, outcome.result)),
        Err(
            JobFailure::Retry(reason)
            | JobFailure::GiveUp(reason)
            | JobFailure::PutOff { reason, .. },
        ) => Err(Problem::unavailable(reason)),
        Err(JobFailure::Cancelled { by }) => {
            Err(Problem::unavailable(format!("It was stopped by {by}.")))
        }
    }
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

/// A delivery's number: digits only.
fn number(text: &str) -> Result<i64, ()> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(());
    }
    text.parse().map_err(|_| ())
}

impl From<DeliveryState> for NotificationState {
    fn from(state: DeliveryState) -> Self {
        match state {
            DeliveryState::Pending => Self::Pending,
            DeliveryState::Delivered => Self::Delivered,
            DeliveryState::Failed => Self::Failed,
            DeliveryState::Dead => Self::Dead,
            DeliveryState::Suppressed => Self::Suppressed,
        }
    }
}

impl From<NotificationState> for DeliveryState {
    fn from(state: NotificationState) -> Self {
        match state {
            NotificationState::Pending => Self::Pending,
            NotificationState::Delivered => Self::Delivered,
            NotificationState::Failed => Self::Failed,
            NotificationState::Dead => Self::Dead,
            NotificationState::Suppressed => Self::Suppressed,
        }
    }
}

impl From<DeliveryRow> for NotificationDelivery {
    fn from(row: DeliveryRow) -> Self {
        Self {
            id: row.id,
            target: row.target,
            channel: row.channel,
            message_id: row.message_id,
            event: row.event_kind,
            event_id: row.event_id,
            state: row.state.into(),
            attempts: row.attempts,
            job_id: row.job_id,
            status: row.result.status,
            duration_ms: row.result.duration_ms,
            error: row.result.error,
            created_at: Time(row.created_at),
            updated_at: Time(row.updated_at),
        }
    }
}
