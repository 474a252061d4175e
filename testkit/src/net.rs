//! A network between addresses, on virtual time and from one seed.

use sip_core::{Duration, Instant};
use sip_tester::random::{Chance, Random};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::fmt;
use std::net::SocketAddr;

/// Datagrams under way at once. More means that nodes feed each other a storm.
pub const MAX_IN_FLIGHT: usize = 100_000;
/// Datagrams that the trace remembers.
pub const TRACE_LENGTH: usize = 200;

/// How one direction between two addresses behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkProfile {
    /// Shortest time under way.
    pub latency: Duration,
    /// Added to the latency: anything up to this, equally likely. Reorders datagrams that follow
    /// each other more closely.
    pub jitter: Duration,
    /// Share that never arrives.
    pub loss: Chance,
    /// Share that arrives twice, each copy with its own jitter.
    pub duplication: Chance,
    /// Share that is held back for `reordering_delay`, behind what is sent after it.
    pub reordering: Chance,
    /// How long such a datagram is held back.
    pub reordering_delay: Duration,
}

impl LinkProfile {
    /// 10 ms each way and no fault.
    pub const CLEAN: Self = Self {
        latency: Duration::from_millis(10),
        jitter: Duration::ZERO,
        loss: Chance::NEVER,
        duplication: Chance::NEVER,
        reordering: Chance::NEVER,
        reordering_delay: Duration::ZERO,
    };

    /// 10 to 15 ms, and `percent` of the datagrams are lost.
    pub const fn lossy(percent: u32) -> Self {
        Self {
            jitter: Duration::from_millis(5),
            loss: Chance::percent(percent),
            ..Self::CLEAN
        }
    }

    /// Every fault at once: 5 % lost, 5 % twice, 5 % held back 30 ms, 10 to 40 ms under way.
    pub const HOSTILE: Self = Self {
        latency: Duration::from_millis(10),
        jitter: Duration::from_millis(30),
        loss: Chance::percent(5),
        duplication: Chance::percent(5),
        reordering: Chance::percent(5),
        reordering_delay: Duration::from_millis(30),
    };
}

/// A datagram that has arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Source address.
    pub from: SocketAddr,
    /// Destination address.
    pub to: SocketAddr,
    /// Content.
    pub bytes: Vec<u8>,
}

/// What happened to datagrams so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NetCounters {
    /// Given to the net.
    pub sent: u64,
    /// Handed out, copies included.
    pub delivered: u64,
    /// Lost by chance.
    pub lost: u64,
    /// Copies made.
    pub duplicated: u64,
    /// Held back.
    pub reordered: u64,
    /// Swallowed by a partition.
    pub cut_off: u64,
}

/// The network.
///
/// `send` puts a datagram in, `next_arrival` tells when one comes out, `deliver` takes it out.
/// Time never goes back between calls. Datagrams that arrive at the same moment come out in the
/// order they were sent.
#[derive(Debug)]
pub struct SimNet {
    random: Random,
    default_link: LinkProfile,
    /// Profiles of single directions.
    links: BTreeMap<(SocketAddr, SocketAddr), LinkProfile>,
    /// Directions that pass nothing.
    cuts: Vec<(SocketAddr, SocketAddr)>,
    in_flight: BinaryHeap<Reverse<InFlight>>,
    /// Numbers datagrams, which settles ties.
    sequence: u64,
    counters: NetCounters,
    trace: VecDeque<TraceLine>,
}

impl SimNet {
    /// A net of [`LinkProfile::CLEAN`] links whose faults follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            default_link: LinkProfile::CLEAN,
            links: BTreeMap::new(),
            cuts: Vec::new(),
            in_flight: BinaryHeap::new(),
            sequence: 0,
            counters: NetCounters::default(),
            trace: VecDeque::new(),
        }
    }

    /// Profile of every direction that has none of its own.
    pub fn set_default_link(&mut self, profile: LinkProfile) {
        self.default_link = profile;
    }

    /// Profile of one direction.
    pub fn set_link(&mut self, from: SocketAddr, to: SocketAddr, profile: LinkProfile) {
        self.links.insert((from, to), profile);
    }

    /// Cuts two addresses off from each other, both ways. What is under way still arrives.
    pub fn partition(&mut self, one: SocketAddr, other: SocketAddr) {
        self.cut(one, other);
        self.cut(other, one);
    }

    /// Cuts one direction.
    pub fn cut(&mut self, from: SocketAddr, to: SocketAddr) {
        if !self.cuts.contains(&(from, to)) {
            self.cuts.push((from, to));
        }
    }

    /// Ends every cut.
    pub fn heal(&mut self) {
        self.cuts.clear();
    }

    /// Sends a datagram.
    ///
    /// # Panics
    /// When more than [`MAX_IN_FLIGHT`] are under way.
    pub fn send(&mut self, now: Instant, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        self.counters.sent += 1;
        let link = *self.links.get(&(from, to)).unwrap_or(&self.default_link);
        let fate = self.draw_fate(link, from, to);
        self.remember(now, from, to, bytes, fate);
        let copies = match fate {
            Fate::CutOff | Fate::Lost => 0,
            Fate::Passed | Fate::HeldBack => 1,
            Fate::Duplicated => 2,
        };
        for _ in 0..copies {
            let arrival = now + self.draw_delay(link, fate);
            self.put_in_flight(arrival, from, to, bytes);
        }
    }

    /// When the next datagram arrives.
    pub fn next_arrival(&self) -> Option<Instant> {
        self.in_flight.peek().map(|Reverse(next)| next.arrival)
    }

    /// Takes out one datagram that has arrived by `now`.
    pub fn deliver(&mut self, now: Instant) -> Option<Delivery> {
        if self.next_arrival()? > now {
            return None;
        }
        let Reverse(arrived) = self.in_flight.pop()?;
        self.counters.delivered += 1;
        Some(arrived.datagram)
    }

    /// What happened so far.
    pub fn counters(&self) -> NetCounters {
        self.counters
    }

    /// The last datagrams and their fates, one a line.
    pub fn trace(&self) -> impl Iterator<Item = &TraceLine> {
        self.trace.iter()
    }

    fn draw_fate(&mut self, link: LinkProfile, from: SocketAddr, to: SocketAddr) -> Fate {
        if self.cuts.contains(&(from, to)) {
            self.counters.cut_off += 1;
            Fate::CutOff
        } else if self.random.happens(link.loss) {
            self.counters.lost += 1;
            Fate::Lost
        } else if self.random.happens(link.duplication) {
            self.counters.duplicated += 1;
            Fate::Duplicated
        } else if self.random.happens(link.reordering) {
            self.counters.reordered += 1;
            Fate::HeldBack
        } else {
            Fate::Passed
        }
    }

    fn draw_delay(&mut self, link: LinkProfile, fate: Fate) -> Duration {
        let jitter = self.random.below(link.jitter.as_micros() + 1);
        let delay = link.latency + Duration::from_micros(jitter);
        match fate {
            Fate::HeldBack => delay + link.reordering_delay,
            Fate::Passed | Fate::Duplicated | Fate::Lost | Fate::CutOff => delay,
        }
    }

    fn put_in_flight(&mut self, arrival: Instant, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        assert!(
            self.in_flight.len() < MAX_IN_FLIGHT,
            "{MAX_IN_FLIGHT} datagrams are under way: the nodes feed each other a storm"
        );
        self.sequence += 1;
        let datagram = Delivery {
            from,
            to,
            bytes: bytes.to_vec(),
        };
        self.in_flight.push(Reverse(InFlight {
            arrival,
            sequence: self.sequence,
            datagram,
        }));
    }

    fn remember(
        &mut self,
        at: Instant,
        from: SocketAddr,
        to: SocketAddr,
        bytes: &[u8],
        fate: Fate,
    ) {
        if self.trace.len() == TRACE_LENGTH {
            self.trace.pop_front();
        }
        self.trace.push_back(TraceLine {
            at,
            from,
            to,
            summary: summary(bytes),
            fate,
        });
    }
}

/// What becomes of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives.
    Passed,
    /// It never arrives.
    Lost,
    /// It arrives twice.
    Duplicated,
    /// It arrives later than its successors.
    HeldBack,
    /// A partition swallowed it.
    CutOff,
}

/// One datagram of the trace.
#[derive(Clone, Debug)]
pub struct TraceLine {
    at: Instant,
    from: SocketAddr,
    to: SocketAddr,
    summary: String,
    fate: Fate,
}

impl fmt::Display for TraceLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.at.as_micros();
        let (seconds, millis) = (micros / 1_000_000, micros / 1_000 % 1_000);
        write!(f, "{seconds:>6}.{millis:03} {} -> {}  ", self.from, self.to)?;
        write!(f, "{}", self.summary)?;
        match self.fate {
            Fate::Passed => Ok(()),
            fate => write!(f, "  [{fate:?}]"),
        }
    }
}

/// First line and CSeq of a SIP message, or the length of something else.
fn summary(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    if !first.contains("SIP/2.0") {
        return format!("{} bytes", bytes.len());
    }
    let cseq = lines.find_map(|line| line.strip_prefix("CSeq:"));
    format!("{first}  [{}]", cseq.unwrap_or("no CSeq").trim())
}

/// A datagram under way, ordered by arrival, then by sending.
#[derive(Debug, PartialEq, Eq)]
struct InFlight {
    arrival: Instant,
    sequence: u64,
    datagram: Delivery,
}

impl Ord for InFlight {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.arrival, self.sequence).cmp(&(other.arrival, other.sequence))
    }
}

impl PartialOrd for InFlight {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests;
