//! Which handler serves what, for whom, behind which checks.

use crate::access::{Audience, Audiences, Permission, RouteTable};
use crate::problem::Problem;
use crate::routes::{
    api_keys, apply, assignment, audit, bans, calls, cdr_days, cdr_exports, cdrs, change_sets,
    deck_imports, events, exchange_sources, explain, export, health, jobs, kinds, ledger, live,
    nettings, numbers, people, reports, reratings, resources, session, simulation, status, traces,
    webhooks,
};
use crate::state::AppState;
use crate::{console, containment, extract, headers, metrics, openapi, proxy};
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::compression::CompressionLayer;
use utoipa_axum::routes;

/// The whole API and the console.
pub fn router(state: AppState) -> Router {
    // Compressed are only texts that hold no secret: what an attacker can mix with a secret must
    // not be compressed with it.
    let console = Router::new()
        .fallback(console::serve)
        .layer(CompressionLayer::new());
    let routes = table()
        .into_router(&state)
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .fallback_service(console)
        .layer(from_fn(containment::answer))
        .layer(from_fn_with_state(state.clone(), metrics::count));
    let routes = match headers::cross_origin(&state.allowed_origins) {
        Some(layer) => routes.layer(layer),
        None => routes,
    };
    routes
        .layer(from_fn(extract::refuse_nul))
        .layer(from_fn_with_state(state.clone(), headers::secure))
        .layer(from_fn_with_state(state.clone(), proxy::see_through))
        .with_state(state)
}

/// Every operation with its guard. What sees beyond the caller's own tenant is for the platform.
pub(crate) fn table() -> RouteTable {
    let table = RouteTable::new(openapi::head());
    let table = open(table);
    let table = people::open(table);
    let table = own_account(table);
    let table = keys(table);
    let table = people::own_account(table);
    let table = people::of_tenants(table);
    let table = people::tenants_below(table);
    let table = traffic(table);
    let table = books(table);
    let table = exchange(table);
    let table = report_table(table);
    let table = defence(table);
    let table = audit_log(table);
    let table = background(table);
    let table = configuration(table);
    let table = change_set_table(table);
    let table = deck_import_table(table);
    resources::of_all_kinds(table)
}

/// What anybody may ask: signing in, what supervisors ask, and the description of the API, which
/// holds no data.
fn open(table: RouteTable) -> RouteTable {
    table
        .open(routes!(session::session_create))
        .open(routes!(health::healthz))
        .open(routes!(health::readyz))
        .open(routes!(health::openapi_view))
}

/// What concerns the caller only.
fn own_account(table: RouteTable) -> RouteTable {
    table.signed_in(
        Audiences::ALL,
        routes!(session::session_view, session::session_delete),
    )
}

/// Keys of programs, of each tenant its own.
fn keys(table: RouteTable) -> RouteTable {
    let (read, write) = (Permission::API_KEY_READ, Permission::API_KEY_WRITE);
    table
        .guarded(read, Audiences::ALL, routes!(api_keys::api_key_list))
        .guarded(write, Audiences::ALL, routes!(api_keys::api_key_create))
        .guarded(read, Audiences::ALL, routes!(api_keys::api_key_view))
        .guarded(write, Audiences::ALL, routes!(api_keys::api_key_revoke))
        .guarded(write, Audiences::ALL, routes!(api_keys::api_key_rotate))
}

/// Calls and records.
fn traffic(table: RouteTable) -> RouteTable {
    let platform = Audiences::PLATFORM;
    let (staff, accounts) = (
        Audiences::STAFF,
        Audiences::CUSTOMERS.and(Audience::Carrier),
    );
    table
        .guarded(Permission::CDR_READ, staff, routes!(cdrs::cdr_list))
        .guarded(Permission::CDR_READ, staff, routes!(cdrs::cdr_view))
        .guarded(
            Permission::STATUS_READ,
            platform,
            routes!(cdr_days::cdr_day_list),
        )
        .guarded(Permission::CDR_READ, accounts, routes!(cdrs::own_cdr_list))
        .guarded(Permission::CDR_READ, accounts, routes!(cdrs::own_cdr_view))
        .heavy(
            Permission::CDR_READ,
            staff,
            routes!(cdrs::totals::cdr_totals_view),
        )
        .heavy(
            Permission::CDR_READ,
            accounts,
            routes!(cdrs::totals::own_cdr_totals_view),
        )
        .heavy(
            Permission::CDR_READ,
            staff,
            routes!(cdr_exports::cdr_export_create),
        )
        .heavy(
            Permission::CDR_READ,
            accounts,
            routes!(cdr_exports::own_cdr_export_create),
        )
        .guarded(
            Permission::CDR_READ,
            Audiences::ALL,
            routes!(cdr_exports::cdr_export_list),
        )
        .guarded(
            Permission::CDR_READ,
            Audiences::ALL,
            routes!(cdr_exports::cdr_export_view),
        )
        .guarded(
            Permission::CDR_READ,
            Audiences::ALL,
            routes!(cdr_exports::cdr_export_delete),
        )
        .heavy(
            Permission::CDR_READ,
            Audiences::ALL,
            routes!(cdr_exports::cdr_export_file),
        )
        .guarded(Permission::CALL_READ, platform, routes!(calls::call_list))
        // A pass over the calls of every shard.
        .heavy(Permission::CALL_READ, platform, routes!(calls::call_view))
        .guarded(Permission::LIVE_READ, platform, routes!(live::live_stream))
        .guarded(Permission::LIVE_READ, platform, routes!(live::live_history))
        .guarded(
            Permission::LIVE_READ,
            platform,
            routes!(live::gateways::live_gateways),
        )
        .guarded(
            Permission::LIVE_READ,
            platform,
            routes!(live::credit::live_credit),
        )
        .heavy(Permission::EXPLAIN_USE, platform, routes!(explain::explain))
        .heavy(
            Permission::EXPLAIN_USE,
            staff,
            routes!(numbers::number_test),
        )
        .heavy(
            Permission::EXPLAIN_USE,
            platform,
            routes!(explain::cdr_explain),
        )
        .heavy(
            Permission::EXPLAIN_USE,
            platform,
            routes!(simulation::simulation_run),
        )
        .guarded(
            Permission::STATUS_READ,
            platform,
            routes!(status::status_view),
        )
        .beyond_loopback(Permission::METRICS_READ, platform, routes!(health::metrics))
}

/// What calls came to.
fn report_table(table: RouteTable) -> RouteTable {
    let read = Permission::REPORT_READ;
    let accounts = Audiences::CUSTOMERS.and(Audience::Carrier);
    table
        .heavy(
            read,
            Audiences::STAFF,
            routes!(reports::traffic_report_view),
        )
        .heavy(read, accounts, routes!(reports::own_traffic_report_view))
}

/// The books.
fn books(table: RouteTable) -> RouteTable {
    let (read, write) = (Permission::LEDGER_READ, Permission::LEDGER_WRITE);
    let (staff, accounts) = (
        Audiences::STAFF,
        Audiences::CUSTOMERS.and(Audience::Carrier),
    );
    table
        .guarded(read, staff, routes!(ledger::account_list))
        .guarded(read, staff, routes!(ledger::customer_balance_view))
        .guarded(read, staff, routes!(ledger::carrier_balance_view))
        .guarded(read, staff, routes!(ledger::ledger_entry_list))
        .guarded(read, staff, routes!(ledger::customer_statement_view))
        .guarded(read, staff, routes!(ledger::carrier_statement_view))
        .heavy(read, staff, routes!(ledger::exchange_report_view))
        .guarded(read, accounts, routes!(ledger::own_balance_view))
        .guarded(read, accounts, routes!(ledger::own_statement_view))
        .guarded(write, staff, routes!(ledger::payment_create))
        .guarded(write, staff, routes!(ledger::adjustment_create))
        .guarded(read, staff, routes!(reratings::rerating_list))
        .guarded(read, staff, routes!(reratings::rerating_view))
        .guarded(write, staff, routes!(reratings::rerating_create))
        .guarded(write, staff, routes!(reratings::rerating_apply))
        .guarded(write, staff, routes!(reratings::rerating_delete))
        .guarded(read, staff, routes!(nettings::netting_list))
        .guarded(read, staff, routes!(nettings::netting_view))
        .guarded(write, staff, routes!(nettings::netting_confirm))
        .guarded(write, staff, routes!(nettings::netting_pay))
        .guarded(read, accounts, routes!(nettings::own_netting_list))
}

/// Exchange rates from outside.
fn exchange(table: RouteTable) -> RouteTable {
    let staff = Audiences::STAFF;
    table
        .guarded(
            Permission::EXCHANGE_SOURCE_READ,
            staff,
            routes!(exchange_sources::exchange_source_quotes),
        )
        // Waits for somebody outside.
        .heavy(
            Permission::EXCHANGE_SOURCE_WRITE,
            staff,
            routes!(exchange_sources::exchange_source_refresh),
        )
        .guarded(
            Permission::EXCHANGE_RATE_WRITE,
            staff,
            routes!(exchange_sources::exchange_source_confirm),
        )
}

/// Who is not heard, and what was said.
fn defence(table: RouteTable) -> RouteTable {
    let platform = Audiences::PLATFORM;
    let trace = Permission::TRACE_READ;
    let table = table
        .guarded(trace, platform, routes!(traces::call_trace_view))
        .guarded(trace, platform, routes!(traces::call_trace_download))
        .guarded(
            Permission::TRACE_WRITE,
            platform,
            routes!(traces::call_trace_keep),
        );
    let (read, write) = (Permission::BAN_READ, Permission::BAN_WRITE);
    table
        .guarded(read, platform, routes!(bans::ban_list))
        .guarded(write, platform, routes!(bans::ban_create))
        .guarded(write, platform, routes!(bans::ban_delete))
}

/// What is done in the background. Each tenant sees its own jobs; schedules are the platform's.
fn background(table: RouteTable) -> RouteTable {
    let (read, write) = (Permission::JOB_READ, Permission::JOB_WRITE);
    let (staff, platform) = (Audiences::STAFF, Audiences::PLATFORM);
    table
        .guarded(read, staff, routes!(jobs::job_list))
        .guarded(read, staff, routes!(jobs::job_view))
        .guarded(write, staff, routes!(jobs::job_retry))
        .guarded(write, staff, routes!(jobs::job_discard))
        .guarded(write, staff, routes!(jobs::job_cancel))
        .guarded(read, platform, routes!(jobs::job_schedule_list))
        .guarded(write, platform, routes!(jobs::job_schedule_run))
        .guarded(Permission::EVENT_READ, staff, routes!(events::event_list))
        .guarded(Permission::EVENT_READ, staff, routes!(events::event_stream))
        .guarded(
            Permission::NOTIFICATION_TARGET_READ,
            staff,
            routes!(webhooks::notification_delivery_list),
        )
        .guarded(
            Permission::NOTIFICATION_TARGET_WRITE,
            staff,
            routes!(webhooks::notification_target_test),
        )
}

/// What was done. Each tenant sees its own log.
fn audit_log(table: RouteTable) -> RouteTable {
    let (read, all) = (Permission::AUDIT_READ, Audiences::ALL);
    table
        .guarded(read, all, routes!(audit::audit_list))
        .guarded(read, all, routes!(audit::audit_view))
        .heavy(read, all, routes!(audit::audit_verify))
        .heavy(Permission::AUDIT_EXPORT, all, routes!(audit::audit_export))
}

/// What is configured.
fn configuration(table: RouteTable) -> RouteTable {
    let platform = Audiences::PLATFORM;
    table
        .heavy(
            Permission::EXPORT_USE,
            platform,
            routes!(resources::resource_list),
        )
        .heavy(
            Permission::APPLY_USE,
            Audiences::STAFF,
            routes!(apply::apply),
        )
        .heavy(
            Permission::EXPORT_USE,
            Audiences::STAFF,
            routes!(export::export_all),
        )
        .guarded(
            Permission::CUSTOMER_READ,
            Audiences::STAFF,
            routes!(assignment::customer_entitlement_list),
        )
        .signed_in(Audiences::STAFF, routes!(kinds::kind_list))
}

/// Changes that are pushed together. Who drafts need not be who pushes.
fn change_set_table(table: RouteTable) -> RouteTable {
    let staff = Audiences::STAFF;
    let reading = [
        routes!(change_sets::change_set_list),
        routes!(change_sets::change_set_view),
        routes!(change_sets::change_set_draft_list),
        routes!(change_sets::change_set_draft_view),
        routes!(change_sets::change_set_later_change_list),
    ];
    let writing = [
        routes!(change_sets::change_set_create),
        routes!(change_sets::change_set_update),
        routes!(change_sets::change_set_delete),
        routes!(change_sets::change_set_draft_delete),
        routes!(change_sets::change_set_rebase),
    ];
    let pushing = [
        routes!(change_sets::change_set_push),
        routes!(change_sets::change_set_unschedule),
        routes!(change_sets::change_set_roll_back),
    ];
    let guard = |needs| move |table: RouteTable, routes| table.guarded(needs, staff, routes);
    let table = reading
        .into_iter()
        .fold(table, guard(Permission::CHANGE_SET_READ));
    let table = writing
        .into_iter()
        .fold(table, guard(Permission::CHANGE_SET_WRITE));
    let table = pushing
        .into_iter()
        .fold(table, guard(Permission::CHANGE_SET_PUSH));
    // It compiles the whole configuration and decides thousands of calls twice.
    let preview = routes!(change_sets::change_set_preview);
    table.heavy(Permission::CHANGE_SET_READ, staff, preview)
}

/// Carriers' decks. What is applied goes into change sets, which need permissions of their own.
fn deck_import_table(table: RouteTable) -> RouteTable {
    let staff = Audiences::STAFF;
    let (read, write) = (Permission::RATE_CARD_READ, Permission::RATE_CARD_WRITE);
    table
        .guarded(read, staff, routes!(deck_imports::deck_import_list))
        .guarded(read, staff, routes!(deck_imports::deck_import_view))
        .guarded(read, staff, routes!(deck_imports::deck_import_change_list))
        .guarded(
            read,
            staff,
            routes!(deck_imports::deck_import_rejection_list),
        )
        .guarded(read, staff, routes!(deck_imports::deck_import_doubt_list))
        .guarded(write, staff, routes!(deck_imports::deck_import_create))
        .guarded(write, staff, routes!(deck_imports::deck_import_delete))
        .heavy(write, staff, routes!(deck_imports::deck_import_upload))
        .heavy(write, staff, routes!(deck_imports::deck_import_apply))
}
