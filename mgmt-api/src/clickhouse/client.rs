//! One statement to ClickHouse by its HTTP interface.

use crate::containment::{self, Part};
use crate::secrets::SecretText;
use std::time::Duration;
use ureq::Agent;

/// Most bytes of an answer that are read: one that went well is empty.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// Most bytes of an answer's head.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Longest text that says why nothing was inserted, characters.
const FAILURE_CHARS_MAX: usize = 300;

/// Where ClickHouse is, and as whom it is spoken to.
#[derive(Clone, Debug)]
pub struct ClickHouseSettings {
    /// Such as `https://clickhouse.example.com:8443`; TLS by `https`.
    pub url: String,
    /// The database of the tables.
    pub database: String,
    /// Who inserts.
    pub user: String,
    /// Its password; empty for none.
    pub password: SecretText,
    /// From the question to the end of the answer.
    pub timeout: Duration,
    /// Records that wait for longer are given up.
    pub keep: Duration,
    /// Whether tables that are missing are made.
    pub create_tables: bool,
}

/// Sends statements, one after the other.
#[derive(Clone, Debug)]
pub(super) struct Client {
    settings: ClickHouseSettings,
    agent: Agent,
}

impl Client {
    pub(super) fn new(settings: ClickHouseSettings) -> Self {
        let config = Agent::config_builder()
            .proxy(None)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_global(Some(settings.timeout))
            .max_response_header_size(HEAD_BYTES_MAX)
            .user_agent(concat!("DIDTron/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            settings,
            agent: Agent::new_with_config(config),
        }
    }

    pub(super) fn database(&self) -> &str {
        &self.settings.database
    }

    /// Runs a statement that has no rows.
    ///
    /// # Errors
    /// A sentence that says why it did not.
    pub(super) async fn run(&self, statement: String) -> Result<(), String> {
        self.post(Vec::new(), statement).await
    }

    /// Inserts rows into a table; those of a token that it has already are not inserted again.
    ///
    /// # Errors
    /// A sentence that says why they may not be there.
    pub(super) async fn insert(
        &self,
        table: &str,
        token: String,
        rows: String,
    ) -> Result<(), String> {
        let query = format!("INSERT INTO {table} FORMAT JSONEachRow");
        let parameters = vec![
            ("query", query),
            ("insert_deduplication_token", token),
            // It is answered when the rows are written, and not when they wait to be.
            ("async_insert", "0".to_owned()),
            ("insert_deduplicate", "1".to_owned()),
        ];
        self.post(parameters, rows).await
    }

    async fn post(
        &self,
        parameters: Vec<(&'static str, String)>,
        body: String,
    ) -> Result<(), String> {
        let client = self.clone();
        let work =
            containment::on_blocking_thread(Part::Task, move || client.ask(parameters, body));
        let done = work.await;
        let done = done.unwrap_or_else(|_| Err("The request was interrupted.".into()));
        done.map_err(|text| self.without_password(&text))
    }

    fn ask(&self, parameters: Vec<(&'static str, String)>, body: String) -> Result<(), String> {
        let settings = &self.settings;
        let mut post = self
            .agent
            .post(&settings.url)
            .query("database", &settings.database)
            // An error that comes late would stand behind a head that says 200.
            .query("wait_end_of_query", "1")
            .header("x-clickhouse-user", &settings.user)
            .header("content-type", "text/plain; charset=utf-8");
        for (name, value) in parameters {
            post = post.query(name, value);
        }
        if !settings.password.expose().is_empty() {
            post = post.header("x-clickhouse-key", settings.password.expose());
        }
        let failed = |error: ureq::Error| format!("The request failed: {error}.");
        let (head, mut answer) = post.send(body).map_err(failed)?.into_parts();
        let code = head.headers.get("x-clickhouse-exception-code");
        let code = code.and_then(|code| code.to_str().ok());
        let text = answer
            .with_config()
            .limit(ANSWER_BYTES_MAX)
            .lossy_utf8(true)
            .read_to_string()
            .map_err(failed)?;
        let status = head.status.as_u16();
        // A statement of this kind has nothing to say: what it says under 200 is an exception, too.
        if status == 200 && code.is_none() && text.trim().is_empty() {
            return Ok(());
        }
        let code = code
            .map(|code| format!(", code {code}"))
            .unwrap_or_default();
        Err(format!(
            "ClickHouse answered {status}{code}: {}",
            text.trim()
        ))
    }

    /// Whatever is answered, the password is not kept with it.
    fn without_password(&self, text: &str) -> String {
        let password = self.settings.password.expose();
        let text = match password.is_empty() {
            true => text.to_owned(),
            false => text.replace(password, "…"),
        };
        text.chars().take(FAILURE_CHARS_MAX).collect()
    }
}
