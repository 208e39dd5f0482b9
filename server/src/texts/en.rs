//! The daemon in English.

use time::Duration;

use super::{MenuEntry, Overview, Texts, call, hours_and_minutes};
use crate::access::Cap;
use crate::chat::{ChatKind, Language, UserId};
use crate::command::{BadArgument, Percent, Toggle};
use crate::config::persona::Persona;

/// English, for those whose client is English.
pub(super) struct English;

impl Texts for English {
    fn start(&self, persona: &Persona, kind: ChatKind) -> String {
        let name = &persona.display_name;
        match kind {
            ChatKind::Private => format!("Hi! This is {name}. Just write something. Commands: /help"),
            _ => format!("Hello everybody, this is {name}. {} Commands: /help", ways_to_call(persona)),
        }
    }

    fn help(&self, persona: &Persona, kind: ChatKind) -> String {
        let name = &persona.display_name;
        match kind {
            ChatKind::Private => format!("{name} answers every message.\n\n{COMMON_HELP}"),
            _ => format!("{name}. {}\n\n{COMMON_HELP}\n{GROUP_HELP}", ways_to_call(persona)),
        }
    }

    fn settings(&self, overview: &Overview) -> String {
        let language = match overview.language {
            Some(Language::Ru) => "Russian",
            Some(Language::En) => "English",
            None => "each person's own",
        };
        let common = format!("Messages remembered: {}\nLanguage: {language}", overview.context_length);
        if overview.kind == ChatKind::Private {
            return format!("Settings of this chat\n{common}");
        }
        let quiet = overview.quiet_for.map_or("no".to_owned(), |left| format!("{} more", duration(left)));
        let (insanity, chance) = (toggle(overview.insanity), overview.chance.value());
        format!("Settings of this chat\nInsanity: {insanity}\nChance: {chance}%\nQuiet: {quiet}\n{common}")
    }

    fn unknown_command(&self) -> String {
        "There is no such command. All commands: /help".to_owned()
    }

    fn insanity_state(&self, state: Toggle) -> String {
        match state {
            Toggle::On => "Insanity is on: I answer every message. To switch it off: /insanity off".to_owned(),
            Toggle::Off => "Insanity is off: I answer when I'm called. To switch it on: /insanity on".to_owned(),
        }
    }

    fn insanity_set(&self, state: Toggle) -> String {
        match state {
            Toggle::On => "Insanity is on. I answer every message now.".to_owned(),
            Toggle::Off => "Insanity is off. I answer only when I'm called.".to_owned(),
        }
    }

    fn insanity_in_private(&self) -> String {
        "Insanity is when I answer every message of a group. Here I answer everything anyway.".to_owned()
    }

    fn privacy_mode(&self) -> String {
        "But all I can see here now are commands, mentions and replies to me: privacy mode is on. \
         To mend that, make me an administrator, or switch it off at @BotFather (/setprivacy → Disable), \
         then remove me from the group and add me again."
            .to_owned()
    }

    fn chance(&self, percent: Percent) -> String {
        match percent.value() {
            0 => "Chance 0%: I don't join in by myself.".to_owned(),
            value => format!("Chance {value}%: that's how likely I am to join in by myself."),
        }
    }

    fn context(&self, length: u8) -> String {
        match length {
            0 => "Messages remembered: 0. I answer to the last message only.".to_owned(),
            _ => format!("Messages remembered: {length}. So many earlier messages count when I answer."),
        }
    }

    fn quiet(&self, length: Duration) -> String {
        format!("I'm quiet for {} and answer only when called. To end it: /quiet off", duration(length))
    }

    fn quiet_ended(&self) -> String {
        "I'm not quiet any more.".to_owned()
    }

    fn language(&self) -> String {
        "I speak English. По-русски: /language ru".to_owned()
    }

    fn reset(&self) -> String {
        "All forgotten. Let's start afresh.".to_owned()
    }

    fn blocked(&self, user: UserId) -> String {
        format!("I no longer answer user {user}. To undo: /unblock {user}")
    }

    fn unblocked(&self, user: UserId) -> String {
        format!("I answer user {user} again.")
    }

    fn only_in_groups(&self) -> String {
        "This setting is for groups. Here I answer every message.".to_owned()
    }

    fn bad_argument(&self, argument: BadArgument) -> String {
        match argument {
            BadArgument::Insanity => "Write /insanity on or /insanity off",
            BadArgument::Context => "It takes a number from 0 to 50, for example: /context 4",
            BadArgument::Chance => "It takes a whole percentage from 0 to 100, for example: /chance 5",
            BadArgument::Quiet => "It takes a whole number of hours from 0 to 168, for example: /quiet 2",
            BadArgument::Language => "Write /language ru or /language en",
            BadArgument::Person => "Reply with this command to a person's message, or give their id: /block 123456789",
        }
        .to_owned()
    }

    fn admins_only(&self) -> String {
        "Only administrators of the group can change this.".to_owned()
    }

    fn admins_unknown(&self) -> String {
        "I can't find out who administers this group right now. Please try again in a minute.".to_owned()
    }

    fn owner_only(&self) -> String {
        "This command is for the bot's owner only.".to_owned()
    }

    fn group_closed(&self) -> String {
        "I'm not allowed to stay in this group, so I'm leaving. All the best!".to_owned()
    }

    fn private_closed(&self) -> String {
        "Sorry, I don't answer everybody in private.".to_owned()
    }

    fn overloaded(&self) -> String {
        "Too many people are writing at once, and I can't keep up. Please try again a little later.".to_owned()
    }

    fn hour_spent(&self, cap: Cap) -> String {
        match cap {
            Cap::User => "Your answers for this hour are used up. Let's go on a little later.",
            Cap::Chat => "This chat's answers for this hour are used up. Let's go on a little later.",
        }
        .to_owned()
    }

    fn menu_entry(&self, entry: MenuEntry) -> &'static str {
        match entry {
            MenuEntry::Help => "what I can do",
            MenuEntry::Settings => "settings of this chat",
            MenuEntry::Insanity => "answer every message: on or off",
            MenuEntry::Chance => "join in by myself: 0–100%",
            MenuEntry::Quiet => "be quiet: for how many hours",
            MenuEntry::Reset => "forget the conversation",
            MenuEntry::Context => "how many messages to remember: 0–50",
            MenuEntry::Language => "language of the commands: ru or en",
        }
    }
}

const COMMON_HELP: &str = "/context 0–50 — how many earlier messages to remember\n\
    /reset — forget the conversation\n\
    /language ru|en — language of the commands\n\
    /settings — settings of this chat";

const GROUP_HELP: &str = "/insanity on|off — answer every message\n\
    /chance 0–100 — join in by myself, in percent\n\
    /quiet [hours] — be quiet until called";

fn ways_to_call(persona: &Persona) -> String {
    match call(persona) {
        Some(name) => format!("Call me by name (“{name}, hello!”), mention me, or reply to a message of mine."),
        None => "Mention me, or reply to a message of mine.".to_owned(),
    }
}

fn toggle(state: Toggle) -> &'static str {
    match state {
        Toggle::On => "on",
        Toggle::Off => "off",
    }
}

fn duration(length: Duration) -> String {
    match hours_and_minutes(length) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}
