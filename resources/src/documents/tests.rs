#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::{Direction, ResourceSpec, Status};
use proptest::prelude::*;

const SOUND: &str = r#"# The demo's customer and its way in.
kind: customer
name: Meridian Telecom
spec:
  rate_card: retail
  cps_limit: 50
---
kind: trunk
name: meridian-in
spec:
  direction: ingress
  customer: Meridian Telecom
  source_addresses: [192.0.2.0/24, "2001:db8::1"]
--- # a card in place
kind: rate_card
name: retail
spec:
  currency: USD
  connection_fee: 0.001
  rates:
    - { prefix: 44, destination: United Kingdom, rate_per_minute: 0.0125 }
    - prefix: "007"
      destination: Nowhere
      rate_per_minute: "1"
      initial_interval_s: 30
"#;

fn problems(text: &str) -> Vec<String> {
    let problems = parse_documents("demo.yaml", text).unwrap_err();
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn documents_are_read_in_their_order() {
    let documents = parse_documents("demo.yaml", SOUND).unwrap();
    let summary: Vec<_> = documents
        .iter()
        .map(|document| {
            (
                document.line,
                document.value.spec.kind(),
                &*document.value.name,
            )
        })
        .collect();
    assert_eq!(
        summary,
        [
            (2, ResourceKind::Customer, "Meridian Telecom"),
            (8, ResourceKind::Trunk, "meridian-in"),
            (15, ResourceKind::RateCard, "retail"),
        ]
    );
    let ResourceSpec::Trunk(trunk) = &documents[1].value.spec else {
        panic!("{:?}", documents[1].value);
    };
    assert_eq!(trunk.direction, Direction::Ingress);
    assert_eq!(trunk.status, Status::Active);
    assert_eq!(trunk.source_addresses.len(), 2);
    let ResourceSpec::RateCard(card) = &documents[2].value.spec else {
        panic!("{:?}", documents[2].value);
    };
    let rows = card.rates.as_ref().unwrap();
    assert_eq!(card.connection_fee.to_string(), "0.001");
    assert_eq!(rows[0].rate_per_minute.to_string(), "0.0125");
    assert_eq!(
        (rows[0].prefix.as_str(), rows[1].prefix.as_str()),
        ("44", "007")
    );
}

#[test]
fn an_empty_file_has_no_documents() {
    for text in ["", "---\n", "# nothing\n---\n\n---\n# more\n", "\u{feff}"] {
        assert!(
            parse_documents("x.yaml", text).unwrap().is_empty(),
            "{text:?}"
        );
    }
}

#[test]
fn windows_line_ends_are_read_and_lines_counted() {
    let text = SOUND.replace('\n', "\r\n");
    let documents = parse_documents("demo.yaml", &text).unwrap();
    assert_eq!(documents[2].line, 15);
    assert_eq!(documents[0].value.name, "Meridian Telecom");
}

#[test]
fn each_fault_is_named_by_line_and_field() {
    let cases = [
        (
            "cps_limit: 50",
            "cps_limit: fifty",
            "demo.yaml:6:14: customer \"Meridian Telecom\": cps_limit: write a whole number",
        ),
        (
            "cps_limit: 50",
            "cps_limit: -1",
            "demo.yaml:6:14: customer \"Meridian Telecom\": cps_limit: write a whole number",
        ),
        (
            "cps_limit: 50",
            "cps_limit: 0",
            "demo.yaml:6:3: customer \"Meridian Telecom\": cps_limit: 0 is out of bounds: write 1 to 100000",
        ),
        (
            "cps_limit: 50",
            "cps_limt: 50",
            "demo.yaml:6:3: customer \"Meridian Telecom\": cps_limt: unknown field",
        ),
        (
            "cps_limit: 50",
            "rate_card: x",
            "demo.yaml:6:3: rate_card: the field stands twice",
        ),
        (
            "  rate_card: retail\n",
            "",
            "demo.yaml:5:3: customer \"Meridian Telecom\": rate_card: the field is missing",
        ),
        (
            "name: Meridian Telecom\nspec",
            "spec",
            "demo.yaml:3:1: customer: name: the field is missing",
        ),
        (
            "kind: customer",
            "kind: vendor",
            "demo.yaml:2:1: kind: `vendor` is not a kind",
        ),
        (
            "kind: customer\n",
            "",
            "demo.yaml:3:1: kind: the field is missing",
        ),
        (
            "direction: ingress",
            "direction: inwards",
            "demo.yaml:11:14: trunk \"meridian-in\": direction: unknown variant `inwards`",
        ),
        (
            "192.0.2.0/24",
            "192.0.2.1/24",
            "demo.yaml:13:22: trunk \"meridian-in\": source_addresses[0]: `192.0.2.1/24` has bits",
        ),
        (
            "192.0.2.0/24",
            "example.com",
            "demo.yaml:13:22: trunk \"meridian-in\": source_addresses[0]: `example.com` is not an IP",
        ),
        (
            "0.0125",
            "1/80",
            "demo.yaml:21:67: rate_card \"retail\": rates[0].rate_per_minute: not a decimal number",
        ),
        (
            "rate_per_minute: \"1\"",
            "rate_per_minut: \"1\"",
            "demo.yaml:24:7: rate_card \"retail\": rates[1].rate_per_minut: unknown field",
        ),
        (
            "connection_fee: 0.001",
            "connection_fee: 20000",
            "demo.yaml:19:3: rate_card \"retail\": connection_fee: 20000 is out of bounds",
        ),
        (
            "currency: USD",
            "currency: usd",
            "demo.yaml:18:13: rate_card \"retail\": currency: `usd` is not a currency",
        ),
    ];
    for (sound, broken, expected) in cases {
        let text = SOUND.replace(sound, broken);
        assert_ne!(text, SOUND, "{sound}");
        let found = problems(&text);
        assert!(found[0].starts_with(expected), "{broken}: {found:#?}");
        assert_eq!(found.len(), 1, "{broken}: {found:#?}");
    }
}

#[test]
fn every_fault_of_every_document_is_reported_at_once() {
    let text = SOUND
        .replace("cps_limit: 50", "cps_limit: 0")
        .replace("customer: Meridian Telecom\n  source", "source")
        .replace("currency: USD", "currency: dollar");
    let lines: Vec<_> = parse_documents("demo.yaml", &text)
        .unwrap_err()
        .iter()
        .map(|problem| problem.line.unwrap())
        .collect();
    assert_eq!(lines, [6, 8, 17]);
}

#[test]
fn a_field_that_is_not_written_is_named_at_the_start_of_its_document() {
    let text = SOUND.replace(
        "source_addresses: [192.0.2.0/24, \"2001:db8::1\"]",
        "media: relay",
    );
    let found = problems(&text);
    let expected = "demo.yaml:8:1: trunk \"meridian-in\": source_addresses: an ingress trunk needs";
    assert!(found[0].starts_with(expected), "{found:#?}");
}

#[test]
fn broken_yaml_is_named_by_its_line() {
    let cases = [
        (
            "spec:\n  rate_card: retail",
            "spec:\n\trate_card: retail",
            "demo.yaml:5:",
        ),
        ("192.0.2.0/24, ", "[192.0.2.0/24, ", "demo.yaml:1"),
        ("name: retail", "name: retail: x", "demo.yaml:16:"),
        ("spec:\n  direction", "spec: 3\ndirection", "demo.yaml:1"),
    ];
    for (sound, broken, expected) in cases {
        let text = SOUND.replace(sound, broken);
        let found = problems(&text);
        assert!(found[0].starts_with(expected), "{broken}: {found:#?}");
    }
    assert!(
        problems("just words\n")[0]
            .starts_with("x.yaml:1")
            .eq(&false)
    );
    assert!(problems("just words\n")[0].starts_with("demo.yaml:1:1: expected fields"));
    assert!(problems("- kind: customer\n")[0].starts_with("demo.yaml:1:1: expected fields"));
}

#[test]
fn a_resource_that_stands_twice_is_named_with_its_first_line() {
    let text =
        format!("{SOUND}---\nkind: customer\nname: Meridian Telecom\nspec: {{rate_card: x}}\n");
    assert_eq!(
        problems(&text),
        [
            "demo.yaml:28:1: customer \"Meridian Telecom\": name: the same resource stands in line 2 \
          already"
        ]
    );
}

#[test]
fn problems_between_resources_get_their_lines() {
    let documents = parse_documents("demo.yaml", SOUND).unwrap();
    let mut problems = [
        Problem::in_field("customer", "there is none").of(ResourceKind::Trunk, "meridian-in"),
        Problem::in_field("rates[1].prefix", "twice").of(ResourceKind::RateCard, "retail"),
        Problem::in_field("gateway", "not written").of(ResourceKind::Trunk, "meridian-in"),
        Problem::in_field("gateway", "of another file").of(ResourceKind::Trunk, "elsewhere"),
    ];
    locate(&mut problems, &documents);
    let lines: Vec<_> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [Some(12), Some(22), Some(8), None]);
}

#[test]
fn a_file_that_is_too_long_is_not_read() {
    let text = "#".repeat(FILE_BYTES_MAX + 1);
    assert!(problems(&text)[0].contains("longer than"));
}

#[test]
fn what_is_written_is_read_back() {
    let assigned = "kind: channel_plan\nname: \"007\"\nexternal_id: \"1e3\"\n\
        assign: { groups: [\"yes\", \"a: b # c\"] }\nspec: { channels: 5, cps: 1, \
        description: \"two\\nlines\" }\n---\n";
    let read = |text: &str| -> Vec<ResourceDocument> {
        let documents = parse_documents("x.yaml", text).unwrap();
        documents
            .into_iter()
            .map(|document| document.value)
            .collect()
    };
    let before = read(&format!("{assigned}{SOUND}"));
    let text = write_documents(&before).unwrap();
    assert_eq!(read(&text), before, "{text}");
    assert!(text.starts_with("kind: channel_plan\nname: "), "{text}");
    assert!(!text.contains("status"), "defaults are left out: {text}");
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "[ a-z0-9:\\-\\[\\]{}\"'#&*|>\\n,.]{0,200}") {
        let _ = parse_documents("x.yaml", &text);
    }

    #[test]
    fn no_cut_of_a_sound_file_makes_the_reader_panic(at in 0..SOUND.len()) {
        if let Some(text) = SOUND.get(..at) {
            let _ = parse_documents("x.yaml", text);
        }
    }
}
