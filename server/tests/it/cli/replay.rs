//! `replay` of exports made up.

use std::fmt::Write;

use maskarad_testbed::export::{ExportSpec, write_chat};
use serde_json::Value;

use super::{Run, maskarad, personas};

fn replay(export: &str, more: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("result.json");
    std::fs::write(&file, export).unwrap();
    let personas = personas();
    let file = file.to_str().unwrap();
    let arguments = ["replay", file, "--personas", personas.to_str().unwrap(), "--persona", "avtobus"];
    maskarad(&[&arguments, more].concat(), &[("MASKARAD_LOG", "warn")], "")
}

/// A group in which somebody says something every so many seconds.
fn chat(texts: &[&str], every: u64) -> String {
    let mut messages = String::new();
    for (number, text) in (0_u64..).zip(texts) {
        let comma = if number == 0 { "" } else { "," };
        let (id, who, at) = (number + 1, number % 5, 1_700_000_000 + number * every);
        write!(
            messages,
            r#"{comma}{{"id":{id},"type":"message","date":"2023-11-14T22:13:20","date_unixtime":"{at}","from":"P{who}","from_id":"user{who}","text":"{text}"}}"#
        )
        .unwrap();
    }
    format!(r#"{{"name":"g","type":"private_supergroup","id":7,"messages":[{messages}]}}"#)
}

#[test]
fn insanity_is_foreseen_off_and_on() {
    let mut texts = vec!["тайна за тайной"; 200];
    texts[100] = "автобус, ты где?";
    texts[150] = "эй @Avtobus_Bot привет";
    let run = replay(&chat(&texts, 1), &["--seconds", "0.5", "--json"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(!run.stdout.contains("тайн"));
    let told: Value = serde_json::from_str(&run.stdout).unwrap();
    let [off, on] = ["insanity_off", "insanity_on"].map(|key| &told["chats"][0][key]);
    let number = |value: &Value| value.as_u64().unwrap();
    assert!((2..20).contains(&number(&off["replies"])), "two calls, and what chance adds: {off}");
    assert_eq!((&off["floods"], &on["floods"]), (&false.into(), &true.into()));
    assert!(number(&on["peak_sent_in_a_minute"]) <= 20 && number(&on["peak_called_in_a_minute"]) == 60, "{on}");
    let people = replay(&chat(&texts, 1), &["--seconds", "0.5"]);
    assert!(people.stdout.contains("insanity calls for more than the 20 messages a minute"), "{}", people.stdout);
    let quiet = replay(&chat(&texts, 60), &["--seconds", "0.5"]);
    assert!(quiet.stdout.contains("insanity stays within what Telegram"), "{}", quiet.stdout);
}

#[test]
fn a_large_export_is_replayed_at_the_speed_measured_here() {
    let mut export = Vec::new();
    write_chat(ExportSpec::new(5, 3000), &mut export).unwrap();
    let run = replay(&String::from_utf8(export).unwrap(), &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("avtobus: a reply takes") && run.stdout.contains("engine at work"), "{}", run.stdout);
}

#[test]
fn what_is_no_export_is_told() {
    for (export, told) in [("{", "ends too early"), (r#"{"messages":[]}"#, ""), (&chat(&[], 1), "holds no message")] {
        let run = replay(export, &["--seconds", "1"]);
        assert!(run.code == Some(1) && run.stderr.contains(told), "{}", run.stderr);
    }
    let nobody = maskarad(&["replay", "x", "--persona", "nobody", "--personas", personas().to_str().unwrap()], &[], "");
    assert!(nobody.code == Some(1) && nobody.stderr.contains("nobody"), "{}", nobody.stderr);
    assert_eq!(replay("{}", &["--seconds", "0"]).code, Some(2));
}
