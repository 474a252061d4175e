#![no_main]

#[path = "../src/media.rs"]
#[allow(dead_code, reason = "the other target uses the rest")]
mod media;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| media::rtcp(bytes));
