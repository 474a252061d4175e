//! Sources of exchange rates: what they said, reading one now, and confirming what waits.

use super::resources::find;
use crate::auth::Principal;
use crate::clock;
use crate::exchange::{self, QuoteState, SourceKnown};
use crate::extract::ApiJson;
use crate::problem::Problem;
use crate::state::AppState;
use crate::values::Time;
use axum::Json;
use axum::extract::{Path, State};
use rating::exchange::ExchangeRate;
use rating::{Currency, Timestamp};
use resources::{DatedRate, ExchangeSource, ResourceKind, ResourceSpec, Status};
use serde::{Deserialize, Serialize};
use store::ResourceRow;
use utoipa::ToSchema;

/// What a source of exchange rates said last, and how old that is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExchangeQuotes {
    /// Name of the source.
    pub source: String,
    /// When it was asked last; null before the first time.
    #[schema(required)]
    pub asked_at: Option<Time>,
    /// When it answered last.
    #[schema(required)]
    pub read_at: Option<Time>,
    /// When the rates of that answer were published.
    #[schema(required)]
    pub published_at: Option<Time>,
    /// When it is asked next; null for one that is not active, or at once.
    #[schema(required)]
    pub next_at: Option<Time>,
    /// Whether its rates are older than it may be.
    pub is_stale: bool,
    /// Why the last question brought nothing; null when it did.
    #[schema(required)]
    pub failure: Option<String>,
    /// One for each of its currencies, in its order.
    pub quotes: Vec<ExchangeQuote>,
}

/// What a source says of a currency.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExchangeQuote {
    /// Its code of ISO 4217.
    #[schema(example = "EUR")]
    pub currency: String,
    /// What became of what the source said; null before it was read.
    #[schema(required)]
    pub state: Option<QuoteState>,
    /// USD for one unit, as the source said last.
    #[schema(required, example = "1.0842")]
    pub rate: Option<String>,
    /// USD for one unit, as calls are rated now; null without an exchange rate.
    #[schema(required, example = "1.0835")]
    pub in_force: Option<String>,
    /// The newest exchange rate, when it does not count yet.
    #[schema(required)]
    pub next: Option<String>,
    /// The day from which that counts.
    #[schema(required, format = Date)]
    pub next_from: Option<String>,
    /// USD for one unit, less the mark-up: for showing only.
    #[schema(required, example = "1.0564")]
    pub shown: Option<String>,
    /// How far the source's last rate is from the newest exchange rate, in hundredths of a percent.
    #[schema(required)]
    pub move_bps: Option<i64>,
    /// Why there is no rate.
    #[schema(required)]
    pub reason: Option<String>,
}

/// A rate that waits, and shall count.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmExchangeRate {
    /// Its currency.
    #[schema(pattern = "^[A-Z]{3}$", example = "EUR")]
    pub currency: String,
    /// USD for one unit, as it was looked at: when it is another by now, nothing is done.
    #[schema(pattern = r"^[0-9]{1,3}(\.[0-9]{1,12})?$", example = "1.0842")]
    pub rate: String,
}

/// What a source of exchange rates said last.
#[utoipa::path(
    get,
    path = "/api/v1/exchange-sources/{id}/quotes",
    operation_id = "exchange_source_quotes",
    tag = "ledger",
    params(("id" = String, Path, description = "Number or name of the source")),
    responses(
        (status = 200, description = "What it said, and how old that is", body = ExchangeQuotes),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such source", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = []), ("api_key" = [])),
)]
pub(crate) async fn exchange_source_quotes(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Json<ExchangeQuotes>, Problem> {
    let (row, source) = found(&state, &principal, &id).await?;
    view(&state, &row, &source).await
}

/// Reads a source of exchange rates now. What is new counts from the next midnight in UTC on.
///
/// The answer is 200 also when the source gave nothing; `failure` then says why.
#[utoipa::path(
    post,
    path = "/api/v1/exchange-sources/{id}/refresh",
    operation_id = "exchange_source_refresh",
    tag = "ledger",
    params(("id" = String, Path, description = "Number or name of the source")),
    responses(
        (status = 200, description = "What it said", body = ExchangeQuotes),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such source", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is not active", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = [], "csrf_token" = []), ("api_key" = [])),
)]
pub(crate) async fn exchange_source_refresh(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Json<ExchangeQuotes>, Problem> {
    let (row, source) = found(&state, &principal, &id).await?;
    if source.status != Status::Active {
        let detail = "The source is not active: make it active first.";
        return Err(Problem::conflict(detail, Vec::new()));
    }
    exchange::refresh(&state, &row, &source).await?;
    view(&state, &row, &source).await
}

/// Puts a rate in force, from the next midnight in UTC on, that has moved too far to do so by itself.
#[utoipa::path(
    post,
    path = "/api/v1/exchange-sources/{id}/confirm",
    operation_id = "exchange_source_confirm",
    tag = "ledger",
    params(("id" = String, Path, description = "Number or name of the source")),
    request_body = ConfirmExchangeRate,
    responses(
        (status = 200, description = "The source after it", body = ExchangeQuotes),
        (status = 400, description = "The request cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such source", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "No such rate waits, or the configuration has changed", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The switch did not take it; what was before is in force", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = [], "csrf_token" = []), ("api_key" = [])),
)]
pub(crate) async fn exchange_source_confirm(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
    ApiJson(body): ApiJson<ConfirmExchangeRate, 4_096>,
) -> Result<Json<ExchangeQuotes>, Problem> {
    let (row, source) = found(&state, &principal, &id).await?;
    let wrong = |field: &'static str| move |error: String| Problem::invalid_field(field, error);
    let currency = Currency::try_from(body.currency);
    let currency = currency.map_err(|error| wrong("currency")(error.to_string()))?;
    let rate: Result<ExchangeRate, _> = body.rate.parse();
    let rate = rate.map_err(|error| wrong("rate")(error.to_string()))?;
    exchange::confirm(&state, &principal, (&row, &source), currency, rate).await?;
    view(&state, &row, &source).await
}

async fn found(
    state: &AppState,
    principal: &Principal,
    id: &str,
) -> Result<(ResourceRow, ExchangeSource), Problem> {
    let row = find(state, principal, ResourceKind::ExchangeSource, id).await?;
    let unreadable = || Problem::not_found("The source is of another version of the program.");
    let source = exchange::source_of(&row).ok_or_else(unreadable)?;
    Ok((row, source))
}

async fn view(
    state: &AppState,
    row: &ResourceRow,
    source: &ExchangeSource,
) -> Result<Json<ExchangeQuotes>, Problem> {
    let kept = state.store.exchange_source(row.id).await?;
    let known = kept.map_or_else(SourceKnown::default, |kept| SourceKnown::read(&kept.state));
    let now = clock::now();
    let set = state.configuration.in_force();
    let quotes = source.currencies.iter().map(|currency| {
        let entries = set.of_kind(row.owner, ResourceKind::ExchangeRate);
        let mut rates = entries.filter_map(|entry| match &entry.spec {
            ResourceSpec::ExchangeRate(rate) if rate.currency == *currency => Some(rate),
            _ => None,
        });
        quote(source, &known, *currency, rates.next(), now)
    });
    let is_active = source.status == Status::Active;
    Ok(Json(ExchangeQuotes {
        source: row.name.clone(),
        asked_at: known.asked_at.map(Time),
        read_at: known.read_at.map(Time),
        published_at: known.published_at.map(Time),
        next_at: known.next_at.filter(|_| is_active).map(Time),
        is_stale: exchange::is_stale(source, &known, row, now),
        failure: known.failure.clone(),
        quotes: quotes.collect(),
    }))
}

fn quote(
    source: &ExchangeSource,
    known: &SourceKnown,
    currency: Currency,
    configured: Option<&resources::ExchangeRate>,
    now: Timestamp,
) -> ExchangeQuote {
    let said = known.quotes.get(&currency);
    let rate = said.and_then(|said| said.rate);
    let rates = configured.map_or(&[][..], |configured| &configured.rates);
    let begun = |dated: &&DatedRate| dated.from.begins() <= now;
    let in_force = rates.iter().rfind(begun).or_else(|| rates.first());
    let in_force = in_force.map(|dated| dated.rate);
    let last = rates.last();
    let next = last.filter(|dated| !begun(dated));
    let text = |rate: ExchangeRate| rate.to_string();
    ExchangeQuote {
        currency: currency.to_string(),
        state: said.map(|said| said.state),
        rate: rate.map(text),
        in_force: in_force.map(text),
        next: next.map(|dated| text(dated.rate)),
        next_from: next.map(|dated| dated.from.to_string()),
        shown: in_force.map(|rate| text(exchange::shown(rate, source.markup_bps))),
        move_bps: rate
            .zip(last)
            .map(|(rate, last)| exchange::move_bps(last.rate, rate)),
        reason: said.and_then(|said| said.reason.clone()),
    }
}
