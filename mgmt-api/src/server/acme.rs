//! Certificates by ACME (RFC 8555), proved over TLS itself (`tls-alpn-01`, RFC 8737).
//!
//! The listener answers the authority's question in a handshake, so no other port is needed: the
//! authority connects to port 443 of each domain, which must lead here. The account's key and the
//! certificate with its key lie in a folder that only the switch's user can read. A certificate is
//! renewed when two thirds of its life are over, and taken without a restart.

mod folder;
mod http;
mod order;

use super::tls::Certificate;
use folder::Folder;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::sign::CertifiedKey;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

/// The pause after the first failure; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(300);

/// The longest pause after failures, and between two looks at a certificate: the clock may be set.
const PAUSE_MAX: Duration = Duration::from_secs(6 * 3_600);

/// How certificates are got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcmeSettings {
    /// Where the authority describes itself (RFC 8555 §7.1.1), an `https` address.
    pub directory: String,
    /// The names that the certificate is for, in lower case; at least one.
    pub domains: Vec<String>,
    /// Where the authority may write to, an e-mail address.
    pub contact: Option<String>,
    /// Where the account and the certificate are kept; made when it is not there.
    pub folder: PathBuf,
    /// Roots of an authority of one's own, in PEM form; `None`: the public ones.
    pub roots_file: Option<PathBuf>,
}

/// Why there is no new certificate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AcmeError {
    /// A file of the folder cannot be read or written.
    #[error("{path} cannot be read or written")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file of the folder does not hold what it should.
    #[error("{path} is damaged: {reason}; move it away, and it is made anew")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The file of the authority's roots holds none.
    #[error("{path} holds no certificate; see `http.acme.roots_file`")]
    Roots {
        /// The file.
        path: PathBuf,
    },
    /// The authority refuses, or cannot be asked.
    #[error("the authority {step}: {source}")]
    Authority {
        /// What was asked for.
        step: &'static str,
        /// What it said.
        source: instant_acme::Error,
    },
    /// The authority offers no way to prove a domain that we know.
    #[error("the authority does not offer tls-alpn-01 for {domain}")]
    NoChallenge {
        /// The domain.
        domain: String,
    },
    /// The authority could not find the proof.
    #[error(
        "the authority could not verify {domain}: {reason}. Port 443 of it must lead to \
         `http.tls.address`, without anything between that ends TLS"
    )]
    NotVerified {
        /// The domain.
        domain: String,
        /// What the authority said.
        reason: String,
    },
    /// A key or a certificate cannot be made.
    #[error("no key or certificate can be made")]
    Make(#[from] rcgen::Error),
    /// What the authority issued cannot be used.
    #[error("the certificate that was issued is no good: {0}")]
    Issued(String),
}

/// Keeps a certificate fresh.
#[derive(Debug)]
pub(super) struct Acme {
    settings: AcmeSettings,
    folder: Folder,
}

/// What a certificate says of itself.
#[derive(Debug, PartialEq, Eq)]
struct Facts {
    not_before: SystemTime,
    not_after: SystemTime,
    /// In lower case.
    domains: Vec<String>,
}

impl Acme {
    /// Opens the folder.
    ///
    /// # Errors
    /// [`AcmeError::File`] when it cannot be made.
    pub(super) fn open(settings: AcmeSettings) -> Result<Self, AcmeError> {
        let folder = Folder::open(settings.folder.clone())?;
        Ok(Self { settings, folder })
    }

    /// The certificate that was kept, when it can be used.
    pub(super) fn kept(&self) -> Option<CertifiedKey> {
        match self.folder.certificate() {
            Ok(kept) => kept,
            Err(error) => {
                tracing::warn!(error = %chain(&error), "the kept certificate cannot be used");
                None
            }
        }
    }

    /// Renews the certificate when it is due, for ever.
    pub(super) async fn keep_fresh(&self, certificate: &Certificate) {
        let mut failures = 0;
        loop {
            let pause = match self.renew_if_due(certificate).await {
                Ok(next) => {
                    failures = 0;
                    next
                }
                Err(error) => {
                    failures += 1;
                    let pause = pause_after(failures);
                    let expires = certificate.leaf().and_then(|leaf| facts(&leaf));
                    tracing::error!(
                        error = %chain(&error),
                        next_try_s = pause.as_secs(),
                        has_certificate = expires.is_some(),
                        "no certificate could be got"
                    );
                    pause
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Gives how long until the next look.
    async fn renew_if_due(&self, certificate: &Certificate) -> Result<Duration, AcmeError> {
        let now = SystemTime::now();
        let facts_now = certificate.leaf().and_then(|leaf| facts(&leaf));
        if let Some(pause) = facts_now.and_then(|facts| facts.rests(&self.settings.domains, now)) {
            return Ok(pause.min(PAUSE_MAX));
        }
        tracing::info!(
            domains = ?self.settings.domains,
            directory = self.settings.directory,
            "asking for a certificate"
        );
        let bundle = order::obtain(&self.settings, &self.folder, certificate).await?;
        let key = folder::read_bundle(&bundle).map_err(AcmeError::Issued)?;
        self.folder.put_certificate(&bundle)?;
        certificate.put(key);
        let issued = certificate.leaf().and_then(|leaf| facts(&leaf));
        let issued = issued.ok_or_else(|| AcmeError::Issued("it cannot be read".into()))?;
        let days = issued.not_after.duration_since(now).unwrap_or_default();
        tracing::info!(days = days.as_secs() / 86_400, "took a new certificate");
        let rests = issued.rests(&self.settings.domains, SystemTime::now());
        let short = || AcmeError::Issued("it is due at once, or for other names".into());
        Ok(rests.ok_or_else(short)?.min(PAUSE_MAX))
    }
}

impl Facts {
    /// How long until it is due; `None` when it is, or is not for all of `domains`.
    fn rests(&self, domains: &[String], now: SystemTime) -> Option<Duration> {
        let covers = |domain: &String| self.domains.contains(domain);
        if !domains.iter().all(covers) {
            return None;
        }
        let life = self.not_after.duration_since(self.not_before).ok()?;
        let due = self.not_before + life * 2 / 3;
        due.duration_since(now).ok().filter(|rest| !rest.is_zero())
    }
}

/// What a certificate says; `None` when it cannot be read.
fn facts(leaf: &CertificateDer<'_>) -> Option<Facts> {
    let (_, parsed) = X509Certificate::from_der(leaf).ok()?;
    let at = |seconds: i64| Some(UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).ok()?));
    let validity = parsed.validity();
    let names = parsed.subject_alternative_name().ok()??;
    let names = names.value.general_names.iter();
    let domains = names.filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(name.to_lowercase()),
        _ => None,
    });
    Some(Facts {
        not_before: at(validity.not_before.timestamp())?,
        not_after: at(validity.not_after.timestamp())?,
        domains: domains.collect(),
    })
}

/// Public authorities forgive a few failures an hour.
fn pause_after(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(10);
    (FIRST_PAUSE * 2_u32.pow(doublings)).min(PAUSE_MAX)
}

/// An error with what is behind it, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some say the cause themselves.
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

/// A chain of certificates with its key, to be used in handshakes.
type Usable = Arc<CertifiedKey>;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn of_ninety_days() -> Facts {
        Facts {
            not_before: UNIX_EPOCH,
            not_after: UNIX_EPOCH + DAY * 90,
            domains: vec!["a.example".into(), "b.example".into()],
        }
    }

    #[test]
    fn a_certificate_is_due_when_two_thirds_of_its_life_are_over() {
        let domains = ["a.example".to_owned()];
        let after = |days: u32| of_ninety_days().rests(&domains, UNIX_EPOCH + DAY * days);
        assert_eq!(after(0), Some(DAY * 60));
        assert_eq!(after(59), Some(DAY));
        assert_eq!(after(60), None);
        assert_eq!(after(100), None);
    }

    #[test]
    fn a_certificate_for_other_names_is_due() {
        let rests = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            of_ninety_days().rests(&names, UNIX_EPOCH)
        };
        assert!(rests(&["b.example", "a.example"]).is_some());
        assert_eq!(rests(&["a.example", "c.example"]), None);
    }

    #[test]
    fn the_facts_are_those_of_the_certificate() {
        let key = rcgen::KeyPair::generate().unwrap();
        let names = vec!["A.example".to_owned(), "b.example".to_owned()];
        let mut params = rcgen::CertificateParams::new(names).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2026, 4, 1);
        let made = params.self_signed(&key).unwrap();
        let facts = facts(made.der()).unwrap();
        assert_eq!(facts.domains, ["a.example", "b.example"]);
        let life = facts.not_after.duration_since(facts.not_before);
        assert_eq!(life.unwrap(), DAY * 90);
        assert_eq!(super::facts(&CertificateDer::from(vec![1, 2, 3])), None);
    }

    #[test]
    fn failures_are_tried_again_ever_more_rarely() {
        assert_eq!(pause_after(1), FIRST_PAUSE);
        assert_eq!(pause_after(2), FIRST_PAUSE * 2);
        assert_eq!(pause_after(60), PAUSE_MAX);
    }
}
