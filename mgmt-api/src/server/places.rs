//! Who is connected: a bound for all and one for each address. A newcomer takes the place of the
//! connection that has been quiet for longest, so nobody holds places by holding sockets.

use super::activity::Activity;
use super::limits::HttpLimits;
use crate::auth::network;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::time::Instant;

/// The open connections.
pub(super) struct Places {
    taken: Mutex<Taken>,
    freed: Notify,
    limits: HttpLimits,
}

#[derive(Default)]
struct Taken {
    next: u64,
    by_number: HashMap<u64, Occupant>,
}

struct Occupant {
    network: IpAddr,
    activity: Arc<Activity>,
}

/// One connection's place; given back when dropped.
pub(super) struct Place {
    number: u64,
    pub(super) activity: Arc<Activity>,
    places: Arc<Places>,
}

impl Places {
    pub(super) fn new(limits: HttpLimits) -> Arc<Self> {
        Arc::new(Self {
            taken: Mutex::default(),
            freed: Notify::new(),
            limits,
        })
    }

    /// A place for a connection from `address`; `None` when all are taken by connections at work.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let network = network(address);
        let mut taken = self.taken();
        let of_address = taken.count(|occupant| occupant.network == network);
        if of_address >= self.limits.connections_per_address_max {
            taken.close_quietest(|occupant| occupant.network == network)?;
        }
        if taken.by_number.len() >= self.limits.connections_max {
            taken.close_quietest(|_| true)?;
        }
        let number = taken.next;
        taken.next += 1;
        let activity = Arc::new(Activity::new(Instant::now()));
        let occupant = Occupant {
            network,
            activity: Arc::clone(&activity),
        };
        taken.by_number.insert(number, occupant);
        drop(taken);
        Some(Place {
            number,
            activity,
            places: Arc::clone(self),
        })
    }

    /// Ready when nobody is connected.
    pub(super) async fn all_free(&self) {
        while !self.taken().by_number.is_empty() {
            // A place that is given back between the look and this is kept as a permit.
            self.freed.notified().await;
        }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn count(&self, of: impl Fn(&Occupant) -> bool) -> usize {
        self.by_number.values().filter(|one| of(one)).count()
    }

    /// Closes the connection that has been quiet for longest; `None` when none is quiet.
    fn close_quietest(&mut self, of: impl Fn(&Occupant) -> bool) -> Option<()> {
        let candidates = self.by_number.iter().filter(|(_, one)| of(one));
        let quiet = candidates.filter_map(|(number, one)| {
            let since = one.activity.quiet_since()?;
            Some((since, *number))
        });
        let (_, number) = quiet.min()?;
        let closed = self.by_number.remove(&number)?;
        closed.activity.close();
        Some(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken().by_number.remove(&self.number);
        self.places.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    fn places(all: usize, each: usize) -> Arc<Places> {
        Places::new(HttpLimits {
            connections_max: all,
            connections_per_address_max: each,
            ..HttpLimits::default()
        })
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[tokio::test(start_paused = true)]
    async fn the_quietest_gives_its_place_to_a_newcomer() {
        let places = places(2, 2);
        let working = places.take(address(1)).unwrap();
        working.activity.begin();
        let quiet = places.take(address(2)).unwrap();
        let newcomer = places.take(address(3)).unwrap();
        quiet.activity.over(&HttpLimits::default()).await;
        newcomer.activity.begin();
        assert!(places.take(address(4)).is_none(), "all are at work");
        drop(quiet);
        assert_eq!(
            places.taken().by_number.len(),
            2,
            "its place was another's already"
        );
        drop(working);
        assert!(places.take(address(4)).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_opens_many_closes_its_own() {
        let places = places(10, 2);
        let other = places.take(address(9)).unwrap();
        let many: Vec<_> = (0..5).map(|_| places.take(address(1)).unwrap()).collect();
        assert_eq!(places.taken().by_number.len(), 3);
        let open = many
            .iter()
            .filter(|one| one.activity.quiet_since().is_some());
        assert_eq!(open.count(), 2);
        assert!(other.activity.quiet_since().is_some());
    }
}
