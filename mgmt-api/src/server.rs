//! The listening socket: bind early, serve until told to stop.

mod acme;
mod activity;
mod body;
mod connection;
mod limits;
mod places;
mod stream;
mod tls;

pub use acme::{AcmeError, AcmeSettings};
pub(crate) use body::BodyTimedOut;
pub use limits::HttpLimits;
pub use tls::{TlsError, TlsFiles};

use crate::containment::{Part, contain, for_ever};
use crate::router;
use crate::state::AppState;
use acme::Acme;
use axum::Router;
use places::{Place, Places};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tls::{Certificate, PROOF_PROTOCOL};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// How long answers under way may take after the stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// After an error of accepting (no descriptor is left), the pause before the next try.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What a connection gets when every place is taken by one that is at work.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\n\
    connection: close\r\ncontent-length: 0\r\n\r\n";

/// A bound server that does not answer yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    limits: HttpLimits,
    tls: Option<TlsListener>,
}

struct TlsListener {
    listener: TcpListener,
    address: SocketAddr,
    certificate: Arc<Certificate>,
    acceptor: TlsAcceptor,
    /// What renews the certificate; `None`: whoever writes its files.
    acme: Option<Acme>,
}

/// An address cannot be bound.
#[derive(Debug, thiserror::Error)]
#[error("the API cannot listen on {address}: {source}; set another address with `{setting}`")]
pub struct BindError {
    /// The address.
    pub address: SocketAddr,
    /// The setting that has it.
    pub setting: &'static str,
    /// Why.
    pub source: io::Error,
}

/// What every connection needs.
#[derive(Clone)]
struct Shared {
    router: Router,
    places: Arc<Places>,
    limits: HttpLimits,
    stop: watch::Receiver<bool>,
}

impl TlsListener {
    /// Renews the certificate when it is due, or reads it again when it changed, for ever.
    async fn keep_fresh(&self) {
        match &self.acme {
            Some(acme) => acme.keep_fresh(&self.certificate).await,
            None => self.certificate.follow().await,
        }
    }
}

impl Server {
    /// Binds `address`, which comes from `setting`.
    ///
    /// # Errors
    /// [`BindError`], which names both.
    pub async fn bind(
        address: SocketAddr,
        setting: &'static str,
        limits: HttpLimits,
    ) -> Result<Self, BindError> {
        let (listener, address) = listen(address, setting).await?;
        Ok(Self {
            listener,
            address,
            limits,
            tls: None,
        })
    }

    /// Serves TLS on a further address.
    ///
    /// # Errors
    /// [`TlsError`] when the files are no good, [`BindError`] in it when the address is taken.
    pub async fn with_tls(
        self,
        address: SocketAddr,
        setting: &'static str,
        files: TlsFiles,
    ) -> Result<Self, TlsError> {
        let certificate = Certificate::read(files)?;
        self.listening_by_tls(address, setting, certificate, None)
            .await
    }

    /// Serves TLS on a further address, with a certificate that is got by ACME: the one that was
    /// kept, and when it is due a new one while [`run`](Self::run) goes on.
    ///
    /// # Errors
    /// As [`with_tls`](Self::with_tls); that the authority cannot be asked is none.
    pub async fn with_acme(
        self,
        address: SocketAddr,
        setting: &'static str,
        settings: AcmeSettings,
    ) -> Result<Self, TlsError> {
        let acme = Acme::open(settings)?;
        let certificate = Certificate::by_acme(acme.kept());
        self.listening_by_tls(address, setting, certificate, Some(acme))
            .await
    }

    async fn listening_by_tls(
        self,
        address: SocketAddr,
        setting: &'static str,
        certificate: Arc<Certificate>,
        acme: Option<Acme>,
    ) -> Result<Self, TlsError> {
        let acceptor = certificate.acceptor()?;
        let (listener, address) = listen(address, setting).await?;
        let tls = Some(TlsListener {
            listener,
            address,
            certificate,
            acceptor,
            acme,
        });
        Ok(Self { tls, ..self })
    }

    /// Where it listens; with the real port when 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens for TLS.
    pub fn tls_address(&self) -> Option<SocketAddr> {
        self.tls.as_ref().map(|tls| tls.address)
    }

    /// Serves until `stop` is ready, and then for as long as answers under way take, a few
    /// seconds at most.
    ///
    /// # Errors
    /// None at present: what fails is a connection's matter.
    pub async fn run(
        self,
        state: AppState,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let sampler = tokio::spawn({
            let state = state.clone();
            async move { for_ever(|| state.sample_for_ever()).await }
        });
        let follower = tokio::spawn({
            let state = state.clone();
            async move { for_ever(|| state.follow_events_for_ever()).await }
        });
        let tidier = tokio::spawn({
            let state = state.clone();
            async move { for_ever(|| state.tidy_for_ever()).await }
        });
        let watcher = tokio::spawn({
            let state = state.clone();
            async move { for_ever(|| state.watch_balances_for_ever()).await }
        });
        let guard = tokio::spawn({
            let state = state.clone();
            async move { for_ever(|| state.watch_records_for_ever()).await }
        });
        let (stopping, stopped) = watch::channel(false);
        let shared = Shared {
            router: router(state.clone()),
            places: Places::new(self.limits),
            limits: self.limits,
            stop: stopped,
        };
        let places = Arc::clone(&shared.places);
        tokio::select! {
            () = accept_tls(self.tls, shared.clone()) => {}
            () = accept(self.listener, shared) => {}
            () = stop => {}
        }
        // Streams never end by themselves.
        state.live.close();
        state.events.close();
        let _ = stopping.send(true);
        let _ = tokio::time::timeout(STOP_TIMEOUT, places.all_free()).await;
        sampler.abort();
        follower.abort();
        tidier.abort();
        watcher.abort();
        guard.abort();
        state.tidy().await;
        Ok(())
    }
}

async fn listen(
    address: SocketAddr,
    setting: &'static str,
) -> Result<(TcpListener, SocketAddr), BindError> {
    let failed = |source| BindError {
        address,
        setting,
        source,
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// Accepts for ever.
async fn accept(listener: TcpListener, shared: Shared) {
    loop {
        let (stream, peer, place) = next(&listener, &shared).await;
        let Shared {
            router,
            limits,
            stop,
            ..
        } = shared.clone();
        let served = connection::serve(stream, peer, place, router, limits, stop);
        tokio::spawn(contain(Part::Request, served));
    }
}

/// Accepts for ever; without a TLS listener it never does.
async fn accept_tls(tls: Option<TlsListener>, shared: Shared) {
    let Some(tls) = tls else {
        return std::future::pending().await;
    };
    let accepting = async {
        loop {
            let (stream, peer, place) = next(&tls.listener, &shared).await;
            let (acceptor, shared) = (tls.acceptor.clone(), shared.clone());
            tokio::spawn(contain(Part::Request, async move {
                let Shared {
                    router,
                    limits,
                    stop,
                    ..
                } = shared;
                let handshake =
                    tokio::time::timeout(limits.header_timeout, acceptor.accept(stream));
                match handshake.await {
                    // All that the authority wants to see is the certificate.
                    Ok(Ok(stream))
                        if stream.get_ref().1.alpn_protocol() == Some(PROOF_PROTOCOL) =>
                    {
                        tracing::info!(%peer, "showed an authority the proof of a domain");
                    }
                    Ok(Ok(stream)) => {
                        connection::serve(stream, peer, place, router, limits, stop).await;
                    }
                    Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
                    Err(_) => tracing::debug!("a TLS handshake took too long"),
                }
            }));
        }
    };
    tokio::select! {
        () = accepting => {}
        () = for_ever(|| tls.keep_fresh()) => {}
    }
}

/// The next connection that gets a place.
async fn next(listener: &TcpListener, shared: &Shared) -> (TcpStream, SocketAddr, Place) {
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Some(place) = shared.places.take(peer.ip()) else {
            // The buffer of a new connection is empty, so this does not wait. Over TLS it is noise.
            let _ = stream.try_write(FULL);
            continue;
        };
        // Answers are small and whole: waiting to fill a packet only delays them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps Nagle's algorithm");
        }
        return (stream, peer, place);
    }
}
