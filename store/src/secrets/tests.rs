#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
use super::*;
use crate::testing;

fn sealed(id: &str, key_id: &str) -> SealedSecret {
    SealedSecret {
        id: id.into(),
        owner: TenantId::new(1),
        key_id: key_id.into(),
        wrapped_key: "00".into(),
        ciphertext: "11".into(),
    }
}

#[tokio::test]
async fn a_secret_is_seen_by_its_owner_only() {
    testing::databases(async |database| {
        let store = database.open().await;
        store.add_secret_key("k1", Timestamp(1)).await.unwrap();
        let secret = sealed("a", "k1");
        store.add_secret(&secret, Timestamp(1)).await.unwrap();
        let owner = Scope::of_tenant(TenantId::new(1));
        assert_eq!(store.secret(&owner, "a").await.unwrap(), Some(secret));
        let other = Scope::of_tenant(TenantId::new(2));
        assert_eq!(store.secret(&other, "a").await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_key_is_retired_only_when_nothing_is_under_it_and_then_takes_nothing_more() {
    testing::databases(async |database| {
        let store = database.open().await;
        store.add_secret_key("old", Timestamp(1)).await.unwrap();
        store.add_secret_key("new", Timestamp(1)).await.unwrap();
        store
            .add_secret(&sealed("a", "old"), Timestamp(1))
            .await
            .unwrap();
        assert!(!store.retire_secret_key("old", Timestamp(2)).await.unwrap());
        // A retirement that was refused has changed nothing.
        store
            .add_secret(&sealed("b", "old"), Timestamp(2))
            .await
            .unwrap();

        let rows = store.secrets_under_key("old", 10).await.unwrap();
        let moved: Vec<_> = rows.iter().map(|row| sealed(&row.id, "new")).collect();
        assert_eq!(store.rewrap_secrets("old", &moved).await.unwrap(), 2);
        assert_eq!(
            store.rewrap_secrets("old", &moved).await.unwrap(),
            0,
            "moved once"
        );
        assert!(store.retire_secret_key("old", Timestamp(3)).await.unwrap());
        let late = store.add_secret(&sealed("c", "old"), Timestamp(4)).await;
        assert!(
            matches!(late, Err(StoreError::SecretKeyRetired)),
            "{late:?}"
        );
        assert_eq!(
            store.secret_keys_in_use().await.unwrap(),
            [("new".to_owned(), 2)]
        );
    })
    .await;
}

#[tokio::test]
async fn a_secret_written_while_its_key_retires_is_either_counted_or_refused() {
    testing::databases(async |database| {
        let store = database.open().await;
        store.add_secret_key("old", Timestamp(1)).await.unwrap();
        let mut under_way = store.write().await.unwrap();
        put(&mut under_way, &sealed("a", "old"), Timestamp(1))
            .await
            .unwrap();
        let retiring = tokio::spawn({
            let store = store.clone();
            async move { store.retire_secret_key("old", Timestamp(2)).await.unwrap() }
        });
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        under_way.commit().await.unwrap();
        assert!(!retiring.await.unwrap(), "the secret under way was seen");
    })
    .await;
}
