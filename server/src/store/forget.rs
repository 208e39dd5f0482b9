//! Statements that forget a chat or a person. The inbox first, so that nothing is routed from it any more; then, in one
//! transaction, what was made of it.
//!
//! A daemon may be at work meanwhile: an update it is routing finds itself routed, a job it is working on finds itself
//! gone, and neither leaves anything behind.

use time::OffsetDateTime;

use super::dialect::{Dialect, Session, StoredRow, Value, values};
use super::sql::SqlStore;
use super::{Forget, Forgotten, Result, StoreError, Subject, Trace, Tracer, rows};
use crate::chat::{PersonaName, TransportKind};

/// Updates that are read at once.
const BATCH: u32 = 200;
/// How often the transaction is tried, should it lose to others.
const ATTEMPTS: u32 = 5;

/// Forgets. What `tracer` finds in an update goes with it.
pub(super) async fn forget<D: Dialect>(
    store: &SqlStore<D>,
    forget: &Forget,
    tracer: &Tracer,
    now: OffsetDateTime,
) -> Result<Forgotten> {
    let numbers = numbers(store, forget).await?;
    // A private chat has the number of its person; groups and channels that write have no chat with the persona alone.
    let is_chat = matches!(forget.subject, Subject::Chat(_)) || forget.subject.number() > 0;
    let chats = if is_chat { numbers.clone() } else { Vec::new() };
    let whom = Whom { forget, numbers, chats };
    let updates = inbox(store, &whom, tracer, now).await?;
    let mut attempt = 1;
    let forgotten = loop {
        match rows_of(store, &whom, now).await {
            Err(StoreError::Unavailable(_)) if attempt < ATTEMPTS => attempt += 1,
            result => break result?,
        }
    };
    if let Some(sql) = D::AFTER_FORGETTING {
        let mut connection = store.writer().await?;
        Session::<D>::on(&mut connection).rows(sql, values![]).await?;
    }
    Ok(Forgotten { updates, ..forgotten })
}

/// Who is forgotten.
struct Whom<'a> {
    forget: &'a Forget,
    /// As authors.
    numbers: Vec<i64>,
    /// As chats.
    chats: Vec<i64>,
}

impl Whom<'_> {
    /// `$1`, the persona's name or null; `$2`, their numbers as authors; `$3`, as chats; `$4`, the transport's name or null.
    fn values(&self) -> [Value<'_>; 4] {
        [
            Value::from(self.forget.persona.as_ref().map(PersonaName::as_str)),
            (&self.numbers).into(),
            (&self.chats).into(),
            Value::from(self.forget.transport.map(TransportKind::as_str)),
        ]
    }
}

/// A condition that limits a statement to one persona, where only one forgets.
const OURS: &str = "(persona = $1 or $1 is null)";
/// The same, and to one transport.
const THERE: &str = "(persona = $1 or $1 is null) and (transport = $4 or $4 is null)";

/// Every number by which it is known: a chat that became a supergroup has two.
async fn numbers<D: Dialect>(store: &SqlStore<D>, forget: &Forget) -> Result<Vec<i64>> {
    let number = forget.subject.number();
    let Subject::Chat(_) = forget.subject else { return Ok(vec![number]) };
    let sql = "select distinct case when chat_id = $1 then former_id else chat_id end as number from chats
               where former_id is not null and (chat_id = $1 or former_id = $1)";
    let mut connection = store.reader().await?;
    let others = Session::<D>::on(&mut connection).rows(sql, values![number]).await?;
    let others = others.iter().map(|row| rows::integer(row, "number"));
    std::iter::once(Ok(number)).chain(others).collect()
}

/// Takes them out of stored updates; returns how many were changed.
async fn inbox<D: Dialect>(store: &SqlStore<D>, whom: &Whom<'_>, tracer: &Tracer, now: OffsetDateTime) -> Result<u64> {
    let patterns: Vec<String> = whom.numbers.iter().map(|number| format!("%{number}%")).collect();
    let written: Vec<String> = (7..).take(patterns.len()).map(|parameter| format!("raw like ${parameter}")).collect();
    let sql = format!(
        "select seq, raw, chat_id from inbox
         where seq > $5 and (bot_id in (select bot_id from bots where {THERE}) or ($1 is null and $4 is null))
           and ((chat_id is not null and {here}) or {written}) order by seq limit $6",
        here = D::one_of("chat_id", 3),
        written = written.join(" or "),
    );
    let (mut changed, mut last) = (0, 0_i64);
    loop {
        let mut values = whom.values().to_vec();
        values.extend([Value::from(last), Value::from(BATCH)]);
        values.extend(patterns.iter().map(|pattern| Value::from(pattern.as_str())));
        let mut connection = store.reader().await?;
        let batch = Session::<D>::on(&mut connection).rows(sql.clone(), &values).await?;
        drop(connection);
        let Some(row) = batch.last() else { return Ok(changed) };
        last = rows::integer(row, "seq")?;
        for row in &batch {
            let here = row.integer("chat_id")?.is_some_and(|chat| whom.chats.contains(&chat));
            let trace = if here { Trace::Whole } else { tracer(&rows::text(row, "raw")?, &whom.numbers) };
            changed += u64::from(take_out(store, rows::integer(row, "seq")?, trace, now).await?);
        }
    }
}

/// Takes them out of one update; whether there was anything to take.
async fn take_out<D: Dialect>(store: &SqlStore<D>, seq: i64, trace: Trace, now: OffsetDateTime) -> Result<bool> {
    let mut connection = store.writer().await?;
    let mut session = Session::<D>::on(&mut connection);
    match trace {
        Trace::None => return Ok(false),
        Trace::Whole => {
            let sql = "update inbox set raw = '{}', chat_id = null, routed_at = coalesce(routed_at, $2),
                              outcome = coalesce(outcome, 'forgotten') where seq = $1";
            session.execute(sql, values![seq, now]).await?;
        }
        Trace::Part(rest) => {
            session.execute("update inbox set raw = $2 where seq = $1", values![seq, rest.as_str()]).await?;
        }
    }
    Ok(true)
}

/// Deletes what was made of updates, in one transaction.
async fn rows_of<D: Dialect>(store: &SqlStore<D>, whom: &Whom<'_>, now: OffsetDateTime) -> Result<Forgotten> {
    let mut connection = store.writer().await?;
    let mut transaction = D::begin(&mut connection).await?;
    let mut session = Session::<D>::on(&mut transaction);
    let (values, subject) = (&whom.values(), whom.forget.subject);
    let here = D::one_of("chat_id", 3);
    let by = |column: &str| match subject {
        Subject::Chat(_) => here.clone(),
        Subject::User(_) => format!("({here} or {})", D::one_of(column, 2)),
    };
    let jobs = format!("{THERE} and {}", by("sender_id"));
    // A reply could be recorded while the history is emptied, and stay behind.
    if let Some(sql) = D::ALONE {
        session.execute(sql, values![]).await?;
    }
    let orphans = format!(
        "update jobs set state = 'pending', lead_id = null
         where state <> 'done' and lead_id in (select id from jobs where {jobs}) and not ({jobs})"
    );
    session.execute(orphans, values).await?;
    let replies = match subject {
        Subject::Chat(_) => 0,
        Subject::User(_) => session.execute(replies::<D>(), values).await?,
    };
    let messages =
        session.execute(format!("delete from messages where {THERE} and {}", by("author_id")), values).await?;
    let said = session.execute(said_in_rooms::<D>(subject), values).await?;
    let jobs = session.execute(format!("delete from jobs where {jobs}"), values).await?;
    let settings = session.execute(format!("delete from chats where {THERE} and {here}"), values).await?;
    let titles = session.execute(format!("delete from known_chats where {THERE} and {here}"), values).await?;
    // What operators did stays, but for where; whoever lets a chat be forgotten has noted that at this very moment.
    let operators =
        format!("update audit set chat_id = null where at < $5 and {THERE} and chat_id is not null and {here}");
    session.execute(operators, &[&values[..], &[now.into()]].concat()).await?;
    let pauses = session.execute(format!("delete from pauses where {THERE} and {here}"), values).await?;
    let blocks = match subject {
        Subject::Chat(_) => 0,
        Subject::User(_) => {
            let sql = format!("delete from blocks where {OURS} and {}", D::one_of("user_id", 2));
            session.execute(sql, values).await?
        }
    };
    transaction.commit().await?;
    Ok(Forgotten { updates: 0, messages: messages + replies + said, jobs, titles, settings, pauses, blocks })
}

/// Deletes from the log of rooms, which is everybody's: a room's only where everybody forgets it.
fn said_in_rooms<D: Dialect>(subject: Subject) -> String {
    let (chats, authors) = (D::one_of("chat_id", 3), D::one_of("author_id", 2));
    match subject {
        Subject::Chat(_) => format!("delete from room_messages where $1 is null and {chats}"),
        Subject::User(_) => format!(
            "delete from room_messages where {authors} or (persona is not null and reply_to in
                 (select message_id from room_messages where {authors}))"
        ),
    }
}

/// Deletes what the persona said to somebody, by the message it replied to or by the job that message caused.
fn replies<D: Dialect>() -> String {
    let same = "theirs.persona = messages.persona and theirs.transport = messages.transport
                and theirs.chat_id = messages.chat_id and theirs.message_id = messages.reply_to";
    format!(
        "delete from messages where {THERE} and author_id is null and reply_to is not null
           and (exists (select 1 from messages as theirs where {same} and {author})
             or exists (select 1 from jobs as theirs where {same} and {sender}))",
        author = D::one_of("theirs.author_id", 2),
        sender = D::one_of("theirs.sender_id", 2),
    )
}
