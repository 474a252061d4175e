//! The disk fills while calls come, and is freed.

use super::{Load, NO_LOOPS, all_records, assert_books, assert_none_is_lost, seen, world};
use crate::programs::run;
use crate::sipp::{Carrier, Over};
use crate::switch::{Switch, until};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A small disk of its own. Dropping it unmounts it.
struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// `None` where this process may not mount.
    fn mount(folder: &Path) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=128m", "didtron-test"])
            .arg(folder);
        match run(&mut mount) {
            Ok(_) => Some(Self {
                folder: folder.into(),
            }),
            Err(reason) => {
                let must = std::env::var_os("FAULT_MUST_MOUNT").is_some();
                assert!(!must, "{reason}");
                eprintln!("SKIPPED: this process may not mount a small disk: {reason}");
                None
            }
        }
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }

    /// Leaves so many bytes free, or none.
    fn fill(&self, leave: usize) {
        let mut file = std::fs::File::create(self.ballast()).unwrap();
        let block = vec![0x5a; 64 * 1024];
        while file.write_all(&block).is_ok() {}
        let length = file.metadata().unwrap().len();
        file.set_len(length.saturating_sub(leave as u64)).unwrap();
    }

    fn free(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = run(Command::new("umount").arg("--lazy").arg(&self.folder));
    }
}

/// Free space below which calls are refused, as the tests set it.
const LEAST_FREE: usize = 16 << 20;

#[test]
fn a_full_disk_refuses_new_calls_loses_no_record_and_is_over_when_it_is_freed() {
    let folder = tempfile::tempdir().unwrap();
    // It outlives the switch.
    let Some(disk) = SmallDisk::mount(folder.path()) else {
        return;
    };
    let inner = tempfile::tempdir_in(folder.path()).unwrap();
    let settings = [NO_LOOPS, ("DIDTRON_JOURNAL_SEGMENT_MIB", "1")];
    let switch = Switch::start_in(inner, &settings);
    let carrier = Carrier::start("carrier_answers", "127.0.0.31", Over::Udp, &[]);
    world(&switch, &carrier);
    let (mut told, elsewhere) = (Vec::new(), tempfile::tempdir().unwrap());
    let scratch = elsewhere.path().to_owned();
    let load = Load {
        switch: &switch,
        scratch,
        told: &mut told,
    };
    let load = load.start(100_000, 50, 1_500);
    until("calls come and end", || load.successful_so_far() > 50);
    disk.fill(LEAST_FREE / 2);
    until("the journal is unavailable", || {
        switch.metric("didtron_journal_available", "") == 0.0
    });
    until("the calls that were up have ended", || {
        switch.calls_now() == 0
    });
    let refused = switch.metric("didtron_calls_unrecorded_total", "");
    assert!(
        refused > 0.0,
        "calls are refused rather than carried unbilled"
    );
    until("people are told", || {
        kinds(&switch).contains(&"journal.unavailable".into())
    });
    disk.free();
    until("calls are taken again", || switch.calls_now() > 0);
    // Not a byte is left, for the database neither. Calls that are up end well.
    disk.fill(0);
    until("the journal is unavailable", || {
        switch.metric("didtron_journal_available", "") == 0.0
    });
    until("the calls that were up have ended", || {
        switch.calls_now() == 0
    });
    disk.free();
    until("calls are taken again", || switch.calls_now() > 0);
    load.place_no_more();
    let tally = load.finish();
    assert_eq!(tally.failed, 0);
    let records = all_records(&switch);
    let seen = seen(&told);
    let placed = usize::try_from(tally.successful).unwrap();
    assert!(seen.answered.len() < placed && seen.answered == seen.ended);
    assert_none_is_lost(&records, &seen);
    let answered = records
        .iter()
        .filter(|record| record["outcome"] == "answered");
    assert_eq!(
        answered.count(),
        seen.answered.len(),
        "no call has a record that was not answered"
    );
    assert_books(&switch, &records, &settings);
    until("people are told of the end", || {
        kinds(&switch)[0] == "journal.available"
    });
    drop(switch);
    drop(disk);
}

/// Alarms of the journal, the newest first.
fn kinds(switch: &Switch) -> Vec<String> {
    let events = switch.get("/api/v1/events?kind=journal.*");
    let items = events["items"].as_array().unwrap().iter();
    items
        .map(|event| event["kind"].as_str().unwrap().to_owned())
        .collect()
}
