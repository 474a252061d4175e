//! Who is told: targets as the database has them, and the mails that they get.

use crate::mail::{self, ComposeError};
use crate::secrets::{SecretBox, SecretText};
use crate::values::Time;
use resources::{EmailAddress, NotificationChannel, NotificationTarget, ResourceSpec, Status};
use std::fmt::Write as _;
use store::{EventRow, MAIL_FAILED, NOTIFICATION_FAILED, NewMail, ResourceRow, TenantId};

/// Kind of the event that a test sends.
pub(crate) const TEST_KIND: &str = "notification.test";

/// What a mail is about, in lists.
const PURPOSE: &str = "notification";

/// A target with its name.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) owner: TenantId,
    pub(crate) name: String,
    pub(crate) spec: NotificationTarget,
}

impl Target {
    /// The target of a row; `None` when this program cannot read it.
    pub(crate) fn of_row(row: ResourceRow) -> Option<Self> {
        let kind = row.kind.parse().ok()?;
        match ResourceSpec::from_value(kind, row.spec) {
            Ok(ResourceSpec::NotificationTarget(spec)) => Some(Self {
                owner: row.owner,
                name: row.name,
                spec,
            }),
            _ => None,
        }
    }

    /// Whether the event is for it. What concerns a broken way is not told by that way.
    pub(crate) fn wants(&self, event: &EventRow) -> bool {
        let tells_of_itself = match event.kind.as_str() {
            NOTIFICATION_FAILED => true,
            MAIL_FAILED => self.is_mail(),
            _ => false,
        };
        let is_meant = || {
            self.spec
                .events
                .iter()
                .any(|name| name.matches(&event.kind))
        };
        event.tenant == self.owner && self.is_active() && !tells_of_itself && is_meant()
    }

    pub(crate) fn is_active(&self) -> bool {
        self.spec.status == Status::Active
    }

    pub(crate) fn is_mail(&self) -> bool {
        self.spec.channel == NotificationChannel::Email
    }

    /// As the delivery log has it.
    pub(crate) fn channel(&self) -> &'static str {
        if self.is_mail() { "email" } else { "webhook" }
    }
}

/// One mail to each recipient, with all lines.
///
/// # Errors
/// [`ComposeError`].
pub(crate) fn compose_mails(
    secrets: &SecretBox,
    target: &Target,
    subject: &str,
    text: &str,
) -> Result<Vec<NewMail>, ComposeError> {
    let text = SecretText::new(text);
    let compose = |recipient: &EmailAddress| {
        let message = mail::Message {
            purpose: PURPOSE,
            recipient: &recipient.0,
            subject,
            text: &text,
            attachment: None,
        };
        mail::compose(secrets, target.owner, &message)
    };
    target.spec.recipients.iter().map(compose).collect()
}

/// Subject and text of a mail on some events.
pub(super) fn words(target: &Target, events: &[&EventRow]) -> (String, String) {
    let subject = match events {
        [only] => format!("[DIDTron] {}", only.kind),
        several => format!("[DIDTron] {} events", several.len()),
    };
    let mut text = String::new();
    for event in events {
        let (at, kind, subject, actor) =
            (Time(event.at), &event.kind, &event.subject, &event.actor);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{at}  {kind}  {subject}  by {actor}");
    }
    let _ = write!(
        text,
        "\nYou are told of this by the notification target {}.\n",
        target.name
    );
    (subject, text)
}
