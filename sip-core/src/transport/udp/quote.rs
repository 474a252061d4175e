//! The request that an ICMP error quotes: its branch tells whether the error is about us.

use crate::header::MAGIC_COOKIE;
use crate::ticket::BranchText;

/// How much of a quoted datagram is read. Our Via is the first field; before it there is only the
/// request line, whose length the target decides.
pub(super) const BYTES: usize = 512;

const VIA: &[u8] = b"\r\nVia: ";
const BRANCH: &[u8] = b";branch=";

/// The branch of the first Via, as long as ours are; `None` for anything else, and for a quote that
/// ends before it.
pub(super) fn branch(quoted: &[u8]) -> Option<BranchText> {
    let via = after(quoted, VIA)?;
    let value = after(via, BRANCH)?.get(..BranchText::new().capacity())?;
    let text = std::str::from_utf8(value).ok()?;
    text.starts_with(MAGIC_COOKIE)
        .then(|| BranchText::from(text).ok())
        .flatten()
}

fn after<'a>(bytes: &'a [u8], needle: &[u8]) -> Option<&'a [u8]> {
    let at = bytes
        .windows(needle.len())
        .position(|part| part == needle)?;
    bytes.get(at + needle.len()..)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUOTE: &[u8] = b"INVITE sip:44;branch=x@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP \
        198.51.100.1:5060;branch=z9hG4bKabcdefghijklmnopqrstuvwxyz23;rport\r\nMax-Forwards: 70";

    #[test]
    fn the_branch_of_the_first_via_is_found() {
        let found = branch(QUOTE);
        assert_eq!(
            found.as_deref(),
            Some("z9hG4bKabcdefghijklmnopqrstuvwxyz23")
        );
    }

    #[test]
    fn a_quote_that_ends_too_early_names_nothing() {
        let end = QUOTE.len() - ";rport\r\nMax-Forwards: 70".len();
        for length in 0..end {
            assert_eq!(branch(&QUOTE[..length]), None, "{length}");
        }
        assert!(branch(&QUOTE[..end]).is_some());
    }

    #[test]
    fn what_is_no_request_of_ours_names_nothing() {
        for quote in [
            &b""[..],
            b"\x80\x08\x00\x01 rtp",
            b"OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=1\r\n\r\n",
            b"OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=\xff\xff\xff\xff\xff\xff\xff\
              \xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\
              \xff\xff\xff\xff\xff\xff\xff\xff",
        ] {
            assert_eq!(branch(quote), None);
        }
    }
}
