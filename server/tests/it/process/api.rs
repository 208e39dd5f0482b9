//! The HTTP API of the real program: what it says, to whom, and what it refuses.

mod clients;
mod crowd;
mod doors;
mod openai;
mod own;
mod room;

use std::net::SocketAddr;
use std::time::Instant;

use reqwest::header::HeaderMap;
use serde_json::Value;

use super::{Daemon, Stage};
use crate::support::host::SOON;

/// A daemon without a token, and its API.
struct Api {
    stage: Stage,
    daemon: Daemon,
    address: SocketAddr,
    client: reqwest::Client,
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    pub(super) async fn of(request: reqwest::RequestBuilder) -> Self {
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Self { status, headers, text: answer.text().await.unwrap() }
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// It is an error of this status, in OpenAI's shape; what it says.
    pub(super) fn error(&self, status: u16) -> String {
        let said = self.json();
        assert_eq!(self.status, status, "{said}");
        let error = said["error"].as_object().unwrap();
        let mut keys: Vec<&str> = error.keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["code", "message", "param", "type"]);
        error["message"].as_str().unwrap().to_owned()
    }

    /// The data of a stream's events.
    fn events(&self) -> Vec<String> {
        assert_eq!(self.status, 200, "{self:?}");
        assert_eq!(self.headers["content-type"], "text/event-stream");
        self.text.lines().filter_map(|line| line.strip_prefix("data: ")).map(str::to_owned).collect()
    }
}

impl Api {
    async fn start(more: &[(&str, &str)]) -> Self {
        let stage = Stage::new().await;
        let address = super::metrics::free();
        let listen = address.to_string();
        let environment = [("MASKARAD_HTTP_API_LISTEN", listen.as_str()), ("AVTOBUS_TOKEN", ""), ("POLKSON_TOKEN", "")];
        let daemon = stage.serve(&[&environment, more].concat());
        let api = Self { stage, daemon, address, client: reqwest::Client::new() };
        api.until_up().await;
        api
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
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn get(&self, path: &str) -> Answer {
        Answer::of(self.client.get(self.url(path))).await
    }

    fn posted(&self, path: &str, body: &Value) -> reqwest::RequestBuilder {
        self.client.post(self.url(path)).json(body)
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.posted(path, &body)).await
    }
}
