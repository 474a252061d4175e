//! Journal entries as rows: one transaction for a batch and its place.

use super::segments::Segment;
use crate::cdr_batches::leave_batch;
use crate::cdrs::{
    ATTEMPT_SEARCH_BINDS, ATTEMPT_SEARCH_COLUMNS, CDR_COLUMNS, CDR_SEARCH_BINDS,
    CDR_SEARCH_COLUMNS, CdrColumns, add_sum, attempt_search_values, id_text, joined, keep_late,
    mark_grown, of_dropped_days, search_values, text_of,
};
use crate::database::{Lock, Transaction, Value, insert_rows, sql};
use crate::ledger::post_calls;
use crate::traffic::add_new_calls;
use crate::{Store, StoreError, TenantId};
use rating::Currency;
use rating::cdr::{AttemptRecord, CallId, CallRecord, JournalEntry};
use rating::journal::SegmentName;
use std::collections::{HashMap, HashSet};

const CDR_PLAIN_BINDS: usize = 27;
const CDR_BINDS: usize = CDR_PLAIN_BINDS + CDR_SEARCH_BINDS;
const ATTEMPT_PLAIN_BINDS: usize = 20;
const ATTEMPT_BINDS: usize = ATTEMPT_PLAIN_BINDS + ATTEMPT_SEARCH_BINDS;

/// Identifiers in one statement; more gain nothing.
const STATEMENT_IDS: usize = 200;

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Loaded {
    /// Ended calls that were new.
    pub(super) records: u64,
    /// Ended calls that were there already.
    pub(super) duplicates: u64,
}

impl Store {
    /// Loads entries of a segment and moves its place, all or nothing.
    pub(super) async fn load(
        &self,
        name: SegmentName,
        segment: &Segment,
        entries: &[JournalEntry],
    ) -> Result<Loaded, StoreError> {
        match self.load_once(name, segment, entries).await {
            // Its day was made while a record went to the default partition, which has no room for it any more.
            Err(error) if error.is_check_violation() => {
                self.load_once(name, segment, entries).await
            }
            outcome => outcome,
        }
    }

    async fn load_once(
        &self,
        name: SegmentName,
        segment: &Segment,
        entries: &[JournalEntry],
    ) -> Result<Loaded, StoreError> {
        let (open, ended) = sort(entries);
        let mut transaction = self.write().await?;
        insert_open_calls(&mut transaction, name, &open).await?;
        let records = insert_calls(&mut transaction, &ended).await?;
        delete_open_calls(&mut transaction, &ended).await?;
        segment.save(name, &mut transaction).await?;
        transaction.commit().await?;
        Ok(Loaded {
            records,
            duplicates: ended.len() as u64 - records,
        })
    }

    /// Forgets the place in a segment whose file is gone.
    pub(super) async fn forget_segment(&self, name: SegmentName) -> Result<(), StoreError> {
        sql("DELETE FROM journal_position WHERE segment = $1")
            .bind(name.to_string())
            .execute(self.writer())
            .await?;
        Ok(())
    }
}

/// The calls that stay open at the end of the batch, and those that ended.
fn sort(entries: &[JournalEntry]) -> (Vec<&CallRecord>, Vec<&CallRecord>) {
    let mut open: HashMap<CallId, &CallRecord> = HashMap::new();
    let mut ended = Vec::with_capacity(entries.len());
    for entry in entries {
        match entry {
            JournalEntry::Answered(call) => {
                open.insert(call.id, call);
            }
            JournalEntry::Ended(call) => {
                open.remove(&call.id);
                ended.push(call);
            }
        }
    }
    (open.into_values().collect(), ended)
}

async fn insert_open_calls(
    transaction: &mut Transaction,
    name: SegmentName,
    calls: &[&CallRecord],
) -> Result<(), StoreError> {
    let row = |call: &&CallRecord| -> Result<[Value; 4], StoreError> {
        Ok([
            id_text(call.id).into(),
            name.boot.to_string().into(),
            i64::from(name.shard).into(),
            serde_json::to_string(call)
                .map_err(StoreError::Encode)?
                .into(),
        ])
    };
    let rows = calls.iter().map(row).collect::<Result<_, _>>()?;
    let insert = sql("INSERT INTO open_call (id, boot, shard, record) ");
    insert_rows(transaction, &insert, rows, " ON CONFLICT (id) DO NOTHING").await?;
    Ok(())
}

async fn delete_open_calls(
    transaction: &mut Transaction,
    calls: &[&CallRecord],
) -> Result<(), StoreError> {
    for calls in calls.chunks(STATEMENT_IDS) {
        let mut delete = sql("DELETE FROM open_call WHERE id IN (");
        delete.push_list(calls.iter().map(|call| id_text(call.id)));
        delete.push(")");
        delete.execute(&mut *transaction).await?;
    }
    Ok(())
}

/// Inserts calls and their attempts, posts what they were charged and cost, and adds them to the sums of
/// reports; gives how many calls were new.
pub(crate) async fn insert_calls(
    transaction: &mut Transaction,
    calls: &[&CallRecord],
) -> Result<u64, StoreError> {
    // No day begins to be dropped before this is done.
    transaction.share(Lock::Traffic).await?;
    let owners = Owners::of(transaction, calls).await?;
    let late = of_dropped_days(transaction, calls.iter().map(|call| call.id)).await?;
    let (late, calls): (Vec<&CallRecord>, Vec<&CallRecord>) = calls
        .iter()
        .copied()
        .partition(|call| late.contains(&call.id));
    if !late.is_empty() {
        take_in_late(transaction, &late, &owners).await?;
    }
    let rows = calls
        .iter()
        .map(|call| CdrColumns::new(call, owners.owner(call)).map(cdr_values))
        .collect::<Result<_, _>>()
        .map_err(StoreError::Encode)?;
    let new = insert_cdrs(transaction, rows).await?;
    let attempts = calls
        .iter()
        .flat_map(|call| {
            let owner = owners.owner(call);
            let attempts = call.attempts.iter();
            attempts.map(move |attempt| attempt_values(call.id, owner, attempt))
        })
        .collect();
    insert_attempts(transaction, attempts).await?;
    let mut unposted = new.clone();
    let posted: Vec<_> = calls
        .iter()
        .filter(|call| unposted.remove(&id_text(call.id)))
        .map(|call| (*call, owners.owner(call)))
        .collect();
    mark_grown(transaction, posted.iter().map(|(call, _)| call.id)).await?;
    post_calls(transaction, &posted, owners.known()).await?;
    add_new_calls(transaction, &posted).await?;
    leave_batch(transaction, &posted).await?;
    Ok(new.len() as u64)
}

/// Takes in calls whose day was dropped. What they were charged is posted, unless it was before; whether reports
/// count them nobody knows any more.
async fn take_in_late(
    transaction: &mut Transaction,
    calls: &[&CallRecord],
    owners: &Owners,
) -> Result<(), StoreError> {
    let mut posted = 0_u64;
    for call in calls {
        let owner = owners.owner(call);
        let json = serde_json::to_string(call).map_err(StoreError::Encode)?;
        keep_late(transaction, call.id, json).await?;
        if post_calls(transaction, &[(*call, owner)], owners.known()).await? == 0 {
            continue;
        }
        posted += 1;
        let money = call.money().unwrap_or_default();
        let (charge, cost) = (money.charge.0, money.cost.0);
        let customer = call.customer.as_ref().map(|customer| customer.id);
        let of_customer = customer.filter(|_| charge != 0);
        let sums = [
            of_customer.map(|customer| ("customer", customer, -charge)),
            of_customer.map(|_| ("revenue", owner.get(), charge)),
            (cost != 0).then(|| ("cost_of_sales", owner.get(), -cost)),
        ];
        for (kind, party, amount) in sums.into_iter().flatten() {
            add_sum(transaction, kind, party, 0, amount).await?;
        }
    }
    tracing::error!(
        calls = calls.len(),
        posted,
        "the journal brought calls of days whose records were dropped: they are in `cdr_late`, and in no report"
    );
    Ok(())
}

/// Who owns the customers and carriers of some calls.
pub(crate) struct Owners(HashMap<i64, TenantId>);

impl Owners {
    pub(crate) async fn of(
        transaction: &mut Transaction,
        calls: &[&CallRecord],
    ) -> Result<Self, StoreError> {
        let customers = calls.iter().filter_map(|call| call.customer.as_ref());
        let attempts = calls.iter().flat_map(|call| &call.attempts);
        let carriers = attempts.map(|attempt| &attempt.carrier);
        let mut ids: Vec<i64> = customers.chain(carriers).map(|party| party.id).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut owners = HashMap::with_capacity(ids.len());
        for ids in ids.chunks(STATEMENT_IDS) {
            let mut select = sql("SELECT id, owner FROM resource WHERE id IN (");
            select.push_list(ids.iter().copied()).push(")");
            for row in select.fetch_all(&mut *transaction).await? {
                owners.insert(row.get(0)?, TenantId::new(row.get(1)?));
            }
        }
        Ok(Self(owners))
    }

    /// Those that are known, by the number of the customer or carrier.
    pub(crate) fn known(&self) -> &HashMap<i64, TenantId> {
        &self.0
    }

    /// Calls of nobody that is known are the platform's.
    fn owner(&self, call: &CallRecord) -> TenantId {
        let customer = call.customer.as_ref();
        let owner = customer.and_then(|customer| self.0.get(&customer.id));
        owner.copied().unwrap_or(TenantId::PLATFORM)
    }
}

/// Inserts records; gives the identifiers of the new ones.
async fn insert_cdrs(
    transaction: &mut Transaction,
    rows: Vec<[Value; CDR_BINDS]>,
) -> Result<HashSet<String>, StoreError> {
    let mut insert = sql("INSERT INTO cdr (");
    insert.push(CDR_COLUMNS).push(", ");
    insert.push(CDR_SEARCH_COLUMNS).push(") ");
    let unless_there = " ON CONFLICT (id) DO NOTHING RETURNING id";
    let new = insert_rows(transaction, &insert, rows, unless_there).await?;
    new.iter().map(|row| row.get(0)).collect()
}

fn cdr_values(columns: CdrColumns<'_>) -> [Value; CDR_BINDS] {
    let search = search_values(columns.call);
    joined(cdr_plain_values(columns), search)
}

fn cdr_plain_values(columns: CdrColumns<'_>) -> [Value; CDR_PLAIN_BINDS] {
    let call = columns.call;
    let customer = call.customer.as_ref();
    let carrier = columns.last.map(|attempt| &attempt.carrier);
    [
        id_text(call.id).into(),
        call.node.as_ref().into(),
        call.snapshot_number.cast_signed().into(),
        call.received_at.into(),
        call.answered_at.into(),
        call.ended_at.into(),
        customer.map(|customer| customer.id).into(),
        customer.map(|customer| customer.name.as_ref()).into(),
        carrier.map(|carrier| carrier.id).into(),
        carrier.map(|carrier| carrier.name.as_ref()).into(),
        call.rate
            .as_ref()
            .map(|rate| rate.destination.as_ref())
            .into(),
        call.calling_number_received.as_ref().into(),
        call.called_number.as_ref().into(),
        text_of(&call.outcome).into(),
        call.release.sip_status.into(),
        text_of(&call.release.reason).into(),
        text_of(&call.release.by).into(),
        call.duration_ms().cast_signed().into(),
        call.charge.billed_seconds.into(),
        call.pdd_ms().map(u64::cast_signed).into(),
        (call.attempts.len() as i64).into(),
        columns.money.charge.0.into(),
        columns.money.cost.0.into(),
        call.margin.0.into(),
        Currency::USD.to_string().into(),
        columns.json.into(),
        columns.owner.get().into(),
    ]
}

async fn insert_attempts(
    transaction: &mut Transaction,
    rows: Vec<[Value; ATTEMPT_BINDS]>,
) -> Result<(), StoreError> {
    let mut insert = sql(
        "INSERT INTO attempt (call_id, number, carrier_id, carrier, \
         egress_trunk_id, egress_trunk, gateway, prefix, started_at, first_reply_at, ringing_at, \
         answered_at, ended_at, outcome, sip_status, release_reason, billed_seconds, cost, \
         currency, owner, ",
    );
    insert.push(ATTEMPT_SEARCH_COLUMNS).push(") ");
    let unless_there = " ON CONFLICT (call_id, number) DO NOTHING";
    insert_rows(transaction, &insert, rows, unless_there).await?;
    Ok(())
}

fn attempt_values(
    call: CallId,
    owner: TenantId,
    attempt: &AttemptRecord,
) -> [Value; ATTEMPT_BINDS] {
    let plain = attempt_plain_values(call, owner, attempt);
    joined(plain, attempt_search_values(attempt))
}

fn attempt_plain_values(
    call: CallId,
    owner: TenantId,
    attempt: &AttemptRecord,
) -> [Value; ATTEMPT_PLAIN_BINDS] {
    [
        id_text(call).into(),
        attempt.number.into(),
        attempt.carrier.id.into(),
        attempt.carrier.name.as_ref().into(),
        attempt.egress_trunk.id.into(),
        attempt.egress_trunk.name.as_ref().into(),
        attempt.gateway.to_string().into(),
        attempt.rate.prefix.as_ref().into(),
        attempt.started_at.into(),
        attempt.first_reply_at.into(),
        attempt.ringing_at.into(),
        attempt.answered_at.into(),
        attempt.ended_at.into(),
        text_of(&attempt.outcome).into(),
        attempt.release.sip_status.into(),
        text_of(&attempt.release.reason).into(),
        attempt.cost.billed_seconds.into(),
        attempt.cost.amount.0.into(),
        attempt.rate.currency.to_string().into(),
        owner.get().into(),
    ]
}
