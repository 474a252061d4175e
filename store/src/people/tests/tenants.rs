use super::{PLATFORM, operator};
use crate::database::sql;
use crate::testing::{change, databases, resource};
use crate::{AuditActor, NewAuditEntry, Scope, TenantId, TenantQuery};
use rating::Timestamp;
use serde_json::json;

#[tokio::test]
async fn operators_stand_under_the_platform_and_their_names_are_their_own() {
    databases(async |database| {
        let store = database.open().await;
        let acme = operator(&store, "acme").await;
        let path = store.tenant_path(acme).await.unwrap();
        let kinds: Vec<_> = path.iter().map(|row| row.kind.as_str()).collect();
        assert_eq!(kinds, ["operator", "platform"]);
        let mut write = store.change_people(Timestamp(1)).await.unwrap();
        assert_eq!(write.add_operator("acme").await.unwrap(), None);
        assert!(
            write
                .rename_operator(acme, "acme", "acme voice")
                .await
                .unwrap()
        );
        assert!(
            !write.rename_operator(acme, "acme", "late").await.unwrap(),
            "another was faster"
        );
        assert!(
            !write
                .rename_operator(TenantId::PLATFORM, "platform", "x")
                .await
                .unwrap()
        );
        let above = Scope::of_tenant(acme);
        let up = write.suspend_tenant(&above, TenantId::PLATFORM, true).await;
        assert!(!up.unwrap(), "nobody suspends who is above");
        assert!(write.suspend_tenant(&PLATFORM, acme, true).await.unwrap());
        write.commit().await.unwrap();
        let row = store.tenant_below(&PLATFORM, acme).await.unwrap().unwrap();
        assert_eq!(row.suspended_at, Some(Timestamp(1)));
        assert_eq!(row.name, "acme voice");
        let query = TenantQuery {
            limit: 9,
            ..TenantQuery::default()
        };
        let below = store.tenants_below(&PLATFORM, &query).await.unwrap();
        assert_eq!(below, [row]);
        assert!(
            store
                .tenants_below(&above, &query)
                .await
                .unwrap()
                .is_empty()
        );
    })
    .await;
}

#[tokio::test]
async fn a_policy_is_written_by_the_one_who_saw_the_last() {
    databases(async |database| {
        let store = database.open().await;
        let put = async |text, based_on| {
            let mut write = store.change_people(Timestamp(1)).await.unwrap();
            let version = write.put_sign_in_policy(&PLATFORM, text, "ann", based_on);
            let version = version.await.unwrap();
            write.commit().await.unwrap();
            version
        };
        assert_eq!(put("{}", 0).await, Some(1));
        assert_eq!(put("{}", 0).await, None);
        assert_eq!(put(r#"{"a":1}"#, 1).await, Some(2));
        let tenants = [TenantId::PLATFORM, TenantId::new(9)];
        let rows = store.sign_in_policies(&tenants).await.unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(
            (rows[0].version, rows[0].policy.as_str()),
            (2, r#"{"a":1}"#)
        );
        assert!(store.sign_in_policies(&[]).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_account_has_a_tenant_once_it_is_asked_for() {
    databases(async |database| {
        let store = database.open().await;
        let mut write = store.change_people(Timestamp(1)).await.unwrap();
        let missing = write.account_tenant(&PLATFORM, "customer", "nobody").await;
        assert_eq!(missing.unwrap(), None);
        drop(write);
        let acme = resource("customer", "acme", json!({}));
        let mut write = store.begin_configuration(change("ann")).await.unwrap();
        write.put_all(&PLATFORM, &[acme]).await.unwrap();
        write.commit().await.unwrap();
        let of = async |scope: Scope| {
            let mut write = store.change_people(Timestamp(2)).await.unwrap();
            let id = write
                .account_tenant(&scope, "customer", "acme")
                .await
                .unwrap();
            write.commit().await.unwrap();
            id
        };
        let id = of(PLATFORM).await.unwrap();
        assert_eq!(of(PLATFORM).await, Some(id));
        let other = operator(&store, "other").await;
        assert_eq!(of(Scope::of_tenant(other)).await, None, "of another owner");
        let path = store.tenant_path(id).await.unwrap();
        assert_eq!(
            (path[0].name.as_str(), path[0].kind.as_str()),
            ("acme", "customer")
        );
        assert!(!path[0].gone);
    })
    .await;
}

#[tokio::test]
async fn what_is_told_is_written_with_the_change_and_never_without_it() {
    databases(async |database| {
        let store = database.open().await;
        let tell = async |lasts: bool| {
            let mut write = store.change_people(Timestamp(1)).await.unwrap();
            let actor = AuditActor::system("test");
            let entry = NewAuditEntry::new(TenantId::PLATFORM, Timestamp(1), actor, "user.test");
            write.tell(entry);
            if lasts {
                write.commit().await.unwrap();
            }
        };
        tell(false).await;
        tell(true).await;
        let count: i64 = sql("SELECT COUNT(*) FROM audit_entry WHERE operation = 'user.test'")
            .fetch_value(store.reader())
            .await
            .unwrap();
        assert_eq!(count, 1);
    })
    .await;
}
