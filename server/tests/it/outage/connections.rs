//! A server that accepts no more connections.

use std::time::Duration;

use maskarad::lifecycle::Ended;

use super::Scene;
use crate::support::cluster::Cluster;
use crate::support::database::open;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_accepts_no_more_connections() {
    let Some(cluster) = Cluster::start() else { return };
    // The limit holds for everybody but the administrator.
    cluster.administer(&["create role daemon login", "create database state owner daemon"]).await;
    let scene = Scene::new(open(&cluster.url_of("daemon", "state")).await).await;
    scene.begins_well().await;
    cluster.administer(&["alter database state connection limit 0"]).await;
    cluster.hang_up().await;
    let messages = scene.everybody_writes("можно войти?");
    scene.nothing_is_taken_or_said(&messages, Duration::from_secs(3)).await;
    scene.host.until_store_is("away").await;
    cluster.administer(&["alter database state connection limit -1"]).await;
    scene.each_is_answered_once(&messages).await;
    scene.is_well().await;
    assert_eq!(scene.host.stop().await, Ended::Cleanly);
}
