//! A persona that is up: its manifest, its weights, its bot.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use maskarad_engine::LoadedModel;
use tokio::sync::Notify;

use crate::chat::{Me, PersonaName};
use crate::config::persona::Persona;
use crate::store::BotId;
use crate::transport::Transport;

/// A persona whose bot has introduced itself.
pub struct LivePersona {
    /// What its manifest says.
    pub persona: Arc<Persona>,
    /// Its weights and tokenizer.
    pub model: LoadedModel,
    /// Who its bot is.
    pub me: Me,
    /// Its inbox.
    pub bot_id: BotId,
    /// Its way to its chats.
    pub transport: Arc<dyn Transport>,
    /// Rung when its inbox has news.
    pub inbox: Notify,
}

/// The personas that are up now.
#[derive(Default)]
pub struct Roster(RwLock<BTreeMap<PersonaName, Arc<LivePersona>>>);

impl Roster {
    /// Adds one that came up.
    pub fn add(&self, live: Arc<LivePersona>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(live.persona.name.clone(), live);
    }

    /// Takes out one that can't go on; its jobs wait in the store.
    pub fn remove(&self, name: &PersonaName) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    /// One of them.
    pub fn get(&self, name: &PersonaName) -> Option<Arc<LivePersona>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// All their names.
    pub fn names(&self) -> Vec<PersonaName> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }
}
