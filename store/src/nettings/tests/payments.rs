//! Which payment pays which statement.

use super::*;

/// Statements that are confirmed, each with this difference, which the customer is to pay.
async fn confirmed(store: &Store, difference: i64, count: i64) -> Vec<NettingRow> {
    let first = period(at(0), at(7), counted(store, at(0)).await);
    store.open_netting(&first).await.unwrap();
    let mut rows = Vec::new();
    for week in 0..count {
        let key = format!("week {week}");
        adjust(store, &key, CUSTOMER, week * 7 + 1, -difference).await;
        let next = (week + 1 < count).then(|| at(week * 7 + 14));
        let row = close(store, next).await;
        assert_eq!(row.difference(), Amount(difference));
        confirm(store, row.id).await.unwrap();
        rows.push(row);
    }
    rows
}

fn named(entry: i64) -> NettingPayment {
    NettingPayment {
        entry: Some(entry),
        ..payment()
    }
}

#[tokio::test]
async fn a_difference_is_closed_by_a_payment_of_exactly_that_and_of_its_time() {
    testing::databases(async |database| {
        let store = database.open().await;
        let row = confirmed(&store, 10_000, 1).await.remove(0);
        let cash = LedgerAccountKind::Cash;
        let move_cash = async |key: &str, kind, day, amount| {
            post(&store, key, CUSTOMER, kind, cash, day, amount).await
        };
        let paid = LedgerEntryKind::Payment;
        let short = move_cash("short", paid, 8, 9_999).await;
        let more = move_cash("more", paid, 8, 10_001).await;
        let back = move_cash("back", paid, 8, -10_000).await;
        for entry in [short, more, back] {
            let refused = pay(&store, row.id, &named(entry)).await;
            let Err(NettingError::OtherSum { difference, .. }) = refused else {
                panic!("{refused:?}");
            };
            assert_eq!(difference, Amount(10_000));
        }
        let euros = NewLedgerEntry {
            owner: TenantId::PLATFORM,
            party: CUSTOMER,
            kind: paid,
            house: cash,
            key: "euros".into(),
            at: at(8),
            corrects: None,
            details: serde_json::json!({}),
            amount: Amount(10_000),
            currency: euro(),
            exchange_rate: rates()[&euro()],
        };
        let told = |_: &_| (audit(), event("payment.received"));
        let euros = store.post_ledger_entry(&euros, told, at(8)).await;
        let refused = pay(&store, row.id, &named(euros.unwrap().id)).await;
        assert!(
            matches!(refused, Err(NettingError::OtherSum { .. })),
            "{refused:?}"
        );
        // Money that went the other way, by its kind, pays nothing.
        let refund = move_cash("refund", LedgerEntryKind::Refund, 8, 10_000).await;
        let refused = pay(&store, row.id, &named(refund)).await;
        assert!(
            matches!(refused, Err(NettingError::NoPayment(_))),
            "{refused:?}"
        );
        let old = move_cash("old", paid, -1, 10_000).await;
        let refused = pay(&store, row.id, &named(old)).await;
        assert!(
            matches!(refused, Err(NettingError::TooOld(_))),
            "{refused:?}"
        );
        let still = store.netting(&SCOPE, row.id).await.unwrap().unwrap();
        assert_eq!(
            (still.state, still.payment_entry),
            (NettingState::Confirmed, None)
        );
        let right = move_cash("right", paid, 8, 10_000).await;
        assert_eq!(pay(&store, row.id, &named(right)).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_payment_pays_one_statement() {
    testing::databases(async |database| {
        let store = database.open().await;
        let rows = confirmed(&store, 10_000, 4).await;
        let refused = async |row: &NettingRow, entry: i64, by: &NettingRow| {
            let refused = pay(&store, row.id, &named(entry)).await;
            let Err(NettingError::PaidAnother { netting, .. }) = refused else {
                panic!("{refused:?}");
            };
            assert_eq!(netting, by.id);
        };
        // One that was posted by hand, and one that paying has posted.
        let (kind, cash) = (LedgerEntryKind::Payment, LedgerAccountKind::Cash);
        let own = post(&store, "own", CUSTOMER, kind, cash, 30, 10_000).await;
        pay(&store, rows[0].id, &named(own)).await.unwrap();
        refused(&rows[1], own, &rows[0]).await;
        pay(&store, rows[1].id, &payment()).await.unwrap();
        let posted = store.netting(&SCOPE, rows[1].id).await.unwrap().unwrap();
        refused(&rows[2], posted.payment_entry.unwrap(), &rows[1]).await;
        // Two who name the same one at once.
        let last = post(&store, "last", CUSTOMER, kind, cash, 30, 10_000).await;
        let payment = named(last);
        let (one, two) = tokio::join!(
            pay(&store, rows[2].id, &payment),
            pay(&store, rows[3].id, &payment)
        );
        assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    })
    .await;
}
