//! The job that delivers a notification by a request.

use super::client::{Outcome, WebhookClient, WebhookRequest};
use crate::clock;
use crate::jobs::{JobFailure, JobFuture, JobHandler, JobRun};
use crate::notifications::{Message, Signature, Target};
use crate::secrets::{SecretBox, SecretText};
use serde::Deserialize;
use std::time::Duration;
use store::{DELIVER_JOB, DeliveryResult, DeliveryRow, DeliveryState, Scope, Store, StoreError};

/// Longer than a target may set its time-out.
const RUN_TIMEOUT: Duration = Duration::from_secs(90);

/// Delivers what a delivery names.
pub struct DeliverWebhook {
    store: Store,
    secrets: SecretBox,
    client: WebhookClient,
}

#[derive(Deserialize)]
struct Payload {
    delivery: i64,
}

impl DeliverWebhook {
    /// A handler that sends by `client`.
    pub fn new(store: Store, secrets: SecretBox, client: WebhookClient) -> Self {
        Self {
            store,
            secrets,
            client,
        }
    }

    async fn deliver(&self, run: &JobRun) -> Result<(), JobFailure> {
        let payload: Payload = run.payload()?;
        let scope = Scope::of_tenant(run.job.tenant);
        let delivery = self.store.delivery(&scope, payload.delivery).await?;
        let gone = || JobFailure::GiveUp("The delivery is not kept any more.".into());
        let delivery = delivery.ok_or_else(gone)?;
        if delivery.state == DeliveryState::Delivered {
            return Ok(());
        }
        let Some(target) = self.target(&scope, &delivery.target).await? else {
            let state = DeliveryState::Suppressed;
            let why = Outcome::failed("The target is gone or not active.");
            return self.note(&scope, &delivery, run, state, &why.result).await;
        };
        let outcome = self.send(&scope, &delivery, &target).await?;
        let is_last = outcome.is_final || run.attempt >= run.job.attempts_max;
        let state = match outcome.succeeded {
            true => DeliveryState::Delivered,
            false if is_last => DeliveryState::Dead,
            false => DeliveryState::Failed,
        };
        self.note(&scope, &delivery, run, state, &outcome.result)
            .await?;
        let error = || outcome.result.error.unwrap_or_default();
        match state {
            DeliveryState::Delivered => Ok(()),
            DeliveryState::Dead if outcome.is_final => Err(JobFailure::GiveUp(error())),
            _ => Err(JobFailure::Retry(error())),
        }
    }

    /// The target as it is now: a changed address is used from the next try on.
    async fn target(&self, scope: &Scope, name: &str) -> Result<Option<Target>, StoreError> {
        let kind = resources::ResourceKind::NotificationTarget.as_str();
        let row = self.store.resource_by_name(scope, kind, name).await?;
        let target = row.and_then(Target::of_row);
        Ok(target.filter(|target| target.is_active() && !target.is_mail()))
    }

    async fn send(
        &self,
        scope: &Scope,
        delivery: &DeliveryRow,
        target: &Target,
    ) -> Result<Outcome, JobFailure> {
        let event = match delivery.event_id {
            Some(id) => self.store.event(scope, id).await?,
            None => None,
        };
        let Some(event) = event else {
            return Ok(Outcome {
                is_final: true,
                ..Outcome::failed("The event is not kept any more.")
            });
        };
        let message = Message::of_event(&event);
        send(
            (&self.store, &self.secrets, &self.client),
            scope,
            target,
            &delivery.message_id,
            &message,
        )
        .await
    }

    async fn note(
        &self,
        scope: &Scope,
        delivery: &DeliveryRow,
        run: &JobRun,
        state: DeliveryState,
        result: &DeliveryResult,
    ) -> Result<(), JobFailure> {
        let (id, now) = (delivery.id, clock::now());
        self.store
            .delivery_tried(scope, id, run.attempt, state, result, now)
            .await?;
        Ok(())
    }
}

/// Signs a message with the target's secret and sends it.
///
/// # Errors
/// [`JobFailure::Retry`] when the secret cannot be read.
pub(crate) async fn send(
    (store, secrets, client): (&Store, &SecretBox, &WebhookClient),
    scope: &Scope,
    target: &Target,
    message_id: &str,
    message: &Message,
) -> Result<Outcome, JobFailure> {
    let secret = signing_secret(store, secrets, scope, target).await?;
    let body = message
        .to_body()
        .map_err(|error| JobFailure::give_up(&error))?;
    let signature = Signature::new(message_id, clock::now(), &body, secret.as_ref());
    let request = WebhookRequest {
        url: target.spec.url.clone().unwrap_or_default(),
        body,
        signature,
        timeout: Duration::from_secs(target.spec.timeout_s.into()),
    };
    Ok(client.send(request).await)
}

async fn signing_secret(
    store: &Store,
    secrets: &SecretBox,
    scope: &Scope,
    target: &Target,
) -> Result<Option<SecretText>, JobFailure> {
    let Some(secret) = &target.spec.signing_secret else {
        return Ok(None);
    };
    let lost = || JobFailure::Retry("The signing secret is not there.".into());
    let id = secret.stored_id().ok_or_else(lost)?;
    let row = store.secret(scope, id).await?.ok_or_else(lost)?;
    let opened = secrets.unseal(&row);
    opened.map(Some).map_err(|error| JobFailure::retry(&error))
}

impl JobHandler for DeliverWebhook {
    fn kind(&self) -> &'static str {
        DELIVER_JOB
    }

    fn timeout(&self) -> Duration {
        RUN_TIMEOUT
    }

    fn run<'a>(&'a self, run: &'a JobRun) -> JobFuture<'a> {
        Box::pin(self.deliver(run))
    }
}
