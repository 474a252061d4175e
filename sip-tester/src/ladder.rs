//! A SIP ladder: every message of a call with its time, for a terminal or as JSON.

mod render;

use serde::Serialize;
use sip_core::Instant;
use std::net::SocketAddr;

/// Messages one ladder keeps. A call that exceeds it shows how many are missing.
pub const MAX_ENTRIES: usize = 256;

/// Which way a message went, seen from the agent that recorded it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Sent by the recording agent.
    Sent,
    /// Received by the recording agent.
    Received,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Microseconds on the recorder's clock.
    pub at_us: u64,
    /// Seen from the recorder.
    pub direction: Direction,
    /// Where it came from.
    pub from: SocketAddr,
    /// Where it went.
    pub to: SocketAddr,
    /// Request line or status line.
    pub first_line: String,
    /// Content of CSeq: tells the 200 of an INVITE from that of a BYE.
    pub cseq: String,
    /// Call-ID.
    pub call_id: String,
    /// A session description is in the body.
    pub with_sdp: bool,
    /// The same line with the same CSeq went the same way before.
    pub retransmission: bool,
}

/// The messages of one call in the order of time, possibly seen by several agents.
///
/// `Display` draws the ladder for a terminal, at most 110 columns wide; `Serialize` gives the
/// entries. Endpoints are drawn from left to right as they were labelled, then as they appear:
///
/// ```
/// # use sip_tester::ladder::Ladder;
/// # fn show(customer: &Ladder, carrier_a: &Ladder, carrier_b: &Ladder) -> Result<(), Box<dyn std::error::Error>> {
/// let mut ladder = Ladder::merge([customer, carrier_a, carrier_b]);
/// ladder.label("127.0.0.1:5070".parse()?, "customer");
/// ladder.label("127.0.0.1:5060".parse()?, "switch");
/// ladder.label("127.0.0.1:5081".parse()?, "carrier A");
/// ladder.label("127.0.0.1:5082".parse()?, "carrier B");
/// let drawn = ladder.to_string();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ladder {
    entries: Vec<Entry>,
    /// Messages beyond [`MAX_ENTRIES`].
    dropped: u64,
    /// Names of endpoints; several addresses with one name are one column.
    labels: Vec<Label>,
}

/// The name of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Label {
    address: SocketAddr,
    name: String,
}

/// What is recorded of one message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    pub(crate) direction: Direction,
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) first_line: &'a str,
    pub(crate) cseq: &'a str,
    pub(crate) call_id: &'a str,
    pub(crate) with_sdp: bool,
}

impl Ladder {
    /// Names an endpoint. Endpoints with the same name share a column; columns stand in the order
    /// of their first label.
    pub fn label(&mut self, address: SocketAddr, name: &str) {
        self.labels.retain(|label| label.address != address);
        self.labels.push(Label {
            address,
            name: name.to_owned(),
        });
    }

    /// The messages, by time.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Messages that did not fit.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Each message in a word or two, for comparing: `INVITE`, `180 INVITE`, and `*INVITE` for a
    /// retransmission.
    pub fn outline(&self) -> Vec<String> {
        let outline = self.entries.iter().map(|entry| {
            let repeated = if entry.retransmission { "*" } else { "" };
            match entry.status() {
                Some(status) => format!("{repeated}{status} {}", entry.method()),
                None => format!("{repeated}{}", entry.method()),
            }
        });
        outline.collect()
    }

    /// One ladder of what several agents saw, on one clock. A message that both its sender and
    /// its receiver recorded appears once, as sent.
    pub fn merge<'a>(ladders: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut merged = Self::default();
        for ladder in ladders {
            merged.entries.extend(ladder.entries.iter().cloned());
            merged.dropped += ladder.dropped;
            for label in &ladder.labels {
                merged.label(label.address, &label.name);
            }
        }
        merged.entries.sort_by_key(|entry| entry.at_us);
        merged.drop_receptions_of_recorded_sendings();
        merged
    }

    pub(crate) fn record(&mut self, now: Instant, record: Record<'_>) {
        if self.entries.len() >= MAX_ENTRIES {
            self.dropped += 1;
            return;
        }
        let mut entry = Entry {
            at_us: now.as_micros(),
            direction: record.direction,
            from: record.from,
            to: record.to,
            first_line: record.first_line.to_owned(),
            cseq: record.cseq.to_owned(),
            call_id: record.call_id.to_owned(),
            with_sdp: record.with_sdp,
            retransmission: false,
        };
        entry.retransmission = self
            .entries
            .iter()
            .any(|earlier| earlier.is_same_message(&entry));
        self.entries.push(entry);
    }

    fn drop_receptions_of_recorded_sendings(&mut self) {
        let mut unmatched: Vec<Entry> = Vec::new();
        self.entries.retain(|entry| match entry.direction {
            Direction::Sent => {
                unmatched.push(entry.clone());
                true
            }
            Direction::Received => {
                let sent = unmatched
                    .iter()
                    .position(|sent| sent.is_same_message(entry));
                sent.map(|index| unmatched.remove(index)).is_none()
            }
        });
    }
}

impl Entry {
    /// A request, not a response.
    pub fn is_request(&self) -> bool {
        !self.first_line.starts_with("SIP/")
    }

    /// Status of a response.
    pub fn status(&self) -> Option<u16> {
        let line = self.first_line.strip_prefix("SIP/2.0 ")?;
        line.get(..3)?.parse().ok()
    }

    /// Method of a request, or of the request that a response answers.
    pub fn method(&self) -> &str {
        let (text, at_end) = if self.is_request() {
            (self.first_line.as_str(), false)
        } else {
            (self.cseq.as_str(), true)
        };
        let mut words = text.split_ascii_whitespace();
        let word = if at_end {
            words.next_back()
        } else {
            words.next()
        };
        word.unwrap_or("?")
    }

    fn is_same_message(&self, other: &Self) -> bool {
        (
            self.from,
            self.to,
            &self.first_line,
            &self.cseq,
            &self.call_id,
        ) == (
            other.from,
            other.to,
            &other.first_line,
            &other.cseq,
            &other.call_id,
        )
    }
}

#[cfg(test)]
mod tests;
