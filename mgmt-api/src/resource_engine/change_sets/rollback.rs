//! The way back from a change set that was pushed: another change set.

use crate::resource_engine::current::Key;
use crate::resource_engine::draft::{Content, Draft};
use crate::resource_engine::plan::Fault;
use crate::resource_engine::{Configuration, ConfigurationError};
use resources::ResourceKind;
use std::collections::{BTreeMap, HashMap};
use store::{ResourceRow, Scope, VersionRow};

/// What to do with resources that were changed again after the push.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LaterChanges {
    /// Roll nothing back.
    #[default]
    Refuse,
    /// Roll them back too: the later changes are lost.
    Overwrite,
    /// Leave them as they are.
    Skip,
}

impl Configuration {
    /// The drafts that lead back to before a configuration.
    ///
    /// # Errors
    /// [`ConfigurationError::Faults`] with each resource that was changed again, unless `later`
    /// says what to do with those.
    pub(crate) async fn drafts_back(
        &self,
        scope: &Scope,
        configuration: u64,
        later: LaterChanges,
    ) -> Result<Vec<Draft>, ConfigurationError> {
        let store = &self.store;
        let pushed = store
            .versions_of_configuration(scope, configuration)
            .await?;
        let before = store.versions_before_configuration(scope, configuration);
        let mut before = by_resource(before.await?);
        let after = store.versions_after_configuration(scope, configuration);
        let after = by_resource(after.await?);
        let ids: Vec<i64> = pushed.iter().map(|version| version.resource_id).collect();
        let rows = store.resources_by_id(scope, &ids).await?;
        let mut now: HashMap<i64, ResourceRow> =
            rows.into_iter().map(|row| (row.id, row)).collect();
        let (mut drafts, mut faults) = (Vec::with_capacity(pushed.len()), Vec::new());
        for version in &pushed {
            let id = version.resource_id;
            let (kind, before) = (kind_of(version)?, before.remove(&id));
            match (after.get(&id), later) {
                (Some(last), LaterChanges::Refuse) => {
                    faults.push(changed_again(scope, kind, version, last));
                }
                (Some(_), LaterChanges::Skip) => {}
                _ => {
                    let target = before.filter(|before| !before.deleted);
                    let target = target.map(|before| Content::of_version(kind, before));
                    let now = now.remove(&id).filter(|row| row.deleted_at.is_none());
                    drafts.extend(draft_back(kind, id, now, target));
                }
            }
        }
        if faults.is_empty() {
            Ok(drafts)
        } else {
            Err(ConfigurationError::Faults(faults))
        }
    }
}

/// Of versions of the same resource the last counts.
fn by_resource(versions: Vec<VersionRow>) -> BTreeMap<i64, VersionRow> {
    let versions = versions.into_iter();
    versions
        .map(|version| (version.resource_id, version))
        .collect()
}

fn kind_of(version: &VersionRow) -> Result<ResourceKind, ConfigurationError> {
    let unreadable = |error: resources::UnknownKind| ConfigurationError::Stored {
        kind: version.kind.clone(),
        name: version.name.clone(),
        reason: error.to_string(),
    };
    version.kind.parse().map_err(unreadable)
}

/// From how it is to how it was; `None` when both are nothing.
fn draft_back(
    kind: ResourceKind,
    id: i64,
    now: Option<ResourceRow>,
    target: Option<Content>,
) -> Option<Draft> {
    let (name, base_version) = match (&now, &target) {
        (Some(now), _) => (now.name.clone(), Some(now.version)),
        (None, Some(target)) => (target.name.clone(), None),
        (None, None) => return None,
    };
    Some(Draft {
        kind,
        name,
        base_version,
        revives: now.is_none().then_some(id),
        content: target,
        note: None,
    })
}

fn changed_again(
    scope: &Scope,
    kind: ResourceKind,
    pushed: &VersionRow,
    last: &VersionRow,
) -> Fault {
    let of_set = last.change_set.map(|id| format!(" in change set {id}"));
    let message = format!(
        "was pushed as version {} and is at version {}, by {}{}",
        pushed.version,
        last.version,
        last.author,
        of_set.unwrap_or_default()
    );
    Fault::Diverged {
        key: Key::new(scope.tenant(), kind, &last.name),
        field: "version".into(),
        message,
    }
}
