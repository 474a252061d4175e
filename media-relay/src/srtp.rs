//! SRTP and SRTCP (RFC 3711) with the suites of SDES (RFC 4568, RFC 6188, RFC 7714). No I/O, no allocation
//! by packet, all in the caller's buffer.
//!
//! A [`Protector`] seals what is sent under one master key, an [`Opener`] opens what a peer sent under its
//! own. Both keep an index and a window for each source (SSRC), for as long as the key lives: a new
//! description with the same key goes on, another key begins anew.
//!
//! A source in the clear may begin its numbers anew, which nobody who counts wraps could follow. A protector
//! then numbers on where it was.
//!
//! A protector refuses an index that it has sealed before. What it seals comes from somebody else, who might
//! send two payloads under one number; sealed with one keystream, they would give both away.

mod keys;
mod window;

#[cfg(test)]
mod tests;

use keys::SessionKeys;
use std::fmt;
use std::hash::{Hash, Hasher};
use thiserror::Error;
use window::Window;
use zeroize::Zeroizing;

/// A crypto suite of SDES.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Suite {
    /// AES-256 in Galois/Counter mode (RFC 7714).
    AeadAes256Gcm,
    /// AES-128 in Galois/Counter mode (RFC 7714).
    AeadAes128Gcm,
    /// AES-256 in counter mode, 80 bits of HMAC-SHA1 (RFC 6188).
    Aes256CmSha1_80,
    /// The same with 32 bits for RTP.
    Aes256CmSha1_32,
    /// AES-128 in counter mode, 80 bits of HMAC-SHA1: what every endpoint has.
    Aes128CmSha1_80,
    /// The same with 32 bits for RTP.
    Aes128CmSha1_32,
}

/// A master key with its salt, as `inline:` has it. Never shown, and wiped when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey {
    suite: Suite,
    bytes: Zeroizing<[u8; Self::BYTES_MAX]>,
}

/// Why a packet is not sealed or opened. It is dropped then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SrtpError {
    /// It is shorter than its own header says, or than what protects it.
    #[error("not a whole packet")]
    Malformed,
    /// The tag is not that of the key.
    #[error("not sealed with the key that was agreed")]
    Forged,
    /// It came before, or so late that nobody knows.
    #[error("its number was used before")]
    Replayed,
    /// The key had all sources or packets that it may have.
    #[error("the key is used up")]
    UsedUp,
}

/// Bytes that a sealed packet is longer by, at most: an index and a tag of 16 bytes.
pub const OVERHEAD_MAX: usize = 20;

/// Sources of one key that are followed at once. One more takes the place of the one that sent nothing for the
/// longest.
const SOURCES_MAX: usize = 16;
/// Sources that made room. After so many a key serves no further ones: to forget one of them would let its
/// numbers be used again.
const RETIRED_MAX: usize = 4_096;
/// The index of SRTCP has 31 bits.
const RTCP_INDEX_MAX: u32 = (1 << 31) - 1;
/// In the word with the index of SRTCP: the packet is encrypted.
const RTCP_ENCRYPTED: u32 = 1 << 31;
/// Header and SSRC of RTCP are never encrypted.
const RTCP_HEADER: usize = 8;
const RTP_HEADER: usize = 12;
/// Where the sequence number of RTP is.
const SEQUENCE: std::ops::Range<usize> = 2..4;

/// Seals packets.
#[derive(Clone, Debug)]
pub struct Protector {
    keys: Keys,
    sources: Sources,
    next_rtcp: u32,
}

/// Opens packets.
#[derive(Clone, Debug)]
pub struct Opener {
    keys: Keys,
    sources: Sources,
}

#[derive(Clone, Debug)]
struct Keys {
    rtp: SessionKeys,
    rtcp: SessionKeys,
}

#[derive(Clone, Debug, Default)]
struct Sources {
    /// Filled from the front.
    known: [Option<Source>; SOURCES_MAX],
    /// Those that made room for others. What they sent is not known any more, so under this key they are
    /// refused for ever.
    retired: Vec<u32>,
    /// Counts looks at sources.
    looks: u64,
}

#[derive(Clone, Copy, Debug)]
struct Source {
    ssrc: u32,
    rtp: Window,
    rtcp: Window,
    /// What is added to the numbers of a source that began them anew, when it is sealed.
    shift: u16,
    /// The number after the latest one from long ago.
    stray: Option<u16>,
    /// The latest look at it.
    looked_at: u64,
}

impl Suite {
    /// All, the strongest first.
    pub const ALL: [Self; 6] = [
        Self::AeadAes256Gcm,
        Self::AeadAes128Gcm,
        Self::Aes256CmSha1_80,
        Self::Aes256CmSha1_32,
        Self::Aes128CmSha1_80,
        Self::Aes128CmSha1_32,
    ];

    /// Its name in `a=crypto`.
    pub fn name(self) -> &'static str {
        match self {
            Self::AeadAes256Gcm => "AEAD_AES_256_GCM",
            Self::AeadAes128Gcm => "AEAD_AES_128_GCM",
            Self::Aes256CmSha1_80 => "AES_256_CM_HMAC_SHA1_80",
            Self::Aes256CmSha1_32 => "AES_256_CM_HMAC_SHA1_32",
            Self::Aes128CmSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Self::Aes128CmSha1_32 => "AES_CM_128_HMAC_SHA1_32",
        }
    }

    /// The suite with this name, in any case of letters.
    pub fn from_name(name: &str) -> Option<Self> {
        let is_named = |suite: &Self| suite.name().eq_ignore_ascii_case(name);
        Self::ALL.into_iter().find(is_named)
    }

    /// Bytes of a master key and of its salt.
    pub fn key_and_salt(self) -> (usize, usize) {
        match self {
            Self::AeadAes256Gcm => (32, 12),
            Self::AeadAes128Gcm => (16, 12),
            Self::Aes256CmSha1_80 | Self::Aes256CmSha1_32 => (32, 14),
            Self::Aes128CmSha1_80 | Self::Aes128CmSha1_32 => (16, 14),
        }
    }

    /// Bytes of the tag of HMAC-SHA1 for RTP. That of RTCP is always of 10 (RFC 4568 §6.2, RFC 6188 §3).
    fn rtp_tag(self) -> usize {
        match self {
            Self::Aes256CmSha1_32 | Self::Aes128CmSha1_32 => 4,
            _ => 10,
        }
    }
}

impl MasterKey {
    /// The longest key with its salt.
    pub const BYTES_MAX: usize = 46;

    /// Of the bytes that `inline:` has in Base64, or of random ones; `None` when they are not as many as
    /// the suite has.
    pub fn new(suite: Suite, bytes: &[u8]) -> Option<Self> {
        let (key, salt) = suite.key_and_salt();
        if bytes.len() != key + salt {
            return None;
        }
        let mut kept = Zeroizing::new([0; Self::BYTES_MAX]);
        kept[..bytes.len()].copy_from_slice(bytes);
        Some(Self { suite, bytes: kept })
    }

    /// Its suite.
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// Key and salt, for a description. Their reader must not log or keep them.
    pub fn bytes(&self) -> &[u8] {
        let (key, salt) = self.suite.key_and_salt();
        &self.bytes[..key + salt]
    }
}

impl Hash for MasterKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.suite, self.bytes()).hash(state);
    }
}

/// Without the key.
impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKey")
            .field("suite", &self.suite)
            .finish_non_exhaustive()
    }
}

impl Protector {
    /// Seals by `key`, which nobody else seals by.
    pub fn new(key: &MasterKey) -> Self {
        Self {
            keys: Keys::new(key),
            sources: Sources::default(),
            next_rtcp: 0,
        }
    }

    /// Seals the RTP packet that `buffer` begins with, in its place; `length` is its length now. Gives the
    /// length after. The buffer must have [`OVERHEAD_MAX`] bytes more.
    ///
    /// # Errors
    /// See [`SrtpError`]. The packet may be changed then.
    pub fn seal_rtp(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, SrtpError> {
        let packet = buffer.get(..length).ok_or(SrtpError::Malformed)?;
        let (header, ssrc, sequence) = rtp_header(packet)?;
        let source = self.sources.entry(ssrc)?;
        let index = source.number(sequence)?;
        buffer[SEQUENCE].copy_from_slice(&(index as u16).to_be_bytes());
        self.keys.rtp.seal_rtp(buffer, header, length, ssrc, index)
    }

    /// The same of an RTCP datagram.
    ///
    /// # Errors
    /// See [`SrtpError`]. The packet may be changed then.
    pub fn seal_rtcp(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, SrtpError> {
        let packet = buffer.get(..length).ok_or(SrtpError::Malformed)?;
        let ssrc = rtcp_source(packet)?;
        let index = self.next_rtcp;
        if index > RTCP_INDEX_MAX {
            return Err(SrtpError::UsedUp);
        }
        self.next_rtcp += 1;
        self.keys.rtcp.seal_rtcp(buffer, length, ssrc, index)
    }
}

impl Opener {
    /// Opens what was sealed by `key`.
    pub fn new(key: &MasterKey) -> Self {
        Self {
            keys: Keys::new(key),
            sources: Sources::default(),
        }
    }

    /// Opens an SRTP packet in its place and gives its length then. `hint`: the index that it has by the key
    /// before, which a source that is new under this one may go on with.
    ///
    /// # Errors
    /// See [`SrtpError`]. Nothing is learned from such a packet.
    pub fn open_rtp(&mut self, packet: &mut [u8], hint: Option<u64>) -> Result<usize, SrtpError> {
        let (header, ssrc, sequence) = rtp_header(packet)?;
        let known = self.sources.known(ssrc);
        let source = known.unwrap_or_else(|| Source::new(ssrc));
        let index = source.rtp.index_of(sequence).ok_or(SrtpError::Replayed)?;
        if !source.rtp.is_empty() {
            return self.open_at(packet, header, source, index);
        }
        // How often the numbers of a source that was not heard yet have wrapped nobody knows: not at all, as
        // often as under the key before (RFC 3711 §3.3.1), or once, when its beginning was lost.
        let once = 1 << 16 | u64::from(sequence);
        let tried = [Some(index), hint.filter(|hint| *hint != index), Some(once)];
        let mut opened = Err(SrtpError::Forged);
        for index in tried.into_iter().flatten() {
            opened = self.open_at(packet, header, source, index);
            if opened != Err(SrtpError::Forged) {
                break;
            }
        }
        opened
    }

    fn open_at(
        &mut self,
        packet: &mut [u8],
        header: usize,
        mut source: Source,
        index: u64,
    ) -> Result<usize, SrtpError> {
        source.rtp.take(index)?;
        let length = self.keys.rtp.open_rtp(packet, header, source.ssrc, index)?;
        self.sources.put(source)?;
        Ok(length)
    }

    /// The index that an RTP packet would have by what is known of its source; `None` when it was not heard.
    pub fn index_of(&self, packet: &[u8]) -> Option<u64> {
        let (_, ssrc, sequence) = rtp_header(packet).ok()?;
        let source = self
            .sources
            .known(ssrc)
            .filter(|source| !source.rtp.is_empty())?;
        source.rtp.index_of(sequence)
    }

    /// Opens an SRTCP datagram in its place and gives its length then.
    ///
    /// # Errors
    /// See [`SrtpError`]. Nothing is learned from such a packet.
    pub fn open_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let ssrc = rtcp_source(packet)?;
        let word = self.keys.rtcp.rtcp_word(packet)?;
        let mut source = self
            .sources
            .known(ssrc)
            .unwrap_or_else(|| Source::new(ssrc));
        source.rtcp.take(u64::from(word & !RTCP_ENCRYPTED))?;
        let length = self.keys.rtcp.open_rtcp(packet, ssrc, word)?;
        self.sources.put(source)?;
        Ok(length)
    }
}

impl Keys {
    fn new(master: &MasterKey) -> Self {
        Self {
            rtp: SessionKeys::rtp(master),
            rtcp: SessionKeys::rtcp(master),
        }
    }
}

impl Sources {
    fn known(&self, ssrc: u32) -> Option<Source> {
        let mut known = self.known.iter().flatten();
        known.find(|source| source.ssrc == ssrc).copied()
    }

    /// The place of a source, a new one if it is new: then the one that sent nothing for the longest makes room.
    fn entry(&mut self, ssrc: u32) -> Result<&mut Source, SrtpError> {
        self.looks += 1;
        let is_it = |place: &Option<Source>| place.is_none_or(|source| source.ssrc == ssrc);
        let place = match self.known.iter().position(is_it) {
            Some(place) => place,
            None => self.make_room(ssrc)?,
        };
        if self.known[place].is_none() && self.retired.contains(&ssrc) {
            return Err(SrtpError::UsedUp);
        }
        let source = self.known[place].get_or_insert_with(|| Source::new(ssrc));
        source.looked_at = self.looks;
        Ok(source)
    }

    /// Keeps what is known of a source now.
    fn put(&mut self, source: Source) -> Result<(), SrtpError> {
        let place = self.entry(source.ssrc)?;
        let looked_at = place.looked_at;
        *place = Source {
            looked_at,
            ..source
        };
        Ok(())
    }

    fn make_room(&mut self, ssrc: u32) -> Result<usize, SrtpError> {
        if self.retired.len() >= RETIRED_MAX || self.retired.contains(&ssrc) {
            return Err(SrtpError::UsedUp);
        }
        let looked_at = |place: &Option<Source>| place.map_or(0, |source| source.looked_at);
        let places = self.known.iter().enumerate();
        let oldest = places.min_by_key(|(_, place)| looked_at(place));
        let (place, _) = oldest.ok_or(SrtpError::UsedUp)?;
        self.retired
            .extend(self.known[place].take().map(|source| source.ssrc));
        Ok(place)
    }
}

impl Source {
    fn new(ssrc: u32) -> Self {
        Self {
            ssrc,
            rtp: Window::default(),
            rtcp: Window::default(),
            shift: 0,
            stray: None,
            looked_at: 0,
        }
    }

    /// The index under which a packet with this number is sealed. Two packets in order with numbers from long
    /// ago are a source that began anew (RFC 3550 Appendix A.1).
    fn number(&mut self, sequence: u16) -> Result<u64, SrtpError> {
        let wanted = self.rtp.index_of(sequence.wrapping_add(self.shift));
        if wanted.is_none_or(|index| self.rtp.is_long_ago(index)) {
            if self.stray.replace(sequence.wrapping_add(1)) != Some(sequence) {
                return Err(SrtpError::Replayed);
            }
            let next = self.rtp.next().ok_or(SrtpError::UsedUp)?;
            self.shift = (next as u16).wrapping_sub(sequence);
            return self.take(next);
        }
        self.take(wanted.ok_or(SrtpError::Replayed)?)
    }

    fn take(&mut self, index: u64) -> Result<u64, SrtpError> {
        self.rtp.take(index)?;
        self.stray = None;
        Ok(index)
    }
}

/// Where the payload begins, the source and the sequence number (RFC 3550 §5.1 and §5.3.1).
fn rtp_header(packet: &[u8]) -> Result<(usize, u32, u16), SrtpError> {
    let &[first, _, s0, s1, _, _, _, _, i0, i1, i2, i3, ..] = packet else {
        return Err(SrtpError::Malformed);
    };
    let mut header = RTP_HEADER + 4 * usize::from(first & 0x0f);
    if first & 0x10 != 0 {
        let Some(&[_, _, high, low]) = packet.get(header..header + 4) else {
            return Err(SrtpError::Malformed);
        };
        header += 4 + 4 * usize::from(u16::from_be_bytes([high, low]));
    }
    if header > packet.len() {
        return Err(SrtpError::Malformed);
    }
    let ssrc = u32::from_be_bytes([i0, i1, i2, i3]);
    Ok((header, ssrc, u16::from_be_bytes([s0, s1])))
}

fn rtcp_source(packet: &[u8]) -> Result<u32, SrtpError> {
    match *packet {
        [_, _, _, _, i0, i1, i2, i3, ..] => Ok(u32::from_be_bytes([i0, i1, i2, i3])),
        _ => Err(SrtpError::Malformed),
    }
}
