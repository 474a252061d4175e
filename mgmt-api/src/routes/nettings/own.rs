//! The nettings of the customer or carrier that is acted in: those that were confirmed. At what currencies
//! were reckoned in the books is the operator's own affair.

use super::{NettingStateView, cut, is_overdue, page};
use crate::auth::Principal;
use crate::clock;
use crate::extract::ApiQuery;
use crate::problem::Problem;
use crate::routes::ledger::own_party;
use crate::state::AppState;
use crate::values::{Money, Time};
use axum::Json;
use axum::extract::State;
use rating::Amount;
use serde::{Deserialize, Serialize};
use store::{NettingQuery, NettingRow};
use utoipa::{IntoParams, ToSchema};

/// What the account owes for a period, and is owed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OwnNetting {
    /// Its number.
    pub id: i64,
    /// `confirmed`, or `paid`.
    pub state: NettingStateView,
    /// Days of the period, and days to pay.
    #[schema(example = "7/3")]
    pub terms: String,
    /// The zone of its days.
    #[schema(example = "Europe/Vienna")]
    pub time_zone: String,
    /// The first moment of the period.
    pub from: Time,
    /// The first moment behind it.
    pub to: Time,
    /// The first moment of the day on which the difference is due.
    pub due_from: Time,
    /// The first moment at which it is overdue.
    pub overdue_from: Time,
    /// The currency of the statement.
    #[schema(example = "USD")]
    pub currency: String,
    /// What the account owes for calls that it sent.
    pub owed: Money,
    /// What it is owed for calls that it carried.
    pub earned: Money,
    /// What is to be paid, by whoever owes more.
    pub difference: Money,
    /// Who pays it: `you`, `operator`, or null for nobody.
    #[schema(required, example = "you")]
    pub payer: Option<&'static str>,
    /// Whether it is not paid and its day is over.
    pub is_overdue: bool,
    /// Since when nothing is to be paid.
    #[schema(required)]
    pub paid_at: Option<Time>,
}

/// Some own nettings, the newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OwnNettingPage {
    /// The page.
    pub items: Vec<OwnNetting>,
    /// Where the next page begins; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// Which own nettings.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OwnNettingQuery {
    /// At most so many.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9]{1,18}$")]
    pub cursor: Option<String>,
}

/// Lists the account's own nettings that were confirmed, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/own-nettings",
    operation_id = "own_netting_list",
    tag = "ledger",
    params(OwnNettingQuery),
    responses((status = 200, description = "A page", body = OwnNettingPage)),
)]
pub(crate) async fn own_netting_list(
    State(state): State<AppState>,
    principal: Principal,
    ApiQuery(query): ApiQuery<OwnNettingQuery>,
) -> Result<Json<OwnNettingPage>, Problem> {
    let (limit, before) = page(query.limit, query.cursor.as_deref())?;
    let asked = NettingQuery {
        party: Some(own_party(&principal.tenant)?),
        state: None,
        confirmed: true,
        before,
        limit: limit + 1,
    };
    let rows = state.store.nettings(&principal.scope(), &asked).await?;
    let (rows, next_cursor) = cut(rows, limit);
    Ok(Json(OwnNettingPage {
        items: rows.into_iter().map(Into::into).collect(),
        next_cursor,
    }))
}

impl From<NettingRow> for OwnNetting {
    fn from(row: NettingRow) -> Self {
        let difference = row.difference();
        let is_overdue = is_overdue(&row, clock::now());
        let (owed, earned) = row
            .sums
            .as_ref()
            .map_or_else(Default::default, |sums| (sums.they_owe, sums.we_owe));
        Self {
            id: row.id,
            state: row.state.into(),
            terms: row.terms,
            time_zone: row.time_zone,
            from: Time(row.from),
            to: Time(row.to),
            due_from: Time(row.due_from),
            overdue_from: Time(row.overdue_from),
            currency: row.currency.to_string(),
            owed: Money(owed),
            earned: Money(earned),
            difference: Money(Amount(difference.0.saturating_abs())),
            payer: match difference.0 {
                0 => None,
                1.. => Some("you"),
                _ => Some("operator"),
            },
            is_overdue,
            paid_at: row.paid.map(|(at, _)| Time(at)),
        }
    }
}
