//! The number of the configuration in force, which nodes watch.

use crate::database::sql;
use crate::{Store, StoreError};
use std::time::Duration;
use tokio::sync::watch;

impl Store {
    /// Number of the configuration in force; 0 when nothing was ever configured. Costs one look
    /// into an index.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn configuration_number(&self) -> Result<u64, StoreError> {
        let statement = "SELECT COALESCE(MAX(number), 0) FROM configuration";
        let number: i64 = sql(statement).fetch_value(self.reader()).await?;
        Ok(number.unsigned_abs())
    }

    /// Who made a configuration; `None` when there is none of that number.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn configuration_author(&self, number: u64) -> Result<Option<String>, StoreError> {
        let query = sql("SELECT author FROM configuration WHERE number = $1");
        query
            .bind(number.cast_signed())
            .fetch_optional_value(self.reader())
            .await
    }

    /// The number of the configuration in force, looked up again and again: tells a node what
    /// another has pushed. Begins with `known`, ends with its last receiver, and goes on when the
    /// database is away for a while. For a tokio runtime.
    pub fn watch_configuration(&self, known: u64, every: Duration) -> watch::Receiver<u64> {
        let (sender, receiver) = watch::channel(known);
        let store = self.clone();
        tokio::spawn(async move {
            while !sender.is_closed() {
                match store.configuration_number().await {
                    Ok(number) => {
                        sender.send_if_modified(|known| std::mem::replace(known, number) != number);
                    }
                    Err(error) => tracing::debug!(%error, "the configuration's number is unknown"),
                }
                tokio::select! {
                    () = sender.closed() => {}
                    () = tokio::time::sleep(every) => {}
                }
            }
        });
        receiver
    }
}
