//! Making a report of the sums: lines, totals, the period before, pages and files.

use super::figures::{Sums, money};
use super::period::{Interval, Period};
use super::{Figures, Filling, ReportFormat, ReportLine, ReportOf, TrafficReport};
use crate::problem::Problem;
use crate::values::{Money, Time};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use rating::{Currency, Timestamp};
use std::collections::HashMap;
use store::{Scope, Store, TrafficFill, TrafficGroup, TrafficLine, TrafficQuery, TrafficSide};

const PAGE_DEFAULT: u32 = 100;
const PAGE_MAX: u32 = 1_000;

/// How a report is cut.
pub(super) struct Wanted {
    /// Of lines over time.
    pub(super) interval: Option<Interval>,
    /// With the period before.
    pub(super) compare: bool,
    /// First line and how many; `None` for all.
    pub(super) page: Option<(usize, usize)>,
}

/// A report.
pub(super) struct Made {
    pub(super) of: ReportOf,
    pub(super) period: Period,
    pub(super) previous_from: Option<Timestamp>,
    pub(super) totals: Sums,
    pub(super) previous_totals: Option<Sums>,
    pub(super) lines: Vec<MadeLine>,
    pub(super) next: Option<usize>,
    pub(super) filling: Option<TrafficFill>,
}

/// A line.
#[derive(Clone, Debug, Default)]
pub(super) struct MadeLine {
    pub(super) start: Option<i64>,
    pub(super) id: Option<i64>,
    pub(super) name: Option<String>,
    pub(super) sums: Sums,
    pub(super) previous: Option<Sums>,
}

/// Which lines a page has.
pub(super) fn page(
    limit: Option<u32>,
    cursor: Option<&str>,
    format: Option<ReportFormat>,
) -> Result<Option<(usize, usize)>, Problem> {
    let limit = limit.unwrap_or(PAGE_DEFAULT);
    if !(1..=PAGE_MAX).contains(&limit) {
        let message = format!("{limit} is out of range: write 1 to {PAGE_MAX}");
        return Err(Problem::bad_parameter("limit", message));
    }
    let digits = |text: &&str| text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    let first = match cursor {
        None => 0,
        Some(cursor) => Some(cursor)
            .filter(digits)
            .and_then(|cursor| cursor.parse().ok())
            .ok_or_else(|| Problem::bad_parameter("cursor", "is not a `next_cursor` of a page"))?,
    };
    Ok((format != Some(ReportFormat::Csv)).then_some((first, limit as usize)))
}

impl Made {
    pub(super) async fn new(
        store: &Store,
        scope: &Scope,
        query: TrafficQuery,
        period: Period,
        wanted: Wanted,
    ) -> Result<Self, Problem> {
        let of = match query.side {
            TrafficSide::Call => ReportOf::Calls,
            TrafficSide::Attempt => ReportOf::Attempts,
        };
        let mut report = Self {
            of,
            previous_from: None,
            totals: Sums::default(),
            previous_totals: None,
            lines: Vec::new(),
            next: None,
            filling: store.traffic_fill().await?,
            period,
        };
        let before = match wanted.compare {
            true => Some(report.period.previous()?),
            false => None,
        };
        report.previous_from = before.as_ref().map(|before| before.from);
        match wanted.interval {
            Some(interval) => {
                report
                    .over_time(store, scope, query, before, interval)
                    .await?
            }
            None => report.by_group(store, scope, query, before).await?,
        }
        report.cut(wanted.page);
        report.name(store).await?;
        Ok(report)
    }

    /// A line for each hour, day, week or month, also where nothing was.
    async fn over_time(
        &mut self,
        store: &Store,
        scope: &Scope,
        mut query: TrafficQuery,
        before: Option<Period>,
        interval: Interval,
    ) -> Result<(), Problem> {
        let starts = self.period.starts(interval)?;
        let found = over(store, scope, &mut query, &self.period, interval, &starts).await?;
        self.lines = starts.iter().map(|start| MadeLine::at(*start)).collect();
        for line in &found {
            self.totals.add(line);
            if let Some(place) = place(&starts, line) {
                self.lines[place].sums.add(line);
            }
        }
        let Some(before) = before else { return Ok(()) };
        let starts = before.starts(interval)?;
        let found = over(store, scope, &mut query, &before, interval, &starts).await?;
        let mut totals = Sums::default();
        // A month may have fewer weeks than the one before: what has no line is in the totals.
        for line in &mut self.lines {
            line.previous = Some(Sums::default());
        }
        for line in &found {
            totals.add(line);
            let place = place(&starts, line).and_then(|place| self.lines.get_mut(place));
            if let Some(previous) = place.and_then(|made| made.previous.as_mut()) {
                previous.add(line);
            }
        }
        self.previous_totals = Some(totals);
        Ok(())
    }

    /// A line for each customer, destination and so on, the most seizures first.
    async fn by_group(
        &mut self,
        store: &Store,
        scope: &Scope,
        mut query: TrafficQuery,
        before: Option<Period>,
    ) -> Result<(), Problem> {
        let mut lines: HashMap<TrafficGroup, MadeLine> = HashMap::new();
        for line in &store.traffic_report(scope, &query).await? {
            self.totals.add(line);
            let made = lines.entry(line.group.clone());
            let made = made.or_insert_with(|| MadeLine::of(&line.group));
            made.sums.add(line);
        }
        if let Some(before) = before {
            (query.from, query.to) = (before.from, before.to);
            let mut totals = Sums::default();
            for line in &store.traffic_report(scope, &query).await? {
                totals.add(line);
                let made = lines.entry(line.group.clone());
                let made = made.or_insert_with(|| MadeLine::of(&line.group));
                made.previous.get_or_insert_default().add(line);
            }
            for made in lines.values_mut() {
                made.previous.get_or_insert_default();
            }
            self.previous_totals = Some(totals);
        }
        let mut lines: Vec<_> = lines.into_iter().collect();
        lines.sort_by(|(group, made), (other_group, other)| {
            let before = |made: &MadeLine| made.previous.as_ref().map(|sums| sums.all.seizures);
            let by_count = other.sums.all.seizures.cmp(&made.sums.all.seizures);
            let by_count = by_count.then_with(|| before(other).cmp(&before(made)));
            by_count.then_with(|| group.cmp(other_group))
        });
        self.lines = lines.into_iter().map(|(_, made)| made).collect();
        Ok(())
    }

    fn cut(&mut self, page: Option<(usize, usize)>) {
        let Some((first, count)) = page else { return };
        let behind = first.saturating_add(count);
        self.next = (behind < self.lines.len()).then_some(behind);
        self.lines.truncate(behind);
        self.lines.drain(..first.min(self.lines.len()));
    }

    async fn name(&mut self, store: &Store) -> Result<(), Problem> {
        let ids: Vec<i64> = self.lines.iter().filter_map(|line| line.id).collect();
        let mut names = store.names_of(&ids).await?;
        for line in &mut self.lines {
            if let Some(id) = line.id {
                line.name = names.remove(&id);
            }
        }
        Ok(())
    }

    /// A file for a spreadsheet; with the money of both sides, or of the own.
    pub(super) fn csv(&self, both_sides: bool) -> Result<Response, Problem> {
        if let Some(filling) = &self.filling {
            // A file has no place to say that it is half of one.
            return Err(Problem::conflict(still_filling(filling), Vec::new()));
        }
        let text = self.csv_text(both_sides, usize::MAX);
        let (text, _) = text.map_err(|error| Problem::internal(&error))?;
        let headers = [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
            (
                header::CONTENT_DISPOSITION,
                "attachment; filename=\"traffic.csv\"",
            ),
        ];
        Ok((headers, text).into_response())
    }

    /// The file, of at most so many bytes, and how many lines it has.
    pub(super) fn csv_text(
        &self,
        both_sides: bool,
        bytes_max: usize,
    ) -> Result<(Vec<u8>, usize), csv::Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut head: Vec<String> = vec![format!("start {}", self.period.zone_name)];
        head.extend(["id", "name"].map(str::to_owned));
        head.extend(csv_head("", both_sides));
        if self.previous_totals.is_some() {
            head.extend(csv_head("previous_", both_sides));
        }
        writer.write_record(&head)?;
        writer.flush()?;
        let (mut end, mut count) = (writer.get_ref().len(), 0);
        for line in &self.lines {
            let mut cells = vec![
                line.start
                    .map_or_else(String::new, |at| self.period.local(at)),
                line.id.map_or_else(String::new, |id| id.to_string()),
                harmless(line.name.clone().unwrap_or_default()),
            ];
            cells.extend(csv_cells(&line.sums, both_sides));
            if let Some(previous) = &line.previous {
                cells.extend(csv_cells(previous, both_sides));
            }
            writer.write_record(&cells)?;
            writer.flush()?;
            if writer.get_ref().len() > bytes_max {
                break;
            }
            (end, count) = (writer.get_ref().len(), count + 1);
        }
        let text = writer.into_inner();
        let mut text = text.map_err(csv::IntoInnerError::into_error)?;
        text.truncate(end);
        Ok((text, count))
    }
}

/// Why there is no file yet.
pub(super) fn still_filling(fill: &TrafficFill) -> String {
    let Filling { percent, .. } = Filling::of(fill.done, fill.total);
    format!(
        "Calls of an earlier release are still being added to the sums ({percent} %): a file would lack some. \
         Ask again when that is done."
    )
}

/// A text that no spreadsheet takes for a formula, also not one that begins a cell at semicolons, tabs and line ends
/// within it.
pub(crate) fn harmless(text: String) -> String {
    let is_formula = |cell: &str| {
        let cell = cell.trim_start_matches([' ', '"']);
        cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n'])
    };
    let ends_cell = |c: char| matches!(c, ';' | '\t' | '\r' | '\n');
    let (mut made, mut begins_cell) = (String::with_capacity(text.len() + 1), true);
    for (at, c) in text.char_indices() {
        if begins_cell && is_formula(&text[at..]) {
            made.push('\'');
        }
        made.push(c);
        begins_cell = ends_cell(c);
    }
    made
}

fn csv_head(prefix: &str, both_sides: bool) -> Vec<String> {
    let counted = [
        "seizures",
        "answered",
        "effective",
        "rejected",
        "asr_percent",
        "ner_percent",
        "acd_ms",
        "pdd_ms",
        "talk_ms",
        "billed_seconds",
        "amounts",
    ];
    let mut head: Vec<_> = counted.map(|name| format!("{prefix}{name}")).into();
    if both_sides {
        let money = ["charge", "cost", "margin"];
        head.extend(money.map(|name| format!("{prefix}{name}_{}", Currency::USD)));
    }
    head
}

fn csv_cells(sums: &Sums, both_sides: bool) -> Vec<String> {
    let figures = Figures::from(sums);
    let counted = figures.counted;
    let share = |share: Option<f64>| share.map_or_else(String::new, |share| share.to_string());
    let mean = |mean: Option<i64>| mean.map_or_else(String::new, |mean| mean.to_string());
    let amount = |amount: Option<Money>| amount.map_or_else(String::new, |it| it.to_string());
    let amounts = figures.amounts.iter();
    let amounts: Vec<_> = amounts
        .map(|it| format!("{} {}", it.currency, amount(it.amount)))
        .collect();
    let mut cells = vec![
        counted.seizures.to_string(),
        counted.answered.to_string(),
        counted.effective.to_string(),
        counted.rejected.to_string(),
        share(counted.asr_percent),
        share(counted.ner_percent),
        mean(counted.acd_ms),
        mean(counted.pdd_ms),
        counted.talk_ms.to_string(),
        counted.billed_seconds.to_string(),
        amounts.join("; "),
    ];
    if both_sides {
        let all = &sums.all;
        cells.extend([all.charge, all.cost, all.margin()].map(|it| amount(money(it))));
    }
    cells
}

/// The lines of a report over time: as few questions as serve them.
async fn over(
    store: &Store,
    scope: &Scope,
    query: &mut TrafficQuery,
    period: &Period,
    interval: Interval,
    starts: &[i64],
) -> Result<Vec<TrafficLine>, Problem> {
    let mut lines = Vec::with_capacity(starts.len());
    for (by, from, to) in period.runs(interval, starts) {
        query.by = by;
        (query.from, query.to) = (Timestamp(from), Timestamp(to));
        lines.extend(store.traffic_report(scope, query).await?);
    }
    Ok(lines)
}

/// The place of a line over time among the starts.
fn place(starts: &[i64], line: &TrafficLine) -> Option<usize> {
    match line.group {
        TrafficGroup::At(at) => starts
            .partition_point(|start| *start <= at.0)
            .checked_sub(1),
        _ => None,
    }
}

impl MadeLine {
    fn at(start: i64) -> Self {
        Self {
            start: Some(start),
            ..Self::default()
        }
    }

    fn of(group: &TrafficGroup) -> Self {
        match group {
            TrafficGroup::At(at) => Self::at(at.0),
            TrafficGroup::Resource(id) => Self {
                id: (*id != 0).then_some(*id),
                ..Self::default()
            },
            TrafficGroup::Destination(name) => Self {
                name: (!name.is_empty()).then(|| name.clone()),
                ..Self::default()
            },
        }
    }
}

impl Filling {
    pub(crate) fn of(done: u64, total: u64) -> Self {
        // How many records the whole switch has is nobody's who asks for its own.
        let percent = done.saturating_mul(100) / total.max(1);
        Self {
            percent: percent.min(100),
        }
    }
}

impl From<TrafficFill> for Filling {
    fn from(fill: TrafficFill) -> Self {
        Self::of(fill.done, fill.total)
    }
}

impl From<Made> for TrafficReport {
    fn from(made: Made) -> Self {
        let line = |line: MadeLine| ReportLine {
            start: line.start.map(|start| Time(Timestamp(start))),
            id: line.id,
            name: line.name,
            figures: (&line.sums).into(),
            previous: line.previous.as_ref().map(Into::into),
        };
        Self {
            of: made.of,
            from: Time(made.period.from),
            to: Time(made.period.to),
            previous_from: made.previous_from.map(Time),
            time_zone: made.period.zone_name,
            currency: Currency::USD.to_string(),
            totals: (&made.totals).into(),
            previous_totals: made.previous_totals.as_ref().map(Into::into),
            items: made.lines.into_iter().map(line).collect(),
            next_cursor: made.next.map(|next| next.to_string()),
            filling: made.filling.map(Into::into),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_begins_with_a_formula_whatever_separates_cells() {
        let harmless = |text: &str| harmless(text.to_owned());
        for (text, expected) in [
            ("=1+1", "'=1+1"),
            ("+442071838750", "'+442071838750"),
            ("1;=cmd|'/cCALC'!A0", "1;'=cmd|'/cCALC'!A0"),
            ("1;\"=cmd\"", "1;'\"=cmd\""),
            ("1; -2;3", "1;' -2;3"),
            ("a\n@b\r+c", "a\n'@b\r'+c"),
            ("\tx", "'\tx"),
            ("442071838750", "442071838750"),
            ("a=b-c", "a=b-c"),
            ("", ""),
        ] {
            assert_eq!(harmless(text), expected, "{text:?}");
        }
    }
}
