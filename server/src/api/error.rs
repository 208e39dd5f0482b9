//! What a request is refused with, in the shape of OpenAI's errors, which its clients can read.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::http::StatusCode;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::store::StoreError;

/// Seconds after which whoever was turned away may come again: about what a reply takes.
const COME_AGAIN: u64 = 2;

/// Why a request gets no reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    status: StatusCode,
    kind: &'static str,
    code: Option<&'static str>,
    param: Option<String>,
    message: String,
    retry_after: Option<u64>,
}

/// What is answered instead of a reply.
#[derive(Serialize, ToSchema)]
pub(super) struct ErrorBody {
    error: ErrorDetails,
}

/// Why, in OpenAI's shape.
#[derive(Serialize, ToSchema)]
struct ErrorDetails {
    /// For people.
    message: String,
    /// Whose fault it is.
    r#type: &'static str,
    /// What of the request is wrong.
    #[schema(required)]
    param: Option<String>,
    /// For programs.
    #[schema(required)]
    code: Option<&'static str>,
}

impl ApiError {
    fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, code: None, param: None, message: message.into(), retry_after: None }
    }

    /// The request can't be carried out as it stands; `param` names what is wrong.
    pub(crate) fn invalid(param: impl Into<String>, message: impl Into<String>) -> Self {
        let param = Some(param.into());
        Self { param, ..Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", message) }
    }

    /// The body is no JSON of the expected shape.
    pub(crate) fn unreadable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        let error = Self::new(StatusCode::NOT_FOUND, "invalid_request_error", message);
        Self { code: Some("not_found"), ..error }
    }

    pub(crate) fn no_such_persona(name: &str) -> Self {
        let known: String = name.chars().take(64).filter(|c| !c.is_control()).collect();
        let message = format!("there is no persona {known:?}; GET /v1/personas lists them");
        Self { code: Some("model_not_found"), param: Some("model".to_owned()), ..Self::not_found(message) }
    }

    pub(crate) fn method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "invalid_request_error", "this path has no such method")
    }

    pub(crate) fn unauthorized(message: &'static str) -> Self {
        let error = Self::new(StatusCode::UNAUTHORIZED, "invalid_request_error", message);
        Self { code: Some("invalid_api_key"), ..error }
    }

    pub(crate) fn forbidden(message: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "invalid_request_error", message)
    }

    /// This key has had its share; `after` seconds from now it has more.
    pub(crate) fn too_many(after: u64) -> Self {
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_error", "this key may not ask that often");
        Self { code: Some("rate_limit_exceeded"), retry_after: Some(after.max(1)), ..error }
    }

    /// A change that no page of ours asked for.
    pub(crate) fn unmeant() -> Self {
        let message = "send the header x-csrf-token as GET /console/session tells it";
        Self { code: Some("csrf"), ..Self::forbidden(message) }
    }

    /// Nobody from elsewhere may do that before they have logged in.
    pub(crate) fn login_needed() -> Self {
        let error = Self::unauthorized("log in first: `maskarad console-link` prints a link");
        Self { code: Some("login_needed"), ..error }
    }

    /// Nor may whoever sits here.
    pub(crate) fn operators_only() -> Self {
        let error = Self::forbidden("that is for whoever has logged in: `maskarad console-link` prints a link");
        Self { code: Some("login_needed"), ..error }
    }

    /// Neither a link nor a key that logs in.
    pub(crate) fn login_refused() -> Self {
        let message = "this link was used or is too old, or that is no key of the console; `maskarad console-link` prints a new link";
        Self { code: Some("login_refused"), ..Self::unauthorized(message) }
    }

    /// Too many log-ins from there have failed; `after` seconds from now another may be tried.
    pub(crate) fn too_many_logins(after: u64) -> Self {
        let message = "too many log-ins from there have failed; wait a moment";
        Self { message: message.to_owned(), ..Self::too_many(after) }
    }

    /// The store is away.
    pub(crate) fn store_away() -> Self {
        let message = "the database doesn't answer; the daemon's log says why";
        let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "server_error", message);
        Self { code: Some("store_away"), retry_after: Some(COME_AGAIN), ..error }
    }

    /// There is no room at the moment.
    pub(crate) fn overloaded() -> Self {
        let message = "too many replies are being made at the moment; try again in a few seconds";
        let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "server_error", message);
        Self { code: Some("overloaded"), retry_after: Some(COME_AGAIN), ..error }
    }

    pub(crate) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request_error", "the body is too long, or broke off")
    }

    pub(crate) fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "invalid_request_error", "the request's body took too long to arrive")
    }

    /// The daemon stops; the next one answers.
    pub(crate) fn stopping() -> Self {
        let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "server_error", "the daemon is stopping");
        Self { code: Some("stopping"), retry_after: Some(COME_AGAIN), ..error }
    }

    pub(crate) fn internal() -> Self {
        let message = "no reply could be generated; the daemon's log says why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", message)
    }

    /// The body as a stream's event tells it.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::to_value(self.body()).unwrap_or_default()
    }

    fn body(&self) -> ErrorBody {
        let (message, param) = (self.message.clone(), self.param.clone());
        ErrorBody { error: ErrorDetails { message, r#type: self.kind, param, code: self.code } }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        tracing::warn!(%error, "the console was not answered by the store");
        Self::store_away()
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        Self::unreadable(rejection.body_text())
    }
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        let status = rejection.status();
        // Which key is wrong, but for what stands there.
        let message = match &rejection {
            JsonRejection::JsonDataError(_) | JsonRejection::JsonSyntaxError(_) => rejection.body_text(),
            JsonRejection::MissingJsonContentType(_) => "send Content-Type: application/json".to_owned(),
            _ => "the body can't be read, or is too long".to_owned(),
        };
        let status = if status == StatusCode::UNPROCESSABLE_ENTITY { StatusCode::BAD_REQUEST } else { status };
        Self { status, ..Self::unreadable(message) }
    }
}

impl From<PathRejection> for ApiError {
    fn from(_: PathRejection) -> Self {
        Self::not_found("there is no such path")
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body())).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, axum::http::HeaderValue::from_static("Bearer"));
        }
        response
    }
}
