//! Change sets on a running switch: from draft to the next call, and back; and a switch that is
//! killed while it pushes.

use crate::resources::{CUSTOMER, CarrierSpec, NUMBER, World};
use crate::sipp::{Calls, Carrier, Over, Tally};
use crate::switch::Switch;
use serde_json::{Value, json};
use std::thread;
use std::time::{Duration, Instant};

/// Calls placed at once.
const CALLS: u32 = 3;

/// A switch with two carriers, the first of which is cheaper.
struct Scene {
    switch: Switch,
    _carriers: [Carrier; 2],
    calls: usize,
}

impl Scene {
    fn start() -> Self {
        let switch = Switch::start(&[]);
        let carrier = |address| Carrier::start("carrier_answers", address, Over::Udp, &[]);
        let carriers = [carrier("127.0.0.31"), carrier("127.0.0.32")];
        let [first, second] = &carriers;
        World::of(vec![
            CarrierSpec::new("aurora", first.address, "0.010"),
            CarrierSpec::new("borealis", second.address, "0.020"),
        ])
        .apply(&switch);
        Self {
            switch,
            _carriers: carriers,
            calls: 0,
        }
    }

    /// The one carrier that took some new calls.
    fn carrier_of_next_calls(&mut self) -> String {
        let tally = Calls {
            scenario: "caller_answered",
            from: CUSTOMER,
            to: self.switch.sip,
            over: Over::Udp,
            count: CALLS,
            per_second: 10,
            hold_ms: 100,
            numbers: &[NUMBER],
            scratch: self.switch.scratch(),
            more: &[],
        }
        .run();
        let all = Tally {
            successful: CALLS.into(),
            failed: 0,
        };
        assert_eq!(tally, all);
        self.calls += CALLS as usize;
        let cdrs = self.switch.wait_for_cdrs(self.calls);
        let newest = &cdrs[..CALLS as usize];
        let carrier = newest[0]["carrier"].as_str().unwrap();
        assert!(
            newest.iter().all(|cdr| cdr["carrier"] == carrier),
            "{cdrs:?}"
        );
        carrier.to_owned()
    }
}

/// What borealis charges when it is the cheaper one.
fn cheaper() -> Value {
    json!({"currency": "USD", "rates": [
        {"prefix": "1", "destination": "USA", "rate_per_minute": "0.005"},
    ]})
}

#[test]
fn a_change_set_is_drafted_previewed_pushed_and_rolled_back_by_the_api() {
    let mut scene = Scene::start();
    assert_eq!(scene.carrier_of_next_calls(), "aurora");
    let made = scene
        .switch
        .send("POST", "/api/v1/change-sets", &json!({"name": "March"}));
    let set = format!("/api/v1/change-sets/{}", made["id"]);
    let draft = json!({"name": "borealis-buy", "spec": cheaper()});
    let path = format!("/api/v1/rate-cards/borealis-buy?change_set={}", made["id"]);
    scene.switch.send("PUT", &path, &draft);

    let preview = scene.switch.get(&format!("{set}/preview"));
    assert_eq!(preview["problems"], json!([]));
    assert_eq!(preview["impact"]["carriers"]["names"], json!(["borealis"]));
    assert_eq!(preview["replay"]["calls"], CALLS);
    assert_eq!(preview["replay"]["carrier_changed"], CALLS);
    assert_eq!(preview["replay"]["newly_blocked"], 0);
    let cost = |side: &str| preview["replay"][side]["cost"].as_str().unwrap().to_owned();
    assert!(cost("after").parse::<f64>().unwrap() < cost("before").parse::<f64>().unwrap());
    assert_eq!(
        scene.carrier_of_next_calls(),
        "aurora",
        "a draft is not in force"
    );

    let push = json!({"revision": preview["revision"]});
    let pushed = scene.switch.send("POST", &format!("{set}/push"), &push);
    assert_eq!(pushed["state"], "pushed");
    assert_eq!(scene.carrier_of_next_calls(), "borealis");
    let undone = scene
        .switch
        .send("POST", &format!("{set}/rollback"), &json!({}));
    assert_eq!(undone["state"], "pushed");
    assert_eq!(scene.carrier_of_next_calls(), "aurora");
}

#[test]
fn a_change_set_is_drafted_previewed_pushed_and_rolled_back_by_the_command_line() {
    let mut scene = Scene::start();
    assert_eq!(scene.carrier_of_next_calls(), "aurora");
    let file = scene.switch.scratch().join("cheaper.yaml");
    let yaml = "kind: rate_card\nname: borealis-buy\nspec:\n  currency: USD\n  rates:\n    \
                - {prefix: \"1\", destination: USA, rate_per_minute: \"0.005\"}\n";
    std::fs::write(&file, yaml).unwrap();
    let file = file.to_str().unwrap();
    let command = |arguments: &[&str]| scene.switch.command(arguments).unwrap();

    let dry = command(&["apply", "--file", file, "--dry-run"]);
    assert!(
        dry.contains("1 carriers") && dry.contains("3 another carrier first"),
        "{dry}"
    );
    let applied = command(&["apply", "--file", file, "--change-set", "March"]);
    assert!(applied.contains("drafts of change set"), "{applied}");
    let listed = command(&["changes", "list"]);
    assert!(
        listed.contains("draft") && listed.contains("March (1 drafts"),
        "{listed}"
    );
    let shown = command(&["changes", "show", "March"]);
    assert!(
        shown.contains("updated   rate_card borealis-buy"),
        "{shown}"
    );
    let preview = command(&["changes", "preview", "March"]);
    assert!(preview.contains("3 another carrier first"), "{preview}");
    let number = listed.split_whitespace().next().unwrap().to_owned();

    let pushed = command(&["changes", "push", "March"]);
    assert!(pushed.contains("pushed"), "{pushed}");
    assert_eq!(scene.carrier_of_next_calls(), "borealis");
    let command = |arguments: &[&str]| scene.switch.command(arguments).unwrap();
    let undone = command(&["changes", "rollback", &number]);
    assert!(
        undone.contains("rolls") && undone.contains("back"),
        "{undone}"
    );
    assert_eq!(scene.carrier_of_next_calls(), "aurora");
}

/// Resources that are pushed together.
const PUSHED: u64 = 60;

/// Times that the switch is killed.
const KILLS: u32 = 14;
const KILLS_MAX: u32 = 54;

/// Drafts a limit for all carriers and gives the path of the change set.
fn drafted(switch: &Switch, limit: u64) -> String {
    let made = switch.send("POST", "/api/v1/change-sets", &json!({"name": "limits"}));
    let path = format!("/api/v1/carriers/bulk?change_set={}", made["id"]);
    let edit = json!({"filter": {}, "spec": {"cps_limit": limit}});
    switch.send("POST", &path, &edit);
    format!("/api/v1/change-sets/{}", made["id"])
}

/// The limit that all carriers have in force.
fn limit_of_all(switch: &Switch) -> u64 {
    let page = switch.get("/api/v1/carriers?limit=200");
    let items = page["items"].as_array().unwrap();
    assert_eq!(items.len() as u64, PUSHED);
    let limits: Vec<u64> = items
        .iter()
        .map(|carrier| carrier["spec"]["cps_limit"].as_u64().unwrap())
        .collect();
    assert!(
        limits.iter().all(|limit| *limit == limits[0]),
        "a part of a push is in force: {limits:?}"
    );
    limits[0]
}

#[test]
fn a_switch_that_is_killed_while_it_pushes_has_the_old_or_the_new_configuration() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    // The switch is another process: nothing else waits for this runtime.
    runtime.block_on(store::testing::databases(async |database| {
        kill_while_it_pushes(&database.url());
    }));
}

fn kill_while_it_pushes(database: &str) {
    let settings = [("DIDTRON_DATABASE_URL", database)];
    let mut switch = Switch::start(&settings);
    let mut yaml = String::new();
    for number in 0..PUSHED {
        yaml += &format!("---\nkind: carrier\nname: c{number}\nspec:\n  cps_limit: 1\n");
    }
    let file = switch.scratch().join("carriers.yaml");
    std::fs::write(&file, yaml).unwrap();
    switch.apply(&file).unwrap();
    // How long a push takes here, to spread the kills over it and a little beyond.
    let set = drafted(&switch, 2);
    let start = Instant::now();
    switch.send("POST", &format!("{set}/push"), &json!({}));
    let (took, mut old) = (start.elapsed(), 2);
    let (mut kept_old, mut took_new) = (0, 0);
    let mut round = 0;
    // More where all kills were too early or too late: both must be seen.
    while round < KILLS || (round < KILLS_MAX && (kept_old == 0 || took_new == 0)) {
        let new = old + 1;
        let set = drafted(&switch, new);
        let delay = match round {
            0..KILLS => took * round / (KILLS - 3),
            // The one that was measured was faster than those that are killed, or slower.
            _ if took_new == 0 => took * (round - KILLS + 2),
            _ => took / (round - KILLS + 2),
        };
        round += 1;
        kill_after(&mut switch, &format!("{set}/push"), delay);
        switch.kill_and_restart(&settings);
        let state = switch.get(&set)["state"].clone();
        let found = limit_of_all(&switch);
        if found == new {
            assert_eq!(state, "pushed");
            took_new += 1;
        } else {
            assert_eq!((found, &state), (old, &json!("draft")));
            kept_old += 1;
        }
        let versions = switch.get("/api/v1/carriers/c0/versions");
        let number = &versions["items"][0]["configuration_number"];
        assert_eq!(&switch.get("/api/v1/status")["snapshot_number"], number);
        old = found;
    }
    let told = format!("a push takes {took:?}; {kept_old} kills left the old, {took_new} the new");
    assert!(kept_old > 0 && took_new > 0, "{told}");
    eprintln!("{told}");
    // What is in force can be changed on.
    let set = drafted(&switch, 99);
    switch.send("POST", &format!("{set}/push"), &json!({}));
    assert_eq!(limit_of_all(&switch), 99);
}

/// Asks for a push and kills the switch a while later, whatever has become of it.
fn kill_after(switch: &mut Switch, path: &str, delay: Duration) {
    let asking = switch.asking("POST", path, json!({}));
    thread::sleep(delay);
    switch.kill();
    let _ = asking.join();
}
