//! A persona that is up: its manifest, its weights, its bot.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use maskarad_engine::{LoadedModel, Tokenizer};
use tokio::sync::Notify;

use crate::chat::{Me, PersonaName};
use crate::config::persona::Persona;
use crate::prompt::Markers;
use crate::store::BotId;
use crate::transport::Transport;

/// A persona's weights, with what is needed to speak with them.
#[derive(Clone)]
pub struct Voice {
    /// The weights, shared by all personas with the same files.
    pub model: LoadedModel,
    /// Their tokenizer.
    pub tokenizer: Arc<Tokenizer>,
    /// What no text of a chat may forge.
    pub markers: Arc<Markers>,
}

impl Voice {
    /// The voice of a persona; `None` when its checkpoint has no tokenizer.
    pub fn new(persona: &Persona, model: LoadedModel) -> Option<Self> {
        let tokenizer = Arc::clone(model.tokenizer()?);
        let markers = Arc::new(Markers::new(&persona.template, &tokenizer));
        Some(Self { model, tokenizer, markers })
    }
}

/// A persona whose bot has introduced itself.
pub struct LivePersona {
    /// What its manifest says.
    pub persona: Arc<Persona>,
    /// Its weights and how they are spoken to.
    pub voice: Voice,
    /// Who its bot is.
    pub me: Me,
    /// Its inbox.
    pub bot_id: BotId,
    /// Its way to its chats.
    pub transport: Arc<dyn Transport>,
    /// Rung when its inbox has news.
    pub inbox: Notify,
    /// Rung when Telegram refused the token in passing: whether it is refused for good must be asked.
    pub doubted: Notify,
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
