//! Workbooks, made here part by part.

use crate::{rate, rates, read_with, reasons, written};
use rate_deck::{DecimalMark, FormatError, Mapping, ReadError, Reading, Reason};
use std::io::{Cursor, Write};
use zip::write::{SimpleFileOptions, ZipWriter};

/// A workbook of one sheet, `Rates`, with this XML between `sheetData`.
pub(crate) fn workbook(rows: &str) -> Vec<u8> {
    workbook_with(rows, "<si><t>Dial Code</t></si><si><t>Egypt</t></si>")
}

fn workbook_with(rows: &str, texts: &str) -> Vec<u8> {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
    let parts = [
        (
            "[Content_Types].xml",
            format!("<Types xmlns=\"{PACKAGE}/content-types\"/>"),
        ),
        (
            "_rels/.rels",
            format!(
                "<Relationships xmlns=\"{PACKAGE}/relationships\"><Relationship Id=\"r1\" \
                 Type=\"{RELATIONS}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{RELATIONS}\"><sheets><sheet name=\"Rates\" \
                 sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "<Relationships xmlns=\"{PACKAGE}/relationships\">\
                 <Relationship Id=\"r1\" Type=\"{RELATIONS}/worksheet\" Target=\"worksheets/sheet1.xml\"/>\
                 <Relationship Id=\"r2\" Type=\"{RELATIONS}/styles\" Target=\"styles.xml\"/>\
                 <Relationship Id=\"r3\" Type=\"{RELATIONS}/sharedStrings\" Target=\"sharedStrings.xml\"/>\
                 </Relationships>"
            ),
        ),
        (
            "xl/styles.xml",
            format!(
                "<styleSheet xmlns=\"{MAIN}\"><cellXfs count=\"2\"><xf numFmtId=\"0\"/>\
                 <xf numFmtId=\"14\"/></cellXfs></styleSheet>"
            ),
        ),
        (
            "xl/sharedStrings.xml",
            format!("<sst xmlns=\"{MAIN}\">{texts}</sst>"),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{rows}</sheetData></worksheet>"),
        ),
    ];
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        writer
            .start_file(name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub(crate) const ROWS: &str = r#"
<row r="2"><c r="A2" t="inlineStr"><is><t>Rates of ACME</t></is></c></row>
<row r="4"><c r="A4" t="s"><v>0</v></c><c r="B4" t="inlineStr"><is><t>Destination</t></is></c>
  <c r="D4" t="inlineStr"><is><t>Rate</t></is></c><c r="E4" t="inlineStr"><is><t>Effective</t></is></c></row>
<row r="5"><c r="A5"><v>20</v></c><c r="B5" t="s"><v>1</v></c><c r="D5"><v>0.11000000000000001</v></c>
  <c r="E5" s="1"><v>46348</v></c></row>
<row r="6"><c r="A6" t="inlineStr"><is><t>2010-2011</t></is></c><c r="B6" t="s"><v>1</v></c><c r="D6"><v>1.234</v></c></row>
<row r="7"><c r="A7"><v>201</v></c><c r="B7" t="s"><v>1</v></c><c r="D7" t="e"><v>#N/A</v></c></row>
"#;

#[test]
fn a_sheet_is_read_with_its_numbers_texts_and_dates() {
    let reading = read_with(&workbook(ROWS), &Mapping::default()).unwrap();
    assert_eq!(
        rates(&reading.table),
        [
            rate("20", "Egypt", "0.11"),
            rate("2010", "Egypt", "1.234"),
            rate("2011", "Egypt", "1.234"),
        ]
    );
    assert!(written(&reading.table).contains("20,Egypt,0.11,0.11,1,1,0,0,0,2026-11-22,"));
    assert_eq!(reasons(&reading), [(7, Reason::ErrorCell)]);
}

/// A sheet of these titles, with rows as cells of XML.
fn sheet(titles: &[&str], rows: &str) -> Vec<u8> {
    let cells = titles.iter().zip('A'..).map(|(title, column)| {
        format!("<c r=\"{column}1\" t=\"inlineStr\"><is><t>{title}</t></is></c>")
    });
    let cells: String = cells.collect();
    workbook(&format!("<row r=\"1\">{cells}</row>{rows}"))
}

fn sheet_read(titles: &[&str], rows: &str, mapping: &Mapping) -> Reading {
    read_with(&sheet(titles, rows), mapping).unwrap()
}

#[test]
fn a_cell_that_is_a_number_has_its_decimals_behind_a_point() {
    let rows = r#"
<row r="2"><c r="A2"><v>44</v></c><c r="B2" t="s"><v>1</v></c><c r="C2"><v>0.125</v></c></row>
<row r="3"><c r="A3"><v>45</v></c><c r="B3" t="s"><v>1</v></c><c r="C3" t="inlineStr"><is><t>0,125</t></is></c></row>
<row r="4"><c r="A4"><v>46</v></c><c r="B4" t="s"><v>1</v></c><c r="C4" t="inlineStr"><is><t>0.125</t></is></c></row>
<row r="5"><c r="A5"><v>44.2</v></c><c r="B5" t="s"><v>1</v></c><c r="C5"><v>1</v></c></row>
"#;
    let told = Mapping {
        decimal_mark: DecimalMark::Comma,
        ..Mapping::default()
    };
    let reading = sheet_read(&["Code", "Destination", "Rate"], rows, &told);
    assert_eq!(
        rates(&reading.table),
        [rate("44", "Egypt", "0.125"), rate("45", "Egypt", "0.125")]
    );
    assert_eq!(
        reasons(&reading),
        [(4, Reason::OtherMark), (5, Reason::NotACode)]
    );
}

#[test]
fn an_error_is_no_empty_cell() {
    let error = |row: u32, column: char| {
        let cell = |at: char, xml: &str| match at == column {
            true => format!("<c r=\"{at}{row}\" t=\"e\"><v>#N/A</v></c>"),
            false => format!("<c r=\"{at}{row}\"{xml}</c>"),
        };
        let cells = [
            cell('A', "><v>44</v>"),
            cell('B', "><v>20</v>"),
            cell('C', " t=\"s\"><v>1</v>"),
            cell('D', "><v>0.5</v>"),
            cell('E', " s=\"1\"><v>46348</v>"),
            cell('F', "><v>0.1</v>"),
            cell('G', "><v>60</v>"),
            cell('H', "><v>1</v>"),
        ];
        format!("<row r=\"{row}\">{}</row>", cells.concat())
    };
    let rows: String = (2..)
        .zip('A'..='H')
        .map(|(row, column)| error(row, column))
        .collect();
    let both =
        r#"<row r="10"><c r="B10" t="e"><v>#REF!</v></c><c r="D10" t="e"><v>#REF!</v></c></row>"#;
    let titles = [
        "Country Code",
        "Code",
        "Destination",
        "Rate",
        "Effective",
        "Initial Rate",
        "Initial Interval",
        "Comment",
    ];
    let reading = sheet_read(&titles, &format!("{rows}{both}"), &Mapping::default());
    let expected: Vec<_> = (2..=8)
        .chain([10])
        .map(|line| (line, Reason::ErrorCell))
        .collect();
    assert_eq!(reasons(&reading), expected, "but for the comment in line 9");
    assert_eq!(rates(&reading.table).len(), 1);
}

#[test]
fn cells_out_of_order_are_no_row() {
    let rows = r#"
<row r="2"><c r="A2"><v>44</v></c><c r="D2"><v>9</v></c><c r="C2"><v>1</v></c><c r="B2" t="s"><v>1</v></c></row>
<row r="3"><c r="A3"><v>45</v></c><c r="B3" t="s"><v>1</v></c><c r="B3"><v>2</v></c><c r="C3"><v>1</v></c></row>
<row r="4"><c r="A4"><v>46</v></c><c r="B4" t="s"><v>1</v></c><c r="C4"><v>1</v></c></row>
"#;
    let reading = sheet_read(
        &["Code", "Destination", "Rate", "Fee"],
        rows,
        &Mapping::default(),
    );
    assert_eq!(
        reasons(&reading),
        [(2, Reason::CellsOutOfOrder), (3, Reason::CellsOutOfOrder)]
    );
}

#[test]
fn a_text_that_many_cells_share_is_not_copied_beyond_a_field_nor_without_end() {
    let long = "x".repeat(1 << 19);
    let titles = ["Code", "Destination", "Rate"];
    let titles = titles.map(|title| format!("<c t=\"inlineStr\"><is><t>{title}</t></is></c>"));
    let mut file = format!("<row r=\"1\">{}</row>", titles.concat());
    for row in 2..1_502 {
        let cells: String = (0..200).map(|_| "<c t=\"s\"><v>0</v></c>").collect();
        file.push_str(&format!("<row r=\"{row}\">{cells}</row>"));
    }
    let file = workbook_with(&file, &format!("<si><t>{long}</t></si>"));
    assert_eq!(
        read_with(&file, &Mapping::default()).unwrap_err(),
        ReadError::TooMuchText,
        "200 cells of 1,500 rows would be 150 GiB of text"
    );
}

#[test]
fn a_sheet_that_is_not_there_is_named() {
    let mapping = Mapping {
        sheet: Some("Prices".to_owned()),
        ..Mapping::default()
    };
    assert_eq!(
        read_with(&workbook(ROWS), &mapping).unwrap_err(),
        ReadError::Format(FormatError::NoSheet("Prices".to_owned()))
    );
}
