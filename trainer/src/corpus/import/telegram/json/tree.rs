//! The way through the file to the messages: an object that is a chat, or an account whose `chats` and `left_chats` list
//! some. Everything else in it (contacts, sessions, settings) is skipped unread.

use std::fmt;
use std::path::Path;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::super::chat::Chat;
use super::raw::{Id, RawMessage};
use crate::corpus::import::pairing::PairingError;
use crate::corpus::import::{Dropped, ImportError, ImportOptions, Sink};
use crate::files::FileError;

/// What made the visitors stop, where that isn't the JSON itself.
#[derive(Debug)]
pub(super) enum Failure {
    /// A dialogue can't be written.
    File(FileError),
    /// A second look at the file failed.
    Import(Box<ImportError>),
    /// The file tells something that can't be.
    Content(String),
}

/// What the visitors share.
pub(super) struct State<'a, 's> {
    pub(super) path: &'a Path,
    options: &'a ImportOptions,
    dropped: &'a mut Dropped,
    sink: &'a mut Sink<'s>,
    /// Whether only the numbers of chats are wanted, not their messages.
    only_ids: bool,
    /// The numbers of the chats that were left behind.
    ids: Vec<Option<String>>,
    /// The numbers of all chats, once they had to be looked for.
    numbers: Option<Vec<Option<String>>>,
    /// What is wrong, when they stopped by themselves: serde's errors hold text alone.
    pub(super) failure: Option<Failure>,
}

impl<'a, 's> State<'a, 's> {
    pub(super) fn new(
        path: &'a Path,
        options: &'a ImportOptions,
        dropped: &'a mut Dropped,
        sink: &'a mut Sink<'s>,
    ) -> Self {
        Self { path, options, dropped, sink, only_ids: false, ids: Vec::new(), numbers: None, failure: None }
    }

    /// Stops the visitors.
    fn fail<E: Error>(&mut self, failure: Failure) -> E {
        self.failure = Some(failure);
        E::custom("stopped")
    }

    fn refuse<E: Error>(&mut self, error: PairingError) -> E {
        self.fail(match error {
            PairingError::File(error) => Failure::File(error),
            PairingError::Twice(_) => Failure::Content(error.to_string()),
        })
    }

    /// Where the dialogues of a chat come from. Programs that sort keys may put a chat's number behind its messages; then
    /// the file is read twice.
    fn source(&mut self, id: Option<String>) -> Result<String, ImportError> {
        let id = match id {
            Some(id) => Some(id),
            None => {
                let numbers = match self.numbers.take() {
                    Some(numbers) => numbers,
                    None => numbers(self.path)?,
                };
                self.numbers.insert(numbers).get(self.ids.len()).cloned().flatten()
            }
        };
        let name = || self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(format!("telegram:{}", id.unwrap_or_else(name)))
    }
}

/// The numbers of all chats, in the order in which their objects end.
fn numbers(path: &Path) -> Result<Vec<Option<String>>, ImportError> {
    let (options, mut dropped, mut nowhere) = (ImportOptions::default(), Dropped::default(), |_| Ok(()));
    let mut state = State { only_ids: true, ..State::new(path, &options, &mut dropped, &mut nowhere) };
    super::whole_file(&mut state)?;
    Ok(state.ids)
}

/// The whole file, or a chat in its list: there it may lack messages.
pub(super) struct Export<'t, 'a, 's> {
    pub(super) state: &'t mut State<'a, 's>,
    pub(super) listed: bool,
}

impl<'de> DeserializeSeed<'de> for Export<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Export<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("an export")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut keys: A) -> Result<(), A::Error> {
        let Self { state, listed } = self;
        let (mut id, mut found) = (None, listed);
        while let Some(key) = keys.next_key::<String>()? {
            match key.as_str() {
                "id" => id = Some(keys.next_value::<Id>()?.0),
                "messages" => keys.next_value_seed(Messages { id: id.clone(), state })?,
                "chats" | "left_chats" => keys.next_value_seed(Chats(state))?,
                _ => drop(keys.next_value::<IgnoredAny>()?),
            }
            found |= matches!(key.as_str(), "messages" | "chats" | "left_chats");
        }
        state.ids.push(id);
        let nothing = || Failure::Content("is no export: it has neither messages nor chats".to_owned());
        if found { Ok(()) } else { Err(state.fail(nothing())) }
    }
}

/// An object whose `list` holds chats.
struct Chats<'t, 'a, 's>(&'t mut State<'a, 's>);

impl<'de> DeserializeSeed<'de> for Chats<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Chats<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a list of chats")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut keys: A) -> Result<(), A::Error> {
        while let Some(key) = keys.next_key::<String>()? {
            if key == "list" {
                keys.next_value_seed(List(self.0))?;
            } else {
                keys.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// The list itself.
struct List<'t, 'a, 's>(&'t mut State<'a, 's>);

impl<'de> DeserializeSeed<'de> for List<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("chats")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut chats: A) -> Result<(), A::Error> {
        while chats.next_element_seed(Export { state: self.0, listed: true })?.is_some() {}
        Ok(())
    }
}

/// The messages of a chat.
struct Messages<'t, 'a, 's> {
    /// The chat's number, if that came first.
    id: Option<String>,
    state: &'t mut State<'a, 's>,
}

impl<'de> DeserializeSeed<'de> for Messages<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Messages<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("messages")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut messages: A) -> Result<(), A::Error> {
        let Self { id, state } = self;
        if state.only_ids {
            return IgnoredAny.visit_seq(messages).map(|IgnoredAny| ());
        }
        let source = state.source(id).map_err(|error| state.fail(Failure::Import(Box::new(error))))?;
        let mut chat = Chat::new(source, state.options, state.dropped, state.sink);
        let failure = loop {
            let Some(message) = messages.next_element::<RawMessage>()? else {
                break chat.finish().err().map(Stop::Pairing);
            };
            match message.entry().map_err(Stop::Content).and_then(|entry| chat.take(entry).map_err(Stop::Pairing)) {
                Ok(()) => {}
                Err(stop) => break Some(stop),
            }
        };
        match failure {
            None => Ok(()),
            Some(Stop::Content(problem)) => Err(state.fail(Failure::Content(problem))),
            Some(Stop::Pairing(error)) => Err(state.refuse(error)),
        }
    }
}

/// Why the messages of a chat aren't read to their end.
enum Stop {
    Content(String),
    Pairing(PairingError),
}
