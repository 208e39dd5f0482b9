//! Updates as they come from the network: read, and judged as far as the router's judgement is pure.

use maskarad::access::{self, Blocking};
use maskarad::chat::{ChatId, ChatKind, Message, SenderKind};
use maskarad::command;
use maskarad::config::persona::Persona;
use maskarad::incoming::Incoming;
use maskarad::settings::EffectiveSettings;
use maskarad::store::Trace;
use maskarad::telegram::envelope;
use maskarad::telegram::update;
use maskarad::trigger::{self, Decision, Moment, Trigger};
use serde_json::Value;
use time::Duration;

use super::Target;
use crate::personas::{me, personas};

pub(super) const TARGET: Target = Target {
    name: "update",
    run,
    words: &[
        "\"message\":{",
        "\"edited_message\":{",
        "\"channel_post\":{",
        "\"my_chat_member\":{",
        "\"chat_member\":{",
        "\"business_message\":{",
        "\"guest_message\":{",
        "\"update_id\":1,",
        "\"chat\":{\"id\":-1000,\"type\":\"supergroup\"}",
        "\"from\":{\"id\":100,\"first_name\":\"A\"}",
        "\"sender_chat\":{",
        "\"reply_to_message\":{",
        "\"entities\":[{",
        "\"type\":\"bot_command\"",
        "\"type\":\"mention\"",
        "\"type\":\"text_mention\"",
        "\"offset\":",
        "\"length\":",
        "\"caption\":\"",
        "\"text\":\"/insanity on\"",
        "\"migrate_to_chat_id\":-2",
        "\"status\":\"restricted\"",
        "\"is_topic_message\":true",
        "\"message_thread_id\":3",
        "@avtobus_bot",
        "автобус",
        "\\u0000",
        "\\ud83d\\ude00",
        "9223372036854775807",
        "1e400",
        "null",
    ],
};

/// Stands in front of every text of a marked update; no text of ours holds it.
const MARK: char = '\u{e000}';

fn run(data: &[u8]) {
    let raw = String::from_utf8_lossy(data);
    let value = serde_json::from_str::<Value>(&raw);
    if let Ok(incoming) = update::parse(&raw) {
        let value = value.as_ref().expect("what was understood is JSON");
        understood(&incoming, value);
    }
    if let Ok(mut value) = value {
        let stored = envelope::open(&raw);
        assert_eq!(stored.is_some(), update::update_id_of(&raw).is_some());
        assert!(stored.is_none_or(|stored| stored.chat == update::chat_of(&value) && stored.raw == raw));
        traced(&value, &raw);
        mark(&mut value);
        if let Err(error) = update::parse(&value.to_string()) {
            assert!(!format!("{error} {error:?}").contains(MARK), "an error repeats a text of the update");
        }
    }
}

/// Whoever is forgotten leaves nothing behind that would be taken for theirs.
fn traced(value: &Value, raw: &str) {
    for number in [100, -1000] {
        if let Trace::Part(rest) = update::trace(raw, &[number]) {
            assert_eq!(update::trace(&rest, &[number]), Trace::None, "{rest}");
            assert_eq!(update::update_id_of(&rest), update::update_id_of(&value.to_string()));
        }
    }
}

fn understood(incoming: &Incoming, value: &Value) {
    if let Incoming::Message(message) = incoming {
        judged(message);
    }
    if let Incoming::Message(message) | Incoming::Context(message) | Incoming::Edited(message) = incoming {
        sound(message);
        // Updates are kept in order by chat, so both readings must name the same one.
        if value.as_object().is_some_and(|update| update.len() == 1) {
            assert_eq!(update::chat_of(value), Some(message.chat.id));
        }
    }
}

/// What every message that was read promises.
fn sound(message: &Message) {
    assert!(!message.text.contains('\0') && !message.sender.name.contains('\0'));
    for entity in &message.entities {
        assert!(message.text.get(entity.range.clone()).is_some_and(|part| !part.is_empty()));
    }
    if let Some(replied) = &message.reply_to {
        assert!(!replied.text.contains('\0'));
    }
}

/// What the router makes of a new message, for each persona.
fn judged(message: &Message) {
    for persona in personas() {
        for blocking in [Blocking::Welcome, Blocking::Blocked] {
            let _ = access::admit(persona, message, Some(ChatId(-5)), blocking);
        }
        super::command::obeyed(message, persona);
        decided(message, persona);
    }
}

fn decided(message: &Message, persona: &Persona) {
    let settings = EffectiveSettings::of(persona, message.chat_kind, None);
    let now = message.sent_at.saturating_add(Duration::minutes(1));
    let decision = trigger::decide(
        persona,
        &me(),
        &settings,
        message,
        Moment { now, dice: 0.25, stale_after: Duration::minutes(10) },
    );
    if let Decision::Answer(_) = decision {
        let answerable = !matches!(message.sender.kind, SenderKind::Bot | SenderKind::AutomaticForward);
        assert!(answerable && message.chat_kind != ChatKind::Channel && !message.text.trim().is_empty());
        assert!(
            !matches!(command::parse(message, &me()), Some(command::Parsed::Ours(_))),
            "a command is not chatted with"
        );
    }
    for trigger in Trigger::ALL {
        let text = trigger::prompt_text(persona, &me(), trigger, &message.text);
        assert_eq!(text.trim().is_empty(), message.text.trim().is_empty(), "a call may not be cut down to nothing");
    }
}

fn mark(value: &mut Value) {
    match value {
        Value::String(text) => text.insert(0, MARK),
        Value::Array(items) => items.iter_mut().for_each(mark),
        Value::Object(fields) => fields.values_mut().for_each(mark),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
