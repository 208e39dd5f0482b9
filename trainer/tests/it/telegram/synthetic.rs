//! Made-up chats with every oddity at once: nothing is lost uncounted, and JSON and HTML tell the same.

use std::collections::BTreeSet;

use maskarad_testbed::export::{Chat, ExportSpec, Tally, write_chat, write_pages};
use maskarad_trainer::corpus::import::{ImportOptions, ImportReport};
use maskarad_trainer::corpus::record::Dialogue;

use super::Scene;

fn json(spec: ExportSpec) -> (ImportReport, Vec<Dialogue>) {
    let scene = Scene::new();
    let mut bytes = Vec::new();
    write_chat(spec, &mut bytes).unwrap();
    scene.write("result.json", bytes);
    scene.import("", &ImportOptions::default()).unwrap()
}

fn html(spec: ExportSpec, on_a_page: usize) -> (ImportReport, Vec<Dialogue>) {
    let scene = Scene::new();
    write_pages(spec, on_a_page, scene.path()).unwrap();
    scene.import("", &ImportOptions::default()).unwrap()
}

/// What both kinds of export tell: HTML has no numbers of people.
fn told(dialogues: &[Dialogue]) -> Vec<String> {
    let turn = |turn: &maskarad_trainer::corpus::record::Turn| {
        let id = if turn.author.id.starts_with("deleted") { "deleted" } else { &turn.author.id };
        let author = turn.author.name.as_deref().unwrap_or(id);
        format!("{} {author} {} {:?}", turn.context, turn.time.unwrap(), turn.text)
    };
    dialogues.iter().map(|dialogue| dialogue.turns.iter().map(turn).collect::<Vec<_>>().join("\n")).collect()
}

#[test]
fn html_tells_the_same_as_json() {
    for seed in 0..6 {
        let spec = ExportSpec { offsets: seed != 3, ..ExportSpec::new(seed, 1500) };
        let ((json_report, json), (html_report, html)) = (json(spec), html(spec, 400));
        for (json, html) in told(&json).iter().zip(&told(&html)) {
            assert_eq!(json, html, "seed {seed}");
        }
        assert_eq!(json_report, html_report, "seed {seed}");
        assert!(html.iter().all(|dialogue| dialogue.source == "telegram:Друзья & <Co>"));
    }
}

#[test]
fn replies_across_pages_are_replies() {
    let spec = ExportSpec::new(9, 600);
    assert_eq!(told(&html(spec, 7).1), told(&html(spec, 1000).1));
}

#[test]
fn every_message_is_learned_joined_or_counted() {
    for seed in 0..6 {
        let spec = ExportSpec::new(seed, 3000);
        let mut tally = Tally::default();
        Chat::new(spec).for_each(|message| tally.count(&message));
        let (report, dialogues) = json(spec);
        assert_eq!(report.messages + report.joined, tally.0["text"]);
        assert_eq!(report.dropped.0.values().sum::<u64>() + tally.0["text"], spec.messages);
        for (kind, reason) in [
            ("service", "service message"),
            ("forward", "forward"),
            ("sticker", "sticker"),
            ("photo", "photo without text"),
            ("voice_message", "voice message without text"),
            ("video_message", "video message without text"),
            ("animation", "animation without text"),
            ("poll", "poll"),
        ] {
            assert_eq!(report.dropped.0[reason], tally.0[kind], "{kind}");
        }
        let authors: BTreeSet<&str> =
            dialogues.iter().flat_map(|dialogue| &dialogue.turns).map(|turn| turn.author.id.as_str()).collect();
        let deleted = if seed % 2 == 0 { "deleted" } else { "deleted106" };
        let expected = ["channel1234567890", "user101", "user102", "user103", "user6123456789", deleted];
        assert_eq!(authors, BTreeSet::from(expected));
    }
}

#[test]
fn the_same_inputs_give_the_same_bytes() {
    let scene = Scene::new();
    let mut bytes = Vec::new();
    write_chat(ExportSpec::new(4, 2000), &mut bytes).unwrap();
    scene.write("result.json", bytes);
    let run = || {
        scene.import("", &ImportOptions::default()).unwrap();
        std::fs::read(scene.output()).unwrap()
    };
    assert_eq!(run(), run());
}
