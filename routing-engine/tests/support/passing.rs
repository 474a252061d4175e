//! Number lists as one would go through them with a pencil.

use rating::cdr::ReleaseReason;
use routing_engine::resources::{
    CallNumber, NumberList, NumberListAction, NumberMatching, NumberPolicy, RewrittenPart, Tag,
};

/// A call on its way through lists.
#[derive(Clone)]
pub(crate) struct Passing {
    pub(crate) called: String,
    pub(crate) calling: String,
    pub(crate) asserted: Option<String>,
    pub(crate) is_withheld: bool,
    pub(crate) tags: Vec<Tag>,
}

impl Passing {
    pub(crate) fn new(called: String, calling: String, asserted: Option<String>) -> Self {
        Self {
            called,
            calling,
            asserted,
            is_withheld: false,
            tags: Vec::new(),
        }
    }

    /// Through all lists of both, in their order.
    pub(crate) fn pass(
        &mut self,
        all: &[(String, NumberList)],
        policies: [&NumberPolicy; 2],
    ) -> Result<(), ReleaseReason> {
        for name in policies.into_iter().flat_map(|policy| &policy.lists) {
            let (_, list) = all.iter().find(|(other, _)| **other == **name).unwrap();
            self.meet(list)?;
        }
        Ok(())
    }

    fn meet(&mut self, list: &NumberList) -> Result<(), ReleaseReason> {
        let number = match list.number {
            CallNumber::Called => &mut self.called,
            CallNumber::Asserted if self.asserted.is_some() => self.asserted.as_mut().unwrap(),
            CallNumber::Calling | CallNumber::Asserted => &mut self.calling,
        };
        let (lead, digits) = parted(number, list.number);
        let is_digits = digits.chars().all(|c| c.is_ascii_digit());
        let stands_there = |entry: &&str| match list.matching {
            NumberMatching::Prefix => digits.starts_with(entry),
            NumberMatching::Exact => digits == *entry,
        };
        let entries = list.entries.iter().map(|entry| &**entry);
        let found = entries.filter(stands_there).filter(|_| is_digits);
        let longest = found.max_by_key(|entry| entry.len());
        match (list.action, longest) {
            (NumberListAction::Allow, None) | (NumberListAction::Deny, Some(_)) => {
                return Err(ReleaseReason::NumberRefused);
            }
            (NumberListAction::Rewrite, Some(entry)) => {
                let replacement = list.replacement.as_ref().unwrap();
                let made = match list.replaces {
                    RewrittenPart::Number => replacement.clone(),
                    RewrittenPart::Entry => {
                        format!("{lead}{replacement}{}", &digits[entry.len()..])
                    }
                };
                if list.number == CallNumber::Called && !(3..=18).contains(&made.len()) {
                    return Err(ReleaseReason::InvalidNumber);
                }
                *number = made;
            }
            (NumberListAction::Tag, Some(_)) => self.tags.extend(list.tag.clone()),
            _ => {}
        }
        Ok(())
    }
}

/// What says that a calling number is an international one, and its digits.
fn parted(number: &str, which: CallNumber) -> (&str, &str) {
    let lead = match which {
        CallNumber::Called => 0,
        _ if number.starts_with('+') => 1,
        _ if number.starts_with("00") => 2,
        _ => 0,
    };
    number.split_at(lead)
}
