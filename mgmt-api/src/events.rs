//! What happened, as others are told of it: the names of events and what each says.
//!
//! An event is a row that the transaction of its change leaves (`store::NewEvent`). From the table
//! it goes three ways: the list, the stream of server-sent events ([`EventFeed`] wakes the streams),
//! and the notification targets. The name has two words, an area and what happened in it, so that
//! `customer.*` means all of an area.
//!
//! | event | when |
//! |---|---|
//! | `KIND.created`, `KIND.updated`, `KIND.deleted` | a resource of that kind changed |
//! | `change_set.pushed` | a configuration is in force |
//! | `payment.received`, `payment.sent`, `payment.refunded` | a payment or refund was posted |
//! | `balance.adjusted` | a credit or debit note was posted |
//! | `balance.low` | what a customer has left to spend fell below one of its thresholds |
//! | `exchange_rate.moved` | a rate of a source has moved too far and waits until somebody confirms it |
//! | `exchange_rate.stale`, `exchange_rate.fresh` | the rates of a source are older than they may be, and are not any more |
//! | `rerating.applied` | the corrections of a re-rating are posted |
//! | `netting.drafted`, `netting.failed` | a period of a netting is over and its statement waits to be confirmed, or cannot be made |
//! | `netting.confirmed`, `netting.paid` | what both owe is off both balances, and the difference is paid |
//! | `netting.due`, `netting.overdue` | the day on which a difference is to be paid has begun, or is over |
//! | `ledger.differs` | the nightly check found that the books are not the sum of the records |
//! | `cdr.days_run_out` | on PostgreSQL call records of few days more can have a partition of their own; told each night |
//! | `report.differs` | the nightly check found that the sums of reports are not those of the records |
//! | `report.not_mailed` | a scheduled report could not be made, and is tried again in a quarter of an hour |
//! | `journal.unavailable`, `journal.available` | call records cannot be written, and can again |
//! | `journal.not_loaded`, `journal.loaded` | call records do not reach the database, and do again |
//! | `clickhouse.behind`, `clickhouse.caught_up` | call records have waited for ClickHouse for a quarter of an hour, and do not any more |
//! | `change_set.failed` | the push of a change set did not succeed |
//! | `rate_card.deck_held_up` | later rates of an imported deck do not follow by themselves |
//! | `user.signed_in`, `user.sign_in_failed` | somebody signed in, or gave a known user's wrong password |
//! | `job.died` | a job failed for good (`store` writes this one and the next two) |
//! | `mail.failed` | a mail could not be sent; no mail is sent of this |
//! | `notification.failed` | a notification could not be delivered; nobody is told but the list |

mod feed;
mod visible;

pub(crate) use feed::{EventFeed, StreamPlace};
pub(crate) use visible::{as_seen, visible_areas};

use crate::clock;
use crate::resource_engine::ResourceChanged;
use crate::routes::apply::ChangeAction;
use serde_json::{Value, json};
use std::net::IpAddr;
use store::{NewEvent, Store, TenantId};

/// A configuration is in force.
pub(crate) const PUSHED: &str = "change_set.pushed";

/// Names of changed resources that the event of a push holds; it says how many there are.
const CHANGES_LISTED_MAX: usize = 50;

/// A push: whose, by whom, of what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PushFacts<'a> {
    pub(crate) tenant: TenantId,
    pub(crate) author: &'a str,
    /// Number of the configuration.
    pub(crate) number: u64,
    pub(crate) change_set: Option<i64>,
}

impl PushFacts<'_> {
    /// The events of a push: one of each resource that changed, and one of the whole.
    pub(crate) fn events(&self, changes: &[ResourceChanged]) -> Vec<NewEvent> {
        let of_resources = changes.iter().filter_map(|change| self.changed(change));
        let mut events: Vec<_> = of_resources.collect();
        events.push(self.pushed(changes));
        events
    }

    fn changed(&self, change: &ResourceChanged) -> Option<NewEvent> {
        let verb = match change.action {
            ChangeAction::Created => "created",
            ChangeAction::Updated => "updated",
            ChangeAction::Deleted => "deleted",
            ChangeAction::Unchanged => return None,
        };
        let mut data = json!({
            "kind": change.kind.as_str(),
            "name": &*change.name,
            "action": verb,
            "configuration": self.number,
            "change_set": self.change_set,
        });
        if let Some(previous) = &change.previous_name {
            data["previous_name"] = (**previous).into();
        }
        Some(self.event(format!("{}.{verb}", change.kind), subject(change), data))
    }

    fn pushed(&self, changes: &[ResourceChanged]) -> NewEvent {
        let named = changes.iter().take(CHANGES_LISTED_MAX);
        let named: Vec<_> = named.map(subject).collect();
        let data = json!({
            "configuration": self.number,
            "change_set": self.change_set,
            "changed": changes.len(),
            "resources": named,
        });
        self.event(PUSHED.into(), self.subject(), data)
    }

    fn subject(&self) -> String {
        match self.change_set {
            Some(id) => format!("change_set/{id}"),
            None => format!("configuration/{}", self.number),
        }
    }

    fn event(&self, kind: String, subject: String, data: Value) -> NewEvent {
        NewEvent {
            tenant: self.tenant,
            kind,
            subject,
            actor: self.author.to_owned(),
            data,
        }
    }
}

fn subject(change: &ResourceChanged) -> String {
    format!("{}/{}", change.kind, change.name)
}

fn signed_in(tenant: TenantId, user: &str, address: Option<IpAddr>, succeeded: bool) -> NewEvent {
    let what = if succeeded {
        "signed_in"
    } else {
        "sign_in_failed"
    };
    NewEvent {
        tenant,
        kind: format!("user.{what}"),
        subject: format!("user/{user}"),
        actor: user.to_owned(),
        data: json!({ "address": address.map(|address| address.to_string()) }),
    }
}

/// Notes that somebody signed in, or could not. That it cannot be noted keeps nobody out.
pub(crate) async fn note_sign_in(
    store: &Store,
    tenant: TenantId,
    user: &str,
    address: Option<IpAddr>,
    succeeded: bool,
) {
    let event = signed_in(tenant, user, address, succeeded);
    if let Err(error) = store.append_events(&[event], clock::now()).await {
        tracing::warn!(%error, "a sign-in cannot be noted as an event");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use resources::ResourceKind;

    fn changed(name: &str, action: ChangeAction) -> ResourceChanged {
        ResourceChanged {
            kind: ResourceKind::Carrier,
            name: name.into(),
            previous_name: None,
            action,
        }
    }

    const FACTS: PushFacts<'_> = PushFacts {
        tenant: TenantId::PLATFORM,
        author: "ann",
        number: 7,
        change_set: None,
    };

    #[test]
    fn a_push_tells_of_each_resource_and_of_the_whole() {
        let changes = [
            changed("a", ChangeAction::Created),
            changed("b", ChangeAction::Deleted),
        ];
        let events = FACTS.events(&changes);
        let told: Vec<_> = events
            .iter()
            .map(|event| (event.kind.as_str(), event.subject.as_str()))
            .collect();
        let expected = [
            ("carrier.created", "carrier/a"),
            ("carrier.deleted", "carrier/b"),
            ("change_set.pushed", "configuration/7"),
        ];
        assert_eq!(told, expected);
        let resources = &events[2].data["resources"];
        assert_eq!(resources, &json!(["carrier/a", "carrier/b"]));
    }

    #[test]
    fn the_event_of_the_largest_push_fits() {
        let name = "\u{1f4de}".repeat(64);
        let changes = vec![changed(&name, ChangeAction::Updated); 5_000];
        let events = FACTS.events(&changes);
        let data = events.last().map(|event| event.data.to_string());
        let length = data.map_or(0, |data| data.len());
        assert!(length < store::EVENT_DATA_BYTES_MAX, "{length}");
    }
}
