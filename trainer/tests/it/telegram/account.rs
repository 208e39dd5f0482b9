//! Exports of a whole account, and keys in any order.

use maskarad_testbed::export::{ExportSpec, write_account, write_chat};
use maskarad_trainer::corpus::import::ImportOptions;

use super::{Scene, message};

#[test]
fn an_account_is_its_chats_one_after_the_other() {
    let specs = [1, 2, 3].map(|seed| ExportSpec::new(seed, 300));
    let whole = Scene::new();
    let mut bytes = Vec::new();
    write_account(&specs, &mut bytes).unwrap();
    whole.write("result.json", bytes);
    let (_, dialogues) = whole.import("", &ImportOptions::default()).unwrap();
    let mut expected = Vec::new();
    for spec in specs {
        let single = Scene::new();
        let mut bytes = Vec::new();
        write_chat(spec, &mut bytes).unwrap();
        single.write("chat.json", bytes);
        expected.extend(single.import("chat.json", &ImportOptions::default()).unwrap().1);
    }
    assert!(dialogues.iter().any(|dialogue| dialogue.source == "telegram:1000000003"));
    assert_eq!(dialogues, expected);
}

#[test]
fn a_number_behind_the_messages_counts_as_before_them() {
    let scene = Scene::new();
    let said = |text: &str| format!("[{}]", message(1, 1, "01T10:00:00", text, ""));
    let list = format!(
        r#"[{{"messages":{},"id":11,"name":"а"}},{{"id":12,"type":"x"}},{{"id":13,"messages":{}}},{{"messages":{},"id":14}}]"#,
        said("а"),
        said("б"),
        said("в")
    );
    scene.write("result.json", format!(r#"{{"left_chats":{{"list":{list}}},"chats":{{"list":[],"about":""}}}}"#));
    let (_, dialogues) = scene.import("", &ImportOptions::default()).unwrap();
    let sources: Vec<&str> = dialogues.iter().map(|dialogue| dialogue.source.as_str()).collect();
    assert_eq!(sources, ["telegram:11", "telegram:13", "telegram:14"]);
}

#[test]
fn a_chat_without_a_number_is_called_after_its_file() {
    let scene = Scene::new();
    scene.write("anna.json", format!(r#"{{"messages":[{}]}}"#, message(1, 1, "01T10:00:00", "а", "")));
    let (_, dialogues) = scene.import("anna.json", &ImportOptions::default()).unwrap();
    assert_eq!(dialogues[0].source, "telegram:anna");
}
