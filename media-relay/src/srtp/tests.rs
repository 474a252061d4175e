#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use proptest::prelude::*;

fn hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}

fn key_of(suite: Suite, filler: u8) -> MasterKey {
    let (key, salt) = suite.key_and_salt();
    let bytes: Vec<u8> = (0..key + salt).map(|n| n as u8 ^ filler).collect();
    MasterKey::new(suite, &bytes).unwrap()
}

fn rtp(sequence: u16, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80, 8];
    packet.extend(sequence.to_be_bytes());
    packet.extend([0, 0, 0, 160, 0xca, 0xfe, 0xba, 0xbe]);
    packet.extend(payload);
    packet
}

fn sealed(protector: &mut Protector, packet: &[u8]) -> Result<Vec<u8>, SrtpError> {
    let mut buffer = packet.to_vec();
    buffer.resize(packet.len() + OVERHEAD_MAX, 0);
    let length = protector.seal_rtp(&mut buffer, packet.len())?;
    buffer.truncate(length);
    Ok(buffer)
}

fn opened(opener: &mut Opener, sealed: &[u8]) -> Result<Vec<u8>, SrtpError> {
    let mut packet = sealed.to_vec();
    let length = opener.open_rtp(&mut packet, None)?;
    packet.truncate(length);
    Ok(packet)
}

/// RFC 3711 Appendix B.2.
#[test]
fn the_keystream_is_that_of_rfc_3711() {
    let keys = SessionKeys::of_session(
        Suite::Aes128CmSha1_80,
        &hex("2B7E151628AED2A6ABF7158809CF4F3C"),
        &hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD"),
    );
    let mut stream = vec![0; 0xff02 * 16];
    keys.keystream(0, 0, &mut stream);
    let first = hex("E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB");
    assert_eq!(stream[..32], first);
    let last = hex("EC8CDF7398607CB0F2D21675EA9EA1E4 362B7C3C6773516318A077D7FC5073AE");
    assert_eq!(stream[0xfeff * 16..0xff01 * 16], last);
}

/// RFC 3711 Appendix B.3, and a packet sealed by libsrtp's known keys.
#[test]
fn keys_are_derived_and_a_packet_is_sealed_as_elsewhere() {
    let master = hex("E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6");
    let master = MasterKey::new(Suite::Aes128CmSha1_80, &master).unwrap();
    let derived = |label, length| keys::derived(&master, label, length);
    assert_eq!(derived(0, 16), hex("C61E7A93744F39EE10734AFE3FF7A087"));
    assert_eq!(derived(2, 14), hex("30CBBC08863D8C85D49DB34A9AE1"));
    assert_eq!(
        derived(1, 20),
        hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4")
    );
    let mut packet = hex("800f1234decafbadcafebabe");
    packet.extend([0xab; 16]);
    let expected =
        hex("800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc99ea179b8dbb");
    let out = sealed(&mut Protector::new(&master), &packet).unwrap();
    assert_eq!(out, expected);
    assert_eq!(opened(&mut Opener::new(&master), &out), Ok(packet));
}

/// RFC 6188 §7.2.
#[test]
fn keys_of_256_bits_are_derived_as_in_rfc_6188() {
    let master = hex(
        "f0f04914b513f2763a1b1fa130f10e29 98f6f6e43e4309d1e622a0e332b9f1b6 3b04803de51ee7c96423ab5b78d2",
    );
    let master = MasterKey::new(Suite::Aes256CmSha1_80, &master).unwrap();
    let derived = |label, length| keys::derived(&master, label, length);
    let cipher = hex("5ba1064e30ec51613cad926c5a28ef73 1ec7fb397f70a960653caf06554cd8c4");
    assert_eq!(derived(0, 32), cipher);
    assert_eq!(derived(2, 14), hex("fa31791685ca444a9e07c6c64e93"));
    assert_eq!(
        derived(1, 20),
        hex("fd9c32d39ed5fbb5a9dc96b30818454d1313dc05")
    );
}

/// RFC 7714 §16.1 and §17.1: keys and salts of the session, not of the master.
#[test]
fn gcm_seals_as_in_rfc_7714() {
    let key: Vec<u8> = (0..16).collect();
    let salt = hex("51756964 2070726f 2071756f");
    let keys = SessionKeys::of_session(Suite::AeadAes128Gcm, &key, &salt);
    let mut packet = hex("8040f17b 8041f8d3 5501a0b2");
    packet.extend(b"Gallia est omnis divisa in partes tres");
    let length = packet.len();
    packet.resize(length + OVERHEAD_MAX, 0);
    let index = 0xf17b;
    let end = keys
        .seal_rtp(&mut packet, 12, length, 0x5501_a0b2, index)
        .unwrap();
    let expected = hex(
        "8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a \
         51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce",
    );
    assert_eq!(packet[..end], expected);

    let mut report = hex(
        "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef \
         deadbeef deadbeef deadbeef",
    );
    let length = report.len();
    let plain = report.clone();
    report.resize(length + OVERHEAD_MAX, 0);
    let end = keys
        .seal_rtcp(&mut report, length, 0x4d61_7273, 0x5d4)
        .unwrap();
    let expected = hex(
        "81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda \
         4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4",
    );
    assert_eq!(report[..end], expected);
    report.truncate(end);
    let word = keys.rtcp_word(&report).unwrap();
    assert_eq!(word, 0x8000_05d4);
    let end = keys.open_rtcp(&mut report, 0x4d61_7273, word).unwrap();
    assert_eq!(report[..end], plain);
}

#[test]
fn the_roll_over_counter_follows_across_the_wrap() {
    for suite in Suite::ALL {
        let key = key_of(suite, 0x55);
        let (mut protector, mut opener) = (Protector::new(&key), Opener::new(&key));
        for number in 65_300_u32..66_300 {
            // Some are lost, also near where the numbers wrap.
            let packet = rtp(number as u16, b"voice");
            let out = sealed(&mut protector, &packet).unwrap();
            if number % 100 == 36 {
                continue;
            }
            assert_eq!(opened(&mut opener, &out), Ok(packet), "{suite:?} {number}");
        }
    }
}

#[test]
fn what_is_forged_or_played_again_is_refused_and_teaches_nothing() {
    for suite in Suite::ALL {
        let key = key_of(suite, 1);
        let (mut protector, mut opener) = (Protector::new(&key), Opener::new(&key));
        let first = sealed(&mut protector, &rtp(10, b"voice")).unwrap();
        for at in 0..first.len() {
            let mut forged = first.clone();
            forged[at] ^= 1;
            // A changed header may also be one that is longer than the packet.
            assert!(opened(&mut opener, &forged).is_err(), "{suite:?} {at}");
        }
        assert!(opened(&mut opener, &first).is_ok());
        assert_eq!(opened(&mut opener, &first), Err(SrtpError::Replayed));
        let other = sealed(&mut Protector::new(&key_of(suite, 2)), &rtp(11, b"voice")).unwrap();
        assert_eq!(opened(&mut opener, &other), Err(SrtpError::Forged));
        let mut fresh = Opener::new(&key);
        assert_eq!(opened(&mut fresh, &first[..15]), Err(SrtpError::Malformed));
    }
}

#[test]
fn no_number_is_sealed_twice() {
    let mut protector = Protector::new(&key_of(Suite::AeadAes128Gcm, 0));
    assert!(sealed(&mut protector, &rtp(10, b"yes")).is_ok());
    let again = sealed(&mut protector, &rtp(10, b"no"));
    assert_eq!(again, Err(SrtpError::Replayed));
}

#[test]
fn a_source_that_begins_its_numbers_anew_goes_on_under_those_that_follow() {
    let key = key_of(Suite::Aes128CmSha1_80, 0);
    let (mut protector, mut opener) = (Protector::new(&key), Opener::new(&key));
    let mut pass = |sequence: u16| {
        let out = sealed(&mut protector, &rtp(sequence, b"voice")).ok()?;
        let heard = opened(&mut opener, &out).unwrap();
        Some(u16::from_be_bytes([heard[2], heard[3]]))
    };
    assert_eq!(
        [65_535, 0, 1].map(&mut pass),
        [Some(65_535), Some(0), Some(1)]
    );
    let begun_anew = [40_000, 40_001, 40_002, 40_002, 40_004].map(&mut pass);
    assert_eq!(begun_anew, [None, Some(2), Some(3), None, Some(5)]);
    // One packet from long ago is late, and no restart.
    let late = [30_000, 40_005, 30_001, 40_006].map(&mut pass);
    assert_eq!(late, [None, Some(6), None, Some(7)]);
}

/// The packet of a source, by the last byte of its number.
fn of_source(source: u8, sequence: u16) -> Vec<u8> {
    let mut packet = rtp(sequence, b"voice");
    packet[11] = source;
    packet
}

#[test]
fn a_new_source_takes_the_place_of_the_one_that_was_silent_for_the_longest_and_for_good() {
    let key = key_of(Suite::Aes128CmSha1_80, 0);
    let (mut protector, mut opener) = (Protector::new(&key), Opener::new(&key));
    let mut pass = |source, sequence| {
        let packet = of_source(source, sequence);
        let out = sealed(&mut protector, &packet)?;
        opened(&mut opener, &out).map(|heard| assert_eq!(heard, packet))
    };
    for source in 0..100 {
        assert_eq!(pass(source, 1), Ok(()), "{source}");
        // One talks on all the time.
        assert_eq!(pass(0, 2 + u16::from(source)), Ok(()), "{source}");
    }
    assert_eq!(pass(99, 2), Ok(()));
    assert_eq!(
        pass(50, 2),
        Err(SrtpError::UsedUp),
        "its numbers are forgotten"
    );
    assert_eq!(pass(0, 200), Ok(()));
}

#[test]
fn a_source_that_is_heard_first_after_its_numbers_have_wrapped_is_heard() {
    let key = key_of(Suite::AeadAes128Gcm, 0);
    let (mut protector, mut opener) = (Protector::new(&key), Opener::new(&key));
    sealed(&mut protector, &rtp(65_535, b"lost")).unwrap();
    for sequence in 0..3 {
        let out = sealed(&mut protector, &rtp(sequence, b"voice")).unwrap();
        assert_eq!(opened(&mut opener, &out), Ok(rtp(sequence, b"voice")));
    }
}

/// RFC 3711 section 3.3.1: the count of wraps is not begun anew by a new key.
#[test]
fn a_source_that_keeps_its_count_of_wraps_under_a_new_key_is_heard() {
    let (old, new) = (
        key_of(Suite::Aes128CmSha1_80, 0),
        key_of(Suite::Aes128CmSha1_80, 9),
    );
    let (mut before, mut opener_before) = (Protector::new(&old), Opener::new(&old));
    let (mut protector, mut opener) = (Protector::new(&new), Opener::new(&new));
    for sequence in [0, 30_000, 60_000, 20_000, 50_000, 10_000] {
        let packet = rtp(sequence, b"voice");
        let out = sealed(&mut before, &packet).unwrap();
        assert_eq!(opened(&mut opener_before, &out), Ok(packet));
        // It counts on under the new key, by which nothing was sent.
        sealed(&mut protector, &rtp(sequence, b"lost")).unwrap();
    }
    let packet = rtp(10_001, b"voice");
    let out = sealed(&mut protector, &packet).unwrap();
    let hint = opener_before.index_of(&out);
    assert_eq!(hint, Some(2 << 16 | 10_001));
    assert_eq!(
        opened(&mut opener.clone(), &out),
        Err(SrtpError::Forged),
        "unheard-of"
    );
    let mut heard = out;
    let length = opener.open_rtp(&mut heard, hint).unwrap();
    assert_eq!(heard[..length], packet);
}

#[test]
fn keys_are_not_shown() {
    let key = key_of(Suite::AeadAes256Gcm, 0x37);
    let shown = format!("{key:?} {:?} {:?}", Protector::new(&key), Opener::new(&key));
    assert!(shown.contains("AeadAes256Gcm"));
    for at in 0..key.bytes().len() - 1 {
        let pair = format!("{}, {}", key.bytes()[at], key.bytes()[at + 1]);
        assert!(!shown.contains(&pair), "{shown}");
    }
    assert_eq!(MasterKey::new(Suite::AeadAes256Gcm, &[0; 46]), None);
    for suite in Suite::ALL {
        assert_eq!(Suite::from_name(&suite.name().to_lowercase()), Some(suite));
    }
    assert_eq!(Suite::from_name("F8_128_HMAC_SHA1_80"), None);
}

proptest! {
    #[test]
    fn reports_are_opened_as_they_were_sealed(body in prop::collection::vec(any::<u8>(), 0..200)) {
        for suite in Suite::ALL {
            let key = key_of(suite, 9);
            let (mut protector, mut opener) = (Protector::new(&key), Opener::new(&key));
            for _ in 0..3 {
                let mut packet = vec![0x81, 200, 0, 6, 1, 2, 3, 4];
                packet.extend(&body);
                let length = packet.len();
                let mut buffer = packet.clone();
                buffer.resize(length + OVERHEAD_MAX, 0);
                let end = protector.seal_rtcp(&mut buffer, length).unwrap();
                buffer.truncate(end);
                let again = buffer.clone();
                let end = opener.open_rtcp(&mut buffer).unwrap();
                prop_assert_eq!(&buffer[..end], &packet[..]);
                prop_assert_eq!(opener.open_rtcp(&mut again.clone()), Err(SrtpError::Replayed));
            }
        }
    }

    #[test]
    fn no_bytes_make_it_panic_or_pass(bytes in prop::collection::vec(any::<u8>(), 0..120), suite in 0..6_usize) {
        let key = key_of(Suite::ALL[suite], 3);
        let mut opener = Opener::new(&key);
        prop_assert!(opener.open_rtp(&mut bytes.clone(), None).is_err());
        prop_assert!(opener.open_rtcp(&mut bytes.clone()).is_err());
        let mut buffer = bytes.clone();
        // Without room behind it nothing is written.
        let _ = Protector::new(&key).seal_rtp(&mut buffer, bytes.len());
        let _ = Protector::new(&key).seal_rtcp(&mut buffer, bytes.len());
        prop_assert_eq!(buffer.len(), bytes.len());
    }
}
