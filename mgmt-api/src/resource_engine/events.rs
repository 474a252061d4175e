//! What others are told when the configuration has changed.

use crate::routes::apply::ChangeAction;
use resources::ResourceKind;
use std::sync::Arc;
use store::TenantId;
use tokio::sync::broadcast;

/// Events that a slow listener may be behind before it loses the oldest.
const EVENTS_MAX: usize = 256;

/// A push is in force.
#[derive(Clone, Debug)]
pub struct ConfigurationChanged {
    /// The number of the configuration.
    pub number: u64,
    /// Whose resources they are.
    pub tenant: TenantId,
    /// Who pushed.
    pub author: Arc<str>,
    /// The change set; `None` for a change of its own.
    pub change_set: Option<i64>,
    /// What changed.
    pub changes: Arc<[ResourceChanged]>,
}

/// One resource that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceChanged {
    /// Its kind.
    pub kind: ResourceKind,
    /// Its name; the new one when it was renamed, the last one when it is gone.
    pub name: Arc<str>,
    /// The name that it had before, when it was renamed.
    pub previous_name: Option<Arc<str>>,
    /// What was done.
    pub action: ChangeAction,
}

/// Tells all who listen. Nobody has to.
#[derive(Clone, Debug)]
pub(crate) struct Events(broadcast::Sender<Arc<ConfigurationChanged>>);

impl Default for Events {
    fn default() -> Self {
        Self(broadcast::Sender::new(EVENTS_MAX))
    }
}

impl Events {
    pub(crate) fn send(&self, event: ConfigurationChanged) {
        // An error only says that nobody listens.
        let _ = self.0.send(Arc::new(event));
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Arc<ConfigurationChanged>> {
        self.0.subscribe()
    }
}
