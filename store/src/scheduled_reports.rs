//! Which scheduled reports were sent: a node that looks later, or again after a crash, sends none twice.

use crate::database::sql;
use crate::outbox::{self, NewMail};
use crate::{Store, StoreError};
use rating::Timestamp;
use std::collections::HashMap;

impl Store {
    /// The day behind the last period that was sent, `2026-12-31`, by number of the scheduled report.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn scheduled_reports_sent(&self) -> Result<HashMap<i64, String>, StoreError> {
        let rows = sql("SELECT resource_id, sent_until FROM scheduled_report")
            .fetch_all(self.reader())
            .await?;
        let sent = rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?)));
        sent.collect()
    }

    /// Queues the mails of a period that ends before the day `until`, and notes that it was sent, in
    /// one transaction. `false`: it, or a later one, was sent already, and no mail is queued.
    ///
    /// # Errors
    /// [`StoreError::SecretKeyRetired`] when a text has to be sealed anew, or [`StoreError::Query`].
    pub async fn queue_scheduled_report(
        &self,
        resource_id: i64,
        until: &str,
        mails: &[NewMail],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let moved = sql(
            "INSERT INTO scheduled_report (resource_id, sent_until, sent_at) \
             VALUES ($1, $2, $3) ON CONFLICT (resource_id) DO UPDATE SET \
             sent_until = excluded.sent_until, sent_at = excluded.sent_at \
             WHERE scheduled_report.sent_until < excluded.sent_until",
        )
        .bind(resource_id)
        .bind(until)
        .bind(now)
        .execute(&mut transaction)
        .await?;
        if moved == 0 {
            return Ok(false);
        }
        for mail in mails {
            outbox::queue(&mut transaction, mail, now).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use crate::outbox::testing::new_mail;
    use crate::{Scope, Store, TenantId, testing};
    use rating::Timestamp;

    async fn queue(store: &Store, until: &str, mail: &str) -> bool {
        let mails = [new_mail(mail)];
        let queued = store.queue_scheduled_report(7, until, &mails, Timestamp(5));
        queued.await.unwrap()
    }

    #[tokio::test]
    async fn a_period_is_sent_once_and_none_before_it_afterwards() {
        testing::databases(async |database| {
            let store = database.open().await;
            store.add_secret_key("k", Timestamp(1)).await.unwrap();
            let resource = "INSERT INTO resource (id, owner, kind, name, version, spec, assignment, \
                 note, created_at, created_by, updated_at, updated_by, index_generation) VALUES (7, 1, \
                 'scheduled_report', 'x', 1, '{}', '{}', '', 1, 'a', 1, 'a', 0)";
            testing::execute(&store, resource).await;
            assert_eq!(store.scheduled_reports_sent().await.unwrap().len(), 0);
            assert!(queue(&store, "2026-03-02", "a").await);
            assert!(!queue(&store, "2026-03-02", "b").await);
            assert!(!queue(&store, "2026-02-28", "c").await);
            assert!(queue(&store, "2026-03-03", "d").await);
            let sent = store.scheduled_reports_sent().await.unwrap();
            assert_eq!(sent[&7], "2026-03-03");
            let scope = Scope::of_tenant(TenantId::new(1));
            let mails = store.mails(&scope, None, 9).await.unwrap();
            let ids: Vec<_> = mails.iter().map(|mail| mail.id.as_str()).collect();
            assert_eq!(ids, ["d", "a"]);
        })
        .await;
    }
}
