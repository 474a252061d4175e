//! Calls in ClickHouse: over real HTTP, to a server that checks what its documentation asks for.

use crate::cdrs::{call, load};
use crate::fixture::Api;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use mgmt_api::jobs::JobRun;
use mgmt_api::secrets::SecretText;
use mgmt_api::{ClickHouseSettings, SendToClickHouse, clickhouse_schema};
use rating::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::{EventQuery, NewJob, Scope, TenantId};
use tokio::task::JoinHandle;

const SCOPE: Scope = Scope::of_tenant(TenantId::PLATFORM);
const PASSWORD: &str = "a password of a test";
const SECOND_US: i64 = 1_000_000;

/// What the server does with the next statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Do {
    /// Takes it.
    Take,
    /// Takes the rows, and the answer never comes.
    TakeAndCut,
    /// Takes the rows, and is still about to answer.
    TakeAndHang,
    /// An exception under a status of its own.
    Refuse,
    /// An exception behind a head that says 200.
    RefuseLate,
    /// An exception in a header of a 200 without a body.
    RefuseByHeader,
    /// A proxy in front is alone.
    Unavailable,
}

/// A ClickHouse as its documentation has it: tables with columns, and tokens of what was inserted.
#[derive(Default)]
struct Server {
    next: VecDeque<Do>,
    tables: BTreeMap<String, Vec<String>>,
    tokens: BTreeSet<(String, String)>,
    rows: BTreeMap<String, Vec<Value>>,
    inserts: usize,
    /// What was against the documentation.
    faults: Vec<String>,
}

type Shared = Arc<Mutex<Server>>;

struct Scene {
    api: Api,
    server: Shared,
    url: String,
    task: JoinHandle<()>,
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.task.abort();
        assert_eq!(self.server.lock().unwrap().faults, Vec::<String>::new());
    }
}

impl Server {
    fn answer(
        &mut self,
        parameters: &BTreeMap<String, String>,
        headers: &HeaderMap,
        body: &str,
    ) -> Result<(), String> {
        let header = |name: &str| headers.get(name).and_then(|text| text.to_str().ok());
        if (header("x-clickhouse-user"), header("x-clickhouse-key"))
            != (Some("sink"), Some(PASSWORD))
        {
            let key = header("x-clickhouse-key");
            return Err(format!(
                "Code: 516. DB::Exception: Authentication failed: {key:?}"
            ));
        }
        if parameters.get("database").map(String::as_str) != Some("telecom") {
            self.faults.push(format!("database: {parameters:?}"));
        }
        match parameters.get("query") {
            None => self.create(body),
            Some(query) => self.insert(query, parameters, body),
        }
    }

    fn create(&mut self, statement: &str) -> Result<(), String> {
        let rest = statement.strip_prefix("CREATE TABLE IF NOT EXISTS `telecom`.");
        let Some((name, rest)) = rest.and_then(|rest| rest.split_once(" (\n")) else {
            return Err(format!(
                "Code: 62. DB::Exception: Syntax error: {statement}"
            ));
        };
        let (columns, _) = rest.split_once("\n)\nENGINE").unwrap();
        let columns = columns
            .lines()
            .map(|line| line.trim().split(' ').next().unwrap());
        let columns = columns.map(str::to_owned).collect();
        self.tables.entry(name.to_owned()).or_insert(columns);
        Ok(())
    }

    fn insert(
        &mut self,
        query: &str,
        parameters: &BTreeMap<String, String>,
        body: &str,
    ) -> Result<(), String> {
        self.inserts += 1;
        let name = query.strip_prefix("INSERT INTO ");
        let name = name.and_then(|rest| rest.strip_suffix(" FORMAT JSONEachRow"));
        let name = name.ok_or_else(|| format!("Code: 62. DB::Exception: Syntax error: {query}"))?;
        let columns = self.tables.get(name).cloned();
        let columns = columns.ok_or_else(|| {
            format!("Code: 60. DB::Exception: Table telecom.{name} does not exist")
        })?;
        let columns: BTreeSet<String> = columns.into_iter().collect();
        let mut rows = Vec::new();
        for line in body.lines() {
            let row: Value = serde_json::from_str(line).unwrap();
            let names: BTreeSet<String> = row.as_object().unwrap().keys().cloned().collect();
            if names != columns {
                self.faults
                    .push(format!("{name}: {names:?} for {columns:?}"));
            }
            rows.push(row);
        }
        let token = parameters["insert_deduplication_token"].clone();
        if self.tokens.insert((name.to_owned(), token)) {
            self.rows.entry(name.to_owned()).or_default().extend(rows);
        }
        Ok(())
    }
}

async fn serve(
    State(server): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut server = server.lock().unwrap();
    if method != Method::POST {
        server
            .faults
            .push(format!("{method}: statements that write are posted"));
    }
    let query = uri.query().unwrap_or_default();
    let parameters = form_urlencoded::parse(query.as_bytes()).into_owned();
    let parameters: BTreeMap<String, String> = parameters.collect();
    let does = server.next.pop_front().unwrap_or(Do::Take);
    let exception = "Code: 241. DB::Exception: Memory limit exceeded";
    match does {
        Do::Unavailable => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Do::Refuse => {
            let code = [("x-clickhouse-exception-code", "241")];
            return (StatusCode::INTERNAL_SERVER_ERROR, code, exception).into_response();
        }
        Do::RefuseLate => return (StatusCode::OK, exception).into_response(),
        Do::RefuseByHeader => {
            let code = [("x-clickhouse-exception-code", "241")];
            return (StatusCode::OK, code).into_response();
        }
        Do::Take | Do::TakeAndCut | Do::TakeAndHang => {}
    }
    let text = String::from_utf8(body.to_vec()).unwrap();
    match server.answer(&parameters, &headers, &text) {
        Err(exception) => (StatusCode::BAD_REQUEST, exception).into_response(),
        Ok(()) if does == Do::TakeAndCut => {
            // The length is promised and the connection ends before.
            let cut = tokio_stream::iter([Err::<Bytes, _>(std::io::Error::other("cut"))]);
            let length = [("content-length", "20")];
            (length, Body::from_stream(cut)).into_response()
        }
        Ok(()) if does == Do::TakeAndHang => {
            let never = tokio_stream::pending::<Result<Bytes, std::io::Error>>();
            ([("content-length", "20")], Body::from_stream(never)).into_response()
        }
        Ok(()) => StatusCode::OK.into_response(),
    }
}

impl Scene {
    /// A switch that is to send, and a server with its tables.
    async fn new() -> Self {
        let server = Shared::default();
        for statement in clickhouse_schema("telecom") {
            server.lock().unwrap().create(&statement).unwrap();
        }
        let router = axum::Router::new()
            .fallback(serve)
            .with_state(Arc::clone(&server));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let api = Api::start().await;
        api.store.want_cdr_batches(true).await.unwrap();
        Self {
            api,
            server,
            url,
            task,
        }
    }

    fn settings(&self) -> ClickHouseSettings {
        ClickHouseSettings {
            url: self.url.clone(),
            database: "telecom".into(),
            user: "sink".into(),
            password: SecretText::new(PASSWORD),
            timeout: Duration::from_secs(60),
            keep: Duration::from_secs(30 * 86_400),
            create_tables: false,
        }
    }

    fn say(&self, next: &[Do]) {
        self.server.lock().unwrap().next.extend(next);
    }

    async fn run(&self, settings: ClickHouseSettings, now: Timestamp) {
        self.run_by(Some(settings), now).await;
    }

    async fn run_by(&self, settings: Option<ClickHouseSettings>, now: Timestamp) {
        let job = NewJob::new(TenantId::PLATFORM, "clickhouse.send", json!({}), now);
        let id = self
            .api
            .store
            .enqueue_job(&job, now)
            .await
            .unwrap()
            .unwrap();
        let job = self.api.store.job(&SCOPE, id).await.unwrap().unwrap();
        let sender = SendToClickHouse::new(self.api.store.clone(), settings);
        sender.send_due(&JobRun::new(job, 1), now).await.unwrap();
    }

    async fn sink(&self) -> store::CdrSink {
        self.api.store.cdr_sink().await.unwrap().unwrap()
    }

    fn ids(&self, table: &str, column: &str) -> Vec<String> {
        let server = self.server.lock().unwrap();
        let rows = server.rows.get(table).into_iter().flatten();
        rows.map(|row| row[column].as_str().unwrap().to_owned())
            .collect()
    }
}

fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_microsecond())
}

#[tokio::test]
async fn calls_and_attempts_arrive_as_rows_of_their_tables_once() {
    let scene = Scene::new().await;
    load(&scene.api, &[call(1), call(2)]).await;
    scene.run(scene.settings(), now()).await;
    let ids = [call(1), call(2)].map(|call| format!("{:032x}", call.id.0));
    assert_eq!(scene.ids("calls", "id"), ids);
    let attempts = call(1).attempts.len() + call(2).attempts.len();
    assert_eq!(scene.ids("attempts", "call_id").len(), attempts);
    {
        let server = scene.server.lock().unwrap();
        let row = &server.rows["calls"][0];
        assert_eq!(row["received_at"], "2026-03-01 12:00:01.000000");
        assert_eq!(
            (&row["charge"], &row["currency"]),
            (&json!("0.01"), &json!("USD"))
        );
        assert_eq!(
            (&row["customer"], &row["outcome"]),
            (&json!("acme"), &json!("answered"))
        );
        assert_eq!(server.rows["attempts"][0]["cost_in_books"], "0.005");
    }
    // Nothing is left, and nothing is sent again.
    scene.run(scene.settings(), now()).await;
    assert_eq!(scene.server.lock().unwrap().inserts, 2);
    let sink = scene.sink().await;
    assert_eq!((sink.sent, sink.waiting, sink.failure), (2, 0, None));
    let metrics = scene.api.get("/metrics").await.body;
    assert!(
        metrics.contains("didtron_clickhouse_records_total 2"),
        "{metrics}"
    );
    assert!(metrics.contains("didtron_clickhouse_lag_seconds 0"));
}

#[tokio::test]
async fn whatever_is_answered_but_an_empty_200_is_tried_again_later_and_doubles_nothing() {
    let refusals = [
        (Do::Refuse, "500, code 241"),
        (Do::RefuseLate, "DB::Exception: Memory"),
        (Do::RefuseByHeader, "200, code 241"),
        (Do::Unavailable, "503"),
        (Do::TakeAndCut, "The request failed"),
    ];
    for (refusal, told) in refusals {
        let scene = Scene::new().await;
        load(&scene.api, &[call(1)]).await;
        // The attempts arrive, the calls do not, or nobody knows.
        scene.say(&[Do::Take, refusal]);
        let begun = now();
        scene.run(scene.settings(), begun).await;
        let sink = scene.sink().await;
        let failure = sink.failure.unwrap();
        assert!(failure.contains(told), "{refusal:?}: {failure}");
        assert_eq!((sink.waiting, sink.sent), (1, 0), "{refusal:?}");
        // Too early.
        let inserts = scene.server.lock().unwrap().inserts;
        scene
            .run(scene.settings(), Timestamp(begun.0 + SECOND_US))
            .await;
        assert_eq!(scene.server.lock().unwrap().inserts, inserts, "{refusal:?}");
        scene.run(scene.settings(), sink.next_at.unwrap()).await;
        assert_eq!(scene.ids("calls", "id").len(), 1, "{refusal:?}");
        assert_eq!(
            scene.ids("attempts", "call_id").len(),
            call(1).attempts.len()
        );
        assert_eq!(scene.sink().await.sent, 1);
    }
}

#[tokio::test]
async fn who_waits_longer_each_time_is_told_of_once_and_keeps_no_password() {
    let scene = Scene::new().await;
    load(&scene.api, &[call(1)]).await;
    let mut wrong = scene.settings();
    wrong.password = SecretText::new("another password");
    let mut at = now();
    let mut waits = Vec::new();
    for _ in 0..8 {
        scene.run(wrong.clone(), at).await;
        let sink = scene.sink().await;
        let failure = sink.failure.unwrap();
        assert!(failure.contains("516"), "{failure}");
        assert!(!failure.contains("another password"), "{failure}");
        let next = sink.next_at.unwrap();
        waits.push((next.0 - at.0) / SECOND_US);
        at = next;
    }
    assert_eq!(waits, [15, 30, 60, 120, 240, 480, 600, 600]);
    let events = async |kind: &str| {
        let query = EventQuery {
            kind: Some(kind.into()),
            limit: 10,
            ..EventQuery::default()
        };
        scene.api.store.events(&SCOPE, &query).await.unwrap().len()
    };
    assert_eq!(events("clickhouse.behind").await, 1);
    scene.run(scene.settings(), at).await;
    assert_eq!(events("clickhouse.caught_up").await, 1);
    assert_eq!(scene.ids("calls", "id").len(), 1);
}

#[tokio::test]
async fn tables_are_made_if_that_is_wanted_and_old_records_are_given_up() {
    let scene = Scene::new().await;
    scene.server.lock().unwrap().tables.clear();
    load(&scene.api, &[call(1)]).await;
    scene.run(scene.settings(), now()).await;
    let sink = scene.sink().await;
    assert!(sink.failure.unwrap().contains("does not exist"));
    let mut makes = scene.settings();
    makes.create_tables = true;
    scene.run(makes, sink.next_at.unwrap()).await;
    assert_eq!(scene.ids("calls", "id").len(), 1);

    scene.api.store.want_cdr_batches(false).await.unwrap();
    scene.api.store.want_cdr_batches(true).await.unwrap();
    let old = "INSERT INTO cdr_batch (at, records, ids) VALUES (5, 3, 'a,b,c')";
    store::testing::execute(&scene.api.store, old).await;
    scene.run(scene.settings(), now()).await;
    let sink = scene.sink().await;
    assert_eq!((sink.lost, sink.waiting), (3, 0));
}

#[tokio::test]
async fn a_sender_that_is_cut_off_is_followed_by_another_and_nothing_comes_twice() {
    let scene = Scene::new().await;
    load(&scene.api, &[call(1), call(2)]).await;
    scene.say(&[Do::Take, Do::TakeAndHang]);
    let arrives = async {
        while scene.ids("calls", "id").is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        () = scene.run(scene.settings(), now()) => panic!("it was answered"),
        () = arrives => {}
    }
    assert_eq!(scene.sink().await.waiting, 2);
    // A node that is not told of ClickHouse does not take them away.
    scene.run_by(None, now()).await;
    assert_eq!(scene.sink().await.waiting, 2);
    scene.run(scene.settings(), now()).await;
    let sink = scene.sink().await;
    assert_eq!((sink.sent, sink.waiting, sink.lost), (2, 0, 0));
    assert_eq!(scene.ids("calls", "id").len(), 2);
    assert_eq!(scene.ids("attempts", "call_id").len(), 2);
    assert_eq!(scene.server.lock().unwrap().inserts, 4);
}

#[tokio::test]
async fn records_that_were_dropped_before_they_were_sent_are_counted_and_hold_up_nothing() {
    let scene = Scene::new().await;
    load(&scene.api, &[call(1), call(2)]).await;
    let first = "DELETE FROM cdr WHERE id = (SELECT MIN(id) FROM cdr)";
    store::testing::execute(&scene.api.store, first).await;
    scene.run(scene.settings(), now()).await;
    let sink = scene.sink().await;
    assert_eq!((sink.sent, sink.lost, sink.waiting), (1, 1, 0));
    assert_eq!(scene.ids("calls", "id"), [format!("{:032x}", call(2).id.0)]);
}

#[test]
fn settings_are_shown_without_the_password() {
    let settings = ClickHouseSettings {
        url: "http://127.0.0.1:8123".into(),
        database: "telecom".into(),
        user: "sink".into(),
        password: SecretText::new(PASSWORD),
        timeout: Duration::from_secs(1),
        keep: Duration::from_secs(1),
        create_tables: false,
    };
    assert!(!format!("{settings:?}").contains(PASSWORD));
}
