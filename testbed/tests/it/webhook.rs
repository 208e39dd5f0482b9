//! Webhook delivery: the secret, order within a chat, repeats.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
    routing::post,
};
use maskarad_testbed::UserSpec;
use serde_json::{Value, json};

use crate::common::{SOON, cast};

/// A webhook that notes what it gets and fails as often as told.
#[derive(Clone, Default)]
struct Hook {
    got: Arc<Mutex<Vec<Delivery>>>,
    failures: Arc<Mutex<u32>>,
    retry_after: Option<u64>,
    delay: Duration,
}

#[derive(Clone)]
struct Delivery {
    secret: Option<String>,
    update: Value,
    at: Instant,
}

impl Hook {
    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let app = Router::new().route("/hook", post(take)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        url
    }

    fn texts(&self) -> Vec<String> {
        let got = self.got.lock().unwrap();
        got.iter().map(|got| got.update["message"]["text"].as_str().unwrap().to_owned()).collect()
    }
}

async fn take(State(hook): State<Hook>, headers: HeaderMap, body: Bytes) -> Response {
    let secret = headers.get("x-telegram-bot-api-secret-token").map(|value| value.to_str().unwrap().to_owned());
    let update = serde_json::from_slice(&body).unwrap();
    hook.got.lock().unwrap().push(Delivery { secret, update, at: Instant::now() });
    tokio::time::sleep(hook.delay).await;
    let mut failures = hook.failures.lock().unwrap();
    if *failures == 0 {
        return StatusCode::OK.into_response();
    }
    *failures -= 1;
    match hook.retry_after {
        Some(seconds) => (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, seconds)]).into_response(),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[tokio::test]
async fn updates_arrive_with_the_secret_and_in_order() {
    let cast = cast().await;
    let hook = Hook::default();
    cast.anna.writes_private(&cast.bot, "до");
    let url = hook.start().await;
    cast.wire.ok("setWebhook", json!({ "url": url, "secret_token": "s3cret" })).await;
    for text in ["раз", "два", "три"] {
        cast.anna.writes_private(&cast.bot, text);
    }
    cast.tg.wait_confirmed(&cast.bot, SOON).await.unwrap();
    assert_eq!(hook.texts(), ["до", "раз", "два", "три"]);
    assert!(hook.got.lock().unwrap().iter().all(|got| got.secret.as_deref() == Some("s3cret")));
}

#[tokio::test]
async fn one_chat_waits_for_itself_and_not_for_others() {
    let cast = cast().await;
    let hook = Hook { delay: Duration::from_millis(300), ..Hook::default() };
    let url = hook.start().await;
    let boris = cast.tg.add_user(UserSpec::new("Борис"));
    cast.anna.writes_private(&cast.bot, "а1");
    cast.anna.writes_private(&cast.bot, "а2");
    boris.writes_private(&cast.bot, "б1");
    cast.wire.ok("setWebhook", json!({ "url": url })).await;
    cast.tg.wait_confirmed(&cast.bot, SOON).await.unwrap();
    let got = hook.got.lock().unwrap().clone();
    let at = |text: &str| got.iter().find(|got| got.update["message"]["text"] == text).unwrap().at;
    assert!(at("а2") - at("а1") >= Duration::from_millis(300), "in flight one at a time");
    assert!(at("б1") < at("а1") + Duration::from_millis(200), "another chat at the same time");
}

#[tokio::test]
async fn failures_are_repeated_at_once_and_then_later() {
    let cast = cast().await;
    let hook = Hook { failures: Arc::new(Mutex::new(2)), ..Hook::default() };
    let url = hook.start().await;
    cast.wire.ok("setWebhook", json!({ "url": url })).await;
    cast.anna.writes_private(&cast.bot, "раз");
    cast.anna.writes_private(&cast.bot, "два");
    cast.tg.wait_confirmed(&cast.bot, SOON).await.unwrap();
    assert_eq!(hook.texts(), ["раз", "раз", "раз", "два"]);
    let got = hook.got.lock().unwrap().clone();
    assert!(got[1].at - got[0].at < Duration::from_secs(1));
    assert!(got[2].at - got[1].at >= Duration::from_millis(1900));
    let info = cast.wire.ok("getWebhookInfo", json!({})).await;
    assert_eq!(info["last_error_message"], "Wrong response from the webhook: 500 Internal Server Error");
    assert_eq!(info["pending_update_count"], 0);
}

#[tokio::test]
async fn a_webhook_that_says_when_is_tried_then() {
    let cast = cast().await;
    let hook = Hook { failures: Arc::new(Mutex::new(3)), retry_after: Some(1), ..Hook::default() };
    let url = hook.start().await;
    cast.wire.ok("setWebhook", json!({ "url": url })).await;
    cast.anna.writes_private(&cast.bot, "раз");
    cast.tg.wait_confirmed(&cast.bot, SOON).await.unwrap();
    let got = hook.got.lock().unwrap().clone();
    let waits: Vec<f64> = got.windows(2).map(|pair| (pair[1].at - pair[0].at).as_secs_f64()).collect();
    assert!(waits.len() == 3 && waits.iter().all(|wait| (0.95..1.8).contains(wait)), "{waits:?}");
}

#[tokio::test]
async fn deleting_a_webhook_stops_it_and_loses_nothing_unless_asked() {
    let cast = cast().await;
    let hook = Hook::default();
    let url = hook.start().await;
    cast.wire.ok("setWebhook", json!({ "url": url })).await;
    cast.wire.ok("deleteWebhook", json!({})).await;
    cast.anna.writes_private(&cast.bot, "после");
    assert_eq!(cast.wire.updates(json!({})).await.len(), 1);
    assert!(hook.texts().is_empty());
    cast.wire.ok("deleteWebhook", json!({ "drop_pending_updates": "true" })).await;
    assert!(cast.wire.updates(json!({})).await.is_empty());
}
