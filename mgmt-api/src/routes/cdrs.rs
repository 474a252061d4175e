//! Call detail records: the list and the whole record.

mod convert;
mod dropped;
mod filter;
mod own;
pub(crate) mod totals;

pub(crate) use convert::word;
pub use dropped::DroppedDays;
pub(crate) use dropped::{gone, no_call};
pub(crate) use filter::OwnCdrFilter;
pub use filter::{CdrFilter, ListOrder};
pub(crate) use own::party as own_party;
pub(crate) use own::{__path_own_cdr_list, __path_own_cdr_view, own_cdr_list, own_cdr_view};

use crate::auth::Principal;
use crate::extract::{ApiQuery, read_query};
use crate::problem::Problem;
use crate::routes::reports::Filling;
use crate::state::AppState;
use crate::values::{CallIdText, Money, Time, ValueError};
use axum::Json;
use axum::extract::{Path, State};
use rating::Timestamp;
use serde::{Deserialize, Serialize};
use store::{CdrCursor, CdrParty, CdrQuery};
use utoipa::ToSchema;

const PAGE_DEFAULT: u32 = 50;
const PAGE_MAX: u32 = 500;

/// How a call, or one attempt of it, came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A 2xx was sent to the customer; charged.
    Answered,
    /// The customer gave up before an answer.
    Cancelled,
    /// Every route that was tried failed.
    Failed,
    /// Refused by the switch before any attempt.
    Rejected,
    /// It was up when the process died; closed at the last moment the journal proves.
    Interrupted,
}

/// Who ended the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReleasedBy {
    /// The ingress side.
    Customer,
    /// The egress side.
    Carrier,
    /// The switch.
    Switch,
}

/// SIP transport of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// Stream.
    Tcp,
    /// Stream within TLS.
    Tls,
    /// WebSocket.
    Ws,
    /// WebSocket within TLS.
    Wss,
}

/// One page of records, in the order that was asked for.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CdrPage {
    /// The records.
    pub items: Vec<CdrSummary>,
    /// Send it as `cursor` to get the next page; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
    /// The search stopped at records that were received then: 100,000 were looked at for this page, which
    /// may hold fewer than asked for. Send `next_cursor` to search on. Null when nothing was left out.
    #[schema(required)]
    pub searched_until: Option<Time>,
    /// Calls of before this release are still being made known to some filters; null when all are.
    #[schema(required)]
    pub filling: Option<Filling>,
    /// Days of the span asked for whose records are neither in the database nor in an archive that this node reads. Null
    /// without any.
    #[schema(required)]
    pub dropped: Option<DroppedDays>,
}

/// One call in the list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CdrSummary {
    /// Identifier of the call.
    pub id: CallIdText,
    /// INVITE received.
    pub received_at: Time,
    /// 2xx sent to the customer.
    #[schema(required)]
    pub answered_at: Option<Time>,
    /// The end.
    pub ended_at: Time,
    /// Who pays; null for an unknown source.
    #[schema(required)]
    pub customer: Option<String>,
    /// Carrier of the last attempt, which is the answered one if any is.
    #[schema(required)]
    pub carrier: Option<String>,
    /// Destination's name on the customer's card.
    #[schema(required)]
    pub destination: Option<String>,
    /// As received.
    pub calling_number: String,
    /// After translation, digits of E.164 without `+`.
    pub called_number: String,
    /// How it came out.
    pub outcome: Outcome,
    /// Final status sent to the customer; 0 when none was.
    pub sip_status: u16,
    /// Our reason, such as `normal_clearing` or `customer_cps_limit`.
    pub release_reason: String,
    /// Who ended it.
    pub released_by: ReleasedBy,
    /// Talk time.
    pub duration_ms: u64,
    /// Seconds charged to the customer.
    pub billed_seconds: u32,
    /// Post-dial delay: INVITE received to the first ringing indication sent.
    #[schema(required)]
    pub pdd_ms: Option<u64>,
    /// How many egress attempts there were.
    pub attempts: u32,
    /// What the customer pays, in the currency of the books.
    pub charge: Money,
    /// What the carriers charge us, in the currency of the books.
    pub cost: Money,
    /// Charge minus cost.
    pub margin: Money,
    /// Currency of charge, cost and margin.
    #[schema(example = "USD")]
    pub currency: String,
    /// Number of the configuration snapshot that decided the call.
    pub snapshot_number: u64,
    /// It was read from the archive, as its day is dropped from the database.
    pub archived: bool,
}

/// The whole record of a call.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Cdr {
    /// The fields of the list.
    #[serde(flatten)]
    pub summary: CdrSummary,
    /// Name of the node that handled the call.
    pub node: String,
    /// Shard within the node.
    pub shard: u16,
    /// Call-ID of the ingress leg.
    pub ingress_call_id: String,
    /// Transport the INVITE came by.
    pub ingress_transport: Transport,
    /// Where the INVITE came from, `address:port`.
    pub ingress_source: String,
    /// The trunk the call came in by.
    #[schema(required)]
    pub ingress_trunk: Option<String>,
    /// User-Agent of the INVITE.
    #[schema(required)]
    pub user_agent: Option<String>,
    /// User part of the Request-URI as received.
    pub called_number_received: String,
    /// First ringing indication sent to the customer.
    #[schema(required)]
    pub ringing_at: Option<Time>,
    /// Q.850 cause; 0 when none applies.
    pub q850_cause: u8,
    /// The customer's rate; null when the call was refused before rating.
    #[schema(required)]
    pub rate: Option<CdrRate>,
    /// What the customer pays, in the currency of its rate.
    pub charge_by_rate: Money,
    /// Every egress attempt, in order.
    pub attempt_records: Vec<CdrAttempt>,
    /// What the media relay counted; null when media went directly.
    #[schema(required)]
    pub media: Option<CdrMedia>,
}

/// One egress attempt of a call.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CdrAttempt {
    /// 1 for the first.
    pub number: u16,
    /// Whom we would pay.
    pub carrier: String,
    /// The carrier's trunk.
    pub egress_trunk: String,
    /// Where the INVITE was sent, `address:port`.
    pub gateway: String,
    /// Transport to the gateway.
    pub transport: Transport,
    /// Call-ID of the egress leg.
    pub egress_call_id: String,
    /// Called number sent.
    pub called_number_sent: String,
    /// Calling number sent.
    pub calling_number_sent: String,
    /// The carrier's rate.
    pub rate: CdrRate,
    /// Seconds the carrier charges.
    pub billed_seconds: u32,
    /// What the carrier charges, in the currency of its rate.
    pub cost: Money,
    /// The same in the currency of the books.
    pub cost_in_books: Money,
    /// INVITE sent.
    pub started_at: Time,
    /// First response of any kind.
    #[schema(required)]
    pub first_reply_at: Option<Time>,
    /// First ringing indication.
    #[schema(required)]
    pub ringing_at: Option<Time>,
    /// 2xx received.
    #[schema(required)]
    pub answered_at: Option<Time>,
    /// Final response, time-out, cancel or BYE.
    pub ended_at: Time,
    /// Post-dial delay: INVITE sent to the first ringing indication received.
    #[schema(required)]
    pub pdd_ms: Option<u64>,
    /// How it came out.
    pub outcome: Outcome,
    /// Final status received from the carrier; 0 when none was.
    pub sip_status: u16,
    /// Our reason.
    pub release_reason: String,
    /// Who ended it.
    pub released_by: ReleasedBy,
    /// Q.850 cause; 0 when none applies.
    pub q850_cause: u8,
}

/// The rate that was applied to one side.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CdrRate {
    /// The card's name at the time of the call.
    pub rate_card: String,
    /// The prefix that matched.
    pub prefix: String,
    /// What the calling number began with, or the jurisdiction of the call, when the rate was for that; null for
    /// a rate for all calls.
    #[schema(required, example = "33")]
    pub origin: Option<String>,
    /// The destination's name on that card.
    pub destination: String,
    /// The card's currency.
    #[schema(example = "USD")]
    pub currency: String,
    /// What a unit of it was worth in the currency of the books when the call was decided; null for
    /// customers and carriers, whom that does not concern.
    #[schema(required, example = "1.0842")]
    pub exchange_rate: Option<String>,
    /// Price of a minute in the first interval.
    pub initial_rate_per_minute: Money,
    /// Price of a minute after the first interval.
    pub next_rate_per_minute: Money,
    /// Length of the first interval, seconds.
    pub initial_interval_s: u32,
    /// Length of each further interval, seconds.
    pub next_interval_s: u32,
    /// Charged once per answered call.
    pub connection_fee: Money,
    /// Charged once per call or attempt that was sent, answered or not.
    pub attempt_fee: Money,
    /// An answered call of at most so many seconds costs no more than an unanswered one.
    pub grace_period_s: u32,
}

/// What the media relay counted.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CdrMedia {
    /// RTP packets received from the customer.
    pub packets_from_customer: u64,
    /// RTP bytes received from the customer.
    pub bytes_from_customer: u64,
    /// RTP packets received from the carrier.
    pub packets_from_carrier: u64,
    /// RTP bytes received from the carrier.
    pub bytes_from_carrier: u64,
    /// The side that sent no packet in five seconds of talk or more, while the other spoke: `customer` or
    /// `carrier`; null otherwise. An announcement that wants no answer looks the same.
    #[schema(required, example = "carrier")]
    pub not_heard: Option<&'static str>,
    /// How the customer's media arrived; null in records of earlier releases.
    #[schema(required)]
    pub quality_from_customer: Option<CdrMediaQuality>,
    /// How the carrier's media arrived; null in records of earlier releases.
    #[schema(required)]
    pub quality_from_carrier: Option<CdrMediaQuality>,
}

/// How the media of one side arrived at the media relay.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CdrMediaQuality {
    /// The latest voice codec; null without any that is known.
    #[schema(required, example = "PCMA")]
    pub codec: Option<String>,
    /// Packets that were sent, by their sequence numbers.
    pub packets_expected: u64,
    /// Of those, how many did not arrive.
    pub packets_lost: u64,
    /// Loss in the worst five seconds, percent.
    #[schema(example = 1.25)]
    pub worst_loss_percent: f64,
    /// Packets that arrived after one that was sent later.
    pub packets_reordered: u64,
    /// Packets that arrived a second time.
    pub packets_doubled: u64,
    /// Mean interarrival jitter (RFC 3550), milliseconds.
    #[schema(example = 2.4)]
    pub jitter_mean_ms: f64,
    /// The highest interarrival jitter, milliseconds.
    pub jitter_highest_ms: f64,
    /// The longest time between two packets, milliseconds. Holding and silence suppression make gaps too.
    pub longest_gap_ms: u32,
    /// The mean opinion score by the E-model (ITU-T G.107), 1 to 4.5, of what arrived at the relay; null
    /// without a voice codec that is known.
    #[schema(required, example = 4.37)]
    pub mos: Option<f64>,
    /// From the relay to this side and back by its RTCP, milliseconds; null when it sent no report.
    #[schema(required, example = 41.5)]
    pub round_trip_ms: Option<f64>,
    /// What this side reports by RTCP as lost of the media that it was sent; null when it sent no report.
    #[schema(required)]
    pub far_end_packets_lost: Option<u64>,
}

/// Lists call records, newest first unless asked otherwise. A filter by the customer, a trunk, the
/// carrier, a gateway's address and port, a Call-ID, a whole called or calling number, six digits or more
/// that one begins with, or that the called number ends with, is led by an index. For others the records
/// are looked at, 100,000 for a page: `searched_until` tells where that stopped.
#[utoipa::path(
    get,
    path = "/api/v1/cdrs",
    operation_id = "cdr_list",
    tag = "cdrs",
    params(CdrFilter),
    responses(
        (status = 200, description = "One page", body = CdrPage),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = []), ("api_key" = [])),
)]
pub(crate) async fn cdr_list(
    State(state): State<AppState>,
    principal: Principal,
    ApiQuery(filter): ApiQuery<CdrFilter>,
) -> Result<Json<CdrPage>, Problem> {
    let (scope, query) = (principal.scope(), filter.query()?);
    let found = state.call_records.page(&scope, &query).await?;
    Ok(Json(CdrPage {
        items: found.rows.into_iter().map(CdrSummary::from).collect(),
        next_cursor: found.next.map(write_cursor),
        searched_until: found.searched_until.map(Time),
        filling: filling(&state).await?,
        dropped: dropped::unread(&state, &query).await?,
    }))
}

/// Shows one call with all of its attempts.
#[utoipa::path(
    get,
    path = "/api/v1/cdrs/{id}",
    operation_id = "cdr_view",
    tag = "cdrs",
    params(("id" = CallIdText, Path, description = "Identifier of the call")),
    responses(
        (status = 200, description = "The record", body = Cdr),
        (status = 400, description = "Not an identifier", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such call", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "The records of its day were dropped", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = []), ("api_key" = [])),
)]
pub(crate) async fn cdr_view(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Json<Cdr>, Problem> {
    let wrong = |error: ValueError| Problem::bad_parameter("id", error.to_string());
    let id: CallIdText = id.parse().map_err(wrong)?;
    let (scope, party) = (principal.scope(), CdrParty::Staff);
    let Some(found) = state.call_records.one(&scope, party, id.0).await? else {
        return Err(no_call(&state, &id).await?);
    };
    Ok(Json(Cdr::new(found.row.into(), found.record)))
}

/// Which records the query string of a list asks for, as a party is asked.
pub(crate) fn asked(party: CdrParty, query: &str) -> Result<CdrQuery, Problem> {
    match party {
        CdrParty::Staff => read_query::<CdrFilter>(query)?.query(),
        CdrParty::Customer(_) | CdrParty::Carrier(_) => {
            read_query::<OwnCdrFilter>(query)?.query(party)
        }
    }
}

/// How far the records of before are known to all filters.
pub(crate) async fn filling(state: &AppState) -> Result<Option<Filling>, Problem> {
    let fill = state.store.cdr_search_fill().await?;
    Ok(fill.map(|fill| Filling::of(fill.done, fill.total)))
}

/// How many items a page shall hold.
pub(crate) fn page_limit(limit: Option<u32>) -> Result<u32, Problem> {
    match limit {
        None => Ok(PAGE_DEFAULT),
        Some(limit) if (1..=PAGE_MAX).contains(&limit) => Ok(limit),
        Some(limit) => {
            let message = format!("{limit} is out of range: write 1 to {PAGE_MAX}");
            Err(Problem::bad_parameter("limit", message))
        }
    }
}

/// A cursor is the time and the identifier of the last record seen. Clients send it back as it is.
fn write_cursor(cursor: CdrCursor) -> String {
    format!("{:x}-{}", cursor.received_at.0, CallIdText(cursor.id))
}

fn read_cursor(text: &str) -> Result<CdrCursor, Problem> {
    let read = || {
        let (time, id) = text.split_once('-')?;
        let received_at = Timestamp(i64::from_str_radix(time, 16).ok()?);
        let id: CallIdText = id.parse().ok()?;
        Some(CdrCursor {
            received_at,
            id: id.0,
        })
    };
    read().ok_or_else(|| Problem::bad_parameter("cursor", "send `next_cursor` as it came"))
}
