//! Tickets: our tags and branches say which shard and slot a message belongs to.
//!
//! A ticket is 28 characters of lower-case base 32, always: 96 bits of content and a 44-bit MAC
//! under a key made at each start. So a message finds its call in constant time, a forged ticket
//! finds nothing (one chance in 1.7e13 a try), and one of a former run finds nothing either.

use crate::header::{HeaderName, MAGIC_COOKIE};
use crate::message::Message;
use arrayvec::ArrayString;
use siphasher::sip::SipHasher24;
use std::fmt;
use std::hash::Hasher;

/// Characters of a ticket.
pub const TICKET_CHARS: usize = 28;

/// A written ticket: a token, fit for a tag.
pub type TicketText = ArrayString<TICKET_CHARS>;

/// A written branch: the magic cookie and a ticket.
pub type BranchText = ArrayString<{ MAGIC_COOKIE.len() + TICKET_CHARS }>;

/// Where a message belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket {
    /// The shard that owns the call.
    pub shard: u16,
    /// The slot in that shard's table.
    pub slot: u32,
    /// How often the slot was used before: a ticket of a call that is over finds nothing.
    pub generation: u32,
    /// Which leg or transaction of the call; the owner's to define.
    pub discriminator: u16,
}

/// The key of all tickets of one run of the switch.
#[derive(Clone)]
pub struct TicketKey(SipHasher24);

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
const MAC_BITS: u32 = 44;
/// Characters in each half of a ticket, 70 bits.
const HALF: usize = TICKET_CHARS / 2;

impl TicketKey {
    /// Makes a key of random bytes.
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(SipHasher24::new_with_key(&bytes))
    }

    /// Writes a ticket: constant width, lower-case letters and digits.
    pub fn write(&self, ticket: Ticket) -> TicketText {
        let mut text = TicketText::new();
        self.push(ticket, |character| text.push(character));
        text
    }

    /// Writes a ticket as a branch, with the magic cookie before it.
    pub fn write_branch(&self, ticket: Ticket) -> BranchText {
        let mut text = BranchText::new();
        text.push_str(MAGIC_COOKIE);
        self.push(ticket, |character| text.push(character));
        text
    }

    /// Reads a ticket. `None` for any text that this key did not write.
    pub fn read(&self, text: &str) -> Option<Ticket> {
        let text: &[u8; TICKET_CHARS] = text.as_bytes().try_into().ok()?;
        let (high, low) = text.split_at(HALF);
        let (high, low) = (decode(high)?, decode(low)?);
        // 96 bits of content: 70 in the first half, 26 before the MAC in the second.
        let content = (high << 26) | (low >> MAC_BITS);
        let mac = (low & ((1 << MAC_BITS) - 1)) as u64;
        (self.mac(content) == mac).then(|| Ticket::from_content(content))
    }

    /// Reads the ticket of a branch of ours.
    pub fn read_branch(&self, branch: &str) -> Option<Ticket> {
        self.read(branch.strip_prefix(MAGIC_COOKIE)?)
    }

    fn push(&self, ticket: Ticket, mut sink: impl FnMut(char)) {
        let content = ticket.content();
        let low = ((content & ((1 << 26) - 1)) << MAC_BITS) | u128::from(self.mac(content));
        for half in [content >> 26, low] {
            for index in (0..HALF).rev() {
                let digit = (half >> (5 * index)) as usize & 31;
                sink(char::from(ALPHABET[digit]));
            }
        }
    }

    fn mac(&self, content: u128) -> u64 {
        let mut hasher = self.0;
        hasher.write(&content.to_le_bytes());
        hasher.finish() >> (u64::BITS - MAC_BITS)
    }

    /// A hash of any text that no peer can steer.
    fn hash(&self, text: &[u8]) -> u64 {
        let mut hasher = self.0;
        hasher.write(text);
        hasher.finish()
    }
}

impl Ticket {
    fn content(self) -> u128 {
        u128::from(self.shard) << 80
            | u128::from(self.slot) << 48
            | u128::from(self.generation) << 16
            | u128::from(self.discriminator)
    }

    const fn from_content(content: u128) -> Self {
        Self {
            shard: (content >> 80) as u16,
            slot: (content >> 48) as u32,
            generation: (content >> 16) as u32,
            discriminator: content as u16,
        }
    }
}

impl fmt::Debug for TicketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TicketKey(..)")
    }
}

/// The bits of 14 characters; `None` when one is not of the alphabet.
fn decode(text: &[u8]) -> Option<u128> {
    text.iter()
        .try_fold(0, |bits, character| match DIGITS[usize::from(*character)] {
            NO_DIGIT => None,
            digit => Some(bits << 5 | u128::from(digit)),
        })
}

const NO_DIGIT: u8 = u8::MAX;

static DIGITS: [u8; 256] = {
    let mut table = [NO_DIGIT; 256];
    let mut i = 0;
    while i < ALPHABET.len() {
        table[ALPHABET[i] as usize] = i as u8;
        i += 1;
    }
    table
};

/// The shard that owns `message`, of `shards` shards.
///
/// A response belongs where the ticket in its top branch says; without a ticket of ours it answers
/// nothing we sent, and is `None`: drop it. A request within a dialog belongs where the ticket in
/// its To tag says. Any other request goes by its Call-ID, so that a retransmission, a CANCEL and
/// the ACK of a refusal reach the shard that has the INVITE. One whose Replaces names a tag of ours goes
/// where that leads; its CANCEL does not say so and may go astray, its ACK has a To tag of ours.
pub fn owner_of(message: &Message<'_>, key: &TicketKey, shards: u16) -> Option<u16> {
    owner_beside(message, key, shards, || None)
}

/// The tag of ours in Replaces (RFC 3891 §6.1): the INVITE takes the place of a leg, and its call is there.
fn replaced_tag<'m>(message: &Message<'m>) -> Option<&'m str> {
    let value = std::str::from_utf8(message.raw_header(HeaderName::Replaces)?).ok()?;
    let mut params = value.split(';').filter_map(|param| param.split_once('='));
    let (_, tag) = params.find(|(name, _)| name.trim().eq_ignore_ascii_case("to-tag"))?;
    Some(tag.trim())
}

/// The same, but a request outside any dialog for which `beside` gives a number goes by that instead of its
/// Call-ID: so calls that must be together are. The number must be the same for an INVITE, its CANCEL and
/// its ACK.
pub fn owner_beside(
    message: &Message<'_>,
    key: &TicketKey,
    shards: u16,
    beside: impl FnOnce() -> Option<u128>,
) -> Option<u16> {
    let ticket = if message.is_request() {
        let to = message.to().ok();
        let tag = to.and_then(|to| to.tag()).or_else(|| replaced_tag(message));
        tag.and_then(|tag| key.read(tag))
    } else {
        let branch = message.top_via().ok()?.branch?;
        Some(key.read_branch(branch)?)
    };
    match ticket {
        Some(ticket) if ticket.shard < shards => Some(ticket.shard),
        Some(_) if !message.is_request() => None,
        _ => {
            let hash = match beside() {
                Some(number) => key.hash(&number.to_le_bytes()),
                None => key.hash(message.raw_header(HeaderName::CallId).unwrap_or(b"")),
            };
            u16::try_from(hash % u64::from(shards.max(1))).ok()
        }
    }
}
