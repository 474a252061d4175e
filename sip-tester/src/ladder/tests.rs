use super::*;

const CUSTOMER: &str = "127.0.0.1:5070";
const SWITCH: &str = "127.0.0.1:5060";
const CARRIER_A: &str = "127.0.0.1:5081";
const CARRIER_B: &str = "127.0.0.1:5082";

fn address(text: &str) -> SocketAddr {
    text.parse().expect("a literal address")
}

struct Script {
    ladder: Ladder,
    call_id: &'static str,
}

impl Script {
    fn of(call_id: &'static str) -> Self {
        let ladder = Ladder::default();
        Self { ladder, call_id }
    }

    fn message(self, at_ms: u64, from: &str, to: &str, line: &str, cseq: &str) -> Self {
        self.seen(Direction::Sent, at_ms * 1_000, from, to, line, cseq)
    }

    fn seen(
        mut self,
        direction: Direction,
        at_us: u64,
        from: &str,
        to: &str,
        first_line: &str,
        cseq: &str,
    ) -> Self {
        let record = Record {
            direction,
            from: address(from),
            to: address(to),
            first_line,
            cseq,
            call_id: self.call_id,
            with_sdp: first_line.starts_with("INVITE") || first_line.ends_with("200 OK"),
        };
        self.ladder.record(Instant::from_micros(at_us), record);
        self
    }
}

fn customer_side() -> Ladder {
    Script::of("in")
        .message(
            0,
            CUSTOMER,
            SWITCH,
            "INVITE sip:442071234567@127.0.0.1 SIP/2.0",
            "1 INVITE",
        )
        .message(1, SWITCH, CUSTOMER, "SIP/2.0 100 Trying", "1 INVITE")
        .message(640, SWITCH, CUSTOMER, "SIP/2.0 180 Ringing", "1 INVITE")
        .message(2_650, SWITCH, CUSTOMER, "SIP/2.0 200 OK", "1 INVITE")
        .message(
            2_651,
            CUSTOMER,
            SWITCH,
            "ACK sip:switch@127.0.0.1:5060 SIP/2.0",
            "1 ACK",
        )
        .ladder
}

fn carrier_side() -> Ladder {
    Script::of("out")
        .message(
            2,
            SWITCH,
            CARRIER_A,
            "INVITE sip:442071234567@127.0.0.1:5081 SIP/2.0",
            "1 INVITE",
        )
        .message(
            4,
            CARRIER_A,
            SWITCH,
            "SIP/2.0 503 Service Unavailable",
            "1 INVITE",
        )
        .message(
            5,
            SWITCH,
            CARRIER_A,
            "ACK sip:442071234567@127.0.0.1:5081 SIP/2.0",
            "1 ACK",
        )
        .message(
            6,
            SWITCH,
            CARRIER_B,
            "INVITE sip:442071234567@127.0.0.1:5082 SIP/2.0",
            "1 INVITE",
        )
        .message(639, CARRIER_B, SWITCH, "SIP/2.0 180 Ringing", "1 INVITE")
        .ladder
}

#[test]
fn two_endpoints_are_drawn_side_by_side() {
    let drawn = customer_side().to_string();
    let expected = include_str!("../../testdata/two_column_ladder.txt");
    assert_eq!(drawn, expected, "\n{drawn}");
}

#[test]
fn a_failover_is_drawn_across_four_named_columns() {
    let mut ladder = Ladder::merge([&customer_side(), &carrier_side()]);
    for (address, name) in [
        (CUSTOMER, "customer"),
        (SWITCH, "switch"),
        (CARRIER_A, "carrier A"),
        (CARRIER_B, "carrier B"),
    ] {
        ladder.label(self::address(address), name);
    }
    let drawn = ladder.to_string();
    let widest = drawn.lines().map(str::len).max().unwrap_or(0);
    assert!(widest <= 110, "{widest} columns\n{drawn}");
    assert_eq!(
        drawn,
        include_str!("../../testdata/failover_ladder.txt"),
        "\n{drawn}"
    );
}

#[test]
fn a_message_that_both_ends_recorded_is_drawn_once() {
    let line = "OPTIONS sip:127.0.0.1:5060 SIP/2.0";
    let sender = Script::of("x").seen(Direction::Sent, 10, CUSTOMER, SWITCH, line, "1 OPTIONS");
    let receiver = Script::of("x")
        .seen(Direction::Received, 12, CUSTOMER, SWITCH, line, "1 OPTIONS")
        .seen(
            Direction::Received,
            500_012,
            CUSTOMER,
            SWITCH,
            line,
            "1 OPTIONS",
        );
    let merged = Ladder::merge([&receiver.ladder, &sender.ladder]);
    let seen: Vec<_> = merged
        .entries()
        .iter()
        .map(|e| (e.at_us, e.direction))
        .collect();
    assert_eq!(
        seen,
        [(10, Direction::Sent), (500_012, Direction::Received)]
    );
}

#[test]
fn a_full_ladder_counts_what_it_leaves_out() {
    let mut script = Script::of("x");
    for index in 0..MAX_ENTRIES as u64 + 5 {
        script = script.message(index, CUSTOMER, SWITCH, "BYE sip:x SIP/2.0", "2 BYE");
    }
    assert_eq!(script.ladder.entries().len(), MAX_ENTRIES);
    assert!(
        script
            .ladder
            .to_string()
            .ends_with("(5 further messages were not recorded)\n")
    );
}

#[test]
fn no_line_is_too_wide_whatever_the_endpoints_and_texts_are() {
    let mut script = Script::of("x");
    for index in 0..9 {
        let from = format!("[2001:db8:1:2:3:4:5:{index}]:5060");
        let line = format!("INVITE sip:{}@é.example SIP/2.0", "9".repeat(200));
        script = script.message(index, &from, SWITCH, &line, "1 INVITE");
    }
    let drawn = script.ladder.to_string();
    assert!(drawn.is_ascii());
    assert!(drawn.lines().all(|line| line.len() <= 110), "\n{drawn}");
}

#[test]
fn entries_tell_method_and_status() {
    let ladder = customer_side();
    let told: Vec<_> = ladder
        .entries()
        .iter()
        .map(|e| (e.method(), e.status()))
        .collect();
    assert_eq!(told[0], ("INVITE", None));
    assert_eq!(told[2], ("INVITE", Some(180)));
    assert_eq!(told[4], ("ACK", None));
}
