#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use std::sync::Barrier;

const CUSTOMER: usize = 0;
const TRUNK: usize = 1;

struct Door {
    limiters: [Arc<Limiter>; 2],
    limits: [Limits; 2],
}

impl Door {
    fn new(customer: Limits, trunk: Limits) -> Self {
        Self {
            limiters: [Arc::default(), Arc::default()],
            limits: [customer, trunk],
        }
    }

    fn gates(&self) -> [Gate<'_>; 2] {
        let gate = |index: usize, cps_reason, channels_reason| {
            let reasons = [cps_reason, channels_reason];
            Gate::of_resource(&self.limiters[index], self.limits[index], reasons)
        };
        [
            gate(
                CUSTOMER,
                ReleaseReason::CustomerCpsLimit,
                ReleaseReason::CustomerChannelLimit,
            ),
            gate(
                TRUNK,
                ReleaseReason::TrunkCpsLimit,
                ReleaseReason::TrunkChannelLimit,
            ),
        ]
    }

    fn pass(&self, now_us: u64) -> Result<Permits, ReleaseReason> {
        let passed = LiveAdmission.pass(&self.gates(), now_us);
        passed.map(|passed| passed.permits)
    }

    fn in_use(&self) -> [u32; 2] {
        [0, 1].map(|index| self.limiters[index].channels_in_use())
    }
}

const NONE: Limits = Limits {
    cps: None,
    channels: None,
    smoothing_ms: 0,
};

#[test]
fn channels_are_taken_up_to_the_limit_and_come_back_on_drop() {
    let door = Door::new(Limits::new(None, Some(2)), NONE);
    let first = door.pass(0).unwrap();
    let second = door.pass(0).unwrap();
    assert_eq!(door.in_use(), [2, 2]);
    assert_eq!(
        door.pass(0).unwrap_err(),
        ReleaseReason::CustomerChannelLimit
    );
    assert_eq!(door.in_use(), [2, 2]);
    drop(first);
    let third = door.pass(0).unwrap();
    drop((second, third));
    assert_eq!(door.in_use(), [0, 0]);
}

#[test]
fn each_full_gate_gives_its_own_reason() {
    let one_cps = Limits::new(Some(1), None);
    let one_channel = Limits::new(None, Some(1));
    let cases = [
        (one_cps, NONE, ReleaseReason::CustomerCpsLimit),
        (NONE, one_cps, ReleaseReason::TrunkCpsLimit),
        (one_channel, NONE, ReleaseReason::CustomerChannelLimit),
        (NONE, one_channel, ReleaseReason::TrunkChannelLimit),
    ];
    for (customer, trunk, reason) in cases {
        let door = Door::new(customer, trunk);
        let _held = door.pass(0).unwrap();
        assert_eq!(door.pass(0).unwrap_err(), reason);
        assert_eq!(
            DryAdmission.pass(&door.gates(), 0).unwrap_err(),
            reason,
            "a look gives the same reason"
        );
    }
}

#[test]
fn a_call_that_one_gate_refuses_takes_nothing_from_the_other() {
    let door = Door::new(
        Limits::new(Some(10), Some(1)),
        Limits::new(Some(1), Some(1)),
    );
    let held = door.pass(0).unwrap();
    // The trunk is at its one call a second; the customer's turns must not be used up by this.
    for now_us in (100_000..900_000).step_by(1_000) {
        assert_eq!(door.pass(now_us).unwrap_err(), ReleaseReason::TrunkCpsLimit);
    }
    assert!(
        door.limiters[CUSTOMER]
            .look_cps(door.limits[CUSTOMER], 900_000_000, 0)
            .is_some()
    );
    assert_eq!(
        door.pass(1_000_000).unwrap_err(),
        ReleaseReason::CustomerChannelLimit
    );
    drop(held);
    assert!(door.pass(1_000_001).is_ok());
    assert_eq!(door.in_use(), [0, 0]);
}

#[test]
fn a_call_beyond_the_pace_is_held_as_long_as_the_slower_gate_says() {
    let door = Door::new(
        Limits::new(Some(10), None).smoothed(1_000),
        Limits::new(Some(5), None).smoothed(1_000),
    );
    let pass = |admission: &mut dyn FnMut(&[Gate<'_>]) -> Result<Passed, ReleaseReason>| {
        admission(&door.gates()).map(|passed| passed.hold_us)
    };
    let mut live = |gates: &[Gate<'_>]| LiveAdmission.pass(gates, 1_000_000);
    assert_eq!(pass(&mut live), Ok(0));
    let mut dry = |gates: &[Gate<'_>]| DryAdmission.pass(gates, 1_000_000);
    assert_eq!(pass(&mut dry), Ok(200_000), "a look says the same");
    let mut prompt = |gates: &[Gate<'_>]| PromptAdmission.pass(gates, 1_000_000);
    assert_eq!(pass(&mut prompt), Err(ReleaseReason::CustomerCpsLimit));
    let mut live = |gates: &[Gate<'_>]| LiveAdmission.pass(gates, 1_000_000);
    for hold_us in [200_000, 400_000, 600_000, 800_000, 1_000_000] {
        assert_eq!(pass(&mut live), Ok(hold_us));
    }
    assert_eq!(pass(&mut live), Err(ReleaseReason::TrunkCpsLimit));
    // The refused call left the customer's turns to others.
    let customer = door.limiters[CUSTOMER].look_cps(door.limits[CUSTOMER], 1_000_000_000, u64::MAX);
    assert_eq!(customer, Some(600_000_000));
}

#[test]
fn a_look_takes_nothing() {
    let door = Door::new(Limits::new(Some(1), Some(1)), Limits::new(Some(1), Some(1)));
    for _ in 0..10 {
        let passed = DryAdmission.pass(&door.gates(), 0).unwrap();
        assert!(passed.permits.is_empty());
    }
    assert_eq!(door.in_use(), [0, 0]);
    assert_eq!(door.pass(0).unwrap().len(), 2);
}

#[test]
fn without_a_limit_channels_are_counted_all_the_same() {
    let door = Door::new(NONE, NONE);
    let held: Vec<_> = (0..1_000).map(|_| door.pass(0).unwrap()).collect();
    assert_eq!(door.in_use(), [1_000, 1_000]);
    drop(held);
    assert_eq!(door.in_use(), [0, 0]);
}

#[test]
fn many_threads_never_exceed_the_channels_and_leave_none_behind() {
    const THREADS: usize = 8;
    const CHANNELS: u32 = 5;
    let door = Door::new(Limits::new(None, Some(CHANNELS)), NONE);
    let barrier = Barrier::new(THREADS);
    let most_seen = AtomicU32::new(0);
    let passed = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                barrier.wait();
                for _ in 0..20_000 {
                    if let Ok(_permits) = door.pass(0) {
                        most_seen.fetch_max(door.in_use()[CUSTOMER], Ordering::Relaxed);
                        passed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert!(most_seen.into_inner() <= CHANNELS);
    assert!(passed.into_inner() > 20_000);
    assert_eq!(door.in_use(), [0, 0]);
}

#[test]
fn many_threads_together_get_no_more_than_the_limit_of_calls_a_second() {
    const THREADS: u64 = 8;
    const CPS: u32 = 1_000;
    let door = Door::new(Limits::new(Some(CPS), None), NONE);
    let passed = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                // Each thread lives through the same two seconds, a call every 100 microseconds.
                for now_us in (0..2_000_000).step_by(100) {
                    if door.pass(now_us).is_ok() {
                        passed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    // Threads run apart, so a late one finds the turns of its past gone: never more than paced.
    let burst = u64::from(CPS) * BURST_TOLERANCE_NS / 1_000_000_000 + 1;
    let passed = u64::from(passed.into_inner());
    assert!(passed <= 2 * u64::from(CPS) + burst, "{passed}");
    assert!(passed >= 2 * u64::from(CPS) - burst, "{passed}");
    assert_eq!(door.in_use(), [0, 0]);
}
