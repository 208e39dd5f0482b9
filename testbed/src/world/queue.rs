//! One bot's undelivered updates: numbering, confirming, what the bot allows.
//! Doesn't wait: polling and webhooks do that.

use std::collections::VecDeque;

use serde_json::{Map, Value};

use crate::ids::ChatId;

/// The types that come only to those who ask.
const BY_REQUEST_ONLY: [&str; 3] = ["chat_member", "message_reaction", "message_reaction_count"];

/// Updates in the order of their arrival.
#[derive(Debug)]
pub(crate) struct UpdateQueue {
    waiting: VecDeque<QueuedUpdate>,
    next_id: i64,
    allowed: Allowed,
}

/// An update that has not been confirmed.
#[derive(Clone, Debug)]
pub(crate) struct QueuedUpdate {
    pub(crate) id: i64,
    pub(crate) chat: Option<ChatId>,
    pub(crate) json: Value,
}

/// The sticky `allowed_updates`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Allowed {
    /// Everything that needs no asking.
    #[default]
    Default,
    Only(Vec<String>),
}

impl Allowed {
    fn allows(&self, kind: &str) -> bool {
        match self {
            Self::Default => !BY_REQUEST_ONLY.contains(&kind),
            Self::Only(kinds) => kinds.iter().any(|allowed| allowed == kind),
        }
    }
}

impl UpdateQueue {
    pub(crate) fn starting_at(next_id: i64) -> Self {
        Self { waiting: VecDeque::new(), next_id, allowed: Allowed::Default }
    }

    /// Queues an update if the bot wants its type. What is queued already is not judged again.
    pub(crate) fn push(&mut self, kind: &str, chat: ChatId, payload: Value) {
        if self.allowed.allows(kind) {
            let update = Map::from_iter([(kind.to_owned(), payload)]);
            self.push_numbered(Some(chat), update);
        }
    }

    pub(crate) fn push_numbered(&mut self, chat: Option<ChatId>, mut update: Map<String, Value>) -> i64 {
        let id = self.next_id;
        self.next_id += 1;
        update.insert("update_id".to_owned(), id.into());
        self.waiting.push_back(QueuedUpdate { id, chat, json: Value::Object(update) });
        id
    }

    /// Queues anything under its own id, be it a lower one or none at all.
    pub(crate) fn push_raw(&mut self, chat: Option<ChatId>, update: Value) -> i64 {
        let id = update["update_id"].as_i64().unwrap_or(self.next_id);
        self.next_id = self.next_id.max(id.saturating_add(1));
        self.waiting.push_back(QueuedUpdate { id, chat, json: update });
        id
    }

    /// Numbers updates from here, lower than before if need be, as Telegram may after a quiet week.
    pub(crate) fn restart_ids(&mut self, next_id: i64) {
        self.next_id = next_id;
    }

    /// `None` leaves things as they were, an empty list brings the default back.
    pub(crate) fn allow(&mut self, kinds: Option<Vec<String>>) {
        if let Some(kinds) = kinds {
            self.allowed = if kinds.is_empty() { Allowed::Default } else { Allowed::Only(kinds) };
        }
    }

    pub(crate) fn allowed(&self) -> Option<&[String]> {
        match &self.allowed {
            Allowed::Default => None,
            Allowed::Only(kinds) => Some(kinds),
        }
    }

    /// Forgets what a `getUpdates` offset confirms: a positive one all before it, a negative one
    /// all but the last so many, zero nothing. An offset from the future confirms nothing either.
    pub(crate) fn confirm(&mut self, offset: i64) {
        if offset < 0 {
            let keep = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
            let drop = self.waiting.len().saturating_sub(keep);
            self.waiting.drain(..drop);
        } else if offset <= self.next_id {
            self.waiting.retain(|update| update.id >= offset);
        }
    }

    pub(crate) fn head(&self, limit: usize) -> Vec<Value> {
        self.waiting.iter().take(limit).map(|update| update.json.clone()).collect()
    }

    pub(crate) fn waiting(&self) -> &VecDeque<QueuedUpdate> {
        &self.waiting
    }

    pub(crate) fn remove(&mut self, id: i64) {
        if let Some(position) = self.waiting.iter().position(|update| update.id == id) {
            self.waiting.remove(position);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }
}
