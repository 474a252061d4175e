//! Taking what both owe off both balances, and the payment of the difference.

use super::{COLUMNS, NettingRow, NettingState, NettingSums, netting};
use crate::database::{Transaction, sql};
use crate::ledger::{Settlement, balance_within, entry_of_key, payment_of, post_settlements};
use crate::{
    LedgerAccountKind, LedgerEntryKind, LedgerError, LedgerParty, NewAuditEntry, NewEvent, Scope,
    Store, StoreError, audit, events,
};
use rating::exchange::ExchangeRate;
use rating::{Amount, Currency, Timestamp};
use serde_json::json;

/// Why a netting is not settled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NettingError {
    /// The books.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// There is none of that number.
    #[error("there is no netting {0}")]
    NotFound(i64),
    /// It is in another state.
    #[error("netting {id} is {}", state.as_str())]
    State {
        /// Its number.
        id: i64,
        /// Where it stands.
        state: NettingState,
    },
    /// What is said to have paid it is no payment of that party.
    #[error("entry {0} is no payment of the side that pays")]
    NoPayment(i64),
    /// It is another sum than the difference.
    #[error(
        "entry {entry} is a payment of {amount} {currency}, and the difference is {difference} {of}: \
         name a payment of exactly that"
    )]
    OtherSum {
        /// The entry.
        entry: i64,
        /// What it moved; above zero they paid, below zero we did.
        amount: Amount,
        /// In this currency.
        currency: Currency,
        /// What is to be paid, with the same sign.
        difference: Amount,
        /// In this currency.
        of: Currency,
    },
    /// It was paid before the period began.
    #[error("entry {0} was paid before the period began: name the payment of this statement")]
    TooOld(i64),
    /// It has paid another statement.
    #[error("entry {entry} has paid netting {netting}: a payment pays one")]
    PaidAnother {
        /// The entry.
        entry: i64,
        /// What it has paid.
        netting: i64,
    },
}

impl From<StoreError> for NettingError {
    fn from(error: StoreError) -> Self {
        Self::Ledger(error.into())
    }
}

/// What a netting did to the balance of a customer or carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettledParty {
    /// Whose.
    pub party: LedgerParty,
    /// What it gained in the books; lost, below zero.
    pub change: Amount,
    /// The balance after it.
    pub balance: Amount,
}

/// The payment of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NettingPayment {
    /// A payment of exactly the difference that is posted already and has paid no other statement; `None`: it is
    /// posted now.
    pub entry: Option<i64>,
    /// When it was paid.
    pub at: Timestamp,
    /// What the bank calls it.
    pub reference: Option<String>,
    /// What a unit of the statement's currency is worth in the books then.
    pub rate: ExchangeRate,
}

impl Store {
    /// Takes what both owe off both balances, with the entries of the audit log and the events that tell of it.
    /// A statement without a difference is paid by it. The balances are those after it.
    ///
    /// # Errors
    /// [`NettingError`]; nothing is posted then.
    pub async fn confirm_netting(
        &self,
        scope: &Scope,
        id: i64,
        by: &str,
        told: impl FnOnce(&NettingRow) -> (NewAuditEntry, NewEvent),
        now: Timestamp,
    ) -> Result<[SettledParty; 2], NettingError> {
        let mut transaction = self.write().await?;
        let row = held(&mut transaction, scope, id, NettingState::Draft).await?;
        let sums = row.sums.as_ref().ok_or(NettingError::State {
            id,
            state: row.state,
        })?;
        post_settlements(&mut transaction, row.settlements(sums, by, now)?).await?;
        let is_paid = row.payer().is_none();
        sql(
            "UPDATE netting SET state = $1, confirmed_at = $2, confirmed_by = $3, paid_at = $4, \
             paid_by = $5 WHERE id = $6",
        )
        .bind(if is_paid { "paid" } else { "confirmed" })
        .bind(now)
        .bind(by)
        .bind(is_paid.then_some(now))
        .bind(is_paid.then_some(by))
        .bind(id)
        .execute(&mut transaction)
        .await?;
        let offset = in_books(sums.rate, sums.offset())?;
        let settled = [
            (LedgerParty::Customer(row.customer.0), offset),
            (LedgerParty::Carrier(row.carrier.0), Amount(-offset.0)),
        ];
        let mut balances = Vec::with_capacity(settled.len());
        for (party, change) in settled {
            let balance = balance_within(&mut transaction, party).await?;
            balances.push(SettledParty {
                party,
                change,
                balance,
            });
        }
        let (entry, event) = told(&row);
        audit::append(&mut transaction, &[entry]).await?;
        events::append(&mut transaction, &[event], now).await?;
        transaction.commit().await?;
        Ok([balances[0], balances[1]])
    }

    /// The difference is paid: the payment is posted, unless it was already. Gives what it did to the balance of
    /// the side that paid or was paid; `None` when it was posted before.
    ///
    /// # Errors
    /// [`NettingError`]; nothing is posted then.
    pub async fn pay_netting(
        &self,
        scope: &Scope,
        id: i64,
        payment: &NettingPayment,
        by: &str,
        told: impl FnOnce(&NettingRow, i64) -> (NewAuditEntry, Vec<NewEvent>),
        now: Timestamp,
    ) -> Result<Option<SettledParty>, NettingError> {
        let mut transaction = self.write().await?;
        let row = held(&mut transaction, scope, id, NettingState::Confirmed).await?;
        let party = row.payer().ok_or(NettingError::State {
            id,
            state: row.state,
        })?;
        let (entry, settled) = match payment.entry {
            Some(entry) => {
                check_payment(&mut transaction, &row, entry, party).await?;
                (entry, None)
            }
            None => {
                let settlement = row.payment(party, payment, by)?;
                let (key, change) = (settlement.key.clone(), settlement.books);
                post_settlements(&mut transaction, vec![settlement]).await?;
                let entry = entry_of_key(&mut transaction, &key).await?;
                let entry = entry.ok_or_else(|| StoreError::column("key", "nothing was posted"))?;
                let balance = balance_within(&mut transaction, party).await?;
                let settled = SettledParty {
                    party,
                    change,
                    balance,
                };
                (entry, Some(settled))
            }
        };
        sql(
            "UPDATE netting SET state = 'paid', paid_at = $1, paid_by = $2, payment_entry = $3 \
             WHERE id = $4",
        )
        .bind(now)
        .bind(by)
        .bind(entry)
        .bind(id)
        .execute(&mut transaction)
        .await?;
        let (logged, told) = told(&row, entry);
        audit::append(&mut transaction, &[logged]).await?;
        events::append(&mut transaction, &told, now).await?;
        transaction.commit().await?;
        Ok(settled)
    }
}

/// The netting, if it is in a state, which then stays so until the transaction ends.
async fn held(
    transaction: &mut Transaction,
    scope: &Scope,
    id: i64,
    wanted: NettingState,
) -> Result<NettingRow, NettingError> {
    sql("UPDATE netting SET state = state WHERE id = $1 AND owner = $2")
        .bind(id)
        .bind(scope.tenant().get())
        .execute(&mut *transaction)
        .await?;
    let mut one = sql(COLUMNS);
    one.push("WHERE n.owner = ").push_bind(scope.tenant().get());
    one.push(" AND n.id = ").push_bind(id);
    let row = one.fetch_optional(transaction).await?;
    let row = row.as_ref().map(netting).transpose()?;
    let row = row.ok_or(NettingError::NotFound(id))?;
    if row.state != wanted {
        return Err(NettingError::State {
            id,
            state: row.state,
        });
    }
    Ok(row)
}

/// Whether an entry is the payment of the difference, and of no other statement.
async fn check_payment(
    transaction: &mut Transaction,
    row: &NettingRow,
    entry: i64,
    party: LedgerParty,
) -> Result<(), NettingError> {
    let posted = payment_of(transaction, entry, party).await?;
    let posted = posted.ok_or(NettingError::NoPayment(entry))?;
    let difference = row.difference();
    if (posted.amount, posted.currency) != (difference, row.currency) {
        return Err(NettingError::OtherSum {
            entry,
            amount: posted.amount,
            currency: posted.currency,
            difference,
            of: row.currency,
        });
    }
    if posted.at < row.from {
        return Err(NettingError::TooOld(entry));
    }
    let another: Option<i64> =
        sql("SELECT MIN(id) FROM netting WHERE payment_entry = $1 AND owner = $2")
            .bind(entry)
            .bind(row.owner.get())
            .fetch_value(transaction)
            .await?;
    match another {
        Some(netting) => Err(NettingError::PaidAnother { entry, netting }),
        None => Ok(()),
    }
}

fn in_books(rate: ExchangeRate, amount: Amount) -> Result<Amount, NettingError> {
    let books = rate.to_books(amount);
    books.ok_or(NettingError::Ledger(LedgerError::TooLarge))
}

impl NettingRow {
    /// What was charged in other currencies becomes one amount in that of the statement, and what both owe is
    /// taken off both accounts.
    fn settlements(
        &self,
        sums: &NettingSums,
        by: &str,
        at: Timestamp,
    ) -> Result<Vec<Settlement>, NettingError> {
        let mut all = Vec::new();
        for line in sums.lines.iter().filter(|it| it.currency != self.currency) {
            let books = in_books(line.rate, line.amount)?;
            // What a customer owes is below zero on its account, what a carrier is owed above.
            let sign = if line.is_of_carrier { -1 } else { 1 };
            let parts = [
                ("from", sign, line.currency, line.amount, line.rate),
                ("to", -sign, self.currency, line.converted, sums.rate),
            ];
            for (part, sign, currency, amount, rate) in parts {
                let part = format!("{}:{part}", line.currency);
                let money = (
                    Amount(books.0.saturating_mul(sign)),
                    currency,
                    Amount(amount.0.saturating_mul(sign)),
                    rate,
                );
                all.push(self.entry(line.is_of_carrier, &part, money, by, at));
            }
        }
        let offset = sums.offset();
        let books = in_books(sums.rate, offset)?;
        if offset != Amount::ZERO {
            for (is_of_carrier, sign) in [(false, 1), (true, -1)] {
                let money = (
                    Amount(books.0.saturating_mul(sign)),
                    self.currency,
                    Amount(offset.0.saturating_mul(sign)),
                    sums.rate,
                );
                all.push(self.entry(is_of_carrier, "offset", money, by, at));
            }
        }
        Ok(all)
    }

    fn entry(
        &self,
        is_of_carrier: bool,
        part: &str,
        (books, currency, amount, rate): (Amount, Currency, Amount, ExchangeRate),
        by: &str,
        at: Timestamp,
    ) -> Settlement {
        let (side, party) = match is_of_carrier {
            true => ("carrier", LedgerParty::Carrier(self.carrier.0)),
            false => ("customer", LedgerParty::Customer(self.customer.0)),
        };
        Settlement {
            owner: self.owner,
            party,
            kind: LedgerEntryKind::Netting,
            house: LedgerAccountKind::Netting,
            key: format!("{}:{side}:{part}", self.key()),
            at,
            details: json!({ "netting": self.id, "by": by }),
            books,
            currency,
            amount,
            rate,
        }
    }

    fn payment(
        &self,
        party: LedgerParty,
        payment: &NettingPayment,
        by: &str,
    ) -> Result<Settlement, NettingError> {
        let mut details = json!({ "netting": self.id, "by": by });
        if let Some(reference) = &payment.reference {
            details["reference"] = json!(reference);
        }
        // What they pay raises their balance as a customer; what we pay lowers what we owe the carrier.
        let amount = self.difference();
        Ok(Settlement {
            owner: self.owner,
            party,
            kind: LedgerEntryKind::Payment,
            house: LedgerAccountKind::Cash,
            key: format!("{}:payment", self.key()),
            at: payment.at,
            details,
            books: in_books(payment.rate, amount)?,
            currency: self.currency,
            amount,
            rate: payment.rate,
        })
    }

    /// Of the pair and the period.
    fn key(&self) -> String {
        let (customer, carrier, from) = (self.customer.0, self.carrier.0, self.from.0);
        format!("netting:{customer}:{carrier}:{from}")
    }
}
