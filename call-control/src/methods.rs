//! Which methods the switch takes within a dialog, by the policy of the trunk.

use routing_engine::resources::{InDialogPolicy, ReferPolicy, Signalling};
use sip_core::Method;

macro_rules! allow_with {
    ($more:literal) => {
        concat!(
            "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK",
            $more
        )
    };
}
/// The methods that are always taken, for Allow.
pub(crate) const ALLOW: &str = allow_with!("");

/// [`ALLOW`] with the methods that a trunk may add: bit 0 MESSAGE, bit 1 REFER, bit 2 SUBSCRIBE.
const WITH_RELAYED: [&str; 8] = [
    ALLOW,
    allow_with!(", MESSAGE"),
    allow_with!(", REFER, NOTIFY"),
    allow_with!(", MESSAGE, REFER, NOTIFY"),
    allow_with!(", SUBSCRIBE, NOTIFY"),
    allow_with!(", MESSAGE, SUBSCRIBE, NOTIFY"),
    allow_with!(", REFER, SUBSCRIBE, NOTIFY"),
    allow_with!(", MESSAGE, REFER, SUBSCRIBE, NOTIFY"),
];

/// The value of Allow towards a trunk.
pub(crate) fn allow(policy: &Signalling) -> &'static str {
    let bit = |policy, bit: usize| match policy {
        InDialogPolicy::Relay => 1 << bit,
        InDialogPolicy::Reject => 0,
    };
    let refer = usize::from(policy.refer != ReferPolicy::Reject) << 1;
    let index = bit(policy.message, 0) | refer | bit(policy.subscribe, 2);
    WITH_RELAYED[index]
}

/// Whether a trunk lets a request pass that says nothing to the switch itself.
pub(crate) fn is_relayed(policy: &Signalling, method: Method<'_>) -> bool {
    let relays = |policy| policy == InDialogPolicy::Relay;
    let relays_refer = policy.refer == ReferPolicy::Relay;
    match method {
        Method::Info => relays(policy.info),
        Method::Message => relays(policy.message),
        Method::Refer => relays_refer,
        Method::Subscribe => relays(policy.subscribe),
        Method::Notify => relays_refer || relays(policy.subscribe),
        _ => false,
    }
}
