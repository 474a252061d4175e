//! The `didtron` binary: command line, configuration and wiring.

fn main() {}
