//! How much is done at once, and what becomes of who goes away or dawdles.

use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::future::join_all;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Answer, Api};
use crate::support::host::SOON;

const CHAT: &str = "/v1/chat/completions";

pub(super) fn streamed(seed: usize) -> serde_json::Value {
    let messages = json!([{ "role": "user", "content": format!("расскажи что-нибудь, {seed}") }]);
    json!({ "model": "avtobus", "messages": messages, "seed": seed, "stream": true })
}

/// What a stream said.
pub(super) fn heard(answer: &Answer) -> String {
    let chunks = answer.events().into_iter().filter_map(|data| serde_json::from_str::<serde_json::Value>(&data).ok());
    chunks.filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beyond_the_limit_is_turned_away_and_within_it_everybody_is_served() {
    let api = Api::start(&[("MASKARAD_HTTP_API_REPLIES", "24")]).await;
    let all = async |count: usize| {
        join_all((0..count).map(async |seed| Answer::of(api.posted(CHAT, &streamed(seed))).await)).await
    };
    let served = all(24).await;
    assert!(served.iter().all(|answer| answer.events().last().unwrap() == "[DONE]"), "within the limit all are served");
    for seed in [0, 7, 23] {
        let alone = Answer::of(api.posted(CHAT, &streamed(seed))).await;
        assert_eq!(heard(&alone), heard(&served[seed]), "nobody got another's reply");
    }
    let crowd = all(96).await;
    let (served, refused): (Vec<_>, Vec<_>) = crowd.iter().partition(|answer| answer.status == 200);
    assert!(served.len() >= 24 && !refused.is_empty(), "{} served, {} refused", served.len(), refused.len());
    assert!(served.iter().all(|answer| answer.events().last().unwrap() == "[DONE]"));
    for answer in refused {
        answer.error(503);
        assert_eq!(answer.headers["retry-after"], "2");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_goes_away_frees_the_place() {
    let api = Api::start(&[("MASKARAD_HTTP_API_REPLIES", "1")]).await;
    for seed in 0..10 {
        let mut stream = api.posted(CHAT, &streamed(seed)).send().await.unwrap().bytes_stream();
        stream.next().await.unwrap().unwrap();
        drop(stream);
        let deadline = Instant::now() + SOON;
        while api.post("/predict", json!({ "text": "привет" })).await.status != 200 {
            assert!(Instant::now() < deadline, "the place stays taken");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_dawdles_is_given_up() {
    let api = Api::start(&[]).await;
    let mut slow = TcpStream::connect(api.address).await.unwrap();
    let head = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{"
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    let begun = Instant::now();
    let mut said = vec![0; 512];
    let count = tokio::time::timeout(SOON, slow.read(&mut said)).await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&said[..count]).starts_with("HTTP/1.1 408"), "{said:?}");
    assert!(begun.elapsed() > Duration::from_secs(10));
    assert_eq!(api.get("/v1/models").await.status, 200, "others are served meanwhile");
}
