//! How good a call sounds, by the E-model (ITU-T G.107, 06/2015).
//!
//! The rating `R` goes from 0 to 100; 93.2 is a perfect narrowband connection. The mean opinion
//! score (MOS) follows from it. Of the model's parameters the codec, packet loss and delay are
//! measured here; all others have the values of G.107's table 3.

use crate::codec::Codec;
use std::time::Duration;

/// What is known of a connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Connection {
    /// What codes the voice.
    pub codec: Codec,
    /// Lost packets of all that were sent, 0 to 1. Loss is taken to be random (`BurstR` = 1).
    pub loss: f64,
    /// From mouth to ear.
    pub one_way_delay: Duration,
}

/// A rating: `R`, and what people would say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rating {
    /// The rating factor `R`, 0 to 100.
    pub r: f64,
    /// The mean opinion score of a conversation (MOS-CQE), 1.0 to 4.5.
    pub mos: f64,
}

/// Send and receive loudness ratings, sidetone masking rating (dB).
const SLR: f64 = 8.0;
const RLR: f64 = 2.0;
const STMR: f64 = 15.0;
/// D-values of the telephones at the sending and the receiving side.
const DS: f64 = 3.0;
const DR: f64 = 3.0;
/// Talker echo loudness rating (dB), weighted echo path loss (dB).
const TELR: f64 = 65.0;
const WEPL: f64 = 110.0;
/// Quantizing distortion units.
const QDU: f64 = 1.0;
/// Circuit noise (dBm0p), noise floor (dBmp), room noise at both sides (dB(A)).
const NC: f64 = -70.0;
const NFOR: f64 = -64.0;
const PS: f64 = 35.0;
const PR: f64 = 35.0;
/// The best that `R` stands for in a score.
const MOS_MAX: f64 = 4.5;
/// Longer delays are not told apart: nobody holds a conversation over them.
const DELAY_MAX: Duration = Duration::from_secs(10);

impl Connection {
    /// Rates the connection; `None` when the codec carries no voice.
    pub fn rate(&self) -> Option<Rating> {
        let impairment = self.codec.impairment()?;
        let loss_percent = self.loss.clamp(0.0, 1.0) * 100.0;
        // G.107 §7.5 (7-29), BurstR = 1.
        let equipment = impairment.equipment
            + (95.0 - impairment.equipment) * loss_percent / (loss_percent + impairment.robustness);
        let delay_ms = self.one_way_delay.min(DELAY_MAX).as_secs_f64() * 1000.0;
        let ro = basic_signal_to_noise();
        let r = ro - simultaneous_impairment(ro) - delay_impairment(ro, delay_ms) - equipment;
        let r = r.clamp(0.0, 100.0);
        Some(Rating { r, mos: mos_of(r) })
    }
}

/// G.107 Annex B (B-4). Below R = 6.5 the polynomial would fall under 1.
fn mos_of(r: f64) -> f64 {
    let score = 1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6;
    score.clamp(1.0, MOS_MAX)
}

fn power(level: f64) -> f64 {
    10_f64.powf(level / 10.0)
}

fn level(power: f64) -> f64 {
    10.0 * power.log10()
}

/// `No` (G.107 §7.2): all noise, at the 0 dBr point.
fn noise() -> f64 {
    let olr = SLR + RLR;
    let nos = PS - SLR - DS - 100.0 + 0.004 * (PS - olr - DS - 14.0).powi(2);
    let lstr = STMR + DR;
    let pre = PR + level(1.0 + power(10.0 - lstr));
    let nor = RLR - 121.0 + pre + 0.008 * (pre - 35.0).powi(2);
    level(power(NC) + power(nos) + power(nor) + power(NFOR + RLR))
}

/// `Ro` (G.107 §7.2).
fn basic_signal_to_noise() -> f64 {
    15.0 - 1.5 * (SLR + noise())
}

/// `Is` (G.107 §7.3): loudness, sidetone and quantizing, with no delay of the sidetone's echo.
fn simultaneous_impairment(ro: f64) -> f64 {
    let x = SLR + RLR + 0.2 * (64.0 + noise() - RLR);
    let loudness = 20.0 * ((1.0 + (x / 8.0).powi(8)).powf(1.0 / 8.0) - x / 8.0);
    let stmro = -level(power(-STMR) + power(-TELR));
    let part = |factor: f64, offset: f64, scale: f64, exponent: i32| {
        let ratio = (stmro + offset) / scale;
        factor * (1.0 + ratio.powi(exponent)).powf(1.0 / f64::from(exponent))
    };
    let sidetone =
        part(12.0, -13.0, 6.0, 8) - part(28.0, 1.0, 19.4, 35) - part(13.0, -3.0, 33.0, 13) + 29.0;
    let q = 37.0 - 15.0 * QDU.log10();
    let g = 1.07 + 0.258 * q + 0.0602 * q * q;
    let y = (ro - 100.0) / 15.0 + 46.0 / 8.4 - g / 9.0;
    let z = 46.0 / 30.0 - g / 40.0;
    let quantizing = 15.0 * (1.0 + 10_f64.powf(y) + 10_f64.powf(z)).log10();
    loudness + sidetone + quantizing
}

/// `Id` (G.107 §7.4) of a connection with the same delay `T` = `Ta` both ways: `Tr` = 2 `T`.
fn delay_impairment(ro: f64, delay_ms: f64) -> f64 {
    talker_echo(delay_ms) + listener_echo(ro, 2.0 * delay_ms) + long_delay(delay_ms)
}

/// `Idte`. The sidetone is at its default, between 9 and 20 dB, and masks nothing of it.
fn talker_echo(t: f64) -> f64 {
    let echo = 40.0 * ((1.0 + t / 10.0) / (1.0 + t / 150.0)).log10();
    let terv = TELR - echo + 6.0 * (-0.3 * t * t).exp();
    let roe = -1.5 * (noise() - RLR);
    let re = 80.0 + 2.5 * (terv - 14.0);
    let half = (roe - re) / 2.0;
    (half + (half * half + 100.0).sqrt() - 1.0) * (1.0 - (-t).exp())
}

/// `Idle`.
fn listener_echo(ro: f64, round_trip_ms: f64) -> f64 {
    let rle = 10.5 * (WEPL + 7.0) * (round_trip_ms + 1.0).powf(-0.25);
    let half = (ro - rle) / 2.0;
    half + (half * half + 169.0).sqrt()
}

/// `Idd`: delay that disturbs even without any echo.
fn long_delay(ta: f64) -> f64 {
    if ta <= 100.0 {
        return 0.0;
    }
    let x = (ta / 100.0).log2();
    let term = |x: f64| (1.0 + x.powi(6)).powf(1.0 / 6.0);
    25.0 * (term(x) - 3.0 * term(x / 3.0) + 2.0)
}

#[cfg(test)]
mod tests;
