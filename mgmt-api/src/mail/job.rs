//! The job that sends a mail of the outbox.

use super::MailSender;
use crate::clock;
use crate::jobs::{JobFailure, JobFuture, JobHandler, JobRun};
use crate::secrets::{SecretBox, SecretText};
use serde::Deserialize;
use store::{MAIL_JOB, Scope, Store};

/// Sends the mail that a job names, once: a mail that was sent is left alone.
pub struct SendMail {
    store: Store,
    secrets: SecretBox,
    sender: MailSender,
}

#[derive(Deserialize)]
struct Payload {
    mail: String,
}

impl SendMail {
    /// A handler that sends by `sender`.
    pub fn new(store: Store, secrets: SecretBox, sender: MailSender) -> Self {
        Self {
            store,
            secrets,
            sender,
        }
    }

    async fn send(&self, run: &JobRun) -> Result<(), JobFailure> {
        let payload: Payload = run.payload()?;
        let scope = Scope::of_tenant(run.job.tenant);
        let mail = self.store.mail(&scope, &payload.mail).await?;
        let mail = mail.ok_or_else(|| JobFailure::GiveUp("The mail is gone.".into()))?;
        let Some(secret_id) = &mail.secret_id else {
            return Ok(());
        };
        let text = self.opened(&scope, secret_id).await?;
        let file = match &mail.attachment_secret_id {
            Some(secret_id) => Some(self.opened(&scope, secret_id).await?),
            None => None,
        };
        let sent = self.sender.send(&mail, &text, file.as_ref()).await;
        sent.map_err(|error| {
            if error.is_permanent() {
                JobFailure::give_up(&error)
            } else {
                JobFailure::retry(&error)
            }
        })?;
        Ok(self.store.mail_sent(&mail, clock::now()).await?)
    }

    async fn opened(&self, scope: &Scope, secret_id: &str) -> Result<SecretText, JobFailure> {
        let sealed = self.store.secret(scope, secret_id).await?;
        let sealed = sealed.ok_or_else(|| JobFailure::GiveUp("The mail's text is gone.".into()))?;
        let opened = self.secrets.unseal(&sealed);
        opened.map_err(|error| JobFailure::retry(&error))
    }
}

impl JobHandler for SendMail {
    fn kind(&self) -> &'static str {
        MAIL_JOB
    }

    fn run<'a>(&'a self, run: &'a JobRun) -> JobFuture<'a> {
        Box::pin(self.send(run))
    }
}
