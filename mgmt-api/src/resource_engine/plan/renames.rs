//! Those who name a resource follow it to its new name.

use super::built::Why;
use crate::resource_engine::current::{CurrentSet, Entry, Key};
use crate::resource_engine::draft::{Content, Draft};
use resources::ResourceKind;
use std::collections::{BTreeMap, BTreeSet};
use store::TenantId;

/// New names by kind and old name.
type Renames = BTreeMap<(ResourceKind, String), String>;

/// The drafts with the new names in them, and a draft for each other resource that names one of
/// the renamed.
pub(super) fn follow(base: &CurrentSet, owner: TenantId, drafts: Vec<Draft>) -> Vec<(Draft, Why)> {
    let renames = renames(&drafts);
    if renames.is_empty() {
        return drafts
            .into_iter()
            .map(|draft| (draft, Why::Asked))
            .collect();
    }
    let drafted: BTreeSet<Key> = drafts
        .iter()
        .map(|draft| Key::new(owner, draft.kind, &draft.name))
        .collect();
    let mut referrers: BTreeSet<&Key> = BTreeSet::new();
    for (kind, name) in renames.keys() {
        let named = base.referrers(&Key::new(owner, *kind, name));
        referrers.extend(named.filter(|referrer| !drafted.contains(referrer)));
    }
    let following = referrers.into_iter().filter_map(|key| base.get(key));
    let following: Vec<_> = following.map(|entry| draft_of(entry)).collect();
    let asked = drafts.into_iter().map(|draft| (draft, Why::Asked));
    let all = asked.chain(following.into_iter().map(|draft| (draft, Why::Renamed)));
    all.map(|(mut draft, why)| {
        if let Some(content) = &mut draft.content {
            rename(draft.kind, content, &renames);
        }
        (draft, why)
    })
    .collect()
}

/// A name that another draft takes over at once still means something: it is not followed.
fn renames(drafts: &[Draft]) -> Renames {
    let taken: BTreeSet<_> = drafts
        .iter()
        .filter_map(|draft| Some((draft.kind, &draft.content.as_ref()?.name)))
        .collect();
    drafts
        .iter()
        .filter(|draft| draft.base_version.is_some())
        .filter_map(|draft| {
            let to = &draft.content.as_ref()?.name;
            let is_new = *to != draft.name && !taken.contains(&(draft.kind, &draft.name));
            is_new.then(|| ((draft.kind, draft.name.clone()), to.clone()))
        })
        .collect()
}

/// A draft that changes nothing yet.
pub(super) fn draft_of(entry: &Entry) -> Draft {
    Draft {
        kind: entry.key.kind,
        name: entry.key.name.to_string(),
        base_version: Some(entry.version),
        revives: None,
        content: Some(Content::of_entry(entry)),
        note: None,
    }
}

fn rename(kind: ResourceKind, content: &mut Content, renames: &Renames) {
    for ((of, from), to) in renames {
        kind.rename_references(&mut content.spec, *of, from, to);
        content.assign.rename_references(*of, from, to);
    }
}
