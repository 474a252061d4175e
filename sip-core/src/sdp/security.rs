//! What a description says of encryption by keys within it (SDES, RFC 4568): its profile and `a=crypto`.

use super::Media;
use super::lines::{Line, lines};

/// What the protocol of a stream says of encryption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// `RTP/AVP`, `RTP/AVPF`.
    Plain,
    /// `RTP/SAVP`, `RTP/SAVPF` (RFC 3711, RFC 5124).
    Secure,
    /// No RTP, or keys by another way (DTLS).
    Other,
}

const PLAIN: [&str; 2] = ["RTP/AVP", "RTP/AVPF"];
const SECURE: [&str; 2] = ["RTP/SAVP", "RTP/SAVPF"];
const CRYPTO: &[u8] = b"a=crypto:";
/// What else agrees on keys or names them: SDES, MIKEY (RFC 4567), `k=` (RFC 8866 §5.12), capabilities (RFC 5939),
/// DTLS-SRTP (RFC 5763, RFC 8842) and ZRTP (RFC 6189). All but `k=` are attributes.
const KEY_ATTRIBUTES: [&[u8]; 13] = [
    b"crypto",
    b"key-mgmt",
    b"acap",
    b"tcap",
    b"pcfg",
    b"acfg",
    b"csup",
    b"creq",
    b"fingerprint",
    b"setup",
    b"tls-id",
    b"zrtp-hash",
    b"3ge2ae",
];

impl Profile {
    fn of(protocol: &str) -> Self {
        let is_in = |names: [&str; 2]| names.iter().any(|name| name.eq_ignore_ascii_case(protocol));
        match (is_in(PLAIN), is_in(SECURE)) {
            (true, _) => Self::Plain,
            (_, true) => Self::Secure,
            _ => Self::Other,
        }
    }
}

impl<'a> Media<'a> {
    /// What its protocol says of encryption.
    pub fn profile(&self) -> Profile {
        Profile::of(self.protocol)
    }

    /// The values of `a=crypto`, in order of preference.
    pub fn crypto(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.attributes()
            .filter_map(|(name, value)| value.filter(|_| name.eq_ignore_ascii_case("crypto")))
    }
}

/// Whether a line agrees on keys, by whatever way: who is told it by one leg must not be told it by another.
fn is_of_keys(line: &[u8]) -> bool {
    let Some(attribute) = line.strip_prefix(b"a=") else {
        return line.starts_with(b"k=");
    };
    let name = attribute.split(|byte| *byte == b':').next();
    name.is_some_and(|name| {
        KEY_ATTRIBUTES
            .iter()
            .any(|known| name.trim_ascii_end().eq_ignore_ascii_case(known))
    })
}

/// The description without anything that agrees on keys, but the values `crypto` at the stream with the number
/// `stream`, whose profile is the secure one if `is_secure` and else the plain one. A stream of another protocol
/// keeps it.
pub fn with_crypto(sdp: &[u8], stream: usize, is_secure: bool, crypto: &[String]) -> Vec<u8> {
    let more: usize = crypto
        .iter()
        .map(|value| CRYPTO.len() + value.len() + 2)
        .sum();
    let mut out = Vec::with_capacity(sdp.len() + more + 1);
    let mut streams = 0;
    // Whether lines are to be written before the first attribute of the stream, or at its end.
    let mut is_due = false;
    let mut end: &[u8] = b"\r\n";
    for line in lines(sdp) {
        let is_media = line.content.starts_with(b"m=");
        if is_due && (is_media || line.content.starts_with(b"a=")) {
            write(crypto, end, &mut out);
            is_due = false;
        }
        if is_of_keys(line.content) {
            continue;
        }
        if is_media && streams == stream {
            media_line(&line, is_secure, &mut out);
            is_due = true;
        } else {
            out.extend_from_slice(line.content);
        }
        streams += usize::from(is_media);
        out.extend_from_slice(line.end);
        end = if line.end.is_empty() { end } else { line.end };
    }
    if is_due {
        if !out.ends_with(b"\n") {
            out.extend_from_slice(end);
        }
        write(crypto, end, &mut out);
    }
    out
}

fn write(crypto: &[String], end: &[u8], out: &mut Vec<u8>) {
    for value in crypto {
        out.extend_from_slice(CRYPTO);
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(end);
    }
}

/// The line with its profile as it is to be: of `m=audio 1 RTP/AVP 0` the third word.
fn media_line(line: &Line<'_>, is_secure: bool, out: &mut Vec<u8>) {
    for (index, word) in line
        .content
        .split_inclusive(|byte| *byte == b' ')
        .enumerate()
    {
        let text = std::str::from_utf8(word.trim_ascii_end()).unwrap_or("");
        let has_feedback = text.ends_with(['F', 'f']);
        match (Profile::of(text), is_secure) {
            (Profile::Plain, true) | (Profile::Secure, false) if index >= 2 => {
                let names = if is_secure { SECURE } else { PLAIN };
                out.extend_from_slice(names[usize::from(has_feedback)].as_bytes());
                out.extend_from_slice(&word[text.len()..]);
            }
            _ => out.extend_from_slice(word),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use crate::sdp::Sdp;

    const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
        a=crypto:9 X inline:U1RSQVk=\r\nm=audio 4000  RTP/SAVPF 8 0\r\ni=voice\r\n\
        a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA\r\na=rtpmap:8 PCMA/8000\r\n\
        m=video 0 RTP/SAVP 96\r\na=Crypto:1 Y inline:BBBB\r\n";

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_stream_tells_its_profile_and_what_it_offers() {
        let sdp = Sdp::parse(OFFER.as_bytes()).unwrap();
        let audio = sdp.audio().unwrap();
        assert_eq!(audio.profile(), Profile::Secure);
        let offered: Vec<_> = audio.crypto().collect();
        assert_eq!(offered, ["1 AES_CM_128_HMAC_SHA1_80 inline:AAAA"]);
        assert_eq!(Profile::of("rtp/avp"), Profile::Plain);
        assert_eq!(Profile::of("UDP/TLS/RTP/SAVPF"), Profile::Other);
    }

    #[test]
    fn keys_of_others_are_left_out_and_ours_stand_at_the_stream() {
        let plain = text(with_crypto(OFFER.as_bytes(), 0, false, &[]));
        let expected = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
            m=audio 4000  RTP/AVPF 8 0\r\ni=voice\r\na=rtpmap:8 PCMA/8000\r\nm=video 0 RTP/SAVP 96\r\n";
        assert_eq!(plain, expected);
        let ours = ["1 S inline:CC".to_owned(), "2 T inline:DD".to_owned()];
        let sealed = text(with_crypto(plain.as_bytes(), 0, true, &ours));
        let expected = expected.replace("RTP/AVPF", "RTP/SAVPF").replace(
            "a=rtpmap",
            "a=crypto:1 S inline:CC\r\na=crypto:2 T inline:DD\r\na=rtpmap",
        );
        assert_eq!(sealed, expected);
    }

    #[test]
    fn no_other_way_to_agree_on_keys_passes() {
        let rest = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nm=audio 4000 RTP/AVP 0\r\na=setup-hint:x\r\na=rtpmap:0 PCMU/8000\r\n";
        let others = [
            "k=base64:c2VjcmV0",
            "a=acap:1 crypto:1 AES_CM_128_HMAC_SHA1_80 inline:CCCC",
            "a=tcap:1 RTP/SAVP",
            "a=pcfg:1 t=1 a=1",
            "a=key-mgmt:mikey AQAF",
            "a=Fingerprint:sha-256 AB:CD",
            "a=setup:actpass",
            "a=tls-id:91bbf309",
            "a=zrtp-hash:1.10 fe30",
        ];
        let lines: String = others.iter().map(|line| format!("{line}\r\n")).collect();
        let head = rest.replace("m=audio", &format!("{lines}m=audio"));
        for given in [format!("{rest}{lines}"), head] {
            assert_eq!(text(with_crypto(given.as_bytes(), 0, false, &[])), rest);
        }
    }

    #[test]
    fn a_stream_without_attributes_gets_them_at_its_end() {
        let bare = "v=0\nm=audio 1 RTP/AVP 0\nc=IN IP4 192.0.2.1";
        let ours = ["1 S inline:CC".to_owned()];
        assert_eq!(
            text(with_crypto(bare.as_bytes(), 0, true, &ours)),
            "v=0\nm=audio 1 RTP/SAVP 0\nc=IN IP4 192.0.2.1\na=crypto:1 S inline:CC\n"
        );
        let two = format!("{bare}\nm=audio 2 RTP/AVP 0\n");
        assert_eq!(
            text(with_crypto(two.as_bytes(), 0, false, &ours)),
            "v=0\nm=audio 1 RTP/AVP 0\nc=IN IP4 192.0.2.1\na=crypto:1 S inline:CC\nm=audio 2 RTP/AVP 0\n"
        );
    }
}
