//! One connection: reading and writing at once, in one task.

use super::{ConnectionId, TcpConfig, TcpCounters, TcpMessage, TcpSink, websocket};
use crate::message::{Frame, frame};
use crate::transaction::{HostNumber, Transport};
use crate::transport::tls::Tls;
use crate::transport::{UnreachableReason, reason_of};
use bytes::{Buf, Bytes, BytesMut};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;

/// Room made for each read.
const READ_BYTES: usize = 4 * 1024;
/// Messages written by one system call at most.
pub(super) const WRITE_MESSAGES: usize = 32;
/// A keep-alive's answer (RFC 5626 §3.5.1).
const PONG: Bytes = Bytes::from_static(b"\r\n");
/// A keep-alive (RFC 5626 §3.5.1).
const PING: &[u8] = b"\r\n\r\n";
/// What cannot be read on is closed so much later, and nothing of it is read meanwhile.
const PARTING: Duration = Duration::from_millis(200);
/// A message that the shard does not take is offered again so often ...
const DELIVERY_ATTEMPTS: usize = 200;
/// ... at this distance; then it is dropped and the connection closed.
const DELIVERY_PAUSE: Duration = Duration::from_millis(5);

pub(super) struct Context {
    pub(super) id: ConnectionId,
    /// What is spoken; never UDP.
    pub(super) transport: Transport,
    /// Whom the other side has to prove to be by TLS, when we open it; without one its address.
    pub(super) host: Option<HostNumber>,
    pub(super) tls: Option<Arc<Tls>>,
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

/// The two ends of a connection that stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    pub(super) source: SocketAddr,
    pub(super) local: SocketAddr,
}

/// Why a connection ended.
#[derive(Debug)]
pub(super) enum End {
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
    /// TLS or WebSocket did not come about.
    Handshake,
}

impl Context {
    /// Hands a message over, offering it again while the shard's queue is full.
    pub(super) async fn deliver(&self, ends: Ends, bytes: Bytes) -> Result<(), End> {
        let mut message = TcpMessage {
            transport: self.transport,
            connection: self.id,
            source: ends.source,
            local: ends.local,
            bytes,
        };
        for _ in 0..DELIVERY_ATTEMPTS {
            match self.sink.deliver(message) {
                Ok(()) => return Ok(()),
                Err(back) => message = back,
            }
            tokio::time::sleep(DELIVERY_PAUSE).await;
        }
        Err(End::Undelivered)
    }

    pub(super) fn pong(&self) {
        // A full queue, or none, means that the connection is about to be closed anyway.
        if let Some(queue) = self.pongs.upgrade() {
            let _ = queue.try_send(PONG);
        }
    }
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
            let ends = Ends { source, local };
            converse(&context, stream, ends, opened, &mut waiting).await
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

/// Speaks what the listener, or who sent, wants to be spoken.
async fn converse(
    context: &Context,
    stream: TcpStream,
    ends: Ends,
    opened: bool,
    waiting: &mut mpsc::Receiver<Bytes>,
) -> End {
    match context.transport {
        Transport::Tcp => {
            let (read, write) = stream.into_split();
            exchange(context, read, write, ends, opened, waiting).await
        }
        Transport::Tls => match secure(context, stream, ends, opened).await {
            Some(stream) => {
                let (read, write) = tokio::io::split(stream);
                exchange(context, read, write, ends, opened, waiting).await
            }
            None => End::Handshake,
        },
        Transport::Ws => websocket::converse(context, stream, ends, waiting).await,
        Transport::Wss => match secure(context, stream, ends, opened).await {
            Some(stream) => websocket::converse(context, stream, ends, waiting).await,
            None => End::Handshake,
        },
        // The registry is asked for connections only.
        Transport::Udp => End::Ours,
    }
}

/// Shakes hands within the time that a message may take.
async fn secure(
    context: &Context,
    stream: TcpStream,
    ends: Ends,
    opened: bool,
) -> Option<TlsStream<TcpStream>> {
    let tls = context.tls.as_ref()?;
    let handshake = async {
        match opened {
            true => {
                let name = server_name(context, ends.source)?;
                let stream = tls.connector().connect(name, stream).await?;
                Ok::<_, io::Error>(TlsStream::from(stream))
            }
            false => Ok(TlsStream::from(tls.acceptor().accept(stream).await?)),
        }
    };
    match timeout(context.config.message_timeout, handshake).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            tracing::debug!(peer = %ends.source, %error, "no TLS handshake");
            None
        }
        Err(_) => None,
    }
}

/// What the certificate of a peer has to be made out to.
fn server_name(context: &Context, peer: SocketAddr) -> io::Result<ServerName<'static>> {
    let Some(host) = context.host else {
        return Ok(ServerName::IpAddress(peer.ip().into()));
    };
    let name = context.sink.server_name(host);
    let name = name.and_then(|name| ServerName::try_from(name).ok());
    name.ok_or_else(|| io::Error::other("the name of the host is not known"))
}

async fn exchange(
    context: &Context,
    read: impl AsyncRead + Unpin,
    write: impl AsyncWrite + Unpin,
    ends: Ends,
    opened: bool,
    waiting: &mut mpsc::Receiver<Bytes>,
) -> End {
    // Set by the writer, so that the reader does not take a busy connection for idle.
    let wrote = AtomicBool::new(false);
    let reader = Reader {
        context,
        ends,
        wrote: &wrote,
        buffer: BytesMut::new(),
        incomplete_since: None,
    };
    let ping_interval = context.config.ping_interval.filter(|_| opened);
    let longest = context.config.message_timeout;
    tokio::select! {
        end = reader.run(read) => end,
        end = write_all(write, waiting, longest, ping_interval, &wrote) => end,
    }
}

struct Reader<'a> {
    context: &'a Context,
    ends: Ends,
    wrote: &'a AtomicBool,
    buffer: BytesMut,
    /// When the first bytes of a message that is not whole were read.
    incomplete_since: Option<Instant>,
}

impl Reader<'_> {
    async fn run(mut self, mut stream: impl AsyncRead + Unpin) -> End {
        loop {
            if let Err(end) = self.read(&mut stream).await {
                return end;
            }
            if let Err(end) = self.take_messages().await {
                // Answers to what came before are on their way.
                tokio::time::sleep(PARTING).await;
                return end;
            }
        }
    }

    /// Reads more, waiting no longer than the message under way, or an idle connection, may take.
    async fn read(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> Result<(), End> {
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
                    self.context.deliver(self.ends, message).await?;
                    self.incomplete_since = None;
                }
                Frame::Ping(length) => {
                    self.buffer.advance(length);
                    self.context.pong();
                }
                Frame::Blank(length) => self.buffer.advance(length),
                Frame::NeedMore => {
                    self.incomplete_since.get_or_insert_with(Instant::now);
                    return Ok(());
                }
                Frame::Error(error) => {
                    tracing::debug!(source = %self.ends.source, %error, "not a SIP message");
                    return Err(End::Malformed);
                }
            }
        }
        self.incomplete_since = None;
        Ok(())
    }
}

/// Writes what waits, several messages at once, until no sender is left. A connection that we
/// opened is pinged when nothing was written for `ping_interval`.
async fn write_all(
    mut stream: impl AsyncWrite + Unpin,
    waiting: &mut mpsc::Receiver<Bytes>,
    longest: Duration,
    ping_interval: Option<Duration>,
    wrote: &AtomicBool,
) -> End {
    let mut messages = Vec::with_capacity(WRITE_MESSAGES);
    let mut block = BytesMut::new();
    loop {
        let next = waiting.recv_many(&mut messages, WRITE_MESSAGES);
        match next_or_ping(next, ping_interval).await {
            Some(0) => break,
            Some(_) => {
                for message in messages.drain(..) {
                    block.extend_from_slice(&message);
                }
            }
            None => block.extend_from_slice(PING),
        }
        let written = async {
            stream.write_all(&block).await?;
            // TLS keeps what the socket did not take.
            stream.flush().await
        };
        match timeout(longest, written).await {
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

/// How many messages came; `None` when it is time for a keep-alive.
async fn next_or_ping(
    next: impl Future<Output = usize>,
    ping_interval: Option<Duration>,
) -> Option<usize> {
    match ping_interval {
        None => Some(next.await),
        Some(interval) => timeout(interval, next).await.ok(),
    }
}

fn count(counters: &TcpCounters, end: &End) {
    match end {
        End::Ours | End::Peer | End::Lost => {}
        End::Stalled => TcpCounters::add(&counters.stalled),
        End::Malformed => TcpCounters::add(&counters.malformed),
        End::Undelivered => TcpCounters::add(&counters.undelivered),
        End::Handshake => TcpCounters::add(&counters.handshakes_failed),
    }
}

fn report_of(end: &End) -> Option<UnreachableReason> {
    match end {
        End::Ours => None,
        End::Peer | End::Lost | End::Malformed | End::Undelivered => {
            Some(UnreachableReason::ConnectionLost)
        }
        End::Stalled => Some(UnreachableReason::Stalled),
        End::Handshake => Some(UnreachableReason::Handshake),
    }
}
