//! Lots: which of several goes first, by weight, from one unpredictable number of a call.
//!
//! Each entry draws a *ticket*, and the lowest goes first. A ticket is an exponentially distributed
//! number divided by the weight, so each entry is the lowest exactly as often as its weight is of
//! the sum of all, and those after it are a fair lot among the rest. It does not matter in which
//! order entries are looked at, nor how many there are, and nothing is summed up first. All
//! arithmetic is of integers: the same draw gives the same order on every machine.

/// Bits of fraction of a logarithm.
const FRACTION_BITS: u32 = 24;

/// The ticket of what has no weight, after all that have one.
const WEIGHTLESS: u64 = 1 << 47;

/// The ticket of an entry; below 2^48. `draw` is the number of the call, `entry` tells entries
/// apart.
pub fn ticket(draw: u64, entry: i64, weight: u16) -> u64 {
    if weight == 0 {
        return WEIGHTLESS;
    }
    let uniform = mix(draw ^ mix(entry.cast_unsigned()));
    (minus_log2(uniform) << 16) / u64::from(weight)
}

/// A number from 0 to 99 that all entries of a call share; `purpose` tells several such apart.
pub fn percent(draw: u64, purpose: u64) -> u8 {
    // The high half of a product is a fair choice, unlike a remainder.
    ((u128::from(mix(draw ^ mix(!purpose))) * 100) >> 64) as u8
}

/// `-log2(uniform / 2^64)`, with [`FRACTION_BITS`]; at most 65 << 24.
fn minus_log2(uniform: u64) -> u64 {
    let uniform = uniform | 1;
    let zeros = uniform.leading_zeros();
    // From 1 to 2, with 63 bits of fraction. Squaring doubles its logarithm: each time one more bit
    // of that becomes whole.
    let mut mantissa = uniform << zeros;
    let mut fraction = 0;
    for _ in 0..FRACTION_BITS {
        let square = (u128::from(mantissa) * u128::from(mantissa)) >> 63;
        let is_two = square >> 64 != 0;
        mantissa = if is_two { square >> 1 } else { square } as u64;
        fraction = fraction << 1 | u64::from(is_two);
    }
    (u64::from(zeros + 1) << FRACTION_BITS) - fraction
}

/// The finalizer of SplitMix64: every bit of the input changes every bit of the output.
pub(crate) fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logarithm_is_that_of_the_fraction() {
        for (uniform, expected) in [(1 << 63, 1.0), (3 << 62, 0.415_037_5), (1 << 60, 4.0)] {
            let found = minus_log2(uniform) as f64 / f64::from(1 << FRACTION_BITS);
            assert!((found - expected).abs() < 1e-6, "{uniform}: {found}");
        }
        assert_eq!(minus_log2(0), minus_log2(1));
    }

    #[test]
    fn each_goes_first_as_often_as_its_weight_says_and_the_rest_are_fair_too() {
        const WEIGHTS: [u16; 4] = [50, 30, 20, 0];
        let (mut first, mut second) = ([0; 4], [0; 4]);
        for draw in 0..100_000 {
            let mut order = [0, 1, 2, 3];
            order.sort_by_key(|entry| ticket(draw, *entry as i64, WEIGHTS[*entry]));
            first[order[0]] += 1;
            if order[0] == 0 {
                second[order[1]] += 1;
            }
        }
        let near = |found: i32, expected: i32| (found - expected).abs() < expected / 25 + 1;
        assert!(
            near(first[0], 50_000) && near(first[1], 30_000),
            "{first:?}"
        );
        assert!(near(first[2], 20_000) && first[3] == 0, "{first:?}");
        // Of what is left, 30 to 20.
        assert!(
            near(second[1], first[0] * 3 / 5),
            "{second:?} of {}",
            first[0]
        );
    }

    #[test]
    fn percents_are_even_and_purposes_independent() {
        let (mut below, mut both) = (0, 0);
        for draw in 0..100_000 {
            let one = percent(draw, 1) < 20;
            below += u32::from(one);
            both += u32::from(one && percent(draw, 2) < 50);
        }
        assert!((19_500..20_500).contains(&below), "{below}");
        assert!((9_500..10_500).contains(&both), "{both}");
    }
}
