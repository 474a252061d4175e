//! What of the customer's INVITE goes on to carriers beside numbers and description: header fields
//! that both trunks let pass, who calls by an asserted identity, and who diverted the call.
//!
//! The ingress trunk says what is taken, once ([`Presented::of`]); the egress trunk of each attempt
//! says what is sent ([`fields`]). Nothing passes by default, and numbers only: hosts of
//! the other side are never seen.

use arrayvec::ArrayVec;
use routing_engine::numbers::{Number, ShownIdentity, is_assertable};
use routing_engine::resources::{
    AssertedIdentity, DiversionPolicy, HeaderPolicy, IdentityPolicy, PrivacyPolicy,
};
use routing_engine::snapshot::IngressTrunk;
use sip_core::{HeaderName, Message, NameAddr, Uri};

/// Header fields of one INVITE that are taken.
const FIELDS_MAX: usize = 32;
/// Bytes of one value that is taken.
const VALUE_BYTES_MAX: usize = 1_024;
/// Bytes of all that is added to one INVITE.
const ALL_BYTES_MAX: usize = 8_192;
/// Diversions that are taken: the first ones.
const DIVERSIONS_MAX: usize = 4;
/// Entries of a History-Info that are looked at.
const TARGETS_MAX: usize = 16;
/// Characters of a number.
const NUMBER_CHARS_MAX: usize = 64;

/// Names and values of header fields.
pub(crate) type Fields = Vec<(String, String)>;

/// What is known of a caller beside From.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Presented {
    /// The number that stands for the caller, as received.
    asserted: Option<Number>,
    /// The caller wants to stay anonymous.
    is_withheld: bool,
    /// The number came with the wish that it goes no further than those who are trusted.
    is_confidential: bool,
    /// Who diverted the call, the last first, as Diversion has it.
    diverted: ArrayVec<Diverted, DIVERSIONS_MAX>,
    /// Fields that pass.
    fields: Fields,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Diverted {
    number: String,
    why: Why,
}

/// Why a call was diverted (RFC 5806 §4.3, RFC 7544 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    Unknown,
    Unconditional,
    Busy,
    NoAnswer,
    Deflection,
    Unavailable,
}

/// Name in Diversion, cause in History-Info.
const WHYS: [(Why, &str, u16); 6] = [
    (Why::Unknown, "unknown", 404),
    (Why::Unconditional, "unconditional", 302),
    (Why::Busy, "user-busy", 486),
    (Why::NoAnswer, "no-answer", 408),
    (Why::Deflection, "deflection", 480),
    (Why::Unavailable, "unavailable", 503),
];

impl Presented {
    /// What an ingress trunk takes of an INVITE; `None` when that is nothing.
    pub(crate) fn of(invite: &Message<'_>, trunk: &IngressTrunk) -> Option<Box<Self>> {
        let (headers, identity) = (&trunk.headers, &trunk.identity);
        if headers.is_empty() && identity.is_default() {
            return None;
        }
        let shown = shown(invite);
        let is_private = shown.is_private;
        let believed = shown.believed(identity.asserted);
        let asserted = believed.and_then(|number| Number::from(number).ok());
        let presented = Self {
            is_withheld: identity.privacy == PrivacyPolicy::Respect && is_private,
            is_confidential: is_private && asserted.is_some(),
            asserted,
            diverted: diverted(invite, identity.diversion),
            fields: passing(invite, headers),
        };
        (presented != Self::default()).then(|| Box::new(presented))
    }

    /// What a call that the caller asks for says of it.
    pub(crate) fn shown(&self) -> ShownIdentity<'_> {
        let is_private = self.is_withheld || self.is_confidential;
        ShownIdentity::of_believed(self.asserted.as_deref(), is_private)
    }

    /// Keeps who calls, and nothing else.
    pub(crate) fn forget_fields(&mut self) {
        self.fields = Fields::new();
        self.diverted.clear();
    }

    /// Whether From must not name the caller to a carrier of this policy.
    pub(crate) fn is_hidden(&self, identity: &IdentityPolicy) -> bool {
        self.is_withheld && identity.privacy == PrivacyPolicy::Respect
    }

    fn passed_to(&self, headers: &HeaderPolicy, fields: &mut Fields) {
        for (name, value) in &self.fields {
            if headers.passes(name)
                && let Some(value) = headers.rewritten(name, value, VALUE_BYTES_MAX)
            {
                put(fields, name, &value);
            }
        }
    }

    fn diversions_to(
        &self,
        policy: DiversionPolicy,
        called: &str,
        host: &str,
        fields: &mut Fields,
    ) {
        match policy {
            DiversionPolicy::Off => {}
            DiversionPolicy::Diversion => {
                for Diverted { number, why } in &self.diverted {
                    let value = format!("<sip:{number}@{host}>;reason={}", why.name());
                    put(fields, "Diversion", &value);
                }
            }
            DiversionPolicy::HistoryInfo => self.history_to(called, host, fields),
        }
    }

    /// RFC 7044 §10.3: the first target first, each retargeting one level deeper, and at the end who
    /// is called now.
    fn history_to(&self, called: &str, host: &str, fields: &mut Fields) {
        if self.diverted.is_empty() {
            return;
        }
        let mut index = String::from("1");
        for Diverted { number, why } in self.diverted.iter().rev() {
            let cause = why.cause();
            let value = format!("<sip:{number}@{host}?Reason=SIP%3Bcause%3D{cause}>;index={index}");
            put(fields, "History-Info", &value);
            index.push_str(".1");
        }
        let value = format!("<sip:{called}@{host}>;index={index}");
        put(fields, "History-Info", &value);
    }
}

impl Why {
    fn name(self) -> &'static str {
        let known = WHYS.iter().find(|(why, ..)| *why == self);
        known.map_or("unknown", |(_, name, _)| name)
    }

    fn cause(self) -> u16 {
        let known = WHYS.iter().find(|(why, ..)| *why == self);
        known.map_or(404, |(.., cause)| *cause)
    }
}

/// The numbers of a call as a carrier's trunk wants them.
#[derive(Clone, Copy)]
pub(crate) struct Numbers<'n> {
    pub(crate) called: &'n str,
    /// What From says.
    pub(crate) calling: &'n str,
    /// The number that the customer's trunk believes to stand for the caller.
    pub(crate) asserted: Option<&'n str>,
    /// The customer's trunk vouches for what From says.
    pub(crate) is_vouched: bool,
    /// They are none of the caller's: whatever Privacy says, there is nothing to hide.
    pub(crate) is_presented: bool,
}

/// The fields that the INVITE to a carrier has beside those that it always has. `host` is our own.
pub(crate) fn fields(
    presented: Option<&Presented>,
    headers: &HeaderPolicy,
    identity: &IdentityPolicy,
    numbers: Numbers<'_>,
    host: &str,
) -> Fields {
    let mut fields = Fields::new();
    if headers.is_empty() && identity.is_default() {
        return fields;
    }
    // RFC 3325 §9.3: a number that came with Privacy never leaves without it.
    let is_hidden = !numbers.is_presented
        && presented.is_some_and(|known| known.is_hidden(identity) || known.is_confidential);
    let caller = Asserted {
        number: numbers.asserted.unwrap_or(numbers.calling),
        is_believed: numbers.asserted.is_some() || numbers.is_vouched,
        is_hidden,
    };
    caller.put_to(identity.asserted, host, &mut fields);
    if let Some(presented) = presented {
        presented.diversions_to(identity.diversion, numbers.called, host, &mut fields);
        presented.passed_to(headers, &mut fields);
    }
    for header in &headers.add {
        put(&mut fields, &header.name, &header.value);
    }
    fields
}

/// What an INVITE says of its caller beside From. Allocates nothing.
pub(crate) fn shown<'m>(invite: &'m Message<'m>) -> ShownIdentity<'m> {
    let first = |name| values_of(invite, name).find_map(number_in);
    ShownIdentity {
        p_asserted_identity: first("P-Asserted-Identity"),
        remote_party_id: first("Remote-Party-ID"),
        is_private: is_withheld(invite),
    }
}

/// Who calls, as a carrier is told.
struct Asserted<'n> {
    number: &'n str,
    /// The customer's trunk believes who said so; else it is what From says, and nobody has verified
    /// it.
    is_believed: bool,
    is_hidden: bool,
}

impl Asserted<'_> {
    /// What is no number is asserted for nobody.
    fn put_to(&self, field: AssertedIdentity, host: &str, fields: &mut Fields) {
        use AssertedIdentity::{Both, PAssertedIdentity, RemotePartyId};
        let number = self.number;
        if !is_assertable(number) {
            return;
        }
        // RFC 3325 §5: only what is known to be so is asserted. Remote-Party-ID can say that it is not.
        if matches!(field, PAssertedIdentity | Both) && self.is_believed {
            put(
                fields,
                "P-Asserted-Identity",
                &format!("<sip:{number}@{host}>"),
            );
            if self.is_hidden {
                put(fields, "Privacy", "id");
            }
        }
        if matches!(field, RemotePartyId | Both) {
            let screen = if self.is_believed { "yes" } else { "no" };
            let privacy = if self.is_hidden { "full" } else { "off" };
            let value =
                format!("<sip:{number}@{host}>;party=calling;screen={screen};privacy={privacy}");
            put(fields, "Remote-Party-ID", &value);
        }
    }
}

fn put(fields: &mut Fields, name: &str, value: &str) {
    let bytes = |field: &(String, String)| field.0.len() + field.1.len();
    let sum: usize = fields.iter().map(bytes).sum();
    if sum + name.len() + value.len() <= ALL_BYTES_MAX {
        fields.push((name.to_owned(), value.to_owned()));
    }
}

/// RFC 3323 §4.2, RFC 3325 §9.3: what asks to keep the caller's identity back.
fn is_withheld(invite: &Message<'_>) -> bool {
    let values = values_of(invite, "Privacy").flat_map(|value| value.split(';'));
    let mut wishes = values.map(str::trim);
    wishes.any(|wish| {
        ["id", "user", "header"]
            .iter()
            .any(|known| wish.eq_ignore_ascii_case(known))
    })
}

fn diverted(invite: &Message<'_>, field: DiversionPolicy) -> ArrayVec<Diverted, DIVERSIONS_MAX> {
    match field {
        DiversionPolicy::Off => ArrayVec::new(),
        DiversionPolicy::Diversion => values_of(invite, "Diversion")
            .filter_map(|value| {
                let (number, why) = (number_of(value)?, why_of_diversion(value));
                Some(Diverted { number, why })
            })
            .take(DIVERSIONS_MAX)
            .collect(),
        DiversionPolicy::HistoryInfo => diverted_by_history(invite),
    }
}

/// Who of a History-Info diverted: who has a cause of its own (RFC 7044 §10.2), or whose successor
/// says by what cause it became one (RFC 7544 §4). The rest are those who were called.
fn diverted_by_history(invite: &Message<'_>) -> ArrayVec<Diverted, DIVERSIONS_MAX> {
    let targets: Vec<&str> = values_of(invite, "History-Info")
        .take(TARGETS_MAX)
        .collect();
    let successors = targets.iter().skip(1).map(Some).chain([None]);
    let diverted: Vec<Diverted> = targets
        .iter()
        .zip(successors)
        .filter_map(|(target, successor)| {
            let of_successor = || cause_after(successor?, ";cause=");
            let cause = cause_after(target, "cause%3d").or_else(of_successor)?;
            let known = WHYS.iter().find(|(.., known)| *known == cause);
            let why = known.map_or(Why::Unknown, |(why, ..)| *why);
            let number = number_of(target)?;
            Some(Diverted { number, why })
        })
        .collect();
    diverted.into_iter().rev().take(DIVERSIONS_MAX).collect()
}

fn why_of_diversion(value: &str) -> Why {
    let name = value
        .split(';')
        .find_map(|part| part.trim().strip_prefix("reason="));
    let name = name.unwrap_or_default().trim_matches('"');
    let known = WHYS
        .iter()
        .find(|(_, known, _)| known.eq_ignore_ascii_case(name));
    known.map_or(Why::Unknown, |(why, ..)| *why)
}

/// The three digits behind a name, in whatever case it is written.
fn cause_after(value: &str, name: &str) -> Option<u16> {
    let lower = value.to_ascii_lowercase();
    let (_, rest) = lower.split_once(name)?;
    rest.get(..3)?.parse().ok()
}

fn passing(invite: &Message<'_>, headers: &HeaderPolicy) -> Fields {
    if headers.pass.is_empty() {
        return Vec::new();
    }
    let fields = invite.headers().filter_map(|field| {
        let name = field.raw_name;
        if !headers.passes(name) || field.raw_value.len() > VALUE_BYTES_MAX {
            return None;
        }
        let value = unfolded(field.raw_value)?;
        let value = headers.rewritten(name, &value, VALUE_BYTES_MAX)?;
        Some((name.to_owned(), value))
    });
    fields.take(FIELDS_MAX).collect()
}

/// The values of a field that may stand several times or list several.
fn values_of<'m>(invite: &'m Message<'m>, name: &'m str) -> impl Iterator<Item = &'m str> {
    invite
        .headers()
        .filter(move |field| field.raw_name.eq_ignore_ascii_case(name))
        .filter_map(|field| std::str::from_utf8(field.raw_value).ok())
        .flat_map(parts)
}

/// The parts of a list; commas within quotes and angle brackets part nothing.
fn parts(value: &str) -> impl Iterator<Item = &str> {
    let mut rest = value;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (mut is_quoted, mut is_bracketed, mut is_escaped) = (false, false, false);
        let end = rest.bytes().position(|byte| {
            let was_escaped = std::mem::take(&mut is_escaped);
            match byte {
                b'\\' if is_quoted => is_escaped = !was_escaped,
                b'"' if !was_escaped => is_quoted = !is_quoted,
                b'<' if !is_quoted => is_bracketed = true,
                b'>' if !is_quoted => is_bracketed = false,
                b',' => return !is_quoted && !is_bracketed,
                _ => {}
            }
            false
        });
        let (part, after) = match end {
            Some(at) => (&rest[..at], &rest[at + 1..]),
            None => (rest, ""),
        };
        rest = after;
        Some(part.trim())
    })
}

/// The user part of an address, when it is a number or a name that can stand in a URI.
fn number_of(value: &str) -> Option<String> {
    number_in(value).map(str::to_owned)
}

fn number_in(value: &str) -> Option<&str> {
    let address = NameAddr::parse(HeaderName::From, value.as_bytes()).ok()?;
    let uri = Uri::parse(address.uri).ok()?;
    let user = uri.user.or_else(|| address.uri.strip_prefix("tel:"))?;
    let user = user.split(';').next().unwrap_or(user);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+-._*#".contains(&byte);
    let is_number =
        !user.is_empty() && user.len() <= NUMBER_CHARS_MAX && user.bytes().all(is_plain);
    is_number.then_some(user)
}

/// A value on one line; `None` when it has bytes that may not be passed on.
fn unfolded(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?;
    let mut out = String::with_capacity(text.len());
    for word in text
        .split(['\r', '\n'])
        .map(str::trim)
        .filter(|word| !word.is_empty())
    {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    (!out.chars().any(|c| c.is_control() && c != '\t')).then_some(out)
}
