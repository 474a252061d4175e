//! Reading sums: by time, by who, by where to.

use super::sums::{Grain, TrafficSide, TrafficSums};
use super::write::sums_of;
use super::{TRAFFIC_DAY_US, TRAFFIC_QUARTER_US};
use crate::database::{Row, Statement, sql};
use crate::{Scope, Store, StoreError};
use rating::{Currency, Timestamp};
use std::collections::{BTreeMap, HashMap};

/// Lines that one report may have, each currency of a group one.
pub const TRAFFIC_LINES_MAX: u32 = 50_000;

/// Numbers in one statement that asks for names.
const NAMES_ASKED: usize = 1_000;

const SUMS: &str = "CAST(SUM(seizures) AS BIGINT), CAST(SUM(answered) AS BIGINT), \
     CAST(SUM(effective) AS BIGINT), CAST(SUM(rejected) AS BIGINT), CAST(SUM(rang) AS BIGINT), \
     CAST(SUM(pdd_ms) AS BIGINT), CAST(SUM(talk_ms) AS BIGINT), \
     CAST(SUM(billed_seconds) AS BIGINT), CAST(SUM(charge) AS BIGINT), \
     CAST(SUM(charge_nanos) AS BIGINT), CAST(SUM(cost) AS BIGINT), CAST(SUM(cost_nanos) AS BIGINT), \
     CAST(SUM(amount) AS BIGINT), CAST(SUM(amount_nanos) AS BIGINT)";

/// What a report has a line for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrafficBy {
    /// Each step of so many microseconds from the beginning of the period: whole quarters of an hour.
    Step(i64),
    /// The period, as one.
    Whole,
    /// Each customer.
    Customer,
    /// Each ingress trunk; attempts have none.
    IngressTrunk,
    /// Each carrier; calls have none.
    Carrier,
    /// Each egress trunk; calls have none.
    EgressTrunk,
    /// Each destination on the card of that side.
    Destination,
}

/// Which sums to read; all of what is given must hold.
#[derive(Clone, Debug)]
pub struct TrafficQuery {
    /// Calls or attempts.
    pub side: TrafficSide,
    /// What has a line.
    pub by: TrafficBy,
    /// The first quarter of an hour.
    pub from: Timestamp,
    /// The first behind the last.
    pub to: Timestamp,
    /// Number of the customer.
    pub customer: Option<i64>,
    /// Number of the ingress trunk.
    pub ingress_trunk: Option<i64>,
    /// Number of the carrier.
    pub carrier: Option<i64>,
    /// Number of the egress trunk.
    pub egress_trunk: Option<i64>,
    /// Name of the destination, exactly.
    pub destination: Option<String>,
    /// Currency of that side's money.
    pub currency: Option<Currency>,
}

/// What a line is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TrafficGroup {
    /// A step or the whole period, by its first moment.
    At(Timestamp),
    /// A customer, trunk or carrier, by its number; 0 for none.
    Resource(i64),
    /// A destination; empty for none.
    Destination(String),
}

/// A line of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrafficLine {
    /// What it is about.
    pub group: TrafficGroup,
    /// Currency of [`TrafficSums::amount`].
    pub currency: Currency,
    /// What was counted.
    pub sums: TrafficSums,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrafficReportError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// More than a report has.
    #[error(
        "the report has more than {TRAFFIC_LINES_MAX} lines: choose a shorter period or more filters"
    )]
    TooManyLines,
}

impl TrafficBy {
    /// What has a line, as a column of the answer.
    fn push_column(self, from: Timestamp, sql: &mut Statement) {
        let column = match self {
            Self::Step(step) => {
                sql.push("(bucket - ").push_bind(from.0).push(") / ");
                sql.push_bind(step);
                return;
            }
            Self::Whole => "CAST(0 AS BIGINT)",
            Self::Customer => "customer_id",
            Self::IngressTrunk => "ingress_trunk_id",
            Self::Carrier => "carrier_id",
            Self::EgressTrunk => "egress_trunk_id",
            Self::Destination => "destination",
        };
        sql.push(column);
    }

    fn group(self, from: Timestamp, row: &Row) -> Result<TrafficGroup, StoreError> {
        Ok(match self {
            Self::Step(step) => {
                let place: i64 = row.get(0)?;
                TrafficGroup::At(Timestamp(from.0.saturating_add(place.saturating_mul(step))))
            }
            Self::Whole => TrafficGroup::At(from),
            Self::Destination => TrafficGroup::Destination(row.get(0)?),
            _ => TrafficGroup::Resource(row.get(0)?),
        })
    }

    /// The parts of a period, each of the longest grain that serves it.
    fn parts(self, from: i64, to: i64) -> Vec<(Grain, i64, i64)> {
        let first = from.saturating_add(TRAFFIC_DAY_US - 1);
        let first = Grain::Day.bucket(Timestamp(first));
        let last = Grain::Day.bucket(Timestamp(to));
        let are_days = |step: i64| [step, from, to].iter().all(|at| at % TRAFFIC_DAY_US == 0);
        let parts = match self {
            Self::Step(step) if are_days(step) => vec![(Grain::Day, from, to)],
            Self::Step(_) => vec![(Grain::Quarter, from, to)],
            _ if first >= last => vec![(Grain::Quarter, from, to)],
            _ => vec![
                (Grain::Quarter, from, first),
                (Grain::Day, first, last),
                (Grain::Quarter, last, to),
            ],
        };
        parts.into_iter().filter(|part| part.1 < part.2).collect()
    }
}

impl Store {
    /// The lines of a report, in the order of their groups.
    ///
    /// # Errors
    /// [`TrafficReportError`].
    pub async fn traffic_report(
        &self,
        scope: &Scope,
        query: &TrafficQuery,
    ) -> Result<Vec<TrafficLine>, TrafficReportError> {
        let quarter = |at: Timestamp| Grain::Quarter.bucket(at);
        let to = quarter(Timestamp(query.to.0.saturating_add(TRAFFIC_QUARTER_US - 1)));
        let mut lines: BTreeMap<(TrafficGroup, Currency), TrafficSums> = BTreeMap::new();
        // The parts are read at one moment: a call that is loaded meanwhile is in all or in none.
        let mut moment = self.reader().begin_moment().await?;
        for part in query.by.parts(quarter(query.from), to) {
            let rows = select(scope, query, part).fetch_all(&mut moment).await?;
            for row in &rows {
                let currency = super::verify::currency(row, 1)?;
                let line = lines
                    .entry((query.by.group(query.from, row)?, currency))
                    .or_default();
                line.add(&sums_of(row, 2)?);
            }
            if lines.len() > TRAFFIC_LINES_MAX as usize || rows.len() > TRAFFIC_LINES_MAX as usize {
                return Err(TrafficReportError::TooManyLines);
            }
        }
        let line = |((group, currency), sums)| TrafficLine {
            group,
            currency,
            sums,
        };
        Ok(lines.into_iter().map(line).collect())
    }

    /// The names of resources by their numbers, also of those that are deleted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn names_of(&self, ids: &[i64]) -> Result<HashMap<i64, String>, StoreError> {
        let mut names = HashMap::with_capacity(ids.len());
        for ids in ids.chunks(NAMES_ASKED) {
            let mut select = sql("SELECT id, name FROM resource WHERE id IN (");
            select.push_list(ids.iter().copied()).push(")");
            for row in select.fetch_all(self.reader()).await? {
                names.insert(row.get(0)?, row.get(1)?);
            }
        }
        Ok(names)
    }
}

pub(super) fn select(
    scope: &Scope,
    query: &TrafficQuery,
    (grain, from, to): (Grain, i64, i64),
) -> Statement {
    let mut sql = sql("SELECT ");
    query.by.push_column(query.from, &mut sql);
    sql.push(", currency, ").push(SUMS);
    sql.push(" FROM traffic WHERE owner = ")
        .push_bind(scope.tenant().get());
    sql.push(" AND side = ").push_bind(query.side.as_str());
    sql.push(" AND grain = ").push_bind(grain.minutes());
    sql.push(" AND bucket >= ").push_bind(from);
    sql.push(" AND bucket < ").push_bind(to);
    if query.side == TrafficSide::Call {
        // The index by customer has calls only, which have no carrier.
        sql.push(" AND carrier_id = 0");
    }
    for (column, wanted) in [
        (" AND customer_id = ", query.customer),
        (" AND ingress_trunk_id = ", query.ingress_trunk),
        // The index by carrier has no calls.
        (" AND carrier_id <> 0 AND carrier_id = ", query.carrier),
        (" AND egress_trunk_id = ", query.egress_trunk),
    ] {
        if let Some(wanted) = wanted {
            sql.push(column).push_bind(wanted);
        }
    }
    if let Some(destination) = &query.destination {
        sql.push(" AND destination = ").push_bind(destination);
    }
    if let Some(currency) = query.currency {
        sql.push(" AND currency = ").push_bind(currency.as_str());
    }
    sql.push(" GROUP BY 1, 2 LIMIT ");
    sql.push_bind(i64::from(TRAFFIC_LINES_MAX) + 1);
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_read_in_days_with_quarters_at_its_edges() {
        const DAY: i64 = TRAFFIC_DAY_US;
        const QUARTER: i64 = TRAFFIC_QUARTER_US;
        let parts = |from, to| TrafficBy::Customer.parts(from, to);
        assert_eq!(parts(0, 2 * DAY), [(Grain::Day, 0, 2 * DAY)]);
        // Kathmandu, 5:45 before UTC.
        let midnight = DAY - 23 * QUARTER;
        assert_eq!(
            parts(midnight, midnight + 2 * DAY),
            [
                (Grain::Quarter, midnight, DAY),
                (Grain::Day, DAY, 2 * DAY),
                (Grain::Quarter, 2 * DAY, midnight + 2 * DAY),
            ]
        );
        let short = (midnight, midnight + DAY);
        assert_eq!(
            parts(short.0, short.1),
            [(Grain::Quarter, short.0, short.1)]
        );
        assert_eq!(parts(-DAY, DAY), [(Grain::Day, -DAY, DAY)]);
        assert_eq!(parts(5, 5), []);
    }
}
