//! Drafts whose resource has changed meanwhile, made anew from what is in force.

use super::drafted::draft_of_row;
use super::kept;
use super::merge::{Clash, Prefer, three_way};
use crate::clock;
use crate::resource_engine::current::{CurrentSet, Entry, Key};
use crate::resource_engine::draft::{Content, Draft};
use crate::resource_engine::plan::Fault;
use crate::resource_engine::push::PushOrigin;
use crate::resource_engine::{Configuration, ConfigurationError, assignment_of, masked};
use resources::ResourceKind;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use store::{ChangeSetEdit, ChangeSetRow, DraftBase, DraftQuery, DraftRow, TenantId};

/// What became of a change set by a rebase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rebased {
    pub(crate) revision: u64,
    /// Drafts that are made from what is in force now.
    pub(crate) rebased: u64,
    /// Drafts that would not change anything any more, and are gone.
    pub(crate) dropped: u64,
}

impl Configuration {
    /// Makes all drafts of a change set anew whose resource has changed since.
    ///
    /// # Errors
    /// [`ConfigurationError::Faults`] with each field that both have changed, unless one side is
    /// preferred; nothing has changed then.
    pub(crate) async fn rebase(
        &self,
        origin: &PushOrigin,
        change_set: &ChangeSetRow,
        prefer: Option<Prefer>,
    ) -> Result<Rebased, ConfigurationError> {
        if !change_set.state.is_open() {
            return Err(ConfigurationError::NotOpen(change_set.state));
        }
        let (scope, query) = (&origin.scope, DraftQuery::default());
        let rows = self.store.drafts(scope, change_set.id, &query).await?;
        let in_force = InForce::new(self.current(), scope.tenant());
        let mut edit = ChangeSetEdit {
            revision: change_set.revision,
            at: clock::now(),
            ..ChangeSetEdit::default()
        };
        let mut faults = Vec::new();
        for row in rows.into_iter().filter(is_stale) {
            let (kind, name) = (row.draft.kind.clone(), row.draft.name.clone());
            let author = row.draft.author.clone();
            match in_force.anew(row, prefer)? {
                Ok(anew) => {
                    edit.remove.push((kind, name));
                    edit.put
                        .extend(anew.map(|(draft, id)| kept(&author, draft, id)));
                }
                Err(found) => faults.extend(found),
            }
        }
        if !faults.is_empty() {
            return Err(ConfigurationError::Faults(faults));
        }
        let (stale, rebased) = (edit.remove.len() as u64, edit.put.len() as u64);
        let revision = if stale == 0 {
            change_set.revision
        } else {
            self.edited(origin, change_set, edit).await?
        };
        Ok(Rebased {
            revision,
            rebased,
            dropped: stale - rebased,
        })
    }
}

/// Whether the resource is not the one that the draft was made from.
pub(crate) fn is_stale(row: &DraftRow) -> bool {
    row.draft.base_version != row.version_in_force
}

/// What is in force, by number too: a resource may have another name by now.
struct InForce {
    set: Arc<CurrentSet>,
    owner: TenantId,
    by_id: HashMap<i64, Key>,
}

/// A draft made anew, with the number of its resource; `None`: it would change nothing.
type Anew = Option<(Draft, Option<i64>)>;

impl InForce {
    fn new(set: Arc<CurrentSet>, owner: TenantId) -> Self {
        let own = set.iter().filter(|entry| entry.key.owner == owner);
        let by_id = own.map(|entry| (entry.id, entry.key.clone())).collect();
        Self { set, owner, by_id }
    }

    fn entry(&self, draft: &Draft, id: Option<i64>) -> Option<&Arc<Entry>> {
        let by_id = id.and_then(|id| self.by_id.get(&id));
        let by_name = Key::new(self.owner, draft.kind, &draft.name);
        self.set.get(by_id.unwrap_or(&by_name))
    }

    fn anew(
        &self,
        row: DraftRow,
        prefer: Option<Prefer>,
    ) -> Result<Result<Anew, Vec<Fault>>, ConfigurationError> {
        let (base, id) = (row.base, row.draft.resource_id);
        let draft = draft_of_row(row.draft)?;
        let key = Key::new(self.owner, draft.kind, &draft.name);
        let entry = self.entry(&draft, id);
        let diverged = |field: &str, message: &str| {
            Ok(Err(vec![Fault::Diverged {
                key: key.clone(),
                field: field.to_owned(),
                message: message.to_owned(),
            }]))
        };
        let (Some(entry), Some(content)) = (entry, &draft.content) else {
            return Ok(Ok(match (entry, prefer) {
                // It is gone, as the draft wants it; or it stays, as is preferred.
                (None, _) if draft.content.is_none() => None,
                (_, Some(Prefer::InForce)) => None,
                (None, Some(Prefer::Draft)) => Some((made_again(draft, id), id)),
                (Some(entry), Some(Prefer::Draft)) => Some((onto(draft, entry), Some(entry.id))),
                (None, None) => return diverged("", "it is gone, and the draft changes it"),
                (Some(_), None) => {
                    return diverged("", "it was changed, and the draft takes it away");
                }
            }));
        };
        let base = base.map(|base| content_of(draft.kind, base));
        if base.is_none() && prefer.is_none() && *content != Content::of_entry(entry) {
            return diverged("name", "there is a resource of this name by now");
        }
        let base = base.as_ref().map_or(Value::Null, whole);
        let now = whole(&Content::of_entry(entry));
        match three_way(&base, &whole(content), &now, prefer) {
            Ok(merged) if merged == now => Ok(Ok(None)),
            Ok(merged) => {
                let mut draft = onto(draft, entry);
                draft.content = Some(content_of_whole(merged, &key)?);
                Ok(Ok(Some((draft, Some(entry.id)))))
            }
            Err(clashes) => {
                let told = clashes.into_iter().map(|clash| clash.into_fault(&key));
                Ok(Err(told.collect()))
            }
        }
    }
}

/// A draft of what is in force.
fn onto(draft: Draft, entry: &Entry) -> Draft {
    Draft {
        name: entry.key.name.to_string(),
        base_version: Some(entry.version),
        revives: None,
        ..draft
    }
}

/// A draft of what is not there any more.
fn made_again(draft: Draft, id: Option<i64>) -> Draft {
    Draft {
        base_version: None,
        revives: id,
        ..draft
    }
}

fn content_of(kind: ResourceKind, base: DraftBase) -> Content {
    let mut spec = base.spec;
    masked(kind, &mut spec);
    Content {
        name: base.name,
        external_id: base.external_id,
        assign: assignment_of(&base.assignment),
        spec,
        deck_hash: base.deck_hash,
    }
}

/// All that can be merged; the rates are a field of it.
fn whole(content: &Content) -> Value {
    let mut whole = serde_json::to_value(content).unwrap_or_default();
    whole["rates"] = content.deck_hash.clone().into();
    whole
}

fn content_of_whole(mut whole: Value, key: &Key) -> Result<Content, ConfigurationError> {
    let rates = whole
        .as_object_mut()
        .and_then(|whole| whole.remove("rates"));
    let unreadable = |error: serde_json::Error| ConfigurationError::Stored {
        kind: key.kind.to_string(),
        name: key.name.to_string(),
        reason: error.to_string(),
    };
    let content: Content = serde_json::from_value(whole).map_err(unreadable)?;
    Ok(Content {
        deck_hash: rates.and_then(|rates| rates.as_str().map(str::to_owned)),
        ..content
    })
}

impl Clash {
    fn into_fault(self, key: &Key) -> Fault {
        let shown = |value: Option<Value>| {
            value.map_or_else(|| "none".to_owned(), |value| value.to_string())
        };
        let (base, draft) = (shown(self.base), shown(self.draft));
        let in_force = shown(self.in_force);
        Fault::Diverged {
            key: key.clone(),
            field: self.field,
            message: format!("was {base}, is {in_force} in force, and {draft} in the draft"),
        }
    }
}
