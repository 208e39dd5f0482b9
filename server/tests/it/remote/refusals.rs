//! Messages and weights that aren't what they should be: each ends in words, and nothing hangs.

use lapin::BasicProperties;
use maskarad::remote::protocol::{self, Done, Hello, Job, ToDaemon, VERSION};
use maskarad::remote::topology::{self, Kind};
use maskarad::remote::{Link, connect};
use maskarad_engine::{ModelKey, StopReason, Timings};
use serde_json::json;

use super::*;

/// Somebody who speaks for a worker on this connection, with whatever it likes.
async fn impostor(link: &Link, hello: Hello) -> JoinHandle<()> {
    let link = link.clone();
    tokio::spawn(async move {
        loop {
            let told = ToDaemon::Hello(hello.clone());
            if link.tell(topology::WORKERS, "", &protocol::bytes(&told)).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    })
}

fn hello(name: &str, model: &LoadedModel) -> Hello {
    Hello {
        worker: name.to_owned(),
        name: name.to_owned(),
        program: "0.0.1".to_owned(),
        understands: (VERSION, VERSION),
        bases: vec![model.key().base()],
        slots: 1,
        ..Hello::default()
    }
}

/// The job that is next in a queue, taken off it.
async fn take(link: &Link, model: &LoadedModel) -> Job {
    let queue = topology::declare_jobs(&link.channel, &model.key(), Kind::Directed).await.unwrap();
    let mut jobs = link.listen(&queue, true).await.unwrap();
    let delivery = tokio::time::timeout(SOON, jobs.next()).await.unwrap().unwrap().unwrap();
    Job::read(&delivery.data).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poisoned_message_is_dropped_with_a_reason_and_the_next_is_made() {
    let Some(broker) = Broker::shared() else { return };
    let daemon = Daemon::start(&broker);
    let model = demo(&daemon, Precision::Int8);
    let worker = Worker::start(&broker, "one", &personas());
    daemon.until_crew(1, 1).await;
    let link = connect(&broker.config(), "test").await.unwrap();
    let queue = topology::jobs(&model.key(), Kind::Directed);
    for poison in [&b"\xff\x00 hunter2"[..], b"{}", b"[[[[", &[b'x'; 100_000]] {
        link.deliver(&queue, poison, BasicProperties::default()).await.unwrap();
    }
    daemon
        .until("it was told", |elsewhere| {
            elsewhere
                .last_trouble
                .as_deref()
                .is_some_and(|told| told.contains("belongs to no daemon was dropped: a worker could not read the job"))
        })
        .await;
    // To whom it seemed to belong is told, too, and the answer to the broken one comes to nothing.
    let broken = json!({"v": VERSION, "daemon": "gone", "attempt": 1, "request": {"prompt": "hunter2"}});
    link.deliver(&queue, broken.to_string().as_bytes(), BasicProperties::default()).await.unwrap();
    daemon.says(request(&model, 1, 8)).await.unwrap();
    assert_eq!(daemon.elsewhere().fell_back, 0);
    assert!(!format!("{:?}", daemon.elsewhere()).contains("hunter2"));
    assert!(worker.stop().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_weights_under_the_right_name_are_not_believed() {
    let Some(broker) = Broker::shared() else { return };
    let daemon = Arc::new(Daemon::start(&broker));
    let model = demo(&daemon, Precision::Int8);
    // The right folder's name, and the content of another checkpoint.
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("mini-ru");
    std::fs::create_dir(&copy).unwrap();
    for file in std::fs::read_dir(demo_checkpoint()).unwrap().map(|entry| entry.unwrap().path()) {
        std::fs::copy(&file, copy.join(file.file_name().unwrap())).unwrap();
    }
    let weights = copy.join("model.safetensors");
    let mut bytes = std::fs::read(&weights).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&weights, bytes).unwrap();
    let honest = Worker::start(&broker, "honest", folder.path());
    daemon
        .until("it said what it lacks", |elsewhere| {
            elsewhere.workers.iter().any(|worker| {
                worker.bases == 0 && worker.trouble.as_deref().is_some_and(|told| told.contains("has the content"))
            })
        })
        .await;
    assert!(honest.stop().await);
    // And one that lies: the result itself says what made it.
    let link = connect(&broker.config(), "test").await.unwrap();
    topology::declare_jobs(&link.channel, &model.key(), Kind::Directed).await.unwrap();
    let lying = impostor(&link, hello("liar", &model)).await;
    daemon.until_crew(1, 1).await;
    let asked = request(&model, 3, 8);
    let reply = tokio::spawn({
        let (daemon, asked) = (Arc::clone(&daemon), asked.clone());
        async move { daemon.says(asked).await }
    });
    let job = take(&link, &model).await;
    let finished = Finished {
        ids: vec![1],
        text: Some("ложь".to_owned()),
        stop_reason: StopReason::Length,
        timings: Timings::default(),
        prompt_logits: None,
    };
    let other = ModelKey::new([7; 32], Precision::Int8);
    let done = Done {
        attempt: job.attempt,
        worker: "liar".to_owned(),
        model: other,
        tokens: vec![(1, "ложь".to_owned())],
        finished,
    };
    let results = topology::results(&job.daemon);
    let done = protocol::bytes(&ToDaemon::Done(Box::new(done)));
    link.deliver(&results, &done, BasicProperties::default()).await.unwrap();
    let here = LocalGenerator::new(daemon.engine.clone());
    assert_eq!(reply.await.unwrap().unwrap().ids, said(&here, asked).await.unwrap().ids, "it was made here");
    let told = daemon.elsewhere().last_trouble.unwrap();
    assert!(told.starts_with("worker liar made it with other weights"), "{told}");
    lying.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_version_is_refused_in_words_on_either_side() {
    let Some(broker) = Broker::shared() else { return };
    let daemon = Daemon::start(&broker);
    let model = demo(&daemon, Precision::Int8);
    let link = connect(&broker.config(), "test").await.unwrap();
    // A worker that is too new for this daemon is given nothing.
    let newer = Hello { understands: (VERSION + 1, VERSION + 1), ..hello("newer", &model) };
    let speaking = impostor(&link, newer).await;
    daemon
        .until("it was told", |elsewhere| {
            elsewhere.last_trouble.as_deref().is_some_and(|told| told.contains("run the same version on both machines"))
        })
        .await;
    daemon.says(request(&model, 1, 8)).await.unwrap();
    speaking.abort();
    // A job that is too new for this worker is answered with a refusal.
    let worker = Worker::start(&broker, "one", &personas());
    daemon.until_crew(1, 1).await;
    topology::declare_daemon(&link.channel, "newer").await.unwrap();
    let mut results = link.listen(&topology::results("newer"), true).await.unwrap();
    let job = json!({"v": VERSION + 1, "daemon": "newer", "attempt": 5, "what": "ever"});
    let queue = topology::jobs(&model.key(), Kind::Ambient);
    link.deliver(&queue, job.to_string().as_bytes(), BasicProperties::default()).await.unwrap();
    let answer = tokio::time::timeout(SOON, results.next()).await.unwrap().unwrap().unwrap();
    let ToDaemon::Refused { attempt: 5, reason } = serde_json::from_slice(&answer.data).unwrap() else {
        panic!("{}", String::from_utf8_lossy(&answer.data))
    };
    assert!(reason.contains("run the same version of maskarad on both machines"), "{reason}");
    assert!(worker.stop().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_nobody_takes_in_time_fails_with_a_reason() {
    let Some(broker) = Broker::shared() else { return };
    let daemon = Daemon::start(&broker);
    let model = demo(&daemon, Precision::Int8);
    let link = connect(&broker.config(), "test").await.unwrap();
    topology::declare_jobs(&link.channel, &model.key(), Kind::Directed).await.unwrap();
    let idle = impostor(&link, hello("idle", &model)).await;
    daemon.until_crew(1, 1).await;
    let hasty = GenerateRequest { deadline: Duration::from_millis(300), ..request(&model, 1, 8) };
    let failed = daemon.says(hasty).await.unwrap_err();
    assert_eq!(failed, "no worker took the job within its deadline");
    idle.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_kills_workers_ends_after_so_many() {
    let Some(broker) = Broker::shared() else { return };
    let daemon = Arc::new(Daemon::start(&broker));
    let model = demo(&daemon, Precision::Int8);
    let link = connect(&broker.config(), "test").await.unwrap();
    let speaking = impostor(&link, hello("mortal", &model)).await;
    topology::declare_jobs(&link.channel, &model.key(), Kind::Directed).await.unwrap();
    daemon.until_crew(1, 1).await;
    let reply = tokio::spawn({
        let (daemon, asked) = (Arc::clone(&daemon), request(&model, 1, 8));
        async move { daemon.says(asked).await }
    });
    let mut deaths = 0;
    while !reply.is_finished() {
        let mortal = connect(&broker.config(), "mortal").await.unwrap();
        let queue = topology::jobs(&model.key(), Kind::Directed);
        let mut jobs = mortal.listen(&queue, false).await.unwrap();
        if tokio::time::timeout(Duration::from_secs(1), jobs.next()).await.is_ok() {
            deaths += 1;
        }
        mortal.close().await;
        assert!(deaths < 20, "it came back for ever");
    }
    let told = reply.await.unwrap().unwrap_err();
    assert!(told.contains("came back too often"), "{told}");
    assert_eq!(deaths, topology::MOST_RETURNS as usize + 1);
    speaking.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_whose_disk_is_full_holds_nobody_up() {
    let Some(broker) = Broker::own() else { return };
    let daemon = Daemon::start(&broker);
    let model = demo(&daemon, Precision::Int8);
    let here = LocalGenerator::new(daemon.engine.clone());
    let worker = Worker::start(&broker, "one", &personas());
    daemon.until_crew(1, 1).await;
    daemon.says(request(&model, 1, 8)).await.unwrap();
    assert_eq!(daemon.elsewhere().fell_back, 0);
    // The broker's own alarm, as if less were free than it wants.
    broker.eval("rabbit_disk_monitor:set_disk_free_limit(\"100000GB\").");
    for seed in 2..6 {
        let asked = request(&model, seed, 8);
        let reply = tokio::time::timeout(Duration::from_secs(30), daemon.says(asked.clone())).await.expect("no hang");
        assert_eq!(reply.unwrap().ids, said(&here, asked).await.unwrap().ids);
    }
    daemon
        .until("it was told", |elsewhere| {
            elsewhere.broker_trouble.as_deref().is_some_and(|told| told.contains("its disk or its memory is full"))
        })
        .await;
    broker.eval("rabbit_disk_monitor:set_disk_free_limit(\"1MB\").");
    daemon.until("it was there again", |elsewhere| elsewhere.broker_trouble.is_none()).await;
    daemon.until_crew(1, 1).await;
    let before = daemon.elsewhere().fell_back;
    daemon.says(request(&model, 9, 8)).await.unwrap();
    assert_eq!(daemon.elsewhere().fell_back, before, "made on the worker again");
    assert!(worker.stop().await);
}
