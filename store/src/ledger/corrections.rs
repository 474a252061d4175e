//! Corrections of what calls were charged and cost, by re-ratings.

use super::accounts::LedgerAccountKind;
use super::calls::key_of;
use super::draft::{DatedMoney, Draft, LedgerEntryKind};
use super::post::post;
use crate::cdrs::id_text;
use crate::database::{Transaction, sql};
use crate::{ReratingLine, StoreError, TenantId};
use rating::{Amount, Timestamp};
use std::collections::{BTreeSet, HashMap};

/// A line of a re-rating that is to be posted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Correction {
    pub(crate) rerating: i64,
    pub(crate) owner: TenantId,
    /// When it counts.
    pub(crate) at: Timestamp,
    pub(crate) line: ReratingLine,
}

/// Posts differences, each once; gives how many are new.
pub(crate) async fn post_corrections(
    transaction: &mut Transaction,
    corrections: &[Correction],
) -> Result<u64, StoreError> {
    let corrected = entries_of(transaction, corrections).await?;
    let drafts: Vec<Draft> = corrections
        .iter()
        .map(|correction| Draft {
            corrects: corrected.get(&correction.corrected_key()).copied(),
            ..correction.draft()
        })
        .collect();
    let owners = owners_of(transaction, corrections).await?;
    post(transaction, &drafts, &owners).await
}

/// Whose the customers and carriers are.
async fn owners_of(
    transaction: &mut Transaction,
    corrections: &[Correction],
) -> Result<HashMap<i64, TenantId>, StoreError> {
    let parties: BTreeSet<i64> = corrections.iter().map(|one| one.line.party).collect();
    let mut list = sql("SELECT id, owner FROM resource WHERE id IN (");
    list.push_list(parties).push(")");
    let rows = list.fetch_all(transaction).await?;
    rows.iter()
        .map(|row| Ok((row.get(0)?, TenantId::new(row.get(1)?))))
        .collect()
}

/// The numbers of the entries that are corrected, by their keys.
async fn entries_of(
    transaction: &mut Transaction,
    corrections: &[Correction],
) -> Result<HashMap<String, i64>, StoreError> {
    let mut list = sql("SELECT key, id FROM ledger_entry WHERE key IN (");
    list.push_list(corrections.iter().map(Correction::corrected_key));
    list.push(")");
    let rows = list.fetch_all(transaction).await?;
    rows.iter()
        .map(|row| Ok((row.get(0)?, row.get(1)?)))
        .collect()
}

impl Correction {
    /// The key of the charge or the cost.
    fn corrected_key(&self) -> String {
        key_of(self.line.call, self.line.attempt)
    }

    /// The difference as an entry.
    pub(super) fn draft(&self) -> Draft {
        let ReratingLine {
            call,
            attempt,
            party,
            was,
            now,
            ..
        } = self.line;
        let (kind, to, from) = match attempt {
            0 => (
                LedgerEntryKind::ChargeCorrection,
                LedgerAccountKind::Revenue.of_house(self.owner),
                LedgerAccountKind::Customer.of(party),
            ),
            _ => (
                LedgerEntryKind::CostCorrection,
                LedgerAccountKind::Carrier.of(party),
                LedgerAccountKind::CostOfSales.of_house(self.owner),
            ),
        };
        let less = |one: Amount, other: Amount| Amount(one.0.saturating_sub(other.0));
        Draft {
            owner: self.owner,
            kind,
            key: format!("rerate:{}:{attempt}:{}", id_text(call), self.rerating),
            at: self.at,
            corrects: None,
            details: Some(format!("{{\"rerating\":{}}}", self.rerating)),
            to,
            from,
            money: DatedMoney {
                books: less(now.books, was.books),
                currency: self.line.currency,
                amount: less(now.amount, was.amount),
                rate: self.line.exchange_rate,
            },
        }
    }
}
