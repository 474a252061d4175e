//! Records of calls as entries.

use super::accounts::LedgerAccountKind;
use super::draft::{DatedMoney, Draft, LedgerEntryKind};
use super::post::post;
use crate::cdrs::id_text;
use crate::database::Transaction;
use crate::{StoreError, TenantId};
use rating::cdr::{AppliedRate, CallId, CallRecord, Charge};
use std::collections::HashMap;

/// Posts what calls were charged and cost. `owners` has those of customers and carriers that are
/// known.
pub(crate) async fn post_calls(
    transaction: &mut Transaction,
    calls: &[(&CallRecord, TenantId)],
    owners: &HashMap<i64, TenantId>,
) -> Result<u64, StoreError> {
    let drafts: Vec<Draft> = calls
        .iter()
        .flat_map(|(call, owner)| drafts(call, *owner))
        .collect();
    post(transaction, &drafts, owners).await
}

/// The entries of a call; none for amounts of nothing.
pub(super) fn drafts(call: &CallRecord, owner: TenantId) -> Vec<Draft> {
    if call.money().is_none() {
        tracing::error!(call = %id_text(call.id), "the amounts of a call do not fit; it is not posted");
        return Vec::new();
    }
    let draft = |kind, key, to, from, money| Draft {
        owner,
        kind,
        key,
        at: call.ended_at,
        corrects: None,
        details: None,
        to,
        from,
        money,
    };
    let mut drafts = Vec::with_capacity(2);
    if let (Some(customer), Some(rate)) = (&call.customer, &call.rate)
        && let Some(money) = money(rate, &call.charge)
    {
        let revenue = LedgerAccountKind::Revenue.of_house(owner);
        let customer = LedgerAccountKind::Customer.of(customer.id);
        let key = charge_key(call.id);
        drafts.push(draft(
            LedgerEntryKind::CallCharge,
            key,
            revenue,
            customer,
            money,
        ));
    }
    for attempt in &call.attempts {
        if let Some(money) = money(&attempt.rate, &attempt.cost) {
            let carrier = LedgerAccountKind::Carrier.of(attempt.carrier.id);
            let cost = LedgerAccountKind::CostOfSales.of_house(owner);
            let key = cost_key(call.id, attempt.number);
            drafts.push(draft(
                LedgerEntryKind::AttemptCost,
                key,
                carrier,
                cost,
                money,
            ));
        }
    }
    drafts
}

/// The key of the charge of a call.
pub(super) fn charge_key(call: CallId) -> String {
    format!("call:{}", id_text(call))
}

/// The key of the charge of a call, which is attempt 0, or of the cost of an attempt.
pub(super) fn key_of(call: CallId, attempt: u16) -> String {
    match attempt {
        0 => charge_key(call),
        _ => cost_key(call, attempt),
    }
}

/// The key of the cost of an attempt.
fn cost_key(call: CallId, attempt: u16) -> String {
    format!("call:{}:{attempt}", id_text(call))
}

fn money(rate: &AppliedRate, charge: &Charge) -> Option<DatedMoney> {
    let books = rate.exchange_rate.to_books(charge.amount)?;
    (charge.amount.0 != 0).then_some(DatedMoney {
        books,
        currency: rate.currency,
        amount: charge.amount,
        rate: rate.exchange_rate,
    })
}
