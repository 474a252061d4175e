use super::*;

fn rated(codec: Codec, loss: f64, delay_ms: u64) -> Rating {
    let connection = Connection {
        codec,
        loss,
        one_way_delay: Duration::from_millis(delay_ms),
    };
    connection.rate().expect("the codec carries voice")
}

fn near(value: f64, expected: f64, by: f64) -> bool {
    (value - expected).abs() <= by
}

#[test]
fn the_default_connection_of_g_107_has_93_2_and_a_score_of_4_41() {
    let rating = rated(Codec::Pcma, 0.0, 0);
    assert!(near(rating.r, 93.2, 0.05), "{}", rating.r);
    assert!(near(rating.mos, 4.41, 0.005), "{}", rating.mos);
}

/// The terms as G.107 gives them for its defaults: No = -61.18, Ro = 94.77, Is = 1.41.
#[test]
fn the_terms_of_the_default_connection_are_those_of_the_recommendation() {
    let ro = basic_signal_to_noise();
    assert!(near(noise(), -61.18, 0.005), "{}", noise());
    assert!(near(ro, 94.77, 0.005), "{ro}");
    let simultaneous = simultaneous_impairment(ro);
    assert!(near(simultaneous, 1.41, 0.01), "{simultaneous}");
}

/// The table of G.107 Annex B and G.109: what a rating means.
#[test]
fn ratings_become_scores_as_g_109_has_them() {
    for (r, mos) in [
        (90.0, 4.34),
        (80.0, 4.03),
        (70.0, 3.60),
        (60.0, 3.10),
        (50.0, 2.58),
    ] {
        assert!(near(mos_of(r), mos, 0.01), "{r}: {}", mos_of(r));
    }
    assert!(near(mos_of(0.0), 1.0, 1e-9));
    assert!(near(mos_of(3.0), 1.0, 1e-9));
    assert!(near(mos_of(100.0), 4.5, 1e-9));
}

/// Ie,eff by hand: 11 + 84 · 5 / (5 + 19) = 28.5, and 95 · 1 / (1 + 25.1) = 3.64.
#[test]
fn loss_takes_from_the_rating_what_the_codec_cannot_bear() {
    let perfect = rated(Codec::Pcma, 0.0, 0).r;
    assert!(near(perfect - rated(Codec::G729, 0.0, 0).r, 11.0, 1e-9));
    assert!(near(perfect - rated(Codec::G729, 0.05, 0).r, 28.5, 1e-9));
    assert!(near(perfect - rated(Codec::Pcmu, 0.01, 0).r, 3.6398, 1e-3));
    assert!(near(rated(Codec::Gsm, 1.0, 400).mos, 1.0, 1e-9));
}

/// Idd by hand: 25 ((1 + x⁶)^⅙ - 3 (1 + (x/3)⁶)^⅙ + 2) with x = 1 at 200 ms, 2 at 400 ms.
#[test]
fn delay_is_not_felt_up_to_100_ms_and_then_more_and_more() {
    assert!(near(long_delay(100.0), 0.0, 1e-9));
    assert!(near(long_delay(200.0), 3.0444, 1e-3));
    assert!(near(long_delay(400.0), 24.0701, 1e-3));
    let ratings = [0, 100, 200, 400, 800, 3_600_000].map(|ms| rated(Codec::Pcma, 0.0, ms).r);
    assert!(ratings.is_sorted_by(|a, b| a > b), "{ratings:?}");
}

#[test]
fn what_is_no_voice_has_no_rating() {
    let connection = Connection {
        codec: Codec::TelephoneEvent,
        loss: 0.0,
        one_way_delay: Duration::ZERO,
    };
    assert_eq!(connection.rate(), None);
}

#[test]
fn no_input_leaves_the_scale() {
    for loss in [-1.0, 0.0, 0.3, 1.0, 7.0] {
        for delay_ms in [0, 1, 150, 10_000, u64::MAX] {
            let rating = rated(Codec::Opus, loss, delay_ms);
            assert!((0.0..=100.0).contains(&rating.r), "{loss} {delay_ms}");
            assert!((1.0..=4.5).contains(&rating.mos), "{loss} {delay_ms}");
        }
    }
}
