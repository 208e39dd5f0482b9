//! Messages of this version, of others, and of nobody.

use std::time::Duration;

use maskarad_engine::{GenerationConfig, Precision};
use serde_json::json;

use super::*;

fn job() -> Job {
    let request = GenerateRequest {
        job: 7,
        model: ModelKey::new([3; 32], Precision::Int8).with_adapter([4; 32]),
        prompt: vec![1, 2, 50_256],
        generation: GenerationConfig { seed: u64::MAX, temperature: 0.9, ..GenerationConfig::default() },
        directed: true,
        progress: true,
        deadline: Duration::from_millis(90_500),
    };
    Job { v: VERSION, daemon: "d1".to_owned(), attempt: u64::MAX, request }
}

#[test]
fn a_job_survives_its_journey() {
    let sent = job();
    let read = Job::read(&bytes(&sent)).unwrap();
    assert_eq!(format!("{read:?}"), format!("{sent:?}"));
}

#[test]
fn a_newer_daemon_s_additions_are_no_matter() {
    let mut json = serde_json::to_value(job()).unwrap();
    json["since_version_1"] = json!(true);
    json["request"]["colour"] = json!("green");
    assert!(Job::read(json.to_string().as_bytes()).is_ok());
    let said: ToWorker = serde_json::from_value(json!({"kind": "sing", "song": 1})).unwrap();
    assert!(matches!(said, ToWorker::Unknown));
    let said: ToDaemon = serde_json::from_value(json!({"kind": "hello", "worker": "w", "mood": "good"})).unwrap();
    assert!(matches!(said, ToDaemon::Hello(hello) if hello.worker == "w" && hello.understands == (0, 0)));
}

#[test]
fn another_version_is_refused_in_words() {
    let mut json = serde_json::to_value(job()).unwrap();
    json["v"] = json!(VERSION + 1);
    json["request"] = json!("something else altogether");
    let refused = Job::read(json.to_string().as_bytes()).unwrap_err();
    assert!(matches!(&refused, Unreadable::Version(envelope) if envelope.attempt == u64::MAX));
    assert!(refused.to_string().contains("run the same version of maskarad"), "{refused}");
}

#[test]
fn what_is_broken_tells_no_text() {
    let mut json = serde_json::to_value(job()).unwrap();
    json["request"]["generation"]["stop_strings"] = json!({"hunter2": "hunter2"});
    let refused = Job::read(json.to_string().as_bytes()).unwrap_err();
    assert!(matches!(refused, Unreadable::Garbled(..)) && !refused.to_string().contains("hunter2"), "{refused}");
    for foreign in ["", "{}", "[1,2]", "\u{0}", r#"{"v":1,"daemon":5,"attempt":1}"#] {
        assert_eq!(Job::read(foreign.as_bytes()).unwrap_err(), Unreadable::Foreign, "{foreign}");
    }
}
