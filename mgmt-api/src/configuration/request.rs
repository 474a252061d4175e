//! The files of a request, read and checked one by one.

use super::ConfigurationError;
use super::decks::{DeckText, read_deck};
use crate::routes::apply::{ApplyFile, ApplyRequest};
use routing_engine::Problem;
use routing_engine::deck::DestinationNames;
use routing_engine::documents::{Located, PROBLEMS_MAX, parse_documents};
use routing_engine::resources::{RateCard, ResourceDocument, ResourceKind, ResourceSpec};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use store::ResourceRow;

/// What a request holds, without fault within any of its files.
pub(super) struct ReadRequest {
    /// The documents with their places, for problems that are found later.
    pub(super) documents: Vec<Located<ResourceDocument>>,
    /// The resources in the order in which one may refer to another.
    pub(super) resources: Vec<RequestedResource>,
    /// The decks that they use, by hash.
    pub(super) decks: BTreeMap<String, DeckText>,
}

/// A resource as it shall be.
pub(super) struct RequestedResource {
    pub(super) kind: ResourceKind,
    pub(super) name: String,
    pub(super) spec: Value,
    /// The card, when it is one.
    pub(super) card: Option<RateCard>,
    pub(super) deck_hash: Option<String>,
}

impl ReadRequest {
    pub(super) fn read(request: ApplyRequest) -> Result<Self, ConfigurationError> {
        let documents = parse(&request.files)?;
        let decks = decks_by_path(request.decks)?;
        let mut problems = repeated(&documents);
        let mut used = BTreeMap::new();
        let mut resources = Vec::with_capacity(documents.len());
        for document in &documents {
            let deck = match deck_of(document, &decks) {
                Ok(deck) => deck,
                Err(found) => {
                    problems.extend(found);
                    continue;
                }
            };
            resources.push(RequestedResource::new(&document.value, deck)?);
            used.extend(deck.map(|deck| (deck.hash.clone(), deck.clone())));
        }
        if !problems.is_empty() {
            problems.truncate(PROBLEMS_MAX);
            return Err(ConfigurationError::Problems(problems));
        }
        resources.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
        Ok(Self {
            documents,
            resources,
            decks: used,
        })
    }
}

impl RequestedResource {
    fn new(
        document: &ResourceDocument,
        deck: Option<&DeckText>,
    ) -> Result<Self, ConfigurationError> {
        let kind = document.spec.kind();
        let failed = |error: serde_json::Error| ConfigurationError::Stored {
            kind: kind.to_string(),
            name: document.name.clone(),
            reason: error.to_string(),
        };
        let mut tagged = serde_json::to_value(&document.spec).map_err(failed)?;
        let card = match &document.spec {
            ResourceSpec::RateCard(card) => Some(card.clone()),
            _ => None,
        };
        Ok(Self {
            kind,
            name: document.name.clone(),
            spec: tagged["spec"].take(),
            card,
            deck_hash: deck.map(|deck| deck.hash.clone()),
        })
    }

    /// What the database has of it.
    pub(super) fn find_in<'a>(&self, rows: &'a [ResourceRow]) -> Option<&'a ResourceRow> {
        rows.iter()
            .find(|row| row.kind == self.kind.as_str() && row.name == self.name)
    }
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
        let path = file.path.clone();
        if decks.insert(path, DeckText::new(file)).is_some() {
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
    read_deck(&deck.content, card, &mut names)
        .map(|_| Some(deck))
        .map_err(|problems| {
            problems
                .into_iter()
                .map(|problem| problem.in_file(path))
                .collect()
        })
}
