use super::*;

const PERIOD: Duration = Duration::from_secs(5);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn slots(count: usize) -> Slots<usize> {
    let mut slots = Slots::new(3, PERIOD);
    for sockets in 0..count {
        assert_eq!(slots.add(sockets), Some(sockets));
    }
    slots
}

fn stock(slots: &mut Slots<usize>) -> SessionId {
    slots.stock(0).expect("a ready slot")
}

#[test]
fn a_slot_goes_round_and_has_a_new_name_each_time() {
    let mut slots = slots(1);
    let first = stock(&mut slots);
    assert_eq!((first.thread(), first.slot()), (3, 0));
    assert!(slots.stock(0).is_none());
    assert!(slots.start(first).is_some());
    assert!(slots.stop(first, seconds(10)).is_some());
    slots.expire(seconds(14));
    assert!(slots.stock(0).is_none(), "not quiet for long enough");
    slots.expire(seconds(15));
    let second = stock(&mut slots);
    assert_eq!(second.slot(), first.slot());
    assert_ne!(second, first);
    assert!(slots.start(first).is_none());
    assert!(slots.stop(first, seconds(16)).is_none());
    assert!(slots.start(second).is_some());
}

#[test]
fn a_pair_that_was_never_started_waits_too() {
    let mut slots = slots(1);
    let session = stock(&mut slots);
    assert!(slots.active(session).is_none());
    assert!(slots.stop(session, seconds(0)).is_some());
    assert!(slots.stop(session, seconds(1)).is_none(), "a second stop");
    assert!(slots.start(session).is_none());
    slots.expire(seconds(5));
    stock(&mut slots);
}

#[test]
fn what_the_stock_did_not_take_is_ready_at_once() {
    let mut slots = slots(2);
    let session = stock(&mut slots);
    slots.unstock(session);
    assert_eq!(stock(&mut slots), session);
    slots.start(session);
    slots.unstock(session);
    assert!(
        slots.active(session).is_some(),
        "a session under way is not taken back"
    );
}

#[test]
fn the_slot_that_rested_longest_is_next() {
    let mut slots = slots(3);
    let sessions = [(); 3].map(|()| stock(&mut slots));
    for (now, slot) in [(1, 2), (2, 0), (3, 1)] {
        slots.stop(sessions[slot], seconds(now));
    }
    slots.expire(seconds(60));
    let order = [(); 3].map(|()| stock(&mut slots).slot());
    assert_eq!(order, [2, 0, 1]);
}

#[test]
fn stray_packets_prolong_the_wait_but_not_for_ever() {
    let mut slots = slots(1);
    let session = stock(&mut slots);
    slots.stop(session, seconds(0));
    let mut now = Duration::ZERO;
    loop {
        now += seconds(1);
        assert!(now < PERIOD * (QUIET_PERIODS_MAX + 1), "waits for ever");
        let (_, session) = slots.arrived(0, now).expect("the slot");
        assert!(session.is_none());
        slots.expire(now);
        if slots.stock(0).is_some() {
            break;
        }
    }
    assert!(now >= PERIOD * QUIET_PERIODS_MAX);
}

#[test]
fn a_stray_packet_soon_after_the_end_costs_one_more_period() {
    let mut slots = slots(1);
    let session = stock(&mut slots);
    slots.stop(session, seconds(0));
    slots.arrived(0, seconds(1));
    slots.expire(seconds(5));
    assert!(slots.stock(0).is_none());
    slots.expire(seconds(10));
    stock(&mut slots);
}

#[test]
fn a_name_that_no_slot_has_finds_nothing() {
    let mut slots = slots(1);
    for number in [0, u64::MAX, 0x100] {
        let session = SessionId::from_u64(number);
        assert!(slots.start(session).is_none());
        assert!(slots.stop(session, seconds(0)).is_none());
    }
    assert!(slots.arrived(7, seconds(0)).is_none());
}

/// Random comings and goings: every slot is in exactly one place.
#[test]
fn no_slot_is_lost_or_given_twice_over_many_sessions() {
    const COUNT: usize = 8;
    let mut slots = slots(COUNT);
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |bound: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % bound
    };
    let mut held: Vec<SessionId> = Vec::new();
    let mut quiet: VecDeque<(usize, Duration)> = VecDeque::new();
    for step in 0..100_000_u32 {
        let now = Duration::from_millis(u64::from(step) * 100);
        slots.expire(now);
        while quiet.front().is_some_and(|(_, due)| *due <= now) {
            quiet.pop_front();
        }
        match next(4) {
            0 | 1 => match slots.stock(0) {
                Some(session) => {
                    assert!(held.iter().all(|other| other.slot() != session.slot()));
                    assert!(quiet.iter().all(|(slot, _)| *slot != session.slot()));
                    held.push(session);
                }
                None => assert_eq!(held.len() + quiet.len(), COUNT),
            },
            2 if !held.is_empty() => {
                let session = held[next(held.len() as u64) as usize];
                assert!(slots.start(session).is_some());
            }
            3 if !held.is_empty() => {
                let session = held.swap_remove(next(held.len() as u64) as usize);
                assert!(slots.stop(session, now).is_some());
                quiet.push_back((session.slot(), now + PERIOD));
            }
            _ => {}
        }
        assert!(slots.active_sessions().count() <= held.len());
    }
}

/// Sockets aside, which the system keeps: a session, and what is shown of it.
#[test]
fn a_session_takes_no_more_than_2112_bytes() {
    let shown = 2 * crate::statistics::Counts::LEN * size_of::<u64>();
    let session = size_of::<Slot<[u64; 3]>>() + shown;
    assert!(session <= 2_112, "{session} bytes");
}
