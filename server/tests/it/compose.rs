//! The compose file, as far as it can be looked at without a container engine: what it names is there, and what our services are told
//! they understand.

use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;
use serde_json::{Map, Value};

/// The services that are this program.
const OURS: [&str; 2] = ["maskarad", "worker"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../ops/container").canonicalize().unwrap()
}

fn text(path: &str) -> String {
    std::fs::read_to_string(folder().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn compose() -> Value {
    serde_saphyr::from_str(&text("compose.yaml")).unwrap()
}

fn services(compose: &Value) -> &Map<String, Value> {
    compose["services"].as_object().unwrap()
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[test]
fn whatever_it_names_is_there() {
    let compose = compose();
    let names = services(&compose);
    for (name, service) in names {
        if let Some(file) = service["build"]["dockerfile"].as_str() {
            let context = folder().join(service["build"]["context"].as_str().unwrap());
            assert!(context.join(file).is_file() && context.join("Cargo.toml").is_file(), "{name}: {file}");
        } else {
            let image = service["image"].as_str().unwrap_or_else(|| panic!("{name} has neither image nor build"));
            let (_, tag) = image.split_once(':').unwrap_or_else(|| panic!("{image} may be any version"));
            assert!(tag.starts_with(|c: char| c.is_ascii_digit() || c == 'v'), "{image}");
        }
        for (other, needed) in service["depends_on"].as_object().into_iter().flatten() {
            assert!(names.contains_key(other), "{name} depends on {other}");
            let healthy = needed["condition"] == "service_healthy";
            assert!(
                !healthy || !texts(&names[other]["healthcheck"]["test"]).is_empty(),
                "{other} tells nobody its health"
            );
        }
        for config in service["configs"].as_array().into_iter().flatten() {
            let content = compose["configs"][config["source"].as_str().unwrap()]["content"].as_str().unwrap();
            serde_saphyr::from_str::<Value>(content).unwrap();
        }
        for volume in texts(&service["volumes"]) {
            let Some((from, _)) = volume.split_once(':') else { continue };
            let there = if from.starts_with('.') {
                folder().join(from).exists()
            } else {
                compose["volumes"].get(from).is_some()
            };
            assert!(there, "{name}: {volume}");
        }
    }
}

#[test]
fn our_services_understand_what_they_are_told() {
    let compose = compose();
    let known = text("../../maskarad.example.yaml")
        + &text("../../personas/avtobus.yaml")
        + &text("../../personas/polkson.yaml");
    let host = Regex::new(r"@([a-z]+)/").unwrap();
    for name in OURS {
        let service = &services(&compose)[name];
        for (variable, value) in service["environment"].as_object().unwrap() {
            let word = Regex::new(&format!(r"\b{variable}\b")).unwrap();
            assert!(word.is_match(&known), "{name}: {variable} is no variable of ours");
            for found in host.captures_iter(value.as_str().unwrap()) {
                assert!(services(&compose).contains_key(&found[1]), "{name}: nobody is called {}", &found[1]);
            }
        }
        for command in texts(&service["command"]) {
            let helped = Command::new(env!("CARGO_BIN_EXE_maskarad")).args([command, "--help"]).output().unwrap();
            assert!(helped.status.success(), "{name}: there is no command {command}");
        }
        let seconds =
            service["stop_grace_period"].as_str().and_then(|text| text.strip_suffix('s')?.parse::<u64>().ok());
        assert!(seconds > Some(maskarad::lifecycle::DRAIN.as_secs() + 10), "{name} is killed before it has finished");
    }
}

#[test]
fn there_may_be_many_workers() {
    let compose = compose();
    let worker = &services(&compose)["worker"];
    for only_one in ["container_name", "ports", "hostname"] {
        assert!(worker.get(only_one).is_none(), "{only_one} can be had once");
    }
    assert!(texts(&worker["volumes"]).iter().all(|volume| !volume.contains(':')), "each keeps its own cache");
    let daemon = &services(&compose)["maskarad"];
    assert_eq!(
        worker["environment"]["MASKARAD_BROKER"], daemon["environment"]["MASKARAD_BROKER"],
        "they would never meet"
    );
}

#[test]
fn what_must_be_set_is_said_at_the_top() {
    let text = text("compose.yaml");
    let usage: String = text.lines().take_while(|line| line.starts_with('#')).collect();
    let needed = Regex::new(r"\$\{([A-Z_]+):\?").unwrap();
    let needed: Vec<_> = needed.captures_iter(&text).map(|found| found[1].to_owned()).collect();
    assert!(needed.len() >= 3, "{needed:?}");
    for variable in needed {
        assert!(usage.contains(&format!("{variable}=…")), "{variable} isn't said to be needed");
    }
}
