#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::{Carrier, ChannelPlan};

const ACME: CustomerPlace<'static> = CustomerPlace {
    name: "Acme",
    category: Some("Enterprise"),
    group: Some("Gold"),
};

fn assign(json: &str) -> Assignment {
    serde_json::from_str(json).unwrap()
}

#[test]
fn the_most_specific_level_counts() {
    let cases = [
        (r#"{"all": true}"#, Some(AssignmentLevel::All)),
        (
            r#"{"categories": ["Enterprise"]}"#,
            Some(AssignmentLevel::Category),
        ),
        (
            r#"{"groups": ["Gold"], "categories": ["Enterprise"]}"#,
            Some(AssignmentLevel::Group),
        ),
        (
            r#"{"all": true, "customers": ["Acme"]}"#,
            Some(AssignmentLevel::Customer),
        ),
        (r#"{"customers": ["Gold"], "groups": ["Acme"]}"#, None),
        ("{}", None),
    ];
    for (json, expected) in cases {
        assert_eq!(assign(json).level_for(&ACME), expected, "{json}");
    }
    assert_eq!(
        Assignment::default().level_for(&ACME),
        Some(AssignmentLevel::All)
    );
}

#[test]
fn who_gets_a_resource_is_told_with_the_level() {
    let other = CustomerPlace {
        name: "Borealis",
        category: Some("Enterprise"),
        group: None,
    };
    let nobody = CustomerPlace {
        name: "Cumulus",
        ..CustomerPlace::default()
    };
    let assign = assign(r#"{"categories": ["Enterprise"], "groups": ["Gold"]}"#);
    let found = who_gets(&assign, [ACME, other, nobody]);
    let found: Vec<_> = found
        .iter()
        .map(|one| (one.name.as_str(), one.level))
        .collect();
    assert_eq!(
        found,
        [
            ("Acme", AssignmentLevel::Group),
            ("Borealis", AssignmentLevel::Category)
        ]
    );
}

#[test]
fn of_a_kind_of_which_a_customer_has_one_the_most_specific_counts() {
    let plan = ResourceSpec::from(ChannelPlan::new(10, 2));
    let all = Assignment::default();
    let group = assign(r#"{"groups": ["Gold"]}"#);
    let other = assign(r#"{"groups": ["Silver"]}"#);
    let items = || {
        [
            ("small", &all),
            ("large", &group),
            ("other", &other),
            ("huge", &group),
        ]
        .map(|(name, assign)| AssignedItem::new(name, &plan, assign).unwrap())
    };
    let summary = |found: &[KindEntitlements]| -> Vec<(String, AssignmentLevel, bool)> {
        assert_eq!(found.len(), 1);
        let items = found[0].items.iter();
        items
            .map(|item| (item.name.clone(), item.level, item.is_effective))
            .collect()
    };
    assert_eq!(
        summary(&entitlements(&ACME, &[], items())),
        [
            ("huge".to_owned(), AssignmentLevel::Group, true),
            ("large".to_owned(), AssignmentLevel::Group, false),
            ("small".to_owned(), AssignmentLevel::All, false),
        ]
    );
    let own = Reference {
        field: "channel_plan".into(),
        kind: ResourceKind::ChannelPlan,
        name: "other".into(),
    };
    let found = summary(&entitlements(&ACME, &[own], items()));
    assert_eq!(found[0], ("other".to_owned(), AssignmentLevel::Named, true));
    assert!(!found[1].2);
}

#[test]
fn of_other_kinds_all_count() {
    let carrier = ResourceSpec::from(Carrier::default());
    let all = Assignment::default();
    let items = ["a", "b"].map(|name| AssignedItem::new(name, &carrier, &all).unwrap());
    let found = entitlements(&ACME, &[], items);
    assert!(found[0].items.iter().all(|item| item.is_effective));
    assert_eq!(found[0].assignable, Assignable::Many);
}

#[test]
fn names_are_references_and_follow_a_rename() {
    let mut assign = assign(r#"{"categories": ["A"], "customers": ["B", "A"]}"#);
    let fields: Vec<_> = assign
        .references()
        .into_iter()
        .map(|r| (r.field, r.kind))
        .collect();
    assert_eq!(
        fields,
        [
            (
                "assign.categories[0]".to_owned(),
                ResourceKind::CustomerCategory
            ),
            ("assign.customers[0]".to_owned(), ResourceKind::Customer),
            ("assign.customers[1]".to_owned(), ResourceKind::Customer),
        ]
    );
    assert_eq!(
        assign.rename_references(ResourceKind::Customer, "A", "Z"),
        1
    );
    assert_eq!((&*assign.categories[0], &*assign.customers[1]), ("A", "Z"));
    let empty = Assignment {
        groups: vec![String::new()],
        ..assign
    };
    assert_eq!(empty.check()[0].field.as_deref(), Some("assign.groups[0]"));
}
