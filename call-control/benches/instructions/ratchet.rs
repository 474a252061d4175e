//! The counts that were accepted.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

pub type Counts = BTreeMap<String, u64>;

/// More than this of an accepted count fails, in percent.
const PERCENT_MAX: u64 = 105;

const HEAD: &str = "# Instructions of one turn of each subject of the bench `instructions`, as they were accepted.\n\
    # UPDATE_INSTRUCTIONS=1 cargo bench -p call-control --bench instructions writes this file.\n";

/// `counts.txt`.
pub struct Accepted {
    pub compiler: String,
    pub counts: Counts,
}

impl Accepted {
    fn path() -> &'static Path {
        Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/benches/instructions/counts.txt"
        ))
    }

    pub fn read() -> Self {
        Self::parse(&std::fs::read_to_string(Self::path()).unwrap())
    }

    pub fn write(&self) {
        std::fs::write(Self::path(), self.text()).unwrap();
        println!("{}", self.text());
    }

    /// Lines of a name and a count; the one of `compiler` has the compiler's name.
    pub fn parse(text: &str) -> Self {
        let mut accepted = Self {
            compiler: String::new(),
            counts: Counts::new(),
        };
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        for (name, value) in lines.filter_map(|line| line.split_once(' ')) {
            match name {
                "compiler" => value.clone_into(&mut accepted.compiler),
                _ => {
                    accepted
                        .counts
                        .insert(name.to_owned(), value.parse().unwrap());
                }
            }
        }
        accepted
    }

    pub fn text(&self) -> String {
        let mut text = format!("{HEAD}compiler {}\n", self.compiler);
        for (name, count) in &self.counts {
            let _ = writeln!(text, "{name} {count}");
        }
        text
    }

    /// What takes more than it may, and what to do.
    pub fn judge(&self, counts: &Counts) -> Result<(), String> {
        let mut findings = String::new();
        for (name, count) in counts {
            match self.counts.get(name) {
                None => {
                    let _ = writeln!(
                        findings,
                        "  {name}: {count} instructions, and no accepted count"
                    );
                }
                Some(accepted) if count * 100 > accepted * PERCENT_MAX => {
                    let more = *count as f64 / *accepted as f64 * 100.0 - 100.0;
                    let _ = writeln!(
                        findings,
                        "  {name}: {count} instructions instead of {accepted}, {more:.1} % more"
                    );
                }
                Some(_) => {}
            }
        }
        for name in self
            .counts
            .keys()
            .filter(|name| !counts.contains_key(*name))
        {
            let _ = writeln!(
                findings,
                "  {name}: has an accepted count and is not measured"
            );
        }
        if findings.is_empty() {
            return Ok(());
        }
        Err(format!(
            "parts of a call take more instructions than was accepted:\n{findings}\
             Find out why (valgrind --tool=callgrind shows where). If it is worth it, accept the new counts with\n  \
             UPDATE_INSTRUCTIONS=1 cargo bench -p call-control --bench instructions\n\
             and commit call-control/benches/instructions/counts.txt with a message that says what the instructions are for."
        ))
    }
}
