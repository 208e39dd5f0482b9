//! The console of the real program: who gets in, what they may do there, and what is left of it.

mod assets;
mod changes;
mod chats;
mod keys;
mod links;
mod rights;
mod sessions;

use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::api::Answer;
use super::{Daemon, Stage};
use crate::support::database::{Backend, column};
use crate::support::host::SOON;

/// Somebody's address, as a proxy tells it.
const AFAR: &str = "192.0.2.7";

/// A daemon with both bots, and its console.
struct Console {
    stage: Stage,
    daemon: Daemon,
    address: String,
    client: reqwest::Client,
}

/// A browser of somebody far away.
struct Browser<'a> {
    console: &'a Console,
    address: &'static str,
    cookie: String,
    csrf: String,
}

impl Console {
    async fn start(more: &[(&str, &str)]) -> Self {
        let (stage, address) = (Stage::new().await, super::metrics::free().to_string());
        let daemon = serve(&stage, &address, more);
        let console = Self { stage, daemon, address, client: reqwest::Client::new() };
        console.until_up().await;
        console
    }

    /// The same after another start.
    async fn restart(&mut self) {
        self.daemon.signal("TERM");
        assert_eq!(self.daemon.ends_within(20).await.code(), Some(0), "{}", self.daemon.tail());
        self.daemon = serve(&self.stage, &self.address, &[]);
        self.until_up().await;
    }

    async fn until_up(&self) {
        let deadline = Instant::now() + SOON;
        loop {
            if let Ok(answer) = self.client.get(self.url("/v1/personas")).send().await
                && answer.text().await.unwrap().contains("polkson")
            {
                return;
            }
            assert!(Instant::now() < deadline, "it never comes up\n{}", self.daemon.tail());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The program, beside the running daemon.
    fn program(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = Command::new(super::program());
        command.args(arguments).current_dir(self.stage.folder.path()).env_clear();
        let output = command.env("MASKARAD_HTTP_API_LISTEN", &self.address).output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.success(), text.trim().to_owned())
    }

    /// The secret of a link.
    fn link(&self) -> String {
        let (made, link) = self.program(&["console-link"]);
        let secret = link.strip_prefix(&format!("http://{}/#login=", self.address));
        assert!(made && secret.is_some_and(|secret| secret.len() == 64), "{link}");
        secret.unwrap().to_owned()
    }

    fn key(&self, arguments: &[&str]) -> String {
        let (made, key) = self.program(&[&["key", "create"], arguments].concat());
        assert!(made, "{key}");
        key
    }

    /// A browser that nobody has logged in with.
    fn stranger(&self) -> Browser<'_> {
        Browser { console: self, address: AFAR, cookie: String::new(), csrf: String::new() }
    }

    /// A browser that somebody has.
    async fn operator(&self) -> Browser<'_> {
        let mut browser = self.stranger();
        let answer = browser.logs_in(&json!({ "link": self.link() })).await;
        assert_eq!(answer.status, 204, "{answer:?}");
        browser
    }

    /// Runs SQL in the daemon's database.
    async fn sql(&self, sql: &str) -> Vec<Option<String>> {
        let path = self.stage.folder.path().join("maskarad.db");
        column(Backend::Sqlite, path.to_str().unwrap(), sql).await
    }

    /// What operators did, latest first: who, what, and how.
    async fn audit(&self) -> Vec<String> {
        let sql =
            "select who || ' ' || action || coalesce(' ' || persona, '') || ' ' || detail from audit order by id desc";
        self.sql(sql).await.into_iter().flatten().map(|line| line.trim().to_owned()).collect()
    }
}

fn serve(stage: &Stage, address: &str, more: &[(&str, &str)]) -> Daemon {
    let environment = [("MASKARAD_HTTP_API_LISTEN", address), ("MASKARAD_LOG", "debug")];
    stage.serve(&[&environment, more].concat())
}

impl Browser<'_> {
    /// A request, with the cookie that a browser sends by itself.
    fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.console.client.request(method, self.console.url(path));
        let request = request.header("x-forwarded-for", self.address);
        if self.cookie.is_empty() { request } else { request.header("cookie", &self.cookie) }
    }

    /// A request as our page makes it.
    fn asks(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).header("x-csrf-token", &self.csrf)
    }

    async fn get(&self, path: &str) -> Answer {
        Answer::of(self.bare(Method::GET, path)).await
    }

    async fn does(&self, method: Method, path: &str, body: &Value) -> Answer {
        Answer::of(self.asks(method, path).json(body)).await
    }

    async fn logs_in(&mut self, with: &Value) -> Answer {
        let answer = Answer::of(self.bare(Method::POST, "/console/login").json(with)).await;
        if answer.status == 204 {
            let set = answer.headers["set-cookie"].to_str().unwrap();
            self.cookie = set.split(';').next().unwrap().to_owned();
            self.csrf = self.session().await["csrf"].as_str().unwrap().to_owned();
        }
        answer
    }

    async fn session(&self) -> Value {
        self.get("/console/session").await.json()
    }

    async fn role(&self) -> String {
        self.session().await["role"].as_str().unwrap().to_owned()
    }

    /// Waits until it is logged in no more.
    async fn until_nobody(&self) {
        let deadline = Instant::now() + SOON;
        while self.role().await != "none" {
            assert!(Instant::now() < deadline, "its session goes on");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}
