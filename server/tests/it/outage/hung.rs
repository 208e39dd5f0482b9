//! A database that takes questions and doesn't answer them.

use std::time::{Duration, Instant};

use maskarad::lifecycle::Ended;
use sqlx::{Connection, Executor, PgConnection};

use super::Scene;
use crate::support::database::{Backend, TestDatabase};

async fn hangs(lock: &'static str, seen_as: &str) {
    let Some(database) = TestDatabase::new(Backend::Postgres).await else { return };
    let scene = Scene::new(database.shared()).await;
    scene.begins_well().await;
    let mut other = PgConnection::connect(database.url()).await.unwrap();
    other.execute(lock).await.unwrap();
    let messages = scene.everybody_writes("ты завис?");
    scene.nothing_is_taken_or_said(&messages, Duration::from_secs(2)).await;
    scene.host.until_store_is(seen_as).await;
    other.execute("rollback").await.unwrap();
    scene.each_is_answered_once(&messages).await;
    scene.is_well().await;
    assert_eq!(scene.host.stop().await, Ended::Cleanly);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_that_hangs_holds_up_no_stop() {
    let Some(database) = TestDatabase::new(Backend::Postgres).await else { return };
    let scene = Scene::new(database.shared()).await;
    scene.begins_well().await;
    let mut other = PgConnection::connect(database.url()).await.unwrap();
    other.execute("begin; lock table inbox in access exclusive mode").await.unwrap();
    scene.host.until_store_is("away").await;
    let asked = Instant::now();
    assert_eq!(scene.host.stop().await, Ended::Cleanly);
    println!("stopped {:?} after it was asked to", asked.elapsed());
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    other.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_that_hang_are_told() {
    hangs("begin; lock table inbox in exclusive mode", "slow").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_says_nothing_is_away() {
    hangs("begin; lock table inbox, jobs in access exclusive mode", "away").await;
}
