//! From an import to a draft of its card.

use super::outcome::DeckImportResult;
use super::{alone, card_of, settings_owner};
use crate::access::Permission;
use crate::clock;
use crate::problem::Problem;
use crate::resource_engine::{Content, DeckText, Draft, Drafted, Key, PushOrigin, of_change_set};
use crate::routes::resources::draft_in;
use crate::state::AppState;
use crate::values::Time;
use rate_deck::{Mapping, date_text, export, read};
use rating::Timestamp;
use resources::{RateCard, ResourceKind};
use serde_json::{Value, json};
use std::sync::Arc;
use store::{
    ChangeSetRow, DeckImportApplied, DeckImportRow, DeckImportState, NewAuditEntry, NewChangeSet,
    ResourceRow,
};
use tokio::sync::OwnedMutexGuard;

/// Letters of a card's name that its file's name keeps.
const FILE_NAME_CHARS_MAX: usize = 100;

/// What is asked for.
pub(crate) struct ApplyDeck {
    pub(crate) state: AppState,
    /// Who does it, and what they may.
    pub(crate) origin: PushOrigin,
    pub(crate) row: DeckImportRow,
    /// Where the draft goes; `None`: into a change set of its own.
    pub(crate) change_set: Option<i64>,
    /// Whether what is doubtful is meant.
    pub(crate) is_confirmed: bool,
    /// Whether what is left shall follow by itself; `None`: if whoever applies it may push.
    pub(crate) follow: Option<bool>,
}

/// What was done.
pub(crate) struct AppliedDeck {
    pub(crate) drafted: Drafted,
    /// From when on the rates count; `None`: as soon as they are pushed.
    pub(crate) push_at: Option<Timestamp>,
    /// Moments that are left to be applied.
    pub(crate) left: usize,
    /// Whether they follow by themselves.
    pub(crate) follows: bool,
}

/// The rates of one moment, as a card has them.
struct Next {
    result: DeckImportResult,
    moments: std::ops::RangeInclusive<usize>,
    at: Timestamp,
    is_to_come: bool,
    deck: DeckText,
}

impl ApplyDeck {
    /// Puts what is to be applied next into a change set: all of it or nothing.
    ///
    /// # Errors
    /// 409 when the import is not ready, something has to be confirmed, the card has changed since,
    /// another change set has a draft of it, or what comes before is not in force; 403 and 404 of
    /// the change set.
    pub(crate) async fn run(self) -> Result<AppliedDeck, Problem> {
        let guard = Arc::clone(&self.state.deck_work).lock_owned().await;
        let now = clock::now();
        let result = self.result()?;
        let card = self.card(&result).await?;
        let moments = result.due(now).ok_or_else(|| {
            conflict("The deck changes nothing: the card has these rates already.")
        })?;
        let at = result.moments[*moments.end()].at.0;
        let is_to_come = at > now;
        self.may_apply(is_to_come)?;
        self.has_no_other_draft(&card).await?;
        // Kept to the end: who applies next must see this draft.
        let (deck, _guard) = self.deck(&card, at, guard).await?;
        let next = Next {
            is_to_come,
            result,
            moments,
            at,
            deck,
        };
        let (change_set, made) = self.change_set(&card, &next).await?;
        let done = self.draft(&change_set, &card, next).await;
        if let (Err(_), Some(made)) = (&done, made) {
            self.discard(&made).await;
        }
        done
    }

    fn result(&self) -> Result<DeckImportResult, Problem> {
        match self.row.state {
            DeckImportState::Ready => {}
            DeckImportState::Applied => {
                return Err(conflict("The import was applied already."));
            }
            state => {
                let detail = format!("The import is not ready: it is {}.", state.as_str());
                return Err(Problem::conflict(detail, Vec::new()));
            }
        }
        let outcome = self.row.outcome.clone().unwrap_or_default();
        let result: DeckImportResult =
            serde_json::from_value(outcome).map_err(|error| Problem::internal(&error))?;
        if result.doubts > 0 && !self.is_confirmed {
            let detail = format!(
                "{} matters have to be confirmed: look at the doubts of the import, then send \
                 `confirm: true`.",
                result.doubts
            );
            return Err(Problem::conflict(detail, Vec::new()));
        }
        Ok(result)
    }

    /// The card, when it is the one that the deck was compared with, or has what was applied last.
    async fn card(&self, result: &DeckImportResult) -> Result<ResourceRow, Problem> {
        let scope = &self.origin.scope;
        let card = self.state.store.resource(scope, self.row.card_id).await?;
        let card = card.filter(|card| card.deleted_at.is_none());
        let card = card.ok_or_else(|| conflict("The rate card is gone."))?;
        let before = result.moments.iter().rev();
        let before = before.filter_map(|moment| moment.change_set).next();
        let is_same = card.deck_hash == self.row.card_deck;
        match before {
            None if is_same && Some(card.version) == self.row.card_version => Ok(card),
            Some(_) if is_same => Ok(card),
            None => Err(conflict(
                "The rate card has changed since the deck was compared with it: send the file again.",
            )),
            Some(before) => {
                let detail = format!(
                    "The rates of change set {before} come before these and are not in force: push \
                     it first. When the card was changed since, send the file again."
                );
                Err(Problem::conflict(detail, Vec::new()))
            }
        }
    }

    /// # Errors
    /// 403 without the permissions, 422 for a change set when the rates need one of their own.
    fn may_apply(&self, is_to_come: bool) -> Result<(), Problem> {
        let mut needed = vec![Permission::CHANGE_SET_WRITE];
        if is_to_come || self.follow == Some(true) {
            needed.push(Permission::CHANGE_SET_PUSH);
        }
        if let Some(missing) = needed.into_iter().find(|it| !self.may(*it)) {
            return Err(Problem::missing_permission(missing));
        }
        if self.change_set.is_some() && is_to_come {
            let message = "rates of a time to come go into a change set of their own, which is \
                           scheduled: leave it out";
            return Err(Problem::invalid_field("change_set", message));
        }
        Ok(())
    }

    /// The switch itself goes on by leave that was given before.
    fn may(&self, permission: Permission) -> bool {
        let permissions = self.origin.permissions.as_ref();
        permissions.is_none_or(|permissions| permissions.contains(permission))
    }

    /// Two drafts of one version cannot both be pushed: the first would win at its time, also where
    /// the second has the later rates.
    async fn has_no_other_draft(&self, card: &ResourceRow) -> Result<(), Problem> {
        let (store, scope) = (&self.state.store, &self.origin.scope);
        let other = store.change_set_that_drafts(scope, card.id, self.change_set);
        let Some(other) = other.await? else {
            return Ok(());
        };
        let detail = format!(
            "Change set {} is {} and has a draft of the rate card: push it or discard it first.",
            other.id,
            other.state.as_str()
        );
        Err(Problem::conflict(detail, Vec::new()))
    }

    /// The rates that count at a moment, as the text of a deck.
    async fn deck(
        &self,
        card: &ResourceRow,
        at: Timestamp,
        guard: OwnedMutexGuard<()>,
    ) -> Result<(DeckText, OwnedMutexGuard<()>), Problem> {
        let (id, revision) = (self.row.id, self.row.revision);
        let rates = self.state.store.deck_import_rates(id, revision).await?;
        let rates = rates.ok_or_else(changed_meanwhile)?;
        let spec: RateCard =
            serde_json::from_value(card.spec.clone()).map_err(|error| Problem::internal(&error))?;
        let work = move || {
            let reading = read(
                rates.as_bytes(),
                &Mapping::default(),
                &card_of(&spec),
                &mut |_| {},
            );
            // What we wrote ourselves is read as it was, or not at all.
            let reading = reading.map_err(|error| error.to_string())?;
            if let Some(first) = reading.rejections.listed.first() {
                return Err(format!(
                    "line {}: {}: {}",
                    first.line, first.field, first.reason
                ));
            }
            let mut text = Vec::new();
            export::csv_at(&reading.table, at, &mut text).map_err(|error| error.to_string())?;
            let text = String::from_utf8(text).map_err(|error| error.to_string())?;
            Ok(DeckText::new(text.into()))
        };
        let deck = alone(guard, work).await;
        let (deck, guard) = deck.map_err(|_| Problem::interrupted())?;
        let deck = deck.map_err(|reason: String| {
            tracing::error!(import = id, reason, "the rates of an import cannot be used");
            let message =
                format!("its rates cannot be used any more, import the file anew: {reason}");
            Problem::invalid_field("rates", message)
        })?;
        Ok((deck, guard))
    }

    /// The change set to write to; the second when it was made for this.
    async fn change_set(
        &self,
        card: &ResourceRow,
        next: &Next,
    ) -> Result<(ChangeSetRow, Option<ChangeSetRow>), Problem> {
        let (id, is_made) = match self.change_set {
            Some(id) => (id, false),
            None => (self.create(card, next).await?, true),
        };
        let row = self.state.store.change_set(&self.origin.scope, id).await?;
        let missing = || Problem::not_found(format!("`change_set`: there is no change set {id}."));
        let row = row.ok_or_else(missing)?;
        Ok((row.clone(), is_made.then_some(row)))
    }

    async fn create(&self, card: &ResourceRow, next: &Next) -> Result<i64, Problem> {
        let name: String = card.name.chars().take(FILE_NAME_CHARS_MAX).collect();
        let new = NewChangeSet {
            name: format!("Rates of {name} from {}", date_text(next.at)),
            note: self.row.file_name.clone(),
            author: self.origin.author.clone(),
            at: clock::now(),
            rolls_back: None,
        };
        let (scope, actor) = (&self.origin.scope, self.origin.actor.clone());
        let made = self.state.store.create_change_set(scope, &new, actor);
        Ok(made.await?)
    }

    async fn draft(
        &self,
        change_set: &ChangeSetRow,
        card: &ResourceRow,
        next: Next,
    ) -> Result<AppliedDeck, Problem> {
        let (base_version, content) = self.content(change_set, card, &next).await?;
        let draft = Draft {
            kind: ResourceKind::RateCard,
            name: card.name.clone(),
            base_version,
            revives: None,
            content: Some(content),
            note: Some(self.note(next.at)),
        };
        let configuration = &self.state.configuration;
        let decks = vec![next.deck.clone()];
        let drafted = configuration.draft(&self.origin, change_set, vec![draft], decks);
        let drafted = drafted.await?;
        if next.is_to_come {
            self.schedule(drafted.change_set, next.at).await?;
        }
        self.note_applied(card, next, drafted).await
    }

    /// The card with its new rates, with whatever else the change set wants of it, and the version
    /// that this was made from: a draft that is stale stays so, and is refused.
    async fn content(
        &self,
        change_set: &ChangeSetRow,
        card: &ResourceRow,
        next: &Next,
    ) -> Result<(Option<u64>, Content), Problem> {
        let kind = ResourceKind::RateCard;
        let (store, scope) = (&self.state.store, &self.origin.scope);
        let drafted = draft_in(store, scope, change_set, kind, &card.name).await?;
        // Not one of another card that shall get this name.
        let drafted = drafted.filter(|draft| draft.name == card.name);
        let (base_version, mut content) = match drafted {
            None => (Some(card.version), Content::of_row(kind, card.clone())),
            Some(draft) => {
                let gone = || conflict("By the change set the rate card shall go.");
                (draft.base_version, draft.content.ok_or_else(gone)?)
            }
        };
        let is_stale = base_version != Some(card.version);
        let rates = |spec: &Value| spec.get("rates").filter(|rates| !rates.is_null()).cloned();
        let has_rates =
            content.deck_hash != card.deck_hash || rates(&content.spec) != rates(&card.spec);
        if has_rates && !is_stale {
            let detail =
                "The change set has other rates of the card already: take its draft out first.";
            return Err(conflict(detail));
        }
        if let Some(spec) = content.spec.as_object_mut() {
            spec.remove("rates");
            let file = spec.entry("rates_file").or_insert(Value::Null);
            if !file.is_string() {
                *file = Value::String(file_name(&card.name));
            }
        }
        content.deck_hash = Some(next.deck.hash.clone());
        Ok((base_version, content))
    }

    fn note(&self, at: Timestamp) -> String {
        let file = self.row.file_name.as_deref().unwrap_or("a deck");
        format!(
            "Rates of {file} by {}, import {}",
            date_text(at),
            self.row.id
        )
    }

    /// Has the change set pushed when its rates begin.
    async fn schedule(&self, change_set: i64, at: Timestamp) -> Result<(), Problem> {
        let (store, origin) = (&self.state.store, &self.origin);
        let row = store.change_set(&origin.scope, change_set).await?;
        let row = row.ok_or_else(changed_meanwhile)?;
        self.state.configuration.may_schedule(origin, &row).await?;
        let now = clock::now();
        let told = of_change_set(origin, "change_set.schedule", row.id, &row.name, now);
        let told = told.values(None, Some(json!({"push_at": Time(at)})));
        let scheduled = store.schedule_change_set(&origin.scope, row.id, row.revision, at, &told);
        scheduled
            .await
            .map_err(crate::resource_engine::ConfigurationError::from)?;
        Ok(())
    }

    async fn note_applied(
        &self,
        card: &ResourceRow,
        next: Next,
        drafted: Drafted,
    ) -> Result<AppliedDeck, Problem> {
        let scope = &self.origin.scope;
        let Next { mut result, .. } = next;
        for moment in &mut result.moments[next.moments] {
            moment.change_set = Some(drafted.change_set);
        }
        let open = result.moments.iter();
        let left = open.filter(|moment| moment.change_set.is_none()).count();
        let may_follow = || self.may(Permission::CHANGE_SET_PUSH);
        let follows = left > 0 && self.follow.unwrap_or_else(may_follow);
        let key = Key::new(scope.tenant(), ResourceKind::RateCard, &card.name);
        let in_force = self.state.configuration.in_force();
        let applied = DeckImportApplied {
            outcome: serde_json::to_value(&result).map_err(|error| Problem::internal(&error))?,
            card_deck: next.deck.hash,
            is_all: left == 0,
            followed_by: follows.then(|| self.origin.author.clone()),
            settings_of: settings_owner(&in_force, &key, card.id),
        };
        let told = self.told("deck_import.apply", &card.name, drafted.change_set, &result);
        let store = &self.state.store;
        let noted = store.deck_import_applied(scope, &self.row, &applied, &told);
        if !noted.await? {
            return Err(changed_meanwhile());
        }
        Ok(AppliedDeck {
            drafted,
            push_at: next.is_to_come.then_some(next.at),
            left,
            follows,
        })
    }

    fn told(
        &self,
        operation: &'static str,
        card: &str,
        change_set: i64,
        result: &DeckImportResult,
    ) -> NewAuditEntry {
        let tenant = self.origin.scope.tenant();
        let actor = self.origin.actor.clone();
        let entry = NewAuditEntry::new(tenant, clock::now(), actor, operation);
        let after =
            json!({"card": card, "confirmed_doubts": result.doubts, "counts": result.counts});
        NewAuditEntry {
            change_set: Some(change_set),
            ..entry
                .on("deck_import", Some(self.row.id), card)
                .values(None, Some(after))
        }
    }

    /// A change set that was made for what was not applied after all.
    async fn discard(&self, made: &ChangeSetRow) {
        let origin = &self.origin;
        let told = of_change_set(
            origin,
            "change_set.discard",
            made.id,
            &made.name,
            clock::now(),
        );
        let gone = self
            .state
            .store
            .discard_change_set(&origin.scope, made.id, &told);
        if let Err(error) = gone.await {
            tracing::warn!(%error, change_set = made.id, "a change set without use is left");
        }
    }
}

fn conflict(detail: &str) -> Problem {
    Problem::conflict(detail, Vec::new())
}

fn changed_meanwhile() -> Problem {
    conflict("The import was changed at the same time. Look at it again.")
}

/// The name of the file that a card's rates are exported to.
fn file_name(card: &str) -> String {
    let plain = |letter: char| {
        if letter.is_alphanumeric() {
            letter
        } else {
            '-'
        }
    };
    let name: String = card.chars().take(FILE_NAME_CHARS_MAX).map(plain).collect();
    format!("{name}.csv")
}
