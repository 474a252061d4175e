#![allow(clippy::unwrap_used, reason = "a panic is the failure")]

use super::*;
use std::collections::BTreeMap;

fn at(millis: u64) -> Instant {
    Instant::from_micros(millis * 1_000)
}

fn expired(wheel: &mut TimerWheel, now: Instant) -> Vec<u32> {
    let mut ids: Vec<u32> = std::iter::from_fn(|| wheel.expire(now))
        .map(|id| id.0)
        .collect();
    ids.sort_unstable();
    ids
}

#[test]
fn a_timer_fires_once_and_never_early() {
    let mut wheel = TimerWheel::new(at(0), 1);
    wheel.arm(
        TimerId(3),
        Instant::from_micros(250),
        Duration::from_millis(500),
    );
    assert_eq!(
        expired(&mut wheel, at(500)),
        [],
        "a quarter of a millisecond to go"
    );
    assert_eq!(expired(&mut wheel, at(501)), [3]);
    assert_eq!(expired(&mut wheel, at(10_000)), []);
    assert_eq!(wheel.armed(), 0);
}

#[test]
fn a_deadline_armed_again_replaces_the_first() {
    let mut wheel = TimerWheel::new(at(0), 1);
    wheel.arm(TimerId(0), at(0), Duration::from_millis(10));
    wheel.arm(TimerId(0), at(0), Duration::from_secs(10));
    assert_eq!(wheel.armed(), 1);
    assert_eq!(expired(&mut wheel, at(9_999)), []);
    assert_eq!(expired(&mut wheel, at(10_000)), [0]);
}

#[test]
fn a_cancelled_timer_is_gone_even_when_its_time_had_come() {
    let mut wheel = TimerWheel::new(at(0), 2);
    wheel.arm(TimerId(0), at(0), Duration::from_millis(5));
    wheel.arm(TimerId(1), at(0), Duration::from_millis(5));
    let first = wheel.expire(at(5)).unwrap();
    wheel.cancel(TimerId(1 - first.0));
    assert_eq!(wheel.expire(at(5)), None);
}

#[test]
fn a_deadline_beyond_the_reach_waits_its_time() {
    let mut wheel = TimerWheel::new(at(7), 1);
    let far = Duration::from_millis(3 * REACH + 12_345);
    wheel.arm(TimerId(0), at(7), far);
    let mut now = at(7);
    while let Some(next) = wheel.next_deadline() {
        assert!(next > now, "the wheel must make progress");
        now = next;
        if wheel.expire(now).is_some() {
            break;
        }
    }
    assert_eq!(now, at(7) + far);
}

/// Random arming, cancelling and waiting, against a sorted map.
#[test]
fn it_agrees_with_a_sorted_map() {
    for seed in 1..=20 {
        run_against_the_map(seed);
    }
}

fn run_against_the_map(seed: u64) {
    let mut state = seed;
    let mut random = move |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut now = at(random(1_000_000));
    let mut wheel = TimerWheel::new(now, 64);
    let mut map: BTreeMap<u32, u64> = BTreeMap::new();
    for _ in 0..5_000 {
        let id = random(64) as u32;
        match random(4) {
            0 | 1 => {
                let length = 1 << random(24);
                let length = Duration::from_micros(random(length) * 100);
                wheel.arm(TimerId(id), now, length);
                map.insert(id, (now + length).as_micros().div_ceil(1_000));
            }
            2 => {
                wheel.cancel(TimerId(id));
                map.remove(&id);
            }
            _ => {
                let length = 1 << random(20);
                now += Duration::from_micros(random(length) * 100);
                let due: Vec<u32> = map
                    .iter()
                    .filter(|(_, tick)| **tick <= now.as_micros() / 1_000)
                    .map(|(id, _)| *id)
                    .collect();
                map.retain(|id, _| !due.contains(id));
                assert_eq!(expired(&mut wheel, now), due, "seed {seed}");
            }
        }
        assert_eq!(wheel.armed(), map.len(), "seed {seed}");
        let earliest = map.values().min().copied();
        let next = wheel.next_deadline().map(|next| next.as_micros() / 1_000);
        assert_eq!(next.is_some(), earliest.is_some(), "seed {seed}");
        assert!(next <= earliest, "seed {seed}: woken too late");
    }
}
