#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
use super::source::retired_path;
use super::*;
use crate::hex;
use rating::Timestamp;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use store::testing::{self, TestDatabase};

const OWNER: TenantId = TenantId::PLATFORM;
const NOW: Timestamp = Timestamp(1);

fn file(database: &TestDatabase) -> PathBuf {
    database.folder().join("secrets.key")
}

async fn open(database: &TestDatabase, store: &Store) -> SecretBox {
    SecretBox::open(KeySource::File(file(database)), store)
        .await
        .unwrap()
}

fn keys_of(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

async fn add(secrets: &SecretBox, store: &Store, text: &str) -> String {
    let sealed = secrets.seal(OWNER, &SecretText::new(text)).unwrap();
    store.add_secret(&sealed, NOW).await.unwrap();
    sealed.id
}

async fn read(secrets: &SecretBox, store: &Store, id: &str) -> String {
    let scope = store::Scope::of_tenant(OWNER);
    let sealed = store.secret(&scope, id).await.unwrap().unwrap();
    secrets.unseal(&sealed).unwrap().expose().to_owned()
}

#[tokio::test]
async fn a_secret_is_stored_unreadable_and_read_back() {
    testing::databases(async |database| {
        let store = database.open().await;
        let secrets = open(database, &store).await;
        let sealed = secrets.seal(OWNER, &SecretText::new("hunter2")).unwrap();
        let again = secrets.seal(OWNER, &SecretText::new("hunter2")).unwrap();
        assert_ne!(sealed.ciphertext, again.ciphertext);
        assert_ne!(sealed.id, again.id);
        let shown = format!("{sealed:?} {secrets:?} {:?}", SecretText::new("hunter2"));
        assert!(!shown.contains("hunter2") && !shown.contains(&hex::encode(b"hunter2")));
        assert!(
            !shown.contains(&keys_of(&file(database))[0]),
            "no key is shown"
        );
        store.add_secret(&sealed, NOW).await.unwrap();
        assert_eq!(read(&secrets, &store, &sealed.id).await, "hunter2");
    })
    .await;
}

#[tokio::test]
async fn a_row_that_was_moved_or_altered_opens_no_more() {
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    let secrets = open(&database, &store).await;
    let good = secrets.seal(OWNER, &SecretText::new("hunter2")).unwrap();
    let other = secrets.seal(OWNER, &SecretText::new("other")).unwrap();
    let mut flipped = good.ciphertext.clone().into_bytes();
    flipped[60] = if flipped[60] == b'0' { b'1' } else { b'0' };
    let flipped = String::from_utf8(flipped).unwrap();
    let wrong = [
        SealedSecret {
            owner: TenantId::new(2),
            ..good.clone()
        },
        SealedSecret {
            id: other.id.clone(),
            ..good.clone()
        },
        SealedSecret {
            ciphertext: other.ciphertext.clone(),
            ..good.clone()
        },
        SealedSecret {
            wrapped_key: other.wrapped_key,
            ..good.clone()
        },
        SealedSecret {
            wrapped_key: good.ciphertext.clone(),
            ciphertext: good.wrapped_key.clone(),
            ..good.clone()
        },
        SealedSecret {
            ciphertext: flipped,
            ..good.clone()
        },
        SealedSecret {
            ciphertext: "00".into(),
            ..good.clone()
        },
        SealedSecret {
            ciphertext: "no digits".into(),
            ..good.clone()
        },
    ];
    for row in wrong {
        let opened = secrets.unseal(&row);
        assert!(
            matches!(opened, Err(SecretError::Altered { .. })),
            "{row:?}"
        );
    }
    let unknown = SealedSecret {
        key_id: "k0".into(),
        ..good.clone()
    };
    assert!(matches!(
        secrets.unseal(&unknown),
        Err(SecretError::UnknownKey { .. })
    ));
    assert_eq!(secrets.unseal(&good).unwrap().expose(), "hunter2");
    let long = SecretText::new("x".repeat(SECRET_BYTES_MAX + 1));
    assert!(matches!(
        secrets.seal(OWNER, &long),
        Err(SecretError::TooLong)
    ));
}

#[tokio::test]
async fn the_key_file_is_made_for_its_owner_only_and_refused_when_it_is_open_to_others() {
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    open(&database, &store).await;
    let path = file(&database);
    let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let refused = SecretBox::open(KeySource::File(path), &store)
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("chmod 600"), "{refused}");
}

#[tokio::test]
async fn a_lost_key_file_is_not_made_up_while_secrets_need_it() {
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    let secrets = open(&database, &store).await;
    add(&secrets, &store, "hunter2").await;
    let path = file(&database);
    std::fs::remove_file(&path).unwrap();
    SecretBox::open(KeySource::File(path.clone()), &store)
        .await
        .unwrap_err();
    assert!(!path.exists());
    let wrong = KeySource::Given(vec![SecretText::new("ab".repeat(32))]);
    let refused = SecretBox::open(wrong, &store).await.unwrap_err();
    assert!(
        matches!(refused, OpenError::KeyMissing { secrets: 1, .. }),
        "{refused}"
    );
}

#[test]
fn given_keys_are_checked() {
    let parse = |keys: &[&str]| key::KeyRing::parse(keys.iter().copied()).map(|_| ());
    let good = "0f".repeat(32);
    assert_eq!(parse(&[&good]), Ok(()));
    assert_eq!(parse(&[]), Err(KeyFault::Empty));
    assert_eq!(
        parse(&[&good, "0f"]),
        Err(KeyFault::Malformed { position: 2 })
    );
    assert_eq!(parse(&[&good, &good]), Err(KeyFault::Twice { position: 2 }));
}

#[tokio::test]
async fn a_rotation_moves_every_secret_while_others_seal_and_read() {
    testing::databases(async |database| {
        let store = database.open().await;
        let serving = open(database, &store).await;
        let mut ids = Vec::new();
        for number in 0..450 {
            ids.push(add(&serving, &store, &format!("secret {number}")).await);
        }
        let before = keys_of(&file(database));
        // The command line is another process: it has a box of its own over the same file.
        let command = open(database, &store).await;
        let rotating = tokio::spawn({
            let store = store.clone();
            async move { command.rotate(&store).await.unwrap() }
        });
        for number in 450..500 {
            // Sealed anew for as long as its key is not the one that is taken: until the rotation has told the
            // database of the new key, that is none.
            let id = loop {
                let text = SecretText::new(format!("secret {number}"));
                let sealed = serving.seal(OWNER, &text).unwrap();
                match store.add_secret(&sealed, NOW).await {
                    Err(StoreError::SecretKeyRetired) => {}
                    other => break other.map(|()| sealed.id).unwrap(),
                }
            };
            ids.push(id);
        }
        let rotation = rotating.await.unwrap();
        assert!(rotation.moved >= 450 && !rotation.resumed, "{rotation:?}");
        let in_use = store.secret_keys_in_use().await.unwrap();
        assert_eq!(in_use, [(rotation.key_id.clone(), 500)]);
        for (number, id) in ids.iter().enumerate() {
            assert_eq!(read(&serving, &store, id).await, format!("secret {number}"));
        }
        let after = keys_of(&file(database));
        assert!(after.len() == 1 && after != before);
        assert_eq!(keys_of(&retired_path(&file(database))), before);
    })
    .await;
}

#[tokio::test]
async fn a_rotation_that_was_cut_off_is_gone_on_with() {
    testing::databases(async |database| {
        let store = database.open().await;
        let secrets = open(database, &store).await;
        let mut ids = Vec::new();
        for number in 0..3 {
            ids.push(add(&secrets, &store, &number.to_string()).await);
        }
        // Killed after the new key was written and one row was moved.
        let ring = KeySource::File(file(database))
            .load()
            .unwrap()
            .led_by(key::MasterKey::generate().unwrap());
        source::replace(&file(database), ring.all()).unwrap();
        store
            .add_secret_key(ring.current().id(), NOW)
            .await
            .unwrap();
        let old = ring.earlier()[0].id().to_owned();
        let row = store.secrets_under_key(&old, 1).await.unwrap().remove(0);
        let moved = envelope::rewrap(&ring, &row).unwrap();
        store.rewrap_secrets(&old, &[moved]).await.unwrap();

        let started_anew = open(database, &store).await;
        for (number, id) in ids.iter().enumerate() {
            assert_eq!(read(&started_anew, &store, id).await, number.to_string());
        }
        let rotation = started_anew.rotate(&store).await.unwrap();
        assert_eq!((rotation.moved, rotation.resumed), (2, true));
        assert_eq!(
            (rotation.key_id.as_str(), rotation.retired),
            (ring.current().id(), vec![old])
        );
        for (number, id) in ids.iter().enumerate() {
            assert_eq!(
                read(&secrets, &store, id).await,
                number.to_string(),
                "the old box reads on"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn given_keys_rotate_when_a_new_one_is_put_before_them() {
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    let (old, new) = (
        SecretText::new("01".repeat(32)),
        SecretText::new("02".repeat(32)),
    );
    let secrets = SecretBox::open(KeySource::Given(vec![old.clone()]), &store)
        .await
        .unwrap();
    let id = add(&secrets, &store, "hunter2").await;
    let refused = secrets.rotate(&store).await.unwrap_err();
    assert!(matches!(refused, RotationError::NoNewKey));
    let both = SecretBox::open(KeySource::Given(vec![new.clone(), old]), &store)
        .await
        .unwrap();
    assert_eq!(both.rotate(&store).await.unwrap().moved, 1);
    let only_new = SecretBox::open(KeySource::Given(vec![new]), &store)
        .await
        .unwrap();
    assert_eq!(read(&only_new, &store, &id).await, "hunter2");
}
