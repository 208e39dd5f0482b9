//! Evaluation: perplexity equals Hugging Face's; a report holds what can be counted by hand, and is the same each time.

use std::path::PathBuf;

use maskarad_dialog::{Format, Template, stops};
use maskarad_engine::{Engine, EngineConfig, GenerationConfig, LoadedModel, Precision};
use maskarad_trainer::eval::generate::Speaker;
use maskarad_trainer::eval::{EvalError, Options, Report, Subject, apart, evaluate, perplexity};
use maskarad_trainer::progress::Silent;

use crate::support::{dialogue, json, shared, write_corpus};

fn engine() -> Engine {
    Engine::start(EngineConfig { threads: 2, ..EngineConfig::default() }).unwrap()
}

/// The ids of the held-out dialogues: the first speaker is ПЕРВЫЙ, whoever speaks last.
fn heldout_ids(model: &LoadedModel, path: &std::path::Path) -> Vec<u32> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut ids = Vec::new();
    for line in text.lines() {
        let turns: Vec<String> =
            serde_json::from_value(serde_json::from_str::<serde_json::Value>(line).unwrap()["dialogue"].clone())
                .unwrap();
        let markers = ["@@ПЕРВЫЙ@@", "@@ВТОРОЙ@@"].into_iter().cycle();
        let written: Vec<String> = markers.zip(&turns).map(|(marker, turn)| format!("{marker} {turn}")).collect();
        ids.extend(model.tokenizer().unwrap().encode(&(written.join(" ") + "</s>")).unwrap());
    }
    ids
}

#[test]
fn perplexity_and_accuracy_equal_hugging_face() {
    let Some(folder) = shared("models/mini-ru") else { return };
    let engine = engine();
    let model = engine.load(&folder, Precision::F32).unwrap();
    let ids = heldout_ids(&model, &folder.join("heldout.jsonl"));
    let golden = json(&folder.join("golden.json"));
    for case in golden["evaluations"].as_array().unwrap() {
        let block = case["block"].as_u64().unwrap() as usize;
        let score = perplexity::blocks(&model, &ids, block, &Silent).unwrap();
        println!("block {block}: {score:?}");
        assert_eq!(score.tokens as u64, case["predicted_tokens"].as_u64().unwrap());
        assert!((score.perplexity - case["perplexity"].as_f64().unwrap()).abs() < 0.01);
        // A tie of two logits may fall to either.
        assert!((score.accuracy - case["accuracy"].as_f64().unwrap()).abs() < 2e-4);
    }
}

struct Stage {
    folder: tempfile::TempDir,
    engine: Engine,
    model: LoadedModel,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let colours = ["красный", "синий", "белый", "чёрный", "жёлтый", "серый", "бурый"];
        let own = |n: usize| format!("Ваш {} автобус номер {n} уже ушёл.", colours[n % 7]);
        let other = |n: usize| format!("Ох, как мне {n} раз грустно, милый {}!", colours[n % 5]);
        let corpus = |lines: &dyn Fn(usize) -> String, range: std::ops::Range<usize>| {
            range.map(|n| dialogue(&[&format!("Где ты, {n}?"), &lines(n)])).collect::<Vec<_>>()
        };
        write_corpus(&folder.path().join("held"), &corpus(&own, 0..9));
        write_corpus(&folder.path().join("train"), &corpus(&own, 5..60));
        write_corpus(&folder.path().join("others"), &corpus(&other, 0..60));
        let engine = engine();
        let base = concat!(env!("CARGO_MANIFEST_DIR"), "/../personas/models/mini-ru");
        let model = engine.load(base.as_ref(), Precision::F32).unwrap();
        Self { folder, engine, model }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn options(&self) -> Options {
        Options {
            corpus: self.path("held"),
            train_corpus: Some(self.path("train")),
            others: Some(self.path("others")),
            persona: Vec::new(),
            replies: 12,
            seed: 7,
        }
    }

    fn report(&self, options: &Options, clean: &dyn Fn(&str) -> String) -> Result<Report, EvalError> {
        let format = Format::of(Template::Rudialogpt);
        let ends = stops(&format.template, self.model.tokenizer().unwrap());
        let generation = GenerationConfig {
            max_new_tokens: 16,
            do_sample: true,
            eos_token_ids: ends.eos_token_ids,
            ..GenerationConfig::default()
        };
        let speaker = Speaker { engine: &self.engine, format: &format, generation: &generation, budget: 400, clean };
        evaluate(&Subject { model: &self.model, base: &self.model, speaker }, options, &Silent)
    }
}

#[test]
fn a_report_is_the_same_each_time_and_depends_on_the_seed() {
    let stage = Stage::new();
    let clean = |text: &str| text.trim().to_owned();
    let report = stage.report(&stage.options(), &clean).unwrap();
    assert_eq!(report, stage.report(&stage.options(), &clean).unwrap());
    assert_eq!((report.dialogues, report.replies.len()), (9, 12));
    assert_eq!(report.answers, report.base_answers);
    assert_eq!(report.perplexity_ratio, 1.0);
    assert!(report.answers.perplexity > 1.0 && report.answers.tokens > 9 * 5);
    assert_eq!(report.replies[0].context, "Где ты, 0?");
    assert!(report.replies.iter().any(|reply| !reply.generated.is_empty()));
    let other = stage.report(&Options { seed: 8, ..stage.options() }, &clean).unwrap();
    assert_ne!(report.replies, other.replies);
}

#[test]
fn copies_and_likeness_are_seen() {
    let stage = Stage::new();
    // As if the model said what stands in the training corpus, or what others say.
    let report = stage.report(&stage.options(), &|_| "ваш бурый автобус номер 6 уже ушёл".to_owned()).unwrap();
    let copying = report.overlap.as_ref().unwrap();
    assert_eq!((copying.generated.copies, copying.generated.long_copies, copying.generated.mean_span), (1.0, 1.0, 7.0));
    // 5 to 8 are in both corpora, of 0 to 8 and once more 0 to 2.
    assert_eq!(copying.human.copies, 4.0 / 12.0);
    let likeness = report.likeness.unwrap();
    assert!(likeness.generated == 1.0 && likeness.humans.accuracy > 0.9, "{likeness:?}");
    assert_eq!(report.diversity.repeated_texts, 11.0 / 12.0);
    let sad = stage.report(&stage.options(), &|_| "Ох, как мне грустно!".to_owned()).unwrap();
    assert_eq!(sad.likeness.unwrap().generated, 0.0);
    let apart = apart(&stage.options(), &report, &sad).unwrap().unwrap();
    assert_eq!((apart.first, apart.second, apart.accuracy), (1.0, 1.0, 1.0));
}

#[test]
fn what_cannot_be_measured_is_told() {
    let stage = Stage::new();
    let says = |options: Options| stage.report(&options, &|text| text.to_owned()).unwrap_err().to_string();
    let nobody = says(Options { persona: vec!["nobody".to_owned()], ..stage.options() });
    assert!(nobody.contains("held: has no answers of the persona"), "{nobody}");
    std::fs::write(stage.path("broken"), "{\n").unwrap();
    let broken = says(Options { train_corpus: Some(stage.path("broken")), ..stage.options() });
    assert!(broken.contains("broken:1: "), "{broken}");
    write_corpus(&stage.path("few"), &[dialogue(&["раз", "два"])]);
    let few = says(Options { others: Some(stage.path("few")), ..stage.options() });
    assert!(few.contains("the other side has 1 different lines"), "{few}");
}
