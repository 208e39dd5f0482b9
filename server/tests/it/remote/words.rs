//! The same words here, on a worker, and after any failure in the middle.

use std::sync::Arc;

use maskarad_engine::Precision;

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seeded_conversation_is_the_same_here_and_on_a_worker() {
    let Some(broker) = Broker::shared() else { return };
    let daemon = Daemon::start(&broker);
    let models = [demo(&daemon, Precision::Int8), demo(&daemon, Precision::F32)];
    let adapted = daemon.engine.load_adapter(&demo_checkpoint(), &personas().join("adapters/avtobus"), Precision::Int8);
    let here = LocalGenerator::new(daemon.engine.clone());
    let worker = Worker::start(&broker, "one", &personas());
    daemon.until_crew(1, 2).await;
    for model in models.iter().chain([&adapted.unwrap()]) {
        for seed in 0..4 {
            let request = request(model, seed, 24);
            let elsewhere = daemon.says(request.clone()).await.unwrap();
            let local = said(&here, request).await.unwrap();
            assert_eq!((elsewhere.ids, elsewhere.text), (local.ids, local.text), "{} {seed}", model.key());
        }
    }
    assert_eq!(daemon.elsewhere().fell_back, 0, "all of it was made there: {:?}", daemon.elsewhere());
    assert!(worker.stop().await, "it leaves in order");
    daemon
        .until("nobody was there", |elsewhere| elsewhere.workers.iter().all(|worker| worker.unusable.is_some()))
        .await;
    let request = request(&models[0], 9, 8);
    assert_eq!(daemon.says(request.clone()).await.unwrap().ids, said(&here, request).await.unwrap().ids);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_goes_on_elsewhere_or_here_when_its_worker_dies() {
    let Some(broker) = Broker::shared() else { return };
    let daemon = Daemon::start(&broker);
    let model = demo(&daemon, Precision::Int8);
    let here = LocalGenerator::new(daemon.engine.clone());
    let requests: Vec<_> = (0..64).map(|seed| request(&model, seed, 128)).collect();
    let mut expected = Vec::new();
    for request in &requests {
        expected.push(said(&here, request.clone()).await.unwrap().ids);
    }
    let workers = ["one", "two"].map(|name| Worker::start(&broker, name, &personas()));
    daemon.until_crew(2, 1).await;
    let daemon = Arc::new(daemon);
    let replies: Vec<_> = requests
        .into_iter()
        .map(|request| {
            let daemon = Arc::clone(&daemon);
            tokio::spawn(async move { daemon.says(request).await.map(|finished| finished.ids) })
        })
        .collect();
    daemon.until("half of it was under way", |elsewhere| elsewhere.under_way > 32).await;
    // One dies, the other takes its jobs; the other dies, and the daemon makes the rest.
    let [one, two] = workers;
    one.kill();
    daemon.until("some of it was left", |elsewhere| elsewhere.under_way < 24).await;
    two.kill();
    for (reply, expected) in replies.into_iter().zip(expected) {
        assert_eq!(reply.await.unwrap().unwrap(), expected);
    }
    assert_eq!(daemon.elsewhere().under_way, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_broker_may_die_amid_a_reply() {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();
    let Some(broker) = Broker::own() else { return };
    let daemon = Arc::new(Daemon::start(&broker));
    let model = demo(&daemon, Precision::Int8);
    let here = LocalGenerator::new(daemon.engine.clone());
    let worker = Worker::start(&broker, "one", &personas());
    daemon.until_crew(1, 1).await;
    // Of what befalls a queue in its first second tells `Link::listen_on`.
    tokio::time::sleep(Duration::from_secs(3)).await;
    for round in 0..2 {
        let requests: Vec<_> = (0..64).map(|seed| request(&model, 100 * round + seed, 128)).collect();
        let replies: Vec<_> = requests
            .iter()
            .map(|request| {
                let (daemon, request) = (Arc::clone(&daemon), request.clone());
                tokio::spawn(async move { daemon.says(request).await.map(|finished| finished.ids) })
            })
            .collect();
        daemon.until("half of it was under way", |elsewhere| elsewhere.under_way > 32).await;
        broker.kill();
        if round == 1 {
            // Longer than anybody is patient.
            tokio::time::sleep(Duration::from_secs(7)).await;
        }
        broker.start();
        for (reply, request) in replies.into_iter().zip(requests) {
            assert_eq!(reply.await.unwrap().unwrap(), said(&here, request).await.unwrap().ids);
        }
        daemon.until_crew(1, 1).await;
    }
    assert!(worker.stop().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_no_longer_listens_cancels_the_job() {
    let Some(broker) = Broker::shared() else { return };
    let daemon = Daemon::start(&broker);
    let model = demo(&daemon, Precision::Int8);
    let worker = Worker::start(&broker, "one", &personas());
    daemon.until_crew(1, 1).await;
    for seed in 0..20 {
        let mut events = daemon.generator.generate(request(&model, seed, 128)).await.unwrap();
        assert!(matches!(events.next().await, Some(Event::Token { .. })));
    }
    daemon
        .until("all was cancelled", |elsewhere| {
            elsewhere.under_way == 0 && elsewhere.workers.iter().all(|worker| worker.busy == 0)
        })
        .await;
    daemon.says(request(&model, 1, 8)).await.unwrap();
    assert_eq!(daemon.elsewhere().fell_back, 0);
    assert!(worker.stop().await);
}
