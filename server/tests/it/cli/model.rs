//! `model inspect` of folders, and `model pull` from a hub in this process.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::{Run, command, mini, personas};

const TOKEN: &str = "hf_AVerySecretToken";

/// What the hub does wrong.
#[derive(Default)]
struct Mood {
    /// Cuts so many answers in the middle.
    cuts: u32,
    /// Announces another hash for the weights.
    lies: bool,
    /// Lets nobody in without the token.
    gated: bool,
    /// `Range` headers that came.
    ranges: Vec<String>,
}

#[derive(Clone)]
struct Hub {
    files: Arc<BTreeMap<String, Bytes>>,
    mood: Arc<Mutex<Mood>>,
    address: String,
}

impl Hub {
    /// A hub with the demo checkpoint as `owner/mini-ru`.
    async fn start() -> Self {
        let mut files = BTreeMap::new();
        for file in std::fs::read_dir(mini()).unwrap().map(|file| file.unwrap()) {
            files.insert(file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap().into());
        }
        files.insert("flax_model.msgpack".to_owned(), Bytes::from_static(b"not needed"));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let hub = Self { files: Arc::new(files), mood: Arc::default(), address };
        let router = Router::new().fallback(answer).with_state(hub.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        hub
    }

    fn mood(&self, change: impl FnOnce(&mut Mood)) {
        change(&mut self.mood.lock().unwrap());
    }

    fn pull(&self, folder: &Path, more: &[&str], token: Option<&str>) -> Run {
        let mut command = command(&[&["model", "pull", "--endpoint", &self.address, "--to", "here"], more].concat());
        command.current_dir(folder).stdin(Stdio::null());
        if let Some(token) = token {
            command.env("HF_TOKEN", token);
        }
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let run = Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) };
        assert!(!run.stdout.contains(TOKEN) && !run.stderr.contains(TOKEN));
        run
    }
}

async fn answer(State(hub): State<Hub>, request: Request) -> Response {
    let headers = request.headers();
    let allowed = headers.get("authorization").is_some_and(|value| value == &format!("Bearer {TOKEN}"));
    if hub.mood.lock().unwrap().gated && !allowed {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let path = request.uri().path();
    if path == "/api/models/owner/mini-ru/revision/main" {
        let names: Vec<_> = hub.files.keys().map(|name| serde_json::json!({ "rfilename": name })).collect();
        return axum::Json(serde_json::json!({ "sha": "abc123", "siblings": names })).into_response();
    }
    // Large files lie elsewhere, as the hub's do.
    if let Some(name) = path.strip_prefix("/cdn/") {
        return content(&hub, name, headers);
    }
    let Some(name) = path.strip_prefix("/owner/mini-ru/resolve/abc123/") else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let Some(bytes) = hub.files.get(name) else { return StatusCode::NOT_FOUND.into_response() };
    if name == "model.safetensors" {
        let mut hash = hex(&Sha256::digest(bytes));
        if hub.mood.lock().unwrap().lies {
            hash = "0".repeat(64);
        }
        let linked = [("location", format!("{}/cdn/{name}", hub.address)), ("x-linked-etag", format!("\"{hash}\""))];
        let size = [("x-linked-size", bytes.len().to_string())];
        return (StatusCode::FOUND, linked, size).into_response();
    }
    let etag = hex(&<sha1::Sha1 as Digest>::digest([format!("blob {}\0", bytes.len()).as_bytes(), bytes].concat()));
    let known = [("etag", format!("\"{etag}\"")), ("content-length", bytes.len().to_string())];
    if request.method() == Method::HEAD {
        return (known, Body::empty()).into_response();
    }
    content(&hub, name, headers)
}

/// The file, or the part that is asked for, unless the connection is cut in its middle.
fn content(hub: &Hub, name: &str, headers: &HeaderMap) -> Response {
    let bytes = hub.files[name].clone();
    let range = headers.get("range").map(|range| range.to_str().unwrap().to_owned());
    let from = range.as_ref().map_or(0, |range| range[6..].trim_end_matches('-').parse::<usize>().unwrap());
    let rest = bytes.slice(from..);
    let mut mood = hub.mood.lock().unwrap();
    mood.ranges.extend(range.clone());
    let length = ("content-length", rest.len().to_string());
    let body = if mood.cuts > 0 && rest.len() > 100_000 {
        mood.cuts -= 1;
        let half = rest.slice(..rest.len() / 2);
        let parts = [Ok(half), Err(std::io::Error::other("cut"))];
        Body::from_stream(futures::stream::iter(parts))
    } else {
        Body::from(rest)
    };
    if range.is_none() {
        return ([length], body).into_response();
    }
    let place = ("content-range", format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len()));
    (StatusCode::PARTIAL_CONTENT, [length, place], body).into_response()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn contents(folder: &Path) -> HashMap<String, Vec<u8>> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    files.map(|file| (file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap())).collect()
}

/// What was pulled is the demo checkpoint, and nothing else lies there.
fn is_whole(folder: &Path) {
    let (came, original) = (contents(&folder.join("here")), contents(Path::new(&mini())));
    assert!(!came.contains_key("flax_model.msgpack") && came.contains_key("model.safetensors"));
    assert!(came.iter().all(|(name, bytes)| original[name] == *bytes));
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 1, "nothing is left beside it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_is_pulled_and_inspected() {
    let (hub, folder) = (Hub::start().await, tempfile::tempdir().unwrap());
    let run = hub.pull(folder.path(), &["owner/mini-ru"], None);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("each checked; owner/mini-ru at abc123"), "{}", run.stdout);
    is_whole(folder.path());
    let again = hub.pull(folder.path(), &["owner/mini-ru"], None);
    assert!(again.code == Some(1) && again.stderr.contains("here is there already"), "{}", again.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_is_gone_on_from() {
    let (hub, folder) = (Hub::start().await, tempfile::tempdir().unwrap());
    hub.mood(|mood| mood.cuts = 2);
    let run = hub.pull(folder.path(), &["owner/mini-ru"], None);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    is_whole(folder.path());
    hub.mood(|mood| {
        assert!(mood.ranges.len() == 2 && !mood.ranges.contains(&"bytes=0-".to_owned()), "{:?}", mood.ranges);
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_call_left_is_gone_on_from() {
    let (hub, folder) = (Hub::start().await, tempfile::tempdir().unwrap());
    let part = folder.path().join(".here.part");
    std::fs::create_dir(&part).unwrap();
    let weights = &hub.files["model.safetensors"];
    std::fs::write(part.join(hex(&Sha256::digest(weights))), &weights[..1000]).unwrap();
    assert_eq!(hub.pull(folder.path(), &["owner/mini-ru"], None).code, Some(0));
    is_whole(folder.path());
    hub.mood(|mood| assert_eq!(mood.ranges, ["bytes=1000-"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_hash_is_refused() {
    let (hub, folder) = (Hub::start().await, tempfile::tempdir().unwrap());
    hub.mood(|mood| mood.lies = true);
    let run = hub.pull(folder.path(), &["owner/mini-ru"], None);
    assert!(run.code == Some(1) && run.stderr.contains("model.safetensors came damaged"), "{}", run.stderr);
    assert!(!folder.path().join("here").exists());
    hub.mood(|mood| mood.lies = false);
    assert_eq!(hub.pull(folder.path(), &["owner/mini-ru"], None).code, Some(0));
    is_whole(folder.path());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_to_be_had_is_told() {
    let (hub, folder) = (Hub::start().await, tempfile::tempdir().unwrap());
    let told = |more: &[&str], token, words: &[&str]| {
        let run = hub.pull(folder.path(), more, token);
        assert_eq!(run.code, Some(1));
        assert!(words.iter().all(|word| run.stderr.contains(word)), "{}", run.stderr);
        assert!(!folder.path().join("here").exists());
    };
    told(&["owner/nothing"], None, &["the hub has no repository owner/nothing at revision main"]);
    told(&["owner/mini-ru", "--revision", "a/b"], None, &["revision a/b"]);
    told(&["https://example.org"], None, &["is no name of a repository"]);
    hub.mood(|mood| mood.gated = true);
    told(&["owner/mini-ru"], None, &["status 401", "private or gated", "set HF_TOKEN"]);
    told(&["owner/mini-ru"], Some("hf_wrong"), &["HF_TOKEN is set"]);
    let run = hub.pull(folder.path(), &["owner/mini-ru"], Some(TOKEN));
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    is_whole(folder.path());
}

fn inspect(folder: &str, more: &[&str]) -> Run {
    super::maskarad(&[&["model", "inspect", folder], more].concat(), &[], "")
}

#[test]
fn a_checkpoint_is_told_of() {
    let run = inspect(&mini(), &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    for told in [
        "architecture         GPT-2, ",
        "positions",
        "vocabulary",
        "rudialogpt (its tokenizer",
        "memory int8",
        "memory f32",
        "dtype",
    ] {
        assert!(run.stdout.contains(told), "{told}: {}", run.stdout);
    }
    let json: serde_json::Value = serde_json::from_str(&inspect(&mini(), &["--json"]).stdout).unwrap();
    assert!(json["parameters"].as_u64() > Some(1_000_000), "{json}");
}

#[test]
fn an_adapter_is_told_of_and_a_stranger_refused() {
    let adapter = personas().join("adapters/avtobus");
    let run = inspect(adapter.to_str().unwrap(), &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("LORA adapter") && run.stdout.contains("adapter base"), "{}", run.stdout);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    assert!(inspect(path, &[]).stderr.contains("so it is no checkpoint"));
    std::fs::write(folder.path().join("adapter_config.json"), "{}").unwrap();
    std::fs::write(folder.path().join("adapter_model.safetensors"), [255; 64]).unwrap();
    let damaged = inspect(path, &[]);
    assert!(damaged.code == Some(1) && damaged.stderr.contains("is damaged"), "{}", damaged.stderr);
}
