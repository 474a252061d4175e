//! Starting what is spoken over connections: TCP, TLS, WebSocket.

use super::connections::{ConnectionSink, StreamListener};
use super::note_port;
use crate::config::{Config, Listener, SipTlsConfig, sip_transport};
use anyhow::Context;
use rating::cdr::Transport;
use sip_core::transport::tcp::{TcpConfig, TcpTransport};
use sip_core::transport::tls::{Tls, TlsSettings};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The listeners that accept connections.
pub(super) fn listeners(listeners: &[Listener]) -> Vec<StreamListener> {
    (0u16..)
        .zip(listeners)
        .filter(|(_, listener)| is_stream(listener))
        .map(|(place, listener)| StreamListener {
            transport: sip_transport(listener.transport),
            address: listener.bind,
            place,
        })
        .collect()
}

/// Binds the listeners, notes the ports that they got, and starts accepting.
pub(super) fn start(
    config: &Config,
    listeners: &mut [Listener],
    sink: Arc<ConnectionSink>,
) -> anyhow::Result<TcpTransport> {
    let addresses: Vec<(sip_core::transaction::Transport, SocketAddr)> = listeners
        .iter()
        .filter(|listener| is_stream(listener))
        .map(|listener| (sip_transport(listener.transport), listener.bind))
        .collect();
    let tls = read_tls(&config.sip.tls).context("SIP over TLS cannot be spoken; see `sip.tls`")?;
    if let Some(tls) = &tls {
        tokio::spawn(Arc::clone(tls).follow());
    }
    let ping = Duration::from_secs(config.sip.keepalive_interval_s.into());
    let options = TcpConfig {
        connections_max: usize::try_from(config.sip.tcp_connections_max)?,
        idle_timeout: Duration::from_secs(config.sip.tcp_idle_timeout_s.into()),
        connections_per_address_max: usize::try_from(config.sip.tcp_connections_per_address_max)?,
        message_timeout: Duration::from_secs(config.sip.tcp_message_timeout_s.into()),
        queue_max: usize::try_from(config.sip.tcp_queue_max)?,
        limits: config.message_limits(),
        ping_interval: (!ping.is_zero()).then_some(ping),
        ..TcpConfig::default()
    };
    let tcp = TcpTransport::start(&addresses, options, tls, sink)
        .context("SIP cannot be spoken; change `sip.listeners` (DIDTRON_SIP_LISTENERS)")?;
    let bound = tcp.local_addresses().iter();
    let streams = listeners.iter_mut().filter(|listener| is_stream(listener));
    streams
        .zip(bound)
        .for_each(|(listener, bound)| note_port(listener, *bound));
    Ok(tcp)
}

fn is_stream(listener: &Listener) -> bool {
    listener.transport != Transport::Udp
}

fn read_tls(config: &SipTlsConfig) -> anyhow::Result<Option<Arc<Tls>>> {
    if config.certificate_file.as_os_str().is_empty() {
        return Ok(None);
    }
    let named = |path: &Path| (!path.as_os_str().is_empty()).then(|| PathBuf::from(path));
    let settings = TlsSettings {
        certificate: config.certificate_file.clone(),
        key: config.key_file.clone(),
        client_roots: named(&config.client_roots_file),
        server_roots: named(&config.server_roots_file),
        verification: config.verify_servers.into(),
    };
    Ok(Some(Tls::read(settings)?))
}
