//! A bucket as a place for files: over real connections, against a store that checks what it is asked.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod server;

use bytes::Bytes;
use cdr_archive::{Place, PlaceError, S3Settings};
use server::{Fault, KEY_ID, S3, SECRET};
use std::time::Duration;

fn settings(s3: &S3) -> S3Settings {
    S3Settings {
        bucket: "calls".into(),
        region: "eu-central-1".into(),
        endpoint: s3.endpoint.clone(),
        prefix: "switch/".into(),
        access_key_id: KEY_ID.into(),
        secret_access_key: SECRET.into(),
        allow_http: false,
    }
}

fn place(s3: &S3) -> Place {
    Place::s3(&settings(s3)).unwrap()
}

const KEY: &str = "cdr/day=2026-11-22/00001-00001-0000abcd.parquet";

#[tokio::test]
async fn a_file_is_written_read_in_parts_and_taken_away() {
    let s3 = S3::start();
    let place = place(&s3);
    assert_eq!(place.name(), "s3://calls/switch");
    let file: Bytes = (0..100_000_u32).map(|byte| byte as u8).collect();
    place.write(KEY, file.clone()).await.unwrap();
    assert_eq!(s3.keys(), [format!("switch/{KEY}")]);
    assert_eq!(place.read(KEY).await.unwrap(), file);
    assert_eq!(place.part(KEY, 10..20).await.unwrap(), file[10..20]);
    let (tail, size) = place.tail(KEY, 7).await.unwrap();
    assert_eq!((&tail[..], size), (&file[99_993..], 100_000));
    let (whole, _) = place.tail(KEY, 1 << 20).await.unwrap();
    assert_eq!(whole, file);
    assert_eq!(place.size(KEY).await.unwrap(), 100_000);
    place.remove(KEY).await.unwrap();
    place.remove(KEY).await.unwrap();
    assert!(s3.keys().is_empty());
    for missing in [place.read(KEY).await.err(), place.size(KEY).await.err()] {
        assert!(
            matches!(missing, Some(PlaceError::Missing(_))),
            "{missing:?}"
        );
    }
}

#[tokio::test]
async fn a_file_that_is_there_is_not_written_over() {
    let s3 = S3::start();
    let place = place(&s3);
    s3.put(&format!("switch/{KEY}"), b"first");
    let taken = place.write(KEY, Bytes::from_static(b"second")).await;
    assert!(matches!(taken, Err(PlaceError::Taken(_))), "{taken:?}");
    assert_eq!(place.read(KEY).await.unwrap(), "first");
}

#[tokio::test]
async fn a_store_that_is_overloaded_slow_or_breaks_off_is_asked_again() {
    let s3 = S3::start();
    let place = place(&s3);
    s3.fail([Fault::Status(503), Fault::Status(500)]);
    place
        .write(KEY, Bytes::from_static(b"calls"))
        .await
        .unwrap();
    assert_eq!(s3.asked().len(), 3);
    for fault in [
        Fault::Cut,
        Fault::CutInside,
        Fault::Slow(Duration::from_millis(50)),
    ] {
        s3.fail([fault]);
        let read = place.read(KEY).await;
        assert_eq!(read.unwrap(), "calls", "{fault:?}");
    }
    // Whether a file that was cut off is there is not known: it is, or it is written the second time.
    for (fault, key) in [(Fault::Cut, "a"), (Fault::CutAfterwards, "b")] {
        s3.fail([fault]);
        place
            .write(key, Bytes::from_static(b"calls"))
            .await
            .unwrap();
        assert_eq!(place.read(key).await.unwrap(), "calls", "{fault:?}");
    }
}

#[tokio::test]
async fn what_the_store_refuses_is_told_without_the_secret() {
    let s3 = S3::start();
    let wrong = S3Settings {
        secret_access_key: "another".into(),
        ..settings(&s3)
    };
    let wrong = Place::s3(&wrong).unwrap();
    let refused = wrong.write(KEY, Bytes::from_static(b"calls")).await;
    let Err(PlaceError::Refused {
        place: name,
        reason,
    }) = refused
    else {
        panic!("{refused:?}")
    };
    assert_eq!(name, "s3://calls/switch");
    assert!(reason.contains("SignatureDoesNotMatch"), "{reason}");
    assert!(!reason.contains("another"), "{reason}");
    let down = S3Settings {
        bucket: "none".into(),
        ..settings(&s3)
    };
    let down = Place::s3(&down).unwrap();
    let missing = down.read(KEY).await;
    assert!(
        matches!(missing, Err(PlaceError::Missing(_))),
        "{missing:?}"
    );
}

#[tokio::test]
async fn a_folder_keeps_files_likewise() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::folder(&folder.path().join("archive")).unwrap();
    place
        .write(KEY, Bytes::from_static(b"calls"))
        .await
        .unwrap();
    assert_eq!(
        std::fs::read(folder.path().join("archive").join(KEY)).unwrap(),
        b"calls"
    );
    let taken = place.write(KEY, Bytes::from_static(b"others")).await;
    assert!(matches!(taken, Err(PlaceError::Taken(_))), "{taken:?}");
    let (tail, size) = place.tail(KEY, 3).await.unwrap();
    assert_eq!((&tail[..], size), (&b"lls"[..], 5));
    assert_eq!(place.part(KEY, 1..3).await.unwrap(), "al");
    assert_eq!(place.size(KEY).await.unwrap(), 5);
    place.remove(KEY).await.unwrap();
    place.remove(KEY).await.unwrap();
    assert!(matches!(place.read(KEY).await, Err(PlaceError::Missing(_))));
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(matches!(
        Place::folder(&file),
        Err(PlaceError::Setting { .. })
    ));
}
