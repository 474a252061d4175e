//! What a session description means to the relay.

use media_relay::{Codec, PayloadTypes, RemoteMedia};
use sip_core::Sdp;
use sip_core::sdp::Media;

/// The stream that is relayed: the first audio, or without any the first that is not declined.
pub fn relayed_stream(sdp: &Sdp<'_>) -> Option<usize> {
    let offered = |media: &Media<'_>| media.port != 0;
    let media = sdp.media();
    media
        .iter()
        .position(|media| media.kind == "audio" && offered(media))
        .or_else(|| media.iter().position(offered))
}

/// Where the writer receives the stream; `None` while it wants nothing. Multiplexing is for the caller to
/// say, since it needs both sides (RFC 5761 §5.1.1).
pub fn remote_media(media: &Media<'_>) -> Option<RemoteMedia> {
    Some(RemoteMedia {
        rtp: media.rtp_address()?,
        // With multiplexing offered but not accepted, RTCP is expected at the next port.
        rtcp: media.rtcp_address().filter(|_| !media.has_rtcp_mux()),
        mux: false,
        payload_types: payload_types(media),
    })
}

/// What a description says of its payload types. The clock belongs to what a type stands for: PCMU at
/// 16 kHz is another codec.
fn payload_types(media: &Media<'_>) -> PayloadTypes {
    let mut types = PayloadTypes::default();
    for rtpmap in media.rtpmaps() {
        let codec = Codec::from_encoding_name(rtpmap.encoding);
        let codec = codec.filter(|codec| codec.clock_rate() == rtpmap.clock_hz);
        types.learn(rtpmap.payload, codec);
    }
    types
}
