//! Groups: who is answered in a burst, and what isn't a call.

use maskarad_testbed::{BotMessages, BotSpec};

use super::scene::Scene;
use crate::support::database::{TestDatabase, on_both};
use crate::support::host::{SOON, settled};

on_both!(ambient_messages_coalesce);

async fn ambient_messages_coalesce(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let host = scene.host("").await;
    let Scene { anna, boris, vera, group, .. } = &scene;
    scene.command("/insanity on").await;
    scene.hold();
    let first = boris.writes(group, "раз");
    scene.answer(first).await;
    let dropped = [vera.writes(group, "два"), anna.writes(group, "три"), boris.writes(group, "четыре")];
    let newest = vera.writes(group, "пять");
    scene.answer(newest).await;
    scene.silence(dropped).await;
    assert_eq!(scene.jobs("outcome").await, ["answered", "coalesced", "coalesced", "coalesced", "answered"]);
    assert!(scene.jobs("trigger_kind").await.iter().all(|trigger| trigger == "insanity"));
    let prompt = host.prompts().pop().unwrap();
    assert!(prompt.contains("четыре") && prompt.contains("пять @@ВТОРОЙ@@"), "they stay context: {prompt}");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_calls_is_never_coalesced_away() {
    let scene = Scene::sqlite().await;
    let host = scene.host("").await;
    let Scene { tg, bot, anna, boris, vera, group, .. } = &scene;
    scene.command("/insanity on").await;
    scene.hold();
    let first = boris.writes(group, "раз");
    let answer = scene.answer(first).await;
    let ambient = boris.writes(group, "это просто так");
    let mention = anna.writes(group, "@avtobus_bot, ты где?");
    let name = vera.writes(group, "автобус, а почему?");
    let newest = boris.writes(group, "и это просто так");
    for message in [mention, name, newest] {
        scene.answer(message).await;
    }
    settled(tg, bot).await;
    assert!(tg.answers_to(ambient).is_empty());
    assert_eq!(scene.jobs("outcome").await, ["answered", "coalesced", "answered", "answered", "answered"]);
    assert_eq!(scene.jobs("trigger_kind").await, ["insanity", "insanity", "mention", "name", "insanity"]);

    scene.hold();
    scene.answer(boris.writes(group, "ещё раз")).await;
    let reply = anna.replies(answer.message(), "что-что?");
    vera.writes(group, "болтовня");
    scene.answer(reply).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_persons_calls_share_an_answer() {
    let scene = Scene::sqlite().await;
    let host = scene.host("").await;
    let Scene { tg, bot, anna, boris, group, .. } = &scene;
    scene.hold();
    scene.answer(boris.writes(group, "автобус, привет")).await;
    let earlier = anna.writes(group, "автобус, ты где?");
    let other = boris.writes(group, "автобус, а я?");
    let later = anna.writes(group, "@avtobus_bot, ну?");
    for message in [later, other] {
        scene.answer(message).await;
    }
    settled(tg, bot).await;
    assert!(tg.answers_to(earlier).is_empty());
    assert_eq!(scene.jobs("outcome").await, ["answered", "shared", "answered", "answered"]);
    assert!(host.prompts().iter().any(|prompt| prompt.contains("ты где?") && prompt.ends_with("ну? @@ВТОРОЙ@@")));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_mentions_and_captions_call() {
    let scene = Scene::sqlite().await;
    let host = scene.host("").await;
    let Scene { bot, boris, vera, group, .. } = &scene;
    // Two people: messages of one are answered together.
    let by_id = vera.compose(group).text("скажи, бот, как дела").text_mention("бот", bot.id()).send();
    let caption = boris.compose(group).photo("смотри, @AVTOBUS_BOT").send();
    for message in [by_id, caption] {
        scene.answer(message).await;
    }
    let quoted = boris.compose(group).text("не зови @avtobus_bot2 и x@avtobus_bot.ru").send();
    let sticker = boris.compose(group).sticker().send();
    scene.silence([quoted, sticker]).await;
    assert_eq!(scene.jobs("trigger_kind").await, ["mention", "mention"]);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_bots_are_ignored_even_when_they_reply() {
    let scene = Scene::sqlite().await;
    let Scene { tg, bot, boris, group, .. } = &scene;
    tg.set_bot_messages(BotMessages::Delivered);
    let other = tg.add_bot(BotSpec::new("other_bot").privacy(false));
    group.add_bot(&other, boris);
    let host = scene.host("chat_defaults: { insanity: true }\n").await;
    let answer = scene.answer(boris.writes(group, "начали")).await;
    let send = |text: &str, reply_to: i64| {
        let url = format!("{}/bot{}/sendMessage", tg.api_url(), other.token());
        let body = serde_json::json!({
            "chat_id": group.id().0, "text": text, "reply_parameters": { "message_id": reply_to },
        });
        reqwest::Client::new().post(url).json(&body).send()
    };
    for text in ["@avtobus_bot, я тоже бот", "автобус, и это я", "/help@avtobus_bot"] {
        assert!(send(text, answer.message_id.0).await.unwrap().status().is_success());
    }
    settled(tg, bot).await;
    assert_eq!(tg.sent_count(bot), 1, "a bot is never answered");
    scene.answer(boris.writes(group, "а людям отвечают")).await;
    assert!(!host.prompts().pop().unwrap().contains("я тоже бот"));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_of_the_linked_channel_is_context_only() {
    let scene = Scene::sqlite().await;
    let Scene { tg, boris, group, .. } = &scene;
    let channel = tg.add_channel("Новости");
    let host = scene.host("chat_defaults: { insanity: true }\n").await;
    let post = boris.compose(group).text("автобус подорожал, @avtobus_bot").automatic_forward_from(&channel).send();
    scene.silence([post]).await;
    let as_channel = boris.compose(group).text("пишу от имени канала").as_channel(&channel).send();
    scene.answer(as_channel).await;
    assert!(host.prompts().pop().unwrap().contains("подорожал"), "the post is context");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_replied_to_stands_before_its_answer() {
    let scene = Scene::sqlite().await;
    let host = scene.host("chat_defaults: { context_length: 0 }\n").await;
    let Scene { anna, boris, group, .. } = &scene;
    let old = anna.writes(group, "на обед был борщ");
    boris.writes(group, "и что?");
    boris.writes(group, "ничего");
    scene.answer(boris.replies(old, "@avtobus_bot, вкусно?")).await;
    let prompt = host.prompts().pop().unwrap();
    assert!(
        prompt.contains("борщ") && prompt.ends_with("вкусно? @@ВТОРОЙ@@") && !prompt.contains("ничего"),
        "{prompt}"
    );
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blind_bot_is_shown_what_is_replied_to() {
    let blind = BotSpec::new("avtobus_bot");
    let scene = Scene::with(super::scene::sqlite().await, blind, |tg| tg.add_supergroup("Друзья")).await;
    let host = scene.host("").await;
    let Scene { tg, bot, anna, boris, group, .. } = &scene;
    let unheard = anna.writes(group, "на обед был борщ");
    let unseen = anna.writes(group, "а это никто не видел");
    let asked = boris.replies(unheard, "@avtobus_bot, вкусно?");
    scene.answer(asked).await;
    let prompt = host.prompts().pop().unwrap();
    assert!(prompt.contains("борщ") && prompt.ends_with("вкусно? @@ВТОРОЙ@@"), "{prompt}");
    assert!(!prompt.contains("никто не видел"));
    tg.wait_confirmed(bot, SOON).await.unwrap();
    scene.silence([unseen]).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bare_call_answers_what_it_replies_to() {
    let scene = Scene::sqlite().await;
    let host = scene.host("chat_defaults: { context_length: 0 }\n").await;
    let Scene { anna, boris, group, .. } = &scene;
    let said = anna.writes(group, "на обед был борщ");
    for call in ["@avtobus_bot", "Автобус!"] {
        scene.answer(boris.replies(said, call)).await;
        assert_eq!(host.prompts().pop().unwrap(), "@@ПЕРВЫЙ@@ на обед был борщ @@ВТОРОЙ@@");
    }
    scene.answer(boris.writes(group, "Автобус!")).await;
    assert_eq!(host.prompts().pop().unwrap(), "@@ПЕРВЫЙ@@ Автобус! @@ВТОРОЙ@@", "nothing else was said");
    host.stop().await;
}
