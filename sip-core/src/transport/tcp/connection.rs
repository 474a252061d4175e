//! One connection: reading and writing at once, in one task.

use super::{ConnectionId, TcpConfig, TcpCounters, TcpMessage, TcpSink};
use crate::message::{Frame, frame};
use crate::transport::{UnreachableReason, reason_of};
use bytes::{Buf, Bytes, BytesMut};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

/// Room made for each read.
const READ_BYTES: usize = 4 * 1024;
/// Messages written by one system call at most.
const WRITE_MESSAGES: usize = 32;
/// A keep-alive's answer (RFC 5626 §3.5.1).
const PONG: Bytes = Bytes::from_static(b"\r\n");
/// A message that the shard does not take is offered again so often ...
const DELIVERY_ATTEMPTS: usize = 200;
/// ... at this distance; then it is dropped and the connection closed.
const DELIVERY_PAUSE: Duration = Duration::from_millis(5);

pub(super) struct Context {
    pub(super) id: ConnectionId,
    pub(super) config: TcpConfig,
    pub(super) sink: Arc<dyn TcpSink>,
    pub(super) counters: Arc<TcpCounters>,
    /// Our own queue. Weak, so that the registry alone keeps the connection open.
    pub(super) pongs: mpsc::WeakSender<Bytes>,
}

pub(super) enum Origin {
    /// The peer opened it.
    Accepted(TcpStream),
    /// We shall open it, from an address of ours to a peer.
    Open { ends: (IpAddr, SocketAddr) },
}

pub(super) struct Ended {
    /// What those who wait for this peer should hear.
    pub(super) report: Option<UnreachableReason>,
}

/// Why a connection ended.
#[derive(Debug)]
enum End {
    /// We wanted no more of it: shut down, or idle.
    Ours,
    /// The peer closed it.
    Peer,
    /// It broke.
    Lost,
    /// The peer does not read, or does not finish a message.
    Stalled,
    /// What the peer sends is no message.
    Malformed,
    /// A shard did not take a message.
    Undelivered,
}

/// Reads the peer's messages and writes ours until one of the two ends.
pub(super) async fn run(
    context: Context,
    origin: Origin,
    mut waiting: mpsc::Receiver<Bytes>,
) -> Ended {
    let (stream, opened) = match origin {
        Origin::Accepted(stream) => (stream, false),
        Origin::Open { ends } => match connect(ends, context.config.connect_timeout).await {
            Ok(stream) => (stream, true),
            Err(reason) => {
                waiting.close();
                return Ended {
                    report: Some(reason),
                };
            }
        },
    };
    let end = match (
        stream.peer_addr(),
        stream.local_addr(),
        stream.set_nodelay(true),
    ) {
        (Ok(source), Ok(local), Ok(())) => {
            converse(&context, stream, source, local, &mut waiting).await
        }
        _ => End::Lost,
    };
    waiting.close();
    count(&context.counters, &end);
    tracing::debug!(connection = context.id.0, ?end, "connection ended");
    let left_unsent = !waiting.is_empty();
    Ended {
        report: report_of(&end).filter(|_| opened || left_unsent),
    }
}

async fn connect(
    (local, peer): (IpAddr, SocketAddr),
    longest: Duration,
) -> Result<TcpStream, UnreachableReason> {
    let attempt = async {
        let socket = match peer {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        if !local.is_unspecified() {
            socket.bind(SocketAddr::new(local, 0))?;
        }
        socket.connect(peer).await
    };
    match timeout(longest, attempt).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(reason_of(&error).unwrap_or(UnreachableReason::LocalFailure)),
        Err(_) => Err(UnreachableReason::ConnectTimeout),
    }
}

async fn converse(
    context: &Context,
    stream: TcpStream,
    source: SocketAddr,
    local: SocketAddr,
    waiting: &mut mpsc::Receiver<Bytes>,
) -> End {
    let (read, write) = stream.into_split();
    // Set by the writer, so that the reader does not take a busy connection for idle.
    let wrote = AtomicBool::new(false);
    let reader = Reader {
        context,
        source,
        local,
        wrote: &wrote,
        buffer: BytesMut::new(),
        incomplete_since: None,
    };
    tokio::select! {
        end = reader.run(read) => end,
        end = write_all(write, waiting, context.config.message_timeout, &wrote) => end,
    }
}

struct Reader<'a> {
    context: &'a Context,
    source: SocketAddr,
    local: SocketAddr,
    wrote: &'a AtomicBool,
    buffer: BytesMut,
    /// When the first bytes of a message that is not whole were read.
    incomplete_since: Option<Instant>,
}

impl Reader<'_> {
    async fn run(mut self, mut stream: OwnedReadHalf) -> End {
        loop {
            if let Err(end) = self.read(&mut stream).await {
                return end;
            }
            if let Err(end) = self.take_messages().await {
                return end;
            }
        }
    }

    /// Reads more, waiting no longer than the message under way, or an idle connection, may take.
    async fn read(&mut self, stream: &mut OwnedReadHalf) -> Result<(), End> {
        let config = &self.context.config;
        loop {
            let deadline = match self.incomplete_since {
                Some(since) => since + config.message_timeout,
                None => Instant::now() + config.idle_timeout,
            };
            self.buffer.reserve(READ_BYTES);
            match timeout_at(deadline, stream.read_buf(&mut self.buffer)).await {
                Ok(Ok(0)) => return Err(End::Peer),
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(_)) => return Err(End::Lost),
                Err(_) if self.incomplete_since.is_some() => return Err(End::Stalled),
                Err(_) if self.wrote.swap(false, Ordering::Relaxed) => {}
                Err(_) => return Err(End::Ours),
            }
        }
    }

    /// Delivers every message that is whole.
    async fn take_messages(&mut self) -> Result<(), End> {
        while !self.buffer.is_empty() {
            match frame(&self.buffer, &self.context.config.limits) {
                Frame::Complete(length) => {
                    let message = self.buffer.split_to(length).freeze();
                    self.deliver(message).await?;
                    self.incomplete_since = None;
                }
                Frame::Ping(length) => {
                    self.buffer.advance(length);
                    self.pong();
                }
                Frame::Blank(length) => self.buffer.advance(length),
                Frame::NeedMore => {
                    self.incomplete_since.get_or_insert_with(Instant::now);
                    return Ok(());
                }
                Frame::Error(error) => {
                    tracing::debug!(source = %self.source, %error, "not a SIP message");
                    return Err(End::Malformed);
                }
            }
        }
        self.incomplete_since = None;
        Ok(())
    }

    async fn deliver(&self, bytes: Bytes) -> Result<(), End> {
        let mut message = TcpMessage {
            connection: self.context.id,
            source: self.source,
            local: self.local,
            bytes,
        };
        for _ in 0..DELIVERY_ATTEMPTS {
            match self.context.sink.deliver(message) {
                Ok(()) => return Ok(()),
                Err(back) => message = back,
            }
            tokio::time::sleep(DELIVERY_PAUSE).await;
        }
        Err(End::Undelivered)
    }

    fn pong(&self) {
        // A full queue, or none, means that the connection is about to be closed anyway.
        if let Some(queue) = self.context.pongs.upgrade() {
            let _ = queue.try_send(PONG);
        }
    }
}

/// Writes what waits, several messages at once, until no sender is left.
async fn write_all(
    mut stream: OwnedWriteHalf,
    waiting: &mut mpsc::Receiver<Bytes>,
    longest: Duration,
    wrote: &AtomicBool,
) -> End {
    let mut messages = Vec::with_capacity(WRITE_MESSAGES);
    let mut block = BytesMut::new();
    while waiting.recv_many(&mut messages, WRITE_MESSAGES).await > 0 {
        for message in messages.drain(..) {
            block.extend_from_slice(&message);
        }
        match timeout(longest, stream.write_all(&block)).await {
            Ok(Ok(())) => wrote.store(true, Ordering::Relaxed),
            Ok(Err(_)) => return End::Lost,
            Err(_) => return End::Stalled,
        }
        block.clear();
    }
    let closed: io::Result<()> = stream.shutdown().await;
    match closed {
        Ok(()) => End::Ours,
        Err(_) => End::Lost,
    }
}

fn count(counters: &TcpCounters, end: &End) {
    match end {
        End::Ours | End::Peer | End::Lost => {}
        End::Stalled => TcpCounters::add(&counters.stalled),
        End::Malformed => TcpCounters::add(&counters.malformed),
        End::Undelivered => TcpCounters::add(&counters.undelivered),
    }
}

fn report_of(end: &End) -> Option<UnreachableReason> {
    match end {
        End::Ours => None,
        End::Peer | End::Lost | End::Malformed | End::Undelivered => {
            Some(UnreachableReason::ConnectionLost)
        }
        End::Stalled => Some(UnreachableReason::Stalled),
    }
}
