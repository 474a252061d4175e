//! Sets sessions up by rtpengine's control protocol.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::time::{Duration, Instant};

/// The way to a relay that is asked for sessions.
pub(crate) struct Link {
    socket: UdpSocket,
    relay: SocketAddrV4,
}

impl Link {
    /// Waits until the relay at `relay` answers.
    pub(crate) fn open(from: Ipv4Addr, relay: SocketAddrV4) -> Self {
        let socket = UdpSocket::bind((from, 0)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(500)))
            .unwrap();
        let link = Self { socket, relay };
        let deadline = Instant::now() + Duration::from_secs(10);
        while link.ask("0 d7:command4:pinge").is_none() {
            assert!(Instant::now() < deadline, "rtpengine does not answer");
            std::thread::sleep(Duration::from_millis(100));
        }
        link
    }

    /// Where A sends and where B sends in a new session.
    pub(crate) fn session(
        &self,
        session: u16,
        a: SocketAddrV4,
        b: SocketAddrV4,
    ) -> [SocketAddr; 2] {
        let offer = command(session, "offer", a, &[("from-tag", "a")]);
        let towards_b = self.ask(&offer).and_then(|reply| media_address(&reply));
        let answer = command(session, "answer", b, &[("from-tag", "a"), ("to-tag", "b")]);
        let towards_a = self.ask(&answer).and_then(|reply| media_address(&reply));
        // What A is told is where A sends.
        [towards_a.unwrap(), towards_b.unwrap()]
    }

    fn ask(&self, command: &str) -> Option<String> {
        self.socket.send_to(command.as_bytes(), self.relay).ok()?;
        let mut reply = vec![0; 8_192];
        let length = self.socket.recv(&mut reply).ok()?;
        String::from_utf8(reply[..length].to_vec()).ok()
    }
}

/// A command of rtpengine's control protocol: a cookie and a bencoded dictionary.
fn command(session: u16, name: &str, peer: SocketAddrV4, tags: &[(&str, &str)]) -> String {
    let (ip, port) = (peer.ip(), peer.port());
    let sdp = format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\n"
    );
    let call = format!("bench-{session}");
    let mut fields = vec![("command", name), ("call-id", &call), ("sdp", &sdp)];
    fields.extend(tags);
    fields.sort_unstable();
    let text = |text: &str| format!("{}:{text}", text.len());
    let fields: String = fields
        .iter()
        .map(|(key, value)| text(key) + &text(value))
        .collect();
    format!("{name}{session} d{fields}e")
}

fn media_address(reply: &str) -> Option<SocketAddr> {
    let after = |mark: &str| reply.split_once(mark)?.1.split([' ', '\r']).next();
    let ip: Ipv4Addr = after("c=IN IP4 ")?.parse().ok()?;
    Some((ip, after("m=audio ")?.parse().ok()?).into())
}
