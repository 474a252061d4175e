//! Whatever comes in whatever order, transactions stay within their limit and end.

use super::{LIMITS, SOURCE};
use sip_core::ticket::TicketText;
use sip_core::transaction::{
    ClientId, Matched, Outbox, Path, ServerId, Timings, TransactionConfig, TransactionTable,
    Transport,
};
use sip_core::{
    Duration, HeaderName, Instant, Message, MessageWriter, Method, RecordRoutes, TicketKey,
};

/// Few, so that the limit is met.
const TRANSACTIONS_MAX: u32 = 24;
/// After this nothing that was begun may be left: the longest timers, one after the other.
const LONGEST: Duration = Duration::from_secs(200);
const METHODS: [Method<'_>; 6] = [
    Method::Invite,
    Method::Ack,
    Method::Cancel,
    Method::Bye,
    Method::Options,
    Method::Prack,
];
const STATUSES: [u16; 8] = [100, 180, 183, 200, 302, 401, 487, 503];

/// A table with both sides around it, driven byte by byte.
struct Bench<'b> {
    input: std::slice::Iter<'b, u8>,
    table: TransactionTable<u8>,
    outbox: Outbox,
    now: Instant,
    path: Path,
    clients: Vec<ClientId>,
    servers: Vec<ServerId>,
    /// Requests of ours, for responses to them.
    requests: Vec<Vec<u8>>,
}

/// Inputs of a transaction table.
pub fn transactions(bytes: &[u8]) {
    let transport = match bytes.first().copied().unwrap_or(0) % 2 {
        0 => Transport::Udp,
        _ => Transport::Tcp,
    };
    let mut bench = Bench::new(bytes, transport);
    while let Some(step) = bench.input.next() {
        bench.step(*step);
        assert!(bench.table.len() <= TRANSACTIONS_MAX as usize);
        bench.collect();
    }
    bench.end();
}

impl<'b> Bench<'b> {
    fn new(bytes: &'b [u8], transport: Transport) -> Self {
        let now = Instant::from_micros(1_000_000);
        let config = TransactionConfig {
            timings: Timings::default(),
            max_transactions: TRANSACTIONS_MAX,
            shard: 1,
            ticket_key: TicketKey::new([3; 16]),
            secret: [4; 16],
        };
        Self {
            input: bytes.iter(),
            table: TransactionTable::new(config, now),
            outbox: Outbox::default(),
            now,
            path: Path {
                transport,
                listener: 0,
                remote: SOURCE,
                connection: None,
                host: None,
            },
            clients: Vec::new(),
            servers: Vec::new(),
            requests: Vec::new(),
        }
    }

    fn next(&mut self) -> usize {
        self.input.next().copied().map_or(0, usize::from)
    }

    fn step(&mut self, step: u8) {
        match step % 8 {
            0 => self.send(),
            1 | 2 => self.hear_response(),
            3 | 4 => self.hear_request(),
            5 => self.respond(),
            6 => self.cancel(),
            _ => {
                let millis = self.next() as u64 * 200;
                self.pass(Duration::from_millis(millis));
            }
        }
    }

    fn send(&mut self) {
        let method = match self.next() % 2 {
            0 => Method::Invite,
            _ => Method::Bye,
        };
        let (path, now) = (self.path, self.now);
        let sent = self
            .table
            .open_client(now, method, path, 1, &mut self.outbox, |out, branch| {
                let mut writer = MessageWriter::request(out, method, "sip:a@192.0.2.77");
                writer.via(path.transport.as_str(), "198.51.100.1:5060", branch, true);
                writer.header(HeaderName::From, "<sip:x@198.51.100.1>;tag=1");
                writer.header(HeaderName::To, "<sip:a@192.0.2.77>");
                writer.header(HeaderName::CallId, "ours");
                writer.cseq(1, method).finish();
            });
        self.clients.extend(sent);
    }

    /// A response of the other side to something that we sent, also when it is long over.
    fn hear_response(&mut self) {
        let (which, status) = (self.next(), STATUSES[self.next() % STATUSES.len()]);
        let Some(request) = self.requests.get(which % self.requests.len().max(1)) else {
            return;
        };
        let Ok(request) = Message::parse(request, &LIMITS) else {
            return;
        };
        let mut out = Vec::new();
        MessageWriter::reply_to(&mut out, &request, SOURCE, status, "-", Some("b")).finish();
        if let Ok(response) = Message::parse(&out, &LIMITS) {
            let _ = self
                .table
                .match_response(self.now, &response, &mut self.outbox);
        }
    }

    /// A request of the other side: one of a few, so that they come again and meet one another.
    fn hear_request(&mut self) {
        let (which, method) = (self.next() % 5, METHODS[self.next() % METHODS.len()]);
        let text = format!(
            "{method} sip:us@198.51.100.1 SIP/2.0\r\n\
             Via: SIP/2.0/{} 192.0.2.77:5099;branch=z9hG4bK{which};rport\r\n\
             From: <sip:p@192.0.2.77>;tag=p\r\nTo: <sip:us@198.51.100.1>\r\n\
             Call-ID: theirs-{which}\r\nCSeq: {which} {method}\r\nContent-Length: 0\r\n\r\n",
            self.path.transport.as_str()
        );
        let Ok(request) = Message::parse(text.as_bytes(), &LIMITS) else {
            return;
        };
        let matched = self
            .table
            .match_request(self.now, &request, &mut self.outbox);
        if let Ok(Matched::New(key)) = matched
            && method != Method::Ack
        {
            let opened = self
                .table
                .open_server(key, &request, self.path, TicketText::new(), 2);
            self.servers.extend(opened);
        }
    }

    fn respond(&mut self) {
        let (which, status) = (self.next(), STATUSES[self.next() % STATUSES.len()]);
        let Some(server) = self.servers.get(which % self.servers.len().max(1)).copied() else {
            return;
        };
        self.answer(server, status);
    }

    fn answer(&mut self, server: ServerId, status: u16) {
        let routes = RecordRoutes::Omit;
        self.table.respond(
            self.now,
            server,
            status,
            "-",
            routes,
            &mut self.outbox,
            |writer| writer.finish(),
        );
    }

    fn cancel(&mut self) {
        let which = self.next();
        if let Some(client) = self.clients.get(which % self.clients.len().max(1)) {
            self.table.cancel(self.now, *client, None, &mut self.outbox);
        }
    }

    fn pass(&mut self, length: Duration) {
        let end = self.now + length;
        while let Some(next) = self.table.poll_timeout().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            while self
                .table
                .handle_timeout(self.now, &mut self.outbox)
                .is_some()
            {}
            self.collect();
        }
        self.now = end;
    }

    /// What is sent can be read again, and stays for responses.
    fn collect(&mut self) {
        while let Some(transmit) = self.outbox.pop() {
            let message =
                Message::parse(transmit.bytes, &LIMITS).expect("what is sent is a message");
            if message.is_request() && self.requests.len() < 64 {
                self.requests.push(transmit.bytes.to_vec());
            }
        }
    }

    /// The TU does its part, and then everything ends by itself.
    fn end(&mut self) {
        for server in std::mem::take(&mut self.servers) {
            self.answer(server, 500);
        }
        for client in std::mem::take(&mut self.clients) {
            self.table.cancel(self.now, client, None, &mut self.outbox);
        }
        self.pass(LONGEST);
        assert_eq!(self.table.len(), 0, "a transaction outlived its timers");
        assert_eq!(self.table.timers(), 0, "a timer outlived its transaction");
        assert_eq!(self.table.poll_timeout(), None);
    }
}
