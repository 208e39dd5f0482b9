//! Files that `maskarad corpus import` reads, other than Telegram's: any bytes become sound dialogues or are refused.

use std::path::Path;

use maskarad_trainer::corpus::import::{
    Dropped, Format, ImportError, ImportOptions, board, dialogues, plain, table, utterances,
};
use maskarad_trainer::corpus::record::{Dialogue, Reader};

use super::Target;

pub(super) const BOARD: Target = Target {
    name: "board",
    run: |data| tried(data, Format::Board),
    words: &[
        "{\"board\":{\"id\":\"b\"},\"threads\":[{\"posts\":[",
        "{\"num\":2,\"comment\":\"",
        "\"num\":\"3\",",
        "\"op\":1,",
        "\"timestamp\":1700000000,",
        "\"date\":\"15/11/23 Срд 01:13:20\",",
        "<a href=\\\"/b/res/1.html#2\\\" class=\\\"post-reply-link\\\" data-num=\\\"2\\\">",
        "&gt;&gt;2",
        ">>1 (OP)",
        "<br>",
        "</a>",
        "<span class=\\\"unkfunc\\\">&gt;",
        "<script>",
        "<!--",
        "бамп",
        "&#x1F600;",
        "\\ud83d\\ude00",
        "18446744073709551615",
        "null",
    ],
};

pub(super) const PLAIN: Target = Target {
    name: "plain",
    run: |data| tried(data, Format::Plain),
    words: &["- ", "— ", "-\n", "\n\n", "\r\n", "***\n", "\u{feff}", "привет", "\u{a0}"],
};

pub(super) const DIALOGUES: Target = Target {
    name: "dialogues",
    run: |data| tried(data, Format::Dialogues),
    words: &["{\"dialogue\": [", "\"раз\", ", "\"\"", "]}\n", "null", "\\n", "\\ud800", "\r\n"],
};

pub(super) const UTTERANCES: Target = Target {
    name: "utterances",
    run: |data| tried(data, Format::Utterances),
    words: &[
        "{\"play\": \"p\", ",
        "\"speaker\": \"А\", ",
        "\"text\": \"раз\"}\n",
        "\"\"",
        "null",
        "\\n",
        "{\"play\":\"q\",",
    ],
};

pub(super) const TABLE: Target = Target {
    name: "table",
    run: |data| tried(data, Format::Csv),
    words: &[
        "context_2,context_1,response\n",
        "context_3,",
        "response",
        ",",
        "\"",
        "\"\"",
        "\r\n",
        "а,б,в\n",
        "\u{feff}",
    ],
};

fn tried(data: &[u8], format: Format) {
    let folder = tempfile::tempdir().expect("there is room for a file");
    let path = folder.path().join("input");
    std::fs::write(&path, data).expect("there is room for a file");
    for options in variants(format) {
        let first = read(&path, &options);
        assert_eq!(first, read(&path, &options), "two readings differ");
        match first {
            Ok((dialogues, _)) => dialogues.iter().for_each(sound),
            Err(error) => assert!(error.starts_with(&path.display().to_string()), "{error}"),
        }
    }
}

/// The usual options, and those that lead elsewhere.
fn variants(format: Format) -> [ImportOptions; 2] {
    let usual = ImportOptions { format, ..ImportOptions::default() };
    let mut other = usual.clone();
    other.rules.context = 0;
    other.board.unaddressed = true;
    other.plain = plain::Options { separator: "***".to_owned(), whole: true };
    other.dialogues.newest_only = true;
    [usual, other]
}

fn read(path: &Path, options: &ImportOptions) -> Result<(Vec<Dialogue>, Dropped), String> {
    let (mut dropped, mut dialogues) = (Dropped::default(), Vec::new());
    let mut sink = |dialogue| {
        dialogues.push(dialogue);
        Ok(())
    };
    let read = match options.format {
        Format::Board => board::read,
        Format::Plain => plain::read,
        Format::Dialogues => dialogues::read,
        Format::Utterances => utterances::read,
        _ => table::read,
    };
    let result = read(path, options, &mut dropped, &mut sink);
    result.map(|()| (dialogues, dropped)).map_err(|error: ImportError| error.to_string())
}

/// What the steps after the import rely on.
fn sound(dialogue: &Dialogue) {
    let last = dialogue.turns.last().expect("a dialogue has turns");
    assert!(!last.context, "nothing is learned from the last turn");
    assert!(dialogue.turns.iter().all(|turn| !turn.text.trim().is_empty()), "a turn is empty");
    let line = serde_json::to_string(dialogue).expect("a dialogue can be written");
    let again = Reader::new(Path::new("line"), line.as_bytes()).next().expect("a line is there");
    assert_eq!(&again.expect("what was written can be read"), dialogue);
}
