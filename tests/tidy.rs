//! The house rules as a test: who may depend on whom, what a pure crate must not name, how large
//! files and functions may be, and that the guide to a call names things that exist.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

#[path = "tidy/source.rs"]
mod source;

use source::{
    Function, SourceFile, crate_manifest, root, rust_files, rust_files_and_tests, web_files,
};
use std::collections::HashSet;
use std::fmt::Write;

/// Which of our crates each may use: arrows point down only.
const ALLOWED: &[(&str, &[&str])] = &[
    ("rating", &[]),
    ("rate-deck", &["rating"]),
    ("cdr-archive", &["rating"]),
    ("sip-core", &[]),
    ("media-relay", &[]),
    ("media-control", &["media-relay", "sip-core"]),
    ("resources", &["rating"]),
    ("routing-engine", &["resources", "rating"]),
    ("store", &["rating"]),
    (
        "call-control",
        &[
            "sip-core",
            "routing-engine",
            "rating",
            "media-relay",
            "media-control",
        ],
    ),
    (
        "mgmt-api",
        &[
            "store",
            "routing-engine",
            "resources",
            "rate-deck",
            "cdr-archive",
            "rating",
        ],
    ),
    ("sip-tester", &["sip-core"]),
    ("testkit", &["sip-core", "sip-tester"]),
];

/// Sources that must stay pure, and the parts of them that may do I/O.
const PURE: &[(&str, &[&str])] = &[
    ("rating/src", &[]),
    ("rate-deck/src", &[]),
    ("resources/src", &[]),
    ("routing-engine/src", &[]),
    ("sip-core/src", &["sip-core/src/transport"]),
    ("media-control/src", &[]),
    ("call-control/src", &["call-control/src/journal"]),
    (
        "media-relay/src",
        &["media-relay/src/io", "media-relay/src/lib.rs"],
    ),
    ("sip-tester/src", &["sip-tester/src/shell"]),
    ("testkit/src", &["testkit/src/replay"]),
];

/// What no pure source names: clocks, randomness, sockets, files, threads, a runtime.
const IMPURE: &[&str] = &[
    "Instant::now",
    "SystemTime",
    "UNIX_EPOCH",
    "rand::",
    "getrandom",
    "tokio",
    "mio::",
    "UdpSocket",
    "TcpStream",
    "TcpListener",
    "std::fs",
    "std::thread",
    "std::process",
    "std::env",
    "println!",
];

/// Words that say nothing, or that mean something else here. Checked in names of types and files.
const NAMES_REFUSED: &[&str] = &[
    "Manager", "Helper", "Utils", "Vendor", "Inbound", "Outbound",
];

const RUST_FILE_LINES_MAX: usize = 800;
const WEB_FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;
/// Of a hundred functions, how many may be longer than the cap (each is named in the failure).
const LONG_FUNCTIONS_PERCENT_MAX: usize = 2;

fn fail_if_any(rule: &str, findings: &[String]) {
    let mut text = String::new();
    for finding in findings {
        let _ = writeln!(text, "  {finding}");
    }
    assert!(findings.is_empty(), "{rule}\n{text}");
}

#[test]
fn a_crate_uses_only_crates_below_it() {
    let names: Vec<&str> = ALLOWED.iter().map(|(name, _)| *name).collect();
    let mut findings = Vec::new();
    for (name, allowed) in ALLOWED {
        let manifest = crate_manifest(name);
        for dependency in manifest["dependencies"]
            .as_table()
            .into_iter()
            .flat_map(|t| t.keys())
        {
            if names.contains(&dependency.as_str()) && !allowed.contains(&dependency.as_str()) {
                findings.push(format!("{name} depends on {dependency}"));
            }
        }
    }
    fail_if_any("forbidden dependency between crates:", &findings);
}

#[test]
fn every_crate_of_the_workspace_is_in_the_table_and_takes_the_workspace_lints() {
    let workspace = crate_manifest(".");
    let members = workspace["workspace"]["members"].as_array().unwrap();
    let mut findings = Vec::new();
    for member in members.iter().map(|member| member.as_str().unwrap()) {
        if member != "." && !ALLOWED.iter().any(|(name, _)| *name == member) {
            findings.push(format!("{member} is not in the table of dependencies"));
        }
        let manifest = crate_manifest(member);
        if manifest
            .get("lints")
            .and_then(|l| l.get("workspace")?.as_bool())
            != Some(true)
        {
            findings.push(format!("{member} does not take the workspace's lints"));
        }
    }
    fail_if_any("workspace members:", &findings);
}

#[test]
fn a_pure_source_names_no_clock_randomness_socket_or_file() {
    let mut findings = Vec::new();
    for (folder, exceptions) in PURE {
        for file in rust_files(folder) {
            if exceptions
                .iter()
                .any(|exception| file.path.starts_with(exception))
            {
                continue;
            }
            findings.extend(impure_lines(&file));
        }
    }
    fail_if_any("impure names in pure sources:", &findings);
}

fn impure_lines(file: &SourceFile) -> Vec<String> {
    let mut findings = Vec::new();
    for (number, line) in file.production_code() {
        if let Some(word) = IMPURE.iter().find(|word| line.contains(**word)) {
            findings.push(format!("{}:{number} names {word}", file.path));
        }
    }
    findings
}

#[test]
fn money_is_never_a_float() {
    let mut findings = Vec::new();
    for folder in ["rating/src", "store/src"] {
        for file in rust_files(folder) {
            for (number, line) in file.production_code() {
                if line.contains("f64") || line.contains("f32") {
                    findings.push(format!("{}:{number}", file.path));
                }
            }
        }
    }
    fail_if_any("floating point beside money:", &findings);
}

#[test]
fn files_stay_under_the_cap() {
    let mut findings = Vec::new();
    for file in rust_files(".") {
        let lines = file.production_lines();
        if lines > RUST_FILE_LINES_MAX {
            findings.push(format!(
                "{}: {lines} lines, cap {RUST_FILE_LINES_MAX}",
                file.path
            ));
        }
    }
    for file in web_files("portals-web") {
        let lines = file.text.lines().count();
        if lines > WEB_FILE_LINES_MAX {
            findings.push(format!(
                "{}: {lines} lines, cap {WEB_FILE_LINES_MAX}",
                file.path
            ));
        }
    }
    fail_if_any("files over the cap:", &findings);
}

#[test]
fn functions_fit_on_a_screen() {
    let functions: Vec<Function> = rust_files(".")
        .iter()
        .flat_map(SourceFile::production_functions)
        .collect();
    let long: Vec<String> = functions
        .iter()
        .filter(|function| function.lines > FUNCTION_LINES_MAX)
        .map(|function| format!("{}: {} lines", function.place, function.lines))
        .collect();
    let most = functions.len() * LONG_FUNCTIONS_PERCENT_MAX / 100;
    assert!(
        long.len() <= most,
        "{} of {} functions are longer than {FUNCTION_LINES_MAX} lines, at most {most} may be:\n  {}",
        long.len(),
        functions.len(),
        long.join("\n  ")
    );
}

#[test]
fn names_say_what_a_thing_is() {
    let mut findings = Vec::new();
    for file in rust_files(".") {
        if file.path.ends_with("/mod.rs") {
            findings.push(format!("{}: write foo.rs beside foo/", file.path));
        }
        for (number, line) in file.production_code() {
            let declares = ["struct ", "enum ", "trait ", "type "]
                .iter()
                .any(|w| line.contains(w));
            if let Some(name) = NAMES_REFUSED
                .iter()
                .find(|name| declares && line.contains(**name))
            {
                findings.push(format!("{}:{number} has {name} in a name", file.path));
            }
        }
    }
    fail_if_any("names:", &findings);
}

#[test]
fn the_life_of_a_call_names_functions_that_exist() {
    let guide = std::fs::read_to_string(root().join("docs/life-of-a-call.md")).unwrap();
    let mut findings = Vec::new();
    let mut named = 0;
    for (path, item) in source::places_named(&guide) {
        named += 1;
        match std::fs::read_to_string(root().join(&path)) {
            Err(_) => findings.push(format!("{path} does not exist")),
            Ok(text) if !source::defines(&text, &item) => {
                findings.push(format!("{path} defines no `{item}`"));
            }
            Ok(_) => {}
        }
    }
    assert!(named >= 10, "the guide names only {named} places");
    fail_if_any("docs/life-of-a-call.md:", &findings);
}

#[test]
fn documents_name_tests_that_exist() {
    let tests: HashSet<String> = rust_files_and_tests(".")
        .iter()
        .flat_map(|file| source::tests_of(&file.text))
        .collect();
    for (path, at_least) in [("docs/security.md", 100), ("docs/lessons.md", 30)] {
        let document = std::fs::read_to_string(root().join(path)).unwrap();
        let named = source::tests_named(&document);
        assert!(named.len() >= at_least, "{path} names {}", named.len());
        let findings: Vec<_> = named
            .iter()
            .filter(|name| !tests.contains(*name))
            .map(|name| format!("there is no test `{name}`"))
            .collect();
        fail_if_any(path, &findings);
    }
}

#[test]
fn the_checker_sees_what_it_looks_for() {
    let file = SourceFile::from_text(
        "x.rs",
        "use std::time::Instant;\n// Instant::now in a comment is fine\nfn a() {\n    Instant::now();\n}\n\
         #[cfg(test)]\nmod tests {\n    fn b() { Instant::now(); }\n}\n",
    );
    assert_eq!(impure_lines(&file), ["x.rs:4 names Instant::now"]);
    assert_eq!(file.production_lines(), 5);
    let functions = file.production_functions();
    assert_eq!((functions.len(), functions[0].lines), (1, 3));
    let tests = "#[test]\nfn a_b() {}\n#[tokio::test(flavor = \"x\")]\nasync fn c_d() {}\nfn no_test() {}\n";
    assert_eq!(source::tests_of(tests), ["a_b", "c_d"]);
    let named = "`one_two_three`, `rate_card` and `path/x.rs`";
    assert_eq!(source::tests_named(named), ["one_two_three"]);
}
