//! Statements of rooms. Whatever is said in a room goes into its log and into the inboxes of its personas in one transaction.

use time::OffsetDateTime;

use super::dialect::{Dialect, Session, StoredRow, storable, values};
use super::{Announce, Result, Room, RoomMessage, Said, inbox, rows};
use crate::chat::{ChatId, MessageId, PersonaName, UserId};

const MESSAGE: &str = "message_id, chat_id, persona, author_id, author_name, text, reply_to, sent_at";

/// Opens a room with these personas in it.
pub(super) async fn open<D: Dialect>(
    session: &mut Session<'_, D>,
    title: &str,
    personas: &[PersonaName],
    now: OffsetDateTime,
) -> Result<ChatId> {
    let sql = "insert into rooms (title, created_at) values ($1, $2) returning chat_id";
    let rows = session.rows(sql, values![title, now]).await?;
    let row = rows.first().expect("an insert of one row returns one row");
    let room = ChatId(rows::integer(row, "chat_id")?);
    for persona in personas {
        sit(session, room, persona).await?;
    }
    Ok(room)
}

/// Closes a room; `false` where there was none.
pub(super) async fn close<D: Dialect>(session: &mut Session<'_, D>, room: ChatId) -> Result<bool> {
    lock(session, room).await?;
    Ok(session.execute("delete from rooms where chat_id = $1", values![room]).await? == 1)
}

/// Lets a persona sit down; `false`, and nothing changed, where there is no such room.
pub(super) async fn sit<D: Dialect>(session: &mut Session<'_, D>, room: ChatId, persona: &PersonaName) -> Result<bool> {
    lock(session, room).await?;
    if session.row("select 1 as one from rooms where chat_id = $1", values![room]).await?.is_none() {
        return Ok(false);
    }
    let sql = "insert into room_personas (chat_id, persona) values ($1, $2) on conflict do nothing";
    session.execute(sql, values![room, persona]).await?;
    Ok(true)
}

/// Lets a persona leave; `false` where it didn't sit there.
pub(super) async fn leave<D: Dialect>(
    session: &mut Session<'_, D>,
    room: ChatId,
    persona: &PersonaName,
) -> Result<bool> {
    lock(session, room).await?;
    let sql = "delete from room_personas where chat_id = $1 and persona = $2";
    Ok(session.execute(sql, values![room, persona]).await? == 1)
}

/// All rooms, the oldest first; or the one of this number.
pub(super) async fn rooms<D: Dialect>(session: &mut Session<'_, D>, only: Option<ChatId>) -> Result<Vec<Room>> {
    let sql = "select chat_id, title,
                   (select count(*) from room_messages as said where said.chat_id = rooms.chat_id) as messages,
                   (select max(sent_at) from room_messages as said where said.chat_id = rooms.chat_id) as last_at
               from rooms where chat_id = $1 or $1 is null order by chat_id";
    let found = session.rows(sql, values![only]).await?;
    let sql = "select chat_id, persona from room_personas where chat_id = $1 or $1 is null order by persona";
    let seats = session.rows(sql, values![only]).await?;
    found.iter().map(|row| room(row, &seats)).collect()
}

fn room<R: StoredRow>(row: &R, seats: &[R]) -> Result<Room> {
    let id = rows::integer(row, "chat_id")?;
    let mut personas = Vec::new();
    for seat in seats {
        if rows::integer(seat, "chat_id")? == id {
            personas.push(rows::persona(seat)?);
        }
    }
    Ok(Room {
        id: ChatId(id),
        title: rows::text(row, "title")?,
        personas,
        messages: rows::integer(row, "messages")?.unsigned_abs(),
        last_at: row.time("last_at")?,
    })
}

/// Messages of a room after this one, oldest first, at most `limit` of the newest.
pub(super) async fn messages<D: Dialect>(
    session: &mut Session<'_, D>,
    room: ChatId,
    after: MessageId,
    limit: u32,
) -> Result<Vec<RoomMessage>> {
    let sql = format!(
        "select {MESSAGE} from room_messages where chat_id = $1 and message_id > $2 order by message_id desc limit $3"
    );
    session.rows(sql, values![room, after, limit]).await?.iter().rev().map(message).collect()
}

fn message(row: &impl StoredRow) -> Result<RoomMessage> {
    Ok(RoomMessage {
        id: MessageId(rows::integer(row, "message_id")?),
        said: Said {
            room: ChatId(rows::integer(row, "chat_id")?),
            persona: rows::optional_word(row, "persona", PersonaName::parse)?,
            author_id: UserId(rows::integer(row, "author_id")?),
            author_name: rows::text(row, "author_name")?,
            text: rows::text(row, "text")?,
            reply_to: row.integer("reply_to")?.map(MessageId),
            sent_at: rows::time(row, "sent_at")?,
        },
    })
}

/// Says something in a room; `None`, and nothing changed, where there is no such room or the persona doesn't sit there.
pub(super) async fn say<D: Dialect>(
    session: &mut Session<'_, D>,
    said: &Said,
    announce: &Announce,
    now: OffsetDateTime,
) -> Result<Option<RoomMessage>> {
    // Ids must become visible in their order: whoever reads a room asks for what came after the last one it has seen.
    lock(session, said.room).await?;
    let Some(room) = rooms(session, Some(said.room)).await?.pop() else { return Ok(None) };
    if said.persona.as_ref().is_some_and(|persona| !room.personas.contains(persona)) {
        return Ok(None);
    }
    let answered = match said.reply_to {
        Some(id) => {
            let sql = format!("select {MESSAGE} from room_messages where chat_id = $1 and message_id = $2");
            session.row(sql, values![said.room, id]).await?.as_ref().map(message).transpose()?
        }
        None => None,
    };
    let sql = "insert into room_messages (chat_id, persona, author_id, author_name, text, reply_to, sent_at)
               values ($1, $2, $3, $4, $5, $6, $7) returning message_id";
    let persona = said.persona.as_ref().map(PersonaName::as_str);
    let (name, text) = (said.author_name.as_str(), said.text.as_str());
    let reply_to = answered.as_ref().map(|message| message.id);
    let values = values![said.room, persona, said.author_id, name, text, reply_to, said.sent_at];
    let rows = session.rows(sql, values).await?;
    let row = rows.first().expect("an insert of one row returns one row");
    let text = storable(&said.text).into_owned();
    let id = MessageId(rows::integer(row, "message_id")?);
    let message = RoomMessage { id, said: Said { reply_to, text, ..said.clone() } };
    for (bot, update) in announce(&room, &message, answered.as_ref()) {
        inbox::accept(session, bot, &[update], now).await?;
    }
    Ok(Some(message))
}

/// One change of a room at a time.
async fn lock<D: Dialect>(session: &mut Session<'_, D>, room: ChatId) -> Result<()> {
    if let Some(sql) = D::LOCK {
        session.row(sql, values![format!("room/{room}").as_str()]).await?;
    }
    Ok(())
}
