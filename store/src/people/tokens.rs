//! What is sent to a person or a browser and comes back once.

use super::{PeopleWrite, UserId};
use crate::database::{Row, sql};
use crate::{Store, StoreError};
use rating::Timestamp;

/// A token that is about to be given out.
#[derive(Clone, Debug)]
pub struct NewToken<'a> {
    /// The hash of the token.
    pub hash: &'a str,
    /// What it is good for; it is good for nothing else.
    pub purpose: &'a str,
    /// Whose it is.
    pub user: Option<UserId>,
    /// What is remembered until it comes back, as JSON.
    pub content: &'a str,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// The network of the stranger who asked for it, when those are counted.
    pub network: Option<&'a str>,
}

/// How many tokens for a purpose are good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenCount {
    /// Of everybody.
    pub all: u32,
    /// Of one network.
    pub of_network: u32,
}

/// A token that came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// Whose it is.
    pub user: Option<UserId>,
    /// What was remembered.
    pub content: String,
    /// How often it was tried, this time included; 1 for one that was taken.
    pub tries: u32,
    /// When it was given out.
    pub created_at: Timestamp,
}

/// Purpose of the rows that only say that something happened a short while ago.
const PAUSE: &str = "pause";

impl Store {
    /// A token that was given out and is good still; it stays good.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn token(
        &self,
        purpose: &str,
        hash: &str,
        now: Timestamp,
    ) -> Result<Option<TokenRow>, StoreError> {
        let row = sql(
            "SELECT user_id, content, tries, created_at FROM one_time_token \
             WHERE token_hash = $1 AND purpose = $2 AND expires_at > $3",
        )
        .bind(hash)
        .bind(purpose)
        .bind(now)
        .fetch_optional(self.reader())
        .await?;
        row.as_ref().map(token).transpose()
    }

    /// How many tokens for a purpose are good, and how many of those a network asked for.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn tokens(
        &self,
        purpose: &str,
        network: Option<&str>,
        now: Timestamp,
    ) -> Result<TokenCount, StoreError> {
        let row = sql("SELECT COUNT(*), COUNT(CASE WHEN network = $1 THEN 1 END) \
             FROM one_time_token WHERE purpose = $2 AND expires_at > $3")
        .bind(network)
        .bind(purpose)
        .bind(now)
        .fetch_optional(self.reader())
        .await?;
        let count = |index| match &row {
            Some(row) => row.unsigned(index),
            None => Ok(0),
        };
        Ok(TokenCount {
            all: count(0)?,
            of_network: count(1)?,
        })
    }

    /// Notes a try with a token that stays good: at most `tries_max`, before it expires.
    ///
    /// # Errors
    /// [`StoreError::Query`], as for all that follow.
    pub async fn try_token(
        &self,
        purpose: &str,
        hash: &str,
        tries_max: u32,
        now: Timestamp,
    ) -> Result<Option<TokenRow>, StoreError> {
        let row = sql("UPDATE one_time_token SET tries = tries + 1 \
             WHERE token_hash = $1 AND purpose = $2 AND expires_at > $3 AND tries < $4 \
             RETURNING user_id, content, tries, created_at")
        .bind(hash)
        .bind(purpose)
        .bind(now)
        .bind(tries_max)
        .fetch_optional(self.writer())
        .await?;
        row.as_ref().map(token).transpose()
    }
}

impl PeopleWrite {
    /// Gives out a token.
    ///
    /// # Errors
    /// [`StoreError::Query`], as for all that follow.
    pub async fn add_token(&mut self, new: &NewToken<'_>) -> Result<(), StoreError> {
        sql("INSERT INTO one_time_token \
             (token_hash, purpose, user_id, content, tries, created_at, expires_at, network) \
             VALUES ($1, $2, $3, $4, 0, $5, $6, $7)")
        .bind(new.hash)
        .bind(new.purpose)
        .bind(new.user.map(|user| user.0))
        .bind(new.content)
        .bind(self.now)
        .bind(new.expires_at)
        .bind(new.network)
        .execute(&mut self.transaction)
        .await?;
        Ok(())
    }

    /// Takes a token back: of two who bring it only one gets it. `None` when it is unknown, used,
    /// expired, or good for something else.
    pub async fn take_token(
        &mut self,
        purpose: &str,
        hash: &str,
    ) -> Result<Option<TokenRow>, StoreError> {
        let row = sql("DELETE FROM one_time_token \
             WHERE token_hash = $1 AND purpose = $2 AND expires_at > $3 \
             RETURNING user_id, content, tries, created_at")
        .bind(hash)
        .bind(purpose)
        .bind(self.now)
        .fetch_optional(&mut self.transaction)
        .await?;
        row.as_ref().map(token).transpose()
    }

    /// Notes that something was done, by the hash of a name for it, and that it is not to be done
    /// again before that time. False when it was noted before and the time is not over.
    pub async fn pause(&mut self, hash: &str, until: Timestamp) -> Result<bool, StoreError> {
        sql("DELETE FROM one_time_token WHERE token_hash = $1 AND expires_at <= $2")
            .bind(hash)
            .bind(self.now)
            .execute(&mut self.transaction)
            .await?;
        let noted = sql("INSERT INTO one_time_token \
             (token_hash, purpose, content, tries, created_at, expires_at) \
             VALUES ($1, $2, '', 0, $3, $4) ON CONFLICT (token_hash) DO NOTHING")
        .bind(hash)
        .bind(PAUSE)
        .bind(self.now)
        .bind(until)
        .execute(&mut self.transaction)
        .await?;
        Ok(noted == 1)
    }

    /// Makes a user's tokens for a purpose void.
    pub async fn void_tokens(&mut self, user: UserId, purpose: &str) -> Result<(), StoreError> {
        sql("DELETE FROM one_time_token WHERE user_id = $1 AND purpose = $2")
            .bind(user.0)
            .bind(purpose)
            .execute(&mut self.transaction)
            .await?;
        Ok(())
    }

    /// When the newest of a user's tokens for a purpose was given out.
    pub async fn last_token_at(
        &mut self,
        user: UserId,
        purpose: &str,
    ) -> Result<Option<Timestamp>, StoreError> {
        let at: Option<i64> = sql("SELECT MAX(created_at) FROM one_time_token \
             WHERE user_id = $1 AND purpose = $2")
        .bind(user.0)
        .bind(purpose)
        .fetch_value(&mut self.transaction)
        .await?;
        Ok(at.map(Timestamp))
    }
}

fn token(row: &Row) -> Result<TokenRow, StoreError> {
    let user: Option<i64> = row.get(0)?;
    Ok(TokenRow {
        user: user.map(UserId),
        content: row.get(1)?,
        tries: row.unsigned(2)?,
        created_at: Timestamp(row.get(3)?),
    })
}
