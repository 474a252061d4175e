//! The days of records that are in the archive, or in the database no more.

use crate::cli::api_client::ApiClient;
use crate::cli::say;
use serde::Deserialize;
use std::process::ExitCode;

/// Days that one page of the API holds at most.
const PAGE_MAX: u32 = 500;

#[derive(Debug, Deserialize)]
struct Page {
    archive: Option<String>,
    items: Vec<Day>,
    next_before: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Day {
    day: String,
    state: String,
    records: u64,
    archive_key: Option<String>,
    files: u64,
    bytes: u64,
}

pub(super) fn list(client: &ApiClient, limit: u32) -> anyhow::Result<ExitCode> {
    let mut left = limit;
    let mut before: Option<String> = None;
    loop {
        let size = left.min(PAGE_MAX).to_string();
        let mut query = vec![("limit", size.as_str())];
        query.extend(before.as_deref().map(|before| ("before", before)));
        let page: Page = client.get("/api/v1/cdr-days", &query)?;
        if before.is_none() {
            let archive = page.archive.as_deref().unwrap_or("none");
            say(&format!("Archive: {archive}"));
        }
        page.items.iter().for_each(|day| say(&day.line()));
        left = left.saturating_sub(u32::try_from(page.items.len()).unwrap_or(u32::MAX));
        if left == 0 || page.next_before.is_none() {
            return Ok(ExitCode::SUCCESS);
        }
        before = page.next_before;
    }
}

impl Day {
    fn line(&self) -> String {
        let date = self.day.get(..10).unwrap_or(&self.day);
        let place = match &self.archive_key {
            None => "in no archive".to_owned(),
            Some(key) => format!("{} files, {} bytes in {key}", self.files, self.bytes),
        };
        format!(
            "{date}  {:<8}  {:>10} records  {place}",
            self.state, self.records
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_where_a_day_is() {
        let mut day = Day {
            day: "2026-11-22T00:00:00.000000Z".into(),
            state: "dropped".into(),
            records: 1_234,
            archive_key: Some("cdr/day=2026-11-22".into()),
            files: 1,
            bytes: 99,
        };
        assert_eq!(
            day.line(),
            "2026-11-22  dropped         1234 records  1 files, 99 bytes in cdr/day=2026-11-22"
        );
        day.archive_key = None;
        assert!(day.line().ends_with("in no archive"));
    }
}
