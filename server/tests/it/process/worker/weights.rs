//! A worker that has no weights of its own gets them from the daemon's API, an adapter too, if its key is good.

use super::*;

/// Two personas on one base, one of them with an adapter.
async fn stage() -> Stage {
    let stage = Stage::new().await;
    let model = personas().join("models/mini-ru");
    let adapter = personas().join("adapters/avtobus");
    for (name, variable, adapter) in
        [("avtobus", "AVTOBUS_TOKEN", format!(", adapter: {adapter:?}")), ("polkson", "POLKSON_TOKEN", String::new())]
    {
        let model = format!("model: {{ path: {model:?}{adapter} }}");
        stage.write_manifest(name, &format!("name: {name}\ntoken: {{ env: {variable} }}\n{model}\n"));
    }
    stage
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn weights_and_adapter_come_from_the_daemon_for_a_good_key() {
    let Some(broker) = Broker::shared() else { return };
    let api = super::super::metrics::free().to_string();
    let scene = Scene::on(stage().await, &broker, &[("MASKARAD_HTTP_API_LISTEN", &api)]);
    scene.until("it was up", Value::is_object).await;
    let (code, key) = scene.program(&["key", "create", "attic"]);
    assert_eq!(code, Some(0), "{key}");
    let empty = scene.workers.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let daemon = format!("http://{api}");
    let settings = |key| {
        [
            ("MASKARAD_WORKER_MODELS", empty.to_str().unwrap()),
            ("MASKARAD_WORKER_DAEMON", daemon.as_str()),
            ("MASKARAD_WORKER_KEY", key),
        ]
    };
    let stranger = scene.worker("stranger", &settings("mk_wrong"));
    let refused =
        |worker: &Value| worker["trouble"].as_str().is_some_and(|told| told.contains("worker.key must be a key"));
    let is_refused = |said: &Value| said["workers"].as_array().is_some_and(|workers| workers.iter().any(refused));
    let said = scene.until("the key was refused", is_refused).await;
    assert!(!said.to_string().contains("mk_wrong") && !stranger.log().contains("mk_wrong"), "{}", stranger.log());
    drop(stranger);
    let examined = |key| {
        let mut command = Command::new(program());
        command.args(["doctor", "--worker"]).current_dir(scene.workers.path()).env_clear();
        let output = command.env("MASKARAD_BROKER", &scene.broker).envs(settings(key)).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let wrong = examined("mk_wrong");
    assert!(wrong.contains("ERROR    weights    worker.daemon refuses (HTTP 401)"), "{wrong}");
    let right = examined(key.trim());
    assert!(right.contains("ok       weights    worker.daemon hands out weights"), "{right}");
    assert_keeps_secrets(&right);

    let worker = scene.worker("attic", &settings(key.trim()));
    scene.until_at_work("attic").await;
    // Base and adapter.
    let deadline = Instant::now() + SOON;
    while worker.log().matches(" fetched").count() < 2 {
        assert!(Instant::now() < deadline, "{}", worker.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    scene.stage.answers(0, &scene.daemon).await;
    scene.stage.answers(1, &scene.daemon).await;
    let said = scene.elsewhere().await.unwrap();
    assert_eq!((scene.made("here").await, &said["fell_back"]), (0.0, &0.into()), "{said}\n{}", worker.log());
    assert!(!worker.log().contains(key.trim()), "{}", worker.log());
    assert_keeps_secrets(&worker.log());
}
