//! The page of the real program in a real browser: what people see, do and are kept from.

mod axe;
mod browser;
mod hostile;
mod looks;
mod operator;
mod rooms;
mod talk;

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use self::browser::Browser;
use super::{Daemon, Stage, program};
use crate::support::host::SOON;

/// A daemon with the demo personas and no bot, and a browser that looks at its page.
struct Hall {
    stage: Stage,
    daemon: Daemon,
    address: SocketAddr,
    browser: Browser,
}

impl Hall {
    /// With the demo personas. `None` where there is no browser.
    async fn open() -> Option<Self> {
        Self::with(&[("avtobus", "Автобус"), ("polkson", "Полксон")]).await
    }

    /// With personas of these names, which people see as those.
    async fn with(personas: &[(&str, &str)]) -> Option<Self> {
        let browser = Browser::open().await?;
        let stage = Stage::new().await;
        for (name, shown) in personas {
            stage.write_manifest_with(name, &manifest(name, shown, &stage.model), 64);
        }
        let address = super::metrics::free();
        let listen = address.to_string();
        let daemon = stage.serve(&[
            ("MASKARAD_HTTP_API_LISTEN", listen.as_str()),
            ("MASKARAD_HTTP_CONSOLE_TEXTS", "true"),
            ("AVTOBUS_TOKEN", ""),
            ("POLKSON_TOKEN", ""),
        ]);
        let hall = Self { stage, daemon, address, browser };
        hall.until_up().await;
        Some(hall)
    }

    async fn until_up(&self) {
        let deadline = Instant::now() + SOON;
        while reqwest::get(format!("http://{}/console/session", self.address)).await.is_err() {
            assert!(Instant::now() < deadline, "it never comes up\n{}", self.daemon.tail());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Goes to a page by its address, and waits until this is there.
    async fn visit(&self, path: &str, there: &str) {
        self.browser.goto(&format!("http://{}/{path}", self.address)).await;
        self.browser.until(&format!("document.querySelector({there:?})")).await;
    }

    /// Logs in by a link that the program prints.
    async fn log_in(&self) -> String {
        let link = self.link();
        // A page of another address first: a new fragment alone loads nothing.
        self.browser.goto("about:blank").await;
        self.browser.goto(&link).await;
        self.browser.until("document.querySelector('#logout')").await;
        link
    }

    fn link(&self) -> String {
        let done = Command::new(program())
            .arg("console-link")
            .current_dir(self.stage.folder.path())
            .env_clear()
            .env("MASKARAD_HTTP_API_LISTEN", self.address.to_string())
            .output()
            .unwrap();
        let link = String::from_utf8(done.stdout).unwrap().trim().to_owned();
        assert!(link.starts_with("http://127.0.0.1:"), "{link} {}", String::from_utf8_lossy(&done.stderr));
        link
    }

    /// A room with everybody, opened by the page's form.
    async fn open_room(&self, title: &str) {
        self.visit("#/rooms", "#title").await;
        self.browser.write("#title", title).await;
        self.browser.js("for (const box of document.querySelectorAll('[name=persona]')) box.checked = true").await;
        self.browser.click("form .primary").await;
        self.browser.until("document.querySelector('.seat')").await;
    }

    /// Texts of all messages that are shown.
    async fn said(&self) -> Vec<String> {
        let texts = "[...document.querySelectorAll('.bubble .text')].map((text) => text.textContent)";
        let texts = self.browser.js(&format!("return {texts}")).await;
        texts.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    }
}

fn manifest(name: &str, shown: &str, model: &Path) -> String {
    let adapter = model.join("../../adapters").join(name);
    let adapter = if adapter.is_dir() { format!(", adapter: {adapter:?}") } else { String::new() };
    format!("name: {name}\ndisplay_name: {shown:?}\nmodel: {{ path: {model:?}{adapter} }}\n")
}

/// A script's number.
fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}
