//! How many instructions parts of a call take, beside the counts that were accepted: `make test` fails when one
//! takes 5 % more. Instructions are the same on a busy machine and an idle one, times are not.
//!
//! ```text
//! cargo bench -p call-control --bench instructions
//! UPDATE_INSTRUCTIONS=1 cargo bench -p call-control --bench instructions    # accepts what it finds
//! ```
//!
//! Each subject runs in a process of its own under valgrind's callgrind, which counts only within [`counted`], after
//! some unmeasured turns. Inputs, keys and seeds are fixed, and time is given. The C library is kept from choosing
//! among its variants by the processor ([`TUNABLES`]). What crates choose themselves (memchr, crc32fast) is up to
//! AVX2, which valgrind shows where the processor has it; a processor without it is not judged, nor is another
//! compiler than the one of the accepted counts, for it makes other instructions.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    unreachable_pub,
    reason = "a benchmark stops by panicking, and is no library"
)]
#![allow(clippy::print_stdout, reason = "it says what it counted")]

#[path = "../call/driver.rs"]
#[allow(dead_code, reason = "the tests that count share it")]
mod driver;
#[path = "../journal/entry.rs"]
mod entry;
mod ratchet;
mod subjects;

use ratchet::{Accepted, Counts};
use std::process::Command;

/// Variable that makes this program run one subject.
const SUBJECT: &str = "INSTRUCTIONS_SUBJECT";
const UPDATE: &str = "UPDATE_INSTRUCTIONS";
/// The plain variants of `memcpy` and its kin on every x86-64 processor.
const TUNABLES: &str =
    "glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512BW,-AVX2,-AVX,-ERMS,-FSRM,-SSE4_2,-SSSE3";

fn main() {
    if let Ok(name) = std::env::var(SUBJECT) {
        subjects::run(&name);
        return;
    }
    // Cargo passes `--bench`; under `cargo test` there is nothing to do.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let counts: Counts = subjects::NAMES
        .iter()
        .map(|name| ((*name).to_owned(), count(name)))
        .collect();
    let compiler = compiler();
    if std::env::var_os(UPDATE).is_some() {
        Accepted { compiler, counts }.write();
        return;
    }
    let accepted = Accepted::read();
    for (name, count) in &counts {
        println!(
            "{name}: {count} instructions, accepted {:?}",
            accepted.counts.get(name)
        );
    }
    if let Some(why) = not_judged(&accepted, &compiler) {
        println!("not judged: {why}");
        return;
    }
    if let Err(what) = accepted.judge(&counts) {
        println!("{what}");
        std::process::exit(1);
    }
}

/// The one function in which instructions are counted.
#[inline(never)]
pub fn counted(work: &mut dyn FnMut()) {
    work();
}

/// Instructions of one turn of a subject.
fn count(name: &str) -> u64 {
    let output = Command::new("valgrind")
        .args([
            "--tool=callgrind",
            "--collect-atstart=no",
            "--callgrind-out-file=/dev/null",
        ])
        .arg("--toggle-collect=*instructions*counted*")
        .arg(std::env::current_exe().unwrap())
        .env(SUBJECT, name)
        .env("GLIBC_TUNABLES", TUNABLES)
        .output()
        .expect("valgrind counts; scripts/install-test-tools installs it");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{name}: {said}");
    let line = said
        .lines()
        .find_map(|line| line.split_once("Collected : "));
    let total: u64 = line.expect(&said).1.trim().parse().unwrap();
    assert!(total > 0, "nothing of {name} was counted: {said}");
    total / subjects::TURNS
}

fn compiler() -> String {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let output = Command::new(rustc).arg("--version").output().unwrap();
    let version = String::from_utf8(output.stdout).unwrap();
    version
        .split_whitespace()
        .take(2)
        .collect::<Vec<_>>()
        .join(" ")
}

fn not_judged(accepted: &Accepted, compiler: &str) -> Option<String> {
    if compiler != accepted.compiler {
        return Some(format!(
            "the counts are of {}, this is {compiler}; {UPDATE}=1 accepts those of this one",
            accepted.compiler
        ));
    }
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let has_avx2 = cpus.split_whitespace().any(|flag| flag == "avx2");
    (!has_avx2)
        .then(|| "the counts are of an x86-64 processor with AVX2, this is another one".to_owned())
}
