//! What a period came to: pure arithmetic.

use crate::StoreError;
use crate::ledger::{Sums, currency};
use crate::resources::json;
use rating::exchange::ExchangeRate;
use rating::rounding::RoundingMode;
use rating::{Amount, Currency};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// All that was ever charged to a customer and by a carrier, as it stands on their balances.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NettingCounted {
    pub(crate) customer: Sums,
    pub(crate) carrier: Sums,
}

/// What a period came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NettingSums {
    /// What a unit of the currency of the statement is worth in the books at the end of the period.
    pub rate: ExchangeRate,
    /// By side and currency; none when there was nothing.
    pub lines: Vec<NettingLine>,
    /// What the customer owes for its calls, in the currency of the statement.
    pub they_owe: Amount,
    /// What we owe the carrier for its calls.
    pub we_owe: Amount,
}

/// What a side came to in a currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NettingLine {
    /// Whether it is what we owe the carrier, and not what the customer owes us.
    pub is_of_carrier: bool,
    /// The currency of the charges.
    pub currency: Currency,
    /// What is owed; below zero when more was credited than charged.
    pub amount: Amount,
    /// What a unit of it is worth in the books at the end of the period.
    pub rate: ExchangeRate,
    /// The amount in the currency of the statement.
    pub converted: Amount,
}

/// Why a period cannot be settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NettingFault {
    /// Its currency is worth nothing that is known.
    #[error("there is no exchange rate for {0}: make one")]
    NoRate(Currency),
    /// An amount is beyond what an entry holds.
    #[error(
        "what was charged in {0} is beyond 9,000,000,000: settle it by hand, and choose shorter terms"
    )]
    TooLarge(Currency),
}

/// The form in the database: whole numbers as texts, which no reader of JSON cuts.
#[derive(Serialize, Deserialize)]
struct CountedText {
    customer: BTreeMap<String, String>,
    carrier: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
struct SumsText {
    rate: ExchangeRate,
    lines: Vec<NettingLine>,
}

impl NettingCounted {
    /// What has come to it up to `now`, settled in a currency by the rates of some currencies in the books.
    ///
    /// # Errors
    /// [`NettingFault`].
    pub fn settled(
        &self,
        now: &Self,
        currency: Currency,
        rates: &BTreeMap<Currency, ExchangeRate>,
    ) -> Result<NettingSums, NettingFault> {
        let rate = rate_of(currency, rates)?;
        let mut lines = Vec::new();
        let sides = [
            (false, &self.customer, &now.customer),
            (true, &self.carrier, &now.carrier),
        ];
        for (is_of_carrier, before, now) in sides {
            for (of, gained) in gained(before, now) {
                // A customer owes what its balance has lost, and we owe what a carrier's has gained.
                let owed = if is_of_carrier { gained } else { -gained };
                lines.push(line(is_of_carrier, of, owed, rate, rates)?);
            }
        }
        let owed = |side: bool| {
            let of_side = lines.iter().filter(|line| line.is_of_carrier == side);
            Amount::checked_sum(of_side.map(|line| line.converted))
        };
        let too_large = NettingFault::TooLarge(currency);
        let (they_owe, we_owe) = (owed(false).ok_or(too_large)?, owed(true).ok_or(too_large)?);
        let fits = they_owe.checked_sub(we_owe).ok_or(too_large)?;
        for amount in [they_owe, we_owe, fits] {
            rate.to_books(amount).ok_or(too_large)?;
        }
        Ok(NettingSums {
            rate,
            lines,
            they_owe,
            we_owe,
        })
    }

    pub(super) fn to_text(&self) -> String {
        let texts = |sums: &Sums| {
            let text = sums.iter();
            text.map(|(currency, sum)| (currency.to_string(), sum.to_string()))
                .collect()
        };
        let text = CountedText {
            customer: texts(&self.customer),
            carrier: texts(&self.carrier),
        };
        serde_json::json!(text).to_string()
    }

    pub(super) fn read(text: &str) -> Result<Self, StoreError> {
        let text: CountedText = read(text)?;
        let sums = |texts: BTreeMap<String, String>| {
            let read = texts.into_iter().map(|(name, sum)| {
                let sum = sum.parse();
                let sum = sum.map_err(|error| StoreError::column("counted", error))?;
                Ok((currency(name)?, sum))
            });
            read.collect::<Result<Sums, StoreError>>()
        };
        Ok(Self {
            customer: sums(text.customer)?,
            carrier: sums(text.carrier)?,
        })
    }
}

impl NettingSums {
    /// What is taken off both balances: all that one of the sides owes, so that what is left stands on the other's
    /// account alone.
    pub fn offset(&self) -> Amount {
        self.they_owe.min(self.we_owe)
    }

    pub(super) fn to_text(&self) -> Result<String, StoreError> {
        let text = SumsText {
            rate: self.rate,
            lines: self.lines.clone(),
        };
        serde_json::to_string(&text).map_err(StoreError::Encode)
    }

    pub(super) fn read(text: &str, they_owe: Amount, we_owe: Amount) -> Result<Self, StoreError> {
        let SumsText { rate, lines } = read(text)?;
        Ok(Self {
            rate,
            lines,
            they_owe,
            we_owe,
        })
    }
}

/// What has come to it between `before` and `now`, by currency.
pub(super) fn gained(before: &Sums, now: &Sums) -> Sums {
    let currencies: BTreeSet<_> = before.keys().chain(now.keys()).copied().collect();
    let sum = |sums: &Sums, of| sums.get(&of).copied().unwrap_or(0);
    let gained = currencies.into_iter();
    let gained = gained.map(|of| (of, sum(now, of) - sum(before, of)));
    gained.filter(|(_, sum)| *sum != 0).collect()
}

fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    let value = json("netting", text)?;
    serde_json::from_value(value).map_err(|source| StoreError::Corrupt {
        table: "netting",
        source,
    })
}

fn line(
    is_of_carrier: bool,
    currency: Currency,
    owed: i128,
    into: ExchangeRate,
    rates: &BTreeMap<Currency, ExchangeRate>,
) -> Result<NettingLine, NettingFault> {
    let too_large = NettingFault::TooLarge(currency);
    let amount = Amount(i64::try_from(owed).map_err(|_| too_large)?);
    let rate = rate_of(currency, rates)?;
    rate.to_books(amount).ok_or(too_large)?;
    let converted = rate.to_other(into, amount, RoundingMode::HalfUp);
    Ok(NettingLine {
        is_of_carrier,
        currency,
        amount,
        rate,
        converted: converted.ok_or(too_large)?,
    })
}

fn rate_of(
    currency: Currency,
    rates: &BTreeMap<Currency, ExchangeRate>,
) -> Result<ExchangeRate, NettingFault> {
    if currency == Currency::USD {
        return Ok(ExchangeRate::ONE);
    }
    let rate = rates.get(&currency).copied();
    rate.ok_or(NettingFault::NoRate(currency))
}
