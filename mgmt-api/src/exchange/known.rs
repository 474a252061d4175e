//! What is known of a source: when it was read, what it said, what waits.

use super::judge::Verdict;
use rating::exchange::ExchangeRate;
use rating::{Currency, Timestamp};
use resources::ExchangeSource;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What is kept of a source between two readings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SourceKnown {
    /// When it was asked last.
    pub(crate) asked_at: Option<Timestamp>,
    /// When it answered last.
    pub(crate) read_at: Option<Timestamp>,
    /// When the rates of that answer were published.
    pub(crate) published_at: Option<Timestamp>,
    /// When it is asked next.
    pub(crate) next_at: Option<Timestamp>,
    /// Why the last question brought nothing.
    pub(crate) failure: Option<String>,
    /// Questions in vain since the last answer.
    pub(crate) failures: u32,
    pub(crate) is_stale: bool,
    /// Where it was read.
    #[serde(default)]
    pub(crate) address: Option<String>,
    pub(crate) quotes: BTreeMap<Currency, QuoteKnown>,
}

/// What a source said of a currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct QuoteKnown {
    pub(crate) state: QuoteState,
    /// `None` for one that is missing.
    pub(crate) rate: Option<ExchangeRate>,
    /// Why it is missing.
    pub(crate) reason: Option<String>,
    /// When the last rate was published that is in force, or shall be; before the first, when it was asked for.
    #[serde(default)]
    pub(crate) good_at: Option<Timestamp>,
    /// It was told that this is too long ago.
    #[serde(default)]
    pub(crate) is_stale: bool,
}

/// What became of a quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuoteState {
    /// It counts, or does from the next midnight on.
    InForce,
    /// A rate of that day was written before it: it is looked at again tomorrow.
    Later,
    /// It has moved too far and waits until somebody confirms it.
    Waits,
    /// There is none.
    Missing,
}

impl SourceKnown {
    /// From the text of the database; one of another version is read anew by the next question.
    pub(crate) fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_else(|error| {
            tracing::warn!(%error, "what is known of a source of exchange rates is begun anew");
            Self::default()
        })
    }

    /// Whether this was said by the publisher that the source reads now.
    pub(super) fn is_of(&self, source: &ExchangeSource) -> bool {
        self.address
            .as_ref()
            .is_none_or(|read| *read == source.address())
    }

    /// Forgets what another publisher said, when the source reads another one now.
    pub(super) fn turn_to(&mut self, source: &ExchangeSource) {
        if !self.is_of(source) {
            self.quotes.clear();
            self.published_at = None;
        }
        self.address = Some(source.address());
    }

    /// Whether this very rate was the last that was put in force.
    pub(super) fn has_put(&self, currency: Currency, rate: ExchangeRate) -> bool {
        let quote = self.quotes.get(&currency);
        quote.is_some_and(|quote| quote.state == QuoteState::InForce && quote.rate == Some(rate))
    }

    /// Takes verdicts over; gives the currencies whose rate waits and did not before.
    pub(super) fn take(
        &mut self,
        verdicts: &BTreeMap<Currency, Verdict>,
        last: &LastRates,
        now: Timestamp,
    ) -> Vec<Currency> {
        let waited = |quotes: &BTreeMap<Currency, QuoteKnown>, currency: &Currency| {
            let quote = quotes.get(currency);
            quote.is_some_and(|quote| quote.state == QuoteState::Waits)
        };
        let quotes: BTreeMap<_, _> = verdicts
            .iter()
            .map(|(currency, verdict)| {
                let mut quote = QuoteKnown::of(verdict, last.get(currency));
                let before = self.quotes.get(currency);
                quote.is_stale = before.is_some_and(|before| before.is_stale);
                quote.good_at = match verdict {
                    Verdict::New(_) | Verdict::Kept(_) => self.published_at,
                    _ => before.and_then(|before| before.good_at).or(Some(now)),
                };
                (*currency, quote)
            })
            .collect();
        let begun = quotes
            .keys()
            .filter(|currency| waited(&quotes, currency) && !waited(&self.quotes, currency));
        let begun = begun.copied().collect();
        self.quotes = quotes;
        begun
    }
}

/// The last configured rate of each currency.
pub(super) type LastRates = BTreeMap<Currency, ExchangeRate>;

impl QuoteKnown {
    fn of(verdict: &Verdict, last: Option<&ExchangeRate>) -> Self {
        let (state, rate, reason) = match verdict {
            Verdict::New(rate) => (QuoteState::InForce, Some(*rate), None),
            Verdict::Kept(rate) if last == Some(rate) => (QuoteState::InForce, Some(*rate), None),
            Verdict::Kept(rate) => (QuoteState::Later, Some(*rate), None),
            Verdict::Waits(rate) => (QuoteState::Waits, Some(*rate), None),
            Verdict::Missing(reason) => (QuoteState::Missing, None, Some(reason.clone())),
        };
        Self {
            state,
            rate,
            reason,
            good_at: None,
            is_stale: false,
        }
    }
}
