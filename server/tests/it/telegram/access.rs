//! Who may talk with the persona, and how much.

use maskarad_testbed::MemberStatus;

use super::scene::Scene;
use crate::support::host::{SOON, settled};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn private_chats_may_be_closed_but_to_the_owner() {
    let scene = Scene::sqlite().await;
    let Scene { bot, anna, boris, .. } = &scene;
    let host = scene.host(&format!("access: {{ private: nobody }}\nowner: {}\n", anna.id())).await;
    assert!(scene.private(boris, "привет").await.contains("не всем"), "told why");
    scene.silence([boris.writes_private(bot, "ну пожалуйста")]).await;
    scene.private(anna, "это я").await;
    assert_eq!(host.requests().len(), 1);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn private_chats_may_be_open_to_a_list() {
    let scene = Scene::sqlite().await;
    let Scene { boris, vera, .. } = &scene;
    let host = scene.host(&format!("access: {{ private: [{}] }}\n", vera.id())).await;
    assert!(scene.private(boris, "привет").await.contains("не всем"));
    scene.private(vera, "привет").await;
    assert_eq!(host.requests().len(), 1);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_is_not_listed_is_told_once_and_left() {
    let scene = Scene::sqlite().await;
    let Scene { tg, bot, anna, boris, group, .. } = &scene;
    let allowed = tg.add_supergroup("Можно");
    allowed.add_bot(bot, anna);
    let host = scene.host(&format!("access: {{ groups: [{}] }}\n", allowed.id())).await;
    tg.wait_until(SOON, |_| group.status(bot.id()) == MemberStatus::Left).await.unwrap();
    let told = settled(tg, bot).await;
    assert_eq!(told.len(), 1, "told once: {told:?}");
    assert!(told[0].chat_id == group.id() && told[0].text.contains("нельзя"));
    scene.answer(boris.writes(&allowed, "автобус, привет")).await;

    group.add_bot(bot, anna);
    tg.wait_until(SOON, |_| group.status(bot.id()) == MemberStatus::Left).await.unwrap();
    assert_eq!(settled(tg, bot).await.len(), 2, "the second time it goes without a word");
    assert_eq!(allowed.status(bot.id()), MemberStatus::Member);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_owner_blocks_and_unblocks() {
    let scene = Scene::sqlite().await;
    let Scene { tg, bot, anna, boris, group, .. } = &scene;
    let host = scene.host(&format!("owner: {}\n", anna.id())).await;
    let before = boris.writes(group, "автобус, привет");
    scene.answer(before).await;
    let refused = boris.writes(group, &format!("/block@avtobus_bot {}", anna.id()));
    assert!(scene.answer(refused).await.text.contains("владельца"));

    scene.answer(anna.replies(before, "/block@avtobus_bot")).await;
    let ignored = boris.writes(group, "автобус, ау");
    let command = boris.writes(group, "/help@avtobus_bot");
    boris.edits(ignored, "автобус, это правка");
    scene.silence([ignored, command, boris.writes_private(bot, "и тут?")]).await;
    scene.answer(anna.writes(group, "автобус, слышал?")).await;
    let prompt = host.prompts().pop().unwrap();
    assert!(!prompt.contains("ау") && !prompt.contains("правка"), "nor do they get into the history: {prompt}");

    scene.private(anna, &format!("/unblock {}", boris.id())).await;
    scene.answer(boris.writes(group, "автобус, я снова тут")).await;
    settled(tg, bot).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_hours_answers_are_capped_for_a_person() {
    let scene = Scene::sqlite().await;
    let host = scene.host("access: { per_user_hourly: 2 }\n").await;
    let Scene { bot, boris, vera, group, .. } = &scene;
    scene.private(boris, "раз").await;
    scene.answer(boris.writes(group, "автобус, два")).await;
    assert!(scene.private(boris, "три").await.contains("для вас закончились"), "told once");
    scene.silence([boris.writes_private(bot, "четыре")]).await;
    scene.answer(vera.writes(group, "автобус, а я?")).await;
    assert_eq!(host.requests().len(), 3);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_hours_answers_are_capped_for_a_chat() {
    let scene = Scene::sqlite().await;
    let host = scene.host("access: { per_chat_hourly: 2 }\nchat_defaults: { insanity: true }\n").await;
    let Scene { boris, vera, group, .. } = &scene;
    for text in ["раз", "два"] {
        scene.answer(boris.writes(group, text)).await;
    }
    scene.silence([boris.writes(group, "никто не звал, никто не жалуется")]).await;
    let told = scene.answer(vera.writes(group, "автобус, ты где?")).await;
    assert!(told.text.contains("в этом чате закончились"), "{}", told.text);
    scene.private(vera, "а в личке?").await;
    assert_eq!(host.requests().len(), 3);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn coalesced_messages_do_not_use_up_the_hour() {
    let scene = Scene::sqlite().await;
    let host = scene.host("access: { per_chat_hourly: 3 }\nchat_defaults: { insanity: true }\n").await;
    let Scene { boris, vera, group, .. } = &scene;
    scene.hold();
    scene.answer(boris.writes(group, "раз")).await;
    boris.writes(group, "это пропустят");
    scene.answer(vera.writes(group, "два")).await;
    assert_eq!(scene.jobs("outcome").await, ["answered", "coalesced", "answered"]);
    scene.answer(vera.writes(group, "три")).await;
    assert_eq!(host.requests().len(), 3, "three answers");
    host.stop().await;
}
