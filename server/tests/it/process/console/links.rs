//! Links: good once, for a while, and for whoever has them.

use futures::future::join_all;
use serde_json::json;

use super::Console;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_logs_in_once() {
    let console = Console::start(&[]).await;
    let secret = console.link();
    let mut browser = console.stranger();
    assert_eq!(browser.role().await, "none");
    let answer = browser.logs_in(&json!({ "link": secret })).await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=604800"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    assert!(!cookie.contains("Secure"), "plain HTTP could not send it back: {cookie}");
    assert_eq!(browser.role().await, "operator");
    assert_eq!(browser.get("/v1/personas").await.status, 200, "the API lets in who has logged in");

    let mut late = console.stranger();
    late.logs_in(&json!({ "link": secret })).await.error(401);
    for wrong in ["", "0", &secret[1..], &format!("{secret}0"), "' or 1=1 --", &console.address] {
        late.logs_in(&json!({ "link": wrong })).await.error(401);
    }
    let request = console.client.post(console.url("/console/login")).header("x-forwarded-for", "198.51.100.3");
    let request = request.header("x-forwarded-proto", "https").json(&json!({ "link": console.link() }));
    let secure = super::Answer::of(request).await;
    assert!(secure.headers["set-cookie"].to_str().unwrap().contains("Secure"), "{secure:?}");
    assert_eq!(console.audit().await, ["link#2 198.51.100.3 login", "link#1 192.0.2.7 login"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_at_once_one_is_let_in_and_an_old_link_is_none() {
    let console = Console::start(&[]).await;
    let with = json!({ "link": console.link() });
    // From as many addresses, so that none is turned away for its failures.
    let addresses: Vec<&'static str> = (1..=16).map(|n| &*format!("198.51.100.{n}").leak()).collect();
    let tries = addresses.iter().map(async |address| {
        let mut browser = super::Browser { address, ..console.stranger() };
        browser.logs_in(&with).await.status
    });
    let mut tries = join_all(tries).await;
    tries.sort_unstable();
    assert_eq!(tries, [&[204][..], &[401; 15]].concat());

    let old = console.link();
    console.sql("update console_links set expires_at = 1000 where used_at is null").await;
    console.stranger().logs_in(&json!({ "link": old })).await.error(401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_guesses_is_made_to_wait_and_nobody_else() {
    let console = Console::start(&[]).await;
    let mut guesser = console.stranger();
    for _ in 0..10 {
        guesser.logs_in(&json!({ "key": "mk_wrong" })).await.error(401);
    }
    let secret = console.link();
    let refused = guesser.logs_in(&json!({ "link": secret })).await;
    assert!(refused.error(429).contains("wait"), "the right one is not told from a wrong one");
    assert!((1..=7).contains(&refused.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap()));
    let mut other = super::Browser { address: "203.0.113.5", ..console.stranger() };
    assert_eq!(other.logs_in(&json!({ "link": secret })).await.status, 204, "and it wasn't used up");
    for _ in 0..12 {
        let with = json!({ "link": console.link() });
        assert_eq!(other.logs_in(&with).await.status, 204, "who is let in doesn't count");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonsense_is_refused_and_not_repeated() {
    let console = Console::start(&[]).await;
    let secret = "SECRETSECRET";
    for (body, status) in [
        (json!({}), 400),
        (json!({ "link": secret, "key": secret }), 400),
        (json!({ "link": [secret] }), 400),
        (json!({ "password": secret }), 400),
        (json!(secret), 400),
        (json!({ "link": secret.repeat(100_000) }), 413),
    ] {
        let mut browser = super::Browser { address: "203.0.113.9", ..console.stranger() };
        let answer = browser.logs_in(&body).await;
        answer.error(status);
        assert!(!answer.text.contains(secret), "{answer:?}");
    }
    assert!(!console.daemon.log().contains(secret));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_are_made_for_where_the_page_is_reached() {
    let console = Console::start(&[]).await;
    let of = |arguments: &[&str]| console.program(&[&["console-link"], arguments].concat());
    assert!(of(&["--address", "https://bots.example.org"]).1.starts_with("https://bots.example.org/#login="));
    assert!(of(&["--address", "192.0.2.1:8077"]).1.starts_with("http://192.0.2.1:8077/#login="));
    assert!(!of(&["--address", "ftp://example.org"]).0 && !of(&["--address", "no/where"]).0);
    let mut nowhere = std::process::Command::new(super::super::program());
    let nowhere = nowhere.arg("console-link").current_dir(console.stage.folder.path()).env_clear().output().unwrap();
    let said = String::from_utf8(nowhere.stderr).unwrap();
    assert!(!nowhere.status.success() && said.contains("http.api_listen is not set"), "{said}");
    assert!(nowhere.stdout.is_empty());
}
