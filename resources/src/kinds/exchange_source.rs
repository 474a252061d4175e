//! Where exchange rates come from.

use crate::checks;
use crate::fields::foreign::CurrencyCode;
use crate::fields::secret::Secret;
use crate::fields::status::Status;
use crate::kind::{Assignable, Kind};
use crate::kinds::ResourceKind;
use crate::problem::Problem;
use rating::Currency;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Most sources of one tenant.
pub const SOURCES_MAX: usize = 10;

/// Most currencies of one source; ISO 4217 has fewer.
pub const SOURCE_CURRENCIES_MAX: usize = 200;

const OPEN_EXCHANGE_RATES_URL: &str = "https://openexchangerates.org/api";
const ECB_URL: &str = "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml";

/// Somebody who publishes exchange rates. They are read again and again, and what is new comes into
/// force at the next midnight in UTC, as one change of the configuration: a rate that counts, or has
/// counted, is never written again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExchangeSource {
    /// Whether it is read.
    #[serde(default)]
    #[schemars(extend("x-filter" = true))]
    pub status: Status,
    /// Who publishes them.
    #[schemars(extend("x-filter" = true))]
    pub provider: ExchangeProvider,
    /// The currencies that are taken, by their codes of ISO 4217. Each has one source.
    #[schemars(
        with = "Vec<CurrencyCode>",
        length(min = 1, max = SOURCE_CURRENCIES_MAX),
        extend("examples" = [["EUR", "GBP"]])
    )]
    pub currencies: Vec<Currency>,
    /// Open Exchange Rates: the App ID of the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_id: Option<Secret>,
    /// Where it is read from instead: the address before `/latest.json` of Open Exchange Rates, or
    /// that of the file of the European Central Bank. Plain `http://` is for tests on the same host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 2_048),
        extend("x-section" = "advanced", "x-default" = "the publisher's own")
    )]
    pub url: Option<String>,
    /// How often it is read.
    #[serde(default = "default_refresh_minutes")]
    #[schemars(range(min = 15, max = 10_080), extend("x-unit" = "minutes"))]
    pub refresh_minutes: u16,
    /// A rate that moves by more than this against the one before is told, and waits until somebody
    /// confirms it: with 100, to more than twice or less than half.
    #[serde(default = "default_alert_percent")]
    #[schemars(range(min = 1, max = 100), extend("x-unit" = "percent"))]
    pub alert_percent: u8,
    /// Rates that were published longer ago are stale, which is told. The European Central Bank
    /// publishes none for five days about Easter.
    #[serde(default = "default_stale_after_hours")]
    #[schemars(range(min = 1, max = 720), extend("x-unit" = "hours"))]
    pub stale_after_hours: u16,
    /// How much less a unit is worth where rates are shown to customers, in hundredths of a percent.
    /// Nothing is charged or booked by it.
    #[serde(default)]
    #[schemars(range(max = 5_000), extend("x-unit" = "basis points"))]
    pub markup_bps: u16,
}

/// Who publishes exchange rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExchangeProvider {
    /// Open Exchange Rates, by an account's App ID.
    OpenExchangeRates,
    /// The daily file of the European Central Bank.
    Ecb,
}

fn default_refresh_minutes() -> u16 {
    60
}

fn default_alert_percent() -> u8 {
    5
}

fn default_stale_after_hours() -> u16 {
    120
}

impl ExchangeSource {
    /// The address that is read.
    pub fn address(&self) -> String {
        let own = self.url.as_deref();
        match self.provider {
            ExchangeProvider::Ecb => own.unwrap_or(ECB_URL).to_owned(),
            ExchangeProvider::OpenExchangeRates => {
                let base = own.unwrap_or(OPEN_EXCHANGE_RATES_URL).trim_end_matches('/');
                format!("{base}/latest.json")
            }
        }
    }

    fn check_currencies(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (index, currency) in self.currencies.iter().enumerate() {
            let message = if *currency == Currency::USD {
                "the books are in USD: it needs no rate".to_owned()
            } else if self.currencies[..index].contains(currency) {
                format!("{currency} stands here twice")
            } else {
                continue;
            };
            problems.push(Problem::in_field(format!("currencies[{index}]"), message));
        }
        problems
    }

    fn check_url(&self) -> Option<Problem> {
        let url = self.url.as_deref()?;
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let is_sound = rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
            && url.chars().all(|c| c.is_ascii_graphic())
            // An address is shown, and a key is not.
            && !url.contains(['@', '?', '#']);
        let why = "write an address such as https://example.com/api, without user, query and key";
        (!is_sound).then(|| Problem::in_field("url", why))
    }
}

impl Kind for ExchangeSource {
    const KIND: ResourceKind = ResourceKind::ExchangeSource;
    const TITLE: &'static str = "Exchange source";
    const TITLE_PLURAL: &'static str = "Exchange sources";
    const ASSIGNABLE: Assignable = Assignable::No;

    fn check(&self) -> Vec<Problem> {
        let mut problems = self.check_currencies();
        let needs_id = self.provider == ExchangeProvider::OpenExchangeRates;
        let why = "the provider needs it: it is the App ID of your account";
        problems.extend(checks::required("app_id", !needs_id || self.app_id.is_some(), why));
        if !needs_id && self.app_id.is_some() {
            problems.push(Problem::in_field("app_id", "the provider has none: leave it out"));
        }
        problems.extend(self.check_url());
        problems
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use crate::kinds::ResourceSpec;
    use crate::testing::{assert_sound, faults};
    use serde_json::{Value, json};

    const KIND: ResourceKind = ResourceKind::ExchangeSource;

    fn of(change: Value) -> Value {
        let mut spec = json!({ "provider": "ecb", "currencies": ["EUR", "GBP"] });
        let fields = change.as_object().cloned().unwrap_or_default();
        spec.as_object_mut().into_iter().for_each(|spec| spec.extend(fields.clone()));
        spec
    }

    #[test]
    fn faults_are_named() {
        assert_sound(KIND, of(json!({})));
        assert_sound(KIND, of(json!({ "provider": "open_exchange_rates", "app_id": "x" })));
        assert_sound(KIND, of(json!({ "url": "http://127.0.0.1:9/ecb.xml", "markup_bps": 250 })));
        let cases = [
            (json!({ "currencies": [] }), "currencies"),
            (json!({ "currencies": ["EUR", "USD"] }), "currencies[1]"),
            (json!({ "currencies": ["EUR", "GBP", "EUR"] }), "currencies[2]"),
            (json!({ "provider": "open_exchange_rates" }), "app_id"),
            (json!({ "app_id": "x" }), "app_id"),
            (json!({ "url": "ftp://example.com" }), "url"),
            (json!({ "url": "https://me:key@example.com" }), "url"),
            (json!({ "url": "https://example.com/api?app_id=key" }), "url"),
            (json!({ "refresh_minutes": 14 }), "refresh_minutes"),
            (json!({ "alert_percent": 0 }), "alert_percent"),
            (json!({ "stale_after_hours": 721 }), "stale_after_hours"),
            (json!({ "markup_bps": 5_001 }), "markup_bps"),
        ];
        for (change, field) in cases {
            assert_eq!(faults(KIND, of(change.clone())), [field], "{change}");
        }
    }

    #[test]
    fn each_provider_has_its_address() {
        let address = |spec| match ResourceSpec::from_value(KIND, of(spec)).unwrap() {
            ResourceSpec::ExchangeSource(source) => source.address(),
            other => panic!("{other:?}"),
        };
        assert_eq!(address(json!({})), ECB_URL);
        let own = json!({ "provider": "open_exchange_rates", "app_id": "x", "url": "http://h/api/" });
        assert_eq!(address(own), "http://h/api/latest.json");
    }
}
