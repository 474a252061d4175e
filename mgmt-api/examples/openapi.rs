//! Writes the OpenAPI document to standard output: `cargo run -p mgmt-api --example openapi`.

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(mgmt_api::openapi::document().as_bytes())
}
