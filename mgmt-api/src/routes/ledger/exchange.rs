//! What exchange rates did to the balances of a month.

use crate::auth::Principal;
use crate::clock;
use crate::extract::ApiQuery;
use crate::problem::Problem;
use crate::routes::reports::harmless;
use crate::state::AppState;
use crate::values::{Money, Time};
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use rating::exchange::ExchangeRate;
use rating::{Amount, Currency, Timestamp};
use resources::Day;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{DatedSum, FOREIGN_BALANCES_MAX, ForeignBalance, LedgerParty};
use utoipa::{IntoParams, ToSchema};

/// Of which month, and of what.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExchangeReportQuery {
    /// The month, in UTC; the one before this when absent. Of this month all up to now.
    #[param(value_type = Option<String>, pattern = "^2[0-2][0-9]{2}-(0[1-9]|1[0-2])$", example = "2026-10")]
    pub month: Option<String>,
    /// Only balances in this currency.
    #[param(value_type = Option<String>, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub currency: Option<String>,
    /// As what: `json`, or `csv` for a file.
    #[param(inline)]
    pub format: Option<ExchangeReportFormat>,
}

/// As what the report comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExchangeReportFormat {
    /// JSON.
    #[default]
    Json,
    /// Comma-separated values, a line for each balance.
    Csv,
}

/// Balances of a month in other currencies than that of the books: what they were booked at, and what
/// they are worth at the rate of the month's end. Amounts above zero are what we owe.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ExchangeReport {
    /// The month.
    #[schema(example = "2026-10")]
    pub month: String,
    /// Its first moment.
    pub from: Time,
    /// The first moment behind it, or now: the rates are those of just before.
    pub to: Time,
    /// Whether the month is over.
    pub is_over: bool,
    /// One for each customer, carrier and currency.
    pub lines: Vec<ExchangeReportLine>,
    /// The sums of each currency.
    pub currencies: Vec<ExchangeReportSum>,
    /// What we would gain in the books if all were settled at the rates of the month's end; lose, below
    /// zero. Null when it is beyond 64 bits of nano-units, or a currency has no rate.
    #[schema(required)]
    pub difference: Option<Money>,
}

/// A balance of a customer or carrier in a currency.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ExchangeReportLine {
    /// `customer` or `carrier`.
    #[schema(example = "customer")]
    pub kind: &'static str,
    /// Its number.
    pub id: i64,
    /// Its name now.
    #[schema(required)]
    pub name: Option<String>,
    /// The currency.
    #[schema(example = "EUR")]
    pub currency: String,
    /// What it was before the month.
    pub opening: DatedMoney,
    /// What was posted in the month.
    pub moved: DatedMoney,
    /// What it is behind it, in the books by the rate of each posting.
    pub closing: DatedMoney,
    /// What a unit is worth at the month's end; null without an exchange rate.
    #[schema(required, example = "1.0842")]
    pub rate: Option<String>,
    /// What the balance is worth at that rate.
    #[schema(required)]
    pub revalued: Option<Money>,
    /// What we would gain in the books if it were settled at that rate; lose, below zero.
    #[schema(required)]
    pub difference: Option<Money>,
}

/// The sums of a currency.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ExchangeReportSum {
    /// The currency.
    #[schema(example = "EUR")]
    pub currency: String,
    /// What a unit is worth at the month's end; null without an exchange rate.
    #[schema(required, example = "1.0842")]
    pub rate: Option<String>,
    /// All balances.
    pub closing: DatedMoney,
    /// The sum of what the balances are worth at that rate.
    #[schema(required)]
    pub revalued: Option<Money>,
    /// The sum of the differences.
    #[schema(required)]
    pub difference: Option<Money>,
}

/// An amount in a currency and in the books; null where it is beyond 64 bits of nano-units.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct DatedMoney {
    /// In the currency.
    #[schema(required)]
    pub amount: Option<Money>,
    /// In the books, each posting by the rate of its time.
    #[schema(required)]
    pub in_books: Option<Money>,
}

/// Reports what exchange rates did to balances in other currencies up to the end of a month.
#[utoipa::path(
    get,
    path = "/api/v1/reports/exchange",
    operation_id = "exchange_report_view",
    tag = "ledger",
    params(ExchangeReportQuery),
    responses(
        (status = 200, description = "The report", content((ExchangeReport = "application/json"), (String = "text/csv"))),
        (status = 422, description = "What is asked for cannot be told: why, is said", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn exchange_report_view(
    State(state): State<AppState>,
    principal: Principal,
    ApiQuery(query): ApiQuery<ExchangeReportQuery>,
) -> Result<Response, Problem> {
    let now = clock::now();
    let month = Month::asked(query.month.as_deref(), now)?;
    let currency = query.currency.map(Currency::try_from).transpose();
    let currency =
        currency.map_err(|error| Problem::invalid_field("currency", error.to_string()))?;
    let scope = principal.scope();
    let found = state
        .store
        .ledger_foreign_balances(&scope, currency, month.from, month.to);
    let found = found.await?;
    if found.len() > FOREIGN_BALANCES_MAX as usize {
        let message =
            format!("there are more than {FOREIGN_BALANCES_MAX} balances: ask for one currency");
        return Err(Problem::invalid_field("currency", message));
    }
    // The last moment of the month: at the next a rate of the next month may count.
    let last = Timestamp(month.to.0 - 1);
    let in_force = state.configuration.in_force();
    let rates = in_force.rates_in_books(scope.tenant(), last);
    let report = ExchangeReport::new(month, &found, &rates);
    match query.format.unwrap_or_default() {
        ExchangeReportFormat::Json => Ok(Json(report).into_response()),
        ExchangeReportFormat::Csv => csv(&report),
    }
}

type Rates = BTreeMap<Currency, ExchangeRate>;

/// A month of the calendar, up to now at most.
struct Month {
    name: String,
    from: Timestamp,
    to: Timestamp,
    is_over: bool,
}

impl Month {
    /// # Errors
    /// 422 for what is no month, or one to come.
    fn asked(text: Option<&str>, now: Timestamp) -> Result<Self, Problem> {
        let wrong = |message: &str| Problem::invalid_field("month", message);
        let (year, month) = match text {
            None => Self::before(now).ok_or_else(|| wrong("the clock is beyond the calendar"))?,
            Some(text) => Self::read(text).ok_or_else(|| wrong("write a month such as 2026-10"))?,
        };
        let next = if month == 12 {
            (year + 1, 1)
        } else {
            (year, month + 1)
        };
        let begins = |(year, month): (i16, i8)| {
            let day = Day::try_from(format!("{year:04}-{month:02}-01"));
            day.map(Day::begins)
                .map_err(|error| wrong(&error.to_string()))
        };
        let (from, behind) = (begins((year, month))?, begins(next)?);
        if from >= now {
            return Err(wrong("it is to come"));
        }
        Ok(Self {
            name: format!("{year:04}-{month:02}"),
            from,
            to: behind.min(now),
            is_over: behind <= now,
        })
    }

    fn read(text: &str) -> Option<(i16, i8)> {
        let (year, month) = text.split_once('-')?;
        let is_plain = year.len() == 4 && month.len() == 2;
        let month: i8 = month
            .parse()
            .ok()
            .filter(|month| (1..=12).contains(month))?;
        is_plain.then(|| year.parse().ok().map(|year| (year, month)))?
    }

    fn before(now: Timestamp) -> Option<(i16, i8)> {
        let now = jiff::Timestamp::from_microsecond(now.0).ok()?;
        let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
        let before = today.first_of_month().yesterday().ok()?;
        Some((before.year(), before.month()))
    }
}

/// Sums that grow beyond 64 bits, and are nothing once a part is.
#[derive(Clone, Copy)]
struct Total(Option<i128>);

impl Total {
    fn add(&mut self, amount: Option<Amount>) {
        self.0 = self
            .0
            .zip(amount)
            .map(|(sum, amount)| sum + i128::from(amount.0));
    }

    fn money(self) -> Option<Money> {
        self.0
            .and_then(|sum| i64::try_from(sum).ok())
            .map(|sum| Money(Amount(sum)))
    }
}

impl Default for Total {
    fn default() -> Self {
        Self(Some(0))
    }
}

#[derive(Default)]
struct Totals {
    amount: Total,
    books: Total,
    revalued: Total,
    difference: Total,
}

impl ExchangeReport {
    fn new(month: Month, found: &[ForeignBalance], rates: &Rates) -> Self {
        let (mut lines, mut difference) = (Vec::with_capacity(found.len()), Total::default());
        let mut sums: BTreeMap<Currency, Totals> = BTreeMap::new();
        for balance in found {
            let rate = rates.get(&balance.currency).copied();
            let revalued = rate.zip(balance.closing.amount);
            let revalued = revalued.and_then(|(rate, amount)| rate.to_books(amount));
            let gained = balance.closing.books.zip(revalued);
            let gained = gained.and_then(|(books, revalued)| books.checked_sub(revalued));
            let totals = sums.entry(balance.currency).or_default();
            totals.amount.add(balance.closing.amount);
            totals.books.add(balance.closing.books);
            totals.revalued.add(revalued);
            totals.difference.add(gained);
            difference.add(gained);
            lines.push(line(balance, rate, revalued, gained));
        }
        let currencies = sums
            .into_iter()
            .map(|(currency, totals)| ExchangeReportSum {
                currency: currency.to_string(),
                rate: rates.get(&currency).map(ToString::to_string),
                closing: DatedMoney {
                    amount: totals.amount.money(),
                    in_books: totals.books.money(),
                },
                revalued: totals.revalued.money(),
                difference: totals.difference.money(),
            });
        Self {
            month: month.name,
            from: Time(month.from),
            to: Time(month.to),
            is_over: month.is_over,
            lines,
            currencies: currencies.collect(),
            difference: difference.money(),
        }
    }
}

fn line(
    balance: &ForeignBalance,
    rate: Option<ExchangeRate>,
    revalued: Option<Amount>,
    difference: Option<Amount>,
) -> ExchangeReportLine {
    let (kind, id) = match balance.party {
        LedgerParty::Customer(id) => ("customer", id),
        LedgerParty::Carrier(id) => ("carrier", id),
    };
    ExchangeReportLine {
        kind,
        id,
        name: balance.name.clone(),
        currency: balance.currency.to_string(),
        opening: balance.opening.into(),
        moved: balance.moved.into(),
        closing: balance.closing.into(),
        rate: rate.map(|rate| rate.to_string()),
        revalued: revalued.map(Money),
        difference: difference.map(Money),
    }
}

impl From<DatedSum> for DatedMoney {
    fn from(sum: DatedSum) -> Self {
        Self {
            amount: sum.amount.map(Money),
            in_books: sum.books.map(Money),
        }
    }
}

/// A file for a spreadsheet: the balances, and behind them the sums of the currencies.
fn csv(report: &ExchangeReport) -> Result<Response, Problem> {
    let text = csv_text(report).map_err(|error| Problem::internal(&error))?;
    let file = format!("attachment; filename=\"exchange-{}.csv\"", report.month);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, file),
    ];
    Ok((headers, text).into_response())
}

fn csv_text(report: &ExchangeReport) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "kind",
        "name",
        "currency",
        "opening",
        "opening_USD",
        "moved",
        "moved_USD",
        "closing",
        "closing_USD",
        "rate",
        "revalued_USD",
        "difference_USD",
    ])?;
    let text = |money: Option<Money>| money.map(|money| money.to_string()).unwrap_or_default();
    let both = |money: &DatedMoney| [text(money.amount), text(money.in_books)];
    for line in &report.lines {
        let name = harmless(line.name.clone().unwrap_or_default());
        let mut cells = vec![line.kind.to_owned(), name, line.currency.clone()];
        cells.extend(
            [&line.opening, &line.moved, &line.closing]
                .into_iter()
                .flat_map(both),
        );
        cells.push(line.rate.clone().unwrap_or_default());
        cells.extend([text(line.revalued), text(line.difference)]);
        writer.write_record(cells)?;
    }
    for sum in &report.currencies {
        let mut cells = vec!["total".to_owned(), String::new(), sum.currency.clone()];
        cells.extend(vec![String::new(); 4]);
        cells.extend(both(&sum.closing));
        cells.push(sum.rate.clone().unwrap_or_default());
        cells.extend([text(sum.revalued), text(sum.difference)]);
        writer.write_record(cells)?;
    }
    writer
        .into_inner()
        .map_err(|error| error.into_error().into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    /// 2026-03-15T12:00:00Z.
    const NOW: Timestamp = Timestamp(1_773_576_000_000_000);

    #[test]
    fn a_month_is_whole_or_up_to_now() {
        let of = |text| Month::asked(text, NOW).unwrap();
        let before = of(None);
        assert_eq!((before.name.as_str(), before.is_over), ("2026-02", true));
        assert_eq!((before.to.0 - before.from.0) / 86_400_000_000, 28);
        let this = of(Some("2026-03"));
        assert_eq!((this.to, this.is_over), (NOW, false));
        assert_eq!(of(Some("2025-12")).to, of(Some("2026-01")).from);
        for wrong in [
            "2026-04",
            "2026-13",
            "2026-1",
            "26-01",
            "1999-01",
            "2026-02-01",
            "x",
        ] {
            let problem = Month::asked(Some(wrong), NOW)
                .map(|month| month.name)
                .unwrap_err();
            assert_eq!(problem.status, 422, "{wrong}");
        }
    }

    #[test]
    fn what_we_owe_is_cheaper_by_a_lower_rate_and_what_we_are_owed_is_worth_less() {
        let euro = Currency::try_from("EUR".to_owned()).unwrap();
        let sum = |amount: i64, books: i64| DatedSum {
            amount: Some(Amount(amount * 1_000_000_000)),
            books: Some(Amount(books * 1_000_000_000)),
        };
        let balance = |party, closing| ForeignBalance {
            party,
            name: None,
            currency: euro,
            opening: DatedSum::default(),
            moved: DatedSum::default(),
            closing,
        };
        let found = [
            balance(LedgerParty::Carrier(1), sum(100, 120)),
            balance(LedgerParty::Customer(2), sum(-200, -240)),
        ];
        let rates = [(euro, "1.1".parse().unwrap())].into();
        let report = ExchangeReport::new(Month::asked(None, NOW).unwrap(), &found, &rates);
        let text = |money: Option<Money>| money.map(|money| money.to_string());
        let told: Vec<_> = report
            .lines
            .iter()
            .map(|line| text(line.difference))
            .collect();
        assert_eq!(told, [Some("10".into()), Some("-20".into())]);
        assert_eq!(text(report.difference), Some("-10".into()));
        assert_eq!(text(report.currencies[0].revalued), Some("-110".into()));
        let without = ExchangeReport::new(Month::asked(None, NOW).unwrap(), &found, &Rates::new());
        assert_eq!(
            (text(without.difference), without.lines[0].rate.clone()),
            (None, None)
        );
    }
}
