//! From polling to a webhook and back: no message is lost, and none is answered twice.

use maskarad::lifecycle::Ended;
use serde_json::json;

use super::scene::Scene;
use crate::support::database::{TestDatabase, on_both};

on_both!(no_switch_loses_or_doubles_a_message);

async fn no_switch_loses_or_doubles_a_message(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let mut messages = Vec::new();
    for (round, updates) in ["polling", "webhook", "polling", "webhook", "webhook", "polling"].into_iter().enumerate() {
        messages.extend(scene.strangers_write(&format!("до {round}")));
        let host = scene.host(updates).await;
        messages.extend(scene.strangers_write(&format!("после {round}")));
        if round % 2 == 0 {
            // Half of the time the switch comes while messages are on their way.
            scene.each_is_answered_once(&messages).await;
        }
        assert_eq!(host.stop().await, Ended::Cleanly);
    }
    let host = scene.host("webhook").await;
    scene.each_is_answered_once(&messages).await;
    assert_eq!(scene.stored().await, messages.len());
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_that_a_dead_daemon_left_behind_is_taken_away_by_polling() {
    let scene = Scene::new(super::scene::sqlite().await).await;
    scene
        .call("setWebhook", json!({ "url": "http://127.0.0.1:9/telegram/avtobus", "secret_token": "forgotten" }))
        .await;
    let messages = scene.everybody_writes("ты тут?");
    let host = scene.host("polling").await;
    scene.each_is_answered_once(&messages).await;
    assert_eq!(scene.call("getWebhookInfo", json!({})).await["url"], "");
    host.stop().await;
}
