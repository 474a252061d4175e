//! Mail to people: composed here, queued by the transaction it tells of, sent by a job.
//!
//! [`compose`] checks the address and seals the text, for it may hold a link that lets somebody
//! in. The store queues the result with the change (`store::NewMail`). A job then sends it by the
//! configured driver and tries again when the other side fails; once sent, the text is forgotten.

mod driver;
mod job;

pub use driver::{
    MailDriver, MailSender, MailSettings, MailSettingsError, SendError, SmtpSecurity, SmtpSettings,
};
pub use job::SendMail;

use crate::hex;
use crate::secrets::{SecretBox, SecretError, SecretText};
use lettre::message::Mailbox;
use store::{NewAttachment, NewMail, TenantId};

/// Longest subject, bytes.
pub const SUBJECT_BYTES_MAX: usize = 200;

/// What somebody is to be told.
#[derive(Clone, Debug)]
pub struct Message<'a> {
    /// What it is about, such as `email_verification`: shown in lists.
    pub purpose: &'static str,
    /// One address, such as `ann@example.com` or `Ann <ann@example.com>`.
    pub recipient: &'a str,
    /// One line; must hold no secret.
    pub subject: &'a str,
    /// Plain text.
    pub text: &'a SecretText,
    /// Name and text of a file of comma-separated values that goes with it.
    pub attachment: Option<(&'static str, &'a SecretText)>,
}

/// Why a mail cannot be composed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ComposeError {
    /// The recipient is no address.
    #[error("`{0}` is no e-mail address")]
    Recipient(String),
    /// The subject is empty, too long, or has a line break.
    #[error("a subject is one line of at most {SUBJECT_BYTES_MAX} bytes")]
    Subject,
    /// The text cannot be sealed.
    #[error(transparent)]
    Seal(#[from] SecretError),
}

/// Makes a mail ready to be queued.
///
/// # Errors
/// [`ComposeError`].
pub fn compose(
    secrets: &SecretBox,
    tenant: TenantId,
    message: &Message<'_>,
) -> Result<NewMail, ComposeError> {
    let recipient: Mailbox = message
        .recipient
        .parse()
        .map_err(|_| ComposeError::Recipient(message.recipient.to_owned()))?;
    let subject = message.subject.trim();
    if subject.is_empty()
        || subject.len() > SUBJECT_BYTES_MAX
        || subject.chars().any(char::is_control)
    {
        return Err(ComposeError::Subject);
    }
    let attachment = message.attachment.map(|(name, text)| {
        let text = secrets.seal(tenant, text)?;
        Ok::<_, SecretError>(NewAttachment { name, text })
    });
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(SecretError::from)?;
    Ok(NewMail {
        id: hex::encode(&id),
        tenant,
        purpose: message.purpose,
        recipient: recipient.to_string(),
        subject: subject.to_owned(),
        text: secrets.seal(tenant, message.text)?,
        attachment: attachment.transpose()?,
    })
}

/// Whether the text is an e-mail address.
pub fn is_address(text: &str) -> bool {
    text.parse::<lettre::Address>().is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use crate::secrets::KeySource;
    use store::testing::TestDatabase;

    #[tokio::test]
    async fn a_mail_is_checked_and_its_text_is_sealed() {
        let database = TestDatabase::sqlite();
        let store = database.open().await;
        let keys = KeySource::File(database.folder().join("secrets.key"));
        let secrets = SecretBox::open(keys, &store).await.unwrap();
        let text = SecretText::new("https://didtron.example/reset#token");
        let message = |recipient, subject| Message {
            purpose: "password_reset",
            recipient,
            subject,
            text: &text,
            attachment: None,
        };
        let made = |recipient, subject| {
            compose(&secrets, TenantId::PLATFORM, &message(recipient, subject))
        };
        let mail = made("Ann <ann@example.com>", " Reset ").unwrap();
        assert_eq!(
            (mail.recipient.as_str(), mail.subject.as_str()),
            ("Ann <ann@example.com>", "Reset")
        );
        assert!(!format!("{mail:?}").contains("token"));
        assert_eq!(secrets.unseal(&mail.text).unwrap().expose(), text.expose());
        for wrong in ["", "ann", "ann@", "a@b.c\r\nBcc: x@y.z", "a@b.c, d@e.f"] {
            assert!(
                matches!(made(wrong, "x"), Err(ComposeError::Recipient(_))),
                "{wrong}"
            );
        }
        let long = "x".repeat(SUBJECT_BYTES_MAX + 1);
        for wrong in ["", " ", "a\r\nBcc: x@y.z", &long] {
            assert!(
                matches!(made("a@b.c", wrong), Err(ComposeError::Subject)),
                "{wrong}"
            );
        }
    }
}
