//! A message as JSON has it, and what becomes of it. Keys that don't matter are skipped, whatever they hold.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::super::chat::{Entry, SERVICE, UNSUPPORTED};
use super::super::{author, text, time};
use crate::corpus::import::pairing::{Message, Reply};

/// The keys that matter. `true` means that a key is there, even as null.
#[derive(Debug, Deserialize)]
pub(super) struct RawMessage {
    id: i64,
    #[serde(rename = "type")]
    kind: Option<String>,
    date: Option<String>,
    #[serde(default)]
    date_unixtime: Option<Id>,
    from: Option<String>,
    from_id: Option<Id>,
    #[serde(default, deserialize_with = "is_there")]
    forwarded_from: bool,
    #[serde(default, deserialize_with = "is_there")]
    forwarded_from_id: bool,
    #[serde(default, deserialize_with = "is_there")]
    saved_from: bool,
    reply_to_message_id: Option<i64>,
    #[serde(default, deserialize_with = "is_there")]
    reply_to_peer_id: bool,
    media_type: Option<String>,
    #[serde(default, deserialize_with = "is_there")]
    photo: bool,
    #[serde(default, deserialize_with = "is_there")]
    file: bool,
    #[serde(default, deserialize_with = "is_there")]
    poll: bool,
    #[serde(default, deserialize_with = "is_there")]
    location_information: bool,
    #[serde(default, deserialize_with = "is_there")]
    contact_information: bool,
    #[serde(default)]
    text: Fragments,
    #[serde(default)]
    text_entities: Fragments,
}

impl RawMessage {
    /// What becomes of it.
    ///
    /// # Errors
    /// Its date is none.
    pub(super) fn entry(self) -> Result<Entry, String> {
        let id = self.id;
        match self.kind.as_deref() {
            Some("message") | None => {}
            Some("service") => return Ok(Entry::Silent { id, author: None, reason: SERVICE }),
            Some(_) => return Ok(Entry::Silent { id, author: None, reason: UNSUPPORTED }),
        }
        if self.forwarded_from || self.forwarded_from_id || self.saved_from {
            return Ok(Entry::Forwarded { id });
        }
        let (reason, reply) = (self.wordless(), self.reply());
        let author = author::numbered(self.from, self.from_id.as_ref().map(|id| id.0.as_str()));
        let text = [self.text, self.text_entities].iter().map(|text| text::tidy(&text.0)).find(|text| !text.is_empty());
        let Some(text) = text else { return Ok(Entry::Silent { id, author: Some(author), reason }) };
        let unix =
            self.date_unixtime.map(|unix| unix.0.parse().map_err(|_| "its date_unixtime is no number")).transpose();
        let time = unix
            .map_err(str::to_owned)
            .and_then(|unix| time::of_json(self.date.as_deref(), unix).map_err(|error| error.to_string()));
        let time = time.map_err(|problem| format!("message {id}: {problem}"))?;
        Ok(Entry::Said(Message { id, reply, author, time: Some(time), text }))
    }

    fn reply(&self) -> Reply {
        match self.reply_to_message_id {
            _ if self.reply_to_peer_id => Reply::Elsewhere,
            Some(id) => Reply::To(id),
            None => Reply::Nothing,
        }
    }

    /// Under what it is counted if it has no words.
    fn wordless(&self) -> &'static str {
        match self.media_type.as_deref() {
            Some("sticker") => "sticker",
            Some("voice_message") => "voice message without text",
            Some("video_message") => "video message without text",
            Some("animation") => "animation without text",
            Some("video_file") => "video without text",
            Some("audio_file") => "audio without text",
            _ if self.photo => "photo without text",
            _ if self.poll => "poll",
            _ if self.location_information => "location",
            _ if self.contact_information => "contact",
            _ if self.file || self.media_type.is_some() => "file without text",
            _ => "message without text",
        }
    }
}

/// Whether a key is there, whatever it holds.
fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|IgnoredAny| true)
}

/// A number, which some exports write as text and others don't.
#[derive(Debug)]
pub(super) struct Id(pub(super) String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl Visitor<'_> for Either {
            type Value = Id;

            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("a number or a text")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Id, E> {
                Ok(Id(number.to_string()))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Id, E> {
                Ok(Id(number.to_string()))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Id, E> {
                Ok(Id(text.to_owned()))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// A text, whole or as a list of pieces, each of which is a text or an object with one.
#[derive(Debug, Default)]
struct Fragments(String);

impl<'de> Deserialize<'de> for Fragments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Whole;

        impl<'de> Visitor<'de> for Whole {
            type Value = Fragments;

            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("a text or a list of its pieces")
            }

            fn visit_unit<E: Error>(self) -> Result<Fragments, E> {
                Ok(Fragments::default())
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Fragments, E> {
                Ok(Fragments(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut pieces: A) -> Result<Fragments, A::Error> {
                let mut whole = String::new();
                while let Some(Piece(piece)) = pieces.next_element()? {
                    whole.push_str(&piece);
                }
                Ok(Fragments(whole))
            }
        }

        deserializer.deserialize_any(Whole)
    }
}

/// A piece of a text.
struct Piece(String);

impl<'de> Deserialize<'de> for Piece {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Piece;

            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("a text or an object with one")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Piece, E> {
                Ok(Piece(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut keys: A) -> Result<Piece, A::Error> {
                let mut piece = None;
                while let Some(key) = keys.next_key::<String>()? {
                    if key == "text" {
                        piece = Some(keys.next_value()?);
                    } else {
                        keys.next_value::<IgnoredAny>()?;
                    }
                }
                piece.map(Piece).ok_or_else(|| A::Error::custom("a piece without text"))
            }
        }

        deserializer.deserialize_any(Either)
    }
}
