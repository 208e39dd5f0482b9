//! What keeps the daemon from starting, and what it waits for.

use maskarad_testbed::{BotSpec, Testbed, UserSpec};

use super::Stage;
use crate::support::cluster::Cluster;
use crate::support::host::SOON;

const STRANGER: &str = "123456789:AAStrangerStrangerStrangerStranger-abc";
const OTHER_STRANGER: &str = "987654321:AAStrangerStrangerStrangerStranger-xyz";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_bad_token_stops_one_persona_and_only_bad_ones_stop_the_daemon() {
    let stage = Stage::new().await;
    let mut daemon = stage.serve(&[("POLKSON_TOKEN", STRANGER)]);
    daemon.says("the token was refused").await;
    stage.answers(0, &daemon).await;
    daemon.signal("TERM");
    assert_eq!(daemon.ends_within(10).await.code(), Some(0), "{}", daemon.log());

    let daemon = stage.serve(&[("AVTOBUS_TOKEN", OTHER_STRANGER), ("POLKSON_TOKEN", STRANGER)]);
    let log = daemon.refuses(&["no persona's token was accepted"]).await;
    assert!(!log.contains("AAStranger"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_manifests_are_told_all_at_once() {
    let stage = Stage::new().await;
    stage.write_manifest("bad", "name: BAD\ncolour: red\nmodel: { path: nowhere }\n");
    stage.write_manifest("worse", "name: worse\ntoken: { env: UNSET }\nmodel: { path: nowhere }\n");
    stage.write_manifest("lost", "name: lost\nmodel: { path: nowhere }\n");
    let wrong = [
        "bad.yaml:2:1",
        "worse.yaml:2:8: token.env: the variable UNSET is not set",
        "lost.yaml: model.path: there is no folder",
    ];
    stage.serve(&[]).refuses(&wrong).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_token_there_is_nothing_to_serve() {
    let stage = Stage::new().await;
    for name in ["avtobus", "polkson"] {
        stage.write_manifest(name, &format!("name: {name}\nmodel: {{ path: {:?} }}\n", stage.model));
    }
    stage.serve(&[]).refuses(&["has a bot token, so there is nothing to serve"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_stays_away_is_given_up_after_a_while() {
    let stage = Stage::new().await;
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("postgres://maskarad:hunter2hunter2@{unused}/maskarad");
    let daemon = stage.serve(&[("DATABASE_URL", &url), ("MASKARAD_STORE_WAIT_SECONDS", "2")]);
    let started = daemon.started;
    let log = daemon.refuses(&["the database is not available yet, trying again", "giving up"]).await;
    assert!(started.elapsed().as_secs() >= 1, "it was waited for");
    assert!(!log.contains("hunter2"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_comes_late_is_waited_for() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.stop();
    let stage = Stage::new().await;
    let daemon = stage.serve(&[("DATABASE_URL", &cluster.url())]);
    daemon.says("trying again").await;
    cluster.restart();
    stage.answers(0, &daemon).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_telegram_that_comes_late_is_waited_for() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let stage = Stage::new().await;
    let address = format!("http://{unused}");
    let settings =
        [("MASKARAD_TELEGRAM_API_URL", address.as_str()), ("AVTOBUS_TOKEN", STRANGER), ("POLKSON_TOKEN", "")];
    let mut daemon = stage.serve(&settings);
    daemon.says("Telegram can't be reached; trying again").await;
    let tg = Testbed::start_at(unused).await.unwrap();
    let bot = tg.add_bot(BotSpec::new("late_bot").token(STRANGER));
    let message = tg.add_user(UserSpec::new("Анна")).writes_private(&bot, "привет");
    let answer = tg.wait_answer(message, SOON).await;
    assert!(answer.is_ok(), "{}", daemon.log());
    daemon.signal("TERM");
    assert_eq!(daemon.ends_within(5).await.code(), Some(0), "{}", daemon.log());
}
