//! Puts the migration files into the program: a table of version, description and text.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    println!("cargo:rerun-if-changed=migrations");
    let folder =
        PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("migrations");
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("the migrations can be listed")
        .map(|entry| entry.expect("the migrations can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    files.sort();
    let mut table = String::from("&[\n");
    for path in &files {
        let (version, description) = parts(path);
        writeln!(
            table,
            "    ({version}, {description:?}, include_str!({path:?})),"
        )
        .expect("a String takes all");
    }
    table.push(']');
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("migrations.rs"), table).expect("the output folder can be written");
}

/// `0012_user_sessions.sql` → 12 and "user sessions".
fn parts(path: &Path) -> (i64, String) {
    let name = path
        .file_stem()
        .and_then(|name| name.to_str())
        .expect("migrations have plain names");
    let (number, words) = name
        .split_once('_')
        .expect("a migration's name is NUMBER_WORDS.sql");
    let version = number
        .parse()
        .expect("a migration's name begins with its number");
    (version, words.replace('_', " "))
}
