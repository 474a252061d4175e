//! The loop of a shell thread: poll, receive, let time pass, send.

use super::media::MediaEngine;
use super::running::{FinishedCall, Running, Shared, Statistics};
use super::sockets::{MAX_DATAGRAM, Read, SipSockets};
use super::{STOP_GRACE, ShellError, now};
use crate::UserAgent;
use crate::agent::{AgentConfig, Event};
use crate::rtp::Sound;
use mio::{Events, Poll, Token, Waker};
use sip_core::Instant;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

const WAKER: Token = Token(0);
const SIP: Token = Token(1);
const FIRST_MEDIA: usize = 2;
/// SIP datagrams read before the RTP has its turn.
const SIP_BATCH: usize = 64;
/// RTP sockets that are kept open and free for the next calls.
const SPARE_MEDIA_SOCKETS: usize = 8;
const MAX_POLL_EVENTS: usize = 256;
/// Longest sleep: bounds how late a lost wake-up is noticed.
const MAX_SLEEP_US: u64 = 500_000;

/// Token of the RTP socket with this number.
pub(super) fn media_token(socket: usize) -> Token {
    Token(FIRST_MEDIA + socket)
}

/// What a thread does besides answering.
pub(super) trait Task: Send + 'static {
    /// Places calls that are due. Returns when it wants to be asked again.
    fn run(&mut self, now: Instant, agent: &mut UserAgent) -> Option<Instant>;

    /// The thread may end by itself.
    fn is_finished(&self, agent: &UserAgent) -> bool;

    /// Calls that were due and could not be placed.
    fn not_placed(&self) -> u64 {
        0
    }
}

/// How a thread is set up.
pub(super) struct Setup {
    pub(super) agent: AgentConfig,
    /// A single peer, which is then watched for refusing datagrams.
    pub(super) peer: Option<SocketAddr>,
    /// `None`: no RTP, signalling only.
    pub(super) sound: Option<Sound>,
    pub(super) seed: u64,
}

/// A thread's whole state.
pub(super) struct Driver<T> {
    agent: UserAgent,
    task: T,
    sip: SipSockets,
    media: Option<MediaEngine>,
    poll: Poll,
    shared: Arc<Shared>,
    statistics: Statistics,
    /// The last reading of SIP did not empty the sockets.
    is_sip_pending: bool,
    /// RTP sockets whose last reading did not empty them.
    pending_media: Vec<usize>,
    stop_deadline: Option<Instant>,
    datagram: Vec<u8>,
}

impl<T: Task> Driver<T> {
    /// Binds everything, so that errors come back to who asked.
    pub(super) fn bind(mut setup: Setup, task: T) -> Result<Self, ShellError> {
        let poll = Poll::new().map_err(ShellError::Resources)?;
        let (mut sip, address) = SipSockets::bind(setup.agent.address, setup.peer)?;
        sip.register(poll.registry(), SIP)
            .map_err(ShellError::Resources)?;
        let waker = Waker::new(poll.registry(), WAKER).map_err(ShellError::Resources)?;
        setup.agent.address = address;
        let mut driver = Self {
            agent: UserAgent::new(setup.agent, setup.seed),
            task,
            sip,
            media: setup.sound.map(|sound| MediaEngine::new(setup.seed, sound)),
            poll,
            shared: Arc::new(Shared::new(waker)),
            statistics: Statistics::default(),
            is_sip_pending: false,
            pending_media: Vec::new(),
            stop_deadline: None,
            datagram: vec![0; MAX_DATAGRAM],
        };
        driver.stock_up_media()?;
        Ok(driver)
    }

    /// Where it is reached.
    pub(super) fn address(&self) -> SocketAddr {
        self.agent.config().address
    }

    pub(super) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Runs it in a thread of its own.
    pub(super) fn spawn(self, name: &str) -> Result<Running, ShellError> {
        let shared = self.shared();
        let thread = std::thread::Builder::new().name(name.to_owned());
        let thread = thread
            .spawn(move || self.run())
            .map_err(ShellError::Resources)?;
        Ok(Running::new(shared, thread))
    }

    /// Runs until the task is finished or a stop was asked for, and all calls are over.
    pub(super) fn run(mut self) {
        let mut events = Events::with_capacity(MAX_POLL_EVENTS);
        loop {
            let task_deadline = self.step();
            self.publish();
            if self.is_over() {
                return;
            }
            let timeout = self.sleep_for(task_deadline);
            match self.poll.poll(&mut events, Some(timeout)) {
                Ok(()) => self.note_readable(&events),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Without its poll the thread can only go on blind, at the pace of its sleeps.
                Err(_) => std::thread::sleep(timeout),
            }
        }
    }

    /// Everything that is due now, in the order: receive, time, new calls, RTP, send.
    fn step(&mut self) -> Option<Instant> {
        self.receive_sip();
        self.receive_media();
        let now = now();
        if self.agent.poll_timeout().is_some_and(|due| due <= now) {
            self.agent.handle_timeout(now);
        }
        let task_deadline = self.run_task(now);
        if let Some(media) = &mut self.media {
            media.tick(now);
        }
        self.drain();
        task_deadline
    }

    fn run_task(&mut self, now: Instant) -> Option<Instant> {
        if self.stop_deadline.is_some() {
            return None;
        }
        if self.shared.is_stopping() {
            self.agent.shut_down(now);
            self.stop_deadline = Some(now + STOP_GRACE);
            return None;
        }
        // Running short of ports is an answer to callers (503), not an end of the thread.
        let _ = self.stock_up_media();
        self.task.run(now, &mut self.agent)
    }

    fn receive_sip(&mut self) {
        if !std::mem::take(&mut self.is_sip_pending) {
            return;
        }
        let address = self.address();
        for _ in 0..SIP_BATCH {
            match self.sip.read(&mut self.datagram) {
                Read::Datagram(length, from) => {
                    let bytes = &self.datagram[..length];
                    self.agent.handle_datagram(now(), from, address, bytes);
                }
                Read::Refused(peer) => self.agent.handle_unreachable(now(), peer),
                Read::Nothing => return,
            }
        }
        self.is_sip_pending = true;
    }

    fn receive_media(&mut self) {
        if let Some(media) = &mut self.media {
            let now = now();
            self.pending_media
                .retain(|socket| media.receive(now, *socket));
        }
    }

    /// Sends what the agent wants sent, then does what its events ask for, until both are empty.
    fn drain(&mut self) {
        loop {
            self.send_all();
            let Some(event) = self.agent.poll_event() else {
                return;
            };
            self.on_event(event);
        }
    }

    fn send_all(&mut self) {
        self.datagram.clear();
        while let Some((_, remote)) = self.agent.poll_transmit(&mut self.datagram) {
            if self.sip.send(&self.datagram, remote).is_err() {
                self.statistics.unsent += 1;
                self.agent.handle_unreachable(now(), remote);
            }
        }
        self.datagram.resize(MAX_DATAGRAM, 0);
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Media { call, change } => {
                if let Some(media) = &mut self.media {
                    media.apply(now(), call, &change);
                }
            }
            Event::MediaStopped { call } => {
                if let Some(media) = &mut self.media {
                    media.stop(call);
                }
            }
            Event::Ended(summary) => {
                let media = self.media.as_mut();
                let rtp = media.and_then(|media| media.take_statistics(summary.call));
                self.shared.remember(FinishedCall {
                    summary: *summary,
                    rtp,
                });
            }
            Event::Received { .. } | Event::Answered { .. } => {}
        }
    }

    /// Opens RTP sockets until some are free, within the number of calls.
    fn stock_up_media(&mut self) -> Result<(), ShellError> {
        let Some(media) = &mut self.media else {
            return Ok(());
        };
        let config = self.agent.config();
        let (ip, most) = (config.address.ip(), config.max_calls);
        // At first the stock holds the address that calls without RTP share.
        while media.sockets() == 0
            || media.sockets() < most && self.agent.free_media_addresses() < SPARE_MEDIA_SOCKETS
        {
            let address = media.open(ip, self.poll.registry())?;
            self.agent.add_media_address(address);
        }
        Ok(())
    }

    fn publish(&mut self) {
        self.statistics.calls.clone_from(self.agent.counters());
        self.statistics.rtp = self
            .media
            .as_ref()
            .map(MediaEngine::totals)
            .unwrap_or_default();
        self.statistics.not_placed = self.task.not_placed();
        self.shared.publish(&self.statistics);
    }

    fn is_over(&self) -> bool {
        let is_idle = self.agent.is_idle();
        match self.stop_deadline {
            Some(deadline) => is_idle || now() >= deadline,
            None => self.task.is_finished(&self.agent),
        }
    }

    fn sleep_for(&self, task_deadline: Option<Instant>) -> std::time::Duration {
        if self.is_sip_pending || !self.pending_media.is_empty() {
            return std::time::Duration::ZERO;
        }
        let media_deadline = self.media.as_ref().and_then(MediaEngine::next_tick);
        let deadlines = [self.agent.poll_timeout(), media_deadline, task_deadline];
        let now = now();
        let next = deadlines.into_iter().flatten().min();
        let micros = next.map_or(MAX_SLEEP_US, |next| next.since(now).as_micros());
        std::time::Duration::from_micros(micros.min(MAX_SLEEP_US))
    }

    fn note_readable(&mut self, events: &Events) {
        for event in events {
            match event.token() {
                WAKER => {}
                SIP => self.is_sip_pending = true,
                Token(media) => self.pending_media.push(media - FIRST_MEDIA),
            }
        }
    }
}
