//! `didtron demo`: a switch with two simulated carriers and a customer's traffic, all on loopback.
//!
//! Everything is real: the demo applies its resources through the API, its telephones and carriers
//! are the project's SIP tester, and what it shows of the showcase call is what the API tells.

mod plan;
mod showcase;

use crate::cli::api_client::ApiClient;
use crate::cli::apply::{self, AppliedBundle};
use crate::config::Config;
use crate::node::Node;
use anyhow::{Context, anyhow, bail};
use plan::{CarrierBehaviour, DemoPlan};
use serde::Deserialize;
use sip_tester::plan::{UasPlan, UasScript};
use sip_tester::random::Span;
use sip_tester::shell::{SimulatedCarrier, Traffic, TrafficGenerator};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

/// The peers of the demo, in threads of their own.
pub(crate) struct Demo {
    carriers: Vec<SimulatedCarrier>,
    customers: Vec<TrafficGenerator>,
}

/// A resource as the API lists it.
#[derive(Debug, Deserialize)]
struct ListedTrunk {
    name: String,
    spec: TrunkSpec,
}

#[derive(Debug, Deserialize)]
struct TrunkSpec {
    carrier: Option<String>,
    gateway: Option<SocketAddr>,
}

#[derive(Debug, Deserialize)]
struct Listed {
    items: Vec<ListedTrunk>,
}

/// The gateway and carrier of each egress trunk by the trunk's name.
struct Gateways(BTreeMap<String, (SocketAddr, String)>);

impl Demo {
    /// Applies `directory`, starts the peers, and shows one call in full. Blocks meanwhile. `say`
    /// is told each line for the user.
    pub(crate) fn start(
        node: &Node,
        config: &Config,
        directory: &Path,
        seed: u64,
        say: &mut dyn FnMut(&str),
    ) -> anyhow::Result<Self> {
        let plan = DemoPlan::read(directory)?;
        let client = ApiClient::with_key(&format!("http://{}", node.http), node.local_key.clone());
        say(&apply_resources(&client, directory)?);
        let gateways = Gateways::ask(&client)?;
        let sip = node
            .udp_address()
            .context("the demo needs a UDP listener")?;
        let shown = showcase::run(&client, &plan, &gateways, sip, seed)?;
        say(&shown);
        let carriers = plan
            .carriers
            .iter()
            .map(|carrier| gateways.start(carrier, carrier.plan(), seed))
            .collect::<anyhow::Result<_>>()?;
        let customers = start_customers(&plan, sip, seed)?;
        tracing::info!(node = config.node.name, "the demo's traffic has begun");
        Ok(Self {
            carriers,
            customers,
        })
    }

    /// Hangs up what is left and ends the peers.
    pub(crate) fn stop(self) {
        self.customers
            .iter()
            .for_each(TrafficGenerator::request_stop);
        for customer in self.customers {
            customer.stop();
        }
        self.carriers
            .iter()
            .for_each(SimulatedCarrier::request_stop);
        for carrier in self.carriers {
            carrier.stop();
        }
    }
}

fn apply_resources(client: &ApiClient, directory: &Path) -> anyhow::Result<String> {
    let bundle = apply::read_bundle(directory)?;
    let applied: AppliedBundle = client.post("/api/v1/apply?dry_run=false", &bundle)?;
    Ok(applied.summary())
}

fn start_customers(
    plan: &DemoPlan,
    sip: SocketAddr,
    seed: u64,
) -> anyhow::Result<Vec<TrafficGenerator>> {
    let mut customers = Vec::new();
    for (number, customer) in (1u64..).zip(&plan.customers) {
        let seed = seed.wrapping_add(number);
        let mut traffic = Traffic::new(sip, customer.plan(), customer.calls_per_second, seed);
        traffic.max_calls = customer.max_calls;
        let bind = SocketAddr::new(customer.source, 0);
        customers.push(TrafficGenerator::start(
            bind,
            traffic,
            customer.numbers(seed),
        )?);
    }
    Ok(customers)
}

impl Gateways {
    fn ask(client: &ApiClient) -> anyhow::Result<Self> {
        let listed: Listed = client.get("/api/v1/resources", &[("kind", "trunk")])?;
        let gateways = listed
            .items
            .into_iter()
            .filter_map(|trunk| Some((trunk.name, (trunk.spec.gateway?, trunk.spec.carrier?))));
        Ok(Self(gateways.collect()))
    }

    fn of(&self, trunk: &str) -> anyhow::Result<SocketAddr> {
        self.0
            .get(trunk)
            .map(|(gateway, _)| *gateway)
            .ok_or_else(|| anyhow!("traffic.toml names `{trunk}`, which is no egress trunk"))
    }

    /// The carrier whose gateway an address is.
    fn carrier_at(&self, address: SocketAddr) -> Option<&str> {
        let mut carriers = self.0.values();
        carriers
            .find(|(gateway, _)| *gateway == address)
            .map(|(_, carrier)| carrier.as_str())
    }

    fn start(
        &self,
        behaviour: &CarrierBehaviour,
        plan: UasPlan,
        seed: u64,
    ) -> anyhow::Result<SimulatedCarrier> {
        let gateway = self.of(&behaviour.trunk)?;
        SimulatedCarrier::start(gateway, plan, seed ^ u64::from(gateway.port())).with_context(
            || {
                format!(
                    "the simulated carrier of trunk `{}` cannot start",
                    behaviour.trunk
                )
            },
        )
    }
}

/// Rings after 300 ms and answers a second later.
fn answering() -> UasPlan {
    UasPlan::always(UasScript::answer(Span::millis(300), Span::seconds(1)))
}

/// Has no capacity.
fn refusing() -> UasPlan {
    UasPlan::always(UasScript::reject(Span::millis(20), 503))
}

/// The demo needs every address that its files name on this machine.
pub(crate) fn check_platform() -> anyhow::Result<()> {
    let probe = std::net::UdpSocket::bind("127.0.0.11:0");
    if probe.is_err() {
        bail!(
            "this machine has no 127.0.0.11: the demo gives each party an address of its own within \
             127.0.0.0/8; on macOS add them with `sudo ifconfig lo0 alias 127.0.0.11` (and .12, .21, .22)"
        );
    }
    Ok(())
}
