//! Whether a new call shows what its trunk wants: an address, a user name and password, or both
//! (RFC 3261 §22, RFC 8760).

use crate::config::Now;
use crate::core::Core;
use crate::engine::Engine;
use crate::release::phrase;
use routing_engine::resources::AuthenticationMode;
use routing_engine::{DigestIdentity, Snapshot, Source, TrunkIndex};
use sip_core::digest::{Algorithm, Challenge, Credentials, Protection};
use sip_core::transaction::Path;
use sip_core::{HeaderName, Instant, Message, Method};

/// What a new call shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Nothing but its address, which is enough or belongs to nobody.
    Address,
    /// The user name and password of a trunk.
    Account(TrunkIndex),
    /// It has to show more, or the same with another nonce.
    Challenge {
        /// Only the nonce was too old.
        is_stale: bool,
    },
    /// A user name and password that are nobody's.
    Wrong,
}

impl Shown {
    /// How the decision finds the trunk; `None` when there is none to decide for.
    pub(crate) fn source(self, path: Path) -> Option<Source<'static>> {
        match self {
            Self::Address => Some(Source::Address(path.remote.ip().to_canonical())),
            Self::Account(trunk) => Some(Source::Trunk(trunk)),
            Self::Challenge { .. } | Self::Wrong => None,
        }
    }
}

impl Core {
    /// Looks at what a new call shows. Costs nothing when no trunk wants a password.
    pub(crate) fn authenticate(
        &mut self,
        now: Instant,
        invite: &Message<'_>,
        path: Path,
        snapshot: &Snapshot,
        called: &str,
    ) -> Shown {
        if !snapshot.has_usernames() {
            return Shown::Address;
        }
        let by_address = snapshot.trunk_of_call(path.remote.ip().to_canonical(), called);
        let mode = by_address.map(|trunk| snapshot.ingress_trunk(trunk).authentication);
        let is_enough = matches!(
            mode,
            Some(AuthenticationMode::Address | AuthenticationMode::AddressOrDigest)
        );
        match self.credentials_of(invite) {
            _ if is_enough => Shown::Address,
            None => Shown::Challenge { is_stale: false },
            Some(credentials) => {
                let shown = self.check(now, invite, snapshot, by_address, &credentials);
                if matches!(shown, Shown::Account(_)) {
                    self.sources.remember(now, path.remote.ip());
                }
                shown
            }
        }
    }

    /// Whether a caller is asked for its password: always one that showed it before, or whom we know
    /// by its address; others a few times a second.
    fn may_challenge(&mut self, now: Instant, path: Path) -> bool {
        let source = path.remote.ip();
        self.knows(now, source) || self.sources.may_challenge(now, source)
    }

    /// The credentials that answer a challenge of ours.
    fn credentials_of(&self, invite: &Message<'_>) -> Option<Credentials> {
        let policy = &self.config.digest;
        let names = [HeaderName::Authorization, HeaderName::ProxyAuthorization];
        invite
            .headers()
            .filter(|field| names.contains(&field.name))
            .filter_map(|field| Credentials::parse(field.raw_value))
            .find(|credentials| {
                credentials.realm == *policy.realm
                    && policy.algorithms.contains(&credentials.algorithm)
            })
    }

    fn check(
        &mut self,
        now: Instant,
        invite: &Message<'_>,
        snapshot: &Snapshot,
        by_address: Option<TrunkIndex>,
        credentials: &Credentials,
    ) -> Shown {
        let Ok(known) = self.nonces.look_at(now, &credentials.nonce) else {
            return Shown::Challenge { is_stale: true };
        };
        let Some(trunk) = snapshot.trunk_of_username(&credentials.username) else {
            return Shown::Wrong;
        };
        let wanted = snapshot.ingress_trunk(trunk);
        let needs_both = wanted.authentication == AuthenticationMode::AddressAndDigest;
        let is_at_home = !needs_both || by_address == Some(trunk);
        let password = wanted.digest.as_ref().and_then(DigestIdentity::password);
        let has_password = password
            .is_some_and(|password| credentials.are_of(password, Method::Invite, invite.body()));
        if !has_password || !is_at_home {
            return Shown::Wrong;
        }
        // A client of RFC 2069 does not count: its nonce is good for one call.
        let counted = credentials.protection.as_ref();
        let count = counted.map_or(1, |counted| counted.count);
        match self.nonces.take(now, known, count) {
            Ok(()) => Shown::Account(trunk),
            Err(_) => Shown::Challenge { is_stale: true },
        }
    }

    /// One challenge for each algorithm, the strongest first (RFC 8760 §2.4).
    fn challenges(&mut self, now: Instant, is_stale: bool) -> Vec<String> {
        let algorithms: Vec<Algorithm> = self.config.digest.algorithms.clone();
        let challenge = |algorithm| Challenge {
            realm: self.config.digest.realm.as_ref().to_owned(),
            nonce: self.nonces.issue(now),
            opaque: None,
            algorithm,
            protection: Some(Protection::Request),
            is_stale,
        };
        let challenges = algorithms.into_iter().map(challenge);
        challenges.map(|challenge| challenge.to_value()).collect()
    }
}

impl Engine {
    /// 401, without state: sources that belong to nobody get it a few times a second.
    pub(crate) fn challenge(&mut self, now: Now, invite: &Message<'_>, path: Path, is_stale: bool) {
        let core = &mut self.core;
        if !core.may_challenge(now.instant, path) {
            core.counters.unknown_source_silenced += 1;
            return;
        }
        core.counters.calls_challenged += 1;
        let challenges = core.challenges(now.instant, is_stale);
        core.reply(invite, path, 401, phrase(401), |writer| {
            for challenge in &challenges {
                writer.header(HeaderName::WwwAuthenticate, challenge);
            }
            writer.finish();
        });
    }
}
