//! Sources that the switch does not hear.

use crate::auth::Principal;
use crate::clock;
use crate::extract::{ApiJson, ApiQuery};
use crate::problem::Problem;
use crate::routes::cdrs::page_limit;
use crate::state::AppState;
use crate::switch_port;
use crate::values::Time;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use rating::Timestamp;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use utoipa::{IntoParams, ToSchema};

const BODY_BYTES_MAX: usize = 4 * 1024;
/// A year.
const SECONDS_MAX: u32 = 31_536_000;
const NOTE_CHARS_MAX: usize = 200;

/// Which bans to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BanQuery {
    /// How many bans a page holds, 1 to 500.
    #[param(default = 50, minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(example = "192.0.2.7", max_length = 45)]
    pub cursor: Option<String>,
}

/// One page of bans, in the order of their addresses.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BanPage {
    /// The bans.
    pub items: Vec<Ban>,
    /// How many there are in all.
    pub total: u64,
    /// Send it as `cursor` to get the next page; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// Why a source is not heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BanReason {
    /// Somebody said so.
    Operator,
    /// It belongs to no trunk and sent too much, or as a scanner.
    Flood,
}

/// A source that is not heard on this node.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Ban {
    /// The address; an IPv6 address stands for its /64 network.
    #[schema(example = "192.0.2.7")]
    pub source: String,
    /// When the ban began.
    pub since: Time,
    /// When it ends by itself.
    pub until: Time,
    /// Why.
    pub reason: BanReason,
    /// What was written when it was made.
    #[schema(required)]
    pub note: Option<String>,
}

/// What is to be banned.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BanCreate {
    /// The address; an IPv6 address stands for its /64 network.
    #[schema(example = "192.0.2.7", max_length = 45)]
    pub source: String,
    /// For how long, seconds: at most a year.
    #[schema(minimum = 1, maximum = 31_536_000)]
    pub seconds: u32,
    /// Why, for those who come later.
    #[schema(max_length = 200)]
    pub note: Option<String>,
}

/// Lists the sources that this node does not hear, in the order of their addresses.
#[utoipa::path(
    get,
    path = "/api/v1/bans",
    operation_id = "ban_list",
    tag = "defence",
    params(BanQuery),
    responses(
        (status = 200, description = "One page", body = BanPage),
    ),
)]
pub(crate) async fn ban_list(
    State(state): State<AppState>,
    ApiQuery(query): ApiQuery<BanQuery>,
) -> Result<Json<BanPage>, Problem> {
    let limit = page_limit(query.limit)? as usize;
    let wrong = |_| Problem::bad_parameter("cursor", "send `next_cursor` as it came");
    let after: Option<IpAddr> = query
        .cursor
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(wrong)?;
    let mut bans = state.switch.bans();
    bans.sort_by_key(|ban| ban.source);
    let total = bans.len() as u64;
    let mut rest = bans
        .into_iter()
        .filter(|ban| after.is_none_or(|after| ban.source > after));
    let items: Vec<Ban> = rest.by_ref().take(limit).map(Ban::from).collect();
    let more = rest.next().is_some();
    Ok(Json(BanPage {
        next_cursor: items
            .last()
            .filter(|_| more)
            .map(|last| last.source.clone()),
        total,
        items,
    }))
}

/// Drops everything that a source sends to this node, unseen, from now on.
///
/// A ban of the same source is replaced. Calls of the source that are up hear nothing of it any more, and
/// end by their timers.
#[utoipa::path(
    post,
    path = "/api/v1/bans",
    operation_id = "ban_create",
    tag = "defence",
    request_body = BanCreate,
    responses(
        (status = 201, description = "The ban", body = Ban),
    ),
)]
pub(crate) async fn ban_create(
    State(state): State<AppState>,
    principal: Principal,
    ApiJson(body): ApiJson<BanCreate, BODY_BYTES_MAX>,
) -> Result<(StatusCode, Json<Ban>), Problem> {
    let now = clock::now();
    let ban = body.check(now)?;
    let entry = principal
        .audit(principal.own_scope().tenant(), "ban.create")
        .on("ban", None, ban.source.to_string());
    state.store.append_audit(&[entry]).await?;
    state.switch.ban(ban.clone());
    Ok((StatusCode::CREATED, Json(Ban::from(ban))))
}

/// Ends a ban at once.
#[utoipa::path(
    delete,
    path = "/api/v1/bans/{source}",
    operation_id = "ban_delete",
    tag = "defence",
    params(("source" = String, Path, description = "The address as the list has it", example = "192.0.2.7")),
    responses(
        (status = 204, description = "The source is heard again"),
        (status = 404, description = "It was not banned", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn ban_delete(
    State(state): State<AppState>,
    principal: Principal,
    Path(source): Path<String>,
) -> Result<StatusCode, Problem> {
    // What is no address is not banned either.
    let unknown = || Problem::not_found(format!("{source} is not banned."));
    let address: IpAddr = source.parse().map_err(|_| unknown())?;
    if !state.switch.lift_ban(address) {
        return Err(unknown());
    }
    let entry = principal
        .audit(principal.own_scope().tenant(), "ban.delete")
        .on("ban", None, address.to_string());
    state.store.append_audit(&[entry]).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl BanCreate {
    fn check(self, now: Timestamp) -> Result<switch_port::Ban, Problem> {
        let source = self.source.parse().map_err(|_| {
            Problem::invalid_field(
                "source",
                "write an address such as 192.0.2.7 or 2001:db8::7",
            )
        })?;
        if !(1..=SECONDS_MAX).contains(&self.seconds) {
            let message = format!("is {}; it must be 1 to {SECONDS_MAX}", self.seconds);
            return Err(Problem::invalid_field("seconds", message));
        }
        if self
            .note
            .as_ref()
            .is_some_and(|note| note.chars().count() > NOTE_CHARS_MAX)
        {
            let message = format!("is longer than {NOTE_CHARS_MAX} characters");
            return Err(Problem::invalid_field("note", message));
        }
        Ok(switch_port::Ban {
            source,
            since: now,
            until: Timestamp(now.0.saturating_add(i64::from(self.seconds) * 1_000_000)),
            reason: switch_port::BanReason::Operator,
            note: self.note,
        })
    }
}

impl From<switch_port::Ban> for Ban {
    fn from(ban: switch_port::Ban) -> Self {
        Self {
            source: ban.source.to_string(),
            since: Time(ban.since),
            until: Time(ban.until),
            reason: match ban.reason {
                switch_port::BanReason::Operator => BanReason::Operator,
                switch_port::BanReason::Flood => BanReason::Flood,
            },
            note: ban.note,
        }
    }
}
