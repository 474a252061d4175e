//! What a user agent shall do, as plain data: one type for the calling side, one for the called.
//!
//! A plan holds distributions, not decisions. Each call draws its own from the agent's seed, so one
//! plan serves a unit test (everything fixed), a simulated carrier and a load of calls alike.

use crate::random::{Chance, Random, Span};
use sip_core::Duration;

/// An audio codec the tester can offer and speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// G.711 µ-law, static payload type 0 (RFC 3551 §6).
    Pcmu,
    /// G.711 A-law, static payload type 8 (RFC 3551 §6).
    Pcma,
}

impl Codec {
    /// RTP payload type.
    pub const fn payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
        }
    }

    /// Encoding name as in `a=rtpmap`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
        }
    }

    /// The codec of a static payload type.
    pub const fn of_payload_type(payload_type: u8) -> Option<Self> {
        match payload_type {
            0 => Some(Self::Pcmu),
            8 => Some(Self::Pcma),
            _ => None,
        }
    }
}

/// Something to do in the middle of an answered call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MidCall {
    /// re-INVITE with `a=sendonly` (RFC 3264 §8.4).
    Hold,
    /// re-INVITE with `a=sendrecv`.
    Resume,
    /// UPDATE with an unchanged offer (RFC 3311), as a session refresh does.
    Update,
    /// INFO that carries one DTMF digit in `application/dtmf-relay`.
    Dtmf(char),
    /// OPTIONS inside the dialog.
    Options,
}

/// What the calling side does with each call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UacPlan {
    /// Codecs of the offer, in order of preference; telephone-event is always added.
    pub codecs: Vec<Codec>,
    /// CANCEL when no final response came in this time. Bounds every call of the plan.
    pub ring_timeout: Duration,
    /// Share of calls whose caller gives up early, and when.
    pub impatience: Option<(Chance, Span)>,
    /// From the answer to our BYE; the other side may be first.
    pub talk: Span,
    /// Steps after the answer, each with the time since the one before it.
    pub mid_call: Vec<(Duration, MidCall)>,
}

impl Default for UacPlan {
    /// PCMU and PCMA, rings at most 60 s, talks 5 s.
    fn default() -> Self {
        Self {
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            ring_timeout: Duration::from_secs(60),
            impatience: None,
            talk: Span::seconds(5),
            mid_call: Vec::new(),
        }
    }
}

impl UacPlan {
    /// The default with a fixed talk time.
    pub fn talking(talk: Duration) -> Self {
        Self {
            talk: Span::Fixed(talk),
            ..Self::default()
        }
    }

    /// The default, but every call is cancelled `after` the INVITE unless answered before.
    pub fn cancelling(after: Duration) -> Self {
        Self {
            impatience: Some((Chance::ALWAYS, Span::Fixed(after))),
            ..Self::default()
        }
    }

    /// How long this call waits for a final response before it cancels.
    pub(crate) fn draw_patience(&self, random: &mut Random) -> Duration {
        match self.impatience {
            Some((chance, after)) if random.happens(chance) => {
                after.draw(random).min(self.ring_timeout)
            }
            _ => self.ring_timeout,
        }
    }
}

/// One response of the called side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Since the reply before it, or since the INVITE for the first.
    pub after: Span,
    /// 100 to 699. A final status ends the script.
    pub status: u16,
    /// Carries our session description. A 2xx always does.
    pub with_sdp: bool,
}

/// How one kind of call is treated by the called side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UasScript {
    /// How many of the plan's calls take this script, relative to the weights of the others.
    pub weight: u32,
    /// The responses in order. None at all is silence; none that is final is ringing for ever.
    pub replies: Vec<Reply>,
    /// From our 2xx to our BYE. `None`: wait for theirs.
    pub talk: Option<Span>,
}

impl UasScript {
    /// 100 at once, 180 after `ring_after`, 200 `answer_after` later, and wait for their BYE.
    pub fn answer(ring_after: Span, answer_after: Span) -> Self {
        Self {
            weight: 1,
            replies: vec![
                Reply::new(Span::ZERO, 100),
                Reply::new(ring_after, 180),
                Reply::new(answer_after, 200),
            ],
            talk: None,
        }
    }

    /// 100 at once and a final error `after` that.
    pub fn reject(after: Span, status: u16) -> Self {
        Self {
            weight: 1,
            replies: vec![Reply::new(Span::ZERO, 100), Reply::new(after, status)],
            talk: None,
        }
    }

    /// 100 at once, 180 after `ring_after`, and nobody picks up.
    pub fn no_answer(ring_after: Span) -> Self {
        Self {
            weight: 1,
            replies: vec![Reply::new(Span::ZERO, 100), Reply::new(ring_after, 180)],
            talk: None,
        }
    }

    /// Not one response, as a dead host behind a live route.
    pub fn silence() -> Self {
        Self {
            weight: 1,
            replies: Vec::new(),
            talk: None,
        }
    }

    /// The same script with another weight.
    pub fn weighing(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// The same script, hanging up by itself.
    pub fn hanging_up_after(mut self, talk: Span) -> Self {
        self.talk = Some(talk);
        self
    }

    /// The same script with a 183 and early media in place of each 180.
    pub fn with_early_media(mut self) -> Self {
        for reply in self.replies.iter_mut().filter(|reply| reply.status == 180) {
            reply.status = 183;
            reply.with_sdp = true;
        }
        self
    }
}

impl Reply {
    /// A response without early media.
    pub const fn new(after: Span, status: u16) -> Self {
        Self {
            after,
            status,
            with_sdp: false,
        }
    }

    /// 183 with our session description: early media.
    pub const fn early_media(after: Span) -> Self {
        Self {
            after,
            status: 183,
            with_sdp: true,
        }
    }
}

/// What the called side does with calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UasPlan {
    /// Codecs that are accepted, in our order; 488 when the offer has none of them.
    pub codecs: Vec<Codec>,
    /// The scripts to draw from. None: every INVITE is refused with 480.
    pub scripts: Vec<UasScript>,
}

impl Default for UasPlan {
    /// Rings after 200 ms, answers a second later.
    fn default() -> Self {
        Self::always(UasScript::answer(Span::millis(200), Span::millis(1_000)))
    }
}

impl UasPlan {
    /// Every call takes the one script.
    pub fn always(script: UasScript) -> Self {
        Self {
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            scripts: vec![script],
        }
    }

    /// A carrier as carriers are: most calls ring and are answered, 3 % are busy, 5 % ring out.
    pub fn typical_carrier() -> Self {
        let ring = Span::Uniform {
            low: Duration::from_millis(150),
            high: Duration::from_millis(900),
        };
        let pick_up = Span::Uniform {
            low: Duration::from_millis(500),
            high: Duration::from_secs(6),
        };
        Self {
            scripts: vec![
                UasScript::answer(ring, pick_up).weighing(92),
                UasScript::reject(ring, 486).weighing(3),
                UasScript::no_answer(ring).weighing(5),
            ],
            ..Self::default()
        }
    }

    /// Draws the script of a call; `None` when there is none with a weight.
    pub(crate) fn draw_script(&self, random: &mut Random) -> Option<&UasScript> {
        let total = self.scripts.iter().map(|s| u64::from(s.weight)).sum();
        let mut drawn = random.below(total);
        self.scripts.iter().find(|script| {
            let weight = u64::from(script.weight);
            let found = drawn < weight;
            drawn = drawn.saturating_sub(weight);
            found
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_drawn_by_weight() {
        let plan = UasPlan::typical_carrier();
        let mut random = Random::new(3);
        let mut counts = [0u32; 3];
        for _ in 0..100_000 {
            let drawn = plan.draw_script(&mut random);
            let index = plan.scripts.iter().position(|s| Some(s) == drawn);
            counts[index.unwrap_or(usize::MAX)] += 1;
        }
        assert!((91_000..93_000).contains(&counts[0]), "{counts:?}");
        assert!((2_700..3_300).contains(&counts[1]), "{counts:?}");
        assert!((4_700..5_300).contains(&counts[2]), "{counts:?}");
    }

    #[test]
    fn a_plan_without_scripts_draws_none() {
        let plan = UasPlan {
            codecs: vec![],
            scripts: vec![UasScript::silence().weighing(0)],
        };
        assert_eq!(plan.draw_script(&mut Random::new(1)), None);
    }

    #[test]
    fn impatience_never_outlasts_the_ring_timeout() {
        let mut plan = UacPlan::cancelling(Duration::from_secs(90));
        plan.ring_timeout = Duration::from_secs(10);
        assert_eq!(
            plan.draw_patience(&mut Random::new(1)),
            Duration::from_secs(10)
        );
    }
}
