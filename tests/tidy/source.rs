//! Reading the tree: files, production lines, functions.

use std::path::{Path, PathBuf};

const SKIPPED: &[&str] = &[
    "target",
    "node_modules",
    "dist",
    ".git",
    "data",
    "__generated__",
    "test-results",
];

/// A file with its path from the repository's root.
pub(crate) struct SourceFile {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A function and how many lines it spans, signature to closing brace.
pub(crate) struct Function {
    pub(crate) place: String,
    pub(crate) lines: usize,
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn crate_manifest(folder: &str) -> toml::Table {
    let path = root().join(folder).join("Cargo.toml");
    std::fs::read_to_string(path).unwrap().parse().unwrap()
}

/// Rust sources below `folder` that are not tests, benches or fuzz targets.
pub(crate) fn rust_files(folder: &str) -> Vec<SourceFile> {
    let mut files = Vec::new();
    walk(&root().join(folder), &["rs"], &mut files);
    let is_test = |path: &str| {
        ["tests/", "benches/", "fuzz/", "examples/"]
            .iter()
            .any(|part| path.starts_with(part) || path.contains(&format!("/{part}")))
            || path.ends_with("/tests.rs")
    };
    files.retain(|file| !is_test(&file.path));
    files
}

/// TypeScript sources below `folder`.
pub(crate) fn web_files(folder: &str) -> Vec<SourceFile> {
    let mut files = Vec::new();
    walk(&root().join(folder), &["ts", "tsx"], &mut files);
    files
}

fn walk(folder: &Path, endings: &[&str], files: &mut Vec<SourceFile>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !SKIPPED.contains(&name.as_str()) {
                walk(&path, endings, files);
            }
        } else if endings
            .iter()
            .any(|ending| name.ends_with(&format!(".{ending}")))
        {
            let relative = path.strip_prefix(root()).unwrap_or(&path);
            files.push(SourceFile {
                path: relative
                    .to_string_lossy()
                    .trim_start_matches("./")
                    .to_owned(),
                text: std::fs::read_to_string(&path).unwrap(),
            });
        }
    }
}

impl SourceFile {
    pub(crate) fn from_text(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    fn production_text(&self) -> &str {
        self.text.split("#[cfg(test)]").next().unwrap_or("")
    }

    /// Lines before the first test module.
    pub(crate) fn production_lines(&self) -> usize {
        self.production_text().lines().count()
    }

    /// Numbered lines of code, comments left out.
    pub(crate) fn production_code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.production_text()
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line.split("//").next().unwrap_or("")))
    }

    /// Functions by their indentation, which the formatter guarantees.
    pub(crate) fn production_functions(&self) -> Vec<Function> {
        let lines: Vec<&str> = self.production_text().lines().collect();
        let mut functions = Vec::new();
        for (start, line) in lines.iter().enumerate() {
            let trimmed = line.trim_start();
            let indent = &line[..line.len() - trimmed.len()];
            let is_function = [
                "fn ",
                "pub fn ",
                "pub(crate) fn ",
                "pub(super) fn ",
                "async fn ",
                "pub async fn ",
                "pub(crate) async fn ",
                "pub(super) async fn ",
                "const fn ",
                "pub const fn ",
                "pub(crate) const fn ",
                "unsafe fn ",
            ]
            .iter()
            .any(|word| trimmed.starts_with(word));
            if !is_function {
                continue;
            }
            let closing = format!("{indent}}}");
            let end = lines[start..]
                .iter()
                .position(|line| *line == closing)
                .unwrap_or(0);
            let one_line = trimmed.ends_with('}') || trimmed.ends_with(';');
            let lines = if one_line { 1 } else { end + 1 };
            functions.push(Function {
                place: format!("{}:{}", self.path, start + 1),
                lines,
            });
        }
        functions
    }
}

/// Every `path/file.rs::item` between backticks in a text.
pub(crate) fn places_named(text: &str) -> Vec<(String, String)> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|quoted| quoted.split_once(".rs::"))
        .map(|(path, item)| {
            let last = item.rsplit("::").next().unwrap_or(item);
            (format!("{path}.rs"), last.trim_end_matches("()").to_owned())
        })
        .collect()
}

/// Whether `text` defines a function, type, trait or constant of that name.
pub(crate) fn defines(text: &str, item: &str) -> bool {
    ["fn", "struct", "enum", "trait", "const", "type"]
        .iter()
        .any(|word| {
            text.match_indices(&format!("{word} {item}"))
                .any(|(at, found)| {
                    let next = text[at + found.len()..].chars().next();
                    !next.is_some_and(|c| c.is_alphanumeric() || c == '_')
                })
        })
}

/// The names of the tests that a source has.
pub(crate) fn tests_of(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        if line != "#[test]" && !line.starts_with("#[tokio::test") {
            continue;
        }
        let name = lines.by_ref().find_map(|line| {
            let (_, after) = line.split_once("fn ")?;
            after.split_once('(').map(|(name, _)| name.to_owned())
        });
        names.extend(name);
    }
    names
}

/// Every name of three words or more between backticks in a text: tests are called so.
pub(crate) fn tests_named(text: &str) -> Vec<String> {
    let is_name = |quoted: &&str| {
        let words: Vec<_> = quoted.split('_').collect();
        let is_word = |word: &&str| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        words.len() >= 3 && words.iter().all(is_word)
    };
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(is_name).map(str::to_owned).collect()
}
