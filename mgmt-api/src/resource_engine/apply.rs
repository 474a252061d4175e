//! Files: what they say, compared with what is in force.

use super::current::{CurrentSet, Key};
use super::draft::{Content, Draft};
use super::plan::{DeckText, Fault};
use super::preview::Foresight;
use super::push::{Push, PushOrigin};
use super::replay::REPLAYED_CALLS_DEFAULT;
use super::{Configuration, ConfigurationError, authority, blocking};
use crate::routes::apply::{ApplyFile, ApplyRequest, Change};
use crate::switch_port::SwitchPort;
use resources::documents::{Located, PROBLEMS_MAX, locate, parse_documents};
use resources::{Problem, ResourceDocument, ResourceKind, ResourceSpec};
use routing_engine::deck::{Deck, DestinationNames};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::{ChangeSetRow, TenantId};

/// What became of files.
#[derive(Clone, Debug)]
pub(crate) struct Applied {
    /// The configuration that calls use after it.
    pub(crate) number: u64,
    pub(crate) changes: Vec<Change>,
    /// Of a dry run.
    pub(crate) foresight: Option<Foresight>,
}

/// How files are applied.
#[derive(Clone, Debug, Default)]
pub(crate) struct ApplyMode {
    /// Only say what would change.
    pub(crate) dry_run: bool,
    /// Take away what the files do not name.
    pub(crate) prune: bool,
    /// Put the changes there instead.
    pub(crate) change_set: Option<ChangeSetRow>,
}

/// What files hold, without fault within any of them.
struct ReadFiles {
    /// The documents with their places, for problems that are found later.
    documents: Vec<Located<ResourceDocument>>,
    /// The deck of each card that names one, by the card's name.
    deck_of_card: BTreeMap<String, String>,
    decks: Vec<DeckText>,
}

impl Configuration {
    /// Applies files, or says what would change.
    ///
    /// # Errors
    /// [`ConfigurationError`]; nothing has changed then.
    pub(crate) async fn apply(
        &self,
        origin: PushOrigin,
        request: ApplyRequest,
        mode: ApplyMode,
        switch: &dyn SwitchPort,
    ) -> Result<Applied, ConfigurationError> {
        let _changing = self.changing.lock().await;
        let files = blocking(move || read(request)).await?;
        let base = self.current();
        let owner = origin.scope.tenant();
        let (files, drafts) = blocking(move || {
            let drafts = files.drafts(&base, owner, mode.prune);
            Ok((files, drafts))
        })
        .await?;
        let ReadFiles {
            documents, decks, ..
        } = files;
        let done = self.applied(&origin, drafts, decks, mode, switch).await;
        done.map_err(|error| located(error, &documents))
    }

    async fn applied(
        &self,
        origin: &PushOrigin,
        drafts: Vec<Draft>,
        decks: Vec<DeckText>,
        mode: ApplyMode,
        switch: &dyn SwitchPort,
    ) -> Result<Applied, ConfigurationError> {
        let push = Push::of(drafts, decks);
        if mode.dry_run {
            let (planned, _) = self.planned(&self.current(), origin.scope, &push).await?;
            if let Some(permissions) = &origin.permissions {
                authority::check_writes(permissions, planned.changed())?;
            }
            let changes = planned.changes();
            let calls = REPLAYED_CALLS_DEFAULT;
            let foresight = self.foresee(&origin.scope, planned, calls, switch).await?;
            return Ok(Applied {
                number: switch.snapshot().number(),
                changes,
                foresight: Some(foresight),
            });
        }
        let (number, changes) = match &mode.change_set {
            Some(change_set) => {
                let drafted = self.draft(origin, change_set, push.drafts, push.decks);
                (switch.snapshot().number(), drafted.await?.changes)
            }
            None => {
                let pushed = self.push_alone(origin, push, switch).await?;
                (pushed.number, pushed.changes)
            }
        };
        Ok(Applied {
            number,
            changes,
            foresight: None,
        })
    }
}

/// Problems get the lines of the files they come from.
fn located(
    error: ConfigurationError,
    documents: &[Located<ResourceDocument>],
) -> ConfigurationError {
    let mut problems = match error {
        ConfigurationError::Problems(problems) => problems,
        ConfigurationError::Faults(faults) => faults.iter().map(Fault::to_problem).collect(),
        other => return other,
    };
    locate(&mut problems, documents);
    problems.sort();
    ConfigurationError::Problems(problems)
}

impl ReadFiles {
    fn drafts(&self, base: &CurrentSet, owner: TenantId, prune: bool) -> Vec<Draft> {
        let mut documents: Vec<_> = self.documents.iter().map(|found| &found.value).collect();
        documents.sort_by_key(|document| (document.spec.kind(), &document.name));
        let mut named = BTreeSet::new();
        let mut drafts = Vec::with_capacity(documents.len());
        for document in documents {
            let key = Key::new(owner, document.spec.kind(), &document.name);
            let known = base.get(&key);
            let deck_hash = self.deck_of_card.get(&document.name).cloned();
            let is_card = key.kind == ResourceKind::RateCard;
            drafts.push(Draft {
                kind: key.kind,
                name: document.name.clone(),
                base_version: known.map(|known| known.version),
                revives: None,
                content: Some(Content::of_document(
                    document.clone(),
                    deck_hash.filter(|_| is_card),
                )),
                note: None,
            });
            named.insert(key);
        }
        if prune {
            let kinds = ResourceKind::ALL.into_iter();
            let all = kinds.flat_map(|kind| base.of_kind(owner, kind));
            let gone = all.filter(|entry| !named.contains(&entry.key));
            drafts.extend(gone.map(|entry| Draft {
                kind: entry.key.kind,
                name: entry.key.name.to_string(),
                base_version: Some(entry.version),
                revives: None,
                content: None,
                note: None,
            }));
        }
        drafts
    }
}

fn read(request: ApplyRequest) -> Result<ReadFiles, ConfigurationError> {
    let documents = parse(&request.files)?;
    let decks = decks_by_path(request.decks)?;
    let mut problems = repeated(&documents);
    let mut deck_of_card = BTreeMap::new();
    for document in &documents {
        match deck_of(document, &decks) {
            Ok(Some(deck)) => {
                deck_of_card.insert(document.value.name.clone(), deck.hash.clone());
            }
            Ok(None) => {}
            Err(found) => problems.extend(found),
        }
    }
    if !problems.is_empty() {
        problems.truncate(PROBLEMS_MAX);
        return Err(ConfigurationError::Problems(problems));
    }
    let used: BTreeSet<&String> = deck_of_card.values().collect();
    let decks = decks.into_values().filter(|deck| used.contains(&deck.hash));
    Ok(ReadFiles {
        decks: decks.collect(),
        documents,
        deck_of_card,
    })
}

/// All documents of all files, or all problems.
fn parse(files: &[ApplyFile]) -> Result<Vec<Located<ResourceDocument>>, ConfigurationError> {
    let mut documents = Vec::new();
    let mut problems = Vec::new();
    for file in files {
        match parse_documents(&file.path, &file.content) {
            Ok(found) => documents.extend(found),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() {
        Ok(documents)
    } else {
        problems.truncate(PROBLEMS_MAX);
        Err(ConfigurationError::Problems(problems))
    }
}

/// Resources that stand in two files; within one file the parser finds them.
fn repeated(documents: &[Located<ResourceDocument>]) -> Vec<Problem> {
    let mut seen = BTreeSet::new();
    documents
        .iter()
        .filter(|document| !seen.insert((document.value.spec.kind(), &document.value.name)))
        .map(|document| {
            let message = "the same resource stands in another of the files";
            let problem = Problem::in_field("name", message);
            document.place(problem.of(document.value.spec.kind(), &document.value.name))
        })
        .collect()
}

fn decks_by_path(files: Vec<ApplyFile>) -> Result<BTreeMap<String, DeckText>, ConfigurationError> {
    let mut decks = BTreeMap::new();
    for file in files {
        let deck = DeckText::new(Arc::from(file.content));
        if decks.insert(file.path, deck).is_some() {
            let problem = Problem::new("two rate decks have the same path");
            return Err(ConfigurationError::Problems(vec![problem]));
        }
    }
    Ok(decks)
}

/// The deck that a rate card names, read once so that its faults are told with its own lines.
fn deck_of<'d>(
    document: &Located<ResourceDocument>,
    decks: &'d BTreeMap<String, DeckText>,
) -> Result<Option<&'d DeckText>, Vec<Problem>> {
    let ResourceSpec::RateCard(card) = &document.value.spec else {
        return Ok(None);
    };
    let Some(path) = &card.rates_file else {
        return Ok(None);
    };
    let Some(deck) = decks.get(path) else {
        let message = format_args!("the rate deck {path} was not sent with the files");
        let problem = Problem::in_field("rates_file", message);
        let named = problem.of(ResourceKind::RateCard, &document.value.name);
        return Err(vec![document.place(named)]);
    };
    let mut names = DestinationNames::default();
    Deck::read(deck.content.as_bytes(), card, &mut names)
        .map(|_| Some(deck))
        .map_err(|problems| {
            problems
                .into_iter()
                .map(|problem| problem.in_file(path))
                .collect()
        })
}
