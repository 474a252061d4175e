//! The length of the longest cell of a sheet: a reader holds each as a whole.

use std::io;

/// Most bytes of one cell's XML. A spreadsheet has at most 32,767 letters in a cell.
const CELL_BYTES_MAX: usize = 1 << 20;

/// Letters of a tag's name that are looked at, a namespace's included.
const NAME_BYTES_MAX: usize = 32;

/// Counts bytes from the beginning of one cell to its end, and between tags elsewhere.
#[derive(Default)]
pub(super) struct CellScale {
    pub(super) is_over: bool,
    is_in_cell: bool,
    is_in_name: bool,
    name: Vec<u8>,
    bytes: usize,
}

impl CellScale {
    fn byte(&mut self, byte: u8) {
        self.bytes += 1;
        match byte {
            b'<' => {
                self.is_in_name = true;
                self.name.clear();
                if !self.is_in_cell {
                    self.bytes = 0;
                }
            }
            b'>' | b' ' | b'\t' | b'\r' | b'\n' if self.is_in_name => self.tag(),
            byte if self.is_in_name && self.name.len() < NAME_BYTES_MAX => self.name.push(byte),
            _ => {}
        }
        self.is_over |= self.bytes > CELL_BYTES_MAX;
    }

    fn tag(&mut self) {
        self.is_in_name = false;
        let is_end = self.name.first() == Some(&b'/');
        let name = self.name.rsplit(|byte| matches!(byte, b':' | b'/')).next();
        match name {
            Some(b"c") => {
                self.is_in_cell = !is_end;
                self.bytes = 0;
            }
            // The last cell of a row may be one without an end of its own.
            Some(b"row" | b"sheetData") => self.is_in_cell = false,
            _ => {}
        }
    }
}

impl io::Write for CellScale {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            self.byte(*byte);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
