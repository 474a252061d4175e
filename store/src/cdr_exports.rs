//! Files of calls that a search finds: made by a job in the background, kept for a time, then gone.
//!
//! ```text
//! making ─► ready ─► gone
//!    └─► failed ─► gone
//! ```
//!
//! A file is kept in the database, in parts that are gzip each, so every node can give it. A run of the job
//! writes under its own number: one that was cut off and goes on somewhere writes nothing more, and neither
//! does one whose file was deleted meanwhile.

use crate::database::{Row, Statement, Transaction, sql};
use crate::jobs::{self, NewJob};
use crate::{CdrParty, NewAuditEntry, Scope, Store, StoreError, TenantId, audit};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use rating::Timestamp;
use std::io::{Read as _, Write as _};

/// The kind of job that makes a file. Payload: `{"export": 7}`.
pub const CDR_EXPORT_JOB: &str = "cdr.export";

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct CdrExportLimits {
    /// Files of a tenant.
    pub files: u64,
    /// Bytes of a tenant's files, as they are kept.
    pub bytes_of_tenant: u64,
    /// The same of a customer or carrier.
    pub bytes_of_account: u64,
    /// Bytes of all files, as they are kept. Of these the platform alone has as many as a tenant may have.
    pub bytes_of_all: u64,
    /// How long each is kept, microseconds.
    pub kept_us: i64,
}

/// A file in the database is about a tenth of what it is when it is read.
pub const CDR_EXPORT_LIMITS: CdrExportLimits = CdrExportLimits {
    files: 10,
    bytes_of_tenant: 256 << 20,
    bytes_of_account: 32 << 20,
    bytes_of_all: 2 << 30,
    kept_us: 48 * 3_600_000_000,
};

impl CdrExportLimits {
    /// What the files of a tenant may take, and what those of all may when it writes one.
    fn of(&self, tenant: TenantId, party: CdrParty) -> (u64, u64) {
        let own = match party {
            CdrParty::Staff => self.bytes_of_tenant,
            CdrParty::Customer(_) | CdrParty::Carrier(_) => self.bytes_of_account,
        };
        let all = match tenant {
            TenantId::PLATFORM => self.bytes_of_all,
            _ => self.bytes_of_all.saturating_sub(self.bytes_of_tenant),
        };
        (own, all)
    }
}

/// Where a file stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CdrExportState {
    /// A job writes it, or will.
    Making,
    /// It can be read.
    Ready,
    /// There is none.
    Failed,
}

/// A file that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct NewCdrExport<'a> {
    /// Whose it is.
    pub tenant: TenantId,
    /// Which side of the calls it has.
    pub party: CdrParty,
    /// Who asked for it.
    pub author: &'a str,
    /// As what it is written.
    pub format: &'a str,
    /// The query string of the list.
    pub asked: &'a str,
}

/// A file as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CdrExportRow {
    /// Its number.
    pub id: i64,
    /// Whose it is.
    pub tenant: TenantId,
    /// Whose records are in it.
    pub owner: TenantId,
    /// Which side of them.
    pub party: CdrParty,
    /// Where it stands.
    pub state: CdrExportState,
    /// Who asked for it.
    pub author: String,
    /// As what it is written.
    pub format: String,
    /// The query string of the list.
    pub asked: String,
    /// How many records it has so far.
    pub records: u64,
    /// How long it is so far, as it is read.
    pub bytes: u64,
    /// How many parts it has so far.
    pub parts: u64,
    /// Why there is none.
    pub failure: Option<String>,
    /// The job that writes it, or did.
    pub job_id: Option<i64>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it goes.
    pub expires_at: Timestamp,
}

/// What became of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CdrExportPart {
    /// It is written.
    Kept,
    /// The file was deleted, or another run writes it.
    NotWanted,
    /// As many bytes are kept as may be.
    Full,
}

const COLUMNS: &str = "id, tenant_id, owner, side, party_id, state, author, format, asked, records, \
    bytes, parts, failure, job_id, created_at, updated_at, expires_at";

impl Store {
    /// Asks for a file and puts its job into the queue; gives its number, or `None` when the tenant has as
    /// many or as much as it may. What has had its time goes.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn create_cdr_export(
        &self,
        scope: &Scope,
        new: NewCdrExport<'_>,
        limits: &CdrExportLimits,
        told: NewAuditEntry,
    ) -> Result<Option<i64>, StoreError> {
        let at = told.at;
        let mut transaction = self.write().await?;
        // Of two that are asked for at once the second sees the first.
        sql("UPDATE tenant SET id = id WHERE id = $1")
            .bind(new.tenant.get())
            .execute(&mut transaction)
            .await?;
        sql("DELETE FROM cdr_export WHERE expires_at <= $1")
            .bind(at)
            .execute(&mut transaction)
            .await?;
        let kept = sql("SELECT COUNT(*) FROM cdr_export WHERE tenant_id = $1");
        let kept: i64 = kept
            .bind(new.tenant.get())
            .fetch_value(&mut transaction)
            .await?;
        let (own, _) = room_taken(&mut transaction, new.tenant).await?;
        let (may_take, _) = limits.of(new.tenant, new.party);
        if kept.unsigned_abs() >= limits.files || own >= may_take {
            return Ok(None);
        }
        let (side, party) = written(new.party);
        let id: i64 = sql(
            "INSERT INTO cdr_export (tenant_id, owner, side, party_id, state, author, format, asked, \
             created_at, updated_at, expires_at) \
             VALUES ($1, $2, $3, $4, 'making', $5, $6, $7, $8, $8, $9) RETURNING id",
        )
        .bind(new.tenant.get())
        .bind(scope.tenant().get())
        .bind(side)
        .bind(party)
        .bind(new.author)
        .bind(new.format)
        .bind(new.asked)
        .bind(at)
        .bind(Timestamp(at.0.saturating_add(limits.kept_us)))
        .fetch_value(&mut transaction)
        .await?;
        let payload = serde_json::json!({ "export": id });
        let job = NewJob {
            attempts_max: 3,
            ..NewJob::new(scope.tenant(), CDR_EXPORT_JOB, payload, at)
        };
        let job = jobs::enqueue(&mut transaction, &job, at).await?;
        sql("UPDATE cdr_export SET job_id = $1 WHERE id = $2")
            .bind(job)
            .bind(id)
            .execute(&mut transaction)
            .await?;
        let told = NewAuditEntry {
            subject_id: Some(id),
            ..told
        };
        audit::append(&mut transaction, &[told]).await?;
        transaction.commit().await?;
        Ok(Some(id))
    }

    /// The files of a tenant, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or holds what cannot be read.
    pub async fn cdr_exports(
        &self,
        tenant: TenantId,
        now: Timestamp,
    ) -> Result<Vec<CdrExportRow>, StoreError> {
        let mut list = of_tenant(tenant, now);
        list.push(" ORDER BY id DESC");
        let rows = list.fetch_all(self.reader()).await?;
        rows.iter().map(export).collect()
    }

    /// One file of a tenant.
    ///
    /// # Errors
    /// As [`cdr_exports`](Self::cdr_exports).
    pub async fn cdr_export(
        &self,
        tenant: TenantId,
        id: i64,
        now: Timestamp,
    ) -> Result<Option<CdrExportRow>, StoreError> {
        let mut one = of_tenant(tenant, now);
        one.push(" AND id = ").push_bind(id);
        let row = one.fetch_optional(self.reader()).await?;
        row.as_ref().map(export).transpose()
    }

    /// Begins a run: what one of before has written goes. `None` when the file is not wanted any more.
    ///
    /// # Errors
    /// As [`cdr_exports`](Self::cdr_exports).
    pub async fn begin_cdr_export(
        &self,
        id: i64,
        now: Timestamp,
    ) -> Result<Option<(CdrExportRow, i64)>, StoreError> {
        let mut transaction = self.write().await?;
        let mut begin = sql(
            "UPDATE cdr_export SET run = run + 1, records = 0, bytes = 0, kept_bytes = 0, parts = 0, \
             updated_at = ",
        );
        begin.push_bind(now).push(" WHERE id = ").push_bind(id);
        begin.push(" AND state = 'making' AND expires_at > ");
        begin.push_bind(now);
        begin.push(" RETURNING ").push(COLUMNS).push(", run");
        let row = begin.fetch_optional(&mut transaction).await?;
        let Some(row) = row else { return Ok(None) };
        let begun = (export(&row)?, row.get(17)?);
        sql("DELETE FROM cdr_export_part WHERE export_id = $1")
            .bind(id)
            .execute(&mut transaction)
            .await?;
        transaction.commit().await?;
        Ok(Some(begun))
    }

    /// Whether a run still writes its file.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn is_cdr_export_wanted(&self, (id, run): (i64, i64)) -> Result<bool, StoreError> {
        let one = sql("SELECT id FROM cdr_export WHERE id = $1 AND run = $2 AND state = 'making'");
        let row = one.bind(id).bind(run).fetch_optional(self.reader()).await?;
        Ok(row.is_some())
    }

    /// Writes the next part of a file, which has so many records with it.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn add_cdr_export_part(
        &self,
        (id, run): (i64, i64),
        content: &[u8],
        records: u64,
        limits: &CdrExportLimits,
        now: Timestamp,
    ) -> Result<CdrExportPart, StoreError> {
        let content_bytes = content.len() as u64;
        let content = content.to_vec();
        let kept = beside(move || packed(&content)).await?;
        let mut transaction = self.write().await?;
        let row = sql(
            "UPDATE cdr_export SET records = $1, bytes = bytes + $2, kept_bytes = kept_bytes + $3, \
             parts = parts + 1, updated_at = $4 WHERE id = $5 AND run = $6 AND state = 'making' \
             RETURNING parts, tenant_id, side",
        )
        .bind(count(records))
        .bind(count(content_bytes))
        .bind(count(kept.len() as u64))
        .bind(now)
        .bind(id)
        .bind(run)
        .fetch_optional(&mut transaction)
        .await?;
        let Some(row) = row else {
            return Ok(CdrExportPart::NotWanted);
        };
        let (number, tenant) = (row.get::<i64>(0)?, TenantId::new(row.get(1)?));
        let (own, all) = room_taken(&mut transaction, tenant).await?;
        let (own_max, all_max) = limits.of(tenant, side(row.get(2)?, 0)?);
        if own > own_max || all > all_max {
            return Ok(CdrExportPart::Full);
        }
        sql("INSERT INTO cdr_export_part (export_id, number, content) VALUES ($1, $2, $3)")
            .bind(id)
            .bind(number)
            .bind(kept)
            .execute(&mut transaction)
            .await?;
        transaction.commit().await?;
        Ok(CdrExportPart::Kept)
    }

    /// A run has written all of its file.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn cdr_export_ready(
        &self,
        (id, run): (i64, i64),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sql("UPDATE cdr_export SET state = 'ready', updated_at = $1 \
             WHERE id = $2 AND run = $3 AND state = 'making'")
        .bind(now)
        .bind(id)
        .bind(run)
        .execute(self.writer())
        .await?;
        Ok(())
    }

    /// A run finds that there will be no file: what is written of it goes.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn cdr_export_failed(
        &self,
        (id, run): (i64, i64),
        failure: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        let failed = sql(
            "UPDATE cdr_export SET state = 'failed', failure = $1, updated_at = $2, bytes = 0, \
             kept_bytes = 0, parts = 0, run = run + 1 WHERE id = $3 AND run = $4 AND state = 'making' \
             RETURNING id",
        );
        let failed = failed.bind(failure).bind(now).bind(id).bind(run);
        if failed.fetch_optional(&mut transaction).await?.is_some() {
            sql("DELETE FROM cdr_export_part WHERE export_id = $1")
                .bind(id)
                .execute(&mut transaction)
                .await?;
        }
        transaction.commit().await
    }

    /// A part of a file, from 1. The caller has looked whose file it is.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or holds what is no part.
    pub async fn cdr_export_part(
        &self,
        id: i64,
        number: u64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let row = sql("SELECT content FROM cdr_export_part WHERE export_id = $1 AND number = $2")
            .bind(id)
            .bind(count(number))
            .fetch_optional(self.reader())
            .await?;
        let Some(row) = row else { return Ok(None) };
        let kept: Vec<u8> = row.get(0)?;
        let content = beside(move || {
            let mut content = Vec::new();
            let read = GzDecoder::new(&*kept).read_to_end(&mut content);
            read.map_err(|error| StoreError::column("content", error))?;
            Ok(content)
        });
        content.await.map(Some)
    }

    /// Takes a file of a tenant away; a run that writes it ends. Gives whether it was there.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn delete_cdr_export(
        &self,
        tenant: TenantId,
        id: i64,
        told: &NewAuditEntry,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let gone = sql("DELETE FROM cdr_export WHERE id = $1 AND tenant_id = $2 RETURNING job_id")
            .bind(id)
            .bind(tenant.get())
            .fetch_optional(&mut transaction)
            .await?;
        let Some(gone) = gone else {
            return Ok(false);
        };
        // One that waits is not needed; one that runs sees that its file is gone.
        sql("DELETE FROM job WHERE id = $1 AND state = 'ready'")
            .bind(gone.get::<Option<i64>>(0)?.unwrap_or(0))
            .execute(&mut transaction)
            .await?;
        audit::append(&mut transaction, std::slice::from_ref(told)).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Takes the files away that have had their time; gives how many there were.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn prune_cdr_exports(&self, now: Timestamp) -> Result<u64, StoreError> {
        let gone = sql("DELETE FROM cdr_export WHERE expires_at <= $1 RETURNING id").bind(now);
        Ok(gone.fetch_all(self.writer()).await?.len() as u64)
    }
}

fn of_tenant(tenant: TenantId, now: Timestamp) -> Statement {
    let mut statement = sql("SELECT ");
    statement
        .push(COLUMNS)
        .push(" FROM cdr_export WHERE tenant_id = ");
    statement.push_bind(tenant.get()).push(" AND expires_at > ");
    statement.push_bind(now);
    statement
}

/// Work of milliseconds, which others do not wait for.
async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(StoreError::column("content", error)))
}

fn packed(content: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let packed = encoder.write_all(content).and_then(|()| encoder.finish());
    packed.map_err(|error| StoreError::column("content", error))
}

/// A count as a column has it.
fn count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn written(party: CdrParty) -> (&'static str, i64) {
    match party {
        CdrParty::Staff => ("staff", 0),
        CdrParty::Customer(id) => ("customer", id),
        CdrParty::Carrier(id) => ("carrier", id),
    }
}

fn side(side: &str, id: i64) -> Result<CdrParty, StoreError> {
    Ok(match side {
        "staff" => CdrParty::Staff,
        "customer" => CdrParty::Customer(id),
        "carrier" => CdrParty::Carrier(id),
        _ => return Err(StoreError::column("side", "no side of a call")),
    })
}

/// Bytes that the files of a tenant take, and those of all.
async fn room_taken(on: &mut Transaction, tenant: TenantId) -> Result<(u64, u64), StoreError> {
    let sums = sql(
        "SELECT CAST(COALESCE(SUM(CASE WHEN tenant_id = $1 THEN kept_bytes ELSE 0 END), 0) AS BIGINT), \
         CAST(COALESCE(SUM(kept_bytes), 0) AS BIGINT) FROM cdr_export",
    );
    let sums = sums.bind(tenant.get()).fetch_one(on).await?;
    Ok((sums.unsigned(0)?, sums.unsigned(1)?))
}

fn export(row: &Row) -> Result<CdrExportRow, StoreError> {
    let party = side(row.get(3)?, row.get(4)?)?;
    let state = match row.get::<&str>(5)? {
        "making" => CdrExportState::Making,
        "ready" => CdrExportState::Ready,
        "failed" => CdrExportState::Failed,
        _ => return Err(StoreError::column("state", "no state of a file")),
    };
    Ok(CdrExportRow {
        id: row.get(0)?,
        tenant: TenantId::new(row.get(1)?),
        owner: TenantId::new(row.get(2)?),
        party,
        state,
        author: row.get(6)?,
        format: row.get(7)?,
        asked: row.get(8)?,
        records: row.unsigned(9)?,
        bytes: row.unsigned(10)?,
        parts: row.unsigned(11)?,
        failure: row.get(12)?,
        job_id: row.get(13)?,
        created_at: Timestamp(row.get(14)?),
        updated_at: Timestamp(row.get(15)?),
        expires_at: Timestamp(row.get(16)?),
    })
}

#[cfg(test)]
mod tests;
