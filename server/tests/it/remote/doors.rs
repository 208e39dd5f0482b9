//! Weights that come over HTTP, a new version of them, and an address that isn't shown.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::Path as Segments;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maskarad::config::secret::Secret;
use maskarad::remote::{BrokerConfig, connect};
use maskarad_engine::checkpoint;
use serde_json::json;

use super::*;
use crate::support::broker::fixture;

/// Hands out files as a daemon does, but for what `spoil` makes of them.
async fn serve(folder: PathBuf, spoil: fn(&mut Vec<u8>)) -> SocketAddr {
    let listing = move |headers: HeaderMap| {
        let folder = folder.clone();
        async move { list(&folder, &headers) }
    };
    let file = move |Segments((_, name)): Segments<(String, String)>| async move {
        let mut bytes = std::fs::read(demo_checkpoint().join(name)).unwrap();
        spoil(&mut bytes);
        bytes
    };
    let routes = Router::new().route("/v1/weights/{hash}", get(listing)).route("/v1/weights/{hash}/{file}", get(file));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

fn list(folder: &Path, headers: &HeaderMap) -> Response {
    if headers.get("authorization").is_none_or(|key| key != "Bearer mk_right") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let files = checkpoint::files_of(folder).unwrap();
    let listed = files.iter().map(
        |path| json!({"name": path.file_name().unwrap().to_str().unwrap(), "bytes": path.metadata().unwrap().len()}),
    );
    axum::Json(json!({"files": listed.collect::<Vec<_>>()})).into_response()
}

fn source(address: SocketAddr, key: &str) -> Option<Source> {
    Some(Source { daemon: format!("http://{address}/").parse().unwrap(), key: Some(Secret::new(key)) })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn weights_are_fetched_once_and_believed_by_their_hash_alone() {
    let Some(broker) = Broker::shared() else { return };
    let daemon = Daemon::start(&broker);
    let model = demo(&daemon, Precision::Int8);
    let troubled = |text: &'static str| {
        move |elsewhere: &Elsewhere| {
            elsewhere.workers.iter().any(|worker| worker.trouble.as_deref().is_some_and(|told| told.contains(text)))
        }
    };
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("models");
    std::fs::create_dir(&empty).unwrap();
    let spoiled = serve(demo_checkpoint(), |bytes| *bytes.last_mut().unwrap() ^= 1).await;
    let honest = serve(demo_checkpoint(), |_| {}).await;
    let without = Worker::start_with(&broker, "without", &empty, source(honest, "mk_wrong"));
    daemon.until("the key was refused", troubled("worker.key must be a key")).await;
    assert!(without.stop().await);
    let cheated = Worker::start_with(&broker, "cheated", &empty, source(spoiled, "mk_right"));
    daemon.until("it noticed", troubled("was asked for; the files are deleted")).await;
    assert!(cheated.stop().await);
    assert_eq!(std::fs::read_dir(empty.join("fetched")).unwrap().count(), 0, "nothing of it is left");
    let right = Worker::start_with(&broker, "right", &empty, source(honest, "mk_right"));
    daemon.until_crew(1, 1).await;
    let asked = request(&model, 4, 8);
    let here = LocalGenerator::new(daemon.engine.clone());
    assert_eq!(daemon.says(asked.clone()).await.unwrap().ids, said(&here, asked).await.unwrap().ids);
    assert!(right.stop().await);
    let again = Worker::start(&broker, "again", &empty);
    daemon.until_crew(1, 1).await;
    assert_eq!(daemon.elsewhere().fell_back, 0);
    assert!(again.stop().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_weights_take_the_place_of_old_ones() {
    let Some(broker) = Broker::shared() else { return };
    let daemon = Daemon::start(&broker);
    let old = demo(&daemon, Precision::Int8);
    let worker = Worker::start(&broker, "one", &personas());
    daemon.until_crew(1, 1).await;
    // As a reload does it.
    let new = demo(&daemon, Precision::F32);
    daemon.until_crew(1, 2).await;
    daemon.engine.unload(&old.key());
    daemon.until_crew(1, 1).await;
    assert_eq!(worker.engine.loaded_models(), [new.key()], "the old ones have left memory");
    daemon.says(request(&new, 1, 8)).await.unwrap();
    assert_eq!(daemon.elsewhere().fell_back, 0);
    assert!(worker.stop().await);
}

#[tokio::test]
async fn no_error_shows_the_address() {
    for (url, told) in [
        ("amqp://anna:hunter2@127.0.0.1:1/maskarad", "refused"),
        ("amqp://anna:hunter2@nowhere.invalid:5672/maskarad", "the broker"),
        ("hunter2", "expected amqp://"),
    ] {
        let config = BrokerConfig { url: Secret::new(url), ca: None };
        let error = connect(&config, "test").await.err().unwrap().to_string();
        assert!(error.contains(told) && !error.contains("hunter2"), "{error}");
    }
    let Some(broker) = Broker::shared() else { return };
    let mut url = url::Url::parse(broker.url()).unwrap();
    url.set_password(Some("hunter2")).unwrap();
    let error = connect(&BrokerConfig { url: Secret::new(String::from(url)), ca: None }, "test").await.err().unwrap();
    assert!(!error.to_string().contains("hunter2") && error.to_string().to_lowercase().contains("login"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_encrypted_broker_is_believed_by_its_certificate() {
    let Some(broker) = Broker::own() else { return };
    let url = Secret::new(broker.speak_tls());
    let ours = BrokerConfig { url: url.clone(), ca: Some(fixture("ca.pem")) };
    let link = connect(&ours, "test").await.unwrap();
    link.check().unwrap();
    let strangers = connect(&BrokerConfig { url, ca: None }, "test").await.err().unwrap().to_string();
    assert!(strangers.contains("certificate") && !strangers.contains("maskarad:maskarad"), "{strangers}");
    let nowhere = BrokerConfig { ca: Some("nowhere.pem".into()), ..ours };
    let error = connect(&nowhere, "test").await.err().unwrap().to_string();
    assert!(error.starts_with("nowhere.pem: can't be read"), "{error}");
}
