//! Asking a publisher, once.

use super::quotes::Quotes;
use crate::notifications::WebhookClient;
use crate::secrets::SecretText;
use rating::Timestamp;
use resources::{ExchangeProvider, ExchangeSource};
use serde::Deserialize;
use std::time::Duration;

/// From the question to the end of the answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Largest answer, bytes: that of all currencies is 5 KB.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// Longest text that says why a publisher gave no rates, characters.
const FAILURE_CHARS_MAX: usize = 300;

/// The longest that a publisher can put us off, seconds.
const RETRY_AFTER_MAX_S: i64 = 86_400;

/// A publisher's clock may be so far ahead, microseconds.
const AHEAD_MAX_US: i64 = 3_600_000_000;

/// Why there are no rates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// A sentence.
    pub(super) text: String,
    /// Not to be asked before, if the publisher said so.
    pub(super) not_before: Option<Timestamp>,
}

/// The error of Open Exchange Rates.
#[derive(Deserialize)]
struct Refusal {
    message: String,
    description: Option<String>,
}

/// Asks for the rates of now.
pub(super) async fn ask(
    client: &WebhookClient,
    source: &ExchangeSource,
    app_id: Option<&SecretText>,
    now: Timestamp,
) -> Result<Quotes, Failure> {
    // In a header: an address stands in logs of proxies.
    let proof = app_id.map(|id| SecretText::new(format!("Token {}", id.expose())));
    let got = client
        .get(source.address(), proof, TIMEOUT, ANSWER_BYTES_MAX)
        .await;
    let got = got.map_err(|reason| Failure::of(reason, app_id))?;
    if got.status != 200 {
        let said = refusal(&got.body);
        let text = match got.status {
            300..400 => format!(
                "The publisher redirects ({}): set the new address.",
                got.status
            ),
            status => format!("The publisher answered {status}{said}."),
        };
        let not_before = got
            .retry_after
            .as_deref()
            .and_then(|text| put_off(text, now));
        return Err(Failure {
            not_before,
            ..Failure::of(text, app_id)
        });
    }
    let quotes = match source.provider {
        ExchangeProvider::OpenExchangeRates => Quotes::of_open_exchange_rates(&got.body),
        ExchangeProvider::Ecb => Quotes::of_ecb(&got.body),
    };
    let quotes =
        quotes.map_err(|error| Failure::of(format!("It cannot be read: {error}."), app_id))?;
    if quotes.published_at.0 > now.0.saturating_add(AHEAD_MAX_US) {
        return Err(Failure::of(
            "The rates are of a time to come.".into(),
            app_id,
        ));
    }
    Ok(quotes)
}

impl Failure {
    /// Whatever a publisher says, the key is not kept with it.
    pub(super) fn of(text: String, app_id: Option<&SecretText>) -> Self {
        let text = match app_id {
            Some(id) => text.replace(id.expose(), "…"),
            None => text,
        };
        Self {
            text: text.chars().take(FAILURE_CHARS_MAX).collect(),
            not_before: None,
        }
    }
}

/// What the publisher says of it, after a colon.
fn refusal(body: &[u8]) -> String {
    let refusal: Option<Refusal> = serde_json::from_slice(body).ok();
    match refusal {
        None => String::new(),
        Some(Refusal {
            message,
            description: None,
        }) => format!(": {message}"),
        Some(Refusal {
            message,
            description: Some(more),
        }) => {
            format!(": {message}: {}", more.trim_end_matches('.'))
        }
    }
}

/// RFC 9110 section 10.2.3: seconds, or a date.
fn put_off(text: &str, now: Timestamp) -> Option<Timestamp> {
    let seconds = match text.trim().parse::<i64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let date = jiff::fmt::rfc2822::parse(text.trim()).ok()?.timestamp();
            (date.as_microsecond() - now.0) / 1_000_000
        }
    };
    (seconds > 0).then(|| Timestamp(now.0 + seconds.min(RETRY_AFTER_MAX_S) * 1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_publisher_puts_off_by_seconds_or_until_a_date_and_a_day_at_most() {
        let now = Timestamp(1_000_000_000_000_000);
        let after = |text| put_off(text, now).map(|at| (at.0 - now.0) / 1_000_000);
        assert_eq!(after("120"), Some(120));
        assert_eq!(after("99999999"), Some(86_400));
        // 1,000,000,060 seconds after the epoch.
        assert_eq!(after("Sun, 09 Sep 2001 01:47:40 GMT"), Some(60));
        for text in ["", "0", "-5", "soon", "Sun, 09 Sep 2001 01:40:00 GMT"] {
            assert_eq!(after(text), None, "{text}");
        }
    }

    #[test]
    fn the_key_stands_in_no_failure() {
        let key = SecretText::new("k3y");
        let failure = Failure::of("answered: k3y is no key".into(), Some(&key));
        assert_eq!(failure.text, "answered: … is no key");
    }
}
