//! The numbers of a call on their way through lists.

use super::list::ListAction;
use super::{
    CALLED_DIGITS_MAX, CALLED_DIGITS_MIN, CompiledNumberPolicy, Number, NumberError,
    NumberListIndex, TagIndex, Tags,
};
use crate::resources::CallNumber;

/// The numbers of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallNumbers {
    /// Digits of E.164 without `+` as routes and rates see it, or as a carrier is sent it.
    pub called: Number,
    /// Who calls, as From says it: a number or a name.
    pub calling: Number,
    /// Who calls whatever From says; `None` when nobody who is believed says so.
    pub asserted: Option<Number>,
    /// The caller asks to stay anonymous, and the customer's trunk respects that.
    pub is_withheld: bool,
    /// A CLI rule presents another number than the caller's: nothing of the caller is left to hide.
    pub is_presented: bool,
}

/// What a list did.
#[derive(Clone, Copy, Debug)]
pub enum ListDid<'n> {
    /// The number stands in a list that allows.
    Allowed,
    /// It became another.
    Rewrote {
        /// Which number.
        number: CallNumber,
        /// What it was.
        before: &'n Number,
        /// What it is.
        after: &'n Number,
    },
    /// The call has this tag.
    Tagged(TagIndex),
}

/// A list that stands in a call's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListRefusal {
    /// Which.
    pub list: NumberListIndex,
    /// What it would make of the called number cannot be dialled; `None` when it does not let the call
    /// through.
    pub error: Option<NumberError>,
}

impl CallNumbers {
    fn looked_at(&mut self, number: CallNumber) -> &mut Number {
        match number {
            CallNumber::Called => &mut self.called,
            CallNumber::Calling => &mut self.calling,
            CallNumber::Asserted => self.asserted.as_mut().unwrap_or(&mut self.calling),
        }
    }
}

impl CompiledNumberPolicy {
    /// Takes numbers through the lists, once, in their order: each looks at what those before it left.
    /// `note` hears of what was done.
    ///
    /// # Errors
    /// The first list that does not let the call through, or makes a number that cannot be dialled.
    pub(crate) fn pass(
        &self,
        numbers: &mut CallNumbers,
        tags: &mut Tags,
        mut note: impl FnMut(NumberListIndex, ListDid<'_>),
    ) -> Result<(), ListRefusal> {
        for (index, list) in &self.lists {
            let (list, number) = (&**list, numbers.looked_at(list.number));
            let refusal = |error| ListRefusal {
                list: *index,
                error,
            };
            match &list.action {
                ListAction::Allow if list.holds(number) => note(*index, ListDid::Allowed),
                ListAction::Allow => return Err(refusal(None)),
                ListAction::Deny if list.holds(number) => return Err(refusal(None)),
                ListAction::Tag(tag) if list.holds(number) => {
                    tags.put(*tag);
                    note(*index, ListDid::Tagged(*tag));
                }
                ListAction::Deny | ListAction::Tag(_) => {}
                ListAction::Rewrite(part, replacement) => {
                    let Some(after) = list.rewritten(number, *part, replacement) else {
                        continue;
                    };
                    if list.number == CallNumber::Called {
                        check_called(&after).map_err(|error| refusal(Some(error)))?;
                    }
                    let rewrote = ListDid::Rewrote {
                        number: list.number,
                        before: number,
                        after: &after,
                    };
                    note(*index, rewrote);
                    *number = after;
                }
            }
        }
        Ok(())
    }
}

fn check_called(digits: &str) -> Result<(), NumberError> {
    match digits.len() {
        0..CALLED_DIGITS_MIN => Err(NumberError::TooShort),
        CALLED_DIGITS_MIN..=CALLED_DIGITS_MAX => Ok(()),
        _ => Err(NumberError::TooLong),
    }
}
