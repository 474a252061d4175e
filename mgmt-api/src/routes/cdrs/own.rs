//! The records of the customer or carrier that is acted in: only its own, and of each only its
//! side. The other side has no field here, so it cannot be shown by mistake.

use super::dropped::{DroppedDays, no_call, unread};
use super::filter::OwnCdrFilter;
use super::{CdrRate, Outcome, ReleasedBy, filling, write_cursor};
use crate::access::Audience;
use crate::auth::{ActingTenant, Principal};
use crate::extract::ApiQuery;
use crate::problem::Problem;
use crate::routes::reports::Filling;
use crate::state::AppState;
use crate::values::{CallIdText, Money, Time, ValueError};
use axum::Json;
use axum::extract::{Path, State};
use rating::cdr::CallRecord;
use serde::Serialize;
use store::{CdrParty, CdrRow};
use utoipa::ToSchema;

/// One page of own records, in the order that was asked for.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OwnCdrPage {
    /// The records.
    pub items: Vec<OwnCdr>,
    /// Send it as `cursor` to get the next page; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
    /// The search stopped at records of then: 100,000 were looked at for this page, which may hold fewer
    /// than asked for. Send `next_cursor` to search on. Null when nothing was left out.
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

/// A call of a customer, or an attempt on a carrier, as it was on that side.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OwnCdr {
    /// Identifier of the call.
    pub id: CallIdText,
    /// INVITE received from the customer, or sent to the carrier.
    pub received_at: Time,
    /// 2xx on that side.
    #[schema(required)]
    pub answered_at: Option<Time>,
    /// The end.
    pub ended_at: Time,
    /// Destination's name on the own card.
    #[schema(required)]
    pub destination: Option<String>,
    /// As it was on that side.
    pub calling_number: String,
    /// As it was on that side.
    pub called_number: String,
    /// How it came out.
    pub outcome: Outcome,
    /// Final status on that side; 0 when there was none.
    pub sip_status: u16,
    /// Our reason, such as `normal_clearing`.
    pub release_reason: String,
    /// Who ended it.
    pub released_by: ReleasedBy,
    /// Talk time.
    pub duration_ms: u64,
    /// Seconds charged.
    pub billed_seconds: u32,
    /// Post-dial delay.
    #[schema(required)]
    pub pdd_ms: Option<u64>,
    /// What the customer pays, or what the carrier is paid.
    pub amount: Money,
    /// Its currency.
    #[schema(example = "USD")]
    pub currency: String,
}

/// An own record with the rate that was applied.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OwnCdrDetail {
    /// The fields of the list.
    #[serde(flatten)]
    pub summary: OwnCdr,
    /// The own rate; null when the call was refused before rating.
    #[schema(required)]
    pub rate: Option<CdrRate>,
}

/// Lists the account's own call records, newest first unless asked otherwise.
#[utoipa::path(
    get,
    path = "/api/v1/own-cdrs",
    operation_id = "own_cdr_list",
    tag = "cdrs",
    params(OwnCdrFilter),
    responses(
        (status = 200, description = "One page", body = OwnCdrPage),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn own_cdr_list(
    State(state): State<AppState>,
    principal: Principal,
    ApiQuery(filter): ApiQuery<OwnCdrFilter>,
) -> Result<Json<OwnCdrPage>, Problem> {
    let query = filter.query(party(&principal.tenant)?)?;
    let found = state.call_records.page(&principal.scope(), &query).await?;
    Ok(Json(OwnCdrPage {
        items: found.rows.into_iter().map(OwnCdr::from).collect(),
        next_cursor: found.next.map(write_cursor),
        searched_until: found.searched_until.map(Time),
        filling: filling(&state).await?,
        dropped: unread(&state, &query).await?,
    }))
}

/// Shows one of the account's own records. Of a call that came to a carrier several times, the last.
#[utoipa::path(
    get,
    path = "/api/v1/own-cdrs/{id}",
    operation_id = "own_cdr_view",
    tag = "cdrs",
    params(("id" = String, Path, description = "Identifier of the call")),
    responses(
        (status = 200, description = "The record", body = OwnCdrDetail),
        (status = 400, description = "Not an identifier", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such call of this account", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "The records of its day were dropped", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn own_cdr_view(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Json<OwnCdrDetail>, Problem> {
    let wrong = |error: ValueError| Problem::bad_parameter("id", error.to_string());
    let id: CallIdText = id.parse().map_err(wrong)?;
    let party = party(&principal.tenant)?;
    let scope = principal.scope();
    let Some(found) = state.call_records.one(&scope, party, id.0).await? else {
        return Err(no_call(&state, &id).await?);
    };
    Ok(Json(OwnCdrDetail {
        summary: found.row.into(),
        rate: own_rate(party, found.record),
    }))
}

/// The side that a tenant sees.
pub(crate) fn party(tenant: &ActingTenant) -> Result<CdrParty, Problem> {
    match (tenant.audience, tenant.resource_id) {
        (Audience::Customer, Some(id)) => Ok(CdrParty::Customer(id)),
        (Audience::Carrier, Some(id)) => Ok(CdrParty::Carrier(id)),
        // The route table lets nobody else through; an account without its resource has no calls.
        _ => Err(Problem::forbidden(
            "This account stands for no customer and no carrier.",
        )),
    }
}

fn own_rate(party: CdrParty, record: CallRecord) -> Option<CdrRate> {
    let rate = match party {
        CdrParty::Carrier(_) => record
            .attempts
            .into_iter()
            .next_back()
            .map(|last| last.rate),
        CdrParty::Customer(_) | CdrParty::Staff => record.rate,
    };
    // At what a currency is reckoned is the operator's own affair, as its margin is.
    rate.map(|rate| CdrRate {
        exchange_rate: None,
        ..rate.into()
    })
}

impl From<CdrRow> for OwnCdr {
    fn from(row: CdrRow) -> Self {
        Self {
            id: CallIdText(row.id),
            received_at: Time(row.received_at),
            answered_at: row.answered_at.map(Time),
            ended_at: Time(row.ended_at),
            destination: row.destination,
            calling_number: row.calling_number,
            called_number: row.called_number,
            outcome: row.outcome.into(),
            sip_status: row.sip_status,
            release_reason: row.release_reason,
            released_by: row.released_by.into(),
            duration_ms: row.duration_ms,
            billed_seconds: row.billed_seconds,
            pdd_ms: row.pdd_ms,
            // A customer's row has a charge and no cost, a carrier's a cost and no charge.
            amount: Money(row.charge.or(row.cost).unwrap_or_default()),
            currency: row.currency,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    fn tenant(audience: Audience, resource_id: Option<i64>) -> ActingTenant {
        ActingTenant {
            audience,
            resource_id,
            ..ActingTenant::platform()
        }
    }

    #[test]
    fn an_account_sees_the_side_that_it_stands_for_and_no_other() {
        let of = |audience, id| party(&tenant(audience, id)).ok();
        assert_eq!(of(Audience::Customer, Some(5)), Some(CdrParty::Customer(5)));
        assert_eq!(of(Audience::Carrier, Some(5)), Some(CdrParty::Carrier(5)));
        assert_eq!(of(Audience::Customer, None), None);
        assert_eq!(of(Audience::Operator, Some(5)), None);
        assert_eq!(of(Audience::Platform, Some(5)), None);
    }
}
