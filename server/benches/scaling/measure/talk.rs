//! What the daemon asks of the store for one message, call by call: `telegram/intake.rs`, `router.rs`, `queue.rs`,
//! `queue/maker.rs` and `delivery.rs`, with the caches warm.

use std::sync::Arc;

use anyhow::{Context, ensure};
use maskarad::chat::{ChatId, ChatKind, ChatRef, Conversation, MessageId, PersonaName, Seat, TransportKind, UserId};
use maskarad::request::RequestId;
use maskarad::store::{
    Author, BotId, Claim, Effect, Finish, HistoryMessage, Job, Lease, NewJob, Outcome, RawUpdate, Reply, Routed, Store,
};
use maskarad::trigger::Trigger;
use time::OffsetDateTime;

const QUESTION: &str = "Автобус, а ты сегодня до которого часа ходишь? Мы опять на остановке стоим.";
const REPLY: &str = "Хожу, пока меня не остановят. Стойте дальше, на остановке тепло, а внутри меня дует.";
/// What the daemon has under way at once.
const ROOM: u32 = 64;

/// A private chat, of which nobody else has a message under way.
pub(super) struct Talk {
    store: Arc<dyn Store>,
    lease: Lease,
    seats: [Seat; 1],
    bot: BotId,
    conversation: Conversation,
    number: i64,
}

/// The right to answer for a persona that belongs to this daemon.
pub(super) async fn lease(store: &dyn Store, daemon: i64) -> anyhow::Result<Lease> {
    let persona = PersonaName::parse(&format!("avtobus{daemon}")).context("this is a name")?;
    let taken = store.take(&persona, TransportKind::Telegram, "a benchmark", OffsetDateTime::now_utc()).await?;
    Ok(taken.context("nobody else serves the persona")?.lease)
}

impl Talk {
    /// The chat of this number with the persona of a lease, who speaks through this bot.
    pub(super) fn new(store: Arc<dyn Store>, lease: Lease, bot: i64, chat: i64) -> Self {
        let seat = lease.persona.at(TransportKind::Telegram);
        let place = ChatRef { transport: TransportKind::Telegram, id: ChatId(chat), thread: None };
        let conversation = Conversation { persona: lease.persona.clone(), chat: place };
        Self { store, lease, seats: [seat], bot: BotId(bot), conversation, number: chat * 1_000_000 }
    }

    /// A message that is only remembered.
    pub(super) async fn overhear(&mut self) -> anyhow::Result<()> {
        let (message, raw) = self.next();
        self.receive(message, raw, Vec::new()).await
    }

    /// A message that is answered, from its arrival to the reply's.
    pub(super) async fn converse(&mut self) -> anyhow::Result<()> {
        let (message, raw) = self.next();
        let since = OffsetDateTime::now_utc() - time::Duration::HOUR;
        self.store.jobs_of_user(&self.lease.persona, self.sender(), since).await?;
        self.store.jobs_in_chat(&self.conversation.key(), since).await?;
        self.receive(message, raw, vec![Effect::Enqueue(self.job(message))]).await?;
        let job = self.claim().await?;
        let reply = Reply { text: REPLY.to_owned(), outcome: Outcome::Answered, reason: None };
        self.store.ready(&self.lease, job.id, &reply, OffsetDateTime::now_utc()).await?;
        self.deliver(&job).await
    }

    fn next(&mut self) -> (MessageId, String) {
        self.number += 2;
        let (id, chat) = (self.number, self.conversation.chat.id);
        let from =
            format!(r#"{{"id":{chat},"is_bot":false,"first_name":"Анна","username":"anna","language_code":"ru"}}"#);
        let raw = format!(
            r#"{{"update_id":{id},"message":{{"message_id":{id},"from":{from},"chat":{{"id":{chat},"first_name":"Анна","type":"private"}},"date":1732700000,"text":"{QUESTION}"}}}}"#
        );
        (MessageId(id), raw)
    }

    async fn receive(&self, message: MessageId, raw: String, more: Vec<Effect>) -> anyhow::Result<()> {
        let (now, chat) = (OffsetDateTime::now_utc(), Some(self.conversation.chat.id));
        self.store.accept(self.bot, &[RawUpdate { update_id: message.0, chat, raw }], now).await?;
        self.store.unrouted(self.bot, &[], 16).await?;
        self.store.unrouted_in(self.bot, chat, 50).await?;
        let author = Author::Other { id: self.sender(), name: "Анна".to_owned() };
        let said = Effect::Remember(self.said(message, author, QUESTION, None));
        let effects = [said].into_iter().chain(more).collect();
        let routed = Routed { bot: self.bot, update_id: message.0, outcome: "private", effects };
        ensure!(self.store.apply(&self.lease, &[routed], now).await? == 1, "an update is routed once");
        Ok(())
    }

    async fn claim(&self) -> anyhow::Result<Job> {
        self.store.waiting(&self.seats, ROOM).await?;
        let job = self.store.pending(&self.conversation, 200).await?.pop().context("the message has a job")?;
        let claim = Claim { lead: job.id, shared: Vec::new(), coalesced: Vec::new() };
        ensure!(self.store.claim(&self.lease, &claim, OffsetDateTime::now_utc()).await?, "nobody else claims it");
        self.store.history(&self.conversation, 4 + 64).await?;
        Ok(job)
    }

    async fn deliver(&self, job: &Job) -> anyhow::Result<()> {
        let now = OffsetDateTime::now_utc();
        self.store.deliverable(&self.seats, &[], now, ROOM).await?;
        ensure!(self.store.begin_send(&self.lease, job.id, now).await? == Some(1), "nobody else sends it");
        let said = self.said(MessageId(job.message.0 + 1), Author::Persona, REPLY, Some(job.message));
        let finish = Finish { job: job.id, outcome: Outcome::Answered, reason: None, delivered: Some(said), at: now };
        Ok(self.store.finish(&self.lease, &finish).await?)
    }

    fn sender(&self) -> UserId {
        UserId(self.conversation.chat.id.0)
    }

    fn said(&self, id: MessageId, author: Author, text: &str, reply_to: Option<MessageId>) -> HistoryMessage {
        let (conversation, text, sent_at) = (self.conversation.clone(), text.to_owned(), OffsetDateTime::now_utc());
        HistoryMessage { conversation, id, author, text, sent_at, reply_to }
    }

    fn job(&self, message: MessageId) -> NewJob {
        NewJob {
            conversation: self.conversation.clone(),
            chat_kind: ChatKind::Private,
            message,
            sender: self.sender(),
            trigger: Trigger::Private,
            seed: message.0,
            notice: None,
            request: RequestId::of_update(&self.seats[0], message.0),
            created_at: OffsetDateTime::now_utc(),
        }
    }
}
