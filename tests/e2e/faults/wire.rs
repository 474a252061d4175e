//! The wire between switch and database, that a test can cut.

use crate::ports::free_port;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// Carries bytes both ways until it is cut. Dropping it cuts it.
pub(super) struct Wire {
    /// Where the database seems to be.
    pub(super) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

struct State {
    is_cut: bool,
    /// Ends of the connections that are up.
    ends: Vec<TcpStream>,
}

impl Wire {
    pub(super) fn to(database: SocketAddr) -> Self {
        let address = free_port("127.0.0.1");
        let listener = TcpListener::bind(address).unwrap();
        let state = Arc::new(Mutex::new(State {
            is_cut: false,
            ends: Vec::new(),
        }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
                // Whoever comes while the wire is cut is sent away, as by a server that is not there.
                if !state.is_cut
                    && let Ok(server) = TcpStream::connect(database)
                {
                    let _ = state.join(client, server);
                }
            }
        });
        Self { address, state }
    }

    /// Ends every connection, in the middle of whatever it carries, and lets no new one through.
    pub(super) fn cut(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.is_cut = true;
        for end in state.ends.drain(..) {
            let _ = end.shutdown(Shutdown::Both);
        }
    }

    pub(super) fn mend(&self) {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_cut = false;
    }
}

impl State {
    fn join(&mut self, client: TcpStream, server: TcpStream) -> io::Result<()> {
        // As the ends of it do: a long statement comes in pieces, and the last must not wait.
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        self.ends.push(client.try_clone()?);
        self.ends.push(server.try_clone()?);
        for (mut from, mut to) in [(client.try_clone()?, server.try_clone()?), (server, client)] {
            std::thread::spawn(move || {
                let _ = io::copy(&mut from, &mut to);
                let _ = from.shutdown(Shutdown::Both);
                let _ = to.shutdown(Shutdown::Both);
            });
        }
        Ok(())
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.cut();
    }
}
