//! People and bots, and how the Bot API describes them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use serde_json::{Value, json};

use super::{World, queue::UpdateQueue};
use crate::{
    ids::{ChatId, ChatKey, MessageId, ThreadId, UserId},
    spec::{BotSpec, Privacy, UserSpec},
    webhook::Webhook,
};

/// The pseudo-user behind every anonymous administrator.
pub(crate) const ANONYMOUS_ADMIN: UserId = UserId(1_087_968_824);
/// The pseudo-user behind everyone who posts as a channel.
pub(crate) const CHANNEL_BOT: UserId = UserId(136_817_688);
/// Telegram itself, which forwards channel posts to their discussion group.
pub(crate) const TELEGRAM: UserId = UserId(777_000);

/// A person.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) spec: UserSpec,
}

/// A bot and all that the server keeps for it.
#[derive(Debug)]
pub(crate) struct BotState {
    pub(crate) spec: BotSpec,
    pub(crate) token: String,
    pub(crate) access: TokenAccess,
    pub(crate) updates: UpdateQueue,
    /// The highest update id that an answer to `getUpdates` held.
    pub(crate) handed_out: Option<i64>,
    pub(crate) poll: PollState,
    pub(crate) webhook: Option<Webhook>,
    pub(crate) webhook_generation: u64,
    pub(crate) commands: BTreeMap<CommandsKey, Vec<Value>>,
    pub(crate) actions: Vec<ChatAction>,
    pub(crate) sent: Vec<(ChatKey, MessageId)>,
    pub(crate) blocked_by: BTreeSet<UserId>,
}

/// Whether a token still opens anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenAccess {
    Valid,
    Revoked,
}

/// What the server remembers of a bot's long polls.
#[derive(Debug, Default)]
pub(crate) struct PollState {
    /// Rises when an open poll is to be ended.
    pub(crate) epoch: u64,
    pub(crate) ended_by: EndedBy,
    /// The next conflict before this moment is answered late, as the real server does.
    pub(crate) next_conflict: Option<Instant>,
}

/// Who ended the last open poll.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum EndedBy {
    #[default]
    OtherPoll,
    SetWebhook,
}

/// What a list of commands is registered for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CommandsKey {
    /// The scope's `type`, with `:chat_id` and `:user_id` where it has them.
    pub scope: String,
    /// The language, empty for all.
    pub language_code: String,
}

/// A `sendChatAction` that was accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatAction {
    /// Where.
    pub chat_id: ChatId,
    /// In which topic.
    pub thread: Option<ThreadId>,
    /// `typing`, say.
    pub action: String,
    /// When.
    pub at: std::time::SystemTime,
}

impl BotState {
    pub(crate) fn user_json(&self, id: UserId) -> Value {
        json!({ "id": id, "is_bot": true, "first_name": self.spec.name, "username": self.spec.username })
    }

    /// The answer of `getMe`, complete: some libraries require every field.
    pub(crate) fn me_json(&self, id: UserId) -> Value {
        let mut me = self.user_json(id);
        me["can_join_groups"] = true.into();
        me["can_read_all_group_messages"] = (self.spec.privacy == Privacy::Off).into();
        for flag in ["supports_inline_queries", "can_connect_to_business", "has_main_web_app", "has_topics_enabled"] {
            me[flag] = false.into();
        }
        me
    }
}

/// A token starts with the bot's id.
fn id_in(token: &str) -> Option<UserId> {
    token.split_once(':')?.0.parse().ok().map(UserId)
}

impl World {
    pub(crate) fn add_bot(&mut self, spec: BotSpec) -> UserId {
        let named = spec.token.as_deref().and_then(id_in);
        let id = named.unwrap_or_else(|| self.next_user_id());
        let token = spec.token.clone().unwrap_or_else(|| format!("{id}:AA{:033x}", id.0.unsigned_abs() * 7919));
        // Distinct per bot: nobody may come to rely on ids that agree.
        let first_update = 100_000_000 + i64::try_from(self.bots.len()).unwrap_or(0) * 1_000_000 + 1;
        let bot = BotState {
            spec,
            token,
            access: TokenAccess::Valid,
            updates: UpdateQueue::starting_at(first_update),
            handed_out: None,
            poll: PollState::default(),
            webhook: None,
            webhook_generation: 0,
            commands: BTreeMap::new(),
            actions: Vec::new(),
            sent: Vec::new(),
            blocked_by: BTreeSet::new(),
        };
        self.bots.insert(id, bot);
        id
    }

    pub(crate) fn add_person(&mut self, spec: UserSpec) -> UserId {
        let id = self.next_user_id();
        self.people.insert(id, Person { spec });
        id
    }

    pub(crate) fn bot(&self, id: UserId) -> &BotState {
        self.bots.get(&id).expect("a bot's id is only made by add_bot, and bots are never removed")
    }

    pub(crate) fn bot_mut(&mut self, id: UserId) -> &mut BotState {
        self.bots.get_mut(&id).expect("a bot's id is only made by add_bot, and bots are never removed")
    }

    pub(crate) fn bot_by_token(&self, token: &str) -> Option<UserId> {
        let (id, bot) = self.bots.iter().find(|(_, bot)| bot.token == token)?;
        (bot.access == TokenAccess::Valid).then_some(*id)
    }

    pub(crate) fn bot_by_username(&self, username: &str) -> Option<UserId> {
        self.bots.iter().find(|(_, bot)| bot.spec.username.eq_ignore_ascii_case(username)).map(|(id, _)| *id)
    }

    pub(crate) fn user_json(&self, id: UserId) -> Value {
        if let Some(bot) = self.bots.get(&id) {
            return bot.user_json(id);
        }
        match id {
            ANONYMOUS_ADMIN => {
                json!({ "id": id, "is_bot": true, "first_name": "Group", "username": "GroupAnonymousBot" })
            }
            CHANNEL_BOT => {
                json!({ "id": id, "is_bot": true, "first_name": "Channel", "username": "Channel_Bot" })
            }
            TELEGRAM => json!({ "id": id, "is_bot": false, "first_name": "Telegram" }),
            _ => self.person_json(id),
        }
    }

    fn person_json(&self, id: UserId) -> Value {
        let mut user = json!({ "id": id, "is_bot": false, "first_name": "" });
        if let Some(Person { spec }) = self.people.get(&id) {
            user["first_name"] = spec.name.clone().into();
            if let Some(username) = &spec.username {
                user["username"] = username.clone().into();
            }
            if let Some(language) = &spec.language {
                user["language_code"] = language.clone().into();
            }
        }
        user
    }
}
