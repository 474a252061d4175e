//! The listening socket.

use crate::fixture::Api;
use mgmt_api::{HttpLimits, Server, TlsFiles};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

pub(crate) const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";

/// A server that answers; it stops when this is dropped.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    tls_address: Option<SocketAddr>,
    _stop: oneshot::Sender<()>,
}

pub(crate) async fn bind(limits: HttpLimits) -> Server {
    let address = "127.0.0.1:0".parse().unwrap();
    Server::bind(address, "http.address", limits).await.unwrap()
}

pub(crate) fn serve(api: &Api, server: Server) -> Served {
    let (stop, stopped) = oneshot::channel::<()>();
    let (address, tls_address) = (server.address(), server.tls_address());
    tokio::spawn(server.run(api.state.clone(), async {
        let _ = stopped.await;
    }));
    Served {
        address,
        tls_address,
        _stop: stop,
    }
}

/// Sends `request` and gives the first line of the answer; empty when there is none.
pub(crate) async fn ask(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    request: &[u8],
) -> String {
    if stream.write_all(request).await.is_err() {
        return String::new();
    }
    let mut answer = vec![0; 4096];
    let length = stream.read(&mut answer).await.unwrap_or(0);
    let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
    answer.lines().next().unwrap_or_default().to_owned()
}

async fn closes(stream: &mut TcpStream) {
    let mut bytes = [0; 64];
    let closed = stream.read(&mut bytes);
    let closed = tokio::time::timeout(Duration::from_secs(120), closed).await;
    assert!(matches!(closed, Ok(Ok(0) | Err(_))), "{closed:?}");
}

#[tokio::test]
async fn five_hundred_idle_sockets_do_not_keep_others_out() {
    let api = Api::start().await;
    let limits = HttpLimits {
        connections_max: 64,
        connections_per_address_max: 32,
        ..HttpLimits::default()
    };
    let served = serve(&api, bind(limits).await);
    let mut idle = Vec::new();
    for number in 0..512_u16 {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        let from = SocketAddr::from(([127, 0, 1, (number % 100) as u8 + 1], 0));
        socket.bind(from).unwrap();
        idle.push(socket.connect(served.address).await.unwrap());
        if number % 64 == 0 {
            let mut stream = TcpStream::connect(served.address).await.unwrap();
            assert_eq!(ask(&mut stream, HEALTH).await, "HTTP/1.1 200 OK");
        }
    }
    let begun = Instant::now();
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    assert_eq!(ask(&mut stream, HEALTH).await, "HTTP/1.1 200 OK");
    assert!(begun.elapsed() < Duration::from_secs(120));
}

#[tokio::test]
async fn a_header_that_does_not_end_ends_the_connection() {
    let api = Api::start().await;
    let limits = HttpLimits {
        // The sound request must come whole within it.
        header_timeout: Duration::from_secs(5),
        idle_timeout: Duration::from_secs(600),
        ..HttpLimits::default()
    };
    let served = serve(&api, bind(limits).await);
    let mut silent = TcpStream::connect(served.address).await.unwrap();
    closes(&mut silent).await;
    let mut slow = TcpStream::connect(served.address).await.unwrap();
    assert_eq!(ask(&mut slow, HEALTH).await, "HTTP/1.1 200 OK");
    slow.write_all(b"GET /healthz HTTP/1.1\r\nhost:")
        .await
        .unwrap();
    closes(&mut slow).await;
}

#[tokio::test]
async fn a_connection_without_requests_is_closed_and_one_with_requests_is_kept() {
    let api = Api::start().await;
    let limits = HttpLimits {
        idle_timeout: Duration::from_secs(20),
        ..HttpLimits::default()
    };
    let served = serve(&api, bind(limits).await);
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    for _ in 0..4 {
        assert_eq!(ask(&mut stream, HEALTH).await, "HTTP/1.1 200 OK");
        tokio::time::sleep(Duration::from_secs(6)).await;
    }
    closes(&mut stream).await;
}

#[tokio::test]
async fn a_body_that_does_not_end_is_answered_with_408() {
    let api = Api::start().await;
    let limits = HttpLimits {
        body_timeout: Duration::from_millis(300),
        ..HttpLimits::default()
    };
    let served = serve(&api, bind(limits).await);
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let request = b"POST /api/v1/session HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\
        content-type: application/json\r\n\r\n{\"username\":";
    assert_eq!(
        ask(&mut stream, request).await,
        "HTTP/1.1 408 Request Timeout"
    );
}

/// Writes a certificate for `localhost` that is its own authority.
fn certify(folder: &Path) -> TlsFiles {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files = TlsFiles {
        certificate: folder.join("tls.crt"),
        key: folder.join("tls.key"),
    };
    std::fs::write(&files.certificate, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    files
}

/// A client that trusts the certificate in `files` and nothing else.
fn trusting(files: &TlsFiles) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(&files.certificate).unwrap();
    roots.add(certificate).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn a_new_certificate_is_taken_and_no_connection_is_dropped() {
    let api = Api::start().await;
    let folder = tempfile::tempdir().unwrap();
    let files = certify(folder.path());
    let address = "127.0.0.1:0".parse().unwrap();
    let server = bind(HttpLimits::default()).await;
    let server = server.with_tls(address, "http.tls.address", files.clone());
    let served = serve(&api, server.await.unwrap());
    let connect = async |connector: &TlsConnector| {
        let stream = TcpStream::connect(served.tls_address.unwrap())
            .await
            .unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        connector.connect(name, stream).await
    };
    let mut old = connect(&trusting(&files)).await.unwrap();
    assert_eq!(ask(&mut old, HEALTH).await, "HTTP/1.1 200 OK");
    certify(folder.path());
    let connector = trusting(&files);
    let begun = Instant::now();
    let mut new = loop {
        match connect(&connector).await {
            Ok(stream) => break stream,
            Err(error) => assert!(begun.elapsed() < Duration::from_secs(120), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert_eq!(ask(&mut new, HEALTH).await, "HTTP/1.1 200 OK");
    assert_eq!(ask(&mut old, HEALTH).await, "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn a_key_of_another_certificate_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let files = certify(folder.path());
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(&files.key, other.signing_key.serialize_pem()).unwrap();
    let address = "127.0.0.1:0".parse().unwrap();
    let server = bind(HttpLimits::default()).await;
    let error = server.with_tls(address, "http.tls.address", files).await;
    let text = error.err().unwrap().to_string();
    assert!(text.contains("do not fit together"), "{text}");
}

#[tokio::test]
async fn a_taken_address_is_named_with_its_setting() {
    let first = bind(HttpLimits::default()).await;
    let error = Server::bind(first.address(), "http.address", HttpLimits::default()).await;
    let text = error.err().unwrap().to_string();
    assert!(text.contains(&first.address().to_string()), "{text}");
    assert!(text.contains("http.address"), "{text}");
}

#[tokio::test]
async fn a_stop_ends_streams_and_the_server() {
    let api = Api::start().await;
    let server = bind(HttpLimits::default()).await;
    let address = server.address();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(server.run(api.state.clone(), async move {
        let _ = stopped.await;
    }));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /api/v1/live HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
        api.key
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut start = [0; 15];
    stream.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 200 OK");
    let begun = Instant::now();
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
    assert!(
        begun.elapsed() < Duration::from_secs(120),
        "the stream did not hold it up"
    );
    assert!(TcpStream::connect(address).await.is_err());
}
