//! A database that answers and takes no writes: one that was told so, or has become a copy of another.

use std::time::Duration;

use maskarad::lifecycle::Ended;

use super::Scene;
use crate::support::cluster::Cluster;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_becomes_read_only() {
    let Some(cluster) = Cluster::start() else { return };
    let scene = Scene::new(cluster.store().await).await;
    scene.begins_well().await;
    cluster.administer(&["alter database postgres set default_transaction_read_only = on"]).await;
    cluster.hang_up().await;
    let messages = scene.everybody_writes("можно писать?");
    scene.nothing_is_taken_or_said(&messages, Duration::from_secs(3)).await;
    let said = scene.host.until_store_is("unwritable").await;
    assert!(said["store"]["cause"].as_str().unwrap().contains("25006"), "{said}");
    // Sessions that began while it was read-only stay so; the daemon has to open others by itself.
    let back =
        ["set default_transaction_read_only = off", "alter database postgres reset default_transaction_read_only"];
    cluster.administer(&back).await;
    scene.each_is_answered_once(&messages).await;
    scene.is_well().await;
    assert_eq!(scene.host.stop().await, Ended::Cleanly);
}
