use super::{PLATFORM, operator, user, user_in};
use crate::testing::databases;
use crate::{DeviceSeen, NewSession, NewToken, Store, TenantId, UserId};
use rating::Timestamp;

fn new(id: &str, user: UserId) -> NewSession<'_> {
    NewSession {
        id,
        token_hash: id,
        user,
        tenant: TenantId::PLATFORM,
        parent: None,
        acting_role: None,
        method: "password",
        remembered: false,
        idle_timeout_s: 1,
        expires_at: Timestamp(1_000),
        authenticated_at: Timestamp(100),
        address: Some("192.0.2.1"),
        user_agent: "curl",
    }
}

async fn begin(store: &Store, now: i64, session: &NewSession<'_>, limit: u32) {
    let mut write = store.change_people(Timestamp(now)).await.unwrap();
    write.add_session(session, limit).await.unwrap();
    write.commit().await.unwrap();
}

async fn is_there(store: &Store, token: &str) -> bool {
    let found = store.session(token, Timestamp(200)).await.unwrap();
    found.is_some()
}

#[tokio::test]
async fn a_session_that_is_not_used_ends_by_silence() {
    databases(async |database| {
        let store = database.open().await;
        let ann = user(&store, "ann").await;
        let session = NewSession {
            expires_at: Timestamp(9_000_000),
            ..new("s", ann)
        };
        begin(&store, 100, &session, 5).await;
        let there = async |at| store.session("s", Timestamp(at)).await.unwrap().is_some();
        assert!(there(1_000_099).await && !there(1_000_100).await);
        let touched = store.touch_session("s", None, Timestamp(1_000_000));
        touched.await.unwrap();
        assert!(there(1_999_999).await && !there(2_000_000).await);
    })
    .await;
}

#[tokio::test]
async fn a_session_ends_by_sign_out_and_by_age() {
    databases(async |database| {
        let store = database.open().await;
        let ann = user(&store, "ann").await;
        begin(&store, 100, &new("s", ann), 5).await;
        let row = store.session("s", Timestamp(999)).await.unwrap().unwrap();
        assert_eq!((row.username.as_str(), row.user), ("ann", ann));
        assert!(!row.has_second_factor && !row.remembered);
        assert!(
            store
                .session("s", Timestamp(1_000))
                .await
                .unwrap()
                .is_none()
        );
        let moved = store.touch_session("s", Some("192.0.2.9"), Timestamp(150));
        moved.await.unwrap();
        let row = store.session("s", Timestamp(200)).await.unwrap().unwrap();
        assert_eq!(row.last_used_at, Timestamp(150));
        assert_eq!(row.address.as_deref(), Some("192.0.2.9"));
        let mut write = store.change_people(Timestamp(200)).await.unwrap();
        let bob = UserId(ann.0 + 1);
        assert!(!write.end_session(bob, "s").await.unwrap(), "not bob's");
        assert!(write.end_session(ann, "s").await.unwrap());
        write.commit().await.unwrap();
        assert!(!is_there(&store, "s").await);
    })
    .await;
}

#[tokio::test]
async fn the_oldest_session_ends_when_there_are_too_many_and_others_keep_theirs() {
    databases(async |database| {
        let store = database.open().await;
        let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
        begin(&store, 1, &new("b", bob), 2).await;
        for (at, id) in [(10, "a1"), (20, "a2"), (30, "a3")] {
            begin(&store, at, &new(id, ann), 2).await;
        }
        assert!(!is_there(&store, "a1").await && is_there(&store, "a2").await);
        let mine = store.sessions_of(ann, Timestamp(200), 10).await.unwrap();
        let ids: Vec<_> = mine.iter().map(|row| row.id.as_str()).collect();
        assert_eq!(ids, ["a3", "a2"]);
        let mut write = store.change_people(Timestamp(40)).await.unwrap();
        assert_eq!(write.end_sessions(ann, Some("a3")).await.unwrap(), 1);
        write.commit().await.unwrap();
        assert!(is_there(&store, "a3").await && is_there(&store, "b").await);
    })
    .await;
}

#[tokio::test]
async fn a_session_in_another_tenant_ends_with_the_one_it_was_entered_from() {
    databases(async |database| {
        let store = database.open().await;
        let acme = operator(&store, "acme").await;
        let ann = user(&store, "ann").await;
        begin(&store, 1, &new("parent", ann), 5).await;
        let child = NewSession {
            tenant: acme,
            parent: Some("parent"),
            ..new("child", ann)
        };
        begin(&store, 2, &child, 5).await;
        let mut write = store.change_people(Timestamp(3)).await.unwrap();
        assert!(write.rotate_session("parent", "fresh", None).await.unwrap());
        write.commit().await.unwrap();
        assert!(!is_there(&store, "parent").await && is_there(&store, "fresh").await);
        let mut write = store.change_people(Timestamp(4)).await.unwrap();
        assert!(write.end_session(ann, "parent").await.unwrap());
        write.commit().await.unwrap();
        assert!(!is_there(&store, "child").await);
    })
    .await;
}

#[tokio::test]
async fn a_visit_keeps_the_session_it_was_entered_from_alive_and_revives_none() {
    databases(async |database| {
        let store = database.open().await;
        let acme = operator(&store, "acme").await;
        let ann = user(&store, "ann").await;
        let long = Timestamp(1_000_000_000);
        let parent = NewSession {
            idle_timeout_s: 10,
            expires_at: long,
            ..new("parent", ann)
        };
        begin(&store, 1, &parent, 5).await;
        let child = NewSession {
            tenant: acme,
            parent: Some("parent"),
            idle_timeout_s: 60,
            expires_at: long,
            ..new("child", ann)
        };
        begin(&store, 1, &child, 5).await;
        let at = |seconds: i64| Timestamp(seconds * 1_000_000);
        let is_alive = async |seconds| {
            let found = store.session("parent", at(seconds)).await.unwrap();
            found.is_some()
        };
        store.touch_session("child", None, at(9)).await.unwrap();
        assert!(is_alive(18).await && !is_alive(20).await);
        // Too late: it has ended by silence.
        store.touch_session("child", None, at(20)).await.unwrap();
        assert!(!is_alive(21).await);
        let mut write = store.change_people(at(21)).await.unwrap();
        assert!(!write.rotate_session("parent", "fresh", None).await.unwrap());
        write.commit().await.unwrap();
        assert!(!is_alive(21).await);
        let child = store.session("child", at(21)).await.unwrap();
        assert!(child.is_some(), "that is used");
    })
    .await;
}

#[tokio::test]
async fn suspending_a_tenant_ends_what_its_people_and_its_guests_do() {
    databases(async |database| {
        let store = database.open().await;
        let acme = operator(&store, "acme").await;
        let (ann, bob) = (
            user(&store, "ann").await,
            user_in(&store, acme, "bob").await,
        );
        begin(&store, 1, &new("ours", ann), 5).await;
        let theirs = NewSession {
            tenant: acme,
            ..new("theirs", bob)
        };
        begin(&store, 1, &theirs, 5).await;
        let mut write = store.change_people(Timestamp(3)).await.unwrap();
        assert!(write.suspend_tenant(&PLATFORM, acme, true).await.unwrap());
        assert_eq!(write.end_sessions_of_tenant(acme).await.unwrap(), 1);
        write.commit().await.unwrap();
        assert!(is_there(&store, "ours").await && !is_there(&store, "theirs").await);
    })
    .await;
}

#[tokio::test]
async fn a_token_is_good_once_for_its_purpose_and_until_it_expires() {
    databases(async |database| {
        let store = database.open().await;
        let ann = user(&store, "ann").await;
        let token = |hash, expires_at| NewToken {
            hash,
            purpose: "reset",
            user: Some(ann),
            content: "{}",
            expires_at: Timestamp(expires_at),
            network: None,
        };
        let mut write = store.change_people(Timestamp(10)).await.unwrap();
        write.add_token(&token("a", 100)).await.unwrap();
        write.add_token(&token("old", 5)).await.unwrap();
        assert!(write.take_token("other", "a").await.unwrap().is_none());
        assert!(write.take_token("reset", "old").await.unwrap().is_none());
        let last = write.last_token_at(ann, "reset").await.unwrap();
        assert_eq!(last, Some(Timestamp(10)));
        write.commit().await.unwrap();
        for tries in 1..=2 {
            let tried = store.try_token("reset", "a", 2, Timestamp(11)).await;
            assert_eq!(tried.unwrap().unwrap().tries, tries);
        }
        let tried = store.try_token("reset", "a", 2, Timestamp(11)).await;
        assert!(tried.unwrap().is_none(), "no try is left");
        let mut write = store.change_people(Timestamp(20)).await.unwrap();
        let taken = write.take_token("reset", "a").await.unwrap().unwrap();
        assert_eq!(taken.user, Some(ann));
        assert!(write.take_token("reset", "a").await.unwrap().is_none());
        write.add_token(&token("b", 100)).await.unwrap();
        let stale = NewToken {
            purpose: "verify",
            ..token("stale", 5)
        };
        write.add_token(&stale).await.unwrap();
        write.void_tokens(ann, "reset").await.unwrap();
        assert!(write.take_token("reset", "b").await.unwrap().is_none());
        write.commit().await.unwrap();
        let mut write = store.change_people(Timestamp(50)).await.unwrap();
        assert_eq!(write.forget_expired().await.unwrap(), 1);
        write.commit().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn browsers_are_known_again_and_the_longest_unseen_is_forgotten() {
    databases(async |database| {
        let store = database.open().await;
        let ann = user(&store, "ann").await;
        let mut seen = Vec::new();
        for (at, device) in [(1, "a"), (2, "b"), (3, "a"), (4, "c"), (5, "b")] {
            let mut write = store.change_people(Timestamp(at)).await.unwrap();
            seen.push(write.see_device(ann, device, 2).await.unwrap());
            write.commit().await.unwrap();
        }
        use DeviceSeen::{First, Known, New};
        assert_eq!(seen, [First, New, Known, New, New]);
    })
    .await;
}
