//! Which events somebody may see: those of what they may read.

use crate::access::{Permission, PermissionSet};
use resources::ResourceKind;
use serde_json::Value;
use store::EventRow;

/// Areas of events that are no kinds of resources, and what reading them needs.
const AREAS: [(&str, Permission); 14] = [
    ("balance", Permission::LEDGER_READ),
    ("cdr", Permission::CDR_READ),
    ("change_set", Permission::CHANGE_SET_READ),
    ("clickhouse", Permission::STATUS_READ),
    ("job", Permission::JOB_READ),
    ("journal", Permission::STATUS_READ),
    ("ledger", Permission::LEDGER_READ),
    // Who got no mail is told to who looks after the mails, which are jobs.
    ("mail", Permission::JOB_READ),
    ("netting", Permission::LEDGER_READ),
    ("notification", Permission::NOTIFICATION_TARGET_READ),
    ("payment", Permission::LEDGER_READ),
    ("report", Permission::REPORT_READ),
    ("rerating", Permission::LEDGER_READ),
    ("user", Permission::USER_READ),
];

/// The areas whose events somebody with these permissions may see; `None`: all.
///
/// An area that is not known here is for those only who may see all that are.
pub(crate) fn visible_areas(permissions: &PermissionSet) -> Option<Vec<String>> {
    let known = || areas().count();
    let visible = areas().filter(|(_, needed)| permissions.contains(*needed));
    let visible: Vec<String> = visible.map(|(area, _)| area.to_owned()).collect();
    (visible.len() < known()).then_some(visible)
}

/// The event as somebody may see it: of the resources that a push changed, those they may read.
pub(crate) fn as_seen(mut event: EventRow, permissions: &PermissionSet) -> EventRow {
    if let Some(Value::Array(named)) = event.data.get_mut("resources") {
        named.retain(|name| {
            let kind = name.as_str().and_then(|name| name.split_once('/'));
            kind.and_then(|(kind, _)| Permission::read_of(kind))
                .is_some_and(|needed| permissions.contains(needed))
        });
    }
    event
}

fn areas() -> impl Iterator<Item = (&'static str, Permission)> {
    let kinds = ResourceKind::ALL.iter().filter_map(|kind| {
        let area = kind.as_str();
        Permission::read_of(area).map(|needed| (area, needed))
    });
    kinds.chain(AREAS)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use crate::access::roles::{Portal, find};

    fn areas_of(role: &str) -> Option<Vec<String>> {
        visible_areas(&find(Portal::Staff, role).unwrap().permissions)
    }

    #[test]
    fn who_may_read_all_sees_also_what_is_not_known_yet() {
        assert_eq!(areas_of("super_admin"), None);
        assert_eq!(areas_of("admin"), None);
        assert_eq!(visible_areas(&PermissionSet::default()), Some(Vec::new()));
    }

    #[test]
    fn sign_ins_are_for_those_who_may_read_users() {
        for role in ["viewer", "sales", "finance", "marketing"] {
            let areas = areas_of(role).unwrap();
            assert!(!areas.contains(&"user".to_owned()), "{role}");
            assert!(!areas.contains(&"role".to_owned()), "{role}");
            assert!(!areas.contains(&"job".to_owned()), "{role}");
            assert!(areas.contains(&"customer".to_owned()), "{role}");
        }
        assert!(areas_of("support").unwrap().contains(&"user".to_owned()));
    }

    /// The table of events in the documentation of their module is what others go by.
    #[test]
    fn every_event_that_is_documented_has_an_area_that_is_known() {
        let table = include_str!("../events.rs").lines();
        let table = table.filter_map(|line| line.strip_prefix("//! | `"));
        let names = table.flat_map(|line| line.split(" | ").next().unwrap().split('`'));
        let names: Vec<&str> = names.filter(|name| name.contains('.')).collect();
        assert!(names.len() > 20, "{names:?}");
        let mut of_resources = 0;
        for name in names {
            let area = name.split('.').next().unwrap();
            of_resources += usize::from(area == "KIND");
            let known = area == "KIND" || areas().any(|(known, _)| known == area);
            assert!(known, "{name}");
        }
        assert_eq!(of_resources, 3);
    }

    #[test]
    fn every_kind_of_resource_is_an_area() {
        assert_eq!(areas().count(), ResourceKind::ALL.len() + AREAS.len());
    }
}
