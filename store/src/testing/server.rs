//! A PostgreSQL server of the test process: on a free port, in a temporary folder, gone with it.
//!
//! A shell keeps the server and waits for the end of its standard input, which comes when the test
//! process ends, however it ends. Then it stops the server and removes the folder.

use crate::{DatabaseLocation, Store};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::OnceCell;

/// A database with all migrations, copied for each test.
const TEMPLATE: &str = "didtron_template";

/// How long the server may take to start; the machine may be busy.
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// Another process may take the free port before the server does.
const START_ATTEMPTS: u32 = 3;

/// Sorts by the rules of English by default, to show that we depend on no such rule, and never
/// waits for the disk.
const SCRIPT: &str = r#"
trap '' INT
folder=$1; port=$2; binaries=$3; shift 3
cd "$folder" || exit 1
trap 'cd /; rm -rf "$folder"' EXIT
"$@" "$binaries/initdb" -D "$folder/data" -U postgres -A trust --no-sync -E UTF8 \
    --locale=C.UTF-8 --locale-provider=icu --icu-locale=en-US >initdb.log 2>&1 || exit 1
"$@" "$binaries/postgres" -D "$folder/data" -p "$port" -c listen_addresses=127.0.0.1 \
    -c unix_socket_directories="$folder" -c fsync=off -c synchronous_commit=off \
    -c full_page_writes=off -c max_connections=300 -c shared_buffers=128MB \
    -c autovacuum=off >server.log 2>&1 &
server=$!
until grep -q ready data/postmaster.pid 2>/dev/null; do
    kill -0 "$server" 2>/dev/null || exit 1
    sleep 0.1
done
read -r _
kill -QUIT "$server"
wait "$server"
"#;

struct Server {
    port: u16,
    /// Its standard input is open as long as this process lives.
    shell: Child,
}

static SERVER: OnceCell<Server> = OnceCell::const_new();
static TEMPLATE_MADE: OnceCell<()> = OnceCell::const_new();

/// Makes an empty database of this version; gives its name and where it is.
pub(super) async fn create_database() -> (String, DatabaseLocation) {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let server = SERVER.get_or_init(start).await;
    TEMPLATE_MADE.get_or_init(|| make_template(server)).await;
    let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    command(
        server,
        &format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}"),
    )
    .await;
    let location = server.location(&name);
    (name, location)
}

pub(super) async fn drop_database(name: &str) {
    if let Some(server) = SERVER.get() {
        command(server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
    }
}

async fn make_template(server: &Server) {
    command(server, &format!("CREATE DATABASE {TEMPLATE}")).await;
    let store = Store::open(&server.location(TEMPLATE)).await;
    store.expect("the migrations run").close().await;
}

async fn command(server: &Server, text: &str) {
    let mut connection = server
        .options("postgres")
        .connect()
        .await
        .expect("a server");
    let outcome = connection.execute(AssertSqlSafe(text.to_owned())).await;
    outcome.unwrap_or_else(|error| panic!("{text}: {error}"));
    let _ = connection.close().await;
}

impl Server {
    fn options(&self, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(self.port)
            .username("postgres")
            .database(database)
            .disable_statement_logging()
    }

    fn location(&self, database: &str) -> DatabaseLocation {
        DatabaseLocation::Postgres(Box::new(self.options(database)))
    }
}

async fn start() -> Server {
    let binaries = binaries();
    for _ in 0..START_ATTEMPTS {
        if let Some(server) = try_start(&binaries).await {
            return server;
        }
    }
    panic!("PostgreSQL does not start; {} has it", binaries.display());
}

/// The newest server of this machine.
fn binaries() -> PathBuf {
    static BINARIES: OnceLock<PathBuf> = OnceLock::new();
    let find = || {
        let versions = std::fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten();
        let folders = versions.flatten().map(|entry| entry.path().join("bin"));
        let newest = folders
            .filter(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
            .max_by_key(|folder| version(folder));
        newest.expect(
            "these tests need a PostgreSQL server in /usr/lib/postgresql/*/bin: \
             scripts/install-test-tools installs it (Debian's package `postgresql`)",
        )
    };
    BINARIES.get_or_init(find).clone()
}

fn version(binaries: &Path) -> u32 {
    let folder = binaries.parent().and_then(Path::file_name);
    let name = folder.and_then(|name| name.to_str()).unwrap_or_default();
    name.parse().unwrap_or(0)
}

async fn try_start(binaries: &Path) -> Option<Server> {
    let folder = tempfile::Builder::new()
        .prefix("didtron-postgres-")
        .tempdir()
        .expect("a temporary folder")
        .keep();
    let port = free_port();
    let mut shell = Command::new("sh");
    shell.args(["-c", SCRIPT, "sh"]).arg(&folder);
    shell.arg(port.to_string()).arg(binaries);
    if std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0) {
        // The server refuses to be root.
        let (user, group) = (id_of_postgres("-u"), id_of_postgres("-g"));
        chown(&folder, Some(user), Some(group)).expect("the folder can be given away");
        shell.arg("setpriv");
        shell.args([format!("--reuid={user}"), format!("--regid={group}")]);
        shell.arg("--clear-groups");
    }
    let shell = shell
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a shell");
    let mut server = Server { port, shell };
    server.answers().await.then_some(server)
}

impl Server {
    /// Waits until it takes connections; false when it gives up.
    async fn answers(&mut self) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < START_TIMEOUT {
            let options = self.options("postgres");
            if let Ok(connection) = PgConnection::connect_with(&options).await {
                let _ = connection.close().await;
                return true;
            }
            if matches!(self.shell.try_wait(), Ok(Some(_)) | Err(_)) {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound").port()
}

/// The number of the user or group `postgres`, which Debian's package makes.
fn id_of_postgres(which: &str) -> u32 {
    let output = Command::new("id").args([which, "postgres"]).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let number = text.ok().and_then(|text| text.trim().parse().ok());
    number.expect("the tests run as root and need the user `postgres` to run its server")
}
