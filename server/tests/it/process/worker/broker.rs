//! A worker without a broker, and one that is there before its broker.

use super::super::supervised::Manager;
use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_broker_there_is_nobody_to_work_for() {
    let folder = tempfile::tempdir().unwrap();
    let told = "workers.broker is not set, so there is nobody to work for";
    start(folder.path(), "", "attic", &[]).refuses(&[told, "MASKARAD_BROKER"]).await;
    let wrong = format!("http://anna:{PASSWORD}@broker");
    let log = start(folder.path(), &wrong, "attic", &[]).refuses(&["workers.broker: expected amqp://"]).await;
    assert_keeps_secrets(&log.replace("expected amqp://", ""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_comes_late_is_waited_for() {
    let Some(broker) = Broker::own() else { return };
    let scene = Scene::start(&broker, &[]).await;
    scene.until("the daemon reached the broker", |said| said["broker_trouble"].is_null()).await;
    broker.kill();
    scene.until("it was noticed", |said| said["broker_trouble"].is_string()).await;
    let mut worker = scene.worker("attic", &[]);
    worker.says("the broker is away; connecting again").await;
    scene.stage.answers(0, &scene.daemon).await;
    broker.start();
    worker.says("connected; waiting for jobs").await;
    scene.until_at_work("attic").await;
    scene.stage.answers(1, &scene.daemon).await;
    assert!(scene.made("elsewhere").await >= 1.0, "{}", scene.daemon.tail());
    for text in [worker.log(), scene.daemon.log()] {
        assert_keeps_secrets(&text);
    }
    worker.signal("TERM");
    assert_eq!(worker.ends_within(10).await.code(), Some(0), "{}", worker.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_without_a_broker_is_ready_and_can_be_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = format!("amqp://anna:{PASSWORD}@{}/maskarad", super::super::metrics::free());
    let manager = Manager::new(folder.path());
    let mut worker = start(folder.path(), &nowhere, "attic", &[("NOTIFY_SOCKET", manager.path())]);
    let ready = manager.waits_for("READY=1", &worker);
    assert!(ready.contains("STATUS=worker attic"), "{ready}");
    worker.says("the broker is away; connecting again").await;
    worker.signal("TERM");
    manager.waits_for("STOPPING=1", &worker);
    assert_eq!(worker.ends_within(5).await.code(), Some(0), "{}", worker.log());
    assert_keeps_secrets(&worker.log());
}
