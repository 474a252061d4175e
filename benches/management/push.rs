//! Pushes of many changed resources, until calls use them.

use crate::switch::Switch;
use serde_json::json;
use std::time::{Duration, Instant};

/// Trunks that change with each push. As many carriers stand beside them.
pub(crate) const CHANGED: usize = 1_000;

/// Customers that do not change.
pub(crate) const BYSTANDERS: usize = 5_000;

/// Pushes.
const PUSHES: u64 = 11;

/// The times of the pushes, the shortest first.
pub(crate) fn measure() -> Vec<Duration> {
    let switch = Switch::start(&[]);
    let file = switch.scratch().join("all.yaml");
    std::fs::write(&file, documents()).unwrap();
    switch.apply(&file).unwrap();
    let mut times: Vec<Duration> = (1..=PUSHES).map(|limit| push(&switch, limit)).collect();
    times.sort();
    times
}

fn documents() -> String {
    let card = |name: &str| {
        format!(
            "---\nkind: rate_card\nname: {name}\nspec:\n  currency: USD\n  rates:\n    \
             - {{prefix: \"1\", destination: USA, rate_per_minute: \"0.01\"}}\n"
        )
    };
    let mut yaml = card("buy") + &card("sell");
    for number in 0..CHANGED {
        let (a, b) = (number / 250, number % 250 + 1);
        yaml += &format!("---\nkind: carrier\nname: c{number}\nspec: {{}}\n");
        yaml += &format!(
            "---\nkind: trunk\nname: t{number}\nspec:\n  direction: egress\n  \
             carrier: c{number}\n  rate_card: buy\n  gateway: \"10.9.{a}.{b}:5060\"\n"
        );
    }
    for number in 0..BYSTANDERS {
        yaml += &format!("---\nkind: customer\nname: k{number}\nspec:\n  rate_card: sell\n");
    }
    yaml
}

/// Changes all trunks; gives the time from the request of the push until the switch has the
/// snapshot, which is when it answers.
fn push(switch: &Switch, limit: u64) -> Duration {
    let made = switch.send("POST", "/api/v1/change-sets", &json!({"name": "limits"}));
    let path = format!("/api/v1/trunks/bulk?change_set={}", made["id"]);
    let edit = json!({"filter": {}, "spec": {"cps_limit": limit}});
    let drafted = switch.send("POST", &path, &edit);
    assert_eq!(drafted["changes"].as_array().unwrap().len(), CHANGED);
    let start = Instant::now();
    let path = format!("/api/v1/change-sets/{}/push", made["id"]);
    let pushed = switch.send("POST", &path, &json!({}));
    let took = start.elapsed();
    let status = switch.get("/api/v1/status");
    assert_eq!(status["snapshot_number"], pushed["configuration_number"]);
    took
}
