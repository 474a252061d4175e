//! Where events are told.

use crate::checks;
use crate::fields::secret::Secret;
use crate::fields::status::Status;
use crate::kind::{Assignable, Kind};
use crate::kinds::ResourceKind;
use crate::problem::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where events are told: by mail, or by a request to a web server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationTarget {
    /// How it is told.
    #[schemars(extend("x-filter" = true))]
    pub channel: NotificationChannel,
    /// Whether it is told.
    #[serde(default)]
    #[schemars(extend("x-filter" = true))]
    pub status: Status,
    /// Names of events, such as `change_set.pushed`; `customer.*` means all of an area, `*` all.
    #[schemars(length(min = 1, max = 100))]
    pub events: Vec<EventPattern>,
    /// E-mail: to whom.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub recipients: Vec<EmailAddress>,
    /// Webhook: where the request goes, `https://…`; plain `http://` is for tests on the same host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2_048), extend("examples" = ["https://example.com/hook"]))]
    pub url: Option<String>,
    /// Webhook: the key that requests are signed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_secret: Option<Secret>,
    /// Most times that it is tried before it is given up.
    #[serde(default = "default_attempts_max")]
    #[schemars(range(min = 1, max = 20), extend("x-section" = "advanced"))]
    pub attempts_max: u8,
    /// Longest wait for an answer.
    #[serde(default = "default_timeout_s")]
    #[schemars(range(min = 1, max = 60), extend("x-unit" = "seconds", "x-section" = "advanced"))]
    pub timeout_s: u8,
}

/// How somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotificationChannel {
    /// By mail.
    Email,
    /// By a signed POST request.
    Webhook,
}

/// The name of an event, or of an area with `.*`, or `*`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct EventPattern(
    #[schemars(length(min = 1, max = 64), extend("examples" = ["change_set.pushed"]))] pub String,
);

/// A mail address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct EmailAddress(
    #[schemars(length(min = 3, max = 254), extend("examples" = ["noc@example.com"]))] pub String,
);

fn default_attempts_max() -> u8 {
    8
}

fn default_timeout_s() -> u8 {
    10
}

impl EventPattern {
    /// Whether it means an event.
    pub fn matches(&self, event: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(area) => event.starts_with(area),
            None => self.0 == event,
        }
    }

    fn is_sound(&self) -> bool {
        let is_word = |word: &str| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        };
        match self.0.split_once('.') {
            None => self.0 == "*",
            Some((area, event)) => is_word(area) && (event == "*" || is_word(event)),
        }
    }
}

impl EmailAddress {
    pub(crate) fn is_sound(&self) -> bool {
        let is_dotted = |text: &str, fits: fn(char) -> bool| {
            text.split('.').all(|part| !part.is_empty() && part.chars().all(fits))
        };
        // RFC 5322 section 3.2.3 and RFC 6531: what stands in an address without quotes.
        let of_user = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
        let of_host = |c: char| c.is_alphanumeric() || c == '-';
        let parts = self.0.split_once('@');
        parts.is_some_and(|(user, host)| is_dotted(user, of_user) && is_dotted(host, of_host))
    }
}

impl NotificationTarget {
    fn check_channel(&self) -> Vec<Problem> {
        let is_mail = self.channel == NotificationChannel::Email;
        let misplaced = |field: &str, is_set: bool, own: bool| {
            (is_set && !own).then(|| Problem::in_field(field, "this belongs to the other channel"))
        };
        let needs = "the channel needs it";
        let found = [
            misplaced("recipients", !self.recipients.is_empty(), is_mail),
            misplaced("url", self.url.is_some(), !is_mail),
            misplaced("signing_secret", self.signing_secret.is_some(), !is_mail),
            checks::required("recipients", !is_mail || !self.recipients.is_empty(), needs),
            checks::required("url", is_mail || self.url.is_some(), needs),
        ];
        found.into_iter().flatten().collect()
    }

    fn check_url(&self) -> Option<Problem> {
        let url = self.url.as_deref()?;
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let is_sound = rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
            && url.chars().all(|c| c.is_ascii_graphic());
        (!is_sound).then(|| Problem::in_field("url", "write an address such as https://example.com/hook"))
    }
}

impl Kind for NotificationTarget {
    const KIND: ResourceKind = ResourceKind::NotificationTarget;
    const TITLE: &'static str = "Notification target";
    const TITLE_PLURAL: &'static str = "Notification targets";
    const ASSIGNABLE: Assignable = Assignable::No;

    fn check(&self) -> Vec<Problem> {
        let mut problems = self.check_channel();
        problems.extend(self.check_url());
        for (index, event) in self.events.iter().enumerate() {
            if !event.is_sound() {
                let message = "write the name of an event, an area as `customer.*`, or `*`";
                problems.push(Problem::in_field(format!("events[{index}]"), message));
            }
        }
        for (index, address) in self.recipients.iter().enumerate() {
            if !address.is_sound() {
                let message = "write a mail address such as noc@example.com";
                problems.push(Problem::in_field(format!("recipients[{index}]"), message));
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_sound, faults};
    use serde_json::json;

    const KIND: ResourceKind = ResourceKind::NotificationTarget;

    #[test]
    fn faults_are_named() {
        assert_sound(KIND, json!({ "channel": "email", "events": ["*"], "recipients": ["a@b.c"] }));
        assert_sound(KIND, json!({ "channel": "webhook", "events": ["customer.*"],
            "url": "https://example.com/x", "signing_secret": "s" }));
        let broken = json!({ "channel": "email", "events": ["Customer", "customer."],
            "url": "https:///x" });
        assert_eq!(faults(KIND, broken), ["url", "recipients", "url", "events[0]", "events[1]"]);
        let broken = json!({ "channel": "webhook", "events": ["a.b"], "recipients": ["nobody"] });
        assert_eq!(faults(KIND, broken), ["recipients", "url", "recipients[0]"]);
    }

    #[test]
    fn an_address_with_a_sign_too_many_is_refused() {
        let is_sound = |address: &str| EmailAddress(address.into()).is_sound();
        for sound in ["noc@example.com", "o'neil+noc@a-b.example", "jörg@bücher.example"] {
            assert!(is_sound(sound), "{sound}");
        }
        for broken in ["noc@example.com,", "a@b@c", ".a@b.c", "a b@c", "a@b..c", "@b", "<a@b.c>"] {
            assert!(!is_sound(broken), "{broken}");
        }
    }

    #[test]
    fn a_pattern_means_an_event_an_area_or_all() {
        let matches = |pattern: &str, event: &str| EventPattern(pattern.into()).matches(event);
        assert!(matches("*", "customer.created"));
        assert!(matches("customer.*", "customer.created"));
        assert!(!matches("customer.*", "customer_group.created"));
        assert!(matches("customer.created", "customer.created"));
        assert!(!matches("customer.created", "customer.created2"));
    }

    #[test]
    fn the_secret_is_found_by_its_path_and_replaced() {
        let mut spec = json!({ "channel": "webhook", "events": ["*"], "signing_secret": "s3cret" });
        assert_eq!(KIND.secrets(&spec), ["signing_secret"]);
        KIND.replace_secrets(&mut spec, |path, text| {
            assert_eq!((path, text), ("signing_secret", "s3cret"));
            Secret::stored("0af").expose().to_owned()
        });
        assert_eq!(spec["signing_secret"], "secret:0af");
        assert!(KIND.search_terms("x", None, &spec).iter().all(|term| !term.contains("0af")));
    }
}
