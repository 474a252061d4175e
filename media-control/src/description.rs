//! What a session description means to the relay.

use media_relay::{Codec, PayloadTypes, ReadyPair, RemoteMedia};
use sip_core::Sdp;
use sip_core::sdp::Media;
use std::net::{IpAddr, SocketAddr};

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

/// The same as far as anything may be sent there: not to the session's own ports, nor where it is refused. `None`
/// when RTP may not; RTCP that may not is left out, for a call needs none.
pub fn permitted(
    remote: RemoteMedia,
    pair: ReadyPair,
    may_send_to: impl Fn(IpAddr) -> bool,
) -> Option<RemoteMedia> {
    let is_permitted = |address: &SocketAddr| {
        !address.ip().is_unspecified() && !pair.is_at(*address) && may_send_to(address.ip())
    };
    let remote = Some(remote).filter(|remote| is_permitted(&remote.rtp))?;
    Some(match remote.rtcp.as_ref().is_none_or(is_permitted) {
        true => remote,
        false => remote.without_rtcp(),
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
