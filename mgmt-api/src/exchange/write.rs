//! Exchange rates into force: one push for all of a reading.

use super::judge::Configured;
use super::known::{LastRates, QuoteState, SourceKnown};
use super::refresh::is_stale;
use crate::auth::Principal;
use crate::clock;
use crate::problem::Problem;
use crate::resource_engine::{
    ConfigurationError, Content, Draft, Entry, Proposed, Push, PushOrigin, to_the_end,
};
use crate::state::AppState;
use rating::exchange::ExchangeRate;
use rating::{Currency, Timestamp};
use resources::{DatedRate, Day, ExchangeSource, ResourceKind, ResourceSpec};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::{ResourceRow, TenantId};

/// So long before midnight no rate is written for the day that begins, microseconds.
const BEFORE_MIDNIGHT_US: i64 = 600_000_000;

const KIND: ResourceKind = ResourceKind::ExchangeRate;

/// The exchange rates of a tenant as they are configured.
pub(super) struct InForce(Proposed, TenantId);

impl InForce {
    pub(super) fn of(state: &AppState, owner: TenantId) -> Self {
        Self(state.configuration.in_force(), owner)
    }

    fn entries(&self) -> impl Iterator<Item = (&Entry, &resources::ExchangeRate)> {
        let entries = self.0.of_kind(self.1, KIND);
        entries.filter_map(|entry| match &entry.spec {
            ResourceSpec::ExchangeRate(rate) => Some((&**entry, rate)),
            _ => None,
        })
    }

    pub(super) fn rates(&self) -> Configured<'_> {
        let entries = self.entries();
        entries
            .map(|(_, rate)| (rate.currency, rate.rates.as_slice()))
            .collect()
    }

    /// The rate of each currency that counts on a day.
    pub(super) fn last(&self, day: Day) -> LastRates {
        let rates = self.rates().into_iter();
        let counting = rates.filter_map(|(currency, rates)| {
            let last = rates.iter().rfind(|dated| dated.from <= day)?;
            Some((currency, last.rate))
        });
        counting.collect()
    }

    /// The change that gives a currency a rate from a day on. A rate of that day, which does not count
    /// yet, makes way; those of later days stay.
    fn draft(&self, currency: Currency, rate: ExchangeRate, day: Day) -> Draft {
        let dated = DatedRate { from: day, rate };
        let found = self.entries().find(|(_, known)| known.currency == currency);
        let (name, base_version, content) = match found {
            None => {
                let name = self.free_name(currency);
                let spec = json!({ "currency": currency, "rates": [dated] });
                (name.clone(), None, Content::new(name, spec))
            }
            Some((entry, known)) => {
                let mut known = known.clone();
                known.rates.retain(|rate| rate.from != day);
                let place = known.rates.partition_point(|rate| rate.from < day);
                known.rates.insert(place, dated);
                let mut content = Content::of_entry(entry);
                content.spec = ResourceSpec::from(known).to_value();
                (entry.key.name.to_string(), Some(entry.version), content)
            }
        };
        Draft {
            kind: KIND,
            name,
            base_version,
            revives: None,
            content: Some(content),
            note: None,
        }
    }

    /// Its code in small letters, unless another currency's rate is called so.
    fn free_name(&self, currency: Currency) -> String {
        let code = currency.as_str().to_ascii_lowercase();
        let is_taken = |name: &str| self.entries().any(|(entry, _)| *entry.key.name == *name);
        match is_taken(&code) {
            true => format!("{code} of a source"),
            false => code,
        }
    }
}

/// Gives currencies rates from a day on, by one push.
///
/// # Errors
/// [`ConfigurationError`]; nothing has changed then.
pub(super) async fn write(
    state: &AppState,
    origin: PushOrigin,
    rates: &BTreeMap<Currency, ExchangeRate>,
    day: Day,
    source: &str,
) -> Result<(), ConfigurationError> {
    if rates.is_empty() {
        return Ok(());
    }
    let in_force = InForce::of(state, origin.scope.tenant());
    let drafts = rates.iter();
    let drafts = drafts.map(|(currency, rate)| in_force.draft(*currency, *rate, day));
    let push = Push {
        drafts: drafts.collect(),
        note: Some(format!("Rates of {source} from {day}")),
        ..Push::default()
    };
    let pushing = state.clone();
    // A job may be cut off, by its time or by a lost lease.
    let push = async move {
        let configuration = &pushing.configuration;
        configuration.push(origin, push, &*pushing.switch).await
    };
    to_the_end(state, push).await.map(drop)
}

/// The day from which a rate counts that is written now: the next, and the one after it close to midnight. A push
/// takes a while, and all nodes shall have it before the day begins.
pub(super) fn day_of_new(now: Timestamp) -> Option<Day> {
    Day::next_after(Timestamp(now.0.saturating_add(BEFORE_MIDNIGHT_US)))
}

/// Puts a rate that waits in force, from the next midnight on.
///
/// # Errors
/// 409 when it does not wait, or is another by now; those of a push.
pub(crate) async fn confirm(
    state: &AppState,
    principal: &Principal,
    (row, source): (&ResourceRow, &ExchangeSource),
    currency: Currency,
    rate: ExchangeRate,
) -> Result<(), Problem> {
    let now = clock::now();
    let kept = state.store.exchange_source(row.id).await?;
    let (revision, mut known) = kept.map_or_else(Default::default, |kept| {
        (kept.revision, SourceKnown::read(&kept.state))
    });
    if !known.is_of(source) || !source.currencies.contains(&currency) {
        return Err(conflict(
            "The source is another than when it was read: read it again.".into(),
        ));
    }
    if is_stale(source, &known, row, now) {
        return Err(conflict(
            "The rate is older than it may be: read the source again.".into(),
        ));
    }
    let quote = known.quotes.get_mut(&currency);
    let quote = quote.filter(|quote| quote.state == QuoteState::Waits);
    let quote = quote.ok_or_else(|| conflict(format!("No rate of {currency} waits.")))?;
    if quote.rate != Some(rate) {
        let text = quote.rate.map(|rate| rate.to_string()).unwrap_or_default();
        return Err(conflict(format!(
            "The rate that waits is {text} by now: look at it again."
        )));
    }
    let day = day_of_new(now).ok_or_else(Problem::interrupted)?;
    let origin = PushOrigin::new(principal);
    write(state, origin, &[(currency, rate)].into(), day, &row.name).await?;
    quote.state = QuoteState::InForce;
    quote.good_at = known.published_at;
    let text = serde_json::to_string(&known).map_err(|error| Problem::internal(&error))?;
    // Who was faster has read the rate that counts now.
    state
        .store
        .put_exchange_source(row.id, revision, &text, &[], now)
        .await?;
    Ok(())
}

fn conflict(detail: String) -> Problem {
    Problem::conflict(detail, Vec::new())
}

/// A rate as events and views have it.
pub(super) fn text(rate: Option<&ExchangeRate>) -> Value {
    rate.map_or(Value::Null, |rate| Value::String(rate.to_string()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    #[test]
    fn a_rate_that_comes_close_to_midnight_counts_from_the_day_after() {
        let day = |at: &str| {
            let at: jiff::Timestamp = at.parse().unwrap();
            day_of_new(Timestamp(at.as_microsecond()))
                .unwrap()
                .to_string()
        };
        assert_eq!(day("2026-11-23T00:00:00Z"), "2026-11-24");
        assert_eq!(day("2026-11-23T23:49:59Z"), "2026-11-24");
        assert_eq!(day("2026-11-23T23:50:00Z"), "2026-11-25");
    }
}
