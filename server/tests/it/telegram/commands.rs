//! Commands: who may give them, what they change, and which aren't ours.

use std::time::Duration;

use maskarad::store::{BotId, ChatSettings, Effect, RawUpdate, Routed};
use maskarad_testbed::{BotSpec, Fault, FaultSpec, UserSpec};
use time::OffsetDateTime;

use super::scene::{Scene, sqlite};
use crate::support::host::{SOON, settled};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chance_and_quiet() {
    let scene = Scene::sqlite().await;
    let host = scene.host("").await;
    let Scene { boris, group, .. } = &scene;
    scene.command("/chance 100").await;
    scene.answer(boris.writes(group, "сто из ста")).await;
    assert_eq!(scene.jobs("trigger_kind").await, ["chance"]);
    scene.command("/quiet 1").await;
    scene.silence([boris.writes(group, "тихо?")]).await;
    scene.answer(boris.writes(group, "автобус, ты тут?")).await;
    scene.command("/quiet off").await;
    scene.answer(boris.writes(group, "а теперь?")).await;
    scene.command("/chance 0").await;
    scene.silence([boris.writes(group, "ноль из ста")]).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anonymous_administrators_may_and_channels_may_not() {
    let scene = Scene::sqlite().await;
    let Scene { tg, anna, boris, group, .. } = &scene;
    let channel = tg.add_channel("Канал Бориса");
    let elsewhere = serde_json::json!({ "id": -100_777, "type": "supergroup", "title": "Другая группа" });
    let host = scene.host("").await;
    let heard = async |text: &str| {
        let message = boris.writes(group, text);
        settled(tg, &scene.bot).await;
        !tg.answers_to(message).is_empty()
    };
    let on = "/insanity@avtobus_bot on";
    scene.answer(boris.compose(group).text(on).as_channel(&channel).send()).await;
    assert!(!heard("канал не администратор").await);
    scene.answer(boris.compose(group).text(on).anonymously().field("sender_chat", elsewhere).send()).await;
    assert!(!heard("и чужой администратор тоже").await);
    boris.compose(group).text(on).forwarded_from(anna).send();
    let harmless = anna.writes(group, "просто текст");
    anna.edits(harmless, on);
    anna.writes(group, "/insanity@another_bot on");
    assert!(!heard("ни пересланное, ни исправленное, ни чужое").await);
    scene.answer(anna.compose(group).text(on).anonymously().send()).await;
    scene.answer(boris.writes(group, "а анонимный администратор может")).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everyone_may_where_the_manifest_says_so() {
    let scene = Scene::sqlite().await;
    let host = scene.host("who_may_toggle: everyone\n").await;
    let Scene { boris, vera, group, .. } = &scene;
    scene.answer(boris.writes(group, "/insanity on")).await;
    scene.answer(vera.writes(group, "ого")).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_may_ask_and_not_change() {
    let scene = Scene::sqlite().await;
    let host = scene.host("").await;
    let Scene { boris, group, .. } = &scene;
    for command in ["/insanity on", "/context 9", "/chance 9", "/quiet", "/language en", "/reset"] {
        let refused = scene.answer(boris.writes(group, command)).await.text;
        assert!(refused.contains("администраторы"), "{command}: {refused}");
    }
    for command in ["/insanity", "/context", "/chance", "/language", "/settings", "/help", "/start"] {
        let answer = scene.answer(boris.writes(group, command)).await.text;
        assert!(!answer.contains("администраторы группы"), "{command}: {answer}");
    }
    let settings = scene.answer(boris.writes(group, "/settings")).await.text;
    assert!(settings.contains("Шанс: 0 %") && settings.contains("Сообщений в памяти: 4"), "{settings}");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_commands_are_only_answered_where_they_are_ours() {
    let scene = Scene::sqlite().await;
    let host = scene.host("").await;
    let Scene { anna, boris, group, .. } = &scene;
    let anybody = boris.writes(group, "/weather");
    let other = boris.writes(group, "/weather@other_bot автобус");
    let ours = boris.writes(group, "/weather@avtobus_bot");
    assert!(scene.answer(ours).await.text.contains("/help"));
    assert!(scene.private(anna, "/weather").await.contains("/help"));
    scene.silence([anybody, other]).await;
    let called = boris.writes(group, "/ask @avtobus_bot какая погода");
    scene.answer(called).await;
    let prompts = host.prompts();
    assert!(prompts.len() == 1 && prompts[0].contains("какая погода"), "{prompts:?}");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_private_group_settings_explain_themselves() {
    let scene = Scene::sqlite().await;
    let host = scene.host("").await;
    let Scene { tg, bot, anna, .. } = &scene;
    assert!(scene.private(anna, "/insanity on").await.contains("в группе"));
    assert!(scene.private(anna, "/chance 5").await.contains("для групп"));
    assert!(scene.private(anna, "/insanity maybe").await.contains("/insanity off"));
    assert!(scene.private(anna, "/language en").await.contains("English"));
    assert!(scene.private(anna, "/context 70").await.contains("0 to 50"), "the language holds from now on");
    let english = tg.add_user(UserSpec::new("Bob").language("en-GB"));
    assert!(scene.private(&english, "/help").await.contains("settings"), "a client's own language");
    assert_eq!(host.requests().len(), 0, "{:?}", tg.sent_by(bot));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blind_bot_says_so_with_the_mend() {
    let blind = BotSpec::new("avtobus_bot");
    let scene = Scene::with(sqlite().await, blind, |tg| tg.add_supergroup("Друзья")).await;
    let host = scene.host("").await;
    let Scene { boris, group, bot, .. } = &scene;
    assert!(scene.command("/insanity on").await.contains("/setprivacy"));
    assert!(scene.command("/chance 10").await.contains("/setprivacy"));
    assert!(!scene.command("/insanity off").await.contains("/setprivacy"));
    group.promote_bot(bot);
    settled(&scene.tg, bot).await;
    assert!(!scene.command("/insanity on").await.contains("/setprivacy"), "an administrator hears everything");
    scene.answer(boris.writes(group, "слышишь?")).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_that_is_taken_away_is_gone() {
    let scene = Scene::sqlite().await;
    let Scene { tg, bot, anna, boris, group, .. } = &scene;
    group.promote_bot(bot);
    let host = scene.host("").await;
    assert!(scene.command("/insanity on").await.contains("Безумие включено"));
    group.demote(anna);
    group.promote(boris);
    settled(tg, bot).await;
    assert!(scene.command("/insanity off").await.contains("администраторы"), "not the remembered answer");
    let by_boris = scene.answer(boris.writes(group, "/insanity@avtobus_bot off")).await;
    assert!(by_boris.text.contains("Безумие выключено"));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn menus_are_registered_for_every_audience_and_language() {
    let scene = Scene::sqlite().await;
    let host = scene.host("").await;
    let Scene { tg, bot, .. } = &scene;
    let names = |scope: &str, language: &str| -> Vec<String> {
        let commands = bot.commands_for(scope, language);
        commands.iter().map(|command| command["command"].as_str().unwrap().to_owned()).collect()
    };
    tg.wait_until(SOON, |_| bot.commands().len() == 6).await.unwrap();
    for language in ["", "en"] {
        assert!(names("all_private_chats", language).contains(&"reset".to_owned()));
        assert!(!names("all_private_chats", language).contains(&"insanity".to_owned()));
        assert_eq!(names("all_group_chats", language), ["help", "settings"]);
        assert!(names("all_chat_administrators", language).contains(&"insanity".to_owned()));
    }
    let description = |language: &str| bot.commands_for("all_group_chats", language)[0]["description"].clone();
    assert_ne!(description(""), description("en"));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_at_the_start_is_waited_out() {
    let scene = Scene::sqlite().await;
    let Scene { tg, bot, anna, .. } = &scene;
    for method in ["getMe", "setMyCommands"] {
        tg.fault(FaultSpec::new(Fault::TooManyRequests { retry_after: 2 }).method(method).times(1));
    }
    let host = scene.host("").await;
    scene.private(anna, "ты тут?").await;
    tg.wait_until(SOON, |_| bot.commands().len() == 6).await.unwrap();
    for method in ["getMe", "setMyCommands"] {
        let calls = bot.requests_of(method);
        let waited = calls[1].at.duration_since(calls[0].at).unwrap();
        assert!(waited >= Duration::from_secs(2), "{method} was called again after {waited:?}");
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_administers_may_be_asked_again() {
    let scene = Scene::sqlite().await;
    let host = scene.host("").await;
    let asking = scene.tg.fault(FaultSpec::new(Fault::DropConnection).method("getChatMember").times(1));
    assert!(scene.command("/insanity on").await.contains("Безумие включено"), "one failure is no refusal");
    assert_eq!(asking.fired(), 1);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_changes_one_thing_whatever_is_remembered() {
    let scene = Scene::sqlite().await;
    let host = scene.host("").await;
    let key = scene.key(scene.group.id());
    assert!(scene.command("/settings").await.contains("Сообщений в памяти: 4"));
    let store = scene.database.store();
    let elsewhere = store.settings(&key).await.unwrap().unwrap_or_default();
    let (bot, update_id, raw) = (BotId(1), 1, "{}".to_owned());
    store.accept(bot, &[RawUpdate { update_id, chat: None, raw }], OffsetDateTime::now_utc()).await.unwrap();
    let effects = vec![Effect::Settings(key.clone(), ChatSettings { context_length: Some(9), ..elsewhere })];
    let routed = Routed { bot, update_id, outcome: "elsewhere", effects };
    assert_eq!(
        store
            .apply(&host.app.roster.all()[0].lease, std::slice::from_ref(&routed), OffsetDateTime::now_utc())
            .await
            .unwrap(),
        1
    );
    scene.command("/chance 30").await;
    let settings = store.settings(&key).await.unwrap().unwrap();
    assert_eq!((settings.context_length, settings.chance), (Some(9), Some(0.3)));
    host.stop().await;
}
