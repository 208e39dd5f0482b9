//! Every text the daemon itself says in chats, in each language. Refuses to know when it is said.
//!
//! One trait, one implementation per language: a text that lacks a translation doesn't compile.

mod en;
mod ru;

#[cfg(test)]
mod tests;

use time::Duration;

use crate::access::Cap;
use crate::chat::{ChatKind, Language, UserId};
use crate::command::{BadArgument, Percent, Toggle};
use crate::config::persona::Persona;

/// What holds in a chat, for `/settings`.
#[derive(Clone, Debug, PartialEq)]
pub struct Overview {
    /// What kind of chat it is.
    pub kind: ChatKind,
    /// Whether everything is answered.
    pub insanity: Toggle,
    /// How often the persona joins in by itself.
    pub chance: Percent,
    /// How many earlier messages it sees.
    pub context_length: u8,
    /// How long it is still quiet.
    pub quiet_for: Option<Duration>,
    /// The language chosen; `None` where each person's own holds.
    pub language: Option<Language>,
}

/// A command as clients offer it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MenuEntry {
    /// `/help`
    Help,
    /// `/settings`
    Settings,
    /// `/insanity`
    Insanity,
    /// `/chance`
    Chance,
    /// `/quiet`
    Quiet,
    /// `/reset`
    Reset,
    /// `/context`
    Context,
    /// `/language`
    Language,
}

impl MenuEntry {
    /// The command's name, without the slash.
    pub fn command(self) -> &'static str {
        match self {
            Self::Help => "help",
            Self::Settings => "settings",
            Self::Insanity => "insanity",
            Self::Chance => "chance",
            Self::Quiet => "quiet",
            Self::Reset => "reset",
            Self::Context => "context",
            Self::Language => "language",
        }
    }
}

/// The daemon's voice in one language.
pub trait Texts: Sync {
    /// The first words in a chat.
    fn start(&self, persona: &Persona, kind: ChatKind) -> String;
    /// What the persona reacts to, and its commands.
    fn help(&self, persona: &Persona, kind: ChatKind) -> String;
    /// All settings of a chat.
    fn settings(&self, overview: &Overview) -> String;
    /// A command that doesn't exist.
    fn unknown_command(&self) -> String;

    /// Insanity mode, when asked.
    fn insanity_state(&self, state: Toggle) -> String;
    /// Insanity mode, when just set.
    fn insanity_set(&self, state: Toggle) -> String;
    /// Why there is no insanity mode in private.
    fn insanity_in_private(&self) -> String;
    /// The persona doesn't hear the group, and what mends that.
    fn privacy_mode(&self) -> String;
    /// How often the persona joins in by itself, asked or set.
    fn chance(&self, percent: Percent) -> String;
    /// How many earlier messages the persona sees, asked or set.
    fn context(&self, length: u8) -> String;
    /// The persona is quiet for so long.
    fn quiet(&self, length: Duration) -> String;
    /// The persona isn't quiet any more.
    fn quiet_ended(&self) -> String;
    /// This very language is spoken, asked or set.
    fn language(&self) -> String;
    /// The conversation was forgotten.
    fn reset(&self) -> String;
    /// Somebody is not answered from now on.
    fn blocked(&self, user: UserId) -> String;
    /// Somebody is answered again.
    fn unblocked(&self, user: UserId) -> String;
    /// A setting that means nothing in private.
    fn only_in_groups(&self) -> String;
    /// How to write an argument.
    fn bad_argument(&self, argument: BadArgument) -> String;

    /// Only administrators may.
    fn admins_only(&self) -> String;
    /// Who administers the group can't be told now.
    fn admins_unknown(&self) -> String;
    /// Only the persona's owner may.
    fn owner_only(&self) -> String;
    /// The persona may not stay in this group.
    fn group_closed(&self) -> String;
    /// The persona doesn't talk with this person in private.
    fn private_closed(&self) -> String;
    /// There is more to answer than can be answered.
    fn overloaded(&self) -> String;
    /// The answers of this hour are used up.
    fn hour_spent(&self, cap: Cap) -> String;

    /// What a command does, in a few words.
    fn menu_entry(&self, entry: MenuEntry) -> &'static str;
}

/// The texts of a language.
pub fn in_language(language: Language) -> &'static dyn Texts {
    match language {
        Language::Ru => &ru::Russian,
        Language::En => &en::English,
    }
}

/// The language for a person in a chat: what the chat or the manifest chose ([`EffectiveSettings::language`]), else
/// English for those whose client is English, else Russian.
///
/// [`EffectiveSettings::language`]: crate::settings::EffectiveSettings::language
pub fn choose(chosen: Option<Language>, language_code: Option<&str>) -> Language {
    let primary = language_code.and_then(|code| code.split(['-', '_']).next()).unwrap_or_default();
    let own = if primary.eq_ignore_ascii_case("en") { Language::En } else { Language::Ru };
    chosen.unwrap_or(own)
}

/// A name with a capital letter, as people would call it: names are kept in lower case.
fn call(persona: &Persona) -> Option<String> {
    let mut characters = persona.triggers.names.first()?.chars();
    let first = characters.next()?;
    Some(first.to_uppercase().chain(characters).collect())
}

/// Whole hours and minutes; a started minute counts.
fn hours_and_minutes(length: Duration) -> (i64, i64) {
    let minutes = (length.whole_seconds() + 59) / 60;
    (minutes / 60, minutes % 60)
}
