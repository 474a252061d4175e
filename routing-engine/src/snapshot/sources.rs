//! Which ingress trunks a source address may mean.

use super::parts::TrunkIndex;
use crate::resources::Network;
use std::net::IpAddr;

/// Source ranges to trunks, searched by mask length from the longest.
#[derive(Debug, Default)]
pub(super) struct SourceTable {
    /// Longest mask first. Addresses of both families may share a length.
    by_mask: Box<[SourcesOfMask]>,
}

#[derive(Debug)]
struct SourcesOfMask {
    mask_bits: u8,
    /// Ascending by network.
    sources: Box<[Source]>,
}

#[derive(Debug)]
struct Source {
    network: Network,
    trunks: Box<[TrunkIndex]>,
}

impl SourceTable {
    /// Builds the table. Trunks of one network keep the order in which they are given.
    pub(super) fn build(mut entries: Vec<(Network, TrunkIndex)>) -> Self {
        entries.sort_by_key(|(network, _)| (std::cmp::Reverse(network.mask_bits()), *network));
        let by_mask = entries
            .chunk_by(|(one, _), (other, _)| one.mask_bits() == other.mask_bits())
            .map(|of_mask| SourcesOfMask {
                mask_bits: of_mask[0].0.mask_bits(),
                sources: of_mask
                    .chunk_by(|(one, _), (other, _)| one == other)
                    .map(|of_network| Source {
                        network: of_network[0].0,
                        trunks: of_network.iter().map(|(_, trunk)| *trunk).collect(),
                    })
                    .collect(),
            })
            .collect();
        Self { by_mask }
    }

    /// The trunks of each range that contains the address, longest mask first.
    pub(super) fn candidates(&self, address: IpAddr) -> impl Iterator<Item = &[TrunkIndex]> {
        let address = address.to_canonical();
        self.by_mask.iter().filter_map(move |of_mask| {
            let wanted = Network::around(address, of_mask.mask_bits);
            of_mask
                .sources
                .binary_search_by(|source| source.network.cmp(&wanted))
                .ok()
                .map(|at| &*of_mask.sources[at].trunks)
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use proptest::prelude::*;

    fn table(ranges: &[&str]) -> SourceTable {
        let entries = ranges.iter().zip(0..).map(|(range, index)| {
            let network = range.parse().unwrap();
            (network, TrunkIndex(index))
        });
        SourceTable::build(entries.collect())
    }

    fn trunks(table: &SourceTable, address: &str) -> Vec<Vec<u32>> {
        table
            .candidates(address.parse().unwrap())
            .map(|trunks| trunks.iter().map(|trunk| trunk.0).collect())
            .collect()
    }

    #[test]
    fn the_longest_mask_comes_first() {
        let table = table(&[
            "192.0.2.0/24",
            "192.0.2.7",
            "0.0.0.0/0",
            "192.0.2.7",
            "::/0",
        ]);
        assert_eq!(trunks(&table, "192.0.2.7"), [vec![1, 3], vec![0], vec![2]]);
        assert_eq!(trunks(&table, "192.0.2.8"), [vec![0], vec![2]]);
        assert_eq!(trunks(&table, "203.0.113.1"), [vec![2]]);
        assert_eq!(trunks(&table, "::ffff:192.0.2.8"), [vec![0], vec![2]]);
        assert_eq!(trunks(&table, "2001:db8::1"), [vec![4]]);
    }

    #[test]
    fn families_do_not_mix() {
        // Both begin with the same 32 bits.
        let table = table(&["32.1.13.184", "2001:db8::/32"]);
        assert_eq!(trunks(&table, "32.1.13.184"), [vec![0]]);
        assert_eq!(trunks(&table, "2001:db8::1"), [vec![1]]);
    }

    proptest! {
        #[test]
        fn the_table_finds_what_a_search_of_all_ranges_finds(
            ranges in proptest::collection::vec((0..4_u8, 0..4_u8, 0..=32_u8), 0..30),
            (a, b) in (0..4_u8, 0..4_u8),
        ) {
            let networks: Vec<_> = ranges
                .iter()
                .map(|(a, b, mask)| Network::around(IpAddr::from([*a << 6, 0, 0, *b]), *mask))
                .collect();
            let indexes = (0..).map(TrunkIndex);
            let table = SourceTable::build(networks.iter().copied().zip(indexes).collect());
            let address = IpAddr::from([a << 6, 0, 0, b]);
            let mut expected: Vec<_> = networks
                .iter()
                .zip(0..)
                .filter(|(network, _)| network.contains(address))
                .map(|(network, index)| (std::cmp::Reverse(network.mask_bits()), index))
                .collect();
            expected.sort_unstable();
            let found: Vec<_> = table.candidates(address).flatten().map(|t| t.0).collect();
            prop_assert_eq!(found, expected.iter().map(|(_, i)| *i).collect::<Vec<u32>>());
        }
    }
}
