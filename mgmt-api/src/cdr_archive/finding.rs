//! Finding records wherever they are: in the database, or in the archive when their day is dropped.
//!
//! A page is looked for in both and laid together by the order of the list. Of the archive, files and their groups are
//! read in that order too, and no group whose times tell that nothing of it can be on the page; so the first pages of
//! new calls touch no file. As in the database, a page looks at [`CDRS_SEARCHED`] records and says where it stopped; beside
//! these at what reaches over the place where it begins, so it always comes further.

use crate::jobs::JobFailure;
use crate::problem::Problem;
use cdr_archive::{ArchivedFile, GroupBounds, Place, ReadError};
use rating::Timestamp;
use rating::cdr::{CallId, CallRecord};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{
    CDRS_SEARCHED, CdrArchiveFile, CdrCursor, CdrOrder, CdrParty, CdrQuery, CdrRow, CdrRows,
    DroppedCdrDay, Scope, Store, StoreError,
};

/// Where records are.
#[derive(Clone, Debug)]
pub(crate) struct CallRecords {
    store: Store,
    archive: Option<Place>,
}

/// Records that cannot be looked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FindError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Archive(#[from] ReadError),
}

/// One record.
pub(crate) struct Found {
    pub(crate) row: CdrRow,
    pub(crate) record: CallRecord,
}

/// A page that is looked for in the archive.
struct Search<'a> {
    place: &'a Place,
    scope: &'a Scope,
    query: &'a CdrQuery,
    /// Nothing behind this place is wanted: the other half of the page is full before.
    bound: Option<CdrCursor>,
    rows: Vec<CdrRow>,
    searched: u64,
    searched_max: u64,
}

/// Something that may hold rows.
enum Candidate {
    File(CdrArchiveFile),
    Group(Arc<ArchivedFile>, GroupBounds),
}

/// What may hold rows, in the order of the first that each can have. Files and groups overlap, so the groups of an opened
/// file stand among the files that are not.
struct Candidates {
    order: CdrOrder,
    added: usize,
    /// By the time in the order of the list, then as they came.
    sorted: BTreeMap<(i64, usize), (Timestamp, Candidate)>,
}

impl CallRecords {
    pub(crate) fn new(store: Store, archive: Option<Place>) -> Self {
        Self { store, archive }
    }

    /// One page of the scope's records.
    pub(crate) async fn page(&self, scope: &Scope, query: &CdrQuery) -> Result<CdrRows, FindError> {
        self.page_among(scope, query, CDRS_SEARCHED.into()).await
    }

    pub(super) async fn page_among(
        &self,
        scope: &Scope,
        query: &CdrQuery,
        searched_max: u64,
    ) -> Result<CdrRows, FindError> {
        let stored = self.store.cdrs(scope, query).await?;
        let Some(place) = &self.archive else {
            return Ok(stored);
        };
        let files = self.store.dropped_cdr_files(query, stored.next).await?;
        if files.is_empty() {
            return Ok(stored);
        }
        let mut search = Search {
            place,
            scope,
            query,
            bound: stored.next,
            rows: Vec::new(),
            searched: 0,
            searched_max,
        };
        let stopped = search.files(files).await?;
        Ok(together(query, stored, search.rows, stopped))
    }

    /// The archive that is looked into.
    pub(crate) fn archive_name(&self) -> Option<String> {
        self.archive.as_ref().map(|place| place.name().to_owned())
    }

    /// Why there is no record of that identifier: its day, when it is dropped and cannot be looked into.
    pub(crate) async fn gone(&self, id: CallId) -> Result<Option<DroppedCdrDay>, StoreError> {
        let day = self.store.dropped_cdr_day(id).await?;
        Ok(day.filter(|day| day.archive_key.is_none() || self.archive.is_none()))
    }

    /// One record of the scope that a party may see.
    pub(crate) async fn one(
        &self,
        scope: &Scope,
        party: CdrParty,
        id: CallId,
    ) -> Result<Option<Found>, FindError> {
        if let Some((row, record)) = self.store.cdr(scope, party, id).await? {
            return Ok(Some(Found { row, record }));
        }
        let Some(place) = &self.archive else {
            return Ok(None);
        };
        let Some(file) = self.store.dropped_cdr_file(id).await? else {
            return Ok(None);
        };
        let query = CdrQuery {
            party,
            ..CdrQuery::default()
        };
        let file = ArchivedFile::open(place, &file.key).await?;
        for bounds in file.groups()? {
            if !(bounds.ids.0..=bounds.ids.1).contains(&id) {
                continue;
            }
            let calls = file.group(place, bounds.group).await?.into_iter();
            let mut own = calls.filter(|(tenant, _)| *tenant == scope.tenant().get());
            let Some((_, mut record)) = own.find(|(_, call)| call.id == id) else {
                continue;
            };
            let Some(row) = query.rows_of(&record).pop() else {
                return Ok(None);
            };
            let row = from_archive(row);
            if let CdrParty::Carrier(carrier) = party {
                record
                    .attempts
                    .retain(|attempt| attempt.carrier.id == carrier);
            }
            return Ok(Some(Found { row, record }));
        }
        Ok(None)
    }
}

impl Search<'_> {
    /// Looks at files and their groups in the order of the list; gives the place that it has not looked behind, if any.
    ///
    /// Of the records that are looked at, those of groups that reach over the place where the list goes on do not
    /// count: without all of these there is no place behind it to go on at, however many they are.
    async fn files(&mut self, files: Vec<CdrArchiveFile>) -> Result<Option<CdrCursor>, FindError> {
        let (order, after) = (self.query.order, self.query.after);
        let mut candidates = Candidates::new(order);
        for file in files {
            if let Some(first) = self.first(file.received, file.attempted) {
                candidates.add(first, Candidate::File(file));
            }
        }
        while let Some((first, candidate)) = candidates.next() {
            if self.is_needless(first) {
                break;
            }
            let stop = before(order, first);
            let is_on = after.is_none_or(|it| order.compare(stop, it) == Ordering::Greater);
            if is_on && self.searched >= self.searched_max {
                return Ok(Some(stop));
            }
            match candidate {
                Candidate::File(file) => {
                    let file = Arc::new(ArchivedFile::open(self.place, &file.key).await?);
                    for group in file.groups()? {
                        if let Some(first) = self.first(group.received, group.attempted) {
                            candidates.add(first, Candidate::Group(Arc::clone(&file), group));
                        }
                    }
                }
                Candidate::Group(file, group) => {
                    self.searched += if is_on { group.records } else { 0 };
                    self.group(&file, group).await?;
                }
            }
        }
        Ok(None)
    }

    async fn group(&mut self, file: &ArchivedFile, group: GroupBounds) -> Result<(), FindError> {
        let (order, after) = (self.query.order, self.query.after);
        let is_behind = |row: &CdrRow| {
            after.is_none_or(|after| order.compare(row.place(), after) == Ordering::Greater)
        };
        let tenant = self.scope.tenant().get();
        for (owner, call) in file.group(self.place, group.group).await? {
            if owner == tenant {
                let rows = self.query.rows_of(&call).into_iter().filter(is_behind);
                self.rows.extend(rows.map(from_archive));
            }
        }
        self.rows
            .sort_by(|a, b| order.compare(a.place(), b.place()));
        // One more than wanted tells that there is a next page.
        self.rows.truncate(self.query.limit as usize + 1);
        Ok(())
    }

    /// The first time that is possible of what lies within some, of those that the query asks for.
    fn first(
        &self,
        received: (Timestamp, Timestamp),
        attempted: Option<(Timestamp, Timestamp)>,
    ) -> Option<Timestamp> {
        let (first, last) = match self.query.party {
            CdrParty::Staff | CdrParty::Customer(_) => received,
            CdrParty::Carrier(_) => attempted?,
        };
        let asked = self.query.received;
        let after = self.query.after.map(|after| after.received_at);
        let order = self.query.order;
        let is_out = asked.from.is_some_and(|from| last < from)
            || asked.to.is_some_and(|to| first >= to)
            || after.is_some_and(|after| match order {
                CdrOrder::NewestFirst => first > after,
                CdrOrder::OldestFirst => last < after,
            });
        if is_out {
            return None;
        }
        Some(match order {
            CdrOrder::NewestFirst => after.map_or(last, |after| last.min(after)),
            CdrOrder::OldestFirst => after.map_or(first, |after| first.max(after)),
        })
    }

    /// Whether what begins then can have nothing that is on the page.
    fn is_needless(&self, first: Timestamp) -> bool {
        let is_before = |place: CdrCursor| match self.query.order {
            CdrOrder::NewestFirst => first < place.received_at,
            CdrOrder::OldestFirst => first > place.received_at,
        };
        let is_full = self.rows.len() > self.query.limit as usize;
        self.bound.is_some_and(is_before)
            || (is_full && self.rows.last().is_some_and(|last| is_before(last.place())))
    }
}

impl Candidates {
    fn new(order: CdrOrder) -> Self {
        Self {
            order,
            added: 0,
            sorted: BTreeMap::new(),
        }
    }

    fn add(&mut self, first: Timestamp, candidate: Candidate) {
        let key = match self.order {
            CdrOrder::NewestFirst => first.0.saturating_neg(),
            CdrOrder::OldestFirst => first.0,
        };
        self.sorted.insert((key, self.added), (first, candidate));
        self.added += 1;
    }

    fn next(&mut self) -> Option<(Timestamp, Candidate)> {
        self.sorted.pop_first().map(|(_, it)| it)
    }
}

/// The place before all that was at a time: what stands behind it was not looked at.
fn before(order: CdrOrder, at: Timestamp) -> CdrCursor {
    match order {
        CdrOrder::NewestFirst => CdrCursor {
            received_at: Timestamp(at.0.saturating_add(1)),
            id: CallId(0),
        },
        CdrOrder::OldestFirst => CdrCursor {
            received_at: Timestamp(at.0.saturating_sub(1)),
            id: CallId(u128::MAX),
        },
    }
}

fn from_archive(row: CdrRow) -> CdrRow {
    CdrRow {
        archived: true,
        ..row
    }
}

/// The page of both halves: as far as both have looked. A record that is in both, as its day is being dropped, is there
/// once.
fn together(
    query: &CdrQuery,
    stored: CdrRows,
    archived: Vec<CdrRow>,
    stopped: Option<CdrCursor>,
) -> CdrRows {
    let (order, limit) = (query.order, query.limit as usize);
    let mut rows = stored.rows;
    rows.extend(archived);
    rows.sort_by(|a, b| order.compare(a.place(), b.place()));
    rows.dedup_by(|a, b| a.place() == b.place() && a.archived != b.archived);
    let ends = [stored.next, stopped].into_iter().flatten();
    let end = ends.min_by(|a, b| order.compare(*a, *b));
    if let Some(end) = end {
        rows.retain(|row| order.compare(row.place(), end) != Ordering::Greater);
    }
    if rows.len() > limit {
        rows.truncate(limit);
        let next = rows.last().map(CdrRow::place);
        return CdrRows {
            rows,
            next,
            searched_until: None,
        };
    }
    // A half that had its page has as many rows as are wanted: that they end there is no end of a search.
    let is_full = rows.len() == limit;
    CdrRows {
        rows,
        next: end,
        searched_until: end.filter(|_| !is_full).map(|end| end.received_at),
    }
}

impl From<FindError> for JobFailure {
    fn from(error: FindError) -> Self {
        Self::retry(&error)
    }
}

impl From<FindError> for Problem {
    fn from(error: FindError) -> Self {
        match error {
            FindError::Store(error) => error.into(),
            FindError::Archive(error) => {
                tracing::error!(%error, "the archive of call records cannot be read");
                Self::unavailable(
                    "The archive of call records cannot be read now; ask for a later time, or again.",
                )
            }
        }
    }
}

#[cfg(test)]
mod tests;
