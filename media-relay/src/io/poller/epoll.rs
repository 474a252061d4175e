//! `epoll`: the cost of a wait does not grow with the number of sockets.

use super::REPORTS_MAX;
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

#[derive(Debug)]
pub(super) struct Set {
    epoll: OwnedFd,
}

impl Set {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
        })
    }

    pub(super) fn add(&mut self, source: &impl AsFd, token: usize) -> io::Result<()> {
        let token = epoll::EventData::new_u64(token as u64);
        Ok(epoll::add(
            &self.epoll,
            source,
            token,
            epoll::EventFlags::IN,
        )?)
    }

    pub(super) fn wait(&mut self, readable: &mut Vec<usize>, longest: Duration) -> io::Result<()> {
        let longest = Timespec {
            tv_sec: i64::try_from(longest.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: longest.subsec_nanos().into(),
        };
        let mut events = [MaybeUninit::uninit(); REPORTS_MAX];
        match epoll::wait(&self.epoll, &mut events, Some(&longest)) {
            Ok((events, _)) => {
                readable.extend(events.iter().map(|event| event.data.u64() as usize));
                Ok(())
            }
            Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
