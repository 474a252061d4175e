//! The OpenAPI document: generated from the handlers, committed as `openapi.json`.

use crate::router::table;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

/// Name of the session cookie.
pub(crate) const SESSION_COOKIE: &str = "didtron_session";

/// Name of the header that carries the CSRF token.
pub(crate) const CSRF_HEADER: &str = "x-csrf-token";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "DIDTron",
        description = "Management of the switch: configuration, call records, live calls. \
            Times are RFC 3339 in UTC; money is a decimal string with its currency beside it; \
            errors are RFC 9457 problem documents.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "session", description = "Signing in and out"),
        (name = "api_keys", description = "Keys of programs"),
        (name = "people", description = "Users, invitations, and how people sign in"),
        (name = "cdrs", description = "Call records"),
        (name = "reports", description = "What calls and attempts came to"),
        (name = "ledger", description = "The books: balances, statements, payments"),
        (name = "audit", description = "What was done, and by whom"),
        (name = "calls", description = "Calls that are up"),
        (name = "defence", description = "Sources that are not heard"),
        (name = "live", description = "The pulse of the switch"),
        (name = "routing", description = "How calls are routed"),
        (name = "jobs", description = "What runs in the background"),
        (name = "events", description = "What happened, and who is told of it"),
        (name = "resources", description = "What is configured"),
        (name = "change-sets", description = "Changes that are drafted, previewed and pushed together"),
        (name = "deck-imports", description = "Carriers' decks on their way into rate cards"),
        (name = "status", description = "The switch itself"),
    ),
    components(schemas(crate::problem::Problem)),
    modifiers(&SecuritySchemes)
)]
struct Document;

struct SecuritySchemes;

impl Modify for SecuritySchemes {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        let cookie = ApiKeyValue::with_description(
            SESSION_COOKIE,
            "Set by signing in; over TLS its name begins with `__Host-`",
        );
        let csrf = ApiKeyValue::with_description(
            "X-CSRF-Token",
            "The session's token; needed beside the cookie by every change",
        );
        let key = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API key: `POST /api/v1/api-keys` makes one; the file `local-api.key` holds the machine's own"));
        let schemes = [
            (
                "session_cookie",
                SecurityScheme::ApiKey(ApiKey::Cookie(cookie)),
            ),
            ("csrf_token", SecurityScheme::ApiKey(ApiKey::Header(csrf))),
            ("api_key", SecurityScheme::Http(key.build())),
        ];
        for (name, scheme) in schemes {
            components.add_security_scheme(name, scheme);
        }
    }
}

/// The document without operations.
pub(crate) fn head() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// The document as it is committed: indented JSON with a line end.
pub fn document() -> String {
    let openapi = table().into_description();
    // By way of a value, whose keys are sorted: extensions come in an order of chance.
    let sorted = serde_json::to_value(openapi).unwrap_or_default();
    let mut text = format!("{sorted:#}");
    text.push('\n');
    text
}
