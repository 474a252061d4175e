//! Drawing a ladder in plain ASCII, because it must survive any terminal, log and mail.

use super::{Entry, Ladder};
use std::fmt;
use std::net::SocketAddr;

/// Widest line, in characters.
const WIDTH: usize = 110;
/// `   0.000000  +0.000000`: seconds since the first message and since the one before.
const TIMES_WIDTH: usize = 20;
/// Room left and right of the outer lifelines, for the half of their centred headings.
const MARGIN: usize = 9;
/// Lifelines that leave room for a label on each arrow. Messages of further endpoints are listed
/// without an arrow.
const MAX_COLUMNS: usize = 5;
/// Widest gap between two lifelines.
const MAX_GAP: usize = 48;
/// What an arrow needs beside its label: `<- ` and ` --`, or `-- ` and ` ->`.
const ARROW_TRIM: usize = 6;

impl fmt::Display for Ladder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = Columns::of(self);
        columns.write_headings(f)?;
        let Some(first) = self.entries.first() else {
            return writeln!(f, "(no message)");
        };
        let mut last = first.at_us;
        for entry in &self.entries {
            let since_first = seconds(entry.at_us - first.at_us);
            let since_last = format!("+{}", seconds(entry.at_us.saturating_sub(last)));
            last = entry.at_us;
            let line = columns.line(entry);
            writeln!(f, "{since_first:>9} {since_last:>10}{}", line.trim_end())?;
        }
        if self.dropped > 0 {
            writeln!(f, "({} further messages were not recorded)", self.dropped)?;
        }
        Ok(())
    }
}

/// Seconds with milliseconds.
fn seconds(micros: u64) -> String {
    format!("{}.{:03}", micros / 1_000_000, micros / 1_000 % 1_000)
}

/// The lifelines from left to right.
struct Columns {
    columns: Vec<Column>,
    /// Characters from one lifeline to the next.
    gap: usize,
}

struct Column {
    name: Option<String>,
    addresses: Vec<SocketAddr>,
}

impl Columns {
    fn of(ladder: &Ladder) -> Self {
        let mut columns: Vec<Column> = Vec::new();
        let used = |address| {
            let mut ends = ladder.entries.iter().flat_map(|e| [e.from, e.to]);
            ends.any(|end| end == address)
        };
        for label in ladder.labels.iter().filter(|label| used(label.address)) {
            match columns
                .iter_mut()
                .find(|c| c.name.as_ref() == Some(&label.name))
            {
                Some(column) => column.addresses.push(label.address),
                None => columns.push(Column {
                    name: Some(label.name.clone()),
                    addresses: vec![label.address],
                }),
            }
        }
        for address in ladder.entries.iter().flat_map(|e| [e.from, e.to]) {
            if !columns.iter().any(|c| c.addresses.contains(&address)) {
                columns.push(Column {
                    name: None,
                    addresses: vec![address],
                });
            }
        }
        columns.truncate(MAX_COLUMNS);
        let room = WIDTH - TIMES_WIDTH - 2 * MARGIN - 1;
        let gap = (room / columns.len().saturating_sub(1).max(1)).min(MAX_GAP);
        Self { columns, gap }
    }

    fn write_headings(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self
            .columns
            .iter()
            .map(|c| c.name.clone().unwrap_or_default());
        let addresses = self.columns.iter().map(Column::addresses_text);
        let names = self.centred(names);
        if !names.trim().is_empty() {
            let times = format!("{:>9} {:>10}", "time s", "delta");
            writeln!(f, "{times}{}", names.trim_end())?;
        }
        let addresses = self.centred(addresses);
        writeln!(f, "{:TIMES_WIDTH$}{}", "", addresses.trim_end())
    }

    /// Texts centred on the lifelines.
    fn centred(&self, texts: impl Iterator<Item = String>) -> String {
        let mut line = String::new();
        for (index, text) in texts.enumerate() {
            let text = shortened(&text, self.gap.min(2 * MARGIN) - 1);
            let start = (MARGIN + index * self.gap).saturating_sub(text.len() / 2);
            // Two long neighbours may touch; one blank keeps them apart.
            let start = start.max(line.len() + usize::from(index > 0));
            line = format!("{line:start$}{text}");
        }
        line
    }

    fn line(&self, entry: &Entry) -> String {
        let mut line = vec![b' '; MARGIN + 1 + self.gap * self.columns.len().saturating_sub(1)];
        for index in 0..self.columns.len() {
            line[MARGIN + index * self.gap] = b'|';
        }
        let ends = (self.column_of(entry.from), self.column_of(entry.to));
        let mut line = match ends {
            (Some(from), Some(to)) if from != to => {
                self.draw_arrow(&mut line, from, to, entry);
                String::from_utf8_lossy(&line).into_owned()
            }
            _ => {
                let line = String::from_utf8_lossy(&line).into_owned();
                let text = format!("{} -> {}: {}", entry.from, entry.to, full_label(entry));
                format!("{line} {text}")
            }
        };
        if line.len() > WIDTH - TIMES_WIDTH {
            line = shortened(&line, WIDTH - TIMES_WIDTH);
        }
        line
    }

    fn draw_arrow(&self, line: &mut [u8], from: usize, to: usize, entry: &Entry) {
        let (left, right) = (from.min(to), from.max(to));
        let between = MARGIN + left * self.gap + 1..MARGIN + right * self.gap;
        let label = label(entry, between.len().saturating_sub(ARROW_TRIM));
        let arrow = &mut line[between];
        arrow.fill(b'-');
        let start = (arrow.len() - label.len()) / 2;
        arrow[start..start + label.len()].copy_from_slice(label.as_bytes());
        arrow[start - 1] = b' ';
        arrow[start + label.len()] = b' ';
        if from < to {
            arrow[arrow.len() - 1] = b'>';
        } else {
            arrow[0] = b'<';
        }
    }

    fn column_of(&self, address: SocketAddr) -> Option<usize> {
        let mut columns = self.columns.iter();
        columns.position(|column| column.addresses.contains(&address))
    }
}

impl Column {
    fn addresses_text(&self) -> String {
        match self.addresses.as_slice() {
            [only] => only.to_string(),
            [first, ..] => format!("{}, ..", first.ip()),
            [] => String::new(),
        }
    }
}

/// What stands on an arrow: without the Request-URI when there is no room for it.
fn label(entry: &Entry, room: usize) -> String {
    let full = full_label(entry);
    if full.len() <= room {
        return full;
    }
    shortened(&ascii(&brief_label(entry)), room)
}

fn full_label(entry: &Entry) -> String {
    let mut label = brief_label(entry);
    let uri = entry.first_line.split(' ').nth(1);
    if let ("INVITE" | "OPTIONS" | "REGISTER", true, Some(uri)) =
        (entry.method(), entry.is_request(), uri)
    {
        label = format!("{label} {uri}");
    }
    ascii(&label)
}

fn brief_label(entry: &Entry) -> String {
    let mark = if entry.with_sdp { " (SDP)" } else { "" };
    let repeated = if entry.retransmission { "*" } else { "" };
    let method = entry.method();
    let status_and_reason = entry.first_line.strip_prefix("SIP/2.0 ");
    match (status_and_reason, method) {
        (None, _) => format!("{repeated}{method}{mark}"),
        (Some(text), "INVITE") => format!("{repeated}{text}{mark}"),
        (Some(text), _) => format!("{repeated}{text}{mark} ({method})"),
    }
}

fn ascii(text: &str) -> String {
    let printable = |c: char| c == ' ' || c.is_ascii_graphic();
    text.chars()
        .map(|c| if printable(c) { c } else { '?' })
        .collect()
}

/// `text` cut to `room` characters, ending in two dots if cut. Text is ASCII.
fn shortened(text: &str, room: usize) -> String {
    if text.len() <= room {
        return text.to_owned();
    }
    let kept: String = text.chars().take(room.saturating_sub(2)).collect();
    format!("{kept}..")
}
