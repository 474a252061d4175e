use super::{PLATFORM, named, operator, user, user_in};
use crate::testing::databases;
use crate::{
    AuditActor, AuditCredential, EndedApiKey, NewApiKey, NewAuditEntry, NewSignIn, NewToken, Scope,
    SignInQuery, TenantId, UserId, UserQuery, UserStatus,
};
use rating::Timestamp;

#[tokio::test]
async fn a_name_and_an_address_belong_to_one_user_of_all_tenants() {
    databases(async |database| {
        let store = database.open().await;
        assert!(!store.has_users().await.unwrap());
        user(&store, "ann@example.com").await;
        let elsewhere = operator(&store, "acme").await;
        let mut write = store.change_people(Timestamp(2)).await.unwrap();
        let mut twin = named("ann@example.com", "viewer");
        twin.tenant = elsewhere;
        assert_eq!(write.add_user(&twin).await.unwrap(), None);
        twin.username = "another";
        assert_eq!(write.add_user(&twin).await.unwrap(), None, "the address");
        write.commit().await.unwrap();
        assert!(store.has_users().await.unwrap());
        for name in ["ann@example.com", "Ann@Example.COM"] {
            assert!(store.user_by_name(name).await.unwrap().is_some(), "{name}");
            assert!(store.user_by_email(name).await.unwrap().is_some(), "{name}");
        }
        assert!(store.user_by_name("nobody").await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn a_tenant_sees_and_changes_its_own_users_only() {
    databases(async |database| {
        let store = database.open().await;
        let acme = operator(&store, "acme").await;
        let acme_scope = Scope::of_tenant(acme);
        let ours = user(&store, "ann@example.com").await;
        let theirs = user_in(&store, acme, "bob@example.com").await;
        assert!(store.user(&PLATFORM, ours).await.unwrap().is_some());
        assert!(store.user(&PLATFORM, theirs).await.unwrap().is_none());
        assert!(store.user(&acme_scope, theirs).await.unwrap().is_some());
        let names = async |scope| {
            let query = UserQuery {
                limit: 10,
                ..UserQuery::default()
            };
            let rows = store.users(scope, &query).await.unwrap();
            rows.into_iter().map(|row| row.username).collect::<Vec<_>>()
        };
        assert_eq!(names(&PLATFORM).await, ["ann@example.com"]);
        assert_eq!(names(&acme_scope).await, ["bob@example.com"]);
        let mut write = store.change_people(Timestamp(3)).await.unwrap();
        assert!(write.user(&PLATFORM, theirs).await.unwrap().is_none());
        let foreign = write.remove_user(&PLATFORM, theirs).await.unwrap();
        assert_eq!(foreign, None);
        let removed = write.remove_user(&acme_scope, theirs).await.unwrap();
        assert_eq!(removed, Some(Vec::new()));
        write.commit().await.unwrap();
        assert!(names(&acme_scope).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn lists_are_filtered_searched_and_paged_by_name() {
    databases(async |database| {
        let store = database.open().await;
        for name in ["a%b@example.com", "ann@example.com", "bob@example.com"] {
            user(&store, name).await;
        }
        let names = async |query: UserQuery| {
            let query = UserQuery { limit: 2, ..query };
            let rows = store.users(&PLATFORM, &query).await.unwrap();
            rows.into_iter().map(|row| row.username).collect::<Vec<_>>()
        };
        let all = UserQuery::default;
        assert_eq!(names(all()).await, ["a%b@example.com", "ann@example.com"]);
        let after = Some("ann@example.com".to_owned());
        assert_eq!(
            names(UserQuery { after, ..all() }).await,
            ["bob@example.com"]
        );
        let search = Some("%".to_owned());
        assert_eq!(
            names(UserQuery { search, ..all() }).await,
            ["a%b@example.com"]
        );
        let status = Some(UserStatus::Suspended);
        assert!(names(UserQuery { status, ..all() }).await.is_empty());
        let role = Some("admin".to_owned());
        assert!(names(UserQuery { role, ..all() }).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn what_is_changed_of_a_user_is_kept_and_the_last_one_of_a_role_is_known() {
    databases(async |database| {
        let store = database.open().await;
        let ann = user(&store, "ann@example.com").await;
        let mut write = store.change_people(Timestamp(9)).await.unwrap();
        let mut row = write.user(&PLATFORM, ann).await.unwrap().unwrap();
        row.full_name = "Ann Other".into();
        row.status = UserStatus::Suspended;
        row.allowed_networks = r#"["192.0.2.0/24"]"#.into();
        write.put_user(&row).await.unwrap();
        let others = write.others_with_role(&PLATFORM, "viewer", ann).await;
        assert_eq!(others.unwrap(), 0);
        write.set_password(ann, "new").await.unwrap();
        write.commit().await.unwrap();
        let seen = store.user(&PLATFORM, ann).await.unwrap().unwrap();
        assert_eq!(seen.full_name, "Ann Other");
        assert_eq!(seen.status, UserStatus::Suspended);
        assert_eq!(seen.password_hash.as_deref(), Some("new"));
        assert_eq!(seen.password_changed_at, Some(Timestamp(9)));
    })
    .await;
}

#[tokio::test]
async fn the_keys_of_a_user_end_with_the_user() {
    databases(async |database| {
        let store = database.open().await;
        let ann = user(&store, "ann@example.com").await;
        let bob = user(&store, "bob@example.com").await;
        let mut keys = Vec::new();
        for (name, maker) in [("a", Some(ann)), ("b", Some(bob)), ("machine", None)] {
            let new = NewApiKey {
                name,
                hint: "dtk_0123",
                key_hash: name,
                permissions: &[],
                networks: &[],
                maker,
                made_by: "x",
                expires_at: None,
            };
            let told = NewAuditEntry::new(
                PLATFORM.tenant(),
                Timestamp(1),
                AuditActor::new("x", AuditCredential::Session),
                "api_key.create",
            );
            let added = store.add_api_key(&PLATFORM, new, told, Timestamp(1), Timestamp(0));
            keys.push(added.await.unwrap().unwrap());
        }
        let mut write = store.change_people(Timestamp(9)).await.unwrap();
        let ended = write.remove_user(&PLATFORM, ann).await.unwrap().unwrap();
        let name = "a".to_owned();
        assert_eq!(ended, [EndedApiKey { id: keys[0], name }]);
        write.commit().await.unwrap();
        for (name, counts) in [("a", false), ("b", true), ("machine", true)] {
            let found = store.api_key_by_hash(name, Timestamp(10)).await.unwrap();
            assert_eq!(found.is_some(), counts, "{name}");
        }
        let seen = store.api_key(&PLATFORM, keys[0]).await.unwrap().unwrap();
        assert_eq!(seen.revoked_at, Some(Timestamp(9)));
    })
    .await;
}

#[tokio::test]
async fn another_password_or_address_voids_what_was_given_out_before() {
    databases(async |database| {
        let store = database.open().await;
        let ann = user(&store, "ann@example.com").await;
        let bob = user(&store, "bob@example.com").await;
        let give = async |hash, user| {
            let mut write = store.change_people(Timestamp(1)).await.unwrap();
            let new = NewToken {
                hash,
                purpose: "password_reset",
                user: Some(user),
                content: "{}",
                expires_at: Timestamp(100),
                network: None,
            };
            write.add_token(&new).await.unwrap();
            write.commit().await.unwrap();
        };
        let is_good = async |hash| {
            let found = store.token("password_reset", hash, Timestamp(2)).await;
            found.unwrap().is_some()
        };
        give("a", ann).await;
        give("b", bob).await;
        let mut write = store.change_people(Timestamp(2)).await.unwrap();
        assert!(write.verify_email(ann, "ann@example.com").await.unwrap());
        write.commit().await.unwrap();
        assert!(is_good("a").await, "the address is the same");
        let mut write = store.change_people(Timestamp(2)).await.unwrap();
        assert!(write.verify_email(ann, "ann@example.org").await.unwrap());
        write.commit().await.unwrap();
        assert!(!is_good("a").await && is_good("b").await);
        give("a2", ann).await;
        let mut write = store.change_people(Timestamp(2)).await.unwrap();
        write.set_password(ann, "new").await.unwrap();
        write.commit().await.unwrap();
        assert!(!is_good("a2").await && is_good("b").await);
    })
    .await;
}

#[tokio::test]
async fn a_verified_address_lets_a_pending_user_in_and_renames_who_is_called_by_it() {
    databases(async |database| {
        let store = database.open().await;
        let mut new = named("ann@example.com", "viewer");
        new.status = UserStatus::Pending;
        new.email_verified = false;
        let mut write = store.change_people(Timestamp(1)).await.unwrap();
        let ann = write.add_user(&new).await.unwrap().unwrap();
        assert!(write.verify_email(ann, "ann@example.org").await.unwrap());
        write.commit().await.unwrap();
        let seen = store.user(&PLATFORM, ann).await.unwrap().unwrap();
        assert_eq!(seen.username, "ann@example.org");
        assert_eq!(seen.email.as_deref(), Some("ann@example.org"));
        assert_eq!(seen.status, UserStatus::Active);
        let bob = user(&store, "bob@example.com").await;
        let mut write = store.change_people(Timestamp(2)).await.unwrap();
        assert!(!write.verify_email(bob, "ann@example.org").await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn the_history_of_sign_ins_is_the_tenants_and_forgets_the_oldest() {
    databases(async |database| {
        let store = database.open().await;
        let ann = user(&store, "ann@example.com").await;
        for outcome in ["wrong_password", "wrong_password", "signed_in"] {
            let mut write = store.change_people(Timestamp(7)).await.unwrap();
            let new = NewSignIn {
                user: ann,
                tenant: TenantId::PLATFORM,
                outcome,
                method: "password",
                address: Some("192.0.2.1"),
                user_agent: "curl",
                new_device: false,
            };
            write.add_sign_in(&new, 2).await.unwrap();
            write.signed_in(ann).await.unwrap();
            write.commit().await.unwrap();
        }
        let query = SignInQuery {
            limit: 10,
            ..SignInQuery::default()
        };
        let seen = store.sign_ins(&PLATFORM, &query).await.unwrap();
        let outcomes: Vec<_> = seen.iter().map(|row| row.outcome.as_str()).collect();
        assert_eq!(outcomes, ["signed_in", "wrong_password"]);
        let before = SignInQuery {
            before: Some(seen[0].id),
            ..query.clone()
        };
        assert_eq!(store.sign_ins(&PLATFORM, &before).await.unwrap().len(), 1);
        let acme = Scope::of_tenant(operator(&store, "acme").await);
        assert!(store.sign_ins(&acme, &query).await.unwrap().is_empty());
    })
    .await;
}

/// Takes the role of a user away, unless nobody else has it; says whether it did.
async fn demoted(store: crate::Store, id: UserId) -> bool {
    let mut write = store.change_people(Timestamp(5)).await.unwrap();
    let mut row = write.user(&PLATFORM, id).await.unwrap().unwrap();
    let others = write.others_with_role(&PLATFORM, "super_admin", id).await;
    if others.unwrap() == 0 {
        return false;
    }
    row.role = "viewer".into();
    write.put_user(&row).await.unwrap();
    write.commit().await.unwrap();
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_lose_the_same_role_at_once_do_not_both_lose_it() {
    databases(async |database| {
        let store = database.open().await;
        for round in 0..10 {
            let mut ids = Vec::new();
            for name in ["a", "b"] {
                let username = format!("{name}{round}@example.com");
                let mut write = store.change_people(Timestamp(1)).await.unwrap();
                let new = named(&username, "super_admin");
                ids.push(write.add_user(&new).await.unwrap().unwrap());
                write.commit().await.unwrap();
            }
            let [a, b] = [ids[0], ids[1]].map(|id| tokio::spawn(demoted(store.clone(), id)));
            let (a, b) = (a.await.unwrap(), b.await.unwrap());
            assert!(a != b, "round {round}: {a} and {b}");
            let mut write = store.change_people(Timestamp(6)).await.unwrap();
            for id in ids {
                write.remove_user(&PLATFORM, id).await.unwrap();
            }
            write.commit().await.unwrap();
        }
    })
    .await;
}
