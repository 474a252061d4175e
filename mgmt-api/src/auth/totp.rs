//! Time-based one-time codes (RFC 6238) as authenticator apps compute them: SHA-1, six digits,
//! thirty seconds.

use rating::Timestamp;
use totp_rs::{Algorithm, Builder, Secret, Totp, TotpError};

/// Bytes of a seed: what RFC 4226 §4 recommends.
const SEED_BYTES: usize = 20;

/// Digits of a code.
const DIGITS: u8 = 6;

/// Seconds that a code lasts.
const STEP_S: u64 = 30;

/// Steps by which the clocks may differ, either way.
const SKEW_STEPS: u16 = 1;

/// The secret that the user's app and we share.
#[derive(Clone)]
pub(crate) struct Seed([u8; SEED_BYTES]);

/// Why no seed can be made or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SeedError {
    #[error("the operating system gives no random bytes")]
    Random(#[source] getrandom::Error),
    #[error("a stored seed has {0} bytes")]
    Length(usize),
    #[error("the seed cannot be written for an app")]
    Totp(#[source] TotpError),
}

impl Seed {
    /// A new seed.
    pub(crate) fn generate() -> Result<Self, SeedError> {
        let mut bytes = [0; SEED_BYTES];
        getrandom::fill(&mut bytes).map_err(SeedError::Random)?;
        Ok(Self(bytes))
    }

    /// As [`as_bytes`](Self::as_bytes) gave it.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, SeedError> {
        let bytes = bytes
            .try_into()
            .map_err(|_| SeedError::Length(bytes.len()))?;
        Ok(Self(bytes))
    }

    /// To be stored encrypted.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As a person types it into an app.
    pub(crate) fn base32(&self) -> String {
        Secret::from(self.0).to_base32()
    }

    /// As an app reads it from a square code: `otpauth://totp/…`.
    pub(crate) fn uri(&self, issuer: &str, account: &str) -> Result<String, SeedError> {
        // The label's parts are separated by a colon, so neither may hold one.
        let plain = |text: &str| text.replace(':', " ");
        let totp = self
            .builder()
            .with_issuer(Some(plain(issuer)))
            .with_account_name(plain(account))
            .build()
            .map_err(SeedError::Totp)?;
        totp.to_url().map_err(SeedError::Totp)
    }

    /// The step of the code when it is right and later than `last_step`: a code is good once.
    /// The step is to be stored as the next `last_step`.
    pub(crate) fn check(&self, code: &str, now: Timestamp, last_step: Option<u64>) -> Option<u64> {
        let seconds = u64::try_from(now.0 / 1_000_000).ok()?;
        let step = self.totp().check(code, seconds)?;
        last_step.is_none_or(|last| step > last).then_some(step)
    }

    fn totp(&self) -> Totp {
        self.builder().build_noncompliant()
    }

    fn builder(&self) -> Builder {
        Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(DIGITS)
            .with_skew(SKEW_STEPS)
            .with_step_duration(STEP_S)
            .with_secret(self.0)
    }
}

#[cfg(test)]
impl Seed {
    /// The code that an app shows.
    pub(crate) fn code(&self, now: Timestamp) -> String {
        let seconds = u64::try_from(now.0 / 1_000_000).unwrap_or_default();
        self.totp().generate(seconds).to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1_000_000)
    }

    /// The seed of RFC 6238, appendix B.
    fn seed() -> Seed {
        Seed::from_bytes(b"12345678901234567890").unwrap()
    }

    #[test]
    fn the_codes_are_those_of_the_standard() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (20_000_000_000, "353130"),
        ] {
            let step = seed().check(code, at(seconds), None);
            assert_eq!(step, Some(seconds.unsigned_abs() / 30));
        }
    }

    #[test]
    fn clocks_may_differ_by_one_step_and_no_more() {
        let code = seed().code(at(900));
        for late in [-30, 0, 30] {
            assert_eq!(
                seed().check(&code, at(900 + late), None),
                Some(30),
                "{late}"
            );
        }
        for late in [-60, 60] {
            assert_eq!(seed().check(&code, at(900 + late), None), None, "{late}");
        }
    }

    #[test]
    fn a_code_is_good_once_and_so_are_those_before_it() {
        let (before, code) = (seed().code(at(870)), seed().code(at(900)));
        let step = seed().check(&code, at(900), None);
        assert_eq!(seed().check(&code, at(905), step), None);
        assert_eq!(seed().check(&before, at(905), step), None);
        let next = seed().code(at(930));
        assert_eq!(seed().check(&next, at(930), step), Some(31));
    }

    #[test]
    fn what_is_no_code_is_refused() {
        for text in ["", "28708", "2870822", "28708a", "٢٨٧٠٨٢"] {
            assert_eq!(seed().check(text, at(59), None), None, "{text}");
        }
    }

    #[test]
    fn an_app_reads_issuer_account_and_seed() {
        let uri = seed().uri("DIDTron: test", "ann@example.com").unwrap();
        assert!(uri.starts_with("otpauth://totp/"), "{uri}");
        assert!(uri.contains(&seed().base32()), "{uri}");
        assert!(uri.contains("issuer=DIDTron"), "{uri}");
        assert_eq!(seed().base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }
}
