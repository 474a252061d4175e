//! Telling others what happened: by a signed request to a web server, or by mail.
//!
//! ```text
//! event ─► Dispatcher (one node at a time, position and deliveries in one transaction)
//!            ├─ webhook: a delivery and its job ─► DeliverWebhook ─► the receiver
//!            └─ e-mail: one mail of all events of a batch ─► the mail outbox
//! ```
//!
//! Who is told stands in resources of the kind `notification_target`. A delivery is tried again
//! with a growing delay until the target's number of attempts is used up; then its job is dead and
//! can be retried by hand. A receiver may get a message twice, and later messages before earlier
//! ones: it tells by `webhook-id` and `timestamp`.

mod dispatch;
mod guard;
mod message;
mod target;
mod webhook;

pub use dispatch::Dispatcher;
pub(crate) use message::{Message, Signature, message_id};
pub(crate) use target::{TEST_KIND, Target, compose_mails};
pub(crate) use webhook::send;
pub use webhook::{DeliverWebhook, WebhookClient, WebhookSettings};
