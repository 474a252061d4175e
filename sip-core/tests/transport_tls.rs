//! TLS and WebSocket over the loopback interface, with foreign clients and servers.

#![cfg(feature = "transport")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use sip_core::transaction::{HostNumber, Transport};
use sip_core::transport::tcp::{TcpConfig, TcpDestination, TcpMessage, TcpSink, TcpTransport};
use sip_core::transport::tls::{ServerVerification, Tls, TlsError, TlsSettings};
use sip_core::transport::{Unreachable, UnreachableReason};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::tungstenite::Message as WebSocketMessage;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// An authority with certificates in files.
struct Authority {
    folder: TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("roots.pem"), issuer.pem()).unwrap();
        Self { folder, issuer }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn roots(&self) -> PathBuf {
        self.file("roots.pem")
    }

    /// Writes `NAME.pem` and `NAME.key`, made out to `host`.
    fn issue(&self, name: &str, host: &str) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(self.file(&format!("{name}.pem")), certificate.pem()).unwrap();
        std::fs::write(self.file(&format!("{name}.key")), key.serialize_pem()).unwrap();
    }

    /// The settings of a node with the certificate `name`.
    fn settings(&self, name: &str) -> TlsSettings {
        TlsSettings {
            certificate: self.file(&format!("{name}.pem")),
            key: self.file(&format!("{name}.key")),
            client_roots: None,
            server_roots: Some(self.roots()),
            verification: ServerVerification::Name,
        }
    }

    /// A client that trusts this authority, with a certificate of its own if it has one.
    fn client(&self, certificate: Option<&str>) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(chain(&self.roots()));
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match certificate {
            None => builder.with_no_client_auth(),
            Some(name) => {
                let key = self.file(&format!("{name}.key"));
                let key = PrivateKeyDer::from_pem_file(key).unwrap();
                let chain = chain(&self.file(&format!("{name}.pem")));
                builder.with_client_auth_cert(chain, key).unwrap()
            }
        };
        TlsConnector::from(Arc::new(config))
    }
}

fn chain(path: &Path) -> Vec<CertificateDer<'static>> {
    let certificates = CertificateDer::pem_file_iter(path).unwrap();
    certificates.map(Result::unwrap).collect()
}

struct Sink {
    messages: mpsc::UnboundedSender<TcpMessage>,
    unreachable: mpsc::UnboundedSender<(Transport, Unreachable)>,
}

/// Host names, by their numbers.
const HOSTS: [&str; 2] = ["carrier.example", "other.example"];

fn host(name: &str) -> HostNumber {
    let number = (1..).zip(HOSTS).find(|(_, host)| *host == name);
    HostNumber(NonZeroU32::new(number.unwrap().0).unwrap())
}

impl TcpSink for Sink {
    fn server_name(&self, host: HostNumber) -> Option<String> {
        let host = HOSTS.get(host.0.get() as usize - 1);
        host.map(|host| (*host).to_owned())
    }

    fn deliver(&self, message: TcpMessage) -> Result<(), TcpMessage> {
        let _ = self.messages.send(message);
        Ok(())
    }

    fn unreachable(&self, transport: Transport, unreachable: Unreachable) {
        let _ = self.unreachable.send((transport, unreachable));
    }
}

/// A transport with one listener.
struct Node {
    transport: TcpTransport,
    messages: mpsc::UnboundedReceiver<TcpMessage>,
    unreachable: mpsc::UnboundedReceiver<(Transport, Unreachable)>,
}

impl Node {
    fn start(speaks: Transport, tls: Option<Arc<Tls>>) -> Self {
        Self::start_with(speaks, tls, TcpConfig::default())
    }

    fn start_with(speaks: Transport, tls: Option<Arc<Tls>>, config: TcpConfig) -> Self {
        let (message_sink, messages) = mpsc::unbounded_channel();
        let (unreachable_sink, unreachable) = mpsc::unbounded_channel();
        let sink = Sink {
            messages: message_sink,
            unreachable: unreachable_sink,
        };
        let listener = (speaks, SocketAddr::new(LOCALHOST, 0));
        let transport = TcpTransport::start(&[listener], config, tls, Arc::new(sink)).unwrap();
        Self {
            transport,
            messages,
            unreachable,
        }
    }

    fn address(&self) -> SocketAddr {
        self.transport.local_addresses()[0]
    }

    async fn message(&mut self) -> TcpMessage {
        within(self.messages.recv()).await.unwrap()
    }

    async fn unreachable(&mut self) -> (Transport, UnreachableReason) {
        let (transport, unreachable) = within(self.unreachable.recv()).await.unwrap();
        (transport, unreachable.reason)
    }

    /// Answers along the connection of `request`.
    fn answer(&self, request: &TcpMessage, bytes: &[u8]) {
        let destination = TcpDestination {
            transport: request.transport,
            peer: request.source,
            host: None,
            local: LOCALHOST,
            connection: Some(request.connection),
        };
        self.send(destination, bytes);
    }

    fn request(&self, transport: Transport, peer: SocketAddr, bytes: &[u8]) {
        self.request_of(None, transport, peer, bytes);
    }

    /// Sends to a host of this name, if it has one.
    fn request_of(&self, name: Option<&str>, transport: Transport, peer: SocketAddr, bytes: &[u8]) {
        let destination = TcpDestination {
            transport,
            peer,
            host: name.map(host),
            local: LOCALHOST,
            connection: None,
        };
        self.send(destination, bytes);
    }

    fn send(&self, destination: TcpDestination, bytes: &[u8]) {
        let handle = self.transport.handle();
        handle
            .send(destination, Bytes::copy_from_slice(bytes))
            .unwrap();
    }

    async fn connect(&self, client: &TlsConnector) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.address()).await?;
        within(client.connect(ServerName::IpAddress(LOCALHOST.into()), stream)).await
    }
}

async fn within<F: Future>(future: F) -> F::Output {
    timeout(PATIENCE, future).await.unwrap()
}

fn options(number: usize, transport: &str) -> Vec<u8> {
    format!(
        "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/{transport} b;branch=z9hG4bK{number}\r\n\
         From: <sip:c@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: {number}@b\r\nCSeq: 1 OPTIONS\r\n\
         Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

async fn read(stream: &mut TlsStream<TcpStream>, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    within(stream.read_exact(&mut bytes)).await.unwrap();
    bytes
}

fn certificate_of(stream: &TlsStream<TcpStream>) -> Vec<u8> {
    let chain = stream.get_ref().1.peer_certificates().unwrap();
    chain[0].to_vec()
}

#[tokio::test]
async fn a_request_over_tls_is_delivered_and_answered_along_its_connection() {
    let authority = Authority::new();
    authority.issue("switch", "127.0.0.1");
    let tls = Tls::read(authority.settings("switch")).unwrap();
    let mut node = Node::start(Transport::Tls, Some(tls));
    let mut client = node.connect(&authority.client(None)).await.unwrap();
    let sent = options(1, "TLS");
    client.write_all(&sent).await.unwrap();
    let message = node.message().await;
    assert_eq!(message.transport, Transport::Tls);
    assert_eq!(message.bytes, sent);
    node.answer(&message, b"SIP/2.0 200 OK\r\n\r\n");
    assert_eq!(read(&mut client, 18).await, b"SIP/2.0 200 OK\r\n\r\n");
    // RFC 5626 §3.5.1.
    client.write_all(b"\r\n\r\n").await.unwrap();
    assert_eq!(read(&mut client, 2).await, b"\r\n");
}

#[tokio::test]
async fn a_new_certificate_serves_new_connections_and_drops_none() {
    let authority = Authority::new();
    authority.issue("switch", "127.0.0.1");
    let tls = Tls::read(authority.settings("switch")).unwrap();
    let mut node = Node::start(Transport::Tls, Some(Arc::clone(&tls)));
    let connector = authority.client(None);
    let mut old = node.connect(&connector).await.unwrap();
    old.write_all(&options(1, "TLS")).await.unwrap();
    node.message().await;

    authority.issue("switch", "127.0.0.1");
    tls.reload().unwrap();
    let mut new = node.connect(&connector).await.unwrap();
    assert_ne!(certificate_of(&old), certificate_of(&new));
    for (number, stream) in [(2, &mut old), (3, &mut new)] {
        let sent = options(number, "TLS");
        stream.write_all(&sent).await.unwrap();
        let message = node.message().await;
        assert_eq!(message.bytes, sent);
        node.answer(&message, b"yes");
        assert_eq!(read(stream, 3).await, b"yes");
    }
}

#[tokio::test]
async fn files_that_are_no_good_are_named_and_leave_what_was_in_use() {
    let authority = Authority::new();
    authority.issue("switch", "127.0.0.1");
    let tls = Tls::read(authority.settings("switch")).unwrap();
    let node = Node::start(Transport::Tls, Some(Arc::clone(&tls)));
    std::fs::write(authority.file("switch.pem"), "nonsense").unwrap();
    let error = tls.reload().unwrap_err();
    assert!(matches!(error, TlsError::NoCertificate { .. }), "{error}");
    node.connect(&authority.client(None)).await.unwrap();
    let missing = Tls::read(authority.settings("nobody")).unwrap_err();
    assert!(missing.to_string().contains("nobody.pem"), "{missing}");
}

#[tokio::test]
async fn mutual_tls_takes_only_whom_the_authority_knows() {
    let authority = Authority::new();
    authority.issue("switch", "127.0.0.1");
    authority.issue("customer", "customer.example");
    let settings = TlsSettings {
        client_roots: Some(authority.roots()),
        ..authority.settings("switch")
    };
    let mut node = Node::start(Transport::Tls, Some(Tls::read(settings).unwrap()));

    // With TLS 1.3 the client learns of the refusal when it reads.
    let refused = match node.connect(&authority.client(None)).await {
        Err(_) => true,
        Ok(mut stream) => {
            let _ = stream.write_all(&options(1, "TLS")).await;
            within(stream.read_u8()).await.is_err()
        }
    };
    assert!(refused);
    let known = authority.client(Some("customer"));
    let mut stream = node.connect(&known).await.unwrap();
    stream.write_all(&options(2, "TLS")).await.unwrap();
    assert_eq!(node.message().await.bytes, options(2, "TLS"));
    let failed = &node.transport.counters().handshakes_failed;
    assert_eq!(failed.load(std::sync::atomic::Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_carrier_is_reached_by_tls_when_its_certificate_is_as_it_must_be() {
    let authority = Authority::new();
    authority.issue("switch", "127.0.0.1");
    authority.issue("carrier", "127.0.0.1");
    authority.issue("named", "carrier.example");
    let strict = authority.settings("switch");
    let by_chain = TlsSettings {
        verification: ServerVerification::Chain,
        ..strict.clone()
    };
    let stranger = Authority::new();
    stranger.issue("stranger", "127.0.0.1");
    let blind = TlsSettings {
        verification: ServerVerification::Nothing,
        ..strict.clone()
    };
    let carrier = authority.settings("carrier");
    let named = authority.settings("named");
    let unknown = stranger.settings("stranger");
    let cases = [
        (&strict, &carrier, None, true),
        (&strict, &named, None, false),
        (&strict, &named, Some("carrier.example"), true),
        (&strict, &carrier, Some("carrier.example"), false),
        (&strict, &named, Some("other.example"), false),
        (&by_chain, &named, None, true),
        (&by_chain, &unknown, None, false),
        (&blind, &unknown, None, true),
    ];
    for (number, (ours, theirs, name, is_taken)) in cases.into_iter().enumerate() {
        let mut peer = Node::start(Transport::Tls, Some(Tls::read(theirs.clone()).unwrap()));
        let tls = Some(Tls::read(ours.clone()).unwrap());
        let mut node = Node::start(Transport::Tls, tls);
        let bytes = options(number, "TLS");
        node.request_of(name, Transport::Tls, peer.address(), &bytes);
        match is_taken {
            true => assert_eq!(peer.message().await.bytes, options(number, "TLS")),
            false => assert_eq!(
                node.unreachable().await,
                (Transport::Tls, UnreachableReason::Handshake),
                "case {number}"
            ),
        }
    }
}

#[tokio::test]
async fn of_two_names_at_one_address_each_is_proved_for_itself() {
    let authority = Authority::new();
    authority.issue("switch", "127.0.0.1");
    authority.issue("carrier", "carrier.example");
    let tls = |name| Some(Tls::read(authority.settings(name)).unwrap());
    let mut peer = Node::start(Transport::Tls, tls("carrier"));
    let mut node = Node::start(Transport::Tls, tls("switch"));
    let at = peer.address();
    let send = |node: &Node, name, number| {
        let bytes = options(number, "TLS");
        node.request_of(name, Transport::Tls, at, &bytes);
    };
    send(&node, Some("carrier.example"), 1);
    let first = peer.message().await;
    for name in [Some("other.example"), None] {
        // The connection that is there proves another name.
        send(&node, name, 2);
        let (_, unreachable) = within(node.unreachable.recv()).await.unwrap();
        assert_eq!(unreachable.reason, UnreachableReason::Handshake);
        assert_eq!(unreachable.host, name.map(host));
    }
    send(&node, Some("carrier.example"), 3);
    let again = peer.message().await;
    assert_eq!(again.bytes, options(3, "TLS"));
    assert_eq!(again.connection, first.connection);
}

#[tokio::test]
async fn plain_bytes_to_a_tls_listener_cost_only_their_connection() {
    let authority = Authority::new();
    authority.issue("switch", "127.0.0.1");
    let tls = Tls::read(authority.settings("switch")).unwrap();
    let mut node = Node::start(Transport::Tls, Some(tls));
    let mut plain = TcpStream::connect(node.address()).await.unwrap();
    plain.write_all(&options(1, "TCP")).await.unwrap();
    let mut rest = Vec::new();
    let _ = within(plain.read_to_end(&mut rest)).await;
    let mut client = node.connect(&authority.client(None)).await.unwrap();
    client.write_all(&options(2, "TLS")).await.unwrap();
    assert_eq!(node.message().await.bytes, options(2, "TLS"));
}

async fn web_socket<S>(
    stream: S,
    subprotocol: Option<&str>,
) -> Result<tokio_tungstenite::WebSocketStream<S>, Box<tokio_tungstenite::tungstenite::Error>>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let mut request = "ws://127.0.0.1/".into_client_request().unwrap();
    if let Some(name) = subprotocol {
        let name = name.parse().unwrap();
        request.headers_mut().insert("Sec-WebSocket-Protocol", name);
    }
    let (socket, response) = within(tokio_tungstenite::client_async(request, stream))
        .await
        .map_err(Box::new)?;
    assert_eq!(response.headers()["Sec-WebSocket-Protocol"], "sip");
    Ok(socket)
}

#[tokio::test]
async fn a_browser_speaks_over_web_socket_and_is_answered_along_it() {
    let mut node = Node::start(Transport::Ws, None);
    let stream = TcpStream::connect(node.address()).await.unwrap();
    let mut socket = web_socket(stream, Some("sip")).await.unwrap();
    // RFC 7118 §5: text or binary, and Content-Length may be left out.
    let text = String::from_utf8(options(1, "WS")).unwrap();
    let short = text.replace("Content-Length: 0\r\n", "");
    socket.send(WebSocketMessage::text(&text)).await.unwrap();
    socket
        .send(WebSocketMessage::binary(short.clone()))
        .await
        .unwrap();
    let message = node.message().await;
    assert_eq!(message.transport, Transport::Ws);
    assert_eq!(message.bytes, text);
    assert_eq!(node.message().await.bytes, short);
    node.answer(&message, b"SIP/2.0 200 OK\r\n\r\n");
    let answer = within(socket.next()).await.unwrap().unwrap();
    assert_eq!(answer, WebSocketMessage::text("SIP/2.0 200 OK\r\n\r\n"));
    // RFC 7118 §6.
    socket
        .send(WebSocketMessage::text("\r\n\r\n"))
        .await
        .unwrap();
    let pong = within(socket.next()).await.unwrap().unwrap();
    assert_eq!(pong, WebSocketMessage::text("\r\n"));
}

#[tokio::test]
async fn a_web_socket_without_the_sip_subprotocol_is_refused() {
    let node = Node::start(Transport::Ws, None);
    for subprotocol in [None, Some("mqtt")] {
        let stream = TcpStream::connect(node.address()).await.unwrap();
        let refusal = web_socket(stream, subprotocol)
            .await
            .unwrap_err()
            .to_string();
        assert!(refusal.contains("400"), "{refusal}");
    }
}

#[tokio::test]
async fn a_web_socket_message_that_is_no_sip_or_too_long_closes_it() {
    let limit = usize::from(TcpConfig::default().limits.message_bytes);
    for bad in ["GET / HTTP/1.1\r\n\r\n".to_owned(), "x".repeat(limit + 1)] {
        let node = Node::start(Transport::Ws, None);
        let stream = TcpStream::connect(node.address()).await.unwrap();
        let mut socket = web_socket(stream, Some("sip")).await.unwrap();
        socket.send(WebSocketMessage::text(bad)).await.unwrap();
        let end = within(socket.next()).await;
        assert!(!matches!(end, Some(Ok(ref m)) if !m.is_close()), "{end:?}");
    }
}

#[tokio::test]
async fn a_secure_web_socket_works_and_is_never_opened_by_us() {
    let authority = Authority::new();
    authority.issue("switch", "127.0.0.1");
    let tls = Tls::read(authority.settings("switch")).unwrap();
    let mut node = Node::start(Transport::Wss, Some(tls));
    let stream = node.connect(&authority.client(None)).await.unwrap();
    let mut socket = web_socket(stream, Some("sip")).await.unwrap();
    let text = String::from_utf8(options(1, "WSS")).unwrap();
    socket.send(WebSocketMessage::text(&text)).await.unwrap();
    let message = node.message().await;
    assert_eq!(
        (message.transport, message.bytes),
        (Transport::Wss, text.into())
    );

    let nobody = SocketAddr::new(LOCALHOST, 9);
    node.request(Transport::Wss, nobody, b"x");
    let lost = (Transport::Wss, UnreachableReason::ConnectionLost);
    assert_eq!(node.unreachable().await, lost);
}

#[tokio::test]
async fn a_connection_that_we_opened_is_kept_alive() {
    let config = TcpConfig {
        ping_interval: Some(Duration::from_millis(50)),
        ..TcpConfig::default()
    };
    let node = Node::start_with(Transport::Tcp, None, config);
    let carrier = tokio::net::TcpListener::bind((LOCALHOST, 0)).await.unwrap();
    node.request(Transport::Tcp, carrier.local_addr().unwrap(), b"hello");
    let (mut stream, _) = within(carrier.accept()).await.unwrap();
    let mut bytes = [0; 13];
    within(stream.read_exact(&mut bytes)).await.unwrap();
    assert_eq!(&bytes, b"hello\r\n\r\n\r\n\r\n");
}
