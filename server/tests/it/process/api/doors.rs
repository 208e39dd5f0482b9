//! Who may ask, and how often.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Answer, Api};
use crate::support::host::SOON;

const PATH: &str = "/v1/personas";

impl Api {
    /// `maskarad key` beside the running daemon.
    pub(super) fn key(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = Command::new(super::super::program());
        let folder = self.stage.folder.path();
        let output = command.arg("key").args(arguments).current_dir(folder).env_clear().output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.success(), text.trim().to_owned())
    }

    /// A request as a proxy passes it on.
    async fn afar(&self, key: Option<&str>) -> Answer {
        let request = self.client.get(self.url(PATH)).header("x-forwarded-for", "192.0.2.7");
        let request = match key {
            Some(key) => request.bearer_auth(key),
            None => request,
        };
        Answer::of(request).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_opens_from_elsewhere_until_it_is_revoked() {
    let api = Api::start(&[]).await;
    let refused = api.afar(None).await;
    assert!(refused.error(401).contains("maskarad key create"));
    assert_eq!(refused.headers["www-authenticate"], "Bearer");

    let (made, key) = api.key(&["create", "phone", "--per-minute", "4"]);
    assert!(made && key.starts_with("mk_") && key.len() == 67, "{key}");
    assert!(!api.key(&["create", "phone"]).0, "a name is given once");
    assert!(api.key(&["list"]).1.contains("phone  good  4/min"));
    assert_eq!(api.afar(Some(&key)).await.status, 200);
    for wrong in ["", "mk_", &key[..66], "mk_0000", &format!("{key}0")] {
        api.afar(Some(wrong)).await.error(401);
    }
    let wrong = api.client.get(api.url(PATH)).bearer_auth("mk_wrong");
    Answer::of(wrong).await.error(401);
    let placeholder = api.client.get(api.url(PATH)).bearer_auth("unused");
    assert_eq!(Answer::of(placeholder).await.status, 200, "clients insist on sending something");
    let basic = api.client.get(api.url(PATH)).basic_auth("me", Some(&key));
    Answer::of(basic).await.error(401);

    while api.afar(Some(&key)).await.status == 200 {}
    let spent = api.afar(Some(&key)).await;
    spent.error(429);
    assert!((1..=16).contains(&spent.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap()));

    assert!(api.key(&["revoke", "phone"]).0 && !api.key(&["revoke", "phone"]).0);
    let deadline = Instant::now() + SOON;
    while api.afar(Some(&key)).await.status != 401 {
        assert!(Instant::now() < deadline, "a revoked key still opens");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let log = api.daemon.log();
    assert!(!log.contains(&key), "the key is in the log");
    let database = std::fs::read(api.stage.folder.path().join("maskarad.db")).unwrap();
    assert!(!database.windows(key.len()).any(|bytes| bytes == key.as_bytes()), "the key is in the database");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_other_sites_and_names_led_here_are_strangers() {
    let api = Api::start(&[]).await;
    let with =
        async |name: &'static str, value: &str| Answer::of(api.client.get(api.url(PATH)).header(name, value)).await;
    with("origin", "https://evil.example").await.error(403);
    with("origin", "null").await.error(403);
    with("host", "evil.example").await.error(401);
    assert_eq!(with("origin", &format!("http://{}", api.address)).await.status, 200);
    let preflight =
        api.client.request(reqwest::Method::OPTIONS, api.url(PATH)).header("origin", "https://evil.example");
    let preflight = Answer::of(preflight.header("access-control-request-method", "POST")).await;
    assert!(preflight.headers.keys().all(|name| !name.as_str().starts_with("access-control")), "{preflight:?}");
    let plain = api.client.post(api.url("/predict")).header("content-type", "text/plain").body(r#"{"text":"а"}"#);
    Answer::of(plain).await.error(415);
    api.post("/predict", json!({ "text": "а" })).await.json();
}
