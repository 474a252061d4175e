//! `didtron report`: the sums of calls and attempts.

use super::api_client::ApiClient;
use super::{ConfigArgs, ServerArgs, check, say};
use crate::config::Config;
use anyhow::Context;
use clap::{Args, Subcommand};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rating::Timestamp;
use serde::Deserialize;
use std::process::ExitCode;
use store::{Store, StoreError, TRAFFIC_DAY_US, TrafficVerification};

/// Records between two lines of progress.
const PROGRESS_STEP: u64 = 100_000;

#[derive(Args, Clone, Debug)]
pub(super) struct ReportArgs {
    #[command(subcommand)]
    command: ReportCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum ReportCommand {
    /// Show what calls or attempts came to: how many, ASR, NER, ACD, PDD, minutes and money.
    Traffic(Box<TrafficArgs>),
    /// Compare the sums of reports in the database with every record of a call; exit status 1 when
    /// something differs. The switch may run.
    Verify {
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// Make the sums of reports anew from the records, and tell what was wrong. The switch may run; on one
    /// database, only nodes of this release.
    Rebuild {
        /// The first day (UTC), such as 2026-03-01; the first of all without it.
        #[arg(long, value_name = "DAY", value_parser = day)]
        from: Option<Timestamp>,
        /// The last day (UTC); the last of all without it.
        #[arg(long, value_name = "DAY", value_parser = day)]
        until: Option<Timestamp>,
        #[command(flatten)]
        config: ConfigArgs,
    },
}

/// Which report; the switch says what does not go together.
#[derive(Args, Clone, Debug)]
struct TrafficArgs {
    /// Its first day, such as 2026-03-01; six days before the last without it.
    #[arg(long, value_name = "DAY")]
    from: Option<String>,
    /// Its last day; today without it.
    #[arg(long, value_name = "DAY")]
    to: Option<String>,
    /// In which days and hours are, such as Europe/Berlin.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    time_zone: String,
    /// hour, day, week, month, customer, carrier, destination, ingress_trunk or egress_trunk.
    #[arg(long, value_name = "WHAT", default_value = "day")]
    group_by: String,
    /// calls or attempts.
    #[arg(long, value_name = "WHAT")]
    of: Option<String>,
    /// Number, name, or `external_id:` of a customer.
    #[arg(long, value_name = "NAME")]
    customer: Option<String>,
    /// The same of a carrier.
    #[arg(long, value_name = "NAME")]
    carrier: Option<String>,
    /// The same of an ingress trunk.
    #[arg(long, value_name = "NAME")]
    ingress_trunk: Option<String>,
    /// The same of an egress trunk.
    #[arg(long, value_name = "NAME")]
    egress_trunk: Option<String>,
    /// Name of a destination.
    #[arg(long, value_name = "NAME")]
    destination: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Deserialize)]
struct Report {
    of: String,
    currency: String,
    totals: Figures,
    items: Vec<Line>,
    next_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Line {
    start: Option<String>,
    name: Option<String>,
    #[serde(flatten)]
    figures: Figures,
}

#[derive(Debug, Deserialize)]
struct Figures {
    seizures: i64,
    answered: i64,
    asr_percent: Option<f64>,
    ner_percent: Option<f64>,
    acd_ms: Option<i64>,
    pdd_ms: Option<i64>,
    talk_ms: i64,
    charge: Option<String>,
    cost: Option<String>,
    margin: Option<String>,
}

pub(super) fn run(args: &ReportArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        ReportCommand::Traffic(args) => traffic(args),
        ReportCommand::Verify { config } => verify(config),
        ReportCommand::Rebuild {
            from,
            until,
            config,
        } => rebuild(*from, *until, config),
    }
}

fn traffic(args: &TrafficArgs) -> anyhow::Result<ExitCode> {
    let client = ApiClient::new(&args.server)?;
    let optional = [
        ("from", &args.from),
        ("to", &args.to),
        ("of", &args.of),
        ("customer", &args.customer),
        ("carrier", &args.carrier),
        ("ingress_trunk", &args.ingress_trunk),
        ("egress_trunk", &args.egress_trunk),
        ("destination", &args.destination),
    ];
    let mut cursor: Option<String> = None;
    loop {
        let mut query = vec![
            ("time_zone", args.time_zone.as_str()),
            ("group_by", args.group_by.as_str()),
            ("limit", "1000"),
        ];
        let given = optional
            .iter()
            .filter_map(|(name, value)| Some((*name, value.as_deref()?)));
        query.extend(given);
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let page: Report = client.get("/api/v1/reports/traffic", &query)?;
        if cursor.is_none() {
            say(&head(&page));
        }
        for line in &page.items {
            let name = line.start.as_deref().or(line.name.as_deref());
            say(&row(name.unwrap_or("-"), &line.figures));
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            say(&row("total", &page.totals));
            return Ok(ExitCode::SUCCESS);
        }
    }
}

fn head(report: &Report) -> String {
    let (of, currency) = (&report.of, &report.currency);
    let money = format!("charge {currency}");
    format!(
        "{:<28} {of:>9} {:>9} {:>7} {:>7} {:>7} {:>7} {:>11} {money:>14} {:>14} {:>14}",
        "", "answered", "ASR %", "NER %", "ACD s", "PDD ms", "minutes", "cost", "margin"
    )
}

fn row(name: &str, figures: &Figures) -> String {
    let share =
        |share: Option<f64>| share.map_or_else(|| "-".to_owned(), |share| format!("{share:.2}"));
    let mean = |mean: Option<i64>| mean.map_or_else(|| "-".to_owned(), |mean| mean.to_string());
    let money = |money: &Option<String>| money.clone().unwrap_or_else(|| "too large".to_owned());
    format!(
        "{name:<28} {:>9} {:>9} {:>7} {:>7} {:>7} {:>7} {:>11} {:>14} {:>14} {:>14}",
        figures.seizures,
        figures.answered,
        share(figures.asr_percent),
        share(figures.ner_percent),
        mean(figures.acd_ms.map(|acd| acd / 1_000)),
        mean(figures.pdd_ms),
        figures.talk_ms / 60_000,
        money(&figures.charge),
        money(&figures.cost),
        money(&figures.margin),
    )
}

/// The first moment of a day.
fn day(text: &str) -> Result<Timestamp, String> {
    let day: Date = text
        .parse()
        .map_err(|_| "it is not a day such as 2026-03-01".to_owned())?;
    let midnight = day.to_zoned(TimeZone::UTC).map_err(|it| it.to_string())?;
    Ok(Timestamp(midnight.timestamp().as_microsecond()))
}

fn verify(args: &ConfigArgs) -> anyhow::Result<ExitCode> {
    let mut told = 0;
    let done = async |store: &Store| {
        store
            .verify_traffic(None, |calls| tell_progress(&mut told, calls, "compared"))
            .await
    };
    let found = match on_the_database(args, done)? {
        Ok(found) => found,
        Err(refused) => return Ok(refused),
    };
    tell(&found);
    let outcome = match found.differences_total {
        0 => "nothing differs".to_owned(),
        count => format!("{count} differences"),
    };
    say(&format!(
        "{} calls, {} sums: {outcome}.",
        found.calls, found.sums
    ));
    Ok(if found.is_sound() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn rebuild(
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    args: &ConfigArgs,
) -> anyhow::Result<ExitCode> {
    if let (Some(from), Some(until)) = (from, until)
        && until < from
    {
        anyhow::bail!("--until is before --from: give the first and the last day");
    }
    let behind = until.map(|day| Timestamp(day.0.saturating_add(TRAFFIC_DAY_US)));
    let mut told = 0;
    let done = async |store: &Store| {
        store
            .rebuild_traffic(from, behind, |calls| {
                tell_progress(&mut told, calls, "read")
            })
            .await
    };
    let mended = match on_the_database(args, done)? {
        Ok(mended) => mended,
        Err(refused) => return Ok(refused),
    };
    tell(&mended);
    let outcome = match mended.differences_total {
        0 => "all were right".to_owned(),
        count => format!("{count} were wrong and are mended"),
    };
    say(&format!(
        "{} calls, {} sums: {outcome}.",
        mended.calls, mended.sums
    ));
    Ok(ExitCode::SUCCESS)
}

/// Does something with the sums of the configured database; the inner error has said what is wrong with the
/// configuration.
fn on_the_database(
    args: &ConfigArgs,
    mut work: impl AsyncFnMut(&Store) -> Result<TrafficVerification, StoreError>,
) -> anyhow::Result<Result<TrafficVerification, ExitCode>> {
    let config = match Config::load(args.config.as_deref(), std::env::vars()) {
        Ok(config) => config,
        Err(problems) => return Ok(Err(check::refuse(&problems))),
    };
    let location = config.database()?;
    let done = async {
        let store = Store::open(&location).await?;
        let done = work(&store).await;
        store.close().await;
        done
    };
    let done = crate::node::runtime()?
        .block_on(done)
        .with_context(|| format!("the sums of reports in {location} were not gone through"))?;
    if let Some(fill) = done.filling {
        let (filled, total) = (fill.done, fill.total);
        anyhow::bail!(
            "records of before are still filled in, {filled} of {total}: the running switch does it; \
             try again when it is done"
        );
    }
    Ok(Ok(done))
}

fn tell_progress(told: &mut u64, calls: u64, what: &str) {
    if calls / PROGRESS_STEP > *told {
        *told = calls / PROGRESS_STEP;
        say(&format!("{calls} calls {what}."));
    }
}

fn tell(found: &TrafficVerification) {
    if found.dropped > 0 {
        let days = found.dropped;
        say(&format!(
            "{days} days of a tenant are not comparable: records were dropped; their sums stay as they are."
        ));
    }
    for difference in &found.differences {
        say(&difference.to_string());
    }
    let more = found.differences_total - found.differences.len() as u64;
    if more > 0 {
        say(&format!("… and {more} more."));
    }
    if found.unreadable > 0 {
        say(&format!(
            "{} records cannot be read; the log names them.",
            found.unreadable
        ));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    #[test]
    fn a_day_is_one_of_the_calendar() {
        assert_eq!(day("1970-01-02"), Ok(Timestamp(TRAFFIC_DAY_US)));
        for odd in ["", "2026-02-30", "yesterday", "2026-03"] {
            assert!(day(odd).unwrap_err().contains("2026-03-01"), "{odd}");
        }
    }
}
