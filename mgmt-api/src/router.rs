//! Which handler serves what, behind which checks.

use crate::auth::{require, require_beyond_loopback};
use crate::problem::Problem;
use crate::routes::{apply, calls, cdrs, explain, health, live, resources, session, status};
use crate::state::AppState;
use crate::{console, headers, metrics};
use axum::Router;
use axum::middleware::from_fn_with_state;
use tower_http::compression::CompressionLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The whole API and the console.
pub fn router(state: AppState) -> Router {
    let protected = protected().route_layer(from_fn_with_state(state.clone(), require));
    let metrics =
        metrics_routes().route_layer(from_fn_with_state(state.clone(), require_beyond_loopback));
    let (routes, _) = public().merge(protected).merge(metrics).split_for_parts();
    // Compressed are only texts that hold no secret: what an attacker can mix with a secret must
    // not be compressed with it.
    let console = Router::new()
        .fallback(console::serve)
        .layer(CompressionLayer::new());
    routes
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .fallback_service(console)
        .layer(from_fn_with_state(state.clone(), metrics::count))
        .layer(from_fn_with_state(state.clone(), headers::secure))
        .with_state(state)
}

/// Every operation with its description, without the checks.
pub(crate) fn described() -> OpenApiRouter<AppState> {
    public().merge(protected()).merge(metrics_routes())
}

/// What anybody may ask.
fn public() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(session::session_create))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::openapi_view))
}

/// What needs a session or a key.
fn protected() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(session::session_view, session::session_delete))
        .routes(routes!(cdrs::cdr_list))
        .routes(routes!(cdrs::cdr_view))
        .routes(routes!(calls::call_list))
        .routes(routes!(live::live_stream))
        .routes(routes!(live::live_history))
        .routes(routes!(explain::explain))
        .routes(routes!(resources::resource_list))
        .routes(routes!(apply::apply))
        .routes(routes!(status::status_view))
}

fn metrics_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(health::metrics))
}
