//! The media half of a call: offers, answers, and what follows from them (RFC 3264).

use crate::plan::Codec;
use sip_core::sdp::{Direction, Media, Sdp};
use std::fmt::Write;
use std::net::SocketAddr;

/// RFC 4733 events, at the number that everybody uses.
const TELEPHONE_EVENT: u8 = 101;

/// One side's view of the session.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// Where we receive RTP.
    pub(crate) local: SocketAddr,
    codecs: Vec<Codec>,
    /// Origin of our descriptions: the identifier stays, the version grows with each change
    /// (RFC 4566 §5.2, RFC 3264 §8).
    id: u64,
    version: u64,
    /// What we last described, to know a change from a repetition.
    described: String,
    /// Whether we hold the other side.
    is_holding: bool,
    agreed: Option<Agreed>,
}

/// What both sides have agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agreed {
    pub(crate) codec: Codec,
    /// Where to send RTP. `None` while the other side has no address for it, or one side holds.
    pub(crate) send_to: Option<SocketAddr>,
}

/// The other side's description cannot be used: 488.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotAcceptable;

impl Session {
    pub(crate) fn new(local: SocketAddr, codecs: &[Codec], id: u64) -> Self {
        Self {
            local,
            codecs: codecs.to_vec(),
            id,
            version: id,
            described: String::new(),
            is_holding: false,
            agreed: None,
        }
    }

    pub(crate) fn agreed(&self) -> Option<Agreed> {
        self.agreed
    }

    /// Our offer: all codecs.
    pub(crate) fn offer(&mut self) -> String {
        let direction = if self.is_holding {
            Direction::SendOnly
        } else {
            Direction::SendRecv
        };
        let codecs = self.codecs.clone();
        self.describe(&codecs, TELEPHONE_EVENT, direction)
    }

    /// Our offer that holds the other side, or that takes it back.
    pub(crate) fn offer_hold(&mut self, is_holding: bool) -> String {
        self.is_holding = is_holding;
        self.offer()
    }

    /// Takes the other side's offer and gives our answer: the first codec of the offer that we
    /// speak, in the direction that the offer leaves us.
    pub(crate) fn answer(&mut self, offer: &[u8]) -> Result<String, NotAcceptable> {
        let sdp = Sdp::parse(offer).map_err(|_| NotAcceptable)?;
        let audio = rtp_audio(&sdp)?;
        let codec = self.agree(audio)?;
        let direction = match (reversed(audio.direction()), self.is_holding) {
            (Direction::SendRecv, true) => Direction::SendOnly,
            (Direction::RecvOnly, true) => Direction::Inactive,
            (direction, _) => direction,
        };
        let events = telephone_event(audio).unwrap_or(TELEPHONE_EVENT);
        Ok(self.describe(&[codec], events, direction))
    }

    /// Takes the other side's answer to our offer.
    pub(crate) fn accept(&mut self, answer: &[u8]) -> Result<(), NotAcceptable> {
        let sdp = Sdp::parse(answer).map_err(|_| NotAcceptable)?;
        self.agree(rtp_audio(&sdp)?).map(|_| ())
    }

    fn agree(&mut self, audio: &Media<'_>) -> Result<Codec, NotAcceptable> {
        let codec = audio
            .payloads()
            .filter_map(Codec::of_payload_type)
            .find(|codec| self.codecs.contains(codec))
            .ok_or(NotAcceptable)?;
        let is_silent = self.is_holding || audio.is_hold();
        let send_to = audio.rtp_address().filter(|_| !is_silent);
        self.agreed = Some(Agreed { codec, send_to });
        Ok(codec)
    }

    fn describe(&mut self, codecs: &[Codec], events: u8, direction: Direction) -> String {
        let family = if self.local.is_ipv4() { "IP4" } else { "IP6" };
        let (ip, port) = (self.local.ip(), self.local.port());
        let mut media = format!("s=-\r\nc=IN {family} {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP");
        let mut maps = String::new();
        for codec in codecs {
            let payload_type = codec.payload_type();
            // Writing into a String does not fail.
            let _ = write!(media, " {payload_type}");
            let _ = write!(maps, "a=rtpmap:{payload_type} {}/8000\r\n", codec.name());
        }
        let _ = write!(media, " {events}\r\n{maps}");
        let _ = write!(media, "a=rtpmap:{events} telephone-event/8000\r\n");
        let _ = write!(media, "a=fmtp:{events} 0-15\r\n");
        let _ = write!(media, "a=ptime:20\r\na={}\r\n", attribute(direction));
        if media != self.described {
            self.version += 1;
            self.described.clone_from(&media);
        }
        let (id, version) = (self.id, self.version);
        format!("v=0\r\no=- {id} {version} IN {family} {ip}\r\n{media}")
    }
}

/// The audio stream, if it is plain RTP.
fn rtp_audio<'s, 'a>(sdp: &'s Sdp<'a>) -> Result<&'s Media<'a>, NotAcceptable> {
    sdp.audio()
        .filter(|audio| audio.protocol == "RTP/AVP")
        .ok_or(NotAcceptable)
}

fn telephone_event(audio: &Media<'_>) -> Option<u8> {
    let is_event = |encoding: &str| encoding.eq_ignore_ascii_case("telephone-event");
    audio
        .rtpmaps()
        .find(|map| is_event(map.encoding))
        .map(|map| map.payload)
}

/// The same stream seen from the other side.
const fn reversed(direction: Direction) -> Direction {
    match direction {
        Direction::SendOnly => Direction::RecvOnly,
        Direction::RecvOnly => Direction::SendOnly,
        Direction::SendRecv | Direction::Inactive => direction,
    }
}

const fn attribute(direction: Direction) -> &'static str {
    match direction {
        Direction::SendRecv => "sendrecv",
        Direction::SendOnly => "sendonly",
        Direction::RecvOnly => "recvonly",
        Direction::Inactive => "inactive",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panic")]

    use super::*;

    fn session(port: u16, codecs: &[Codec]) -> Session {
        Session::new(SocketAddr::from(([127, 0, 0, 1], port)), codecs, 7)
    }

    #[test]
    fn the_offer_names_codecs_events_and_direction() {
        let offer = session(4_000, &[Codec::Pcma, Codec::Pcmu]).offer();
        assert_eq!(
            offer,
            "v=0\r\no=- 7 8 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
             m=audio 4000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n\
             a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n\
             a=sendrecv\r\n"
        );
    }

    #[test]
    fn both_sides_agree_on_the_first_offered_codec_that_both_speak() {
        let mut caller = session(4_000, &[Codec::Pcma, Codec::Pcmu]);
        let mut called = session(5_000, &[Codec::Pcmu]);
        let answer = called.answer(caller.offer().as_bytes()).unwrap();
        caller.accept(answer.as_bytes()).unwrap();
        let (one, other) = (caller.agreed().unwrap(), called.agreed().unwrap());
        assert_eq!((one.codec, other.codec), (Codec::Pcmu, Codec::Pcmu));
        let ports = [one, other].map(|agreed| agreed.send_to.map(|address| address.port()));
        assert_eq!(ports, [Some(5_000), Some(4_000)]);
    }

    #[test]
    fn hold_silences_both_ways_and_resume_brings_both_back() {
        let mut holder = session(4_000, &[Codec::Pcmu]);
        let mut held = session(5_000, &[Codec::Pcmu]);
        for (is_holding, line) in [(true, "a=recvonly"), (false, "a=sendrecv")] {
            let answer = held
                .answer(holder.offer_hold(is_holding).as_bytes())
                .unwrap();
            assert!(answer.contains(line), "{answer}");
            holder.accept(answer.as_bytes()).unwrap();
            let agreed = [holder.agreed().unwrap(), held.agreed().unwrap()];
            let is_sending = agreed.map(|agreed| agreed.send_to.is_some());
            assert_eq!(is_sending, [!is_holding; 2]);
        }
    }

    #[test]
    fn the_version_grows_only_with_a_change() {
        let mut session = session(4_000, &[Codec::Pcmu]);
        let first = session.offer();
        assert_eq!(session.offer(), first);
        assert!(session.offer_hold(true).contains("o=- 7 9 "));
    }

    #[test]
    fn an_offer_without_a_common_codec_is_not_acceptable() {
        let mut called = session(5_000, &[Codec::Pcmu]);
        let offer = session(4_000, &[Codec::Pcma]).offer();
        assert_eq!(called.answer(offer.as_bytes()), Err(NotAcceptable));
        assert_eq!(called.answer(b"not sdp"), Err(NotAcceptable));
    }
}
