//! `didtron changes`: change sets, from draft to push and back.

mod preview;

use super::api_client::ApiClient;
use super::apply::{Change, changes_text};
use super::{ServerArgs, say};
use clap::{Args, Subcommand};
use preview::Preview;
use serde::Deserialize;
use std::fmt::Write;
use std::process::ExitCode;

#[derive(Args, Clone, Debug)]
pub(super) struct ChangesArgs {
    #[command(subcommand)]
    command: ChangesCommand,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Clone, Debug, Subcommand)]
enum ChangesCommand {
    /// List the newest change sets.
    List,
    /// Show a change set and its drafts.
    Show {
        /// Its number.
        id: i64,
    },
    /// Show what a push would change, whom it touches, and what recent calls would have become.
    Preview {
        /// Its number.
        id: i64,
    },
    /// Make all drafts of a change set take effect at once.
    Push {
        /// Its number.
        id: i64,
        /// Not now but at this time, RFC 3339, such as 2026-03-01T02:00:00Z.
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// Make what a pushed change set changed as it was before.
    Rollback {
        /// Its number.
        id: i64,
        /// Also where the resources have changed again since.
        #[arg(long)]
        force: bool,
    },
}

#[derive(Debug, Deserialize)]
struct Page {
    items: Vec<ChangeSet>,
}

#[derive(Debug, Deserialize)]
struct ChangeSet {
    id: i64,
    title: String,
    state: String,
    author: String,
    created_at: String,
    #[serde(default)]
    scheduled_at: Option<String>,
    #[serde(default)]
    configuration_number: Option<u64>,
    #[serde(default)]
    failure: Option<String>,
    #[serde(default)]
    changes: Vec<Change>,
}

pub(super) fn run(args: &ChangesArgs) -> anyhow::Result<ExitCode> {
    let client = ApiClient::new(&args.server)?;
    let text = match &args.command {
        ChangesCommand::List => list(&client)?,
        ChangesCommand::Show { id } => {
            let change_set: ChangeSet = client.get(&path(*id, ""), &[])?;
            change_set.to_string() + &changes_text(&change_set.changes)
        }
        ChangesCommand::Preview { id } => {
            let preview: Preview = client.get(&path(*id, "/preview"), &[])?;
            preview.to_string()
        }
        ChangesCommand::Push { id, at } => {
            let body = serde_json::json!({ "at": at });
            let change_set: ChangeSet = client.post(&path(*id, "/push"), &body)?;
            change_set.to_string()
        }
        ChangesCommand::Rollback { id, force } => {
            let body = serde_json::json!({ "force": force });
            let change_set: ChangeSet = client.post(&path(*id, "/rollback"), &body)?;
            change_set.to_string()
        }
    };
    say(text.trim_end());
    Ok(ExitCode::SUCCESS)
}

fn path(id: i64, rest: &str) -> String {
    format!("/api/v1/change-sets/{id}{rest}")
}

fn list(client: &ApiClient) -> anyhow::Result<String> {
    let page: Page = client.get("/api/v1/change-sets", &[("limit", "50")])?;
    if page.items.is_empty() {
        return Ok("There is no change set.".to_owned());
    }
    Ok(page.items.iter().map(ChangeSet::to_string).collect())
}

impl std::fmt::Display for ChangeSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut more = String::new();
        if let Some(number) = self.configuration_number {
            let _ = write!(more, ", calls use snapshot {number}");
        }
        if let Some(time) = &self.scheduled_at {
            let _ = write!(more, ", to be pushed at {time}");
        }
        if let Some(failure) = &self.failure {
            let _ = write!(more, ": {failure}");
        }
        let Self {
            id,
            title,
            state,
            author,
            created_at,
            ..
        } = self;
        writeln!(f, "{id:6} {state:11} {title} ({author}, {created_at}{more})")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::ChangeSet;

    #[test]
    fn a_change_set_is_one_line() {
        let json = serde_json::json!({
            "id": 7, "title": "New prices", "state": "pushed", "author": "ada",
            "created_at": "2026-03-01T12:00:00Z", "configuration_number": 19,
        });
        let change_set: ChangeSet = serde_json::from_value(json).unwrap();
        assert_eq!(
            change_set.to_string(),
            "     7 pushed      New prices (ada, 2026-03-01T12:00:00Z, calls use snapshot 19)\n"
        );
    }
}
