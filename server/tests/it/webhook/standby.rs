//! A door behind which nobody stands yet: before Telegram knows the bot, and while another daemon serves it.

use maskarad::lifecycle::Ended;
use maskarad_testbed::{Fault, FaultSpec};
use serde_json::json;

use super::scene::{SECRET, Scene, sqlite};
use crate::support::database::{TestDatabase, on_both, open};
use crate::support::host::{Host, SOON};

on_both!(a_standby_lets_nobody_in_and_takes_over);

async fn knock(scene: &Scene, host: &Host) -> reqwest::Response {
    reqwest::Client::new().post(scene.url(host)).header(SECRET, "whatever").body("{}").send().await.unwrap()
}

async fn until_it_is(host: &Host, state: &str) {
    let deadline = tokio::time::Instant::now() + SOON;
    while host.readyz().await.1["personas"]["avtobus"]["state"] != state {
        assert!(tokio::time::Instant::now() < deadline, "it never was {state}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

async fn a_standby_lets_nobody_in_and_takes_over(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let active = scene.host("webhook").await;
    let store = open(scene.database.url()).await;
    let standby = scene.launch(store, "webhook").await;
    until_it_is(&standby, "standby").await;
    let (status, said) = standby.readyz().await;
    assert_eq!((status, &said["reasons"]), (503, &json!(["no persona is served by this daemon", "avtobus: standby"])));
    let answer = knock(&scene, &standby).await;
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (503, &"5".parse().unwrap()));
    scene.each_is_answered_once(&scene.everybody_writes("кто тут главный?")).await;
    assert_eq!(scene.call("getWebhookInfo", json!({})).await["url"], scene.url(&active), "the standby leaves it alone");
    let messages = scene.everybody_writes("не уходи");
    assert_eq!(active.stop().await, Ended::Cleanly);
    scene.until_set(&standby).await;
    scene.each_is_answered_once(&messages).await;
    scene.each_is_answered_once(&scene.everybody_writes("а теперь?")).await;
    assert_eq!(standby.readyz().await.0, 200);
    standby.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_that_is_not_up_yet_lets_nobody_in() {
    let scene = Scene::new(sqlite().await).await;
    let away = scene.tg.fault(FaultSpec::new(Fault::ServerError(502)).method("getMe"));
    let messages = scene.everybody_writes("ты тут?");
    let host = scene.launch(scene.database.shared(), "webhook").await;
    assert_eq!(knock(&scene, &host).await.status(), 503);
    scene.tg.wait_until(SOON, |_| away.fired() >= 2).await.unwrap();
    let (status, said) = host.readyz().await;
    assert_eq!((status, &said["personas"]["avtobus"]["state"]), (503, &json!("starting")), "{said}");
    assert!(said["personas"]["avtobus"]["trouble"].as_str().unwrap().contains("unreachable"), "{said}");
    away.clear();
    scene.until_set(&host).await;
    scene.each_is_answered_once(&messages).await;
    assert_eq!(host.readyz().await.0, 200);
    host.stop().await;
}
