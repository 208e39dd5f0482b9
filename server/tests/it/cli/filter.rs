//! `corpus filter` as a process: what it prints, and that kills change nothing about its output.

use std::fmt::Write;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use super::{command, maskarad};

const KILLS: u32 = 10;
const DIALOGUES: usize = 8000;

/// What a score takes in the journal at least.
const BYTES_OF_A_SCORE: u64 = 8;

fn classifier() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../trainer/tests/data/classifier_two")
}

fn corpus(path: &Path, count: usize) {
    let words = ["привет", "дурак", "рыба", "нет", "когда", "ёлка"];
    let mut text = String::new();
    for number in 0..count {
        let length = number * 7 % 29 + 1;
        let words: Vec<_> = (0..length).map(|place| words[(number * 5 + place * place) % words.len()]).collect();
        let (source, answer) = ("test", words.join(" "));
        writeln!(text, r#"{{"source":"{source}","turns":[{{"author":{{"id":"u"}},"text":"{answer}"}}]}}"#).unwrap();
    }
    std::fs::write(path, text).unwrap();
}

/// The command's arguments.
fn arguments<'a>(input: &'a Path, output: &'a Path) -> Vec<&'a str> {
    let [input, output] = [input, output].map(|path| path.to_str().unwrap());
    vec!["corpus", "filter", input, "--model", classifier(), "--keep-above-quantile", "0.75", "--output", output]
}

#[test]
fn ten_kills_at_any_moment_give_the_bytes_of_an_undisturbed_run() {
    let folder = tempfile::tempdir().unwrap();
    let [input, output, undisturbed] = ["in", "out", "undisturbed"].map(|name| folder.path().join(name));
    corpus(&input, DIALOGUES);
    let run = maskarad(&arguments(&input, &undisturbed), &[], "");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("of 8000 dialogues, cut at 0."), "{}", run.stdout);
    for _ in 0..KILLS {
        // Some time after some more scores; all kills together leave some for the last run.
        let more = rand::random_range(0..DIALOGUES as u64 * BYTES_OF_A_SCORE / (u64::from(KILLS) + 2));
        let moment = Duration::from_micros(rand::random_range(0..20_000));
        kill_after(&input, &output, more, moment);
        assert!(!output.exists());
    }
    let run = maskarad(&arguments(&input, &output), &[], "");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(std::fs::read(&output).unwrap() == std::fs::read(&undisturbed).unwrap());
    let left = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut left: Vec<_> = left.filter(|name| !name.to_string_lossy().ends_with(".part")).collect();
    left.sort();
    assert_eq!(left, ["in", "out", "undisturbed"]);
}

/// Kills a run once its journal has grown by so much, and a moment later.
fn kill_after(input: &Path, output: &Path, more: u64, moment: Duration) {
    let journal = output.with_extension("scores");
    let length = || journal.metadata().map_or(0, |metadata| metadata.len());
    let before = length();
    let mut child = command(&arguments(input, output)).spawn().unwrap();
    while length() < before + more {
        assert!(child.try_wait().unwrap().is_none(), "ended before it was killed");
        sleep(Duration::from_millis(1));
    }
    sleep(moment);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_run_goes_on_and_says_so_and_another_input_starts_anew_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let [input, output] = ["in", "out"].map(|name| folder.path().join(name));
    corpus(&input, DIALOGUES);
    let journal = folder.path().join("out.scores");
    let begin = || kill_after(&input, &output, 20_000, Duration::ZERO);
    begin();
    let run = maskarad(&arguments(&input, &output), &[], "");
    assert!(run.stdout.contains("scores were known from an earlier run"), "{}", run.stdout);
    std::fs::remove_file(&output).unwrap();
    begin();
    corpus(&input, 100);
    let run = maskarad(&arguments(&input, &output), &[], "");
    assert!(run.stderr.contains("is of another input, classifier or label; scoring anew"), "{}", run.stderr);
    assert!(!run.stdout.contains("were known") && run.stdout.contains("of 100 dialogues"), "{}", run.stdout);
    assert!(!journal.exists());
}

#[test]
fn how_much_to_keep_must_be_said_once() {
    let shared = ["corpus", "filter", "in", "--model", "m", "-o", "out"];
    assert_eq!(maskarad(&shared, &[], "").code, Some(2));
    let twice = [&shared[..], &["--drop-above", "0.5", "--score-only"]].concat();
    assert_eq!(maskarad(&twice, &[], "").code, Some(2));
    let missing = [&shared[..], &["--drop-above", "0.5"]].concat();
    let run = maskarad(&missing, &[], "");
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("m/config.json: No such file"), "{}", run.stderr);
}
