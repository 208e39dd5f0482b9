//! What changes anything must be meant: no page of another site does it in an operator's name.

use reqwest::Method;
use serde_json::json;

use super::{Answer, Browser, Console};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_sites_change_nothing() {
    let console = Console::start(&[]).await;
    let (anna, boris) = (console.operator().await, console.operator().await);
    let path = "/console/rooms";
    let body = json!({ "title": "Кухня", "personas": ["avtobus"] });
    let bare = || anna.bare(Method::POST, path).json(&body);
    let refused = Answer::of(bare()).await;
    assert!(refused.error(403).contains("x-csrf-token"));
    for wrong in ["", "visitor", &boris.csrf, &anna.csrf[1..], &format!("{}0", anna.csrf)] {
        Answer::of(bare().header("x-csrf-token", wrong)).await.error(403);
    }
    for origin in ["https://evil.example", "null", "http://localhost:1"] {
        let meant = anna.asks(Method::POST, path).json(&body);
        Answer::of(meant.header("origin", origin)).await.error(403);
    }
    // What a form of another site sends: no header, and a type that needs no preflight.
    for kind in ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"] {
        let form = anna.bare(Method::POST, path).header("content-type", kind).body(body.to_string());
        Answer::of(form).await.error(403);
    }
    let preflight = anna.bare(Method::OPTIONS, path).header("origin", "https://evil.example");
    let preflight = Answer::of(preflight.header("access-control-request-headers", "x-csrf-token")).await;
    assert!(preflight.headers.keys().all(|name| !name.as_str().starts_with("access-control")), "{preflight:?}");
    assert_eq!(anna.get(path).await.json(), json!({ "rooms": [] }), "nothing was made");

    let ours = anna.asks(Method::POST, path).header("origin", console.url("")).json(&body);
    assert_eq!(Answer::of(ours).await.status, 201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visitor_s_changes_are_meant_too() {
    let console = Console::start(&[]).await;
    let body = json!({ "title": "Кухня", "personas": ["avtobus"] });
    let post = || console.client.post(console.url("/console/rooms")).json(&body);
    Answer::of(post()).await.error(403);
    Answer::of(post().header("x-csrf-token", "")).await.error(403);
    Answer::of(post().header("x-csrf-token", "visitor").header("origin", "null")).await.error(403);
    assert_eq!(Answer::of(post().header("x-csrf-token", "visitor")).await.status, 201);
    let form = console.client.post(console.url("/console/rooms")).header("x-csrf-token", "visitor");
    let form = form.header("content-type", "text/plain").body(body.to_string());
    Answer::of(form).await.error(415);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_logged_in_by_another_site() {
    let console = Console::start(&[]).await;
    let with = json!({ "link": console.link() }).to_string();
    let post =
        |kind: &str| console.client.post(console.url("/console/login")).header("content-type", kind).body(with.clone());
    Answer::of(post("application/json").header("origin", "https://evil.example")).await.error(403);
    Answer::of(post("text/plain")).await.error(400);
    assert_eq!(Answer::of(post("application/json")).await.status, 204, "the link wasn't used up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_takes_a_cookie_alone_for_reading_only() {
    let console = Console::start(&[]).await;
    let operator = console.operator().await;
    assert_eq!(operator.get("/v1/personas").await.status, 200);
    let (path, body) = ("/v1/personas/avtobus/prompt", json!({ "text": "ты где" }));
    let answer = Answer::of(operator.bare(Method::POST, path).json(&body)).await;
    assert!(answer.error(403).contains("x-csrf-token"));
    assert_eq!(operator.does(Method::POST, path, &body).await.status, 200);
    let stranger = Browser { csrf: operator.csrf.clone(), ..console.stranger() };
    stranger.does(Method::POST, path, &body).await.error(401);
}
