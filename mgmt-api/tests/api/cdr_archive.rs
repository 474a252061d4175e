//! Records of days that are in the archive alone, and the list of such days.

use crate::apply::{DECK, RESOURCES, apply};
use crate::cdrs::{call, load};
use crate::fixture::{Api, with_archive};
use crate::ledger::{get_as, key_with};
use cdr_archive::Place;
use mgmt_api::jobs::{JobHandler, JobRun};
use mgmt_api::{ArchiveCdrs, ExportCdrs};
use serde_json::json;
use store::{JobQuery, NewJob, Scope, TenantId, testing};

const SCOPE: Scope = Scope::of_tenant(TenantId::PLATFORM);

async fn newest_job(api: &Api) -> JobRun {
    let query = JobQuery {
        limit: 1,
        ..JobQuery::default()
    };
    JobRun::new(api.store.jobs(&SCOPE, &query).await.unwrap().remove(0), 1)
}

#[tokio::test]
async fn records_of_a_dropped_day_are_read_from_the_archive_by_all_who_may_and_by_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::folder(folder.path()).unwrap();
    let api = with_archive(&place).await;
    assert_eq!(apply(&api, RESOURCES, DECK, false).await.status, 200);
    let id_of = async |path: &str| api.get(path).await.json()["id"].as_i64().unwrap();
    let customer = id_of("/api/v1/customers/acme").await;
    let mut calls: Vec<_> = (0..4).map(call).collect();
    for call in &mut calls[..3] {
        call.customer.as_mut().unwrap().id = customer;
    }
    load(&api, &calls).await;
    let own = key_with(&api, 11, "customer", customer, &["cdr.read"]).await;
    let carrier = id_of("/api/v1/carriers/cheap").await;
    let none = key_with(&api, 12, "carrier", carrier, &["balance.read"]).await;
    let days = api.get("/api/v1/cdr-days").await.json();
    assert_eq!(
        (&days["items"], &days["next_before"]),
        (&json!([]), &json!(null))
    );
    assert_eq!(days["archive"], folder.path().display().to_string());
    let read = async || {
        let mut list = api.get("/api/v1/cdrs").await.json()["items"].clone();
        let mut one = api
            .get(&format!("/api/v1/cdrs/{:032x}", calls[1].id.0))
            .await
            .json();
        let told = [list[0]["archived"].clone(), one["archived"].clone()];
        for item in list.as_array_mut().unwrap().iter_mut().chain([&mut one]) {
            item.as_object_mut().unwrap().remove("archived");
        }
        let path = format!("/api/v1/own-cdrs/{:032x}", calls[1].id.0);
        let theirs = get_as(&api, &own, &path).await.json();
        let of_other = format!("/api/v1/own-cdrs/{:032x}", calls[3].id.0);
        assert_eq!(get_as(&api, &own, &of_other).await.status, 404);
        let listed = get_as(&api, &own, "/api/v1/own-cdrs").await.json()["items"].clone();
        assert_eq!(listed.as_array().map(Vec::len), Some(3));
        let path = format!("/api/v1/cdrs/{:032x}/explain", calls[1].id.0);
        let explained = api.get(&path).await;
        assert_eq!(explained.status, 200, "{}", explained.body);
        ((list, one, theirs, listed, explained.json()), told)
    };
    let (before, told) = read().await;
    assert_eq!(told, [false, false]);
    let job = NewJob::new(
        TenantId::PLATFORM,
        "maintenance.archive_cdrs",
        json!({}),
        rating::Timestamp(1),
    );
    api.store
        .enqueue_job(&job, rating::Timestamp(1))
        .await
        .unwrap();
    let handler = ArchiveCdrs::new(api.store.clone(), Some(place.clone()));
    handler.run(&newest_job(&api).await).await.unwrap();
    testing::execute(
        &api.store,
        "UPDATE cdr_day SET state = 'dropped', dropped_at = 5",
    )
    .await;
    testing::execute(&api.store, "DELETE FROM attempt").await;
    testing::execute(&api.store, "DELETE FROM cdr").await;
    let (after, told) = read().await;
    assert_eq!(after, before);
    assert_eq!(told, [true, true]);
    let days = api.get("/api/v1/cdr-days").await.json();
    let day = &days["items"][0];
    assert_eq!(
        (&day["state"], &day["records"]),
        (&json!("dropped"), &json!(4))
    );
    assert_eq!(
        (&day["files"], &day["archive_key"]),
        (&json!(1), &json!("cdr/day=2026-03-01"))
    );
    assert_eq!(day["day"], "2026-03-01T00:00:00.000000Z");
    for key in [&own, &none] {
        assert_eq!(get_as(&api, key, "/api/v1/cdr-days").await.status, 403);
    }
    assert_eq!(get_as(&api, &none, "/api/v1/own-cdrs").await.status, 403);
    let asked = api
        .post(
            "/api/v1/cdr-exports?order=oldest_first",
            &json!({ "format": "csv" }),
        )
        .await;
    assert_eq!(asked.status, 202, "{}", asked.body);
    let export = ExportCdrs::new(api.store.clone(), Some(place));
    export.run(&newest_job(&api).await).await.unwrap();
    let file = format!("/api/v1/cdr-exports/{}/file", asked.json()["id"]);
    let lines = api.get(&file).await.body;
    assert_eq!(lines.lines().count(), 5, "{lines}");
    let unknown = format!("/api/v1/cdrs/{:032x}", calls[1].id.0 + 1);
    assert_eq!(
        api.get(&unknown).await.status,
        404,
        "the archive was looked into"
    );
    std::fs::remove_dir_all(folder.path().join("cdr")).unwrap();
    assert_eq!(api.get("/api/v1/cdrs").await.status, 503);
    let later = api.get("/api/v1/cdrs?from=2026-03-02T00:00:00Z").await;
    assert_eq!(later.status, 200, "{}", later.body);
}
