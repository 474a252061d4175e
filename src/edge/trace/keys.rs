//! Keys of media in messages that are kept or shown: who reads a trace must not be able to hear a call.

use memchr::{memchr, memmem};

/// What stands in place of each character of a key: the message keeps its length.
const MASK: u8 = b'*';
/// Before the key of a line of SDES (RFC 4568 §9.1), in any case of letters.
const INLINE: &[u8] = b"inline:";

/// Covers the keys in a message's session description: of `a=crypto` (SDES), also as a capability (`a=acap`, RFC
/// 5939), what follows `inline:`, of `a=key-mgmt` (MIKEY, RFC 4567) and of `k=` (RFC 8866) the whole value.
pub(super) fn mask(message: &mut [u8]) {
    each_value(message, b"\na=", |attribute| {
        let name = attribute.split(|byte| *byte == b':').next();
        let name_length = name.map_or(0, <[u8]>::len);
        let is = |text: &[u8]| attribute[..name_length].eq_ignore_ascii_case(text);
        if is(b"crypto") || is(b"acap") {
            mask_inline(&mut attribute[name_length..]);
        } else if is(b"key-mgmt") {
            let value = &mut attribute[name_length..];
            // The colon stays.
            value.iter_mut().skip(1).for_each(|byte| *byte = MASK);
        }
    });
    each_value(message, b"\nk=", |value| value.fill(MASK));
}

fn mask_inline(value: &mut [u8]) {
    let mut rest = value;
    while let Some(at) = inline(rest) {
        let key = &mut rest[at + INLINE.len()..];
        // Lifetime and key number follow behind a bar, parameters behind a space.
        let end = key.iter().position(|byte| b"|; \t".contains(byte));
        let (key, after) = key.split_at_mut(end.unwrap_or(key.len()));
        key.fill(MASK);
        rest = after;
    }
}

/// Calls `change` with what follows `start` in each line that begins so, without its end.
fn each_value(message: &mut [u8], start: &[u8], mut change: impl FnMut(&mut [u8])) {
    let mut rest = message;
    while let Some(at) = memmem::find(rest, start) {
        let value = &mut rest[at + start.len()..];
        let end = memchr(b'\n', value).unwrap_or(value.len());
        let (value, after) = value.split_at_mut(end);
        let kept = usize::from(value.ends_with(b"\r"));
        let length = value.len() - kept;
        change(&mut value[..length]);
        rest = after;
    }
}

fn inline(text: &[u8]) -> Option<usize> {
    let mut words = text.windows(INLINE.len());
    words.position(|word| word.eq_ignore_ascii_case(INLINE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        mask(&mut bytes);
        String::from_utf8(bytes).expect("as it was")
    }

    #[test]
    fn every_key_is_covered_and_nothing_else() {
        let text = "INVITE sip:a SIP/2.0\r\nX: inline:header\r\n\r\nv=0\r\nk=base64:c2VjcmV0\r\n\
            m=audio 4000 RTP/SAVP 8\r\n\
            a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0|2^20|1:4 WSH=64\r\n\
            a=crypto:2 AEAD_AES_128_GCM INLINE:AA+/==;inline:BB==\r\n\
            a=key-mgmt:mikey AQAF\r\na=rtpmap:8 PCMA/8000\r\na=acap:1 crypto:1 X inline:EEEE\r\na=Crypto:3 X inline:CC";
        let expected = "INVITE sip:a SIP/2.0\r\nX: inline:header\r\n\r\nv=0\r\nk=***************\r\n\
            m=audio 4000 RTP/SAVP 8\r\n\
            a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:********|2^20|1:4 WSH=64\r\n\
            a=crypto:2 AEAD_AES_128_GCM INLINE:******;inline:****\r\n\
            a=key-mgmt:**********\r\na=rtpmap:8 PCMA/8000\r\na=acap:1 crypto:1 X inline:****\r\na=Crypto:3 X inline:**";
        assert_eq!(masked(text), expected);
    }

    #[test]
    fn lines_without_a_key_stay_as_they_are() {
        for text in [
            "",
            "\na=crypto:",
            "\na=crypto:1 X\r\n",
            "a=crypto:\nb",
            "\nk=\r\n",
        ] {
            assert_eq!(masked(text), text);
        }
    }
}
