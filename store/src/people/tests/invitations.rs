use super::{PLATFORM, operator};
use crate::testing::databases;
use crate::{NewInvitation, Scope, TenantId};
use rating::Timestamp;

fn new<'a>(tenant: TenantId, email: &'a str, token_hash: &'a str) -> NewInvitation<'a> {
    NewInvitation {
        tenant,
        email,
        full_name: "",
        role: "viewer",
        token_hash,
        invited_by: "admin",
        expires_at: Timestamp(100),
    }
}

#[tokio::test]
async fn an_invitation_is_good_once_and_a_newer_one_replaces_it() {
    databases(async |database| {
        let store = database.open().await;
        let mut write = store.change_people(Timestamp(1)).await.unwrap();
        let ann = new(TenantId::PLATFORM, "ann@example.com", "old");
        assert!(write.add_invitation(&ann, 2).await.unwrap().is_some());
        let ann = new(TenantId::PLATFORM, "ann@example.com", "new");
        assert!(write.add_invitation(&ann, 2).await.unwrap().is_some());
        let bob = new(TenantId::PLATFORM, "bob@example.com", "bob");
        assert!(write.add_invitation(&bob, 2).await.unwrap().is_some());
        let too_many = new(TenantId::PLATFORM, "eve@example.com", "eve");
        assert_eq!(write.add_invitation(&too_many, 2).await.unwrap(), None);
        write.commit().await.unwrap();
        let at = async |token| {
            let found = store.invitation_by_token(token, Timestamp(50)).await;
            found.unwrap().map(|row| row.email)
        };
        assert_eq!(at("old").await, None);
        assert_eq!(at("new").await.as_deref(), Some("ann@example.com"));
        let mut write = store.change_people(Timestamp(50)).await.unwrap();
        assert!(write.take_invitation("new").await.unwrap().is_some());
        assert!(write.take_invitation("new").await.unwrap().is_none());
        write.commit().await.unwrap();
        let mut late = store.change_people(Timestamp(100)).await.unwrap();
        assert!(late.take_invitation("bob").await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn a_tenant_sees_and_withdraws_its_own_invitations_only() {
    databases(async |database| {
        let store = database.open().await;
        let acme = operator(&store, "acme").await;
        let scope = Scope::of_tenant(acme);
        let mut write = store.change_people(Timestamp(1)).await.unwrap();
        let bob = new(acme, "bob@example.com", "bob");
        let theirs = write.add_invitation(&bob, 9).await.unwrap().unwrap();
        assert_eq!(
            write.remove_invitation(&PLATFORM, theirs).await.unwrap(),
            None
        );
        write.commit().await.unwrap();
        assert!(store.invitations(&PLATFORM, 0, 9).await.unwrap().is_empty());
        assert_eq!(store.invitations(&scope, 0, 9).await.unwrap().len(), 1);
        assert!(
            store
                .invitations(&scope, theirs, 9)
                .await
                .unwrap()
                .is_empty()
        );
        let mut write = store.change_people(Timestamp(2)).await.unwrap();
        let removed = write.remove_invitation(&scope, theirs).await.unwrap();
        assert_eq!(removed.as_deref(), Some("bob@example.com"));
    })
    .await;
}
