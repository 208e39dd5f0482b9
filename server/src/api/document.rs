//! The OpenAPI document, made from the code.

use axum::Json;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

use super::{openai, own, predict};

/// What the API is.
#[derive(OpenApi)]
#[openapi(
    info(title = "Maskarad", description = "Replies of personas. docs/API.md tells more.", license(name = "MIT OR Apache-2.0")),
    paths(
        own::personas, own::reply, own::prompt, predict::predict,
        openai::chat, openai::completions, openai::models::models, openai::models::model,
    ),
    modifiers(&Keys),
    security((), ("key" = []))
)]
struct Document;

/// Keys are needed from elsewhere.
struct Keys;

impl utoipa::Modify for Keys {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("Of `maskarad key create`.")).build();
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme("key", SecurityScheme::Http(scheme));
    }
}

/// `GET /openapi.json`.
pub(super) async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(Document::openapi())
}
