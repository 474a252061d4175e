//! A shard's link to the media relay, in the engine's words.

use call_control::{MediaCommand, MediaPlan, MediaPorts};
use media_relay::io::{MediaEvent, RelayLink, SessionMedia};
use media_relay::{MediaStatistics, ReadyPair, SessionId};
use std::cell::RefCell;
use std::rc::Rc;

/// The link of one shard. The engine holds the half that takes ports, the loop the half that
/// commands; both are on the shard's thread.
pub(crate) struct ShardMedia {
    link: Rc<RefCell<RelayLink>>,
    hears_silence: bool,
}

/// What the engine takes ports from.
struct Stock(Rc<RefCell<RelayLink>>);

impl ShardMedia {
    /// `hears_silence`: tell when a relayed call has no packet in either direction for too long.
    pub(crate) fn new(link: RelayLink, hears_silence: bool) -> Self {
        Self {
            link: Rc::new(RefCell::new(link)),
            hears_silence,
        }
    }

    /// The engine's half.
    pub(crate) fn ports(&self) -> Box<dyn MediaPorts> {
        Box::new(Stock(Rc::clone(&self.link)))
    }

    /// Passes a command of the engine on.
    pub(crate) fn carry_out(&self, command: MediaCommand) {
        let mut link = self.link.borrow_mut();
        match command {
            MediaCommand::Start(session, plan) => link.start(session, self.media(plan)),
            MediaCommand::Update(session, plan) => link.update(session, self.media(plan)),
            MediaCommand::Stop(session) => link.stop(session),
        }
    }

    /// The next session whose media has been silent for too long.
    pub(crate) fn poll_silent(&self) -> Option<SessionId> {
        loop {
            match self.link.borrow_mut().poll_event()? {
                MediaEvent::Silent { session, .. } => return Some(session),
                // The record took its counts when the call ended.
                MediaEvent::Stopped { .. } => {}
            }
        }
    }

    fn media(&self, plan: MediaPlan) -> SessionMedia {
        SessionMedia {
            ingress: plan.ingress,
            egress: plan.egress,
            watch_silence: plan.watch_silence && self.hears_silence,
        }
    }
}

impl MediaPorts for Stock {
    fn take(&mut self) -> Option<ReadyPair> {
        self.0.borrow_mut().take()
    }

    fn statistics(&self, session: SessionId) -> Option<MediaStatistics> {
        self.0.borrow().statistics(session)
    }
}
