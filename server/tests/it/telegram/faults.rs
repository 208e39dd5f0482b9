//! Sending goes wrong: what is retried, what is final, and that nobody else notices.

use std::time::Duration;

use maskarad_testbed::{BadRequestKind, Fault, FaultSpec, ForbiddenKind};

use super::scene::Scene;
use crate::support::database::{TestDatabase, on_both};
use crate::support::host::settled;

on_both!(a_chat_that_takes_nothing_is_left_alone_until_it_writes_again);

fn sending(fault: Fault) -> FaultSpec {
    FaultSpec::new(fault).method("sendMessage")
}

async fn a_chat_that_takes_nothing_is_left_alone_until_it_writes_again(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let host = scene.host("").await;
    let Scene { tg, bot, boris, .. } = &scene;
    let blocked = tg.fault(sending(Fault::Forbidden(ForbiddenKind::Blocked)).chat(boris.id()));
    let lost = boris.writes_private(bot, "привет");
    scene.until_active(boris.id(), false).await;
    scene.silence([lost]).await;
    assert_eq!(blocked.fired(), 1, "tried once");
    assert_eq!(scene.jobs("outcome").await, ["forbidden"]);
    assert!(scene.jobs("reason").await[0].contains("blocked"));
    blocked.clear();
    scene.private(boris, "я передумал").await;
    scene.until_active(boris.id(), true).await;
    boris.blocks(bot);
    scene.until_active(boris.id(), false).await;
    boris.unblocks(bot);
    scene.until_active(boris.id(), true).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_request_is_final_with_its_reason() {
    let scene = Scene::sqlite().await;
    let host = scene.host("").await;
    let Scene { tg, bot, boris, .. } = &scene;
    let refused = tg.fault(sending(Fault::BadRequest(BadRequestKind::Other("CHAT_RESTRICTED".to_owned()))).times(1));
    let lost = boris.writes_private(bot, "раз");
    tg.wait_until(Duration::from_secs(20), |_| refused.fired() == 1).await.unwrap();
    scene.private(boris, "два").await;
    scene.silence([lost]).await;
    assert_eq!(scene.jobs("outcome").await, ["rejected", "answered"]);
    assert!(scene.jobs("reason").await[0].contains("CHAT_RESTRICTED"));
    assert!(!host.prompts()[1].contains("@@ПЕРВЫЙ@@ раз @@ВТОРОЙ@@ "), "what was never said isn't remembered as said");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_pauses_its_chat_alone() {
    let scene = Scene::sqlite().await;
    let host = scene.host("").await;
    let Scene { tg, bot, anna, boris, .. } = &scene;
    tg.fault(sending(Fault::TooManyRequests { retry_after: 2 }).chat(anna.id()).times(1));
    let flooded = anna.writes_private(bot, "раз");
    tg.wait_until(Duration::from_secs(20), |_| !bot.requests_of("sendMessage").is_empty()).await.unwrap();
    scene.private(boris, "два").await;
    assert!(tg.answers_to(flooded).is_empty(), "another chat is answered meanwhile");
    scene.answer(flooded).await;
    let calls = bot.requests_of("sendMessage");
    let to_anna = serde_json::json!(anna.id().0);
    let of_anna: Vec<_> = calls.iter().filter(|call| call.params["chat_id"] == to_anna).collect();
    assert_eq!(of_anna.len(), 2);
    assert!(of_anna[1].at.duration_since(of_anna[0].at).unwrap() >= Duration::from_secs(2), "not before its time");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_survives_a_restart() {
    let scene = Scene::sqlite().await;
    let host = scene.host("").await;
    let Scene { tg, bot, anna, .. } = &scene;
    let flood = tg.fault(sending(Fault::TooManyRequests { retry_after: 6 }).times(1));
    let flooded = anna.writes_private(bot, "раз");
    tg.wait_until(Duration::from_secs(20), |_| flood.fired() == 1).await.unwrap();
    host.stop().await;
    let host = scene.host("").await;
    scene.answer(flooded).await;
    let calls = bot.requests_of("sendMessage");
    assert_eq!(calls.len(), 2);
    let waited = calls[1].at.duration_since(calls[0].at).unwrap();
    assert!(waited >= Duration::from_secs(6) && waited < Duration::from_secs(13), "{waited:?}");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_that_got_lost_twice_is_not_sent_a_third_time() {
    let scene = Scene::sqlite().await;
    let host = scene.host("").await;
    let Scene { tg, bot, anna, boris, .. } = &scene;
    for (user, fault) in [(anna, Fault::LostAnswer), (boris, Fault::DropConnection)] {
        let fault = tg.fault(sending(fault).chat(user.id()).times(2));
        user.writes_private(bot, "раз");
        tg.wait_until(Duration::from_secs(20), |_| fault.fired() == 2).await.unwrap();
        scene.private(user, "два").await;
    }
    settled(tg, bot).await;
    assert_eq!(scene.jobs("outcome").await, ["unknown", "answered", "unknown", "answered"]);
    assert!(scene.jobs("reason").await[0].contains("the request failed"), "{:?}", scene.jobs("reason").await);
    assert_eq!(tg.sent_by(bot).len(), 4, "Anna got hers twice, Boris never");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_no_attempt() {
    let scene = Scene::sqlite().await;
    let host = scene.host("").await;
    let Scene { tg, bot, anna, .. } = &scene;
    for fault in [Fault::ServerError(500), Fault::ServerError(503), Fault::TooManyRequests { retry_after: 1 }] {
        tg.fault(sending(fault).times(1));
    }
    scene.private(anna, "раз").await;
    assert_eq!(settled(tg, bot).await.len(), 1);
    assert_eq!(scene.jobs("attempts").await, ["1"]);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_pass_is_tried_again() {
    let scene = Scene::sqlite().await;
    let host = scene.host("").await;
    let Scene { tg, bot, anna, boris, vera, .. } = &scene;
    let faults = [(anna, Fault::DropConnection), (boris, Fault::Malformed), (vera, Fault::ServerError(502))];
    let asked = faults.map(|(user, fault)| {
        let fault = tg.fault(sending(fault).chat(user.id()).times(1));
        (user.writes_private(bot, "ты тут?"), fault)
    });
    for (message, fault) in &asked {
        scene.answer(*message).await;
        assert_eq!(fault.fired(), 1);
    }
    assert_eq!(settled(tg, bot).await.len(), 3, "each once");
    assert_eq!(host.requests().len(), 3, "what is stored is sent, not made anew");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sign_of_typing_may_fail() {
    let scene = Scene::sqlite().await;
    let host = scene.host("").await;
    let Scene { tg, anna, boris, .. } = &scene;
    let flood = FaultSpec::new(Fault::TooManyRequests { retry_after: 30 }).method("sendChatAction");
    tg.fault(flood.chat(anna.id()));
    tg.fault(FaultSpec::new(Fault::Slow(Duration::from_secs(30))).method("sendChatAction").chat(boris.id()));
    for user in [anna, boris] {
        scene.private(user, "ты тут?").await;
    }
    host.stop().await;
}
