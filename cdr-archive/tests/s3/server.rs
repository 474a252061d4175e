//! A store that speaks S3 as far as the archive asks, over real connections. It takes nothing that is not signed
//! (Signature Version 4, checked here from its definition), and fails as it is told.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(crate) const KEY_ID: &str = "AKIDEXAMPLE";
pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// What goes wrong with the next request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// An answer of that status.
    Status(u16),
    /// The connection breaks before the answer; what was asked is not done.
    Cut,
    /// It is done, and the connection breaks before the answer.
    CutAfterwards,
    /// The connection breaks in the middle of the body of the answer.
    CutInside,
    /// The answer takes that long.
    Slow(Duration),
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Vec<u8>>,
    faults: VecDeque<Fault>,
    asked: Vec<String>,
}

/// The store.
#[derive(Clone)]
pub(crate) struct S3 {
    pub(crate) endpoint: String,
    state: Arc<Mutex<State>>,
}

struct Request {
    method: String,
    path: String,
    query: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl S3 {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::<Mutex<State>>::default();
        let served = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let state = Arc::clone(&served);
                std::thread::spawn(move || serve(stream.unwrap(), &state));
            }
        });
        Self { endpoint, state }
    }

    /// The next requests fail so.
    pub(crate) fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state.lock().unwrap().faults.extend(faults);
    }

    /// Method and path of what was asked, since the last time.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().asked)
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.state.lock().unwrap().objects.keys().cloned().collect()
    }

    pub(crate) fn put(&self, key: &str, content: &[u8]) {
        let mut state = self.state.lock().unwrap();
        state.objects.insert(key.to_owned(), content.to_vec());
    }
}

fn serve(stream: TcpStream, state: &Mutex<State>) {
    let Some(request) = read(&stream) else { return };
    let fault = {
        let mut state = state.lock().unwrap();
        let line = format!("{} {}", request.method, request.path);
        state.asked.push(line);
        state.faults.pop_front()
    };
    match fault {
        Some(Fault::Cut) => return,
        Some(Fault::Status(status)) => return answer(&stream, status, "", b"<Error/>", None),
        Some(Fault::Slow(time)) => std::thread::sleep(time),
        Some(Fault::CutAfterwards | Fault::CutInside) | None => {}
    }
    if let Err(reason) = check(&request) {
        return answer(
            &stream,
            403,
            "",
            format!("<Error><Code>{reason}</Code></Error>").as_bytes(),
            None,
        );
    }
    let (status, headers, body) = act(&request, &mut state.lock().unwrap());
    match fault {
        Some(Fault::CutAfterwards) => {}
        Some(Fault::CutInside) => answer(&stream, status, &headers, &body, Some(body.len() / 2)),
        _ if request.method == "HEAD" => answer(&stream, status, &headers, b"", None),
        _ => answer(&stream, status, &headers, &body, None),
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers
        .get("content-length")
        .map_or(0, |it| it.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    Some(Request {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body,
    })
}

fn answer(mut stream: &TcpStream, status: u16, headers: &str, body: &[u8], only: Option<usize>) {
    // A HEAD tells its length in the headers, and has no body.
    let length = match headers.contains("Content-Length") {
        true => String::new(),
        false => format!("Content-Length: {}\r\n", body.len()),
    };
    let head = format!("HTTP/1.1 {status} Told\r\nConnection: close\r\n{length}{headers}\r\n");
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(&body[..only.unwrap_or(body.len())]);
}

/// What the store does; its objects are those of one bucket, `calls`.
fn act(request: &Request, state: &mut State) -> (u16, String, Vec<u8>) {
    let Some(key) = request.path.strip_prefix("/calls/") else {
        return (
            404,
            String::new(),
            b"<Error><Code>NoSuchBucket</Code></Error>".to_vec(),
        );
    };
    let key = key.replace("%3D", "=");
    let dated = "Last-Modified: Sun, 22 Nov 2026 00:00:00 GMT\r\nETag: \"e\"\r\n".to_owned();
    let missing = || {
        (
            404,
            String::new(),
            b"<Error><Code>NoSuchKey</Code></Error>".to_vec(),
        )
    };
    match request.method.as_str() {
        "PUT" => {
            let is_new = request.headers.get("if-none-match").map(String::as_str) == Some("*");
            if is_new && state.objects.contains_key(&key) {
                return (412, String::new(), b"<Error/>".to_vec());
            }
            state.objects.insert(key, request.body.clone());
            (200, dated, Vec::new())
        }
        "DELETE" => {
            state.objects.remove(&key);
            (204, String::new(), Vec::new())
        }
        "HEAD" => match state.objects.get(&key) {
            Some(found) => (
                200,
                format!("{dated}Content-Length: {}\r\n", found.len()),
                Vec::new(),
            ),
            None => (404, "Content-Length: 0\r\n".to_owned(), Vec::new()),
        },
        "GET" => {
            let Some(found) = state.objects.get(&key) else {
                return missing();
            };
            let Some(range) = request.headers.get("range") else {
                return (200, dated, found.clone());
            };
            let (from, to) = range
                .strip_prefix("bytes=")
                .unwrap()
                .split_once('-')
                .unwrap();
            let size = found.len();
            let (from, to) = match (from.parse::<usize>(), to.parse::<usize>()) {
                (Ok(from), Ok(to)) => (from, (to + 1).min(size)),
                (Ok(from), Err(_)) => (from, size),
                (Err(_), Ok(last)) => (size.saturating_sub(last), size),
                (Err(_), Err(_)) => panic!("{range}"),
            };
            let ranged = format!("{dated}Content-Range: bytes {from}-{}/{size}\r\n", to - 1);
            (206, ranged, found[from..to].to_vec())
        }
        other => panic!("the archive asks nothing like {other}"),
    }
}

/// Signature Version 4, from its definition: the canonical request, the text to sign, the key.
fn check(request: &Request) -> Result<(), &'static str> {
    let header = |name: &str| request.headers.get(name).map(String::as_str);
    let authorization = header("authorization").ok_or("MissingAuthorization")?;
    let rest = authorization
        .strip_prefix("AWS4-HMAC-SHA256 ")
        .ok_or("NoSignatureVersion4")?;
    let field = |name: &str| {
        let mut fields = rest.split(',').map(str::trim);
        fields.find_map(|field| field.strip_prefix(name)?.strip_prefix('='))
    };
    let credential = field("Credential").ok_or("NoCredential")?;
    let (signed, signature) = (field("SignedHeaders"), field("Signature"));
    let (signed, signature) = (
        signed.ok_or("NoSignedHeaders")?,
        signature.ok_or("NoSignature")?,
    );
    let [id, day, region, service, end] = credential.split('/').collect::<Vec<_>>()[..] else {
        return Err("Credential");
    };
    if (id, region, service, end) != (KEY_ID, "eu-central-1", "s3", "aws4_request") {
        return Err("InvalidAccessKeyId");
    }
    for must in ["host", "x-amz-content-sha256", "x-amz-date"] {
        if !signed.split(';').any(|name| name == must) {
            return Err("HeadersNotSigned");
        }
    }
    let hash = header("x-amz-content-sha256").ok_or("NoHash")?;
    if hash != hex(&Sha256::digest(&request.body)) {
        return Err("XAmzContentSHA256Mismatch");
    }
    let mut canonical = format!("{}\n{}\n{}\n", request.method, request.path, request.query);
    for name in signed.split(';') {
        let _ = writeln!(canonical, "{name}:{}", header(name).ok_or("HeaderMissing")?);
    }
    let _ = write!(canonical, "\n{signed}\n{hash}");
    let at = header("x-amz-date").ok_or("NoDate")?;
    let scope = format!("{day}/{region}/{service}/{end}");
    let hashed = hex(&Sha256::digest(&canonical));
    let to_sign = format!("AWS4-HMAC-SHA256\n{at}\n{scope}\n{hashed}");
    let mut key = keyed(format!("AWS4{SECRET}").as_bytes(), day);
    for part in [region, service, end] {
        key = keyed(&key, part);
    }
    match hex(&keyed(&key, &to_sign)) == signature {
        true => Ok(()),
        false => Err("SignatureDoesNotMatch"),
    }
}

fn keyed(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
