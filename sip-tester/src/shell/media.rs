//! The RTP of all calls of an agent: a stock of sockets and one tick for all talkers.

use super::ShellError;
use super::driver::media_token;
use crate::CallHandle;
use crate::agent::MediaChange;
use crate::random::Random;
use crate::rtp::{Listener, PACKET_TIME, RtpStatistics, Sound, Talker};
use mio::Registry;
use mio::net::UdpSocket;
use sip_core::Instant;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::{IpAddr, SocketAddr};

/// Ports that are tried for an even one (RFC 3550 §11: RTP uses an even port).
const EVEN_PORT_TRIES: usize = 32;
/// Datagrams read from one socket before the others have their turn.
const RECEIVE_BATCH: usize = 16;
/// A tick that comes so late skips what it missed: a stalled process must not send a burst.
const MAX_TICK_LAG_US: u64 = 100_000;
const MAX_DATAGRAM: usize = 2_048;

/// Sockets and streams.
pub(super) struct MediaEngine {
    sockets: Vec<UdpSocket>,
    /// Which socket has which address.
    places: HashMap<SocketAddr, usize>,
    /// The stream that uses a socket now.
    users: Vec<Option<CallHandle>>,
    streams: BTreeMap<CallHandle, Stream>,
    /// Of streams that have stopped and whose calls have not been reported.
    stopped: BTreeMap<CallHandle, RtpStatistics>,
    random: Random,
    sound: Sound,
    next_tick: Option<Instant>,
    packet: Vec<u8>,
    totals: RtpTotals,
}

/// RTP of all calls together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct RtpTotals {
    /// Packets sent.
    pub sent: u64,
    /// Packets received.
    pub received: u64,
    /// Packets that the sequence numbers of ended calls show as missing.
    pub lost: u64,
    /// Packets the socket did not take.
    pub unsent: u64,
}

struct Stream {
    socket: usize,
    /// Where to send; `None` while one side is on hold.
    send_to: Option<SocketAddr>,
    talker: Talker,
    listener: Listener,
}

impl MediaEngine {
    pub(super) fn new(seed: u64, sound: Sound) -> Self {
        Self {
            sockets: Vec::new(),
            places: HashMap::new(),
            users: Vec::new(),
            streams: BTreeMap::new(),
            stopped: BTreeMap::new(),
            random: Random::new(seed),
            sound,
            next_tick: None,
            packet: Vec::with_capacity(MAX_DATAGRAM),
            totals: RtpTotals::default(),
        }
    }

    /// Sockets that are open.
    pub(super) fn sockets(&self) -> usize {
        self.sockets.len()
    }

    pub(super) fn totals(&self) -> RtpTotals {
        self.totals
    }

    /// Opens one more socket at `ip` and returns its address for the agent's stock.
    pub(super) fn open(
        &mut self,
        ip: IpAddr,
        registry: &Registry,
    ) -> Result<SocketAddr, ShellError> {
        let failed = |source| ShellError::MediaPort { ip, source };
        let socket = bind_even_port(ip).map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        let mut socket = UdpSocket::from_std(socket);
        let index = self.sockets.len();
        registry
            .register(&mut socket, media_token(index), mio::Interest::READABLE)
            .map_err(failed)?;
        self.sockets.push(socket);
        self.users.push(None);
        self.places.insert(address, index);
        Ok(address)
    }

    /// Starts, changes or stops the stream of a call.
    pub(super) fn apply(&mut self, now: Instant, call: CallHandle, change: &MediaChange) {
        let Some(&socket) = self.places.get(&change.local) else {
            return;
        };
        let seed = self.random.next_u64();
        let (codec, sound) = (change.codec, self.sound);
        let stream = self.streams.entry(call).or_insert_with(|| Stream {
            socket,
            send_to: None,
            talker: Talker::new(codec, sound, seed),
            listener: Listener::default(),
        });
        stream.send_to = change.send_to;
        self.users[socket] = Some(call);
        self.next_tick.get_or_insert(now);
    }

    /// Ends the stream of a call. Its statistics are kept until they are taken.
    pub(super) fn stop(&mut self, call: CallHandle) {
        let Some(stream) = self.streams.remove(&call) else {
            return;
        };
        self.users[stream.socket] = None;
        if self.streams.is_empty() {
            self.next_tick = None;
        }
        let statistics = stream.listener.statistics(stream.talker.sent());
        self.totals.lost += u64::try_from(statistics.lost).unwrap_or(0);
        self.stopped.insert(call, statistics);
    }

    /// Statistics of an ended call; `None` when it had no RTP.
    pub(super) fn take_statistics(&mut self, call: CallHandle) -> Option<RtpStatistics> {
        self.stopped.remove(&call)
    }

    /// When [`MediaEngine::tick`] wants to be called.
    pub(super) fn next_tick(&self) -> Option<Instant> {
        self.next_tick
    }

    /// Sends the packets that are due, one for each talking call.
    pub(super) fn tick(&mut self, now: Instant) {
        while let Some(due) = self.next_tick.filter(|due| *due <= now) {
            let lag = now.since(due).as_micros();
            self.next_tick = Some(if lag > MAX_TICK_LAG_US { now } else { due } + PACKET_TIME);
            self.send_all();
        }
    }

    fn send_all(&mut self) {
        for stream in self.streams.values_mut() {
            let Some(remote) = stream.send_to else {
                stream.talker.skip();
                continue;
            };
            stream.talker.next_packet(&mut self.packet);
            match self.sockets[stream.socket].send_to(&self.packet, remote) {
                Ok(_) => self.totals.sent += 1,
                // A full socket buffer or an ICMP error of an earlier packet: RTP goes on.
                Err(_) => self.totals.unsent += 1,
            }
        }
    }

    /// Reads what has come to a socket. `true` when there may be more.
    pub(super) fn receive(&mut self, now: Instant, socket: usize) -> bool {
        let mut buffer = [0; MAX_DATAGRAM];
        for _ in 0..RECEIVE_BATCH {
            let length = match self.sockets[socket].recv_from(&mut buffer) {
                Ok((length, _)) => length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                // The ICMP error of an earlier packet. The socket is still good.
                Err(_) => continue,
            };
            let user = self.users[socket].and_then(|call| self.streams.get_mut(&call));
            let Some(stream) = user else { continue };
            if stream.listener.receive(now, &buffer[..length]) {
                self.totals.received += 1;
            }
        }
        true
    }
}

fn bind_even_port(ip: IpAddr) -> io::Result<std::net::UdpSocket> {
    let bind = || -> io::Result<std::net::UdpSocket> {
        let socket = std::net::UdpSocket::bind((ip, 0))?;
        socket.set_nonblocking(true)?;
        Ok(socket)
    };
    // The odd ones stay open until an even one is found, so that the system gives others.
    let mut odd = Vec::new();
    for _ in 0..EVEN_PORT_TRIES {
        let socket = bind()?;
        if socket.local_addr()?.port() % 2 == 0 {
            return Ok(socket);
        }
        odd.push(socket);
    }
    // Nothing breaks with an odd port as long as nobody sends RTCP to the one above it.
    odd.pop()
        .ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
}
