//! The command line's side of the HTTP API: address, key, and problem documents as errors.

use super::ServerArgs;
use anyhow::{Context, anyhow, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fmt::Write as _;
use std::io::Write;
use std::time::Duration;

/// Longest wait for an answer. A large apply compiles millions of rates.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(300);

/// Name of the file in the data directory that holds the local key.
const LOCAL_KEY_FILE: &str = "local-api.key";

/// A switch's API as seen from the command line.
pub(crate) struct ApiClient {
    agent: ureq::Agent,
    server: String,
    key: String,
}

/// RFC 9457, with the list of errors that this API adds.
#[derive(Debug, Deserialize)]
struct Problem {
    #[serde(default)]
    title: String,
    #[serde(default)]
    detail: Option<String>,
    #[serde(default)]
    errors: Vec<FieldError>,
}

#[derive(Debug, Deserialize)]
struct FieldError {
    file: Option<String>,
    line: Option<u64>,
    kind: Option<String>,
    name: Option<String>,
    field: Option<String>,
    message: String,
}

impl ApiClient {
    pub(crate) fn new(args: &ServerArgs) -> anyhow::Result<Self> {
        let key = match &args.api_key {
            Some(key) => key.clone(),
            None => {
                let path = args.data_dir.join(LOCAL_KEY_FILE);
                std::fs::read_to_string(&path).with_context(|| {
                    format!(
                        "no API key: {} cannot be read; start the switch with `didtron serve`, \
                         name its data directory with --data-dir, or give --api-key",
                        path.display()
                    )
                })?
            }
        };
        Ok(Self::with_key(&args.server, key))
    }

    /// A client of the API at `server`, such as `http://127.0.0.1:8080`.
    pub(crate) fn with_key(server: &str, key: String) -> Self {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(ANSWER_TIMEOUT))
            .http_status_as_error(false)
            .build()
            .new_agent();
        let server = server.trim_end_matches('/').to_owned();
        Self {
            agent,
            server,
            key: key.trim().to_owned(),
        }
    }

    /// GET `path` with `query`.
    pub(crate) fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> anyhow::Result<T> {
        let mut request = self.agent.get(format!("{}{path}", self.server));
        for (name, value) in query {
            request = request.query(name, value);
        }
        let answer = request
            .header("Authorization", format!("Bearer {}", self.key))
            .call();
        self.read(answer)
    }

    /// POST `body` as JSON to `path`.
    pub(crate) fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl serde::Serialize,
    ) -> anyhow::Result<T> {
        let request = self.agent.post(format!("{}{path}", self.server));
        let answer = request
            .header("Authorization", format!("Bearer {}", self.key))
            .send_json(body);
        self.read(answer)
    }

    /// POST `body` as JSON to `path`, which is done once for the key.
    pub(crate) fn post_once<T: DeserializeOwned>(
        &self,
        path: &str,
        key: &str,
        body: &impl serde::Serialize,
    ) -> anyhow::Result<T> {
        let request = self.agent.post(format!("{}{path}", self.server));
        let answer = request
            .header("Authorization", format!("Bearer {}", self.key))
            .header("Idempotency-Key", key)
            .send_json(body);
        self.read(answer)
    }

    /// POST `body` as JSON to `path` with `query`.
    pub(crate) fn post_query<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        body: &impl serde::Serialize,
    ) -> anyhow::Result<T> {
        let mut request = self.agent.post(format!("{}{path}", self.server));
        for (name, value) in query {
            request = request.query(name, value);
        }
        let answer = request
            .header("Authorization", format!("Bearer {}", self.key))
            .send_json(body);
        self.read(answer)
    }

    /// GET `path` into `file`, however long it is.
    pub(crate) fn download(&self, path: &str, file: &mut impl Write) -> anyhow::Result<()> {
        let request = self.agent.get(format!("{}{path}", self.server));
        let answer = request
            .header("Authorization", format!("Bearer {}", self.key))
            .config()
            // A long file takes as long as it takes, while something comes.
            .timeout_global(None)
            .timeout_recv_response(Some(ANSWER_TIMEOUT))
            .build()
            .call();
        match answer {
            Ok(mut answer) if answer.status().is_success() => {
                let mut body = answer.body_mut().as_reader();
                std::io::copy(&mut body, file).context("the file broke off")?;
                Ok(())
            }
            answer => self.read(answer),
        }
    }

    /// PUT bytes as they are to `path`.
    pub(crate) fn put_bytes<T: DeserializeOwned>(
        &self,
        path: &str,
        bytes: &[u8],
    ) -> anyhow::Result<T> {
        let request = self.agent.put(format!("{}{path}", self.server));
        let answer = request
            .header("Authorization", format!("Bearer {}", self.key))
            .header("Content-Type", "application/octet-stream")
            .send(bytes);
        self.read(answer)
    }

    /// DELETE `path`.
    pub(crate) fn delete(&self, path: &str) -> anyhow::Result<()> {
        let request = self.agent.delete(format!("{}{path}", self.server));
        let answer = request
            .header("Authorization", format!("Bearer {}", self.key))
            .call();
        match answer {
            Ok(answer) if answer.status() == 204 => Ok(()),
            answer => self.read(answer),
        }
    }

    fn read<T: DeserializeOwned>(
        &self,
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> anyhow::Result<T> {
        let mut answer = answer.map_err(|error| {
            anyhow!(
                "no switch answers at {}: {error}; is `didtron serve` running? \
                 (--server names another address)",
                self.server
            )
        })?;
        if answer.status().is_success() {
            return answer
                .body_mut()
                .read_json()
                .context("the switch's answer cannot be read");
        }
        let status = answer.status();
        match answer.body_mut().read_json::<Problem>() {
            Ok(problem) => bail!("{}", describe(&problem)),
            Err(_) => bail!("the switch answered {status}"),
        }
    }
}

fn describe(problem: &Problem) -> String {
    let mut text = problem.title.clone();
    if let Some(detail) = &problem.detail {
        let _ = write!(text, ": {detail}");
    }
    for error in &problem.errors {
        text.push_str("\n  ");
        if let Some(file) = &error.file {
            let _ = match error.line {
                Some(line) => write!(text, "{file}, line {line}: "),
                None => write!(text, "{file}: "),
            };
        }
        if let (Some(kind), Some(name)) = (&error.kind, &error.name) {
            let _ = write!(text, "{kind} `{name}`: ");
        }
        if let Some(field) = &error.field {
            let _ = write!(text, "`{field}`: ");
        }
        text.push_str(&error.message);
    }
    text
}
