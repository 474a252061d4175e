//! The same description with fewer formats, or with the same in another order.

use super::lines::{Line, lines};
use super::{Media, Sdp};

/// Payload types that need no `a=rtpmap` (RFC 3551 §6).
const STATIC: [(u8, &str); 15] = [
    (0, "PCMU"),
    (3, "GSM"),
    (4, "G723"),
    (5, "DVI4"),
    (6, "DVI4"),
    (7, "LPC"),
    (8, "PCMA"),
    (9, "G722"),
    (10, "L16"),
    (11, "L16"),
    (12, "QCELP"),
    (13, "CN"),
    (14, "MPA"),
    (15, "G728"),
    (18, "G729"),
];
/// There are no more payload types than these, so no stream has more formats (RFC 3550 §5.1).
const PAYLOADS: usize = 128;
/// No codec: it stands beside one and is never dropped (RFC 4733).
const BESIDE: &str = "telephone-event";
/// Attributes that begin with the payload type that they describe.
const OF_FORMAT: [&[u8]; 3] = [b"a=rtpmap:", b"a=fmtp:", b"a=rtcp-fb:"];

impl<'a> Sdp<'a> {
    /// Appends the description with only those codecs of its audio streams over RTP to which `place`
    /// gives a place, the lowest first; equals stay in their order. `place` gets the RTP name as it
    /// is written, `""` for a payload type that nothing describes. `telephone-event` stays, behind
    /// the codecs. Lines that describe what is left out are left out too; all others, and streams
    /// that are declined or are no audio, are copied byte for byte.
    ///
    /// False when a stream has no codec left: `out` is of no use then.
    pub fn select_codecs(&self, place: impl Fn(&str) -> Option<usize>, out: &mut Vec<u8>) -> bool {
        let mut streams = self.media().iter();
        let mut kept: Option<Vec<&'a str>> = None;
        for line in lines(self.as_bytes()) {
            if line.content.starts_with(b"m=") {
                let media = streams.next();
                kept = match media.filter(|media| is_selectable(media)) {
                    Some(media) => match selected(media, &place) {
                        Some(formats) => Some(formats),
                        None => return false,
                    },
                    None => None,
                };
                if let (Some(media), Some(formats)) = (media, &kept) {
                    media_line(&line, media, formats, out);
                    continue;
                }
            } else if let (Some(format), Some(formats)) = (described(&line), &kept)
                && !formats.contains(&format)
            {
                continue;
            }
            out.extend_from_slice(line.content);
            out.extend_from_slice(line.end);
        }
        true
    }
}

impl Sdp<'_> {
    /// Whether the first audio streams of two descriptions have a codec in common, by its name. True
    /// when either has no audio over RTP: then nothing can be said.
    pub fn has_codec_of(&self, other: &Sdp<'_>) -> bool {
        let ours = self.media().iter().find(|media| is_selectable(media));
        let theirs = other.media().iter().find(|media| is_selectable(media));
        let (Some(ours), Some(theirs)) = (ours, theirs) else {
            return true;
        };
        let theirs = codecs(theirs);
        let is_theirs = |name: &str| theirs.iter().any(|other| other.eq_ignore_ascii_case(name));
        codecs(ours).into_iter().any(is_theirs)
    }
}

/// The codecs of a stream that have a name.
fn codecs<'a>(media: &Media<'a>) -> Vec<&'a str> {
    let names = names(media);
    let formats = media.formats.split_ascii_whitespace().take(PAYLOADS);
    formats
        .filter_map(|format| names.get(format.parse::<usize>().ok()?).copied())
        .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case(BESIDE))
        .collect()
}

fn is_selectable(media: &Media<'_>) -> bool {
    media.kind == "audio" && media.port != 0 && media.protocol.contains("RTP/")
}

/// The formats that stay, in their new order; `None` when no codec is among them.
fn selected<'a>(media: &Media<'a>, place: &impl Fn(&str) -> Option<usize>) -> Option<Vec<&'a str>> {
    let names = names(media);
    let (mut codecs, mut beside) = (Vec::new(), Vec::new());
    for format in media.formats.split_ascii_whitespace().take(PAYLOADS) {
        let payload = format.parse::<usize>().ok();
        let name = payload.and_then(|payload| names.get(payload).copied());
        let name = name.unwrap_or("");
        if name.eq_ignore_ascii_case(BESIDE) {
            beside.push(format);
        } else if let Some(place) = place(name) {
            codecs.push((place, format));
        }
    }
    if codecs.is_empty() {
        return None;
    }
    codecs.sort_by_key(|(place, _)| *place);
    let codecs = codecs.into_iter().map(|(_, format)| format);
    Some(codecs.chain(beside).collect())
}

/// What each payload type is called. Of several descriptions the last counts.
fn names<'a>(media: &Media<'a>) -> [&'a str; PAYLOADS] {
    let mut names = [""; PAYLOADS];
    let known = STATIC.iter().copied();
    let described = media
        .rtpmaps()
        .map(|rtpmap| (rtpmap.payload, rtpmap.encoding));
    for (payload, name) in known.chain(described) {
        if let Some(place) = names.get_mut(usize::from(payload)) {
            *place = name;
        }
    }
    names
}

/// The `m=` line with other formats. Its own are the end of its text.
fn media_line(line: &Line<'_>, media: &Media<'_>, formats: &[&str], out: &mut Vec<u8>) {
    let text = line.content.trim_ascii_end();
    let before = text.len().saturating_sub(media.formats.len());
    out.extend_from_slice(text[..before].trim_ascii_end());
    for format in formats {
        out.push(b' ');
        out.extend_from_slice(format.as_bytes());
    }
    out.extend_from_slice(line.end);
}

/// The payload type that an attribute describes.
fn described<'a>(line: &Line<'a>) -> Option<&'a str> {
    let value = OF_FORMAT
        .iter()
        .find_map(|name| line.content.strip_prefix(*name))?;
    let end = value.iter().position(u8::is_ascii_whitespace);
    let format = std::str::from_utf8(&value[..end.unwrap_or(value.len())]).ok()?;
    // `*` is all of them (RFC 4585 §4.2).
    (format != "*").then_some(format)
}
