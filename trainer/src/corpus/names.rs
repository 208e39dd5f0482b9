//! Pseudonyms: each author gets one, and names that stand in texts are replaced by it.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use aho_corasick::{AhoCorasick, MatchKind};

use super::clean::{CleanError, CleanOptions, RENAMED};
use super::record::{Author, Reader, Turn};

/// Names with fewer letters would be found in half of all texts.
const SHORTEST: usize = 3;

/// Who is called what from now on; nobody, where names stay.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// By id.
    pseudonyms: HashMap<String, String>,
    written: Option<Written>,
}

/// Names as they stand in texts.
#[derive(Debug)]
pub(super) struct Written {
    names: AhoCorasick,
    pseudonyms: Vec<String>,
}

impl Names {
    /// Reads who speaks in a corpus, where that matters.
    pub(super) fn of(corpus: &Path, options: &CleanOptions) -> Result<Self, CleanError> {
        if !options.rename && options.persona.is_empty() {
            return Ok(Self::default());
        }
        let mut authors: Vec<Author> = Vec::new();
        let mut known = std::collections::HashSet::new();
        for dialogue in Reader::open(corpus)? {
            for turn in dialogue?.turns {
                if known.insert(turn.author.clone()) {
                    authors.push(turn.author);
                }
            }
        }
        let is_missing = |who: &&String| !authors.iter().any(|author| author.is(who));
        if let Some(author) = options.persona.iter().find(is_missing) {
            return Err(CleanError::NoSuchAuthor { corpus: corpus.to_owned(), author: author.clone() });
        }
        Ok(if options.rename { Self::new(&authors, &options.persona) } else { Self::default() })
    }

    /// Numbers authors in the order of their first words.
    fn new(authors: &[Author], persona: &[String]) -> Self {
        let mut pseudonyms = HashMap::new();
        let mut names = BTreeSet::new();
        for author in authors {
            let number = pseudonyms.len() + 1;
            let pseudonym = match persona.iter().any(|who| author.is(who)) {
                true => RENAMED.to_owned(),
                false => format!("author{number}"),
            };
            let pseudonym = pseudonyms.entry(author.id.clone()).or_insert(pseudonym);
            names.extend(author.name.iter().map(|name| (name.clone(), pseudonym.clone())));
        }
        Self { pseudonyms, written: Written::new(names) }
    }

    /// Puts pseudonyms in the place of names.
    pub(super) fn rename(&self, turn: &mut Turn) {
        if let Some(pseudonym) = self.pseudonyms.get(&turn.author.id) {
            turn.author = Author { id: pseudonym.clone(), name: None };
        }
        if let Some(written) = &self.written {
            turn.text = written.replace(&turn.text);
        }
    }
}

impl Written {
    /// Finds names, and what stands in their place; `None` where there are none.
    pub(super) fn new(names: impl IntoIterator<Item = (String, String)>) -> Option<Self> {
        let long_enough = |name: &String| name.chars().filter(|c| c.is_alphanumeric()).count() >= SHORTEST;
        let (names, pseudonyms): (Vec<_>, Vec<_>) = names.into_iter().filter(|(name, _)| long_enough(name)).unzip();
        if names.is_empty() {
            return None;
        }
        let names = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&names).ok()?;
        Some(Self { names, pseudonyms })
    }

    /// A text with each name that stands in it as a word replaced.
    pub(super) fn replace(&self, text: &str) -> String {
        let mut replaced = String::with_capacity(text.len());
        let mut done = 0;
        for found in self.names.find_iter(text) {
            let before = text[..found.start()].chars().next_back();
            let after = text[found.end()..].chars().next();
            if before.into_iter().chain(after).any(char::is_alphanumeric) {
                continue;
            }
            replaced += &text[done..found.start()];
            replaced += &self.pseudonyms[found.pattern().as_usize()];
            done = found.end();
        }
        replaced + &text[done..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn author(id: &str, name: &str) -> Author {
        Author { id: id.to_owned(), name: Some(name.to_owned()) }
    }

    #[test]
    fn names_go_wherever_they_stand_as_words() {
        let authors = [author("user1", "Вася"), author("user2", "Вася Пупкин"), author("user3", "Ян")];
        let names = Names::new(&authors, &["user2".to_owned()]);
        let mut turn = Turn {
            author: authors[0].clone(),
            time: None,
            text: "Вася Пупкин, Васян и Вася! Ян".to_owned(),
            context: false,
        };
        names.rename(&mut turn);
        assert_eq!(turn.author, Author { id: "author1".to_owned(), name: None });
        assert_eq!(turn.text, "persona, Васян и author1! Ян");
    }
}
