//! Which codec a payload type stands for (RFC 3551 §6), and what the codec does to speech.

/// An encoding that the relay knows: its clock, and for voice its place in the E-model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Codec {
    /// G.711 µ-law.
    Pcmu = 1,
    /// G.711 A-law.
    Pcma,
    /// G.722, 64 kbit/s.
    G722,
    /// G.723.1.
    G723,
    /// G.729 and its annexes.
    G729,
    /// GSM full rate.
    Gsm,
    /// iLBC.
    Ilbc,
    /// Opus.
    Opus,
    /// AMR, narrowband.
    Amr,
    /// AMR-WB (G.722.2).
    AmrWb,
    /// DTMF and other events (RFC 4733).
    TelephoneEvent,
    /// Comfort noise (RFC 3389).
    ComfortNoise,
}

/// How much a codec takes from the E-model's rating (ITU-T G.107 §7.5).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Impairment {
    /// Without loss: `Ie`.
    pub(crate) equipment: f64,
    /// How well it bears random loss: `Bpl`.
    pub(crate) robustness: f64,
}

/// What a description says of its payload types, where it is not what the static ones stand for anyway.
/// They are the types that whoever wrote the description wants to receive (RFC 3264 §5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PayloadTypes {
    /// Filled from the front. Without a codec: what is known to be something else.
    entries: [Option<(u8, Option<Codec>)>; Self::MAX],
}

impl Codec {
    const ALL: [Self; 12] = [
        Self::Pcmu,
        Self::Pcma,
        Self::G722,
        Self::G723,
        Self::G729,
        Self::Gsm,
        Self::Ilbc,
        Self::Opus,
        Self::Amr,
        Self::AmrWb,
        Self::TelephoneEvent,
        Self::ComfortNoise,
    ];

    /// The codec of an encoding name of `a=rtpmap`, in any case of letters.
    pub fn from_encoding_name(name: &str) -> Option<Self> {
        let is_named = |codec: &Self| codec.encoding_name().eq_ignore_ascii_case(name);
        Self::ALL.into_iter().find(is_named)
    }

    /// Its name in `a=rtpmap` (RFC 3551 §6 and the codec's own payload format).
    pub fn encoding_name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::G722 => "G722",
            Self::G723 => "G723",
            Self::G729 => "G729",
            Self::Gsm => "GSM",
            Self::Ilbc => "iLBC",
            Self::Opus => "opus",
            Self::Amr => "AMR",
            Self::AmrWb => "AMR-WB",
            Self::TelephoneEvent => "telephone-event",
            Self::ComfortNoise => "CN",
        }
    }

    /// Ticks of its RTP timestamps per second. G.722's are 8,000 by an old mistake (RFC 3551 §4.5.2).
    pub fn clock_rate(self) -> u32 {
        match self {
            Self::AmrWb => 16_000,
            Self::Opus => 48_000,
            _ => 8_000,
        }
    }

    /// As a number that [`Self::from_number`] reads; never 0.
    pub(crate) fn number(self) -> u64 {
        self as u64
    }

    pub(crate) fn from_number(number: u64) -> Option<Self> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        Self::ALL.get(index).copied()
    }

    /// Whether its packets carry voice at the steady pace that jitter is measured by.
    pub(crate) fn is_voice(self) -> bool {
        !matches!(self, Self::TelephoneEvent | Self::ComfortNoise)
    }

    /// `Ie` and `Bpl` on the narrowband scale; `None` for what is not voice.
    ///
    /// ITU-T G.113 Appendix I has G.711 with its loss concealment (0, 25.1; without any 4.3),
    /// G.729A with silence suppression (11, 19), G.723.1 at 6.3 kbit/s (15, 16.1), GSM enhanced
    /// full rate, which AMR at 12.2 kbit/s is (5, 10), and `Ie` of GSM full rate (20). The others
    /// are assumed: G.722, AMR-WB and Opus take nothing from a narrowband connection and bear loss
    /// as EFR, as EFR, and a little better than G.729; iLBC is 10 and 32; GSM full rate bears loss
    /// as EFR. The narrowband scale gives wideband voice no better rating than G.711.
    pub(crate) fn impairment(self) -> Option<Impairment> {
        let (equipment, robustness) = match self {
            Self::Pcmu | Self::Pcma => (0.0, 25.1),
            Self::G722 | Self::AmrWb => (0.0, 10.0),
            Self::G723 => (15.0, 16.1),
            Self::G729 => (11.0, 19.0),
            Self::Gsm => (20.0, 10.0),
            Self::Ilbc => (10.0, 32.0),
            Self::Opus => (0.0, 20.0),
            Self::Amr => (5.0, 10.0),
            Self::TelephoneEvent | Self::ComfortNoise => return None,
        };
        Some(Impairment {
            equipment,
            robustness,
        })
    }
}

impl PayloadTypes {
    /// Types of a description that are remembered. One with more is measured without clock and codec
    /// for the rest, which it wants least.
    pub const MAX: usize = 6;

    /// Payload type `number` stands for `codec`, or for something unknown. Numbers that RTP cannot
    /// carry are passed over, and so is what carries no voice: it is not measured.
    pub fn learn(&mut self, number: u8, codec: Option<Codec>) {
        let voice = |codec: Option<Codec>| codec.filter(|codec| codec.is_voice());
        let codec = voice(codec);
        if number > 127 || (self.said(number).is_none() && voice(of_static_type(number)) == codec) {
            return;
        }
        let of_number = |entry: &Option<(u8, _)>| entry.is_none_or(|(said, _)| said == number);
        if let Some(place) = self.entries.iter().position(of_number) {
            self.entries[place] = Some((number, codec));
        }
    }

    /// What payload type `number` stands for in media for the writer of this description, from the
    /// writer of `senders`; `None` when nobody has said. A sender that uses the numbers of its own
    /// description is understood where the receiver's has no meaning for them.
    pub fn codec(&self, senders: &Self, number: u8) -> Option<Codec> {
        let said = self.said(number).or_else(|| senders.said(number));
        said.unwrap_or_else(|| of_static_type(number))
    }

    fn said(&self, number: u8) -> Option<Option<Codec>> {
        let mut entries = self.entries.iter().flatten();
        let entry = entries.find(|(said, _)| *said == number);
        entry.map(|(_, codec)| *codec)
    }
}

/// RFC 3551 §6, table 4.
fn of_static_type(number: u8) -> Option<Codec> {
    match number {
        0 => Some(Codec::Pcmu),
        3 => Some(Codec::Gsm),
        4 => Some(Codec::G723),
        8 => Some(Codec::Pcma),
        9 => Some(Codec::G722),
        13 => Some(Codec::ComfortNoise),
        18 => Some(Codec::G729),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_codec_is_known_by_its_name_and_its_number() {
        for codec in Codec::ALL {
            assert_eq!(
                Codec::from_encoding_name(codec.encoding_name()),
                Some(codec)
            );
            assert_eq!(Codec::from_number(codec.number()), Some(codec));
        }
        assert_eq!(Codec::from_encoding_name("ILBC"), Some(Codec::Ilbc));
        assert_eq!(Codec::from_encoding_name("VP8"), None);
        assert_eq!(Codec::from_number(0), None);
        assert_eq!(Codec::from_number(13), None);
    }

    #[test]
    fn what_was_learned_outranks_the_static_types_and_the_latest_counts() {
        let mut types = PayloadTypes::default();
        let none = types;
        assert_eq!(types.codec(&none, 8), Some(Codec::Pcma));
        assert_eq!(types.codec(&none, 96), None);
        types.learn(96, Some(Codec::Opus));
        types.learn(96, Some(Codec::Ilbc));
        types.learn(0, Some(Codec::G729));
        types.learn(9, None);
        assert_eq!(types.codec(&none, 96), Some(Codec::Ilbc));
        assert_eq!(types.codec(&none, 0), Some(Codec::G729));
        assert_eq!(types.codec(&none, 9), None);
        types.learn(0, Some(Codec::Pcmu));
        assert_eq!(types.codec(&none, 0), Some(Codec::Pcmu));
    }

    #[test]
    fn the_numbers_of_the_receiver_count_before_those_of_the_sender() {
        let (mut receiver, mut sender) = (PayloadTypes::default(), PayloadTypes::default());
        receiver.learn(96, Some(Codec::Amr));
        sender.learn(96, Some(Codec::Opus));
        sender.learn(97, Some(Codec::Ilbc));
        assert_eq!(receiver.codec(&sender, 96), Some(Codec::Amr));
        assert_eq!(receiver.codec(&sender, 97), Some(Codec::Ilbc));
        assert_eq!(sender.codec(&receiver, 96), Some(Codec::Opus));
    }

    #[test]
    fn what_is_known_anyway_or_is_no_voice_takes_no_place() {
        let mut types = PayloadTypes::default();
        types.learn(0, Some(Codec::Pcmu));
        types.learn(13, Some(Codec::ComfortNoise));
        types.learn(101, Some(Codec::TelephoneEvent));
        types.learn(102, None);
        types.learn(200, Some(Codec::Amr));
        assert_eq!(types, PayloadTypes::default());
        for number in 96..96 + PayloadTypes::MAX as u8 {
            types.learn(number, Some(Codec::Opus));
        }
        types.learn(120, Some(Codec::Amr));
        let none = PayloadTypes::default();
        assert_eq!(types.codec(&none, 96), Some(Codec::Opus));
        assert_eq!(types.codec(&none, 120), None);
    }
}
