//! The keys of a session, and what they do to a packet.

use super::{MasterKey, RTCP_ENCRYPTED, RTCP_HEADER, SrtpError, Suite};
use aes::cipher::{BlockCipherEncrypt as _, KeyInit as _};
use aes::{Aes128, Aes256, Block};
use aes_gcm::aead::{AeadInOut as _, inout::InOutBuf};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use hmac::{Hmac, Mac as _};
use sha1::Sha1;
use std::fmt;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// Bytes of a salt. A shorter one ends in zeros.
const SALT: usize = 14;
/// Bytes of a key for HMAC-SHA1, and of what it gives.
const SHA1: usize = 20;
/// The word with the index of SRTCP.
const WORD: usize = 4;
const GCM_TAG: usize = 16;
/// Blocks of keystream made at a time: as many as AES units work on side by side.
const BLOCKS: usize = 8;
const BLOCK: usize = 16;

/// What a key is for (RFC 3711 §4.3.2): of RTP; of RTCP each is three more.
const CIPHER: u8 = 0;
const AUTHENTICATION: u8 = 1;
const SALTING: u8 = 2;
const OF_RTCP: u8 = 3;

/// Keys of RTP, or of RTCP.
#[derive(Clone)]
pub(super) struct SessionKeys {
    transform: Transform,
    salt: Zeroizing<[u8; SALT]>,
}

#[derive(Clone)]
enum Transform {
    CounterMode {
        cipher: CounterCipher,
        mac: Hmac<Sha1>,
        tag: usize,
    },
    Gcm128(Aes128Gcm),
    Gcm256(Aes256Gcm),
}

/// AES in the counter mode of RFC 3711 §4.1.1.
#[derive(Clone)]
pub(super) enum CounterCipher {
    Aes128(Aes128),
    Aes256(Aes256),
}

impl SessionKeys {
    pub(super) fn rtp(master: &MasterKey) -> Self {
        Self::new(master, 0, master.suite().rtp_tag())
    }

    pub(super) fn rtcp(master: &MasterKey) -> Self {
        Self::new(master, OF_RTCP, 10)
    }

    fn new(master: &MasterKey, first: u8, tag: usize) -> Self {
        let key_bytes = master.suite().key_and_salt().0;
        let mut key = Zeroizing::new([0; 32]);
        derive(master, first + CIPHER, &mut key[..key_bytes]);
        let mut mac_key = Zeroizing::new([0; SHA1]);
        derive(master, first + AUTHENTICATION, &mut *mac_key);
        let mut salt = Zeroizing::new([0; SALT]);
        derive(
            master,
            first + SALTING,
            &mut salt[..master.suite().key_and_salt().1],
        );
        Self {
            transform: Transform::new(master.suite(), &key[..key_bytes], &*mac_key, tag),
            salt,
        }
    }

    #[cfg(test)]
    pub(super) fn of_session(suite: Suite, key: &[u8], salt: &[u8]) -> Self {
        let mut padded = Zeroizing::new([0; SALT]);
        padded[..salt.len()].copy_from_slice(salt);
        Self {
            transform: Transform::new(suite, key, &[0; SHA1], 10),
            salt: padded,
        }
    }

    /// Seals the RTP packet that `buffer` begins with and gives its length then.
    pub(super) fn seal_rtp(
        &self,
        buffer: &mut [u8],
        header: usize,
        length: usize,
        ssrc: u32,
        index: u64,
    ) -> Result<usize, SrtpError> {
        let room = buffer.len() - length;
        match &self.transform {
            Transform::CounterMode { cipher, mac, tag } => {
                if room < *tag {
                    return Err(SrtpError::Malformed);
                }
                cipher.apply(self.counter(ssrc, index), &mut buffer[header..length]);
                let code = authenticate(mac, &buffer[..length], &cycles(index));
                buffer[length..length + tag].copy_from_slice(&code[..*tag]);
                Ok(length + tag)
            }
            gcm => {
                if room < GCM_TAG {
                    return Err(SrtpError::Malformed);
                }
                let (head, rest) = buffer.split_at_mut(header);
                let (payload, after) = rest.split_at_mut(length - header);
                let tag = gcm.seal(self.rtp_nonce(ssrc, index), head, payload)?;
                after[..GCM_TAG].copy_from_slice(&tag);
                Ok(length + GCM_TAG)
            }
        }
    }

    /// Opens an SRTP packet and gives its length then.
    pub(super) fn open_rtp(
        &self,
        packet: &mut [u8],
        header: usize,
        ssrc: u32,
        index: u64,
    ) -> Result<usize, SrtpError> {
        match &self.transform {
            Transform::CounterMode { cipher, mac, tag } => {
                let length = end_of(packet, header, *tag)?;
                let code = authenticate(mac, &packet[..length], &cycles(index));
                is_tag(&code[..*tag], &packet[length..])?;
                cipher.apply(self.counter(ssrc, index), &mut packet[header..length]);
                Ok(length)
            }
            gcm => {
                let length = end_of(packet, header, GCM_TAG)?;
                let (head, rest) = packet.split_at_mut(header);
                let (payload, tag) = rest.split_at_mut(length - header);
                gcm.open(self.rtp_nonce(ssrc, index), head, payload, tag)?;
                Ok(length)
            }
        }
    }

    /// Seals the RTCP datagram that `buffer` begins with and gives its length then.
    pub(super) fn seal_rtcp(
        &self,
        buffer: &mut [u8],
        length: usize,
        ssrc: u32,
        index: u32,
    ) -> Result<usize, SrtpError> {
        let word = (index | RTCP_ENCRYPTED).to_be_bytes();
        let room = buffer.len() - length;
        match &self.transform {
            Transform::CounterMode { cipher, mac, tag } => {
                if room < WORD + tag {
                    return Err(SrtpError::Malformed);
                }
                let counter = self.counter(ssrc, index.into());
                cipher.apply(counter, &mut buffer[RTCP_HEADER..length]);
                let end = length + WORD;
                buffer[length..end].copy_from_slice(&word);
                let code = authenticate(mac, &buffer[..end], &[]);
                buffer[end..end + tag].copy_from_slice(&code[..*tag]);
                Ok(end + tag)
            }
            gcm => {
                if room < GCM_TAG + WORD {
                    return Err(SrtpError::Malformed);
                }
                let mut known = [0; RTCP_HEADER + WORD];
                known[..RTCP_HEADER].copy_from_slice(&buffer[..RTCP_HEADER]);
                known[RTCP_HEADER..].copy_from_slice(&word);
                let nonce = self.rtcp_nonce(ssrc, index);
                let tag = gcm.seal(nonce, &known, &mut buffer[RTCP_HEADER..length])?;
                let end = length + GCM_TAG;
                buffer[length..end].copy_from_slice(&tag);
                buffer[end..end + WORD].copy_from_slice(&word);
                Ok(end + WORD)
            }
        }
    }

    /// The word with the index of an SRTCP datagram.
    pub(super) fn rtcp_word(&self, packet: &[u8]) -> Result<u32, SrtpError> {
        let (before, after) = match &self.transform {
            Transform::CounterMode { tag, .. } => (0, *tag),
            _ => (GCM_TAG, 0),
        };
        let end = end_of(packet, RTCP_HEADER + before + WORD, after)?;
        let word = packet[..end].last_chunk::<WORD>();
        word.map(|word| u32::from_be_bytes(*word))
            .ok_or(SrtpError::Malformed)
    }

    /// Opens an SRTCP datagram whose word [`Self::rtcp_word`] has read, and gives its length then. One that
    /// is not encrypted is authenticated all the same.
    pub(super) fn open_rtcp(
        &self,
        packet: &mut [u8],
        ssrc: u32,
        word: u32,
    ) -> Result<usize, SrtpError> {
        let (index, is_encrypted) = (word & !RTCP_ENCRYPTED, word & RTCP_ENCRYPTED != 0);
        match &self.transform {
            Transform::CounterMode { cipher, mac, tag } => {
                let length = end_of(packet, RTCP_HEADER, WORD + tag)?;
                let code = authenticate(mac, &packet[..length + WORD], &[]);
                is_tag(&code[..*tag], &packet[length + WORD..])?;
                if is_encrypted {
                    let counter = self.counter(ssrc, index.into());
                    cipher.apply(counter, &mut packet[RTCP_HEADER..length]);
                }
                Ok(length)
            }
            gcm => {
                let length = end_of(packet, RTCP_HEADER, GCM_TAG + WORD)?;
                // RFC 7714 §9.3: what is not encrypted is all authenticated, and the datagram may be long.
                // Such a datagram has no use between peers that agreed on a key.
                if !is_encrypted {
                    return Err(SrtpError::Forged);
                }
                let mut known = [0; RTCP_HEADER + WORD];
                known[..RTCP_HEADER].copy_from_slice(&packet[..RTCP_HEADER]);
                known[RTCP_HEADER..].copy_from_slice(&word.to_be_bytes());
                let (sealed, rest) = packet[RTCP_HEADER..].split_at_mut(length - RTCP_HEADER);
                gcm.open(
                    self.rtcp_nonce(ssrc, index),
                    &known,
                    sealed,
                    &rest[..GCM_TAG],
                )?;
                Ok(length)
            }
        }
    }

    /// RFC 3711 §4.1.1: the salt over source and index; the last two bytes count blocks.
    fn counter(&self, ssrc: u32, index: u64) -> [u8; BLOCK] {
        let mut counter = [0; BLOCK];
        counter[4..8].copy_from_slice(&ssrc.to_be_bytes());
        counter[8..14].copy_from_slice(&index.to_be_bytes()[2..]);
        for (byte, salt) in counter.iter_mut().zip(&*self.salt) {
            *byte ^= salt;
        }
        counter
    }

    /// RFC 7714 §8.1: source, cycles and sequence number under the salt.
    fn rtp_nonce(&self, ssrc: u32, index: u64) -> [u8; 12] {
        self.nonce(ssrc, index)
    }

    /// RFC 7714 §9.1: source and index under the salt.
    fn rtcp_nonce(&self, ssrc: u32, index: u32) -> [u8; 12] {
        self.nonce(ssrc, index.into())
    }

    fn nonce(&self, ssrc: u32, index: u64) -> [u8; 12] {
        let mut nonce = [0; 12];
        nonce[2..6].copy_from_slice(&ssrc.to_be_bytes());
        nonce[6..].copy_from_slice(&index.to_be_bytes()[2..]);
        for (byte, salt) in nonce.iter_mut().zip(&*self.salt) {
            *byte ^= salt;
        }
        nonce
    }

    #[cfg(test)]
    pub(super) fn keystream(&self, ssrc: u32, index: u64, bytes: &mut [u8]) {
        match &self.transform {
            Transform::CounterMode { cipher, .. } => cipher.apply(self.counter(ssrc, index), bytes),
            _ => panic!("of counter mode"),
        }
    }
}

/// Without any key.
impl fmt::Debug for SessionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionKeys").finish_non_exhaustive()
    }
}

impl Transform {
    /// Keys have the lengths of the suite.
    fn new(suite: Suite, key: &[u8], mac_key: &[u8], tag: usize) -> Self {
        match suite {
            Suite::AeadAes128Gcm => Self::Gcm128(sized(Aes128Gcm::new_from_slice(key))),
            Suite::AeadAes256Gcm => Self::Gcm256(sized(Aes256Gcm::new_from_slice(key))),
            _ => Self::CounterMode {
                cipher: CounterCipher::new(key),
                mac: sized(Hmac::new_from_slice(mac_key)),
                tag,
            },
        }
    }

    fn seal(
        &self,
        nonce: [u8; 12],
        known: &[u8],
        bytes: &mut [u8],
    ) -> Result<[u8; GCM_TAG], SrtpError> {
        let (nonce, bytes) = ((&nonce).into(), InOutBuf::from(bytes));
        let tag = match self {
            Self::Gcm128(gcm) => gcm.encrypt_inout_detached(nonce, known, bytes),
            Self::Gcm256(gcm) => gcm.encrypt_inout_detached(nonce, known, bytes),
            Self::CounterMode { .. } => return Err(SrtpError::Malformed),
        };
        tag.map(Into::into).map_err(|_| SrtpError::Malformed)
    }

    fn open(
        &self,
        nonce: [u8; 12],
        known: &[u8],
        bytes: &mut [u8],
        tag: &[u8],
    ) -> Result<(), SrtpError> {
        let tag: &[u8; GCM_TAG] = tag.try_into().map_err(|_| SrtpError::Malformed)?;
        let (nonce, bytes, tag) = ((&nonce).into(), InOutBuf::from(bytes), tag.into());
        let opened = match self {
            Self::Gcm128(gcm) => gcm.decrypt_inout_detached(nonce, known, bytes, tag),
            Self::Gcm256(gcm) => gcm.decrypt_inout_detached(nonce, known, bytes, tag),
            Self::CounterMode { .. } => return Err(SrtpError::Malformed),
        };
        opened.map_err(|_| SrtpError::Forged)
    }
}

impl CounterCipher {
    /// Of a key of 16 or 32 bytes.
    pub(super) fn new(key: &[u8]) -> Self {
        match key.len() {
            16 => Self::Aes128(sized(Aes128::new_from_slice(key))),
            _ => Self::Aes256(sized(Aes256::new_from_slice(key))),
        }
    }

    /// Lays the keystream from `counter` on over `bytes`.
    pub(super) fn apply(&self, counter: [u8; BLOCK], bytes: &mut [u8]) {
        for (round, chunk) in bytes.chunks_mut(BLOCKS * BLOCK).enumerate() {
            let mut blocks: [Block; BLOCKS] = std::array::from_fn(|number| {
                let count = (round * BLOCKS + number) as u16;
                let mut block = counter;
                let low = u16::from_be_bytes([block[14], block[15]]).wrapping_add(count);
                block[14..].copy_from_slice(&low.to_be_bytes());
                block.into()
            });
            let needed = &mut blocks[..chunk.len().div_ceil(BLOCK)];
            match self {
                Self::Aes128(aes) => aes.encrypt_blocks(needed),
                Self::Aes256(aes) => aes.encrypt_blocks(needed),
            }
            for (byte, key) in chunk.iter_mut().zip(blocks.iter().flatten()) {
                *byte ^= key;
            }
        }
    }
}

/// RFC 3711 §4.3.1 with a key derivation rate of 0: the keystream of the master key, under the master salt with
/// the label in it. The same for GCM, whose salt ends in zeros (RFC 7714 §11).
fn derive(master: &MasterKey, label: u8, key: &mut [u8]) {
    let (master_key, salt) = master.bytes().split_at(master.suite().key_and_salt().0);
    let mut counter = [0; BLOCK];
    counter[..salt.len()].copy_from_slice(salt);
    counter[7] ^= label;
    key.fill(0);
    CounterCipher::new(master_key).apply(counter, key);
}

#[cfg(test)]
pub(super) fn derived(master: &MasterKey, label: u8, length: usize) -> Vec<u8> {
    let mut key = vec![0; length];
    derive(master, label, &mut key);
    key
}

fn authenticate(mac: &Hmac<Sha1>, packet: &[u8], cycles: &[u8]) -> [u8; SHA1] {
    let mut mac = mac.clone();
    mac.update(packet);
    mac.update(cycles);
    mac.finalize().into_bytes().into()
}

fn is_tag(right: &[u8], tag: &[u8]) -> Result<(), SrtpError> {
    match bool::from(right.ct_eq(tag)) {
        true => Ok(()),
        false => Err(SrtpError::Forged),
    }
}

/// The roll-over counter of an index.
fn cycles(index: u64) -> [u8; 4] {
    ((index >> 16) as u32).to_be_bytes()
}

/// Where what is `after` the packet begins; it begins at `least` or later.
fn end_of(packet: &[u8], least: usize, after: usize) -> Result<usize, SrtpError> {
    let end = packet.len().checked_sub(after);
    end.filter(|end| *end >= least).ok_or(SrtpError::Malformed)
}

fn sized<T, E: fmt::Debug>(made: Result<T, E>) -> T {
    made.expect("the key has the suite's length")
}
