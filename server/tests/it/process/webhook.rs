//! Webhooks of the real program: what it needs for one, a death in the middle, and what its log keeps to itself.

use std::net::{SocketAddr, TcpListener};

use super::{Daemon, Stage};
use crate::support::database::{Backend, TestDatabase, on_both};
use crate::support::host::{SOON, settled};

on_both!(a_death_in_the_middle_loses_nothing_that_came_by_a_webhook);

/// A stage whose first persona has a webhook, and where its listener shall be.
async fn stage() -> (Stage, String) {
    let stage = Stage::new().await;
    first_persona(&stage, "webhook");
    let free: SocketAddr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    (stage, free.to_string())
}

fn first_persona(stage: &Stage, updates: &str) {
    let token = "token: { env: AVTOBUS_TOKEN }";
    let manifest = format!("name: avtobus\n{token}\nupdates: {updates}\nmodel: {{ path: {:?} }}\n", stage.model);
    stage.write_manifest("avtobus", &manifest);
}

fn serve(stage: &Stage, listen: &str, log: &str) -> Daemon {
    let public = format!("http://{listen}/");
    stage.serve(&[("MASKARAD_HTTP_LISTEN", listen), ("MASKARAD_TELEGRAM_WEBHOOK", &public), ("MASKARAD_LOG", log)])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_webhook_needs_is_told() {
    let (stage, listen) = stage().await;
    stage
        .serve(&[])
        .refuses(&["avtobus.yaml: updates: ", "http.listen (MASKARAD_HTTP_LISTEN) and telegram.webhook"])
        .await;
    stage.serve(&[("MASKARAD_HTTP_LISTEN", &listen)]).refuses(&["need telegram.webhook"]).await;
    stage
        .serve(&[("MASKARAD_HTTP_LISTEN", "localhost")])
        .refuses(&["$MASKARAD_HTTP_LISTEN: http.listen: expected"])
        .await;
    let _taken = TcpListener::bind(&listen).unwrap();
    let log = serve(&stage, &listen, "info").refuses(&["http.listen: ", "can't be listened at"]).await;
    assert!(log.contains("in use"), "{log}");
}

async fn a_death_in_the_middle_loses_nothing_that_came_by_a_webhook(database: TestDatabase) {
    let (stage, listen) = stage().await;
    let target = if database.backend() == Backend::Postgres { "DATABASE_URL" } else { "MASKARAD_STORE_PATH" };
    let mut messages = Vec::new();
    // The last time the dead daemon's webhook is still set when polling begins.
    for (round, updates) in ["webhook", "webhook", "polling"].into_iter().enumerate() {
        first_persona(&stage, updates);
        let public = format!("http://{listen}");
        let mut daemon = stage.serve(&[
            (target, database.url()),
            ("MASKARAD_HTTP_LISTEN", &listen),
            ("MASKARAD_TELEGRAM_WEBHOOK", &public),
        ]);
        stage.answers(0, &daemon).await;
        let sent = stage.tg.sent_count(&stage.bots[0]);
        messages = stage.everybody_writes(&format!("раз {round}"));
        stage.tg.wait_until(SOON, |tg| tg.sent_count(&stage.bots[0]) > sent).await.unwrap();
        if updates == "webhook" {
            daemon.child.kill().unwrap();
            daemon.child.wait().unwrap();
            continue;
        }
        stage.answered(&messages, &daemon).await;
        settled(&stage.tg, &stage.bots[0]).await;
        daemon.signal("TERM");
        assert_eq!(daemon.ends_within(10).await.code(), Some(0), "{}", daemon.log());
    }
    assert!(!stage.bots[0].requests_of("deleteWebhook").is_empty(), "polling takes the dead daemon's webhook away");
    let sql =
        "select coalesce(outcome, state) from jobs where outcome is null or outcome not in ('answered', 'shared')";
    assert_eq!(database.sql(sql).await, [], "every message is answered, alone or with a later one of the same person");
    let heard = database.sql("select cast(count(*) as text) from jobs").await;
    assert_eq!(heard, [Some((3 * (messages.len() + 1)).to_string())], "and none was left out");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_keeps_the_secret_and_what_was_brought() {
    const WORDS: &str = "hunter2hunter2";
    let (stage, listen) = stage().await;
    let mut daemon = serve(&stage, &listen, "trace");
    daemon.says("the webhook is set").await;
    let set = stage.bots[0].requests_of("setWebhook");
    let secret = set[0].params["secret_token"].as_str().unwrap();
    for (told, body) in [(secret, "{"), (secret, "{}"), ("wrong", "{")] {
        let body = format!("{body}\"{WORDS}\"");
        let url = format!("http://{listen}/telegram/avtobus");
        let request = reqwest::Client::new().post(url).header("X-Telegram-Bot-Api-Secret-Token", told).body(body);
        let status = request.send().await.unwrap().status();
        assert_eq!(status, if told == secret { 200 } else { 401 });
    }
    daemon.says("a body without a readable update_id came with the right secret").await;
    stage.answers(0, &daemon).await;
    let ready = reqwest::get(format!("http://{listen}/readyz")).await.unwrap();
    assert_eq!(ready.status(), 200);
    let ready = ready.text().await.unwrap();
    daemon.signal("TERM");
    assert_eq!(daemon.ends_within(10).await.code(), Some(0), "{}", daemon.tail());
    let log = daemon.log();
    assert!(log.contains("the webhook is deleted"), "{}", daemon.tail());
    let token = stage.bots[0].token();
    let (_, token) = token.split_once(':').unwrap();
    for kept in [WORDS, secret, token, "привет"] {
        assert!(!ready.contains(kept), "{kept} in {ready}");
        let told = log.lines().find(|line| line.contains(kept));
        assert_eq!(told, None, "{kept}");
    }
}
