#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
use super::*;
use crate::clock;
use crate::jobs::{JobFailure, JobHandler as _, JobRun};
use crate::mail::{self, SendMail};
use crate::secrets::{KeySource, SecretBox};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};
use store::testing::TestDatabase;
use store::{Scope, Store, TenantId};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A mail server that refuses the first messages with the given codes and keeps the others.
#[derive(Default)]
struct FakeServer {
    refusals: Mutex<Vec<&'static str>>,
    credentials: Mutex<Vec<String>>,
    messages: Mutex<Vec<String>>,
}

impl FakeServer {
    async fn start(refusals: &[&'static str]) -> (Arc<Self>, SocketAddr) {
        let server = Arc::new(Self {
            refusals: Mutex::new(refusals.to_vec()),
            ..Self::default()
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = Arc::clone(&server);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serving.converse(stream).await;
            }
        });
        (server, address)
    }

    /// RFC 5321, as much as a client needs.
    async fn converse(&self, stream: TcpStream) {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        let mut answer = "220 fake ESMTP".to_owned();
        let mut body: Option<String> = None;
        loop {
            if !answer.is_empty() {
                write
                    .write_all(format!("{answer}\r\n").as_bytes())
                    .await
                    .unwrap();
            }
            let Ok(Some(line)) = lines.next_line().await else {
                return;
            };
            if let Some(text) = &mut body {
                answer.clear();
                if line == "." {
                    self.messages.lock().unwrap().push(body.take().unwrap());
                    answer = "250 queued".into();
                } else {
                    text.push_str(&format!("{line}\n"));
                }
                continue;
            }
            let word = line
                .split_whitespace()
                .next()
                .unwrap_or_default()
                .to_ascii_uppercase();
            answer = match word.as_str() {
                "EHLO" => "250-fake\r\n250 AUTH PLAIN".into(),
                "AUTH" => {
                    self.credentials.lock().unwrap().push(line);
                    "235 welcome".into()
                }
                "MAIL" => {
                    let refusals = &mut self.refusals.lock().unwrap();
                    if refusals.is_empty() {
                        "250 ok".into()
                    } else {
                        refusals.remove(0).into()
                    }
                }
                "DATA" => {
                    body = Some(String::new());
                    "354 go on".into()
                }
                _ => "250 ok".into(),
            };
        }
    }
}

struct Outbox {
    database: TestDatabase,
    store: Store,
    secrets: SecretBox,
}

impl Outbox {
    async fn open() -> Self {
        let database = TestDatabase::sqlite();
        let store = database.open().await;
        let keys = KeySource::File(database.folder().join("secrets.key"));
        let secrets = SecretBox::open(keys, &store).await.unwrap();
        Self {
            database,
            store,
            secrets,
        }
    }

    async fn queue(&self) -> JobRun {
        self.queue_with(None).await
    }

    async fn queue_with(&self, file: Option<&SecretText>) -> JobRun {
        let text = SecretText::new("Your link: https://didtron.example/reset#tökén\n.\nRegards");
        let message = mail::Message {
            purpose: "password_reset",
            recipient: "Ann <ann@example.com>",
            subject: "Reset your password",
            text: &text,
            attachment: file.map(|file| ("traffic.csv", file)),
        };
        let mail = mail::compose(&self.secrets, TenantId::PLATFORM, &message).unwrap();
        let now = clock::now();
        self.store.queue_mail(&mail, now).await.unwrap();
        let until = rating::Timestamp(now.0 + 60_000_000);
        let lease = self
            .store
            .claim_jobs("n/1", 1, now, until)
            .await
            .unwrap()
            .remove(0);
        JobRun::new(lease.job, lease.attempt)
    }

    fn handler(&self, driver: MailDriver) -> SendMail {
        let from = "DIDTron <noreply@didtron.example>".into();
        let sender = MailSender::new(MailSettings { from, driver }).unwrap();
        SendMail::new(self.store.clone(), self.secrets.clone(), sender)
    }

    fn smtp(&self, address: SocketAddr) -> SendMail {
        self.handler(MailDriver::Smtp(SmtpSettings {
            host: address.ip().to_string(),
            port: address.port(),
            security: SmtpSecurity::None,
            credentials: Some(("switch".into(), SecretText::new("hunter2"))),
            timeout: Duration::from_secs(120),
        }))
    }

    async fn row(&self) -> MailRow {
        let scope = Scope::of_tenant(TenantId::PLATFORM);
        self.store.mails(&scope, None, 1).await.unwrap().remove(0)
    }
}

#[tokio::test]
async fn a_mail_is_sent_by_smtp_once_and_its_text_is_forgotten() {
    let outbox = Outbox::open().await;
    let (server, address) = FakeServer::start(&[]).await;
    let handler = outbox.smtp(address);
    let run = outbox.queue().await;
    handler.run(&run).await.unwrap();
    handler.run(&run).await.unwrap();
    let messages = server.messages.lock().unwrap().clone();
    let [message] = messages.as_slice() else {
        panic!("one message: {messages:?}")
    };
    let row = outbox.row().await;
    for part in [
        "From: DIDTron <noreply@didtron.example>",
        "To: Ann <ann@example.com>",
        "Subject: Reset your password",
        &format!("Message-ID: <{}@didtron.example>", row.id),
    ] {
        assert!(message.contains(part), "{part} is missing: {message}");
    }
    assert!(row.sent_at.is_some() && row.secret_id.is_none());
    // AUTH PLAIN (RFC 4616): base64 of "\0switch\0hunter2".
    assert_eq!(
        *server.credentials.lock().unwrap(),
        ["AUTH PLAIN AHN3aXRjaABodW50ZXIy"]
    );
}

#[tokio::test]
async fn a_mail_that_is_put_off_is_tried_again_and_one_that_is_refused_is_not() {
    let outbox = Outbox::open().await;
    let (server, address) = FakeServer::start(&["451 later", "535 who are you", "550 never"]).await;
    let handler = outbox.smtp(address);
    let run = outbox.queue().await;
    let outcome = handler.run(&run).await;
    assert!(matches!(outcome, Err(JobFailure::Retry(_))), "{outcome:?}");
    let outcome = handler.run(&run).await;
    assert!(
        matches!(outcome, Err(JobFailure::Retry(_))),
        "our settings: {outcome:?}"
    );
    let outcome = handler.run(&run).await;
    assert!(matches!(outcome, Err(JobFailure::GiveUp(_))), "{outcome:?}");
    assert!(outbox.row().await.secret_id.is_some(), "the text is kept");
    handler.run(&run).await.unwrap();
    assert_eq!(server.messages.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_server_that_is_away_is_tried_again() {
    let outbox = Outbox::open().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let outcome = outbox.smtp(address).run(&outbox.queue().await).await;
    assert!(matches!(outcome, Err(JobFailure::Retry(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_folder_takes_mail_as_files_for_their_owner_only() {
    let outbox = Outbox::open().await;
    let folder = outbox.database.folder().join("mail");
    let handler = outbox.handler(MailDriver::Directory(folder.clone()));
    handler.run(&outbox.queue().await).await.unwrap();
    let path = folder.join(format!("{}.eml", outbox.row().await.id));
    assert!(
        std::fs::read_to_string(&path)
            .unwrap()
            .contains("Subject: Reset your password")
    );
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[tokio::test]
async fn mail_that_is_off_says_what_to_set() {
    let outbox = Outbox::open().await;
    let outcome = outbox
        .handler(MailDriver::Off)
        .run(&outbox.queue().await)
        .await;
    let Err(JobFailure::GiveUp(reason)) = outcome else {
        panic!("{outcome:?}")
    };
    assert!(reason.contains("mail.driver"), "{reason}");
}

#[test]
fn a_sender_that_is_no_address_is_refused() {
    let settings = MailSettings {
        from: "nobody".into(),
        driver: MailDriver::Off,
    };
    assert!(matches!(
        MailSender::new(settings),
        Err(MailSettingsError::From(_))
    ));
}

#[test]
fn a_long_link_stays_on_its_line() {
    let link = format!("https://switch.example.com/invitation#{}", "0f".repeat(32));
    let made = |text: &str| {
        let body = super::body(text);
        (
            body.encoding(),
            String::from_utf8_lossy(body.as_ref()).into_owned(),
        )
    };
    let (encoding, written) = made(&format!("Choose:\n{link}\n"));
    assert_eq!(written, format!("Choose:\r\n{link}\r\n"));
    assert_eq!(encoding, ContentTransferEncoding::SevenBit);
    let (encoding, written) = made("Grüße\n");
    assert_ne!(encoding, ContentTransferEncoding::SevenBit);
    assert!(written.is_ascii());
    let (encoding, _) = made(&"x".repeat(LINE_BYTES_MAX + 1));
    assert_ne!(encoding, ContentTransferEncoding::SevenBit);
}

#[tokio::test]
async fn a_file_goes_with_a_mail_and_is_forgotten_with_its_text() {
    let outbox = Outbox::open().await;
    let (server, address) = FakeServer::start(&[]).await;
    let file = SecretText::new("name,seizures\nFrance,5\n");
    let run = outbox.queue_with(Some(&file)).await;
    let scope = Scope::of_tenant(TenantId::PLATFORM);
    let secret_id = outbox.row().await.attachment_secret_id.unwrap();
    outbox.smtp(address).run(&run).await.unwrap();
    let messages = server.messages.lock().unwrap().clone();
    let [message] = messages.as_slice() else {
        panic!("one message: {messages:?}")
    };
    for part in [
        "Content-Type: multipart/mixed",
        "Content-Disposition: attachment; filename=\"traffic.csv\"",
        "Content-Type: text/csv; charset=utf-8",
        "name,seizures",
        "France,5",
    ] {
        assert!(message.contains(part), "{part} is missing: {message}");
    }
    let row = outbox.row().await;
    assert_eq!((row.secret_id, row.attachment_secret_id), (None, None));
    assert_eq!(outbox.store.secret(&scope, &secret_id).await.unwrap(), None);
}
