use std::path::PathBuf;

use super::*;
use crate::corpus::record::Author;
use crate::progress::Silent;

fn turn(id: &str, text: &str, context: bool) -> Turn {
    let author = Author { id: id.to_owned(), name: Some(format!("Имя {id}")) };
    Turn { author, time: None, text: text.to_owned(), context }
}

fn corpus(folder: &Path, dialogues: Vec<Vec<Turn>>) -> PathBuf {
    let path = folder.join("in.jsonl");
    let mut writer = Writer::create(&path).unwrap();
    for turns in dialogues {
        writer.write(&Dialogue { source: "s".to_owned(), turns, toxicity: None }).unwrap();
    }
    writer.commit().unwrap();
    path
}

fn cleaned(dialogues: Vec<Vec<Turn>>, options: &CleanOptions) -> (Vec<String>, CleanReport) {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (corpus(folder.path(), dialogues), folder.path().join("out.jsonl"));
    let report = clean(&input, &output, options, &Silent).unwrap();
    let line = |dialogue: Dialogue| {
        let turns: Vec<String> = dialogue
            .turns
            .iter()
            .map(|turn| format!("{}{}: {}", if turn.context { "·" } else { "" }, turn.author.id, turn.text))
            .collect();
        turns.join(" | ")
    };
    (Reader::open(&output).unwrap().map(|dialogue| line(dialogue.unwrap())).collect(), report)
}

#[test]
fn only_the_wanted_lines_are_answers() {
    let dialogues = vec![
        vec![turn("a", "раз", false), turn("b", "два", false), turn("a", "три", false)],
        vec![turn("a", "четыре", false)],
    ];
    let options = CleanOptions { persona: vec!["Имя b".to_owned()], ..CleanOptions::default() };
    let (lines, report) = cleaned(dialogues, &options);
    assert_eq!(lines, ["·a: раз | b: два"]);
    assert_eq!(report.left_out, BTreeMap::from([("not the persona's", 3)]));
    assert_eq!((report.read, report.written, report.learned), (2, 1, 1));
}

#[test]
fn a_dropped_turn_cuts_the_context() {
    let dialogues = vec![vec![turn("a", "раз", true), turn("b", "+7 912 345-67-89", true), turn("c", "ого", false)]];
    let (lines, report) = cleaned(dialogues.clone(), &CleanOptions { phones: Action::Drop, ..CleanOptions::default() });
    assert_eq!((lines, report.left_out), (vec!["c: ого".to_owned()], BTreeMap::from([("identifies somebody", 1)])));
    let (lines, report) = cleaned(dialogues, &CleanOptions::default());
    assert_eq!((lines, report.left_out), (vec!["c: ого".to_owned()], BTreeMap::from([("nothing left", 1)])));
}

#[test]
fn everybody_gets_a_pseudonym() {
    let dialogues = vec![vec![turn("x", "Имя y, ты тут?", false), turn("y", "да, Имя x", false)]];
    let options = CleanOptions { rename: true, persona: vec!["y".to_owned()], ..CleanOptions::default() };
    let (lines, _) = cleaned(dialogues, &options);
    assert_eq!(lines, ["·author1: persona, ты тут? | persona: да, author1"]);
}

#[test]
fn limits_and_duplicates_leave_context() {
    let long = "это довольно длинное предложение про автобусы и людей";
    let dialogues = vec![vec![turn("a", long, false)], vec![turn("b", long, false)], vec![turn("a", "ок", false)]];
    let options = CleanOptions { near_duplicates: Some(0.85), min_chars: 3, ..CleanOptions::default() };
    let (lines, report) = cleaned(dialogues, &options);
    assert_eq!(lines, [format!("a: {long}")]);
    assert_eq!(report.left_out, BTreeMap::from([("near duplicate", 1), ("too short", 1)]));
}

#[test]
fn who_is_not_there_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let input = corpus(folder.path(), vec![vec![turn("a", "раз", false)]]);
    let options = CleanOptions { persona: vec!["нет".to_owned()], ..CleanOptions::default() };
    let output = folder.path().join("out.jsonl");
    let error = clean(&input, &output, &options, &Silent).unwrap_err();
    assert!(matches!(error, CleanError::NoSuchAuthor { author, .. } if author == "нет"));
    let options = CleanOptions { min_cyrillic: 2.0, ..CleanOptions::default() };
    assert!(clean(&input, &output, &options, &Silent).is_err());
    assert!(!output.exists());
}

#[test]
fn cleaning_again_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let input =
        corpus(folder.path(), vec![vec![turn("a", "глянь https://a.ru и @vasya", false), turn("b", "ок", false)]]);
    let (once, twice) = (folder.path().join("1.jsonl"), folder.path().join("2.jsonl"));
    clean(&input, &once, &CleanOptions::default(), &Silent).unwrap();
    clean(&once, &twice, &CleanOptions::default(), &Silent).unwrap();
    assert_eq!(std::fs::read(&once).unwrap(), std::fs::read(&twice).unwrap());
}
