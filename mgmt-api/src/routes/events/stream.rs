//! Events as they happen (server-sent events, WHATWG HTML 9.2).

use super::{SwitchEvent, kind, number};
use crate::auth::{OpenRequest, Principal};
use crate::containment::{Part, contain};
use crate::events::{StreamPlace, as_seen, visible_areas};
use crate::extract::ApiQuery;
use crate::problem::Problem;
use crate::state::AppState;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::time::Duration;
use store::{EventQuery, Scope, Store, StoreError};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt as _};
use utoipa::{IntoParams, ToSchema};

/// How long a stream lasts at most: then the reader comes back, and is asked who it is again.
const STREAM_LIFETIME: Duration = Duration::from_secs(15 * 60);

/// Who reads is asked who they are before each event and at least this often: whoever is signed out
/// or allowed less gets nothing more, and the stream ends.
const RECHECK: Duration = Duration::from_secs(60);

/// Between two signs of life.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long a reader may leave the stream full before it is cut off.
const SLOW_READER_TIMEOUT: Duration = Duration::from_secs(30);

/// When a reader is to come back after the end.
const RETRY: Duration = Duration::from_secs(2);

/// Events that wait to be sent to a reader. More are read when there is room again.
const QUEUE: usize = 32;

/// Events that are read at once.
const PAGE: u32 = 100;

/// Which events to follow.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventStreamQuery {
    /// Only of this kind, such as `carrier.updated`; `carrier.*` means all of an area.
    #[param(max_length = 200)]
    pub kind: Option<String>,
    /// Begin behind the event of this number. The header `Last-Event-ID` goes before it; without
    /// both, the stream begins with what happens next.
    #[param(pattern = "^[0-9]{1,19}$")]
    pub after: Option<String>,
}

/// Some events between two of the stream are not kept any more: look at what is there instead.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct EventGap {
    /// The number that the reader had.
    pub after: i64,
    /// The oldest number that is kept.
    pub oldest: i64,
}

/// Streams events as they happen. Each message has the event's number as its `id` and a
/// `SwitchEvent` as its data; a reader that comes back with `Last-Event-ID` misses nothing that is
/// kept. A message of the type `gap` says that something was missed. A comment comes every 15 s. A
/// stream ends after 15 minutes, when its reader does not read for 30 s, or when its reader is signed
/// out or allowed less: come back.
#[utoipa::path(
    get,
    path = "/api/v1/events/stream",
    operation_id = "event_stream",
    tag = "events",
    params(
        EventStreamQuery,
        ("Last-Event-ID" = Option<String>, Header, description = "Number of the last event that was read"),
    ),
    responses(
        (status = 200, description = "Events without end", body = SwitchEvent, content_type = "text/event-stream"),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Too many streams are open", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = []), ("api_key" = [])),
)]
pub(crate) async fn event_stream(
    State(state): State<AppState>,
    principal: Principal,
    headers: HeaderMap,
    ApiQuery(query): ApiQuery<EventStreamQuery>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let kind = kind(query.kind)?;
    let after = begin(&headers, query.after.as_deref())?;
    let scope = principal.scope();
    let full = || Problem::unavailable("Too many streams are open; close one.");
    let place = state.events.listen(scope.tenant()).ok_or_else(full)?;
    let (sender, receiver) = mpsc::channel(QUEUE);
    let (oldest, newest) = state.store.event_range().await?;
    let reader = Reader {
        store: state.store.clone(),
        scope,
        kind,
        areas: visible_areas(principal.permissions()),
        request: OpenRequest::new(state, principal, &headers),
        after: after.unwrap_or(newest),
        sender,
        place,
    };
    tokio::spawn(contain(Part::Task, reader.run(oldest, newest)));
    let events = ReceiverStream::new(receiver).map(Ok);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)))
}

/// The number of the last event that the reader has. A header that is no number of ours is that of
/// another server, and is as good as none.
fn begin(headers: &HeaderMap, after: Option<&str>) -> Result<Option<i64>, Problem> {
    let header = headers.get("last-event-id");
    let last = header.and_then(|id| number(id.to_str().ok()?).ok());
    if last.is_some() {
        return Ok(last);
    }
    let after = after.map(number).transpose();
    after.map_err(|()| Problem::bad_parameter("after", "give the number of an event"))
}

/// Sends events to one reader.
struct Reader {
    store: Store,
    scope: Scope,
    kind: Option<String>,
    areas: Option<Vec<String>>,
    request: OpenRequest,
    after: i64,
    sender: mpsc::Sender<Event>,
    place: StreamPlace,
}

/// Why a stream ends.
enum End {
    /// The reader is gone, too slow, no longer let in, or had its time; or the server stops.
    Over,
    /// The database failed: the reader comes back.
    Store(StoreError),
}

impl From<StoreError> for End {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Reader {
    async fn run(mut self, oldest: i64, newest: i64) {
        let life = tokio::time::timeout(STREAM_LIFETIME, self.follow(oldest, newest));
        if let Ok(Err(End::Store(error))) = life.await {
            tracing::warn!(%error, "a stream of events ends");
        }
    }

    async fn follow(&mut self, oldest: i64, newest: i64) -> Result<(), End> {
        self.send(Event::default().retry(RETRY).comment("events"))
            .await?;
        self.say_gap(oldest, newest).await?;
        loop {
            self.send_new().await?;
            let gone = self.sender.clone();
            tokio::select! {
                changed = self.place.newest.changed() => changed.map_err(|_| End::Over)?,
                () = gone.closed() => return Err(End::Over),
                () = tokio::time::sleep(RECHECK) => self.recheck().await?,
            }
        }
    }

    /// Numbers that are not kept any more, or that this database never gave.
    async fn say_gap(&mut self, oldest: i64, newest: i64) -> Result<(), End> {
        if self.after <= newest && self.after + 1 >= oldest {
            return Ok(());
        }
        let gap = EventGap {
            after: self.after,
            oldest,
        };
        self.after = if self.after > newest {
            newest
        } else {
            oldest - 1
        };
        if let Ok(event) = Event::default().event("gap").json_data(gap) {
            self.send(event).await?;
        }
        Ok(())
    }

    async fn send_new(&mut self) -> Result<(), End> {
        loop {
            let newest = *self.place.newest.borrow_and_update();
            let newest = newest.ok_or(End::Over)?;
            let query = EventQuery {
                kind: self.kind.clone(),
                areas: self.areas.clone(),
                after: Some(self.after),
                limit: PAGE,
                ..EventQuery::default()
            };
            let rows = self.store.events(&self.scope, &query).await?;
            let is_last = rows.len() < PAGE as usize;
            if !rows.is_empty() {
                self.recheck().await?;
            }
            let permissions = self.request.principal().permissions();
            for row in rows {
                self.after = row.id;
                let event = Event::default().id(row.id.to_string());
                let seen = SwitchEvent::from(as_seen(row, permissions));
                if let Ok(event) = event.json_data(seen) {
                    self.send(event).await?;
                }
            }
            if is_last {
                // What is between was another tenant's, or of another kind.
                self.after = self.after.max(newest);
                return Ok(());
            }
        }
    }

    async fn recheck(&self) -> Result<(), End> {
        if self.request.holds().await {
            Ok(())
        } else {
            Err(End::Over)
        }
    }

    async fn send(&self, event: Event) -> Result<(), End> {
        let sent = self.sender.send_timeout(event, SLOW_READER_TIMEOUT).await;
        sent.map_err(|_| End::Over)
    }
}
