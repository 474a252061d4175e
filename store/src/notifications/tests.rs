#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
use super::*;
use crate::events::{MAIL_FAILED, NOTIFICATION_FAILED, NewEvent};
use crate::testing;
use crate::{EventQuery, JobReport};
use serde_json::json;

const ONE: TenantId = TenantId::new(1);

fn scope() -> Scope {
    Scope::of_tenant(ONE)
}

async fn add_event(store: &Store, kind: &str) {
    let event = NewEvent {
        tenant: ONE,
        kind: kind.into(),
        subject: "s".into(),
        actor: "ann".into(),
        data: json!({}),
    };
    store.append_events(&[event], Timestamp(1)).await.unwrap();
}

fn delivery_of(event: &EventRow, target: &str) -> NewDelivery {
    NewDelivery {
        tenant: event.tenant,
        target: target.into(),
        channel: "webhook",
        message_id: format!("msg_{}_{target}", event.id),
        event_id: Some(event.id),
        event_kind: event.kind.clone(),
        state: DeliveryState::Pending,
        attempts_max: Some(3),
        result: DeliveryResult::default(),
    }
}

#[tokio::test]
async fn each_event_is_dispatched_once_whoever_is_faster() {
    testing::databases(async |database| {
        let store = database.open().await;
        for kind in ["a.b", "c.d"] {
            add_event(&store, kind).await;
        }
        let (position, events) = store.undispatched(10).await.unwrap();
        assert_eq!((position, events.len()), (0, 2));
        let deliveries: Vec<_> = events
            .iter()
            .map(|event| delivery_of(event, "hook"))
            .collect();
        let span = (position, events[1].id);
        let now = Timestamp(5);
        assert!(store.dispatch(span, &deliveries, &[], now).await.unwrap());
        assert!(!store.dispatch(span, &deliveries, &[], now).await.unwrap());
        assert!(store.undispatched(10).await.unwrap().1.is_empty());
        let query = DeliveryQuery {
            limit: 10,
            ..DeliveryQuery::default()
        };
        let rows = store.deliveries(&scope(), &query).await.unwrap();
        assert_eq!(rows.len(), 2);
        let jobs = store
            .claim_jobs("n/1", 9, Timestamp(9), Timestamp(99))
            .await
            .unwrap();
        assert_eq!(jobs.len(), 2);
        assert_eq!(jobs[1].job.payload, json!({"delivery": rows[0].id}));
        assert_eq!(rows[0].job_id, Some(jobs[1].job.id));
    })
    .await;
}

#[tokio::test]
async fn deliveries_are_noted_and_filtered_and_forgotten() {
    testing::databases(async |database| {
        let store = database.open().await;
        add_event(&store, "a.b").await;
        let (_, events) = store.undispatched(10).await.unwrap();
        let pair = [
            delivery_of(&events[0], "one"),
            delivery_of(&events[0], "two"),
        ];
        store
            .dispatch((0, events[0].id), &pair, &[], Timestamp(5))
            .await
            .unwrap();
        let of_one = DeliveryQuery {
            target: Some("one".into()),
            limit: 9,
            ..DeliveryQuery::default()
        };
        let row = store.deliveries(&scope(), &of_one).await.unwrap().remove(0);
        let result = DeliveryResult {
            status: Some(503),
            duration_ms: Some(12),
            error: Some("busy".into()),
        };
        let failed = DeliveryState::Failed;
        store
            .delivery_tried(&scope(), row.id, 1, failed, &result, Timestamp(6))
            .await
            .unwrap();
        let seen = store.delivery(&scope(), row.id).await.unwrap().unwrap();
        assert_eq!(
            (seen.state, seen.attempts, &seen.result),
            (failed, 1, &result)
        );
        let others = Scope::of_tenant(TenantId::new(2));
        assert_eq!(store.delivery(&others, row.id).await.unwrap(), None);
        let in_state = |state| DeliveryQuery {
            state: Some(state),
            limit: 9,
            ..DeliveryQuery::default()
        };
        assert_eq!(
            store.deliveries(&scope(), &in_state(failed)).await.unwrap(),
            [seen]
        );
        assert_eq!(
            store.deliveries(&others, &in_state(failed)).await.unwrap(),
            []
        );
        assert_eq!(store.prune_deliveries(Timestamp(6), 9).await.unwrap(), 1);
        assert_eq!(
            store
                .deliveries(&scope(), &in_state(DeliveryState::Pending))
                .await
                .unwrap(),
            []
        );
    })
    .await;
}

#[tokio::test]
async fn mails_to_a_target_are_counted_by_the_batch() {
    let database = testing::TestDatabase::sqlite();
    let store = database.open().await;
    for (at, count) in [(10, 3), (20, 2)] {
        for number in 0..count {
            let mail = NewDelivery {
                tenant: ONE,
                target: "noc".into(),
                channel: "email",
                message_id: format!("{at}-{number}"),
                event_id: Some(number),
                event_kind: "a.b".into(),
                state: DeliveryState::Delivered,
                attempts_max: None,
                result: DeliveryResult::default(),
            };
            store.add_delivery(&mail, &[], Timestamp(at)).await.unwrap();
        }
    }
    for (since, expected) in [(0, 2), (11, 1), (21, 0)] {
        let count = store
            .mails_to_target(&scope(), "noc", Timestamp(since))
            .await
            .unwrap();
        assert_eq!(count, expected);
    }
}

#[tokio::test]
async fn a_job_that_dies_leaves_an_event_of_its_own_name() {
    testing::databases(async |database| {
        let store = database.open().await;
        let expected = [
            (DELIVER_JOB, NOTIFICATION_FAILED),
            (outbox::MAIL_JOB, MAIL_FAILED),
            ("other", events::JOB_DIED),
        ];
        for (number, (kind, event)) in expected.into_iter().enumerate() {
            let job = NewJob::new(ONE, kind, json!({}), Timestamp(1));
            store.enqueue_job(&job, Timestamp(1)).await.unwrap();
            let lease = store
                .claim_jobs("n/1", 1, Timestamp(2), Timestamp(9))
                .await
                .unwrap()
                .remove(0);
            let error = JobReport::GaveUp {
                error: "no use".into(),
            };
            store
                .report_job(&lease, &error, Timestamp(3))
                .await
                .unwrap();
            let query = EventQuery {
                after: Some(0),
                limit: 9,
                ..EventQuery::default()
            };
            let events = store.events(&scope(), &query).await.unwrap();
            assert_eq!(
                (events.len(), events[number].kind.as_str()),
                (number + 1, event)
            );
            assert_eq!(events[number].data["error"], "no use");
        }
    })
    .await;
}

#[tokio::test]
async fn a_job_whose_last_node_went_away_leaves_an_event() {
    testing::databases(async |database| {
        let store = database.open().await;
        let job = NewJob {
            attempts_max: 1,
            ..NewJob::new(ONE, "k", json!({}), Timestamp(1))
        };
        store.enqueue_job(&job, Timestamp(1)).await.unwrap();
        store
            .claim_jobs("n/1", 1, Timestamp(2), Timestamp(9))
            .await
            .unwrap();
        assert_eq!(
            store.recover_jobs(None, Timestamp(10)).await.unwrap().len(),
            1
        );
        let query = EventQuery {
            limit: 9,
            ..EventQuery::default()
        };
        let events = store.events(&scope(), &query).await.unwrap();
        assert_eq!(
            (events.len(), events[0].kind.as_str()),
            (1, events::JOB_DIED)
        );
    })
    .await;
}
