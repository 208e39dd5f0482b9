//! Updates that Telegram never sent, or has yet to invent. None of them blocks the others.

use std::time::Duration;

use maskarad::store::{BotId, RawUpdate};
use maskarad_testbed::UpdateIds;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::{Scene, old_message};
use crate::support::database::{TestDatabase, on_both};
use crate::support::host::SOON;

on_both!(
    unknown_and_huge_updates_pass,
    a_wrong_type_in_any_place_passes,
    updates_without_a_usable_id_block_nobody,
    bottomless_nesting_overflows_no_stack,
);

async fn unknown_and_huge_updates_pass(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let megabyte = "щ".repeat(1 << 19);
    let mut with_unknown = old_message(2, "новое");
    with_unknown["hologram"] = nested(100);
    let mut too_deep = old_message(3, "глубокое");
    too_deep["hologram"] = nested(1000);
    let updates = [
        (json!({}), "unknown_update"),
        (json!({ "telepathy": { "chat": { "id": "x" }, "thought": [null] } }), "unknown_update"),
        (json!({ "telepathy": megabyte }), "unknown_update"),
        (json!({ "message": old_message(1, &megabyte) }), "stale"),
        (json!({ "message": with_unknown }), "stale"),
        (json!({ "message": too_deep }), "malformed"),
        (json!({ "message": 12 }), "malformed"),
        (json!({ "message": null, "edited_message": old_message(4, "правка") }), "malformed"),
        (
            json!({ "my_chat_member": { "chat": { "id": 1 }, "new_chat_member": { "user": { "id": 2 }, "status": "ghost" } } }),
            "malformed",
        ),
    ];
    for (update, _) in &updates {
        scene.bot.push_update(update.clone(), UpdateIds::Assign);
    }
    scene.routed(updates.len()).await;
    assert_eq!(scene.outcomes().await, updates.map(|(_, outcome)| outcome));
    let texts = scene.database.sql("select text from messages order by message_id").await;
    assert_eq!(texts, [Some(megabyte), Some("новое".to_owned())]);
    scene.ends_well().await;
}

async fn a_wrong_type_in_any_place_passes(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let mut count = 0;
    for sound in [json!({ "message": elaborate() }), json!({ "my_chat_member": membership() })] {
        for path in paths(&sound) {
            for wrong in wrong_values() {
                let mut update = sound.clone();
                *update.pointer_mut(&path).unwrap() = wrong;
                scene.bot.push_update(update, UpdateIds::Assign);
                count += 1;
            }
        }
    }
    assert!(count > 300, "{count} mutations");
    scene.routed(count).await;
    scene.none_failed().await;
    let outcomes = scene.outcomes().await;
    for outcome in ["malformed", "membership"] {
        assert!(outcomes.iter().any(|found| found == outcome), "{outcome}");
    }
    scene.ends_well().await;
}

async fn updates_without_a_usable_id_block_nobody(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let unusable = [json!("7"), json!(null), json!(7.5), json!([7]), json!(9_223_372_036_854_775_808_u64), json!(-3)];
    for id in &unusable {
        let mut update = json!({ "message": old_message(1, "без номера") });
        update["update_id"] = id.clone();
        scene.bot.push_update(update, UpdateIds::Keep);
        scene.bot.push_update(json!(["no object"]), UpdateIds::Keep);
        scene.answers().await;
    }
    scene.bot.push_update(json!({ "message": old_message(2, "совсем без номера") }), UpdateIds::Keep);
    let before = scene.bot.requests_of("getUpdates").len();
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let asked = scene.bot.requests_of("getUpdates").len() - before;
    assert!(asked <= 5, "{asked} polls: what can't be confirmed is not asked for without a pause");
    scene.answers().await;
    scene.tg.wait_confirmed(&scene.bot, SOON).await.expect("the next message confirms what came before");
    scene.ends_well().await;
}

async fn bottomless_nesting_overflows_no_stack(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let deep = format!("{}0{}", "[".repeat(10_000), "]".repeat(10_000));
    let (bot, now) = (BotId(scene.bot.id().0), OffsetDateTime::now_utc());
    let raw = format!(r#"{{"update_id":1,"message":{{"message_id":1,"chat":{{"id":5}},"text":"дно","x":{deep}}}}}"#);
    let updates = [RawUpdate { update_id: 1, chat: None, raw }];
    assert_eq!(scene.database.store().accept(bot, &updates, now).await.unwrap(), 1);
    let name = scene.host.app.roster.keys().pop().unwrap();
    scene.host.app.roster.get(&name).unwrap().inbox.notify_one();
    scene.routed(1).await;
    assert_eq!(scene.outcomes().await, ["malformed"]);
    scene.ends_well().await;
}

/// A message with every field that is read.
fn elaborate() -> Value {
    let mut message = old_message(10, "/start@helper_bot привет");
    let more = json!({
        "message_thread_id": 3, "is_topic_message": true, "is_automatic_forward": false,
        "sender_chat": { "id": -100_123, "type": "channel", "title": "Канал", "username": "kanal", "is_forum": true },
        "forward_origin": { "type": "user" }, "forward_date": 1, "forum_topic_created": { "name": "x" },
        "entities": [{ "type": "text_mention", "offset": 0, "length": 6, "user": { "id": 5, "first_name": "Я" } }],
        "caption": "подпись", "caption_entities": [{ "type": "bold", "offset": 0, "length": 2 }],
        "reply_to_message": old_message(9, "прежде"),
    });
    let Value::Object(more) = more else { unreachable!() };
    message.as_object_mut().unwrap().extend(more);
    message
}

fn membership() -> Value {
    json!({
        "chat": { "id": -4002, "type": "group", "title": "Группа" }, "date": 1_700_000_000,
        "from": { "id": 4001, "is_bot": false, "first_name": "Пётр", "language_code": "ru" },
        "new_chat_member": { "user": { "id": 1 }, "status": "restricted", "is_member": true, "can_send_messages": false },
    })
}

fn wrong_values() -> [Value; 10] {
    [
        json!(null),
        json!(true),
        json!(12),
        json!(-1.5),
        json!(1e300),
        json!(u64::MAX),
        json!(i64::MIN),
        json!("\u{0}слово"),
        json!([{}]),
        json!({ "id": "x" }),
    ]
}

/// JSON pointers to everything within a value.
fn paths(value: &Value) -> Vec<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(key, child)| (key.clone(), child)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, child)| (index.to_string(), child)).collect(),
        _ => Vec::new(),
    };
    let below = |(key, child): (String, &Value)| {
        let deeper: Vec<String> = paths(child).iter().map(|path| format!("/{key}{path}")).collect();
        std::iter::once(format!("/{key}")).chain(deeper)
    };
    children.into_iter().flat_map(below).collect()
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(0), |inner, _| Value::Object(Map::from_iter([("x".to_owned(), inner)])))
}
