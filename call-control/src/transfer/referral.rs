//! What a REFER asks for.

use sip_core::uri::Scheme;
use sip_core::{HeaderName, Message, NameAddr, Uri};

/// Characters of a Refer-To that are looked at.
const REFER_TO_MAX: usize = 1_024;

/// Whom the switch shall call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Referral {
    /// The user part of Refer-To: dialled as by the customer. Its host says nothing: the number is
    /// routed.
    pub(crate) number: String,
    /// The dialog that the call shall take the place of.
    pub(crate) replaced: Option<Replaced>,
}

/// The dialog that Replaces names (RFC 3891 §6.1), as its own side knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Replaced {
    pub(crate) call_id: String,
    /// Our tag.
    pub(crate) to_tag: String,
    /// The peer's tag.
    pub(crate) from_tag: String,
    /// Only a dialog that is not answered yet shall be replaced.
    pub(crate) early_only: bool,
}

impl Referral {
    /// Reads it.
    ///
    /// # Errors
    /// The status that the REFER is answered with.
    pub(crate) fn of(refer: &Message<'_>) -> Result<Self, u16> {
        let mut fields = refer
            .headers()
            .filter(|field| field.name == HeaderName::ReferTo);
        // RFC 3515 §2.4.2: exactly one.
        let (Some(field), None) = (fields.next(), fields.next()) else {
            return Err(400);
        };
        if field.raw_value.len() > REFER_TO_MAX {
            return Err(400);
        }
        let address = NameAddr::parse(HeaderName::ReferTo, field.raw_value).map_err(|_| 400_u16)?;
        let uri = Uri::parse(address.uri).map_err(|_| 400_u16)?;
        if !matches!(uri.scheme, Scheme::Sip | Scheme::Sips | Scheme::Tel) {
            return Err(416);
        }
        let method = uri.params.get("method").unwrap_or("INVITE");
        if !method.eq_ignore_ascii_case("INVITE") {
            return Err(403);
        }
        let number = uri.user_name().filter(|user| !user.is_empty());
        let replaces = uri
            .headers
            .split('&')
            .filter_map(|header| header.split_once('='))
            .find(|(name, _)| name.eq_ignore_ascii_case("Replaces"));
        let replaced = match replaces {
            None => None,
            Some((_, value)) => {
                Some(Replaced::parse(&unescaped(value).ok_or(400_u16)?).ok_or(400_u16)?)
            }
        };
        Ok(Self {
            number: number.ok_or(484_u16)?.to_owned(),
            replaced,
        })
    }
}

impl Replaced {
    /// Reads the value of Replaces; `None` when a tag is missing.
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let mut parts = value.split(';').map(str::trim);
        let call_id = parts.next().filter(|call_id| !call_id.is_empty())?;
        let mut replaced = Self {
            call_id: call_id.to_owned(),
            to_tag: String::new(),
            from_tag: String::new(),
            early_only: false,
        };
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "to-tag" => value.trim().clone_into(&mut replaced.to_tag),
                "from-tag" => value.trim().clone_into(&mut replaced.from_tag),
                "early-only" => replaced.early_only = true,
                _ => {}
            }
        }
        let is_whole = !replaced.to_tag.is_empty() && !replaced.from_tag.is_empty();
        is_whole.then_some(replaced)
    }
}

/// A value without its `%` escapes; `None` when that is no text.
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
                out.push((high << 4 | low) as u8);
            }
            byte => out.push(byte),
        }
    }
    let text = String::from_utf8(out).ok()?;
    (!text.chars().any(char::is_control)).then_some(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use sip_core::Limits;

    fn read(lines: &str) -> Result<Referral, u16> {
        let text = format!(
            "REFER sip:x@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK1\r\n\
             From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>;tag=2\r\nCall-ID: c\r\nCSeq: 2 REFER\r\n\
             {lines}Content-Length: 0\r\n\r\n"
        );
        Referral::of(&Message::parse(text.as_bytes(), &Limits::DEFAULT).unwrap())
    }

    #[test]
    fn the_number_is_what_counts() {
        for to in [
            "<sip:442071234567@pbx.example>",
            "<sip:442071234567;npdi@198.51.100.1>",
            "sip:442071234567@198.51.100.1;x=y",
            "<tel:442071234567>",
            "\"Bob\" <sip:442071234567@x;method=INVITE>",
        ] {
            let referral = read(&format!("Refer-To: {to}\r\n")).unwrap();
            assert_eq!(referral.number, "442071234567", "{to}");
            assert_eq!(referral.replaced, None);
        }
    }

    #[test]
    fn what_cannot_be_carried_out_is_refused() {
        for (lines, status) in [
            ("", 400),
            ("Refer-To: <sip:1@x>\r\nRefer-To: <sip:2@x>\r\n", 400),
            ("Refer-To: <mailto:a@x>\r\n", 416),
            ("Refer-To: <sip:1@x;method=BYE>\r\n", 403),
            ("Refer-To: <sip:x.example>\r\n", 484),
            ("Refer-To: <sip:1@x?Replaces=c%3Bto-tag%3Da>\r\n", 400),
            (
                "Refer-To: <sip:1@x?Replaces=c%0D%0Ad%3Bto-tag%3Da%3Bfrom-tag%3Db>\r\n",
                400,
            ),
        ] {
            assert_eq!(read(lines), Err(status), "{lines}");
        }
    }

    #[test]
    fn the_dialog_to_replace_is_read() {
        let referral = read(
            "Refer-To: <sip:1@x?Replaces=call%40host%3Bto-tag%3Dours%3Bfrom-tag%3Dtheirs&X=y>\r\n",
        );
        let replaced = Replaced {
            call_id: "call@host".to_owned(),
            to_tag: "ours".to_owned(),
            from_tag: "theirs".to_owned(),
            early_only: false,
        };
        assert_eq!(referral.unwrap().replaced, Some(replaced));
        assert!(
            Replaced::parse("c;to-tag=1;from-tag=2;early-only")
                .unwrap()
                .early_only
        );
    }
}
