//! Who is behind a proxy on this machine.
//!
//! To what looks at addresses (delays after failed sign-ins, the audit log, what only this machine
//! may read) all that a proxy forwards would come from the proxy, and so from this machine.

use crate::state::AppState;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

const FORWARDED_FOR: &str = "x-forwarded-for";

/// An address that is forwarded and cannot be read: it is not this machine.
const UNREADABLE: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// Puts the address that the proxy saw in the place of the proxy's own. Only where the settings say
/// that there is a proxy, and only when the request comes from this machine: from anywhere else the
/// header is what a client made up.
pub(crate) async fn see_through(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let is_here = peer.is_some_and(|peer| peer.0.ip().to_canonical().is_loopback());
    if state.behind_proxy
        && is_here
        && let Some(address) = forwarded_for(request.headers())
    {
        let client = ConnectInfo(SocketAddr::new(address, 0));
        request.extensions_mut().insert(client);
    }
    next.run(request).await
}

/// The last address of the header, which the proxy itself has written; those before it came from
/// the client. `None` without the header.
fn forwarded_for(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all(FORWARDED_FOR).iter().next_back()?;
    let last = last.to_str().unwrap_or_default();
    let last = last.rsplit(',').next().unwrap_or_default().trim();
    let with_port = || last.parse::<SocketAddr>().ok().map(|address| address.ip());
    let address = last.parse().ok().or_else(with_port);
    Some(address.unwrap_or(UNREADABLE))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn found(values: &[&'static str]) -> Option<String> {
        let name = HeaderName::from_static(FORWARDED_FOR);
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(&name, HeaderValue::from_static(value));
        }
        forwarded_for(&headers).map(|address| address.to_string())
    }

    #[test]
    fn the_last_address_is_the_proxys_word() {
        assert_eq!(found(&[]), None);
        assert_eq!(found(&["192.0.2.1"]).unwrap(), "192.0.2.1");
        assert_eq!(found(&["127.0.0.1, 192.0.2.1"]).unwrap(), "192.0.2.1");
        assert_eq!(found(&["127.0.0.1", "192.0.2.1"]).unwrap(), "192.0.2.1");
        assert_eq!(found(&["192.0.2.1:4711"]).unwrap(), "192.0.2.1");
        assert_eq!(found(&["[2001:db8::1]:80"]).unwrap(), "2001:db8::1");
        assert_eq!(found(&["2001:db8::1"]).unwrap(), "2001:db8::1");
    }

    #[test]
    fn what_cannot_be_read_is_not_this_machine() {
        for text in ["", "unknown", "127.0.0.1,"] {
            assert_eq!(found(&[text]).unwrap(), "::", "{text}");
        }
    }
}
