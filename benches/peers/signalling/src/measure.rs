//! What is measured of a contender in one run.

use crate::contender::{Contender, Running, Setting};
use crate::generator::{Generator, Load};
use crate::window::Window;
use crate::world::{Cores, Dialled};
use std::time::Duration;

/// How long it is looked at.
#[derive(Clone, Copy)]
pub(crate) struct Pains {
    pub(crate) warm: Duration,
    pub(crate) length: Duration,
    /// From one rate to the next in the search for the most.
    pub(crate) factor: f64,
    /// Calls that are held for the measuring of memory.
    pub(crate) held: u64,
}

impl Pains {
    pub(crate) const FULL: Self = Self {
        warm: Duration::from_secs(6),
        length: Duration::from_secs(5),
        factor: 1.12,
        held: 20_000,
    };
    /// Shows that everything works; its figures are worth little.
    pub(crate) const QUICK: Self = Self {
        warm: Duration::from_secs(1),
        length: Duration::from_secs(2),
        factor: 1.5,
        held: 1_000,
    };
}

/// Calls a second while calls are placed that are held.
const RAMP: f64 = 500.0;
/// Calls a second where the first carrier refuses.
const FAILOVER_RATE: f64 = 2_000.0;
/// A server's timers are in their steady state after so long, at up to so many calls a second.
const PRIMING: Duration = Duration::from_secs(7);
const PRIMING_RATE: f64 = 1_000.0;
/// Enough that code and buffers are in memory, and hardly a call's: what is kept from it would hold further calls.
const SMALL_PRIMING: Duration = Duration::from_secs(2);
const SMALL_PRIMING_RATE: f64 = 200.0;
const STEPS_MAX: usize = 16;

/// One run.
#[derive(Clone, Default)]
pub(crate) struct Figures {
    pub(crate) fixed: Vec<Window>,
    /// At the greatest rate that it held, and at half of that.
    pub(crate) most: Option<Window>,
    pub(crate) half: Option<Window>,
    pub(crate) failover: Option<Window>,
    pub(crate) held: Option<Window>,
    /// The greatest rate with two cores.
    pub(crate) two_cores: Option<Window>,
}

/// The parts of a run.
pub(crate) const PARTS: [&str; 5] = ["fixed", "most", "failover", "held", "two-cores"];

pub(crate) struct Bench<'b> {
    pub(crate) generator: &'b mut Generator,
    pub(crate) pains: Pains,
    /// Those of [`PARTS`] that are wanted; none: all.
    pub(crate) parts: &'b [String],
    pub(crate) calls: &'b [Dialled],
    /// To numbers that the first carrier refuses.
    pub(crate) refused: &'b [Dialled],
}

impl Bench<'_> {
    pub(crate) fn measure(&mut self, contender: &dyn Contender) -> Figures {
        let mut figures = Figures::default();
        if self.wants("fixed") {
            figures.fixed = self.fixed(contender);
        }
        if self.wants("most") {
            figures.most = self.most(contender, Cores::One);
        }
        if let Some(most) = &figures.most {
            let mut server = Server::start(self, contender, Setting::ONE_CORE);
            figures.half = Some(server.window(self, most.rate / 2.0));
        }
        if self.wants("failover") && contender.has_failover() {
            figures.failover = Some(self.failover(contender));
        }
        if self.wants("held") && contender.is_measured_whole() {
            figures.held = Some(self.held(contender));
        }
        if self.wants("two-cores") && contender.is_measured_whole() {
            figures.two_cores = self.most(contender, Cores::Two);
        }
        figures
    }

    fn wants(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|wanted| wanted == part)
    }

    fn fixed(&mut self, contender: &dyn Contender) -> Vec<Window> {
        let mut server = Server::start(self, contender, Setting::ONE_CORE);
        let rates = contender.fixed_rates().iter();
        rates.map(|rate| server.window(self, *rate)).collect()
    }

    /// The greatest rate that holds: steps up to the first that does not, then half a step back.
    fn most(&mut self, contender: &dyn Contender, cores: Cores) -> Option<Window> {
        let setting = Setting {
            cores,
            ..Setting::ONE_CORE
        };
        let mut server = Server::start(self, contender, setting);
        let mut best: Option<Window> = None;
        let (mut rate, mut failures) = (contender.first_rate(), 0);
        for step in 0..STEPS_MAX {
            let window = server.window(self, rate);
            if window.is_held() {
                best = Some(window);
                // The half step after the first failure held.
                if failures > 0 && step > 0 {
                    break;
                }
                rate = (rate * self.pains.factor).round();
                continue;
            }
            failures += 1;
            if failures >= 2 && best.is_some() || failures >= 4 {
                break;
            }
            rate = match &best {
                Some(best) => f64::midpoint(best.rate, rate).round(),
                None => (rate * 0.75).round(),
            };
            // Until something holds, the search has not begun.
            if best.is_none() && step < 3 {
                failures = 0;
            }
            // An overloaded server keeps its arrears: another one begins clean.
            drop(server);
            server = Server::start(self, contender, setting);
        }
        best
    }

    fn failover(&mut self, contender: &dyn Contender) -> Window {
        let server = Server::start(self, contender, Setting::ONE_CORE);
        let load = Load::at(FAILOVER_RATE, self.pains.warm, self.pains.length);
        let running = &server.running;
        let window =
            self.generator
                .measure(running.address, &running.processes, self.refused, load);
        println!(
            "{}, the first carrier refuses: {}",
            contender.name(),
            window.line()
        );
        window
    }

    fn held(&mut self, contender: &dyn Contender) -> Window {
        let setting = Setting {
            touches_memory: false,
            ..Setting::ONE_CORE
        };
        // The priming is over when its last transaction is.
        let server = Server::start(self, contender, setting);
        std::thread::sleep(PRIMING);
        let running = &server.running;
        let count = (self.pains.held, RAMP);
        let window = self
            .generator
            .hold(running.address, &running.processes, self.calls, count);
        println!(
            "{}, {} calls held: {:.0} bytes a call, {} failed",
            contender.name(),
            window.held_at_once,
            window.bytes_a_call.unwrap_or(f64::NAN),
            window.failed
        );
        window
    }
}

/// A server in the middle of its work.
struct Server<'c> {
    contender: &'c dyn Contender,
    setting: Setting,
    running: Running,
    is_fresh: bool,
}

impl<'c> Server<'c> {
    fn start(bench: &mut Bench<'_>, contender: &'c dyn Contender, setting: Setting) -> Self {
        let running = contender.start(setting);
        let server = Self {
            contender,
            setting,
            running,
            is_fresh: true,
        };
        let (rate, length) = match setting.touches_memory {
            true => (
                PRIMING_RATE,
                PRIMING.min(bench.pains.warm + Duration::from_secs(1)),
            ),
            false => (SMALL_PRIMING_RATE, SMALL_PRIMING),
        };
        let rate = contender.first_rate().min(rate);
        let load = Load::at(rate, Duration::ZERO, length);
        let running = &server.running;
        bench
            .generator
            .measure(running.address, &running.processes, bench.calls, load);
        server
    }

    fn window(&mut self, bench: &mut Bench<'_>, rate: f64) -> Window {
        if !self.is_fresh && self.contender.wants_fresh_starts() {
            // The old one must be gone before another takes its address.
            self.running.kept = Box::new(());
            *self = Self::start(bench, self.contender, self.setting);
        }
        self.is_fresh = false;
        let load = Load::at(rate, bench.pains.warm, bench.pains.length);
        let running = &self.running;
        let window =
            bench
                .generator
                .measure(running.address, &running.processes, bench.calls, load);
        println!("{}: {}", self.contender.name(), window.line());
        window
    }
}
