//! A message of a synthetic chat, before it is written in one form or the other.

use std::collections::BTreeMap;

/// Who writes. Those without a name have deleted their account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person {
    /// As shown.
    pub name: Option<&'static str>,
    /// `user1`; some people have none.
    pub id: Option<&'static str>,
}

/// What a message replies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Nothing.
    Nothing,
    /// A message of the same chat, which may be missing.
    To(i64),
    /// A message of another chat.
    Elsewhere,
}

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fragment {
    /// As it is.
    Plain(String),
    /// Of a kind such as `bold` or `link`.
    Styled(&'static str, String),
}

/// What is in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Words, maybe below a picture.
    Text {
        /// The words.
        fragments: Vec<Fragment>,
        /// Whether it was changed later.
        edited: bool,
        /// Whether there is a picture.
        photo: bool,
    },
    /// Something without words: `sticker`, `photo`, `voice_message`, `video_message`, `animation`, `poll`.
    Media(&'static str),
    /// What somebody else wrote, who may be gone.
    Forward {
        /// Their name.
        from: Option<&'static str>,
    },
    /// Somebody pinned something, say.
    Service,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its number.
    pub id: i64,
    /// Who wrote it.
    pub person: Person,
    /// When, in seconds since 1970.
    pub unix: i64,
    /// What it replies to.
    pub reply: Reply,
    /// What is in it.
    pub content: Content,
    /// A die for whoever writes it: what may be told in several ways.
    pub dice: u32,
}

/// What a chat holds, by kind: `text`, `service`, `forward` or the kind of media.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(pub BTreeMap<&'static str, u64>);

impl Tally {
    /// Counts a message.
    pub fn count(&mut self, message: &Message) {
        let kind = match message.content {
            Content::Text { .. } => "text",
            Content::Media(kind) => kind,
            Content::Forward { .. } => "forward",
            Content::Service => "service",
        };
        *self.0.entry(kind).or_default() += 1;
    }
}
