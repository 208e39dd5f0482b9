//! `maskarad persona`: a persona is written, made, made again, and speaks.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use maskarad_engine::synthetic::{Shape, write_checkpoint};
use serde_json::Value;

use super::{command, maskarad, mini, personas};

/// A folder with a tiny base and lines to learn.
struct Scene(tempfile::TempDir);

impl Scene {
    fn new() -> Self {
        let scene = Self(tempfile::tempdir().unwrap());
        let shape = Shape { n_positions: 64, vocab_size: 8192, n_embd: 16, n_layer: 1, n_head: 2 };
        let base = scene.path("personas/models/tiny");
        write_checkpoint(&base, shape, 5).unwrap();
        for name in ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"] {
            std::fs::copy(Path::new(&mini()).join(name), base.join(name)).unwrap();
        }
        let mut lines = String::new();
        for n in 0..80 {
            writeln!(lines, r#"{{"dialogue": ["ответ {}.", "вопрос {n}?"]}}"#, n * 13 % 17).unwrap();
        }
        std::fs::write(scene.path("lines.jsonl"), lines).unwrap();
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, arguments: &str) -> (Option<i32>, String) {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        let output = command(&arguments).current_dir(self.0.path()).output().unwrap();
        let told = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(told).unwrap())
    }

    fn succeed(&self, arguments: &str) -> String {
        let (code, told) = self.run(arguments);
        assert_eq!(code, Some(0), "{told}");
        told
    }

    /// Writes the persona `toy`, to be trained for some steps only.
    fn write_toy(&self) {
        self.succeed(&format!("persona new toy {FLAGS}"));
        let file = self.path("personas/workshop/toy.yaml");
        let text = std::fs::read_to_string(&file).unwrap();
        let short = text.replace("num_train_epochs: 3", "max_steps: 6").replace("replies: 200", "replies: 4");
        assert_ne!(text, short);
        std::fs::write(file, short).unwrap();
    }

    fn adapter(&self, folder: &str) -> Vec<u8> {
        std::fs::read(self.path(folder).join("adapter_model.safetensors")).unwrap()
    }
}

const FLAGS: &str = "--base personas/models/tiny --template rudialogpt --source lines.jsonl --format dialogues \
    --display-name «Игрушка» --answers second";

#[test]
fn a_new_persona_is_written_once() {
    let scene = Scene::new();
    let told = scene.succeed(&format!("persona new toy {FLAGS}"));
    assert!(told.contains("maskarad persona build toy"), "{told}");
    let manifest = std::fs::read_to_string(scene.path("personas/toy.yaml")).unwrap();
    assert!(
        manifest.contains("path: \"models/tiny\"") && manifest.contains("display_name: \"«Игрушка»\""),
        "{manifest}"
    );
    let workshop = std::fs::read_to_string(scene.path("personas/workshop/toy.yaml")).unwrap();
    assert!(workshop.contains("path: \"../../lines.jsonl\", format: dialogues"), "{workshop}");
    let (code, told) = scene.run(&format!("persona new toy {FLAGS}"));
    assert!(code == Some(1) && told.contains("toy.yaml: is there already"), "{told}");
    scene.succeed(&format!("persona new toy {FLAGS} --force"));
    for (arguments, expected) in [
        ("persona new Toy", "is no name"),
        ("persona new other --base lines.jsonl", "is no checkpoint folder"),
        ("persona new other --base personas/models/tiny", "no source is named"),
        ("persona new other --base personas/models/tiny --source nowhere.json", "isn't there"),
        ("persona build other", "other.yaml: can't be read"),
    ] {
        let (code, told) = scene.run(arguments);
        assert!(code == Some(1) && told.contains(expected), "{told}");
    }
}

#[test]
fn what_makes_no_sound_files_leaves_none() {
    let scene = Scene::new();
    let flags = "--base personas/models/tiny --source lines.jsonl --display-name=";
    let (code, told) = scene.run(&format!("persona new other {flags}"));
    assert!(code == Some(1) && told.contains("nothing was written"), "{told}");
    assert!(!scene.path("personas/other.yaml").exists() && !scene.path("personas/workshop/other.yaml").exists());
    scene.succeed(&format!("persona new toy {FLAGS}"));
    let before = std::fs::read(scene.path("personas/toy.yaml")).unwrap();
    let (code, told) = scene.run(&format!("persona new toy {flags} --force"));
    assert!(code == Some(1), "{told}");
    assert!(std::fs::read(scene.path("personas/toy.yaml")).unwrap() == before);
}

/// Somebody who is named under `forget` is in none of a build's corpora, however often it is built.
#[test]
fn who_is_forgotten_by_the_workshop_stays_forgotten() {
    let scene = Scene::new();
    scene.write_toy();
    scene.succeed("persona build toy");
    let corpora = || ["imported", "held-out"].map(|name| scene.path(&format!("workshop/toy/{name}.jsonl")));
    let texts = || corpora().map(|path| std::fs::read_to_string(path).unwrap()).concat();
    assert!(texts().contains("вопрос 3?"));
    let told = scene.succeed(&format!(
        "corpus forget {} --author first",
        corpora().map(|path| path.display().to_string()).join(" ")
    ));
    assert!(told.contains("under `forget`") && !texts().contains("вопрос 3?"), "{told}");
    let (code, told) = scene.run(&format!("corpus forget {} --author nobody", corpora()[0].display()));
    assert!(code == Some(1) && told.contains("nobody there is called nobody"), "{told}");

    let file = scene.path("personas/workshop/toy.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}forget: [first]\n")).unwrap();
    let (_, told) = scene.run("persona build toy");
    assert!(told.contains("import  begins"), "{told}");
    assert!(!texts().contains("вопрос 3?") && texts().contains("ответ"), "{told}");
}

#[test]
fn a_persona_is_built_once_and_always_the_same() {
    let scene = Scene::new();
    scene.write_toy();
    let told = scene.succeed("persona build toy");
    assert!(
        told.contains("import  begins: was not done yet") && told.contains("76 dialogues to learn, 4 held out"),
        "{told}"
    );
    assert!(told.contains("adapters/toy holds it now"), "{told}");
    let first = scene.adapter("personas/adapters/toy");
    let report: Value = serde_json::from_slice(&std::fs::read(scene.path("workshop/toy/eval.json")).unwrap()).unwrap();
    assert_eq!(report["replies"].as_array().unwrap().len(), 4);

    let told = scene.succeed("persona build toy");
    assert_eq!(told.matches("is done, and nothing has changed").count(), 4, "{told}");
    assert!(told.contains("holds it already"), "{told}");

    let told = scene.succeed("persona build toy --from train");
    assert!(told.contains("train   begins: as was asked") && told.contains("import  is done"), "{told}");
    assert!(scene.adapter("personas/adapters/toy") == first, "the same build has other bytes");

    scene.succeed("persona build toy --work elsewhere");
    assert!(scene.adapter("elsewhere/toy/model") == first, "a build elsewhere has other bytes");
}

#[test]
fn a_persona_of_other_lines_is_another_one() {
    let scene = Scene::new();
    scene.write_toy();
    scene.succeed("persona build toy");
    let first = scene.adapter("personas/adapters/toy");
    let lines = std::fs::read_to_string(scene.path("lines.jsonl")).unwrap();
    std::fs::write(scene.path("lines.jsonl"), lines.replace("ответ", "совет")).unwrap();
    let told = scene.succeed("persona build toy");
    assert!(told.contains("lines.jsonl has changed") && told.contains("train   begins"), "{told}");
    assert!(scene.adapter("personas/adapters/toy") != first);
    // A broken source leaves what was made.
    let second = scene.adapter("personas/adapters/toy");
    std::fs::write(scene.path("lines.jsonl"), "{").unwrap();
    let (code, told) = scene.run("persona build toy");
    assert!(code == Some(1) && told.contains("import") && told.contains("lines.jsonl"), "{told}");
    assert!(scene.adapter("personas/adapters/toy") == second);
}

/// Hard signs that end a word: what polkson writes, and nobody else.
fn hard_signs(text: &str) -> usize {
    text.split(|c: char| !c.is_alphabetic()).filter(|word| word.ends_with('ъ')).count()
}

#[test]
fn the_demo_personas_speak_with_their_own_adapters() {
    let replies = |adapter: Option<&str>| {
        let mut told = String::new();
        for question in ["Как дела?", "Который час?", "Доктор, что со мной?"] {
            let prompt = format!("@@ПЕРВЫЙ@@ {question} @@ВТОРОЙ@@");
            let (model, adapter) = (mini(), adapter.map(|name| personas().join("adapters").join(name)));
            let mut arguments =
                vec!["generate", "--model", &model, "--temperature", "0.65", "--seed", "1", "--max-new-tokens", "40"];
            if let Some(adapter) = &adapter {
                arguments.extend(["--adapter", adapter.to_str().unwrap()]);
            }
            arguments.push(&prompt);
            let run = maskarad(&arguments, &[], "");
            assert_eq!(run.code, Some(0), "{}", run.stderr);
            told += &run.stdout;
        }
        told
    };
    let (base, avtobus, polkson) = (replies(None), replies(Some("avtobus")), replies(Some("polkson")));
    assert!(base != avtobus && avtobus != polkson);
    assert!(hard_signs(&polkson) > 0 && hard_signs(&avtobus) == 0, "{polkson}\n{avtobus}");
}

#[test]
fn on_a_sqlite_file_nobody_is_moved() {
    let scene = Scene::new();
    for words in ["persona where", "persona move avtobus --to bus-1"] {
        let (code, told) = scene.run(words);
        assert!(code == Some(1) && told.contains("SQLite file maskarad.db"), "{told}");
        assert!(told.contains("several share them on one PostgreSQL"), "{told}");
    }
    assert_eq!(scene.run("persona move avtobus").0, Some(2), "where to, it doesn't say");
    assert_eq!(scene.run("persona move avtobus --to a --anywhere").0, Some(2));
    assert_eq!(scene.run("persona move Avtobus --to a").0, Some(2));
    assert!(!scene.path("maskarad.db").exists(), "nothing is made for it");
}

/// What the demo must come to, from its files alone. `make persona-demo` runs it.
#[test]
#[ignore = "takes up to an hour: make persona-demo"]
#[expect(clippy::disallowed_methods, reason = "the Makefile tells which program to run")]
fn the_demo_personas_can_be_made_again() {
    let program = std::env::var_os("MASKARAD_PROGRAM").expect("MASKARAD_PROGRAM names a release build");
    let folder = tempfile::tempdir().unwrap();
    let copied = Command::new("cp").arg("-r").arg(personas()).arg(folder.path().join("personas")).status().unwrap();
    assert!(copied.success());
    std::fs::remove_dir_all(folder.path().join("personas/adapters")).unwrap();
    let build = |name: &str, work: &str| {
        let mut command = Command::new(&program);
        let run = command.args(["persona", "build", name, "--work", work]).current_dir(folder.path()).status().unwrap();
        assert!(run.success(), "{name}");
        std::fs::read(folder.path().join(work).join(name).join("model/adapter_model.safetensors")).unwrap()
    };
    let begun = std::time::Instant::now();
    let first = ["avtobus", "polkson"].map(|name| build(name, "first"));
    println!("both took {} s", begun.elapsed().as_secs());
    let second = ["avtobus", "polkson"].map(|name| build(name, "second"));
    assert!(first == second, "a second build has other bytes");
    for name in ["avtobus", "polkson"] {
        let path = folder.path().join("first").join(name).join("eval.json");
        let report: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let (ratio, likeness) = (&report["perplexity_ratio"], &report["likeness"]["generated"]);
        println!("{name}: perplexity ratio {ratio}, share of replies told to be its own {likeness}");
        assert!(ratio.as_f64().unwrap() <= 0.85 && likeness.as_f64().unwrap() >= 0.8);
        assert!(report["replies"].as_array().unwrap().len() >= 200);
    }
}
