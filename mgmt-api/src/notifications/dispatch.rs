//! From events to deliveries.

use super::message_id;
use super::target::{Target, compose_mails, words};
use crate::clock;
use crate::containment::{Part, contain};
use crate::jobs::JobBell;
use crate::mail::ComposeError;
use crate::outage::Outage;
use crate::secrets::SecretBox;
use rating::Timestamp;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;
use store::{
    DeliveryResult, DeliveryState, EventRow, NewDelivery, NewMail, ResourceQuery, Scope, Store,
    StoreError, TenantId,
};

/// Events that are dispatched in one transaction.
const BATCH: u32 = 200;

/// Targets of a tenant that are told; what is beyond is logged.
const TARGETS_MAX: u32 = 500;

/// How often it looks for new events.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// After a failure, the pause before the next try.
const FAILURE_PAUSE: Duration = Duration::from_secs(5);

/// Mails that a target gets in an hour. More than that nobody reads.
const MAILS_PER_HOUR_MAX: u64 = 30;

const HOUR_MICROS: i64 = 3_600_000_000;

/// Makes deliveries of events.
pub struct Dispatcher {
    store: Store,
    secrets: SecretBox,
    bell: JobBell,
}

/// Why a batch was not dispatched; nothing of it is lost.
#[derive(Debug, thiserror::Error)]
enum DispatchError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Compose(#[from] ComposeError),
    #[error("the operating system gives no random bytes")]
    Random(#[from] getrandom::Error),
}

/// What a batch makes.
#[derive(Default)]
struct Batch {
    deliveries: Vec<NewDelivery>,
    mails: Vec<NewMail>,
}

impl Dispatcher {
    /// A dispatcher that rings `bell` when it has put jobs into the queue.
    pub fn new(store: Store, secrets: SecretBox, bell: JobBell) -> Self {
        Self {
            store,
            secrets,
            bell,
        }
    }

    /// Dispatches until `stop` is ready.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        let mut outage = Outage::new("events cannot be dispatched");
        loop {
            let dispatched = contain(Part::Task, self.dispatch_some()).await;
            if let Ok(dispatched) = &dispatched {
                outage.note(dispatched);
            }
            let pause = match dispatched {
                Ok(Ok(true)) => Duration::ZERO,
                Ok(Ok(false)) => LOOK_INTERVAL,
                Ok(Err(_)) | Err(_) => FAILURE_PAUSE,
            };
            tokio::select! {
                () = &mut stop => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Dispatches a batch; gives whether there was any.
    async fn dispatch_some(&self) -> Result<bool, DispatchError> {
        let (position, events) = self.store.undispatched(BATCH).await?;
        let Some(last) = events.last().map(|event| event.id) else {
            return Ok(false);
        };
        let now = clock::now();
        let mut batch = Batch::default();
        for (tenant, events) in by_tenant(&events) {
            for target in self.targets(tenant).await? {
                let events: Vec<_> = events.iter().copied().filter(|e| target.wants(e)).collect();
                if events.is_empty() {
                    continue;
                }
                if target.is_mail() {
                    self.tell_by_mail(&target, &events, &mut batch, now).await?;
                } else {
                    tell_by_webhook(&target, &events, &mut batch)?;
                }
            }
        }
        let Batch { deliveries, mails } = batch;
        let span = (position, last);
        let moved = self.store.dispatch(span, &deliveries, &mails, now).await?;
        if moved && !deliveries.is_empty() {
            self.bell.ring();
        }
        Ok(true)
    }

    async fn targets(&self, tenant: TenantId) -> Result<Vec<Target>, DispatchError> {
        let query = ResourceQuery {
            kind: resources::ResourceKind::NotificationTarget.as_str().into(),
            limit: TARGETS_MAX,
            ..ResourceQuery::default()
        };
        let scope = Scope::of_tenant(tenant);
        let page = self.store.list_resources(&scope, &query).await?;
        if page.next.is_some() {
            tracing::warn!(%tenant, TARGETS_MAX, "some notification targets are not told");
        }
        Ok(page.rows.into_iter().filter_map(Target::of_row).collect())
    }

    /// All events in one mail to each recipient; none when the target had its fill.
    async fn tell_by_mail(
        &self,
        target: &Target,
        events: &[&EventRow],
        batch: &mut Batch,
        now: Timestamp,
    ) -> Result<(), DispatchError> {
        let scope = Scope::of_tenant(target.owner);
        let since = Timestamp(now.0 - HOUR_MICROS);
        let sent = self
            .store
            .mails_to_target(&scope, &target.name, since)
            .await?;
        let is_full = sent >= MAILS_PER_HOUR_MAX;
        let (state, error) = if is_full {
            let error = format!("More than {MAILS_PER_HOUR_MAX} mails in an hour.");
            (DeliveryState::Suppressed, Some(error))
        } else {
            let (subject, text) = words(target, events);
            match compose_mails(&self.secrets, target, &subject, &text) {
                Ok(mails) => {
                    batch.mails.extend(mails);
                    (DeliveryState::Delivered, None)
                }
                // What is wrong with one target must not keep events from all others.
                Err(error @ (ComposeError::Recipient(_) | ComposeError::Subject)) => {
                    (DeliveryState::Dead, Some(error.to_string()))
                }
                Err(error @ ComposeError::Seal(_)) => return Err(error.into()),
            }
        };
        for event in events {
            batch.deliveries.push(NewDelivery {
                result: DeliveryResult {
                    error: error.clone(),
                    ..DeliveryResult::default()
                },
                ..delivery(target, event, state)?
            });
        }
        Ok(())
    }
}

fn tell_by_webhook(
    target: &Target,
    events: &[&EventRow],
    batch: &mut Batch,
) -> Result<(), DispatchError> {
    for event in events {
        batch.deliveries.push(NewDelivery {
            attempts_max: Some(target.spec.attempts_max.into()),
            ..delivery(target, event, DeliveryState::Pending)?
        });
    }
    Ok(())
}

fn delivery(
    target: &Target,
    event: &EventRow,
    state: DeliveryState,
) -> Result<NewDelivery, DispatchError> {
    Ok(NewDelivery {
        tenant: target.owner,
        target: target.name.clone(),
        channel: target.channel(),
        message_id: message_id()?,
        event_id: Some(event.id),
        event_kind: event.kind.clone(),
        state,
        attempts_max: None,
        result: DeliveryResult::default(),
    })
}

fn by_tenant(events: &[EventRow]) -> BTreeMap<TenantId, Vec<&EventRow>> {
    let mut tenants: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for event in events {
        tenants.entry(event.tenant).or_default().push(event);
    }
    tenants
}
