//! A message as HTML shows it, and what becomes of it.

use scraper::ElementRef;

use super::super::chat::{Entry, SERVICE};
use super::super::time::DateError;
use super::super::{author, text, time};
use super::dom;
use crate::corpus::import::pairing::{Message, Reply};
use crate::corpus::record::Author;

/// Numbers of the days' headings, which look like service messages. Those of messages from before a group became a
/// supergroup are negative too, but far below.
const HEADINGS: std::ops::RangeInclusive<i64> = -1_000_000..=-1;

/// Classes of what a message may hold beside text, and under what it is counted then. The first that is found tells.
const MEDIA: [(&str, &str); 17] = [
    ("sticker", "sticker"),
    ("sticker_wrap", "sticker"),
    ("media_voice_message", "voice message without text"),
    ("media_video", "video without text"),
    ("video_file_wrap", "video without text"),
    ("animated_wrap", "animation without text"),
    ("media_game", "file without text"),
    ("media_audio_file", "audio without text"),
    ("media_poll", "poll"),
    ("media_live_location", "location"),
    ("media_location", "location"),
    ("media_venue", "location"),
    ("media_contact", "contact"),
    ("media_photo", "photo without text"),
    ("photo_wrap", "photo without text"),
    ("media_file", "file without text"),
    ("media", "file without text"),
];

/// Titles of media that share a class with others.
const TITLES: [(&str, &str); 3] =
    [("Sticker", "sticker"), ("Video message", "video message without text"), ("Animation", "animation without text")];

/// What is wrong with a message.
#[derive(Debug, thiserror::Error)]
pub(super) enum Wrong {
    /// It has no number.
    #[error("a message has no number")]
    Number,
    /// There is nothing in it.
    #[error("message {0} has no body")]
    Body(i64),
    /// It has no date, or one that is none.
    #[error("message {0}: {1}")]
    Date(i64, DateError),
}

/// Reads messages one after the other: those that are joined to the one before name no author.
#[derive(Debug, Default)]
pub(super) struct Reader {
    author: Option<Author>,
}

impl Reader {
    /// What becomes of a message; nothing of the heading of a day.
    pub(super) fn entry(&mut self, element: ElementRef) -> Result<Option<Entry>, Wrong> {
        let id = element.attr("id").and_then(|id| id.strip_prefix("message")).and_then(|id| id.parse().ok());
        let id: i64 = id.ok_or(Wrong::Number)?;
        if dom::is(element, "service") {
            let service = Entry::Silent { id, author: None, reason: SERVICE };
            return Ok((!HEADINGS.contains(&id)).then_some(service));
        }
        let body = dom::child(element, "body").ok_or(Wrong::Body(id))?;
        let author = self.author(element, body);
        if dom::child(body, "forwarded").is_some() {
            return Ok(Some(Entry::Forwarded { id }));
        }
        let text = dom::child(body, "text").map(|element| text::tidy(&dom::text(element))).unwrap_or_default();
        if text.is_empty() {
            return Ok(Some(Entry::Silent { id, author: Some(author), reason: wordless(body) }));
        }
        let title = dom::child(body, "date").and_then(|date| date.attr("title")).unwrap_or_default();
        let time = time::of_title(title).map_err(|error| Wrong::Date(id, error))?;
        Ok(Some(Entry::Said(Message { id, reply: reply(body), author, time: Some(time), text })))
    }

    fn author(&mut self, element: ElementRef, body: ElementRef) -> Author {
        let name = dom::child(body, "from_name").map(dom::own_text);
        let named = match (name, self.author.take()) {
            (None, Some(before)) if dom::is(element, "joined") => before,
            (name, _) => author::named(name),
        };
        self.author.insert(named).clone()
    }
}

/// What it says it answers. Without a link, that is in another chat.
fn reply(body: ElementRef) -> Reply {
    let Some(reply) = dom::child(body, "reply_to") else { return Reply::Nothing };
    let number = |link: ElementRef| link.attr("href")?.split_once("#go_to_message")?.1.parse().ok();
    dom::below(reply).find_map(number).map_or(Reply::Elsewhere, Reply::To)
}

/// Under what a message without words is counted.
fn wordless(body: ElementRef) -> &'static str {
    let title = dom::below(body).find(|element| dom::is(*element, "title")).map(dom::text).unwrap_or_default();
    let by_title = TITLES.iter().find(|(known, _)| *known == title.trim());
    let by_class = || MEDIA.iter().find(|(class, _)| dom::below(body).any(|element| dom::is(element, class)));
    by_title.or_else(by_class).map_or("message without text", |(_, reason)| reason)
}
