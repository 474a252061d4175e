//! G.711 encoding, both laws, and one period of a test tone.

use crate::plan::Codec;
use std::f64::consts::TAU;
use std::sync::OnceLock;

/// 440 Hz at 8 kHz repeats after 200 samples (11 cycles).
const TONE_PERIOD: usize = 200;
const TONE_CYCLES: f64 = 11.0;
/// Peak amplitude of the tone; full scale is 32,767.
const TONE_AMPLITUDE: f64 = 10_000.0;

/// One period of the tone, encoded.
pub(super) fn tone(codec: Codec) -> &'static [u8; TONE_PERIOD] {
    static PCMU: OnceLock<[u8; TONE_PERIOD]> = OnceLock::new();
    static PCMA: OnceLock<[u8; TONE_PERIOD]> = OnceLock::new();
    let table = match codec {
        Codec::Pcmu => &PCMU,
        Codec::Pcma => &PCMA,
    };
    table.get_or_init(|| {
        std::array::from_fn(|index| {
            let angle = TAU * TONE_CYCLES * index as f64 / TONE_PERIOD as f64;
            encode(codec, (TONE_AMPLITUDE * angle.sin()) as i16)
        })
    })
}

/// One linear sample as one byte of the codec.
pub(super) fn encode(codec: Codec, sample: i16) -> u8 {
    match codec {
        Codec::Pcmu => mu_law(sample),
        Codec::Pcma => a_law(sample),
    }
}

/// ITU-T G.711 table 2a: 14-bit sign and magnitude, bias 33, all bits inverted.
fn mu_law(sample: i16) -> u8 {
    let sign = u8::from(sample < 0) << 7;
    let magnitude = (sample.unsigned_abs() >> 2).min(8_158) + 33;
    // 33..=8191 has its highest bit at 5..=12; the segment counts from there.
    let segment = (15 - magnitude.leading_zeros() as u16) - 5;
    let mantissa = (magnitude >> (segment + 1)) & 0x0f;
    !(sign | (segment as u8) << 4 | mantissa as u8)
}

/// ITU-T G.711 table 1a: 13-bit sign and magnitude, even bits inverted.
fn a_law(sample: i16) -> u8 {
    let sign = u8::from(sample >= 0) << 7;
    // One's complement for negative values, as the quantisation thresholds are mirrored.
    let magnitude = (if sample < 0 { !sample } else { sample }) as u16 >> 3;
    let code = if magnitude < 32 {
        magnitude >> 1
    } else {
        let segment = (15 - magnitude.leading_zeros() as u16) - 4;
        segment << 4 | (magnitude >> segment) & 0x0f
    };
    (sign | code as u8) ^ 0x55
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_mu_law_values() {
        assert_eq!(mu_law(0), 0xff);
        assert_eq!(mu_law(i16::MAX), 0x80);
        assert_eq!(mu_law(i16::MIN), 0x00);
        assert_eq!(mu_law(1_000), 0xce);
        assert_eq!(mu_law(-1_000), 0x4e);
    }

    #[test]
    fn well_known_a_law_values() {
        assert_eq!(a_law(0), 0xd5);
        assert_eq!(a_law(i16::MAX), 0xaa);
        assert_eq!(a_law(i16::MIN), 0x2a);
        assert_eq!(a_law(1_000), 0xfa);
        assert_eq!(a_law(-1_000), 0x7a);
    }

    #[test]
    fn louder_samples_have_larger_codes_in_both_laws() {
        for codec in [Codec::Pcmu, Codec::Pcma] {
            let rank = |sample| match codec {
                Codec::Pcmu => !encode(codec, sample) & 0x7f,
                Codec::Pcma => (encode(codec, sample) ^ 0x55) & 0x7f,
            };
            let mut last = 0;
            for sample in (0..=i16::MAX).step_by(7) {
                assert!(rank(sample) >= last, "{codec:?} at {sample}");
                last = rank(sample);
            }
            assert_eq!(last, 0x7f);
        }
    }
}
