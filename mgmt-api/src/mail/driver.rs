//! How a mail leaves: by SMTP, into a folder, or not at all.

use crate::secrets::SecretText;
use lettre::message::header::{ContentTransferEncoding, ContentType};
use lettre::message::{Attachment, Body, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::MailRow;

/// Longest line of a mail, bytes without its end.
const LINE_BYTES_MAX: usize = 998;

/// How the switch sends mail.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// Who it comes from, such as `DIDTron <noreply@example.com>`.
    pub from: String,
    /// What takes it.
    pub driver: MailDriver,
}

/// What takes mail.
#[derive(Clone, Debug)]
pub enum MailDriver {
    /// A mail server.
    Smtp(SmtpSettings),
    /// A folder, one `.eml` file each: for development.
    Directory(PathBuf),
    /// Nothing: a mail fails with a text that says so, and can be retried later.
    Off,
}

/// A mail server.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// Its name, which its certificate must have.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: SmtpSecurity,
    /// User name and password, when it wants them.
    pub credentials: Option<(String, SecretText)>,
    /// How long a connection, and each answer, may take.
    pub timeout: Duration,
}

/// How the connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// TLS from the first byte (RFC 8314), usually port 465.
    Implicit,
    /// STARTTLS (RFC 3207), which must succeed, usually port 587.
    StartTls,
    /// Not at all: for a server on the same host.
    None,
}

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MailSettingsError {
    /// The sender is no address.
    #[error("`mail.from`: `{0}` is no e-mail address")]
    From(String),
    /// The mail server's name cannot be used for TLS.
    #[error("`mail.smtp.host` cannot be used")]
    Smtp(#[from] lettre::transport::smtp::Error),
}

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// Mail is off.
    #[error("mail is off: set `mail.driver`, then retry the job")]
    Off,
    /// It cannot be written as a message.
    #[error("the mail cannot be written as a message")]
    Build(#[from] lettre::error::Error),
    /// Its file has no type that a mail can name.
    #[error("the mail's file has no type")]
    FileType(#[source] lettre::message::header::ContentTypeErr),
    /// Its recipient is no address.
    #[error("the recipient is no address")]
    Recipient(#[from] lettre::address::AddressError),
    /// The mail server did not take it.
    #[error("the mail server did not take it")]
    Smtp(#[from] lettre::transport::smtp::Error),
    /// The folder did not take it.
    #[error("{path} cannot be written")]
    Directory {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl SendError {
    /// Whether the same mail would fail again. A server that refuses us (RFC 4954: 530, 534, 535,
    /// 538) is a matter of settings, not of the mail.
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::Off | Self::Build(_) | Self::FileType(_) | Self::Recipient(_) => true,
            Self::Directory { .. } => false,
            Self::Smtp(error) => {
                let code = error.status().map(u16::from);
                error.is_permanent() && !matches!(code, Some(530 | 534 | 535 | 538))
            }
        }
    }
}

/// Sends mail by the configured driver.
pub struct MailSender {
    from: Mailbox,
    driver: Driver,
}

enum Driver {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Directory(PathBuf),
    Off,
}

impl MailSender {
    /// Checks the settings; connects to nothing.
    ///
    /// # Errors
    /// [`MailSettingsError`].
    pub fn new(settings: MailSettings) -> Result<Self, MailSettingsError> {
        let from = settings
            .from
            .parse()
            .map_err(|_| MailSettingsError::From(settings.from))?;
        let driver = match settings.driver {
            MailDriver::Off => Driver::Off,
            MailDriver::Directory(folder) => Driver::Directory(folder),
            MailDriver::Smtp(smtp) => Driver::Smtp(transport(smtp)?),
        };
        Ok(Self { from, driver })
    }

    /// Sends a mail. Its `Message-ID` follows from the mail's identifier, so a mail that is sent
    /// again after a crash is recognised as the same.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn send(
        &self,
        mail: &MailRow,
        text: &SecretText,
        file: Option<&SecretText>,
    ) -> Result<(), SendError> {
        let message = self.message(mail, text, file)?;
        match &self.driver {
            Driver::Off => Err(SendError::Off),
            Driver::Smtp(transport) => {
                transport.send(message).await?;
                Ok(())
            }
            Driver::Directory(folder) => {
                let path = folder.join(format!("{}.eml", mail.id));
                write(&path, &message.formatted())
                    .map_err(|source| SendError::Directory { path, source })
            }
        }
    }

    fn message(
        &self,
        mail: &MailRow,
        text: &SecretText,
        file: Option<&SecretText>,
    ) -> Result<Message, SendError> {
        let recipient: Mailbox = mail.recipient.parse()?;
        let domain = self.from.email.domain();
        let message = Message::builder()
            .from(self.from.clone())
            .to(recipient)
            .subject(mail.subject.as_str())
            .message_id(Some(format!("<{}@{domain}>", mail.id)));
        let text = body(text.expose());
        let Some((name, file)) = mail.attachment_name.clone().zip(file) else {
            return Ok(message.header(ContentType::TEXT_PLAIN).body(text)?);
        };
        let text = SinglePart::builder()
            .header(ContentType::TEXT_PLAIN)
            .body(text);
        let csv = ContentType::parse("text/csv; charset=utf-8").map_err(SendError::FileType)?;
        let file = Attachment::new(name).body(file.expose().to_owned(), csv);
        let parts = MultiPart::mixed().singlepart(text).singlepart(file);
        Ok(message.multipart(parts)?)
    }
}

/// Short ASCII lines go as they are, so that a link in them stays one word for whoever reads the file;
/// all else as it has to be (RFC 5322 §2.1.1).
fn body(text: &str) -> Body {
    let plain = text.is_ascii() && text.lines().all(|line| line.len() <= LINE_BYTES_MAX);
    if !plain {
        return Body::new(text.to_owned());
    }
    let lines = text.replace("\r\n", "\n").replace('\n', "\r\n");
    Body::dangerous_pre_encoded(lines.into_bytes(), ContentTransferEncoding::SevenBit)
}

fn transport(
    settings: SmtpSettings,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, lettre::transport::smtp::Error> {
    type Transport = AsyncSmtpTransport<Tokio1Executor>;
    let builder = match settings.security {
        SmtpSecurity::Implicit => Transport::relay(&settings.host)?,
        SmtpSecurity::StartTls => Transport::starttls_relay(&settings.host)?,
        SmtpSecurity::None => Transport::builder_dangerous(&settings.host),
    };
    let builder = builder.port(settings.port).timeout(Some(settings.timeout));
    Ok(match settings.credentials {
        None => builder.build(),
        Some((user, password)) => builder
            .credentials(Credentials::new(user, password.expose().to_owned()))
            .build(),
    })
}

/// Writes the whole file or none; for its owner only, since a mail may let somebody in.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let fresh = path.with_extension("new");
    match std::fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)?;
    file.write_all(bytes)?;
    std::fs::rename(&fresh, path)
}

#[cfg(test)]
mod tests;
