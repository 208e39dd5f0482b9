//! Who may come in: for each persona with a webhook, whether it is up and which secret opens its door.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::Semaphore;

use super::secret::WebhookSecret;
use crate::chat::PersonaName;
use crate::config::persona::{Persona, Updates};
use crate::live::LivePersona;

/// Requests for one persona at once. Telegram is told to open no more connections than these.
pub(super) const AT_ONCE: usize = 40;

/// The doors of all personas that have a webhook.
#[derive(Debug, Default)]
pub struct Doors(RwLock<HashMap<String, Option<Opened>>>);

/// A door that somebody stands behind.
#[derive(Clone)]
struct Opened {
    behind: Arc<Behind>,
    /// The newest secret first. What Telegram sent before it learned of a new secret carries the one before.
    secrets: Vec<WebhookSecret>,
}

/// Who stands behind a door.
pub(super) struct Behind {
    /// The persona.
    pub(super) live: Arc<LivePersona>,
    /// A permit for each request.
    pub(super) room: Semaphore,
    /// Whether its last update could not be stored, so that a database that is away is told of once.
    pub(super) failing: std::sync::atomic::AtomicBool,
}

/// What becomes of somebody who knocks.
pub(super) enum Knock {
    /// Whoever it is, it isn't Telegram, or there is no such persona: the two must look alike.
    Stranger,
    /// The persona is not up yet, or is on standby, or is going down; Telegram should try again. A persona that isn't up
    /// has no secret to be told; that it exists is no secret.
    Nobody,
    /// Telegram.
    Welcome(Arc<Behind>),
}

impl Doors {
    /// The doors of those of these personas that have a webhook, all shut.
    pub fn of<'a>(personas: impl IntoIterator<Item = &'a Persona>) -> Self {
        let with_webhook = |persona: &&Persona| persona.updates == Updates::Webhook && persona.token.is_some();
        let personas = personas.into_iter().filter(with_webhook);
        Self(RwLock::new(personas.map(|persona| (persona.name.as_str().to_owned(), None)).collect()))
    }

    /// A persona has a webhook from now on; its door is shut until it comes up.
    pub fn add(&self, persona: &PersonaName) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).entry(persona.as_str().to_owned()).or_insert(None);
    }

    /// A persona has none any more.
    pub fn remove(&self, persona: &PersonaName) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(persona.as_str());
    }

    /// Somebody comes with what may be a secret.
    pub(super) fn knock(&self, persona: &str, told: Option<&[u8]>) -> Knock {
        let doors = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(door) = doors.get(persona) else { return Knock::Stranger };
        let Some(opened) = door else { return Knock::Nobody };
        // All are compared, and none is left out once one was right.
        let known = opened.secrets.iter().fold(false, |known, secret| known | secret.is(told.unwrap_or_default()));
        if known { Knock::Welcome(Arc::clone(&opened.behind)) } else { Knock::Stranger }
    }

    fn set(&self, persona: &PersonaName, door: Option<Opened>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(persona.as_str().to_owned(), door);
    }
}

/// Keeps a persona's door open for as long as it lives.
pub(super) struct Doorkeeper {
    doors: Arc<Doors>,
    opened: Opened,
}

impl Doorkeeper {
    /// Takes the persona's door, which stays shut until there is a secret.
    pub(super) fn new(doors: Arc<Doors>, live: Arc<LivePersona>) -> Self {
        let behind = Behind { live, room: Semaphore::new(AT_ONCE), failing: Default::default() };
        Self { doors, opened: Opened { behind: Arc::new(behind), secrets: Vec::new() } }
    }

    /// Makes a new secret, which opens the door from now on; of the former ones only the last still does.
    pub(super) fn new_secret(&mut self) -> WebhookSecret {
        let secret = WebhookSecret::fresh();
        self.opened.secrets.insert(0, secret.clone());
        self.opened.secrets.truncate(2);
        self.doors.set(&self.opened.behind.live.name, Some(self.opened.clone()));
        secret
    }
}

impl Drop for Doorkeeper {
    fn drop(&mut self) {
        self.doors.set(&self.opened.behind.live.name, None);
    }
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Opened")
    }
}
