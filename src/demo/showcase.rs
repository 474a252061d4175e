//! One call shown in full: ladder, chosen route, failover, price, cost and margin.

use super::plan::DemoPlan;
use super::{Gateways, answering, refusing};
use crate::cli::api_client::ApiClient;
use anyhow::{Context, bail};
use serde::Deserialize;
use sip_core::Duration as SipDuration;
use sip_tester::ladder::Ladder;
use sip_tester::shell::{ProbeOptions, SimulatedCarrier, probe};
use std::fmt::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Longest wait for the call's record.
const RECORD_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug, Deserialize)]
struct Explanation {
    routes: Vec<ExplainedRoute>,
}

#[derive(Debug, Deserialize)]
struct ExplainedRoute {
    trunk: String,
    status: String,
}

#[derive(Debug, Deserialize)]
struct Page {
    items: Vec<Summary>,
}

#[derive(Clone, Debug, Deserialize)]
struct Summary {
    id: String,
    calling_number: String,
    called_number: String,
    destination: Option<String>,
    customer: Option<String>,
    duration_ms: u64,
    billed_seconds: u32,
    pdd_ms: Option<u64>,
    charge: String,
    cost: String,
    margin: String,
    currency: Option<String>,
}

/// Makes the cheapest carrier refuse, places the call, and tells what happened.
pub(super) fn run(
    client: &ApiClient,
    plan: &DemoPlan,
    gateways: &Gateways,
    sip: SocketAddr,
    seed: u64,
) -> anyhow::Result<String> {
    let call = &plan.showcase;
    let cheapest = cheapest_trunk(client, plan)?;
    let mut carriers = Vec::new();
    for carrier in &plan.carriers {
        let refuses = carrier.trunk == cheapest;
        let behaviour = if refuses { refusing() } else { answering() };
        carriers.push(gateways.start(carrier, behaviour, seed)?);
    }
    let options = ProbeOptions {
        bind: Some(SocketAddr::new(call.source, 0)),
        calling_number: call.calling_number.clone(),
        talk: SipDuration::from_secs(call.talk_s),
        seed,
        ..ProbeOptions::default()
    };
    let report = probe(&format!("sip:{}@{sip}", call.called_number), &options)?;
    let summary = wait_for_record(client, plan)?;
    let record: serde_json::Value = client.get(&format!("/api/v1/cdrs/{}", summary.id), &[])?;
    let ladder = whole_ladder(&report.ladder, report.local, sip, &carriers, gateways);
    carriers.iter().for_each(SimulatedCarrier::request_stop);
    carriers.into_iter().for_each(|carrier| {
        carrier.stop();
    });
    Ok(render(&summary, &record, &ladder))
}

fn cheapest_trunk(client: &ApiClient, plan: &DemoPlan) -> anyhow::Result<String> {
    let call = &plan.showcase;
    let source = call.source.to_string();
    let query = [
        ("from", call.calling_number.as_str()),
        ("to", call.called_number.as_str()),
        ("source", source.as_str()),
    ];
    let explanation: Explanation = client.get("/api/v1/explain", &query)?;
    let chosen = explanation
        .routes
        .into_iter()
        .find(|route| route.status == "chosen");
    Ok(chosen
        .context("no route serves the showcase call; see traffic.toml")?
        .trunk)
}

fn wait_for_record(client: &ApiClient, plan: &DemoPlan) -> anyhow::Result<Summary> {
    let start = Instant::now();
    while start.elapsed() < RECORD_TIMEOUT {
        let page: Page = client.get("/api/v1/cdrs", &[("limit", "20")])?;
        let ours = page.items.into_iter().find(|summary| {
            summary.calling_number == plan.showcase.calling_number
                && summary.called_number == plan.showcase.called_number
        });
        if let Some(summary) = ours {
            return Ok(summary);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    bail!(
        "the showcase call left no record within {} s",
        RECORD_TIMEOUT.as_secs()
    )
}

/// What the caller and every carrier saw, in one drawing.
fn whole_ladder(
    caller: &Ladder,
    caller_address: SocketAddr,
    sip: SocketAddr,
    carriers: &[SimulatedCarrier],
    gateways: &Gateways,
) -> Ladder {
    let seen: Vec<Ladder> = carriers
        .iter()
        .flat_map(SimulatedCarrier::finished_calls)
        .map(|call| call.summary.ladder)
        .collect();
    let mut ladder = Ladder::merge(std::iter::once(caller).chain(&seen));
    ladder.label(caller_address, "customer");
    ladder.label(sip, "didtron");
    for carrier in carriers {
        let name = gateways.carrier_at(carrier.address()).unwrap_or("carrier");
        ladder.label(carrier.address(), name);
    }
    ladder
}

fn render(summary: &Summary, record: &serde_json::Value, ladder: &Ladder) -> String {
    let mut text = String::from("\nOne call in full\n\n");
    let _ = writeln!(text, "{ladder}");
    let line = |text: &mut String, name: &str, value: &str| {
        let _ = writeln!(text, "  {name:12} {value}");
    };
    let customer = summary.customer.as_deref().unwrap_or("unknown");
    line(&mut text, "Customer", customer);
    let destination = summary.destination.as_deref().unwrap_or("unknown");
    let called = format!("{} ({destination})", summary.called_number);
    line(&mut text, "Called", &called);
    for attempt in record["attempt_records"].as_array().into_iter().flatten() {
        line(&mut text, "Attempt", &describe_attempt(attempt));
    }
    if let Some(pdd) = summary.pdd_ms {
        line(&mut text, "PDD", &format!("{pdd} ms"));
    }
    let seconds = summary.duration_ms / 1_000;
    let tenths = summary.duration_ms % 1_000 / 100;
    let talked = format!("{seconds}.{tenths} s, {} s billed", summary.billed_seconds);
    line(&mut text, "Talk time", &talked);
    let currency = summary.currency.as_deref().unwrap_or_default();
    line(
        &mut text,
        "Price",
        &format!("{} {currency}", summary.charge),
    );
    line(&mut text, "Cost", &format!("{} {currency}", summary.cost));
    line(
        &mut text,
        "Margin",
        &format!("{} {currency}", summary.margin),
    );
    text
}

fn describe_attempt(attempt: &serde_json::Value) -> String {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    format!(
        "{}. {} at {} a minute, prefix {}: {} ({})",
        attempt["number"],
        text(&attempt["carrier"]),
        text(&attempt["rate"]["initial_rate_per_minute"]),
        text(&attempt["rate"]["prefix"]),
        text(&attempt["outcome"]),
        attempt["sip_status"],
    )
}
