//! Sessions: nobody makes one, they outlive a restart, and all of them can be ended.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Browser, Console, serve};
use crate::support::host::SOON;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cookie_is_ours_or_nothing() {
    let console = Console::start(&[]).await;
    let operator = console.operator().await;
    let (name, value) = operator.cookie.split_once('=').unwrap();
    let role = async |cookie: String| Browser { cookie, ..console.stranger() }.role().await;
    assert_eq!(role(format!("a=b; {}; c", operator.cookie)).await, "operator");
    for at in (0..value.len()).step_by(7).chain([value.len() - 1]) {
        let mut bytes = value.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'1' { b'2' } else { b'1' };
        let altered = String::from_utf8(bytes).unwrap();
        assert_eq!(role(format!("{name}={altered}")).await, "none", "{altered}");
    }
    let csrf = &operator.csrf;
    let unsigned = &value[44..];
    for forged in ["", "x", unsigned, csrf, &format!("{csrf}{unsigned}"), &format!("{csrf}change{}", &unsigned[7..])] {
        assert_eq!(role(format!("{name}={forged}")).await, "none", "{forged}");
    }
    assert_eq!(role(format!("other={value}")).await, "none");
    assert!(!value.contains(csrf), "a script that knows the header must not know the cookie");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_holds_after_a_restart_and_on_every_daemon_of_the_database() {
    let mut console = Console::start(&[]).await;
    let operator = console.operator().await;
    let (cookie, csrf) = (operator.cookie, operator.csrf);
    console.restart().await;
    let again = Browser { cookie: cookie.clone(), csrf: csrf.clone(), ..console.stranger() };
    assert_eq!(again.role().await, "operator");

    let address = super::super::metrics::free().to_string();
    let _standby = serve(&console.stage, &address, &[]);
    let deadline = Instant::now() + SOON;
    loop {
        let request = console.client.get(format!("http://{address}/console/session"));
        let request = request.header("x-forwarded-for", super::AFAR).header("cookie", &cookie);
        if let Ok(answer) = request.send().await {
            let said: serde_json::Value = answer.json().await.unwrap();
            assert_eq!((&said["role"], &said["csrf"]), (&json!("operator"), &json!(csrf)));
            break;
        }
        assert!(Instant::now() < deadline, "the second daemon never answers");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_logs_out_everybody_ends_all_sessions_and_spoils_all_links() {
    let console = Console::start(&[]).await;
    let (operator, unused) = (console.operator().await, console.link());
    let (done, link) = console.program(&["console-link", "--log-out-everybody"]);
    assert!(done, "{link}");
    let secret = link.rsplit_once("#login=").unwrap().1.to_owned();
    // At once, while the daemon may still go by the former secret.
    let mut fresh = Browser { address: "203.0.113.5", ..console.stranger() };
    assert_eq!(fresh.logs_in(&json!({ "link": secret })).await.status, 204);
    operator.until_nobody().await;
    operator.get("/console/live").await.error(401);
    assert_eq!(fresh.role().await, "operator", "a session that began afterwards goes on");
    console.stranger().logs_in(&json!({ "link": unused })).await.error(401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_logs_out_is_forgotten_by_the_browser() {
    let console = Console::start(&[]).await;
    let operator = console.operator().await;
    let answer = operator.does(reqwest::Method::POST, "/console/logout", &json!(null)).await;
    assert_eq!(answer.status, 204);
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("maskarad_session=;") && cookie.contains("Max-Age=0"), "{cookie}");
    assert_eq!(console.audit().await[0], "link#1 192.0.2.7 logout");
}
