//! The way of datagrams through one session: read, judged, sent on.

use super::board::Board;
use super::hairpins::Hairpins;
use super::poller::Poller;
use super::sockets::{Sockets, is_own, place_of, token_of};
use crate::session::{Channel, Session, Side, Verdict};
use crate::srtp::OVERHEAD_MAX;
use std::net::SocketAddr;
use std::time::Duration;

/// The longest datagram relayed: a jumbo frame. Longer ones are no media and dropped.
const DATAGRAM_MAX: usize = 9_216;
/// Datagrams of another socket of the port that go before one in hand: more than a socket of the usual size holds.
const QUEUED_MAX: usize = 1_024;

/// A session and its sockets, for one report of the poller.
pub(super) struct Lane<'a> {
    pub(super) sockets: &'a mut Sockets,
    pub(super) session: &'a mut Session,
    pub(super) board: &'a Board,
    pub(super) hairpins: &'a Hairpins,
    pub(super) slot: usize,
    pub(super) now: Duration,
}

/// Room for a datagram and what encryption adds; and for another one while the first waits.
#[derive(Debug)]
pub(super) struct Buffers {
    pub(super) first: Vec<u8>,
    other: Vec<u8>,
}

impl Buffers {
    pub(super) fn new() -> Self {
        let buffer = || vec![0; DATAGRAM_MAX + 1 + OVERHEAD_MAX];
        Self {
            first: buffer(),
            other: buffer(),
        }
    }
}

/// Reads one datagram from the socket of `token`: its length and who sent it.
pub(super) fn read(
    sockets: &Sockets,
    token: usize,
    buffer: &mut [u8],
) -> Option<(usize, SocketAddr)> {
    let (length, source) = sockets.receive(token, &mut buffer[..=DATAGRAM_MAX])?;
    // One that is too long has lost its end: no media, as an empty one is none.
    Some((if length > DATAGRAM_MAX { 0 } else { length }, source))
}

impl Lane<'_> {
    /// Passes on the datagram in hand, of `length`, that the socket of `token` had. The side whose stream has
    /// become steady by it.
    pub(super) fn pass(
        &mut self,
        token: usize,
        (length, source): (usize, SocketAddr),
        buffers: &mut Buffers,
    ) -> Option<Side> {
        let (_, side, channel) = place_of(token);
        if self.session.would_turn(side, channel, source, self.now) {
            // Another session is heard only where it was named, so that none can be led into a ring.
            let named = self.session.announced(side, channel);
            if self.hairpins.is_unnamed(source, named) {
                self.session.refuse(side);
                self.board.show(self.slot, side, self.session);
                return None;
            }
            // One that changes who is heard comes behind those of who was, which lie in the other socket.
            if channel == Channel::Rtp && !is_own(token) && self.sockets.has_own(side) {
                self.drain(token_of(self.slot, side, true), &mut buffers.other);
            }
        }
        self.pass_one(side, channel, source, &mut buffers.first, length)
    }

    /// Gives the steady stream to the peer of `side` its socket. What came before goes before.
    pub(super) fn connect(
        &mut self,
        side: Side,
        poller: &mut Poller,
        buffers: &mut Buffers,
    ) -> std::io::Result<()> {
        self.sockets.connect(side, poller, self.slot)?;
        self.drain(token_of(self.slot, side, false), &mut buffers.other);
        Ok(())
    }

    fn drain(&mut self, token: usize, buffer: &mut [u8]) {
        let (_, side, channel) = place_of(token);
        for _ in 0..QUEUED_MAX {
            let Some((length, source)) = read(self.sockets, token, buffer) else {
                return;
            };
            self.pass_one(side, channel, source, buffer, length);
        }
    }

    fn pass_one(
        &mut self,
        side: Side,
        channel: Channel,
        source: SocketAddr,
        buffer: &mut [u8],
        length: usize,
    ) -> Option<Side> {
        let session = &mut *self.session;
        let (verdict, length) = session.pass(side, channel, source, buffer, length, self.now);
        let mut steady = None;
        if let Verdict::Forward {
            side: to,
            channel,
            destination,
        } = verdict
        {
            let datagram = &buffer[..length];
            if self
                .sockets
                .send(to, channel, datagram, destination)
                .is_err()
            {
                // What cannot be sent at once would come late; the next packet is better.
                session.not_sent(side);
            }
            // Of a peer that was heard there: until then anybody may be the one to learn.
            let is_steady = self.sockets.is_steady(to) && session.comes_from(to, destination);
            steady = is_steady.then_some(to);
        }
        self.board.show(self.slot, side, session);
        steady
    }
}
