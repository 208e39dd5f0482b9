//! A persona that is up: its manifest, its weights, its bot.

mod registry;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use maskarad_engine::{Engine, GenerationConfig, LoadError, LoadedModel, Tokenizer};
use tokio::sync::Notify;

use crate::chat::{Me, PersonaName, Seat};
use crate::config::persona::{ModelSpec, Persona};
use crate::prompt::{self, Markers, PromptError, Turn, Window};
use crate::store::{BotId, Lease, StoreError};
use crate::transport::Transport;
use crate::usage::Usage;

pub use self::registry::Registry;

/// The personas there are.
pub type Speakers = Registry<PersonaName, Speaker>;
/// Those that are up, each wherever it is.
pub type Roster = Registry<Seat, LivePersona>;

/// Loads the weights that a manifest names, or finds them in memory.
///
/// # Errors
/// Whatever in their folders can't be read or honoured.
pub fn load(engine: &Engine, model: &ModelSpec) -> Result<LoadedModel, LoadError> {
    match &model.adapter {
        None => engine.load(&model.path, model.precision),
        Some(adapter) => engine.load_adapter(&model.path, adapter, model.precision),
    }
}

/// A persona's weights, with what is needed to speak with them.
#[derive(Clone)]
pub struct Voice {
    /// The weights, shared by all personas with the same files; where it wears an adapter, that is its own.
    pub model: LoadedModel,
    /// Their tokenizer.
    pub tokenizer: Arc<Tokenizer>,
    /// What no text of a chat may forge.
    pub markers: Arc<Markers>,
    window: Window,
    /// Of every reply, but for the seed.
    generation: Arc<GenerationConfig>,
}

impl Voice {
    /// The voice of a persona on a model of this engine; `None` when its checkpoint has no tokenizer.
    pub fn new(persona: &Persona, model: LoadedModel, engine: &Engine) -> Option<Self> {
        let tokenizer = Arc::clone(model.tokenizer()?);
        let markers = Arc::new(Markers::new(&persona.template, &tokenizer));
        let window = prompt::window(engine.most_tokens(&model), persona.generation.max_new_tokens);
        let generation = Arc::new(prompt::generation(persona, &model, window));
        Some(Self { model, tokenizer, markers, window, generation })
    }

    /// How the positions that the model has, and the engine has memory for, are shared.
    pub fn window(&self) -> Window {
        self.window
    }

    /// The ids of a prompt that fits the window.
    ///
    /// # Errors
    /// A template that leaves no room for any text, or a tokenizer that can't encode it.
    pub fn prompt(&self, persona: &Persona, turns: &[Turn]) -> Result<Vec<u32>, PromptError> {
        prompt::build(persona, &self.tokenizer, &self.markers, turns, self.window.prompt)
    }

    /// How a reply with this seed is generated.
    pub fn generation(&self, seed: u64) -> GenerationConfig {
        GenerationConfig { seed, ..GenerationConfig::clone(&self.generation) }
    }
}

/// What a manifest makes of a persona. Whoever works on one message holds one character from its beginning to its end, so
/// that no reply mixes two.
pub struct Character {
    /// What its manifest says.
    pub persona: Arc<Persona>,
    /// Its weights and how they are spoken to.
    pub voice: Voice,
}

impl Character {
    /// Whether the other one is told the same by its manifest, and speaks with the same weights.
    pub fn is_like(&self, other: &Self) -> bool {
        self.voice.model.key() == other.voice.model.key() && self.persona == other.persona
    }
}

/// A persona of this daemon, whether or not it is up anywhere: what it is at the moment, and what it takes.
pub struct Speaker {
    /// Its name, which no reload changes.
    pub name: PersonaName,
    /// What it takes of the engine.
    pub usage: Usage,
    current: RwLock<Arc<Character>>,
}

impl Speaker {
    /// A persona that is this character until another one is set.
    pub fn new(character: Arc<Character>) -> Self {
        let name = character.persona.name.clone();
        Self { name, usage: Usage::default(), current: RwLock::new(character) }
    }

    /// The character of this moment.
    pub fn character(&self) -> Arc<Character> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Another character from the next message on; what is under way ends as it began. Returns the former.
    pub fn become_another(&self, character: Arc<Character>) -> Arc<Character> {
        std::mem::replace(&mut *self.current.write().unwrap_or_else(PoisonError::into_inner), character)
    }
}

/// A persona that is up at a transport: its bot has introduced itself.
pub struct LivePersona {
    /// Its name, which no reload changes.
    pub name: PersonaName,
    /// It, wherever it is up.
    pub speaker: Arc<Speaker>,
    /// Who its bot is.
    pub me: Me,
    /// Its inbox; the bot's user id.
    pub bot_id: BotId,
    /// The right to serve it.
    pub lease: Lease,
    /// Its way to its chats.
    pub transport: Arc<dyn Transport>,
    /// How often its intake came round.
    pub turns: Turns,
    /// Rung when its inbox has news.
    pub inbox: Notify,
    /// Rung when Telegram refused the token in passing: whether it is refused for good must be asked.
    pub doubted: Notify,
    /// Rung when the store refused the lease: another daemon serves this persona now.
    pub fenced: Notify,
}

/// Counts the turns of a loop, for whoever watches that it doesn't hang.
#[derive(Debug, Default)]
pub struct Turns(AtomicU64);

impl Turns {
    /// The loop came round.
    pub fn one_more(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How often it has.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Who a persona's bot is, and by what right it is served.
pub struct Identity {
    /// Who its bot is.
    pub me: Me,
    /// The right to serve it.
    pub lease: Lease,
    /// Its way to its chats.
    pub transport: Arc<dyn Transport>,
}

impl LivePersona {
    /// A persona that comes up, as whatever it is at the moment.
    pub fn new(speaker: Arc<Speaker>, identity: Identity) -> Self {
        let Identity { me, lease, transport } = identity;
        Self {
            name: speaker.name.clone(),
            speaker,
            bot_id: BotId(me.id.0),
            me,
            lease,
            transport,
            turns: Turns::default(),
            inbox: Notify::new(),
            doubted: Notify::new(),
            fenced: Notify::new(),
        }
    }

    /// Where it is up.
    pub fn seat(&self) -> Seat {
        self.name.at(self.lease.transport)
    }

    /// What it is at the moment.
    pub fn character(&self) -> Arc<Character> {
        self.speaker.character()
    }

    /// What its manifest says at the moment.
    pub fn persona(&self) -> Arc<Persona> {
        Arc::clone(&self.character().persona)
    }

    /// Looks at an error of the store: one that tells of another daemon ends this one's serving. Returns whether it does.
    pub fn is_fenced(&self, error: &StoreError) -> bool {
        if error.is_fenced() {
            self.fenced.notify_one();
        }
        error.is_fenced()
    }
}

#[cfg(test)]
mod tests;
