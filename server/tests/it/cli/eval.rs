//! `eval` as a process: what it writes and prints, and that the gate closes.

use std::path::Path;

use serde_json::Value;

use super::{Run, maskarad, mini};

/// Dialogues of a question and an answer.
fn corpus(path: &Path, answer: &str, count: usize) {
    let line = |number: usize| {
        let turn = |who: &str, text: String| serde_json::json!({"author": {"id": who}, "text": text});
        let turns = [turn("a", format!("Где ты, {number}?")), turn("b", format!("{answer} {number}."))];
        serde_json::json!({"source": "test", "turns": turns}).to_string() + "\n"
    };
    std::fs::write(path, (0..count).map(line).collect::<String>()).unwrap();
}

/// Measures the demo checkpoint in a folder that has the corpora.
fn eval(folder: &Path, more: &[&str]) -> Run {
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (held, train, others, out, mini) = (at("held"), at("train"), at("others"), at("out"), mini());
    let mut arguments = vec!["eval", "--model", &mini, "--template", "rudialogpt", "--corpus", &held, "--out", &out];
    arguments.extend(["--base", &mini, "--train-corpus", &train, "--others", &others, "--replies", "4"]);
    let more: Vec<String> = more.iter().map(|word| word.replace("FOLDER", folder.to_str().unwrap())).collect();
    arguments.extend(more.iter().map(String::as_str));
    maskarad(&arguments, &[], "")
}

fn stage() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    corpus(&folder.path().join("held"), "Автобус уже в пути, номер", 6);
    corpus(&folder.path().join("train"), "Автобус скоро будет, маршрут", 40);
    corpus(&folder.path().join("others"), "Ах, оставьте меня, мне грустно уже", 40);
    folder
}

#[test]
fn a_report_is_written_and_another_persona_and_the_gate_are_asked() {
    let folder = stage();
    let first = eval(folder.path(), &[]);
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    for line in
        ["answers     perplexity ", "ratio 1.000", "likeness    ", "copied      0.000 of replies", "out/eval.html"]
    {
        assert!(first.stdout.contains(line), "{}", first.stdout);
    }
    let json = folder.path().join("out/eval.json");
    let text = std::fs::read_to_string(&json).unwrap();
    let mut report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["replies"].as_array().unwrap().len(), 4);
    assert!(std::fs::read_to_string(folder.path().join("out/eval.html")).unwrap().starts_with("<!DOCTYPE html>"));

    let baseline = folder.path().join("baseline.json");
    std::fs::write(&baseline, &text).unwrap();
    let more = ["--gate", "FOLDER/baseline.json", "--against", "FOLDER/baseline.json"];
    let same = eval(folder.path(), &more);
    assert_eq!(same.code, Some(0), "{}", same.stderr);
    assert!(same.stdout.contains("gate        passed") && same.stdout.contains("\napart "), "{}", same.stdout);
    assert_eq!(std::fs::read_to_string(&json).unwrap(), text);

    let perplexity = report["answers"]["perplexity"].as_f64().unwrap();
    report["answers"]["perplexity"] = (0.9 * perplexity).into();
    std::fs::write(&baseline, report.to_string()).unwrap();
    let worse = eval(folder.path(), &more[..2]);
    assert_eq!(worse.code, Some(1));
    let expected = "worse than the one it would replace: perplexity of answers is ";
    assert!(worse.stderr.contains(expected) && !worse.stderr.contains("distinct"), "{}", worse.stderr);
}

#[test]
fn what_is_wrong_is_told_before_the_work() {
    let folder = stage();
    std::fs::write(folder.path().join("baseline.json"), "{\n\"тайна\": 1}").unwrap();
    let broken = eval(folder.path(), &["--gate", "FOLDER/baseline.json"]);
    assert_eq!(broken.code, Some(1));
    assert!(broken.stderr.contains("baseline.json:2:") && !broken.stderr.contains("тайна"), "{}", broken.stderr);
    assert!(!folder.path().join("out").exists());
    let model = mini();
    let told = |arguments: &[&str]| {
        let run = maskarad(&[&["eval", "--corpus", "held", "--out", "out"], arguments].concat(), &[], "");
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        run.stderr
    };
    assert!(told(&["--model", &model]).contains("needs --template"));
    assert!(told(&["--model", &model, "--template", "rudialogpt"]).contains("give --base"));
    let nonsense = told(&["--model", &model, "--template", "poem", "--base", &model]);
    assert!(nonsense.contains("template"), "{nonsense}");
    assert_eq!(maskarad(&["eval", "--corpus", "held", "--out", "out"], &[], "").code, Some(2));
}
