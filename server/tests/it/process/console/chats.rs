//! Chats: found, set, read where that is allowed, and forgotten; every change is noted.

use maskarad_testbed::Group;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Browser, Console};
use crate::support::host::SOON;

const TITLE: &str = "<img src=x onerror=alert(1)> Ёлки & \"Ко\"";
const WORDS: &str = "совершенно тайные слова";

/// The first bot in a group with that title, in which something was said; the daemon has looked at it.
async fn group(console: &Console) -> Group {
    let stage = &console.stage;
    let group = stage.tg.add_supergroup(TITLE);
    group.join(&stage.people[0]);
    group.promote(&stage.people[0]);
    group.add_bot(&stage.bots[0], &stage.people[0]);
    stage.people[0].writes(&group, WORDS);
    let call = stage.people[0].writes(&group, &format!("@{} привет", stage.bots[0].username()));
    stage.answered(&[call], &console.daemon).await;
    group
}

fn path(group: &Group) -> String {
    format!("/console/chats/avtobus/telegram/{}", group.id().0)
}

/// The chats that a search brings.
async fn found(operator: &Browser<'_>, query: &[(&str, &str)]) -> Vec<Value> {
    let said = super::Answer::of(operator.bare(Method::GET, "/console/chats").query(query)).await;
    said.json()["chats"].as_array().unwrap_or_else(|| panic!("{said:?}")).clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chats_are_listed_as_they_are_called_and_found_by_any_case() {
    let console = Console::start(&[]).await;
    let (group, operator) = (group(&console).await, console.operator().await);
    console.stage.answers(1, &console.daemon).await;
    let all = found(&operator, &[]).await;
    assert_eq!(all.len(), 2, "{all:?}");
    let mut chat = found(&operator, &[("search", "ёЛКИ")]).await.pop().unwrap();
    assert!(chat["last_at"].take().as_str().unwrap().ends_with('Z'));
    let expected = json!({
        "persona": "avtobus", "transport": "telegram", "chat": group.id().0, "title": TITLE, "kind": "group",
        "last_at": null, "active": true,
        "settings": { "insanity": null, "context_length": null, "chance": null, "language": null },
        "defaults": { "insanity": false, "context_length": 4, "chance": 0.0, "language": null },
    });
    assert_eq!(chat, expected);
    assert_eq!(found(&operator, &[("search", &group.id().0.to_string())]).await.len(), 1);
    assert_eq!(
        found(&operator, &[("persona", "polkson")]).await[0]["title"],
        "Человек 0",
        "a private chat has its person's name"
    );
    assert_eq!(found(&operator, &[("search", "%")]).await, [Value::Null; 0]);

    let first = operator.get("/console/chats?limit=1").await.json();
    assert_eq!((first["more"].as_bool(), first["chats"].as_array().unwrap().len()), (Some(true), 1));
    let next = format!("/console/chats?limit=1&before={}", first["next"].as_str().unwrap());
    let second = operator.get(&next).await.json();
    assert_eq!((&second["more"], &second["next"]), (&json!(false), &Value::Null));
    assert_ne!(second["chats"][0], first["chats"][0]);
    for wrong in ["before=x", "before=1-", "limit=x", "persona=%3F"] {
        operator.get(&format!("/console/chats?{wrong}")).await.error(400);
    }
    let live = operator.get("/console/live").await.json();
    assert_eq!((&live["status"], &live["errors"]), (&json!("ready"), &json!([])));
    let busiest = &live["chats"][0];
    assert!(busiest["title"] == TITLE && busiest["messages_hour"].as_u64() >= Some(2), "{live}");
    assert!(operator.get("/console/metrics").await.text.contains("maskarad_build_info{"));
    assert_eq!(console.audit().await, ["link#1 192.0.2.7 login"], "looking changes nothing");
    let log = console.daemon.log();
    for secret in [TITLE, "Ёлки", WORDS, &operator.cookie, &operator.csrf] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_operator_sets_counts_at_once_and_is_noted() {
    let console = Console::start(&[]).await;
    let (group, operator) = (group(&console).await, console.operator().await);
    let (stage, path) = (&console.stage, path(&group));
    let set = async |change: Value| operator.does(Method::PATCH, &path, &change).await;
    let chat = set(json!({ "insanity": true, "context_length": 9 })).await.json();
    assert_eq!((&chat["settings"]["insanity"], &chat["settings"]["context_length"]), (&json!(true), &json!(9)));
    let ambient = stage.people[0].writes(&group, "просто так");
    stage.answered(&[ambient], &console.daemon).await;

    for (wrong, param) in [
        (json!({ "context_length": 51 }), json!("context_length")),
        (json!({ "context_length": -1 }), Value::Null),
        (json!({ "insanity": "on" }), Value::Null),
        (json!({ "chance": 1 }), Value::Null),
    ] {
        let answer = set(wrong.clone()).await;
        answer.error(400);
        assert_eq!(answer.json()["error"]["param"], param, "{wrong}");
    }
    for nowhere in
        ["avtobus/telegram/77", "avtobus/pigeon/7", "Автобус/telegram/7", "polkson/telegram/7", "avtobus/telegram/x"]
    {
        operator
            .does(Method::PATCH, &format!("/console/chats/{nowhere}"), &json!({ "insanity": true }))
            .await
            .error(404);
    }
    let chat = set(json!({ "insanity": null })).await.json();
    assert_eq!(chat["settings"], json!({ "insanity": null, "context_length": 9, "chance": null, "language": null }));
    let private = stage.people[1].writes_private(&stage.bots[0], "привет");
    stage.answered(&[private], &console.daemon).await;
    let person = format!("/console/chats/avtobus/telegram/{}", stage.people[1].id().0);
    let refused = operator.does(Method::PATCH, &person, &json!({ "insanity": true })).await;
    assert!(refused.error(400).contains("groups"));

    let audit = operator.get("/console/audit?limit=2").await.json();
    assert_eq!(audit["more"], true);
    let entry = &audit["entries"][0];
    let (action, detail, who) = (&entry["action"], &entry["detail"], &entry["who"]);
    assert_eq!((action, detail, who), (&json!("insanity"), &json!("manifest"), &json!("link#1 192.0.2.7")));
    assert_eq!(
        (&entry["persona"], &entry["transport"], &entry["chat"]),
        (&json!("avtobus"), &json!("telegram"), &json!(group.id().0))
    );
    let before = audit["entries"][1]["id"].as_i64().unwrap();
    let rest = operator.get(&format!("/console/audit?before={before}")).await.json();
    let actions: Vec<_> =
        rest["entries"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!((actions, &rest["more"]), (vec!["insanity", "login"], &json!(false)));
    assert!(!audit.to_string().contains("Ёлки"), "no title");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_forgotten_is_gone() {
    let console = Console::start(&[]).await;
    let (group, operator) = (group(&console).await, console.operator().await);
    console.stage.answers(0, &console.daemon).await;
    operator.does(Method::PATCH, &path(&group), &json!({ "insanity": false })).await.json();
    let gone = operator.does(Method::DELETE, &path(&group), &Value::Null).await.json();
    let count = |name: &str| gone[name].as_u64().unwrap();
    assert!(count("messages") >= 3 && count("jobs") >= 1 && count("updates") >= 3, "{gone}");
    for table in ["messages", "jobs", "chats", "known_chats", "inbox"] {
        let left = console.sql(&format!("select 'left' from {table} where chat_id = {}", group.id().0)).await;
        assert_eq!(left, [], "{table}");
    }
    let raw = console.sql("select raw from inbox").await;
    assert!(!raw.iter().flatten().any(|raw| raw.contains(WORDS) || raw.contains("Ёлки")), "{raw:?}");
    assert_eq!(found(&operator, &[]).await.len(), 1, "the others stay");
    let named = "select action from audit where chat_id is not null";
    assert_eq!(console.sql(named).await, [Some("forget".to_owned())], "who did it, and to what, is all that is left");
    operator.does(Method::PATCH, &path(&group), &json!({ "insanity": true })).await.error(404);
    // It begins anew, by the manifest's settings.
    let again = console.stage.people[0].writes(&group, &format!("@{} снова", console.stage.bots[0].username()));
    console.stage.answered(&[again], &console.daemon).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_are_shown_only_where_the_settings_say_so_and_that_is_noted() {
    let console = Console::start(&[]).await;
    let (quiet, operator) = (group(&console).await, console.operator().await);
    let refused = operator.get(&format!("{}/messages", path(&quiet))).await;
    assert!(refused.error(403).contains("http.console_texts"));
    assert!(!refused.text.contains(WORDS));

    let console = Console::start(&[("MASKARAD_HTTP_CONSOLE_TEXTS", "true")]).await;
    let (group, operator) = (group(&console).await, console.operator().await);
    let said = operator.get(&format!("{}/messages", path(&group))).await.json();
    let first = &said["messages"][0];
    assert_eq!((&first["author"], &first["text"]), (&json!("Человек 0"), &json!(WORDS)));
    let deadline = std::time::Instant::now() + SOON;
    loop {
        let said = operator.get(&format!("{}/messages", path(&group))).await.json();
        if said["messages"].as_array().unwrap().iter().any(|message| message["author"] == "avtobus") {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "{said}");
    }
    assert_eq!(console.audit().await.last().unwrap(), "link#1 192.0.2.7 login");
    assert_eq!(console.audit().await[0], "link#1 192.0.2.7 read_texts avtobus");
    let stranger = console.stranger().get(&format!("{}/messages", path(&group))).await;
    stranger.error(401);
    assert!(!console.daemon.log().contains(WORDS));
}
