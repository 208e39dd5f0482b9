//! The page: small, kept by browsers as long as it is the same, and nothing else of this machine.

use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Answer, Console};

/// What is answered to a path exactly as it stands here: clients tidy paths up.
async fn raw(console: &Console, path: &str) -> String {
    let mut stream = TcpStream::connect(&console.address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", console.address);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_is_for_everybody_and_comes_once() {
    let console = Console::start(&[]).await;
    let stranger = console.stranger();
    let page = stranger.get("/").await;
    assert_eq!((page.status, &page.headers["content-type"]), (200, &"text/html; charset=utf-8".parse().unwrap()));
    let names = page.text.split("/console/assets/").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
    let mut names: Vec<String> = names.collect();
    names.push("api.js".to_owned());
    assert!(names.len() > 2, "{}", page.text);
    for path in names.iter().map(|name| format!("/console/assets/{name}")).chain(["/".to_owned()]) {
        let answer = stranger.get(&path).await;
        assert_eq!((answer.status, &answer.headers["cache-control"]), (200, &"no-cache".parse().unwrap()), "{path}");
        let known = stranger.bare(Method::GET, &path).header("if-none-match", &answer.headers["etag"]);
        let known = Answer::of(known).await;
        assert_eq!((known.status, known.text.as_str()), (304, ""), "{path}");
        let other = stranger.bare(Method::GET, &path).header("if-none-match", "\"0\"");
        assert_eq!(Answer::of(other).await.text, answer.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_path_leads_out_of_it() {
    let console = Console::start(&[]).await;
    for path in [
        "/console/assets/../../maskarad.db",
        "/console/assets/..",
        "/console/assets/%2e%2e/%2e%2e/maskarad.db",
        "/console/assets/..%2f..%2fmaskarad.db",
        "/console/assets/..%5c..%5cmaskarad.db",
        "/console/assets/%2fetc%2fpasswd",
        "/console/assets//etc/passwd",
        "/console/assets/",
        "/console/assets/app.js%00.html",
        "/console/assets/app.js/",
        "/console/assets/APP.JS",
        "/console/assets/%ff",
        "/console/assets/./app.js",
        "/console/../maskarad.db",
        "//console/assets/app.js",
        "/console/rooms/../live",
        "/console/assets/..%2flive",
    ] {
        let answer = raw(&console, path).await;
        let refused = ["HTTP/1.1 404", "HTTP/1.1 400", "HTTP/1.1 403"].iter().any(|status| answer.starts_with(status));
        assert!(refused && !answer.contains("SQLite") && !answer.contains("root:"), "{path}: {answer}");
    }
    assert!(raw(&console, "/console/assets/app.js").await.starts_with("HTTP/1.1 200"));
    assert!(!console.daemon.log().contains("panicked"));
}
