//! `didtron netting`: settling with companies that are a customer and a carrier at once.

use super::api_client::ApiClient;
use super::{ServerArgs, say};
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::json;
use std::process::ExitCode;

#[derive(Args, Clone, Debug)]
pub(super) struct NettingArgs {
    #[command(subcommand)]
    command: NettingCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum NettingCommand {
    /// List statements, the newest first. Exit status 1 when one is overdue or cannot be made.
    List {
        /// Only those of this customer: number, name, or `external_id:`.
        #[arg(long, value_name = "NAME", conflicts_with = "carrier")]
        customer: Option<String>,
        /// Only those of this carrier.
        #[arg(long, value_name = "NAME")]
        carrier: Option<String>,
        /// Only in this state: open, draft, confirmed or paid.
        #[arg(long)]
        state: Option<String>,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Take what both owe off both balances.
    Confirm {
        /// Number of the statement.
        id: i64,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Post the payment of the difference, or name the entry that is it.
    Pay {
        /// Number of the statement.
        id: i64,
        /// Number of a payment that is posted already.
        #[arg(long, value_name = "NUMBER")]
        entry: Option<i64>,
        /// When it was paid, such as 2026-03-01T00:00:00Z; now without it.
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        /// What the bank calls it.
        #[arg(long)]
        reference: Option<String>,
        #[command(flatten)]
        server: ServerArgs,
    },
}

#[derive(Debug, Deserialize)]
struct Page {
    items: Vec<Statement>,
}

#[derive(Debug, Deserialize)]
struct Statement {
    id: i64,
    customer: Option<String>,
    carrier: Option<String>,
    state: String,
    from: String,
    to: String,
    due_from: String,
    currency: String,
    they_owe: Option<String>,
    we_owe: Option<String>,
    difference: Option<String>,
    payer: Option<String>,
    is_overdue: bool,
    failure: Option<String>,
}

pub(super) fn run(args: &NettingArgs) -> anyhow::Result<ExitCode> {
    let changed: Statement = match &args.command {
        NettingCommand::List {
            customer,
            carrier,
            state,
            server,
        } => {
            let asked = [
                ("customer", customer.as_deref()),
                ("carrier", carrier.as_deref()),
                ("state", state.as_deref()),
            ];
            let query: Vec<_> = asked
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?)))
                .collect();
            let page: Page = ApiClient::new(server)?.get("/api/v1/nettings", &query)?;
            page.items.iter().for_each(tell);
            let is_odd = |it: &Statement| it.is_overdue || it.failure.is_some();
            return Ok(match page.items.iter().any(is_odd) {
                true => ExitCode::FAILURE,
                false => ExitCode::SUCCESS,
            });
        }
        NettingCommand::Confirm { id, server } => {
            let path = format!("/api/v1/nettings/{id}/confirm");
            ApiClient::new(server)?.post(&path, &json!({}))?
        }
        NettingCommand::Pay {
            id,
            entry,
            at,
            reference,
            server,
        } => {
            let path = format!("/api/v1/nettings/{id}/pay");
            let body = json!({ "entry": entry, "at": at, "reference": reference });
            ApiClient::new(server)?.post(&path, &body)?
        }
    };
    tell(&changed);
    Ok(ExitCode::SUCCESS)
}

fn tell(it: &Statement) {
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
    let (customer, carrier) = (text(&it.customer), text(&it.carrier));
    let Statement {
        id,
        state,
        from,
        to,
        due_from,
        currency,
        ..
    } = it;
    say(&format!(
        "{id}  {customer} / {carrier}, {from} to {to}: {state}"
    ));
    if let (Some(they), Some(we), Some(difference)) = (&it.they_owe, &it.we_owe, &it.difference) {
        let payer = match it.payer.as_deref() {
            Some("customer") => format!("{customer} pays {difference}, due {due_from}"),
            Some(_) => format!("we pay {difference}, due {due_from}"),
            None => "nothing is to be paid".to_owned(),
        };
        let overdue = if it.is_overdue { ", overdue" } else { "" };
        say(&format!(
            "    they owe {they}, we owe {we} {currency}: {payer}{overdue}"
        ));
    }
    if let Some(failure) = &it.failure {
        say(&format!("    cannot be made: {failure}"));
    }
}
