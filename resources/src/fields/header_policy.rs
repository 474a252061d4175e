//! Header fields of the INVITE that go from one side of a call to the other.

use crate::problem::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Header fields of the INVITE beside those that the switch writes itself. Nothing passes unless
/// both trunks of a call let it pass.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HeaderPolicy {
    /// Names of fields that pass, ingress from the customer, egress to the carrier. `X-*` means all
    /// that begin so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(min = 1, max = 64)))]
    pub pass: Vec<String>,
    /// Names that do not pass though `pass` means them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(min = 1, max = 64)))]
    pub drop: Vec<String>,
    /// Texts that are replaced in the values of fields that pass, in this order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub rewrite: Vec<HeaderRewrite>,
    /// Egress: fields that are written in every INVITE.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub add: Vec<AddedHeader>,
}

/// A text to be replaced in a header field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeaderRewrite {
    /// Name of the field, or `X-*`.
    #[schemars(length(min = 1, max = 64))]
    pub name: String,
    /// The text, wherever it stands in the value.
    #[schemars(length(min = 1, max = 256))]
    pub find: String,
    /// What stands there instead.
    #[serde(default)]
    #[schemars(length(max = 256))]
    pub replace: String,
}

/// A header field of the operator's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddedHeader {
    /// Its name.
    #[schemars(length(min = 1, max = 64))]
    pub name: String,
    /// Its value.
    #[schemars(length(min = 1, max = 512))]
    pub value: String,
}

/// What the switch writes itself, or says by its own rules ([`IdentityPolicy`](crate::IdentityPolicy)).
const OWN: &[&str] = &[
    "accept",
    "accept-contact",
    "allow",
    "allow-events",
    "authorization",
    "call-id",
    "contact",
    "content-disposition",
    "content-encoding",
    "content-length",
    "content-type",
    "cseq",
    "diversion",
    "expires",
    "from",
    "history-info",
    "identity",
    "max-forwards",
    "mime-version",
    "min-se",
    "p-asserted-identity",
    "p-preferred-identity",
    "path",
    "privacy",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-require",
    "rack",
    "reason",
    "record-route",
    "referred-by",
    "refer-to",
    "remote-party-id",
    "replaces",
    "require",
    "route",
    "rseq",
    "server",
    "service-route",
    "session-expires",
    "supported",
    "to",
    "unsupported",
    "user-agent",
    "via",
    "www-authenticate",
    // Compact forms (RFC 3261 §7.3.3 and later).
    "a",
    "b",
    "c",
    "d",
    "e",
    "f",
    "i",
    "j",
    "k",
    "l",
    "m",
    "n",
    "o",
    "r",
    "s",
    "t",
    "u",
    "v",
    "x",
    "y",
];

impl HeaderPolicy {
    /// Whether nothing passes and nothing is added.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a field of this name passes.
    pub fn passes(&self, name: &str) -> bool {
        let is_meant = |patterns: &[String]| patterns.iter().any(|pattern| means(pattern, name));
        is_meant(&self.pass) && !is_meant(&self.drop) && !is_own(name)
    }

    /// The value of a field that passes, with its texts replaced; it never grows beyond `most`
    /// bytes, but is dropped then.
    pub fn rewritten(&self, name: &str, value: &str, most: usize) -> Option<String> {
        let mut value = value.to_owned();
        for rule in self.rewrite.iter().filter(|rule| means(&rule.name, name)) {
            value = value.replace(&rule.find, &rule.replace);
            if value.len() > most {
                return None;
            }
        }
        Some(value)
    }

    pub(crate) fn check(&self) -> Vec<Problem> {
        let passing = listed("pass", &self.pass).chain(listed("drop", &self.drop));
        let rewritten = self.rewrite.iter().enumerate().flat_map(|(index, rule)| {
            let place = format!("headers.rewrite[{index}]");
            let texts = [("find", &rule.find), ("replace", &rule.replace)];
            let texts = texts.map(|(field, text)| unwritable(format!("{place}.{field}"), text));
            let name = wrong_name(format!("{place}.name"), &rule.name, true);
            texts.into_iter().flatten().chain(name).collect::<Vec<_>>()
        });
        let added = self.add.iter().enumerate().flat_map(|(index, header)| {
            let place = format!("headers.add[{index}]");
            let name = wrong_name(format!("{place}.name"), &header.name, false);
            let value = unwritable(format!("{place}.value"), &header.value);
            name.into_iter().chain(value).collect::<Vec<_>>()
        });
        passing.chain(rewritten).chain(added).collect()
    }
}

/// Whether a pattern, a name or `X-*`, means a name.
fn means(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => {
            let start = name.get(..beginning.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(beginning))
        }
        None => pattern.eq_ignore_ascii_case(name),
    }
}

fn is_own(name: &str) -> bool {
    OWN.iter().any(|own| own.eq_ignore_ascii_case(name))
}

fn listed<'p>(
    field: &'static str,
    patterns: &'p [String],
) -> impl Iterator<Item = Problem> + use<'p> {
    let patterns = patterns.iter().enumerate();
    patterns.filter_map(move |(index, pattern)| {
        wrong_name(format!("headers.{field}[{index}]"), pattern, true)
    })
}

fn wrong_name(field: String, name: &str, may_be_pattern: bool) -> Option<Problem> {
    let (beginning, is_pattern) = match name.strip_suffix('*').filter(|_| may_be_pattern) {
        Some(beginning) => (beginning, true),
        None => (name, false),
    };
    // RFC 3261 §25.1: a token.
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-.!%_+`'~".contains(&byte);
    if beginning.is_empty() || !beginning.bytes().all(is_token) {
        return Some(Problem::in_field(field, "is no name of a header field"));
    }
    (!is_pattern && is_own(beginning))
        .then(|| Problem::in_field(field, "is written by the switch itself"))
}

fn unwritable(field: String, text: &str) -> Option<Problem> {
    text.chars()
        .any(char::is_control)
        .then(|| Problem::in_field(field, "has a character that no header field may have"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> HeaderPolicy {
        let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        HeaderPolicy {
            pass: texts(&["X-*", "User-To-User", "*"]),
            drop: texts(&["x-secret"]),
            rewrite: vec![HeaderRewrite {
                name: "X-Site".into(),
                find: "a".into(),
                replace: "bcd".into(),
            }],
            add: Vec::new(),
        }
    }

    #[test]
    fn names_and_beginnings_pass_but_never_what_the_switch_writes() {
        let policy = policy();
        for name in ["x-site", "X-", "user-to-user"] {
            assert!(policy.passes(name), "{name}");
        }
        for name in [
            "X-Secret",
            "Via",
            "v",
            "Contact",
            "P-Asserted-Identity",
            "ROUTE",
        ] {
            assert!(!policy.passes(name), "{name}");
        }
        assert!(!HeaderPolicy::default().passes("X-Site"));
    }

    #[test]
    fn texts_are_replaced_and_what_grows_too_long_is_dropped() {
        let policy = policy();
        let rewritten = |value: &str| policy.rewritten("x-site", value, 8);
        assert_eq!(rewritten("bab").as_deref(), Some("bbcdb"));
        assert_eq!(rewritten("aaa"), None);
        assert_eq!(
            policy.rewritten("X-Other", "aaa", 8).as_deref(),
            Some("aaa")
        );
    }

    #[test]
    fn faults_are_named() {
        let policy = HeaderPolicy {
            pass: vec!["X Y".into(), "Via".into(), "X-*".into()],
            add: vec![AddedHeader {
                name: "Contact".into(),
                value: "a\r\nb: c".into(),
            }],
            ..policy()
        };
        let fields: Vec<_> = policy
            .check()
            .into_iter()
            .filter_map(|problem| problem.field)
            .collect();
        let expected = ["pass[0]", "pass[1]", "add[0].name", "add[0].value"];
        assert_eq!(fields, expected.map(|field| format!("headers.{field}")));
    }
}
