//! `poll`, which every Unix has, but whose cost grows with the number of sockets. For development.

use super::REPORTS_MAX;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

#[derive(Debug)]
pub(super) struct Set {
    sources: Vec<(OwnedFd, usize)>,
}

impl Set {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            sources: Vec::new(),
        })
    }

    pub(super) fn add(&mut self, source: &impl AsFd, token: usize) -> io::Result<()> {
        // Its own descriptor of the same socket, so that the set outlives nobody's borrow.
        let descriptor = source.as_fd().try_clone_to_owned()?;
        self.sources.push((descriptor, token));
        Ok(())
    }

    pub(super) fn wait(&mut self, readable: &mut Vec<usize>, longest: Duration) -> io::Result<()> {
        let longest = Timespec {
            tv_sec: longest.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: longest.subsec_nanos().into(),
        };
        let mut polled: Vec<_> = self
            .sources
            .iter()
            .map(|(source, _)| PollFd::new(source, PollFlags::IN))
            .collect();
        match poll(&mut polled, Some(&longest)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let tokens = self.sources.iter().map(|(_, token)| *token);
        let ready = tokens
            .zip(&polled)
            .filter(|(_, polled)| !polled.revents().is_empty());
        readable.extend(ready.map(|(token, _)| token).take(REPORTS_MAX));
        Ok(())
    }
}
