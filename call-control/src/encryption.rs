//! What both sides of a call agree on about encryption (SDES, RFC 4568): by which keys each leg is sealed,
//! if it is. Pure: keys are drawn by whoever calls.
//!
//! Each leg is negotiated by itself, by what its own trunk says:
//!
//! ```text
//! offer of one side ─► take_offer: is it enough, which suite, which key of ours for the answer
//!                   ─► make_offer: what the other side is offered
//! answer            ─► take_answer: which of our suites, which key of theirs
//! ```
//!
//! Our key of a leg stays for as long as its suite does: a new one of the peer changes nothing of ours.

use crate::media::KeySource;
use crate::session::UnusableSdp;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use media_relay::srtp::{MasterKey, Suite};
use media_relay::{LegKeys, MediaKeys, Side};
use routing_engine::resources::{CryptoSuite, MediaEncryption, MediaEncryptionMode};
use sip_core::sdp::{Media, Profile, with_crypto};
use sip_core::transaction::Transport;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The longest tag (RFC 4568 §9.1).
const TAG_DIGITS_MAX: usize = 9;
/// Some leave the padding out.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a trunk wants of a leg, and whether keys may travel by the leg's signalling.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms<'s> {
    spec: &'s MediaEncryption,
    may_send_keys: bool,
}

/// The encryption of a call of which a trunk speaks it. Arrays are by side.
#[derive(Clone, Debug)]
pub(crate) struct Encryption {
    /// The number of the stream that is relayed.
    stream: usize,
    proposed: [Leg; 2],
    agreed: [Leg; 2],
}

/// One leg as it is negotiated.
#[derive(Clone, Debug)]
struct Leg {
    policy: Policy,
    suites: Vec<Suite>,
    /// Keys may not travel by UDP, TCP or WS.
    is_private: bool,
    /// What the peer was last told, in an offer or an answer.
    said: Vec<Line>,
    /// Its profile.
    is_secure: bool,
    /// Which line of `said` is in use, and the peer's key; `None` in the clear.
    in_use: Option<(usize, MasterKey)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Policy {
    /// No keys: in the clear.
    Plain,
    Optional,
    Required,
    /// Keys are required, and may not travel.
    Impossible,
}

/// A line of `a=crypto`: ours or theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    tag: u32,
    key: MasterKey,
}

/// Keys for what is only tried.
struct Unused;

impl KeySource for Unused {
    fn draw(&mut self, _: &mut [u8]) -> bool {
        true
    }
}

impl<'s> Terms<'s> {
    /// Those of a trunk for a leg whose signalling goes by `transport`.
    pub(crate) fn new(spec: &'s MediaEncryption, transport: Transport) -> Self {
        Self {
            spec,
            may_send_keys: spec.keys_in_clear || is_private(transport),
        }
    }

    /// Whether the switch agrees on keys by them.
    pub(crate) fn is_spoken(&self) -> bool {
        self.spec.is_spoken()
    }

    /// Whether keys are required and may not travel.
    pub(crate) fn are_impossible(&self) -> bool {
        self.policy() == Policy::Impossible
    }

    /// Whether the leg's signalling must not become readable.
    pub(crate) fn stay_private(&self) -> bool {
        self.is_spoken() && !self.spec.keys_in_clear && self.may_send_keys
    }

    fn policy(&self) -> Policy {
        match (self.spec.mode, self.may_send_keys) {
            (MediaEncryptionMode::None, _) | (MediaEncryptionMode::Optional, false) => {
                Policy::Plain
            }
            (MediaEncryptionMode::Optional, true) => Policy::Optional,
            (MediaEncryptionMode::Required, true) => Policy::Required,
            (MediaEncryptionMode::Required, false) => Policy::Impossible,
        }
    }

    fn leg(&self) -> Leg {
        Leg {
            policy: self.policy(),
            suites: self.spec.suites().iter().copied().map(suite).collect(),
            is_private: !self.spec.keys_in_clear,
            ..Leg::plain()
        }
    }
}

/// Whether nobody on the way reads what goes by a transport.
pub(crate) fn is_private(transport: Transport) -> bool {
    matches!(transport, Transport::Tls | Transport::Wss)
}

impl Encryption {
    /// Of a call whose ingress trunk has these terms; nothing is said yet.
    pub(crate) fn new(ingress: Terms<'_>) -> Self {
        let legs = [ingress.leg(), Leg::plain()];
        Self {
            stream: 0,
            proposed: legs.clone(),
            agreed: legs,
        }
    }

    /// The next attempt goes by a trunk with these terms: whoever was asked before is forgotten.
    pub(crate) fn turn_to(&mut self, egress: Terms<'_>) {
        self.proposed[Side::Egress as usize] = egress.leg();
    }

    /// Whoever takes this side has agreed on nothing, and is asked for nothing.
    pub(crate) fn vacate(&mut self, side: Side) {
        for legs in [&mut self.proposed, &mut self.agreed] {
            legs[side as usize] = Leg::plain();
        }
    }

    /// What `from` offers in the stream with this number, and what the other side is offered then. Nothing
    /// changes when the offer is not enough, or nothing can be offered.
    pub(crate) fn take_offer(
        &mut self,
        from: Side,
        stream: Option<(usize, &Media<'_>)>,
        keys: &mut dyn KeySource,
    ) -> Result<(), UnusableSdp> {
        // Without any stream there is nothing to agree on.
        let Some((stream, media)) = stream else {
            return Ok(());
        };
        let mut legs = self.proposed.clone();
        legs[from as usize].take_offer(media, keys)?;
        match media.profile() {
            Profile::Plain | Profile::Secure => legs[from.other() as usize].make_offer(keys)?,
            Profile::Other => legs[from.other() as usize].offer_what_has_no_keys()?,
        }
        self.proposed = legs;
        self.stream = stream;
        Ok(())
    }

    /// Whether what `from` offers is enough for its own trunk.
    pub(crate) fn is_enough(&self, from: Side, media: &Media<'_>) -> bool {
        let mut leg = self.proposed[from as usize].clone();
        leg.take_offer(media, &mut Unused).is_ok()
    }

    /// What `from` answers. Nothing changes when it is not enough.
    pub(crate) fn take_answer(
        &mut self,
        from: Side,
        stream: Option<(usize, &Media<'_>)>,
    ) -> Result<(), UnusableSdp> {
        match stream {
            Some((_, media)) => self.proposed[from as usize].take_answer(media),
            None => Ok(()),
        }
    }

    /// The answer of the carrier that was asked is none of the next one's.
    pub(crate) fn forget_answer(&mut self) {
        self.proposed[Side::Egress as usize].in_use = None;
    }

    pub(crate) fn agree(&mut self) {
        self.agreed = self.proposed.clone();
    }

    pub(crate) fn revert(&mut self) {
        self.proposed = self.agreed.clone();
    }

    /// A description for `towards` with what is said to it of keys.
    pub(crate) fn dress(&self, towards: Side, sdp: &[u8]) -> Vec<u8> {
        let leg = &self.proposed[towards as usize];
        let said: Vec<String> = leg.said.iter().map(Line::write).collect();
        with_crypto(sdp, self.stream, leg.is_secure, &said)
    }

    /// The same description with nothing of keys.
    pub(crate) fn undress(&self, sdp: &[u8]) -> Vec<u8> {
        with_crypto(sdp, self.stream, false, &[])
    }

    /// Whether both sides would be told of keys just what they were told last.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        let mut sides = self.proposed.iter().zip(&other.proposed);
        sides.all(|(one, other)| one.said == other.said && one.is_secure == other.is_secure)
    }

    /// The suite by which a leg is sealed; `None` in the clear.
    pub(crate) fn suite(&self, side: Side) -> Option<Suite> {
        let (_, theirs) = self.proposed[side as usize].in_use.as_ref()?;
        Some(theirs.suite())
    }

    /// Whether a leg is sealed.
    pub(crate) fn seals(&self) -> bool {
        self.proposed.iter().any(|leg| leg.in_use.is_some())
    }

    /// Whether keys that were said to `side` would be read by others on a way by `transport`.
    pub(crate) fn is_exposed_by(&self, side: Side, transport: Transport) -> bool {
        let leg = &self.proposed[side as usize];
        leg.is_private && !leg.said.is_empty() && !is_private(transport)
    }

    /// What the relay is told; `None` when neither leg is sealed.
    pub(crate) fn keys(&self) -> Option<Arc<MediaKeys>> {
        let [ingress, egress] = [0, 1].map(|side| self.proposed[side].keys());
        (ingress.is_some() || egress.is_some()).then(|| Arc::new(MediaKeys { ingress, egress }))
    }
}

impl Leg {
    /// Of nobody who was asked for anything.
    fn plain() -> Self {
        Self {
            policy: Policy::Plain,
            suites: Vec::new(),
            is_private: true,
            said: Vec::new(),
            is_secure: false,
            in_use: None,
        }
    }

    fn take_offer(
        &mut self,
        media: &Media<'_>,
        keys: &mut dyn KeySource,
    ) -> Result<(), UnusableSdp> {
        let is_secure = media.profile() == Profile::Secure;
        let mut offered = media.crypto().filter_map(Line::read);
        let usable = match self.policy {
            Policy::Impossible => return Err(UnusableSdp),
            Policy::Plain => None,
            Policy::Optional | Policy::Required => {
                offered.find(|line| self.suites.contains(&line.key.suite()))
            }
        };
        let Some(line) = usable else {
            let is_enough = !is_secure && self.policy != Policy::Required;
            if is_enough {
                (self.said, self.in_use) = (Vec::new(), None);
                self.is_secure = false;
            }
            return is_enough.then_some(()).ok_or(UnusableSdp);
        };
        let suite = line.key.suite();
        let kept = self.own().filter(|key| key.suite() == suite);
        let key = kept.map_or_else(|| draw(suite, keys), |key| Ok(key.clone()))?;
        let tag = line.tag;
        self.said = vec![Line { tag, key }];
        self.in_use = Some((0, line.key));
        self.is_secure = is_secure;
        Ok(())
    }

    fn make_offer(&mut self, keys: &mut dyn KeySource) -> Result<(), UnusableSdp> {
        match self.policy {
            Policy::Impossible => return Err(UnusableSdp),
            Policy::Plain => return Ok(()),
            Policy::Optional | Policy::Required => {}
        }
        if let Some((index, _)) = &mut self.in_use {
            // What is in use goes on.
            self.said.swap(0, *index);
            self.said.truncate(1);
            *index = 0;
        } else if self.said.is_empty() {
            let suites = (1..).zip(&self.suites);
            let lines = suites.map(|(tag, suite)| draw(*suite, keys).map(|key| Line { tag, key }));
            self.said = lines.collect::<Result<_, _>>()?;
            self.is_secure = self.policy == Policy::Required;
        }
        Ok(())
    }

    /// Fax (T.38) and what else is no RTP: a leg that is sealed, or must be, is not asked for it.
    fn offer_what_has_no_keys(&mut self) -> Result<(), UnusableSdp> {
        if self.in_use.is_some() || matches!(self.policy, Policy::Impossible | Policy::Required) {
            return Err(UnusableSdp);
        }
        self.said = Vec::new();
        self.is_secure = false;
        Ok(())
    }

    fn take_answer(&mut self, media: &Media<'_>) -> Result<(), UnusableSdp> {
        let is_said = |theirs: &Line| {
            let mut said = self.said.iter();
            // By our own key we would open what somebody sends back to us.
            said.position(|ours| {
                ours.tag == theirs.tag
                    && ours.key.suite() == theirs.key.suite()
                    && ours.key != theirs.key
            })
        };
        let mut answered = media.crypto().filter_map(Line::read);
        let found = answered.find_map(|theirs| Some((is_said(&theirs)?, theirs.key)));
        let may_be_plain = self.policy != Policy::Required
            && !self.is_secure
            && media.profile() != Profile::Secure;
        if found.is_none() && !may_be_plain {
            return Err(UnusableSdp);
        }
        self.in_use = found;
        Ok(())
    }

    /// Our key that is in use.
    fn own(&self) -> Option<&MasterKey> {
        let (index, _) = self.in_use.as_ref()?;
        self.said.get(*index).map(|line| &line.key)
    }

    fn keys(&self) -> Option<LegKeys> {
        let (_, theirs) = self.in_use.as_ref()?;
        Some(LegKeys {
            ours: self.own()?.clone(),
            theirs: theirs.clone(),
        })
    }
}

impl Line {
    /// Reads `1 AES_CM_128_HMAC_SHA1_80 inline:…|2^20 WSH=64`. `None` for what cannot be used: several keys,
    /// keys with a name (MKI), a rate of derivation, parameters that are not understood (RFC 4568 §6.3.7).
    /// A lifetime is not counted: a call has no 2^48 packets.
    fn read(value: &str) -> Option<Self> {
        let mut words = value.split_ascii_whitespace();
        let tag = words.next().filter(|tag| tag.len() <= TAG_DIGITS_MAX)?;
        let tag = tag
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then_some(tag)?;
        let suite = Suite::from_name(words.next()?)?;
        let (method, parameters) = words.next()?.split_once(':')?;
        let mut parts = parameters.split('|');
        let text = parts.next()?;
        let is_named = parts.any(|part| part.contains(':'));
        if !method.eq_ignore_ascii_case("inline") || text.contains(';') || is_named {
            return None;
        }
        words.all(is_harmless).then_some(())?;
        let bytes = Zeroizing::new(LENIENT.decode(text).ok()?);
        Some(Self {
            tag: tag.parse().ok()?,
            key: MasterKey::new(suite, &bytes)?,
        })
    }

    fn write(&self) -> String {
        let (suite, key) = (self.key.suite().name(), STANDARD.encode(self.key.bytes()));
        format!("{} {suite} inline:{key}", self.tag)
    }
}

/// Whether a parameter of a session changes nothing of what we do. One with `-` may be ignored
/// (RFC 4568 §6.3.7); the window is a wish (§6.3.6).
fn is_harmless(parameter: &str) -> bool {
    let is = |text: &str| parameter.to_ascii_uppercase().starts_with(text);
    parameter.starts_with('-') || is("WSH=") || parameter.eq_ignore_ascii_case("KDR=0")
}

fn draw(suite: Suite, keys: &mut dyn KeySource) -> Result<MasterKey, UnusableSdp> {
    let (key, salt) = suite.key_and_salt();
    let mut bytes = Zeroizing::new([0; MasterKey::BYTES_MAX]);
    let bytes = &mut bytes[..key + salt];
    match keys.draw(bytes) {
        true => MasterKey::new(suite, bytes).ok_or(UnusableSdp),
        false => Err(UnusableSdp),
    }
}

fn suite(suite: CryptoSuite) -> Suite {
    match suite {
        CryptoSuite::AeadAes256Gcm => Suite::AeadAes256Gcm,
        CryptoSuite::AeadAes128Gcm => Suite::AeadAes128Gcm,
        CryptoSuite::Aes256CmSha1_80 => Suite::Aes256CmSha1_80,
        CryptoSuite::Aes256CmSha1_32 => Suite::Aes256CmSha1_32,
        CryptoSuite::Aes128CmSha1_80 => Suite::Aes128CmSha1_80,
        CryptoSuite::Aes128CmSha1_32 => Suite::Aes128CmSha1_32,
    }
}
