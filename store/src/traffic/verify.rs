//! Comparing the sums with the records.

use super::compared::Compared;
use super::day::{RecordedDay, SETUP_MAX_US};
use super::sums::{Grain, Traffic, TrafficKey, TrafficSide, TrafficSums};
use super::witness::{self, Witnesses};
use super::write::{SUM_COLUMNS, sums_of};
use super::{TRAFFIC_DAY_US, TrafficFill};
use crate::cdrs::{dropped_days, push_days};
use crate::database::{Row, Statement, Transaction, sql};
use crate::{Store, StoreError, TenantId};
use rating::{Currency, Timestamp};
use std::collections::BTreeSet;
use std::ops::Range;

/// Differences that are told; more are counted.
const DIFFERENCES_MAX: usize = 100;

/// What was compared, and what differs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrafficVerification {
    /// Records of calls.
    pub calls: u64,
    /// Records that cannot be read; the log names them. No sum has them.
    pub unreadable: u64,
    /// Sums.
    pub sums: u64,
    /// What differs, the first hundred.
    pub differences: Vec<TrafficDifference>,
    /// How many there are.
    pub differences_total: u64,
    /// Records of before are not all in the sums yet: nothing was compared.
    pub filling: Option<TrafficFill>,
    /// Days of owners whose records were dropped: nothing is left to compare their sums with.
    pub dropped: u64,
}

/// A sum that is not what the records say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: kept is {kept}, the records say {recorded}")]
pub struct TrafficDifference {
    /// Which sum.
    pub place: String,
    /// What is kept.
    pub kept: String,
    /// What it should be.
    pub recorded: String,
}

/// Days of owners, one after the other.
pub(super) struct TrafficDays {
    /// Those that are still to be gone through, the next last.
    owners: Vec<TenantId>,
    from: i64,
    at: i64,
    end: i64,
    dropped: BTreeSet<i64>,
    /// Days of owners that were passed over, as their records were dropped.
    pub(super) passed: u64,
}

/// A day of an owner that has records, or sums and nothing dropped.
pub(super) struct OwnersDay {
    pub(super) owner: TenantId,
    pub(super) day: i64,
    /// What there are records for.
    pub(super) compared: Compared,
}

impl TrafficVerification {
    /// Whether nothing differs and every record can be read.
    pub fn is_sound(&self) -> bool {
        self.differences_total == 0 && self.unreadable == 0
    }

    /// Adds what was found on other days.
    pub fn join(&mut self, other: Self) {
        self.calls += other.calls;
        self.unreadable += other.unreadable;
        self.sums += other.sums;
        self.differences_total += other.differences_total;
        let room = DIFFERENCES_MAX - self.differences.len();
        self.differences
            .extend(other.differences.into_iter().take(room));
        self.filling = self.filling.or(other.filling);
        self.dropped += other.dropped;
    }

    /// Counts what was read.
    pub(super) fn take(&mut self, recorded: &RecordedDay) {
        self.calls += recorded.calls;
        self.unreadable += recorded.unreadable;
    }

    /// Compares what is kept of a day with what the columns of records add up to.
    fn compare_with_columns(
        &mut self,
        owner: TenantId,
        day: i64,
        kept: &Witnesses,
        columns: &Witnesses,
    ) {
        let places: BTreeSet<_> = kept.keys().chain(columns.keys()).collect();
        for place in places {
            let (kept, column) = (kept.get(place), columns.get(place));
            if kept != column {
                self.differs(|| TrafficDifference {
                    place: format!("{place} of tenant {owner} on the day from {day}"),
                    kept: format!("{:?}", kept.copied().unwrap_or_default()),
                    recorded: format!("{:?}", column.copied().unwrap_or_default()),
                });
            }
        }
    }

    fn differs(&mut self, told: impl FnOnce() -> TrafficDifference) {
        self.differences_total += 1;
        if self.differences.len() < DIFFERENCES_MAX {
            self.differences.push(told());
        }
    }

    /// Compares what is kept with what it should be.
    pub(super) fn compare(&mut self, kept: &Traffic, recorded: &Traffic) {
        let keys: BTreeSet<_> = kept.keys().chain(recorded.keys()).collect();
        self.sums += keys.len() as u64;
        for key in keys {
            let (kept, recorded) = (kept.get(key), recorded.get(key));
            if kept == recorded {
                continue;
            }
            self.differs(|| TrafficDifference {
                place: place(key),
                kept: told(kept),
                recorded: told(recorded),
            });
        }
    }
}

fn place(key: &TrafficKey) -> String {
    let TrafficKey {
        owner,
        side,
        grain,
        bucket,
        customer,
        ingress_trunk,
        carrier,
        egress_trunk,
        destination,
        currency,
    } = key;
    let (side, minutes) = (side.as_str(), grain.minutes());
    format!(
        "{side}s of tenant {owner} in {minutes} minutes from {bucket}, customer {customer}, trunks \
         {ingress_trunk} and {egress_trunk}, carrier {carrier}, {destination:?}, {currency}"
    )
}

fn told(sums: Option<&TrafficSums>) -> String {
    sums.map_or_else(|| "nothing".to_owned(), |sums| format!("{sums:?}"))
}

impl Store {
    /// Compares the sums of whole days from one time on with the records, an owner and a day at a
    /// time; without a time, all of them. The switch may run meanwhile. `progress` is told how many
    /// records were read.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn verify_traffic(
        &self,
        from: Option<Timestamp>,
        progress: impl FnMut(u64),
    ) -> Result<TrafficVerification, StoreError> {
        self.verify_traffic_between(from, None, progress).await
    }

    /// The same, of days before that of another time.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn verify_traffic_between(
        &self,
        from: Option<Timestamp>,
        behind: Option<Timestamp>,
        mut progress: impl FnMut(u64),
    ) -> Result<TrafficVerification, StoreError> {
        let mut found = TrafficVerification {
            filling: self.traffic_fill().await?,
            ..TrafficVerification::default()
        };
        if found.filling.is_some() {
            return Ok(found);
        }
        let mut days = self.traffic_days(from, behind).await?;
        while let Some(day) = days.next(self).await? {
            self.verify_day(&day, &mut found).await?;
            progress(found.calls);
        }
        found.dropped = days.passed;
        Ok(found)
    }

    /// Compares the sums of the calls of a day and of their attempts, also those close to its midnights, with
    /// the records.
    pub(crate) async fn verify_calls_of_day(
        &self,
        day: Timestamp,
    ) -> Result<TrafficVerification, StoreError> {
        let before = Timestamp(day.0.saturating_sub(TRAFFIC_DAY_US));
        let behind = Timestamp(day.0.saturating_add(2 * TRAFFIC_DAY_US));
        let mut found = TrafficVerification::default();
        let mut days = self.traffic_days(Some(before), Some(behind)).await?;
        while let Some(of) = days.next(self).await? {
            if let Some(compared) = of.compared.with_calls_of(day.0) {
                let part = OwnersDay { compared, ..of };
                self.verify_day(&part, &mut found).await?;
            }
        }
        Ok(found)
    }

    /// The days, from one time on and before that of another, that may have a record or a sum.
    pub(super) async fn traffic_days(
        &self,
        from: Option<Timestamp>,
        behind: Option<Timestamp>,
    ) -> Result<TrafficDays, StoreError> {
        let owners = sql("SELECT id FROM tenant ORDER BY id DESC");
        let owners = owners.fetch_all(self.reader()).await?;
        let owners = owners.iter().map(|owner| Ok(TenantId::new(owner.get(0)?)));
        let from = from.map_or(i64::MIN, |from| Grain::Day.bucket(from));
        let mut moment = self.reader().begin_moment().await?;
        Ok(TrafficDays {
            dropped: dropped_days(&mut moment).await?,
            passed: 0,
            owners: owners.collect::<Result<_, StoreError>>()?,
            from,
            at: from,
            end: behind.map_or(i64::MAX, |behind| Grain::Day.bucket(behind)),
        })
    }

    /// The first day, from one on, that may have a record or a sum of an owner.
    async fn next_day(&self, owner: TenantId, from: i64) -> Result<Option<i64>, StoreError> {
        // A call has attempts on the day before or after, close to midnight. Most days have one the next day:
        // where those to come are not looked at, PostgreSQL opens none of them.
        let begin = from.saturating_sub(SETUP_MAX_US);
        let near = begin.saturating_add(2 * TRAFFIC_DAY_US);
        let mut received: Option<i64> = None;
        for end in [near, i64::MAX] {
            if received.is_none() {
                let first = first_received(owner, begin..end);
                received = first.fetch_value(self.reader()).await?;
            }
        }
        let mut first = received.map(|at| at.saturating_sub(SETUP_MAX_US));
        for side in [TrafficSide::Attempt, TrafficSide::Call] {
            for grain in [Grain::Quarter, Grain::Day] {
                let kept = sql(
                    "SELECT MIN(bucket) FROM traffic WHERE owner = $1 AND side = $2 AND grain = $3 \
                     AND bucket >= $4",
                );
                let kept = kept
                    .bind(owner.get())
                    .bind(side.as_str())
                    .bind(grain.minutes());
                let kept: Option<i64> = kept.bind(from).fetch_value(self.reader()).await?;
                first = first.into_iter().chain(kept).min();
            }
        }
        Ok(first.map(|at| Grain::Day.bucket(Timestamp(at)).max(from)))
    }

    async fn verify_day(
        &self,
        of: &OwnersDay,
        found: &mut TrafficVerification,
    ) -> Result<(), StoreError> {
        let OwnersDay {
            owner,
            day,
            ref compared,
        } = *of;
        let mut recorded = RecordedDay::new(owner, compared.span());
        while recorded.read(self.reader()).await? {}
        let mut moment = self.reader().begin_moment().await?;
        if !recorded.is_whole(&mut moment).await? {
            // It goes on: what is read and what is kept must be of one moment.
            recorded = RecordedDay::new(owner, compared.span());
            while recorded.read(&mut moment).await? {}
        }
        let mut kept = kept(&mut moment, owner, recorded.span()).await?;
        kept.retain(|key, _| compared.has(key));
        recorded.keep(compared);
        found.compare(&kept, recorded.sums());
        if !compared.calls {
            return Ok(());
        }
        found.take(&recorded);
        // Records that cannot be read are in the columns and in no sum.
        if recorded.unreadable == 0 {
            let mut columns = witness::columns(&mut moment, &recorded).await?;
            if !compared.is_whole() {
                witness::without_attempts(&mut columns);
            }
            found.compare_with_columns(owner, day, &witness::kept(&kept), &columns);
        }
        Ok(())
    }
}

impl TrafficDays {
    /// The next of them, with its owner.
    pub(super) async fn next(&mut self, store: &Store) -> Result<Option<OwnersDay>, StoreError> {
        while let Some(owner) = self.owners.last().copied() {
            let day = store.next_day(owner, self.at).await?;
            if let Some(day) = day.filter(|day| *day < self.end) {
                self.at = day.saturating_add(TRAFFIC_DAY_US);
                if self.dropped.contains(&day) {
                    self.passed += 1;
                    continue;
                }
                let compared = Compared::of(&self.dropped, day);
                return Ok(Some(OwnersDay {
                    owner,
                    day,
                    compared,
                }));
            }
            self.owners.pop();
            self.at = self.from;
        }
        Ok(None)
    }
}

/// When the first call of an owner was received in a span of time.
fn first_received(owner: TenantId, span: Range<i64>) -> Statement {
    let mut first = sql("SELECT MIN(received_at) FROM cdr WHERE owner = ");
    first.push_bind(owner.get()).push(" AND received_at >= ");
    first.push_bind(span.start).push(" AND received_at < ");
    first.push_bind(span.end);
    let to = Some(Timestamp(span.end)).filter(|end| end.0 != i64::MAX);
    push_days(&mut first, "id", Some(Timestamp(span.start)), to);
    first
}

/// Whether a day or one beside it is among some.
pub(super) fn touches(days: &BTreeSet<i64>, day: i64) -> bool {
    let (before, after) = (
        day.saturating_sub(TRAFFIC_DAY_US),
        day.saturating_add(TRAFFIC_DAY_US),
    );
    days.range(before..=after).next().is_some()
}

pub(super) async fn kept(
    moment: &mut Transaction,
    owner: TenantId,
    buckets: std::ops::Range<i64>,
) -> Result<Traffic, StoreError> {
    let mut kept = Traffic::new();
    for side in [TrafficSide::Attempt, TrafficSide::Call] {
        for grain in [Grain::Quarter, Grain::Day] {
            let mut select = sql("SELECT bucket, customer_id, ingress_trunk_id, carrier_id, \
                 egress_trunk_id, destination, currency, ");
            select
                .push(SUM_COLUMNS)
                .push(" FROM traffic WHERE owner = ");
            select.push_bind(owner.get()).push(" AND side = ");
            select.push_bind(side.as_str()).push(" AND grain = ");
            select.push_bind(grain.minutes()).push(" AND bucket >= ");
            select.push_bind(buckets.start).push(" AND bucket < ");
            select.push_bind(buckets.end);
            for row in select.fetch_all(&mut *moment).await? {
                kept.insert(key_of(&row, owner, side, grain)?, sums_of(&row, 7)?);
            }
        }
    }
    Ok(kept)
}

fn key_of(
    row: &Row,
    owner: TenantId,
    side: TrafficSide,
    grain: Grain,
) -> Result<TrafficKey, StoreError> {
    Ok(TrafficKey {
        owner,
        side,
        grain,
        bucket: row.get(0)?,
        customer: row.get(1)?,
        ingress_trunk: row.get(2)?,
        carrier: row.get(3)?,
        egress_trunk: row.get(4)?,
        destination: row.get::<&str>(5)?.into(),
        currency: currency(row, 6)?,
    })
}

/// The currency of a row.
pub(super) fn currency(row: &Row, column: usize) -> Result<Currency, StoreError> {
    let text: String = row.get(column)?;
    Currency::try_from(text).map_err(|error| StoreError::column("currency", error.to_string()))
}
