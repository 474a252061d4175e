//! People: what they do about their own accounts, and what is done about others'.

pub mod email;
pub mod invitations;
mod notice;
pub mod passkeys;
pub mod password;
pub mod password_reset;
pub mod policy;
pub mod reach;
pub mod registration;
pub mod second_factor;
pub mod sessions;
pub mod sign_ins;
pub mod tenants;
pub mod totp;
pub mod users;
mod version;
pub mod visit;

use crate::access::{Audiences, Permission, RouteTable};
use crate::auth::ActingTenant;
use crate::auth::identity::{RoleRights, rights_of};
use crate::auth::{Principal, session};
use crate::mail::{Message, compose};
use crate::problem::Problem;
use crate::secrets::SecretText;
use crate::state::AppState;
use rating::Timestamp;
use store::{NewMail, TenantId};
use utoipa_axum::routes;

/// Most bytes of the bodies of these operations.
pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024;

/// Longest name of a person, characters.
const FULL_NAME_CHARS_MAX: usize = 100;

/// Longest address, bytes (RFC 5321 §4.5.3.1.3 allows no more).
const EMAIL_BYTES_MAX: usize = 254;

/// What concerns the caller only.
pub(crate) fn own_account(table: RouteTable) -> RouteTable {
    let all = Audiences::ALL;
    table
        .signed_in(
            all,
            routes!(sessions::session_list, sessions::session_delete_all),
        )
        .signed_in(all, routes!(sessions::session_revoke))
        .signed_in(all, routes!(sessions::own_sign_in_list))
        .signed_in(all, routes!(password::password_update))
        .signed_in(all, routes!(password::session_confirm))
        .signed_in(all, routes!(email::email_update))
        .signed_in(all, routes!(totp::account_view))
        .signed_in(all, routes!(totp::totp_begin, totp::totp_remove))
        .signed_in(all, routes!(totp::totp_confirm))
        .signed_in(all, routes!(totp::recovery_code_renew))
        .signed_in(
            all,
            routes!(passkeys::passkey_list, passkeys::passkey_register),
        )
        .signed_in(all, routes!(passkeys::passkey_registration_begin))
        .signed_in(
            all,
            routes!(passkeys::passkey_rename, passkeys::passkey_remove),
        )
        .signed_in(all, routes!(visit::visit_end))
}

/// The people of a tenant, and of the tenants right below it.
pub(crate) fn of_tenants(table: RouteTable) -> RouteTable {
    let all = Audiences::ALL;
    let (read, write) = (Permission::USER_READ, Permission::USER_WRITE);
    let sessions = Permission::SESSION_MANAGE;
    table
        .guarded(read, all, routes!(users::user_list))
        .guarded(read, all, routes!(users::user_view))
        .guarded(write, all, routes!(users::user_update))
        .guarded(write, all, routes!(users::user_delete))
        .guarded(sessions, all, routes!(users::user_session_list))
        .guarded(sessions, all, routes!(users::user_session_delete_all))
        .guarded(sessions, all, routes!(password_reset::user_password_reset))
        .guarded(write, all, routes!(users::user_second_factor_remove))
        .guarded(read, all, routes!(sign_ins::sign_in_list))
        .guarded(read, all, routes!(invitations::invitation_list))
        .guarded(write, all, routes!(invitations::invitation_create))
        .guarded(write, all, routes!(invitations::invitation_delete))
        .guarded(read, all, routes!(policy::sign_in_policy_view))
        .guarded(write, all, routes!(policy::sign_in_policy_update))
}

/// What people do before they can sign in: a link from a mail is their proof.
pub(crate) fn open(table: RouteTable) -> RouteTable {
    table
        .open(routes!(invitations::invitation_accept))
        .open(routes!(password_reset::password_reset_request))
        .open(routes!(password_reset::password_reset_complete))
        .open(routes!(email::email_verify))
        .open(routes!(registration::registration_offer_view))
        .open(routes!(registration::registration_create))
        .open(routes!(registration::registration_verify))
        .open(routes!(second_factor::second_factor_check))
        .open(routes!(passkeys::passkey_sign_in_begin))
        .open(routes!(passkeys::passkey_sign_in))
}

/// The tenants right below the caller's.
pub(crate) fn tenants_below(table: RouteTable) -> RouteTable {
    let (staff, platform) = (Audiences::STAFF, Audiences::PLATFORM);
    let (read, write) = (Permission::TENANT_READ, Permission::TENANT_WRITE);
    table
        .guarded(read, staff, routes!(tenants::tenant_list))
        .guarded(write, platform, routes!(tenants::tenant_create))
        .guarded(read, staff, routes!(tenants::tenant_view))
        .guarded(write, platform, routes!(tenants::tenant_rename))
        .guarded(
            write,
            staff,
            routes!(tenants::tenant_suspend, tenants::tenant_resume),
        )
        .guarded(
            Permission::IMPERSONATE_USE,
            staff,
            routes!(visit::visit_begin),
        )
        .guarded(
            Permission::USER_READ,
            platform,
            routes!(registration::registration_list),
        )
        .guarded(
            Permission::USER_WRITE,
            platform,
            routes!(registration::registration_approve),
        )
        .guarded(
            Permission::USER_WRITE,
            platform,
            routes!(registration::registration_refuse),
        )
}

/// # Errors
/// 400 when the number is out of range.
fn limit(limit: Option<u32>, default: u32, most: u32) -> Result<u32, Problem> {
    let limit = limit.unwrap_or(default);
    if (1..=most).contains(&limit) {
        return Ok(limit);
    }
    let message = format!("{limit} is out of range: write 1 to {most}");
    Err(Problem::bad_parameter("limit", message))
}

/// # Errors
/// 400 when it is no `next_cursor` of ours.
fn number_cursor(text: Option<&str>) -> Result<Option<i64>, Problem> {
    let read = text.map(str::parse).transpose();
    read.map_err(|_| Problem::bad_parameter("cursor", "give a `next_cursor`"))
}

/// Cuts a list that was read with one row to spare; tells whether there are more.
fn cut<T>(rows: &mut Vec<T>, limit: u32) -> bool {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    more
}

/// An address in lower case.
///
/// # Errors
/// 422 when it is none.
fn checked_email(field: &str, email: &str) -> Result<String, Problem> {
    let email = email.trim().to_lowercase();
    if email.len() > EMAIL_BYTES_MAX || !crate::mail::is_address(&email) {
        return Err(Problem::invalid_field(field, "no e-mail address"));
    }
    Ok(email)
}

/// # Errors
/// 422 when it is too long or has characters that are not shown.
fn checked_full_name(field: &str, name: &str) -> Result<String, Problem> {
    let name = name.trim();
    if name.chars().count() > FULL_NAME_CHARS_MAX || name.chars().any(char::is_control) {
        let message = format!("at most {FULL_NAME_CHARS_MAX} characters on one line");
        return Err(Problem::invalid_field(field, message));
    }
    Ok(name.to_owned())
}

/// What a role of a tenant allows, when the caller may give it: nobody hands out more than they
/// have.
///
/// # Errors
/// 422 when there is no such role, 403 when it allows more than the caller may.
fn grantable(
    state: &AppState,
    principal: &Principal,
    tenant: &ActingTenant,
    role: &str,
) -> Result<RoleRights, Problem> {
    let rights = rights_of(state, tenant, role)
        .ok_or_else(|| Problem::invalid_field("role", format!("there is no role `{role}`")))?;
    if principal.permissions().covers(&rights.permissions) {
        Ok(rights)
    } else {
        Err(Problem::forbidden(format!(
            "The role `{role}` allows more than you may."
        )))
    }
}

/// What links in mail begin with.
///
/// # Errors
/// 503 when nobody has said where browsers reach the console.
fn public_url(state: &AppState) -> Result<&str, Problem> {
    let unknown = "Mail with links needs the setting `http.public_url`.";
    let url = state.public_url.as_deref();
    url.ok_or_else(|| Problem::unavailable(unknown))
}

/// A mail that is to be queued with the change it tells of.
///
/// # Errors
/// [`Problem`]: it cannot be sealed.
fn mail(
    state: &AppState,
    tenant: TenantId,
    recipient: &str,
    (purpose, subject): (&'static str, &str),
    text: String,
) -> Result<NewMail, Problem> {
    let message = Message {
        purpose,
        recipient,
        subject,
        text: &SecretText::new(text),
        attachment: None,
    };
    compose(&state.secrets, tenant, &message).map_err(|error| Problem::internal(&error))
}

/// The moment some hours after another.
fn hours_later(now: Timestamp, hours: u32) -> Timestamp {
    session::later(now, hours * 3_600)
}
