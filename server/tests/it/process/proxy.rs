//! `telegram.proxy` is used, and its password is never told.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use super::Stage;

const PASSWORD: &str = "hunter2hunter2";
const API: (&str, &str) = ("MASKARAD_TELEGRAM_API_URL", "https://api.telegram.invalid");

/// What a client says to whoever listens here, when it is answered so.
fn overhear(answers: Vec<&'static [u8]>) -> (u16, tokio::task::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = tokio::task::spawn_blocking(move || {
        let (mut client, _) = listener.accept().unwrap();
        client.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut heard = Vec::new();
        for answer in answers {
            let mut part = [0; 1024];
            let length = client.read(&mut part).unwrap();
            heard.extend_from_slice(&part[..length]);
            client.write_all(answer).unwrap();
        }
        heard
    });
    (port, heard)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_http_proxy_is_asked_to_connect() {
    let stage = Stage::new().await;
    let (port, heard) = overhear(vec![b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"]);
    let proxy = format!("http://anna:{PASSWORD}@127.0.0.1:{port}");
    let daemon = stage.serve(&[API, ("MASKARAD_TELEGRAM_PROXY", &proxy), ("MASKARAD_LOG", "debug")]);
    let heard = String::from_utf8(heard.await.unwrap()).unwrap();
    assert!(heard.starts_with("CONNECT api.telegram.invalid:443 HTTP/1.1\r\n"), "{heard}");
    // anna:hunter2hunter2
    assert!(heard.contains("Basic YW5uYTpodW50ZXIyaHVudGVyMg=="), "{heard}");
    daemon.says("Telegram can't be reached; trying again").await;
    assert!(!daemon.log().contains(PASSWORD) && !daemon.log().contains("YW5uYTpodW50"), "{}", daemon.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socks_proxy_is_asked_for_the_name_and_given_the_password() {
    let stage = Stage::new().await;
    // It wants a password, takes it, and then can't reach the host.
    let (port, heard) = overhear(vec![&[5, 2], &[1, 0], &[5, 4, 0, 1, 0, 0, 0, 0, 0, 0]]);
    let proxy = format!("socks5h://anna:{PASSWORD}@127.0.0.1:{port}");
    let daemon = stage.serve(&[API, ("MASKARAD_TELEGRAM_PROXY", &proxy), ("MASKARAD_LOG", "debug")]);
    let heard = heard.await.unwrap();
    assert_eq!(heard[0], 5, "socks, version 5");
    let contains = |words: &str| heard.windows(words.len()).any(|window| window == words.as_bytes());
    assert!(contains(PASSWORD) && contains("api.telegram.invalid"), "{heard:?}");
    daemon.says("Telegram can't be reached; trying again").await;
    assert!(!daemon.log().contains(PASSWORD), "{}", daemon.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_proxy_is_told_without_its_password() {
    let stage = Stage::new().await;
    for wrong in
        ["ftp://anna:PASSWORD@127.0.0.1:1", "anna:PASSWORD@127.0.0.1", "socks5://anna:PASSWORD@", "http://[PASSWORD"]
    {
        let wrong = wrong.replace("PASSWORD", PASSWORD);
        let log = stage.serve(&[("MASKARAD_TELEGRAM_PROXY", &wrong)]).refuses(&["MASKARAD_TELEGRAM_PROXY"]).await;
        assert!(!log.contains(PASSWORD), "{log}");
    }
}
