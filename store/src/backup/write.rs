//! Writing a backup.

use super::file::{BackupManifest, FORMAT, FORMAT_VERSION, Head, Line, TableSum};
use super::read::TableReader;
use super::schema::{Table, migrations, table_names, tables};
use super::{BackupError, MIGRATIONS_TABLE, verify_backup};
use crate::DatabaseLocation;
use crate::database::{Pool, Transaction, open_as_it_is};
use flate2::Compression;
use flate2::write::GzEncoder;
use rating::Timestamp;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

type Output = GzEncoder<BufWriter<File>>;

/// Writes the database to a file that is not there yet, as it is at one moment, and verifies it.
/// The switch may run. The database may be one of an earlier program: nothing of it is changed.
/// For the command line: it writes with calls that block.
///
/// # Errors
/// [`BackupError`]; no file is left then.
pub async fn write_backup(
    location: &DatabaseLocation,
    path: &Path,
    now: Timestamp,
) -> Result<BackupManifest, BackupError> {
    if path.exists() {
        return Err(BackupError::Exists);
    }
    let partial = partial(path);
    let written = write_partial(location, &partial, now).await;
    let manifest = written.and_then(|()| verify_backup(&partial));
    let manifest = manifest.and_then(|manifest| {
        std::fs::rename(&partial, path)?;
        sync_folder(path)?;
        Ok(manifest)
    });
    if manifest.is_err() {
        // It may not be there; the first error is the one to tell.
        let _ = std::fs::remove_file(&partial);
    }
    manifest
}

/// The name it has until it is verified.
fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}

fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
}

async fn write_partial(
    location: &DatabaseLocation,
    partial: &Path,
    now: Timestamp,
) -> Result<(), BackupError> {
    let pool = open_as_it_is(location, false).await?;
    let outcome = write_from(&pool, partial, now).await;
    pool.close().await;
    outcome
}

async fn write_from(pool: &Pool, partial: &Path, now: Timestamp) -> Result<(), BackupError> {
    let mut moment = pool.begin_moment().await?;
    if !table_names(&mut moment)
        .await?
        .iter()
        .any(|name| name == MIGRATIONS_TABLE)
    {
        return Err(BackupError::NoDatabase);
    }
    // It holds the hashes of passwords: for its owner only.
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(partial)?;
    let mut output = GzEncoder::new(BufWriter::new(file), Compression::fast());
    let head = Head {
        format: FORMAT.to_owned(),
        format_version: FORMAT_VERSION,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        created_at: now.0,
        migrations: migrations(&mut moment).await?,
        tables: tables(&mut moment).await?,
    };
    line(&mut output, &serde_json::to_string(&head)?)?;
    let mut sums = Vec::with_capacity(head.tables.len());
    for table in &head.tables {
        sums.push(write_table(&mut moment, table, &mut output).await?.finish());
    }
    let manifest = BackupManifest {
        program: head.program,
        created_at: head.created_at,
        migration: head.migrations.last().copied().unwrap_or(0),
        tables: sums,
    };
    line(
        &mut output,
        &serde_json::to_string(&Line::End { manifest })?,
    )?;
    let file = output
        .finish()?
        .into_inner()
        .map_err(std::io::Error::from)?;
    file.sync_all()?;
    Ok(())
}

async fn write_table(
    moment: &mut Transaction,
    table: &Table,
    output: &mut Output,
) -> Result<TableSum, BackupError> {
    let begin = Line::Begin {
        table: table.name.clone(),
    };
    line(output, &serde_json::to_string(&begin)?)?;
    let mut sum = TableSum::new(&table.name);
    let mut reader = TableReader::new(table);
    loop {
        let rows = reader.next(moment).await?;
        if rows.is_empty() {
            return Ok(sum);
        }
        for row in rows {
            let text = row.to_string();
            sum.add(&text);
            line(output, &text)?;
        }
    }
}

fn line(output: &mut Output, text: &str) -> std::io::Result<()> {
    output.write_all(text.as_bytes())?;
    output.write_all(b"\n")
}
