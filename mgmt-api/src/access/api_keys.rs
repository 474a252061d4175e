//! Keys of programs: what they look like, and what a request by one may do.
//!
//! A key is a secret of 256 random bits behind a prefix by which scanners of leaked secrets know
//! it. The database has its hash: a plain one, because nobody guesses 256 bits.
//!
//! A key may do what it was made for, as far as its maker may still do it at that moment: a maker
//! who loses a role, or may not sign in any more, takes it from all keys.

mod uses;

pub(crate) use uses::ApiKeyUses;

use crate::access::{Permission, PermissionSet};
use crate::auth::{ActingTenant, Credential, Principal, RequestSource, maker_rights};
use crate::problem::Problem;
use crate::state::AppState;
use crate::{auth, clock};
use resources::Network;
use std::net::IpAddr;
use store::ApiKeyRow;

/// How each key begins.
pub(crate) const PREFIX: &str = "dtk_";

/// Characters of a key that lists show: the prefix and 24 bits of the secret.
const HINT_CHARS: usize = PREFIX.len() + 6;

/// A new key: shown once, then known by its hash.
pub(crate) struct ApiKeySecret(String);

impl ApiKeySecret {
    /// # Errors
    /// The operating system gives no random bytes.
    pub(crate) fn draw() -> Result<Self, getrandom::Error> {
        Ok(Self(format!("{PREFIX}{}", auth::random_hex::<32>()?)))
    }

    /// The key itself.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// What people tell keys apart by.
    pub(crate) fn hint(&self) -> &str {
        &self.0[..HINT_CHARS]
    }

    pub(crate) fn hash(&self) -> String {
        hash(&self.0)
    }
}

fn hash(key: &str) -> String {
    auth::sha256_hex(&["api-key:", key])
}

/// Whether it has the form of a key, and is not the key of the machine.
pub(crate) fn looks_like_one(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// The principal of a key, and a note that it was used.
///
/// # Errors
/// 401 when it does not count, 403 when it is used from elsewhere than it may.
pub(crate) async fn authenticate(
    state: &AppState,
    key: &str,
    source: RequestSource,
) -> Result<Principal, Problem> {
    let address = source.address;
    let now = clock::now();
    let row = state.store.api_key_by_hash(&hash(key), now).await?;
    let row = row.ok_or_else(Problem::unauthenticated)?;
    if !may_come_from(&row.networks, address) {
        tracing::warn!(key = row.hint, "an API key was used from elsewhere");
        let detail = "This API key may not be used from this address.";
        return Err(Problem::forbidden(detail));
    }
    let rights = maker_rights(state, row.tenant, row.maker).await?;
    let (tenant, rights) = rights.ok_or_else(Problem::unauthenticated)?;
    state.api_key_uses.note(row.id, now, address);
    Ok(principal(row, tenant, &rights, source))
}

fn principal(
    row: ApiKeyRow,
    tenant: ActingTenant,
    rights: &PermissionSet,
    source: RequestSource,
) -> Principal {
    let own = permissions(&row);
    Principal {
        name: format!("API key {} of {}", row.name, row.made_by),
        user: None,
        role: "api_key".into(),
        tenant,
        permissions: own.intersection(rights),
        credential: Credential::ApiKey(row.id),
        source,
        must_enrol: false,
        visit: None,
    }
}

/// What a key was made for. A name that means nothing any more allows nothing.
pub(crate) fn permissions(row: &ApiKeyRow) -> PermissionSet {
    let names = row.permissions.iter();
    names
        .filter_map(|name| name.parse::<Permission>().ok())
        .collect()
}

/// A range that cannot be read lets nobody in.
fn may_come_from(networks: &[String], address: Option<IpAddr>) -> bool {
    if networks.is_empty() {
        return true;
    }
    let within = |address: IpAddr| {
        let mut ranges = networks.iter().filter_map(|text| text.parse().ok());
        ranges.any(|range: Network| range.contains(address))
    };
    address.is_some_and(within)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    #[test]
    fn a_key_is_new_each_time_and_its_hint_tells_little() {
        let (a, b) = (ApiKeySecret::draw().unwrap(), ApiKeySecret::draw().unwrap());
        assert_ne!(a.text(), b.text());
        assert_eq!(a.text().len(), PREFIX.len() + 64);
        assert!(looks_like_one(a.text()) && a.text().starts_with(a.hint()));
        assert_eq!(a.hint().len(), 10);
        assert_ne!(a.hash(), b.hash());
        assert!(!a.hash().contains(&a.text()[PREFIX.len()..]));
    }

    #[test]
    fn a_key_is_let_in_from_its_networks_only() {
        let networks = ["192.0.2.0/24".to_owned(), "2001:db8::7".to_owned()];
        let from = |text: &str| may_come_from(&networks, Some(text.parse().unwrap()));
        assert!(from("192.0.2.9") && from("::ffff:192.0.2.9") && from("2001:db8::7"));
        assert!(!from("192.0.3.9") && !from("2001:db8::8"));
        assert!(!may_come_from(&networks, None), "an unknown address");
        assert!(may_come_from(&[], None));
        assert!(!may_come_from(
            &["nonsense".to_owned()],
            Some([192, 0, 2, 9].into())
        ));
    }
}
