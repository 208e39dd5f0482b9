//! Whether a message that deserves an answer gets a job: the hourly caps, and a daemon that has more to do than it can.

use std::collections::HashMap;

use super::Router;
use super::message::Heard;
use crate::access::{self, Allowance, LastHour};
use crate::chat::UserId;
use crate::metrics;
use crate::store::{self, Effect};
use crate::trigger::Trigger;

/// How many jobs there were within the hour, as far as one batch of a chat's updates has asked; with those it adds itself.
#[derive(Debug, Default)]
pub(super) struct Asked {
    chat: Option<u64>,
    users: HashMap<UserId, u64>,
}

impl Asked {
    fn add(&mut self, user: UserId) {
        self.chat = self.chat.map(|count| count + 1);
        self.users.entry(user).and_modify(|count| *count += 1);
    }
}

impl Router {
    /// A job, if there is room for it and the hour has answers left.
    pub(super) async fn allowed(
        &self,
        heard: &Heard<'_>,
        trigger: Trigger,
        asked: &mut Asked,
    ) -> store::Result<(&'static str, Option<Effect>)> {
        if self.app.load.is_full() {
            return Ok(("overloaded", self.told_busy(heard, trigger).await));
        }
        let sender = heard.message.sender.id;
        let last_hour = self.last_hour(heard, asked).await?;
        match access::allowance(&self.live.persona().access, last_hour, trigger) {
            Allowance::Left => {
                asked.add(sender);
                Ok((trigger.as_str(), Some(heard.job(trigger, self.app.dice.seed(), None))))
            }
            Allowance::SpentSilently(_) => Ok(("hour_spent", None)),
            Allowance::Spent(cap) => {
                let key = (heard.key.clone(), sender);
                let told = self.told_spent.contains_key(&key);
                self.told_spent.insert(key, ()).await;
                Ok(("hour_spent", (!told).then(|| self.notice(heard, heard.texts().hour_spent(cap)))))
            }
        }
    }

    async fn last_hour(&self, heard: &Heard<'_>, asked: &mut Asked) -> store::Result<LastHour> {
        let since = heard.received_at - time::Duration::HOUR;
        let (persona, sender) = (&self.live.name, heard.message.sender.id);
        let user = match asked.users.get(&sender) {
            Some(count) => *count,
            None => self.app.store.jobs_of_user(persona, sender, since).await?,
        };
        let chat = match asked.chat {
            Some(count) => count,
            None => self.app.store.jobs_in_chat(&heard.key, since).await?,
        };
        asked.users.insert(sender, user);
        asked.chat = Some(chat);
        Ok(LastHour { user, chat })
    }

    /// Whoever addressed the persona is told once that it can't keep up; a chat hears it once an hour.
    async fn told_busy(&self, heard: &Heard<'_>, trigger: Trigger) -> Option<Effect> {
        if !trigger.is_directed() || self.told_busy.contains_key(&heard.key) {
            return None;
        }
        self.told_busy.insert(heard.key.clone(), ()).await;
        Some(self.notice(heard, heard.texts().overloaded()))
    }

    /// Whether the persona doesn't answer this person.
    pub(super) async fn is_blocked(&self, user: UserId) -> store::Result<bool> {
        let known = self.blocked.get(&user).await;
        metrics::cache_asked(metrics::Cache::Blocked, known.is_some());
        if let Some(blocked) = known {
            return Ok(blocked);
        }
        let blocked = self.app.store.is_blocked(&self.live.name, user).await?;
        self.blocked.insert(user, blocked).await;
        Ok(blocked)
    }
}
