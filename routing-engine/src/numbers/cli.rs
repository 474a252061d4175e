//! CLI rules as calls apply them: which calling number is taken, and which is presented in its place.

mod pool;

pub use pool::Rotations;

use self::pool::Pool;
use super::digits::{Digits, Prefixes};
use super::{CallNumbers, CompiledNumberPolicy, Number};
use crate::resources::{
    CallerNumber, CallerState, CliAction, CliDefault, CliPick, CliRule, CliRules, NumberPattern,
};
use rating::cdr::ResourceRef;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Digits of a number that can be called back (E.164 §6.2.1).
const CALLABLE_DIGITS: RangeInclusive<u32> = 3..=15;

/// The place of CLI rules in their snapshot. Means nothing in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CliRulesIndex(pub(crate) u32);

/// A rule that fitted a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CliPlace {
    /// The rules.
    pub rules: CliRulesIndex,
    /// Which of them, from 0; `None` when none fitted and the default counts.
    pub rule: Option<u16>,
}

/// What a rule did that let a call go on.
#[derive(Clone, Copy, Debug)]
pub enum CliDid<'n> {
    /// The number stays.
    Allowed,
    /// Another is presented.
    Presented {
        /// What From said.
        before: &'n Number,
        /// What it says.
        after: &'n Number,
        /// How it was picked, and of how many; `None` when the rule has no other.
        from: Option<(CliPick, usize)>,
    },
}

/// CLI rules in the order in which they are tried; the first that fits is applied, and no other.
#[derive(Debug)]
pub struct CompiledCliRules {
    /// Identifier and name.
    pub resource: ResourceRef,
    /// What they were made from.
    source: CliRules,
    rules: Box<[Rule]>,
    /// Whose turn it is in each pool that is rotated: over all snapshots.
    rotations: Arc<Rotations>,
}

#[derive(Debug)]
struct Rule {
    caller: Caller,
    called: Prefixes,
    action: Action,
}

/// Whom a rule fits.
#[derive(Debug)]
enum Caller {
    Any,
    Prefixes(Prefixes),
    Pattern(NumberPattern),
    State(CallerState),
    /// Of a rule that is not sound: the resource's check refuses it before it gets here.
    Nobody,
}

#[derive(Debug)]
enum Action {
    Allow,
    Deny,
    Present(Pool),
}

/// What becomes of a call.
#[derive(Clone, Copy)]
enum Verdict<'r> {
    Allow,
    Deny,
    Present(u16, &'r Pool),
}

impl CompiledCliRules {
    /// Turns are those of the rules before, if there were any.
    pub(crate) fn compile(
        resource: ResourceRef,
        rules: &CliRules,
        previous: Option<&Self>,
    ) -> Self {
        let rotations = previous.map(|known| Arc::clone(&known.rotations));
        Self {
            resource,
            rules: rules.rules.iter().map(Rule::compile).collect(),
            rotations: rotations.unwrap_or_default(),
            source: rules.clone(),
        }
    }

    /// Whether they would be the same if they were made from these.
    pub(crate) fn is_of(&self, name: &str, rules: &CliRules) -> bool {
        *self.resource.name == *name && self.source == *rules
    }

    /// Whether they look at more of a caller than From.
    pub(crate) fn reads_identity(&self) -> bool {
        let withheld = |rule: &Rule| matches!(rule.caller, Caller::State(CallerState::Withheld));
        self.source.number == CallerNumber::Asserted || self.rules.iter().any(withheld)
    }

    fn looked_at<'n>(&self, numbers: &'n CallNumbers) -> &'n Number {
        match self.source.number {
            CallerNumber::Calling => &numbers.calling,
            CallerNumber::Asserted => numbers.asserted.as_ref().unwrap_or(&numbers.calling),
        }
    }

    fn verdict(&self, numbers: &CallNumbers) -> (Option<u16>, Verdict<'_>) {
        let number = self.looked_at(numbers);
        let digits = Digits::of_caller(number);
        let called = Digits::new(&numbers.called);
        let fits = |(_, rule): &(u16, &Rule)| {
            rule.fits_called(called) && rule.caller.fits(number, digits, numbers.is_withheld)
        };
        match (0..).zip(&self.rules).find(fits) {
            Some((place, rule)) => {
                let verdict = match &rule.action {
                    Action::Allow => Verdict::Allow,
                    Action::Deny => Verdict::Deny,
                    Action::Present(pool) => Verdict::Present(place, pool),
                };
                (Some(place), verdict)
            }
            None => match self.source.default {
                CliDefault::Allow => (None, Verdict::Allow),
                CliDefault::Deny => (None, Verdict::Deny),
            },
        }
    }
}

impl CompiledNumberPolicy {
    /// The rule that refuses a call between these numbers. Which number another would present does not
    /// matter to it.
    pub(crate) fn denying_cli_rule(&self, numbers: &CallNumbers) -> Option<CliPlace> {
        let (index, cli) = self.cli.as_ref()?;
        let (rule, verdict) = cli.verdict(numbers);
        let rules = *index;
        matches!(verdict, Verdict::Deny).then_some(CliPlace { rules, rule })
    }

    /// Puts the number in place that is to be presented, as that of From and as the asserted one. `turn` says
    /// whose turn it is in a pool that rotates, and is asked for no other; `note` hears of what was done; `draw`
    /// is the number of the call.
    ///
    /// # Errors
    /// The rule that refuses the call.
    pub(crate) fn present(
        &self,
        numbers: &mut CallNumbers,
        draw: u64,
        mut turn: impl FnMut(&Rotations, u16) -> u32,
        note: impl FnOnce(CliPlace, CliDid<'_>),
    ) -> Result<(), CliPlace> {
        let Some((index, cli)) = &self.cli else {
            return Ok(());
        };
        let (rule, verdict) = cli.verdict(numbers);
        let rules = *index;
        let place = CliPlace { rules, rule };
        match verdict {
            Verdict::Deny => return Err(place),
            Verdict::Allow => note(place, CliDid::Allowed),
            Verdict::Present(rule, pool) => {
                let caller = cli.looked_at(numbers);
                let salt = cli.resource.id.cast_unsigned() << 16 | u64::from(rule);
                let mut turn = || turn(&cli.rotations, rule);
                let picked = pool.pick(&mut turn, draw ^ salt, &numbers.called, caller);
                // Numbers of a pool are shorter than one can be.
                let after = Number::from(picked).unwrap_or(numbers.calling);
                let before = &numbers.calling;
                note(
                    place,
                    CliDid::Presented {
                        before,
                        after: &after,
                        from: pool.pick_of_several(),
                    },
                );
                (numbers.calling, numbers.asserted) = (after, Some(after));
                (numbers.is_withheld, numbers.is_presented) = (false, true);
            }
        }
        Ok(())
    }
}

impl Rule {
    fn compile(rule: &CliRule) -> Self {
        Self {
            caller: Caller::compile(rule),
            called: Prefixes::new(&rule.called_prefixes),
            action: match rule.action {
                CliAction::Allow => Action::Allow,
                CliAction::Deny => Action::Deny,
                CliAction::Replace => Action::Present(Pool::compile(rule)),
            },
        }
    }

    fn fits_called(&self, called: Option<Digits>) -> bool {
        self.called.is_empty() || called.is_some_and(|digits| self.called.begin(digits))
    }
}

impl Caller {
    fn compile(rule: &CliRule) -> Self {
        match (&*rule.calling_prefixes, &rule.pattern, rule.caller) {
            ([], None, None) => Self::Any,
            ([], None, Some(state)) => Self::State(state),
            ([], Some(pattern), _) => {
                let compiled = NumberPattern::new(pattern, "").ok();
                compiled.map_or(Self::Nobody, Self::Pattern)
            }
            (prefixes, ..) => Self::Prefixes(Prefixes::new(prefixes)),
        }
    }

    fn fits(&self, number: &str, digits: Option<Digits>, is_withheld: bool) -> bool {
        // RFC 3261 §8.1.1.3: how a caller is written who is not to be named.
        let is_anonymous = || number.eq_ignore_ascii_case("anonymous");
        let is_callable = || digits.is_some_and(|digits| CALLABLE_DIGITS.contains(&digits.count()));
        match self {
            Self::Any => true,
            Self::Prefixes(prefixes) => digits.is_some_and(|digits| prefixes.begin(digits)),
            Self::Pattern(pattern) => pattern.rewrite(number, |_| {}),
            Self::State(CallerState::Missing) => number.is_empty(),
            Self::State(CallerState::Withheld) => is_withheld || is_anonymous(),
            Self::State(CallerState::Invalid) => {
                !number.is_empty() && !is_anonymous() && !is_callable()
            }
            Self::Nobody => false,
        }
    }
}
