//! Metrics of the real program: what is told, what isn't, and whether dashboard and alerts find it.

mod exposition;
mod load;
mod picture;
mod prometheus;
mod queries;

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

use maskarad::metrics::{ALL, Kind};

use self::exposition::{Exposition, OF_WORKERS};
use self::load::Load;
use self::prometheus::{Prometheus, program, promtool};
use self::queries::{Query, alerts, dashboard, ops};
use super::{Daemon, Stage, worker};
use crate::support::broker::Broker;
use crate::support::host::SOON;

/// How long the daemon is at work before the dashboard is looked at: a few scrapes, a second apart.
const AT_WORK: Duration = Duration::from_secs(12);
/// Between two rounds of it: other tests run beside this one.
const BREATH: Duration = Duration::from_millis(100);

pub(super) fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

async fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let answer = reqwest::get(format!("http://{address}{path}")).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_metric_is_told_and_nobody_is() {
    let stage = Stage::new().await;
    let (public, private, broker) = (free(), free(), Broker::shared());
    let listen = [("MASKARAD_HTTP_LISTEN", public), ("MASKARAD_HTTP_METRICS_LISTEN", private)]
        .map(|(name, address)| (name, address.to_string()));
    let mut settings = listen.each_ref().map(|(name, address)| (*name, address.as_str())).to_vec();
    settings.extend(broker.as_ref().map(|broker| ("MASKARAD_BROKER", broker.url())));
    let daemon = stage.serve(&settings);
    let workers = tempfile::tempdir().unwrap();
    let worker = crew(broker.as_ref(), workers.path(), private).await;
    let load = Load::new(&stage);
    load.flood();
    stage.answered(&load.commands(), &daemon).await;
    stage.answered(&load.round(), &daemon).await;

    assert_eq!(get(public, "/metrics").await.0, 404, "the public listener tells nothing");
    assert_eq!(get(private, "/healthz").await.0, 404);
    let people = stage.people.len() as f64;
    let text = until_counted(private, people).await;
    let told = Exposition::read(&text);
    told.holds_every_metric(worker.is_some());
    told.labels_are_bounded();
    for secret in load.secrets() {
        // In what is said of the numbers: among their digits there may be any.
        assert!(!told.words().contains(&secret), "{secret} is told:\n{text}");
    }

    let avtobus = [("persona", "avtobus")];
    assert!(told.sum("maskarad_updates_received_total", &avtobus) >= people, "{text}");
    assert_eq!(told.sum("maskarad_triggers_total", &[("persona", "avtobus"), ("trigger", "private")]), people);
    assert_eq!(told.sum("maskarad_telegram_floods_total", &[("call", "send")]), 1.0);
    assert_eq!(told.sum("maskarad_sends_total", &[("result", "flood")]), 1.0);
    assert!(told.sum("maskarad_generated_tokens_total", &avtobus) > people);
    assert!(told.sum("maskarad_engine_batch_size_count", &[]) > people);
    assert!(told.sum("maskarad_persona_weights_bytes", &[("part", "base")]) > 0.0);
    assert!(told.sum("maskarad_resident_memory_bytes", &[]) > 1e6);
    assert_eq!(told.sum("maskarad_personas", &[("standing", "polling")]), 2.0);
    assert_eq!(told.sum("maskarad_database_up", &[]), 1.0);
}

/// A worker that the daemon knows of, where there is a broker.
async fn crew(broker: Option<&Broker>, folder: &Path, metrics: SocketAddr) -> Option<Daemon> {
    let worker = worker::start(folder, broker?.url(), "attic", &[]);
    let (deadline, client) = (Instant::now() + SOON, reqwest::Client::new());
    loop {
        if let Ok(answer) = client.get(format!("http://{metrics}/metrics")).send().await
            && answer.text().await.unwrap().contains("maskarad_worker_slots{worker=\"attic\"}")
        {
            return Some(worker);
        }
        assert!(Instant::now() < deadline, "no metric tells of the worker\n{}", worker.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A scrape by which so many replies of the first persona are counted: they arrive a moment before.
async fn until_counted(address: SocketAddr, replies: f64) -> String {
    let deadline = Instant::now() + SOON;
    loop {
        let (status, text) = get(address, "/metrics").await;
        assert_eq!(status, 200);
        if Exposition::read(&text).sum("maskarad_reply_seconds_count", &[("persona", "avtobus")]) >= replies {
            return text;
        }
        assert!(Instant::now() < deadline, "the replies never were counted:\n{text}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[test]
fn the_handbook_lists_every_metric() {
    let handbook = std::fs::read_to_string(ops("../docs/OPERATING.md")).unwrap();
    for metric in ALL {
        let histogram = if matches!(metric.kind, Kind::Histogram(_)) { " (histogram)" } else { "" };
        let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let row = format!("| `{}`{histogram} | {} | {} |", metric.name, labels.join(", "), metric.help);
        assert!(handbook.contains(&row), "docs/OPERATING.md lacks\n{row}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_never_share_the_public_address() {
    let stage = Stage::new().await;
    let address = free().to_string();
    let both = [("MASKARAD_HTTP_LISTEN", address.as_str()), ("MASKARAD_HTTP_METRICS_LISTEN", address.as_str())];
    stage.serve(&both).refuses(&["http.metrics_listen: expected", "another than http.listen"]).await;
    let _taken = TcpListener::bind(&address).unwrap();
    let taken = [("MASKARAD_HTTP_METRICS_LISTEN", address.as_str())];
    stage.serve(&taken).refuses(&["http.metrics_listen: ", "can't be listened at", "in use"]).await;
}

#[test]
fn dashboard_and_alerts_ask_for_metrics_that_there_are() {
    let mut asked = BTreeSet::new();
    for query in dashboard().into_iter().chain(alerts()) {
        for name in queries::metrics_in(&query.expr) {
            let known = ALL.iter().find(|metric| {
                let parts: &[&str] = match metric.kind {
                    Kind::Histogram(_) => &["_bucket", "_sum", "_count"],
                    Kind::Counter | Kind::Gauge => &[""],
                };
                parts.iter().any(|part| name == format!("{}{part}", metric.name))
            });
            asked.insert(known.unwrap_or_else(|| panic!("{name} of {:?} is no metric", query.title)).name);
        }
    }
    let unseen: Vec<_> = ALL.iter().map(|metric| metric.name).filter(|name| !asked.contains(name)).collect();
    assert!(unseen.is_empty(), "no panel and no alert shows {unseen:?}");
}

#[test]
fn promtool_finds_nothing_wrong() {
    let Some(promtool) = promtool() else { return };
    for arguments in [["check", "rules", "prometheus/alerts.yml"], ["check", "config", "prometheus/prometheus.yml"]] {
        let [check, what, file] = arguments;
        let done = std::process::Command::new(&promtool).args([check, what]).arg(ops(file)).output().unwrap();
        let said = [done.stdout, done.stderr].concat();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&said));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_panel_and_no_alert_is_empty() {
    let Some(program) = program() else { return };
    observe(&program, AT_WORK, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "more than a minute of load; make dashboard runs it, and keeps the picture"]
async fn the_dashboard_after_a_minute_of_load() {
    let picture = ops("../docs/images/dashboard.svg");
    observe(&program().expect("scripts/prometheus.sh brings it"), Duration::from_secs(70), Some(&picture)).await;
    println!("every panel and every alert tells something; drawn in {}", picture.display());
}

/// Lets two personas work for so long under the eyes of a real Prometheus, and asks it whatever dashboard and alerts ask.
async fn observe(program: &Path, at_work: Duration, picture: Option<&Path>) {
    let stage = Stage::new().await;
    for (name, token) in [("avtobus", "AVTOBUS_TOKEN"), ("polkson", "POLKSON_TOKEN")] {
        let access = "access: { per_user_hourly: 100000, per_chat_hourly: 100000 }";
        let model = format!("model: {{ path: {:?} }}", stage.model);
        stage.write_manifest(name, &format!("name: {name}\ntoken: {{ env: {token} }}\n{access}\n{model}\n"));
    }
    let listen = free();
    let api = free();
    let (metrics, listens, broker) = (listen.to_string(), api.to_string(), Broker::shared());
    let mut settings =
        vec![("MASKARAD_HTTP_METRICS_LISTEN", metrics.as_str()), ("MASKARAD_HTTP_API_LISTEN", listens.as_str())];
    settings.extend(broker.as_ref().map(|broker| ("MASKARAD_BROKER", broker.url())));
    let daemon = stage.serve(&settings);
    let workers = tempfile::tempdir().unwrap();
    let worker = crew(broker.as_ref(), workers.path(), listen).await;
    stage.answers(0, &daemon).await;
    let prometheus = Prometheus::start(program, listen).await;
    let load = Load::new(&stage);
    load.flood();
    stage.answered(&load.commands(), &daemon).await;
    let begun = Instant::now();
    while begun.elapsed() < at_work {
        stage.answered(&load.round(), &daemon).await;
        assert_eq!(get(api, "/console/session").await.0, 200);
        tokio::time::sleep(BREATH).await;
    }
    let mut empty = Vec::new();
    let of_workers =
        |query: &Query| queries::metrics_in(&query.expr).iter().any(|name| OF_WORKERS.contains(&name.as_str()));
    for query in dashboard().into_iter().chain(alerts()).filter(|query| worker.is_some() || !of_workers(query)) {
        let deadline = Instant::now() + SOON / 12;
        let mut said = prometheus.query(&query.expr).await;
        // The load goes on, for what is asked may be an average of the last seconds.
        while !queries::tells_something(&said) && Instant::now() < deadline {
            stage.answered(&load.round(), &daemon).await;
            get(api, "/console/session").await;
            said = prometheus.query(&query.expr).await;
        }
        if !queries::tells_something(&said) {
            empty.push(format!("{}: {}\n    {said}", query.title, query.expr));
        }
    }
    assert!(empty.is_empty(), "{}\n{}", empty.join("\n"), prometheus.log());
    if let Some(file) = picture {
        picture::draw(&prometheus, file).await;
    }
}
