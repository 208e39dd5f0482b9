use std::io::Write;

use super::{command, mini, personas};

/// Runs the program for a reader that has hung up before the first word.
fn unread(arguments: &[&str], stdin: &str) -> (Option<i32>, String) {
    let mut child = command(arguments).env("MASKARAD_LOG", "warn").spawn().unwrap();
    drop(child.stdout.take());
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_reader_that_hangs_up_ends_the_program_quietly() {
    let (folder, mini) = (personas(), mini());
    let folder = folder.to_str().unwrap();
    for arguments in [
        &["check", "--personas", folder][..],
        &["chat", "avtobus", "--seed", "1", "--personas", folder],
        &["generate", "--model", &mini, "--max-new-tokens", "3"],
        &["generate", "--model", &mini, "--max-new-tokens", "3", "--json"],
    ] {
        assert_eq!(unread(arguments, "Привет\n"), (Some(141), String::new()), "{arguments:?}");
    }
}
