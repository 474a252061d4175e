#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| didtron_fuzz::digest(bytes));
