//! `getUpdates` on the bare wire: confirming, trimming, allowing, waiting, conflicts; and the envelope.

use std::time::{Duration, Instant};

use maskarad_testbed::{BotSpec, Outcome, UpdateIds};
use serde_json::{Value, json};

use crate::common::{Wire, cast};

fn ids(updates: &[Value]) -> Vec<i64> {
    updates.iter().map(|update| update["update_id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn only_a_higher_offset_confirms() {
    let cast = cast().await;
    for text in ["а", "б", "в"] {
        cast.anna.writes_private(&cast.bot, text);
    }
    let first = ids(&cast.wire.updates(json!({ "limit": 2 })).await);
    assert_eq!(first.len(), 2);
    assert_eq!(first[1], first[0] + 1);
    assert_eq!(ids(&cast.wire.updates(json!({ "limit": 2 })).await), first, "redelivered");
    assert_eq!(ids(&cast.wire.updates(json!({ "offset": first[0] })).await).len(), 3, "its own id confirms nothing");
    assert_eq!(ids(&cast.wire.updates(json!({ "offset": first[1] + 1 })).await), [first[1] + 1]);
    assert_eq!(ids(&cast.wire.updates(json!({ "offset": 0 })).await), [first[1] + 1], "confirmed ones are gone");
}

#[tokio::test]
async fn what_was_handed_out_is_remembered() {
    let cast = cast().await;
    assert_eq!(cast.bot.handed_out(), None);
    for text in ["а", "б"] {
        cast.anna.writes_private(&cast.bot, text);
    }
    assert_eq!(cast.bot.handed_out(), None, "nobody has asked yet");
    let first = ids(&cast.wire.updates(json!({ "limit": 1 })).await);
    assert_eq!(cast.bot.handed_out(), Some(first[0]));
    cast.wire.updates(json!({})).await;
    cast.wire.updates(json!({ "limit": 1 })).await;
    assert_eq!(cast.bot.handed_out(), Some(first[0] + 1), "the highest counts");
}

#[tokio::test]
async fn a_negative_offset_keeps_the_tail() {
    let cast = cast().await;
    for text in ["а", "б", "в", "г"] {
        cast.anna.writes_private(&cast.bot, text);
    }
    let all = ids(&cast.wire.updates(json!({})).await);
    assert_eq!(ids(&cast.wire.updates(json!({ "offset": -2 })).await), all[2..]);
    assert_eq!(ids(&cast.wire.updates(json!({})).await), all[2..], "the others are forgotten");
}

#[tokio::test]
async fn an_offset_from_the_future_confirms_nothing() {
    let cast = cast().await;
    cast.bot.restart_update_ids(5);
    cast.anna.writes_private(&cast.bot, "снова сначала");
    assert_eq!(ids(&cast.wire.updates(json!({ "offset": 100_000_001 })).await), [5]);
    assert_eq!(ids(&cast.wire.updates(json!({})).await), [5]);
}

#[tokio::test]
async fn allowed_updates_stick_and_chat_member_must_be_asked_for() {
    let cast = cast().await;
    let group = cast.tg.add_supergroup("Друзья");
    group.add_bot(&cast.bot, &cast.anna);
    group.promote_bot(&cast.bot);
    cast.wire.drain().await;
    let kinds = |updates: Vec<Value>| -> Vec<String> {
        let keys =
            updates.into_iter().flat_map(|update| update.as_object().unwrap().keys().cloned().collect::<Vec<_>>());
        keys.filter(|key| key != "update_id").collect()
    };
    group.promote(&cast.anna);
    assert!(cast.wire.drain().await.is_empty(), "chat_member is not in the default");

    cast.wire.updates(json!({ "allowed_updates": ["chat_member"] })).await;
    group.demote(&cast.anna);
    cast.anna.writes(&group, "не придёт");
    assert_eq!(kinds(cast.wire.drain().await), ["chat_member"]);

    cast.wire.updates(json!({})).await;
    group.promote(&cast.anna);
    assert_eq!(kinds(cast.wire.drain().await), ["chat_member"], "unset keeps the setting");

    cast.wire.updates(json!({ "allowed_updates": "[]" })).await;
    group.demote(&cast.anna);
    cast.anna.writes(&group, "придёт");
    assert_eq!(kinds(cast.wire.drain().await), ["message"], "empty restores the default");
}

#[tokio::test]
async fn a_long_poll_ends_when_something_comes() {
    let cast = cast().await;
    let started = Instant::now();
    let wire = cast.wire.clone();
    let poll = tokio::spawn(async move { wire.updates(json!({ "timeout": 30 })).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!poll.is_finished());
    cast.anna.writes_private(&cast.bot, "вот");
    assert_eq!(poll.await.unwrap()[0]["message"]["text"], "вот");
    assert!(started.elapsed() < Duration::from_secs(10));

    cast.wire.drain().await;
    let started = Instant::now();
    assert!(cast.wire.updates(json!({ "timeout": 1 })).await.is_empty());
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn the_second_poller_ends_the_first() {
    let cast = cast().await;
    let poll = |wire: Wire| tokio::spawn(async move { wire.call("getUpdates", json!({ "timeout": 30 })).await });
    let old = poll(cast.wire.clone());
    tokio::time::sleep(Duration::from_millis(200)).await;
    let new = poll(cast.wire.clone());
    let (status, body) = old.await.unwrap();
    assert_eq!(status, 409);
    assert_eq!(
        body["description"],
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    );
    assert!(!new.is_finished());
    cast.anna.writes_private(&cast.bot, "для нового");
    assert_eq!(new.await.unwrap().1["result"][0]["message"]["text"], "для нового");
}

#[tokio::test]
async fn a_webhook_forbids_polling_and_ends_an_open_poll() {
    let cast = cast().await;
    let wire = cast.wire.clone();
    let open = tokio::spawn(async move { wire.refused("getUpdates", json!({ "timeout": 30 })).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    cast.wire.ok("setWebhook", json!({ "url": "http://127.0.0.1:1/" })).await;
    assert_eq!(open.await.unwrap(), (409, "Conflict: terminated by setWebhook request".to_owned()));

    let started = Instant::now();
    let (status, text) = cast.wire.refused("getUpdates", json!({})).await;
    assert_eq!(status, 409);
    assert_eq!(
        text,
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
    );
    assert!(started.elapsed() > Duration::from_secs(2), "a second conflict in a row is held back");
    cast.wire.ok("deleteWebhook", json!({})).await;
    cast.wire.updates(json!({})).await;
}

#[tokio::test]
async fn raw_updates_arrive_as_they_are() {
    let cast = cast().await;
    let odd = json!({ "update_id": 4_294_967_296_123_i64, "guest_message": { "text": "?" }, "x": null });
    cast.bot.push_update(odd.clone(), UpdateIds::Keep);
    let id = cast.bot.push_update(odd.clone(), UpdateIds::Assign);
    let updates = cast.wire.updates(json!({})).await;
    assert_eq!(updates[0], odd);
    assert_eq!(updates[1]["update_id"], id);
    assert_eq!(id, 4_294_967_296_124);
}

#[tokio::test]
async fn any_form_of_input_and_any_case_of_method_will_do() {
    let cast = cast().await;
    let chat = cast.anna.writes_private(&cast.bot, "привет").chat_id.0;
    let (client, url) = (cast.wire.client(), cast.wire.url("SENDmessage"));
    let id = chat.to_string();
    let form = [("chat_id", id.as_str()), ("text", "форма & знак")];
    let multipart = multipart(&id);
    let answers = [
        client.get(format!("{url}?chat_id={chat}&text=query%20%D0%B0")).send().await.unwrap(),
        client
            .post(&url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(encode(&form))
            .send()
            .await
            .unwrap(),
        client
            .post(&url)
            .header("content-type", "multipart/form-data; boundary=X")
            .body(multipart)
            .send()
            .await
            .unwrap(),
        client.post(format!("{url}?chat_id={chat}")).json(&json!({ "text": "вместе" })).send().await.unwrap(),
    ];
    assert!(answers.iter().all(|answer| answer.status() == 200), "{answers:?}");
    let texts: Vec<_> = cast.tg.sent_by(&cast.bot).into_iter().map(|sent| sent.text).collect();
    assert_eq!(texts, ["query а", "форма & знак", "части", "вместе"]);
    assert!(cast.bot.requests().iter().all(|request| request.method == "sendMessage"));
    assert!(cast.bot.requests().iter().all(|request| request.outcome == Outcome::Answered(200)));
}

#[tokio::test]
async fn strangers_are_turned_away() {
    let cast = cast().await;
    assert_eq!(cast.wire.refused("getNothing", json!({})).await, (404, "Not Found: method not found".to_owned()));
    let api = cast.tg.api_url();
    let unknown = cast.wire.client().get(format!("{api}/bot1:x/getMe")).send().await.unwrap();
    assert_eq!(unknown.status(), 401);
    assert_eq!(unknown.json::<Value>().await.unwrap()["description"], "Unauthorized");
    assert_eq!(cast.wire.client().get(format!("{api}/getMe")).send().await.unwrap().status(), 404);
    let garbage = cast.wire.client().post(cast.wire.url("getMe")).header("content-type", "application/json").body("{");
    assert_eq!(garbage.send().await.unwrap().status(), 400);
    cast.tg.revoke(&cast.bot);
    assert_eq!(cast.wire.refused("getMe", json!({})).await, (401, "Unauthorized".to_owned()));
}

#[tokio::test]
async fn a_given_token_brings_its_bot_id() {
    let cast = cast().await;
    let bot = cast.tg.add_bot(BotSpec::new("given_bot").token("777:secret"));
    assert_eq!((bot.token().as_str(), bot.id().0), ("777:secret", 777));
    let me = Wire::new(&cast.tg, &bot).ok("getMe", json!({})).await;
    assert_eq!(me["id"], 777);
}

#[tokio::test]
async fn the_server_ends_with_its_last_handle() {
    let cast = cast().await;
    cast.wire.ok("getMe", json!({})).await;
    let clone = cast.tg.clone();
    drop(cast.tg);
    cast.wire.ok("getMe", json!({})).await;
    drop(clone);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(cast.wire.try_call("getMe", json!({})).await.is_err());
}

fn encode(form: &[(&str, &str)]) -> String {
    let mut url: reqwest::Url = "http://x/".parse().unwrap();
    url.query_pairs_mut().extend_pairs(form);
    url.query().unwrap().to_owned()
}

fn multipart(chat: &str) -> String {
    let part =
        |name: &str, value: &str| format!("--X\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    format!("{}{}--X--\r\n", part("chat_id", chat), part("text", "части"))
}
