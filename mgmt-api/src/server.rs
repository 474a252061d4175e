//! The listening socket: bind early, serve until told to stop.

mod connections;

use crate::router;
use crate::state::AppState;
use axum::serve::ListenerExt as _;
use connections::{BoundedListener, CONNECTIONS_MAX};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;

/// How long answers under way may take after the stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// A bound server that does not answer yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

/// The address cannot be bound.
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

impl Server {
    /// Binds `address`, which comes from `setting`.
    ///
    /// # Errors
    /// [`BindError`], which names both.
    pub async fn bind(address: SocketAddr, setting: &'static str) -> Result<Self, BindError> {
        let failed = |source| BindError {
            address,
            setting,
            source,
        };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }

    /// Where it listens; with the real port when 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is ready, and then for as long as answers under way take, a few
    /// seconds at most.
    ///
    /// # Errors
    /// When the socket fails.
    pub async fn run(
        self,
        state: AppState,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let sampler = tokio::spawn({
            let state = state.clone();
            async move { state.sample_for_ever().await }
        });
        let (stopping, stopped) = tokio::sync::oneshot::channel();
        let service = router(state.clone()).into_make_service_with_connect_info::<SocketAddr>();
        // Answers are small and whole: waiting to fill a packet only delays them. (Tapping also makes
        // the peer's address known to handlers.)
        let listener = BoundedListener::new(self.listener, CONNECTIONS_MAX).tap_io(|connection| {
            connection.send_at_once();
        });
        let serving = axum::serve(listener, service).with_graceful_shutdown(async move {
            stop.await;
            // Streams never end by themselves.
            state.live.close();
            let _ = stopping.send(());
        });
        let late = async {
            let _ = stopped.await;
            tokio::time::sleep(STOP_TIMEOUT).await;
        };
        let outcome = tokio::select! {
            outcome = async { serving.await } => outcome,
            () = late => Ok(()),
        };
        sampler.abort();
        outcome
    }
}
