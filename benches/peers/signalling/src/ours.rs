//! DIDTron, as it is built for use, with everything switched on.
//!
//! Authorisation by source address, tech prefixes, a customer's card and ten carriers' cards of all dial codes each,
//! ranking by cost, profit guard, limits, prepaid money, two-sided rating, journal, and loading into SQLite. *Held
//! off*, the loader runs once a minute, which is never within a window of a switch that has just been started: what
//! is left is the path of calls up to the record in the journal.

use crate::contender::{Contender, OURS, OURS_HELD_OFF, Running, Setting};
use crate::processes::Processes;
use crate::switch::{Switch, binary, until};
use crate::world::{self, CARRIER, CARRIERS, CUSTOMERS, Cores, REFUSED, REFUSING};
use serde_json::json;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;
use std::process::Command;
use std::rc::Rc;

const ADDRESS: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(127, 0, 4, 1), 5060);
/// In memory, as the records of the peers: disks are not compared.
const MEMORY: &str = "/dev/shm";

pub(crate) struct Ours {
    /// The data of a switch that knows the world.
    pub(crate) prepared: Rc<tempfile::TempDir>,
    pub(crate) is_held_off: bool,
}

impl Contender for Ours {
    fn name(&self) -> &'static str {
        match self.is_held_off {
            false => OURS,
            true => OURS_HELD_OFF,
        }
    }

    fn version(&self) -> String {
        crate::sheet::output(&binary().to_string_lossy(), &["--version"])
    }

    fn start(&self, setting: Setting) -> Running {
        let directory = tempfile::tempdir_in(MEMORY).unwrap();
        copy(&self.prepared.path().join("data"), directory.path());
        let (shards, interval) = (
            setting.cores.count().to_string(),
            if self.is_held_off { "60000" } else { "200" },
        );
        let listener = format!("udp/{ADDRESS}");
        let settings = [
            ("DIDTRON_NODE_SHARDS", shards.as_str()),
            ("DIDTRON_CDR_LOAD_INTERVAL_MS", interval),
            ("DIDTRON_SIP_LISTENERS", &listener),
            // As it is by default.
            ("DIDTRON_DEFENCE_LAG_MAX_MS", "250"),
        ];
        let switch = setting
            .cores
            .start(|| Switch::start_in(directory, &settings));
        Running {
            address: ADDRESS,
            processes: Processes::of(&[switch.process()]),
            kept: Box::new(switch),
        }
    }

    fn first_rate(&self) -> f64 {
        match self.is_held_off {
            false => 3_500.0,
            true => 9_000.0,
        }
    }

    fn wants_fresh_starts(&self) -> bool {
        self.is_held_off
    }

    fn is_measured_whole(&self) -> bool {
        true
    }
}

/// A switch's data with the world applied and money on every customer's account.
pub(crate) fn prepare() -> Rc<tempfile::TempDir> {
    println!("the world is applied");
    let kept = tempfile::tempdir_in(MEMORY).unwrap();
    let directory = tempfile::tempdir_in(MEMORY).unwrap();
    let mut switch = Cores::Two.start(|| Switch::start_in(directory, &[]));
    let folder = switch.scratch().join("world");
    std::fs::create_dir(&folder).unwrap();
    write_world(&folder);
    println!(
        "{}",
        switch
            .apply(&folder)
            .unwrap()
            .lines()
            .last()
            .unwrap_or_default()
    );
    for customer in 1..=CUSTOMERS {
        let body =
            json!({ "customer": customer_name(customer), "amount": "10000000", "currency": "USD" });
        switch.post_once("/api/v1/payments", &format!("customer-{customer}"), &body);
    }
    until("every customer has money", || {
        let credit = switch.get("/api/v1/live/credit");
        let customers = credit["customers"].as_array().unwrap();
        let is_positive = |amount: &str| amount.parse::<f64>().is_ok_and(|amount| amount > 0.0);
        let have = customers
            .iter()
            .filter(|customer| customer["available"].as_str().is_some_and(is_positive));
        have.count() == usize::from(CUSTOMERS)
    });
    assert!(switch.stop(), "{}", switch.log());
    let data = switch.database();
    copy(data.parent().unwrap(), kept.path());
    Rc::new(kept)
}

fn copy(from: &Path, into: &Path) {
    let status = Command::new("cp").arg("-a").arg(from).arg(into).status();
    assert!(status.unwrap().success(), "{} is copied", from.display());
}

fn customer_name(customer: u8) -> String {
    format!("customer {customer}")
}

fn write_world(folder: &Path) {
    std::fs::copy(world::retail_deck(), folder.join("retail.csv.gz")).unwrap();
    let prefixes = world::prefixes();
    let mut yaml =
        "kind: rate_card\nname: retail\nspec:\n  currency: USD\n  rates_file: retail.csv.gz\n"
            .to_owned();
    for carrier in 0..CARRIERS {
        let prefix = world::carrier_prefix(carrier + 1);
        let trunk = format!("gateway: {CARRIER}\n  called_number: {{ add_prefix: \"{prefix}\" }}");
        let deck = priced(prefixes.iter().enumerate(), carrier);
        write_carrier(
            folder,
            &mut yaml,
            &format!("carrier {carrier}"),
            &trunk,
            &deck,
        );
    }
    // Cheaper than all others.
    let refused = prefixes.iter().filter(|prefix| prefix.starts_with(REFUSED));
    let mut deck = DECK_HEAD.to_owned();
    for prefix in refused {
        let _ = writeln!(deck, "{prefix},Refused,0.00001");
    }
    let trunk = format!("gateway: {REFUSING}");
    write_carrier(folder, &mut yaml, "refuses", &trunk, &deck);
    for customer in 1..=CUSTOMERS {
        let (name, from) = (customer_name(customer), world::customer_address(customer));
        let tech_prefix = world::tech_prefix(customer).map_or_else(String::new, |prefix| {
            format!("\n  tech_prefix: \"{prefix}\"")
        });
        let _ = write!(
            yaml,
            "---\nkind: customer\nname: {name}\nspec:\n  rate_card: retail\n  cps_limit: 50000\n  channel_limit: 100000\n  \
             billing: {{ mode: prepaid }}\n---\nkind: trunk\nname: {name} in\nspec:\n  direction: ingress\n  customer: {name}\n  \
             source_addresses: [{from}]\n  media: direct{tech_prefix}\n"
        );
    }
    std::fs::write(folder.join("resources.yaml"), yaml).unwrap();
}

const DECK_HEAD: &str = "prefix,destination,rate_per_minute\n";

/// Prices of a few hundred steps, all below what customers pay, so that each carrier is the cheapest somewhere.
fn priced<'p>(rows: impl Iterator<Item = (usize, &'p String)>, carrier: usize) -> String {
    let mut csv = DECK_HEAD.to_owned();
    for (index, prefix) in rows {
        let area = index / 7;
        let micros = 100 + (area * 31 + carrier * 101) % 400;
        let _ = writeln!(csv, "{prefix},Area {area},0.000{micros}");
    }
    csv
}

fn write_carrier(folder: &Path, yaml: &mut String, name: &str, trunk: &str, deck: &str) {
    let file = format!("{}.csv", name.replace(' ', "-"));
    std::fs::write(folder.join(&file), deck).unwrap();
    let _ = write!(
        yaml,
        "---\nkind: rate_card\nname: {name} buy\nspec:\n  currency: USD\n  rates_file: {file}\n---\nkind: carrier\nname: {name}\n\
         spec:\n  cps_limit: 50000\n  channel_limit: 100000\n---\nkind: trunk\nname: {name} out\nspec:\n  direction: egress\n  \
         carrier: {name}\n  rate_card: {name} buy\n  media: direct\n  {trunk}\n"
    );
}
