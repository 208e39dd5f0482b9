//! One bot's access to the Bot API: sending, typing, asking who is who. Polling is in [`super::poll`].

use std::time::Duration;

use async_trait::async_trait;
use moka::future::Cache;
use teloxide::RequestError;
use teloxide::payloads::{SendChatActionSetters, SendMessageSetters};
use teloxide::requests::Requester;
use teloxide::types::{self as api, ChatAction, LinkPreviewOptions, ReplyParameters};

use super::error::translate;
use crate::chat::{ChatId, ChatRef, MessageId, ThreadId, UserId};
use crate::config::secret::Secret;
use crate::transport::{Outgoing, Transport, TransportError};

/// The topic every forum has; Telegram takes its id for chat actions and refuses it for messages.
const GENERAL_TOPIC: ThreadId = ThreadId(1);

/// How long an administrator's answer is believed; `chat_member` updates drop it sooner.
const ADMIN_MEMORY: Duration = Duration::from_secs(300);

/// One bot.
#[derive(Clone)]
pub struct TelegramClient {
    bot: teloxide::Bot,
    admins: Cache<(ChatId, UserId), bool>,
}

impl TelegramClient {
    /// A client for one token.
    pub fn new(token: &Secret, api_url: &url::Url, http: reqwest::Client) -> Self {
        let bot = teloxide::Bot::with_client(token.expose(), http).set_api_url(api_url.clone());
        let admins = Cache::builder().max_capacity(10_000).time_to_live(ADMIN_MEMORY).build();
        Self { bot, admins }
    }

    /// The underlying bot, for the set-up calls of [`super::connect`].
    pub(super) fn bot(&self) -> &teloxide::Bot {
        &self.bot
    }
}

#[async_trait]
impl Transport for TelegramClient {
    async fn send(&self, outgoing: &Outgoing) -> Result<Option<MessageId>, TransportError> {
        let mut request = self.bot.send_message(api::ChatId(outgoing.chat.id.0), &outgoing.text).link_preview_options(
            LinkPreviewOptions {
                is_disabled: true,
                url: None,
                prefer_small_media: false,
                prefer_large_media: false,
                show_above_text: false,
            },
        );
        if let Some(thread) = outgoing.chat.thread.filter(|thread| *thread != GENERAL_TOPIC).and_then(thread_id) {
            request = request.message_thread_id(thread);
        }
        if let Some(message) = outgoing.reply_to.and_then(message_id) {
            request = request.reply_parameters(ReplyParameters::new(message).allow_sending_without_reply());
        }
        match request.await {
            Ok(message) => Ok(Some(MessageId(message.id.0.into()))),
            Err(RequestError::InvalidJson { raw, .. }) if accepted(&raw) => Ok(sent_id(&raw)),
            Err(error) => Err(translate(error)),
        }
    }

    async fn typing(&self, chat: ChatRef) -> Result<(), TransportError> {
        let mut request = self.bot.send_chat_action(api::ChatId(chat.id.0), ChatAction::Typing);
        if let Some(thread) = chat.thread.and_then(thread_id) {
            request = request.message_thread_id(thread);
        }
        request.await.map(drop).map_err(translate)
    }

    async fn is_admin(&self, chat: ChatId, user: UserId) -> Result<bool, TransportError> {
        if let Some(known) = self.admins.get(&(chat, user)).await {
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

/// Telegram's message ids fit 32 bits; one that doesn't is none of Telegram's.
/// One below zero names a message of a group that has become a supergroup: nothing that could be replied to.
fn message_id(id: MessageId) -> Option<api::MessageId> {
    i32::try_from(id.0).ok().filter(|id| *id > 0).map(api::MessageId)
}

fn thread_id(id: ThreadId) -> Option<api::ThreadId> {
    i32::try_from(id.0).ok().map(|id| api::ThreadId(api::MessageId(id)))
}

/// Whether the Bot API accepted a message, though teloxide can't read its answer: it must not be sent again.
fn accepted(raw: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(raw).is_ok_and(|answer| answer["ok"] == true)
}

fn sent_id(raw: &str) -> Option<MessageId> {
    let answer: serde_json::Value = serde_json::from_str(raw).ok()?;
    answer["result"]["message_id"].as_i64().map(MessageId)
}
