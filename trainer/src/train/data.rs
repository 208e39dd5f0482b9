//! A corpus as rows of token ids, in memory: four bytes a token. Knows templates only through their writer.

use std::path::Path;

use maskarad_dialog::{Format, Lesson, LessonError, Markers, Side, Told, Writer};
use maskarad_engine::Tokenizer;

use super::RunError;
use super::options::{LossOn, TrainOptions};
use super::split::Split;
use crate::corpus::record::{Dialogue, Reader};
use crate::progress::Progress;

/// Set in an id that is learned. No vocabulary is so large.
const LEARNED: u32 = 1 << 31;

/// How often the progress is told, in dialogues.
const TOLD_EVERY: u64 = 256;

/// Rows of token ids, one after the other.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Rows {
    /// Ids, each with whether it is learned.
    tokens: Vec<u32>,
    /// Where each row ends.
    ends: Vec<usize>,
}

impl Rows {
    /// Adds a row.
    pub fn push(&mut self, ids: &[u32], learned: impl Fn(usize) -> bool) {
        let marked = ids.iter().enumerate().map(|(at, id)| if learned(at) { id | LEARNED } else { *id });
        self.tokens.extend(marked);
        self.ends.push(self.tokens.len());
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Tokens of all rows.
    #[must_use]
    pub fn token_count(&self) -> usize {
        self.tokens.len()
    }

    /// One row, as `Rows` keeps it; see [`id`] and [`is_learned`].
    #[must_use]
    pub fn row(&self, index: usize) -> &[u32] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.tokens[start..self.ends[index]]
    }
}

/// The id of a kept token.
#[must_use]
pub fn id(token: u32) -> u32 {
    token & !LEARNED
}

/// Whether a kept token is learned.
#[must_use]
pub fn is_learned(token: u32) -> bool {
    token & LEARNED != 0
}

/// What is learned, and what is held out.
#[derive(Debug, Default)]
pub struct Data {
    /// Rows to learn.
    pub train: Rows,
    /// Rows to judge by.
    pub validation: Rows,
    /// Dialogues that were read.
    pub dialogues: u64,
    /// Those of them that had nothing to learn.
    pub empty: u64,
}

/// Writes dialogues as rows of at most so many tokens.
#[derive(Debug)]
pub struct Encoder<'a> {
    /// The options of the run.
    pub options: &'a TrainOptions,
    /// The template.
    pub format: &'a Format,
    /// The base's tokenizer.
    pub tokenizer: &'a Tokenizer,
    /// Tokens of a row at most.
    pub block: usize,
}

impl Encoder<'_> {
    /// Reads the corpora of a run.
    ///
    /// # Errors
    /// A corpus that can't be read, has a bad line, or holds nothing to learn.
    pub fn read(&self, progress: &dyn Progress) -> Result<Data, RunError> {
        let mut data = Data::default();
        let options = self.options;
        let share = if options.validation_file.is_some() { 0.0 } else { options.validation };
        let split = Split::new(share, options.seed);
        self.read_file(&options.corpus, &mut data, progress, |dialogue| split.holds_out(dialogue))?;
        if data.train.is_empty() {
            let mend = if data.dialogues > 0 && data.empty < data.dialogues {
                "all of them are held out; lower `validation`"
            } else {
                "check whom `persona` names, and that the template's answers follow questions"
            };
            return Err(RunError::NothingToLearn { path: options.corpus.clone(), dialogues: data.dialogues, mend });
        }
        if let Some(path) = &options.validation_file {
            self.read_file(path, &mut data, progress, |_| true)?;
        }
        Ok(data)
    }

    fn read_file(
        &self,
        path: &Path,
        data: &mut Data,
        progress: &dyn Progress,
        holds_out: impl Fn(&Dialogue) -> bool,
    ) -> Result<(), RunError> {
        let markers = Markers::new(&self.format.template, self.tokenizer);
        let writer = Writer::new(&self.format.template, &self.format.rules, self.tokenizer, &markers);
        progress.begin("reading the corpus", None);
        let mut reader = Reader::open(path)?;
        while let Some(dialogue) = reader.next().transpose()? {
            let located = |source| RunError::Lesson { path: path.to_owned(), line: reader.line(), source };
            let lessons = self.lessons(&writer, &dialogue).map_err(located)?;
            data.dialogues += 1;
            data.empty += u64::from(lessons.is_empty());
            let rows = if holds_out(&dialogue) { &mut data.validation } else { &mut data.train };
            for lesson in lessons {
                rows.push(&lesson.ids, |at| self.options.loss == LossOn::All || lesson.answer[at]);
            }
            if data.dialogues.is_multiple_of(TOLD_EVERY) {
                progress.at(data.dialogues);
            }
        }
        progress.end();
        Ok(())
    }

    fn lessons(&self, writer: &Writer<'_>, dialogue: &Dialogue) -> Result<Vec<Lesson>, LessonError> {
        let most = if self.options.packing { usize::MAX } else { self.block };
        writer.lessons(&told(dialogue, &self.options.persona), most)
    }
}

/// A dialogue as the templates want it. Without a `persona`, whoever said the last word is it.
#[must_use]
pub fn told(dialogue: &Dialogue, persona: &[String]) -> Vec<Told> {
    let last = dialogue.turns.last().map(|turn| &turn.author);
    let is_persona = |author| match persona {
        [] => Some(author) == last,
        named => named.iter().any(|name| author.is(name)),
    };
    let turns = dialogue.turns.iter().map(|turn| Told {
        side: if is_persona(&turn.author) { Side::Persona } else { Side::Others },
        text: turn.text.clone(),
        learned: !turn.context,
    });
    turns.collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use maskarad_dialog::Template;

    use super::*;
    use crate::corpus::record::Writer as CorpusWriter;
    use crate::corpus::record::{Author, Turn};
    use crate::progress::Silent;

    fn turn(author: &str, text: &str) -> Turn {
        let author = Author { id: author.to_owned(), name: None };
        Turn { author, time: None, text: text.to_owned(), context: false }
    }

    fn tokenizer() -> Tokenizer {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../personas/models/mini-ru");
        Tokenizer::from_folder(&folder).unwrap().unwrap()
    }

    fn read(dialogues: &[Vec<Turn>], change: impl Fn(&mut TrainOptions)) -> Result<Data, RunError> {
        let folder = tempfile::tempdir().unwrap();
        let corpus = folder.path().join("c.jsonl");
        let mut writer = CorpusWriter::create(&corpus).unwrap();
        for turns in dialogues {
            writer.write(&Dialogue { source: String::new(), turns: turns.clone(), toxicity: None }).unwrap();
        }
        writer.commit().unwrap();
        let mut options = TrainOptions { corpus, validation: 0.0, ..TrainOptions::default() };
        change(&mut options);
        let (format, tokenizer) = (Format::of(Template::Rudialogpt), tokenizer());
        Encoder { options: &options, format: &format, tokenizer: &tokenizer, block: 64 }.read(&Silent)
    }

    fn learned(rows: &Rows, row: usize) -> String {
        let ids: Vec<u32> = rows.row(row).iter().filter(|token| is_learned(**token)).map(|token| id(*token)).collect();
        tokenizer().decode(&ids, false)
    }

    #[test]
    fn the_last_author_is_the_persona_unless_one_is_named() {
        let dialogue = vec![turn("a", "раз"), turn("b", "два"), turn("a", "три")];
        let data = read(std::slice::from_ref(&dialogue), |_| ()).unwrap();
        assert_eq!(learned(&data.train, 0), " три</s>");
        let data = read(std::slice::from_ref(&dialogue), |options| options.persona = vec!["b".to_owned()]).unwrap();
        assert_eq!(learned(&data.train, 0), " два</s>");
        let data = read(&[dialogue], |options| options.loss = LossOn::All).unwrap();
        assert_eq!(learned(&data.train, 0), "@@ВТОРОЙ@@ раз @@ПЕРВЫЙ@@ два @@ВТОРОЙ@@ три</s>");
    }

    #[test]
    fn nothing_to_learn_is_told_with_a_way_out() {
        let monologue = vec![turn("a", "раз")];
        let error = read(&[monologue], |_| ()).unwrap_err().to_string();
        assert!(error.contains("1 dialogues were read") && error.contains("persona"), "{error}");
        let dialogue = vec![turn("a", "раз"), turn("b", "два")];
        let held = (0..9).map(|n| {
            Split::new(0.9, n).holds_out(&Dialogue { source: String::new(), turns: dialogue.clone(), toxicity: None })
        });
        let seed = held.into_iter().position(|held| held).unwrap() as u64;
        let error = read(&[dialogue], |options| (options.validation, options.seed) = (0.9, seed)).unwrap_err();
        assert!(error.to_string().contains("lower `validation`"), "{error}");
        let error = read(&[], |options| options.corpus = PathBuf::from("/nowhere/c.jsonl")).unwrap_err();
        assert!(error.to_string().starts_with("/nowhere/c.jsonl: "), "{error}");
    }
}
