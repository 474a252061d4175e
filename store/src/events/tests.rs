#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
use super::*;
use crate::testing;
use serde_json::json;

fn new(tenant: i64, kind: &str, subject: &str) -> NewEvent {
    NewEvent {
        tenant: TenantId::new(tenant),
        kind: kind.into(),
        subject: subject.into(),
        actor: "ann".into(),
        data: json!({"n": 1}),
    }
}

fn scope(tenant: i64) -> Scope {
    Scope::of_tenant(TenantId::new(tenant))
}

fn all() -> EventQuery {
    EventQuery {
        limit: 100,
        ..EventQuery::default()
    }
}

async fn subjects(store: &Store, tenant: i64, query: EventQuery) -> Vec<String> {
    let rows = store.events(&scope(tenant), &query).await.unwrap();
    rows.into_iter().map(|row| row.subject).collect()
}

#[tokio::test]
async fn events_are_filtered_and_read_in_either_direction_by_their_tenant_only() {
    testing::databases(async |database| {
        let store = database.open().await;
        let events = [
            new(1, "customer.created", "customer/a"),
            new(1, "customer_group.created", "customer_group/g"),
            new(2, "customer.created", "customer/theirs"),
            new(1, "customer.updated", "customer/a"),
        ];
        store.append_events(&events, Timestamp(7)).await.unwrap();
        let newest_first = subjects(&store, 1, all()).await;
        assert_eq!(
            newest_first,
            ["customer/a", "customer_group/g", "customer/a"]
        );
        let of_area = EventQuery {
            kind: Some("customer.".into()),
            ..all()
        };
        assert_eq!(
            subjects(&store, 1, of_area).await,
            ["customer/a", "customer/a"]
        );
        let of_kind = EventQuery {
            kind: Some("customer.updated".into()),
            ..all()
        };
        let rows = store.events(&scope(1), &of_kind).await.unwrap();
        assert_eq!(
            (rows.len(), rows[0].at, &rows[0].data),
            (1, Timestamp(7), &json!({"n": 1}))
        );
        let last = rows[0].id;
        assert_eq!(
            store.event(&scope(1), last).await.unwrap().as_ref(),
            rows.first()
        );
        assert_eq!(store.event(&scope(2), last).await.unwrap(), None);
        let onward = EventQuery {
            after: Some(0),
            limit: 2,
            ..all()
        };
        assert_eq!(
            subjects(&store, 1, onward).await,
            ["customer/a", "customer_group/g"]
        );
        let earlier = EventQuery {
            before: Some(last),
            limit: 1,
            ..all()
        };
        assert_eq!(subjects(&store, 1, earlier).await, ["customer_group/g"]);
        let none = [
            EventQuery {
                subject: Some("customer/theirs".into()),
                ..all()
            },
            EventQuery {
                actor: Some("ben".into()),
                ..all()
            },
            EventQuery {
                from: Some(Timestamp(8)),
                ..all()
            },
            EventQuery {
                to: Some(Timestamp(7)),
                ..all()
            },
        ];
        for query in none {
            assert_eq!(subjects(&store, 1, query).await, [""; 0]);
        }
    })
    .await;
}

#[tokio::test]
async fn an_event_of_a_change_that_never_happened_is_not_there() {
    testing::databases(async |database| {
        let store = database.open().await;
        let mut write = store
            .change_configuration("ann", Timestamp(1))
            .await
            .unwrap();
        let event = new(1, "carrier.created", "carrier/acme");
        write
            .append_events(std::slice::from_ref(&event), Timestamp(1))
            .await
            .unwrap();
        drop(write);
        assert_eq!(subjects(&store, 1, all()).await, [""; 0]);
        let mut write = store
            .change_configuration("ann", Timestamp(1))
            .await
            .unwrap();
        write.append_events(&[event], Timestamp(1)).await.unwrap();
        write.commit().await.unwrap();
        assert_eq!(subjects(&store, 1, all()).await, ["carrier/acme"]);
    })
    .await;
}

#[tokio::test]
async fn numbers_are_in_the_order_of_the_commits() {
    testing::databases(async |database| {
        let store = database.open().await;
        let mut slow = store
            .change_configuration("ann", Timestamp(1))
            .await
            .unwrap();
        let event = new(1, "carrier.created", "carrier/slow");
        slow.append_events(&[event], Timestamp(1)).await.unwrap();
        // This one waits for the slow one, or else it would be seen before it with a higher number.
        let fast = tokio::spawn({
            let store = store.clone();
            async move {
                let event = new(1, "user.signed_in", "user/ann");
                store.append_events(&[event], Timestamp(1)).await
            }
        });
        tokio::task::yield_now().await;
        assert_eq!(subjects(&store, 1, all()).await, [""; 0]);
        slow.commit().await.unwrap();
        fast.await.unwrap().unwrap();
        let onward = EventQuery {
            after: Some(0),
            ..all()
        };
        assert_eq!(
            subjects(&store, 1, onward).await,
            ["carrier/slow", "user/ann"]
        );
    })
    .await;
}

#[tokio::test]
async fn what_is_old_or_too_much_is_forgotten_and_numbers_go_on() {
    testing::databases(async |database| {
        let store = database.open().await;
        assert_eq!(store.prune_events(Timestamp(99), 0, 10).await.unwrap(), 0);
        for at in 1..=5 {
            let event = new(1, "a.b", &at.to_string());
            store.append_events(&[event], Timestamp(at)).await.unwrap();
        }
        assert_eq!(store.prune_events(Timestamp(2), 100, 10).await.unwrap(), 1);
        assert_eq!(store.prune_events(Timestamp(0), 2, 10).await.unwrap(), 2);
        assert_eq!(subjects(&store, 1, all()).await, ["5", "4"]);
        assert_eq!(store.prune_events(Timestamp(99), 0, 10).await.unwrap(), 1);
        let (_, newest) = store.event_range().await.unwrap();
        store
            .append_events(&[new(1, "a.b", "next")], Timestamp(6))
            .await
            .unwrap();
        let range = store.event_range().await.unwrap();
        assert_eq!(range, (newest, newest + 1));
    })
    .await;
}

#[tokio::test]
async fn an_event_has_limits() {
    let database = testing::TestDatabase::sqlite();
    let store = database.open().await;
    let large = NewEvent {
        data: json!("x".repeat(EVENT_DATA_BYTES_MAX)),
        ..new(1, "a.b", "s")
    };
    let refused = store.append_events(&[large], Timestamp(1)).await;
    assert!(matches!(refused, Err(StoreError::TooLarge { .. })));
    let long = new(1, "a.b", &"ä".repeat(NAME_BYTES_MAX));
    store.append_events(&[long], Timestamp(1)).await.unwrap();
    assert_eq!(subjects(&store, 1, all()).await[0].len(), NAME_BYTES_MAX);
}
