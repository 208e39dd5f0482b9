//! Removes a person from a corpus for good: what they wrote, where it is only context too, and perhaps their name in what
//! others wrote. The file is replaced in one step and read again to make sure. What was made of it before, such as a trained
//! checkpoint, is out of reach.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::cut::{Fate, cut};
use super::names::Written;
use super::record::{CorpusError, Dialogue, Reader, Turn, Writer};
use crate::files::FileError;

/// What stands where a name stood.
const NOBODY: &str = "…";

/// What was removed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Forgotten {
    /// Their messages.
    pub messages: u64,
    /// The same messages, repeated as context of others.
    pub repeats: u64,
    /// Dialogues of which nothing is left.
    pub dialogues: u64,
    /// Texts of others in which their name stood.
    pub mentions: u64,
}

/// Why somebody couldn't be forgotten.
#[derive(Debug, thiserror::Error)]
pub enum ForgetError {
    /// The corpus can't be read or written.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// The file has a second name, under which it would stay as it is.
    #[error("{}: has another name elsewhere (a hard link), under which they would stay; remove that first", .0.display())]
    HasAnotherName(PathBuf),
    /// They were found again afterwards.
    #[error("{}: somebody wrote to it meanwhile, and they are in it again; run this once more", .0.display())]
    StillThere(PathBuf),
}

impl From<FileError> for ForgetError {
    fn from(error: FileError) -> Self {
        Self::Corpus(error.into())
    }
}

/// Removes everybody whom one of `authors` means, by id or name, from a corpus. With `names`, texts of others lose their
/// names too, as far as they stand there as written. A corpus without them stays as it is, to the byte.
///
/// # Errors
/// The corpus can't be read or written; it is as it was then.
pub fn forget(corpus: &Path, authors: &[String], names: bool) -> Result<Forgotten, ForgetError> {
    has_one_name(corpus)?;
    let person = Person::find(corpus, authors, names)?;
    let mut forgotten = Forgotten::default();
    let mut writer = Writer::create(corpus)?;
    for dialogue in Reader::open(corpus)? {
        for dialogue in person.without(dialogue?, &mut forgotten) {
            writer.write(&dialogue)?;
        }
    }
    if forgotten == Forgotten::default() {
        return Ok(forgotten);
    }
    writer.commit()?;
    match Reader::open(corpus)?.find_map(|dialogue| match dialogue {
        Ok(dialogue) => person.is_in(&dialogue).then(|| ForgetError::StillThere(corpus.to_owned())),
        Err(error) => Some(error.into()),
    }) {
        Some(error) => Err(error),
        None => Ok(forgotten),
    }
}

fn has_one_name(corpus: &Path) -> Result<(), ForgetError> {
    #[cfg(unix)]
    if std::fs::metadata(corpus).is_ok_and(|found| std::os::unix::fs::MetadataExt::nlink(&found) > 1) {
        return Err(ForgetError::HasAnotherName(corpus.to_owned()));
    }
    Ok(())
}

/// Who is forgotten.
struct Person<'a> {
    authors: &'a [String],
    /// Their ids: whoever is meant by a name is meant where only the id stands, too.
    ids: BTreeSet<String>,
    written: Option<Written>,
}

impl<'a> Person<'a> {
    fn find(corpus: &Path, authors: &'a [String], names: bool) -> Result<Self, CorpusError> {
        let mut ids = BTreeSet::new();
        let mut known: BTreeSet<(String, String)> = BTreeSet::new();
        for dialogue in Reader::open(corpus)? {
            for turn in dialogue?.turns.into_iter().filter(|turn| authors.iter().any(|who| turn.author.is(who))) {
                ids.insert(turn.author.id);
                known.extend(turn.author.name.map(|name| (name, NOBODY.to_owned())));
            }
        }
        known.extend(authors.iter().map(|who| (who.clone(), NOBODY.to_owned())));
        Ok(Self { authors, ids, written: names.then(|| Written::new(known)).flatten() })
    }

    fn wrote(&self, turn: &Turn) -> bool {
        self.ids.contains(&turn.author.id) || self.authors.iter().any(|who| turn.author.is(who))
    }

    fn is_in(&self, dialogue: &Dialogue) -> bool {
        dialogue.turns.iter().any(|turn| self.wrote(turn))
    }

    fn without(&self, dialogue: Dialogue, forgotten: &mut Forgotten) -> Vec<Dialogue> {
        let is_in = self.is_in(&dialogue);
        let fate = |mut turn: Turn| {
            if self.wrote(&turn) {
                *(if turn.context { &mut forgotten.repeats } else { &mut forgotten.messages }) += 1;
                return Fate::Gone;
            }
            let text = self.written.as_ref().map(|written| written.replace(&turn.text));
            if let Some(text) = text.filter(|text| *text != turn.text) {
                forgotten.mentions += 1;
                turn.text = text;
            }
            Fate::Stays(turn)
        };
        let fates: Vec<Fate> = dialogue.turns.clone().into_iter().map(fate).collect();
        if !is_in {
            // As it was, whatever a step after import has made of it; but for names.
            let stays = |fate| if let Fate::Stays(turn) = fate { Some(turn) } else { None };
            return vec![Dialogue { turns: fates.into_iter().filter_map(stays).collect(), ..dialogue }];
        }
        let left = cut(&dialogue.source, dialogue.toxicity, fates);
        forgotten.dialogues += u64::from(left.is_empty());
        left
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::corpus::record::Author;

    fn turn(who: usize, text: &str, context: bool) -> Turn {
        let names = ["Вася", "Петя", "Маша"];
        let author = Author { id: format!("user{who}"), name: Some(names[who].to_owned()) };
        Turn { author, time: None, text: text.to_owned(), context }
    }

    fn written(folder: &Path, dialogues: &[Vec<Turn>]) -> PathBuf {
        let path = folder.join("c.jsonl");
        let mut writer = Writer::create(&path).unwrap();
        for turns in dialogues {
            writer.write(&Dialogue { source: "s".to_owned(), turns: turns.clone(), toxicity: None }).unwrap();
        }
        writer.commit().unwrap();
        path
    }

    fn texts(path: &Path) -> Vec<Vec<String>> {
        let texts = |dialogue: Dialogue| dialogue.turns.into_iter().map(|turn| turn.text).collect();
        Reader::open(path).unwrap().map(|dialogue| texts(dialogue.unwrap())).collect()
    }

    #[test]
    fn what_they_wrote_divides_what_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let first = vec![turn(0, "а", false), turn(1, "б", false), turn(2, "Петя, привет", false)];
        let path = written(folder.path(), &[first, vec![turn(1, "в", false)], vec![turn(0, "г", false)]]);
        let forgotten = forget(&path, &["Петя".to_owned()], true).unwrap();
        assert_eq!(forgotten, Forgotten { messages: 2, repeats: 0, dialogues: 1, mentions: 1 });
        assert_eq!(texts(&path), [vec!["а"], vec!["…, привет"], vec!["г"]]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no copy stays behind");
    }

    #[cfg(unix)]
    #[test]
    fn a_second_name_would_keep_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path(), &[vec![turn(0, "а", false)]]);
        std::fs::hard_link(&path, folder.path().join("other.jsonl")).unwrap();
        let error = forget(&path, &["Вася".to_owned()], false).unwrap_err().to_string();
        assert!(error.contains("hard link"), "{error}");
        assert_eq!(texts(&path), [vec!["а"]]);
    }

    #[test]
    fn a_corpus_without_them_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path(), &[vec![turn(0, "а", true)]]);
        let before = (std::fs::read(&path).unwrap(), std::fs::metadata(&path).unwrap().modified().unwrap());
        assert_eq!(forget(&path, &["Некто".to_owned()], false).unwrap(), Forgotten::default());
        let after = (std::fs::read(&path).unwrap(), std::fs::metadata(&path).unwrap().modified().unwrap());
        assert_eq!(before, after);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn nothing_of_theirs_is_left_and_nothing_else_is_lost(
            dialogues in prop::collection::vec(prop::collection::vec((0_usize..3, any::<bool>()), 1..6), 1..20),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let turns = |turns: &Vec<(usize, bool)>| turns.iter().map(|(who, c)| turn(*who, "т", *c)).collect();
            let path = written(folder.path(), &dialogues.iter().map(turns).collect::<Vec<_>>());
            forget(&path, &["user1".to_owned()], false).unwrap();
            let left: Vec<Turn> = Reader::open(&path).unwrap().flat_map(|dialogue| dialogue.unwrap().turns).collect();
            prop_assert!(left.iter().all(|turn| turn.author.id != "user1"));
            let learned = |who: usize| dialogues.iter().flatten().filter(|turn| turn.0 == who && !turn.1).count();
            for who in [0, 2] {
                let id = format!("user{who}");
                let stayed = left.iter().filter(|turn| turn.author.id == id && !turn.context).count();
                prop_assert_eq!(stayed, learned(who));
            }
        }
    }
}
