//! What a message of a room is in an inbox: JSON of our own. Whoever and whatever it names stands in fields with the Bot API's
//! names, so that one search finds what is to be forgotten in the updates of either transport.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::ids;
use crate::chat::{
    ChatId, ChatKind, ChatRef, Entity, EntityKind, Message, MessageId, PersonaName, RepliedTo, Sender, SenderKind,
    TransportKind, UserId,
};
use crate::incoming::{Incoming, ParseError};
use crate::store::{BotId, RawUpdate, Room, RoomMessage};

#[derive(Deserialize, Serialize)]
struct Update {
    update_id: i64,
    room_message: Body,
}

#[derive(Deserialize, Serialize)]
struct Body {
    message_id: i64,
    chat: Chat,
    from: From,
    date: i64,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to_message: Option<Quoted>,
}

#[derive(Deserialize, Serialize)]
struct Chat {
    id: i64,
    title: String,
}

#[derive(Deserialize, Serialize)]
struct From {
    id: i64,
    name: String,
    is_persona: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct Quoted {
    message_id: i64,
    from: From,
    text: String,
}

/// An update for each persona that sits in the room, but for the one that speaks.
pub(super) fn announce(
    room: &Room,
    message: &RoomMessage,
    answered: Option<&RoomMessage>,
    language: Option<&str>,
) -> Vec<(BotId, RawUpdate)> {
    let body = Body {
        message_id: message.id.0,
        chat: Chat { id: room.id.0, title: room.title.clone() },
        from: From { language: language.map(str::to_owned), ..From::of(message) },
        date: message.said.sent_at.unix_timestamp(),
        text: message.said.text.clone(),
        reply_to_message: answered.map(|answered| Quoted {
            message_id: answered.id.0,
            from: From::of(answered),
            text: answered.said.text.clone(),
        }),
    };
    let update = Update { update_id: message.id.0, room_message: body };
    let raw = serde_json::to_string(&update).expect("strings and numbers can be written as JSON");
    let update = RawUpdate { update_id: message.id.0, chat: Some(room.id), raw };
    let speaks = |persona: &&PersonaName| message.said.persona.as_ref() == Some(*persona);
    let hear = room.personas.iter().filter(|persona| !speaks(persona));
    hear.map(|persona| (ids::bot_id(persona), update.clone())).collect()
}

impl From {
    fn of(message: &RoomMessage) -> Self {
        let said = &message.said;
        let (name, is_persona) = (said.author_name.clone(), said.persona.is_some());
        Self { id: said.author_id.0, name, is_persona, language: None }
    }

    fn sender(self) -> Sender {
        let kind = if self.is_persona { SenderKind::Bot } else { SenderKind::Person };
        Sender { id: UserId(self.id), kind, name: self.name, language: self.language }
    }
}

/// Reads one.
pub(super) fn parse(raw: &str) -> Result<Incoming, ParseError> {
    let update: Update = serde_json::from_str(raw).map_err(ParseError::Json)?;
    let body = update.room_message;
    let is_persona = body.from.is_persona;
    let message = Message {
        id: MessageId(body.message_id),
        chat: ChatRef { transport: TransportKind::Web, id: ChatId(body.chat.id), thread: None },
        chat_kind: ChatKind::Group,
        chat_title: body.chat.title,
        sender: body.from.sender(),
        sent_at: OffsetDateTime::from_unix_timestamp(body.date).unwrap_or(OffsetDateTime::UNIX_EPOCH),
        entities: entities(&body.text),
        text: body.text,
        reply_to: body.reply_to_message.map(|quoted| RepliedTo {
            id: MessageId(quoted.message_id),
            sender: Some(quoted.from.sender()),
            text: quoted.text,
        }),
        forwarded: false,
    };
    Ok(if is_persona { Incoming::Context(message) } else { Incoming::Message(message) })
}

/// Marks every `@name`, and a `/command` at the start of a word.
fn entities(text: &str) -> Vec<Entity> {
    let mut found = Vec::new();
    for word in text.split_inclusive(char::is_whitespace) {
        let start = word.as_ptr().addr() - text.as_ptr().addr();
        let ends = |c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '@'));
        let length = word.char_indices().skip(1).find(|(_, c)| ends(*c)).map_or(word.len(), |(at, _)| at);
        let name = word.get(1..length).unwrap_or_default();
        let kind = match word.chars().next() {
            Some('@') if !name.is_empty() => EntityKind::Mention(name.to_owned()),
            Some('/') if !name.is_empty() => EntityKind::Command(name.to_owned()),
            _ => continue,
        };
        found.push(Entity { range: start..start + length, kind });
    }
    found
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::store::{Said, Trace};
    use crate::telegram::update::trace;

    fn room() -> Room {
        let personas = ["avtobus", "polkson"].map(|name| PersonaName::parse(name).unwrap()).to_vec();
        Room { id: ChatId(1 << 52), title: "кухня".to_owned(), personas, messages: 0, last_at: None }
    }

    fn message(id: i64, persona: Option<&str>, text: &str) -> RoomMessage {
        let persona = persona.and_then(PersonaName::parse);
        let author_id = persona.as_ref().map_or_else(|| ids::user_id("Аня"), |persona| ids::me(persona).id);
        let said = Said {
            room: room().id,
            author_id,
            author_name: "Аня".to_owned(),
            persona,
            text: text.to_owned(),
            reply_to: None,
            sent_at: datetime!(2026-11-26 21:00 UTC),
        };
        RoomMessage { id: MessageId(id), said }
    }

    #[test]
    fn a_person_is_heard_by_all_and_a_persona_by_the_others_as_context() {
        let (asked, said) = (message(7, None, "/insanity@avtobus on"), message(8, Some("polkson"), "еду"));
        let updates = announce(&room(), &asked, Some(&said), Some("en"));
        assert_eq!(
            updates.iter().map(|(bot, _)| *bot).collect::<Vec<_>>(),
            [ids::bot_id(&room().personas[0]), ids::bot_id(&room().personas[1])]
        );
        let Ok(Incoming::Message(read)) = parse(&updates[0].1.raw) else { panic!("{}", updates[0].1.raw) };
        assert_eq!(
            (read.id, read.sent_at, read.text.as_str()),
            (MessageId(7), asked.said.sent_at, "/insanity@avtobus on")
        );
        assert_eq!(read.entities, [Entity { range: 0..17, kind: EntityKind::Command("insanity@avtobus".to_owned()) }]);
        assert_eq!((read.sender.kind, read.sender.language.as_deref()), (SenderKind::Person, Some("en")));
        let replied = read.reply_to.unwrap();
        assert_eq!((replied.id, replied.sender.unwrap().id), (MessageId(8), ids::me(&room().personas[1]).id));

        let updates = announce(&room(), &said, None, None);
        assert_eq!(updates.len(), 1, "who speaks doesn't hear itself");
        assert!(matches!(parse(&updates[0].1.raw), Ok(Incoming::Context(_))), "{}", updates[0].1.raw);
    }

    #[test]
    fn names_and_commands_are_marked_wherever_a_word_begins() {
        let kinds = |text| entities(text).into_iter().map(|entity| (text[entity.range].to_owned(), entity.kind));
        let mention = |name: &str| (format!("@{name}"), EntityKind::Mention(name.to_owned()));
        assert_eq!(kinds("ну @avtobus, и @вася-2!").collect::<Vec<_>>(), [mention("avtobus"), mention("вася-2")]);
        assert_eq!(kinds("@ / // а@б").map(|(text, _)| text).collect::<Vec<_>>(), Vec::<String>::new());
    }

    #[test]
    fn what_is_to_be_forgotten_is_found() {
        let (mine, theirs) = (message(7, None, "слово"), message(8, Some("polkson"), "еду"));
        let updates = announce(&room(), &theirs, Some(&mine), None);
        let ann = ids::user_id("Аня").0;
        let Trace::Part(rest) = trace(&updates[0].1.raw, &[ann]) else { panic!("{}", updates[0].1.raw) };
        assert!(!rest.contains("слово") && parse(&rest).is_ok(), "{rest}");
        let updates = announce(&room(), &mine, None, None);
        assert_eq!(trace(&updates[0].1.raw, &[ann]), Trace::Whole);
        assert_eq!(trace(&updates[0].1.raw, &[1 << 52]), Trace::Whole);
        assert_eq!(trace(&updates[0].1.raw, &[5]), Trace::None);
    }

    #[test]
    fn what_is_no_update_of_a_room_is_refused() {
        for raw in ["", "{}", "[]", r#"{"update_id":1,"message":{}}"#, r#"{"update_id":1,"room_message":{"text":"а"}}"#]
        {
            assert!(parse(raw).is_err(), "{raw}");
        }
    }
}
