//! `maskarad corpus import` of boards, posts, texts and tables: that its options reach the readers.

use super::maskarad;

/// Imports a file of this name; returns what was told and the corpus.
fn imported(name: &str, text: &str, more: &[&str]) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join(name), folder.path().join("corpus.jsonl"));
    std::fs::write(&input, text).unwrap();
    let paths = [&input, &output].map(|path| path.to_str().unwrap());
    let run = maskarad(&[&["corpus", "import", paths[0], "-o", paths[1]], more].concat(), &[], "");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    (run.stdout, std::fs::read_to_string(output).unwrap())
}

#[test]
fn options_reach_the_readers() {
    let lines = |name: &str, text: &str, more: &[&str]| imported(name, text, more).1.lines().count();
    let plain = "раз\n\nдва\n***\nтри\n";
    assert_eq!(lines("x.txt", plain, &[]), 2);
    assert_eq!(lines("x.txt", plain, &["--separator", "***"]), 2);
    let whole = imported("x.txt", plain, &["--separator", "***", "--whole"]).1;
    assert!(whole.contains("раз\\n\\nдва"), "{whole}");
    let dialogue = "{\"dialogue\":[\"два\",\"раз\"]}";
    let newest_first = imported("x.jsonl", dialogue, &["--newest-only"]).1;
    assert!(newest_first.find("раз") < newest_first.find("два") && newest_first.contains("\"context\":true"));
    let oldest_first = imported("x.jsonl", dialogue, &["--oldest-first"]).1;
    assert!(oldest_first.find("раз") > oldest_first.find("два") && !oldest_first.contains("context"));
    assert_eq!(lines("x.csv", "context_1,response\nраз,два\n", &[]), 1);
    let thread = "{\"threads\":[{\"posts\":[{\"num\":1,\"comment\":\"раз\"},{\"num\":2,\"comment\":\"два\"}]}]}";
    assert_eq!(lines("x.json", thread, &[]), 0);
    assert_eq!(lines("x.json", thread, &["--unaddressed"]), 1);
    assert_eq!(lines("x.json", thread, &["--unaddressed", "--min-replies", "2"]), 0);
    let post = "{\"name\":\"к\",\"type\":\"public_channel\",\"id\":5,\"messages\":[{\"id\":1,\"type\":\"message\",\
                \"date\":\"2024-01-01T12:00:00\",\"from\":\"к\",\"from_id\":\"channel5\",\"text\":\"СЕГОДНЯ\\nСИДИШЬ\\nt.me/x\"}]}";
    let kept = imported("result.json", post, &["--format", "posts", "--header", "сегодня"]).1;
    assert!(kept.contains("\"text\":\"СИДИШЬ\""), "{kept}");
    let kept = imported("result.json", post, &["--format", "posts", "--keep-links"]).1;
    assert!(kept.contains("\"text\":\"СЕГОДНЯ\\nСИДИШЬ\\nt.me/x\""), "{kept}");
    assert_eq!(lines("result.json", post, &["--format", "posts", "--min-length", "100"]), 0);
}

#[test]
fn a_board_that_is_away_is_code_1() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("corpus.jsonl");
    let output = output.to_str().unwrap();
    let run = maskarad(&["corpus", "import", "https://user:secret@example.org/b/", "-o", output], &[], "");
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("the board's address") && !run.stderr.contains("secret"), "{}", run.stderr);
    for wrong in [["--pause", "-1"], ["--pause", "x"], ["--min-replies", "x"]] {
        let run = maskarad(&[&["corpus", "import", "x.json", "-o", output][..], &wrong].concat(), &[], "");
        assert_eq!(run.code, Some(2), "{wrong:?}");
    }
}
