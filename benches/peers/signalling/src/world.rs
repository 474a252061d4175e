//! What every peer must know, and the calls that are placed: the same for all, and the same each time.

use crate::sockets;
use flate2::read::GzDecoder;
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::PathBuf;

pub(crate) const CUSTOMERS: u8 = 64;
/// Carriers that answer; all are reached at [`CARRIER`].
pub(crate) const CARRIERS: usize = 10;
pub(crate) const CARRIER: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(127, 0, 4, 11), 5060);
/// A carrier that refuses every call with 503, and is the first route of numbers of [`REFUSED`].
pub(crate) const REFUSING: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(127, 0, 4, 19), 5060);
/// The numbers that the refusing carrier is asked for first.
pub(crate) const REFUSED: &str = "998";
/// Port of the callers; each customer has an address of its own.
pub(crate) const CALLER_PORT: u16 = 5071;
/// Calls that are placed in turn.
const CALLS: usize = 6_400;

/// Where a customer calls from.
pub(crate) fn customer_address(customer: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 5, customer)
}

/// Every second customer dials with a tech prefix.
pub(crate) fn tech_prefix(customer: u8) -> Option<u32> {
    (customer % 2 == 1).then_some(7_000 + u32::from(customer))
}

/// What a carrier wants before the number.
pub(crate) fn carrier_prefix(carrier: usize) -> String {
    format!("9{}9", carrier % 10)
}

/// A call to place.
pub(crate) struct Dialled {
    pub(crate) from: Ipv4Addr,
    pub(crate) calling: String,
    pub(crate) called: String,
}

/// Digits that look random and are the same each time.
struct Digits(u64);

impl Digits {
    fn next(&mut self, below: usize) -> usize {
        // Numerical Recipes' constants; the low bits are not used.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % below as u64) as usize
    }
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.."))
}

/// The demo's deck of what customers pay: real dial codes of the whole world.
pub(crate) fn retail_deck() -> PathBuf {
    root().join("configs/demo/retail.csv.gz")
}

/// All dial codes of it.
pub(crate) fn prefixes() -> Vec<String> {
    let packed = std::fs::File::open(retail_deck()).unwrap();
    let mut csv = String::new();
    GzDecoder::new(packed).read_to_string(&mut csv).unwrap();
    let rows = csv.lines().skip(1);
    rows.map(|row| row.split(',').next().unwrap().to_owned())
        .collect()
}

/// Calls to numbers behind these prefixes, or those of them that the refusing carrier is asked for.
pub(crate) fn calls(prefixes: &[String], refused: bool) -> Vec<Dialled> {
    let wanted = |prefix: &&String| prefix.starts_with(REFUSED) == refused;
    let prefixes: Vec<&String> = prefixes.iter().filter(wanted).collect();
    let mut digits = Digits(20_240_229);
    let call = |number: usize| {
        let customer = (number % usize::from(CUSTOMERS)) as u8 + 1;
        let mut called = prefixes[digits.next(prefixes.len())].clone();
        // A national number of North America has ten digits; others here have eleven, or four after a long prefix.
        for _ in 0..11_usize.saturating_sub(called.len()).max(1) {
            called.push(char::from(b'0' + digits.next(10) as u8));
        }
        let before =
            tech_prefix(customer).map_or_else(|| "+".to_owned(), |prefix| prefix.to_string());
        Dialled {
            from: customer_address(customer),
            calling: format!("+1{}", 2_000_000_000 + digits.next(1_000_000_000)),
            called: before + &called,
        }
    };
    (0..CALLS).map(call).collect()
}

/// The cores that a server, and the generator, are kept to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cores {
    /// The server has the first, the generator the second.
    One,
    /// The server has the first two, and the generator the third; where there is none, all share two.
    Two,
}

impl Cores {
    pub(crate) fn of_server(self) -> &'static [usize] {
        match self {
            Self::One => &[0],
            Self::Two => &[0, 1],
        }
    }

    pub(crate) fn of_generator(self) -> &'static [usize] {
        match self {
            Self::One => &[1],
            Self::Two if has_third() => &[2],
            Self::Two => &[],
        }
    }

    /// How many the server has.
    pub(crate) fn count(self) -> usize {
        self.of_server().len()
    }

    /// Runs what starts a server on its cores; what it starts stays there.
    pub(crate) fn start<T>(self, start: impl FnOnce() -> T) -> T {
        sockets::keep_to(self.of_server());
        let started = start();
        sockets::keep_to(self.of_generator());
        started
    }
}

/// Whether the generator has a core of its own beside a server of two.
pub(crate) fn has_third() -> bool {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    cpus.lines()
        .filter(|line| line.starts_with("processor"))
        .count()
        > 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_the_same_each_time_and_half_have_a_tech_prefix() {
        let prefixes: Vec<String> = ["1212", "44", "9987"].map(String::from).into();
        let calls_of = || -> Vec<(String, String)> {
            let calls = calls(&prefixes, false).into_iter();
            calls.map(|call| (call.calling, call.called)).collect()
        };
        let first = calls_of();
        assert_eq!(first, calls_of());
        let plus = first.iter().filter(|(_, called)| called.starts_with('+'));
        assert_eq!(plus.count(), CALLS / 2);
    }

    #[test]
    fn refused_numbers_are_apart() {
        let prefixes: Vec<String> = ["1212", "9987"].map(String::from).into();
        for call in calls(&prefixes, true) {
            let number = call.called.trim_start_matches('+');
            let number = if call.called.starts_with('+') {
                number
            } else {
                &number[4..]
            };
            assert!(number.starts_with("9987"), "{}", call.called);
        }
    }
}
