//! A name server on the loopback network, with the few records that a test gives it.

use hickory_resolver::proto::op::{Message, MessageType, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, NAPTR, SOA, SRV};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a server may take to see that it is to stop.
const STEP: Duration = Duration::from_millis(50);
/// How long a negative answer holds, seconds.
const NEGATIVE_TTL: u32 = 1;

/// What it does with a question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    #[default]
    Answering,
    /// No reply at all.
    Silent,
    /// SERVFAIL.
    Failing,
    /// It answers so to questions, `KIND name`, that begin with one of these.
    FailingAt(ResponseCode, &'static [&'static str]),
}

#[derive(Default)]
struct Zone {
    records: Vec<Record>,
    mood: Mood,
    asked: Vec<(String, RecordType)>,
}

/// A running server. Dropping it ends it.
pub(crate) struct NameServer {
    pub(crate) address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl NameServer {
    /// One with these records, each a line as [`record`] reads it.
    pub(crate) fn start(lines: &[&str]) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(STEP)).unwrap();
        let address = socket.local_addr().unwrap();
        let (zone, stop) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let thread = std::thread::spawn({
            let (zone, stop) = (Arc::clone(&zone), Arc::clone(&stop));
            move || serve(&socket, &zone, &stop)
        });
        let server = Self {
            address,
            zone,
            stop,
            thread: Some(thread),
        };
        server.set(lines);
        server
    }

    /// Other records from now on.
    pub(crate) fn set(&self, lines: &[&str]) {
        self.zone.lock().unwrap().records = lines.iter().map(|line| record(line)).collect();
    }

    pub(crate) fn turn(&self, mood: Mood) {
        self.zone.lock().unwrap().mood = mood;
    }

    /// What it was asked since the last time.
    pub(crate) fn asked(&self) -> Vec<(String, RecordType)> {
        std::mem::take(&mut self.zone.lock().unwrap().asked)
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// `name ttl type …`: `A address`, `AAAA address`, `CNAME name`, `SRV priority weight port target`,
/// `NAPTR order preference flags services replacement`.
fn record(line: &str) -> Record {
    let words: Vec<&str> = line.split_whitespace().collect();
    let number = |index: usize| words[index].parse::<u16>().unwrap();
    let name = |index: usize| full(words[index]);
    let text = |index: usize| words[index].as_bytes().into();
    let data = match words[2] {
        "A" => RData::A(A(words[3].parse().unwrap())),
        "AAAA" => RData::AAAA(AAAA(words[3].parse().unwrap())),
        "CNAME" => RData::CNAME(CNAME(name(3))),
        "SRV" => RData::SRV(SRV::new(number(3), number(4), number(5), name(6))),
        "NAPTR" => RData::NAPTR(NAPTR::new(
            number(3),
            number(4),
            text(5),
            text(6),
            Box::default(),
            name(7),
        )),
        other => panic!("no record of type {other}"),
    };
    Record::from_rdata(name(0), words[1].parse().unwrap(), data)
}

fn full(name: &str) -> Name {
    Name::from_ascii(format!("{}.", name.trim_end_matches('.'))).unwrap()
}

fn serve(socket: &UdpSocket, zone: &Mutex<Zone>, stop: &AtomicBool) {
    let mut buffer = [0; 1_500];
    while !stop.load(Ordering::Relaxed) {
        let Ok((length, asker)) = socket.recv_from(&mut buffer) else {
            continue;
        };
        let Ok(question) = Message::from_vec(&buffer[..length]) else {
            continue;
        };
        if let Some(answer) = answer(&question, &mut zone.lock().unwrap()) {
            let _ = socket.send_to(&answer.to_vec().unwrap(), asker);
        }
    }
}

fn answer(question: &Message, zone: &mut Zone) -> Option<Message> {
    let query = question.queries.first()?;
    let (name, kind) = (query.name().clone(), query.query_type());
    let plain = name.to_ascii().trim_end_matches('.').to_ascii_lowercase();
    let asked = format!("{kind} {plain}");
    zone.asked.push((plain, kind));
    let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
    answer.metadata.message_type = MessageType::Response;
    answer.metadata.recursion_desired = true;
    answer.metadata.recursion_available = true;
    answer.add_query(query.clone());
    match zone.mood {
        Mood::Silent => return None,
        Mood::FailingAt(code, places) if places.iter().any(|one| asked.starts_with(one)) => {
            answer.metadata.response_code = code;
        }
        Mood::Failing => answer.metadata.response_code = ResponseCode::ServFail,
        Mood::Answering | Mood::FailingAt(..) => fill(&mut answer, zone, &name, kind),
    }
    Some(answer)
}

fn fill(answer: &mut Message, zone: &Zone, name: &Name, kind: RecordType) {
    let of = |owner: &Name| {
        let owner = owner.clone();
        let records = zone.records.iter();
        records.filter(move |record| record.name.eq_ignore_root(&owner))
    };
    let mut owner = name.clone();
    for alias in of(name) {
        if let RData::CNAME(target) = &alias.data {
            answer.add_answer(alias.clone());
            owner = target.0.clone();
        }
    }
    let found = of(&owner).filter(|record| record.record_type() == kind);
    answer.add_answers(found.cloned());
    if !answer.answers.is_empty() {
        return;
    }
    let is_there = zone.records.iter().any(|record| name.zone_of(&record.name));
    if !is_there {
        answer.metadata.response_code = ResponseCode::NXDomain;
    }
    let soa = SOA::new(
        full("ns.test"),
        full("me.test"),
        1,
        60,
        60,
        60,
        NEGATIVE_TTL,
    );
    let soa = Record::from_rdata(full("test"), NEGATIVE_TTL, RData::SOA(soa));
    answer.add_authority(soa);
}
