//! `corpus filter` as a process: what it prints, and that kills change nothing about its output.

use std::fmt::Write;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{command, maskarad};

const KILLS: u32 = 10;

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
    corpus(&input, 8000);
    let began = Instant::now();
    let run = maskarad(&arguments(&input, &undisturbed), &[], "");
    let whole_time = began.elapsed();
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("of 8000 dialogues, cut at 0."), "{}", run.stdout);
    let mut killed = 0;
    for kill in 0..KILLS {
        // Spread over the run, and a little different each time.
        let moment = whole_time.mul_f64(rand::random_range(0.0..1.0) / f64::from(KILLS) + f64::from(kill) / 10.0);
        // What is left of earlier kills shortens the way: an end before the kill is an output that must be right.
        let mut child = command(&arguments(&input, &output)).spawn().unwrap();
        sleep(moment);
        killed += u32::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
        if output.exists() {
            assert!(std::fs::read(&output).unwrap() == std::fs::read(&undisturbed).unwrap(), "kill {kill}");
            std::fs::remove_file(&output).unwrap();
        }
    }
    assert!(killed >= 5, "only {killed} kills met a run");
    let run = maskarad(&arguments(&input, &output), &[], "");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(std::fs::read(&output).unwrap() == std::fs::read(&undisturbed).unwrap());
    let left = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut left: Vec<_> = left.filter(|name| !name.to_string_lossy().ends_with(".part")).collect();
    left.sort();
    assert_eq!(left, ["in", "out", "undisturbed"]);
}

#[test]
fn a_run_goes_on_and_says_so_and_another_input_starts_anew_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let [input, output] = ["in", "out"].map(|name| folder.path().join(name));
    corpus(&input, 8000);
    let journal = folder.path().join("out.scores");
    let begin = || {
        let mut child = command(&arguments(&input, &output)).spawn().unwrap();
        let scored = |journal: &Path| journal.metadata().is_ok_and(|metadata| metadata.len() > 20_000);
        while !scored(&journal) {
            assert!(child.try_wait().unwrap().is_none(), "ended before it was killed");
            sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    };
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
