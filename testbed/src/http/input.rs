//! Reads a call: token and method from the path, parameters from query, form, multipart or JSON, all merged.

use axum::{
    body::{Bytes, to_bytes},
    extract::{FromRequest, Multipart, Query, Request},
    http::{Uri, header::CONTENT_TYPE},
};
use serde_json::{Map, Value, json};

use crate::{error::ApiError, params::Params};

const LARGEST_BODY: usize = 64 << 20;

/// Token and method of `/bot<token>/<method>`.
pub(super) fn address(uri: &Uri) -> Option<(String, String)> {
    let (token, method) = uri.path().strip_prefix("/bot")?.split_once('/')?;
    let method = method.trim_end_matches('/');
    if method.is_empty() || method.contains('/') {
        return None;
    }
    Some((token.replace("%3A", ":").replace("%3a", ":"), method.to_owned()))
}

/// The parameters; those of the body win over those of the query.
pub(super) async fn read(request: Request) -> Result<Params, ApiError> {
    let mut params = pairs(request.uri());
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let content_type = content_type.to_lowercase();
    if content_type.starts_with("multipart/form-data") {
        params.extend(multipart(request).await?);
        return Ok(Params(params));
    }
    let body = to_bytes(request.into_body(), LARGEST_BODY).await.map_err(|_| ApiError::bad("can't read the body"))?;
    if content_type.starts_with("application/json") {
        params.extend(object(&body)?);
    } else if !body.is_empty() {
        let query = String::from_utf8_lossy(&body);
        let uri = Uri::builder().path_and_query(format!("/?{query}")).build();
        params.extend(pairs(&uri.map_err(|_| ApiError::bad("can't parse the form"))?));
    }
    Ok(Params(params))
}

fn pairs(uri: &Uri) -> Map<String, Value> {
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri).map(|Query(pairs)| pairs).unwrap_or_default();
    pairs.into_iter().map(|(name, value)| (name, Value::from(value))).collect()
}

fn object(body: &Bytes) -> Result<Map<String, Value>, ApiError> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        // Some clients send `null` or an empty list where there are no parameters.
        Ok(_) => Ok(Map::new()),
        Err(_) => Err(ApiError::bad("can't parse JSON object")),
    }
}

async fn multipart(request: Request) -> Result<Map<String, Value>, ApiError> {
    let broken = |_| ApiError::bad("can't parse multipart form data");
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| ApiError::bad("no multipart boundary"))?;
    let mut params = Map::new();
    while let Some(field) = form.next_field().await.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_owned();
        let file_name = field.file_name().map(str::to_owned);
        let value = match file_name {
            Some(file_name) => {
                let content = field.bytes().await.map_err(broken)?;
                json!({ "file_name": file_name, "file_size": content.len() })
            }
            None => Value::from(field.text().await.map_err(broken)?),
        };
        params.insert(name, value);
    }
    Ok(params)
}
