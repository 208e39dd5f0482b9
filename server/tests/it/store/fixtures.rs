//! Short ways to say what stories are about.

use std::sync::atomic::{AtomicI64, Ordering};

use maskarad::chat::{
    ChatId, ChatKey, ChatKind, ChatRef, Conversation, MessageId, PersonaName, Seat, ThreadId, TransportKind, UserId,
};
use maskarad::request::RequestId;
use maskarad::store::{
    Author, BotId, ChatSettings, Claim, Effect, Finish, HistoryMessage, Job, JobId, Lease, NewJob, Outcome, RawUpdate,
    Reply, Routed, Store, Taken,
};
use maskarad::trigger::Trigger;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::support::database::TestDatabase;

pub(crate) const NOW: OffsetDateTime = datetime!(2024-05-01 12:00 UTC);
pub(crate) const BOT: BotId = BotId(7_000_000_001);
pub(crate) const ANNA: UserId = UserId(501);

/// So many seconds after [`NOW`].
pub(crate) fn after(seconds: i64) -> OffsetDateTime {
    NOW + Duration::seconds(seconds)
}

pub(crate) fn persona(name: &str) -> PersonaName {
    PersonaName::parse(name).unwrap()
}

/// The personas of most stories.
pub(crate) fn avtobus() -> [Seat; 1] {
    [persona("avtobus").at(TransportKind::Telegram)]
}

/// The right to serve Avtobus while nobody has taken it.
pub(crate) fn lease() -> Lease {
    Lease::before_the_first(persona("avtobus"), TransportKind::Telegram)
}

/// Takes Avtobus.
pub(crate) async fn take(store: &dyn Store) -> Option<Taken> {
    store.take(&persona("avtobus"), TransportKind::Telegram, "a test", NOW).await.unwrap()
}

/// Avtobus in this chat.
pub(crate) fn place(chat: i64) -> Conversation {
    let chat = ChatRef { transport: TransportKind::Telegram, id: ChatId(chat), thread: None };
    Conversation { persona: persona("avtobus"), chat }
}

/// Avtobus in a topic of this chat.
pub(crate) fn topic(chat: i64, thread: i64) -> Conversation {
    let mut place = place(chat);
    place.chat.thread = Some(ThreadId(thread));
    place
}

/// Somebody else in this chat.
pub(crate) fn place_of(name: &str, chat: i64) -> Conversation {
    Conversation { persona: persona(name), ..place(chat) }
}

pub(crate) fn update(id: i64, chat: Option<i64>) -> RawUpdate {
    RawUpdate { update_id: id, chat: chat.map(ChatId), raw: format!("{{\"update_id\":{id}}}") }
}

/// Anna says something.
pub(crate) fn said(conversation: &Conversation, id: i64, text: &str) -> HistoryMessage {
    HistoryMessage {
        conversation: conversation.clone(),
        id: MessageId(id),
        author: Author::Other { id: ANNA, name: "Анна".to_owned() },
        text: text.to_owned(),
        sent_at: NOW,
        reply_to: None,
    }
}

/// The persona says something.
pub(crate) fn replied(conversation: &Conversation, id: i64, text: &str) -> HistoryMessage {
    HistoryMessage { author: Author::Persona, ..said(conversation, id, text) }
}

pub(crate) fn job(conversation: &Conversation, message: i64, trigger: Trigger) -> NewJob {
    NewJob {
        conversation: conversation.clone(),
        chat_kind: ChatKind::Group,
        message: MessageId(message),
        sender: ANNA,
        trigger,
        seed: message * 31,
        notice: None,
        request: RequestId::of_update(&conversation.seat(), message),
        created_at: after(message),
    }
}

pub(crate) fn notice(conversation: &Conversation, message: i64, text: &str) -> NewJob {
    NewJob { notice: Some(text.to_owned()), ..job(conversation, message, Trigger::Notice) }
}

pub(crate) fn reply(text: &str) -> Reply {
    Reply { text: text.to_owned(), outcome: Outcome::Answered, reason: None }
}

pub(crate) fn lead(lead: JobId) -> Claim {
    Claim { lead, shared: Vec::new(), coalesced: Vec::new() }
}

pub(crate) fn ended(job: JobId, outcome: Outcome) -> Finish {
    Finish { job, outcome, reason: None, delivered: None, at: NOW }
}

/// Accepts an update that nobody had and applies these effects with it.
pub(crate) async fn apply(store: &dyn Store, effects: Vec<Effect>) -> bool {
    static LAST: AtomicI64 = AtomicI64::new(1_000_000);
    let update_id = LAST.fetch_add(1, Ordering::Relaxed);
    store.accept(BOT, &[update(update_id, None)], NOW).await.unwrap();
    store.apply(&lease(), &[routed(update_id, effects)], NOW).await.unwrap() > 0
}

pub(crate) fn routed(update_id: i64, effects: Vec<Effect>) -> Routed {
    Routed { bot: BOT, update_id, outcome: "tested", effects }
}

/// Replaces a chat's settings.
pub(crate) async fn set(store: &dyn Store, key: ChatKey, settings: ChatSettings) {
    assert!(apply(store, vec![Effect::Settings(key, settings)]).await);
}

/// Enqueues these jobs, each with an update of its own.
pub(crate) async fn enqueue(store: &dyn Store, jobs: impl IntoIterator<Item = NewJob>) {
    for job in jobs {
        assert!(apply(store, vec![Effect::Enqueue(job)]).await);
    }
}

/// Stores these messages.
pub(crate) async fn remember(store: &dyn Store, messages: impl IntoIterator<Item = HistoryMessage>) {
    assert!(apply(store, messages.into_iter().map(Effect::Remember).collect()).await);
}

/// The message ids of a conversation's pending jobs.
pub(crate) async fn pending(store: &dyn Store, conversation: &Conversation) -> Vec<i64> {
    store.pending(conversation, 100).await.unwrap().iter().map(|job| job.message.0).collect()
}

/// The pending job of a message.
pub(crate) async fn pending_job(store: &dyn Store, conversation: &Conversation, message: i64) -> Job {
    let jobs = store.pending(conversation, 100).await.unwrap();
    jobs.into_iter().find(|job| job.message.0 == message).expect("the message has a pending job")
}

/// The texts of a conversation's history.
pub(crate) async fn texts(store: &dyn Store, conversation: &Conversation) -> Vec<String> {
    store.history(conversation, 1000).await.unwrap().into_iter().map(|message| message.text).collect()
}

/// All jobs as `message state outcome`, in the order they were written.
pub(crate) async fn fates(database: &TestDatabase) -> Vec<String> {
    let sql = "select cast(message_id as text) || ' ' || state || coalesce(' ' || outcome, '') from jobs order by id";
    database.sql(sql).await.into_iter().flatten().collect()
}
