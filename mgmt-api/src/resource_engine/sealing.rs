//! Secrets of drafts: sealed before anything is planned, so that nothing after it sees a text.
//!
//! What a spec keeps is `secret:` and the identifier of a row that only `secrets` opens. A secret
//! that is written again as it was keeps its row: applying the same file twice changes nothing.
//! When another takes its place, or the resource goes, the row goes once the change is in force; older
//! versions of the resource do not bring it back.

use super::current::{CurrentSet, Entry, Key};
use super::draft::Draft;
use super::plan::{Plan, is_written, stored_ids};
use super::{Configuration, ConfigurationError};
use crate::secrets::SecretText;
use rating::Timestamp;
use resources::{ResourceKind, Secret};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::{ConfigurationWrite, Scope, SealedSecret};
use subtle::ConstantTimeEq as _;

impl Configuration {
    /// Puts the identifier of a sealed secret in the place of each that somebody wrote. Gives the
    /// sealed secrets, which are to be written with the drafts.
    ///
    /// # Errors
    /// The database or the master keys fail.
    pub(super) async fn seal(
        &self,
        base: &CurrentSet,
        scope: &Scope,
        drafts: &mut [Draft],
    ) -> Result<Vec<SealedSecret>, ConfigurationError> {
        let mut sealed = Vec::new();
        for draft in drafts {
            let Some(content) = &mut draft.content else {
                continue;
            };
            let texts = written(draft.kind, &content.spec);
            if texts.is_empty() {
                continue;
            }
            let key = Key::new(scope.tenant(), draft.kind, &draft.name);
            let before = base
                .get(&key)
                .map(|entry| stored_ids(draft.kind, &entry.spec));
            let mut stored = BTreeMap::new();
            for (path, text) in texts {
                let before = before.as_ref().and_then(|ids| ids.get(&path));
                let secret = self.stored(scope, before, text, &mut sealed).await?;
                stored.insert(path, secret.expose().to_owned());
            }
            draft.kind.replace_secrets(&mut content.spec, |path, text| {
                stored.remove(path).unwrap_or_else(|| text.to_owned())
            });
        }
        Ok(sealed)
    }

    /// One secret as it is kept: the one that is there, or a new one.
    async fn stored(
        &self,
        scope: &Scope,
        before: Option<&String>,
        text: Secret,
        sealed: &mut Vec<SealedSecret>,
    ) -> Result<Secret, ConfigurationError> {
        // A draft that was kept has its secrets sealed already. Nobody else can write such a text:
        // identifiers are drawn at random and never shown.
        if let Some(id) = text.stored_id()
            && self.store.secret(scope, id).await?.is_some()
        {
            return Ok(text);
        }
        let text = SecretText::new(text.expose());
        if let Some(id) = before
            && let Some(row) = self.store.secret(scope, id).await?
            && let Ok(known) = self.secrets.unseal(&row)
            && bool::from(known.expose().as_bytes().ct_eq(text.expose().as_bytes()))
        {
            return Ok(Secret::stored(id));
        }
        let new = self.secrets.seal(scope.tenant(), &text)?;
        let stored = Secret::stored(&new.id);
        sealed.push(new);
        Ok(stored)
    }
}

/// The secrets of a spec that somebody wrote, by their paths.
fn written(kind: ResourceKind, spec: &Value) -> Vec<(String, Secret)> {
    let mut texts = Vec::new();
    if kind.secrets(spec).is_empty() {
        return texts;
    }
    kind.replace_secrets(&mut spec.clone(), |path, text| {
        if is_written(text) {
            texts.push((path.to_owned(), Secret::from_text(text)));
        }
        String::new()
    });
    texts
}

/// Writes the secrets that a plan refers to.
pub(super) async fn write_secrets(
    write: &mut ConfigurationWrite,
    sealed: &[SealedSecret],
    now: Timestamp,
) -> Result<(), ConfigurationError> {
    write.put_secrets(sealed, now).await?;
    Ok(())
}

/// The identifiers of the secrets that nothing refers to any more when a plan is in force.
pub(super) fn forgotten(plan: &Plan) -> Vec<String> {
    let ids = |entry: &Arc<Entry>| stored_ids(entry.key.kind, &entry.spec).into_values();
    let before = plan.changed().filter_map(|step| step.before.as_ref());
    let mut gone: BTreeSet<String> = before.flat_map(ids).collect();
    for id in plan
        .changed()
        .filter_map(|step| step.after.as_ref())
        .flat_map(ids)
    {
        gone.remove(&id);
    }
    gone.into_iter().collect()
}
