//! A real switch in a process of its own, on free ports and a temporary directory.

use crate::ports::free_port;
use crate::programs::run;
use serde_json::Value;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longest wait for anything: far longer than a slow and busy machine takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A running switch. Dropping it kills the process.
pub(crate) struct Switch {
    child: Child,
    directory: tempfile::TempDir,
    http: SocketAddr,
    /// Where it speaks SIP, over UDP and TCP alike.
    pub(crate) sip: SocketAddr,
    agent: ureq::Agent,
}

impl Switch {
    /// Starts one; `settings` are more environment variables. Listeners are added to those that each has.
    pub(crate) fn start(settings: &[(&str, &str)]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), settings)
    }

    /// Starts one whose data is kept in `directory`.
    pub(crate) fn start_in(directory: tempfile::TempDir, settings: &[(&str, &str)]) -> Self {
        let [http, sip] = ["127.0.0.1"; 2].map(free_port);
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .build()
            .new_agent();
        let child = spawn(directory.path(), http, sip, settings);
        let mut switch = Self {
            child,
            directory,
            http,
            sip,
            agent,
        };
        switch.wait_until_ready(PATIENCE);
        switch
    }

    fn wait_until_ready(&mut self, patience: Duration) {
        let url = format!("http://{}/readyz", self.http);
        until_within(patience, "the switch is ready", || {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the switch ended with {status}:\n{}", self.log());
            }
            self.agent
                .get(&url)
                .call()
                .is_ok_and(|answer| answer.status() == 200)
        });
    }

    /// Kills it as a crash would, and starts it again on the same data.
    pub(crate) fn kill_and_restart(&mut self, settings: &[(&str, &str)]) {
        self.kill();
        self.child = spawn(self.directory.path(), self.http, self.sip, settings);
        self.wait_until_ready(PATIENCE);
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and waits for the end; returns whether it ended well.
    pub(crate) fn stop(&mut self) -> bool {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        let mut status = None;
        until("the switch has stopped", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.is_some_and(|status| status.success())
    }

    /// What it logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("switch.log")).unwrap_or_default()
    }

    /// A directory for the test's own files.
    pub(crate) fn scratch(&self) -> PathBuf {
        let path = self.directory.path().join("scratch");
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    /// Runs `didtron apply` on `file_or_dir`; the answer is what it printed.
    pub(crate) fn apply(&self, file_or_dir: &Path) -> Result<String, String> {
        self.command(&["apply", "--file", file_or_dir.to_str().unwrap()])
    }

    /// Runs a command that is a client of this switch.
    pub(crate) fn command(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new(binary())
            .args(arguments)
            .args(["--server", &format!("http://{}", self.http)])
            .arg("--data-dir")
            .arg(self.directory.path().join("data"))
            .output()
            .unwrap();
        if output.status.success() {
            Ok(String::from_utf8(output.stdout).unwrap())
        } else {
            Err(String::from_utf8(output.stderr).unwrap())
        }
    }

    /// GET as the local administrator.
    pub(crate) fn get(&self, path: &str) -> Value {
        let key =
            std::fs::read_to_string(self.directory.path().join("data/local-api.key")).unwrap();
        let mut answer = self
            .agent
            .get(format!("http://{}{path}", self.http))
            .header("Authorization", format!("Bearer {}", key.trim()))
            .call()
            .unwrap();
        assert!(
            answer.status().is_success(),
            "GET {path}: {}",
            answer.status()
        );
        answer.body_mut().read_json().unwrap()
    }

    /// Sends JSON as the local administrator, and wants success.
    pub(crate) fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = request(&self.agent, method, &self.url(path), &self.key(), body);
        let (status, body) = answer.unwrap();
        assert!((200..300).contains(&status), "{method} {path}: {body}");
        serde_json::from_str(&body).unwrap_or_default()
    }

    /// Posts what moves money, once for its key.
    pub(crate) fn post_once(&self, path: &str, key: &str, body: &Value) -> Value {
        let mut answer = self
            .agent
            .post(self.url(path))
            .header("Authorization", format!("Bearer {}", self.key()))
            .header("Idempotency-Key", key)
            .send_json(body)
            .unwrap();
        let status = answer.status();
        let text = answer.body_mut().read_to_string().unwrap();
        assert!(status.is_success(), "POST {path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Sends JSON from another thread; what becomes of it is not looked at.
    pub(crate) fn asking(&self, method: &'static str, path: &str, body: Value) -> JoinHandle<()> {
        let (agent, url, key) = (self.agent.clone(), self.url(path), self.key());
        std::thread::spawn(move || {
            let _ = request(&agent, method, &url, &key, &body);
        })
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.http)
    }

    /// The key of the local administrator.
    pub(crate) fn key(&self) -> String {
        let path = self.directory.path().join("data/local-api.key");
        std::fs::read_to_string(path).unwrap().trim().to_owned()
    }

    /// Compares the books (`ledger`) or the journal (`journal`) with the records of calls; the error names what
    /// differs.
    pub(crate) fn verify(&self, what: &str, settings: &[(&str, &str)]) -> Result<String, String> {
        let mut command = Command::new(binary());
        command
            .args([what, "verify"])
            .env("DIDTRON_DATA_DIR", self.directory.path().join("data"))
            .envs(settings.iter().copied());
        run(&mut command)
    }

    /// Every CDR there is, newest first, by following the cursor.
    pub(crate) fn cdrs(&self) -> Vec<Value> {
        let mut all = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.get(&format!("/api/v1/cdrs?limit=200{cursor}"));
            all.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return all,
            }
        }
    }

    /// Waits until there are `count` CDRs, and returns them all (more, if there are more).
    pub(crate) fn wait_for_cdrs(&self, count: usize) -> Vec<Value> {
        let mut cdrs = Vec::new();
        until(&format!("{count} CDRs are loaded"), || {
            cdrs = self.cdrs();
            cdrs.len() >= count
        });
        cdrs
    }

    /// The sum of a metric's samples whose line contains `labels`.
    pub(crate) fn metric(&self, name: &str, labels: &str) -> f64 {
        let mut answer = self
            .agent
            .get(format!("http://{}/metrics", self.http))
            .call()
            .unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        let mut found = false;
        let sum = text
            .lines()
            .filter(|line| line.starts_with(name) && line.contains(labels))
            .filter(|line| matches!(line.as_bytes().get(name.len()), Some(b' ' | b'{')))
            .map(|line| {
                found = true;
                line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
            })
            .sum();
        assert!(found, "no metric {name} with {labels} in\n{text}");
        sum
    }

    /// Calls that are up or being set up.
    pub(crate) fn calls_now(&self) -> u64 {
        self.get("/api/v1/calls?limit=1")["total"].as_u64().unwrap()
    }

    /// Waits until no call is left.
    pub(crate) fn wait_until_idle(&self) {
        until("every call has ended", || self.calls_now() == 0);
    }
}

// === For benchmarks ===

impl Switch {
    /// Where it speaks HTTP.
    pub(crate) fn http(&self) -> SocketAddr {
        self.http
    }

    /// The number of its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// The database's file.
    pub(crate) fn database(&self) -> PathBuf {
        self.directory.path().join("data/didtron.db")
    }

    /// Starts it again after [`stop`](Self::stop), on whatever its data is now.
    pub(crate) fn restart_within(&mut self, patience: Duration) {
        self.child = spawn(self.directory.path(), self.http, self.sip, &[]);
        self.wait_until_ready(patience);
    }

    /// Processor time of the process since its start, user and system, seconds.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .unwrap()
            .split_whitespace()
            .collect();
        let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
        ticks / 100.0
    }

    /// Resident memory of the process, MiB.
    pub(crate) fn resident_mib(&self) -> f64 {
        self.status_mib("VmRSS:")
    }

    /// The most that it ever had, MiB.
    pub(crate) fn peak_mib(&self) -> f64 {
        self.status_mib("VmHWM:")
    }

    fn status_mib(&self, field: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(field)).unwrap();
        let kib = line.split_whitespace().nth(1).unwrap();
        kib.parse::<f64>().unwrap() / 1024.0
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(40).collect();
            eprintln!("--- the switch's last lines");
            tail.iter().rev().for_each(|line| eprintln!("{line}"));
        }
    }
}

/// Sends JSON; gives the status and the body.
fn request(
    agent: &ureq::Agent,
    method: &str,
    url: &str,
    key: &str,
    body: &Value,
) -> Result<(u16, String), ureq::Error> {
    let request = ureq::http::Request::builder()
        .method(method)
        .uri(url)
        .header("Authorization", format!("Bearer {key}"))
        .header("Content-Type", "application/json")
        .header("If-Match", "*")
        .body(body.to_string())?;
    let mut answer = agent.run(request)?;
    let status = answer.status().as_u16();
    Ok((status, answer.body_mut().read_to_string()?))
}

/// Asks `done` again and again until it says yes; panics when patience ends.
pub(crate) fn until(what: &str, done: impl FnMut() -> bool) {
    until_within(PATIENCE, what, done);
}

/// The same for what may take longer.
pub(crate) fn until_within(patience: Duration, what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    loop {
        let asked = Instant::now();
        if done() {
            return;
        }
        assert!(start.elapsed() < patience, "gave up waiting until {what}");
        // What takes long to find out is not asked without a pause: it would slow what it waits for.
        let pause = asked.elapsed().min(Duration::from_secs(2));
        std::thread::sleep(pause.max(Duration::from_millis(50)));
    }
}

/// The binary under test: the release build when `make test` made one, else cargo's.
pub(crate) fn binary() -> PathBuf {
    // A crate of its own, which does not build the switch, must be told which one it is.
    let told = std::env::var_os("SWITCH_BINARY").map(PathBuf::from);
    let built = || option_env!("CARGO_BIN_EXE_didtron").map(PathBuf::from);
    told.or_else(built)
        .unwrap_or_else(|| panic!("SWITCH_BINARY names no switch"))
}

fn spawn(directory: &Path, http: SocketAddr, sip: SocketAddr, settings: &[(&str, &str)]) -> Child {
    let log = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(directory.join("switch.log"))
        .unwrap();
    Command::new(binary())
        .arg("serve")
        .env("DIDTRON_DATA_DIR", directory.join("data"))
        .env("DIDTRON_HTTP_ADDRESS", http.to_string())
        .env("DIDTRON_JOURNAL_FREE_SPACE_MIN_MIB", "16")
        .env("DIDTRON_DRAIN_GRACE_S", "2")
        .env("DIDTRON_MEDIA_ADDRESS", media_address())
        // A busy machine makes a call slow, which must not fail a test: none is refused for that.
        .env("DIDTRON_DEFENCE_LAG_MAX_MS", "0")
        .envs(settings.iter().copied())
        .env("DIDTRON_SIP_LISTENERS", listeners(sip, settings))
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

fn listeners(sip: SocketAddr, settings: &[(&str, &str)]) -> String {
    let more = settings
        .iter()
        .filter(|(name, _)| *name == "DIDTRON_SIP_LISTENERS");
    more.fold(format!("udp/{sip},tcp/{sip}"), |all, (_, more)| {
        all + "," + more
    })
}

/// An address of its own for each switch, so that none meets the media ports of another, in this process or in
/// one that runs beside it.
fn media_address() -> String {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let [.., third, fourth] = std::process::id().to_be_bytes();
    let own = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("127.{}.{fourth}.{own}", 128 | third & 0x7f)
}
