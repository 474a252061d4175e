//! Why a configuration was not changed, and how the API says so.

use super::change_sets::DRAFTS_MAX;
use super::plan::Fault;
use crate::problem::{FieldError, Problem as ProblemDocument};
use crate::secrets::SecretError;
use resources::Problem;
use store::{ChangeSetState, StoreError};

/// Why a configuration was not changed. Nothing has happened then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigurationError {
    /// Something in the files or resources is wrong.
    #[error("{} problems", .0.len())]
    Problems(Vec<Problem>),
    /// Something speaks against the change as it is asked for.
    #[error("{} problems", .0.len())]
    Faults(Vec<Fault>),
    /// Whoever asks for it may not put all of it in force.
    #[error("{} problems", .0.len())]
    NotAllowed(Vec<Problem>),
    /// Another node has changed the configuration meanwhile; it has been read again.
    #[error("the configuration was changed elsewhere at the same time")]
    ChangedElsewhere,
    /// The change set is not one whose drafts can be changed.
    #[error("the change set is {}", .0.as_str())]
    NotOpen(ChangeSetState),
    /// The change set would have too many drafts.
    #[error("a change set has at most {DRAFTS_MAX} drafts")]
    TooManyDrafts,
    /// The switch did not take the configuration; what was before is in force.
    #[error("the switch did not take the configuration: {reason}")]
    NotPublished {
        /// Why.
        reason: String,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A secret cannot be sealed.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The database holds a resource that this program cannot read.
    #[error("the {kind} `{name}` in the database cannot be read: {reason}")]
    Stored {
        /// Its kind.
        kind: String,
        /// Its name.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A thread of our own failed.
    #[error("the configuration could not be compiled")]
    Interrupted,
}

impl ConfigurationError {
    /// As the answer to a change of one resource: another version is 412.
    pub(crate) fn into_problem_of_one(self) -> ProblemDocument {
        match &self {
            Self::Faults(faults) => match faults.as_slice() {
                [
                    fault @ Fault::Changed {
                        base_version: Some(_),
                        ..
                    },
                ] => ProblemDocument::precondition_failed(fault.to_problem().to_string()),
                _ => self.into(),
            },
            _ => self.into(),
        }
    }
}

impl From<ConfigurationError> for ProblemDocument {
    fn from(error: ConfigurationError) -> Self {
        match error {
            ConfigurationError::Problems(problems) => invalid(problems),
            ConfigurationError::NotAllowed(problems) => Self {
                errors: problems.iter().cloned().map(FieldError::from).collect(),
                ..Self::forbidden(detail(&problems))
            },
            ConfigurationError::Faults(faults) => {
                let is_invalid = faults
                    .iter()
                    .any(|fault| matches!(fault, Fault::Invalid(_)));
                let problems = faults.iter().map(Fault::to_problem).collect();
                if is_invalid {
                    invalid(problems)
                } else {
                    conflict(problems)
                }
            }
            ConfigurationError::ChangedElsewhere => {
                let detail = "The configuration was changed elsewhere at the same time. Try again.";
                Self::conflict(detail, Vec::new())
            }
            ConfigurationError::Store(StoreError::SecretKeyRetired) => {
                let detail = "The master key of secrets was changed at the same time. Try again.";
                Self::conflict(detail, Vec::new())
            }
            ConfigurationError::NotOpen(state) => Self::conflict(not_open(state), Vec::new()),
            ConfigurationError::TooManyDrafts => {
                let detail = format!("A change set has at most {DRAFTS_MAX} drafts.");
                Self::conflict(detail, Vec::new())
            }
            ConfigurationError::Store(StoreError::ChangeSetChanged { .. }) => {
                let detail = "The change set was changed at the same time. Look at it again.";
                Self::conflict(detail, Vec::new())
            }
            ConfigurationError::NotPublished { reason } => Self::unavailable(format!(
                "The switch did not take the configuration: {reason}. What was before is in force."
            )),
            ConfigurationError::Interrupted => Self::interrupted(),
            other => Self::internal(&other),
        }
    }
}

/// What to do about a change set whose drafts cannot be changed.
fn not_open(state: ChangeSetState) -> &'static str {
    match state {
        ChangeSetState::Scheduled => {
            "The change set is scheduled. Unschedule it before you change it."
        }
        ChangeSetState::Pushing => "The change set is being pushed.",
        ChangeSetState::Pushed | ChangeSetState::RolledBack => {
            "The change set was pushed. Make another one."
        }
        ChangeSetState::Draft | ChangeSetState::Failed => "The change set is open.",
    }
}

fn invalid(problems: Vec<Problem>) -> ProblemDocument {
    let detail = detail(&problems);
    ProblemDocument::invalid(detail, problems.into_iter().map(FieldError::from).collect())
}

fn conflict(problems: Vec<Problem>) -> ProblemDocument {
    let detail = detail(&problems);
    ProblemDocument::conflict(detail, problems.into_iter().map(FieldError::from).collect())
}

fn detail(problems: &[Problem]) -> String {
    match problems {
        [only] => format!("Nothing was applied. {only}"),
        many => format!("Nothing was applied: {} problems.", many.len()),
    }
}

impl From<Problem> for FieldError {
    fn from(problem: Problem) -> Self {
        Self {
            file: problem.file,
            line: problem.line,
            column: problem.column,
            kind: problem.kind.map(|kind| kind.to_string()),
            name: problem.name,
            field: problem.field,
            message: problem.message,
        }
    }
}
