//! `didtron changes`: change sets, from draft to push and back.

mod preview;

pub(super) use preview::{Impact, Prices, Replay};

use super::api_client::ApiClient;
use super::apply::{Change, changes_text};
use super::{ServerArgs, say};
use anyhow::bail;
use clap::{Args, Subcommand, ValueEnum};
use preview::Preview;
use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt::Write;
use std::process::ExitCode;

/// Change sets that are listed.
const LISTED: &str = "50";

#[derive(Args, Clone, Debug)]
pub(super) struct ChangesArgs {
    #[command(subcommand)]
    command: ChangesCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum ChangesCommand {
    /// List the newest change sets.
    List {
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Show a change set and its drafts.
    Show {
        /// Its number, or the name of one that is open.
        change_set: String,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Show what a push would change, whom it touches, and what recent calls would have become.
    Preview {
        /// Its number, or the name of one that is open.
        change_set: String,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Make all drafts of a change set take effect at once.
    Push {
        /// Its number, or the name of one that is open.
        change_set: String,
        /// Not now but at this time, RFC 3339, such as 2026-03-01T02:00:00Z.
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Make what a pushed change set changed as it was before.
    Rollback {
        /// Its number.
        change_set: String,
        /// What to do with resources that have changed again since.
        #[arg(long, value_enum, default_value_t = LaterChanges::Refuse)]
        later_changes: LaterChanges,
        #[command(flatten)]
        server: ServerArgs,
    },
}

/// What to do with resources that have changed again after a push.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum LaterChanges {
    /// Roll nothing back, and say which.
    Refuse,
    /// Roll them back too.
    Overwrite,
    /// Leave them as they are.
    Skip,
}

#[derive(Debug, Deserialize)]
struct Page<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
}

/// A change set as the API tells it.
#[derive(Debug, Deserialize)]
pub(super) struct ChangeSet {
    pub(super) id: i64,
    pub(super) name: String,
    state: String,
    author: String,
    created_at: String,
    drafts: u64,
    push_at: Option<String>,
    configuration_number: Option<u64>,
    failure: Option<String>,
    rolls_back: Option<i64>,
}

/// A draft: a change, and whether it has to be rebased.
#[derive(Debug, Deserialize)]
struct Draft {
    #[serde(flatten)]
    change: Change,
    is_stale: bool,
}

pub(super) fn run(args: &ChangesArgs) -> anyhow::Result<ExitCode> {
    let text = match &args.command {
        ChangesCommand::List { server } => list(&ApiClient::new(server)?)?,
        ChangesCommand::Show { change_set, server } => show(&ApiClient::new(server)?, change_set)?,
        ChangesCommand::Preview { change_set, server } => {
            let client = ApiClient::new(server)?;
            let id = find(&client, change_set)?;
            let preview: Preview = client.get(&path(id, "/preview"), &[])?;
            preview.to_string()
        }
        ChangesCommand::Push {
            change_set,
            at,
            server,
        } => {
            let client = ApiClient::new(server)?;
            let id = find(&client, change_set)?;
            let pushed: ChangeSet = client.post(&path(id, "/push"), &json!({ "at": at }))?;
            pushed.to_string()
        }
        ChangesCommand::Rollback {
            change_set,
            later_changes,
            server,
        } => {
            let client = ApiClient::new(server)?;
            let id = find(&client, change_set)?;
            let body = json!({ "later_changes": later_changes.word() });
            let made: ChangeSet = client.post(&path(id, "/rollback"), &body)?;
            made.to_string()
        }
    };
    say(text.trim_end());
    Ok(ExitCode::SUCCESS)
}

fn path(id: i64, rest: &str) -> String {
    format!("/api/v1/change-sets/{id}{rest}")
}

/// The number of a change set. A name means the newest open one.
fn find(client: &ApiClient, text: &str) -> anyhow::Result<i64> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    match open_of_name(client, text)? {
        Some(found) => Ok(found.id),
        None => bail!("there is no open change set \"{text}\""),
    }
}

/// The newest open change set of a name.
pub(super) fn open_of_name(client: &ApiClient, name: &str) -> anyhow::Result<Option<ChangeSet>> {
    let query = [("name", name), ("limit", LISTED)];
    let page: Page<ChangeSet> = client.get("/api/v1/change-sets", &query)?;
    let is_open = |found: &ChangeSet| ["draft", "failed", "scheduled"].contains(&&*found.state);
    Ok(page.items.into_iter().find(is_open))
}

/// The open change set of a name; made when there is none.
pub(super) fn find_or_make(client: &ApiClient, name: &str) -> anyhow::Result<i64> {
    if let Some(found) = open_of_name(client, name)? {
        return Ok(found.id);
    }
    let made: ChangeSet = client.post("/api/v1/change-sets", &json!({ "name": name }))?;
    Ok(made.id)
}

fn list(client: &ApiClient) -> anyhow::Result<String> {
    let page: Page<ChangeSet> = client.get("/api/v1/change-sets", &[("limit", LISTED)])?;
    if page.items.is_empty() {
        return Ok("There is no change set.".to_owned());
    }
    Ok(page.items.iter().map(ChangeSet::to_string).collect())
}

fn show(client: &ApiClient, change_set: &str) -> anyhow::Result<String> {
    let id = find(client, change_set)?;
    let found: ChangeSet = client.get(&path(id, ""), &[])?;
    let mut text = found.to_string();
    let mut cursor = String::new();
    loop {
        let mut query = vec![("limit", "200")];
        if !cursor.is_empty() {
            query.push(("cursor", &cursor));
        }
        let page: Page<Draft> = client.get(&path(id, "/drafts"), &query)?;
        for draft in page.items {
            let stale = draft.is_stale;
            text.push_str(&changes_text(std::slice::from_ref(&draft.change)));
            if stale {
                text.push_str("          has changed since: rebase before the push\n");
            }
        }
        match page.next_cursor {
            Some(next) => cursor = next,
            None => return Ok(text),
        }
    }
}

impl LaterChanges {
    fn word(self) -> Value {
        match self {
            Self::Refuse => "refuse".into(),
            Self::Overwrite => "overwrite".into(),
            Self::Skip => "skip".into(),
        }
    }
}

impl std::fmt::Display for ChangeSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut more = String::new();
        if let Some(number) = self.configuration_number {
            let _ = write!(more, ", configuration {number}");
        }
        if let Some(time) = &self.push_at {
            let _ = write!(more, ", to be pushed at {time}");
        }
        if let Some(undone) = self.rolls_back {
            let _ = write!(more, ", rolls {undone} back");
        }
        if let Some(failure) = &self.failure {
            let _ = write!(more, ": {failure}");
        }
        let Self {
            id,
            name,
            state,
            author,
            created_at,
            drafts,
            ..
        } = self;
        writeln!(
            f,
            "{id:6} {state:11} {name} ({drafts} drafts, {author}, {created_at}{more})"
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::ChangeSet;

    #[test]
    fn a_change_set_is_one_line() {
        let json = serde_json::json!({
            "id": 7, "name": "New prices", "state": "pushed", "author": "ada", "drafts": 3,
            "created_at": "2026-03-01T12:00:00Z", "push_at": null, "configuration_number": 19,
            "failure": null, "rolls_back": 6,
        });
        let change_set: ChangeSet = serde_json::from_value(json).unwrap();
        assert_eq!(
            change_set.to_string(),
            "     7 pushed      New prices (3 drafts, ada, 2026-03-01T12:00:00Z, configuration 19, \
             rolls 6 back)\n"
        );
    }
}
