//! Whether the switch has the listeners that trunks name.
//!
//! Only trunks that a push changes are looked at: a listener that was taken out of the node's
//! configuration must not stand in the way of all other changes.

use super::ConfigurationError;
use super::plan::Plan;
use crate::switch_port::ListenerStatus;
use rating::cdr::Transport;
use resources::{Problem, ResourceKind, ResourceSpec, Trunk};

/// Refuses a plan by which calls would have to leave by a listener that is not there. Without any
/// listener nothing is known.
///
/// # Errors
/// [`ConfigurationError::Problems`], one for each such trunk.
pub(super) fn check(
    planned: &Plan,
    listeners: &[ListenerStatus],
) -> Result<(), ConfigurationError> {
    if listeners.is_empty() {
        return Ok(());
    }
    let changed = planned.changed().filter_map(|step| step.after.as_ref());
    let problems: Vec<Problem> = changed
        .filter_map(|entry| match &entry.spec {
            ResourceSpec::Trunk(trunk) => {
                let problem = missing(trunk, listeners)?;
                Some(problem.of(ResourceKind::Trunk, &entry.key.name))
            }
            _ => None,
        })
        .collect();
    match problems.is_empty() {
        true => Ok(()),
        false => Err(ConfigurationError::Problems(problems)),
    }
}

/// What calls look for: their transport at the address that the trunk names, its port or another.
fn missing(trunk: &Trunk, listeners: &[ListenerStatus]) -> Option<Problem> {
    let wanted = trunk.listener?;
    let own = trunk.gateway.iter().map(|own| (own, trunk.transport));
    let further = trunk.further_gateways.iter();
    let gateways = own.chain(further.map(|one| (&one.address, one.transport.or(trunk.transport))));
    // A host name without a transport is asked for it, and leads where it can.
    let mut transports = gateways.filter_map(|(address, transport)| match address.socket() {
        Some(_) => Some(transport.unwrap_or(Transport::Udp)),
        None => transport,
    });
    let is_there = |transport: &Transport| {
        listeners.iter().any(|listener| {
            listener.transport == *transport && listener.advertised.ip() == wanted.ip()
        })
    };
    let is_named = listeners
        .iter()
        .any(|listener| listener.advertised == wanted);
    if !is_named {
        let message = format_args!("the switch has no listener that peers see as {wanted}");
        return Some(Problem::in_field("listener", message));
    }
    let lacking = transports.find(|transport| !is_there(transport))?;
    let message = format_args!(
        "the switch has no {} listener at {}",
        name_of(lacking),
        wanted.ip()
    );
    Some(Problem::in_field("listener", message))
}

fn name_of(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "UDP",
        Transport::Tcp => "TCP",
        Transport::Tls => "TLS",
        Transport::Ws => "WebSocket",
        Transport::Wss => "secure WebSocket",
    }
}
