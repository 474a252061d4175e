//! The repositories of people, on both databases.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod invitations;
mod registrations;
mod second_factors;
mod sessions;
mod tenants;
mod users;

use super::{NewUser, UserId, UserStatus};
use crate::{Scope, Store, TenantId};
use rating::Timestamp;

const PLATFORM: Scope = Scope::of_tenant(TenantId::PLATFORM);

fn named<'a>(username: &'a str, role: &'a str) -> NewUser<'a> {
    NewUser {
        tenant: TenantId::PLATFORM,
        username,
        email: Some(username).filter(|name| name.contains('@')),
        full_name: "Ann Example",
        role,
        status: UserStatus::Active,
        password_hash: Some("hash"),
        email_verified: true,
    }
}

async fn user_in(store: &Store, tenant: TenantId, username: &str) -> UserId {
    let new = NewUser {
        tenant,
        ..named(username, "viewer")
    };
    let mut write = store.change_people(Timestamp(0)).await.unwrap();
    let id = write.add_user(&new).await.unwrap().unwrap();
    write.commit().await.unwrap();
    id
}

async fn user(store: &Store, username: &str) -> UserId {
    user_in(store, TenantId::PLATFORM, username).await
}

/// An operator, whose users are not the platform's.
async fn operator(store: &Store, name: &str) -> TenantId {
    let mut write = store.change_people(Timestamp(5)).await.unwrap();
    let id = write.add_operator(name).await.unwrap().unwrap();
    write.commit().await.unwrap();
    id
}
