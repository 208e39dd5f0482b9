//! A browser without a window, driven through Debian's chromedriver. Where there is none its tests are skipped, unless
//! MASKARAD_REQUIRE_BROWSER is set.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::support::host::SOON;

/// What is said where tests look for more than there is.
const HOW: &str = "scripts/browser.sh brings it";

/// A browser with a profile of its own; ended with all its processes when dropped.
pub(super) struct Browser {
    driver: Child,
    address: String,
    client: Client,
    http: reqwest::Client,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts one that prefers Russian. `None` where it isn't installed.
    pub(super) async fn open() -> Option<Self> {
        let (program, _) = (found("chromedriver")?, found("chromium")?);
        let profile = tempfile::tempdir().unwrap();
        let mut driver = Command::new(program)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let address = format!("http://127.0.0.1:{}", port(&mut driver));
        let capabilities = capabilities(profile.path());
        let client = ClientBuilder::new(HttpConnector::new()).capabilities(capabilities).connect(&address).await;
        let client = client.unwrap_or_else(|error| {
            end(driver.id());
            panic!("no browser: {error}");
        });
        Some(Self { driver, address, client, http: reqwest::Client::new(), _profile: profile })
    }

    pub(super) async fn goto(&self, address: &str) {
        self.client.goto(address).await.unwrap();
    }

    pub(super) async fn reload(&self) {
        self.client.refresh().await.unwrap();
    }

    pub(super) async fn address(&self) -> String {
        self.js("return location.href").await.as_str().unwrap().to_owned()
    }

    /// What a script returns.
    pub(super) async fn js(&self, script: &str) -> Value {
        self.client.execute(script, vec![]).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// What a script hands to `done`, some time later.
    pub(super) async fn later(&self, script: &str) -> Value {
        let script = format!("const done = arguments[arguments.length - 1]; {script}");
        self.client.execute_async(&script, vec![]).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Waits until this expression is so.
    pub(super) async fn until(&self, expression: &str) {
        let deadline = Instant::now() + SOON;
        while self.js(&format!("return !!({expression})")).await != json!(true) {
            if Instant::now() > deadline {
                let page = self.js("return document.body.innerText").await;
                panic!("{expression} never comes\n{page}\n{:?}", self.complaints().await);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// An element, once it is there.
    pub(super) async fn find(&self, css: &str) -> Element {
        self.until(&format!("document.querySelector({css:?})")).await;
        self.client.find(Locator::Css(css)).await.unwrap()
    }

    pub(super) async fn click(&self, css: &str) {
        self.find(css).await.click().await.unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    /// Presses keys with this element focused.
    pub(super) async fn keys(&self, css: &str, keys: &str) {
        self.find(css).await.send_keys(keys).await.unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    /// Writes a text in place of what stands there.
    pub(super) async fn write(&self, css: &str, text: &str) {
        self.find(css).await.clear().await.unwrap();
        self.keys(css, text).await;
    }

    /// What is to be read there.
    pub(super) async fn text(&self, css: &str) -> String {
        self.find(css).await.text().await.unwrap()
    }

    /// A command of the browser's own debugger.
    pub(super) async fn tell(&self, command: &str, parameters: Value) {
        self.ask("goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await;
    }

    pub(super) async fn resize(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.tell("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Errors and warnings since the last time: of scripts, of the page's policy, of what couldn't be loaded.
    pub(super) async fn complaints(&self) -> Vec<String> {
        let log = self.ask("se/log", json!({ "type": "browser" })).await;
        let bad = log.as_array().unwrap().iter().filter(|entry| entry["level"] != "INFO" && entry["level"] != "DEBUG");
        bad.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Whatever was asked for since the last time.
    pub(super) async fn requests(&self) -> Vec<String> {
        let log = self.ask("se/log", json!({ "type": "performance" })).await;
        let entries = log.as_array().unwrap().iter().filter_map(|entry| entry["message"].as_str());
        let messages = entries.filter_map(|entry| serde_json::from_str::<Value>(entry).ok());
        let sent = messages.filter(|entry| entry["message"]["method"] == "Network.requestWillBeSent");
        let addresses =
            sent.filter_map(|entry| entry["message"]["params"]["request"]["url"].as_str().map(str::to_owned));
        // The page that a new browser opens with is its own.
        addresses.filter(|address| !address.starts_with("chrome:") && !address.starts_with("data:")).collect()
    }

    pub(super) async fn picture(&self) -> Vec<u8> {
        self.client.screenshot().await.unwrap()
    }

    async fn ask(&self, path: &str, body: Value) -> Value {
        let session = self.client.session_id().await.unwrap().unwrap();
        let address = format!("{}/session/{session}/{path}", self.address);
        let answer: Value = self.http.post(address).json(&body).send().await.unwrap().json().await.unwrap();
        assert!(answer["value"]["error"].is_null(), "{path}: {answer}");
        answer["value"].clone()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        end(self.driver.id());
        let _ = self.driver.wait();
    }
}

fn capabilities(profile: &Path) -> serde_json::Map<String, Value> {
    let arguments = [
        "--headless".to_owned(),
        // As root there is no sandbox; it opens our own page alone.
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--disable-breakpad".to_owned(),
        "--no-first-run".to_owned(),
        "--accept-lang=ru-RU,ru".to_owned(),
        "--window-size=1280,860".to_owned(),
        format!("--user-data-dir={}", profile.display()),
    ];
    let capabilities = json!({
        "goog:chromeOptions": { "args": arguments },
        "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        "unhandledPromptBehavior": "ignore",
    });
    capabilities.as_object().unwrap().clone()
}

/// The port that a driver has chosen, which it tells first of all.
fn port(driver: &mut Child) -> u16 {
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines().map_while(Result::ok);
    let line = lines.find_map(|line| line.split_once("started successfully on port ").map(|(_, port)| port.to_owned()));
    line.and_then(|port| port.trim_end_matches('.').parse().ok()).expect("chromedriver tells its port")
}

/// Ends a process and all that it has started.
fn end(process: u32) {
    for child in std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten() {
        let children = std::fs::read_to_string(child.path().join("children")).unwrap_or_default();
        children.split_whitespace().filter_map(|child| child.parse().ok()).for_each(end);
    }
    let pid = i32::try_from(process).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(pid) = pid {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
}

/// A program, where it is installed.
#[expect(clippy::disallowed_methods, reason = "tests are told by the environment what must be there")]
fn found(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file());
    if found.is_none() {
        missing(name);
    }
    found
}

/// Tells that a test is skipped for want of this; panics where it must be there.
#[expect(clippy::disallowed_methods, reason = "tests are told by the environment what must be there")]
pub(super) fn missing(name: &str) {
    let required = std::env::var_os("MASKARAD_REQUIRE_BROWSER").is_some();
    assert!(!required, "MASKARAD_REQUIRE_BROWSER is set, but {name} isn't there ({HOW})");
    eprintln!("skipped: {name} not found ({HOW})");
}
