//! What the journal asks of the disk; a trait so that tests can fill and break one.

use rustix::fs::FallocateFlags;
use rustix::io::Errno;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// The disk under the journal.
pub(super) trait Disk: Send + 'static {
    /// Makes a new file whose `bytes` are all allocated and zero.
    fn create(&self, path: &Path, bytes: u64) -> io::Result<File>;

    /// Forces what was written to `file`.
    fn sync(&self, file: &File) -> io::Result<()>;

    /// Bytes that can still be allocated below `directory`.
    fn free_bytes(&self, directory: &Path) -> io::Result<u64>;
}

/// The operating system's.
pub(super) struct SystemDisk;

static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

impl Disk for SystemDisk {
    fn create(&self, path: &Path, bytes: u64) -> io::Result<File> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path)?;
        match allocate(&file, bytes) {
            Ok(()) => Ok(file),
            Err(error) => {
                // Half a file would keep the space that others need.
                let _ = std::fs::remove_file(path);
                Err(error)
            }
        }
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn free_bytes(&self, directory: &Path) -> io::Result<u64> {
        let status = rustix::fs::statvfs(directory)?;
        Ok(status.f_bavail.saturating_mul(status.f_frsize))
    }
}

fn allocate(file: &File, bytes: u64) -> io::Result<()> {
    match rustix::fs::fallocate(file, FallocateFlags::empty(), 0, bytes) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => fill(file, bytes),
        other => Ok(other?),
    }
}

/// For file systems that cannot allocate: zeros, written.
fn fill(mut file: &File, bytes: u64) -> io::Result<()> {
    let mut left = bytes;
    while left > 0 {
        let part = left.min(ZEROS.len() as u64);
        file.write_all(&ZEROS[..part as usize])?;
        left -= part;
    }
    Ok(())
}
