use std::path::{Path, PathBuf};
use std::time::Duration;

use maskarad_trainer::corpus::clean::spans::Action;
use maskarad_trainer::corpus::filter::Keep;
use maskarad_trainer::corpus::import::Format;
use proptest::prelude::*;

use super::{HeldOut, Workshop, file_of, load, parse, schema};
use crate::config::manifest;
use crate::config::schema::oracle::{refusals, validator};

fn personas() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../personas")
}

/// As the daemon reads it. Whatever it accepts the schema must accept, too.
fn read(text: &str) -> Result<Workshop, String> {
    let workshop = parse(&personas().join("workshop/w.yaml"), text).map_err(|problems| problems.to_string());
    if workshop.is_ok() {
        assert_eq!(refusals(&validator(&schema()), text), [""; 0], "{text}");
    }
    workshop
}

const MINIMAL: &str = "manifest: ../avtobus.yaml
sources: [{ path: a.json }]
train: { lora: {} }
";

#[test]
fn what_is_left_out_has_its_usual_value() {
    let workshop = read(MINIMAL).unwrap();
    assert_eq!(workshop.persona.name.as_str(), "avtobus");
    assert_eq!(workshop.sources[0].path, personas().join("workshop/a.json"));
    assert!(matches!(workshop.held_out, HeldOut::Share(share) if share == 0.05));
    assert!(workshop.filter.is_none() && !workshop.eval.gate);
    assert_eq!(workshop.train.base.as_deref(), Some(workshop.persona.model.path.as_path()));
    assert_eq!(Some(workshop.destination()), workshop.persona.model.adapter.as_deref());
}

#[test]
fn everything_that_is_written_arrives() {
    let workshop = read(
        "manifest: ../avtobus.yaml
sources:
  - { path: https://example.org/b/, format: board, min_replies: 20, gap_minutes: 0.5 }
  - { path: d.jsonl, format: dialogues, newest_only: true, oldest_first: yes, context: 2 }
held_out: { sources: [{ path: h.csv }] }
clean: { urls: mask, near_duplicates: 0.9, profanity: words.txt, rename: true, persona: [user1] }
filter: { model: bert, label: toxic, keep_above_quantile: 0.75 }
train:
  persona: [second]
  num_train_epochs: 2
  learning_rate: 1e-3
  lr_scheduler_type: cosine
  lora: { r: 16, target_modules: [c_attn, c_fc] }
eval: { gate: true, replies: 10 }
",
    )
    .unwrap();
    assert_eq!(workshop.sources[0].path, Path::new("https://example.org/b/"));
    assert_eq!(workshop.sources[0].options.rules.gap, Duration::from_secs(30));
    let options = &workshop.sources[1].options;
    assert!(options.dialogues.newest_only && options.dialogues.oldest_first && options.format == Format::Dialogues);
    assert!(matches!(&workshop.held_out, HeldOut::Sources(sources) if sources.len() == 1));
    let clean = workshop.clean.unwrap();
    assert_eq!((clean.urls, clean.mentions, clean.near_duplicates), (Action::Mask, Action::Cut, Some(0.9)));
    assert_eq!(clean.profanity, Some(personas().join("workshop/words.txt")));
    let filter = workshop.filter.unwrap();
    assert_eq!((filter.model, filter.keep), (personas().join("workshop/bert"), Keep::AboveQuantile(0.75)));
    assert_eq!((workshop.train.num_train_epochs, workshop.train.learning_rate), (2.0, 1e-3));
    assert_eq!(workshop.train.lora.unwrap().target_modules, ["c_attn", "c_fc"]);
    assert_eq!((workshop.eval.gate, workshop.eval.replies), (true, 10));
}

#[test]
fn each_problem_is_told_with_its_place() {
    let told = read(
        "manifest: ../avtobus.yaml
sources:
  - { path: a, format: parquet, gap_minutes: -1, colour: red }
  - { format: csv }
held_out: { share: 1.5 }
filter: { model: bert, keep_above_quantile: 7, speed: 1 }
train:
  corpus: x.jsonl
  learning_rate: fast
  lora: { r: 8, alpha: 3 }
  seeds: 1
eval: { gate: maybe }
hosting: 1
",
    )
    .unwrap_err();
    for expected in [
        "w.yaml:3:24: sources.format: expected one of auto, telegram",
        "w.yaml:3:46: sources.gap_minutes: is -1, expected minutes",
        "w.yaml:3:50: sources.colour: unknown key",
        "w.yaml:4:5: sources.path: is missing",
        "w.yaml:5:20: held_out.share: is 1.5",
        "w.yaml:6:48: filter.speed: unknown field",
        "w.yaml:8:3: train.corpus: is for `persona build` to set",
        "w.yaml:9:3: train.learning_rate: invalid type",
        "w.yaml:10:17: train.lora.alpha: unknown field",
        "w.yaml:11:3: train.seeds: unknown field",
        "w.yaml:12:9: eval.gate: invalid type",
        "w.yaml:13:1: hosting: unknown key",
    ] {
        assert!(told.contains(expected), "{expected}\n{told}");
    }
    assert!(
        told.contains("\n    9  |   learning_rate: fast\n") || told.contains("    9 |   learning_rate: fast"),
        "{told}"
    );
}

#[test]
fn what_only_the_whole_can_tell_is_told() {
    for (text, expected) in [
        ("", "w.yaml:1:1: manifest: is missing"),
        ("manifest: ../none.yaml\nsources: [{ path: a }]", "none.yaml: can't be read"),
        ("manifest: ../avtobus.yaml\ntrain: { lora: {} }", "w.yaml: sources: is missing"),
        ("manifest: ../avtobus.yaml\nsources: [{ path: a }]", "train: has no lora, but the manifest serves an adapter"),
        (&format!("{MINIMAL}filter: {{ drop_above: 0.5 }}"), ":4:"),
        (&format!("{MINIMAL}filter: {{ model: m, drop_above: 5 }}"), "4:21: filter.keep: the score to drop above is 5"),
        (&format!("{MINIMAL}clean: {{ min_cyrillic: 5 }}"), "4:10: clean.min_cyrillic: `min_cyrillic` is 5"),
        (&MINIMAL.replace("lora: {}", "lora: { r: 0 }"), "3:18: train.lora.r: is 0, expected 1 to 4096"),
    ] {
        let told = read(text).unwrap_err();
        assert!(told.contains(expected), "{expected}\n{told}");
    }
}

#[test]
fn the_workshop_files_that_come_with_the_project_are_sound() {
    for persona in manifest::load_without_tokens(&personas()).into_result().unwrap() {
        let file = file_of(&personas(), persona.name.as_str());
        let workshop = load(&file).unwrap();
        assert_eq!(refusals(&validator(&schema()), &std::fs::read_to_string(&file).unwrap()), [""; 0]);
        assert_eq!(workshop.persona.name, persona.name);
        let HeldOut::Sources(held_out) = &workshop.held_out else { panic!("nothing of its own is held out") };
        for source in workshop.sources.iter().chain(held_out) {
            assert!(source.path.is_file(), "{}", source.path.display());
        }
    }
}

#[test]
fn the_schema_refuses_what_is_refused() {
    let validator = validator(&schema());
    for (more, expected) in [
        ("colour: red", "'colour'"),
        ("held_out: { share: 1 }", "1"),
        ("others: [{ format: csv }]", "path"),
        ("others: [{ path: a, format: parquet }]", "parquet"),
        ("others: [{ path: a, context: -1 }]", "-1"),
        ("eval: 5", "object"),
    ] {
        let text = format!("{MINIMAL}{more}");
        let refused = refusals(&validator, &text);
        assert!(refused.iter().any(|refusal| refusal.contains(expected)), "{more}: {refused:?}");
        assert!(read(&text).is_err(), "{more}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[-0-9a-z{}\\[\\]:,'\"&*!|>%@ .\n]{0,60}") {
        let _ = read(&text);
        let _ = read(&format!("{MINIMAL}eval: {text}"));
        let _ = read(&format!("manifest: ../avtobus.yaml\nsources: [{text}]\ntrain: {{ {text} }}"));
    }
}

#[test]
fn who_was_renamed_is_learned_by_the_new_name() {
    let of = |clean: &str| read(&format!("{MINIMAL}clean: {clean}")).unwrap().train.persona;
    assert_eq!(of("{}"), Vec::<String>::new());
    assert_eq!(of("{ persona: [user1, user2] }"), ["user1", "user2"]);
    assert_eq!(of("{ persona: [user1], rename: true }"), ["persona"]);
}
