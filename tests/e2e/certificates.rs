//! Certificates of a test's own authority, made by `openssl`.

use crate::programs::run;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An authority, and what it signs, in a folder.
pub(crate) struct Authority {
    folder: PathBuf,
}

impl Authority {
    /// Makes one in `folder`.
    pub(crate) fn new(folder: &Path) -> Self {
        let authority = Self {
            folder: folder.to_owned(),
        };
        let mut command = authority.request("authority", "the tests' authority");
        run(command.args(["-addext", "keyUsage=critical,keyCertSign"])).unwrap();
        authority
    }

    /// Writes `FILE.pem` and `FILE.key` for 127.0.0.1, with `name` as the subject's.
    pub(crate) fn issue(&self, file: &str, name: &str) {
        self.issue_to(file, name, "IP:127.0.0.1,IP:127.0.0.31");
    }

    /// The same, made out to other addresses or host names, as `openssl` writes them.
    pub(crate) fn issue_to(&self, file: &str, name: &str, places: &str) {
        let mut command = self.request(file, name);
        command
            .args(["-addext", &format!("subjectAltName={places}")])
            .args(["-addext", "basicConstraints=critical,CA:FALSE", "-CA"])
            .arg(self.path("authority.pem"))
            .arg("-CAkey")
            .arg(self.path("authority.key"));
        run(&mut command).unwrap();
    }

    fn request(&self, file: &str, name: &str) -> Command {
        let mut command = Command::new("openssl");
        command
            .args(["req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"])
            .args(["-pkeyopt", "ec_paramgen_curve:prime256v1"])
            .args(["-subj", &format!("/CN={name}"), "-keyout"])
            .arg(self.path(&format!("{file}.key")))
            .arg("-out")
            .arg(self.path(&format!("{file}.pem")));
        command
    }

    /// A file of the folder.
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    /// The same as text.
    pub(crate) fn text(&self, file: &str) -> String {
        self.path(file).to_str().unwrap().to_owned()
    }
}
