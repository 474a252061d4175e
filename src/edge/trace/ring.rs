//! A ring of bytes that holds the newest messages, chained by their Call-ID.

use mgmt_api::switch_port::{TraceDirection, TraceMessage};
use rating::Timestamp;
use rating::cdr::Transport;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Bytes of an entry before the message.
const HEAD: usize = 8 + 8 + 8 + 2 * 18 + 1 + 1 + 2;
/// Bytes of the ring for each place in the table of chains: a leg takes more.
const BYTES_PER_PLACE: usize = 1_024;
/// Places that one chain may take.
const WAYS: usize = 4;
/// Entries that are copied for one Call-ID, the newest: whoever reuses one makes no copy longer.
pub(super) const ENTRIES_MAX: usize = 512;
/// Bytes that are copied for one Call-ID.
pub(super) const COPY_MAX: usize = 256 << 10;
/// No entry has this position.
const NONE: u64 = u64::MAX;

/// Read or sent, as seen from the switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Received,
    Sent,
}

/// A message to take down.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Note<'a> {
    pub(crate) at: Timestamp,
    pub(crate) way: Way,
    pub(crate) transport: Transport,
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
    pub(crate) bytes: &'a [u8],
}

/// The newest entry of a Call-ID.
#[derive(Clone, Copy, Debug)]
struct Chain {
    key: u64,
    last: u64,
}

/// Entries lie one after the other and are overwritten from the oldest on. A position counts all
/// bytes ever written, so an entry is whole as long as it is no further back than the ring is long.
pub(super) struct Ring {
    bytes: Box<[u8]>,
    written: u64,
    chains: Box<[Chain]>,
}

impl Ring {
    pub(super) fn new(bytes: usize) -> Self {
        let places = (bytes / BYTES_PER_PLACE).next_multiple_of(WAYS);
        Self {
            bytes: vec![0; bytes].into_boxed_slice(),
            written: 0,
            chains: vec![Chain { key: 0, last: NONE }; places].into_boxed_slice(),
        }
    }

    pub(super) fn is_off(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Takes a message down under its key. One that is longer than a quarter of the ring is left out.
    pub(super) fn push(&mut self, key: u64, note: &Note<'_>) {
        let length = HEAD + note.bytes.len();
        let Ok(message_len) = u16::try_from(note.bytes.len()) else {
            return;
        };
        if length > self.bytes.len() / 4 {
            return;
        }
        let position = self.room_for(length);
        let chain = self.chain(key);
        let previous = if chain.key == key { chain.last } else { NONE };
        *chain = Chain {
            key,
            last: position,
        };
        let at = self.offset(position);
        let (head, message) = self.bytes[at..at + length].split_at_mut(HEAD);
        write_head(head, key, previous, note, message_len);
        message.copy_from_slice(note.bytes);
    }

    /// Appends the entries of these keys, whole, oldest first; of each key the newest ones, up to
    /// [`ENTRIES_MAX`] and [`COPY_MAX`].
    pub(super) fn copy(&self, keys: &[u64], out: &mut Vec<u8>) {
        let mut found: Vec<u64> = keys.iter().flat_map(|key| self.positions(*key)).collect();
        found.sort_unstable();
        found.dedup();
        for position in found {
            let entry = &self.bytes[self.offset(position)..];
            let entry = &entry[..entry_len(entry)];
            let message = out.len() + HEAD;
            out.extend_from_slice(entry);
            // Here and not in each message that comes: few are ever read.
            super::keys::mask(&mut out[message..]);
        }
    }

    /// Newest first, within the limits of a copy.
    fn positions(&self, key: u64) -> Vec<u64> {
        let mut found = Vec::new();
        let set = self.set_of(key);
        let chain = self.chains.get(set..set + WAYS).unwrap_or(&[]);
        let mut next = chain
            .iter()
            .find(|chain| chain.key == key)
            .map_or(NONE, |chain| chain.last);
        let mut bytes = 0;
        while self.is_whole(next) && found.len() < ENTRIES_MAX {
            let entry = &self.bytes[self.offset(next)..];
            bytes += entry_len(entry);
            if bytes > COPY_MAX {
                break;
            }
            found.push(next);
            let before = read_u64(entry, 8);
            // A chain only leads back.
            next = if before < next { before } else { NONE };
        }
        found
    }

    fn is_whole(&self, position: u64) -> bool {
        position != NONE && self.written - position <= self.bytes.len() as u64
    }

    /// Where the next entry goes. It never wraps: what is left at the end is skipped.
    fn room_for(&mut self, length: usize) -> u64 {
        let left = self.bytes.len() - self.offset(self.written);
        if left < length {
            self.written += left as u64;
        }
        let position = self.written;
        self.written += length as u64;
        position
    }

    fn offset(&self, position: u64) -> usize {
        (position % self.bytes.len() as u64) as usize
    }

    fn set_of(&self, key: u64) -> usize {
        let sets = (self.chains.len() / WAYS).max(1) as u64;
        (key % sets) as usize * WAYS
    }

    /// The place of a key, or the one whose entry is oldest.
    fn chain(&mut self, key: u64) -> &mut Chain {
        let set = self.set_of(key);
        let chains = &mut self.chains[set..set + WAYS];
        let own = chains
            .iter()
            .position(|chain| chain.key == key && chain.last != NONE);
        let oldest = || (0..WAYS).min_by_key(|place| chains[*place].last.wrapping_add(1));
        let place = own.or_else(oldest).unwrap_or(0);
        &mut chains[place]
    }
}

/// The entries of a copy.
pub(super) fn read(mut entries: &[u8]) -> Vec<TraceMessage> {
    let mut messages = Vec::new();
    while entries.len() >= HEAD {
        let (entry, rest) = entries.split_at(entry_len(entries).min(entries.len()));
        messages.push(TraceMessage {
            at: Timestamp(read_u64(entry, 16).cast_signed()),
            local: read_address(entry, 24),
            remote: read_address(entry, 42),
            direction: match entry[60] {
                0 => TraceDirection::Received,
                _ => TraceDirection::Sent,
            },
            transport: transport_of(entry[61]),
            bytes: entry[HEAD..].to_vec(),
        });
        entries = rest;
    }
    messages
}

fn write_head(head: &mut [u8], key: u64, previous: u64, note: &Note<'_>, length: u16) {
    head[..8].copy_from_slice(&key.to_be_bytes());
    head[8..16].copy_from_slice(&previous.to_be_bytes());
    head[16..24].copy_from_slice(&note.at.0.to_be_bytes());
    write_address(&mut head[24..42], note.local);
    write_address(&mut head[42..60], note.remote);
    head[60] = u8::from(note.way == Way::Sent);
    head[61] = number_of(note.transport);
    head[62..64].copy_from_slice(&length.to_be_bytes());
}

const TRANSPORTS: [Transport; 5] = [
    Transport::Udp,
    Transport::Tcp,
    Transport::Tls,
    Transport::Ws,
    Transport::Wss,
];

fn number_of(transport: Transport) -> u8 {
    let place = TRANSPORTS.iter().position(|known| *known == transport);
    place.map_or(0, |place| place as u8)
}

fn transport_of(number: u8) -> Transport {
    let known = TRANSPORTS.get(usize::from(number));
    known.copied().unwrap_or(Transport::Udp)
}

fn write_address(to: &mut [u8], address: SocketAddr) {
    let ip = match address.ip() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    };
    to[..16].copy_from_slice(&ip.octets());
    to[16..18].copy_from_slice(&address.port().to_be_bytes());
}

fn read_address(entry: &[u8], at: usize) -> SocketAddr {
    let mut ip = [0; 16];
    ip.copy_from_slice(&entry[at..at + 16]);
    let port = u16::from_be_bytes([entry[at + 16], entry[at + 17]]);
    SocketAddr::new(IpAddr::V6(Ipv6Addr::from(ip)).to_canonical(), port)
}

fn read_u64(entry: &[u8], at: usize) -> u64 {
    let mut number = [0; 8];
    number.copy_from_slice(&entry[at..at + 8]);
    u64::from_be_bytes(number)
}

fn entry_len(entry: &[u8]) -> usize {
    HEAD + usize::from(u16::from_be_bytes([entry[62], entry[63]]))
}
