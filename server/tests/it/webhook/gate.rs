//! Who comes in, and with what: strangers learn nothing, and nothing that Telegram could send stops the others.

use std::time::{Duration, Instant};

use maskarad_testbed::BotSpec;
use reqwest::{Client, Method, StatusCode};
use tokio::io::AsyncWriteExt;

use super::scene::{SECRET, Scene, dial, hear, sqlite, update};
use crate::support::database::{TestDatabase, on_both};
use crate::support::host::{Host, persona};

on_both!(a_bad_character_costs_itself_alone);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_look_alike_and_learn_nothing() {
    let scene = Scene::new(sqlite().await).await;
    let other = scene.tg.add_bot(BotSpec::new("polkson_bot"));
    let personas = vec![scene.persona("webhook"), persona("polkson", &other, "")];
    let host = Host::start(&scene.tg, scene.database.shared(), personas).await;
    scene.until_set(&host).await;
    let secret = scene.secret();
    let wrong: String = secret.chars().rev().collect();
    let nearly = format!("{}{}", &secret[..secret.len() - 1], if secret.ends_with('a') { 'b' } else { 'a' });
    let strangers = [
        ("avtobus", None),
        ("avtobus", Some(String::new())),
        ("avtobus", Some(wrong)),
        ("avtobus", Some(nearly)),
        ("avtobus", Some(secret[1..].to_owned())),
        ("avtobus", Some(format!("{secret}a"))),
        ("avtobus", Some(secret.to_lowercase())),
        ("polkson", Some(secret.clone())),
        ("nobody", Some(secret.clone())),
        ("AVTOBUS", Some(secret.clone())),
        ("%ff", Some(secret.clone())),
        ("avtobus%2f", Some(secret.clone())),
    ];
    let body = update(1, &scene.people[0], "пустите").to_string();
    for (persona, told) in strangers {
        let mut request = Client::new().post(format!("http://{}/telegram/{persona}", host.address)).body(body.clone());
        if let Some(told) = &told {
            request = request.header(SECRET, told);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{persona} {told:?}");
        let mut headers: Vec<&str> = answer.headers().keys().map(|name| name.as_str()).collect();
        headers.sort_unstable();
        assert_eq!(headers, ["content-length", "date"], "{persona}");
        assert_eq!(answer.text().await.unwrap(), "", "{persona}");
    }
    assert_eq!(scene.stored().await, 0);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_one_method_and_one_path_lead_in() {
    let scene = Scene::new(sqlite().await).await;
    let host = scene.host("webhook").await;
    let secret = scene.secret();
    let body = update(1, &scene.people[0], "пустите").to_string();
    let ask = async |method: Method, path: &str| {
        let request = Client::new().request(method, format!("http://{}{path}", host.address)).header(SECRET, &secret);
        request.body(body.clone()).send().await.unwrap().status().as_u16()
    };
    for method in
        [Method::GET, Method::PUT, Method::DELETE, Method::PATCH, Method::HEAD, Method::OPTIONS, Method::TRACE]
    {
        assert_eq!(ask(method.clone(), "/telegram/avtobus").await, 405, "{method}");
    }
    for path in ["/", "/telegram", "/telegram/", "/telegram/avtobus/", "/telegram/avtobus/x", "/x/telegram/avtobus"] {
        assert_eq!(ask(Method::POST, path).await, 404, "{path}");
    }
    for path in ["//telegram/avtobus", "/telegram//avtobus", "/TELEGRAM/avtobus", "/healthz/", "/metrics", "/readyz/x"]
    {
        let mut stream = dial(&host, &head(path, &secret, "Content-Length: 0")).await;
        assert!(hear(&mut stream).await.starts_with("HTTP/1.1 404"), "{path}");
    }
    for path in ["/healthz", "/readyz"] {
        assert_eq!(ask(Method::POST, path).await, 405, "{path}");
    }
    assert_eq!(reqwest::get(format!("http://{}/healthz", host.address)).await.unwrap().status(), 200);
    assert_eq!(scene.stored().await, 0);
    assert_eq!(ask(Method::POST, "/telegram/avtobus?from=telegram").await, 200, "a query is nobody's business");
    host.stop().await;
}

/// The head of a request that ends its connection.
fn head(path: &str, secret: &str, more: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: bot\r\nConnection: close\r\n{SECRET}: {secret}\r\n{more}\r\n\r\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_is_not_asked_for_again() {
    let scene = Scene::new(sqlite().await).await;
    let host = scene.host("webhook").await;
    let deep = "[".repeat(100_000);
    for garbage in ["", "{", "[]", "7", "null", "{}", r#"{"update_id":"7"}"#, r#"{"update_id":9e99}"#, &deep] {
        assert_eq!(scene.bring(&host, garbage.to_owned()).await, 200, "{}", &garbage[..garbage.len().min(40)]);
    }
    assert_eq!(scene.bring(&host, vec![0xff, 0xfe, 0x00]).await, 200);
    assert_eq!(scene.stored().await, 0);
    scene.each_is_answered_once(&scene.everybody_writes("ты ещё тут?")).await;
    host.stop().await;
}

async fn a_bad_character_costs_itself_alone(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let host = scene.host("webhook").await;
    let mut body = update(700, &scene.people[0], "при?вет").to_string().into_bytes();
    let bad = body.iter().position(|byte| *byte == b'?').unwrap();
    body[bad] = 0xff;
    assert_eq!(scene.bring(&host, body).await, 200);
    host.until(|host| !host.requests().is_empty()).await;
    assert!(host.prompts()[0].contains("при\u{FFFD}вет"), "{:?}", host.prompts());
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_update_is_stored_and_a_monstrous_one_is_not_even_read() {
    let scene = Scene::new(sqlite().await).await;
    let host = scene.host("webhook").await;
    let large = update(1, &scene.people[0], &"щ".repeat(1 << 19)).to_string();
    assert!(large.len() > 1 << 20);
    assert_eq!(scene.bring(&host, large).await, 200);
    assert_eq!(scene.stored().await, 1);
    // One that says how large it is…
    let (secret, started) = (scene.secret(), Instant::now());
    let mut stream = dial(&host, &head("/telegram/avtobus", &secret, "Content-Length: 100000000")).await;
    assert!(hear(&mut stream).await.starts_with("HTTP/1.1 413"));
    assert!(started.elapsed() < Duration::from_secs(5), "it isn't waited for");
    // …and one that doesn't.
    let mut stream = dial(&host, &head("/telegram/avtobus", &secret, "Transfer-Encoding: chunked")).await;
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(1 << 16));
    for _ in 0..128 {
        // It hangs up in between.
        if stream.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    let heard = hear(&mut stream).await;
    assert!(heard.is_empty() || heard.starts_with("HTTP/1.1 413"), "{heard}");
    assert_eq!(scene.stored().await, 1);
    scene.each_is_answered_once(&scene.everybody_writes("ты ещё тут?")).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_breaks_off_is_not_taken_for_a_whole_one() {
    let scene = Scene::new(sqlite().await).await;
    let host = scene.host("webhook").await;
    let body = update(1, &scene.people[0], "привет").to_string();
    let more = format!("Content-Length: {}", body.len() + 1);
    let mut stream = dial(&host, &head("/telegram/avtobus", &scene.secret(), &more)).await;
    stream.write_all(body.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let heard = hear(&mut stream).await;
    assert!(!heard.contains(" 200 "), "{heard}");
    assert_eq!(scene.stored().await, 0);
    host.stop().await;
}
