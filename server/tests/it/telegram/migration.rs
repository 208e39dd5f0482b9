//! A group becomes a supergroup in the middle of a conversation.

use std::time::Duration;

use maskarad_testbed::{BotSpec, Fault, FaultSpec, Outcome, Testbed};

use super::scene::Scene;
use crate::support::database::{TestDatabase, on_both};
use crate::support::host::{SOON, settled};

on_both!(settings_and_history_move, a_reply_on_its_way_follows_its_chat);

async fn basic_group(database: TestDatabase) -> Scene {
    let bot = BotSpec::new("avtobus_bot").privacy(false);
    Scene::with(database, bot, |tg: &Testbed| tg.add_group("Друзья")).await
}

async fn settings_and_history_move(database: TestDatabase) {
    let scene = basic_group(database).await;
    let host = scene.host("").await;
    let Scene { tg, bot, boris, group, .. } = &scene;
    scene.command("/insanity on").await;
    let old = boris.writes(group, "моя кошка рыжая");
    scene.answer(old).await;
    let moved = tg.migrate(group);
    let message = boris.writes(&moved, "какого она цвета?");
    assert_eq!(scene.answer(message).await.chat_id, moved.id());
    let prompt = host.prompts().pop().unwrap();
    assert!(prompt.contains("моя кошка рыжая") && prompt.ends_with("цвета? @@ВТОРОЙ@@"), "{prompt}");
    settled(tg, bot).await;
    let settings = scene.database.store().settings(&scene.key(moved.id())).await.unwrap().unwrap();
    assert_eq!(settings.insanity, Some(true));
    assert_eq!(settings.former_id.map(|id| id.0), Some(group.id().0));
    assert!(scene.database.store().settings(&scene.key(group.id())).await.unwrap().is_none());
    host.stop().await;
}

/// Updates come late, so that the reply is refused before the daemon hears of the migration.
async fn a_reply_on_its_way_follows_its_chat(database: TestDatabase) {
    let scene = basic_group(database).await;
    let Scene { tg, bot, boris, group, .. } = &scene;
    let host = scene.host("").await;
    tg.wait_confirmed(bot, SOON).await.unwrap();
    scene.answer(boris.writes(group, "автобус, раз")).await;
    settled(tg, bot).await;
    let slow = tg.fault(FaultSpec::new(Fault::Slow(Duration::from_secs(2))).method("getUpdates"));
    // The poll that is open brings this message at once; those that follow are slow.
    tg.fault(FaultSpec::new(Fault::TooManyRequests { retry_after: 1 }).method("sendMessage").times(1));
    boris.writes(group, "автобус, два");
    tg.wait_until(SOON, |_| bot.requests_of("sendMessage").len() == 2 && slow.fired() > 0).await.unwrap();
    let moved = tg.migrate(group);
    let sent = tg.wait_sent(bot, 2, SOON).await.unwrap();
    assert_eq!((sent[1].chat_id, sent[1].reply_to), (moved.id(), None), "the old message ids mean nothing there");
    let outcomes: Vec<_> = bot.requests_of("sendMessage").iter().map(|call| call.outcome).collect();
    assert_eq!(outcomes[1..3], [Outcome::Answered(429), Outcome::Answered(400)]);
    slow.clear();
    scene.answer(boris.writes(&moved, "автобус, три")).await;
    let prompt = host.prompts().pop().unwrap();
    assert!(prompt.contains("раз") && prompt.contains("два"), "{prompt}");
    assert_eq!(scene.jobs("outcome").await, ["answered", "answered", "answered"]);
    host.stop().await;
}
