//! What unit tests of several modules start from. The persona is «Автобус», its bot @avtobus_bot with id 7.

use std::sync::{Arc, Mutex};

use maskarad_engine::{GenerationConfig, Precision};
use time::OffsetDateTime;
use time::macros::datetime;

use crate::chat::{
    ChatId, ChatKind, ChatRef, Entity, EntityKind, Me, Message, MessageId, PersonaName, Sender, SenderKind,
    TransportKind, UserId,
};
use crate::config::persona::{
    Access, ChatDefaults, Cut, Filter, GroupAccess, ModelSpec, NamesMatch, Persona, PrivateAccess, PromptRules,
    ReplyRules, StartAt, Template, Triggers, Updates, WhoMayToggle,
};

/// The moment at which tests happen.
pub(crate) const NOW: OffsetDateTime = datetime!(2026-09-01 12:00 UTC);
/// A person.
pub(crate) const ANN: UserId = UserId(100);
/// The persona's owner.
pub(crate) const OWNER: UserId = UserId(1);
/// A group.
pub(crate) const GROUP: ChatId = ChatId(-1000);

pub(crate) fn me() -> Me {
    Me { id: UserId(7), username: "avtobus_bot".to_owned(), can_read_all_group_messages: true }
}

pub(crate) fn persona() -> Persona {
    Persona {
        name: PersonaName::parse("avtobus").unwrap(),
        display_name: "Автобус".to_owned(),
        source: "avtobus.yaml".into(),
        token: None,
        updates: Updates::Polling,
        model: ModelSpec { path: "models/avtobus".into(), adapter: None, precision: Precision::F32 },
        template: Template::Continuation,
        generation: generation(),
        triggers: Triggers {
            names: ["автобус", "жёлтый бас", "бас"].map(str::to_owned).to_vec(),
            names_match: NamesMatch::Edges,
        },
        chat_defaults: ChatDefaults { insanity: false, chance: 0.0, context_length: 4, language: None },
        who_may_toggle: WhoMayToggle::Admins,
        access: Access {
            private: PrivateAccess::Everyone,
            groups: GroupAccess::Everyone,
            per_user_hourly: 10,
            per_chat_hourly: 20,
        },
        owner: Some(OWNER),
        prompt: PromptRules::default(),
        reply: ReplyRules {
            start_at: StartAt::Beginning,
            cut: Cut::Nothing,
            replace: Vec::new(),
            fallback: "что?".to_owned(),
        },
        filter: Filter::default(),
    }
}

fn generation() -> GenerationConfig {
    GenerationConfig {
        max_new_tokens: 8,
        do_sample: false,
        temperature: 1.0,
        top_k: 0,
        top_p: 1.0,
        repetition_penalty: 1.0,
        no_repeat_ngram_size: 0,
        seed: 0,
        eos_token_ids: Vec::new(),
        stop_strings: Vec::new(),
    }
}

pub(crate) fn sender(id: UserId, kind: SenderKind) -> Sender {
    Sender { id, kind, name: "Ann".to_owned(), language: Some("ru".to_owned()) }
}

/// A message of [`ANN`]'s, in [`GROUP`] or in private.
pub(crate) fn message(kind: ChatKind, text: &str) -> Message {
    let id = if kind == ChatKind::Private { ChatId(ANN.0) } else { GROUP };
    Message {
        id: MessageId(50),
        chat: ChatRef { transport: TransportKind::Telegram, id, thread: None },
        chat_kind: kind,
        chat_title: "Друзья".to_owned(),
        sender: sender(ANN, SenderKind::Person),
        sent_at: NOW,
        text: text.to_owned(),
        entities: Vec::new(),
        reply_to: None,
        forwarded: false,
    }
}

pub(crate) fn group(text: &str) -> Message {
    message(ChatKind::Group, text)
}

pub(crate) fn private(text: &str) -> Message {
    message(ChatKind::Private, text)
}

/// Names a part of the message's text.
pub(crate) fn with_entity(mut message: Message, part: &str, kind: EntityKind) -> Message {
    let start = message.text.find(part).unwrap();
    message.entities.push(Entity { range: start..start + part.len(), kind });
    message
}

/// Marks every `@name` as a mention, as Telegram does, and a leading `/command`.
pub(crate) fn marked(mut message: Message) -> Message {
    let text = message.text.clone();
    for word in text.split_inclusive(char::is_whitespace) {
        let start = word.as_ptr().addr() - text.as_ptr().addr();
        let ends = |c: char| !(c.is_alphanumeric() || c == '_' || c == '@');
        let length = word.char_indices().skip(1).find(|(_, c)| ends(*c)).map_or(word.len(), |(at, _)| at);
        let name = word.get(1..length).unwrap_or_default().to_owned();
        let kind = match word.chars().next() {
            Some('@') => EntityKind::Mention(name),
            Some('/') => EntityKind::Command(name),
            _ => continue,
        };
        message.entities.push(Entity { range: start..start + length, kind });
    }
    message
}

/// Keeps what is written to it.
#[derive(Clone, Default)]
pub(crate) struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    pub(crate) fn clear(&self) {
        self.0.lock().unwrap().clear();
    }
}

impl std::io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
