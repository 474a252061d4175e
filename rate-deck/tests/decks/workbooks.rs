//! Workbooks, made here part by part.

use crate::{rate, rates, read_with, written};
use rate_deck::{FormatError, Mapping, ReadError};
use std::io::{Cursor, Write};
use zip::write::{SimpleFileOptions, ZipWriter};

/// A workbook of one sheet, `Rates`, with this XML between `sheetData`.
pub(crate) fn workbook(rows: &str) -> Vec<u8> {
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
            format!("<sst xmlns=\"{MAIN}\"><si><t>Dial Code</t></si><si><t>Egypt</t></si></sst>"),
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
    let rejected = &reading.rejections.listed[..];
    assert_eq!((rejected.len(), rejected[0].line), (1, 7));
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
