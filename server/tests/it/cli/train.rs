//! `maskarad train`, whole runs: killed, stopped, told something else.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use maskarad_engine::synthetic::{Shape, write_checkpoint};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::{command, maskarad, mini};

/// A folder with a tiny base and a corpus.
struct Scene(tempfile::TempDir);

impl Scene {
    fn new() -> Self {
        let scene = Self(tempfile::tempdir().unwrap());
        let shape = Shape { n_positions: 64, vocab_size: 8192, n_embd: 16, n_layer: 1, n_head: 2 };
        let base = scene.path("base");
        write_checkpoint(&base, shape, 5).unwrap();
        for name in ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"] {
            std::fs::copy(Path::new(&mini()).join(name), base.join(name)).unwrap();
        }
        let mut corpus = String::new();
        for n in 0..80 {
            writeln!(
                corpus,
                r#"{{"source":"test","turns":[{{"author":{{"id":"a"}},"text":"вопрос {n}?"}},{{"author":{{"id":"b"}},"text":"ответ {}."}}]}}"#,
                n * 13 % 17
            )
            .unwrap();
        }
        std::fs::write(scene.path("c.jsonl"), corpus).unwrap();
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The flags of a short run into the folder `out`.
    fn flags(&self, out: &str, more: &[&str]) -> Vec<String> {
        let told = |name: &str| self.path(name).to_str().unwrap().to_owned();
        let mut flags = vec!["train".to_owned(), "--corpus".to_owned(), told("c.jsonl"), "--out".to_owned(), told(out)];
        if !more.contains(&"--from-scratch") {
            flags.extend(["--base".to_owned(), told("base")]);
        }
        let course = "--template rudialogpt --max-steps 40 --save-steps 4 --eval-steps 8 --validation 0.2 \
            --learning-rate 1e-3 --warmup-steps 5 --gradient-accumulation-steps 2 --per-device-train-batch-size 4";
        let said = |flag: &str| more.contains(&flag);
        let mut words = course.split_whitespace();
        while let (Some(flag), Some(value)) = (words.next(), words.next()) {
            if !said(flag) {
                flags.extend([flag.to_owned(), value.to_owned()]);
            }
        }
        flags.extend(more.iter().map(|flag| (*flag).to_owned()));
        flags
    }

    fn train(&self, out: &str, more: &[&str]) -> super::Run {
        let flags = self.flags(out, more);
        maskarad(&flags.iter().map(String::as_str).collect::<Vec<_>>(), &[], "")
    }

    fn begin(&self, out: &str, more: &[&str]) -> Child {
        let flags = self.flags(out, more);
        command(&flags.iter().map(String::as_str).collect::<Vec<_>>()).spawn().unwrap()
    }

    /// The files of a finished run.
    fn files(&self, out: &str) -> BTreeMap<String, Vec<u8>> {
        let entries = std::fs::read_dir(self.path(out)).unwrap().map(|entry| entry.unwrap().path());
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        entries.filter(|path| path.is_file()).map(|path| (name(&path), std::fs::read(&path).unwrap())).collect()
    }

    fn assert_same(&self, one: &str, other: &str) {
        let (one, other) = (self.files(one), self.files(other));
        assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
        for (name, bytes) in one {
            assert!(bytes == other[&name], "{name} differs");
        }
    }
}

fn done(run: &super::Run) {
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

/// Kills ten runs at random moments of a whole run's time, and lets the eleventh come to its end.
fn kill_ten_times(scene: &Scene, more: &[&str]) {
    let begun = Instant::now();
    done(&scene.train("whole", more));
    let whole = begun.elapsed().as_millis() as u64;
    let mut random = StdRng::seed_from_u64(whole);
    let mut kills = 0;
    while kills < 10 {
        let mut child = scene.begin("killed", more);
        std::thread::sleep(Duration::from_millis(random.random_range(whole / 20..whole)));
        // A run that was quicker than that is begun anew: ten kills are wanted.
        kills += u32::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
        if scene.path("killed/summary.json").exists() && kills < 10 {
            scene.assert_same("killed", "whole");
            std::fs::remove_dir_all(scene.path("killed")).unwrap();
        }
    }
    done(&scene.train("killed", more));
    scene.assert_same("killed", "whole");
}

#[test]
fn a_run_killed_ten_times_comes_to_the_same_bytes() {
    kill_ten_times(&Scene::new(), &[]);
}

#[test]
fn so_does_an_adapter_s() {
    kill_ten_times(&Scene::new(), &["--lora", "--lora-r", "4", "--lora-dropout", "0.1", "--packing"]);
}

#[test]
fn a_stopped_run_says_so_and_goes_on() {
    let scene = Scene::new();
    let long = ["--max-steps", "400"];
    done(&scene.train("whole", &long));
    let child = scene.begin("stopped", &long);
    while !scene.path("stopped/losses.jsonl").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(Command::new("kill").args(["-s", "TERM", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains("of 400; the same command goes on from there"), "{told}");
    done(&scene.train("stopped", &long));
    scene.assert_same("stopped", "whole");
}

#[test]
fn another_run_is_refused_by_name() {
    let scene = Scene::new();
    done(&scene.train("out", &[]));
    let run = scene.train("out", &["--seed", "7"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("another seed") && run.stderr.contains("--restart"), "{}", run.stderr);
    done(&scene.train("out", &["--seed", "7", "--restart"]));
    done(&scene.train("fresh", &["--seed", "7"]));
    scene.assert_same("out", "fresh");
}

#[test]
fn what_is_trained_can_be_spoken_with() {
    let scene = Scene::new();
    let shape = ["--from-scratch", "--layers", "2", "--width", "32", "--heads", "2", "--positions", "64"];
    done(&scene.train("new", &[&shape[..], &["--vocab-size", "400", "--loss", "all", "--packing"]].concat()));
    for name in ["config.json", "model.safetensors", "tokenizer.json", "vocab.json", "merges.txt", "loss.svg"] {
        assert!(scene.path("new").join(name).exists(), "{name}");
    }
    let model = scene.path("new");
    let run = maskarad(&["generate", "--model", model.to_str().unwrap(), "--greedy", "@@ПЕРВЫЙ@@ вопрос"], &[], "");
    done(&run);
}

#[test]
fn bad_input_is_told_with_its_place() {
    let scene = Scene::new();
    std::fs::write(scene.path("c.jsonl"), "{\"source\":\"x\"}\n").unwrap();
    let run = scene.train("out", &[]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("c.jsonl:1: "), "{}", run.stderr);
    let run = scene.train("out", &["--dropout", "2", "--restart"]);
    assert!(run.stderr.contains("dropout: is 2, expected 0 to 0.95"), "{}", run.stderr);
    std::fs::remove_file(scene.path("base/tokenizer.json")).unwrap();
    let run = scene.train("out2", &[]);
    assert!(run.stderr.contains("has no tokenizer"), "{}", run.stderr);
}
