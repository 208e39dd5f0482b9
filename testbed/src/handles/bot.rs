//! A bot, from the outside: who it is, what waits for it, what it asked for.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    ids::{ChatId, UserId},
    shared::Shared,
    spec::{Privacy, UpdateIds},
    world::{
        log::RequestRecord,
        people::{ChatAction, CommandsKey},
    },
};

/// A registered bot.
#[derive(Clone, Debug)]
pub struct Bot {
    pub(super) shared: Arc<Shared>,
    id: UserId,
}

impl Bot {
    pub(super) fn new(shared: &Arc<Shared>, id: UserId) -> Self {
        Self { shared: Arc::clone(shared), id }
    }

    /// Its user id.
    #[must_use]
    pub fn id(&self) -> UserId {
        self.id
    }

    /// The secret by which it calls.
    #[must_use]
    pub fn token(&self) -> String {
        self.shared.look(|world| world.bot(self.id).token.clone())
    }

    /// Without the @.
    #[must_use]
    pub fn username(&self) -> String {
        self.shared.look(|world| world.bot(self.id).spec.username.clone())
    }

    /// As BotFather does: `getMe` tells at once, a group only knows after the bot has been re-added.
    pub fn set_privacy(&self, privacy: Privacy) {
        self.shared.change(|world| world.bot_mut(self.id).spec.privacy = privacy);
    }

    /// Queues any JSON as an update and gives its id. Neither routing nor `allowed_updates` is asked.
    pub fn push_update(&self, update: Value, ids: UpdateIds) -> i64 {
        let chat = chat_of(&update);
        self.shared.change(|world| {
            let queue = &mut world.bot_mut(self.id).updates;
            match (ids, update) {
                (UpdateIds::Assign, Value::Object(update)) => queue.push_numbered(chat, update),
                (_, update) => queue.push_raw(chat, update),
            }
        })
    }

    /// Numbers the following updates from `next`, as Telegram may after a quiet week.
    pub fn restart_update_ids(&self, next: i64) {
        self.shared.change(|world| world.bot_mut(self.id).updates.restart_ids(next));
    }

    /// Updates that are not confirmed yet.
    #[must_use]
    pub fn pending_updates(&self) -> usize {
        self.shared.look(|world| world.bot(self.id).updates.waiting().len())
    }

    /// The same, as they will be sent.
    #[must_use]
    pub fn pending(&self) -> Vec<Value> {
        self.shared.look(|world| world.bot(self.id).updates.head(usize::MAX))
    }

    /// The highest update id that an answer to `getUpdates` has held so far.
    #[must_use]
    pub fn handed_out(&self) -> Option<i64> {
        self.shared.look(|world| world.bot(self.id).handed_out)
    }

    /// All its calls.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.shared.look(|world| world.requests.of(self.id))
    }

    /// Its calls of one method, in any case.
    #[must_use]
    pub fn requests_of(&self, method: &str) -> Vec<RequestRecord> {
        let mut requests = self.requests();
        requests.retain(|request| request.method.eq_ignore_ascii_case(method));
        requests
    }

    /// The accepted `sendChatAction` calls.
    #[must_use]
    pub fn chat_actions(&self) -> Vec<ChatAction> {
        self.shared.look(|world| world.bot(self.id).actions.clone())
    }

    /// The registered commands: scope and language, then the `BotCommand` objects.
    #[must_use]
    pub fn commands(&self) -> Vec<(CommandsKey, Vec<Value>)> {
        self.shared.look(|world| world.bot(self.id).commands.clone().into_iter().collect())
    }

    /// The commands of one scope (`default`, `all_private_chats`, `chat:-100…`) and language ("" for all).
    #[must_use]
    pub fn commands_for(&self, scope: &str, language_code: &str) -> Vec<Value> {
        let key = CommandsKey { scope: scope.to_owned(), language_code: language_code.to_owned() };
        self.shared.look(|world| world.bot(self.id).commands.get(&key).cloned().unwrap_or_default())
    }
}

/// The chat of a raw update, by which webhook deliveries are ordered.
fn chat_of(update: &Value) -> Option<ChatId> {
    let payloads = update.as_object()?.values();
    payloads.filter_map(|payload| payload.get("chat")?.get("id")?.as_i64()).next().map(ChatId)
}
