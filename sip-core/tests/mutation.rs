//! What must hold for any bytes, tried on seeded mutations of the test messages.
//!
//! A failure prints the seed; `SIP_MUTATION_SEED` runs it alone, `SIP_MUTATION_ROUNDS` runs longer.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "../../fuzz/src/lib.rs"]
#[allow(
    unreachable_pub,
    reason = "the file is a library of its own for the fuzzer"
)]
mod properties;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

const ROUNDS: u64 = 20_000;

/// SplitMix64: small, and the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % (bound.max(1) as u64)).unwrap()
    }
}

/// Bytes that mean something to a SIP or SDP parser.
const PIECES: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n ",
    b"\r\n\r\n",
    b" ",
    b"\t",
    b"\"",
    b"\\",
    b"<",
    b">",
    b";",
    b",",
    b":",
    b"=",
    b"@",
    b"%",
    b"%00",
    b"[",
    b"]",
    b"::",
    b"?",
    b"*",
    b"/",
    b"\0",
    b"\x7f",
    b"\xff",
    b"\xc3\xa9",
    b"0",
    b"-1",
    b"65536",
    b"4294967296",
    b"Content-Length: 0\r\n",
    b"l: 5\r\n",
    b"Via: SIP/2.0/UDP a\r\n",
    b";tag=x",
    b";rport",
    b";received=1.2.3.4",
    b"m=audio 1 RTP/AVP 0\r\n",
    b"c=IN IP4 0.0.0.0\r\n",
    b"c=IN IP6 ::1\r\n",
    b"a=rtcp:1 IN IP4 1.1.1.1\r\n",
    b"a=rtcp-mux\r\n",
    b"SIP/2.0",
    b"sip:",
    b"tel:+1",
    b"z9hG4bK",
    b"--unique-1--",
];

fn corpus() -> Vec<Vec<u8>> {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let mut messages = Vec::new();
    for folder in ["rfc4475", "rfc5118", "field"] {
        let mut files: Vec<_> = std::fs::read_dir(testdata.join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        messages.extend(files.iter().map(|file| std::fs::read(file).unwrap()));
    }
    messages
}

fn mutate(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Random) {
    let at = random.below(bytes.len());
    let end = at + random.below((bytes.len() - at).min(80));
    match random.below(7) {
        0 if !bytes.is_empty() => bytes[at] = random.next() as u8,
        1 => drop(bytes.drain(at..end)),
        2 => bytes.truncate(end),
        3 => {
            let again = bytes[at..end].to_vec();
            bytes.splice(at..at, again);
        }
        4 => {
            let other = &corpus[random.below(corpus.len())];
            let from = random.below(other.len());
            let until = from + random.below(other.len() - from);
            bytes.splice(at..end, other[from..until].iter().copied());
        }
        _ => {
            let piece = PIECES[random.below(PIECES.len())];
            bytes.splice(at..at, piece.iter().copied());
        }
    }
}

fn run(seed: u64, corpus: &[Vec<u8>]) {
    let mut random = Random(seed);
    let mut bytes = corpus[random.below(corpus.len())].clone();
    for _ in 0..=random.below(6) {
        mutate(&mut bytes, corpus, &mut random);
    }
    properties::message(&bytes);
    let body = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .map_or(0, |at| at + 4);
    properties::sdp(&bytes[body..]);
    for word in bytes.split(|b| matches!(b, b' ' | b'<' | b'>' | b'\r' | b'\n')) {
        properties::uri(word);
    }
}

fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable)
        .ok()
        .map(|text| text.parse().unwrap())
}

#[test]
fn nothing_breaks_on_mutated_messages() {
    let corpus = corpus();
    let seeds = match number_from("SIP_MUTATION_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number_from("SIP_MUTATION_ROUNDS").unwrap_or(ROUNDS),
    };
    for seed in seeds {
        let outcome = catch_unwind(AssertUnwindSafe(|| run(seed, &corpus)));
        assert!(outcome.is_ok(), "run again with SIP_MUTATION_SEED={seed}");
    }
}

#[test]
fn the_unchanged_messages_hold_as_well() {
    for bytes in corpus() {
        properties::message(&bytes);
    }
}

const DIGESTS: [&[u8]; 2] = [
    b"Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"sip:a\", response=\"00\", \
        algorithm=SHA-256, qop=auth, nc=00000001, cnonce=\"c\", opaque=\"o\"",
    b"Digest realm=\"r\", nonce=\"n\", algorithm=MD5, qop=\"auth,auth-int\", stale=true",
];

#[test]
fn nothing_breaks_on_mutated_digests() {
    let corpus = DIGESTS.map(<[u8]>::to_vec);
    for seed in 0..ROUNDS {
        let mut random = Random(seed);
        let mut bytes = corpus[random.below(corpus.len())].clone();
        for _ in 0..=random.below(4) {
            mutate(&mut bytes, &corpus, &mut random);
        }
        let outcome = catch_unwind(AssertUnwindSafe(|| properties::digest(&bytes)));
        assert!(outcome.is_ok(), "seed {seed}: {}", bytes.escape_ascii());
    }
}

#[test]
fn a_carriage_return_alone_is_no_empty_line_before_a_message() {
    let message = b"\rOPTIONS sip:a@b.example SIP/2.0\r\nTo: c\r\nl: 0\r\n\r\n";
    properties::message(message);
    assert!(sip_core::Message::parse(message, &sip_core::Limits::DEFAULT).is_err());
}

#[test]
fn a_challenge_that_grows_beyond_the_limit_when_written_again_is_not_read_again() {
    let nonce = "\"".repeat(1_000);
    properties::digest(format!("Digest realm=r, nonce=n{nonce}").as_bytes());
}

#[test]
fn a_stream_of_mutated_messages_is_the_same_wherever_it_is_cut() {
    let corpus = corpus();
    for seed in 0..ROUNDS / 10 {
        let mut random = Random(seed);
        let mut bytes = vec![random.next() as u8];
        for _ in 0..=random.below(3) {
            bytes.extend_from_slice(&corpus[random.below(corpus.len())]);
            bytes.extend_from_slice(PIECES[random.below(6)]);
        }
        for _ in 0..random.below(4) {
            mutate(&mut bytes, &corpus, &mut random);
        }
        let outcome = catch_unwind(AssertUnwindSafe(|| properties::stream(&bytes)));
        assert!(outcome.is_ok(), "seed {seed}: {}", bytes.escape_ascii());
    }
}

#[test]
fn transactions_end_whatever_comes_in_whatever_order() {
    for seed in 0..ROUNDS {
        let mut random = Random(seed);
        let length = random.below(120);
        let bytes: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
        let outcome = catch_unwind(AssertUnwindSafe(|| properties::transactions(&bytes)));
        assert!(outcome.is_ok(), "seed {seed}");
    }
}
