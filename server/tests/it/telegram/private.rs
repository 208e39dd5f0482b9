//! Private chats: everything is answered, one reply at a time.

use maskarad_testbed::{Fault, FaultSpec};

use super::scene::{HOLD, Scene};
use crate::support::database::{TestDatabase, on_both};
use crate::support::host::{SOON, settled};

on_both!(what_arrives_meanwhile_is_answered_together);

async fn what_arrives_meanwhile_is_answered_together(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let host = scene.host("").await;
    let Scene { tg, bot, anna, .. } = &scene;
    scene.hold();
    let first = anna.writes_private(bot, "первое");
    scene.answer(first).await;
    let meanwhile = ["второе", "третье", "четвёртое"].map(|text| anna.writes_private(bot, text));
    scene.answer(meanwhile[2]).await;
    settled(tg, bot).await;
    assert_eq!(tg.sent_count(bot), 2, "one reply for all that came meanwhile");
    assert!(tg.answers_to(meanwhile[0]).is_empty() && tg.answers_to(meanwhile[1]).is_empty());
    let prompt = host.prompts().pop().unwrap();
    for text in ["второе", "третье", "четвёртое"] {
        assert_eq!(prompt.matches(text).count(), 1, "{text} once in {prompt}");
    }
    assert_eq!(scene.jobs("outcome").await, ["answered", "shared", "shared", "answered"]);
    let sends = bot.requests_of("sendMessage");
    let apart = sends[1].at.duration_since(sends[0].at).unwrap();
    assert!(apart >= HOLD, "one reply in flight: the second was sent after {apart:?}");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_busy_chat_holds_up_no_other() {
    let scene = Scene::sqlite().await;
    let host = scene.host("").await;
    let Scene { bot, anna, boris, .. } = &scene;
    let held = scene.hold();
    let first = anna.writes_private(bot, "держи");
    scene.answer(first).await;
    assert_eq!(held.fired(), 1);
    let since = std::time::Instant::now();
    scene.private(boris, "а я?").await;
    assert!(since.elapsed() < HOLD, "another chat waited for {:?}", since.elapsed());
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sticker_triggers_nothing_and_a_caption_does() {
    let scene = Scene::sqlite().await;
    let host = scene.host("").await;
    let Scene { bot, anna, .. } = &scene;
    let sticker = anna.compose_private(bot).sticker().send();
    let bare = anna.compose_private(bot).photo("").send();
    let caption = anna.compose_private(bot).photo("это мой кот").send();
    scene.answer(caption).await;
    scene.silence([sticker, bare]).await;
    assert!(host.prompts().pop().unwrap().contains("это мой кот"));
    assert_eq!(host.requests().len(), 1);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_backlog_is_remembered_and_not_answered() {
    let scene = Scene::sqlite().await;
    let Scene { bot, anna, .. } = &scene;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let an_hour_ago = i64::try_from(now).unwrap() - 3600;
    let old = anna.compose_private(bot).text("давным-давно").dated(an_hour_ago).send();
    let recent = anna.writes_private(bot, "только что");
    let host = scene.host("").await;
    scene.answer(recent).await;
    scene.silence([old]).await;
    let prompts = host.prompts();
    assert!(prompts.len() == 1 && prompts[0].contains("давным-давно"), "{prompts:?}");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_changes_the_prompt_and_is_not_answered_again() {
    let scene = Scene::sqlite().await;
    let host = scene.host("").await;
    let Scene { tg, bot, anna, .. } = &scene;
    let message = anna.writes_private(bot, "люблю кошек");
    scene.answer(message).await;
    anna.edits(message, "люблю собак");
    settled(tg, bot).await;
    assert_eq!(tg.sent_count(bot), 1, "no second reply");
    scene.private(anna, "а ты?").await;
    let prompt = host.prompts().pop().unwrap();
    assert!(prompt.contains("люблю собак") && !prompt.contains("кошек"), "{prompt}");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forwarded_command_is_a_message_like_any_other() {
    let scene = Scene::sqlite().await;
    let host = scene.host("").await;
    let Scene { bot, anna, boris, .. } = &scene;
    scene.private(anna, "раз").await;
    let forwarded = anna.compose_private(bot).text("/reset").forwarded_from(boris).send();
    scene.answer(forwarded).await;
    let prompt = host.prompts().pop().unwrap();
    assert!(prompt.contains("раз"), "nothing was reset: {prompt}");
    assert!(prompt.contains("/reset @@ВТОРОЙ@@"), "what is asked is in the prompt: {prompt}");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_survives_the_deletion_of_its_question() {
    let scene = Scene::sqlite().await;
    let host = scene.host("").await;
    let Scene { tg, bot, anna, .. } = &scene;
    scene.hold();
    let first = anna.writes_private(bot, "раз");
    scene.answer(first).await;
    let deleted = anna.writes_private(bot, "два");
    anna.deletes(deleted);
    let sent = tg.wait_sent(bot, 2, SOON).await.unwrap();
    assert_eq!(sent[1].reply_to, None);
    let parameters = &sent[1].params["reply_parameters"];
    let parameters: serde_json::Value = match parameters.as_str() {
        Some(text) => serde_json::from_str(text).unwrap(),
        None => parameters.clone(),
    };
    assert_eq!(parameters["message_id"], deleted.message_id.0);
    assert_eq!(parameters["allow_sending_without_reply"], true);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_forgets_the_reply_that_is_on_its_way_too() {
    let scene = Scene::sqlite().await;
    let host = scene.host("").await;
    let Scene { anna, .. } = &scene;
    scene.hold();
    scene.private(anna, "раз").await;
    scene.private(anna, "/reset").await;
    scene.private(anna, "два").await;
    assert_eq!(host.prompts().pop().unwrap(), "@@ПЕРВЫЙ@@ два @@ВТОРОЙ@@");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_that_could_not_be_sent_is_sent_after_a_restart() {
    let scene = Scene::sqlite().await;
    let Scene { tg, bot, anna, .. } = &scene;
    let host = scene.host("").await;
    let down = tg.fault(FaultSpec::new(Fault::DropConnection).method("sendMessage"));
    let message = anna.writes_private(bot, "ты тут?");
    tg.wait_until(SOON, |_| down.fired() > 0).await.unwrap();
    let since = std::time::Instant::now();
    host.stop().await;
    assert!(since.elapsed() < std::time::Duration::from_secs(2), "a chat that rests holds up no stop");
    down.clear();
    let host = scene.host("").await;
    scene.answer(message).await;
    assert_eq!(host.requests().len(), 0, "what was made is sent, not made anew");
    assert_eq!(scene.jobs("outcome").await, ["answered"]);
    host.stop().await;
}
