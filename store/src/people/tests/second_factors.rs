use super::{PLATFORM, user};
use crate::testing::databases;
use crate::{NewPasskey, SealedSecret, Store, TenantId, UserId};
use rating::Timestamp;

async fn sealed(store: &Store, id: &str) -> SealedSecret {
    store.add_secret_key("k1", Timestamp(0)).await.unwrap();
    SealedSecret {
        id: id.into(),
        owner: TenantId::PLATFORM,
        key_id: "k1".into(),
        wrapped_key: "w".into(),
        ciphertext: "c".into(),
    }
}

#[tokio::test]
async fn a_code_is_taken_once_and_only_of_the_app_that_was_checked() {
    databases(async |database| {
        let store = database.open().await;
        let ann = user(&store, "ann").await;
        let (first, second) = (sealed(&store, "s1").await, sealed(&store, "s2").await);
        let mut write = store.change_people(Timestamp(1)).await.unwrap();
        assert!(write.begin_totp(ann, &first).await.unwrap());
        assert!(
            write.begin_totp(ann, &second).await.unwrap(),
            "was not confirmed"
        );
        assert!(!write.take_totp_step(ann, "s1", 7, true).await.unwrap());
        assert!(write.take_totp_step(ann, "s2", 7, true).await.unwrap());
        assert!(!write.take_totp_step(ann, "s2", 7, false).await.unwrap());
        assert!(write.take_totp_step(ann, "s2", 8, false).await.unwrap());
        assert!(
            !write.begin_totp(ann, &first).await.unwrap(),
            "is confirmed"
        );
        write.commit().await.unwrap();
        let totp = store.totp(ann).await.unwrap().unwrap();
        assert_eq!((totp.secret_id.as_str(), totp.last_step), ("s2", Some(8)));
        assert!(store.secret(&PLATFORM, "s1").await.unwrap().is_none());
        let mut write = store.change_people(Timestamp(2)).await.unwrap();
        assert!(write.remove_totp(TenantId::PLATFORM, ann).await.unwrap());
        assert!(!write.remove_totp(TenantId::PLATFORM, ann).await.unwrap());
        write.commit().await.unwrap();
        assert!(store.secret(&PLATFORM, "s2").await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn a_recovery_code_is_used_up() {
    databases(async |database| {
        let store = database.open().await;
        let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
        let mut write = store.change_people(Timestamp(1)).await.unwrap();
        let codes = ["a".to_owned(), "b".to_owned()];
        write.replace_recovery_codes(ann, &codes).await.unwrap();
        assert!(!write.take_recovery_code(bob, "a").await.unwrap());
        assert!(write.take_recovery_code(ann, "a").await.unwrap());
        assert!(!write.take_recovery_code(ann, "a").await.unwrap());
        write.commit().await.unwrap();
        assert_eq!(store.recovery_codes_left(ann).await.unwrap(), 1);
    })
    .await;
}

fn passkey<'a>(user: UserId, credential_id: &'a str) -> NewPasskey<'a> {
    NewPasskey {
        user,
        credential_id,
        name: "Laptop",
        domain: "switch.example.com",
        static_state: b"static",
        dynamic_state: b"one",
        transports: 4,
    }
}

#[tokio::test]
async fn a_passkey_has_one_user_and_a_stale_counter_is_noticed() {
    databases(async |database| {
        let store = database.open().await;
        let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
        let mut write = store.change_people(Timestamp(1)).await.unwrap();
        let added = write.add_passkey(&passkey(ann, "k"), 1).await.unwrap();
        let id = added.unwrap();
        assert_eq!(
            write.add_passkey(&passkey(bob, "k"), 1).await.unwrap(),
            None
        );
        assert_eq!(
            write.add_passkey(&passkey(ann, "l"), 1).await.unwrap(),
            None
        );
        write.commit().await.unwrap();
        let row = store.passkey("k").await.unwrap().unwrap();
        assert_eq!((row.user, row.dynamic_state.as_slice()), (ann, &b"one"[..]));
        let mut write = store.change_people(Timestamp(2)).await.unwrap();
        assert!(write.use_passkey(&row, b"two").await.unwrap());
        assert!(!write.use_passkey(&row, b"three").await.unwrap());
        assert!(!write.rename_passkey(bob, id, "Phone").await.unwrap());
        assert!(write.rename_passkey(ann, id, "Phone").await.unwrap());
        assert_eq!(write.remove_passkey(bob, id).await.unwrap(), None);
        let name = write.remove_passkey(ann, id).await.unwrap();
        assert_eq!(name.as_deref(), Some("Phone"));
        write.commit().await.unwrap();
        assert!(store.passkeys(ann).await.unwrap().is_empty());
    })
    .await;
}
