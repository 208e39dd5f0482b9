//! Counts requests, and how long they wait for an answer. Knows routes by their templates, and nobody by name.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;

use crate::metrics;

pub(super) async fn count(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let begun = Instant::now();
    let response = next.run(request).await;
    let route = route.as_ref().map_or(metrics::NO_ROUTE, MatchedPath::as_str);
    metrics::answered(route, Some((response.status().as_u16(), begun.elapsed())));
    response
}
