//! `maskarad corpus import`: what it tells, how much memory and time it takes, and that being killed does no harm.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use maskarad_testbed::export::{ExportSpec, write_chat, write_pages};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::{command, maskarad};

/// Writes a chat of so many messages.
fn export(folder: &Path, messages: u64) -> PathBuf {
    let path = folder.join(format!("{messages}.json"));
    let mut file = BufWriter::new(File::create(&path).unwrap());
    write_chat(ExportSpec::new(7, messages), &mut file).unwrap();
    file.flush().unwrap();
    path
}

fn import(input: &Path, output: &Path) -> Child {
    let paths = [input, output].map(|path| path.to_str().unwrap());
    command(&["corpus", "import", paths[0], "--output", paths[1]]).spawn().unwrap()
}

/// Waits for its end; returns the most memory that it used, in KiB.
fn peak(mut child: Child) -> u64 {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let told = std::fs::read_to_string(&status).unwrap_or_default();
        let line = told.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        peak = line.split_whitespace().next().and_then(|kib| kib.parse().ok()).unwrap_or(0).max(peak);
        std::thread::sleep(Duration::from_millis(2));
    }
    let mut complaint = String::new();
    child.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
    assert!(child.wait().unwrap().success(), "{complaint}");
    peak
}

#[test]
fn two_hundred_thousand_messages_in_flat_memory() {
    let folder = tempfile::tempdir().unwrap();
    let [small, large] = [40_000, 200_000].map(|messages| export(folder.path(), messages));
    let output = folder.path().join("corpus.jsonl");
    let few = peak(import(&small, &output));
    let begun = Instant::now();
    let many = peak(import(&large, &output));
    let took = begun.elapsed();
    let mebibytes = std::fs::metadata(&large).unwrap().len() >> 20;
    println!("200,000 messages, {mebibytes} MiB: {took:.2?}; at most {many} KiB, 40,000 messages {few} KiB");
    assert!(few > 0 && many < few + 8 * 1024, "{few} KiB became {many} KiB");
    assert!(took < Duration::from_secs(60), "took {took:?}");
}

#[test]
fn killed_at_ten_moments_it_gives_the_same_file_in_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let input = export(folder.path(), 30_000);
    let undisturbed = folder.path().join("undisturbed.jsonl");
    let begun = Instant::now();
    peak(import(&input, &undisturbed));
    let (took, expected) = (begun.elapsed(), std::fs::read(&undisturbed).unwrap());
    let output = folder.path().join("out/corpus.jsonl");
    std::fs::create_dir(output.parent().unwrap()).unwrap();
    std::fs::write(&output, "earlier").unwrap();
    let mut random = StdRng::seed_from_u64(5);
    let mut cut_short = 0;
    for _ in 0..10 {
        let mut child = import(&input, &output);
        std::thread::sleep(took.mul_f64(random.random_range(0.0..1.0)));
        child.kill().unwrap();
        cut_short += u32::from(!child.wait().unwrap().success());
        let found = std::fs::read(&output).unwrap();
        assert!(found == b"earlier" || found == expected, "half a corpus of {} bytes stands there", found.len());
    }
    assert!(cut_short > 0, "none of them was killed in time");
    peak(import(&input, &output));
    assert!(std::fs::read(&output).unwrap() == expected);
    let left: Vec<_> =
        std::fs::read_dir(output.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, [output], "nothing of the killed ones is left");
}

#[test]
fn an_export_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let input = export(folder.path(), 200);
    let before = std::fs::read(&input).unwrap();
    let input = input.to_str().unwrap();
    let run = maskarad(&["corpus", "import", input, "-o", input], &[], "");
    assert!(run.code == Some(1) && run.stderr.contains("write the corpus to another file"), "{}", run.stderr);
    assert!(std::fs::read(input).unwrap() == before);
}

#[test]
fn it_tells_what_it_kept_and_what_not() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (export(folder.path(), 2000), folder.path().join("corpus.jsonl"));
    let [input, output] = [&input, &output].map(|path| path.to_str().unwrap());
    let run = maskarad(&["corpus", "import", input, "-o", output, "--format", "telegram"], &[], "");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    for words in ["dialogues\n", "messages to learn from\n", "left out, of which\n", "  forward\n", "  sticker\n"] {
        assert!(run.stdout.contains(words), "{}", run.stdout);
    }
    let told = maskarad(&["corpus", "import", input, "--output", output, "--json"], &[], "");
    let report: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    let lines = std::fs::read_to_string(output).unwrap().lines().count();
    assert_eq!(report["dialogues"], lines);
    assert!(report["dropped"]["service message"].as_u64().unwrap() > 0);
}

#[test]
fn pages_are_imported_from_their_folder_and_options_reach_the_pairing() {
    let folder = tempfile::tempdir().unwrap();
    write_pages(ExportSpec::new(3, 200), 50, folder.path()).unwrap();
    let output = folder.path().join("corpus.jsonl");
    let [input, output] = [folder.path(), &output].map(|path| path.to_str().unwrap());
    let report = |more: &[&str]| {
        let arguments = [&["corpus", "import", input, "-o", output, "--json"], more].concat();
        let run = maskarad(&arguments, &[], "");
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        serde_json::from_str::<serde_json::Value>(&run.stdout).unwrap()
    };
    let alone = report(&["--context", "0", "--burst", "0"]);
    assert_eq!((&alone["turns"], alone["joined"].as_u64().unwrap() < 5), (&alone["messages"], true));
    assert!(report(&[])["joined"].as_u64() > alone["joined"].as_u64());
    assert!(report(&["--gap", "60"])["turns"].as_u64() > report(&["--gap", "0.1"])["turns"].as_u64());
}

#[test]
fn what_cannot_be_imported_is_code_1_and_leaves_the_earlier_corpus() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("result.json"), folder.path().join("corpus.jsonl"));
    std::fs::write(&input, "{\"messages\":[\n{\"id\":\"тайна\"}]}").unwrap();
    std::fs::write(&output, "earlier").unwrap();
    let paths = [&input, &output].map(|path| path.to_str().unwrap());
    let run = maskarad(&["corpus", "import", paths[0], "-o", paths[1]], &[("RUST_LOG", "trace")], "");
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    assert!(run.stderr.contains("result.json:2:"), "{}", run.stderr);
    assert!(!run.stderr.contains("тайна"), "{}", run.stderr);
    assert_eq!(std::fs::read_to_string(&output).unwrap(), "earlier");
    for wrong in [&["--gap", "-1"], &["--gap", "x"], &["--format", "dance"], &["--burst", "NaN"]] {
        let arguments = [&["corpus", "import", paths[0], "-o", paths[1]][..], wrong].concat();
        assert_eq!(maskarad(&arguments, &[], "").code, Some(2), "{wrong:?}");
    }
}
