//! A shard's link to the media relay, in the engine's words.

use call_control::{Command, MediaCommand, MediaPlan, MediaPorts, MediaWatch};
use media_relay::io::{MediaEvent, RelayLink, SessionMedia};
use media_relay::{MediaStatistics, ReadyPair, SessionId, Watch};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// The link of one shard. The engine holds the half that takes ports, the loop the half that
/// commands; both are on the shard's thread.
pub(crate) struct ShardMedia {
    link: Rc<RefCell<RelayLink>>,
    /// For trunks that say none; `None`: never.
    inactive_after: Option<Duration>,
}

/// What the engine takes ports from.
struct Stock(Rc<RefCell<RelayLink>>);

impl ShardMedia {
    /// `inactive_after`: without a packet in either direction for so long a call has no media, unless
    /// its trunks say otherwise.
    pub(crate) fn new(link: RelayLink, inactive_after: Option<Duration>) -> Self {
        Self {
            link: Rc::new(RefCell::new(link)),
            inactive_after,
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

    /// The next thing that the relay tells of a call.
    pub(crate) fn poll_command(&self) -> Option<Command> {
        loop {
            match self.link.borrow_mut().poll_event()? {
                MediaEvent::Silent { session, .. } => return Some(Command::MediaSilent(session)),
                MediaEvent::OneWay { session, silent } => {
                    return Some(Command::MediaOneWay(session, silent));
                }
                // The record took its counts when the call ended.
                MediaEvent::Stopped { .. } => {}
            }
        }
    }

    fn media(&self, plan: MediaPlan) -> SessionMedia {
        SessionMedia {
            ingress: plan.ingress,
            egress: plan.egress,
            watch: plan.watch.map(|watch| self.watch(watch)),
        }
    }

    fn watch(&self, watch: MediaWatch) -> Watch {
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        Watch {
            inactive_after: watch.inactive_after_s.map(seconds).or(self.inactive_after),
            one_way_after: watch
                .one_way_after_s
                .map(|after| after.map(|after| seconds(after.into()))),
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
