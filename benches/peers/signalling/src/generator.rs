//! Callers and carriers in one thread, and the measuring of a server between them.

use crate::caller::Callers;
use crate::carrier::Gateway;
use crate::pace::Pace;
use crate::processes::{Processes, Times, machine_time, used};
use crate::sockets::{self, Inbox, Port, own_processor_time};
use crate::window::{Delays, Window};
use crate::world::{CALLER_PORT, CARRIER, Dialled, REFUSING};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};

/// From here on the generator does not sleep between calls: waking would make it late.
const NEVER_SLEEPS_FROM: f64 = 6_000.0;
/// The longest sleep.
const NAP: Duration = Duration::from_millis(1);
/// How long calls that have not ended are waited for, beside the time that they are held.
const DRAIN: Duration = Duration::from_secs(12);
/// From the last held call until memory is read.
const SETTLING: Duration = Duration::from_secs(2);

/// What is asked of a server.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    /// Calls a second.
    pub(crate) rate: f64,
    /// Before the window.
    pub(crate) warm: Duration,
    pub(crate) length: Duration,
    /// From the answer to the BYE.
    pub(crate) hold: Duration,
}

impl Load {
    pub(crate) fn at(rate: f64, warm: Duration, length: Duration) -> Self {
        Self {
            rate,
            warm,
            length,
            hold: Duration::ZERO,
        }
    }
}

pub(crate) struct Generator {
    began: Instant,
    callers: Port,
    carrier: Port,
    refusing: Port,
    gateways: [Gateway; 2],
    inbox: Inbox,
    run: u32,
}

/// What is read at both ends of the window.
struct Mark {
    at_ns: u64,
    server: Times,
    own: Duration,
    machine: Duration,
    ended: u64,
}

/// One run.
struct Run<'g> {
    generator: &'g mut Generator,
    processes: &'g Processes,
    callers: Callers,
    pace: Pace,
    never_sleeps: bool,
}

impl Generator {
    pub(crate) fn new() -> std::io::Result<Self> {
        sockets::wake_exactly();
        let callers = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, CALLER_PORT);
        Ok(Self {
            began: Instant::now(),
            callers: Port::bind(callers)?,
            carrier: Port::bind(CARRIER)?,
            refusing: Port::bind(REFUSING)?,
            gateways: [Gateway::new(CARRIER, true), Gateway::new(REFUSING, false)],
            inbox: Inbox::new(),
            run: std::process::id() << 8,
        })
    }

    fn now_ns(&self) -> u64 {
        self.began.elapsed().as_nanos() as u64
    }

    fn begin<'g>(
        &'g mut self,
        server: SocketAddrV4,
        processes: &'g Processes,
        calls: &[Dialled],
        load: Load,
    ) -> Run<'g> {
        self.run = self.run.wrapping_add(1);
        let hold_ns = load.hold.as_nanos() as u64;
        let callers = Callers::new(server, calls, self.run, hold_ns, self.now_ns());
        let pace = Pace::new(self.now_ns(), load.rate);
        Run {
            generator: self,
            processes,
            callers,
            pace,
            never_sleeps: load.rate >= NEVER_SLEEPS_FROM,
        }
    }

    /// Places calls at a rate, and measures in a window of it.
    pub(crate) fn measure(
        &mut self,
        server: SocketAddrV4,
        processes: &Processes,
        calls: &[Dialled],
        load: Load,
    ) -> Window {
        let mut run = self.begin(server, processes, calls, load);
        run.place_for(load.warm, false);
        let before = run.mark();
        run.place_for(load.length, true);
        let after = run.mark();
        run.drain(load.hold + DRAIN);
        run.window(load.rate, &before, &after)
    }

    /// Places so many calls and holds them all; memory is read before the first and when all are held.
    pub(crate) fn hold(
        &mut self,
        server: SocketAddrV4,
        processes: &Processes,
        calls: &[Dialled],
        (count, rate): (u64, f64),
    ) -> Window {
        let ramp = Duration::from_secs_f64(count as f64 / rate);
        let mut load = Load::at(rate, Duration::ZERO, ramp);
        load.hold = ramp + DRAIN;
        let empty = processes.memory_bytes();
        let mut run = self.begin(server, processes, calls, load);
        let before = run.mark();
        let until = run.generator.now_ns() + (ramp + DRAIN).as_nanos() as u64;
        while run.callers.counts.begun < count && run.generator.now_ns() < until {
            run.turn(Some((true, count)));
        }
        let after = run.mark();
        // Some of the last are still being set up.
        while run.callers.counts.held < count * 999 / 1_000 && run.generator.now_ns() < until {
            run.turn(None);
        }
        let settled = run.generator.now_ns() + SETTLING.as_nanos() as u64;
        while run.generator.now_ns() < settled {
            run.turn(None);
        }
        let held = run.callers.counts.held;
        let grown = processes.memory_bytes().saturating_sub(empty);
        run.drain(load.hold + DRAIN);
        let mut window = run.window(rate, &before, &after);
        window.bytes_a_call = Some(grown as f64 / held.max(1) as f64);
        window
    }
}

impl Run<'_> {
    fn mark(&mut self) -> Mark {
        Mark {
            at_ns: self.generator.now_ns(),
            server: self.processes.times(),
            own: own_processor_time(),
            machine: machine_time(),
            ended: self.callers.counts.ended,
        }
    }

    fn place_for(&mut self, length: Duration, is_counted: bool) {
        let end = self.generator.now_ns() + length.as_nanos() as u64;
        while self.generator.now_ns() < end {
            self.turn(Some((is_counted, u64::MAX)));
        }
    }

    /// Waits for the calls that have not ended.
    fn drain(&mut self, longest: Duration) {
        self.never_sleeps = false;
        let end = self.generator.now_ns() + longest.as_nanos() as u64;
        while self.callers.active() > 0 && self.generator.now_ns() < end {
            self.turn(None);
        }
    }

    /// Places what is due, does what timers want, sends, and takes what has come. `placing`: whether the calls are
    /// counted, and up to how many there may be.
    fn turn(&mut self, placing: Option<(bool, u64)>) {
        let now = self.generator.now_ns();
        let port = &mut self.generator.callers;
        if let Some((is_counted, most)) = placing {
            while self.callers.counts.begun < most && self.pace.is_due(now) {
                self.callers.place(port, is_counted, now);
            }
        }
        self.callers.advance(port, now);
        self.generator.flush();
        let now = self.generator.now_ns();
        let until_next = Duration::from_nanos(self.pace.pause(now));
        let nap = match placing {
            _ if self.never_sleeps => Duration::ZERO,
            Some(_) => until_next.min(NAP),
            None => NAP,
        };
        self.receive(nap);
    }

    fn receive(&mut self, longest: Duration) {
        let Generator {
            began,
            callers,
            carrier,
            refusing,
            gateways,
            inbox,
            ..
        } = &mut *self.generator;
        let ready = sockets::wait([callers, carrier, refusing], longest);
        if ready[0] {
            let count = inbox.receive(callers);
            let now = began.elapsed().as_nanos() as u64;
            for index in 0..count {
                let (message, _) = inbox.datagram(index);
                self.callers.received(callers, message, now);
            }
        }
        for (is_ready, port, gateway) in [
            (ready[1], carrier, &gateways[0]),
            (ready[2], refusing, &gateways[1]),
        ] {
            if is_ready {
                for index in 0..inbox.receive(port) {
                    let (message, from) = inbox.datagram(index);
                    gateway.received(port, message, from);
                }
            }
        }
        self.generator.flush();
    }

    fn window(self, rate: f64, before: &Mark, after: &Mark) -> Window {
        let left = self.callers.active() as u64;
        let counts = self.callers.counts;
        let length = Duration::from_nanos(after.at_ns - before.at_ns);
        let server = used(&before.server, &after.server);
        let own = after.own.saturating_sub(before.own);
        let ours = server.values().sum::<Duration>() + own;
        let cores = |time: Duration| time.as_secs_f64() / length.as_secs_f64();
        let machine = after.machine.saturating_sub(before.machine);
        Window {
            rate,
            length,
            offered: counts.offered,
            answered: counts.answered,
            failed: counts.failed,
            retransmitted: counts.retransmitted,
            ended: after.ended - before.ended,
            left,
            held_at_once: counts.held_at_once,
            setup: Delays::of(counts.setups_ns),
            server,
            generator_load: cores(own),
            other_load: cores(machine.saturating_sub(ours)),
            bytes_a_call: None,
            refused: counts.refused,
        }
    }
}

impl Generator {
    fn flush(&mut self) {
        for port in [&mut self.callers, &mut self.carrier, &mut self.refusing] {
            port.flush();
        }
    }
}
