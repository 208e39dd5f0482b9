//! Exports of Telegram Desktop, real in form and made up in content, become corpora.

mod account;
mod html;
mod malformed;
mod oddities;
mod synthetic;

use std::path::{Path, PathBuf};

use maskarad_trainer::corpus::import::{ImportOptions, ImportReport, import};
use maskarad_trainer::corpus::record::{Dialogue, Reader};
use maskarad_trainer::progress::Silent;

/// A folder for an export, and the corpus that is made of it.
struct Scene(tempfile::TempDir);

impl Scene {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn output(&self) -> PathBuf {
        self.path().join("out/corpus.jsonl")
    }

    /// Imports the folder, or a file of it.
    fn import(&self, input: &str, options: &ImportOptions) -> Result<(ImportReport, Vec<Dialogue>), String> {
        let report = import(&[self.path().join(input)], &self.output(), options, &Silent);
        let report = report.map_err(|error| error.to_string())?;
        let dialogues = Reader::open(&self.output()).unwrap().collect::<Result<_, _>>().unwrap();
        Ok((report, dialogues))
    }
}

/// Imports one chat's messages, given as the inside of a JSON array.
fn chat(messages: &str) -> (ImportReport, Vec<String>) {
    let scene = Scene::new();
    scene.write("result.json", format!(r#"{{"name":"Чат","type":"personal_chat","id":7,"messages":[{messages}]}}"#));
    let (report, dialogues) = scene.import("result.json", &ImportOptions::default()).unwrap();
    (report, dialogues.iter().map(shown).collect())
}

/// A dialogue in a line: `(user1) вопрос / user2: ответ`; what stands in brackets is context.
fn shown(dialogue: &Dialogue) -> String {
    let turn = |turn: &maskarad_trainer::corpus::record::Turn| {
        let author = if turn.context { format!("({})", turn.author.id) } else { format!("{}:", turn.author.id) };
        format!("{author} {}", turn.text.replace('\n', "⏎"))
    };
    dialogue.turns.iter().map(turn).collect::<Vec<_>>().join(" / ")
}

/// A message of JSON: number, author, time of a day in January, and further keys with a comma before them.
fn message(id: i64, author: u32, clock: &str, text: &str, more: &str) -> String {
    format!(
        r#"{{"id":{id},"type":"message","date":"2024-01-{clock}","from":"Кто {author}","from_id":"user{author}","text":{text:?}{more}}}"#
    )
}
