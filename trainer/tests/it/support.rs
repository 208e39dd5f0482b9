//! What the tests share: where things are, and short ways to make and read corpora.

use std::path::{Path, PathBuf};

use maskarad_trainer::corpus::record::{Author, Dialogue, Reader, Turn, Writer};

/// Something in the data beside the repository, where that is there.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    if shared.is_dir() {
        return Some(shared.join(path));
    }
    println!("skipped: ../shared not found");
    None
}

/// Something in this crate's own test data.
pub(crate) fn own(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(path)
}

pub(crate) fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A dialogue whose turns are by two people in turn.
pub(crate) fn dialogue(texts: &[&str]) -> Dialogue {
    let turn = |(place, text): (usize, &&str)| Turn {
        author: Author { id: format!("user{}", place % 2), name: None },
        time: None,
        text: (*text).to_owned(),
        context: false,
    };
    Dialogue { source: "test".to_owned(), turns: texts.iter().enumerate().map(turn).collect(), toxicity: None }
}

pub(crate) fn write_corpus(path: &Path, dialogues: &[Dialogue]) {
    let mut writer = Writer::create(path).unwrap();
    dialogues.iter().for_each(|dialogue| writer.write(dialogue).unwrap());
    writer.commit().unwrap();
}

pub(crate) fn read_corpus(path: &Path) -> Vec<Dialogue> {
    Reader::open(path).unwrap().map(Result::unwrap).collect()
}
