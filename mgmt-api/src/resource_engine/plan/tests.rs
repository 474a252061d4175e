#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::resource_engine::testing::{created, current, draft, keep, names};
use serde_json::json;

fn faults(result: Result<Plan, Vec<Fault>>) -> Vec<String> {
    let faults = result.unwrap_err();
    faults
        .iter()
        .map(|fault| fault.to_problem().to_string())
        .collect()
}

/// A card, a carrier, a customer of the card, and a trunk of each of both.
fn world() -> Arc<CurrentSet> {
    current(vec![
        created(
            "rate_card",
            "retail",
            json!({"currency": "USD", "rates": []}),
        ),
        created("carrier", "aurora", json!({})),
        created("customer", "meridian", json!({"rate_card": "retail"})),
        created(
            "trunk",
            "aurora-out",
            json!({
                "direction": "egress", "carrier": "aurora", "rate_card": "retail",
                "gateway": "127.0.0.9:5060"
            }),
        ),
    ])
}

#[test]
fn what_is_as_written_is_unchanged() {
    let base = world();
    let same = draft(&base, "carrier", "aurora", |_| {});
    let plan = plan(base, TenantId::PLATFORM, vec![same], &DeckTexts::new()).unwrap();
    assert_eq!(plan.steps[0].action, ChangeAction::Unchanged);
    assert_eq!(plan.proposed.changes().len(), 0);
}

#[test]
fn a_draft_of_another_version_is_refused() {
    let base = world();
    let mut old = draft(&base, "carrier", "aurora", |_| {});
    old.base_version = Some(7);
    let told = faults(plan(base, TenantId::PLATFORM, vec![old], &DeckTexts::new()));
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("has version 1"), "{told:?}");
}

#[test]
fn what_others_name_stays_and_says_who() {
    let base = world();
    let mut gone = draft(&base, "carrier", "aurora", |_| {});
    gone.content = None;
    let told = faults(plan(
        Arc::clone(&base),
        TenantId::PLATFORM,
        vec![gone.clone()],
        &DeckTexts::new(),
    ));
    assert_eq!(told, ["carrier \"aurora\": named by trunk \"aurora-out\""]);
    let mut trunk = draft(&base, "trunk", "aurora-out", |_| {});
    trunk.content = None;
    let both = plan(
        base,
        TenantId::PLATFORM,
        vec![gone, trunk],
        &DeckTexts::new(),
    )
    .unwrap();
    assert_eq!(
        names(&both.proposed, ResourceKind::Trunk),
        Vec::<String>::new()
    );
}

#[test]
fn who_names_a_resource_follows_it_to_its_new_name() {
    let base = world();
    let renamed = draft(&base, "rate_card", "retail", |content| {
        content.name = "Retail 2".into();
    });
    let plan = plan(base, TenantId::PLATFORM, vec![renamed], &DeckTexts::new()).unwrap();
    let following: Vec<_> = plan
        .steps
        .iter()
        .filter(|step| step.follows_rename)
        .map(|step| {
            (
                step.key().unwrap().to_string(),
                step.differences[0].field.clone(),
            )
        })
        .collect();
    assert_eq!(
        following,
        [
            ("customer \"meridian\"".to_owned(), "rate_card".to_owned()),
            ("trunk \"aurora-out\"".to_owned(), "rate_card".to_owned()),
        ]
    );
    assert_eq!(names(&plan.proposed, ResourceKind::RateCard), ["Retail 2"]);
    let set = keep(plan);
    let card = Key::new(TenantId::PLATFORM, ResourceKind::RateCard, "Retail 2");
    assert_eq!(set.referrers(&card).count(), 2);
    assert_eq!(set.get(&card).unwrap().version, 2);
    let old = Key::new(TenantId::PLATFORM, ResourceKind::RateCard, "retail");
    assert_eq!(set.referrers(&old).count(), 0);
}

#[test]
fn two_resources_can_swap_their_names() {
    let base = current(vec![
        created("carrier", "a", json!({"cps_limit": 1})),
        created("carrier", "b", json!({"cps_limit": 2})),
    ]);
    let a = draft(&base, "carrier", "a", |content| content.name = "b".into());
    let b = draft(&base, "carrier", "b", |content| content.name = "a".into());
    let both = plan(
        Arc::clone(&base),
        TenantId::PLATFORM,
        vec![a.clone(), b],
        &DeckTexts::new(),
    );
    let set = keep(both.unwrap());
    let key = Key::new(TenantId::PLATFORM, ResourceKind::Carrier, "b");
    assert_eq!(set.get(&key).unwrap().spec.to_value()["cps_limit"], 1);
    let told = faults(plan(base, TenantId::PLATFORM, vec![a], &DeckTexts::new()));
    assert!(told[0].contains("has this name"), "{told:?}");
}

#[test]
fn a_reference_that_leads_nowhere_names_its_field() {
    let base = world();
    let lost = draft(&base, "customer", "meridian", |content| {
        content.spec["rate_card"] = json!("wholesale");
    });
    let told = faults(plan(
        base,
        TenantId::PLATFORM,
        vec![lost],
        &DeckTexts::new(),
    ));
    assert_eq!(
        told,
        ["customer \"meridian\": rate_card: there is no rate_card \"wholesale\""]
    );
}

#[test]
fn names_of_another_owner_mean_nothing() {
    let base = world();
    let theirs = created("customer", "theirs", json!({"rate_card": "retail"}));
    let told = faults(plan(
        base,
        TenantId::new(2),
        vec![theirs],
        &DeckTexts::new(),
    ));
    assert!(
        told[0].contains("there is no rate_card \"retail\""),
        "{told:?}"
    );
}

#[test]
fn an_external_identifier_belongs_to_one() {
    let base = world();
    let with_id = |name: &str, id: &str| {
        let mut draft = created("carrier", name, json!({}));
        draft.content.as_mut().unwrap().external_id = Some(id.to_owned());
        draft
    };
    let set = keep(
        plan(
            base,
            TenantId::PLATFORM,
            vec![with_id("b", "x")],
            &DeckTexts::new(),
        )
        .unwrap(),
    );
    let told = faults(plan(
        set,
        TenantId::PLATFORM,
        vec![with_id("c", "x")],
        &DeckTexts::new(),
    ));
    assert!(told[0].contains("external_id"), "{told:?}");
}

#[test]
fn faults_within_a_resource_name_it_and_its_field() {
    let base = world();
    let drafts = vec![
        created("carrier", "b", json!({"cps_limit": 0})),
        created("carrier", "c", json!({"speed": 1})),
        created(
            "rate_card",
            "d",
            json!({"currency": "USD", "rates_file": "d.csv"}),
        ),
    ];
    let told = faults(plan(base, TenantId::PLATFORM, drafts, &DeckTexts::new()));
    assert_eq!(told.len(), 3, "{told:?}");
    for (told, field) in told.iter().zip(["cps_limit", "speed", "rates_file"]) {
        assert!(told.contains(field), "{told}");
    }
}

#[test]
fn the_first_of_many_are_written_out() {
    let key = |name: usize| Key::new(TenantId::PLATFORM, ResourceKind::Trunk, &name.to_string());
    let keys: Vec<_> = (0..12).map(key).collect();
    assert_eq!(listed(&keys[..1]), "trunk \"0\"");
    assert!(listed(&keys).ends_with("trunk \"9\" and 2 more"));
}

#[test]
fn who_is_changed_and_still_names_what_goes_is_told() {
    let base = world();
    let mut gone = draft(&base, "carrier", "aurora", |_| {});
    gone.content = None;
    let trunk = draft(&base, "trunk", "aurora-out", |content| {
        content.external_id = Some("crm-7".into());
    });
    let told = faults(plan(
        base,
        TenantId::PLATFORM,
        vec![gone, trunk],
        &DeckTexts::new(),
    ));
    assert!(
        told.contains(&"carrier \"aurora\": named by trunk \"aurora-out\"".to_owned()),
        "{told:?}"
    );
}
