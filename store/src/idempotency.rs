//! Requests that may come twice and are done once.
//!
//! A request takes its place before it is done; the place says that it is under way until its
//! answer is kept. What a crash cuts off stays under way: nobody knows whether it was done, so
//! it is not done again.

use crate::database::{Row, sql};
use crate::{Store, StoreError};
use rating::Timestamp;

/// Requests of one principal that are remembered at the same time, at most.
pub const IDEMPOTENT_REQUESTS_MAX: u32 = 10_000;

/// Rows that are forgotten by one statement.
const FORGET_CHUNK: u32 = 1_000;

/// What came of a request that wants to be done once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It is the first: do it, then keep its answer or give the place back.
    First,
    /// It came before and is under way, or a crash cut it off.
    UnderWay,
    /// Another request came with this key.
    Other,
    /// It came before and was done.
    Done(KeptAnswer),
    /// The principal has [`IDEMPOTENT_REQUESTS_MAX`] requests that are remembered.
    Full,
}

/// The answer that a request got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Headers as JSON, and the body; `None`: they were not kept.
    pub content: Option<(String, Vec<u8>)>,
}

impl Store {
    /// Takes the place of a request. What is older than `since` is as if it had never come.
    ///
    /// # Errors
    /// [`StoreError::Query`], as for all that follow.
    pub async fn claim_request(
        &self,
        principal: &str,
        key: &str,
        digest: &str,
        now: Timestamp,
        since: Timestamp,
    ) -> Result<Claim, StoreError> {
        let mut transaction = self.write().await?;
        sql("DELETE FROM idempotent_request WHERE principal = $1 AND created_at < $2")
            .bind(principal)
            .bind(since)
            .execute(&mut transaction)
            .await?;
        let inserted = sql(
            "INSERT INTO idempotent_request (principal, key, digest, created_at) \
             VALUES ($1, $2, $3, $4) ON CONFLICT (principal, key) DO NOTHING",
        )
        .bind(principal)
        .bind(key)
        .bind(digest)
        .bind(now)
        .execute(&mut transaction)
        .await?;
        if inserted == 0 {
            let row = sql(
                "SELECT digest, status, headers, body FROM idempotent_request \
                 WHERE principal = $1 AND key = $2",
            )
            .bind(principal)
            .bind(key)
            .fetch_one(&mut transaction)
            .await?;
            return known(&row, digest);
        }
        let count: i64 = sql("SELECT COUNT(*) FROM idempotent_request WHERE principal = $1")
            .bind(principal)
            .fetch_value(&mut transaction)
            .await?;
        if count > i64::from(IDEMPOTENT_REQUESTS_MAX) {
            return Ok(Claim::Full);
        }
        transaction.commit().await?;
        Ok(Claim::First)
    }

    /// Keeps the answer of a request that is under way.
    pub async fn keep_answer(
        &self,
        principal: &str,
        key: &str,
        answer: &KeptAnswer,
    ) -> Result<(), StoreError> {
        let (headers, body) = match &answer.content {
            Some((headers, body)) => (Some(headers.clone()), Some(body.clone())),
            None => (None, None),
        };
        sql(
            "UPDATE idempotent_request SET status = $1, headers = $2, body = $3 \
             WHERE principal = $4 AND key = $5 AND status IS NULL",
        )
        .bind(u32::from(answer.status))
        .bind(headers)
        .bind(body)
        .bind(principal)
        .bind(key)
        .execute(self.writer())
        .await?;
        Ok(())
    }

    /// Gives back the place of a request that was not done.
    pub async fn release_request(&self, principal: &str, key: &str) -> Result<(), StoreError> {
        sql("DELETE FROM idempotent_request \
             WHERE principal = $1 AND key = $2 AND status IS NULL")
        .bind(principal)
        .bind(key)
        .execute(self.writer())
        .await?;
        Ok(())
    }

    /// Forgets requests that came before `since`, some at a time; gives how many.
    pub async fn forget_requests(&self, since: Timestamp) -> Result<u64, StoreError> {
        sql("DELETE FROM idempotent_request WHERE (principal, key) IN \
             (SELECT principal, key FROM idempotent_request WHERE created_at < $1 \
              ORDER BY created_at LIMIT $2)")
        .bind(since)
        .bind(FORGET_CHUNK)
        .execute(self.writer())
        .await
    }
}

fn known(row: &Row, digest: &str) -> Result<Claim, StoreError> {
    let (of, status): (String, Option<i64>) = (row.get(0)?, row.get(1)?);
    if of != digest {
        return Ok(Claim::Other);
    }
    if status.is_none() {
        return Ok(Claim::UnderWay);
    }
    let (headers, body): (Option<String>, Option<Vec<u8>>) = (row.get(2)?, row.get(3)?);
    Ok(Claim::Done(KeptAnswer {
        status: row.unsigned(1)?,
        content: headers.zip(body),
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use crate::testing::databases;

    async fn claim(store: &Store, principal: &str, key: &str, digest: &str) -> Claim {
        let claimed = store.claim_request(principal, key, digest, Timestamp(100), Timestamp(50));
        claimed.await.unwrap()
    }

    #[tokio::test]
    async fn a_request_is_done_once_and_gives_its_answer_again() {
        databases(async |database| {
            let store = database.open().await;
            assert_eq!(claim(&store, "ann", "k", "d").await, Claim::First);
            assert_eq!(claim(&store, "ann", "k", "d").await, Claim::UnderWay);
            assert_eq!(claim(&store, "ann", "k", "other").await, Claim::Other);
            assert_eq!(claim(&store, "bob", "k", "other").await, Claim::First);
            let answer = KeptAnswer {
                status: 201,
                content: Some(("{}".into(), b"body".to_vec())),
            };
            store.keep_answer("ann", "k", &answer).await.unwrap();
            let again = claim(&store, "ann", "k", "d").await;
            assert_eq!(again, Claim::Done(answer));
            assert_eq!(claim(&store, "ann", "k", "other").await, Claim::Other);
        })
        .await;
    }

    #[tokio::test]
    async fn what_was_not_done_may_come_again_and_what_is_old_too() {
        databases(async |database| {
            let store = database.open().await;
            assert_eq!(claim(&store, "ann", "k", "d").await, Claim::First);
            store.release_request("ann", "k").await.unwrap();
            assert_eq!(claim(&store, "ann", "k", "new").await, Claim::First);
            let answer = KeptAnswer {
                status: 200,
                content: None,
            };
            store.keep_answer("ann", "k", &answer).await.unwrap();
            store.release_request("ann", "k").await.unwrap();
            let kept = claim(&store, "ann", "k", "new").await;
            assert_eq!(kept, Claim::Done(answer), "what is done is not given back");
            let later = store.claim_request("ann", "k", "x", Timestamp(200), Timestamp(101));
            assert_eq!(later.await.unwrap(), Claim::First);
            assert_eq!(store.forget_requests(Timestamp(200)).await.unwrap(), 0);
            assert_eq!(store.forget_requests(Timestamp(201)).await.unwrap(), 1);
        })
        .await;
    }

    #[tokio::test]
    async fn of_those_who_come_at_once_one_is_the_first() {
        databases(async |database| {
            let store = database.open().await;
            let claims = (0..8).map(|_| {
                let store = store.clone();
                tokio::spawn(async move { claim(&store, "ann", "k", "d").await })
            });
            let mut first = 0;
            for claimed in claims.collect::<Vec<_>>() {
                match claimed.await.unwrap() {
                    Claim::First => first += 1,
                    other => assert_eq!(other, Claim::UnderWay),
                }
            }
            assert_eq!(first, 1);
        })
        .await;
    }

    #[tokio::test]
    async fn a_principal_has_an_end_of_places() {
        let database = crate::testing::TestDatabase::sqlite();
        let store = database.open().await;
        let mut rows = sql("INSERT INTO idempotent_request (principal, key, digest, created_at) ");
        rows.push_rows(0..i64::from(IDEMPOTENT_REQUESTS_MAX / 2), |number| {
            [
                "ann".into(),
                format!("a{number}").into(),
                "d".into(),
                Timestamp(100).into(),
            ]
        });
        rows.execute(store.writer()).await.unwrap();
        let mut rows = sql("INSERT INTO idempotent_request (principal, key, digest, created_at) ");
        rows.push_rows(1..i64::from(IDEMPOTENT_REQUESTS_MAX / 2), |number| {
            [
                "ann".into(),
                format!("b{number}").into(),
                "d".into(),
                Timestamp(100).into(),
            ]
        });
        rows.execute(store.writer()).await.unwrap();
        assert_eq!(claim(&store, "ann", "last", "d").await, Claim::First);
        assert_eq!(claim(&store, "ann", "more", "d").await, Claim::Full);
        assert_eq!(claim(&store, "bob", "more", "d").await, Claim::First);
        store.release_request("ann", "last").await.unwrap();
        assert_eq!(claim(&store, "ann", "more", "d").await, Claim::First);
    }
}
