//! CSV: UTF-8, UTF-16 or Latin-1, between whatever its fields are divided by.

use super::{Record, Visit};
use crate::fields::Field;
use crate::mapping::Mapping;
use csv::{ByteRecord, ReaderBuilder};
use std::borrow::Cow;

/// What may stand between fields, the likeliest last among equals.
const DELIMITERS: [u8; 4] = [b'|', b'\t', b';', b','];

/// Lines that the delimiter is found by.
const SAMPLE_LINES: usize = 64;

pub(super) fn each(file: &[u8], mapping: &Mapping, visit: Visit<'_>) {
    let text = unicode(file);
    let given = mapping.delimiter.and_then(|mark| u8::try_from(mark).ok());
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(given.unwrap_or_else(|| likely_delimiter(&text)))
        .from_reader(&*text);
    let (mut bytes, mut record) = (ByteRecord::new(), Record::default());
    let mut lines = Lines::new(&text);
    loop {
        let found = reader.read_byte_record(&mut bytes);
        let start = bytes.position().map_or(0, csv::Position::byte);
        record.clear(lines.line_at(usize::try_from(start).unwrap_or(usize::MAX)));
        match found {
            Ok(false) => return,
            Ok(true) => bytes.iter().for_each(|field| record.push(&decoded(field))),
            Err(_) => record.is_unreadable = true,
        }
        if visit(&record).is_break() || record.is_unreadable {
            return;
        }
    }
}

/// Counts lines up to where records begin. The reader's own count is one short after a line that
/// ends in two marks.
struct Lines<'t> {
    text: &'t [u8],
    at: usize,
    line: u32,
}

impl<'t> Lines<'t> {
    fn new(text: &'t [u8]) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
        }
    }

    /// The line of the first byte of a record; places only grow.
    fn line_at(&mut self, start: usize) -> u32 {
        let start = start.min(self.text.len()).max(self.at);
        let is_blank = |byte: &&u8| matches!(byte, b'\r' | b'\n');
        let blanks = self.text[start..].iter().take_while(is_blank).count();
        let passed = &self.text[self.at..start + blanks];
        self.line += passed.iter().filter(|byte| **byte == b'\n').count() as u32;
        self.at = start + blanks;
        self.line
    }
}

/// The file without the mark of its encoding; UTF-16 becomes UTF-8.
fn unicode(file: &[u8]) -> Cow<'_, [u8]> {
    let units = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let pairs = rest.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        let text = char::decode_utf16(pairs).map(|it| it.unwrap_or(char::REPLACEMENT_CHARACTER));
        Cow::Owned(text.collect::<String>().into_bytes())
    };
    match file {
        [0xef, 0xbb, 0xbf, rest @ ..] => Cow::Borrowed(rest),
        [0xff, 0xfe, rest @ ..] => units(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => units(rest, u16::from_be_bytes),
        _ => Cow::Borrowed(file),
    }
}

/// A field as text: what is no UTF-8 is taken for Latin-1.
fn decoded(field: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(field) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(field.iter().map(|byte| char::from(*byte)).collect()),
    }
}

/// The delimiter that shows the most titles of columns in one line; among equals the one that
/// divides most lines into the same number of fields, the more the better.
fn likely_delimiter(text: &[u8]) -> u8 {
    if let [b's', b'e', b'p', b'=', mark, b'\r' | b'\n', ..] = text {
        return *mark;
    }
    let lines = text.split(|byte| *byte == b'\n').take(SAMPLE_LINES);
    let lines: Vec<_> = lines
        .map(|line| &line[..line.len().min(super::FIELD_BYTES_MAX)])
        .collect();
    let score = |mark: &u8| {
        let titles = lines.iter().map(|line| titles_in(line, *mark)).max();
        (titles, evenness(&lines, *mark))
    };
    DELIMITERS.into_iter().max_by_key(score).unwrap_or(b',')
}

/// How many fields of a line are titles that are usual.
fn titles_in(line: &[u8], mark: u8) -> usize {
    let fields = line.split(|byte| *byte == mark);
    let is_title = |field: &&[u8]| Field::of_title(&String::from_utf8_lossy(field)).is_some();
    fields.filter(is_title).count()
}

/// How many lines a mark divides into the same number of fields, times that number.
fn evenness(lines: &[&[u8]], mark: u8) -> usize {
    let counts: Vec<_> = lines.iter().map(|line| marks_in(line, mark)).collect();
    let most = counts.iter().max().copied().unwrap_or(0);
    let alike = |count: usize| counts.iter().filter(|other| **other == count).count();
    let scores = (1..=most).map(|count| alike(count) * count.min(20));
    scores.max().unwrap_or(0)
}

/// How often a mark stands in a line outside quotes.
fn marks_in(line: &[u8], mark: u8) -> usize {
    let mut is_quoted = false;
    let mut count = 0;
    for byte in line {
        is_quoted ^= *byte == b'"';
        count += usize::from(*byte == mark && !is_quoted);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ops::ControlFlow;

    fn fields(file: &[u8]) -> Vec<(u32, Vec<String>)> {
        let mut all = Vec::new();
        each(file, &Mapping::default(), &mut |record| {
            all.push((record.line, record.fields().map(str::to_owned).collect()));
            ControlFlow::Continue(())
        });
        all
    }

    fn expected() -> Vec<(u32, Vec<String>)> {
        let text = |fields: [&str; 3]| fields.map(str::to_owned).to_vec();
        vec![
            (1, text(["Code", "Name", "Rate"])),
            (2, text(["33", "Zürich", "0,5"])),
        ]
    }

    #[test]
    fn the_delimiter_is_found() {
        for (mark, rate) in [(";", "0,5"), ("\t", "0,5"), ("|", "0,5"), (",", "\"0,5\"")] {
            let text = format!("Code;Name;Rate\n33;Zürich;{rate}\n").replace(';', mark);
            assert_eq!(fields(text.as_bytes()), expected(), "{mark}");
        }
    }

    #[test]
    fn marks_within_names_do_not_mislead() {
        let text = "Code,Name,Rate\n33,a;b;c;d;e;f,1\n34,a;b;c;d;e;f,1\n35,a;b;c;d;e;f,1\n";
        assert_eq!(fields(text.as_bytes())[0].1, ["Code", "Name", "Rate"]);
    }

    #[test]
    fn a_hint_for_spreadsheets_is_heeded() {
        let found = fields(b"sep=;\nCode;Rate, new\n1;2\n");
        assert_eq!(found[1].1, ["Code", "Rate, new"]);
    }

    #[test]
    fn other_encodings_are_read() {
        let text = "Code;Name;Rate\r\n33;Zürich;0,5\r\n";
        let utf16 = |bytes: fn(u16) -> [u8; 2], mark: [u8; 2]| {
            let units = text.encode_utf16().flat_map(bytes);
            mark.into_iter().chain(units).collect::<Vec<_>>()
        };
        assert_eq!(fields(&utf16(u16::to_le_bytes, [0xff, 0xfe])), expected());
        assert_eq!(fields(&utf16(u16::to_be_bytes, [0xfe, 0xff])), expected());
        let latin: Vec<_> = text.chars().map(|letter| letter as u8).collect();
        assert_eq!(fields(&latin), expected());
        assert_eq!(fields(format!("\u{feff}{text}").as_bytes()), expected());
    }
}
