//! The header field names that the switch knows, found in constant time.

use std::fmt;

/// How a header field may appear more than once (RFC 3261 §7.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// At most once in a message.
    One,
    /// Any number of values, split by commas or over several fields.
    List,
    /// Several fields, but a comma is part of the value.
    Many,
}

macro_rules! header_names {
    ($($variant:ident $text:literal $shape:ident $($compact:literal)?;)+) => {
        /// The name of a header field. Comparison is case-insensitive on the wire, and compact
        /// forms (RFC 3261 §7.3.3) are the same name. Written in the canonical long form.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum HeaderName {
            $(#[doc = concat!("`", $text, "`")] $variant,)+
            /// Any other name; the text of it is in the header field.
            Other,
        }

        /// Every known name, in the order of the enum: index equals discriminant.
        const NAMES: &[(HeaderName, &str, Shape)] =
            &[$((HeaderName::$variant, $text, Shape::$shape),)+];

        const COMPACT: &[(u8, HeaderName)] = &[$($(($compact, HeaderName::$variant),)?)+];
    };
}

header_names! {
    Via "Via" List b'v';
    From "From" One b'f';
    To "To" One b't';
    CallId "Call-ID" One b'i';
    CSeq "CSeq" One;
    Contact "Contact" List b'm';
    MaxForwards "Max-Forwards" One;
    ContentLength "Content-Length" One b'l';
    ContentType "Content-Type" One b'c';
    Route "Route" List;
    RecordRoute "Record-Route" List;
    ContentEncoding "Content-Encoding" List b'e';
    ContentDisposition "Content-Disposition" One;
    ContentLanguage "Content-Language" List;
    MimeVersion "MIME-Version" One;
    Supported "Supported" List b'k';
    Require "Require" List;
    ProxyRequire "Proxy-Require" List;
    Unsupported "Unsupported" List;
    Allow "Allow" List;
    AllowEvents "Allow-Events" List b'u';
    Accept "Accept" List;
    AcceptEncoding "Accept-Encoding" List;
    AcceptLanguage "Accept-Language" List;
    UserAgent "User-Agent" One;
    Server "Server" One;
    Reason "Reason" List;
    Warning "Warning" List;
    RetryAfter "Retry-After" One;
    Expires "Expires" One;
    MinExpires "Min-Expires" One;
    SessionExpires "Session-Expires" One b'x';
    MinSe "Min-SE" One;
    Authorization "Authorization" Many;
    WwwAuthenticate "WWW-Authenticate" Many;
    ProxyAuthorization "Proxy-Authorization" Many;
    ProxyAuthenticate "Proxy-Authenticate" Many;
    AuthenticationInfo "Authentication-Info" Many;
    Date "Date" One;
    Timestamp "Timestamp" One;
    Subject "Subject" One b's';
    Organization "Organization" One;
    Priority "Priority" One;
    ReferTo "Refer-To" One b'r';
    ReferredBy "Referred-By" One b'b';
    ReferSub "Refer-Sub" One;
    Replaces "Replaces" One;
    Join "Join" One;
    TargetDialog "Target-Dialog" One;
    Event "Event" One b'o';
    SubscriptionState "Subscription-State" One;
    RSeq "RSeq" One;
    RAck "RAck" One;
    PAssertedIdentity "P-Asserted-Identity" List;
    PPreferredIdentity "P-Preferred-Identity" List;
    Privacy "Privacy" Many;
    RemotePartyId "Remote-Party-ID" List;
    Diversion "Diversion" List;
    HistoryInfo "History-Info" List;
    Identity "Identity" List b'y';
    PChargingVector "P-Charging-Vector" One;
    PChargeInfo "P-Charge-Info" One;
    PEarlyMedia "P-Early-Media" List;
    PAccessNetworkInfo "P-Access-Network-Info" List;
    Path "Path" List;
    ServiceRoute "Service-Route" List;
    SipEtag "SIP-ETag" One;
    SipIfMatch "SIP-If-Match" One;
    AlertInfo "Alert-Info" List;
    CallInfo "Call-Info" List;
    ErrorInfo "Error-Info" List;
    InReplyTo "In-Reply-To" List;
    ReplyTo "Reply-To" One;
    AcceptContact "Accept-Contact" List b'a';
    RejectContact "Reject-Contact" List b'j';
    RequestDisposition "Request-Disposition" List b'd';
    UserToUser "User-to-User" List;
    SessionId "Session-ID" One;
    InfoPackage "Info-Package" One;
    RecvInfo "Recv-Info" List;
}

/// Marks a free place in the tables below.
const NONE: u8 = u8::MAX;

/// Perfect hash over [`NAMES`]; building it fails to compile when two names collide.
static BUCKETS: [u8; 256] = {
    let mut table = [NONE; 256];
    let mut i = 0;
    while i < NAMES.len() {
        let slot = bucket(NAMES[i].1.as_bytes());
        assert!(
            table[slot] == NONE,
            "two header names share a bucket: change the multipliers"
        );
        assert!(
            NAMES[i].0 as usize == i,
            "NAMES must follow the order of the enum"
        );
        table[slot] = i as u8;
        i += 1;
    }
    table
};

static COMPACT_BUCKETS: [u8; 26] = {
    let mut table = [NONE; 26];
    let mut i = 0;
    while i < COMPACT.len() {
        table[(COMPACT[i].0 - b'a') as usize] = COMPACT[i].1 as u8;
        i += 1;
    }
    table
};

/// Known names without case, to be compared a few bytes at a time: a call of the general comparison would
/// cost more than all the rest of the look-up. Index as in [`NAMES`].
static FOLDED: [Folded; NAMES.len()] = {
    let mut table = [Folded::of(b""); NAMES.len()];
    let mut i = 0;
    while i < NAMES.len() {
        table[i] = Folded::of(NAMES[i].1.as_bytes());
        i += 1;
    }
    table
};

/// A known name.
#[derive(Clone, Copy)]
struct Folded {
    length: usize,
    /// In lower case.
    words: [u64; 3],
    /// The bit of the case wherever there is a letter. Elsewhere a byte must be the same.
    case: [u64; 3],
}

impl Folded {
    const fn of(name: &[u8]) -> Self {
        assert!(name.len() <= NAME_BYTES_MAX, "longer than words() sees");
        let (mut lower, mut case) = ([0; NAME_BYTES_MAX], [0; NAME_BYTES_MAX]);
        let mut i = 0;
        while i < name.len() {
            lower[i] = name[i].to_ascii_lowercase();
            case[i] = if name[i].is_ascii_alphabetic() {
                CASE
            } else {
                0
            };
            i += 1;
        }
        Self {
            length: name.len(),
            words: words(lower.split_at(name.len()).0),
            case: words(case.split_at(name.len()).0),
        }
    }

    #[inline]
    fn is(&self, text: &[u8]) -> bool {
        let ([a, b, c], [d, e, f], [x, y, z]) = (words(text), self.case, self.words);
        self.length == text.len() && ((a | d) ^ x) | ((b | e) ^ y) | ((c | f) ^ z) == 0
    }
}

/// The bit by which a small letter differs from a capital.
const CASE: u8 = 0x20;
/// No known name is longer.
const NAME_BYTES_MAX: usize = 24;

/// All bytes of a text of up to [`NAME_BYTES_MAX`], some of them twice.
#[inline]
const fn words(text: &[u8]) -> [u64; 3] {
    let middle = text.split_at(text.len().saturating_sub(8) / 2).1;
    if let (Some(first), Some(middle), Some(last)) =
        (text.first_chunk(), middle.first_chunk(), text.last_chunk())
    {
        return [
            u64::from_le_bytes(*first),
            u64::from_le_bytes(*middle),
            u64::from_le_bytes(*last),
        ];
    }
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        return [
            u32::from_le_bytes(*first) as u64,
            u32::from_le_bytes(*last) as u64,
            0,
        ];
    }
    match text {
        [] => [0; 3],
        [a, ..] => [
            *a as u64,
            text[text.len() / 2] as u64,
            text[text.len() - 1] as u64,
        ],
    }
}

/// Length, first, middle and last letter tell all known names apart. `name` is not empty.
const fn bucket(name: &[u8]) -> usize {
    let length = name.len();
    let first = (name[0] | CASE) as usize;
    let middle = (name[length / 2] | CASE) as usize;
    let last = (name[length - 1] | CASE) as usize;
    (length * 45 + first * 19 + last * 8 + middle) & 0xff
}

impl HeaderName {
    /// Number of names, [`HeaderName::Other`] included.
    pub(crate) const COUNT: usize = NAMES.len() + 1;

    /// The name that `text` (a token, without the colon) stands for, long or compact, any case.
    pub fn from_token(text: &[u8]) -> Self {
        match text {
            [] => Self::Other,
            [letter] => match letter.to_ascii_lowercase().checked_sub(b'a') {
                Some(index @ 0..26) => Self::at(COMPACT_BUCKETS[usize::from(index)]),
                _ => Self::Other,
            },
            _ => {
                let index = BUCKETS[bucket(text)];
                match FOLDED.get(usize::from(index)) {
                    Some(known) if known.is(text) => Self::at(index),
                    _ => Self::Other,
                }
            }
        }
    }

    /// The canonical long form, `Call-ID`. [`HeaderName::Other`] has none and gives the empty
    /// string.
    pub fn as_str(self) -> &'static str {
        NAMES.get(self as usize).map_or("", |entry| entry.1)
    }

    pub(crate) fn shape(self) -> Shape {
        NAMES
            .get(self as usize)
            .map_or(Shape::Many, |entry| entry.2)
    }

    fn at(index: u8) -> Self {
        NAMES
            .get(usize::from(index))
            .map_or(Self::Other, |entry| entry.0)
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_in_any_case() {
        for (name, text, _) in NAMES {
            assert_eq!(HeaderName::from_token(text.as_bytes()), *name, "{text}");
            assert_eq!(
                HeaderName::from_token(text.to_ascii_uppercase().as_bytes()),
                *name
            );
            assert_eq!(
                HeaderName::from_token(text.to_ascii_lowercase().as_bytes()),
                *name
            );
        }
    }

    #[test]
    fn compact_forms_are_the_same_name() {
        for (letter, name) in COMPACT {
            assert_eq!(HeaderName::from_token(&[*letter]), *name);
            assert_eq!(
                HeaderName::from_token(&[letter.to_ascii_uppercase()]),
                *name
            );
        }
        assert_eq!(HeaderName::from_token(b"z"), HeaderName::Other);
        assert_eq!(HeaderName::from_token(b"-"), HeaderName::Other);
    }

    #[test]
    fn a_name_with_one_byte_changed_is_no_longer_known_unless_it_is_a_letters_case() {
        for (name, text, _) in NAMES {
            for place in 0..text.len() {
                for bit in 0..8 {
                    let mut changed = text.as_bytes().to_vec();
                    changed[place] ^= 1 << bit;
                    let is_same = text.as_bytes().eq_ignore_ascii_case(&changed);
                    let found = HeaderName::from_token(&changed);
                    assert_eq!(found == *name, is_same, "{}", changed.escape_ascii());
                }
            }
        }
    }

    #[test]
    fn an_unknown_name_is_other_even_in_a_taken_bucket() {
        assert_eq!(HeaderName::from_token(b"Vxa"), HeaderName::Other);
        assert_eq!(HeaderName::from_token(b"X-Anything"), HeaderName::Other);
        assert_eq!(HeaderName::from_token(b""), HeaderName::Other);
        assert_eq!(HeaderName::Other.as_str(), "");
    }
}
