#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::disk::{Disk, SystemDisk};
use super::*;
use rating::cdr::{
    CallId, CallRecord, Charge, JournalEntry, Outcome, Release, ReleaseReason, ReleasedBy,
    Transport,
};
use rating::journal::{
    MAX_RECORD_BYTES, SEGMENT_HEADER_BYTES, SegmentHeader, SegmentName, Step, decode, scan,
};
use rating::{Amount, Timestamp};
use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

fn entry(id: u128) -> JournalEntry {
    JournalEntry::Ended(CallRecord {
        id: CallId(id),
        node: "fra-1".into(),
        shard: 0,
        snapshot_number: 1,
        ingress_call_id: "a84b4c76e66710@192.0.2.1".into(),
        ingress_transport: Transport::Udp,
        ingress_source: "192.0.2.1:5060".parse().unwrap(),
        user_agent: None,
        calling_number_received: "442071838750".into(),
        called_number_received: "33142685300".into(),
        called_number: "33142685300".into(),
        customer: None,
        ingress_trunk: None,
        rate: None,
        charge: Charge::default(),
        margin: Amount(0),
        received_at: Timestamp(1),
        ringing_at: None,
        answered_at: None,
        ended_at: Timestamp(2),
        outcome: Outcome::Rejected,
        release: Release {
            by: ReleasedBy::Switch,
            reason: ReleaseReason::UnknownSource,
            sip_status: 403,
            q850_cause: 21,
        },
        attempts: Vec::new(),
        media: None,
        decision: None,
        passed_over: Vec::new(),
    })
}

fn large_entry(id: u128) -> JournalEntry {
    let JournalEntry::Ended(mut record) = entry(id) else {
        unreachable!("entry() gives ended calls")
    };
    record.called_number_received = "9".repeat(MAX_RECORD_BYTES - 1_024).into();
    JournalEntry::Ended(record)
}

fn config(directory: &Path) -> JournalConfig {
    JournalConfig {
        segment_bytes: MIN_SEGMENT_BYTES,
        sync_interval: Duration::from_millis(2),
        min_free_bytes: 0,
        max_pending_records: 3,
        ..JournalConfig::new(directory.into(), "fra-1".into(), BootId(7), 1)
    }
}

fn open(config: JournalConfig) -> (Journal, SegmentWriter) {
    let (journal, mut writers) = Journal::open(config).unwrap();
    (journal, writers.pop().unwrap())
}

/// Headers and call identifiers of all segments in the folder, in order.
fn read(directory: &Path) -> (Vec<SegmentHeader>, Vec<u128>) {
    let mut paths: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "journal")
        })
        .collect();
    paths.sort();
    let (mut headers, mut ids) = (Vec::new(), Vec::new());
    for path in paths {
        let bytes = std::fs::read(&path).unwrap();
        let header = SegmentHeader::from_bytes(&bytes).unwrap();
        let name: SegmentName = path.file_name().unwrap().to_str().unwrap().parse().unwrap();
        assert_eq!(header.name, name);
        headers.push(header);
        let mut at = SEGMENT_HEADER_BYTES;
        while let Step::Record { frame, next } = scan(&bytes, at) {
            let JournalEntry::Ended(record) = decode(frame).unwrap() else {
                panic!("only ended calls were written")
            };
            ids.push(record.id.0);
            at = next;
        }
    }
    (headers, ids)
}

fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(
            begun.elapsed() < Duration::from_secs(120),
            "{what} never came"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn records_are_in_the_file_as_soon_as_append_returns() {
    let folder = tempfile::tempdir().unwrap();
    let (_journal, mut writer) = open(config(folder.path()));
    for id in 1..=3 {
        writer.append(&entry(id)).unwrap();
        assert_eq!(read(folder.path()).1, (1..=id).collect::<Vec<_>>());
    }
    writer.touch(Timestamp(99));
    assert_eq!(read(folder.path()).0[0].last_alive, Timestamp(99));
}

#[test]
fn a_full_segment_gives_way_to_the_next_and_no_record_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, mut writer) = open(config(folder.path()));
    for id in 0..30 {
        wait_until("space", || {
            writer.touch(Timestamp(5));
            writer.available()
        });
        writer.append(&large_entry(id)).unwrap();
    }
    assert_eq!(writer.close(Timestamp(6)), 0);
    drop(journal);
    let (headers, ids) = read(folder.path());
    assert_eq!(ids, (0..30).collect::<Vec<_>>());
    let (last, full) = headers.split_last().unwrap();
    assert!(full.len() >= 7);
    assert!(
        full.iter()
            .all(|header| header.sealed_at.is_some() && !header.stopped)
    );
    assert!(last.stopped && last.sealed_at.is_some() && last.last_alive == Timestamp(6));
}

#[test]
fn what_is_written_is_forced_within_the_interval() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, mut writer) = open(config(folder.path()));
    writer.append(&entry(1)).unwrap();
    assert!(journal.health().written_bytes > 0);
    wait_until("the forced write", || journal.health().unsynced_bytes == 0);
}

/// A disk that can be filled, slowed to a stop, and emptied.
#[derive(Clone, Default)]
struct SickDisk {
    full: Arc<AtomicBool>,
    nearly_full: Arc<AtomicBool>,
    stuck: Arc<AtomicBool>,
}

impl Disk for SickDisk {
    fn create(&self, path: &Path, bytes: u64) -> io::Result<File> {
        if self.full.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        SystemDisk.create(path, bytes)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        if self.stuck.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        SystemDisk.sync(file)
    }

    fn free_bytes(&self, _: &Path) -> io::Result<u64> {
        Ok(if self.nearly_full.load(Ordering::Relaxed) {
            1
        } else {
            1 << 40
        })
    }
}

fn open_on(
    folder: &Path,
    disk: &SickDisk,
    change: impl FnOnce(&mut JournalConfig),
) -> (Journal, SegmentWriter) {
    let mut config = config(folder);
    change(&mut config);
    let (journal, mut writers) = Journal::open_on(config, disk.clone()).unwrap();
    (journal, writers.pop().unwrap())
}

#[test]
fn a_full_disk_refuses_new_calls_keeps_every_record_and_heals_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let disk = SickDisk::default();
    let (journal, mut writer) = open_on(folder.path(), &disk, |_| ());
    disk.full.store(true, Ordering::Relaxed);
    let mut id = 0;
    while writer.available() {
        writer.touch(Timestamp(1));
        writer.append(&large_entry(id)).unwrap();
        id += 1;
    }
    // The calls that are up still end: first in what is left of the segment, then in memory.
    let full = loop {
        match writer.append(&large_entry(id)) {
            Ok(()) => id += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(full, AppendError::Full { waiting: 3 });
    assert_eq!(journal.health().pending_records, 3);
    wait_until("the alarm", || {
        matches!(journal.health().trouble, Some(JournalTrouble::Allocate(_)))
    });
    disk.full.store(false, Ordering::Relaxed);
    wait_until("recovery", || {
        writer.touch(Timestamp(2));
        writer.available() && journal.health().trouble.is_none()
    });
    assert_eq!(read(folder.path()).1, (0..id).collect::<Vec<_>>());
    assert_eq!(journal.health().pending_records, 0);
}

#[test]
fn a_nearly_full_disk_refuses_new_calls_before_anything_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let disk = SickDisk::default();
    let (journal, mut writer) =
        open_on(folder.path(), &disk, |config| config.min_free_bytes = 1_000);
    disk.nearly_full.store(true, Ordering::Relaxed);
    wait_until("the alarm", || !writer.available());
    let trouble = journal.health().trouble.unwrap().to_string();
    assert_eq!(
        trouble,
        "the journal's disk has 1 bytes left; it must keep 1000"
    );
    writer.append(&entry(1)).unwrap();
    disk.nearly_full.store(false, Ordering::Relaxed);
    wait_until("recovery", || writer.available());
}

#[test]
fn a_disk_that_does_not_keep_up_refuses_new_calls() {
    let folder = tempfile::tempdir().unwrap();
    let disk = SickDisk::default();
    let (journal, mut writer) = open_on(folder.path(), &disk, |config| {
        config.max_unsynced_bytes = 100;
        config.sync_interval = Duration::from_secs(1);
    });
    disk.stuck.store(true, Ordering::Relaxed);
    writer.append(&entry(1)).unwrap();
    assert!(
        !writer.available(),
        "too much is not forced, before any error came"
    );
    wait_until("the alarm", || {
        matches!(journal.health().trouble, Some(JournalTrouble::Sync(_)))
    });
    disk.stuck.store(false, Ordering::Relaxed);
    wait_until("recovery", || writer.available());
}

#[test]
fn a_record_of_absurd_length_is_refused_and_the_next_one_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let (_journal, mut writer) = open(config(folder.path()));
    let JournalEntry::Ended(mut record) = entry(1) else {
        unreachable!("entry() gives ended calls")
    };
    record.called_number_received = "9".repeat(MAX_RECORD_BYTES).into();
    let absurd = JournalEntry::Ended(record);
    assert_eq!(writer.append(&absurd), Err(AppendError::RecordTooLarge));
    writer.append(&entry(2)).unwrap();
    assert_eq!(read(folder.path()).1, [2]);
}

#[test]
fn a_second_process_is_refused_by_name_and_a_wrong_size_by_its_setting() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _writer) = open(config(folder.path()));
    let error = Journal::open(config(folder.path()))
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("is in use by another process"), "{error}");
    drop(journal);
    let small = JournalConfig {
        segment_bytes: 10,
        ..config(folder.path())
    };
    let error = Journal::open(small).err().unwrap().to_string();
    assert!(error.starts_with("journal.segment_bytes is 10"), "{error}");
}

const CHILD_FOLDER: &str = "DIDTRON_TEST_JOURNAL_CHILD";

/// Not a test of its own: what the child process of the next test does.
#[test]
fn child_writes_until_it_is_killed() {
    let Some(folder) = std::env::var_os(CHILD_FOLDER) else {
        return;
    };
    let (_journal, mut writer) = open(config(Path::new(&folder)));
    for id in 0.. {
        writer.touch(Timestamp(id as i64));
        while !writer.available() {
            writer.touch(Timestamp(id as i64));
        }
        writer.append(&entry(id)).unwrap();
        if id == 5_000 {
            std::fs::write(Path::new(&folder).join("far-enough"), b"").unwrap();
        }
    }
}

#[test]
fn after_a_kill_every_record_up_to_the_last_is_there_and_the_folder_opens_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "journal::tests::child_writes_until_it_is_killed"])
        .env(CHILD_FOLDER, folder.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let far_enough = folder.path().join("far-enough");
    wait_until("the child's work", || far_enough.exists());
    child.kill().unwrap();
    child.wait().unwrap();
    let (headers, ids) = read(folder.path());
    assert!(ids.len() > 5_000);
    assert_eq!(
        ids,
        (0..ids.len() as u128).collect::<Vec<_>>(),
        "no gap, no repetition"
    );
    assert!(headers.iter().all(|header| !header.stopped));
    let alive = headers.iter().map(|header| header.last_alive.0);
    let used = headers
        .iter()
        .map(|header| header.sealed_at.is_some())
        .collect::<Vec<_>>();
    let last = alive
        .take(used.iter().filter(|sealed| **sealed).count() + 1)
        .next_back()
        .unwrap();
    assert!(
        last >= ids.len() as i64 - 1,
        "the last sign of life is the last record's"
    );
    let again = JournalConfig {
        boot: BootId(8),
        ..config(folder.path())
    };
    let (_journal, mut writer) = open(again);
    writer.append(&entry(1)).unwrap();
}
