//! Answering the challenges of a carrier (401, 407; RFC 3261 §22.2, §22.3).
//!
//! A leg that was challenged once shows credentials with all that it sends from then on, counting
//! the uses of the nonce, so that a BYE needs no second try.

use crate::call::Call;
use crate::core::Core;
use crate::leg::Leg;
use media_relay::Side;
use routing_engine::DigestIdentity;
use sip_core::digest::{Account, Challenge, Protected};
use sip_core::{HeaderName, Message, Method};

/// Challenges that one leg answers in a row; a carrier that asks once more does not know us.
const IN_A_ROW_MAX: u8 = 3;

/// A leg that was challenged.
#[derive(Debug)]
pub(crate) struct Challenged {
    identity: DigestIdentity,
    challenge: Challenge,
    /// Authorization or Proxy-Authorization.
    answer_in: HeaderName,
    /// Uses of the nonce.
    count: u32,
    /// Challenges since a request was taken.
    in_a_row: u8,
    /// What the last INVITE showed and in which field, for its ACK: whatever was asked for since.
    of_invite: Option<(HeaderName, String)>,
}

impl Challenged {
    /// What the last INVITE showed.
    pub(crate) fn shown(&self) -> Option<(HeaderName, &str)> {
        let (name, value) = self.of_invite.as_ref()?;
        Some((*name, value))
    }
}

impl Leg {
    /// Takes the challenge of a response. False when there is none that can be answered, or when
    /// what was shown is not taken.
    pub(crate) fn take_challenge(
        &mut self,
        identity: Option<&DigestIdentity>,
        response: &Message<'_>,
    ) -> bool {
        let (asked_in, answer_in) = match response.status() {
            Some(401) => (HeaderName::WwwAuthenticate, HeaderName::Authorization),
            Some(407) => (
                HeaderName::ProxyAuthenticate,
                HeaderName::ProxyAuthorization,
            ),
            _ => return false,
        };
        let fields = response.headers().filter(|field| field.name == asked_in);
        let challenges = fields.filter_map(|field| Challenge::parse(field.raw_value));
        let identity = identity.filter(|identity| identity.password().is_some());
        let (Some(identity), Some(challenge)) = (identity, Challenge::best(challenges)) else {
            return false;
        };
        let in_a_row = self.challenged.as_ref().map_or(0, |known| known.in_a_row);
        let was_shown = self
            .challenged
            .as_ref()
            .is_some_and(|known| known.challenge.realm == challenge.realm && known.in_a_row > 0);
        if was_shown && !challenge.is_stale || in_a_row >= IN_A_ROW_MAX {
            return false;
        }
        let of_invite = self.challenged.take().and_then(|known| known.of_invite);
        self.challenged = Some(Box::new(Challenged {
            identity: identity.clone(),
            challenge,
            answer_in,
            count: 0,
            in_a_row: in_a_row + 1,
            of_invite,
        }));
        true
    }

    /// A turn of requests has ended without success: the next one begins as a stranger's, for the
    /// peer may know neither the nonce nor that it said so.
    pub(crate) fn forget_challenge(&mut self) {
        self.challenged = None;
    }

    /// A request was taken: the next challenge is a new one.
    pub(crate) fn was_let_in(&mut self) {
        if let Some(challenged) = &mut self.challenged {
            challenged.in_a_row = 0;
        }
    }

    /// What the next request shows.
    pub(crate) fn authorize(
        &mut self,
        core: &mut Core,
        method: Method<'_>,
        body: &[u8],
    ) -> Option<(HeaderName, String)> {
        let challenged = self.challenged.as_deref_mut()?;
        challenged.count += 1;
        let account = Account {
            username: &challenged.identity.username,
            password: challenged.identity.password()?,
        };
        let request = Protected {
            method,
            uri: self.dialog.request_uri(),
            body,
        };
        let nonce = core.new_client_nonce();
        let value = challenged
            .challenge
            .answer(account, request, challenged.count, &nonce);
        if method == Method::Invite {
            challenged.of_invite = Some((challenged.answer_in, value.clone()));
        }
        Some((challenged.answer_in, value))
    }
}

impl Call {
    /// Whether the peer of a side may challenge us and be answered.
    pub(crate) fn has_account_at(&self, side: Side) -> bool {
        if side == Side::Ingress {
            return self.moved_identity().is_some();
        }
        self.current().is_some_and(|attempt| {
            let trunk = attempt.route.egress_trunk(&self.snapshot);
            trunk.digest.is_some()
        })
    }

    /// Takes the challenge of a response to a request within the call. True when the request is to
    /// be sent again.
    pub(crate) fn takes_challenge(&mut self, side: Side, response: &Message<'_>) -> bool {
        let identity = match (side, self.attempts.last()) {
            (Side::Egress, Some(attempt)) => {
                attempt.route.egress_trunk(&self.snapshot).digest.clone()
            }
            _ => self.moved_identity().cloned(),
        };
        self.leg_mut(side)
            .is_some_and(|leg| leg.take_challenge(identity.as_ref(), response))
    }
}
