#![no_main]

#[path = "../src/ng.rs"]
mod ng;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ng::requests(bytes));
