//! Commands: read from any text of anybody anywhere, permitted, and carried out.
//!
//! The first three bytes say who writes where, the rest is the text.

use maskarad::chat::{
    ChatId, ChatKind, ChatRef, Entity, EntityKind, Language, Message, MessageId, RepliedTo, Sender, SenderKind,
    TransportKind, UserId,
};
use maskarad::command::{self, Change, Hearing, MAX_CONTEXT, MAX_QUIET_HOURS, Needs, Parsed, Permission, Scene};
use maskarad::config::persona::{Persona, WhoMayToggle};
use maskarad::reply::MAX_UTF16_UNITS;
use maskarad::store::ChatSettings;
use time::{Duration, OffsetDateTime};

use super::Target;
use crate::personas::{OWNER, me, personas};

pub(super) const TARGET: Target = Target {
    name: "command",
    run,
    words: &[
        "/start",
        "/help",
        "/insanity",
        "/context",
        "/set_context_length",
        "/reset",
        "/delete_history",
        "/chance",
        "/quiet",
        "/language",
        "/settings",
        "/block",
        "/unblock",
        "@avtobus_bot",
        "@other_bot",
        " on",
        " off",
        " 50",
        " 51",
        " 100%",
        " 168h",
        " -1",
        " ru",
        " en",
        " вкл",
        "\n",
        " 9223372036854775807",
        " 99999999999999999999",
    ],
};

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

fn run(data: &[u8]) {
    let [kind, sender, flags, text @ ..] = data else { return };
    let message = message(*kind, *sender, *flags, &String::from_utf8_lossy(text));
    for persona in personas() {
        obeyed(&message, persona);
    }
}

/// A message whose text may begin with a command, as Telegram marks it.
fn message(kind: u8, sender: u8, flags: u8, text: &str) -> Message {
    let kinds = [ChatKind::Group, ChatKind::Private, ChatKind::Channel];
    let senders = [
        SenderKind::Person,
        SenderKind::AnonymousAdmin,
        SenderKind::Channel,
        SenderKind::AutomaticForward,
        SenderKind::Bot,
    ];
    let author = |id: UserId| Sender {
        id,
        kind: senders[usize::from(sender) % senders.len()],
        name: "Ann".to_owned(),
        language: (flags & 1 != 0).then(|| text.chars().take(5).collect()),
    };
    let end = text.char_indices().find(|(at, c)| *at > 0 && !(c.is_alphanumeric() || "_@".contains(*c)));
    let end = end.map_or(text.len(), |(at, _)| at);
    let command = text.strip_prefix('/').and_then(|_| Some(EntityKind::Command(text.get(1..end)?.to_owned())));
    let mention = (flags & 2 != 0 && end < text.len())
        .then(|| Entity { range: end..text.len(), kind: EntityKind::UserMention(UserId(i64::from(flags))) });
    Message {
        id: MessageId(1),
        chat: ChatRef { transport: TransportKind::Telegram, id: ChatId(-1000), thread: None },
        chat_kind: kinds[usize::from(kind) % kinds.len()],
        chat_title: String::new(),
        sender: author(if flags & 4 != 0 { OWNER } else { UserId(100) }),
        sent_at: NOW,
        text: text.to_owned(),
        entities: command.map(|kind| Entity { range: 0..end, kind }).into_iter().chain(mention).collect(),
        reply_to: (flags & 8 != 0).then(|| RepliedTo {
            id: MessageId(0),
            sender: Some(author(UserId(i64::from(flags)))),
            text: String::new(),
        }),
        forwarded: flags & 16 != 0,
    }
}

/// Reads and carries out a command; nothing it may change is changed without a right.
pub(super) fn obeyed(message: &Message, persona: &Persona) {
    let Some(parsed) = command::parse(message, &me()) else { return };
    assert!(!message.forwarded && message.chat_kind != ChatKind::Channel);
    assert!(!matches!(message.sender.kind, SenderKind::Bot | SenderKind::AutomaticForward));
    let Parsed::Ours(command) = parsed else { return };
    let needs = command::permission(&command, message.chat_kind, persona);
    let granted = needs.of(&message.sender, persona.owner) == Permission::Granted;
    for language in [Language::Ru, Language::En] {
        let own = ChatSettings { chance: Some(0.5), ..ChatSettings::default() };
        let scene = Scene {
            persona,
            kind: message.chat_kind,
            own: Some(&own),
            hearing: Hearing::AddressedOnly,
            now: NOW,
            language,
        };
        let executed = command::execute(&command, &scene);
        assert!((1..=MAX_UTF16_UNITS).contains(&executed.answer.encode_utf16().count()));
        if let Some(change) = &executed.change {
            in_bounds(change);
            permitted(change, needs, message, persona, granted);
        }
        let refusal = command::refusal(needs, language);
        assert_eq!(refusal.is_none(), needs == Needs::Nothing);
    }
}

/// A change needs a right, and nobody has it by writing as somebody else.
fn permitted(change: &Change, needs: Needs, message: &Message, persona: &Persona, granted: bool) {
    let is_owner = message.sender.kind == SenderKind::Person && persona.owner == Some(message.sender.id);
    match change {
        Change::Block(_) | Change::Unblock(_) => assert!(needs == Needs::Owner && (!granted || is_owner)),
        Change::Settings(_) | Change::Reset => {
            let open = message.chat_kind == ChatKind::Private || persona.who_may_toggle == WhoMayToggle::Everyone;
            assert!(open || needs == Needs::Admin);
            assert!(open || !granted || message.sender.kind == SenderKind::AnonymousAdmin);
        }
    }
}

fn in_bounds(change: &Change) {
    let Change::Settings(settings) = change else { return };
    assert!(settings.context_length.is_none_or(|length| length <= MAX_CONTEXT));
    assert!(settings.chance.is_none_or(|chance| (0.0..=1.0).contains(&chance)));
    assert!(settings.quiet_until.is_none_or(|until| until <= NOW + Duration::hours(i64::from(MAX_QUIET_HOURS))));
}
