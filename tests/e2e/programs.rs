//! Foreign programs that the tests start: ended with the test, and never taken for there when they are not.

use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A program at work. Dropping it ends the process.
pub(crate) struct Program {
    child: Child,
}

impl Program {
    /// Starts `command`; all that it says goes to `log`.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Self {
        let said = std::fs::File::create(log).unwrap();
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said)
            .spawn()
            .unwrap_or_else(|error| panic!("{}", missing(&name, &error)));
        Self { child }
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Kamailio ends its children on SIGTERM only.
        let _ = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        for _ in 0..1_500 {
            if self.has_ended() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a program to its end; gives what it printed, or what it complained of.
pub(crate) fn run(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{}", missing(&name, &error)));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match output.status.success() {
        true => Ok(text(&output.stdout)),
        false => Err(text(&output.stdout) + &text(&output.stderr)),
    }
}

fn missing(name: &str, error: &std::io::Error) -> String {
    format!("{name}: {error}; scripts/install-test-tools installs what the tests need")
}
