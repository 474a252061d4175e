//! Host names by number, for the paths of messages.
//!
//! A message carries the number of the host that it is sent to, and whoever opens a connection for it
//! asks here which name the other side has to prove. A number is never given to another name, because
//! calls outlive the configuration that named their host.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, PoisonError, RwLock};

/// Host names of which a process ever takes note; a name has 253 bytes at most. One more gets no
/// number, and has to prove its address.
const HOSTS_MAX: usize = 200_000;

/// The names.
#[derive(Debug, Default)]
pub(crate) struct Hosts(RwLock<Register>);

#[derive(Debug, Default)]
struct Register {
    numbers: HashMap<Arc<str>, NonZeroU32>,
    /// The one of number 1 comes first.
    names: Vec<Arc<str>>,
}

impl Hosts {
    /// The number of a name, the same each time; `None` when there are too many.
    pub(super) fn number_of(&self, name: &str) -> Option<NonZeroU32> {
        let mut register = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = register.numbers.get(name) {
            return Some(*number);
        }
        if register.names.len() >= HOSTS_MAX {
            return None;
        }
        let name: Arc<str> = name.into();
        register.names.push(Arc::clone(&name));
        let number = u32::try_from(register.names.len()).ok();
        let number = number.and_then(NonZeroU32::new)?;
        register.numbers.insert(name, number);
        Some(number)
    }

    /// The name of a number.
    pub(crate) fn name_of(&self, number: NonZeroU32) -> Option<Arc<str>> {
        let register = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let index = usize::try_from(number.get() - 1).ok()?;
        register.names.get(index).map(Arc::clone)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[test]
    fn a_name_keeps_its_number() {
        let hosts = Hosts::default();
        let (a, b) = (hosts.number_of("a.test"), hosts.number_of("b.test"));
        assert_ne!(a, b);
        assert_eq!(hosts.number_of("a.test"), a);
        assert_eq!(hosts.name_of(a.unwrap()).as_deref(), Some("a.test"));
        assert_eq!(hosts.name_of(b.unwrap()).as_deref(), Some("b.test"));
        assert_eq!(hosts.name_of(NonZeroU32::MAX), None);
    }
}
