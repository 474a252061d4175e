//! The media of a call: descriptions on their way through, and what the relay is told.

use crate::attempt::has_sdp;
use crate::core::Core;
use crate::encryption::{Encryption, Terms};
use crate::media::{MediaCommand, MediaPlan, MediaWatch};
use media_control::description::{relayed_stream, remote_media};
use media_relay::srtp::Suite;
use media_relay::{ReadyPair, RemoteMedia, Side};
use routing_engine::resources::MediaMode;
use sip_core::Message;
use sip_core::sdp::{Media, MediaPorts, Rewrite, Sdp, SessionIdentity};
use sip_core::slab::SlabKey;
use sip_core::transaction::Transport;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::SocketAddr;

/// A session description that nothing can be done with (488).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the session description cannot be used")]
pub(crate) struct UnusableSdp;

/// The media of one call.
#[derive(Debug)]
pub(crate) struct CallMedia {
    mode: MediaMode,
    pair: Option<ReadyPair>,
    /// As the descriptions that are under way would have it.
    proposed: Negotiated,
    /// As both sides last agreed.
    agreed: Negotiated,
    /// What the relay was told last, as its hash: it is asked for only whether it changed, and a call has
    /// few bytes. `None` before the relay was told anything.
    told: Option<u64>,
    /// What is watched; `None` until the call is answered.
    watch: Option<MediaWatch>,
    /// Nobody is on the ingress side yet: its description is of somebody else's media.
    has_vacancy: bool,
    /// By which keys the legs are sealed; `None` when neither trunk agrees on any: then both sides may with
    /// each other.
    encryption: Option<Box<Encryption>>,
    /// What was last sent to each side, with the version of its `o=` line.
    sent: [SentDescription; 2],
}

/// Which half of a negotiation a description is (RFC 3264).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Half {
    Offer,
    Answer,
}

/// What tells the descriptions of one session from those of another (RFC 3264 §8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SessionOrigin {
    session_id: u64,
    version: u64,
}

/// What the descriptions of both sides say. Arrays are by side.
#[derive(Clone, Copy, Debug, Default)]
struct Negotiated {
    remotes: [Option<RemoteMedia>; 2],
    multiplexes: [bool; 2],
    holds: [bool; 2],
}

#[derive(Debug, Default)]
struct SentDescription {
    /// The number in our `o=` lines.
    session_id: u64,
    version: u64,
    bytes: Vec<u8>,
    /// What was agreed, while `bytes` is only proposed.
    agreed: Option<Vec<u8>>,
}

impl CallMedia {
    /// No media yet. `session_id` is random.
    pub(crate) fn new(session_id: u64) -> Self {
        // Some peers keep it in 32 bits, most in 63.
        let session_id = session_id >> 2;
        let sent = || SentDescription {
            session_id,
            ..SentDescription::default()
        };
        Self {
            mode: MediaMode::Relay,
            pair: None,
            proposed: Negotiated::default(),
            agreed: Negotiated::default(),
            told: None,
            watch: None,
            has_vacancy: false,
            encryption: None,
            sent: [sent(), sent()],
        }
    }

    /// The same for a call whose customer is still to come: what is said of its media is of somebody
    /// who is with another call.
    pub(crate) fn with_vacant_ingress(session_id: u64) -> Self {
        Self {
            has_vacancy: true,
            ..Self::new(session_id)
        }
    }

    /// Whether media goes through the relay.
    pub(crate) fn is_relayed(&self) -> bool {
        self.pair.is_some() && self.mode == MediaMode::Relay
    }

    /// Whether the parties that both calls have on their egress side have a codec in common, as far
    /// as they have said.
    pub(crate) fn has_codec_of(&self, other: &Self) -> bool {
        let said = [self, other].map(|media| media.last_sent(Side::Ingress).unwrap_or_default());
        match (Sdp::parse(said[0]), Sdp::parse(said[1])) {
            (Ok(ours), Ok(theirs)) => ours.has_codec_of(&theirs),
            _ => false,
        }
    }

    /// By what a side knows our descriptions.
    pub(crate) fn origin_towards(&self, side: Side) -> SessionOrigin {
        let sent = &self.sent[side as usize];
        SessionOrigin {
            session_id: sent.session_id,
            version: sent.version,
        }
    }

    /// A party that knew other descriptions of ours takes a side: what it is sent next goes on from
    /// those, and holds nobody.
    pub(crate) fn take_in(&mut self, side: Side, origin: SessionOrigin) {
        self.has_vacancy = false;
        let is_ours = self.is_relayed();
        let sent = &mut self.sent[side as usize];
        sent.session_id = origin.session_id;
        sent.version = origin.version + 1;
        sent.agreed = None;
        sent.bytes = unheld(&sent.bytes);
        if let Some(encryption) = &mut self.encryption {
            encryption.vacate(side);
            sent.bytes = encryption.undress(&sent.bytes);
        }
        if is_ours {
            sent.bytes = with_origin(&sent.bytes, sent.session_id, sent.version);
        }
    }

    /// The next attempt wants its media this way. Takes ports when they are needed and not there
    /// yet; false when none is free.
    pub(crate) fn prepare(&mut self, core: &mut Core, call: SlabKey, mode: MediaMode) -> bool {
        self.mode = mode;
        if mode == MediaMode::Relay && self.pair.is_none() {
            self.pair = core.take_media(call);
        }
        mode == MediaMode::Direct || self.pair.is_some()
    }

    /// What the trunks of the next attempt want of encryption: of ingress, of egress.
    pub(crate) fn encrypt(&mut self, terms: [Terms<'_>; 2]) {
        let [ingress, egress] = terms;
        if !ingress.is_spoken() && !egress.is_spoken() {
            self.encryption = None;
            return;
        }
        let vacant = self.has_vacancy;
        let encryption = self.encryption.get_or_insert_with(|| {
            let mut encryption = Box::new(Encryption::new(ingress));
            if vacant {
                encryption.vacate(Side::Ingress);
            }
            encryption
        });
        encryption.turn_to(egress);
    }

    /// Whether an offer is not enough for the trunk that it came by.
    pub(crate) fn lacks_keys(&self, from: Side, offer: &[u8]) -> bool {
        let (Some(encryption), Ok(sdp)) = (&self.encryption, Sdp::parse(offer)) else {
            return false;
        };
        let relayed = relayed_stream(&sdp).map(|index| &sdp.media()[index]);
        relayed.is_some_and(|media| !encryption.is_enough(from, media))
    }

    /// Whether a trunk of the call speaks of keys.
    pub(crate) fn agrees_on_keys(&self) -> bool {
        self.encryption.is_some()
    }

    /// Whether a leg is sealed.
    pub(crate) fn is_sealed(&self) -> bool {
        self.encryption.as_ref().is_some_and(|it| it.seals())
    }

    /// The suites by which the legs are sealed, by side.
    pub(crate) fn suites(&self) -> [Option<Suite>; 2] {
        let suite = |side| self.encryption.as_ref()?.suite(side);
        [suite(Side::Ingress), suite(Side::Egress)]
    }

    /// Whether others would read the keys of what was last said to `side` on a way by `transport`.
    pub(crate) fn is_exposed_by(&self, side: Side, transport: Transport) -> bool {
        let encryption = self.encryption.as_ref();
        encryption.is_some_and(|it| it.is_exposed_by(side, transport))
    }

    /// Takes a description from `from` and gives the one for the other side: with our addresses
    /// when media is relayed, as it is when it goes directly.
    pub(crate) fn bridge(
        &mut self,
        core: &mut Core,
        from: Side,
        half: Half,
        body: &[u8],
    ) -> Result<&[u8], UnusableSdp> {
        let towards = from.other();
        let Some(pair) = self.pair.filter(|_| self.mode == MediaMode::Relay) else {
            let sent = &mut self.sent[towards as usize];
            sent.propose(body.to_vec());
            return Ok(&sent.bytes);
        };
        let sdp = Sdp::parse(body).map_err(|_| UnusableSdp)?;
        let relayed = relayed_stream(&sdp);
        let media = relayed.map(|index| &sdp.media()[index]);
        let remote = permitted(core, pair, media)?;
        if let Some(encryption) = &mut self.encryption {
            let stream = relayed.zip(media);
            match half {
                Half::Offer => encryption.take_offer(from, stream, core.keys())?,
                Half::Answer => encryption.take_answer(from, stream)?,
            }
        }
        self.learn(from, media, remote);
        if self.has_vacancy && from == Side::Ingress {
            self.proposed.remotes[from as usize] = None;
        }
        self.tell_relay(core, pair);
        self.write(&sdp, relayed, towards, pair);
        Ok(&self.sent[towards as usize].bytes)
    }

    /// An answer to a description that was not new: the relay learns where the peer is now, the
    /// other side need not. One that says nothing, or nothing of a session, changes nothing.
    pub(crate) fn learn_answer(
        &mut self,
        core: &mut Core,
        from: Side,
        answer: &Message<'_>,
    ) -> Result<(), UnusableSdp> {
        let Some(pair) = self.pair.filter(|_| self.mode == MediaMode::Relay) else {
            return Ok(());
        };
        let Ok(sdp) = Sdp::parse(answer.body()) else {
            return match has_sdp(answer) {
                true => Err(UnusableSdp),
                false => Ok(()),
            };
        };
        let relayed = relayed_stream(&sdp);
        let stream = relayed.map(|index| (index, &sdp.media()[index]));
        let media = stream.map(|(_, media)| media);
        let remote = permitted(core, pair, media)?;
        if let Some(encryption) = &mut self.encryption {
            encryption.take_answer(from, stream)?;
        }
        self.learn(from, media, remote);
        self.agree();
        self.tell_relay(core, pair);
        Ok(())
    }

    /// What was last sent to `side`; `None` before the first description.
    pub(crate) fn last_sent(&self, side: Side) -> Option<&[u8]> {
        let sent = &self.sent[side as usize];
        (!sent.bytes.is_empty()).then_some(&sent.bytes)
    }

    /// Forgets the answer of an attempt that failed, so that it is not taken for the next one's.
    pub(crate) fn forget_answer(&mut self) {
        self.sent[Side::Ingress as usize].forget();
        self.proposed.remotes[Side::Egress as usize] = None;
        if let Some(encryption) = &mut self.encryption {
            encryption.forget_answer();
        }
    }

    /// Offer and answer are exchanged: this is how it stays.
    pub(crate) fn agree(&mut self) {
        self.agreed = self.proposed;
        if let Some(encryption) = &mut self.encryption {
            encryption.agree();
        }
        for sent in &mut self.sent {
            sent.agreed = None;
        }
    }

    /// The offer was refused: the session is as it was before (RFC 3264 §8), and so is what is sent
    /// when it is refreshed.
    pub(crate) fn revert(&mut self, core: &mut Core) {
        self.proposed = self.agreed;
        if let Some(encryption) = &mut self.encryption {
            encryption.revert();
        }
        let origin_is_ours = self.is_relayed();
        for sent in &mut self.sent {
            sent.revert(origin_is_ours);
        }
        if let Some(pair) = self.pair.filter(|_| self.told.is_some()) {
            self.tell_relay(core, pair);
        }
    }

    /// The call is answered: silence counts from here.
    pub(crate) fn answered(&mut self, core: &mut Core, watch: MediaWatch) {
        self.watch = Some(watch);
        self.agree();
        if let Some(pair) = self.pair.filter(|_| self.told.is_some()) {
            self.tell_relay(core, pair);
        }
    }

    /// What has been relayed so far, if anything was.
    pub(crate) fn relayed(&self, core: &Core) -> Option<media_relay::MediaStatistics> {
        let pair = self.pair.filter(|_| self.told.is_some())?;
        core.media_statistics(pair.session)
    }

    /// Ends the relay and gives the ports back. What was relayed, if it was.
    pub(crate) fn stop(&mut self, core: &mut Core) -> Option<media_relay::MediaStatistics> {
        let pair = self.pair.take()?;
        let statistics = core.stop_media(pair.session);
        statistics.filter(|_| self.told.is_some())
    }

    fn learn(&mut self, from: Side, media: Option<&Media<'_>>, remote: Option<RemoteMedia>) {
        self.proposed.learn(from, media, remote);
    }

    fn tell_relay(&mut self, core: &mut Core, pair: ReadyPair) {
        let plan = MediaPlan {
            keys: self.encryption.as_ref().and_then(|it| it.keys()),
            ..self.proposed.plan(self.watch)
        };
        let mut hasher = DefaultHasher::new();
        plan.hash(&mut hasher);
        let hash = hasher.finish();
        if self.told == Some(hash) {
            return;
        }
        let command = match self.told.replace(hash) {
            None => MediaCommand::Start(pair.session, plan),
            Some(_) => MediaCommand::Update(pair.session, plan),
        };
        core.media_command(command);
    }

    /// Takes an offer whose description for the other side is the one that it has, media that is held
    /// staying so. False, and nothing taken, for any other.
    pub(crate) fn readdress(&mut self, core: &mut Core, from: Side, offer: &[u8]) -> bool {
        let Some(pair) = self.pair.filter(|_| self.mode == MediaMode::Relay) else {
            return false;
        };
        let Ok(sdp) = Sdp::parse(offer) else {
            return false;
        };
        let relayed = relayed_stream(&sdp);
        let media = relayed.map(|index| &sdp.media()[index]);
        let holds = self.agreed.holds;
        let Ok(remote) = permitted(core, pair, media) else {
            return false;
        };
        if !self.has_the_same_keys(core, from, relayed, &sdp) {
            return false;
        }
        let sent = &self.sent[from.other() as usize];
        let is_same = sent.bytes == self.written(&sdp, relayed, from.other(), pair, sent.version);
        if !is_same || media.is_none_or(Media::is_hold) != holds[from as usize] {
            return false;
        }
        self.learn(from, media, remote);
        self.agree();
        self.tell_relay(core, pair);
        true
    }

    /// Takes the keys of an offer when nothing that we said of keys would change by it. False, and nothing
    /// taken, for any other.
    fn has_the_same_keys(
        &mut self,
        core: &mut Core,
        from: Side,
        relayed: Option<usize>,
        sdp: &Sdp<'_>,
    ) -> bool {
        let Some(encryption) = &self.encryption else {
            return true;
        };
        let mut next = encryption.clone();
        let stream = relayed.map(|index| (index, &sdp.media()[index]));
        let is_same =
            next.take_offer(from, stream, core.keys()).is_ok() && next.says_the_same(encryption);
        if is_same {
            self.encryption = Some(next);
        }
        is_same
    }

    /// Writes the description for `towards`. Its version rises only when it differs from the last
    /// one (RFC 3264 §8).
    fn write(&mut self, sdp: &Sdp<'_>, relayed: Option<usize>, towards: Side, pair: ReadyPair) {
        let sent = &self.sent[towards as usize];
        let version = sent.version;
        let is_first = sent.bytes.is_empty();
        if !is_first && sent.bytes == self.written(sdp, relayed, towards, pair, version) {
            return;
        }
        let bytes = self.written(sdp, relayed, towards, pair, version + 1);
        let sent = &mut self.sent[towards as usize];
        sent.version += 1;
        sent.propose(bytes);
    }

    /// A description with our addresses and origin.
    fn written(
        &self,
        sdp: &Sdp<'_>,
        relayed: Option<usize>,
        towards: Side,
        pair: ReadyPair,
        version: u64,
    ) -> Vec<u8> {
        let address = advertised(pair, towards);
        let mut ports = [MediaPorts { rtp: 0, rtcp: 0 }; sip_core::limits::MAX_MEDIA];
        if let Some(index) = relayed {
            ports[index] = MediaPorts {
                rtp: address.port(),
                rtcp: address.port().saturating_add(1),
            };
        }
        let sent = &self.sent[towards as usize];
        let rewrite = Rewrite {
            address: address.ip(),
            media: &ports,
            origin: Some(SessionIdentity {
                id: sent.session_id,
                version,
            }),
        };
        let mut bytes = Vec::with_capacity(sent.bytes.len());
        sdp.rewrite(&rewrite, &mut bytes);
        match &self.encryption {
            Some(encryption) => encryption.dress(towards, &bytes),
            None => bytes,
        }
    }
}

impl SentDescription {
    /// Sends another one; what was agreed is kept until it is agreed too.
    fn propose(&mut self, bytes: Vec<u8>) {
        let before = std::mem::replace(&mut self.bytes, bytes);
        if self.agreed.is_none() && !before.is_empty() && before != self.bytes {
            self.agreed = Some(before);
        }
    }

    fn forget(&mut self) {
        self.bytes.clear();
        self.agreed = None;
    }

    /// What was agreed is sent from now on: with a version of its own, because the peer has seen the one
    /// of what it refused.
    fn revert(&mut self, origin_is_ours: bool) {
        let Some(agreed) = self.agreed.take() else {
            return;
        };
        self.bytes = agreed;
        if origin_is_ours {
            self.version += 1;
            self.bytes = with_origin(&self.bytes, self.session_id, self.version);
        }
    }
}

/// The same description with another session and version in its `o=` line, whose second and third
/// words they are (RFC 8866 §5.2).
fn with_origin(sdp: &[u8], session_id: u64, version: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(sdp.len() + 1);
    for line in sdp.split_inclusive(|byte| *byte == b'\n') {
        if !line.starts_with(b"o=") {
            out.extend_from_slice(line);
            continue;
        }
        for (index, word) in line.split_inclusive(|byte| *byte == b' ').enumerate() {
            match index {
                1 => out.extend_from_slice(format!("{session_id} ").as_bytes()),
                2 => out.extend_from_slice(format!("{version} ").as_bytes()),
                _ => out.extend_from_slice(word),
            }
        }
    }
    out
}

/// The same description without hold: both directions are the default (RFC 8866 §6.7).
pub(crate) fn unheld(sdp: &[u8]) -> Vec<u8> {
    const HELD: [&[u8]; 3] = [b"a=sendonly", b"a=recvonly", b"a=inactive"];
    let lines = sdp.split_inclusive(|byte| *byte == b'\n');
    let kept = lines.filter(|line| !HELD.contains(&line.trim_ascii_end()));
    kept.flatten().copied().collect()
}

impl Negotiated {
    fn learn(&mut self, side: Side, media: Option<&Media<'_>>, remote: Option<RemoteMedia>) {
        let index = side as usize;
        self.remotes[index] = remote;
        self.multiplexes[index] = media.is_some_and(Media::has_rtcp_mux);
        self.holds[index] = media.is_none_or(Media::is_hold);
    }

    fn plan(&self, watch: Option<MediaWatch>) -> MediaPlan {
        // Multiplexing needs both (RFC 5761 §5.1.1).
        let mux = self.multiplexes == [true; 2];
        let remote =
            |side: Side| self.remotes[side as usize].map(|remote| RemoteMedia { mux, ..remote });
        MediaPlan {
            ingress: remote(Side::Ingress),
            egress: remote(Side::Egress),
            watch: watch.filter(|_| self.holds == [false; 2]),
            keys: None,
        }
    }
}

/// Where a description wants its media, if it may go there; `None` while it wants none.
fn permitted(
    core: &Core,
    pair: ReadyPair,
    media: Option<&Media<'_>>,
) -> Result<Option<RemoteMedia>, UnusableSdp> {
    let Some(remote) = media.and_then(remote_media) else {
        return Ok(None);
    };
    core.permitted(pair, remote).map(Some).ok_or(UnusableSdp)
}

/// Where a side shall send its media.
fn advertised(pair: ReadyPair, side: Side) -> SocketAddr {
    match side {
        Side::Ingress => pair.ingress_rtp,
        Side::Egress => pair.egress_rtp,
    }
}
