#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
use super::*;
use crate::testing;
use crate::{AuditActor, AuditCredential, Scope};
use serde_json::json;

const ME: &str = "fra-1/one";
const OTHER: &str = "fra-2/one";

fn job(kind: &'static str) -> NewJob {
    NewJob::new(TenantId::new(1), kind, json!({"n": 1}), Timestamp(0))
}

fn failed(retry_at: i64) -> JobReport {
    JobReport::Failed {
        error: "no route".into(),
        retry_at: Timestamp(retry_at),
    }
}

fn scope() -> Scope {
    Scope::of_tenant(TenantId::new(1))
}

fn by() -> AuditActor {
    AuditActor::new("ann", AuditCredential::Session)
}

async fn add(store: &Store, job: &NewJob) -> i64 {
    store.enqueue_job(job, Timestamp(0)).await.unwrap().unwrap()
}

async fn claim(store: &Store, owner: &str, now: i64) -> Vec<JobLease> {
    store
        .claim_jobs(owner, 10, Timestamp(now), Timestamp(now + 60))
        .await
        .unwrap()
}

async fn state(store: &Store, id: i64) -> JobState {
    store.job(&scope(), id).await.unwrap().unwrap().state
}

#[tokio::test]
async fn jobs_are_taken_once_by_urgency_and_not_before_their_time() {
    testing::databases(async |database| {
        let store = database.open().await;
        let usual = add(&store, &job("usual")).await;
        let urgent = add(
            &store,
            &NewJob {
                priority: 1,
                ..job("urgent")
            },
        )
        .await;
        let later = add(
            &store,
            &NewJob {
                run_at: Timestamp(100),
                ..job("later")
            },
        )
        .await;
        let taken: Vec<i64> = claim(&store, ME, 50)
            .await
            .iter()
            .map(|lease| lease.job.id)
            .collect();
        assert_eq!(taken, [urgent, usual]);
        assert_eq!(claim(&store, OTHER, 50).await, []);
        assert_eq!(claim(&store, OTHER, 100).await[0].job.id, later);
    })
    .await;
}

#[tokio::test]
async fn many_workers_at_once_take_each_job_once() {
    testing::databases(async |database| {
        let store = database.open().await;
        for _ in 0..60 {
            add(&store, &job("k")).await;
        }
        let workers: Vec<_> = (0..6)
            .map(|worker| {
                let store = store.clone();
                tokio::spawn(async move {
                    let mut taken = Vec::new();
                    for _ in 0..30 {
                        let owner = format!("n{worker}/1");
                        let leases = store
                            .claim_jobs(&owner, 3, Timestamp(1), Timestamp(99))
                            .await
                            .unwrap();
                        taken.extend(leases.into_iter().map(|lease| lease.job.id));
                    }
                    taken
                })
            })
            .collect();
        let mut all = Vec::new();
        for worker in workers {
            all.extend(worker.await.unwrap());
        }
        all.sort_unstable();
        let taken = all.len();
        all.dedup();
        assert_eq!((taken, all.len()), (60, 60));
    })
    .await;
}

#[tokio::test]
async fn a_job_that_fails_is_tried_again_and_dies_after_its_last_attempt() {
    testing::databases(async |database| {
        let store = database.open().await;
        let id = add(
            &store,
            &NewJob {
                attempts_max: 2,
                ..job("k")
            },
        )
        .await;
        let first = claim(&store, ME, 1).await.remove(0);
        let report = store
            .report_job(&first, &failed(10), Timestamp(2))
            .await
            .unwrap();
        assert_eq!(report, Some(JobState::Ready));
        assert_eq!(claim(&store, ME, 9).await, [], "not before its time");
        let second = claim(&store, ME, 10).await.remove(0);
        assert_eq!(second.attempt, 2);
        store
            .report_job(&second, &failed(20), Timestamp(11))
            .await
            .unwrap();
        let row = store.job(&scope(), id).await.unwrap().unwrap();
        assert_eq!(
            (row.state, row.last_error.as_deref()),
            (JobState::Dead, Some("no route"))
        );
        assert_eq!(claim(&store, ME, 1_000).await, []);
        let attempts = store.job_attempts(&scope(), id).await.unwrap();
        let seen: Vec<_> = attempts
            .iter()
            .map(|a| (a.number, a.outcome.as_str(), a.node.as_str()))
            .collect();
        assert_eq!(seen, [(1, "failed", "fra-1"), (2, "failed", "fra-1")]);
    })
    .await;
}

#[tokio::test]
async fn a_dead_job_runs_again_when_somebody_says_so_and_not_when_it_is_discarded() {
    testing::databases(async |database| {
        let store = database.open().await;
        let id = add(&store, &job("k")).await;
        let lease = claim(&store, ME, 1).await.remove(0);
        let gave_up = JobReport::GaveUp {
            error: "x".repeat(5_000),
        };
        store
            .report_job(&lease, &gave_up, Timestamp(2))
            .await
            .unwrap();
        let elsewhere = Scope::of_tenant(TenantId::new(2));
        assert_eq!(
            store
                .retry_job(&elsewhere, id, &by(), Timestamp(3))
                .await
                .unwrap(),
            None
        );
        assert_eq!(
            store
                .discard_job(&elsewhere, id, &by(), Timestamp(3))
                .await
                .unwrap(),
            None
        );
        let retried = store
            .retry_job(&scope(), id, &by(), Timestamp(3))
            .await
            .unwrap()
            .unwrap();
        assert_eq!((retried.attempts, retried.attempts_max), (1, 11));
        assert_eq!(
            retried.last_error.unwrap().len(),
            2_000,
            "an error is shortened"
        );
        let lease = claim(&store, ME, 3).await.remove(0);
        assert_eq!(
            store
                .discard_job(&scope(), id, &by(), Timestamp(4))
                .await
                .unwrap(),
            None,
            "it runs"
        );
        store
            .report_job(
                &lease,
                &JobReport::GaveUp { error: "y".into() },
                Timestamp(4),
            )
            .await
            .unwrap();
        store
            .discard_job(&scope(), id, &by(), Timestamp(5))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(claim(&store, ME, 6).await, []);
        assert_eq!(state(&store, id).await, JobState::Discarded);
        let told = sql("SELECT operation FROM audit_entry ORDER BY sequence");
        let told = told.fetch_all(store.reader()).await.unwrap();
        let told: Vec<&str> = told.iter().map(|row| row.get(0).unwrap()).collect();
        assert_eq!(told, ["job.retry", "job.discard"]);
    })
    .await;
}

#[tokio::test]
async fn a_run_that_was_put_off_does_not_count() {
    testing::databases(async |database| {
        let store = database.open().await;
        let id = add(
            &store,
            &NewJob {
                attempts_max: 1,
                ..job("k")
            },
        )
        .await;
        for round in 1..4 {
            let lease = claim(&store, ME, round * 10).await.remove(0);
            assert_eq!(lease.attempt, 1);
            let report = JobReport::PutOff {
                reason: "busy".into(),
                until: Timestamp(round * 10 + 5),
            };
            store
                .report_job(&lease, &report, Timestamp(round * 10))
                .await
                .unwrap();
        }
        let lease = claim(&store, ME, 99).await.remove(0);
        store
            .report_job(&lease, &JobReport::Succeeded, Timestamp(99))
            .await
            .unwrap();
        assert_eq!(state(&store, id).await, JobState::Done);
        assert_eq!(store.job_attempts(&scope(), id).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn the_jobs_of_a_node_that_went_away_run_elsewhere_and_its_late_report_counts_for_nothing() {
    testing::databases(async |database| {
        let store = database.open().await;
        let id = add(&store, &job("k")).await;
        let lost = claim(&store, ME, 0).await.remove(0);
        assert_eq!(
            store.recover_jobs(None, Timestamp(60)).await.unwrap(),
            [],
            "the lease holds"
        );
        assert_eq!(
            store
                .extend_leases(ME, &[id, 77], Timestamp(100))
                .await
                .unwrap(),
            [77]
        );
        assert_eq!(
            store.recover_jobs(None, Timestamp(61)).await.unwrap(),
            [],
            "it was extended"
        );
        let freed = store.recover_jobs(None, Timestamp(101)).await.unwrap();
        assert_eq!(freed.len(), 1);
        let again = claim(&store, OTHER, 102).await.remove(0);
        assert_eq!(again.attempt, 2);
        assert_eq!(
            store
                .extend_leases(ME, &[id], Timestamp(200))
                .await
                .unwrap(),
            [id]
        );
        let late = store
            .report_job(&lost, &JobReport::Succeeded, Timestamp(103))
            .await
            .unwrap();
        assert_eq!(late, None);
        assert_eq!(state(&store, id).await, JobState::Running);
        store
            .report_job(&again, &JobReport::Succeeded, Timestamp(104))
            .await
            .unwrap();
        let outcomes: Vec<_> = store
            .job_attempts(&scope(), id)
            .await
            .unwrap()
            .into_iter()
            .map(|a| a.outcome)
            .collect();
        assert_eq!(outcomes, ["lost", "succeeded"]);
    })
    .await;
}

#[tokio::test]
async fn a_node_that_starts_anew_frees_what_its_earlier_life_held_at_once() {
    testing::databases(async |database| {
        let store = database.open().await;
        add(&store, &job("mine")).await;
        claim(&store, ME, 0).await;
        add(&store, &job("others")).await;
        claim(&store, "fra-10/x", 0).await;
        add(&store, &job("mine now")).await;
        claim(&store, "fra-1/two", 0).await;
        let freed = store
            .recover_jobs(Some(("fra-1", "fra-1/two")), Timestamp(1))
            .await
            .unwrap();
        let kinds: Vec<_> = freed.iter().map(|job| job.kind.as_str()).collect();
        assert_eq!(kinds, ["mine"]);
    })
    .await;
}

#[tokio::test]
async fn a_job_that_takes_its_node_down_each_time_is_dead_in_the_end() {
    testing::databases(async |database| {
        let store = database.open().await;
        let id = add(
            &store,
            &NewJob {
                attempts_max: 2,
                ..job("k")
            },
        )
        .await;
        for round in 1..3 {
            claim(&store, ME, round * 100).await;
            store
                .recover_jobs(None, Timestamp(round * 100 + 61))
                .await
                .unwrap();
        }
        assert_eq!(state(&store, id).await, JobState::Dead);
    })
    .await;
}

#[tokio::test]
async fn a_key_is_unique_among_the_unfinished() {
    testing::databases(async |database| {
        let store = database.open().await;
        let keyed = job("k").unique("a");
        let first = add(&store, &keyed).await;
        assert_eq!(store.enqueue_job(&keyed, Timestamp(0)).await.unwrap(), None);
        add(&store, &job("other kind").unique("a")).await;
        let lease = claim(&store, ME, 1).await.remove(0);
        assert_eq!(
            store.enqueue_job(&keyed, Timestamp(0)).await.unwrap(),
            None,
            "it runs"
        );
        store
            .report_job(
                &lease,
                &JobReport::GaveUp { error: "x".into() },
                Timestamp(2),
            )
            .await
            .unwrap();
        add(&store, &keyed).await;
        assert_eq!(
            store
                .retry_job(&scope(), first, &by(), Timestamp(3))
                .await
                .unwrap(),
            None,
            "the key is taken"
        );
    })
    .await;
}

#[tokio::test]
async fn a_tenant_sees_its_own_jobs_filtered_and_counted() {
    testing::databases(async |database| {
        let store = database.open().await;
        for _ in 0..3 {
            add(&store, &job("a")).await;
        }
        add(&store, &job("b")).await;
        let strange = NewJob {
            tenant: TenantId::new(2),
            ..job("a")
        };
        let strange = add(&store, &strange).await;
        let query = JobQuery {
            kind: Some("a".into()),
            state: Some(JobState::Ready),
            limit: 2,
            before: None,
        };
        let page = store.jobs(&scope(), &query).await.unwrap();
        assert_eq!(page.len(), 2);
        let rest = JobQuery {
            before: Some(page[1].id),
            ..query
        };
        assert_eq!(store.jobs(&scope(), &rest).await.unwrap().len(), 1);
        assert_eq!(store.job(&scope(), strange).await.unwrap(), None);
        assert_eq!(store.job_attempts(&scope(), strange).await.unwrap(), []);
        let counts = store.job_counts(&scope()).await.unwrap();
        let counts: Vec<_> = counts
            .iter()
            .map(|c| (c.kind.as_str(), c.state, c.count))
            .collect();
        assert_eq!(
            counts,
            [("a", JobState::Ready, 3), ("b", JobState::Ready, 1)]
        );
    })
    .await;
}

#[tokio::test]
async fn a_time_of_a_schedule_gives_one_job_however_many_nodes_look() {
    testing::databases(async |database| {
        let store = database.open().await;
        store
            .put_schedule("nightly", "0 3 * * *", Timestamp(10))
            .await
            .unwrap();
        store
            .put_schedule("nightly", "0 3 * * *", Timestamp(99))
            .await
            .unwrap();
        assert_eq!(
            store.schedules().await.unwrap()[0].next_run_at,
            Timestamp(10),
            "it is kept"
        );
        let fire = async || {
            store
                .fire_schedule(
                    "nightly",
                    Timestamp(10),
                    Timestamp(20),
                    &job("k"),
                    Timestamp(11),
                )
                .await
                .unwrap()
        };
        let id = fire().await.unwrap();
        assert_eq!(fire().await, None);
        let row = store.schedules().await.unwrap().remove(0);
        assert_eq!(
            (row.next_run_at, row.last_run_at, row.last_job_id),
            (Timestamp(20), Some(Timestamp(11)), Some(id))
        );
        store
            .put_schedule("nightly", "0 4 * * *", Timestamp(30))
            .await
            .unwrap();
        assert_eq!(
            store.schedules().await.unwrap()[0].next_run_at,
            Timestamp(30),
            "the pattern changed"
        );
    })
    .await;
}

#[tokio::test]
async fn finished_jobs_are_forgotten_after_their_time() {
    testing::databases(async |database| {
        let store = database.open().await;
        let done = add(&store, &job("k")).await;
        let lease = claim(&store, ME, 1).await.remove(0);
        store
            .report_job(&lease, &JobReport::Succeeded, Timestamp(5))
            .await
            .unwrap();
        let dead = add(&store, &job("k")).await;
        let lease = claim(&store, ME, 1).await.remove(0);
        store
            .report_job(
                &lease,
                &JobReport::GaveUp { error: "x".into() },
                Timestamp(5),
            )
            .await
            .unwrap();
        let ready = add(&store, &job("k")).await;
        assert_eq!(
            store
                .prune_jobs(Timestamp(5), Timestamp(5), 10)
                .await
                .unwrap(),
            0
        );
        assert_eq!(
            store
                .prune_jobs(Timestamp(6), Timestamp(5), 10)
                .await
                .unwrap(),
            1
        );
        assert_eq!(store.job(&scope(), done).await.unwrap(), None);
        assert_eq!(
            store
                .prune_jobs(Timestamp(6), Timestamp(6), 10)
                .await
                .unwrap(),
            1
        );
        assert_eq!(store.job(&scope(), dead).await.unwrap(), None);
        assert_eq!(state(&store, ready).await, JobState::Ready);
    })
    .await;
}
