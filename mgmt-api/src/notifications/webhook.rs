//! Notifications by request: who may be asked, how, and the job that does it.

mod client;
mod job;

pub use client::{WebhookClient, WebhookSettings};
pub use job::DeliverWebhook;
pub(crate) use job::send;
