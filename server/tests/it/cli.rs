//! The built program, as people run it.

mod backup;
mod chat;
mod check;
mod doctor;
mod eval;
mod filter;
mod forget;
mod generate;
mod import;
mod import_others;
mod model;
mod output;
mod persona;
mod replay;
mod schema;
mod serve;
mod status;
mod train;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a run of the program left.
struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// The program with an environment that holds no more than where its cache is, and pipes to talk through.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_maskarad"));
    command.args(arguments).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env("MASKARAD_CACHE", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"));
    command
}

/// Runs the program in an empty folder.
fn maskarad(arguments: &[&str], variables: &[(&str, &str)], stdin: &str) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let mut child = command(arguments).envs(variables.iter().copied()).current_dir(folder.path()).spawn().unwrap();
    // A program that has refused already doesn't read what it is told.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The manifests that come with the project.
fn personas() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../personas").canonicalize().unwrap()
}

/// The demo checkpoint.
fn mini() -> String {
    personas().join("models/mini-ru").to_str().unwrap().to_owned()
}

/// A folder with these manifests, whose models are the demo checkpoint.
fn manifests(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text.replace("MINI", &mini())).unwrap();
    }
    folder
}

#[test]
fn help_is_useful_and_nonsense_is_code_2() {
    let help = maskarad(&["--help"], &[], "");
    assert_eq!(help.code, Some(0));
    for word in ["serve", "check", "chat", "generate", "backup", "forget", "Examples:", "maskarad chat avtobus"] {
        assert!(help.stdout.contains(word), "{word}");
    }
    for arguments in [&["dance"][..], &[], &["generate"], &["generate", "--model", "x", "--logits", "a"]] {
        assert_eq!(maskarad(arguments, &[], "").code, Some(2), "{arguments:?}");
    }
}

#[test]
fn broken_settings_stop_every_command_with_all_that_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("m.yaml");
    std::fs::write(&file, "engine: { threads: none }\nlog: { format: xml }").unwrap();
    let run = maskarad(&["check", "--config", file.to_str().unwrap()], &[], "");
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("m.yaml:1:20: engine.threads: expected"), "{}", run.stderr);
    assert!(run.stderr.contains("m.yaml:2:16: log.format: expected human, json or journald"), "{}", run.stderr);
}
