#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
use super::*;
use crate::clock;
use serde_json::json;
use std::sync::Mutex;
use std::time::Duration;
use store::testing;
use store::{EventQuery, JobQuery, JobRow, JobState, NewJob, Scope, Store, TenantId};
use tokio::sync::{Barrier, oneshot, watch};
use tokio::task::JoinHandle;

/// Longest wait for anything: far longer than a slow and busy machine takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// How many jobs meet that are to run `together`.
const TOGETHER: u32 = 3;

/// Does what the payload says: `fail` so many times, `panic`, `give_up`, wait `until_told` or until others that
/// are to run `together` are there.
struct Obedient {
    timeout: Duration,
    told: watch::Sender<Vec<i64>>,
    meeting: Barrier,
    runs: Mutex<Vec<(i64, u32)>>,
    ended: Mutex<Vec<i64>>,
    at_once: Mutex<(usize, usize)>,
}

impl Obedient {
    fn with_timeout(timeout: Duration) -> Arc<Self> {
        Arc::new(Self {
            timeout,
            told: watch::Sender::default(),
            meeting: Barrier::new(TOGETHER as usize),
            runs: Mutex::default(),
            ended: Mutex::default(),
            at_once: Mutex::default(),
        })
    }

    /// Ends the wait of a job, also of one that has not begun yet.
    fn tell(&self, job: i64) {
        self.told.send_modify(|told| told.push(job));
    }

    async fn wait(&self, run: &JobRun) {
        let order = &run.job.payload;
        if order["until_told"] == true {
            let mut told = self.told.subscribe();
            told.wait_for(|told| told.contains(&run.job.id))
                .await
                .unwrap();
        }
        if order["together"] == true {
            self.meeting.wait().await;
        }
    }
}

impl JobHandler for Obedient {
    fn kind(&self) -> &'static str {
        "test"
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }

    fn backoff(&self) -> Backoff {
        Backoff {
            first: Duration::from_millis(20),
            most: Duration::from_millis(40),
        }
    }

    fn run<'a>(&'a self, run: &'a JobRun) -> JobFuture<'a> {
        Box::pin(async move {
            self.runs.lock().unwrap().push((run.job.id, run.attempt));
            let order = &run.job.payload;
            let number = |name: &str| order[name].as_u64().unwrap_or(0);
            {
                let mut at_once = self.at_once.lock().unwrap();
                at_once.0 += 1;
                at_once.1 = at_once.1.max(at_once.0);
            }
            self.wait(run).await;
            self.at_once.lock().unwrap().0 -= 1;
            assert!(u64::from(run.attempt) > number("panic"), "of a test");
            if order["give_up"] == true {
                return Err(JobFailure::GiveUp("no use".into()));
            }
            if u64::from(run.attempt) <= number("fail") {
                return Err(JobFailure::Retry(format!("failed {}", run.attempt)));
            }
            self.ended.lock().unwrap().push(run.job.id);
            Ok(())
        })
    }
}

struct Node {
    handler: Arc<Obedient>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Node {
    fn start(store: &Store, settings: JobSettings, schedules: Vec<Schedule>) -> Self {
        Self::start_with(Obedient::with_timeout(PATIENCE), store, settings, schedules)
    }

    fn start_with(
        handler: Arc<Obedient>,
        store: &Store,
        settings: JobSettings,
        schedules: Vec<Schedule>,
    ) -> Self {
        let handlers: Vec<Arc<dyn JobHandler>> = vec![Arc::<Obedient>::clone(&handler)];
        let runner = JobRunner::new(
            store.clone(),
            JobBell::default(),
            settings,
            handlers,
            schedules,
        )
        .unwrap();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(runner.run(async {
            let _ = stopped.await;
        }));
        Self {
            handler,
            stop,
            task,
        }
    }

    async fn stop(self) -> Arc<Obedient> {
        self.stop.send(()).unwrap();
        self.task.await.unwrap();
        self.handler
    }

    /// As `kill -9` does.
    async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

fn fast(node: &str) -> JobSettings {
    JobSettings {
        poll: Duration::from_millis(10),
        lease: PATIENCE,
        chores: Duration::from_millis(30),
        grace: PATIENCE,
        ..JobSettings::of_node(node)
    }
}

async fn add(store: &Store, payload: serde_json::Value, attempts_max: u32) -> i64 {
    let now = clock::now();
    let job = NewJob {
        attempts_max,
        ..NewJob::new(TenantId::PLATFORM, "test", payload, now)
    };
    store.enqueue_job(&job, now).await.unwrap().unwrap()
}

async fn job(store: &Store, id: i64) -> JobRow {
    let scope = Scope::of_tenant(TenantId::PLATFORM);
    store.job(&scope, id).await.unwrap().unwrap()
}

async fn wait_for(store: &Store, id: i64, state: JobState) -> JobRow {
    wait_until(store, id, &format!("{state:?}"), |row| row.state == state).await
}

async fn wait_until(store: &Store, id: i64, what: &str, is_so: impl Fn(&JobRow) -> bool) -> JobRow {
    let until = std::time::Instant::now() + PATIENCE;
    loop {
        let row = job(store, id).await;
        if is_so(&row) {
            return row;
        }
        let is_late = std::time::Instant::now() > until;
        assert!(!is_late, "{row:?} does not become {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_job_is_run_again_until_it_succeeds() {
    testing::databases(async |database| {
        let store = database.open().await;
        let node = Node::start(&store, fast("a"), Vec::new());
        let id = add(&store, json!({"fail": 2}), 5).await;
        let row = wait_for(&store, id, JobState::Done).await;
        assert_eq!((row.attempts, row.last_error), (3, None));
        let handler = node.stop().await;
        assert_eq!(*handler.runs.lock().unwrap(), [(id, 1), (id, 2), (id, 3)]);
    })
    .await;
}

#[tokio::test]
async fn a_job_is_dead_when_it_gives_up_takes_too_long_or_has_no_attempt_left_and_it_is_told() {
    testing::databases(async |database| {
        let store = database.open().await;
        let impatient = Obedient::with_timeout(Duration::from_secs(2));
        let node = Node::start_with(impatient, &store, fast("a"), Vec::new());
        let gives_up = add(&store, json!({"give_up": true}), 5).await;
        let fails = add(&store, json!({"fail": 9}), 2).await;
        let slow = add(&store, json!({"until_told": true}), 1).await;
        assert_eq!(wait_for(&store, gives_up, JobState::Dead).await.attempts, 1);
        assert_eq!(wait_for(&store, fails, JobState::Dead).await.attempts, 2);
        let row = wait_for(&store, slow, JobState::Dead).await;
        assert_eq!(row.last_error.as_deref(), Some("It took longer than 2 s."));
        let query = EventQuery {
            limit: 9,
            ..EventQuery::default()
        };
        let scope = Scope::of_tenant(TenantId::PLATFORM);
        let events = store.events(&scope, &query).await.unwrap();
        let mut told: Vec<_> = events
            .iter()
            .map(|event| (event.kind.as_str(), event.data["job"].as_i64().unwrap()))
            .collect();
        told.sort_unstable();
        let died = [gives_up, fails, slow].map(|job| ("job.died", job));
        assert_eq!(told, died);
        node.stop().await;
    })
    .await;
}

#[tokio::test]
async fn no_more_jobs_run_at_once_than_allowed() {
    testing::databases(async |database| {
        let store = database.open().await;
        let mut last = 0;
        for _ in 0..12 {
            last = add(&store, json!({"together": true}), 1).await;
        }
        let node = Node::start(
            &store,
            JobSettings {
                concurrency: TOGETHER,
                ..fast("a")
            },
            Vec::new(),
        );
        wait_for(&store, last, JobState::Done).await;
        let handler = node.stop().await;
        let most = handler.at_once.lock().unwrap().1;
        assert_eq!(most, TOGETHER as usize);
    })
    .await;
}

#[tokio::test]
async fn a_job_that_panics_is_run_again_and_its_place_is_free() {
    testing::databases(async |database| {
        let store = database.open().await;
        let id = add(&store, json!({"panic": 1}), 3).await;
        let one_place = JobSettings {
            concurrency: 1,
            ..fast("a")
        };
        let node = Node::start(&store, one_place, Vec::new());
        let row = wait_for(&store, id, JobState::Done).await;
        assert_eq!(row.attempts, 2);
        node.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_long_job_keeps_its_lease_by_signs_of_life() {
    testing::databases(async |database| {
        let store = database.open().await;
        let id = add(&store, json!({"until_told": true}), 3).await;
        let short = |node| JobSettings {
            lease: Duration::from_secs(5),
            ..fast(node)
        };
        let one = Node::start(&store, short("a"), Vec::new());
        let other = Node::start(&store, short("b"), Vec::new());
        wait_for(&store, id, JobState::Running).await;
        // Without signs of life the other node would take it, and again.
        tokio::time::sleep(short("a").lease * 5 / 2).await;
        one.handler.tell(id);
        other.handler.tell(id);
        assert_eq!(wait_for(&store, id, JobState::Done).await.attempts, 1);
        let (one, other) = (one.stop().await, other.stop().await);
        let runs = one.runs.lock().unwrap().len() + other.runs.lock().unwrap().len();
        assert_eq!(runs, 1);
    })
    .await;
}

#[tokio::test]
async fn the_job_of_a_killed_node_runs_on_another() {
    testing::databases(async |database| {
        let store = database.open().await;
        let short = JobSettings {
            lease: Duration::from_secs(3),
            ..fast("a")
        };
        let node = Node::start(&store, short, Vec::new());
        let id = add(&store, json!({"until_told": true}), 3).await;
        wait_for(&store, id, JobState::Running).await;
        node.kill().await;
        // Its own lease is long: nobody takes the job from it.
        let other = Node::start(&store, fast("b"), Vec::new());
        other.handler.tell(id);
        assert_eq!(wait_for(&store, id, JobState::Done).await.attempts, 2);
        assert_eq!(*other.stop().await.ended.lock().unwrap(), [id]);
    })
    .await;
}

#[tokio::test]
async fn the_job_of_a_killed_node_runs_at_once_when_the_node_is_back() {
    testing::databases(async |database| {
        let store = database.open().await;
        let long = JobSettings {
            lease: Duration::from_secs(600),
            ..fast("a")
        };
        let node = Node::start(&store, long.clone(), Vec::new());
        let id = add(&store, json!({"until_told": true}), 3).await;
        wait_for(&store, id, JobState::Running).await;
        node.kill().await;
        let back = Node::start(&store, long, Vec::new());
        back.handler.tell(id);
        assert_eq!(wait_for(&store, id, JobState::Done).await.attempts, 2);
        back.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_stop_lets_short_jobs_end_and_gives_long_ones_back_uncounted() {
    testing::databases(async |database| {
        let store = database.open().await;
        let hasty = JobSettings {
            grace: Duration::from_secs(5),
            ..fast("a")
        };
        let node = Node::start(&store, hasty, Vec::new());
        let short = add(&store, json!({"until_told": true}), 1).await;
        let long = add(&store, json!({"until_told": true}), 1).await;
        wait_for(&store, short, JobState::Running).await;
        wait_for(&store, long, JobState::Running).await;
        let handler = Arc::clone(&node.handler);
        // All are of one thread: the node hears of its stop before the short one can end.
        node.stop.send(()).unwrap();
        handler.tell(short);
        node.task.await.unwrap();
        assert_eq!(*handler.ended.lock().unwrap(), [short]);
        assert_eq!(job(&store, short).await.state, JobState::Done);
        let row = job(&store, long).await;
        assert_eq!((row.state, row.attempts), (JobState::Ready, 0));
    })
    .await;
}

#[tokio::test]
async fn a_job_of_an_unknown_kind_waits_for_a_node_that_knows_it() {
    testing::databases(async |database| {
        let store = database.open().await;
        let node = Node::start(&store, fast("a"), Vec::new());
        let now = clock::now();
        let strange = NewJob::new(TenantId::PLATFORM, "of.tomorrow", json!({}), now);
        let id = store.enqueue_job(&strange, now).await.unwrap().unwrap();
        let row = wait_until(&store, id, "put off", |row| row.last_error.is_some()).await;
        assert_eq!((row.state, row.attempts), (JobState::Ready, 0));
        assert!(row.run_at > now);
        node.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_schedule_whose_time_has_passed_gives_one_job_on_two_nodes() {
    testing::databases(async |database| {
        let store = database.open().await;
        let pattern = "0 3 * * *";
        let make = |now| NewJob::new(TenantId::PLATFORM, "test", json!({}), now).unique("nightly");
        let nightly = Schedule::new("nightly", "a test", pattern, make).unwrap();
        // One for each node, which it comes to after the other: its job says that the node has looked.
        let make = |now| NewJob::new(TenantId::PLATFORM, "test", json!({"of": "a"}), now);
        let of_a = Schedule::new("of-a", "a test", pattern, make).unwrap();
        let make = |now| NewJob::new(TenantId::PLATFORM, "test", json!({"of": "b"}), now);
        let of_b = Schedule::new("of-b", "a test", pattern, make).unwrap();
        for name in ["nightly", "of-a", "of-b"] {
            let due = rating::Timestamp(1);
            store.put_schedule(name, pattern, due).await.unwrap();
        }
        let one = Node::start(&store, fast("a"), vec![nightly.clone(), of_a]);
        let other = Node::start(&store, fast("b"), vec![nightly, of_b]);
        let scope = Scope::of_tenant(TenantId::PLATFORM);
        let query = JobQuery {
            limit: 10,
            ..JobQuery::default()
        };
        let until = std::time::Instant::now() + PATIENCE;
        let jobs = loop {
            let jobs = store.jobs(&scope, &query).await.unwrap();
            let is_there = |node| jobs.iter().any(|job| job.payload["of"] == node);
            if is_there("a") && is_there("b") {
                break jobs;
            }
            assert!(std::time::Instant::now() < until, "{jobs:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        let nightly = jobs.iter().filter(|job| job.payload == json!({}));
        assert_eq!(nightly.count(), 1, "{jobs:?}");
        assert!(store.schedules().await.unwrap()[0].next_run_at > clock::now());
        one.stop().await;
        other.stop().await;
    })
    .await;
}
