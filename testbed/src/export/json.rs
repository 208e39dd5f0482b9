//! As `result.json` of Telegram Desktop.

use std::io::{Result, Write};

use serde_json::{Map, Value, json};

use super::message::{Content, Fragment, Message, Reply};
use super::{Chat, ExportSpec};

/// The clock that `date` is told by, in seconds ahead of Greenwich.
pub(super) const AHEAD: i64 = 3 * 3600;

/// Writes the export of one chat.
///
/// # Errors
/// `to` doesn't take it.
pub fn write_chat(spec: ExportSpec, to: &mut impl Write) -> Result<()> {
    writeln!(
        to,
        "{{\n \"name\": \"Друзья & <Co>\",\n \"type\": \"private_supergroup\",\n \"id\": {},",
        spec.chat_id()
    )?;
    to.write_all(b" \"messages\": [")?;
    for (index, message) in Chat::new(spec).enumerate() {
        to.write_all(if index == 0 { b"\n  " } else { b",\n  " })?;
        serde_json::to_writer(&mut *to, &value(spec, &message))?;
    }
    to.write_all(b"\n ]\n}\n")
}

/// Writes the export of an account with these chats, the last of which was left.
///
/// # Errors
/// `to` doesn't take it.
pub fn write_account(specs: &[ExportSpec], to: &mut impl Write) -> Result<()> {
    let (left, stayed) = specs.split_last().map_or((None, specs), |(left, stayed)| (Some(left), stayed));
    let about = json!({ "user_id": 1, "first_name": "Я", "photos": [{ "nested": [[[]]] }] });
    write!(to, "{{\"about\":\"экспорт\",\"personal_information\":{about},\"contacts\":{{\"list\":[]}}")?;
    for (key, specs) in [("chats", stayed), ("left_chats", left.map_or(&[], std::slice::from_ref))] {
        write!(to, ",\"{key}\":{{\"about\":\"чаты\",\"list\":[")?;
        for (index, spec) in specs.iter().enumerate() {
            to.write_all(if index == 0 { b"" } else { b"," })?;
            write_chat(*spec, to)?;
        }
        to.write_all(b"]}")?;
    }
    to.write_all(b"}")
}

fn value(spec: ExportSpec, message: &Message) -> Value {
    let mut keys = Map::new();
    let service = message.content == Content::Service;
    keys.insert("id".to_owned(), json!(message.id));
    keys.insert("type".to_owned(), json!(if service { "service" } else { "message" }));
    keys.insert("date".to_owned(), json!(local(message.unix)));
    if spec.offsets {
        keys.insert("date_unixtime".to_owned(), json!(message.unix.to_string()));
    }
    let (who, number) = if service { ("actor", "actor_id") } else { ("from", "from_id") };
    author(message, who, number, &mut keys);
    content(message, &mut keys);
    match message.reply {
        _ if service => {}
        Reply::Nothing => {}
        Reply::To(id) => drop(keys.insert("reply_to_message_id".to_owned(), json!(id))),
        Reply::Elsewhere => {
            keys.insert("reply_to_message_id".to_owned(), json!(5));
            keys.insert("reply_to_peer_id".to_owned(), json!("channel777"));
        }
    }
    if message.dice.is_multiple_of(11) {
        keys.insert("reactions".to_owned(), json!([{ "type": "emoji", "count": 1, "emoji": "👍", "recent": [{}] }]));
    }
    Value::Object(keys)
}

fn author(message: &Message, who: &str, number: &str, keys: &mut Map<String, Value>) {
    match (message.person.name, message.person.id) {
        (None, None) if message.dice.is_multiple_of(2) => {}
        (name, _) => drop(keys.insert(who.to_owned(), json!(name))),
    }
    let Some(id) = message.person.id else { return };
    let bare = id.strip_prefix("user").and_then(|id| id.parse::<u64>().ok()).filter(|_| message.dice.is_multiple_of(3));
    keys.insert(number.to_owned(), bare.map_or(json!(id), |bare| json!(bare)));
}

fn content(message: &Message, keys: &mut Map<String, Value>) {
    let mut set = |key: &str, value: Value| drop(keys.insert(key.to_owned(), value));
    set("text", json!(""));
    set("text_entities", json!([]));
    match &message.content {
        Content::Text { fragments, edited, photo } => {
            set("text", text(fragments));
            set("text_entities", json!(fragments.iter().map(entity).collect::<Vec<_>>()));
            if *edited {
                set("edited", json!(local(message.unix + 60)));
                set("edited_unixtime", json!((message.unix + 60).to_string()));
            }
            if *photo {
                set("photo", json!("photos/photo_1.jpg"));
                set("width", json!(10));
            }
        }
        Content::Media("photo") => set("photo", json!("photos/photo_1.jpg")),
        Content::Media("poll") => {
            set("poll", json!({ "question": "да?", "closed": false, "answers": [{ "text": "да" }] }));
        }
        Content::Media(kind) => {
            set("media_type", json!(kind));
            set("file", json!("(File not included. Change data exporting settings to download.)"));
        }
        Content::Forward { from } => {
            set("forwarded_from", json!(from));
            set("text", json!("чужие слова"));
        }
        Content::Service => set("action", json!("pin_message")),
    }
}

fn text(fragments: &[Fragment]) -> Value {
    match fragments {
        [Fragment::Plain(text)] => json!(text),
        fragments => fragments.iter().map(piece).collect(),
    }
}

fn piece(fragment: &Fragment) -> Value {
    match fragment {
        Fragment::Plain(text) => json!(text),
        styled => entity(styled),
    }
}

fn entity(fragment: &Fragment) -> Value {
    match fragment {
        Fragment::Plain(text) => json!({ "type": "plain", "text": text }),
        Fragment::Styled("custom_emoji", text) => {
            json!({ "type": "custom_emoji", "text": text, "document_id": "1.webm" })
        }
        Fragment::Styled(kind, text) => json!({ "type": kind, "text": text }),
    }
}

/// `2024-01-31T23:59:59`
fn local(unix: i64) -> String {
    let (date, clock) = super::html::date_and_clock(unix);
    let [day, month, year] = date;
    format!("{year:04}-{month:02}-{day:02}T{clock}")
}
