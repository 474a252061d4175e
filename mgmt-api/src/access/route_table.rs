//! The table of all operations. Each entry says who may call it; there is no other way in.

use super::guard::{Guard, Needs, check, check_beyond_loopback};
use super::rate_limit::{Category, limit_strangers};
use super::{Audiences, Permission, idempotency};
use crate::auth::{require, require_beyond_loopback};
use crate::state::AppState;
use axum::Router;
use axum::http::Method;
use axum::middleware::{from_fn, from_fn_with_state};
use serde_json::json;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, ResponseBuilder};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

/// Operations with their guards.
pub(crate) struct RouteTable {
    open: OpenApiRouter<AppState>,
    guarded: OpenApiRouter<AppState>,
    beyond_loopback: OpenApiRouter<AppState>,
}

impl RouteTable {
    pub(crate) fn new(description: OpenApi) -> Self {
        Self {
            open: OpenApiRouter::with_openapi(description),
            guarded: OpenApiRouter::default(),
            beyond_loopback: OpenApiRouter::default(),
        }
    }

    /// Operations that need a permission, for some kinds of tenant.
    pub(crate) fn guarded(
        mut self,
        needs: impl Into<Needs>,
        audiences: Audiences,
        routes: UtoipaMethodRouter<AppState>,
    ) -> Self {
        let guard = Guard {
            needs: needs.into(),
            audiences,
            heavy: false,
        };
        self.guarded = self.guarded.routes(guard_routes(guard, routes));
        self
    }

    /// As [`guarded`](Self::guarded), for operations that take long.
    pub(crate) fn heavy(
        mut self,
        needs: impl Into<Needs>,
        audiences: Audiences,
        routes: UtoipaMethodRouter<AppState>,
    ) -> Self {
        let guard = Guard {
            needs: needs.into(),
            audiences,
            heavy: true,
        };
        self.guarded = self.guarded.routes(guard_routes(guard, routes));
        self
    }

    /// Operations that concern only the caller: being signed in is enough.
    pub(crate) fn signed_in(
        self,
        audiences: Audiences,
        routes: UtoipaMethodRouter<AppState>,
    ) -> Self {
        self.guarded(Needs::SignedIn, audiences, routes)
    }

    /// Operations that anybody may call. Say why beside each.
    pub(crate) fn open(mut self, mut routes: UtoipaMethodRouter<AppState>) -> Self {
        let access = json!({ "open": true });
        for (operation, safe) in operations(&mut routes) {
            mark(operation, access.clone());
            operation.security = Some(vec![SecurityRequirement::default()]);
            answers_to_input(operation);
            if !safe {
                answers(operation, "429", "Too many requests: wait");
                extend(operation, "x-rate-limit", json!(Category::SignIn.as_str()));
            }
        }
        self.open = self.open.routes(routes);
        self
    }

    /// Guarded operations that anybody on this machine may call without a key.
    pub(crate) fn beyond_loopback(
        mut self,
        needs: impl Into<Needs>,
        audiences: Audiences,
        mut routes: UtoipaMethodRouter<AppState>,
    ) -> Self {
        let guard = Guard {
            needs: needs.into(),
            audiences,
            heavy: false,
        };
        describe(guard, &mut routes);
        let (schemas, paths, handlers) = routes;
        let layer = from_fn_with_state(guard, check_beyond_loopback);
        let handlers = handlers.route_layer(layer);
        self.beyond_loopback = self.beyond_loopback.routes((schemas, paths, handlers));
        self
    }

    /// The routes behind their checks.
    pub(crate) fn into_router(self, state: &AppState) -> Router<AppState> {
        let authenticated = from_fn_with_state(state.clone(), require);
        let guarded = self.guarded.route_layer(authenticated);
        let unless_local = from_fn_with_state(state.clone(), require_beyond_loopback);
        let beyond_loopback = self.beyond_loopback.route_layer(unless_local);
        let limited = from_fn_with_state(state.clone(), limit_strangers);
        let (routes, _) = self
            .open
            .route_layer(limited)
            .merge(guarded)
            .merge(beyond_loopback)
            .split_for_parts();
        routes
    }

    /// The description of all operations.
    pub(crate) fn into_description(self) -> OpenApi {
        let all = self.open.merge(self.guarded).merge(self.beyond_loopback);
        all.split_for_parts().1
    }
}

fn guard_routes(
    guard: Guard,
    mut routes: UtoipaMethodRouter<AppState>,
) -> UtoipaMethodRouter<AppState> {
    describe(guard, &mut routes);
    let (schemas, paths, handlers) = routes;
    let layer = from_fn_with_state(guard, check);
    // Inside the guard: an answer is given again only to those who still may ask.
    let handlers = handlers.route_layer(from_fn(idempotency::once_if_unsafe));
    (schemas, paths, handlers.route_layer(layer))
}

/// Writes the guard into the description, with the answers that it gives.
fn describe(guard: Guard, routes: &mut UtoipaMethodRouter<AppState>) {
    let audiences: Vec<_> = guard
        .audiences
        .iter()
        .map(|audience| audience.as_str())
        .collect();
    let permission = guard.needs.permission().map(Permission::as_str);
    let access = json!({ "permission": permission, "audiences": audiences });
    for (operation, safe) in operations(routes) {
        mark(operation, access.clone());
        operation.security = Some(credentials(safe));
        answers(operation, "401", "Not signed in");
        answers(operation, "403", "Not allowed");
        answers_to_input(operation);
        answers(operation, "429", "Too many requests: wait");
        if !safe {
            takes_idempotency_key(operation);
        }
        let method = if safe { Method::GET } else { Method::POST };
        extend(
            operation,
            "x-rate-limit",
            json!(guard.category(&method).as_str()),
        );
    }
}

/// Describes the header by which a change is done once, and its answers.
fn takes_idempotency_key(operation: &mut Operation) {
    let key = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^[!-~]{1,255}$"));
    let parameter = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some(
            "Names the request for 24 hours: sent again with the same key, it is done once and \
             gets the same answer.",
        ))
        .schema(Some(key))
        .build();
    operation
        .parameters
        .get_or_insert_default()
        .push(RefOr::T(parameter));
    answers(
        operation,
        "400",
        "The request cannot be read, or a parameter is wrong",
    );
    answers(operation, "408", "The body did not come in time");
    answers(
        operation,
        "409",
        "It does not fit to what there is, or the same request is under way",
    );
    answers(operation, "413", "The body is too large");
    answers(
        operation,
        "422",
        "A field is wrong, or the key came with another request",
    );
}

/// What every handler answers to a request of the wrong form.
fn answers_to_input(operation: &mut Operation) {
    let parameters = operation.parameters.as_deref().unwrap_or_default();
    let in_path = |parameter: &RefOr<Parameter>| matches!(parameter, RefOr::T(one) if one.parameter_in == ParameterIn::Path);
    let (any, path) = (!parameters.is_empty(), parameters.iter().any(in_path));
    let body = operation.request_body.is_some();
    if any || body {
        answers(
            operation,
            "400",
            "The request cannot be read, or a parameter is wrong",
        );
    }
    if path {
        answers(operation, "404", "There is no such thing");
    }
    if body {
        answers(operation, "408", "The body did not come in time");
        answers(operation, "413", "The body is too large");
        answers(operation, "415", "The body is of another type");
        answers(operation, "422", "A field is wrong");
    }
}

/// Puts the guard beside the operation, where the authorisation tests and the console find it.
fn mark(operation: &mut Operation, access: serde_json::Value) {
    extend(operation, "x-access", access);
}

fn extend(operation: &mut Operation, name: &str, value: serde_json::Value) {
    let extension = Extensions::from_iter([(name, value)]);
    match &mut operation.extensions {
        Some(extensions) => extensions.merge(extension),
        none => *none = Some(extension),
    }
}

/// Describes an answer that the operation did not describe itself.
fn answers(operation: &mut Operation, status: &str, description: &str) {
    let problem = Content::new(Some(RefOr::Ref(Ref::from_schema_name("Problem"))));
    let response = ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", problem)
        .build();
    let responses = &mut operation.responses.responses;
    responses
        .entry(status.to_owned())
        .or_insert(RefOr::T(response));
}

/// A session or a key; a session changes things only with its CSRF token.
fn credentials(safe: bool) -> Vec<SecurityRequirement> {
    let none: [&str; 0] = [];
    let session = SecurityRequirement::new("session_cookie", none);
    let session = if safe {
        session
    } else {
        session.add("csrf_token", none)
    };
    vec![session, SecurityRequirement::new("api_key", none)]
}

/// Each operation, and whether its method is a safe one.
fn operations(
    routes: &mut UtoipaMethodRouter<AppState>,
) -> impl Iterator<Item = (&mut Operation, bool)> {
    routes.1.paths.values_mut().flat_map(|item| {
        let PathItem {
            get,
            put,
            post,
            delete,
            patch,
            ..
        } = item;
        let changes = [put, post, delete, patch].into_iter().flatten();
        let changes = changes.map(|operation| (operation, false));
        get.iter_mut()
            .map(|operation| (operation, true))
            .chain(changes)
    })
}
