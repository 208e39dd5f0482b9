//! Keys: those of people log in, those of programs don't.

use serde_json::json;

use super::Console;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_key_of_the_console_logs_in_and_only_while_it_is_good() {
    let console = Console::start(&[]).await;
    let (person, program) = (console.key(&["anna", "--console"]), console.key(&["bot"]));
    assert!(console.program(&["key", "list"]).1.contains("console"));
    let mut browser = console.stranger();
    browser.logs_in(&json!({ "key": program })).await.error(401);
    browser.logs_in(&json!({ "key": "mk_0" })).await.error(401);
    browser.logs_in(&json!({ "link": "mk_0" })).await.error(401);
    assert_eq!(browser.logs_in(&json!({ "key": person })).await.status, 204);
    assert_eq!(browser.role().await, "operator");
    assert_eq!(browser.get("/console/live").await.status, 200);
    assert_eq!(console.audit().await, ["anna 192.0.2.7 login"]);

    // A key by itself, of whomever, opens the API and not the console.
    for key in [&program, &person] {
        let with = |path: &str| console.client.get(console.url(path)).bearer_auth(key);
        super::Answer::of(with("/console/live")).await.error(403);
        super::Answer::of(with("/console/rooms")).await.error(403);
        assert_eq!(super::Answer::of(with("/v1/personas")).await.status, 200);
    }
    assert!(console.program(&["key", "revoke", "anna"]).0);
    browser.until_nobody().await;
    browser.get("/console/live").await.error(401);
    browser.logs_in(&json!({ "key": person })).await.error(401);
    let log = console.daemon.log();
    assert!(!log.contains(&person) && !log.contains(&program) && !log.contains(&browser.cookie), "secrets in the log");
}
