//! Peers that speak every dialect (late offers, 100rel in all modes, session timers, digest, forks, 3xx,
//! UPDATE, REFER with and without Replaces, REGISTER, glare), trunks whose settings are drawn, gateways that fail, and configurations that
//! change while calls are up.

use super::wild::{PASSWORD, USERNAME, Wild};
use super::{SwitchNode, USD, address};
use crate::support::{AURORA, BOREALIS, CUSTOMER, SWITCH, Setup, Switch};
use call_control::Command;
use rating::Amount;
use rating::cdr::Outcome;
use routing_engine::Snapshot;
use routing_engine::resources::{
    AuthenticationMode, BillingMode, CustomerBilling, DigestAccount, Failover, FurtherGateway,
    InDialogPolicy, KeepaliveMethod, MediaMode, Probing, RedirectPolicy, ReferPolicy, Registration,
    ReinvitePolicy, ReliableProvisional, ReplacesPolicy, Resources, Secret, SessionTimers,
    Signalling, Trunk,
};
use sip_core::{Duration, Instant};
use sip_tester::random::{Chance, Random};
use std::collections::BTreeSet;
use std::sync::Arc;
use testkit::{LinkProfile, NodeId, World, seeds};

const CALLS: usize = 40;
/// A gateway where nobody lives.
pub(super) const NOBODY: &str = "203.0.113.99:5060";
/// A second gateway of the first carrier.
const AURORA_TOO: &str = "203.0.113.3:5060";

struct Babel {
    world: World,
    switch: NodeId<SwitchNode>,
    customer: NodeId<Wild>,
    carriers: Vec<NodeId<Wild>>,
    random: Random,
    snapshots: u64,
}

impl Babel {
    fn new(seed: u64, link: LinkProfile) -> Self {
        let mut world = World::new(seed);
        world.net.set_default_link(link);
        let setup = Setup {
            media_pairs: 64,
            max_call_duration: Some(Duration::from_secs(300)),
            ..Setup::default()
        };
        let node = SwitchNode::new(Switch::starting_at(&setup, Instant::ZERO));
        let places = [AURORA, AURORA_TOO, BOREALIS];
        let mut random = Random::new(seed + 1);
        let mut carrier = |place: &str, number| {
            let mut carrier = Wild::new(address(place), seed + number);
            carrier.challenges = random.happens(Chance::percent(25));
            world.add([address(place)], carrier)
        };
        let carriers = places.iter().zip(3..);
        Self {
            carriers: carriers
                .map(|(place, number)| carrier(place, number))
                .collect(),
            switch: world.add([address(SWITCH)], node),
            customer: world.add([address(CUSTOMER)], Wild::new(address(CUSTOMER), seed + 2)),
            world,
            random,
            snapshots: 1,
        }
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.random.below(of.len() as u64) as usize]
    }

    fn happens(&mut self, percent: u32) -> bool {
        self.random.happens(Chance::percent(percent))
    }

    fn place_calls(&mut self) {
        for _ in 0..CALLS {
            if self.happens(15) {
                self.reconfigure();
            }
            self.part();
            let now = self.world.now();
            self.world.node_mut(self.customer).place_call(now);
            let pause = self.random.below(1_500);
            self.world.run_for(Duration::from_millis(pause));
        }
        self.world.net.heal();
        // Probes have no end by themselves.
        let resources = Setup::default().resources();
        self.publish(&resources);
        self.world.run_until_idle();
    }

    /// Cuts the switch off from a peer now and then.
    fn part(&mut self) {
        let peer = address(self.pick(&[CUSTOMER, AURORA, AURORA_TOO, BOREALIS]));
        match self.random.below(12) {
            0 => self.world.net.partition(address(SWITCH), peer),
            1 => self.world.net.cut(peer, address(SWITCH)),
            2..7 => self.world.net.heal(),
            _ => {}
        }
    }

    /// Another configuration, while calls are up.
    fn reconfigure(&mut self) {
        let wants_password = self.happens(30);
        let mut setup = Setup {
            authentication: match wants_password {
                true => AuthenticationMode::AddressAndDigest,
                false => AuthenticationMode::Address,
            },
            ingress_digest: wants_password.then(account),
            egress_digest: self.happens(60).then(account),
            media: self.pick(&[MediaMode::Relay, MediaMode::Relay, MediaMode::Direct]),
            ingress: Signalling {
                refer: match self.happens(60) {
                    true => ReferPolicy::Handle,
                    false => self.pick(&[ReferPolicy::Reject, ReferPolicy::Relay]),
                },
                ..self.draw_signalling()
            },
            egress: self.draw_signalling(),
            failover: Failover {
                first_reply_timeout_ms: 1_500,
                pdd_timeout_ms: 6_000,
                ring_timeout_s: self.pick(&[5, 60]),
                ..Failover::default()
            },
            ..Setup::default()
        };
        self.draw_limits(&mut setup);
        let has_shared = !setup.gateways.is_empty();
        let mut resources = setup.resources();
        for customer in &mut resources.customers {
            let spec = &mut customer.spec;
            spec.cps_limit = self.pick(&[None, Some(2)]);
            spec.cps_smoothing_ms = self.pick(&[None, Some(800), Some(2_000)]);
            spec.called_number_channel_limit = self.pick(&[None, None, Some(3)]);
            spec.billing = self.draw_billing();
        }
        for trunk in &mut resources.trunks {
            self.draw_trunk(&mut trunk.spec, has_shared);
        }
        self.publish(&resources);
    }

    fn draw_signalling(&mut self) -> Signalling {
        use ReliableProvisional as Mode;
        let modes = [
            Mode::Off,
            Mode::Supported,
            Mode::SupportedUnannounced,
            Mode::Required,
            Mode::Ignored,
        ];
        let timers = [
            SessionTimers::Off,
            SessionTimers::Supported,
            SessionTimers::Always,
        ];
        let policies = [InDialogPolicy::Reject, InDialogPolicy::Relay];
        Signalling {
            reliable_provisional: self.pick(&modes),
            session_timers: self.pick(&timers),
            session_interval_s: self.pick(&[90, 300]),
            keepalive_interval_s: self.pick(&[None, Some(10)]),
            redirects: self.pick(&[RedirectPolicy::Reject, RedirectPolicy::Follow]),
            info: self.pick(&policies),
            message: self.pick(&policies),
            refer: self.pick(&[ReferPolicy::Reject, ReferPolicy::Relay]),
            reinvite: self.pick(&[ReinvitePolicy::Relay, ReinvitePolicy::Local]),
            keepalive_method: self.pick(&[KeepaliveMethod::Options, KeepaliveMethod::Reinvite]),
            subscribe: self.pick(&policies),
            replaces: self.pick(&[ReplacesPolicy::Ignore, ReplacesPolicy::Accept]),
            ..Signalling::default()
        }
    }

    /// No limit of money, or one that some calls meet.
    fn draw_billing(&mut self) -> Option<CustomerBilling> {
        let amount = |share: u64| Amount((USD / share) as i64);
        let mode = self.pick(&[BillingMode::Prepaid, BillingMode::Postpaid]);
        let is_postpaid = mode == BillingMode::Postpaid;
        let billing = CustomerBilling {
            mode,
            credit_limit: is_postpaid.then(|| amount(20)),
            daily_spend_limit: self.pick(&[None, Some(amount(10))]),
            call_spend_limit: self.pick(&[None, Some(amount(100))]),
            ..CustomerBilling::default()
        };
        let is_limited = self.happens(60);
        if is_limited {
            let nanos = self.random.below(USD / 10);
            let node = self.world.node_mut(self.switch);
            node.switch.set_balance(nanos as i64);
        }
        is_limited.then_some(billing)
    }

    /// Sometimes a gateway with a limit, and a route with one.
    fn draw_limits(&mut self, setup: &mut Setup) {
        if self.happens(40) {
            let gateway = serde_json::json!({ "carrier": "Aurora", "address": AURORA_TOO,
                "channel_limit": 2, "cps_limit": 3 });
            let gateway = serde_json::from_value(gateway).unwrap();
            setup.gateways = vec![("shared", gateway)];
        }
        if self.happens(40) {
            let route = serde_json::json!({ "carrier": "Aurora", "channel_limit": 3 });
            setup.routes = vec![serde_json::from_value(route).unwrap()];
        }
    }

    fn draw_trunk(&mut self, trunk: &mut Trunk, has_shared: bool) {
        trunk.channel_limit = self.pick(&[None, None, Some(5)]);
        if trunk.gateway == Some(address(AURORA).into()) {
            if has_shared {
                let shared = serde_json::json!({ "gateway": "shared", "priority": 60 });
                trunk.shared_gateways = vec![serde_json::from_value(shared).unwrap()];
            }
            let more = match has_shared {
                true => NOBODY,
                false => self.pick(&[AURORA_TOO, NOBODY]),
            };
            trunk.further_gateways = vec![FurtherGateway {
                address: address(more).into(),
                transport: None,
                priority: self.pick(&[100, 50]),
                weight: FurtherGateway::WEIGHT,
            }];
        }
        if trunk.gateway.is_some() && trunk.digest.is_some() && self.happens(50) {
            trunk.registration = Some(Registration::default());
        }
        if trunk.gateway.is_some() && self.happens(50) {
            trunk.probing = Some(Probing {
                interval_s: 5,
                down_after: 2,
                up_after: 1,
            });
        }
    }

    fn publish(&mut self, resources: &Resources) {
        self.snapshots += 1;
        let node = self.world.node_mut(self.switch);
        let before = &node.switch.snapshot;
        let snapshot = Snapshot::compile(self.snapshots, resources, Some(before)).unwrap();
        let snapshot = Arc::new(snapshot);
        node.switch.snapshot = Arc::clone(&snapshot);
        node.switch.command(Command::SetSnapshot(snapshot));
        node.collect();
    }

    /// What must hold whatever the network and the peers did.
    fn judge(&mut self) {
        for id in self.carriers.iter().chain([&self.customer]) {
            assert_eq!(self.world.node(*id).calls(), 0, "calls of a peer");
        }
        self.world.node_mut(self.switch).judge();
        let node = self.world.node(self.switch);
        let ended = node.switch.ended().into_iter();
        let answered = ended.filter(|record| record.outcome == Outcome::Answered);
        let answered: BTreeSet<_> = answered.map(|record| &*record.ingress_call_id).collect();
        for call_id in &self.world.node(self.customer).answered {
            assert!(
                answered.contains(call_id.as_str()),
                "the customer saw an answer of {call_id}"
            );
        }
        self.world.node_mut(self.switch).judge_what_comes_late();
    }
}

fn account() -> DigestAccount {
    DigestAccount {
        username: USERNAME.to_owned(),
        password: Secret::from_text(PASSWORD),
    }
}

fn run(seed: u64, link: LinkProfile) {
    let mut babel = Babel::new(seed, link);
    babel.reconfigure();
    babel.place_calls();
    babel.judge();
}

#[test]
fn nothing_is_lost_among_peers_of_every_dialect() {
    for seed in seeds(400..412) {
        run(seed, LinkProfile::CLEAN);
    }
}

#[test]
fn nothing_is_lost_among_peers_of_every_dialect_on_a_hostile_network() {
    for seed in seeds(500..512) {
        run(seed, LinkProfile::HOSTILE);
    }
}
