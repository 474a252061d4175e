//! The table of connections and the one task that owns it.

use super::connection::{self, Context, Ended, Origin};
use super::{ConnectionId, TcpConfig, TcpCounters, TcpDestination, TcpSink, Unreachable};
use crate::transaction::{HostNumber, Transport};
use crate::transport::tls::Tls;
use crate::transport::{Evidence, UnreachableReason};
use bytes::Bytes;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinError, JoinSet};

#[derive(Debug)]
pub(super) enum Command {
    Send(TcpDestination, Bytes),
    Accepted(TcpStream, SocketAddr, Transport),
    ShutDown(Duration),
}

pub(super) struct Registry {
    config: TcpConfig,
    tls: Option<Arc<Tls>>,
    sink: Arc<dyn TcpSink>,
    counters: Arc<TcpCounters>,
    next_id: u64,
    connections: HashMap<ConnectionId, Entry>,
    /// The newest connection between two addresses.
    by_ends: HashMap<Ends, ConnectionId>,
    per_address: HashMap<IpAddr, usize>,
    tasks: JoinSet<Ended>,
    /// The connection of each task, for the case that one panics.
    ids: HashMap<tokio::task::Id, ConnectionId>,
}

/// Who is at each end, and what is spoken between them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Ends {
    transport: Transport,
    local: IpAddr,
    peer: SocketAddr,
    /// Whom the peer has proved to be, when we opened a connection to a name.
    host: Option<HostNumber>,
}

struct Entry {
    queue: mpsc::Sender<Bytes>,
    ends: Ends,
    task: AbortHandle,
}

impl Registry {
    pub(super) fn new(
        config: TcpConfig,
        tls: Option<Arc<Tls>>,
        sink: Arc<dyn TcpSink>,
        counters: Arc<TcpCounters>,
    ) -> Self {
        Self {
            config,
            tls,
            sink,
            counters,
            next_id: 0,
            connections: HashMap::new(),
            by_ends: HashMap::new(),
            per_address: HashMap::new(),
            tasks: JoinSet::new(),
            ids: HashMap::new(),
        }
    }

    /// Serves until told to stop, or until nobody is left who could tell.
    pub(super) async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let grace = loop {
            tokio::select! {
                // Ended connections first, so that no message is put into a queue without reader.
                biased;
                Some(ended) = self.tasks.join_next_with_id() => self.ended(ended),
                command = commands.recv() => match command {
                    Some(Command::Send(destination, message)) => self.send(&destination, message),
                    Some(Command::Accepted(stream, peer, transport)) => {
                        self.accepted(stream, peer, transport);
                    }
                    Some(Command::ShutDown(grace)) => break grace,
                    None => break Duration::ZERO,
                },
            }
        };
        self.close(grace).await;
    }

    fn send(&mut self, destination: &TcpDestination, message: Bytes) {
        let ends = Ends {
            transport: destination.transport,
            local: destination.local,
            peer: destination.peer,
            host: destination.host,
        };
        let known = [destination.connection, self.by_ends.get(&ends).copied()];
        let mut message = message;
        for id in known.into_iter().flatten() {
            match self.enqueue(id, message) {
                Ok(()) => return,
                Err(back) => message = back,
            }
        }
        // RFC 7118 §5: browsers can be reached only by the connection that they opened.
        if !can_be_opened(destination.transport) {
            return self.report(ends, UnreachableReason::ConnectionLost);
        }
        if !self.has_room_for(destination.peer.ip()) {
            TcpCounters::add(&self.counters.refused);
            return self.report(ends, UnreachableReason::LocalFailure);
        }
        TcpCounters::add(&self.counters.opened);
        let origin = Origin::Open {
            ends: (destination.local, destination.peer),
        };
        let id = self.spawn(ends, origin);
        let queued = self.enqueue(id, message);
        debug_assert!(queued.is_ok(), "a queue just made has room");
    }

    /// Gives the message back if the connection is gone. A full queue costs the connection.
    fn enqueue(&mut self, id: ConnectionId, message: Bytes) -> Result<(), Bytes> {
        let Some(entry) = self.connections.get(&id) else {
            return Err(message);
        };
        match entry.queue.try_send(message) {
            Ok(()) => Ok(()),
            Err(mpsc::error::TrySendError::Closed(message)) => Err(message),
            Err(mpsc::error::TrySendError::Full(_)) => {
                TcpCounters::add(&self.counters.stalled);
                let ends = entry.ends;
                entry.task.abort();
                self.forget(id);
                self.report(ends, UnreachableReason::Stalled);
                Ok(())
            }
        }
    }

    fn accepted(&mut self, stream: TcpStream, peer: SocketAddr, transport: Transport) {
        let Ok(local) = stream.local_addr() else {
            return;
        };
        if !self.sink.accepts(peer.ip()) || !self.has_room_for(peer.ip()) {
            TcpCounters::add(&self.counters.refused);
            return;
        }
        TcpCounters::add(&self.counters.accepted);
        let ends = Ends {
            transport,
            local: local.ip(),
            peer,
            host: None,
        };
        self.spawn(ends, Origin::Accepted(stream));
    }

    fn spawn(&mut self, ends: Ends, origin: Origin) -> ConnectionId {
        self.next_id += 1;
        let id = ConnectionId(self.next_id);
        let (queue, waiting) = mpsc::channel(self.config.queue_max.max(1));
        let context = Context {
            id,
            transport: ends.transport,
            host: ends.host,
            tls: self.tls.clone(),
            config: self.config,
            sink: Arc::clone(&self.sink),
            counters: Arc::clone(&self.counters),
            pongs: queue.downgrade(),
        };
        let task = self.tasks.spawn(connection::run(context, origin, waiting));
        self.ids.insert(task.id(), id);
        self.by_ends.insert(ends, id);
        *self.per_address.entry(ends.peer.ip()).or_default() += 1;
        self.connections.insert(id, Entry { queue, ends, task });
        id
    }

    fn ended(&mut self, ended: Result<(tokio::task::Id, Ended), JoinError>) {
        let (task, report) = match ended {
            Ok((task, ended)) => (task, ended.report),
            Err(error) => {
                if error.is_panic() {
                    tracing::error!(%error, "a connection failed");
                }
                let report = error
                    .is_panic()
                    .then_some(UnreachableReason::ConnectionLost);
                (error.id(), report)
            }
        };
        let Some(id) = self.ids.remove(&task) else {
            return;
        };
        if let Some(ends) = self.forget(id)
            && let Some(reason) = report
        {
            self.report(ends, reason);
        }
    }

    fn forget(&mut self, id: ConnectionId) -> Option<Ends> {
        let ends = self.connections.remove(&id)?.ends;
        if self.by_ends.get(&ends) == Some(&id) {
            self.by_ends.remove(&ends);
        }
        if let Some(count) = self.per_address.get_mut(&ends.peer.ip()) {
            *count -= 1;
            if *count == 0 {
                self.per_address.remove(&ends.peer.ip());
            }
        }
        Some(ends)
    }

    fn has_room_for(&self, peer: IpAddr) -> bool {
        let of_peer = self.per_address.get(&peer).copied().unwrap_or(0);
        self.connections.len() < self.config.connections_max
            && of_peer < self.config.connections_per_address_max
    }

    fn report(&self, ends: Ends, reason: UnreachableReason) {
        let unreachable = Unreachable {
            destination: ends.peer,
            host: ends.host,
            reason,
            evidence: Evidence::Certain,
        };
        self.sink.unreachable(ends.transport, unreachable);
    }

    /// Without senders the tasks write what waits and end.
    async fn close(mut self, grace: Duration) {
        self.connections.clear();
        let all_ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(grace, all_ended).await.is_err() {
            tracing::info!(
                left = self.tasks.len(),
                "connections cut at the end of the grace time"
            );
            self.tasks.shutdown().await;
        }
    }
}

/// Whether we may connect, or only a peer to us.
fn can_be_opened(transport: Transport) -> bool {
    matches!(transport, Transport::Tcp | Transport::Tls)
}
