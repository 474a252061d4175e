//! Classes of called numbers, met by calls of SIPp, and `didtron numbers test`.

use crate::numbers::{records, set_numbers, switch_with_two_carriers, write};
use crate::switch::Switch;
use serde_json::{Value, json};

const FIXED: &str = "442071838750";
const MOBILE: &str = "447400123456";
const PREMIUM: &str = "449098790000";
/// Of a length that no number of Britain has.
const IMPOSSIBLE: &str = "44207183";

fn carrier(record: &Value) -> &Value {
    &record["attempt_records"][0]["carrier"]
}

#[test]
fn a_blocked_class_is_refused_and_a_carrier_that_takes_no_mobiles_is_passed_over() {
    let (switch, _carriers) = switch_with_two_carriers();
    let premium = json!({ "blocked_classes": ["premium_rate"] });
    set_numbers(&switch, "customers/acme", &premium);
    let mobile = json!({ "blocked_classes": ["mobile"] });
    set_numbers(&switch, "carriers/aurora", &mobile);

    let records = records(&switch, &[PREMIUM, MOBILE, FIXED]);
    assert_eq!(records[0]["outcome"], "rejected", "{:#}", records[0]);
    assert_eq!(records[0]["release_reason"], "number_class_blocked");
    assert_eq!(records[0]["sip_status"], 403);
    assert_eq!(records[1]["outcome"], "answered", "{:#}", records[1]);
    assert_eq!(carrier(&records[1]), "borealis");
    assert_eq!(carrier(&records[2]), "aurora");

    let explain = |to: &str| {
        let asked = ["explain", "--customer", "acme", "--from", FIXED, "--to", to];
        switch.command(&asked).unwrap()
    };
    let why = explain(PREMIUM);
    assert!(
        why.contains("a premium-rate number of GB: this class is blocked"),
        "{why}"
    );
    let why = explain(MOBILE);
    let lost = why
        .lines()
        .find(|line| line.contains("aurora-out"))
        .unwrap();
    assert!(lost.contains("the carrier does not take a mobile"), "{why}");
}

#[test]
fn a_number_that_cannot_be_is_refused_before_a_carrier_is_asked() {
    let (switch, _carriers) = switch_with_two_carriers();
    let possible = json!({ "validation": "possible" });
    set_numbers(&switch, "trunks/acme-in", &possible);
    let records = records(&switch, &[IMPOSSIBLE, FIXED]);
    assert_eq!(records[0]["outcome"], "rejected", "{:#}", records[0]);
    assert_eq!(records[0]["release_reason"], "invalid_number");
    assert_eq!(records[0]["sip_status"], 484);
    assert_eq!(records[0]["attempt_records"], json!([]));
    assert_eq!(records[1]["outcome"], "answered", "{:#}", records[1]);
}

#[test]
fn numbers_are_tried_from_the_command_line() {
    let (switch, _carriers) = switch_with_two_carriers();
    let national = json!({ "pattern": "0([1-9][0-9]+)", "replacement": "44$1" });
    write(
        &switch,
        "translation-rules",
        "national",
        json!({ "rules": [national] }),
    );
    let policy = json!({ "called_rules": "national", "blocked_classes": ["premium_rate"] });
    set_numbers(&switch, "customers/acme", &policy);
    set_numbers(
        &switch,
        "carriers/aurora",
        &json!({ "blocked_classes": ["mobile"] }),
    );

    let test = [
        "numbers",
        "test",
        "--customer",
        "acme",
        "--from",
        FIXED,
        "--to",
    ];
    let test = |to: &str| switch.command(&[&test[..], &[to]].concat()).unwrap();
    let taken = test("07400123456");
    for words in [
        "rule 1 of \"national\" makes 447400123456 of the called number 07400123456",
        "not sent: the carrier does not take a mobile",
        "By trunk \"acme-in\" the numbers are taken",
        "mobile of GB",
    ] {
        assert!(taken.contains(words), "{words}: {taken}");
    }
    let refused = test("09098790000");
    assert!(
        refused.contains("refused: number_class_blocked"),
        "{refused}"
    );
    assert_eq!(switch.cdrs().len(), 0, "nobody was called");

    let nobody = ["numbers", "test", "--customer", "nobody", "--to", FIXED];
    let complaint = switch.command(&nobody).unwrap_err();
    assert!(complaint.contains("`customer`"), "{complaint}");
}

#[test]
fn rules_of_a_file_are_tried_before_they_are_applied() {
    let switch = Switch::start(&[]);
    let file = switch.scratch().join("rules.yaml");
    let file_name = file.to_str().unwrap();
    let with = |pattern: &str| {
        let yaml = format!(
            "kind: translation_rules\nname: national\nspec:\n  rules:\n    - {{ prefix: \"00\" }}\n    \
             - {{ pattern: \"{pattern}\", replacement: \"44$1\" }}\n"
        );
        std::fs::write(&file, yaml).unwrap();
        let test = [
            "numbers",
            "test",
            "--rules",
            file_name,
            "07400123456",
            "+33142685300",
        ];
        switch.command(&test)
    };
    let answer = with("0([1-9][0-9]+)").unwrap();
    let lines: Vec<_> = answer.lines().collect();
    assert!(
        lines[0].contains("rule 2") && lines[0].contains("447400123456"),
        "{answer}"
    );
    assert!(lines[0].contains("mobile of GB"), "{answer}");
    assert!(
        lines[1].contains("no rule") && lines[1].contains("fixed line of FR"),
        "{answer}"
    );
    let complaint = with("0([1-9]").unwrap_err();
    assert!(complaint.contains("rules[1].pattern"), "{complaint}");
}
