//! How long the calls of the database take, for the metrics.

use std::time::Instant;

use super::error::Result;
use crate::metrics;

/// Notes how long a call took and whether it failed. That somebody else serves the persona is no failure of the database.
pub(super) async fn counted<T>(operation: &'static str, call: impl Future<Output = Result<T>>) -> Result<T> {
    let begun = Instant::now();
    let done = call.await;
    metrics::database_called(operation, begun.elapsed(), done.as_ref().is_err_and(|error| !error.is_fenced()));
    done
}
