//! Talking over a webhook: alone, beside a persona that polls, in many chats, and while others meddle with it.

use std::time::Duration;

use maskarad::lifecycle::Ended;
use maskarad::standing::Standing;
use maskarad_testbed::{BotSpec, Fault, FaultSpec};
use serde_json::json;

use super::scene::Scene;
use crate::support::database::{TestDatabase, on_both};
use crate::support::host::{Host, SOON, persona};

on_both!(a_conversation_over_a_webhook, the_order_of_each_chat_is_kept);

async fn a_conversation_over_a_webhook(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let host = scene.host("webhook").await;
    for text in ["привет", "ты кто?", "а где все?"] {
        let message = scene.people[0].writes_private(&scene.bot, text);
        scene.each_is_answered_once(&[message]).await;
    }
    assert!(scene.bot.requests_of("getUpdates").is_empty(), "nobody asks");
    let (status, said) = host.readyz().await;
    assert_eq!((status, &said["personas"]["avtobus"]["state"]), (200, &json!("webhook")), "{said}");
    assert_eq!(scene.call("getWebhookInfo", json!({})).await["url"], scene.url(&host));
    let secret = scene.secret();
    let set = scene.bot.requests_of("setWebhook");
    assert_eq!(set.len(), 1, "it is left alone where nobody meddles");
    assert!(secret.len() >= 32 && secret.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-'));
    assert!(set[0].params["allowed_updates"].to_string().contains("guest_message"), "{:?}", set[0].params);
    assert_eq!(host.stop().await, Ended::Cleanly);
    assert_eq!(scene.call("getWebhookInfo", json!({})).await["url"], "", "a stop takes the address back");
    let again = scene.host("webhook").await;
    assert_ne!(scene.secret(), secret, "each start makes a new secret");
    again.stop().await;
    let dropping =
        |name: &str| scene.bot.requests_of(name).iter().any(|call| call.params.contains_key("drop_pending_updates"));
    assert!(!dropping("setWebhook") && !dropping("deleteWebhook"), "nobody asks Telegram to forget");
}

async fn the_order_of_each_chat_is_kept(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let host = scene.host("webhook").await;
    let texts: Vec<String> = (0..12).map(|number| format!("номер {number}")).collect();
    for text in &texts {
        scene.everybody_writes(text);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    scene.tg.wait_confirmed(&scene.bot, SOON).await.unwrap();
    host.stop().await;
    for user in &scene.people {
        let sql = format!("select raw from inbox where chat_id = {} order by seq", user.id().0);
        let heard = scene.database.sql(&sql).await.into_iter().map(|raw| {
            let raw: serde_json::Value = serde_json::from_str(&raw.unwrap()).unwrap();
            raw["message"]["text"].as_str().unwrap().to_owned()
        });
        assert_eq!(heard.collect::<Vec<_>>(), texts);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_persona_by_webhook_and_one_by_polling() {
    let scene = Scene::new(super::scene::sqlite().await).await;
    let other = scene.tg.add_bot(BotSpec::new("polkson_bot").privacy(false));
    let polling = persona("polkson", &other, "generation: { max_new_tokens: 8 }\n");
    let personas = vec![scene.persona("webhook"), polling];
    let host = Host::start(&scene.tg, scene.database.shared(), personas).await;
    scene.until_set(&host).await;
    for user in &scene.people {
        for bot in [&scene.bot, &other] {
            let message = user.writes_private(bot, "ты тут?");
            assert_eq!(scene.tg.wait_answer(message, SOON).await.unwrap().bot, bot.id());
        }
    }
    let (_, said) = host.readyz().await;
    assert_eq!(said["personas"], json!({ "avtobus": { "state": "webhook" }, "polkson": { "state": "polling" } }));
    assert!(other.requests_of("setWebhook").is_empty() && scene.bot.requests_of("getUpdates").is_empty());
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_meddles_with_the_webhook_is_overruled() {
    let scene = Scene::new(super::scene::sqlite().await).await;
    let host = scene.host("webhook").await;
    let theirs = [
        json!({ "url": "" }),
        json!({ "url": "http://127.0.0.1:9/theirs" }),
        // Ours, but with a secret that we don't know.
        json!({ "url": scene.url(&host), "secret_token": "theirs" }),
    ];
    for theirs in theirs {
        let before = scene.bot.requests_of("setWebhook").len();
        scene.call("setWebhook", theirs.clone()).await;
        let messages = scene.everybody_writes("ты тут?");
        scene.each_is_answered_once(&messages).await;
        assert_eq!(scene.bot.requests_of("setWebhook").len(), before + 2, "theirs and ours: {theirs}");
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_that_cannot_be_set_is_tried_again() {
    let scene = Scene::new(super::scene::sqlite().await).await;
    let setting = |fault| scene.tg.fault(FaultSpec::new(fault).method("setWebhook").times(1));
    let faults =
        [Fault::ServerError(502), Fault::LostAnswer, Fault::TooManyRequests { retry_after: 1 }, Fault::Malformed];
    let faults = faults.map(setting);
    let messages = scene.everybody_writes("ты тут?");
    let host = scene.host("webhook").await;
    scene.each_is_answered_once(&messages).await;
    scene.tg.wait_until(SOON, |_| faults.iter().all(|fault| fault.fired() == 1)).await.unwrap();
    scene.tg.wait_until(SOON, |_| scene.bot.requests_of("setWebhook").len() == 5).await.unwrap();
    scene.each_is_answered_once(&scene.everybody_writes("а теперь?")).await;
    assert_eq!(host.stop().await, Ended::Cleanly);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_token_ends_a_webhook() {
    let scene = Scene::new(super::scene::sqlite().await).await;
    let other = scene.tg.add_bot(BotSpec::new("polkson_bot"));
    let personas = vec![scene.persona("webhook"), persona("polkson", &other, "")];
    let host = Host::start(&scene.tg, scene.database.shared(), personas).await;
    scene.until_set(&host).await;
    scene.tg.revoke(&scene.bot);
    let refused = |host: &Host| host.app.standings.all().values().any(|report| report.state == Standing::Refused);
    host.until(refused).await;
    assert_eq!(host.app.roster.keys().len(), 1);
    let (status, said) = host.readyz().await;
    assert_eq!((status, &said["status"], &said["reasons"]), (200, &json!("degraded"), &json!(["avtobus: refused"])));
    assert_eq!(scene.bring(&host, "{}").await, 503, "nobody stands behind the door");
    host.stop().await;
}
