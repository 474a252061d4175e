//! The servers of a name, and the order in which a call takes their addresses (RFC 2782, RFC 3263
//! §4.2).

use super::{ADDRESSES_MAX, Target, Targets};
use arrayvec::ArrayVec;
use rating::cdr::Transport;
use std::net::SocketAddr;

/// One server of a name: what an SRV record says, or the name itself when there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// The lower goes first.
    pub priority: u16,
    /// Its share among those of equal priority; 0 for next to none.
    pub weight: u16,
    /// Its addresses: those of IPv4 first. Within a family each goes first as often.
    pub addresses: Vec<SocketAddr>,
}

/// Where a name leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    transport: Transport,
    /// By priority; within one those of weight 0 first, as RFC 2782 wants it, then the heaviest.
    servers: Box<[Server]>,
    is_cut: bool,
}

impl Resolution {
    /// The first `most` addresses of the servers, by priority. `None` when there is none. The order
    /// in which DNS gave them, which changes from answer to answer, leaves no trace.
    pub fn new(transport: Transport, mut servers: Vec<Server>, most: usize) -> Option<Self> {
        for server in &mut servers {
            // IPv4 first.
            server.addresses.sort_unstable();
            server.addresses.dedup();
        }
        servers.sort_unstable_by(|a, b| {
            let key = |server: &Server| {
                let weight = server.weight;
                (server.priority, weight != 0, std::cmp::Reverse(weight))
            };
            let by_key = key(a).cmp(&key(b));
            by_key.then_with(|| a.addresses.cmp(&b.addresses))
        });
        let mut left = most.min(ADDRESSES_MAX);
        let mut is_cut = false;
        for server in &mut servers {
            is_cut |= server.addresses.len() > left;
            server.addresses.truncate(left);
            left -= server.addresses.len();
        }
        servers.retain(|server| !server.addresses.is_empty());
        (!servers.is_empty()).then(|| Self {
            transport,
            servers: servers.into(),
            is_cut,
        })
    }

    /// How its servers are reached.
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// By priority.
    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// Whether there were more addresses than are used.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// All addresses, the first priority first.
    pub fn targets(&self) -> impl Iterator<Item = Target> + use<'_> {
        let addresses = self.servers.iter().flat_map(|server| &server.addresses);
        addresses.map(|address| self.target(*address))
    }

    /// The order for one call. `draw` gives a number below its argument; it is asked only where
    /// there is a choice.
    pub fn order(&self, mut draw: impl FnMut(u64) -> u64) -> Targets {
        let mut targets = Targets::new();
        // Each server has an address, so there are no more of them than of those.
        let mut left: ArrayVec<&Server, ADDRESSES_MAX> = self.servers.iter().collect();
        while let Some(first) = left.first() {
            let priority = first.priority;
            let equals = left
                .iter()
                .take_while(|server| server.priority == priority)
                .count();
            let server = left.remove(drawn(&left[..equals], &mut draw));
            let v4 = server.addresses.partition_point(SocketAddr::is_ipv4);
            for family in [&server.addresses[..v4], &server.addresses[v4..]] {
                let begin = targets.len();
                targets.extend(family.iter().map(|address| self.target(*address)));
                shuffle(&mut targets[begin..], &mut draw);
            }
        }
        targets
    }

    fn target(&self, address: SocketAddr) -> Target {
        Target {
            address,
            transport: self.transport,
        }
    }
}

/// RFC 2782, "Usage rules": a number from 0 to the sum of the weights, and the first server whose
/// running sum reaches it.
fn drawn(equals: &[&Server], draw: &mut impl FnMut(u64) -> u64) -> usize {
    if equals.len() < 2 {
        return 0;
    }
    let sum: u64 = equals.iter().map(|server| u64::from(server.weight)).sum();
    let number = draw(sum + 1);
    let mut running = 0;
    let reaches = |server: &&Server| {
        running += u64::from(server.weight);
        running >= number
    };
    equals.iter().position(reaches).unwrap_or(0)
}

fn shuffle(targets: &mut [Target], draw: &mut impl FnMut(u64) -> u64) {
    for last in (1..targets.len()).rev() {
        let other = usize::try_from(draw(last as u64 + 1)).unwrap_or(0);
        targets.swap(last, other.min(last));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn server(priority: u16, weight: u16, addresses: &[&str]) -> Server {
        let read = |address: &&str| format!("{address}:5060").parse().unwrap();
        Server {
            priority,
            weight,
            addresses: addresses.iter().map(read).collect(),
        }
    }

    fn resolution(servers: Vec<Server>) -> Resolution {
        Resolution::new(Transport::Udp, servers, ADDRESSES_MAX).unwrap()
    }

    /// A generator that is good enough for counting (splitmix64).
    fn draws(seed: u64) -> impl FnMut(u64) -> u64 {
        let mut state = seed;
        move |below| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (mixed ^ (mixed >> 31)) % below
        }
    }

    fn hosts(targets: &[Target]) -> Vec<String> {
        let hosts = targets.iter();
        hosts
            .map(|target| target.address.ip().to_string())
            .collect()
    }

    #[test]
    fn a_lower_priority_goes_first_whatever_its_weight() {
        let resolution = resolution(vec![
            server(20, 1_000, &["192.0.2.3"]),
            server(10, 0, &["192.0.2.1"]),
            server(15, 5, &["192.0.2.2"]),
        ]);
        for seed in 0..100 {
            let order = resolution.order(draws(seed));
            assert_eq!(hosts(&order), ["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
        }
    }

    #[test]
    fn equals_go_first_in_proportion_to_their_weights_and_all_are_tried() {
        let resolution = resolution(vec![
            server(1, 60, &["192.0.2.1"]),
            server(1, 20, &["192.0.2.2"]),
            server(1, 20, &["192.0.2.3"]),
            server(1, 0, &["192.0.2.4"]),
        ]);
        let mut draw = draws(7);
        let mut firsts = [0_u32; 4];
        for _ in 0..10_000 {
            let order = resolution.order(&mut draw);
            assert_eq!(order.len(), 4);
            let place = |target: &Target| match target.address.ip() {
                std::net::IpAddr::V4(v4) => usize::from(v4.octets()[3]) - 1,
                std::net::IpAddr::V6(_) => unreachable!(),
            };
            let mut seen: Vec<usize> = order.iter().map(place).collect();
            firsts[seen[0]] += 1;
            seen.sort_unstable();
            assert_eq!(seen, [0, 1, 2, 3], "each once");
        }
        for (count, share) in firsts.into_iter().zip([6_000, 2_000, 2_000, 100]) {
            assert!(count.abs_diff(share) < 300, "{firsts:?}");
        }
        assert!(firsts[3] > 0, "weight 0 has a small chance (RFC 2782)");
    }

    #[test]
    fn a_draw_decides_as_rfc_2782_says() {
        let resolution = resolution(vec![
            server(1, 2, &["192.0.2.1"]),
            server(1, 0, &["192.0.2.9"]),
            server(1, 3, &["192.0.2.2"]),
        ]);
        // Weight 0 stands first: the running sums are 0, 3, 5.
        let firsts =
            |number: u64| hosts(&resolution.order(|below| number.min(below - 1)))[0].clone();
        assert_eq!(firsts(0), "192.0.2.9");
        assert_eq!(firsts(1), "192.0.2.2");
        assert_eq!(firsts(3), "192.0.2.2");
        assert_eq!(firsts(4), "192.0.2.1");
        assert_eq!(firsts(5), "192.0.2.1");
    }

    #[test]
    fn the_addresses_of_one_server_take_turns_and_those_of_ipv4_go_first() {
        let resolution = resolution(vec![server(
            1,
            1,
            &["[2001:db8::1]", "192.0.2.1", "192.0.2.2", "[2001:db8::2]"],
        )]);
        let mut draw = draws(3);
        let mut firsts = [0_u32; 2];
        for _ in 0..1_000 {
            let order = resolution.order(&mut draw);
            let v4 = order.iter().take(2).all(|target| target.address.is_ipv4());
            assert!(v4 && order.len() == 4);
            firsts[usize::from(hosts(&order)[0] == "192.0.2.2")] += 1;
        }
        assert!(firsts.iter().all(|count| *count > 400), "{firsts:?}");
    }

    #[test]
    fn the_same_draws_give_the_same_order() {
        let resolution = resolution(vec![
            server(1, 5, &["192.0.2.1", "192.0.2.2"]),
            server(1, 5, &["192.0.2.3", "192.0.2.4"]),
        ]);
        for seed in 0..20 {
            assert_eq!(resolution.order(draws(seed)), resolution.order(draws(seed)));
        }
    }

    #[test]
    fn what_is_beyond_the_limit_is_cut_from_the_last_priority() {
        let servers = vec![
            server(2, 1, &["192.0.2.3", "192.0.2.4"]),
            server(1, 1, &["192.0.2.1", "192.0.2.2"]),
            server(3, 1, &["192.0.2.5"]),
        ];
        let cut = Resolution::new(Transport::Tcp, servers.clone(), 3).unwrap();
        assert!(cut.is_cut());
        let left: Vec<Target> = cut.targets().collect();
        assert_eq!(hosts(&left), ["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
        assert!(left.iter().all(|one| one.transport == Transport::Tcp));
        assert!(
            !Resolution::new(Transport::Tcp, servers, 5)
                .unwrap()
                .is_cut()
        );
        assert_eq!(Resolution::new(Transport::Udp, Vec::new(), 5), None);
        let many = (0..40).map(|_| server(1, 1, &["192.0.2.1"])).collect();
        assert_eq!(resolution(many).order(|_| 0).len(), ADDRESSES_MAX);
    }

    #[test]
    fn the_order_of_an_answer_makes_no_difference() {
        let servers = [
            server(1, 5, &["192.0.2.1", "[2001:db8::1]", "192.0.2.2"]),
            server(1, 5, &["192.0.2.3"]),
        ];
        let [first, second] = servers.clone();
        let mut turned = vec![second, first];
        turned[1].addresses.rotate_left(1);
        assert_eq!(resolution(servers.into()), resolution(turned));
    }

    #[test]
    fn a_single_address_draws_nothing() {
        let resolution = resolution(vec![server(1, 1, &["192.0.2.1"])]);
        let order = resolution.order(|_| panic!("there is no choice"));
        assert_eq!(order.len(), 1);
    }
}
