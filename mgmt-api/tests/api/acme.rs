//! Certificates from a real authority: pebble, as Debian has it, verifies the proofs over TLS.

use crate::fixture::Api;
use crate::server::{HEALTH, ask, bind, serve};
use mgmt_api::{AcmeSettings, HttpLimits};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    ClientConfig, DigitallySignedStruct, Error, ProtocolVersion, SignatureScheme,
};

const DOMAINS: [&str; 2] = ["switch.example.com", "api.example.com"];

/// How long the authority may take, on whatever machine this is.
const PATIENCE: Duration = Duration::from_secs(120);

/// An authority that asks a DNS server of its own, and reaches each domain here.
struct Authority {
    folder: tempfile::TempDir,
    directory: String,
    processes: Vec<Child>,
}

impl Authority {
    /// Starts it; it will look for proofs on port `tls_port`.
    fn start(tls_port: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (api, management, dns, unused) = (free_port(), free_port(), free_port(), free_port());
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (certificate, key) = (folder.path().join("ca.crt"), folder.path().join("ca.key"));
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let config = serde_json::json!({"pebble": {
            "listenAddress": format!("127.0.0.1:{api}"),
            "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": certificate, "privateKey": key,
            "httpPort": unused, "tlsPort": tls_port,
            "ocspResponderURL": "", "externalAccountBindingRequired": false,
        }});
        let config_file = folder.path().join("pebble.json");
        std::fs::write(&config_file, config.to_string()).unwrap();
        let names = Command::new("pebble-challtestsrv")
            .args(["-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""])
            .args(["-http01", "", "-https01", "", "-tlsalpn01", ""])
            .args(["-dns01", &format!("127.0.0.1:{dns}")])
            .args(["-management", &format!("127.0.0.1:{}", free_port())])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let pebble = Command::new("pebble")
            .args(["-strict", "-config"])
            .arg(&config_file)
            .args(["-dnsserver", &format!("127.0.0.1:{dns}")])
            // Nothing by chance: it takes every good nonce, and asks for each proof anew.
            .env("PEBBLE_WFE_NONCEREJECT", "0")
            .env("PEBBLE_AUTHZREUSE", "0")
            .env("PEBBLE_VA_NOSLEEP", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let missing = "pebble is missing: `apt-get install pebble`";
        let started = Self {
            folder,
            directory: format!("https://localhost:{api}/dir"),
            processes: vec![names.expect(missing), pebble.expect(missing)],
        };
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", api)).is_err() {
            assert!(begun.elapsed() < PATIENCE, "pebble does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        started
    }

    fn settings(&self, folder: &Path) -> AcmeSettings {
        AcmeSettings {
            directory: self.directory.clone(),
            domains: DOMAINS.map(str::to_owned).to_vec(),
            contact: Some("noc@example.com".into()),
            folder: folder.to_owned(),
            roots_file: Some(self.roots_file()),
        }
    }

    fn roots_file(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// A port that nobody has. They lie below those that the system gives to outgoing connections, and none is given
/// twice: nobody takes it before the program for which it is binds it.
fn free_port() -> u16 {
    static NEXT: LazyLock<AtomicU32> =
        LazyLock::new(|| AtomicU32::new(std::process::id().wrapping_mul(1_237)));
    loop {
        let place = NEXT.fetch_add(1, Ordering::Relaxed) % 8_000;
        let port = 12_000 + u16::try_from(place).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok()
            && std::net::UdpSocket::bind(("127.0.0.1", port)).is_ok()
        {
            return port;
        }
    }
}

/// Looks at whatever certificate is shown; the authority of the tests is trusted by nobody.
#[derive(Debug)]
struct Look(Arc<CryptoProvider>);

impl ServerCertVerifier for Look {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        tokio_rustls::rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signature,
            algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        tokio_rustls::rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signature,
            algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

async fn connect(address: SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Look(provider)))
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from(DOMAINS[0]).unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

/// The certificate that is shown, when there is one.
async fn shown(address: SocketAddr) -> Option<Vec<u8>> {
    let stream = connect(address).await.ok()?;
    let certificates = stream.get_ref().1.peer_certificates()?;
    Some(certificates[0].to_vec())
}

/// Waits until a certificate is shown that is another one than `old`.
async fn new_certificate(address: SocketAddr, old: Option<&[u8]>) -> Vec<u8> {
    let begun = Instant::now();
    loop {
        match shown(address).await {
            Some(certificate) if Some(&*certificate) != old => return certificate,
            _ => assert!(begun.elapsed() < PATIENCE, "no certificate came"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_got_kept_and_renewed() {
    let port = free_port();
    let authority = Authority::start(port);
    let kept = tempfile::tempdir().unwrap();
    let folder = kept.path().join("acme");
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let api = Api::start().await;
    let start = async || {
        let server = bind(HttpLimits::default()).await;
        let settings = authority.settings(&folder);
        let server = server.with_acme(address, "http.tls.address", settings);
        serve(&api, server.await.unwrap())
    };

    let served = start().await;
    let first = new_certificate(address, None).await;
    let mut stream = connect(address).await.unwrap();
    let version = stream.get_ref().1.protocol_version();
    assert_eq!(version, Some(ProtocolVersion::TLSv1_3));
    assert_eq!(ask(&mut stream, HEALTH).await, "HTTP/1.1 200 OK");
    let text = String::from_utf8_lossy(&first).into_owned();
    assert!(DOMAINS.iter().all(|domain| text.contains(domain)));
    let account = std::fs::read(folder.join("account.json")).unwrap();
    drop((stream, served));

    // What was kept is used at once after a restart, and no other is asked for.
    let served = start_when_free(&start, address).await;
    assert_eq!(shown(address).await.as_deref(), Some(&*first));
    drop(served);

    // One whose time is nearly over gets a successor.
    let (old, bundle) = nearly_over();
    std::fs::write(folder.join("certificate.pem"), bundle).unwrap();
    let _served = start_when_free(&start, address).await;
    let renewed = new_certificate(address, Some(&old)).await;
    assert_ne!(renewed, first);
    let same = std::fs::read(folder.join("account.json")).unwrap();
    assert_eq!(account, same, "by the same account");
}

/// Starts anew when the stopped server has given its port back.
async fn start_when_free<T>(start: &impl AsyncFn() -> T, address: SocketAddr) -> T {
    let begun = Instant::now();
    while TcpListener::bind(address).is_err() {
        assert!(begun.elapsed() < PATIENCE, "the port stays taken");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    start().await
}

/// A certificate for the domains that ends tomorrow, after a year; with its key.
fn nearly_over() -> (Vec<u8>, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(DOMAINS.map(str::to_owned)).unwrap();
    let year = Duration::from_secs(365 * 86_400);
    let tomorrow = std::time::SystemTime::now() + Duration::from_secs(86_400);
    params.not_after = tomorrow.into();
    params.not_before = (tomorrow - year).into();
    let made = params.self_signed(&key).unwrap();
    let bundle = [key.serialize_pem(), made.pem()].concat();
    (made.der().to_vec(), bundle)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_cannot_be_asked_keeps_nobody_from_the_api() {
    let port = free_port();
    let kept = tempfile::tempdir().unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let api = Api::start().await;
    let server = bind(HttpLimits::default()).await;
    let settings = AcmeSettings {
        directory: format!("https://localhost:{}/dir", free_port()),
        domains: vec![DOMAINS[0].to_owned()],
        contact: None,
        folder: kept.path().join("acme"),
        roots_file: None,
    };
    let server = server.with_acme(address, "http.tls.address", settings);
    let served = serve(&api, server.await.unwrap());
    let mut plain = TcpStream::connect(served.address).await.unwrap();
    assert_eq!(ask(&mut plain, HEALTH).await, "HTTP/1.1 200 OK");
    assert_eq!(shown(address).await, None);
}
