//! Who may do what: every route of the console, for everybody who may call. A route that isn't in the table here fails the test.

use std::collections::BTreeSet;
use std::path::Path;

use regex::Regex;
use reqwest::Method;
use serde_json::json;

use super::{Answer, Browser, Console};

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
enum Who {
    Anybody,
    Visitors,
    Operators,
}

use Who::{Anybody, Operators, Visitors};

const ROUTES: [(&str, &str, Who); 21] = [
    ("GET", "/", Anybody),
    ("GET", "/console/assets/{name}", Anybody),
    ("GET", "/console/session", Anybody),
    ("POST", "/console/login", Anybody),
    ("POST", "/console/logout", Operators),
    ("GET", "/console/rooms", Visitors),
    ("POST", "/console/rooms", Visitors),
    ("GET", "/console/rooms/{id}", Visitors),
    ("DELETE", "/console/rooms/{id}", Visitors),
    ("POST", "/console/rooms/{id}/messages", Visitors),
    ("GET", "/console/rooms/{id}/events", Visitors),
    ("PUT", "/console/rooms/{id}/personas/{name}", Visitors),
    ("DELETE", "/console/rooms/{id}/personas/{name}", Visitors),
    ("PATCH", "/console/rooms/{id}/personas/{name}", Visitors),
    ("GET", "/console/live", Operators),
    ("GET", "/console/metrics", Operators),
    ("GET", "/console/chats", Operators),
    ("PATCH", "/console/chats/{persona}/{transport}/{chat}", Operators),
    ("DELETE", "/console/chats/{persona}/{transport}/{chat}", Operators),
    ("GET", "/console/chats/{persona}/{transport}/{chat}/messages", Operators),
    ("GET", "/console/audit", Operators),
];

/// The routes that the console's sources declare.
fn declared() -> BTreeSet<(String, String)> {
    let route = Regex::new(r#"(?s)\.route\(\s*"([^"]+)"\s*,(.*?)\)\s*(?:\.route|\.with_state|\}|$)"#).unwrap();
    let method = Regex::new(r"\b(get|post|put|patch|delete|any|on)\(").unwrap();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/console")];
    let mut declared = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                // Each route by itself: a regular expression can't look ahead.
                let text = std::fs::read_to_string(path).unwrap().replace(".route(", "\u{0}.route(");
                for part in text.split('\0').filter(|part| part.starts_with(".route(")) {
                    let found = route.captures(part).unwrap_or_else(|| panic!("not understood: {part}"));
                    for method in method.captures_iter(&found[2]) {
                        declared.insert((method[1].to_uppercase(), found[1].to_owned()));
                    }
                }
            }
        }
    }
    declared
}

#[test]
fn every_route_is_in_the_table() {
    let declared = declared();
    let known: BTreeSet<(String, String)> =
        ROUTES.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(declared, known);
}

/// A path with something in its places that there isn't.
fn filled(path: &str) -> String {
    path.replace("{id}", "7")
        .replace("{name}", "nobody")
        .replace("{persona}", "avtobus")
        .replace("{transport}", "telegram")
        .replace("{chat}", "7")
}

fn hardened(answer: &Answer, of: &str) {
    let said =
        |name: &str| answer.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    let policy = said("content-security-policy");
    for part in
        ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"]
    {
        assert!(policy.contains(part), "{of}: {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("x-frame-options", "DENY"),
    ] {
        assert_eq!(said(name), value, "{of}: {name}");
    }
    assert!(["no-store", "no-cache"].contains(&said("cache-control").as_str()), "{of}: {}", said("cache-control"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_may_do_what_the_table_says() {
    let console = Console::start(&[("MASKARAD_HTTP_CONSOLE_TEXTS", "true")]).await;
    let operator = console.operator().await;
    let key = console.key(&["bot"]);
    for (method, path, who) in ROUTES {
        let (method, path): (Method, String) = (method.parse().unwrap(), filled(path));
        let here = console.client.request(method.clone(), console.url(&path)).header("x-csrf-token", "visitor");
        let callers = [
            ("a stranger", who == Anybody, console.stranger().asks(method.clone(), &path)),
            ("a key", who == Anybody, console.stranger().bare(method.clone(), &path).bearer_auth(&key)),
            ("a visitor", who <= Visitors, here),
            ("a visitor behind a name", who == Anybody, {
                let request = console.client.request(method.clone(), console.url(&path));
                request.header("host", "evil.example").header("x-csrf-token", "visitor")
            }),
            ("an operator", true, operator.asks(method.clone(), &path)),
        ];
        for (name, may, request) in callers {
            let of = format!("{method} {path} by {name}");
            let answer = Answer::of(request).await;
            hardened(&answer, &of);
            let refused = [401, 403].contains(&answer.status);
            // The log-in refuses whoever sends nothing by itself.
            assert_eq!(refused, !may, "{of}: {answer:?}");
            assert!(answer.status < 500, "{of}: {answer:?}");
        }
    }
    assert_eq!(console.sql("select cast(count(*) as text) from rooms").await, [Some("0".to_owned())]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_are_hardened_too() {
    let console = Console::start(&[]).await;
    let stranger: Browser<'_> = console.stranger();
    for (of, answer) in [
        ("nowhere", stranger.get("/nowhere").await),
        ("the API", stranger.get("/v1/personas").await),
        ("another site", Answer::of(stranger.bare(Method::GET, "/").header("origin", "https://evil.example")).await),
        ("a method", Answer::of(stranger.bare(Method::PUT, "/console/session")).await),
        ("too much", stranger.does(Method::POST, "/console/login", &json!({ "link": "x".repeat(300_000) })).await),
    ] {
        assert!(answer.status >= 400, "{of}");
        hardened(&answer, of);
    }
}
