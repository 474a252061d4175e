//! The command line as an operator meets it.

use crate::resources::{CarrierSpec, NUMBER, World};
use crate::switch::{Switch, binary};
use std::process::Command;

fn didtron(arguments: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let output = Command::new(binary())
        .args(arguments)
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

fn world() -> World<'static> {
    let gateway = "127.0.0.31:5999";
    World::of(vec![
        CarrierSpec::new("aurora", gateway, "0.012"),
        CarrierSpec::new("borealis", gateway, "0.09"),
    ])
}

#[test]
fn check_accepts_the_commented_file() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/configs/didtron.toml");
    let (status, out, _) = didtron(&["check", "--config", file], &[]);
    assert_eq!(status, Some(0));
    assert!(out.contains("valid"), "{out}");
}

#[test]
fn check_names_every_problem_and_exits_with_64() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bad.toml");
    std::fs::write(&file, "[node]\nshards = 99\n[sip]\nporrt = 5060\n").unwrap();
    let (status, _, errors) = didtron(&["check", "--config", file.to_str().unwrap()], &[]);
    assert_eq!(status, Some(64));
    assert!(errors.contains("line 4: `sip.porrt`"), "{errors}");
}

#[test]
fn serve_names_a_taken_port_and_the_setting_to_change() {
    let dir = tempfile::tempdir().unwrap();
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let listener = format!("udp/{}", taken.local_addr().unwrap());
    let data = dir.path().to_str().unwrap();
    let (status, _, errors) = didtron(
        &["serve"],
        &[
            ("DIDTRON_SIP_LISTENERS", &listener),
            ("DIDTRON_HTTP_ADDRESS", "127.0.0.1:0"),
            ("DIDTRON_DATA_DIR", data),
        ],
    );
    assert_eq!(status, Some(1));
    let port = taken.local_addr().unwrap().to_string();
    assert!(
        errors.contains(&port) && errors.contains("sip.listeners"),
        "{errors}"
    );
}

#[test]
fn apply_reports_created_then_unchanged_then_the_difference() {
    let switch = Switch::start(&[]);
    let mut world = world();
    let first = world.apply(&switch);
    assert!(first.contains("created   customer acme"), "{first}");
    let second = world.apply(&switch);
    assert!(second.contains("unchanged customer acme"), "{second}");
    assert!(second.contains("0 of"), "{second}");
    world.customer = "cps_limit: 7";
    let path = world.write(&switch);
    let file = path.to_str().unwrap();
    let dry = switch
        .command(&["apply", "--dry-run", "--file", file])
        .unwrap();
    assert!(
        dry.contains("updated   customer acme") && dry.contains("cps_limit: none → 7"),
        "{dry}"
    );
    let third = world.apply(&switch);
    assert!(third.contains("updated   customer acme"), "{third}");
}

#[test]
fn apply_of_broken_yaml_names_the_line_and_field_and_changes_nothing() {
    let switch = Switch::start(&[]);
    world().apply(&switch);
    let before = switch.get("/api/v1/status")["snapshot_number"].clone();
    let path = switch.scratch().join("broken.yaml");
    std::fs::write(
        &path,
        "kind: customer\nname: newcomer\nspec:\n  rate_card: sell\n  cps_limit: fast\n",
    )
    .unwrap();
    let error = switch.apply(&path).unwrap_err();
    assert!(
        error.contains("line 5") && error.contains("cps_limit"),
        "{error}"
    );
    assert_eq!(switch.get("/api/v1/status")["snapshot_number"], before);
    assert!(
        !switch
            .get("/api/v1/resources?kind=customer")
            .to_string()
            .contains("newcomer")
    );
}

#[test]
fn apply_of_a_broken_deck_names_the_line_and_the_column() {
    let switch = Switch::start(&[]);
    std::fs::write(
        switch.scratch().join("deck.csv"),
        "prefix,destination,rate_per_minute\n1,USA,0.01\n44,UK,free\n",
    )
    .unwrap();
    let path = switch.scratch().join("card.yaml");
    std::fs::write(
        &path,
        "kind: rate_card\nname: buy\nspec:\n  currency: USD\n  rates_file: deck.csv\n",
    )
    .unwrap();
    let error = switch.apply(&path).unwrap_err();
    assert!(
        error.contains("deck.csv, line 3") && error.contains("rate_per_minute"),
        "{error}"
    );
}

#[test]
fn explain_ranks_the_routes_and_says_why_one_lost() {
    let switch = Switch::start(&[]);
    world().apply(&switch);
    let text = switch
        .command(&[
            "explain",
            "--from",
            "442071234567",
            "--to",
            NUMBER,
            "--customer",
            "acme",
        ])
        .unwrap();
    assert!(text.contains("aurora") && text.contains("chosen"), "{text}");
    assert!(text.contains("borealis") && text.contains("lost"), "{text}");
    assert!(text.contains("The call is accepted"), "{text}");
}

#[test]
fn a_stopped_switch_ends_well() {
    let mut switch = Switch::start(&[]);
    assert!(switch.stop(), "{}", switch.log());
}

#[test]
fn a_carriers_deck_is_imported_and_in_force_after_its_push() {
    let switch = Switch::start(&[]);
    world().apply(&switch);
    let file = switch.scratch().join("november.csv");
    std::fs::write(
        &file,
        "Dial Code;Destination;Price\n+1;USA;0,010\n0044;UK;free\n49;Germany;0,02\n",
    )
    .unwrap();
    let file = file.to_str().unwrap();
    let import = ["deck", "import", file, "--card", "aurora-buy", "--apply"];
    let refused = switch.command(&import).unwrap_err();
    assert!(refused.contains("have to be confirmed"), "{refused}");
    let confirmed = [&import[..], &["--confirm", "--change-set", "november"]].concat();
    let out = switch.command(&confirmed).unwrap();
    for told in [
        "3 rows, 1 rejected, 1 doubtful",
        "rejected: line 3: rate_per_minute: not a price",
        "1 decrease",
        "1 new",
        "1 kept",
        "the card is a draft of change set",
    ] {
        assert!(out.contains(told), "{told}: {out}");
    }
    switch.command(&["changes", "push", "november"]).unwrap();
    let card = switch.get("/api/v1/rate-cards/aurora-buy");
    assert_eq!(card["spec"]["rates_file"], "aurora-buy.csv", "{card}");
}
