//! Resources as tables: CSV in and out, by the schema of their kind.

mod cells;
mod columns;
mod csv_table;

pub(crate) use csv_table::{CsvFault, TableRow, read_csv, write_csv};
