//! A real Prometheus that scrapes the daemon every second. Where none is installed its tests are skipped, unless
//! MASKARAD_REQUIRE_PROMETHEUS is set.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::queries::{Query, ops};
use crate::support::host::SOON;

/// The server, where it is installed.
pub(super) fn program() -> Option<PathBuf> {
    find("prometheus")
}

/// The checker of its files, where it is installed.
pub(super) fn promtool() -> Option<PathBuf> {
    find("promtool")
}

#[expect(clippy::disallowed_methods, reason = "tests are told by the environment what must be there")]
fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file());
    if found.is_none() {
        let required = std::env::var_os("MASKARAD_REQUIRE_PROMETHEUS").is_some();
        assert!(
            !required,
            "MASKARAD_REQUIRE_PROMETHEUS is set, but {name} isn't there (scripts/prometheus.sh brings it)"
        );
        eprintln!("skipped: {name} not found (scripts/prometheus.sh brings it)");
    }
    found
}

/// One line of an answer over time.
pub(super) struct Series {
    pub(super) legend: String,
    /// Seconds since the epoch, and the value.
    pub(super) points: Vec<(f64, f64)>,
}

impl Series {
    fn read(line: &Value, legend: &str) -> Self {
        let labels = line["metric"].as_object().unwrap();
        let legend = labels.iter().fold(legend.to_owned(), |legend, (label, value)| {
            legend.replace(&format!("{{{{{label}}}}}"), value.as_str().unwrap_or_default())
        });
        let points = line["values"].as_array().unwrap().iter().map(|point| {
            (point[0].as_f64().unwrap(), point[1].as_str().and_then(|value| value.parse().ok()).unwrap_or(f64::NAN))
        });
        Self { legend, points: points.collect() }
    }
}

/// A Prometheus at work; killed when dropped.
pub(super) struct Prometheus {
    child: Child,
    address: SocketAddr,
    folder: tempfile::TempDir,
}

impl Prometheus {
    /// Starts one on this daemon with our alerts, and waits for its first scrapes.
    pub(super) async fn start(program: &Path, daemon: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = std::fs::read_to_string(ops("prometheus/prometheus.yml")).unwrap();
        let config = config
            .replace("127.0.0.1:9464\"", &format!("{daemon}\""))
            .replace("interval: 15s", "interval: 1s")
            .replace("alerts.yml", ops("prometheus/alerts.yml").to_str().unwrap());
        assert!(config.contains(&format!("\"{daemon}\"")), "the example names the daemon's address");
        std::fs::write(folder.path().join("prometheus.yml"), config).unwrap();
        let address = super::free();
        let child = Command::new(program)
            .arg(format!("--config.file={}", folder.path().join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(folder.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let prometheus = Self { child, address, folder };
        prometheus.until_scraped().await;
        prometheus
    }

    async fn until_scraped(&self) {
        let deadline = Instant::now() + SOON;
        let client = reqwest::Client::new();
        loop {
            let answer = client.get(format!("http://{}/api/v1/query?query=up", self.address)).send().await;
            if let Ok(answer) = answer
                && let Ok(said) = answer.json::<Value>().await
                && said["data"]["result"][0]["value"][1] == "1"
            {
                return;
            }
            assert!(Instant::now() < deadline, "it never scraped the daemon\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The answer to a query, as of now.
    pub(super) async fn query(&self, expr: &str) -> Value {
        let url = format!("http://{}/api/v1/query", self.address);
        let said: Value =
            reqwest::Client::new().post(url).form(&[("query", expr)]).send().await.unwrap().json().await.unwrap();
        assert_eq!(said["status"], "success", "{expr}: {said}");
        said["data"]["result"].clone()
    }

    /// The answer to a query, second by second over the last so many.
    pub(super) async fn over_time(&self, query: &Query, seconds: u32) -> Vec<Series> {
        let url = format!("http://{}/api/v1/query_range", self.address);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
        let times = [("start", now - f64::from(seconds)), ("end", now), ("step", 1.0)];
        let mut form = times.map(|(name, value)| (name, value.to_string())).to_vec();
        form.push(("query", query.expr.clone()));
        let said: Value = reqwest::Client::new().post(url).form(&form).send().await.unwrap().json().await.unwrap();
        let lines = said["data"]["result"].as_array().unwrap_or_else(|| panic!("{}: {said}", query.expr));
        lines.iter().map(|line| Series::read(line, &query.legend)).collect()
    }

    /// What it has logged.
    pub(super) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
