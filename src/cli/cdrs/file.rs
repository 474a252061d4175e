//! Writing the calls of a search to a file.

use crate::cli::api_client::ApiClient;
use crate::cli::say;
use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::json;
use std::fs::{File, OpenOptions};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// How long is waited between two looks at how far the file is.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Looks in a row that may bring nothing: a switch starts anew within seconds.
const VAIN_LOOKS_MAX: u32 = 20;

#[derive(Debug, Deserialize)]
struct Export {
    id: i64,
    state: String,
    records: u64,
    failure: Option<String>,
}

/// Has the switch write the file in that format, fetches it, and takes it away there.
pub(super) fn write(
    client: &ApiClient,
    query: &[(&str, &str)],
    format: &str,
    path: &Path,
) -> anyhow::Result<ExitCode> {
    let mut file = create(path)?;
    let written = fetch(client, query, format, &mut file);
    if written.is_err() {
        // Half a file would look like a whole one.
        let _ = std::fs::remove_file(path);
    }
    let records = written?;
    say(&format!("{records} records are in {}.", path.display()));
    Ok(ExitCode::SUCCESS)
}

fn create(path: &Path) -> anyhow::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    // It has callers' numbers and money.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let created = options.open(path);
    created.with_context(|| format!("{} cannot be made: is it there already?", path.display()))
}

fn fetch(
    client: &ApiClient,
    query: &[(&str, &str)],
    format: &str,
    file: &mut File,
) -> anyhow::Result<u64> {
    let body = json!({ "format": format });
    let mut export: Export = client.post_query("/api/v1/cdr-exports", query, &body)?;
    let path = format!("/api/v1/cdr-exports/{}", export.id);
    let mut vain_looks = 0;
    while export.state == "making" {
        std::thread::sleep(LOOK_AGAIN);
        let seen: Export = match client.get(&path, &[]) {
            Ok(seen) => seen,
            Err(error) => {
                vain_looks += 1;
                if vain_looks > VAIN_LOOKS_MAX {
                    return Err(error.context(format!("the switch writes file {} on", export.id)));
                }
                continue;
            }
        };
        vain_looks = 0;
        if seen.records != export.records {
            say(&format!("… {} records are written", seen.records));
        }
        export = seen;
    }
    if export.state == "ready" {
        // What took minutes to write stays there until it is here.
        let fetched = client.download(&format!("{path}/file"), file);
        fetched.with_context(|| format!("the switch keeps it for 48 hours: GET {path}/file"))?;
        client.delete(&path)?;
        return Ok(export.records);
    }
    let why = export.failure.unwrap_or(export.state);
    client.delete(&path)?;
    bail!("there is no file: {why}");
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::TcpListener;
    use std::thread::JoinHandle;

    /// Answers one request after the other, each on a connection of its own; gives what was asked.
    fn switch(answers: Vec<(u16, String)>) -> (String, JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap());
        let asked = std::thread::spawn(move || {
            let answer = |(status, body): (u16, String)| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    reader.read_line(&mut head).unwrap();
                }
                let length = head.to_lowercase();
                let length = length.split("content-length: ").nth(1);
                let length = length.and_then(|rest| rest.lines().next()?.parse().ok());
                let mut sent = vec![0; length.unwrap_or(0)];
                reader.read_exact(&mut sent).unwrap();
                let size = body.len();
                let text = format!(
                    "HTTP/1.1 {status} Told\r\nConnection: close\r\nContent-Type: application/json\r\n\
                     Content-Length: {size}\r\n\r\n{body}"
                );
                stream.write_all(text.as_bytes()).unwrap();
                head.lines().next().unwrap_or_default().to_owned()
            };
            answers.into_iter().map(answer).collect()
        });
        (server, asked)
    }

    fn export(state: &str, failure: Option<&str>) -> String {
        json!({ "id": 7, "state": state, "records": 2, "failure": failure }).to_string()
    }

    #[test]
    fn a_file_is_waited_for_fetched_and_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("calls.csv");
        let (server, asked) = switch(vec![
            (202, export("making", None)),
            (200, export("making", None)),
            (200, export("ready", None)),
            (200, "id\n1\n2\n".to_owned()),
            (204, String::new()),
        ]);
        let client = ApiClient::with_key(&server, "key".into());
        write(&client, &[("customer", "acme")], "csv", &path).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "id\n1\n2\n");
        let mode = std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600, "it has callers' numbers");
        let asked = asked.join().unwrap();
        let begins = [
            "POST /api/v1/cdr-exports?customer=acme ",
            "GET /api/v1/cdr-exports/7 ",
            "GET /api/v1/cdr-exports/7 ",
            "GET /api/v1/cdr-exports/7/file ",
            "DELETE /api/v1/cdr-exports/7 ",
        ];
        for (line, begins) in asked.iter().zip(begins) {
            assert!(line.starts_with(begins), "{line}");
        }
        let again = write(&client, &[], "parquet", &path).unwrap_err();
        assert!(
            again.to_string().contains("is it there already?"),
            "{again}"
        );
    }

    #[test]
    fn a_file_that_breaks_off_stays_where_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("calls.csv");
        let (server, asked) = switch(vec![
            (202, export("making", None)),
            (503, String::new()),
            (200, export("ready", None)),
            (503, String::new()),
        ]);
        let client = ApiClient::with_key(&server, "key".into());
        let error = write(&client, &[], "csv", &path).unwrap_err();
        let kept = "keeps it for 48 hours: GET /api/v1/cdr-exports/7/file";
        assert!(error.to_string().contains(kept), "{error:#}");
        assert!(!path.exists());
        assert_eq!(asked.join().unwrap().len(), 4, "it is not deleted");
    }

    #[test]
    fn of_a_file_that_cannot_be_had_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("calls.csv");
        let (server, asked) = switch(vec![
            (202, export("failed", Some("choose a shorter time"))),
            (204, String::new()),
        ]);
        let client = ApiClient::with_key(&server, "key".into());
        let error = write(&client, &[], "parquet", &path).unwrap_err();
        assert!(
            error.to_string().contains("choose a shorter time"),
            "{error}"
        );
        assert!(!path.exists());
        assert_eq!(asked.join().unwrap().len(), 2);
    }
}
