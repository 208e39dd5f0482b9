//! The decision whether a message is answered, and why.

use time::{Duration, OffsetDateTime};

use super::{Trigger, name};
use crate::chat::{ChatKind, EntityKind, Me, Message, SenderKind};
use crate::command;
use crate::config::persona::Persona;
use crate::settings::EffectiveSettings;

/// Messages older than this when they arrive are a backlog, unless the settings say otherwise: remembered, not answered.
pub const STALE_AFTER: Duration = Duration::minutes(10);

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is answered, and this is why.
    Answer(Trigger),
    /// It isn't.
    Ignore(Ignored),
}

/// Why a message isn't answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ignored {
    /// A channel's post, or its copy in the linked group.
    Post,
    /// Another bot wrote it.
    Bot,
    /// It has neither text nor caption.
    Textless,
    /// A command, ours or another bot's: triggers have no say in it.
    Command,
    /// It was too old when it arrived.
    Stale,
    /// Nothing in it calls the persona, which was asked to be quiet.
    Quiet,
    /// Nothing in it calls the persona.
    Untriggered,
}

impl Ignored {
    /// A word for the inbox row and the metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Bot => "bot",
            Self::Textless => "textless",
            Self::Command => "command",
            Self::Stale => "stale",
            Self::Quiet => "quiet",
            Self::Untriggered => "untriggered",
        }
    }
}

/// The circumstances that a decision depends on and can't know by itself.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// When the message arrived.
    pub now: OffsetDateTime,
    /// A random number, 0 inclusive to 1 exclusive.
    pub dice: f64,
    /// How old a message may be when it arrives.
    pub stale_after: Duration,
}

/// Decides whether a new message is answered. An edited one never is: don't ask.
pub fn decide(persona: &Persona, me: &Me, settings: &EffectiveSettings, message: &Message, moment: Moment) -> Decision {
    if let Some(reason) = unanswerable(me, message, moment) {
        return Decision::Ignore(reason);
    }
    match called(persona, me, message) {
        Some(trigger) => Decision::Answer(trigger),
        None => uncalled(settings, moment),
    }
}

fn unanswerable(me: &Me, message: &Message, moment: Moment) -> Option<Ignored> {
    match message.sender.kind {
        SenderKind::AutomaticForward => return Some(Ignored::Post),
        SenderKind::Bot => return Some(Ignored::Bot),
        SenderKind::Person | SenderKind::AnonymousAdmin | SenderKind::Channel => {}
    }
    if message.chat_kind == ChatKind::Channel {
        Some(Ignored::Post)
    } else if message.text.trim().is_empty() {
        Some(Ignored::Textless)
    } else if is_command(me, message) {
        Some(Ignored::Command)
    } else {
        (moment.now - message.sent_at > moment.stale_after).then_some(Ignored::Stale)
    }
}

/// An unknown command that also mentions the persona (`/ask @us`) is a mention: nobody else answers it.
fn is_command(me: &Me, message: &Message) -> bool {
    match command::parse(message, me) {
        None => false,
        Some(command::Parsed::Unknown(command::Addressee::Anybody)) => !is_mentioned(me, message),
        Some(_) => true,
    }
}

fn called(persona: &Persona, me: &Me, message: &Message) -> Option<Trigger> {
    if message.chat_kind == ChatKind::Private {
        Some(Trigger::Private)
    } else if is_mentioned(me, message) {
        Some(Trigger::Mention)
    } else if is_reply_to(me, message) {
        Some(Trigger::Reply)
    } else {
        name::find(&message.text, &persona.triggers).map(|_| Trigger::Name)
    }
}

fn uncalled(settings: &EffectiveSettings, moment: Moment) -> Decision {
    let by_chance = moment.dice < settings.chance;
    if !settings.insanity && !by_chance {
        Decision::Ignore(Ignored::Untriggered)
    } else if settings.is_quiet(moment.now) {
        Decision::Ignore(Ignored::Quiet)
    } else {
        Decision::Answer(if settings.insanity { Trigger::Insanity } else { Trigger::Chance })
    }
}

/// By entity only: a username inside code isn't a call, and `@bot2` isn't `@bot`.
fn is_mentioned(me: &Me, message: &Message) -> bool {
    message.entities.iter().any(|entity| match &entity.kind {
        EntityKind::Mention(name) => name.eq_ignore_ascii_case(&me.username),
        EntityKind::UserMention(id) => *id == me.id,
        EntityKind::Command(_) => false,
    })
}

fn is_reply_to(me: &Me, message: &Message) -> bool {
    let author = message.reply_to.as_ref().and_then(|replied| replied.sender.as_ref());
    author.is_some_and(|sender| sender.id == me.id)
}
