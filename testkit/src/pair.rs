//! Two user agents on a simulated network: the smallest world in which calls happen.

use crate::{LinkProfile, NodeId, World};
use sip_tester::agent::{AgentConfig, CallRequest, CallSummary, Event};
use sip_tester::plan::{UacPlan, UasPlan};
use sip_tester::{CallHandle, UserAgent};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;

/// Where the caller lives.
pub const CALLER: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 1), 5060));
/// Where the called side lives.
pub const CALLED: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 2), 5060));

/// A caller and a called agent.
pub struct Pair {
    /// The world they live in.
    pub world: World,
    /// The agent at [`CALLER`].
    pub caller: NodeId<UserAgent>,
    /// The agent at [`CALLED`].
    pub called: NodeId<UserAgent>,
}

impl Pair {
    /// Two agents joined by `link` each way; the called one follows `uas`.
    pub fn new(seed: u64, link: LinkProfile, uas: UasPlan) -> Self {
        let mut world = World::new(seed);
        world.net.set_default_link(link);
        let called = AgentConfig {
            uas,
            ..AgentConfig::new(CALLED)
        };
        let caller = UserAgent::new(AgentConfig::new(CALLER), seed);
        let called = UserAgent::new(called, seed.wrapping_add(1));
        Self {
            caller: world.add([CALLER], caller),
            called: world.add([CALLED], called),
            world,
        }
    }

    /// Places a call from +44 113 296 0000 to +44 20 7123 4567.
    ///
    /// # Panics
    /// When the caller cannot take another call.
    pub fn place(&mut self, plan: &Arc<UacPlan>) -> CallHandle {
        let plan = Arc::clone(plan);
        let request = CallRequest::new(CALLED, "441132960000", "442071234567", plan);
        let now = self.world.now();
        let placed = self.world.node_mut(self.caller).place_call(now, &request);
        placed.expect("the caller has room for another call")
    }

    /// Places one call, lets everything come to rest, and returns what each side says of it. The
    /// called side may never have heard of it.
    ///
    /// # Panics
    /// When the call did not end once and for all.
    pub fn one_call(mut self, plan: UacPlan) -> (CallSummary, Option<CallSummary>) {
        self.place(&Arc::new(plan));
        self.world.run_until_idle();
        let (caller, called) = (self.caller, self.called);
        let mut called = self.ended(called);
        let mut caller = self.ended(caller);
        assert_eq!(caller.len(), 1, "the caller's one call ended once");
        assert!(called.len() <= 1, "one INVITE is one call");
        self.assert_at_rest();
        (caller.remove(0), called.pop())
    }

    /// The calls of a node that ended since the last question.
    pub fn ended(&mut self, id: NodeId<UserAgent>) -> Vec<CallSummary> {
        let agent = self.world.node_mut(id);
        let events = std::iter::from_fn(|| agent.poll_event());
        let ended = events.filter_map(|event| match event {
            Event::Ended(summary) => Some(*summary),
            _ => None,
        });
        ended.collect()
    }

    /// Nothing is left over on either side: no call, no transaction.
    ///
    /// # Panics
    /// When something is.
    pub fn assert_at_rest(&self) {
        for id in [self.caller, self.called] {
            let agent = self.world.node(id);
            assert_eq!(agent.counters().active, 0, "calls by the counters");
            assert_eq!(agent.active_calls().count(), 0, "calls");
            assert_eq!(agent.open_transactions(), 0, "transactions");
            assert_eq!(agent.counters().malformed, 0, "malformed messages");
        }
    }
}
