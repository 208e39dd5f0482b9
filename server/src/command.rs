//! Commands in a chat: what was asked, who may ask it, what it changes and what is answered.
//!
//! Pure: it neither knows who administers a group nor writes anything; it says what has to be known and written.

mod arguments;
mod execute;
mod menu;
mod permission;

#[cfg(test)]
mod tests;

pub use execute::{Change, Executed, Hearing, Scene, execute};
pub use menu::{MenuScope, menu};
pub use permission::{Needs, Permission, permission, refusal};

use crate::chat::{ChatKind, EntityKind, Language, Me, Message, SenderKind, UserId};

/// The longest context a chat may ask for.
pub const MAX_CONTEXT: u8 = 50;
/// The longest silence a chat may ask for, in hours: a week.
pub const MAX_QUIET_HOURS: u8 = 168;
/// How long `/quiet` alone lasts, in hours.
pub const DEFAULT_QUIET_HOURS: u8 = 1;

/// A command that stands at the beginning of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// One of ours.
    Ours(Command),
    /// One that no persona knows.
    Unknown(Addressee),
    /// `/command@another_bot`.
    NotForUs,
}

/// Whom an unknown command is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressee {
    /// It names our username, or stands in a private chat.
    Us,
    /// It names nobody, in a group where others may know it.
    Anybody,
}

/// What is asked of the persona's host. `None` asks for the present state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `/start`
    Start,
    /// `/help`
    Help,
    /// `/insanity [on|off]`
    Insanity(Option<Toggle>),
    /// `/context [0–50]`, `/set_context_length`
    Context(Option<u8>),
    /// `/reset`, `/delete_history`
    Reset,
    /// `/chance [0–100]`
    Chance(Option<Percent>),
    /// `/quiet [hours]`; 0 ends the silence.
    Quiet(u8),
    /// `/language [ru|en]`
    Language(Option<Language>),
    /// `/settings`
    Settings,
    /// `/block [id]`, or as a reply
    Block(UserId),
    /// `/unblock [id]`, or as a reply
    Unblock(UserId),
    /// A command whose argument can't be read; gets a helpful answer.
    Bad(BadArgument),
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toggle {
    /// On.
    On,
    /// Off.
    Off,
}

impl Toggle {
    /// Whether it is on.
    pub fn is_on(self) -> bool {
        self == Self::On
    }
}

impl From<bool> for Toggle {
    fn from(on: bool) -> Self {
        if on { Self::On } else { Self::Off }
    }
}

/// A probability as people write it, 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percent(u8);

impl Percent {
    /// `None` above 100.
    pub fn new(value: u8) -> Option<Self> {
        (value <= 100).then_some(Self(value))
    }

    /// The nearest percentage to a probability.
    pub fn of_chance(chance: f64) -> Self {
        Self((chance.clamp(0.0, 1.0) * 100.0).round() as u8)
    }

    /// The number.
    pub fn value(self) -> u8 {
        self.0
    }

    /// The probability, 0 to 1.
    pub fn chance(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

/// Whose argument could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadArgument {
    /// `/insanity`
    Insanity,
    /// `/context`
    Context,
    /// `/chance`
    Chance,
    /// `/quiet`
    Quiet,
    /// `/language`
    Language,
    /// `/block` and `/unblock`: nobody is named, or the persona itself.
    Person,
}

/// Reads the command a new message consists of; `None` when it is just a message.
///
/// A forwarded command isn't the sender's own, an edited one was obeyed already (don't ask), and bots command nothing.
pub fn parse(message: &Message, me: &Me) -> Option<Parsed> {
    let from_people = !matches!(message.sender.kind, SenderKind::Bot | SenderKind::AutomaticForward);
    if !from_people || message.forwarded || message.chat_kind == ChatKind::Channel {
        return None;
    }
    let (written, rest) = leading_command(message)?;
    let (name, bot) = written.split_once('@').map_or((written, None), |(name, bot)| (name, Some(bot)));
    if bot.is_some_and(|bot| !bot.eq_ignore_ascii_case(&me.username)) {
        return Some(Parsed::NotForUs);
    }
    Some(match arguments::command(&name.to_lowercase(), rest, message, me) {
        Some(command) => Parsed::Ours(command),
        None if bot.is_some() || message.chat_kind == ChatKind::Private => Parsed::Unknown(Addressee::Us),
        None => Parsed::Unknown(Addressee::Anybody),
    })
}

fn leading_command(message: &Message) -> Option<(&str, &str)> {
    message.entities.iter().filter(|entity| entity.range.start == 0).find_map(|entity| match &entity.kind {
        EntityKind::Command(written) => Some((written.as_str(), message.text.get(entity.range.end..)?)),
        _ => None,
    })
}
