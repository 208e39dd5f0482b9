//! One bot's access to the Bot API: sending, typing, asking who is who. Polling is in [`super::poll`].

use std::time::Duration;

use async_trait::async_trait;
use moka::future::Cache;
use teloxide::payloads::SendChatActionSetters;
use teloxide::requests::Requester;
use teloxide::types::{self as api, ChatAction};

use super::call::Caller;
use super::error::translate;
use super::{send, update};
use crate::chat::{ChatId, ChatRef, MessageId, ThreadId, UserId};
use crate::config::secret::Secret;
use crate::incoming::{Incoming, ParseError};
use crate::metrics;
use crate::transport::{Outgoing, Transport, TransportError};

/// How long an administrator's answer is believed; `chat_member` updates drop it sooner.
const ADMIN_MEMORY: Duration = Duration::from_secs(300);

/// One bot.
#[derive(Clone)]
pub struct TelegramClient {
    bot: teloxide::Bot,
    caller: Caller,
    admins: Cache<(ChatId, UserId), bool>,
}

impl TelegramClient {
    /// A client for one token.
    pub fn new(token: &Secret, api_url: &url::Url, http: reqwest::Client) -> Self {
        let caller = Caller::new(token, api_url, http.clone());
        let bot = teloxide::Bot::with_client(token.expose(), http).set_api_url(api_url.clone());
        let admins = Cache::builder().max_capacity(10_000).time_to_live(ADMIN_MEMORY).build();
        Self { bot, caller, admins }
    }

    /// The underlying bot, for the set-up calls of [`super::connect`].
    pub(super) fn bot(&self) -> &teloxide::Bot {
        &self.bot
    }

    /// The calls in our own words.
    pub(super) fn caller(&self) -> &Caller {
        &self.caller
    }
}

#[async_trait]
impl Transport for TelegramClient {
    fn read(&self, raw: &str) -> Result<Incoming, ParseError> {
        update::parse(raw)
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Option<MessageId>, TransportError> {
        send::send(&self.caller, outgoing).await
    }

    async fn typing(&self, chat: ChatRef) -> Result<(), TransportError> {
        let mut request = self.bot.send_chat_action(api::ChatId(chat.id.0), ChatAction::Typing);
        if let Some(thread) = chat.thread.and_then(thread_id) {
            request = request.message_thread_id(thread);
        }
        request.await.map(drop).map_err(translate)
    }

    async fn is_admin(&self, chat: ChatId, user: UserId) -> Result<bool, TransportError> {
        let known = self.admins.get(&(chat, user)).await;
        metrics::cache_asked(metrics::Cache::Admins, known.is_some());
        if let Some(known) = known {
            return Ok(known);
        }
        let Ok(id) = u64::try_from(user.0) else { return Ok(false) };
        let member = self.bot.get_chat_member(api::ChatId(chat.0), api::UserId(id)).await.map_err(translate)?;
        let admin = member.is_privileged();
        self.admins.insert((chat, user), admin).await;
        Ok(admin)
    }

    async fn hears_groups(&self) -> Result<bool, TransportError> {
        self.bot.get_me().await.map(|me| me.can_read_all_group_messages).map_err(translate)
    }

    async fn rights_changed(&self, chat: ChatId, user: UserId) {
        self.admins.invalidate(&(chat, user)).await;
    }

    async fn leave(&self, chat: ChatId) -> Result<(), TransportError> {
        self.bot.leave_chat(api::ChatId(chat.0)).await.map(drop).map_err(translate)
    }
}

fn thread_id(id: ThreadId) -> Option<api::ThreadId> {
    i32::try_from(id.0).ok().map(|id| api::ThreadId(api::MessageId(id)))
}
