//! The toxicity filter: probabilities equal Hugging Face's, whatever the batch; the right part stays; a run that ended early
//! is gone on with; what is wrong with a classifier is told.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Mutex;

use maskarad_trainer::corpus::filter::classifier::Classifier;
use maskarad_trainer::corpus::filter::{self, FilterError, Keep, Label, Options, Summary};
use maskarad_trainer::progress::{Progress, Silent};

use crate::support::{dialogue, json, own, read_corpus, shared, write_corpus};

/// Compares ids, logits and probabilities, alone and all at once; logits are rounded to `tolerance` in some goldens.
fn equals_golden(folder: &Path, tolerance: f64) {
    let classifier = Classifier::load(folder, &Label::default()).unwrap();
    let golden = json(&folder.join("golden.json"));
    let cases = golden.as_array().unwrap();
    let ids: Vec<Vec<u32>> =
        cases.iter().map(|case| classifier.encode(case["text"].as_str().unwrap()).unwrap()).collect();
    let (logits, probabilities) = (classifier.logits(&ids).unwrap(), classifier.probabilities(&ids).unwrap());
    for (place, case) in cases.iter().enumerate() {
        let expected: Vec<u32> = serde_json::from_value(case["input_ids"].clone()).unwrap();
        assert_eq!(ids[place], expected, "{}", case["text"]);
        let alone = classifier.logits(&ids[place..=place]).unwrap();
        assert!(close(&alone[0], &case["logits"], tolerance), "{alone:?} {case}");
        assert!(close(&logits[place], &case["logits"], tolerance), "{:?} {case}", logits[place]);
        assert!(close(&probabilities[place], &case["probabilities"], tolerance), "{:?} {case}", probabilities[place]);
        let differs = alone[0].iter().zip(&logits[place]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(differs <= 1e-5, "batching changes a logit by {differs}");
    }
}

fn close(found: &[f32], expected: &serde_json::Value, tolerance: f64) -> bool {
    let expected: Vec<f64> = serde_json::from_value(expected.clone()).unwrap();
    found.len() == expected.len() && found.iter().zip(&expected).all(|(a, b)| (f64::from(*a) - b).abs() <= tolerance)
}

#[test]
fn probabilities_equal_hugging_face() {
    equals_golden(&own("classifier_two"), 1e-5);
    equals_golden(&own("classifier_three"), 1e-5);
}

#[test]
fn probabilities_equal_those_of_the_larger_golden() {
    if let Some(folder) = shared("models/bert-classifier-tiny") {
        equals_golden(&folder, 2e-5);
    }
}

#[test]
fn vocab_txt_gives_the_ids_of_tokenizer_json() {
    let Some(folder) = shared("models/bert-classifier-tiny") else { return };
    let copy = copy(&folder);
    std::fs::remove_file(copy.path().join("tokenizer.json")).unwrap();
    equals_golden(copy.path(), 2e-5);
}

/// Copies a classifier to a place where a test may change it.
fn copy(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::write(to.path().join(path.file_name().unwrap()), std::fs::read(&path).unwrap()).unwrap();
    }
    to
}

/// A corpus of dialogues whose last turns differ in length and words.
fn corpus(path: &Path, count: usize) {
    let words = ["привет", "дурак", "рыба", "нет", "когда", "ёлка"];
    let text = |number: usize| {
        let length = number * 7 % 23 + 1;
        (0..length).map(|place| words[(number * 5 + place * place) % words.len()]).collect::<Vec<_>>().join(" ")
    };
    let dialogues: Vec<_> = (0..count).map(|number| dialogue(&["как дела?", &text(number)])).collect();
    write_corpus(path, &dialogues);
}

fn options(keep: Keep) -> Options {
    Options { model: own("classifier_two"), label: Label::default(), keep }
}

fn run(input: &Path, output: &Path, options: &Options) -> Result<Summary, FilterError> {
    filter::filter(input, output, options, NonZeroUsize::new(2).unwrap(), &Silent)
}

#[test]
fn the_most_toxic_quarter_or_the_cleanest_part_stays_in_its_order_with_its_score() {
    let folder = tempfile::tempdir().unwrap();
    let [input, all, top, clean] = ["in", "all", "top", "clean"].map(|name| folder.path().join(name));
    corpus(&input, 400);
    let summary = run(&input, &all, &options(Keep::All)).unwrap();
    assert_eq!(summary, Summary { read: 400, kept: 400, resumed: 0, cut: None });
    let scored = read_corpus(&all);
    let classifier = Classifier::load(&own("classifier_two"), &Label::default()).unwrap();
    for dialogue in scored.iter().step_by(17) {
        let ids = classifier.encode(&dialogue.turns[1].text).unwrap();
        let alone = classifier.score(&[ids]).unwrap()[0];
        assert!((alone - dialogue.toxicity.unwrap()).abs() <= 1e-5);
    }
    let summary = run(&input, &top, &options(Keep::AboveQuantile(0.75))).unwrap();
    let cut = summary.cut.unwrap();
    let expected: Vec<_> = scored.iter().filter(|d| f64::from(d.toxicity.unwrap()) > cut).cloned().collect();
    assert!((90..=100).contains(&expected.len()), "{}", expected.len());
    assert_eq!(read_corpus(&top), expected);
    let limit = scored.iter().map(|d| d.toxicity.unwrap()).sum::<f32>() / 400.0;
    run(&input, &clean, &options(Keep::DropAbove(limit.into()))).unwrap();
    let expected: Vec<_> = scored.iter().filter(|d| d.toxicity.unwrap() <= limit).cloned().collect();
    assert!(!expected.is_empty() && expected.len() < 400);
    assert_eq!(read_corpus(&clean), expected);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 4, "no journal is left");
}

/// Ends the run in the middle, as nothing but a crash does.
struct Crash(Mutex<u64>);

impl Progress for Crash {
    fn begin(&self, _: &str, _: Option<u64>) {}
    fn at(&self, position: u64) {
        assert!(position < *self.0.lock().unwrap(), "crash");
    }
    fn note(&self, _: &str) {}
    fn end(&self) {}
}

fn crash(input: &Path, output: &Path, after: u64, options: &Options) {
    let crash = Crash(Mutex::new(after));
    let ended = std::panic::catch_unwind(|| {
        filter::filter(input, output, options, NonZeroUsize::new(2).unwrap(), &crash).is_ok()
    });
    assert!(ended.is_err() && !output.exists());
}

#[test]
fn a_run_that_ended_early_is_gone_on_with_unless_something_else_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let [input, output, undisturbed] = ["in", "out", "undisturbed"].map(|name| folder.path().join(name));
    corpus(&input, 3000);
    let keep = options(Keep::AboveQuantile(0.5));
    run(&input, &undisturbed, &keep).unwrap();
    let whole = std::fs::read(&undisturbed).unwrap();
    for after in [1, 700, 2500] {
        crash(&input, &output, after, &keep);
        let summary = run(&input, &output, &keep).unwrap();
        assert!(summary.resumed >= after.min(2000) && summary.resumed < 3000, "{summary:?}");
        assert_eq!(std::fs::read(&output).unwrap(), whole);
        std::fs::remove_file(&output).unwrap();
    }
    crash(&input, &output, 700, &keep);
    let other = Options { label: Label::Name("neutral".to_owned()), ..keep.clone() };
    assert_eq!(run(&input, &output, &other).unwrap().resumed, 0);
    std::fs::remove_file(&output).unwrap();
    crash(&input, &output, 700, &keep);
    corpus(&input, 2999);
    assert_eq!(run(&input, &output, &keep).unwrap().resumed, 0);
}

#[test]
fn another_cut_needs_no_other_scores() {
    let folder = tempfile::tempdir().unwrap();
    let [input, output] = ["in", "out"].map(|name| folder.path().join(name));
    corpus(&input, 500);
    crash(&input, &output, 300, &options(Keep::All));
    assert!(run(&input, &output, &options(Keep::DropAbove(0.5))).unwrap().resumed >= 300);
}

#[test]
fn an_empty_corpus_stays_empty() {
    let folder = tempfile::tempdir().unwrap();
    let [input, output] = ["in", "out"].map(|name| folder.path().join(name));
    std::fs::write(&input, "\n").unwrap();
    let summary = run(&input, &output, &options(Keep::AboveQuantile(0.75))).unwrap();
    assert_eq!((summary.read, summary.kept), (0, 0));
    assert_eq!(std::fs::read(&output).unwrap(), b"");
}

#[test]
fn bad_input_names_file_and_line_and_leaves_the_output() {
    let folder = tempfile::tempdir().unwrap();
    let [input, output] = ["in", "out"].map(|name| folder.path().join(name));
    corpus(&input, 3);
    std::fs::write(&input, std::fs::read_to_string(&input).unwrap() + "{\"тайна\":1}\n").unwrap();
    std::fs::write(&output, "before").unwrap();
    let error = run(&input, &output, &options(Keep::All)).unwrap_err().to_string();
    assert!(error.contains("in:4: ") && !error.contains("тайна"), "{error}");
    let error = run(&input, &output, &options(Keep::DropAbove(7.0))).unwrap_err().to_string();
    assert!(error.contains("the score to drop above is 7"), "{error}");
    assert_eq!(std::fs::read(&output).unwrap(), b"before");
}

/// What loading says once `change` was done to the folder of a sound classifier.
fn complaint(change: impl FnOnce(&Path)) -> String {
    let copy = copy(&own("classifier_two"));
    change(copy.path());
    Classifier::load(copy.path(), &Label::default()).unwrap_err().to_string()
}

fn set(path: &Path, key: &str, value: serde_json::Value) {
    let mut config = json(path);
    config[key] = value;
    std::fs::write(path, config.to_string()).unwrap();
}

#[test]
fn what_is_wrong_with_a_classifier_is_told() {
    let config = |key: &'static str, value: serde_json::Value| {
        complaint(move |folder| set(&folder.join("config.json"), key, value))
    };
    for (said, expected) in [
        (complaint(|folder| std::fs::remove_file(folder.join("config.json")).unwrap()), "config.json: No such file"),
        (config("model_type", "gpt2".into()), "config.json: model_type is gpt2; expected bert"),
        (config("hidden_act", "swish".into()), "hidden_act is swish; expected gelu"),
        (config("num_attention_heads", 5.into()), "can't be divided among 5 heads"),
        (config("num_attention_heads", 0.into()), "can't be divided among 0 heads"),
        (config("problem_type", "regression".into()), "problem_type is regression"),
        (config("id2label", serde_json::json!({"0": "a"})), "fewer than two labels"),
        (config("id2label", serde_json::json!({"0": "a", "1": "b", "2": "c"})), "classifier.weight"),
        (config("vocab_size", 20.into()), "tokenizer.json: has the id"),
        (config("hidden_size", 27.into()), "expected the weights of a BertForSequenceClassification"),
        (config("max_position_embeddings", 0.into()), "expected 4 at least"),
        (
            complaint(|folder| std::fs::remove_file(folder.join("tokenizer.json")).unwrap()),
            "neither tokenizer.json nor",
        ),
        (complaint(|folder| std::fs::write(folder.join("tokenizer.json"), "{}").unwrap()), "tokenizer.json: "),
        (complaint(|folder| std::fs::write(folder.join("model.safetensors"), "x").unwrap()), "model.safetensors: "),
    ] {
        assert!(said.contains(expected), "{said}");
    }
    let error = Classifier::load(&own("classifier_two"), &Label::Name("rude".to_owned())).unwrap_err().to_string();
    assert!(error.contains("0 = neutral, 1 = toxic"), "{error}");
    assert!(Classifier::load(&own("classifier_two"), &Label::Id(2)).is_err());
}
