//! Every update of `../shared/telegram/updates`: the daemon stays alive, and each text is in the history unaltered.

use std::collections::BTreeMap;
use std::path::Path;

use maskarad_testbed::UpdateIds;
use serde_json::Value;

use super::Scene;
use crate::support::database::{TestDatabase, on_both};
use crate::support::host::SOON;

/// The kinds of update whose text belongs into the history, and whether they are edits.
const TEXTS: [(&str, bool); 7] = [
    ("message", false),
    ("edited_message", true),
    ("channel_post", false),
    ("edited_channel_post", true),
    ("business_message", false),
    ("edited_business_message", true),
    ("guest_message", false),
];

on_both!(every_sample_one_by_one, every_sample_as_a_burst);

async fn every_sample_one_by_one(database: TestDatabase) {
    let Some(samples) = samples() else { return };
    let scene = Scene::new(database).await;
    for (name, sample) in &samples {
        scene.bot.push_update(sample.clone(), UpdateIds::Assign);
        scene.tg.wait_confirmed(&scene.bot, SOON).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    check(scene, &samples).await;
}

async fn every_sample_as_a_burst(database: TestDatabase) {
    let Some(samples) = samples() else { return };
    let scene = Scene::new(database).await;
    for (_, sample) in &samples {
        scene.bot.push_update(sample.clone(), UpdateIds::Assign);
    }
    check(scene, &samples).await;
}

async fn check(scene: Scene, samples: &[(String, Value)]) {
    scene.routed(samples.len()).await;
    scene.none_failed().await;
    assert!(!scene.outcomes().await.contains(&"malformed".to_owned()), "all of them are Telegram's own");
    let stored = scene.database.sql(
        "select cast(chat_id as text) || ' ' || cast(message_id as text) || ' ' || text from messages
         order by chat_id, message_id",
    );
    let stored: Vec<String> = stored.await.into_iter().map(Option::unwrap).collect();
    assert_eq!(stored, history(samples));
    scene.ends_well().await;
}

/// What the history must hold, read from the JSON alone.
fn history(samples: &[(String, Value)]) -> Vec<String> {
    let mut history = BTreeMap::new();
    for (name, sample) in samples {
        for (kind, is_edit) in TEXTS {
            let message = &sample[kind];
            let Some(text) = message["text"].as_str().or_else(|| message["caption"].as_str()) else { continue };
            let by_a_bot = message["from"]["is_bot"] == true && message["sender_chat"].is_null();
            assert!(!by_a_bot, "{name}: other bots' messages are not kept; this sample needs a rule of its own");
            if is_edit {
                history.insert(place(message), text);
                continue;
            }
            // What a new message answers is kept as well: the persona may never have seen it.
            if let ("message", Some(replied)) = (kind, message["reply_to_message"]["text"].as_str()) {
                history.entry(place(&message["reply_to_message"])).or_insert(replied);
            }
            history.entry(place(message)).or_insert(text);
        }
    }
    assert!(history.len() >= 15, "the samples have texts");
    history.into_iter().map(|((chat, message), text)| format!("{chat} {message} {text}")).collect()
}

/// Where a message stands: its chat and its number.
fn place(message: &Value) -> (i64, i64) {
    (message["chat"]["id"].as_i64().unwrap(), message["message_id"].as_i64().unwrap())
}

fn samples() -> Option<Vec<(String, Value)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/telegram/updates");
    if !folder.is_dir() {
        println!("skipped: ../shared not found");
        return None;
    }
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
    };
    assert!(!paths.is_empty());
    Some(paths.iter().map(read).collect())
}
