//! Connections over the loopback interface.

#![cfg(feature = "transport")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use sip_core::transaction::Transport;
use sip_core::transport::tcp::{
    ConnectionId, TcpConfig, TcpDestination, TcpMessage, TcpSink, TcpTransport,
};
use sip_core::transport::{BindError, Evidence, Unreachable, UnreachableReason};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long something that must not happen is waited for.
const SILENCE: Duration = Duration::from_millis(150);
const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Hands everything to the test, after refusing the first `refusals` messages.
struct Sink {
    messages: mpsc::UnboundedSender<TcpMessage>,
    unreachable: mpsc::UnboundedSender<Unreachable>,
    refusals: AtomicUsize,
}

impl TcpSink for Sink {
    fn deliver(&self, message: TcpMessage) -> Result<(), TcpMessage> {
        let refuse = |left: usize| left.checked_sub(1);
        let order = Ordering::Relaxed;
        if self.refusals.fetch_update(order, order, refuse).is_ok() {
            return Err(message);
        }
        let _ = self.messages.send(message);
        Ok(())
    }

    fn unreachable(&self, _: Transport, unreachable: Unreachable) {
        let _ = self.unreachable.send(unreachable);
    }
}

struct Node {
    transport: TcpTransport,
    messages: mpsc::UnboundedReceiver<TcpMessage>,
    unreachable: mpsc::UnboundedReceiver<Unreachable>,
}

impl Node {
    fn start(config: TcpConfig) -> Self {
        Self::start_refusing(config, 0)
    }

    fn start_refusing(config: TcpConfig, refusals: usize) -> Self {
        let (message_sink, messages) = mpsc::unbounded_channel();
        let (unreachable_sink, unreachable) = mpsc::unbounded_channel();
        let sink = Sink {
            messages: message_sink,
            unreachable: unreachable_sink,
            refusals: AtomicUsize::new(refusals),
        };
        let listener = SocketAddr::new(LOCALHOST, 0);
        Self {
            transport: TcpTransport::start(
                &[(Transport::Tcp, listener)],
                config,
                None,
                Arc::new(sink),
            )
            .unwrap(),
            messages,
            unreachable,
        }
    }

    fn address(&self) -> SocketAddr {
        self.transport.local_addresses()[0]
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address()).await.unwrap()
    }

    async fn message(&mut self) -> TcpMessage {
        within(self.messages.recv()).await.unwrap()
    }

    async fn unreachable(&mut self) -> Unreachable {
        within(self.unreachable.recv()).await.unwrap()
    }

    fn send(&self, peer: SocketAddr, connection: Option<ConnectionId>, message: &[u8]) {
        let destination = TcpDestination {
            transport: Transport::Tcp,
            host: None,
            peer,
            local: LOCALHOST,
            connection,
        };
        self.transport
            .handle()
            .send(destination, Bytes::copy_from_slice(message))
            .unwrap();
    }
}

async fn within<F: Future>(future: F) -> F::Output {
    timeout(PATIENCE, future).await.unwrap()
}

async fn read(stream: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    within(stream.read_exact(&mut bytes)).await.unwrap();
    bytes
}

/// Reads to the end; an error counts as the end.
async fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = within(stream.read_to_end(&mut bytes)).await;
    bytes
}

fn options(number: usize, body: &str) -> Vec<u8> {
    format!(
        "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP b;branch=z9hG4bK{number}\r\n\
         From: <sip:c@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: {number}@b\r\nCSeq: 1 OPTIONS\r\n\
         Max-Forwards: 70\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[tokio::test]
async fn messages_are_cut_where_they_end_however_they_arrive() {
    let mut node = Node::start(TcpConfig::default());
    let mut peer = node.connect().await;
    let (first, second) = (options(1, "body one"), options(2, ""));
    let mut stream = first.clone();
    stream.extend_from_slice(b"\r\n");
    stream.extend_from_slice(&second);
    for piece in stream.chunks(7) {
        peer.write_all(piece).await.unwrap();
        tokio::task::yield_now().await;
    }
    let one = node.message().await;
    let two = node.message().await;
    assert_eq!((&one.bytes[..], &two.bytes[..]), (&first[..], &second[..]));
    assert_eq!(one.connection, two.connection);
    assert_eq!(one.source, peer.local_addr().unwrap());
    assert_eq!(one.local, node.address());

    peer.write_all(&[first.as_slice(), &second].concat())
        .await
        .unwrap();
    assert_eq!(node.message().await.bytes, first);
    assert_eq!(node.message().await.bytes, second);
}

#[tokio::test]
async fn a_ping_is_answered_by_one_line_end() {
    let node = Node::start(TcpConfig::default());
    let mut peer = node.connect().await;
    peer.write_all(b"\r\n\r\n").await.unwrap();
    assert_eq!(read(&mut peer, 2).await, b"\r\n");
    assert!(timeout(SILENCE, peer.read_u8()).await.is_err());
}

#[tokio::test]
async fn a_response_goes_back_by_the_connection_of_its_request() {
    let mut node = Node::start(TcpConfig::default());
    let mut peers = [node.connect().await, node.connect().await];
    let mut requests = Vec::new();
    for (number, peer) in peers.iter_mut().enumerate() {
        peer.write_all(&options(number, "")).await.unwrap();
        requests.push(node.message().await);
    }
    for (request, peer) in requests.iter().zip(&mut peers) {
        let text = request.connection.as_u64().to_string();
        node.send(request.source, Some(request.connection), text.as_bytes());
        assert_eq!(read(peer, text.len()).await, text.as_bytes());
    }
}

#[tokio::test]
async fn a_response_opens_a_connection_when_its_own_is_gone() {
    let mut node = Node::start(TcpConfig::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut peer = node.connect().await;
    peer.write_all(&options(1, "")).await.unwrap();
    let request = node.message().await;
    drop(peer);
    // The peer's listener, from its Via, is not where the request came from.
    let sent_by = listener.local_addr().unwrap();
    let reply = async {
        loop {
            node.send(sent_by, Some(request.connection), b"200");
            if let Ok(accepted) = timeout(SILENCE, listener.accept()).await {
                return accepted.unwrap().0;
            }
        }
    };
    let mut stream = within(reply).await;
    assert_eq!(read(&mut stream, 3).await, b"200");
}

#[tokio::test]
async fn requests_to_one_address_share_a_connection_and_keep_their_order() {
    let mut node = Node::start(TcpConfig::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = listener.local_addr().unwrap();
    let sent: Vec<u8> = (0..100).collect();
    for byte in &sent {
        node.send(peer, None, &[*byte]);
    }
    let (mut stream, from) = within(listener.accept()).await.unwrap();
    assert_eq!(from.ip(), LOCALHOST);
    assert_eq!(read(&mut stream, sent.len()).await, sent);
    assert!(timeout(SILENCE, listener.accept()).await.is_err());

    stream.write_all(&options(5, "")).await.unwrap();
    assert_eq!(node.message().await.source, peer);
}

#[tokio::test]
async fn a_new_connection_leaves_from_the_address_asked_for() {
    let node = Node::start(TcpConfig::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let local = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9));
    let destination = TcpDestination {
        transport: Transport::Tcp,
        host: None,
        peer: listener.local_addr().unwrap(),
        local,
        connection: None,
    };
    let handle = node.transport.handle();
    handle.send(destination, Bytes::from_static(b"x")).unwrap();
    assert_eq!(within(listener.accept()).await.unwrap().1.ip(), local);
}

#[tokio::test]
async fn a_refused_connection_is_reported_at_once() {
    let mut node = Node::start(TcpConfig::default());
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = closed.local_addr().unwrap();
    drop(closed);
    node.send(peer, None, b"INVITE");
    let expected = Unreachable {
        destination: peer,
        host: None,
        reason: UnreachableReason::Refused,
        evidence: Evidence::Certain,
    };
    assert_eq!(node.unreachable().await, expected);
}

#[tokio::test]
async fn a_connection_that_is_not_established_in_time_is_reported() {
    let config = TcpConfig {
        connect_timeout: Duration::from_millis(200),
        ..TcpConfig::default()
    };
    let mut node = Node::start(config);
    // A listener whose queue of connections is full does not answer.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let peer = listener.local_addr().unwrap();
    let mut fillers = Vec::new();
    // One that takes long may do so for the machine's sake; three in a row do not.
    let mut unanswered = 0;
    while unanswered < 3 {
        match timeout(SILENCE, TcpStream::connect(peer)).await {
            Ok(stream) => {
                fillers.push(stream.unwrap());
                unanswered = 0;
            }
            Err(_) => unanswered += 1,
        }
    }
    node.send(peer, None, b"INVITE");
    let report = node.unreachable().await;
    assert_eq!(report.destination, peer);
    assert_eq!(report.reason, UnreachableReason::ConnectTimeout);
}

#[tokio::test]
async fn a_peer_that_closes_instead_of_answering_is_reported() {
    let mut node = Node::start(TcpConfig::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = listener.local_addr().unwrap();
    node.send(peer, None, b"INVITE");
    let (mut stream, _) = within(listener.accept()).await.unwrap();
    read(&mut stream, 6).await;
    drop(stream);
    let report = node.unreachable().await;
    assert_eq!(report.reason, UnreachableReason::ConnectionLost);

    // The next message finds a new connection.
    node.send(peer, None, b"BYE");
    let (mut stream, _) = within(listener.accept()).await.unwrap();
    assert_eq!(read(&mut stream, 3).await, b"BYE");
}

#[tokio::test]
async fn what_is_no_message_ends_the_connection() {
    let node = Node::start(TcpConfig::default());
    let no_length = b"OPTIONS sip:a@b SIP/2.0\r\nCall-ID: 1\r\n\r\n".to_vec();
    for garbage in [
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        vec![0xff; 70_000],
        no_length,
    ] {
        let mut peer = node.connect().await;
        let _ = peer.write_all(&garbage).await;
        assert_eq!(read_to_end(&mut peer).await, b"");
    }
    let counters = node.transport.counters();
    assert_eq!(counters.malformed.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_message_that_never_ends_and_an_idle_connection_are_closed() {
    let config = TcpConfig {
        message_timeout: Duration::from_millis(100),
        idle_timeout: Duration::from_secs(1),
        ..TcpConfig::default()
    };
    let node = Node::start(config);
    let (mut slow, mut idle) = (node.connect().await, node.connect().await);
    slow.write_all(b"OPTIONS sip:a@b SIP/2.0\r\n")
        .await
        .unwrap();
    assert_eq!(read_to_end(&mut slow).await, b"");
    assert_eq!(read_to_end(&mut idle).await, b"");
    let counters = node.transport.counters();
    assert_eq!(counters.stalled.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn connections_beyond_the_bound_are_refused() {
    let config = TcpConfig {
        connections_per_address_max: 2,
        ..TcpConfig::default()
    };
    let mut node = Node::start(config);
    let mut kept = [node.connect().await, node.connect().await];
    for (number, peer) in kept.iter_mut().enumerate() {
        peer.write_all(&options(number, "")).await.unwrap();
        node.message().await;
    }
    let mut refused = node.connect().await;
    assert_eq!(read_to_end(&mut refused).await, b"");

    let [closed, _kept] = kept;
    drop(closed);
    let retry = async {
        loop {
            let mut peer = node.connect().await;
            let _ = peer.write_all(b"\r\n\r\n").await;
            if peer.read_u16().await.is_ok() {
                return;
            }
        }
    };
    within(retry).await;
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_given_up() {
    let config = TcpConfig {
        queue_max: 4,
        ..TcpConfig::default()
    };
    let mut node = Node::start(config);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = listener.local_addr().unwrap();
    let message = vec![b'x'; 1 << 20];
    let stalled = async {
        loop {
            node.send(peer, None, &message);
            if let Ok(report) = timeout(Duration::from_millis(5), node.unreachable.recv()).await {
                return report.unwrap();
            }
        }
    };
    let report = within(stalled).await;
    assert_eq!(
        (report.destination, report.reason),
        (peer, UnreachableReason::Stalled)
    );
}

#[tokio::test]
async fn a_message_refused_by_a_busy_shard_is_offered_again() {
    let mut node = Node::start_refusing(TcpConfig::default(), 3);
    let mut peer = node.connect().await;
    peer.write_all(&[options(1, ""), options(2, "")].concat())
        .await
        .unwrap();
    assert_eq!(node.message().await.bytes, options(1, ""));
    assert_eq!(node.message().await.bytes, options(2, ""));
}

#[tokio::test]
async fn a_shutdown_writes_what_waits_and_closes() {
    let node = Node::start(TcpConfig::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = listener.local_addr().unwrap();
    let accepted = Arc::new(Mutex::new(Vec::new()));
    let shown = Arc::clone(&accepted);
    let reader = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let bytes = read_to_end(&mut stream).await;
        shown.lock().unwrap().extend(bytes);
    });
    for byte in 0..50 {
        node.send(peer, None, &[byte]);
    }
    let (address, handle) = (node.address(), node.transport.handle());
    within(node.transport.shutdown(PATIENCE)).await;
    within(reader).await.unwrap();
    assert_eq!(*accepted.lock().unwrap(), (0..50).collect::<Vec<u8>>());
    assert!(TcpStream::connect(address).await.is_err());
    let destination = TcpDestination {
        transport: Transport::Tcp,
        host: None,
        peer,
        local: LOCALHOST,
        connection: None,
    };
    assert!(handle.send(destination, Bytes::new()).is_err());
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let node = Node::start(TcpConfig::default());
    let (messages, _messages) = mpsc::unbounded_channel();
    let (unreachable, _unreachable) = mpsc::unbounded_channel();
    let sink = Arc::new(Sink {
        messages,
        unreachable,
        refusals: AtomicUsize::new(0),
    });
    let address = node.address();
    let error = TcpTransport::start(
        &[(Transport::Tcp, address)],
        TcpConfig::default(),
        None,
        sink,
    )
    .unwrap_err();
    assert!(matches!(error, BindError::Taken { .. }));
    assert_eq!(error.to_string(), format!("{address}/tcp is taken"));
}
