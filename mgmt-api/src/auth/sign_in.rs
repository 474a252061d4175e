//! Signing in: what is checked, in which order, and what is noted of it.
//!
//! Somebody who does not know a password learns nothing: an unknown name, a wrong password, a
//! suspended user and a forbidden network get the same answer in the same time. What failed is
//! noted after the answer.

use super::policy::{Lifetimes, may_come_from, policy_of, stored_networks};
use super::session::{self, SessionStart, SessionToken};
use super::{RequestSource, Subject, identity, sha256_hex};
use crate::clock;
use crate::events::note_sign_in;
use crate::mail::{Message, compose};
use crate::problem::Problem;
use crate::secrets::SecretText;
use crate::state::AppState;
use rating::Timestamp;
use serde_json::json;
use std::time::Instant;
use store::{
    AuditCredential, DeviceSeen, NewAuditEntry, NewSignIn, PeopleWrite, UserRow, UserStatus,
};

/// Sign-ins of a user that are remembered.
const HISTORY_MAX: u32 = 500;

/// Browsers of a user that are remembered.
const DEVICES_MAX: u32 = 50;

/// By what somebody signs in.
pub(crate) const PASSWORD: &str = "password";

/// Why a sign-in went no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    WrongPassword,
    WrongSecondFactor,
    WrongPasskey,
    NotActive,
    TenantShut,
    Network,
}

/// A session that has begun.
pub(crate) struct SignedIn {
    pub(crate) token: SessionToken,
    /// How long the browser keeps the cookie; `None`: until it is closed.
    pub(crate) max_age_s: Option<i64>,
}

impl Refusal {
    fn as_str(self) -> &'static str {
        match self {
            Self::WrongPassword => "wrong_password",
            Self::WrongSecondFactor => "wrong_second_factor",
            Self::WrongPasskey => "wrong_passkey",
            Self::NotActive => "not_active",
            Self::TenantShut => "tenant_shut",
            Self::Network => "network",
        }
    }
}

/// The user of a name and a password who may come in.
///
/// # Errors
/// 401 for all who may not, 429 after failures, 503 when too many come at once.
pub(crate) async fn check_password(
    state: &AppState,
    source: &RequestSource,
    username: &str,
    password: String,
) -> Result<UserRow, Problem> {
    let count = Attempt::begin(state, source, Subject::User(username))?;
    let user = state.store.user_by_name(username).await?;
    let matches = state.passwords.verify(user.as_ref(), password).await?;
    let refusal = match &user {
        None => return Err(Problem::wrong_password()),
        Some(_) if !matches => Some(Refusal::WrongPassword),
        Some(user) => refusal_of(state, source, user).await?,
    };
    match (user, refusal) {
        (Some(user), None) => {
            count.succeeded();
            Ok(user)
        }
        (Some(user), Some(refusal)) => {
            note_refusal(state, source, &user, refusal, PASSWORD);
            Err(Problem::wrong_password())
        }
        (None, _) => Err(Problem::wrong_password()),
    }
}

/// Why a user who proved who they are may not come in.
///
/// # Errors
/// [`Problem`]: the database fails.
pub(crate) async fn refusal_of(
    state: &AppState,
    source: &RequestSource,
    user: &UserRow,
) -> Result<Option<Refusal>, Problem> {
    if user.status != UserStatus::Active {
        return Ok(Some(Refusal::NotActive));
    }
    if identity::open_tenant(state, user.tenant).await?.is_none() {
        return Ok(Some(Refusal::TenantShut));
    }
    let own = stored_networks(&user.allowed_networks)?;
    let policy = policy_of(&state.store, user.tenant).await?.policy;
    let allowed = may_come_from(&own, source.address)
        && may_come_from(&policy.allowed_networks, source.address);
    Ok((!allowed).then_some(Refusal::Network))
}

/// A try that counts as a failure until it is known to be none, so that tries at the same time
/// count as well.
pub(crate) struct Attempt<'a> {
    state: &'a AppState,
    source: &'a RequestSource,
    subject: Subject<'a>,
}

impl<'a> Attempt<'a> {
    /// # Errors
    /// 429 when it comes too early after failures.
    pub(crate) fn begin(
        state: &'a AppState,
        source: &'a RequestSource,
        subject: Subject<'a>,
    ) -> Result<Self, Problem> {
        let address = source.address;
        if let Some(wait) = state.throttle.wait(address, subject, Instant::now()) {
            return Err(Problem::slow_down(wait.as_secs() + 1));
        }
        state.throttle.failed(address, subject, Instant::now());
        Ok(Self {
            state,
            source,
            subject,
        })
    }

    pub(crate) fn succeeded(self) {
        let throttle = &self.state.throttle;
        throttle.succeeded(self.source.address, self.subject);
    }
}

/// Notes in the user's history, after the answer, that somebody was refused.
pub(crate) fn note_refusal(
    state: &AppState,
    source: &RequestSource,
    user: &UserRow,
    refusal: Refusal,
    method: &'static str,
) {
    tracing::warn!(user = %user.id, refusal = refusal.as_str(), "sign-in refused");
    let (store, source, user) = (state.store.clone(), source.clone(), user.clone());
    let noted = state.background.run(async move {
        let mut write = store.change_people(clock::now()).await?;
        let outcome = refusal.as_str();
        note(&mut write, &source, &user, outcome, method, false).await?;
        let told = told(&source, &user, "session.refuse", AuditCredential::None);
        let after = json!({ "method": method, "reason": outcome });
        write.tell(told.values(None, Some(after)));
        write.commit().await?;
        note_sign_in(&store, user.tenant, &user.username, source.address, false).await;
        Ok(())
    });
    if noted.is_err() {
        tracing::warn!("too many refused sign-ins at once: one is missing in the history");
    }
}

/// Begins the session of a user who proved who they are, in the change that took the proof.
///
/// # Errors
/// [`Problem`]: the database fails.
pub(crate) async fn complete(
    state: &AppState,
    write: PeopleWrite,
    source: &RequestSource,
    user: &UserRow,
    method: &str,
    remember: bool,
) -> Result<SignedIn, Problem> {
    let now = write.now();
    complete_proved(state, write, source, user, method, remember, now).await
}

/// As [`complete`], for a user whose last full proof of who they are is of another time.
///
/// # Errors
/// [`Problem`]: the database fails.
pub(crate) async fn complete_proved(
    state: &AppState,
    mut write: PeopleWrite,
    source: &RequestSource,
    user: &UserRow,
    method: &str,
    remember: bool,
    authenticated_at: Timestamp,
) -> Result<SignedIn, Problem> {
    let policy = policy_of(&state.store, user.tenant).await?.policy;
    let lifetimes = policy.lifetimes(remember);
    let device = sha256_hex(&["device:", &source.browser()]);
    let seen = write.see_device(user.id, &device, DEVICES_MAX).await?;
    let is_new = seen != DeviceSeen::Known;
    note(&mut write, source, user, "signed_in", method, is_new).await?;
    write.signed_in(user.id).await?;
    if seen == DeviceSeen::New {
        tell_of_new_device(state, &mut write, source, user).await?;
    }
    let (address, browser) = (source.address_text(), source.browser());
    let start = SessionStart {
        user: user.id,
        tenant: user.tenant,
        entered: None,
        method,
        lifetimes,
        authenticated_at,
        address: address.as_deref(),
        user_agent: &browser,
    };
    let token = session::begin(&mut write, &start).await?;
    let entry = told(source, user, "session.begin", AuditCredential::Password);
    let after = json!({ "method": method, "remembered": lifetimes.remembered });
    write.tell(entry.values(None, Some(after)));
    write.commit().await?;
    state.job_bell.ring();
    note_sign_in(
        &state.store,
        user.tenant,
        &user.username,
        source.address,
        true,
    )
    .await;
    tracing::info!(user = %user.id, method, "signed in");
    Ok(SignedIn {
        token,
        max_age_s: max_age(lifetimes),
    })
}

/// An entry of the audit log: what a user without a session did from there.
pub(crate) fn told(
    source: &RequestSource,
    user: &UserRow,
    operation: &'static str,
    credential: AuditCredential,
) -> NewAuditEntry {
    let actor = source.actor(&user.username, credential).with_user(user.id);
    let entry = NewAuditEntry::new(user.tenant, clock::now(), actor, operation);
    entry.on("user", Some(user.id.0), &*user.username)
}

/// How long the browser keeps the cookie of such a session.
pub(crate) fn max_age(lifetimes: Lifetimes) -> Option<i64> {
    lifetimes
        .remembered
        .then(|| i64::from(lifetimes.absolute_s))
}

async fn note(
    write: &mut PeopleWrite,
    source: &RequestSource,
    user: &UserRow,
    outcome: &str,
    method: &str,
    new_device: bool,
) -> Result<(), Problem> {
    let (address, browser) = (source.address_text(), source.browser());
    let new = NewSignIn {
        user: user.id,
        tenant: user.tenant,
        outcome,
        method,
        address: address.as_deref(),
        user_agent: &browser,
        new_device,
    };
    write.add_sign_in(&new, HISTORY_MAX).await?;
    Ok(())
}

async fn tell_of_new_device(
    state: &AppState,
    write: &mut PeopleWrite,
    source: &RequestSource,
    user: &UserRow,
) -> Result<(), Problem> {
    let Some(email) = verified_address(user) else {
        return Ok(());
    };
    let from = source.address_text().unwrap_or_else(|| "unknown".into());
    let text = format!(
        "Somebody signed in as {} with a browser that was not used before.\n\n\
         Address: {from}\nBrowser: {}\n\nIf it was not you, change your password, which signs \
         everybody out, and tell your administrator.\n",
        user.username,
        source.browser()
    );
    let message = Message {
        purpose: "new_device",
        recipient: email,
        subject: "New sign-in to your account",
        text: &SecretText::new(text),
        attachment: None,
    };
    let mail = compose(&state.secrets, user.tenant, &message)
        .map_err(|error| Problem::internal(&error))?;
    write.queue_mail(&mail).await?;
    Ok(())
}

/// Where mail to a user goes, when it is proved to be theirs.
pub(crate) fn verified_address(user: &UserRow) -> Option<&str> {
    user.email
        .as_deref()
        .filter(|_| user.email_verified_at.is_some())
}
