//! The daemon in Russian.

use time::Duration;

use super::{MenuEntry, Overview, Texts, call, hours_and_minutes};
use crate::access::Cap;
use crate::chat::{ChatKind, Language, UserId};
use crate::command::{BadArgument, Percent, Toggle};
use crate::config::persona::Persona;

/// Russian, the default.
pub(super) struct Russian;

impl Texts for Russian {
    fn start(&self, persona: &Persona, kind: ChatKind) -> String {
        let name = &persona.display_name;
        match kind {
            ChatKind::Private => format!("Привет! Это {name}. Просто напиши что-нибудь. Команды: /help"),
            _ => format!("Всем привет, это {name}. {} Команды: /help", ways_to_call(persona)),
        }
    }

    fn help(&self, persona: &Persona, kind: ChatKind) -> String {
        let name = &persona.display_name;
        match kind {
            ChatKind::Private => format!("{name} отвечает на каждое сообщение.\n\n{COMMON_HELP}"),
            _ => format!("{name}. {}\n\n{COMMON_HELP}\n{GROUP_HELP}", ways_to_call(persona)),
        }
    }

    fn settings(&self, overview: &Overview) -> String {
        let language = match overview.language {
            Some(Language::Ru) => "русский",
            Some(Language::En) => "английский",
            None => "как у собеседника",
        };
        let common = format!("Сообщений в памяти: {}\nЯзык: {language}", overview.context_length);
        if overview.kind == ChatKind::Private {
            return format!("Настройки этого чата\n{common}");
        }
        let quiet = overview.quiet_for.map_or("нет".to_owned(), |left| format!("ещё {}", duration(left)));
        let (insanity, chance) = (toggle(overview.insanity), overview.chance.value());
        format!("Настройки этого чата\nБезумие: {insanity}\nШанс: {chance} %\nТишина: {quiet}\n{common}")
    }

    fn unknown_command(&self) -> String {
        "Такой команды нет. Все команды: /help".to_owned()
    }

    fn insanity_state(&self, state: Toggle) -> String {
        match state {
            Toggle::On => "Безумие включено: отвечаю на каждое сообщение. Выключить: /insanity off".to_owned(),
            Toggle::Off => "Безумие выключено: отвечаю, когда зовут. Включить: /insanity on".to_owned(),
        }
    }

    fn insanity_set(&self, state: Toggle) -> String {
        match state {
            Toggle::On => "Безумие включено. Теперь отвечаю на каждое сообщение.".to_owned(),
            Toggle::Off => "Безумие выключено. Отвечаю, только когда зовут.".to_owned(),
        }
    }

    fn insanity_in_private(&self) -> String {
        "Безумие — это когда в группе я отвечаю на каждое сообщение. Здесь я и так отвечаю на всё.".to_owned()
    }

    fn privacy_mode(&self) -> String {
        "Но сейчас я вижу здесь только команды, упоминания и ответы мне: включён режим приватности. \
         Чтобы это исправить, сделайте меня администратором или отключите режим у @BotFather \
         (/setprivacy → Disable), а потом удалите меня из группы и добавьте снова."
            .to_owned()
    }

    fn chance(&self, percent: Percent) -> String {
        match percent.value() {
            0 => "Шанс 0 %: сам в разговор не вступаю.".to_owned(),
            value => format!("Шанс {value} %: с такой вероятностью вступаю в разговор сам."),
        }
    }

    fn context(&self, length: u8) -> String {
        match length {
            0 => "Сообщений в памяти: 0. Отвечаю только на последнее сообщение.".to_owned(),
            _ => format!("Сообщений в памяти: {length}. Столько предыдущих сообщений я учитываю в ответе."),
        }
    }

    fn quiet(&self, length: Duration) -> String {
        format!("Молчу {}, отвечаю, только когда зовут. Раньше: /quiet off", duration(length))
    }

    fn quiet_ended(&self) -> String {
        "Больше не молчу.".to_owned()
    }

    fn language(&self) -> String {
        "Говорю по-русски. In English: /language en".to_owned()
    }

    fn reset(&self) -> String {
        "Всё забыто. Начнём сначала.".to_owned()
    }

    fn blocked(&self, user: UserId) -> String {
        format!("Больше не отвечаю пользователю {user}. Вернуть: /unblock {user}")
    }

    fn unblocked(&self, user: UserId) -> String {
        format!("Снова отвечаю пользователю {user}.")
    }

    fn only_in_groups(&self) -> String {
        "Эта настройка — для групп. Здесь я отвечаю на каждое сообщение.".to_owned()
    }

    fn bad_argument(&self, argument: BadArgument) -> String {
        match argument {
            BadArgument::Insanity => "Можно так: /insanity on или /insanity off",
            BadArgument::Context => "Нужно число от 0 до 50, например: /context 4",
            BadArgument::Chance => "Нужно целое число процентов от 0 до 100, например: /chance 5",
            BadArgument::Quiet => "Нужно целое число часов от 0 до 168, например: /quiet 2",
            BadArgument::Language => "Можно так: /language ru или /language en",
            BadArgument::Person => "Ответьте этой командой на сообщение человека или укажите его id: /block 123456789",
        }
        .to_owned()
    }

    fn admins_only(&self) -> String {
        "Это могут менять только администраторы группы.".to_owned()
    }

    fn admins_unknown(&self) -> String {
        "Не могу сейчас узнать, кто администратор группы. Попробуйте ещё раз через минуту.".to_owned()
    }

    fn owner_only(&self) -> String {
        "Эта команда — только для владельца бота.".to_owned()
    }

    fn group_closed(&self) -> String {
        "Мне нельзя быть в этой группе, ухожу. Всего хорошего!".to_owned()
    }

    fn private_closed(&self) -> String {
        "Извините, в личных сообщениях я отвечаю не всем.".to_owned()
    }

    fn overloaded(&self) -> String {
        "Мне пишут слишком многие сразу, и я не успеваю отвечать. Напишите ещё раз чуть позже.".to_owned()
    }

    fn hour_spent(&self, cap: Cap) -> String {
        match cap {
            Cap::User => "На этот час ответы для вас закончились. Продолжим чуть позже.",
            Cap::Chat => "На этот час ответы в этом чате закончились. Продолжим чуть позже.",
        }
        .to_owned()
    }

    fn menu_entry(&self, entry: MenuEntry) -> &'static str {
        match entry {
            MenuEntry::Help => "что я умею",
            MenuEntry::Settings => "настройки этого чата",
            MenuEntry::Insanity => "отвечать на каждое сообщение: on или off",
            MenuEntry::Chance => "вступать в разговор самому: 0–100 %",
            MenuEntry::Quiet => "помолчать: сколько часов",
            MenuEntry::Reset => "забыть разговор",
            MenuEntry::Context => "сколько сообщений помнить: 0–50",
            MenuEntry::Language => "язык команд: ru или en",
        }
    }
}

const COMMON_HELP: &str = "/context 0–50 — сколько предыдущих сообщений помнить\n\
    /reset — забыть разговор\n\
    /language ru|en — язык команд\n\
    /settings — настройки этого чата";

const GROUP_HELP: &str = "/insanity on|off — отвечать на каждое сообщение\n\
    /chance 0–100 — вступать в разговор самому, в процентах\n\
    /quiet [часы] — помолчать, пока не позовут";

fn ways_to_call(persona: &Persona) -> String {
    match call(persona) {
        Some(name) => format!("Позовите по имени («{name}, привет!»), упомяните меня или ответьте на моё сообщение."),
        None => "Упомяните меня или ответьте на моё сообщение.".to_owned(),
    }
}

fn toggle(state: Toggle) -> &'static str {
    match state {
        Toggle::On => "включено",
        Toggle::Off => "выключено",
    }
}

fn duration(length: Duration) -> String {
    match hours_and_minutes(length) {
        (0, minutes) => format!("{minutes} мин"),
        (hours, 0) => format!("{hours} ч"),
        (hours, minutes) => format!("{hours} ч {minutes} мин"),
    }
}
