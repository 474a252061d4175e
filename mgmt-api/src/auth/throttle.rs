//! The delay after failed sign-ins: it grows with each failure, by address and by user name.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Addresses and names that are remembered; beyond it the one that failed longest ago is forgotten.
const ENTRIES_MAX: usize = 10_000;

/// A failure is forgotten after this time without another.
const MEMORY: Duration = Duration::from_secs(15 * 60);

/// Who fails.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    /// An address; of IPv6 the /64 that one customer has.
    Address(IpAddr),
    /// A user name, from wherever. Its delay stays short, so that nobody can lock another out.
    User(String),
    /// Second factors of a user, from wherever. Only who knows the password gets so far, and a code
    /// has six digits, so the delay grows long.
    SecondFactor(String),
}

/// As whom somebody tries to come in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject<'a> {
    /// As the user of that name.
    User(&'a str),
    /// As the user of that name, whose password was right.
    SecondFactor(&'a str),
    /// With a link or a passkey, which cannot be guessed: only the address is counted.
    Nobody,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Instant,
    /// The one before the last, for when the last turns out to be none.
    before: Instant,
}

/// Remembers failures.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    entries: Mutex<HashMap<Key, Failures>>,
}

impl Throttle {
    /// How long to wait before the next try; `None` when none is needed.
    pub(crate) fn wait(
        &self,
        address: Option<IpAddr>,
        subject: Subject<'_>,
        now: Instant,
    ) -> Option<Duration> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        keys(address, subject)
            .filter_map(|key| {
                let failures = entries.get(&key)?;
                let until = failures.last + key.delay(failures.count);
                until
                    .checked_duration_since(now)
                    .filter(|wait| !wait.is_zero())
            })
            .max()
    }

    /// Notes a failure.
    pub(crate) fn failed(&self, address: Option<IpAddr>, subject: Subject<'_>, now: Instant) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys(address, subject) {
            if entries.len() >= ENTRIES_MAX && !entries.contains_key(&key) {
                forget(&mut entries, now);
            }
            let failures = entries.entry(key).or_insert(Failures {
                count: 0,
                last: now,
                before: now,
            });
            if now.duration_since(failures.last) > MEMORY {
                failures.count = 0;
            }
            failures.count = failures.count.saturating_add(1);
            failures.before = std::mem::replace(&mut failures.last, now);
        }
    }

    /// After a success: the failures of the name are forgotten, and the try that was counted for
    /// the address is taken back. What the address failed with other names stays, or whoever has one
    /// account could try those of all others without a delay.
    pub(crate) fn succeeded(&self, address: Option<IpAddr>, subject: Subject<'_>) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys(address, subject) {
            match entries.get_mut(&key) {
                Some(failures) if matches!(key, Key::Address(_)) && failures.count > 1 => {
                    failures.count -= 1;
                    failures.last = failures.before;
                }
                _ => drop(entries.remove(&key)),
            }
        }
    }
}

impl Key {
    fn delay(&self, failures: u32) -> Duration {
        let (free, most) = match self {
            Self::Address(_) => (3, 300),
            Self::User(_) => (10, 5),
            Self::SecondFactor(_) => (5, 900),
        };
        match failures.checked_sub(free) {
            None | Some(0) => Duration::ZERO,
            Some(over) => {
                Duration::from_secs(1_u64.checked_shl(over - 1).map_or(most, |s| s.min(most)))
            }
        }
    }
}

fn keys(address: Option<IpAddr>, subject: Subject<'_>) -> impl Iterator<Item = Key> {
    let address = address.map(|address| Key::Address(network(address)));
    let subject = match subject {
        Subject::User(name) => Some(Key::User(name.to_lowercase())),
        Subject::SecondFactor(name) => Some(Key::SecondFactor(name.to_lowercase())),
        Subject::Nobody => None,
    };
    address.into_iter().chain(subject)
}

/// The address of one who is counted: of IPv6 the /64 network that one customer has.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    prefix(address, 64)
}

/// The network of one who takes places: of IPv6 the /48 of a site (RFC 6177), which has many /64.
pub(crate) fn site(address: IpAddr) -> IpAddr {
    prefix(address, 48)
}

/// The network of an address; of IPv4 the address itself.
fn prefix(address: IpAddr, bits: u32) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let kept = u128::MAX << (128 - bits);
            IpAddr::from((address.to_bits() & kept).to_be_bytes())
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Makes room: all that is old, else the oldest.
fn forget(entries: &mut HashMap<Key, Failures>, now: Instant) {
    entries.retain(|_, failures| now.duration_since(failures.last) <= MEMORY);
    if entries.len() >= ENTRIES_MAX
        && let Some(oldest) = entries.iter().min_by_key(|(_, failures)| failures.last)
    {
        let oldest = oldest.0.clone();
        entries.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)));

    fn seconds(wait: Option<Duration>) -> u64 {
        wait.map_or(0, |wait| wait.as_secs())
    }

    #[test]
    fn the_delay_of_an_address_doubles_up_to_five_minutes() {
        let throttle = Throttle::default();
        let now = Instant::now();
        let delays: Vec<_> = (0..14)
            .map(|number| {
                // Another name each time: it is the address that fails.
                throttle.failed(HERE, Subject::User(&format!("u{number}")), now);
                seconds(throttle.wait(HERE, Subject::User("x"), now))
            })
            .collect();
        assert_eq!(
            delays,
            [0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
        );
        let later = now + Duration::from_secs(300);
        assert_eq!(throttle.wait(HERE, Subject::User("x"), later), None);
    }

    #[test]
    fn a_name_that_is_tried_from_everywhere_waits_a_little_and_is_never_locked_out() {
        let throttle = Throttle::default();
        let now = Instant::now();
        for number in 0..50 {
            let address = IpAddr::from([198, 51, 100, number]);
            throttle.failed(Some(address), Subject::User("Admin"), now);
        }
        assert_eq!(seconds(throttle.wait(HERE, Subject::User("admin"), now)), 5);
        assert_eq!(throttle.wait(HERE, Subject::User("other"), now), None);
    }

    #[test]
    fn second_factors_wait_long_and_links_are_counted_by_address_only() {
        let throttle = Throttle::default();
        let now = Instant::now();
        for number in 0..50 {
            let address = Some(IpAddr::from([198, 51, 100, number]));
            throttle.failed(address, Subject::SecondFactor("ann"), now);
            throttle.failed(address, Subject::Nobody, now);
        }
        let wait = |subject| seconds(throttle.wait(HERE, subject, now));
        assert_eq!(wait(Subject::SecondFactor("Ann")), 900);
        assert_eq!((wait(Subject::User("ann")), wait(Subject::Nobody)), (0, 0));
    }

    #[test]
    fn a_success_does_not_let_its_address_try_other_names_without_a_delay() {
        let throttle = Throttle::default();
        let now = Instant::now();
        for _ in 0..8 {
            throttle.failed(HERE, Subject::User("victim"), now);
            throttle.failed(HERE, Subject::User("own"), now);
            throttle.succeeded(HERE, Subject::User("own"));
        }
        assert_eq!(
            seconds(throttle.wait(HERE, Subject::User("victim"), now)),
            16
        );
        // A name that succeeds is free at once, from elsewhere.
        (0..20).for_each(|_| throttle.failed(None, Subject::User("own"), now));
        throttle.succeeded(None, Subject::User("own"));
        assert_eq!(throttle.wait(None, Subject::User("own"), now), None);
    }

    #[test]
    fn a_quarter_of_an_hour_forgives() {
        let throttle = Throttle::default();
        let now = Instant::now();
        (0..10).for_each(|_| throttle.failed(HERE, Subject::User("u"), now));
        let later = now + MEMORY + Duration::from_secs(1);
        throttle.failed(HERE, Subject::User("u"), later);
        assert_eq!(throttle.wait(HERE, Subject::User("u"), later), None);
    }

    #[test]
    fn the_table_has_an_end() {
        let throttle = Throttle::default();
        let now = Instant::now();
        for number in 0..ENTRIES_MAX + 100 {
            throttle.failed(None, Subject::User(&number.to_string()), now);
        }
        let entries = throttle
            .entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        assert_eq!(entries.len(), ENTRIES_MAX);
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one() {
        let a: IpAddr = IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, 1]);
        let b: IpAddr = IpAddr::from([0x2001, 0xdb8, 0, 1, 9, 9, 9, 9]);
        assert_eq!(network(a), network(b));
        let c: IpAddr = IpAddr::from([0x2001, 0xdb8, 0, 2, 0, 0, 0, 1]);
        let d: IpAddr = IpAddr::from([0x2001, 0xdb8, 1, 1, 0, 0, 0, 1]);
        assert_ne!(network(a), network(c));
        assert_eq!(site(a), site(c));
        assert_ne!(site(a), site(d));
    }
}
