//! Reads a command's argument: one word, tolerantly. What follows it is politeness.

use super::{BadArgument, Command, DEFAULT_QUIET_HOURS, MAX_CONTEXT, MAX_QUIET_HOURS, Percent, Toggle};
use crate::chat::{EntityKind, Language, Me, Message, UserId};

/// The command of that name; `None` when there is none.
pub(super) fn command(name: &str, rest: &str, message: &Message, me: &Me) -> Option<Command> {
    let word = rest.split_whitespace().next().map(|word| word.trim_end_matches([',', '.', '!', ';']).to_lowercase());
    let word = word.as_deref();
    Some(match name {
        "start" => Command::Start,
        "help" => Command::Help,
        "settings" => Command::Settings,
        "reset" | "delete_history" => Command::Reset,
        "insanity" => optional(word, toggle, Command::Insanity, BadArgument::Insanity),
        "context" | "set_context_length" => optional(word, context, Command::Context, BadArgument::Context),
        "chance" => optional(word, percent, Command::Chance, BadArgument::Chance),
        "language" => optional(word, language, Command::Language, BadArgument::Language),
        "quiet" => {
            word.map_or(Some(DEFAULT_QUIET_HOURS), quiet).map_or(Command::Bad(BadArgument::Quiet), Command::Quiet)
        }
        "block" => person(word, message, me).map_or(Command::Bad(BadArgument::Person), Command::Block),
        "unblock" => person(word, message, me).map_or(Command::Bad(BadArgument::Person), Command::Unblock),
        _ => return None,
    })
}

/// No word asks for the state, a good one sets it, a bad one gets help.
fn optional<T>(
    word: Option<&str>,
    read: impl Fn(&str) -> Option<T>,
    command: impl Fn(Option<T>) -> Command,
    bad: BadArgument,
) -> Command {
    match word.map(read) {
        None => command(None),
        Some(Some(value)) => command(Some(value)),
        Some(None) => Command::Bad(bad),
    }
}

fn toggle(word: &str) -> Option<Toggle> {
    match word {
        "on" | "вкл" | "включи" | "включить" | "да" | "yes" | "true" | "1" => Some(Toggle::On),
        "off" | "выкл" | "выключи" | "выключить" | "нет" | "no" | "false" | "0" => {
            Some(Toggle::Off)
        }
        _ => None,
    }
}

fn context(word: &str) -> Option<u8> {
    word.parse().ok().filter(|length| *length <= MAX_CONTEXT)
}

fn percent(word: &str) -> Option<Percent> {
    match toggle(word) {
        Some(Toggle::Off) => Percent::new(0),
        _ => Percent::new(word.trim_end_matches('%').parse().ok()?),
    }
}

fn quiet(word: &str) -> Option<u8> {
    match toggle(word) {
        Some(Toggle::Off) => Some(0),
        Some(Toggle::On) => Some(DEFAULT_QUIET_HOURS),
        None => word.trim_end_matches(['h', 'ч']).parse().ok().filter(|hours| *hours <= MAX_QUIET_HOURS),
    }
}

fn language(word: &str) -> Option<Language> {
    match word {
        "ru" | "rus" | "russian" | "ру" | "рус" | "русский" => Some(Language::Ru),
        "en" | "eng" | "english" | "англ" | "английский" => Some(Language::En),
        _ => None,
    }
}

/// Named by id, by a mention that carries the id, or by a reply to them.
fn person(word: Option<&str>, message: &Message, me: &Me) -> Option<UserId> {
    let mentioned = message.entities.iter().find_map(|entity| match entity.kind {
        EntityKind::UserMention(id) => Some(id),
        _ => None,
    });
    let replied = || message.reply_to.as_ref()?.sender.as_ref().map(|sender| sender.id);
    let named = match word {
        Some(word) => word.parse().ok().map(UserId).or(mentioned),
        None => replied(),
    };
    named.filter(|id| *id != me.id)
}
