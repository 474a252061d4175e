//! Requests over connections that stay open, one after the other on each.

use crate::switch::Switch;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Connections at the same time.
pub(crate) const CONNECTIONS: usize = 16;

/// What was measured while a server was asked.
pub(crate) struct Figure {
    /// Answers a second.
    pub(crate) rate: f64,
    /// Half of the answers came within, ms.
    pub(crate) p50_ms: f64,
    /// 99 of 100 answers came within, ms.
    pub(crate) p99_ms: f64,
    /// Processor time of the server for one answer, µs.
    pub(crate) cpu_us: f64,
}

/// Asks for the paths in turn, on all connections, for so long.
pub(crate) fn drive(switch: &Switch, paths: &[String], span: Duration) -> Figure {
    let requests: Vec<Vec<u8>> = paths
        .iter()
        .map(|path| request(switch, path).into_bytes())
        .collect();
    let (cpu, start) = (switch.cpu_seconds(), Instant::now());
    let end = start + span;
    let mut times: Vec<Duration> = std::thread::scope(|scope| {
        let connections: Vec<_> = (0..CONNECTIONS)
            .map(|first| {
                let requests = &requests;
                let address = switch.http();
                scope.spawn(move || ask(address, requests, first, end))
            })
            .collect();
        let joined = connections.into_iter();
        joined.flat_map(|thread| thread.join().unwrap()).collect()
    });
    let (seconds, cpu) = (start.elapsed().as_secs_f64(), switch.cpu_seconds() - cpu);
    times.sort_unstable();
    let at = |share: f64| {
        let index = (times.len() as f64 * share) as usize;
        times[index.min(times.len() - 1)].as_secs_f64() * 1e3
    };
    Figure {
        rate: times.len() as f64 / seconds,
        p50_ms: at(0.5),
        p99_ms: at(0.99),
        cpu_us: cpu * 1e6 / times.len() as f64,
    }
}

fn request(switch: &Switch, path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\naccept: application/json\r\n\r\n",
        switch.http(),
        switch.key()
    )
}

fn ask(address: SocketAddr, requests: &[Vec<u8>], first: usize, end: Instant) -> Vec<Duration> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut buffer = Vec::with_capacity(256 * 1024);
    let mut times = Vec::new();
    for request in requests.iter().cycle().skip(first) {
        let start = Instant::now();
        if start >= end {
            break;
        }
        stream.write_all(request).unwrap();
        read_answer(&mut stream, &mut buffer);
        times.push(start.elapsed());
    }
    times
}

/// Reads one answer, which must be 200 and say its length.
fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) {
    buffer.clear();
    let mut chunk = [0; 64 * 1024];
    let mut whole = None;
    while whole.is_none_or(|whole| buffer.len() < whole) {
        let count = stream.read(&mut chunk).unwrap();
        assert!(count > 0, "the server closed the connection");
        buffer.extend_from_slice(&chunk[..count]);
        if whole.is_none() {
            whole = length(buffer);
        }
    }
}

/// Length of the head and the body, once the head is there.
fn length(buffer: &[u8]) -> Option<usize> {
    let end = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&buffer[..end]).unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let field = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then_some(value)
    });
    let body: usize = field
        .expect("an answer of a known length")
        .trim()
        .parse()
        .unwrap();
    Some(end + 4 + body)
}
