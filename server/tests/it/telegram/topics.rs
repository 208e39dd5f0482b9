//! Forums: answers stay in their topic.

use maskarad_testbed::{BotSpec, Sent, ThreadId};
use serde_json::json;

use super::scene::{Scene, sqlite};
use crate::support::host::{SOON, settled};

async fn forum() -> Scene {
    let bot = BotSpec::new("avtobus_bot").privacy(false);
    Scene::with(sqlite().await, bot, |tg| tg.add_forum("Форум")).await
}

fn thread(sent: &Sent) -> Option<String> {
    sent.params.get("message_thread_id").map(ToString::to_string)
}

/// How many replies may be too quick for the sign of typing.
const TRIES: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_lands_in_its_topic_with_its_history() {
    let scene = forum().await;
    let host = scene.host("generation: { max_new_tokens: 40 }\n").await;
    let Scene { bot, boris, group, .. } = &scene;
    let [cats, dogs] = ["Кошки", "Собаки"].map(|name| group.add_topic(name));
    for (topic, text) in [(cats, "автобус, любишь кошек?"), (dogs, "автобус, любишь собак?")]
    {
        // A reply that is made at once needs no sign, so it may take a few.
        let typed =
            || bot.chat_actions().iter().any(|action| action.thread == Some(topic) && action.action == "typing");
        for _ in 0..TRIES {
            let sent = scene.answer(boris.compose(group).text(text).in_topic(topic).send()).await;
            assert_eq!((sent.thread, thread(&sent)), (Some(topic), Some(topic.to_string())));
            if typed() {
                break;
            }
        }
        assert!(typed(), "the sign is shown in the topic");
    }
    let prompt = host.prompts().pop().unwrap();
    assert!(prompt.contains("собак") && !prompt.contains("кошек"), "each topic has its own history: {prompt}");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_general_topic_is_typed_in_and_not_sent_to() {
    let scene = forum().await;
    let host = scene.host("generation: { max_new_tokens: 40 }\n").await;
    let Scene { bot, boris, group, .. } = &scene;
    for _ in 0..TRIES {
        let sent = scene.answer(boris.writes(group, "автобус, привет")).await;
        assert_eq!((sent.thread, thread(&sent)), (None, None));
        if !bot.chat_actions().is_empty() {
            break;
        }
    }
    assert!(bot.chat_actions().iter().all(|action| action.thread == Some(ThreadId(1))), "{:?}", bot.chat_actions());
    assert!(!bot.chat_actions().is_empty());
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_the_persona_opened_is_no_call() {
    let scene = forum().await;
    let host = scene.host("").await;
    let Scene { tg, bot, boris, group, .. } = &scene;
    let topic = group.add_topic("Тема бота");
    let root = json!({
        "message_id": topic.0, "date": 1, "chat": { "id": group.id().0, "type": "supergroup", "is_forum": true },
        "from": { "id": bot.id().0, "is_bot": true, "first_name": "Автобус" }, "message_thread_id": topic.0,
        "is_topic_message": true, "text": "первое сообщение темы",
    });
    let unasked = boris.compose(group).text("просто разговор").field("message_thread_id", json!(topic.0));
    let unasked = unasked.field("is_topic_message", json!(true)).field("reply_to_message", root).send();
    scene.silence([unasked]).await;
    scene.answer(boris.compose(group).text("автобус, а теперь?").in_topic(topic).send()).await;
    tg.wait_confirmed(bot, SOON).await.unwrap();
    settled(tg, bot).await;
    assert_eq!(tg.sent_count(bot), 1);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_of_replies_is_no_topic() {
    let scene = Scene::sqlite().await;
    let host = scene.host("").await;
    let Scene { boris, group, .. } = &scene;
    let mut message = boris.writes(group, "автобус, раз");
    for text in ["почему?", "а почему?"] {
        let sent = scene.answer(message).await;
        assert_eq!(thread(&sent), None, "sending with it would fail");
        message = boris.replies(sent.message(), text);
    }
    scene.answer(message).await;
    host.stop().await;
}
