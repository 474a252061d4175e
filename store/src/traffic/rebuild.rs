//! Making sums anew from the records.
//!
//! A day of an owner is read without keeping anybody from anything. Then loaders are kept out for the
//! moment in which the records are counted and the sums are written: as many records as were read are the
//! same ones. A day that gets records all the time is read again, and at last while loaders wait.

use super::TrafficVerification;
use super::day::RecordedDay;
use super::sums::{Grain, TrafficSide};
use super::verify::{OwnersDay, kept, touches};
use super::write::add;
use crate::cdrs::dropped_days;
use crate::database::{Lock, Transaction, sql};
use crate::{Store, StoreError, TenantId};
use rating::Timestamp;

/// How often a day is read while loaders run, before they have to wait.
const READS_BESIDE: u32 = 3;

impl Store {
    /// Makes the sums of whole days anew from the records: of those from one time on, before the day of
    /// another; without a time, from the first and to the last. Gives what was wrong and is mended.
    /// Switches may run meanwhile, all of this release. `progress` is told how many records were read.
    ///
    /// # Errors
    /// [`StoreError`]. The days that were done stay done, and none is half done.
    pub async fn rebuild_traffic(
        &self,
        from: Option<Timestamp>,
        behind: Option<Timestamp>,
        mut progress: impl FnMut(u64),
    ) -> Result<TrafficVerification, StoreError> {
        let mut mended = TrafficVerification {
            filling: self.traffic_fill().await?,
            ..TrafficVerification::default()
        };
        if mended.filling.is_some() {
            return Ok(mended);
        }
        let mut days = self.traffic_days(from, behind).await?;
        while let Some(day) = days.next(self).await? {
            if !day.compared.is_whole() {
                days.passed += 1;
                continue;
            }
            self.rebuild_day(&day, &mut mended).await?;
            progress(mended.calls);
        }
        mended.dropped = days.passed;
        Ok(mended)
    }

    async fn rebuild_day(
        &self,
        of: &OwnersDay,
        mended: &mut TrafficVerification,
    ) -> Result<(), StoreError> {
        let (owner, span) = (of.owner, of.compared.span());
        for _ in 0..READS_BESIDE {
            let mut recorded = RecordedDay::new(owner, span.clone());
            while recorded.read(self.reader()).await? {}
            let mut transaction = self.without_loaders().await?;
            if recorded.is_whole(&mut transaction).await? {
                return replace(transaction, owner, recorded, mended).await;
            }
        }
        let mut transaction = self.without_loaders().await?;
        let mut recorded = RecordedDay::new(owner, span);
        while recorded.read(&mut transaction).await? {}
        replace(transaction, owner, recorded, mended).await
    }

    /// A transaction in which no loader adds records.
    async fn without_loaders(&self) -> Result<Transaction, StoreError> {
        let mut transaction = self.write().await?;
        transaction.lock(Lock::Traffic).await?;
        Ok(transaction)
    }
}

async fn replace(
    mut transaction: Transaction,
    owner: TenantId,
    mut recorded: RecordedDay,
    mended: &mut TrafficVerification,
) -> Result<(), StoreError> {
    let span = recorded.span();
    // It may have begun meanwhile: sums whose records are gone stay as they are.
    if touches(&dropped_days(&mut transaction).await?, span.start) {
        mended.dropped += 1;
        return Ok(());
    }
    let kept = kept(&mut transaction, owner, span.clone()).await?;
    mended.take(&recorded);
    let sums = recorded.sums();
    mended.compare(&kept, sums);
    if kept == *sums {
        return Ok(());
    }
    for side in [TrafficSide::Attempt, TrafficSide::Call] {
        for grain in [Grain::Quarter, Grain::Day] {
            let delete = sql(
                "DELETE FROM traffic WHERE owner = $1 AND side = $2 AND grain = $3 \
                 AND bucket >= $4 AND bucket < $5",
            );
            let delete = delete.bind(owner.get()).bind(side.as_str());
            let delete = delete.bind(grain.minutes());
            let delete = delete.bind(span.start).bind(span.end);
            delete.execute(&mut transaction).await?;
        }
    }
    add(&mut transaction, sums).await?;
    transaction.commit().await
}
