//! The settings of what works behind the API: secrets at rest, background jobs, mail.

use super::{Config, HttpRateLimitsConfig};
use cdr_archive::{Place, PlaceError, S3Settings};
use mgmt_api::jobs::maintenance::Retention;
use mgmt_api::jobs::{CdrRetention, JobSettings};
use mgmt_api::mail::{MailDriver, MailSettings, SmtpSecurity, SmtpSettings};
use mgmt_api::notifications::WebhookSettings;
use mgmt_api::secrets::{KeySource, SecretText};
use mgmt_api::{ClickHouseSettings, RateLimits};
use serde::Deserialize;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

const DAY: u64 = 86_400;

/// `[secrets]`
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecretsConfig {
    pub(crate) key_file: PathBuf,
    pub(crate) master_keys: Vec<String>,
}

/// The keys are not shown.
impl fmt::Debug for SecretsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretsConfig")
            .field("key_file", &self.key_file)
            .finish_non_exhaustive()
    }
}

/// `[jobs]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobsConfig {
    pub(crate) concurrency: u32,
    pub(crate) keep_finished_days: u32,
    pub(crate) keep_dead_days: u32,
    pub(crate) keep_events_days: u32,
    pub(crate) keep_audit_days: u32,
    pub(crate) keep_cdrs_days: u32,
    pub(crate) archive_cdrs_first: bool,
}

/// `[cdr_archive]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CdrArchiveConfig {
    pub(crate) folder: PathBuf,
    pub(crate) s3: CdrArchiveS3Config,
}

/// `[cdr_archive.s3]`
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CdrArchiveS3Config {
    pub(crate) bucket: String,
    pub(crate) region: String,
    pub(crate) endpoint: String,
    pub(crate) prefix: String,
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
    pub(crate) allow_http: bool,
}

/// The keys are not shown.
impl fmt::Debug for CdrArchiveS3Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CdrArchiveS3Config")
            .field("bucket", &self.bucket)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

impl CdrArchiveS3Config {
    pub(super) fn settings(&self) -> S3Settings {
        S3Settings {
            bucket: self.bucket.clone(),
            region: self.region.clone(),
            endpoint: self.endpoint.clone(),
            prefix: self.prefix.clone(),
            access_key_id: self.access_key_id.clone(),
            secret_access_key: self.secret_access_key.clone(),
            allow_http: self.allow_http,
        }
    }
}

/// `[notifications]`
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NotificationsConfig {
    pub(crate) allow_private_addresses: bool,
}

/// `[mail]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MailConfig {
    pub(crate) driver: MailDriverName,
    pub(crate) from: String,
    pub(crate) directory: PathBuf,
    pub(crate) smtp: SmtpConfig,
}

/// What takes mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MailDriverName {
    Smtp,
    Directory,
    Off,
}

/// `[mail.smtp]`
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SmtpConfig {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) security: SmtpSecurityName,
    pub(crate) username: String,
    pub(crate) password: String,
    pub(crate) timeout_s: u32,
}

/// `[clickhouse]`
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClickHouseConfig {
    pub(crate) url: String,
    pub(crate) database: String,
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) timeout_s: u32,
    pub(crate) keep_days: u32,
    pub(crate) create_tables: bool,
}

/// The password is not shown, nor an address that may hold one.
impl fmt::Debug for ClickHouseConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClickHouseConfig")
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

impl ClickHouseConfig {
    /// Where calls are sent; `None` when they are not.
    pub(crate) fn settings(&self) -> Option<ClickHouseSettings> {
        let days = |days: u32| Duration::from_secs(u64::from(days) * DAY);
        (!self.url.is_empty()).then(|| ClickHouseSettings {
            url: self.url.clone(),
            database: self.database.clone(),
            user: self.user.clone(),
            password: SecretText::new(&self.password),
            timeout: Duration::from_secs(self.timeout_s.into()),
            keep: days(self.keep_days),
            create_tables: self.create_tables,
        })
    }
}

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SmtpSecurityName {
    Implicit,
    Starttls,
    None,
}

/// The password is not shown.
impl fmt::Debug for SmtpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpConfig")
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

impl SmtpConfig {
    fn settings(&self) -> SmtpSettings {
        let password = SecretText::new(&self.password);
        SmtpSettings {
            host: self.host.clone(),
            port: self.port,
            security: match self.security {
                SmtpSecurityName::Implicit => SmtpSecurity::Implicit,
                SmtpSecurityName::Starttls => SmtpSecurity::StartTls,
                SmtpSecurityName::None => SmtpSecurity::None,
            },
            credentials: (!self.username.is_empty()).then(|| (self.username.clone(), password)),
            timeout: Duration::from_secs(self.timeout_s.into()),
        }
    }
}

impl Config {
    /// How jobs are run.
    pub(crate) fn job_settings(&self) -> JobSettings {
        JobSettings {
            concurrency: self.jobs.concurrency,
            ..JobSettings::of_node(&self.node.name)
        }
    }

    /// How long finished work is kept.
    pub(crate) fn retention(&self) -> Retention {
        let days = |days: u32| Duration::from_secs(u64::from(days) * DAY);
        Retention {
            finished: days(self.jobs.keep_finished_days),
            dead: days(self.jobs.keep_dead_days),
        }
    }

    /// How long events are kept.
    pub(crate) fn event_retention(&self) -> Duration {
        Duration::from_secs(u64::from(self.jobs.keep_events_days) * DAY)
    }

    /// How long entries of the audit log are kept.
    pub(crate) fn audit_retention(&self) -> Duration {
        Duration::from_secs(u64::from(self.jobs.keep_audit_days) * DAY)
    }

    /// How long call records are kept.
    pub(crate) fn cdr_retention(&self) -> CdrRetention {
        CdrRetention {
            days: (self.jobs.keep_cdrs_days > 0).then_some(self.jobs.keep_cdrs_days),
            archived: self.jobs.archive_cdrs_first,
        }
    }

    /// Where whole days of call records are kept, if anywhere.
    pub(crate) fn cdr_archive(&self) -> Result<Option<Place>, PlaceError> {
        let CdrArchiveConfig { folder, s3 } = &self.cdr_archive;
        Ok(if !s3.bucket.is_empty() {
            Some(Place::s3(&s3.settings())?)
        } else if !folder.as_os_str().is_empty() {
            Some(Place::folder(folder)?)
        } else {
            None
        })
    }

    /// Where notifications may be sent.
    pub(crate) fn webhook_settings(&self) -> WebhookSettings {
        WebhookSettings {
            allow_private_addresses: self.notifications.allow_private_addresses,
        }
    }

    /// How mail is sent.
    pub(crate) fn mail_settings(&self) -> MailSettings {
        let mail = &self.mail;
        let driver = match mail.driver {
            MailDriverName::Off => MailDriver::Off,
            MailDriverName::Smtp => MailDriver::Smtp(mail.smtp.settings()),
            MailDriverName::Directory if mail.directory.as_os_str().is_empty() => {
                MailDriver::Directory(self.data_dir.join("mail"))
            }
            MailDriverName::Directory => MailDriver::Directory(mail.directory.clone()),
        };
        MailSettings {
            from: mail.from.clone(),
            driver,
        }
    }

    /// How often users, keys and strangers may ask the API.
    pub(crate) fn rate_limits(&self) -> RateLimits {
        let HttpRateLimitsConfig {
            read_per_minute,
            write_per_minute,
            heavy_per_minute,
            sign_in_per_minute,
        } = self.http.rate_limits;
        RateLimits {
            read_per_minute,
            write_per_minute,
            heavy_per_minute,
            sign_in_per_minute,
        }
    }

    /// Where the master keys come from.
    pub(crate) fn secret_keys(&self) -> KeySource {
        let secrets = &self.secrets;
        if !secrets.master_keys.is_empty() {
            return KeySource::Given(secrets.master_keys.iter().map(SecretText::new).collect());
        }
        if secrets.key_file.as_os_str().is_empty() {
            return KeySource::File(self.data_dir.join("secrets.key"));
        }
        KeySource::File(secrets.key_file.clone())
    }
}
