//! The outbox: mail that is queued with the change it tells of, so that none is sent for a change
//! that never happened, and none is lost for one that did.

use crate::database::{Row, Transaction, sql};
use crate::jobs::{self, NewJob};
use crate::secrets::{self, SealedSecret};
use crate::{Scope, Store, StoreError, TenantId};
use rating::Timestamp;

/// Kind of the job that sends a mail.
pub const MAIL_JOB: &str = "mail.send";

/// How often it is tried to send a mail: with the usual backoff, for two days.
const ATTEMPTS_MAX: u32 = 20;

/// A mail to be sent. `mgmt-api`'s `mail::compose` makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMail {
    /// Its identifier, drawn at random.
    pub id: String,
    /// On whose behalf it is sent.
    pub tenant: TenantId,
    /// What it is about, such as `email_verification`.
    pub purpose: &'static str,
    /// One address.
    pub recipient: String,
    /// Its subject; must hold no secret.
    pub subject: String,
    /// Its text, sealed.
    pub text: SealedSecret,
    /// A file that goes with it.
    pub attachment: Option<NewAttachment>,
}

/// A file of comma-separated values that goes with a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAttachment {
    /// Its name, such as `traffic.csv`.
    pub name: &'static str,
    /// Its text, sealed.
    pub text: SealedSecret,
}

/// A mail as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailRow {
    /// Its identifier.
    pub id: String,
    /// On whose behalf it is sent.
    pub tenant: TenantId,
    /// What it is about.
    pub purpose: String,
    /// To whom.
    pub recipient: String,
    /// Its subject.
    pub subject: String,
    /// The secret that is its text; `None` once it is sent.
    pub secret_id: Option<String>,
    /// Name of the file that goes with it.
    pub attachment_name: Option<String>,
    /// The secret that is the file's text; `None` once it is sent.
    pub attachment_secret_id: Option<String>,
    /// The job that sends it.
    pub job_id: Option<i64>,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
}

/// Queues a mail in the caller's transaction.
///
/// # Errors
/// [`StoreError::SecretKeyRetired`] when the text has to be sealed anew, or [`StoreError::Query`].
pub(crate) async fn queue(
    transaction: &mut Transaction,
    mail: &NewMail,
    now: Timestamp,
) -> Result<(), StoreError> {
    secrets::put(transaction, &mail.text, now).await?;
    if let Some(attachment) = &mail.attachment {
        secrets::put(transaction, &attachment.text, now).await?;
    }
    let attachment = mail.attachment.as_ref();
    let payload = serde_json::json!({ "mail": mail.id });
    let job = NewJob {
        attempts_max: ATTEMPTS_MAX,
        priority: 50,
        ..NewJob::new(mail.tenant, MAIL_JOB, payload, now).unique(&mail.id)
    };
    let job_id = jobs::enqueue(transaction, &job, now).await?;
    sql("INSERT INTO mail (id, tenant_id, purpose, recipient, subject, secret_id, job_id, state, created_at, \
         attachment_name, attachment_secret_id) VALUES ($1, $2, $3, $4, $5, $6, $7, 'queued', $8, $9, $10)")
    .bind(&mail.id)
    .bind(mail.tenant.get())
    .bind(mail.purpose)
    .bind(&mail.recipient)
    .bind(&mail.subject)
    .bind(&mail.text.id)
    .bind(job_id)
    .bind(now)
    .bind(attachment.map(|attachment| attachment.name))
    .bind(attachment.map(|attachment| attachment.text.id.as_str()))
    .execute(transaction)
    .await?;
    Ok(())
}

const COLUMNS: &str = "SELECT id, tenant_id, purpose, recipient, subject, secret_id, job_id, \
     created_at, sent_at, attachment_name, attachment_secret_id FROM mail ";

impl Store {
    /// Queues a mail that belongs to no other change.
    ///
    /// # Errors
    /// [`StoreError::SecretKeyRetired`] when the text has to be sealed anew, or
    /// [`StoreError::Query`].
    pub async fn queue_mail(&self, mail: &NewMail, now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        queue(&mut transaction, mail, now).await?;
        transaction.commit().await
    }

    /// A mail of the tenant.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn mail(&self, scope: &Scope, id: &str) -> Result<Option<MailRow>, StoreError> {
        let mut query = sql(COLUMNS);
        query.push("WHERE id = ").push_bind(id);
        query
            .push(" AND tenant_id = ")
            .push_bind(scope.tenant().get());
        let row = query.fetch_optional(self.reader()).await?;
        row.as_ref().map(mail).transpose()
    }

    /// The tenant's mails, newest first, older than the one of a time and identifier.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn mails(
        &self,
        scope: &Scope,
        before: Option<(Timestamp, &str)>,
        limit: u32,
    ) -> Result<Vec<MailRow>, StoreError> {
        let mut list = sql(COLUMNS);
        list.push("WHERE tenant_id = ")
            .push_bind(scope.tenant().get());
        if let Some((at, id)) = before {
            list.push(" AND (created_at, id) < (")
                .push_bind(at)
                .push(", ")
                .push_bind(id)
                .push(")");
        }
        list.push(" ORDER BY created_at DESC, id DESC LIMIT ")
            .push_bind(limit);
        let rows = list.fetch_all(self.reader()).await?;
        rows.iter().map(mail).collect()
    }

    /// Notes that a mail was sent, and forgets its text.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn mail_sent(&self, mail: &MailRow, now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        sql(
            "UPDATE mail SET state = 'sent', sent_at = $1, secret_id = NULL, \
             attachment_secret_id = NULL WHERE id = $2",
        )
        .bind(now)
        .bind(&mail.id)
        .execute(&mut transaction)
        .await?;
        for secret_id in mail.secret_id.iter().chain(&mail.attachment_secret_id) {
            secrets::delete(&mut transaction, mail.tenant, secret_id).await?;
        }
        transaction.commit().await
    }

    /// Forgets mails sent before one time, and those made before another that no job will send any
    /// more, with their texts. At most `limit` at once; gives how many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn prune_mail(
        &self,
        sent_before: Timestamp,
        unsent_before: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let mut transaction = self.write().await?;
        let gone = sql("DELETE FROM mail WHERE id IN (SELECT id FROM mail \
             WHERE (state = 'sent' AND sent_at < $1) OR (state <> 'sent' AND created_at < $2 \
             AND NOT EXISTS (SELECT 1 FROM job WHERE job.id = mail.job_id)) LIMIT $3) \
             RETURNING tenant_id, secret_id, attachment_secret_id")
        .bind(sent_before)
        .bind(unsent_before)
        .bind(limit)
        .fetch_all(&mut transaction)
        .await?;
        for row in &gone {
            let tenant = TenantId::new(row.get(0)?);
            let texts: [Option<String>; 2] = [row.get(1)?, row.get(2)?];
            for secret_id in texts.iter().flatten() {
                secrets::delete(&mut transaction, tenant, secret_id).await?;
            }
        }
        transaction.commit().await?;
        Ok(gone.len() as u64)
    }
}

fn mail(row: &Row) -> Result<MailRow, StoreError> {
    let sent_at: Option<i64> = row.get(8)?;
    Ok(MailRow {
        id: row.get(0)?,
        tenant: TenantId::new(row.get(1)?),
        purpose: row.get(2)?,
        recipient: row.get(3)?,
        subject: row.get(4)?,
        secret_id: row.get(5)?,
        job_id: row.get(6)?,
        created_at: Timestamp(row.get(7)?),
        sent_at: sent_at.map(Timestamp),
        attachment_name: row.get(9)?,
        attachment_secret_id: row.get(10)?,
    })
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// A mail with a file.
    pub(crate) fn new_mail(id: &str) -> NewMail {
        let text = |of: &str| SealedSecret {
            id: format!("{of} of {id}"),
            owner: TenantId::new(1),
            key_id: "k".into(),
            wrapped_key: "00".into(),
            ciphertext: "00".into(),
        };
        NewMail {
            id: id.into(),
            tenant: TenantId::new(1),
            purpose: "email_verification",
            recipient: "ann@example.com".into(),
            subject: "Confirm your address".into(),
            text: text("text"),
            attachment: Some(NewAttachment {
                name: "file.csv",
                text: text("file"),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::testing::new_mail;
    use super::*;
    use crate::testing;

    #[tokio::test]
    async fn a_mail_of_a_change_that_never_happened_is_not_queued() {
        testing::databases(async |database| {
            let store = database.open().await;
            store.add_secret_key("k", Timestamp(1)).await.unwrap();
            let mut transaction = store.write().await.unwrap();
            queue(&mut transaction, &new_mail("a"), Timestamp(1))
                .await
                .unwrap();
            drop(transaction);
            let scope = Scope::of_tenant(TenantId::new(1));
            assert_eq!(store.mail(&scope, "a").await.unwrap(), None);
            let claimed = store
                .claim_jobs("n/1", 9, Timestamp(9), Timestamp(99))
                .await
                .unwrap();
            assert_eq!(claimed, []);
        })
        .await;
    }

    #[tokio::test]
    async fn a_mail_that_was_sent_keeps_no_text() {
        testing::databases(async |database| {
            let store = database.open().await;
            store.add_secret_key("k", Timestamp(1)).await.unwrap();
            store
                .queue_mail(&new_mail("a"), Timestamp(1))
                .await
                .unwrap();
            store
                .queue_mail(&new_mail("b"), Timestamp(2))
                .await
                .unwrap();
            let scope = Scope::of_tenant(TenantId::new(1));
            let claimed = store
                .claim_jobs("n/1", 1, Timestamp(9), Timestamp(99))
                .await
                .unwrap();
            assert_eq!(claimed[0].job.payload["mail"], "a");
            let row = store.mail(&scope, "a").await.unwrap().unwrap();
            assert_eq!(row.job_id, Some(claimed[0].job.id));
            store.mail_sent(&row, Timestamp(3)).await.unwrap();
            assert_eq!(store.secret(&scope, "text of a").await.unwrap(), None);
            assert_eq!(store.secret(&scope, "file of a").await.unwrap(), None);
            let page = store.mails(&scope, None, 1).await.unwrap();
            assert_eq!(page[0].id, "b");
            let rest = store
                .mails(&scope, Some((page[0].created_at, "b")), 9)
                .await
                .unwrap();
            assert_eq!((rest.len(), rest[0].sent_at), (1, Some(Timestamp(3))));
            let others = Scope::of_tenant(TenantId::new(2));
            assert_eq!(store.mails(&others, None, 9).await.unwrap(), []);
            let prune = async |unsent_before| {
                let pruned = store.prune_mail(Timestamp(4), Timestamp(unsent_before), 9);
                pruned.await.unwrap()
            };
            assert_eq!(prune(9).await, 1);
            // The other waits for its job, and goes when the job has gone.
            assert_eq!(store.mails(&scope, None, 9).await.unwrap().len(), 1);
            crate::testing::execute(&store, "DELETE FROM job_attempt").await;
            crate::testing::execute(&store, "DELETE FROM job").await;
            assert_eq!(prune(2).await, 0);
            assert_eq!(prune(9).await, 1);
            assert_eq!(store.secret(&scope, "text of b").await.unwrap(), None);
            assert_eq!(store.secret(&scope, "file of b").await.unwrap(), None);
        })
        .await;
    }
}
