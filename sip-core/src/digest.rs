//! Digest authentication (RFC 3261 §22, RFC 7616, RFC 8760), as client and as server.
//!
//! Nothing here keeps state: who challenges remembers its nonces, who is challenged its counters.

mod fields;

use crate::message::Method;
use fields::{Fields, quoted};
use md5::Md5;
use sha2::{Digest, Sha256, Sha512_256};
use std::fmt::Write;
use subtle::ConstantTimeEq;

/// Longest value of a challenge or of credentials that is read, bytes.
pub const VALUE_BYTES_MAX: usize = 2_048;

/// A hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RFC 2617, for equipment that knows nothing else.
    Md5,
    /// RFC 8760.
    Sha256,
    /// RFC 8760.
    Sha512_256,
}

/// What is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protection {
    /// The method and the Request-URI (`qop=auth`).
    Request,
    /// The body too (`qop=auth-int`).
    Body,
}

/// A challenge: the value of WWW-Authenticate or Proxy-Authenticate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// Who asks.
    pub realm: String,
    /// What must be hashed with the password.
    pub nonce: String,
    /// To be repeated.
    pub opaque: Option<String>,
    /// By which hash.
    pub algorithm: Algorithm,
    /// `None` for a server of RFC 2069, which counts nothing.
    pub protection: Option<Protection>,
    /// Only the nonce was too old.
    pub is_stale: bool,
}

/// What a client shows: the value of Authorization or Proxy-Authorization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Who says that it is.
    pub username: String,
    /// Of the challenge.
    pub realm: String,
    /// Of the challenge.
    pub nonce: String,
    /// The Request-URI as the client hashed it.
    pub uri: String,
    /// The hash, hexadecimal.
    pub response: String,
    /// By which hash.
    pub algorithm: Algorithm,
    /// `None` for a client of RFC 2069.
    pub protection: Option<Counted>,
    /// Of the challenge.
    pub opaque: Option<String>,
}

/// What a client that protects more than RFC 2069 adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// What is protected.
    pub protection: Protection,
    /// How often the client has used the nonce, this time included.
    pub count: u32,
    /// The count as written, eight digits.
    pub count_text: String,
    /// The client's own nonce.
    pub client_nonce: String,
}

/// The request that is protected.
#[derive(Clone, Copy, Debug)]
pub struct Protected<'a> {
    /// Its method.
    pub method: Method<'a>,
    /// Its Request-URI.
    pub uri: &'a str,
    /// Its body.
    pub body: &'a [u8],
}

/// Whose password it is.
#[derive(Clone, Copy)]
pub struct Account<'a> {
    /// The user name.
    pub username: &'a str,
    /// The password.
    pub password: &'a str,
}

impl Algorithm {
    /// As written in a challenge.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
            Self::Sha512_256 => "SHA-512-256",
        }
    }

    /// Whether another is to be taken rather (RFC 8760 §2.4).
    const fn strength(self) -> u8 {
        match self {
            Self::Md5 => 0,
            Self::Sha256 => 1,
            Self::Sha512_256 => 2,
        }
    }

    fn of(text: &str) -> Option<Self> {
        let all = [Self::Md5, Self::Sha256, Self::Sha512_256];
        all.into_iter()
            .find(|algorithm| algorithm.as_str().eq_ignore_ascii_case(text))
    }

    fn hash(self, parts: &[&[u8]]) -> String {
        match self {
            Self::Md5 => hash_with::<Md5>(parts),
            Self::Sha256 => hash_with::<Sha256>(parts),
            Self::Sha512_256 => hash_with::<Sha512_256>(parts),
        }
    }
}

fn hash_with<D: Digest>(parts: &[&[u8]]) -> String {
    let mut hasher = D::new();
    for (place, part) in parts.iter().enumerate() {
        if place > 0 {
            hasher.update(b":");
        }
        hasher.update(part);
    }
    let mut text = String::with_capacity(64);
    for byte in hasher.finalize().iter() {
        // Writing to a String never fails.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

impl Protection {
    /// As written in `qop`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "auth",
            Self::Body => "auth-int",
        }
    }
}

impl Challenge {
    /// Reads the value of WWW-Authenticate or Proxy-Authenticate. `None` when it is of another
    /// scheme, cannot be read, or wants what we do not have.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let fields = Fields::parse(value)?;
        // `MD5-sess` is not worth a nonce of the session; nobody asks for nothing else.
        let algorithm = match fields.get("algorithm") {
            None => Algorithm::Md5,
            Some(text) => Algorithm::of(&text)?,
        };
        let protection = match fields.get("qop") {
            None => None,
            Some(offered) => {
                let has = |name: &str| {
                    offered
                        .split(',')
                        .any(|q| q.trim().eq_ignore_ascii_case(name))
                };
                let known = [Protection::Request, Protection::Body];
                Some(known.into_iter().find(|known| has(known.as_str()))?)
            }
        };
        Some(Self {
            realm: fields.get("realm")?,
            nonce: fields.get("nonce")?,
            opaque: fields.get("opaque"),
            algorithm,
            protection,
            is_stale: fields
                .get("stale")
                .is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
        })
    }

    /// The best of several: the strongest hash, the first of equals.
    pub fn best(challenges: impl Iterator<Item = Self>) -> Option<Self> {
        challenges.reduce(|best, other| {
            match other.algorithm.strength() > best.algorithm.strength() {
                true => other,
                false => best,
            }
        })
    }

    /// The value to challenge with.
    pub fn to_value(&self) -> String {
        let mut value = format!(
            "Digest realm={}, nonce={}, algorithm={}",
            quoted(&self.realm),
            quoted(&self.nonce),
            self.algorithm.as_str()
        );
        if self.protection.is_some() {
            value.push_str(", qop=\"auth,auth-int\"");
        }
        if self.is_stale {
            value.push_str(", stale=true");
        }
        value
    }

    /// The value to answer it with. `count` is how often its nonce is used, this time included;
    /// `client_nonce` is random.
    pub fn answer(
        &self,
        account: Account<'_>,
        request: Protected<'_>,
        count: u32,
        client_nonce: &str,
    ) -> String {
        let counted = self.protection.map(|protection| Counted {
            protection,
            count,
            count_text: format!("{count:08x}"),
            client_nonce: client_nonce.to_owned(),
        });
        let mut credentials = Credentials {
            username: account.username.to_owned(),
            realm: self.realm.clone(),
            nonce: self.nonce.clone(),
            uri: request.uri.to_owned(),
            response: String::new(),
            algorithm: self.algorithm,
            protection: counted,
            opaque: self.opaque.clone(),
        };
        credentials.response = credentials.expected(account.password, request);
        credentials.to_value()
    }
}

impl Credentials {
    /// Reads the value of Authorization or Proxy-Authorization. `None` when it is of another
    /// scheme, cannot be read, or is made by a hash that we do not have.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let fields = Fields::parse(value)?;
        let algorithm = match fields.get("algorithm") {
            None => Algorithm::Md5,
            Some(text) => Algorithm::of(&text)?,
        };
        Some(Self {
            username: fields.get("username")?,
            realm: fields.get("realm")?,
            nonce: fields.get("nonce")?,
            uri: fields.get("uri")?,
            response: fields.get("response")?,
            algorithm,
            protection: counted(&fields)?,
            opaque: fields.get("opaque"),
        })
    }

    /// Whether they are made with this password for this request. Takes the same time for every
    /// wrong response.
    ///
    /// The hashed URI may be written otherwise than the Request-URI (proxies rewrite it, RFC 3261
    /// §22.4), so it is hashed as it was shown.
    pub fn are_of(&self, password: &str, method: Method<'_>, body: &[u8]) -> bool {
        let request = Protected {
            method,
            uri: &self.uri,
            body,
        };
        let expected = self.expected(password, request);
        let shown = self.response.to_ascii_lowercase();
        expected.as_bytes().ct_eq(shown.as_bytes()).into()
    }

    /// RFC 7616 §3.4.1.
    fn expected(&self, password: &str, request: Protected<'_>) -> String {
        let hash = |parts: &[&[u8]]| self.algorithm.hash(parts);
        let who = hash(&[
            self.username.as_bytes(),
            self.realm.as_bytes(),
            password.as_bytes(),
        ]);
        let (method, uri) = (request.method.as_str().as_bytes(), request.uri.as_bytes());
        let protects_body = self
            .protection
            .as_ref()
            .is_some_and(|counted| counted.protection == Protection::Body);
        let what = match protects_body {
            true => hash(&[method, uri, hash(&[request.body]).as_bytes()]),
            false => hash(&[method, uri]),
        };
        match &self.protection {
            None => hash(&[who.as_bytes(), self.nonce.as_bytes(), what.as_bytes()]),
            Some(counted) => hash(&[
                who.as_bytes(),
                self.nonce.as_bytes(),
                counted.count_text.as_bytes(),
                counted.client_nonce.as_bytes(),
                counted.protection.as_str().as_bytes(),
                what.as_bytes(),
            ]),
        }
    }

    fn to_value(&self) -> String {
        let mut value = format!(
            "Digest username={}, realm={}, nonce={}, uri={}, response=\"{}\", algorithm={}",
            quoted(&self.username),
            quoted(&self.realm),
            quoted(&self.nonce),
            quoted(&self.uri),
            self.response,
            self.algorithm.as_str()
        );
        if let Some(counted) = &self.protection {
            // Writing to a String never fails.
            let _ = write!(
                value,
                ", qop={}, nc={}, cnonce={}",
                counted.protection.as_str(),
                counted.count_text,
                quoted(&counted.client_nonce)
            );
        }
        if let Some(opaque) = &self.opaque {
            value.push_str(", opaque=");
            value.push_str(&quoted(opaque));
        }
        value
    }
}

/// What is said of protection; `None` when it cannot be read.
fn counted(fields: &Fields) -> Option<Option<Counted>> {
    let Some(protection) = fields.get("qop") else {
        return Some(None);
    };
    let known = [Protection::Request, Protection::Body];
    let protection = known
        .into_iter()
        .find(|known| known.as_str().eq_ignore_ascii_case(&protection))?;
    let count_text = fields.get("nc")?;
    let is_count = count_text.len() == 8 && count_text.bytes().all(|b| b.is_ascii_hexdigit());
    let count = u32::from_str_radix(&count_text, 16)
        .ok()
        .filter(|_| is_count)?;
    Some(Some(Counted {
        protection,
        count,
        count_text,
        client_nonce: fields.get("cnonce")?,
    }))
}

#[cfg(test)]
mod tests;
