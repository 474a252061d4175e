//! A relay of fixed sessions between two addresses, for load tools.
//!
//! ```text
//! fixed_relay 127.0.0.14:20000 2500 127.0.3.1:40000 127.0.3.2:40000 [threads]
//! ```
//!
//! Session `i` faces the first peer at port `base + 4i` and the second at `base + 4i + 2`, as the
//! trivial relay of the reference figures does. All sessions of a side share one peer address. It
//! runs until it is killed.

use media_relay::RemoteMedia;
use media_relay::io::{MediaRelay, RelayConfig, SessionMedia};
use media_relay::ports::{PORTS_PER_SESSION, PortRange, RelayAddress};
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [base, sessions, ingress, egress, rest @ ..] = arguments.as_slice() else {
        return Err("usage: fixed_relay IP:PORT SESSIONS INGRESS EGRESS [THREADS]".into());
    };
    let base: SocketAddr = base.parse()?;
    let sessions: u16 = sessions.parse()?;
    let (ingress, egress): (SocketAddr, SocketAddr) = (ingress.parse()?, egress.parse()?);
    let last = sessions
        .checked_mul(PORTS_PER_SESSION)
        .and_then(|ports| base.port().checked_add(ports - 1))
        .ok_or("the ports of so many sessions go beyond 65535")?;
    let config = RelayConfig {
        address: RelayAddress {
            bind: base.ip(),
            advertised: base.ip(),
        },
        ports: PortRange::new(base.port(), last)?,
        sockets_max: usize::MAX,
        threads: rest.first().map_or(Ok(1), |threads| threads.parse())?,
        stock_per_shard: usize::from(sessions),
        quiet_period: Duration::from_secs(5),
    };
    let (_relay, mut links) = MediaRelay::start(&config, &[Arc::new(|| {})])?;
    let link = links.first_mut().ok_or("no link")?;
    let media = SessionMedia {
        ingress: Some(RemoteMedia::new(ingress)),
        egress: Some(RemoteMedia::new(egress)),
        ..SessionMedia::default()
    };
    let mut started = 0;
    while started < sessions {
        match link.take() {
            Some(pair) => {
                link.start(pair.session, media.clone());
                started += 1;
            }
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    }
    loop {
        std::thread::park();
    }
}
