//! Who is heard: nobody, or one side while the other is not.

use super::Side;
use crate::statistics::Counts;
use std::time::Duration;

/// What is told of a session that is watched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Watch {
    /// Nobody has sent a packet for so long; `None`: never.
    pub inactive_after: Option<Duration>,
    /// The customer, the carrier has sent no RTP for so long while the other spoke; `None`: never.
    pub one_way_after: [Option<Duration>; 2],
}

/// Packets of the other side in each second of the silence, from which on it spoke: a tenth of what
/// voice has. Fewer are signs of life of somebody who is mute too.
const PACKETS_PER_SECOND_LEAST: u64 = 5;

/// A watch that goes on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watcher {
    watch: Watch,
    /// Silence counts from here at the earliest.
    since: Duration,
    sides: [Silence; 2],
}

#[derive(Clone, Copy, Debug, Default)]
struct Silence {
    /// RTP packets of this side when it was last looked at …
    packets: u64,
    /// … and of the other side, when this one was last heard.
    others: u64,
    is_told: bool,
}

impl Watcher {
    pub(super) fn new(watch: Watch, now: Duration, counts: [&Counts; 2]) -> Self {
        let silence = |side: usize| Silence {
            packets: counts[side].packets,
            others: counts[1 - side].packets,
            is_told: false,
        };
        Self {
            watch,
            since: now,
            sides: [silence(0), silence(1)],
        }
    }

    /// Other times; what was heard so far counts on. A silence that was allowed does not count where it may
    /// last less long from now on.
    pub(super) fn change(&mut self, watch: Watch, now: Duration) {
        let until_now = self.watch.inactive_after;
        if until_now.is_some_and(|until_now| watch.inactive_after.is_some_and(|it| it < until_now))
        {
            self.since = now;
        }
        self.watch = watch;
    }

    /// How long nobody has been heard, if that is to be told. Told again after as long.
    pub(super) fn inactive(&mut self, now: Duration, counts: [&Counts; 2]) -> Option<Duration> {
        let heard = counts
            .into_iter()
            .filter_map(Counts::last_packet_at)
            .fold(self.since, Duration::max);
        let silence = now.saturating_sub(heard);
        let is_due = self
            .watch
            .inactive_after
            .is_some_and(|after| silence >= after);
        if is_due {
            self.since = now;
        }
        is_due.then_some(silence)
    }

    /// The side that is not heard while the other is, once for each silence. To be asked often: what
    /// comes between two questions is taken for heard at the second.
    pub(super) fn one_way(&mut self, now: Duration, counts: [&Counts; 2]) -> Option<Side> {
        [Side::Ingress, Side::Egress]
            .into_iter()
            .find(|side| self.is_not_heard(*side as usize, now, counts))
    }

    fn is_not_heard(&mut self, side: usize, now: Duration, counts: [&Counts; 2]) -> bool {
        let (own, other) = (counts[side], counts[1 - side]);
        let silence = &mut self.sides[side];
        if own.packets != silence.packets {
            *silence = Silence {
                packets: own.packets,
                others: other.packets,
                is_told: false,
            };
        }
        let Some(after) = self.watch.one_way_after[side] else {
            return false;
        };
        let heard = own.last_rtp_at().unwrap_or_default().max(self.since);
        let spoke = other.packets - silence.others;
        let is_one_way = !silence.is_told
            && now.saturating_sub(heard) >= after
            && spoke >= PACKETS_PER_SECOND_LEAST * after.as_secs().max(1);
        silence.is_told |= is_one_way;
        is_one_way
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_that_was_allowed_does_not_count_where_less_is() {
        let watch = |seconds| Watch {
            inactive_after: Some(Duration::from_secs(seconds)),
            ..Watch::default()
        };
        let counts = [Counts::default(), Counts::default()];
        let [ingress, egress] = &counts;
        let told = |watcher: &mut Watcher, at| {
            watcher.inactive(Duration::from_secs(at), [ingress, egress])
        };
        let mut watcher = Watcher::new(watch(3_600), Duration::ZERO, [ingress, egress]);
        watcher.change(watch(120), Duration::from_secs(200));
        assert_eq!(told(&mut watcher, 319), None);
        // More than before takes nothing back, nor does the same.
        watcher.change(watch(120), Duration::from_secs(319));
        assert_eq!(told(&mut watcher, 320), Some(Duration::from_secs(120)));
        watcher.change(watch(3_600), Duration::from_secs(321));
        assert_eq!(told(&mut watcher, 3_919), None);
        assert!(told(&mut watcher, 3_920).is_some());
    }

    const AFTER: Duration = Duration::from_secs(10);
    const TICK_MS: u64 = 100;

    /// Looks ten times a second while the sides send 50 packets a second each, or none, and says whom it
    /// was told of and when.
    fn told(
        watcher: &mut Watcher,
        counts: &mut [Counts; 2],
        ms: std::ops::Range<u64>,
        speaks: [bool; 2],
    ) -> Vec<(u64, Side)> {
        let mut told = Vec::new();
        for ms in ms.step_by(TICK_MS as usize) {
            let now = Duration::from_millis(ms);
            for (counts, speaks) in counts.iter_mut().zip(speaks) {
                (0..5)
                    .filter(|_| speaks)
                    .for_each(|_| counts.take_rtp(172, now));
            }
            let [ingress, egress] = &*counts;
            let side = watcher.one_way(now, [ingress, egress]);
            told.extend(side.map(|side| (ms, side)));
        }
        told
    }

    fn watched(counts: &[Counts; 2], at_ms: u64) -> Watcher {
        let watch = Watch {
            one_way_after: [Some(AFTER); 2],
            ..Watch::default()
        };
        let [ingress, egress] = counts;
        Watcher::new(watch, Duration::from_millis(at_ms), [ingress, egress])
    }

    #[test]
    fn a_side_that_is_not_heard_while_the_other_speaks_is_told_once() {
        let mut counts = [Counts::default(), Counts::default()];
        let mut watcher = watched(&counts, 0);
        let first = told(&mut watcher, &mut counts, 0..30_000, [true, false]);
        assert_eq!(first, [(10_000, Side::Egress)]);
        // Heard again, and silent again.
        assert_eq!(
            told(&mut watcher, &mut counts, 30_000..31_000, [true; 2]),
            []
        );
        let second = told(&mut watcher, &mut counts, 31_000..60_000, [true, false]);
        assert_eq!(second, [(40_900, Side::Egress)]);
    }

    #[test]
    fn silence_counts_from_the_beginning_of_the_watch() {
        // Early media and a hold: one side has long been silent when the watch begins.
        let mut counts = [Counts::default(), Counts::default()];
        let mut idle = watched(&counts, 0);
        told(&mut idle, &mut counts, 0..60_000, [false, true]);
        let mut watcher = watched(&counts, 60_000);
        let told = told(&mut watcher, &mut counts, 60_000..75_000, [false, true]);
        assert_eq!(told, [(70_000, Side::Ingress)]);
    }

    #[test]
    fn two_who_fall_silent_one_after_the_other_are_no_one_way_call() {
        let mut counts = [Counts::default(), Counts::default()];
        let mut watcher = watched(&counts, 0);
        assert_eq!(told(&mut watcher, &mut counts, 0..5_000, [true; 2]), []);
        assert_eq!(
            told(&mut watcher, &mut counts, 5_000..5_900, [true, false]),
            []
        );
        assert_eq!(
            told(&mut watcher, &mut counts, 5_900..60_000, [false; 2]),
            []
        );
        let [ingress, egress] = &counts;
        let now = Duration::from_secs(60);
        assert_eq!(watcher.inactive(now, [ingress, egress]), None, "never");
        let watch = Watch {
            inactive_after: Some(AFTER),
            ..Watch::default()
        };
        watcher.change(watch, now);
        let silence = watcher.inactive(now, [ingress, egress]);
        assert_eq!(silence, Some(Duration::from_millis(60_000 - 5_800)));
        assert_eq!(watcher.inactive(now + AFTER / 2, [ingress, egress]), None);
        assert_eq!(
            watcher.inactive(now + AFTER, [ingress, egress]),
            Some(AFTER)
        );
    }
}
