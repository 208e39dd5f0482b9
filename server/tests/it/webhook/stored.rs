//! Stored before it is confirmed: what can't be stored is not, and what comes again is answered once.

use std::time::{Duration, Instant};

use serde_json::json;

use super::scene::{SECRET, Scene, dial, update};
use crate::support::database::{TestDatabase, on_both};
use crate::support::host::{SOON, settled};

on_both!(what_cannot_be_stored_is_not_confirmed, what_comes_again_is_answered_once);

async fn what_cannot_be_stored_is_not_confirmed(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let host = scene.host("webhook").await;
    let lock = scene.database.lock_inbox().await;
    let messages = scene.everybody_writes("ты тут?");
    let url = scene.url(&host);
    let brought = reqwest::Client::new()
        .post(url)
        .header(SECRET, scene.secret())
        .body(update(5000, &scene.people[0], "а?").to_string());
    let bringing = tokio::spawn(brought.send());
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!bringing.is_finished(), "no answer while it may still be stored");
    assert_eq!(scene.bot.pending_updates(), messages.len(), "nothing is confirmed");
    let answer = bringing.await.unwrap().unwrap();
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "5", "Telegram should not wait longer and longer");
    let said = host.until_store_is("unwritable").await;
    assert!(said["reasons"][0].as_str().unwrap().starts_with("the database takes no writes for"), "{said}");
    assert_eq!(scene.bot.pending_updates(), messages.len());
    let info = scene.call("getWebhookInfo", json!({})).await;
    assert!(info["last_error_message"].as_str().unwrap().contains("503"), "{info}");
    lock.release().await;
    let freed = Instant::now();
    scene.each_is_answered_once(&messages).await;
    println!("all answered {:?} after the lock was gone", freed.elapsed());
    assert_eq!(scene.bring(&host, update(5000, &scene.people[0], "а?").to_string()).await, 200);
    host.until_store_is("ok").await;
    assert_eq!(scene.stored().await, messages.len() + 1);
    host.stop().await;
}

async fn what_comes_again_is_answered_once(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let host = scene.host("webhook").await;
    scene.people[0].opens_chat(&scene.bot);
    scene.tg.wait_confirmed(&scene.bot, SOON).await.unwrap();
    let (before, said) = (scene.stored().await, settled(&scene.tg, &scene.bot).await.len());
    let body = update(6000, &scene.people[0], "скажи что-нибудь").to_string();
    // One whose sender doesn't wait for the answer, many at once, and some later.
    let hasty = format!(
        "POST /telegram/avtobus HTTP/1.1\r\nHost: bot\r\n{SECRET}: {}\r\nContent-Length: {}\r\n\r\n{body}",
        scene.secret(),
        body.len()
    );
    drop(dial(&host, &hasty).await);
    for _ in 0..2 {
        let at_once = (0..10).map(|_| scene.bring(&host, body.clone()));
        assert!(futures::future::join_all(at_once).await.iter().all(|status| *status == 200));
        settled(&scene.tg, &scene.bot).await;
    }
    host.until(|host| !host.requests().is_empty()).await;
    assert_eq!(settled(&scene.tg, &scene.bot).await.len(), said + 1);
    assert_eq!(scene.stored().await, before + 1);
    host.stop().await;
}
