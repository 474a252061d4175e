//! The console is embedded from `portals-web/dist`. A build without it is sound: the folder is
//! made, empty, so that the build notices when the console appears.

use std::path::Path;

const CONSOLE: &str = "../portals-web/dist";

fn main() -> std::io::Result<()> {
    if !Path::new(CONSOLE).exists() {
        std::fs::create_dir_all(CONSOLE)?;
    }
    let mut out = std::io::stdout();
    std::io::Write::write_all(
        &mut out,
        format!("cargo::rerun-if-changed={CONSOLE}\n").as_bytes(),
    )
}
