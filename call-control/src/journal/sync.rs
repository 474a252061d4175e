//! The journal's thread: forces records to disk, prepares segments, watches the disk.

use super::disk::{Disk, SystemDisk};
use super::segment::{MappedFile, MappedSegment};
use super::writer::{SegmentWriter, ShardShared};
use super::{JournalConfig, MAX_SEGMENT_BYTES, MIN_SEGMENT_BYTES};
use rating::Timestamp;
use rating::journal::{HeaderError, SegmentHeader, SegmentName};
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How often the time a shard lives is forced even when no record was written.
const ALIVE_SYNC_INTERVAL: Duration = Duration::from_secs(1);

/// How often the free space is looked at, and a failed allocation tried again.
const DISK_CHECK_INTERVAL: Duration = Duration::from_millis(250);

/// Bytes ahead of a shard's position that are made ready to be written after each forced write:
/// what some thousand calls a second write until the next one.
const PREFAULT_BYTES: usize = 128 * 1024;

/// Name of the file that one process locks.
const LOCK_FILE: &str = "journal.lock";

/// The running journal. Dropping it stops the thread after a last forced write.
pub struct Journal {
    shared: Vec<Arc<ShardShared>>,
    trouble: Arc<Mutex<Option<JournalTrouble>>>,
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    // Holds the folder for as long as the journal lives.
    _lock: File,
}

/// How the journal is doing.
#[derive(Clone, Debug, Default)]
pub struct JournalHealth {
    /// Why records cannot be taken for new calls; `None` when they can.
    pub trouble: Option<JournalTrouble>,
    /// Bytes written but not yet forced to disk, all shards.
    pub unsynced_bytes: u64,
    /// Records that wait in memory for space, all shards.
    pub pending_records: u64,
    /// Bytes of records written since the start, all shards.
    pub written_bytes: u64,
}

/// What keeps the journal from taking records of new calls.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalTrouble {
    /// Too little space is left.
    #[error("the journal's disk has {free} bytes left; it must keep {min_free}")]
    DiskFull {
        /// Free bytes.
        free: u64,
        /// Those that must stay free.
        min_free: u64,
    },
    /// The next segment cannot be made.
    #[error("the next journal segment cannot be made: {0}")]
    Allocate(Arc<io::Error>),
    /// Records cannot be forced to disk.
    #[error("the journal cannot be forced to disk: {0}")]
    Sync(Arc<io::Error>),
}

/// Why a journal cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// A value is out of its bounds.
    #[error("journal.segment_bytes is {0}; it is from {MIN_SEGMENT_BYTES} to {MAX_SEGMENT_BYTES}")]
    SegmentBytes(u64),
    /// Another process writes there.
    #[error("{directory} is in use by another process: stop it or set another data directory")]
    InUse {
        /// The folder.
        directory: PathBuf,
    },
    /// A file cannot be made, allocated or mapped.
    #[error("{path} cannot be prepared for the journal")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The node's name does not fit.
    #[error(transparent)]
    Header(#[from] HeaderError),
}

/// One shard's files, as the thread sees them.
struct ShardFiles {
    shard: u16,
    shared: Arc<ShardShared>,
    spares: SyncSender<MappedSegment>,
    /// Files that may hold unforced bytes: the one in use, the next, and those just left.
    open: Vec<(u64, Arc<MappedFile>)>,
    allocated: u64,
    alive_synced_at: Instant,
}

/// The thread's own state.
struct Worker<D> {
    config: JournalConfig,
    disk: D,
    shards: Vec<ShardFiles>,
    trouble: Arc<Mutex<Option<JournalTrouble>>>,
    disk_trouble: Option<JournalTrouble>,
    disk_checked_at: Option<Instant>,
}

impl Journal {
    /// Locks the folder, makes the first segments and starts the thread. Gives one writer for
    /// each shard, in order.
    ///
    /// # Errors
    /// [`OpenError`], which names the setting or the file. Nothing runs then.
    pub fn open(config: JournalConfig) -> Result<(Self, Vec<SegmentWriter>), OpenError> {
        Self::open_on(config, SystemDisk)
    }

    pub(super) fn open_on(
        config: JournalConfig,
        disk: impl Disk,
    ) -> Result<(Self, Vec<SegmentWriter>), OpenError> {
        if !(MIN_SEGMENT_BYTES..=MAX_SEGMENT_BYTES).contains(&config.segment_bytes) {
            return Err(OpenError::SegmentBytes(config.segment_bytes));
        }
        let lock = lock_directory(&config.directory)?;
        let trouble = Arc::new(Mutex::new(None));
        let mut worker = Worker {
            config,
            disk,
            shards: Vec::new(),
            trouble: Arc::clone(&trouble),
            disk_trouble: None,
            disk_checked_at: None,
        };
        let writers = (0..worker.config.shards)
            .map(|shard| worker.add_shard(shard))
            .collect::<Result<Vec<_>, _>>()?;
        let shared = worker
            .shards
            .iter()
            .map(|files| Arc::clone(&files.shared))
            .collect();
        let (stop, stopped) = sync_channel(1);
        let path = worker.config.directory.clone();
        let thread = std::thread::Builder::new()
            .name("journal".into())
            .spawn(move || worker.run(&stopped))
            .map_err(|source| OpenError::Io { path, source })?;
        let journal = Self {
            shared,
            trouble,
            stop: Some(stop),
            thread: Some(thread),
            _lock: lock,
        };
        Ok((journal, writers))
    }

    /// How the journal is doing now.
    pub fn health(&self) -> JournalHealth {
        let mut health = JournalHealth {
            trouble: self
                .trouble
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
            ..JournalHealth::default()
        };
        for shard in &self.shared {
            let synced = shard.synced.load(Ordering::Relaxed);
            let written = shard.written.load(Ordering::Relaxed);
            health.written_bytes += written;
            health.unsynced_bytes += written.saturating_sub(synced);
            health.pending_records += shard.pending.load(Ordering::Relaxed);
        }
        health
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // The thread ends when the channel is gone.
        self.stop = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the journal's thread panicked");
        }
    }
}

/// Makes the journal's folder and locks it against a second process, as long as the file lives.
///
/// # Errors
/// [`OpenError::InUse`] when another process has it, or [`OpenError::Io`].
pub fn lock_directory(directory: &Path) -> Result<File, OpenError> {
    let path = directory.join(LOCK_FILE);
    let failed = |source| OpenError::Io {
        path: path.clone(),
        source,
    };
    std::fs::create_dir_all(directory).map_err(failed)?;
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse {
            directory: directory.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

impl<D: Disk> Worker<D> {
    /// Prepares the first segment and the one after it.
    fn add_shard(&mut self, shard: u16) -> Result<SegmentWriter, OpenError> {
        let (spares, receiver) = sync_channel(1);
        let shared = Arc::<ShardShared>::default();
        let mut files = ShardFiles {
            shard,
            shared: Arc::clone(&shared),
            spares,
            open: Vec::new(),
            allocated: 0,
            alive_synced_at: Instant::now(),
        };
        let failed = |sequence, source| OpenError::Io {
            path: self.path(shard, sequence),
            source,
        };
        // A name that does not fit is told by its own error.
        SegmentHeader::new(self.name(shard, 1), Arc::clone(&self.config.node), now())?;
        let first = self
            .allocate(&mut files)
            .map_err(|error| failed(1, error))?;
        let spare = self
            .allocate(&mut files)
            .map_err(|error| failed(2, error))?;
        // The channel is new and holds one.
        let _ = files.spares.try_send(spare);
        self.shards.push(files);
        Ok(SegmentWriter::new(
            first,
            receiver,
            shared,
            self.config.max_pending_records,
            self.config.max_unsynced_bytes,
        ))
    }

    fn run(mut self, stopped: &Receiver<()>) {
        let interval = self.config.sync_interval.max(Duration::from_millis(1));
        while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(interval) {
            self.round(false);
        }
        self.round(true);
        self.remove_unused();
    }

    /// One group commit, and whatever else is due.
    fn round(&mut self, last: bool) {
        let mut shards = std::mem::take(&mut self.shards);
        let synced = shards
            .iter_mut()
            .map(|files| files.sync(&self.disk, last))
            .fold(Ok(()), Result::and);
        let due = self
            .disk_checked_at
            .is_none_or(|at| at.elapsed() >= DISK_CHECK_INTERVAL);
        if due {
            self.disk_checked_at = Some(Instant::now());
            self.disk_trouble = self.check_disk(&mut shards, last).err();
        } else if self.disk_trouble.is_none() && !last {
            self.disk_trouble = self.prepare(&mut shards).err();
        }
        self.shards = shards;
        let sync_trouble = synced
            .err()
            .map(|error| JournalTrouble::Sync(Arc::new(error)));
        self.report(sync_trouble.or_else(|| self.disk_trouble.clone()));
    }

    fn check_disk(&self, shards: &mut [ShardFiles], last: bool) -> Result<(), JournalTrouble> {
        let min_free = self.config.min_free_bytes;
        let free = self
            .disk
            .free_bytes(&self.config.directory)
            .map_err(|error| JournalTrouble::Allocate(Arc::new(error)))?;
        if free < min_free {
            return Err(JournalTrouble::DiskFull { free, min_free });
        }
        if last { Ok(()) } else { self.prepare(shards) }
    }

    /// Makes the next segment of each shard that took its spare.
    fn prepare(&self, shards: &mut [ShardFiles]) -> Result<(), JournalTrouble> {
        for files in shards {
            if files.shared.sequence.load(Ordering::Acquire) < files.allocated {
                continue;
            }
            let spare = self
                .allocate(files)
                .map_err(|error| JournalTrouble::Allocate(Arc::new(error)))?;
            // The shard took the one before, so there is room, unless its thread has ended.
            let _ = files.spares.try_send(spare);
        }
        Ok(())
    }

    /// Makes the shard's next segment, on disk with its header before anybody uses it.
    fn allocate(&self, files: &mut ShardFiles) -> io::Result<MappedSegment> {
        let sequence = files.allocated + 1;
        let path = self.path(files.shard, sequence);
        let name = self.name(files.shard, sequence);
        let header = SegmentHeader::new(name, Arc::clone(&self.config.node), now())
            .map_err(io::Error::other)?;
        let file = self.disk.create(&path, self.config.segment_bytes)?;
        let made = MappedSegment::new(file, &header).and_then(|segment| {
            self.disk.sync(&segment.mapped().file)?;
            segment.mapped().prefault(0, PREFAULT_BYTES);
            File::open(&self.config.directory)?.sync_all()?;
            Ok(segment)
        });
        if made.is_err() {
            let _ = std::fs::remove_file(&path);
        }
        let segment = made?;
        files.allocated = sequence;
        files.open.push((sequence, segment.mapped()));
        Ok(segment)
    }

    fn name(&self, shard: u16, sequence: u64) -> SegmentName {
        SegmentName {
            boot: self.config.boot,
            shard,
            sequence,
        }
    }

    fn path(&self, shard: u16, sequence: u64) -> PathBuf {
        let name = self.name(shard, sequence).to_string();
        self.config.directory.join(name)
    }

    /// Tells the shards and the operator, once for each change.
    fn report(&self, trouble: Option<JournalTrouble>) {
        for files in &self.shards {
            files
                .shared
                .trouble
                .store(trouble.is_some(), Ordering::Relaxed);
        }
        let mut told = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match (&*told, &trouble) {
            (None, Some(trouble)) => {
                tracing::error!(%trouble, "journal unavailable: new calls are refused");
            }
            (Some(_), None) => tracing::warn!("journal available again"),
            _ => {}
        }
        *told = trouble;
    }

    /// Segments that were prepared and never used need not be read.
    fn remove_unused(&self) {
        for files in &self.shards {
            let used = files.shared.sequence.load(Ordering::Acquire);
            for sequence in used + 1..=files.allocated {
                let path = self.path(files.shard, sequence);
                if let Err(error) = std::fs::remove_file(&path) {
                    tracing::warn!(path = %path.display(), %error, "spare segment stays");
                }
            }
        }
    }
}

impl ShardFiles {
    /// Forces what was written since the last time, and lets go of segments that were left.
    fn sync(&mut self, disk: &impl Disk, last: bool) -> io::Result<()> {
        let sequence = self.shared.sequence.load(Ordering::Acquire);
        let written = self.shared.written.load(Ordering::Acquire);
        let unchanged = written == self.shared.synced.load(Ordering::Relaxed);
        let left = self
            .open
            .first()
            .is_some_and(|(first, _)| *first < sequence);
        if unchanged && !left && !last && self.alive_synced_at.elapsed() < ALIVE_SYNC_INTERVAL {
            return Ok(());
        }
        for (of, mapped) in self.open.iter().filter(|(of, _)| *of <= sequence) {
            disk.sync(&mapped.file)?;
            if *of == sequence && !last {
                let position = self.shared.position.load(Ordering::Relaxed);
                mapped.prefault(position, PREFAULT_BYTES);
            }
        }
        self.open.retain(|(of, _)| *of >= sequence);
        self.alive_synced_at = Instant::now();
        self.shared.synced.store(written, Ordering::Relaxed);
        Ok(())
    }
}

fn now() -> Timestamp {
    let micros = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_micros());
    Timestamp(i64::try_from(micros).unwrap_or(i64::MAX))
}
