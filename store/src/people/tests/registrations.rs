use super::{PLATFORM, operator};
use crate::testing::databases;
use crate::{NewRegistration, Scope, TenantId};
use rating::Timestamp;

fn new(email: &str) -> NewRegistration<'_> {
    NewRegistration {
        tenant: TenantId::PLATFORM,
        kind: "customer",
        company: "Aurora",
        category: Some("wholesale"),
        full_name: "Ann",
        email,
        password_hash: "hash",
    }
}

#[tokio::test]
async fn a_request_waits_once_for_each_address_and_is_answered_once() {
    databases(async |database| {
        let store = database.open().await;
        let mut write = store.change_people(Timestamp(3)).await.unwrap();
        for (email, waits) in [("a@b.c", true), ("a@b.c", true), ("d@e.f", false)] {
            let added = write.add_registration(&new(email), 1).await.unwrap();
            assert_eq!(added, waits, "{email}");
        }
        write.commit().await.unwrap();
        let rows = store.registrations(&PLATFORM, 0, 9).await.unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].category.as_deref(), Some("wholesale"));
        let other = Scope::of_tenant(operator(&store, "acme").await);
        assert!(store.registrations(&other, 0, 9).await.unwrap().is_empty());
        let mut write = store.change_people(Timestamp(4)).await.unwrap();
        let foreign = write.take_registration(&other, rows[0].id).await.unwrap();
        assert!(foreign.is_none());
        let taken = write
            .take_registration(&PLATFORM, rows[0].id)
            .await
            .unwrap();
        assert_eq!(taken.unwrap().email, "a@b.c");
        let again = write
            .take_registration(&PLATFORM, rows[0].id)
            .await
            .unwrap();
        assert!(again.is_none());
    })
    .await;
}

#[tokio::test]
async fn a_pause_holds_until_its_end() {
    databases(async |database| {
        let store = database.open().await;
        let pause = async |now, until| {
            let mut write = store.change_people(Timestamp(now)).await.unwrap();
            let noted = write.pause("h", Timestamp(until)).await.unwrap();
            write.commit().await.unwrap();
            noted
        };
        assert!(pause(1, 10).await);
        assert!(!pause(9, 19).await);
        assert!(pause(10, 20).await);
        let noted = store.tokens("pause", None, Timestamp(15)).await.unwrap();
        assert_eq!((noted.all, noted.of_network), (1, 0));
        assert!(
            store
                .token("pause", "h", Timestamp(15))
                .await
                .unwrap()
                .is_some()
        );
        assert!(
            store
                .token("reset", "h", Timestamp(15))
                .await
                .unwrap()
                .is_none()
        );
        assert!(
            store
                .token("pause", "h", Timestamp(20))
                .await
                .unwrap()
                .is_none()
        );
    })
    .await;
}
