//! Mails that tell a user what changed about how they sign in: who did not do it learns of it.

use super::mail;
use crate::auth::sign_in::verified_address;
use crate::problem::Problem;
use crate::state::AppState;
use store::{PeopleWrite, UserRow};

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    PasswordChanged,
    EmailChanged,
    AppAdded,
    AppRemoved,
    PasskeyAdded,
    PasskeyRemoved,
    CodesRenewed,
    /// By somebody who looks after users.
    SecondFactorsRemoved,
}

impl Notice {
    fn sentence(self) -> &'static str {
        match self {
            Self::PasswordChanged => "The password of your account was changed.",
            Self::EmailChanged => "Your account has another e-mail address now.",
            Self::AppAdded => "An authenticator app was added to your account.",
            Self::AppRemoved => "The authenticator app was removed from your account.",
            Self::PasskeyAdded => "A passkey was added to your account.",
            Self::PasskeyRemoved => "A passkey was removed from your account.",
            Self::CodesRenewed => "Your account has new recovery codes; earlier ones are void.",
            Self::SecondFactorsRemoved => {
                "All second factors of your account were removed by somebody who looks after users."
            }
        }
    }
}

/// Queues the mail with the change it tells of. It goes to the address that `user` had before the
/// change, when that is known to be theirs.
///
/// # Errors
/// [`Problem`]: it cannot be sealed or written.
pub(crate) async fn tell_user(
    state: &AppState,
    write: &mut PeopleWrite,
    user: &UserRow,
    notice: Notice,
) -> Result<(), Problem> {
    let Some(email) = verified_address(user) else {
        return Ok(());
    };
    let text = format!(
        "{}\n\nAccount: {}\n\nIf it was not you, change your password, which signs everybody out, \
         and tell your administrator.\n",
        notice.sentence(),
        user.username
    );
    let about = ("account_changed", "Your account was changed");
    let mail = mail(state, user.tenant, email, about, text)?;
    write.queue_mail(&mail).await?;
    Ok(())
}
