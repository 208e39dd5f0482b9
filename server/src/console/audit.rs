//! What operators did, for operators.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use crate::api::ApiError;
use crate::app::App;
use crate::store::AuditEntry;

/// Entries of a page at most.
const MOST: u32 = 200;

#[derive(Deserialize)]
struct Page {
    before: Option<i64>,
    limit: Option<u32>,
}

/// The route.
pub(super) fn routes(app: &Arc<App>) -> Router {
    Router::new().route("/console/audit", get(audit)).with_state(Arc::clone(app))
}

async fn audit(
    State(app): State<Arc<App>>,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Json<Value>, ApiError> {
    let Query(page) = page?;
    let limit = page.limit.unwrap_or(100).clamp(1, MOST);
    let mut entries = app.store.audit(page.before, limit + 1).await?;
    let more = entries.len() > limit as usize;
    entries.truncate(limit as usize);
    Ok(Json(json!({ "entries": entries.iter().map(entry).collect::<Vec<_>>(), "more": more })))
}

fn entry(entry: &AuditEntry) -> Value {
    json!({
        "id": entry.id, "at": entry.at.format(&Rfc3339).ok(), "who": entry.who, "action": entry.action,
        "persona": entry.persona, "transport": entry.transport, "chat": entry.chat.map(|chat| chat.0), "detail": entry.detail,
    })
}
