//! Asking for updates goes wrong: it is asked again, and nothing is lost.

use maskarad_testbed::{Fault, FaultSpec};
use serde_json::json;

use super::scene::Scene;
use crate::support::host::{SOON, settled};

fn polling(fault: Fault) -> FaultSpec {
    FaultSpec::new(fault).method("getUpdates").times(1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn polling_survives_everything() {
    let scene = Scene::sqlite().await;
    let Scene { tg, bot, anna, boris, .. } = &scene;
    let faults = [Fault::DropConnection, Fault::Malformed, Fault::TooManyRequests { retry_after: 1 }];
    let faults = faults.map(|fault| tg.fault(polling(fault)));
    let early = anna.writes_private(bot, "до тебя дозвониться");
    let host = scene.host("").await;
    scene.answer(early).await;
    assert!(faults.iter().all(|fault| fault.fired() == 1));
    let lost = tg.fault(polling(Fault::LostAnswer));
    let server = tg.fault(polling(Fault::ServerError(502)));
    // The poll that is open brings the first of these; the answer that brings the second is lost.
    for text in ["и ещё раз", "и ещё раз!"] {
        scene.private(boris, text).await;
    }
    assert_eq!((lost.fired(), server.fired()), (1, 1));
    settled(tg, bot).await;
    assert_eq!(scene.jobs("state").await.len(), 3, "an update that comes twice is answered once");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_poller_and_a_webhook_are_overcome() {
    let scene = Scene::sqlite().await;
    let Scene { tg, bot, anna, .. } = &scene;
    let host = scene.host("").await;
    scene.private(anna, "раз").await;
    let call = async |method: &str, body: serde_json::Value| {
        let url = format!("{}/bot{}/{method}", tg.api_url(), bot.token());
        reqwest::Client::new().post(url).json(&body).send().await.unwrap()
    };
    let ours = bot.requests_of("getUpdates").len();
    call("getUpdates", json!({ "timeout": 1, "offset": -1 })).await;
    tg.wait_until(SOON, |_| bot.requests_of("getUpdates").len() > ours + 1).await.unwrap();
    scene.private(anna, "два").await;

    assert!(call("setWebhook", json!({ "url": "http://127.0.0.1:9/hook" })).await.status().is_success());
    tg.wait_until(SOON, |_| !bot.requests_of("deleteWebhook").is_empty()).await.unwrap();
    scene.private(anna, "три").await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_may_restart_after_a_silent_week() {
    let scene = Scene::sqlite().await;
    let Scene { bot, anna, .. } = &scene;
    let host = scene.host("").await;
    for (first, text) in [(900_000, "раз"), (500, "два")] {
        scene.tg.wait_confirmed(bot, SOON).await.unwrap();
        bot.restart_update_ids(first);
        scene.private(anna, text).await;
    }
    host.stop().await;
}
